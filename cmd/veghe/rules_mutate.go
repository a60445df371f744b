package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"veghe"
	"veghe/detect"
	"veghe/detect/mutate"
	"veghe/detect/rule"
)

// mutationResult is how the rules stood up to one way of hiding.
type mutationResult struct {
	Mutation string `json:"mutation"`
	Does     string `json:"does"`
	Hard     bool   `json:"hard,omitempty"`
	Tried    int    `json:"tried"`
	Found    int    `json:"found"`
	// Evaded lists examples that got past, the first few.
	Evaded []evaded `json:"evaded,omitempty"`
}

type evaded struct {
	Rule veghe.RuleID `json:"rule"`
	Lang string       `json:"lang"`
	At   string       `json:"at"`
	Text string       `json:"text"`
}

// rulesMutate disguises the words that made each matching example match, in
// every way it knows, and lists what gets past the rule then.
func rulesMutate(e env, cfg config, o rulesOptions) error {
	set, engine, err := analystEngine(cfg)
	if err != nil {
		return err
	}
	ids, err := ruleIDs(set, o.only)
	if err != nil {
		return err
	}
	var results []mutationResult
	for _, m := range mutate.All() {
		res := mutationResult{Mutation: m.Name, Does: m.Does, Hard: m.Hard}
		for _, r := range set.Rules() {
			if r.Status == rule.Deprecated || len(ids) > 0 && !slices.Contains(ids, r.ID) && !slices.Contains(ids, veghe.RuleID(r.Indicator)) {
				continue
			}
			res.try(engine, m, r, o.n)
		}
		results = append(results, res)
	}
	if o.json {
		enc := json.NewEncoder(e.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(results)
	}
	return printMutations(e, results)
}

// try disguises the matching examples of one rule. What a rule looks at but
// the words, such as a phone, is left alone.
func (res *mutationResult) try(engine *detect.Engine, m mutate.Mutation, r *rule.Rule, samples int) {
	for i := range r.Examples {
		ex := r.Examples[i]
		if ex.Match != rule.Match {
			continue
		}
		at, found := findingOf(engine, &ex, r.ID)
		if !found {
			continue
		}
		hidden := ex
		hidden.Title = m.Text(ex.Title, rangesOf(at, "title"))
		hidden.Text = m.Text(ex.Text, rangesOf(at, ""))
		if hidden.Title == ex.Title && hidden.Text == ex.Text {
			continue
		}
		res.Tried++
		if _, found := findingOf(engine, &hidden, r.ID); found {
			res.Found++
		} else if len(res.Evaded) < samples {
			res.Evaded = append(res.Evaded, evaded{r.ID, ex.Lang, ex.Pos.String(), oneLine(hidden.Text)})
		}
	}
}

func findingOf(engine *detect.Engine, ex *rule.Example, id veghe.RuleID) (veghe.Finding, bool) {
	findings := engine.Findings(*ex.Post(), ex.Features)
	i := slices.IndexFunc(findings, func(f veghe.Finding) bool { return f.Rule == id })
	if i < 0 {
		return veghe.Finding{}, false
	}
	return findings[i], true
}

// rangesOf are the stretches of a field that a finding points at; never nil,
// for that would mean all of it.
func rangesOf(f veghe.Finding, field string) []mutate.Range {
	out := []mutate.Range{}
	for _, s := range f.Spans {
		if s.Field == field {
			out = append(out, mutate.Range{Start: s.Start, End: s.End})
		}
	}
	return out
}

func printMutations(e env, results []mutationResult) error {
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MUTATION\tTRIED\tFOUND\tSHARE\t")
	for _, r := range results {
		note := r.Does
		if r.Hard {
			note += " (not expected to be found)"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%s\n", r.Mutation, r.Tried, r.Found, share(r.Found, r.Tried-r.Found), note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if r.Hard {
			continue
		}
		for _, v := range r.Evaded {
			fmt.Fprintf(e.out, "%s: %s (%s) evaded by %s\n    %s\n", v.At, v.Rule, v.Lang, r.Mutation, v.Text)
		}
	}
	return nil
}
