package wording

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"veghe/detect/model"
	"veghe/detect/text"
)

// Example is a labelled text to learn from: one advertisement, or one
// conversation, its posts one by one.
type Example struct {
	Texts   []string
	Telling bool // people called it a reason to look
	// Trust is how much it counts beside a text with 1; 0 is 1.
	Trust float64
}

// Settings of the training, the same for everybody.
var descent = model.Descent{Passes: 60, Rate: 0.01, Decay: 1e-5}

// rarest is how many texts a feature must stand in.
const rarest = 2

// ErrExamples is returned for examples that nothing can be learnt from.
var ErrExamples = errors.New("want labelled texts of both kinds to learn wording from")

// Train makes a model by [model.Descent], features weighed by how rare they
// are. The same examples in the same order give the same model.
func Train(category string, examples []Example) (*Model, error) {
	positive, trust, n := make([]bool, len(examples)), make([]float64, len(examples)), 0
	for i := range examples {
		trust[i] = cmp.Or(examples[i].Trust, 1)
		positive[i] = examples[i].Telling
		if positive[i] {
			n++
		}
	}
	if n == 0 || n == len(examples) {
		return nil, ErrExamples
	}
	sets, idf := readAll(examples)
	weights, bias := descent.Learn(sets, positive, trust, size)
	for i := range weights {
		weights[i] *= idf[i]
	}
	m := quantised(weights, bias)
	m.card = Card{Folding: text.Version, Category: category, Telling: n, Harmless: len(examples) - n, From: hashOf(examples)}
	return m, nil
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
func readAll(examples []Example) (sets [][]model.Feature, idf []float32) {
	sets = make([][]model.Feature, len(examples))
	in := make([]int32, size) // texts
	var d text.Doc
	var r Reading
	var keys []uint32
	for i := range examples {
		keys = keys[:0]
		r.Reset()
		for _, s := range examples[i].Texts {
			d.Fold(s)
			r.Add(&d, nil)
		}
		for _, f := range r.features {
			keys = append(keys, f.at)
		}
		slices.Sort(keys)
		per := 1 / math.Sqrt(float64(len(keys))+settle)
		for k := 0; k < len(keys); {
			j := k
			for j < len(keys) && keys[j] == keys[k] {
				j++
			}
			in[keys[k]]++
			sets[i] = append(sets[i], model.Feature{Index: keys[k], Value: float32(float64(j-k) * per)})
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
		sets[i] = slices.DeleteFunc(sets[i], func(f model.Feature) bool { return idf[f.Index] == 0 })
		for k := range sets[i] {
			sets[i][k].Value *= idf[sets[i][k].Index]
		}
	}
	return sets, idf
}
