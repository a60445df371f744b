package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestMeasure(t *testing.T) {
	yes := func(s float64) Scored { return Scored{Relevant: true, Score: s} }
	no := func(s float64) Scored { return Scored{Score: s} }
	for _, row := range []struct {
		name   string
		rows   []Scored
		alerts int
		want   Measures
	}{
		{"perfect", []Scored{no(1), yes(2), yes(3), no(0)}, 2, Measures{ROC: 1, PR: 1, Recall: 1}},
		{"reversed", []Scored{no(3), yes(0)}, 1, Measures{ROC: 0, PR: 0.5, Recall: 0}},
		{"worked by hand", []Scored{yes(4), no(3), yes(2), no(1)}, 2, Measures{ROC: 0.75, PR: (1 + 2.0/3) / 2, Recall: 0.5}},
		// All equal: chance, and the alerts are drawn by lot.
		{"ties", []Scored{yes(1), no(1), yes(1), no(1)}, 1, Measures{ROC: 0.5, PR: 0.5, Recall: 0.25}},
		{"one label only", []Scored{yes(1), yes(2)}, 1, Measures{ROC: 0.5}},
		{"nothing", nil, 1, Measures{ROC: 0.5}},
	} {
		if diff := cmp.Diff(row.want, Measure(row.rows, row.alerts), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// The ROC area is the share of pairs in the right order.
func TestROCCountsPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rows := make([]Scored, 80)
	for i := range rows {
		rows[i] = Scored{Relevant: rng.IntN(2) == 0, Score: float64(rng.IntN(9))}
	}
	var right, pairs float64
	for _, a := range rows {
		for _, b := range rows {
			if !a.Relevant || b.Relevant {
				continue
			}
			pairs++
			switch {
			case a.Score > b.Score:
				right++
			case a.Score == b.Score:
				right += 0.5
			}
		}
	}
	if got := Measure(rows, 8).ROC; math.Abs(got-right/pairs) > 1e-12 {
		t.Errorf("got %v, want %v", got, right/pairs)
	}
}

// Copies are no evidence: with every post ten times, in one group each, the
// interval must not shrink.
func TestBootstrapDrawsGroups(t *testing.T) {
	width := func(copies int) float64 {
		var rows []Scored
		rng := rand.New(rand.NewPCG(5, 6))
		for g := range 60 {
			s := Scored{Relevant: g%2 == 0, Group: g, Score: rng.NormFloat64() + float64(1-g%2)}
			for range copies {
				rows = append(rows, s)
			}
		}
		c := Compare(rows, rows, 10)
		if c.DifferROC != (Interval{}) {
			t.Errorf("the same scores differ by %v", c.DifferROC)
		}
		return c.ROCA.High - c.ROCA.Low
	}
	one, ten := width(1), width(10)
	if math.Abs(one-ten) > 1e-9 || one < 0.1 {
		t.Errorf("width %v with single posts, %v with ten copies", one, ten)
	}
}

func TestGroups(t *testing.T) {
	got := Groups([][]string{
		{"author a", "cluster 1"},
		{"author b"},
		{"author c", "cluster 1"}, // one template with the first
		{"author b", ""},
		{""},
		{""},
		{"author c", "author b"}, // links both chains
	})
	if diff := cmp.Diff([]int{0, 0, 0, 0, 1, 2, 0}, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// No author, thread or template stands on both sides of a fold.
func TestFoldsKeepGroupsTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	keys := make([][]string, 500)
	labels := make([]bool, len(keys))
	for i := range keys {
		keys[i] = []string{"author " + string(rune('A'+rng.IntN(200))), "cluster " + string(rune('A'+i/4))}
		if rng.IntN(2) == 0 {
			keys[i] = keys[i][1:]
		}
		labels[i] = rng.IntN(4) == 0
	}
	for i := range keys { // half of the templates stand alone
		if i%2 == 0 {
			keys[i] = []string{"single " + string(rune('A'+i/2))}
		}
	}
	groups := Groups(keys)
	fold, err := Folds(groups, labels, 5)
	if err != nil {
		t.Fatal(err)
	}
	where := map[string]int{}
	for i, row := range keys {
		for _, k := range row {
			if f, ok := where[k]; ok && f != fold[i] {
				t.Fatalf("%q stands in folds %d and %d", k, f, fold[i])
			}
			where[k] = fold[i]
		}
	}
	for f := range 5 {
		if !slices.Contains(fold, f) {
			t.Errorf("fold %d is empty", f)
		}
	}
}
