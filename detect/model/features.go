package model

import (
	"math"
	"slices"
	"unicode/utf8"

	"veghe/detect/text"
)

// The features are words, pairs of words that follow each other, and the
// stretches of three to five letters within a word, its ends marked: "munca"
// has "^mu", "mun", … "nca$". Each is hashed to one of size weights and to a
// sign, so that those that share a weight by chance cancel out rather than add
// up (Weinberger et al. 2009, arXiv:0902.2206). A feature found n times counts
// 1 + ln n, and each post is scaled to length one.
const (
	bits = 18
	size = 1 << bits

	shortest, longest = 3, 5 // stretches of letters

	maxTokens = 4096 // of one text; what follows is not looked at
	maxWord   = 40   // bytes; the rest of a longer word is not looked at
)

// Kinds of features, so that the word "abc" is not the letters "abc".
const (
	kindWord    = 0x9E3779B97F4A7C15
	kindPair    = 0xD6E8FEB86659FD93
	kindLetters = 0xA24BAED4963EE407
)

// reader turns texts into features. The zero value is ready; it is reused
// from post to post and belongs to one goroutine.
type reader struct {
	features []Feature

	keys   []uint32 // index<<1 | sign, sorted, with repeats
	runs   []run
	word   []byte
	starts []int
}

// run is a key and how often it stands there.
type run struct {
	key   uint32
	count int
}

// read fills features from the texts.
func (r *reader) read(docs ...*text.Doc) {
	r.keys = r.keys[:0]
	for _, d := range docs {
		r.each(d, func(h uint64, _, _ int) { r.keys = append(r.keys, key(h)) })
	}
	slices.Sort(r.keys)
	r.runs, r.features = r.runs[:0], r.features[:0]
	for _, k := range r.keys {
		if n := len(r.runs) - 1; n >= 0 && r.runs[n].key == k {
			r.runs[n].count++
			continue
		}
		r.runs = append(r.runs, run{k, 1})
	}
	square := 0.0
	for _, u := range r.runs {
		v := 1.0
		if u.count > 1 {
			v += math.Log(float64(u.count))
		}
		square += v * v
		if u.key&1 != 0 {
			v = -v
		}
		r.features = append(r.features, Feature{u.key >> 1, float32(v)})
	}
	scale := float32(1 / math.Sqrt(max(square, 1)))
	for i := range r.features {
		r.features[i].Value *= scale
	}
}

// find is the feature that a hash fell on in the texts just read, and how
// often.
func (r *reader) find(h uint64) (Feature, int) {
	i, _ := slices.BinarySearchFunc(r.runs, key(h), func(u run, k uint32) int { return int(u.key) - int(k) })
	return r.features[i], r.runs[i].count
}

// key is the weight of a hash, and its sign in the lowest bit.
func key(h uint64) uint32 { return uint32(h>>(64-bits))<<1 | uint32(h&1) }

// each calls f with the hash of every feature of a text and the tokens it was
// found in.
func (r *reader) each(d *text.Doc, f func(h uint64, first, last int)) {
	before := uint64(0)
	for i := range d.Tokens[:min(len(d.Tokens), maxTokens)] {
		w := r.spell(d, i)
		h := hash(kindWord, w)
		f(h, i, i)
		if i > 0 {
			f(pair(before, h), i-1, i)
		}
		before = h
		r.letters(w, func(h uint64) { f(h, i, i) })
	}
}

// spell is a word as the model sees it: folded, each digit a 0, so that it
// learns that a number stands there and not which.
func (r *reader) spell(d *text.Doc, i int) []byte {
	t := d.Tokens[i]
	w := d.Word(t)
	if len(w) > maxWord {
		w = w[:maxWord]
		for len(w) > 0 && !utf8.Valid(w) {
			w = w[:len(w)-1]
		}
	}
	r.word = append(r.word[:0], w...)
	if t.Flags&text.Digit == 0 {
		return r.word
	}
	for k, c := range r.word {
		if c >= '0' && c <= '9' {
			r.word[k] = '0'
		}
	}
	return r.word
}

// letters calls f with each stretch of letters of a word.
func (r *reader) letters(w []byte, f func(h uint64)) {
	var buf [maxWord + 2]byte
	s := append(append(append(buf[:0], '^'), w...), '$')
	r.starts = r.starts[:0]
	for i := range s {
		if utf8.RuneStart(s[i]) {
			r.starts = append(r.starts, i)
		}
	}
	runes := len(r.starts)
	r.starts = append(r.starts, len(s))
	for n := shortest; n <= longest; n++ {
		for i := 0; i+n <= runes; i++ {
			f(hash(kindLetters, s[r.starts[i]:r.starts[i+n]]))
		}
	}
}

// hash is FNV-1a with a seed, mixed so that the upper bits are as good as the
// lower ones.
func hash(seed uint64, b []byte) uint64 {
	h := seed ^ 14695981039346656037
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

func pair(a, b uint64) uint64 { return mix(a*kindPair + b) }

func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return h ^ h>>31
}
