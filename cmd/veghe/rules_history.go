package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"veghe"
	"veghe/index"
)

// past is a post of the past: what was made of it then, if it is known, and
// what a person decided.
type past struct {
	post     veghe.Post
	recorded *veghe.Assessment
	review   veghe.Decision
}

// eachPast calls f with the posts of a file, or with all that the index of
// the data folder still holds, in the order in which they were collected.
func eachPast(ctx context.Context, e env, cfg *config, file string, f func(past) error) error {
	if file == "" {
		err := index.Each(ctx, cfg.path("index"), func(h index.Hit) error {
			return f(past{h.Post, &h.Assessment, h.Review})
		})
		if errors.Is(err, index.ErrNotFound) {
			return withHint(fmt.Errorf("there are no stored posts in %s", cfg.Data), "name the data folder of a veghe with -data, or a file of posts with -posts")
		}
		return err
	}
	bad := badLines{env: e}
	err := eachLine(e, []string{file}, &bad, func(line []byte) (error, error) {
		p, err := veghe.ParsePost(line)
		if err != nil {
			return err, nil
		}
		return nil, f(past{post: p})
	})
	return errors.Join(err, bad.err())
}

// comparison is what two sides made of the same posts: two rule sets, or what
// was recorded and what the rules say now.
type comparison struct {
	A       string         `json:"a"`
	B       string         `json:"b"`
	Posts   int            `json:"posts"`
	Flagged change         `json:"flagged"`
	Rules   []ruleChange   `json:"rules"`
	Gained  map[string]int `json:"gained_by"` // "review relevant", "lang ro", "source x" …
	Lost    map[string]int `json:"lost_by"`
	// Samples are ids of posts that changed, the first of each kind.
	SamplesGained []veghe.PostID `json:"samples_gained,omitempty"`
	SamplesLost   []veghe.PostID `json:"samples_lost,omitempty"`
	// Severities counts flagged posts of either side.
	Severities map[veghe.Severity]change `json:"severities"`

	rules map[veghe.RuleID]*ruleChange
	n     int
}

// change counts what each side has.
type change struct {
	A    int `json:"a"`
	B    int `json:"b"`
	Both int `json:"both"`
}

func (c *change) add(a, b bool) {
	c.A += btoi(a)
	c.B += btoi(b)
	c.Both += btoi(a && b)
}

// overlap is what both have of what either has, 1 when neither has any.
func (c *change) overlap() float64 {
	if either := c.A + c.B - c.Both; either > 0 {
		return float64(c.Both) / float64(either)
	}
	return 1
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ruleChange is one rule over all posts.
type ruleChange struct {
	Rule veghe.RuleID `json:"rule"`
	change
	// FlaggedWith counts the flagged posts of B in which the rule is found.
	FlaggedWith int `json:"flagged_with"`
	// Decisions of people on the posts in which B finds the rule.
	Relevant    int `json:"relevant"`
	NotRelevant int `json:"not_relevant"`
}

func newComparison(a, b string, samples int) *comparison {
	return &comparison{
		A: a, B: b, Gained: map[string]int{}, Lost: map[string]int{}, Severities: map[veghe.Severity]change{},
		rules: map[veghe.RuleID]*ruleChange{}, n: samples,
	}
}

// add takes one post; a is nil where the first side is unknown.
func (c *comparison) add(p past, a, b *veghe.Assessment) {
	if a == nil {
		a = &veghe.Assessment{Severity: veghe.None}
	}
	c.Posts++
	c.Flagged.add(a.Flagged, b.Flagged)
	for _, s := range veghe.Severities {
		if inA, inB := a.Flagged && a.Severity == s, b.Flagged && b.Severity == s; inA || inB {
			v := c.Severities[s]
			v.add(inA, inB)
			c.Severities[s] = v
		}
	}
	switch {
	case b.Flagged && !a.Flagged:
		c.SamplesGained = c.sample(c.SamplesGained, p.post.ID)
		c.by(c.Gained, p, b)
	case a.Flagged && !b.Flagged:
		c.SamplesLost = c.sample(c.SamplesLost, p.post.ID)
		c.by(c.Lost, p, b)
	}
	c.addRules(p, a, b)
}

func (c *comparison) sample(list []veghe.PostID, id veghe.PostID) []veghe.PostID {
	if len(list) >= c.n {
		return list
	}
	return append(list, id)
}

func (c *comparison) by(to map[string]int, p past, b *veghe.Assessment) {
	to["review "+cmp.Or(string(p.review), "none")]++
	to["source "+cmp.Or(string(p.post.Source), "none")]++
	to["lang "+mainLanguage(*b)]++
}

func (c *comparison) addRules(p past, a, b *veghe.Assessment) {
	inA, inB := rulesIn(a), rulesIn(b)
	for id := range inA {
		c.rule(id).add(true, inB[id])
	}
	for id := range inB {
		r := c.rule(id)
		if !inA[id] {
			r.add(false, true)
		}
		r.FlaggedWith += btoi(b.Flagged)
		r.Relevant += btoi(p.review == veghe.Relevant)
		r.NotRelevant += btoi(p.review == veghe.NotRelevant)
	}
}

func rulesIn(a *veghe.Assessment) map[veghe.RuleID]bool {
	if len(a.Findings) == 0 {
		return nil
	}
	in := make(map[veghe.RuleID]bool, len(a.Findings))
	for i := range a.Findings {
		in[a.Findings[i].Rule] = true
	}
	return in
}

func (c *comparison) rule(id veghe.RuleID) *ruleChange {
	r := c.rules[id]
	if r == nil {
		r = &ruleChange{Rule: id}
		c.rules[id] = r
	}
	return r
}

// done sorts the rules: those that changed most come first.
func (c *comparison) done() {
	c.Rules = make([]ruleChange, 0, len(c.rules))
	for _, r := range c.rules {
		c.Rules = append(c.Rules, *r)
	}
	changed := func(r *ruleChange) int { return r.A + r.B - 2*r.Both }
	slices.SortFunc(c.Rules, func(x, y ruleChange) int {
		return cmp.Or(-cmp.Compare(changed(&x), changed(&y)), cmp.Compare(x.Rule, y.Rule))
	})
}
