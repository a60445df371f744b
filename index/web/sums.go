package web

import (
	"slices"

	"veghe"
)

// Sum is how the score of one category adds up, in log odds.
type Sum struct {
	Category veghe.Category
	Prior    float64
	Families []FamilySum
	Evasion  float64 // factor on the positive evidence; 0 and 1 mean none
	LogOdds  float64
	Score    float64 // 0–1
	Gate     Gate
}

// FamilySum is what one family of indicators adds.
type FamilySum struct {
	Family string
	Raw    float64 // the weights together
	Capped float64 // what counts of it
}

// Gate is what decided whether the category flags. The zero value says that
// nobody knows.
type Gate struct {
	State                string // open | closed | innocent (closed by what speaks against) | nothing
	Strong, Medium, Weak int    // distinct indicators of a post by itself
	// Of a conversation; Needed is 0 for a post by itself.
	Sum, Needed                     float64
	Families, Wanted, WantedIfGrave int
	By                              []veghe.IndicatorID // what closes it
}

// words is the gate in the reader's language, "" when nothing is known.
func (g Gate) words(l *locale) string {
	switch {
	case g.State == "innocent":
		return l.T("gate.innocent")
	case g.State == "nothing":
		return l.T("gate.nothing")
	case g.State == "":
		return ""
	case g.Needed > 0:
		return l.T("gate.talk", "sum", l.Dec(g.Sum, 1), "needed", l.Dec(g.Needed, 1), "families", g.Families, "wanted", g.Wanted, "grave", g.WantedIfGrave)
	case g.State == "open":
		return l.T("gate.open", "strong", g.Strong, "medium", g.Medium, "weak", g.Weak)
	default:
		return l.T("gate.closed", "strong", g.Strong, "medium", g.Medium, "weak", g.Weak)
	}
}

type sumView struct {
	Sum
	Steps []step
	Axis  int    // where zero is, in hundredths of the chart
	Says  string // what the gate made of it
}

// step is one bar of how a score adds up.
type step struct {
	Label string
	Value float64
	Raw   float64 // where a cap took something away; else equal to Value
	X, W  int     // of the bar, in hundredths of the chart
	Minus bool
}

// addWeights is how a score adds up as far as the findings themselves tell:
// the weights by family, without prior and caps.
func addWeights(a veghe.Assessed) []Sum {
	var out []Sum
	for _, s := range scores(a.Assessment) {
		sum := Sum{Category: s.Category, Score: s.Value}
		for _, f := range a.Assessment.Findings {
			if f.Shadow || f.Category != s.Category && f.Category != veghe.Common {
				continue
			}
			i := slices.IndexFunc(sum.Families, func(x FamilySum) bool { return x.Family == f.Family })
			if i < 0 {
				i = len(sum.Families)
				sum.Families = append(sum.Families, FamilySum{Family: f.Family})
			}
			sum.Families[i].Raw += f.Weight
			sum.Families[i].Capped += f.Weight
			sum.LogOdds += f.Weight
		}
		out = append(out, sum)
	}
	return out
}

// sums lays the parts of each score out as bars on one scale.
func sums(l *locale, all []Sum) []sumView {
	var out []sumView
	for _, s := range all {
		if len(s.Families) == 0 {
			continue // nothing was seen: the sum is where it started
		}
		v := sumView{Sum: s, Says: s.Gate.words(l)}
		if s.Prior != 0 {
			v.Steps = append(v.Steps, step{Label: l.T("sum.prior"), Value: s.Prior, Raw: s.Prior})
		}
		for _, f := range s.Families {
			v.Steps = append(v.Steps, step{Label: l.Has("family."+f.Family, f.Family), Value: f.Capped, Raw: f.Raw})
		}
		v.Axis = layOut(v.Steps)
		out = append(out, v)
	}
	return out
}

// layOut places the bars on one scale and returns where its zero is. Without
// anything negative that is the left edge.
func layOut(steps []step) (axis int) {
	low, high := 0.0, 0.1
	for _, st := range steps {
		low, high = min(low, st.Value), max(high, st.Value)
	}
	at := func(x float64) int { return int(100 * (x - low) / (high - low)) }
	axis = at(0)
	for i := range steps {
		st := &steps[i]
		st.Minus = st.Value < 0
		from, to := at(min(0, st.Value)), at(max(0, st.Value))
		st.X, st.W = from, max(1, to-from)
	}
	return axis
}

// needed is the sum at which the gate of conversations opens, 0 if unknown.
func needed(all []Sum) float64 {
	for _, s := range all {
		if s.Gate.Needed > 0 {
			return s.Gate.Needed
		}
	}
	return 0
}
