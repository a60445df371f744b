package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"veghe"
	"veghe/detect/mutate"
)

// disguisedResult is how one category fares when every text is disguised in
// one way.
type disguisedResult struct {
	Mutation string         `json:"mutation"`
	Hard     bool           `json:"hard,omitempty"`
	Category veghe.Category `json:"category"`
	Recall   *float64       `json:"recall,omitempty"` // none without posts to find
	FPR      *float64       `json:"false_positive_rate,omitempty"`
	// Lost and Gained are recall and false positive rate less those of the
	// plain texts.
	Lost   float64 `json:"recall_change"`
	Gained float64 `json:"false_positive_rate_change"`
}

// evalDisguised compares the plain posts with the same ones disguised.
func evalDisguised(ctx context.Context, e env, cfg config, posts *labelledPosts, name string, asJSON bool) error {
	mutations := mutate.All()
	if name != "all" {
		m, ok := mutate.Named(name)
		if !ok {
			var names []string
			for _, m := range mutations {
				names = append(names, m.Name)
			}
			return usageError{fmt.Sprintf("no mutation %q, want all or one of %s", name, strings.Join(names, ", "))}
		}
		mutations = []mutate.Mutation{m}
	}
	plain, err := evaluate(ctx, cfg, posts)
	if err != nil {
		return err
	}
	results := disguisedResults("none", false, plain, plain)
	for _, m := range mutations {
		got, err := evaluate(ctx, cfg, disguisedBy(m, posts))
		if err != nil {
			return err
		}
		results = append(results, disguisedResults(m.Name, m.Hard, plain, got)...)
	}
	if asJSON {
		return json.NewEncoder(e.out).Encode(results)
	}
	return printDisguised(e.out, results)
}

func disguisedBy(m mutate.Mutation, posts *labelledPosts) *labelledPosts {
	out := &labelledPosts{all: slices.Clone(posts.all)}
	for i := range out.all {
		p := &out.all[i].post
		p.Title, p.Text = m.Text(p.Title, nil), m.Text(p.Text, nil)
	}
	return out
}

func disguisedResults(name string, hard bool, plain, got []evaluation) (out []disguisedResult) {
	for i := range got {
		r := disguisedResult{Mutation: name, Hard: hard, Category: got[i].Category}
		if got[i].TP+got[i].FN > 0 {
			v := got[i].recall()
			r.Recall, r.Lost = &v, v-plain[i].recall()
		}
		if got[i].FP+got[i].TN > 0 {
			v := got[i].fpr()
			r.FPR, r.Gained = &v, v-plain[i].fpr()
		}
		out = append(out, r)
	}
	return out
}

func printDisguised(out io.Writer, results []disguisedResult) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MUTATION\tCATEGORY\tRECALL\tCHANGE\tFALSE POSITIVE RATE\tCHANGE\t")
	number := func(v *float64) string {
		if v == nil {
			return "–"
		}
		return fmt.Sprintf("%.3f", *v)
	}
	for _, r := range results {
		note := ""
		if r.Hard {
			note = "not expected to be found"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%+.3f\t%s\t%+.3f\t%s\n", r.Mutation, r.Category, number(r.Recall), r.Lost, number(r.FPR), r.Gained, note)
	}
	return w.Flush()
}
