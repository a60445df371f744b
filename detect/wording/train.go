package wording

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"veghe/detect/text"
)

// Example is a labelled text to learn from: one advertisement, or one
// conversation, its posts one by one.
type Example struct {
	Texts   []string
	Telling bool // people called it a reason to look
}

// Settings of the training, the same for everybody.
const (
	passes    = 60
	rate      = 0.005
	decay     = 1e-5 // of a weight, each time its feature is seen
	trainSeed = 20261125
	rarest    = 2 // texts that a feature must stand in
)

// ErrExamples is returned for examples that nothing can be learnt from.
var ErrExamples = errors.New("want labelled texts of both kinds to learn wording from")

// feature is one weight that a text touches, and by how much.
type feature struct {
	index uint32
	value float32
}

// Train makes a model: logistic regression by stochastic gradient descent
// with a step per weight (AdaGrad, Duchi et al. 2011), both labels weighing
// the same in sum, features weighed by how rare they are. The same examples in
// the same order give the same model.
func Train(category string, examples []Example) (*Model, error) {
	sets, idf := readAll(examples)
	var n [2]int
	for i := range examples {
		n[kind(examples[i].Telling)]++
	}
	if n[0] == 0 || n[1] == 0 {
		return nil, ErrExamples
	}
	total := float64(len(examples))
	importance := [2]float64{total / (2 * float64(n[0])), total / (2 * float64(n[1]))}
	weights := make([]float32, size)
	seen := make([]float32, size) // squares of the gradients so far
	bias, biasSeen := 0.0, 0.0
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(trainSeed, 0))
	for range passes {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			y := kind(examples[i].Telling)
			z := bias
			for _, f := range sets[i] {
				z += float64(weights[f.index]) * float64(f.value)
			}
			g := importance[y] * (1/(1+math.Exp(-z)) - float64(y))
			biasSeen += g * g
			bias -= rate * g / math.Sqrt(biasSeen+1e-8)
			for _, f := range sets[i] {
				d := float32(g)*f.value + decay*weights[f.index]
				seen[f.index] += d * d
				weights[f.index] -= rate * d / float32(math.Sqrt(float64(seen[f.index])+1e-8))
			}
		}
	}
	for i := range weights {
		weights[i] *= idf[i]
	}
	m := quantised(weights, bias)
	m.card = Card{Folding: text.Version, Category: category, Telling: n[1], Harmless: n[0], From: hashOf(examples)}
	return m, nil
}

func kind(telling bool) int {
	if telling {
		return 1
	}
	return 0
}

// quantised keeps a weight as one of 255 steps.
func quantised(weights []float32, bias float64) *Model {
	most := float32(0)
	for _, w := range weights {
		most = max(most, w, -w)
	}
	m := &Model{bias: bias, weights: make([]int8, size)}
	if most == 0 {
		return m
	}
	m.scale = float64(most) / 127
	for i, w := range weights {
		m.weights[i] = int8(math.Round(float64(w) / m.scale))
	}
	return m
}

// readAll is the features of all texts, weighed, and how much the rarity of
// each makes it weigh.
func readAll(examples []Example) (sets [][]feature, idf []float32) {
	sets = make([][]feature, len(examples))
	in := make([]int32, size) // texts
	var d text.Doc
	var keys []uint32
	for i := range examples {
		keys = keys[:0]
		for _, s := range examples[i].Texts {
			d.Fold(s)
			each(&d, nil, func(h uint64, _, _ int) { keys = append(keys, uint32(h>>(64-bits))) })
		}
		slices.Sort(keys)
		per := 1 / math.Sqrt(float64(len(keys))+settle)
		for k := 0; k < len(keys); {
			j := k
			for j < len(keys) && keys[j] == keys[k] {
				j++
			}
			in[keys[k]]++
			sets[i] = append(sets[i], feature{keys[k], float32(float64(j-k) * per)})
			k = j
		}
	}
	idf = make([]float32, size)
	for i, n := range in {
		if n >= rarest {
			idf[i] = float32(math.Log(float64(1+len(examples))/float64(1+n)) + 1)
		}
	}
	for i := range sets {
		sets[i] = slices.DeleteFunc(sets[i], func(f feature) bool { return idf[f.index] == 0 })
		for k := range sets[i] {
			sets[i][k].value *= idf[sets[i][k].index]
		}
	}
	return sets, idf
}
