package model

import (
	"math"
	"math/rand/v2"
)

// Feature is one weight that a text touches, and by how much.
type Feature struct {
	Index uint32
	Value float32
}

// Descent is logistic regression by stochastic gradient descent with a step
// per weight (AdaGrad, Duchi et al. 2011), both labels weighing the same in
// sum. Texts come in an order drawn anew for each pass from a fixed seed: the
// same texts in the same order give the same weights.
type Descent struct {
	Passes int
	Rate   float64
	Decay  float64 // of a weight, each time its feature is seen
}

const (
	descentSeed = 20261125
	leastSquare = 1e-8 // keeps the first step finite
)

// Learn gives one of size weights for each feature, and the bias, from texts
// of which positive says whether people called them relevant, and trust how
// much each counts; nil: all the same.
func (d Descent) Learn(sets [][]Feature, positive []bool, trust []float64, size int) (weights []float32, bias float64) {
	rate, decay := float32(d.Rate), float32(d.Decay)
	weights = make([]float32, size)
	seen, biasSeen := make([]float32, size), 0.0 // squares of the gradients so far
	importance := importances(positive, trust)
	order := make([]int, len(sets))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(descentSeed, 0))
	for range d.Passes {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			y := count(positive[i])
			g := importance[y] * trusted(trust, i) * (Logistic(sum(weights, bias, sets[i])) - float64(y))
			biasSeen += g * g
			bias -= d.Rate * g / math.Sqrt(biasSeen+leastSquare)
			for _, f := range sets[i] {
				step := float32(g)*f.Value + decay*weights[f.Index]
				seen[f.Index] += step * step
				weights[f.Index] -= rate * step / float32(math.Sqrt(float64(seen[f.Index])+leastSquare))
			}
		}
	}
	return weights, bias
}

// sum is the log odds of a text.
func sum(weights []float32, bias float64, features []Feature) float64 {
	for _, f := range features {
		bias += float64(weights[f.Index]) * float64(f.Value)
	}
	return bias
}

// importances weigh the labels so that both count as much in sum.
func importances(positive []bool, trust []float64) [2]float64 {
	var n [2]float64
	for i, p := range positive {
		n[count(p)] += trusted(trust, i)
	}
	total := n[0] + n[1]
	return [2]float64{total / (2 * max(1, n[0])), total / (2 * max(1, n[1]))}
}

func trusted(trust []float64, i int) float64 {
	if trust == nil {
		return 1
	}
	return trust[i]
}
