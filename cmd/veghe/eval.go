package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"

	"veghe"
	"veghe/detect"
)

// labelled is a post with what it should be. In a conversation the label
// stands on any of its posts and holds for the whole: a thread is flagged
// when one of its posts is.
type labelled struct {
	Label *struct {
		Flag     bool           `json:"flag"`
		Category veghe.Category `json:"category"`
	} `json:"label"`
}

// evaluation counts units: ads, and whole conversations.
type evaluation struct {
	Category veghe.Category `json:"category"`
	TP       int            `json:"true_positives"`
	FN       int            `json:"false_negatives"`
	FP       int            `json:"false_positives"`
	TN       int            `json:"true_negatives"`
	// Earliness is how many posts the flagged author had written in the
	// conversation when first flagged, over the conversations found.
	Earliness *earliness `json:"author_posts_until_flagged,omitempty"`
	Missed    []string   `json:"missed,omitempty"` // ids
	Wrong     []string   `json:"wrong,omitempty"`  // ids
}

type earliness struct {
	Mean   float64 `json:"mean"`
	Median int     `json:"median"`
	Most   int     `json:"most"`
}

func (v *evaluation) recall() float64    { return share(v.TP, v.FN) }
func (v *evaluation) precision() float64 { return share(v.TP, v.FP) }
func (v *evaluation) fpr() float64       { return share(v.FP, v.TN) }

func share(a, b int) float64 {
	if a+b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(a+b)
}

func evalCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("eval", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	files, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usageError{`want a file of posts in JSON Lines, each with "label": {"flag": true or false, "category": …}`}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	engine, done, err := scanEngine(ctx, cfg, "off", false)
	if err != nil {
		return err
	}
	defer done()
	ev := newEvaluator(engine)
	ev.bad.env = e
	if err := eachInput(e, files, ev.read); err != nil {
		return err
	}
	results := ev.results()
	if *asJSON {
		err = json.NewEncoder(e.out).Encode(results)
	} else {
		err = printEvaluations(e.out, results)
	}
	return errors.Join(err, ev.bad.err())
}

// unit is one ad, or one conversation.
type unit struct {
	id       string
	want     bool
	labelled bool
	category veghe.Category
	thread   bool
	written  map[veghe.AuthorID]int // posts so far
	flagged  map[veghe.Category]int // posts of the author at the first flag
}

type evaluator struct {
	engine *detect.Engine
	bad    badLines
	order  []string
	units  map[string]*unit
}

func newEvaluator(e *detect.Engine) *evaluator {
	return &evaluator{engine: e, units: map[string]*unit{}}
}

func (v *evaluator) read(name string, r io.Reader) error {
	lines := newLineReader(r)
	for n := 1; ; n++ {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var l labelled
		var p veghe.Post
		if err == nil {
			p, err = veghe.ParsePost(line)
		}
		if err == nil {
			err = json.Unmarshal(line, &l)
		}
		if err != nil {
			v.bad.add(name, n, err)
			continue
		}
		v.take(p, l)
	}
}

func (v *evaluator) take(p veghe.Post, l labelled) {
	id := string(p.ID)
	if p.Thread != "" {
		id = string(p.Source) + "/" + string(p.Thread)
	}
	u := v.units[id]
	if u == nil {
		u = &unit{id: id, thread: p.Thread != "", written: map[veghe.AuthorID]int{}, flagged: map[veghe.Category]int{}}
		v.units[id] = u
		v.order = append(v.order, id)
	}
	if l.Label != nil {
		u.labelled, u.want = true, u.want || l.Label.Flag
		if l.Label.Category != "" {
			u.category = l.Label.Category
		}
	}
	u.written[p.Author]++
	a := v.engine.Assess(p)
	if c := topCategory(a); a.Flagged && u.flagged[c] == 0 {
		u.flagged[c] = u.written[p.Author]
	}
}

// results counts per category. Something harmless counts in every category,
// something harmful only in its own.
func (v *evaluator) results() []evaluation {
	by := map[veghe.Category]*evaluation{}
	until := map[veghe.Category][]int{}
	for _, c := range []veghe.Category{veghe.Recruitment, veghe.Grooming} {
		by[c] = &evaluation{Category: c}
	}
	for _, id := range v.order {
		u := v.units[id]
		if !u.labelled {
			continue
		}
		for c, r := range by {
			if u.want && u.category != c {
				continue
			}
			n := u.flagged[c]
			r.count(u, n > 0)
			if u.thread && u.want && n > 0 {
				until[c] = append(until[c], n)
			}
		}
	}
	var out []evaluation
	for _, c := range slices.Sorted(maps.Keys(by)) {
		by[c].Earliness = summarize(until[c])
		out = append(out, *by[c])
	}
	return out
}

// summarize is nil for nothing. Of an even number the lower middle one is the
// median, so that it is a number of posts.
func summarize(n []int) *earliness {
	if len(n) == 0 {
		return nil
	}
	slices.Sort(n)
	var sum int
	for _, v := range n {
		sum += v
	}
	return &earliness{Mean: float64(sum) / float64(len(n)), Median: n[(len(n)-1)/2], Most: n[len(n)-1]}
}

func (v *evaluation) count(u *unit, got bool) {
	switch {
	case u.want && got:
		v.TP++
	case u.want:
		v.FN++
		v.Missed = append(v.Missed, u.id)
	case got:
		v.FP++
		v.Wrong = append(v.Wrong, u.id)
	default:
		v.TN++
	}
}

func printEvaluations(out io.Writer, results []evaluation) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CATEGORY\tSHOULD FLAG\tRECALL\tPRECISION\tHARMLESS\tFALSE POSITIVE RATE")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%d\t%.3f\n", r.Category, r.TP+r.FN, r.recall(), r.precision(), r.FP+r.TN, r.fpr())
	}
	for _, r := range results {
		if e := r.Earliness; e != nil {
			fmt.Fprintf(w, "first flag\t%s\tpost %.1f\tmedian %d\tmost %d of the author\n", r.Category, e.Mean, e.Median, e.Most)
		}
	}
	for _, r := range results {
		for _, id := range r.Missed {
			fmt.Fprintf(w, "missed\t%s\t%s\n", r.Category, id)
		}
		for _, id := range r.Wrong {
			fmt.Fprintf(w, "wrongly flagged\t%s\t%s\n", r.Category, id)
		}
	}
	return w.Flush()
}
