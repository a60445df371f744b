package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"veghe"
	"veghe/detect/rule"
)

// Sum is how the score of one category of an assessment adds up:
//
//	log odds = prior + evasion × Σ capped families + against
//	score    = 1 / (1 + e^−log odds)
type Sum struct {
	Category veghe.Category
	Prior    float64
	Families []FamilySum // what speaks for it, then what speaks against
	Evasion  float64     // factor on what speaks for it, 1 if none
	LogOdds  float64
	Score    float64
	Gate     string // what the gate made of it, in words
}

// FamilySum is what one family of indicators adds.
type FamilySum struct {
	Name        string
	Raw, Capped float64 // log odds
}

// Explain says how the scores of an assessment came about. For a policy over
// authors the families are those in force in the author's history, with what
// earlier posts added and with evasion in their weights.
func Explain(policies []rule.Policy, a veghe.Assessment) []Sum {
	var out []Sum
	for i := range policies {
		p := &policies[i]
		ev := gather(p, a.Findings)
		s := Sum{Category: p.Category, Prior: p.Prior, Evasion: ev.multiplier, Gate: gateWords(p, ev, a)}
		raw, against := map[string]float64{}, ev.negative
		for _, f := range ev.positive {
			raw[f.Family] += f.Weight
		}
		if p.Threads != nil && a.History != nil {
			raw, s.Evasion, against = a.History.Weights, 1, a.History.Against
		}
		for _, name := range slices.Sorted(maps.Keys(raw)) {
			s.Families = append(s.Families, FamilySum{name, raw[name], min(raw[name], familyCap(p, name))})
		}
		if against < 0 {
			s.Families = append(s.Families, FamilySum{"against", against, against})
		}
		s.LogOdds = p.Prior + against
		for _, f := range s.Families {
			if f.Raw > 0 {
				s.LogOdds += s.Evasion * f.Capped
			}
		}
		s.Score = logistic(s.LogOdds)
		out = append(out, s)
	}
	return out
}

func gateWords(p *rule.Policy, ev evidence, a veghe.Assessment) string {
	t := ev.count(p)
	switch {
	case ev.suppressed(p):
		return "closed: the text itself gives an innocent reading"
	case p.Threads != nil && a.History != nil:
		return fmt.Sprintf("sum %.1f of %.1f needed, %d families of %d (%d if grave)", a.History.Score+a.History.Against, p.Threads.Threshold,
			len(a.History.Families), p.Threads.Families, p.Threads.GraveFamilies)
	case p.Threads != nil:
		return "nothing that counts was seen"
	case slices.ContainsFunc(p.Gate, t.meets):
		return fmt.Sprintf("open: %d strong, %d medium, %d weak", t.strong, t.medium, t.weak)
	default:
		return fmt.Sprintf("closed: %d strong, %d medium, %d weak are not enough", t.strong, t.medium, t.weak)
	}
}

// String is the sum as lines for a terminal.
func (s Sum) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: prior %.1f", s.Category, s.Prior)
	for _, f := range s.Families {
		fmt.Fprintf(&b, ", %s %+.1f", f.Name, f.Capped)
		if f.Raw != f.Capped {
			fmt.Fprintf(&b, " (capped from %+.1f)", f.Raw)
		}
	}
	if s.Evasion != 1 {
		fmt.Fprintf(&b, ", what speaks for it × %.2f for evasion", s.Evasion)
	}
	fmt.Fprintf(&b, " = log odds %.1f, score %.2f\n  gate %s\n", s.LogOdds, s.Score, s.Gate)
	return b.String()
}
