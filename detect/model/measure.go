package model

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Scored is a post with a decision and what was said about it without
// knowledge of the decision.
type Scored struct {
	Relevant bool
	Group    int // posts of one group are drawn together; see [Groups]
	Score    float64
}

// Measures say how well scores put relevant posts first.
type Measures struct {
	ROC    float64 `json:"roc_auc"` // a relevant post stands above another one with this probability
	PR     float64 `json:"pr_auc"`  // precision, averaged over the relevant posts
	Recall float64 `json:"recall"`  // of the relevant posts, among the Alerts highest
}

// Interval is a 95 % bootstrap interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// ranking is scores in order, ready to be measured with any weights.
type ranking struct {
	rows  []Scored
	order []int // highest score first
}

func rank(rows []Scored) ranking {
	r := ranking{rows: rows, order: make([]int, len(rows))}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(rows[b].Score, rows[a].Score) })
	return r
}

// measure computes all measures over rows with weights. Rows of equal score
// count as if they stood in every order. alerts is a share of all rows.
func (r ranking) measure(weight []float64, alerts float64) Measures {
	var yes, no float64
	for i, w := range weight {
		if r.rows[i].Relevant {
			yes += w
		} else {
			no += w
		}
	}
	if yes == 0 || no == 0 {
		return Measures{ROC: 0.5}
	}
	room := alerts * (yes + no)
	var m Measures
	var above, aboveNo float64 // relevant and other rows so far
	for i := 0; i < len(r.order); {
		var tieYes, tieNo float64
		k := i
		for ; k < len(r.order) && r.rows[r.order[k]].Score == r.rows[r.order[i]].Score; k++ {
			w := weight[r.order[k]]
			if r.rows[r.order[k]].Relevant {
				tieYes += w
			} else {
				tieNo += w
			}
		}
		i = k
		if tieYes+tieNo == 0 {
			continue
		}
		m.ROC += tieNo * (above + tieYes/2)
		if left := room - above - aboveNo; left > 0 {
			m.Recall += tieYes * min(1, left/(tieYes+tieNo))
		}
		above += tieYes
		aboveNo += tieNo
		m.PR += tieYes * above / (above + aboveNo)
	}
	m.ROC /= yes * no
	m.PR /= yes
	m.Recall /= yes
	return m
}

// Measure is how good scores are, when so many are looked at.
func Measure(rows []Scored, alerts int) Measures {
	return rank(rows).measure(ones(len(rows)), float64(alerts)/float64(max(1, len(rows))))
}

// Compared is two ways to score the same posts, and how sure the difference is.
type Compared struct {
	A, B       Measures
	DifferROC  Interval // of B − A
	DifferPR   Interval
	ROCA, ROCB Interval
	PRA, PRB   Interval
	RecallA    Interval
	RecallB    Interval
}

// resamples of a bootstrap, and the seed that makes it the same every time.
const (
	resamples = 400
	bootSeed  = 20261125
)

// Compare measures two ways to score the same rows. The intervals are those
// of a bootstrap over groups, since posts of one group are no independent
// evidence.
func Compare(a, b []Scored, alerts int) Compared {
	ra, rb := rank(a), rank(b)
	share := float64(alerts) / float64(max(1, len(a)))
	c := Compared{A: ra.measure(ones(len(a)), share), B: rb.measure(ones(len(b)), share)}
	var draws [8][]float64
	Bootstrap(groupsOf(a), func(weight []float64) {
		x, y := ra.measure(weight, share), rb.measure(weight, share)
		for i, v := range []float64{x.ROC, y.ROC, y.ROC - x.ROC, x.PR, y.PR, y.PR - x.PR, x.Recall, y.Recall} {
			draws[i] = append(draws[i], v)
		}
	})
	for i, to := range []*Interval{&c.ROCA, &c.ROCB, &c.DifferROC, &c.PRA, &c.PRB, &c.DifferPR, &c.RecallA, &c.RecallB} {
		*to = Middle(draws[i])
	}
	return c
}

// Bootstrap calls f with the weights of each of its samples: groups are drawn
// with replacement, and a row weighs as often as its group was drawn. The
// weights are f's until it returns.
func Bootstrap(groups []int, f func(weight []float64)) {
	n := 0
	for _, g := range groups {
		n = max(n, g+1)
	}
	rng := rand.New(rand.NewPCG(bootSeed, 0))
	drawn := make([]float64, n)
	weight := make([]float64, len(groups))
	for range resamples {
		clear(drawn)
		for range n {
			drawn[rng.IntN(n)]++
		}
		for i, g := range groups {
			weight[i] = drawn[g]
		}
		f(weight)
	}
}

// Middle is the interval that holds the middle 95 % of what was drawn.
func Middle(draws []float64) Interval {
	if len(draws) == 0 {
		return Interval{}
	}
	slices.Sort(draws)
	k := len(draws) * 25 / 1000
	return Interval{Low: draws[k], High: draws[len(draws)-1-k]}
}

func groupsOf(rows []Scored) []int {
	out := make([]int, len(rows))
	for i := range rows {
		out[i] = rows[i].Group
	}
	return out
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}
