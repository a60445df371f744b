package main

import (
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
	"veghe/detect/lang"
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
	// What the numbers could have been: 95 % of the samples drawn anew with
	// whole conversations and authors.
	Recall    *interval `json:"recall,omitempty"`
	Precision *interval `json:"precision,omitempty"`
	FPR       *interval `json:"false_positive_rate,omitempty"`
	// Curve is what a cut on the score instead of the gate would give, and
	// AveragePrecision the area under it.
	Curve            []curvePoint    `json:"curve,omitempty"`
	AveragePrecision *float64        `json:"average_precision,omitempty"`
	Languages        []languageCount `json:"languages,omitempty"`
	Indicators       []indicatorSeen `json:"indicators,omitempty"`

	Missed []string `json:"missed,omitempty"` // ids
	Wrong  []string `json:"wrong,omitempty"`  // ids
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
	detail := f.Bool("detail", false, "also show intervals, the curve over score cuts, languages and indicators")
	disguise := f.String("mutate", "", "compare with the same posts disguised by the `mutation` of this name, or all")
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
	posts := &labelledPosts{bad: badLines{env: e}}
	if err := eachLine(e, files, &posts.bad, posts.take); err != nil {
		return err
	}
	if *disguise != "" {
		err = evalDisguised(ctx, e, cfg, posts, *disguise, *asJSON)
		return errors.Join(err, posts.bad.err())
	}
	results, err := evaluate(ctx, cfg, posts)
	if err != nil {
		return err
	}
	switch {
	case *asJSON:
		err = json.NewEncoder(e.out).Encode(results)
	case *detail:
		err = errors.Join(printEvaluations(e.out, results), printDetails(e.out, results))
	default:
		err = printEvaluations(e.out, results)
	}
	return errors.Join(err, posts.bad.err())
}

// evaluate assesses the posts in their order with a new engine.
func evaluate(ctx context.Context, cfg config, posts *labelledPosts) ([]evaluation, error) {
	engine, done, err := scanEngine(ctx, cfg, "off", false)
	if err != nil {
		return nil, err
	}
	defer done()
	v := &evaluator{engine: engine, units: map[string]*unit{}}
	for i := range posts.all {
		v.take(posts.all[i].post, posts.all[i].labelled)
	}
	return v.results(), nil
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

	cluster    string // units of one conversation or author stand or fall together
	lang       string // of the first post that has one
	score      map[veghe.Category]float64
	indicators map[veghe.Category]map[veghe.IndicatorID]bool
}

// newUnit is a unit as it begins, with its first post.
func newUnit(id string, p *veghe.Post) *unit {
	u := &unit{
		id: id, thread: p.Thread != "", cluster: id, lang: lang.Undetermined,
		written: map[veghe.AuthorID]int{}, flagged: map[veghe.Category]int{},
		score: map[veghe.Category]float64{}, indicators: map[veghe.Category]map[veghe.IndicatorID]bool{},
	}
	if !u.thread && p.Author != "" {
		u.cluster = string(p.Source) + "/by/" + string(p.Author)
	}
	return u
}

// see notes what was seen in one post of the unit.
func (u *unit) see(a *veghe.Assessment) {
	for c, s := range a.Score {
		u.score[c] = max(u.score[c], s)
	}
	if u.lang == lang.Undetermined {
		u.lang = mainLanguage(*a)
	}
	for i := range a.Findings {
		f := &a.Findings[i]
		if f.Shadow {
			continue
		}
		if u.indicators[f.Category] == nil {
			u.indicators[f.Category] = map[veghe.IndicatorID]bool{}
		}
		u.indicators[f.Category][f.Indicator] = true
	}
}

// labelledPosts are the posts of the input.
type labelledPosts struct {
	bad badLines
	all []labelledPost
}

type labelledPost struct {
	post veghe.Post
	labelled
}

func (v *labelledPosts) take(line []byte) (bad, stop error) {
	var p labelledPost
	if p.post, bad = veghe.ParsePost(line); bad != nil {
		return bad, nil
	}
	if bad = json.Unmarshal(line, &p.labelled); bad != nil {
		return bad, nil
	}
	v.all = append(v.all, p)
	return nil, nil
}

type evaluator struct {
	engine *detect.Engine
	order  []string
	units  map[string]*unit
}

func (v *evaluator) take(p veghe.Post, l labelled) {
	id := string(p.ID)
	if p.Thread != "" {
		id = string(p.Source) + "/" + string(p.Thread)
	}
	u := v.units[id]
	if u == nil {
		u = newUnit(id, &p)
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
	u.see(&a)
	if c := topCategory(a); a.Flagged && u.flagged[c] == 0 {
		u.flagged[c] = u.written[p.Author]
	}
}

// results counts per category. Something harmless counts in every category,
// something harmful only in its own.
func (v *evaluator) results() []evaluation {
	by := map[veghe.Category]*evaluation{}
	until := map[veghe.Category][]int{}
	measured := map[veghe.Category][]*unit{}
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
			measured[c] = append(measured[c], u)
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
		by[c].measure(measured[c])
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
