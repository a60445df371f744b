package model

import (
	"errors"
	"math"
)

// Row is one decision and the features that were present.
type Row struct {
	Features []int // numbers of features, each once
	Positive bool
}

// Fitted are weights fitted to decisions.
type Fitted struct {
	// Intercept is fitted with the weights. It says how often reviewed posts
	// are relevant, which is no property of posts at large.
	Intercept float64
	Weights   []float64
	Errors    []float64 // standard errors of the weights, the prior counted in
}

// interceptError is how little is known of the intercept beforehand.
const interceptError = 10

// Ridge fits a logistic regression whose weights are drawn towards prior:
// it maximises the log likelihood minus Σ (w − prior)² / 2 spread². spread is
// how far, in log odds, a weight is thought to be off; a feature of which no
// row tells anything keeps its prior. Newton's method on a strictly concave
// function: it converges, to the same bits every time.
func Ridge(rows []Row, prior []float64, spread float64) (Fitted, error) {
	p := len(prior)
	w := append([]float64{}, prior...)
	w = append(w, 0) // the intercept stands last
	penalty := make([]float64, p+1)
	for j := range p {
		penalty[j] = 1 / (spread * spread)
	}
	penalty[p] = 1.0 / (interceptError * interceptError)
	r := ridge{rows: rows, prior: append(append([]float64{}, prior...), 0), penalty: penalty}
	value := r.value(w)
	for range 100 {
		gradient, hessian := r.slope(w)
		lower, ok := cholesky(hessian)
		if !ok {
			return Fitted{}, errors.New("calibration: the curvature is not positive; is the spread a number above 0?")
		}
		step := solve(lower, gradient)
		next, nextValue := r.climb(w, step, value)
		done := nextValue-value < 1e-12*(1+math.Abs(value))
		w, value = next, nextValue
		if done {
			break
		}
	}
	_, hessian := r.slope(w)
	lower, ok := cholesky(hessian)
	if !ok {
		return Fitted{}, errors.New("calibration: the curvature is not positive")
	}
	return Fitted{Intercept: w[p], Weights: w[:p], Errors: errorsOf(lower)[:p]}, nil
}

type ridge struct {
	rows           []Row
	prior, penalty []float64
}

func (r *ridge) logOdds(w []float64, row *Row) float64 {
	eta := w[len(w)-1]
	for _, j := range row.Features {
		eta += w[j]
	}
	return eta
}

// value is the penalised log likelihood.
func (r *ridge) value(w []float64) float64 {
	total := 0.0
	for i := range r.rows {
		total -= loss(r.logOdds(w, &r.rows[i]), r.rows[i].Positive)
	}
	for j, v := range w {
		total -= r.penalty[j] * (v - r.prior[j]) * (v - r.prior[j]) / 2
	}
	return total
}

// loss is minus the log likelihood of one decision.
func loss(eta float64, positive bool) float64 {
	if positive {
		eta = -eta
	}
	if eta > 30 {
		return eta
	}
	return math.Log1p(math.Exp(eta))
}

// slope is the gradient of the value, and minus its second derivative.
func (r *ridge) slope(w []float64) (gradient []float64, hessian [][]float64) {
	n := len(w)
	gradient = make([]float64, n)
	hessian = make([][]float64, n)
	for j := range n {
		hessian[j] = make([]float64, n)
		hessian[j][j] = r.penalty[j]
		gradient[j] = -r.penalty[j] * (w[j] - r.prior[j])
	}
	present := make([]int, 0, n)
	for i := range r.rows {
		row := &r.rows[i]
		p := Logistic(r.logOdds(w, row))
		g, v := -p, p*(1-p)
		if row.Positive {
			g = 1 - p
		}
		present = append(append(present[:0], row.Features...), n-1)
		for _, j := range present {
			gradient[j] += g
			for _, k := range present {
				hessian[j][k] += v
			}
		}
	}
	return gradient, hessian
}

// climb goes the step, or as much of it as leads upwards.
func (r *ridge) climb(w, step []float64, value float64) ([]float64, float64) {
	next := make([]float64, len(w))
	for part := 1.0; part > 1e-9; part /= 2 {
		for j := range w {
			next[j] = w[j] + part*step[j]
		}
		if v := r.value(next); v >= value {
			return next, v
		}
	}
	return w, value
}

// cholesky is the lower triangle L with L·Lᵀ = a.
func cholesky(a [][]float64) (lower [][]float64, ok bool) {
	n := len(a)
	lower = make([][]float64, n)
	for i := range n {
		lower[i] = make([]float64, i+1)
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s -= lower[i][k] * lower[j][k]
			}
			if i != j {
				lower[i][j] = s / lower[j][j]
				continue
			}
			if !(s > 0) || math.IsInf(s, 0) {
				return nil, false
			}
			lower[i][i] = math.Sqrt(s)
		}
	}
	return lower, true
}

// solve is x with L·Lᵀ·x = b.
func solve(lower [][]float64, b []float64) []float64 {
	n := len(b)
	x := append([]float64{}, b...)
	for i := range n {
		for k := range i {
			x[i] -= lower[i][k] * x[k]
		}
		x[i] /= lower[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= lower[k][i] * x[k]
		}
		x[i] /= lower[i][i]
	}
	return x
}

// errorsOf are the roots of the diagonal of the inverse.
func errorsOf(lower [][]float64) []float64 {
	n := len(lower)
	out := make([]float64, n)
	unit := make([]float64, n)
	for j := range n {
		clear(unit)
		unit[j] = 1
		out[j] = math.Sqrt(solve(lower, unit)[j])
	}
	return out
}

// Intercept is the b that fits logistic(b + offset) best to the decisions,
// found by halving: the slope falls all the way.
func Intercept(offsets []float64, positive []bool) float64 {
	low, high := -50.0, 50.0
	for range 60 {
		b := (low + high) / 2
		g := -b / (interceptError * interceptError)
		for i, o := range offsets {
			g -= Logistic(b + o)
			if positive[i] {
				g++
			}
		}
		if g > 0 {
			low = b
		} else {
			high = b
		}
	}
	return (low + high) / 2
}

// LogLoss is the mean of minus the log likelihood, in nats per decision.
func LogLoss(logOdds []float64, positive []bool, weight []float64) float64 {
	var total, n float64
	for i, eta := range logOdds {
		total += weight[i] * loss(eta, positive[i])
		n += weight[i]
	}
	return total / max(n, 1)
}
