package main

import (
	"math"

	"veghe/detect/lang/internal/ngram"
)

// How Romanian, Hungarian and Turkish letters look when text of an old
// encoding is read as another: still common in forums.
var garbled = map[string]string{"ro": "ăãşºţþ", "hu": "őõűû", "tr": "ışýşþğð"}

// The shares of text without diacritics and of garbled text in the model of a
// language.
const (
	foldedShare  = 0.3
	garbledShare = 0.02
)

// doubt is the weight of the shorter context per letter that was seen after
// the longer one (Witten and Bell 1991 have 1). It hardly matters.
const doubt = 1

// unseen is the probability of a letter that a language does not have.
const unseen = 1.0 / 120

// model holds how often each sequence occurs in one language, and per
// context (a sequence that others continue) how often and by how many letters
// it is continued.
type model struct {
	count map[ngram.Key]float64
	total map[ngram.Key]float64
	kinds map[ngram.Key]float64
}

func newModel(s sequences, script ngram.Script, lang string) *model {
	m := &model{count: map[ngram.Key]float64{}, total: map[ngram.Key]float64{}, kinds: map[ngram.Key]float64{}}
	plain := make(map[ngram.Key]float64, len(s))
	for gram, n := range s {
		if k, ok := key(gram, script); ok {
			plain[k] += n
		}
	}
	misread := map[byte]byte{}
	swap := []rune(garbled[lang])
	for i := 0; i+1 < len(swap); i += 2 {
		_, from := ngram.Letter(swap[i])
		_, misread[from] = ngram.Letter(swap[i+1])
	}
	for _, k := range sortedKeys(plain) { // in order, so that sums are the same in every run
		m.count[k] += (1 - foldedShare - garbledShare) * plain[k]
		m.count[each(k, func(c byte) byte { return ngram.Fold(script, c) })] += foldedShare * plain[k]
		m.count[each(k, func(c byte) byte {
			if to, ok := misread[c]; ok {
				return to
			}
			return c
		})] += garbledShare * plain[k]
	}
	for _, k := range sortedKeys(m.count) {
		m.total[k.Head()] += m.count[k]
		m.kinds[k.Head()]++
	}
	return m
}

// each replaces every letter of a key.
func each(k ngram.Key, letter func(byte) byte) ngram.Key {
	var out ngram.Key
	for i := k.Len() - 1; i >= 0; i-- {
		c := k.At(i)
		if c != ngram.Edge {
			c = letter(c)
		}
		out = out.Push(c)
	}
	return out
}

// probability is that of the last letter of k after the others, given that
// after all of them but the first.
func (m *model) probability(k ngram.Key, shorter float64) float64 {
	total := m.total[k.Head()]
	if total == 0 {
		return shorter
	}
	w := doubt * m.kinds[k.Head()]
	return (m.count[k] + w*shorter) / (total + w)
}

// frequency is the share of k among the letters of the language.
func (m *model) frequency(k ngram.Key) float64 { return m.count[k] / m.total[0] }

// rows holds the log probability of the last letter of each sequence, by
// language.
type rows map[ngram.Key][]float64

// newRows works out the rows of all keys, which must hold the tail of each of
// them and be in order of length.
func newRows(models []*model, keys []ngram.Key) rows {
	p := make(rows, len(keys))
	start := make([]float64, len(models))
	for i := range start {
		start[i] = unseen
	}
	p[0] = start
	for _, k := range keys {
		row := make([]float64, len(models))
		for i, m := range models {
			row[i] = m.probability(k, p[k.Tail()][i])
		}
		p[k] = row
	}
	for _, row := range p {
		for i := range row {
			row[i] = math.Log(row[i])
		}
	}
	return p
}

// gain is what a row adds to that of a shorter sequence: how far it moves two
// languages apart, at the mean over the rivals of a language, times how often
// that happens in a text of the language.
func (p rows) gain(models []*model, k, shorter ngram.Key) float64 {
	a, b := p[k], p[shorter]
	best := 0.0
	for i, m := range models {
		f := m.frequency(k)
		if f == 0 {
			continue
		}
		moved := 0.0
		for j := range models {
			moved += math.Abs((a[i] - a[j]) - (b[i] - b[j]))
		}
		best = max(best, f*moved/float64(len(models)))
	}
	return best
}
