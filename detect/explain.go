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
	Gate     Gate // what the gate made of it
}

// GateState is what a gate made of the evidence.
type GateState string

// The states of a gate. A conversation's is open or closed by its sum and its
// families, a post's by counts of strong, medium and weak indicators.
const (
	GateOpen     GateState = "open"
	GateClosed   GateState = "closed"
	GateInnocent GateState = "innocent" // closed by what speaks against
	GateNothing  GateState = "nothing"  // nothing that counts was seen
)

// Gate is how the gate of a policy was decided.
type Gate struct {
	State                GateState
	Strong, Medium, Weak int // distinct indicators of a post by itself
	// Of a conversation; Needed is 0 for a post by itself.
	Sum, Needed                     float64
	Families, Wanted, WantedIfGrave int
	// By are the indicators that close the gate.
	By []veghe.IndicatorID
}

// MarshalText writes a gate in words.
func (g Gate) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// String is the gate in words.
func (g Gate) String() string {
	switch {
	case g.State == GateInnocent:
		return "closed: the text itself gives an innocent reading"
	case g.State == GateNothing:
		return "nothing that counts was seen"
	case g.Needed > 0:
		return fmt.Sprintf("sum %.1f of %.1f needed, %d families of %d (%d if grave)", g.Sum, g.Needed, g.Families, g.Wanted, g.WantedIfGrave)
	case g.State == GateOpen:
		return fmt.Sprintf("open: %d strong, %d medium, %d weak", g.Strong, g.Medium, g.Weak)
	default:
		return fmt.Sprintf("closed: %d strong, %d medium, %d weak are not enough", g.Strong, g.Medium, g.Weak)
	}
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
		s := Sum{Category: p.Category, Prior: p.Prior, Evasion: ev.multiplier, Gate: gateOf(p, ev, a)}
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

func gateOf(p *rule.Policy, ev evidence, a veghe.Assessment) Gate {
	t := ev.count(p)
	g := Gate{State: GateClosed, Strong: t.strong, Medium: t.medium, Weak: t.weak, By: ev.suppressors(p)}
	if p.Threads != nil {
		g.Needed, g.Wanted, g.WantedIfGrave = p.Threads.Threshold, p.Threads.Families, p.Threads.GraveFamilies
	}
	if p.Threads != nil && a.History != nil {
		g.Sum, g.Families = a.History.Score+a.History.Against, len(a.History.Families)
	}
	switch {
	case len(g.By) > 0:
		g.State = GateInnocent
	case p.Threads != nil && a.History == nil:
		g.State = GateNothing
	case p.Threads != nil && threadGate(p, stateWith(p, &a, ev)), p.Threads == nil && slices.ContainsFunc(p.Gate, t.meets):
		g.State = GateOpen
	case p.Threads == nil && t.families >= 2 && forcedReview(p, ev):
		g.State = GateOpen
	}
	return g
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
