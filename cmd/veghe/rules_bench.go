package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/detect/rule"
	"veghe/detect/text"
)

// ruleCost is what one rule costs per post, beyond a set without rules.
type ruleCost struct {
	Rule  veghe.RuleID `json:"rule"`
	Terms int          `json:"terms"`
	// PerPost is in nanoseconds; the noise of the machine is part of it.
	PerPost float64 `json:"ns_per_post"`
	Hits    int     `json:"hits"` // posts in which it was found
}

// benchRounds is how often the posts are matched; the fastest round counts.
const benchRounds = 7

// rulesBench measures each rule by itself over the same folded posts: those
// of a file, or all examples of the rules. Rules share their vocabulary, so
// the sum is more than the whole.
func rulesBench(e env, cfg config, o rulesOptions) error {
	set, err := loadRulesWhole(cfg.Rules)
	if err != nil {
		return err
	}
	ids, err := ruleIDs(set, o.only)
	if err != nil {
		return err
	}
	inputs, err := benchInputs(e, cfg, set, o.posts)
	if err != nil {
		return err
	}
	idle, err := emptySet(set)
	if err != nil {
		return err
	}
	base, _ := timeMatching(idle, inputs, "")
	whole, _ := timeMatching(set, inputs, "")
	var costs []ruleCost
	for _, r := range set.Rules() {
		if r.Status == rule.Deprecated || len(ids) > 0 && !slices.Contains(ids, r.ID) && !slices.Contains(ids, veghe.RuleID(r.Indicator)) {
			continue
		}
		alone, err := set.Only(r.ID)
		if err != nil {
			return err
		}
		per, hits := timeMatching(alone, inputs, r.ID)
		costs = append(costs, ruleCost{Rule: r.ID, Terms: countTerms(r), PerPost: max(0, per-base), Hits: hits})
	}
	slices.SortStableFunc(costs, func(a, b ruleCost) int { return -cmp.Compare(a.PerPost, b.PerPost) })
	if err := printBench(e, costs, len(inputs), base, whole, o.json); err != nil {
		return err
	}
	return overBudget(costs, o.budget)
}

func printBench(e env, costs []ruleCost, posts int, base, whole float64, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(e.out).Encode(map[string]any{"posts": posts, "ns_without_rules": base, "ns_all_rules": whole, "rules": costs})
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tTERMS\tNS PER POST\tHITS")
	for _, c := range costs {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%d\n", c.Rule, c.Terms, c.PerPost, c.Hits)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.out, "%d posts, folded before; all rules together %.0f ns per post, none %.0f\n", posts, whole, base)
	return err
}

func overBudget(costs []ruleCost, budget time.Duration) error {
	if budget <= 0 {
		return nil
	}
	var errs []error
	for _, c := range costs {
		if c.PerPost > float64(budget.Nanoseconds()) {
			errs = append(errs, fmt.Errorf("%s takes %.0f ns per post, more than %v: make its rarest signal rarer", c.Rule, c.PerPost, budget))
		}
	}
	return errors.Join(errs...)
}

// emptySet is the set with its policies and no rules.
func emptySet(set *rule.Set) (*rule.Set, error) { return set.Only() }

func countTerms(r *rule.Rule) (n int) {
	for _, s := range r.Signals {
		n += len(s.Terms) + len(s.Patterns)
	}
	return n
}

func benchInputs(e env, cfg config, set *rule.Set, file string) ([]rule.Input, error) {
	var posts []veghe.Post
	if file == "" {
		for _, r := range set.Rules() {
			for i := range r.Examples {
				posts = append(posts, *r.Examples[i].Post())
			}
		}
	} else if err := eachPast(context.Background(), e, &cfg, file, func(p past) error {
		posts = append(posts, p.post)
		return nil
	}); err != nil {
		return nil, err
	}
	if len(posts) == 0 {
		return nil, usageError{"there is no post to measure with: name a file with -posts"}
	}
	inputs := make([]rule.Input, len(posts))
	for i := range posts {
		title, body := new(text.Doc), new(text.Doc)
		title.Fold(posts[i].Title)
		body.Fold(posts[i].Text)
		inputs[i] = rule.Input{Post: &posts[i], Title: title, Text: body}
	}
	return inputs, nil
}

// timeMatching returns the nanoseconds per post of the fastest round, and in
// how many posts the rule was found.
func timeMatching(set *rule.Set, inputs []rule.Input, id veghe.RuleID) (perPost float64, hits int) {
	m := set.Matcher()
	for i := range inputs {
		if slices.ContainsFunc(m.Match(&inputs[i]), func(f veghe.Finding) bool { return f.Rule == id }) {
			hits++
		}
	}
	best := time.Duration(1<<63 - 1)
	for range benchRounds {
		began := time.Now()
		for i := range inputs {
			m.Match(&inputs[i])
		}
		best = min(best, time.Since(began))
	}
	return float64(best.Nanoseconds()) / float64(len(inputs)), hits
}
