package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// decisions are drawn from known weights: the truth a calibration must find.
func decisions(n int, truth []float64, intercept float64) []Row {
	rng := rand.New(rand.NewPCG(9, 10))
	rows := make([]Row, n)
	for i := range rows {
		eta := intercept
		for j, w := range truth {
			if rng.Float64() < 0.25 {
				rows[i].Features = append(rows[i].Features, j)
				eta += w
			}
		}
		rows[i].Positive = rng.Float64() < Logistic(eta)
	}
	return rows
}

func TestRidgeFindsKnownWeights(t *testing.T) {
	truth := []float64{2.3, 1.1, 0.4, -1.0, 0, 1.7}
	prior := []float64{1.1, 2.3, 0.4, 0.4, 1.1, 1.1}
	got, err := Ridge(decisions(20_000, truth, -1), prior, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	for j, w := range truth {
		if off := math.Abs(got.Weights[j]-w) / got.Errors[j]; off > 3 {
			t.Errorf("weight %d is %.3f ± %.3f, want %.1f", j, got.Weights[j], got.Errors[j], w)
		}
	}
	if math.Abs(got.Intercept+1) > 0.15 {
		t.Errorf("intercept %.3f, want −1", got.Intercept)
	}
}

// Without anything to go by, nothing moves.
func TestRidgeStaysAtThePrior(t *testing.T) {
	prior := []float64{2.3, -1, 0.4}
	near := cmpopts.EquateApprox(0, 1e-9)
	for name, rows := range map[string][]Row{
		"no decisions":                     nil,
		"decisions that show no feature":   {{Positive: true}, {}, {}},
		"one feature only, the others not": {{Positive: true, Features: []int{1}}, {Features: []int{1}}},
	} {
		got, err := Ridge(rows, prior, 0.7)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range []int{0, 2} {
			if !cmp.Equal(prior[j], got.Weights[j], near) || !cmp.Equal(0.7, got.Errors[j], near) {
				t.Errorf("%s: weight %d is %v ± %v, want its prior %v ± 0.7", name, j, got.Weights[j], got.Errors[j], prior[j])
			}
		}
	}
}

// A few decisions move a weight a little, many move it far, none beyond what
// was seen even if all agree.
func TestRidgeMovesWithEvidence(t *testing.T) {
	last := 1.1
	for _, n := range []int{3, 30, 300} {
		rows := make([]Row, 2*n)
		for i := range n {
			rows[i] = Row{Features: []int{0}}
			rows[n+i] = Row{Positive: i%2 == 0}
		}
		got, err := Ridge(rows, []float64{1.1}, 0.7)
		if err != nil {
			t.Fatal(err)
		}
		if w := got.Weights[0]; w >= last || w < -6 {
			t.Errorf("%d decisions: weight %v, want below %v", n, w, last)
		}
		last = got.Weights[0]
	}
}

func TestRidgeRefusesNoSpread(t *testing.T) {
	if _, err := Ridge([]Row{{}}, []float64{1}, math.NaN()); err == nil {
		t.Error("a spread that is no number was taken")
	}
}

func TestIntercept(t *testing.T) {
	// Half positive at no offset: even odds. Three in four: ln 3.
	for _, row := range []struct {
		positive []bool
		want     float64
	}{
		{[]bool{true, false}, 0},
		{[]bool{true, true, true, false}, math.Log(3)},
	} {
		if got := Intercept(make([]float64, len(row.positive)), row.positive); math.Abs(got-row.want) > 0.02 {
			t.Errorf("%v: %v, want %v", row.positive, got, row.want)
		}
	}
	all := []bool{true, true}
	if got := Intercept(make([]float64, 2), all); math.IsInf(got, 0) || got > 20 {
		t.Errorf("all positive: %v, want something finite", got)
	}
}

func TestLogLoss(t *testing.T) {
	got := LogLoss([]float64{0, 0}, []bool{true, false}, ones(2))
	if math.Abs(got-math.Ln2) > 1e-12 {
		t.Errorf("even odds cost %v nats, want ln 2", got)
	}
	if far := LogLoss([]float64{1000, -1000}, []bool{false, true}, ones(2)); far != 1000 {
		t.Errorf("far out: %v, want 1000", far)
	}
}
