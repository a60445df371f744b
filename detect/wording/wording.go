// Package wording tells how far a text reads like the talk and the
// advertisements that people called a reason to look.
//
// Rules name what they find; whoever says the same in other words escapes
// them. A [Model] is the complement: a weight for each word, pair of words and
// stretch of letters, learnt from labelled texts, and nothing else:
//
//	text ─▶ Reading (features) ─Tally─▶ two numbers ─Score─▶ log odds
//	                  └────────Words─▶ the words that weigh most
//
// It is linear and additive. The [Tally] of a talk is the sum of those of its
// posts, so a conversation is judged as a whole by two numbers kept, whatever
// pieces it came in; and a score is the sum of what the words add, so the
// words can be shown.
//
//	score = bias + Σ weights ÷ √(features + settle)
//
// The root lets long texts weigh more than short ones, yet not in proportion
// to their length; settle keeps a handful of words from saying much.
package wording

import (
	"cmp"
	"math"
	"slices"

	"veghe/detect/text"
)

// Settings that belong to the form of the model.
const (
	bits = 18
	size = 1 << bits // weights

	shortest, longest = 3, 5 // stretches of letters

	maxTokens = 4096 // of one text; what follows is not looked at
	maxWord   = 40   // bytes; the rest of a longer word is not looked at

	telling = 4 // bytes of a word that is shown: you and la say little to a reader

	// settle is about the number of features of a hundred words.
	settle = 1500
)

// Model is a table of weights: immutable, safe for any number of goroutines.
type Model struct {
	card    Card
	bias    float64
	scale   float64 // of a weight
	weights []int8  // size of them, by feature
	version string
}

// Card says what a model was made from. It travels in the file.
type Card struct {
	Folding  string `json:"folding"` // text.Version
	Category string `json:"category"`
	Telling  int    `json:"telling"`  // texts that people called a reason to look
	Harmless int    `json:"harmless"` // texts that they did not
	From     string `json:"from"`     // hash of what it learnt from, 12 hex digits
}

// Card returns what the model was made from.
func (m *Model) Card() Card { return m.card }

// Version names the model by its content, 12 hex digits.
func (m *Model) Version() string { return m.version }

// Tally is what one or more texts add up to. The zero value is no text.
type Tally struct {
	Sum  float64 // of weights, as they are in the table, unscaled
	Mass float64 // number of features
}

// Zero reports whether there was no text.
func (t Tally) Zero() bool { return t.Mass == 0 }

// Tally is what a reading adds up to. It allocates nothing.
func (m *Model) Tally(r *Reading) Tally {
	weights := (*[size]int8)(m.weights)
	sum := 0
	for i := range r.features {
		sum += int(weights[r.features[i].at%size])
	}
	return Tally{float64(sum), float64(len(r.features))}
}

// Score is the log odds, among texts like those it learnt from, that a person
// would call this a reason to look. It is about wording only; what share of
// texts at large are a reason to look is another matter.
func (m *Model) Score(t Tally) float64 {
	if t.Mass == 0 {
		return m.bias
	}
	return m.bias + m.scale*t.Sum/math.Sqrt(t.Mass+settle)
}

// Word is a word, or several that follow each other, and its share of the sum.
type Word struct {
	text.Range

	Weight float64 // log odds that it adds to a text of this length
}

// Words are the at most n words of a text that speak most for it being a
// reason to look, words that follow each other as one, the weightiest first;
// not the shortest, which say little to a reader. The reading is scratch.
func (m *Model) Words(r *Reading, d *text.Doc, skip []text.Range, n int) []Word {
	weights := make([]float64, min(len(d.Tokens), maxTokens))
	r.Reset()
	r.Add(d, skip)
	for _, f := range r.features {
		w := float64(m.weights[f.at]) / float64(f.last-f.first+1)
		for i := f.first; i <= f.last; i++ {
			weights[i] += w
		}
	}
	order := make([]int, 0, len(weights))
	for i, w := range weights {
		if t := d.Tokens[i]; w > 0 && t.End-t.Start >= telling {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	order = order[:min(n, len(order))]
	slices.Sort(order)
	per := m.scale / math.Sqrt(float64(len(r.features))+settle)
	var out []Word
	for k, i := range order {
		t := d.Tokens[i]
		if k > 0 && order[k-1] == i-1 {
			out[len(out)-1].End = int(t.End)
			out[len(out)-1].Weight += per * weights[i]
			continue
		}
		out = append(out, Word{text.Range{Start: int(t.Start), End: int(t.End)}, per * weights[i]})
	}
	slices.SortStableFunc(out, func(a, b Word) int { return cmp.Compare(b.Weight, a.Weight) })
	return out
}
