package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"veghe"
	"veghe/detect"
	"veghe/detect/cluster"
	"veghe/detect/model"
	"veghe/detect/text"
	"veghe/index/desk"
)

// reviewedPost is a post that a person decided on, and what the rules in
// force say about it.
type reviewedPost struct {
	post     veghe.Post
	relevant bool
	flagged  bool
	at       time.Time // of the review; zero if it is not known
	findings []veghe.Finding
	earlier  []veghe.Finding // of the posts that count in its history
	score    map[veghe.Category]float64
	group    int // posts of one author, thread or template have the same
}

// evidence are the findings of the post and of those before it that count.
func (r *reviewedPost) evidence() []veghe.Finding {
	return append(append([]veghe.Finding{}, r.findings...), r.earlier...)
}

// reviewedPosts are all that can be learnt from.
type reviewedPosts struct {
	posts  []reviewedPost
	groups int
	unsure int    // decisions that say neither
	gone   int    // posts that are no longer kept
	rules  string // version of the rules in force
}

// readReviewed reads the decisions of the desk and the posts of the index, or
// both from an export, and assesses all posts under the rules in force in the
// order of collection, as the detect stage would.
func readReviewed(ctx context.Context, e env, cfg config, export string) (*reviewedPosts, error) {
	engine, err := backtestEngine(cfg, cfg.Rules)
	if err != nil {
		return nil, err
	}
	r := reviewReader{engine: engine, earlier: map[veghe.PostID][]veghe.Finding{}}
	r.out.rules = engine.RulesVersion()
	if export != "" {
		err = r.readExport(e, export)
	} else {
		err = r.readDesk(ctx, e, cfg)
	}
	if err != nil && !isPartial(err) {
		return nil, err
	}
	r.group()
	return &r.out, err
}

type reviewReader struct {
	engine  *detect.Engine
	earlier map[veghe.PostID][]veghe.Finding // of posts that may count later
	out     reviewedPosts
}

func (r *reviewReader) readDesk(ctx context.Context, e env, cfg config) error {
	decided, err := readDecisions(ctx, &cfg)
	if err != nil {
		return err
	}
	err = eachPast(ctx, e, &cfg, "", func(p past) error {
		review := decided[p.post.ID]
		delete(decided, p.post.ID)
		r.take(p.post, review.Decision, review.At)
		return nil
	})
	r.out.gone = len(decided)
	return err
}

// readDecisions opens the desk's store beside whoever has it open.
func readDecisions(ctx context.Context, cfg *config) (map[veghe.PostID]veghe.Review, error) {
	d, err := openDeskBeside(ctx, cfg)
	if err != nil {
		return nil, err
	}
	all, err := d.Decided(ctx)
	out := make(map[veghe.PostID]veghe.Review, len(all))
	for _, v := range all {
		out[v.Post] = v
	}
	return out, errors.Join(err, d.Close())
}

func openDeskBeside(ctx context.Context, cfg *config) (*desk.Desk, error) {
	if !cfg.deskIsThere() {
		return nil, withHint(fmt.Errorf("there are no reviews in %s", cfg.Data), "name the data folder of a veghe with -data")
	}
	return cfg.openDesk(ctx)
}

// readExport reads lines of {"post": …, "review": "relevant"}, as veghe
// export writes them.
func (r *reviewReader) readExport(e env, file string) error {
	bad := badLines{env: e}
	err := eachLine(e, []string{file}, &bad, func(line []byte) (error, error) { return r.takeLine(line), nil })
	return errors.Join(err, bad.err())
}

func (r *reviewReader) takeLine(line []byte) error {
	var hit struct {
		Post     json.RawMessage `json:"post"`
		Review   veghe.Decision  `json:"review"`
		Reviewed time.Time       `json:"reviewed_at"`
	}
	if err := json.Unmarshal(line, &hit); err != nil {
		return errors.New(`not a line of an export, want {"post": {…}, "review": "relevant" or "not_relevant"}`)
	}
	p, err := veghe.ParsePost(hit.Post)
	if err != nil {
		return err
	}
	r.take(p, hit.Review, hit.Reviewed)
	return nil
}

// take assesses a post, also one nobody decided on: it may be part of a
// history.
func (r *reviewReader) take(p veghe.Post, d veghe.Decision, at time.Time) {
	a := r.engine.Assess(p)
	if a.History != nil {
		r.earlier[p.ID] = a.Findings
	}
	switch d {
	case veghe.Unsure:
		r.out.unsure++
	case veghe.Relevant, veghe.NotRelevant:
		v := reviewedPost{post: p, relevant: d == veghe.Relevant, flagged: a.Flagged, at: at, findings: a.Findings, score: a.Score}
		if a.History != nil {
			for _, id := range a.History.Posts {
				v.earlier = append(v.earlier, r.earlier[id]...)
			}
		}
		r.out.posts = append(r.out.posts, v)
	}
}

// group numbers the posts, so that no author, thread or template stands on
// both sides of a test.
func (r *reviewReader) group() {
	posts := r.out.posts
	templates := templatesOf(posts)
	keys := make([][]string, len(posts))
	for i := range posts {
		p := &posts[i].post
		keys[i] = []string{templates[i]}
		if p.Author != "" {
			keys[i] = append(keys[i], "author\x1f"+string(p.Source)+"\x1f"+string(p.Author))
		}
		if p.Thread != "" {
			keys[i] = append(keys[i], "thread\x1f"+string(p.Source)+"\x1f"+string(p.Thread))
		}
	}
	for i, g := range model.Groups(keys) {
		posts[i].group = g
		r.out.groups = max(r.out.groups, g+1)
	}
}

// templatesOf names the template of each post, "" for those that have none. A
// template is known as such only once a second post was made from it, and two
// may turn out to be one: so every post is asked for again at the end.
func templatesOf(posts []reviewedPost) []string {
	x := cluster.New(cluster.Options{Capacity: 2 * len(posts)})
	out := make([]string, len(posts))
	var title, body text.Doc
	var s cluster.Sketch
	for range 2 {
		for i := range posts {
			p := &posts[i].post
			title.Fold(p.Title)
			body.Fold(p.Text)
			s.Make(&title, &body)
			if spread := x.Add(&s, cluster.Member{ID: p.ID, Source: p.Source, Author: p.Author}); spread.ID != "" {
				out[i] = "template\x1f" + spread.ID
			}
		}
	}
	return out
}
