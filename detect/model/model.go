// Package model learns from what people decided: a linear model over the words
// of reviewed posts, and the mathematics that weights are learnt and rules are
// calibrated with.
//
//	reviewed posts ─Train─▶ Model ─Write─▶ file ─Read─▶ Model ─Score─▶ log odds
//	      │                                                 └─Words──▶ the words that weigh most
//	      └─Groups, Folds, Evaluate─▶ how good it is on posts unlike those it learnt from
//
// The model is a companion to the rules, never a judge: what it says is shown
// in shadow and can neither flag nor alert. It is linear, so that every score
// is the sum of what the words add, and the words can be shown.
//
// Nothing here reads a clock or draws a random number that differs from run to
// run: the same posts in the same order give the same model, byte for byte.
// Every post is read by way of package text, so a model belongs to one way of
// folding; see [text.Version].
package model

import (
	"cmp"
	"math"
	"slices"
	"time"

	"veghe"
	"veghe/detect/text"
)

// Indicator is what findings of the model are called.
const Indicator veghe.IndicatorID = "MDL-01"

// MinReviews is how many reviewed posts a model needs, and MinClass how many
// of them of either kind: with fewer, what it learns is chance.
const (
	MinReviews = 200
	MinClass   = 20
)

// Model is a trained model: immutable, safe for any number of goroutines.
type Model struct {
	card    Card
	bias    float64
	weights []float32 // size of them, by feature
	version string    // of the file; "" before it was written or read
}

// Card says what a model was made from. It travels in the file.
type Card struct {
	Folding      string    `json:"folding"` // text.Version
	Rules        string    `json:"rules"`   // version of the rules at training
	Relevant     int       `json:"relevant"`
	NotRelevant  int       `json:"not_relevant"`
	Groups       int       `json:"groups"` // posts that share no author, thread or template
	FirstReview  time.Time `json:"first_review,omitzero"`
	LastReview   time.Time `json:"last_review,omitzero"`
	Threshold    float64   `json:"threshold"` // log odds from which a post is marked
	Evaluation   *Report   `json:"evaluation,omitempty"`
	Relevants    []Named   `json:"speaks_for"`     // the weightiest words, most telling first
	NotRelevants []Named   `json:"speaks_against"` // likewise
}

// Named is a word, or two that follow each other, and what it adds to the log
// odds of a post that says nothing else. Words of fewer than five groups are
// not named, so that no name, number or handle of one person stands in a file.
type Named struct {
	Words  string  `json:"words"`
	Weight float64 `json:"weight"`
	Posts  int     `json:"posts"`
}

// Card returns what the model was made from.
func (m *Model) Card() Card { return m.card }

// Version names the model by its content, 12 hex digits.
func (m *Model) Version() string { return m.version }

// Marks reports whether a score is high enough to be shown.
func (m *Model) Marks(logOdds float64) bool { return logOdds >= m.card.Threshold }

// Score is the log odds that a person would call the post relevant, as far as
// its title and text tell. It is about posts like those that were reviewed,
// not about posts at large.
func (m *Model) Score(title, body *text.Doc) float64 {
	var r reader
	r.read(title, body)
	return m.sum(r.features)
}

func (m *Model) sum(features []Feature) float64 { return sum(m.weights, m.bias, features) }

// Words are the stretches of title and text that speak most for the post
// being relevant, at most n, the weightiest first. Words that follow each
// other are one stretch.
func (m *Model) Words(title, body *text.Doc, n int) []veghe.Span {
	var found []weighed
	for _, part := range m.contributions(title, body) {
		for i, w := range part.weights {
			if w <= 0 {
				continue
			}
			found = append(found, weighed{part.field, part.doc, i, i, w})
		}
	}
	slices.SortStableFunc(found, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	found = join(found[:min(n, len(found))])
	spans := make([]veghe.Span, len(found))
	for i, f := range found {
		start, end := int(f.doc.Tokens[f.first].Start), int(f.doc.Tokens[f.last].End)
		spans[i] = veghe.Span{Field: f.field, Start: start, End: end, Text: f.doc.Source()[start:end]}
	}
	return spans
}

// weighed is a stretch of words and what it adds.
type weighed struct {
	field       string
	doc         *text.Doc
	first, last int
	weight      float64
}

// join makes one of stretches that touch.
func join(all []weighed) (out []weighed) {
	slices.SortFunc(all, func(a, b weighed) int { return cmp.Or(cmp.Compare(a.field, b.field), a.first-b.first) })
	for _, w := range all {
		if k := len(out) - 1; k >= 0 && out[k].field == w.field && out[k].last+1 == w.first {
			out[k].last = w.last
			out[k].weight += w.weight
			continue
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	return out
}

// contribution is what each word of one text adds to the log odds.
type contribution struct {
	field   string
	doc     *text.Doc
	weights []float64 // by token
}

// contributions shares the score out: what a feature adds is divided among
// the words it was found in. With the bias they add up to the score.
func (m *Model) contributions(title, body *text.Doc) []contribution {
	var r reader
	r.read(title, body)
	parts := []contribution{
		{"title", title, make([]float64, len(title.Tokens))},
		{"", body, make([]float64, len(body.Tokens))},
	}
	for k, doc := range []*text.Doc{title, body} {
		r.each(doc, func(h uint64, first, last int) {
			f, count := r.find(h)
			w := float64(m.weights[f.Index]) * float64(f.Value) / float64(count) / float64(last-first+1)
			for i := first; i <= last; i++ {
				parts[k].weights[i] += w
			}
		})
	}
	return parts
}

// Logistic turns log odds into a number between 0 and 1.
func Logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
