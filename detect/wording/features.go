package wording

import (
	"unicode/utf8"

	"veghe/detect/text"
)

// The features of a text are its words, the pairs of words that follow each
// other, and the stretches of three to five letters within a word with its
// ends marked: "munca" has "^mu", "mun", … "nca$". Stretches let a word speak
// for its other forms, and for its kin in the next language. Each is hashed to
// one of size weights (Weinberger et al. 2009, arXiv:0902.2206).
//
// A feature that stands there twice counts twice, so that a sum over posts is
// the sum of the posts.
const (
	seedWord    = 0x9E3779B97F4A7C15
	seedLetters = 0xA24BAED4963EE407
	prime       = 1099511628211 // of FNV-1a

	edgeStart, edgeEnd = '^', '$'
)

// each calls f with the hash of every feature of a text, in its upper bits,
// and the first and last token it was found in. No pair spans a skipped word.
func each(d *text.Doc, skip []text.Range, f func(h uint64, first, last int)) {
	before, follows := uint64(0), false
	for i := range d.Tokens[:min(len(d.Tokens), maxTokens)] {
		t := d.Tokens[i]
		for len(skip) > 0 && skip[0].End <= int(t.Start) {
			skip = skip[1:]
		}
		if len(skip) > 0 && int(t.End) > skip[0].Start {
			follows = false
			continue
		}
		var buf [maxWord + 2]byte
		w := spell(buf[:1], d, t)
		h := uint64(seedWord)
		for _, c := range w[1:] {
			h = (h ^ uint64(c)) * prime
		}
		f(mix(h), i, i)
		if follows {
			f(mix(before*seedLetters+h), i-1, i)
		}
		before, follows = h, true
		letters(w, func(h uint64) { f(h, i, i) })
	}
}

// spell appends a word as the model sees it to buf: folded, each digit a 0, so
// that it knows that a number stands there and not which.
func spell(buf []byte, d *text.Doc, t text.Token) []byte {
	w := d.Word(t)
	if len(w) > maxWord {
		w = w[:maxWord]
		for len(w) > 0 && !utf8.RuneStart(w[len(w)-1]) {
			w = w[:len(w)-1]
		}
		if len(w) > 0 && w[len(w)-1] >= utf8.RuneSelf {
			w = w[:len(w)-1] // a rune without its end
		}
	}
	buf[0] = edgeStart
	buf = append(buf, w...)
	if t.Flags&text.Digit != 0 {
		for k, c := range buf {
			if c >= '0' && c <= '9' {
				buf[k] = '0'
			}
		}
	}
	return buf
}

// letters calls f with the hash of each stretch of letters of a word that
// begins with its edge.
func letters(w []byte, f func(h uint64)) {
	w = append(w, edgeEnd)
	for i := 0; i < len(w); {
		h := uint64(seedLetters)
		next, n := i, 0
		for k := i; k < len(w) && n < longest; {
			for {
				h = (h ^ uint64(w[k])) * prime
				k++
				if k == len(w) || utf8.RuneStart(w[k]) {
					break
				}
			}
			n++
			if n == 1 {
				next = k
			}
			if n >= shortest {
				f(mix(h))
			}
		}
		i = next
	}
}

// mix spreads a hash so that its upper bits depend on all of it.
func mix(h uint64) uint64 {
	h = (h ^ h>>32) * 0xD6E8FEB86659FD93
	return h ^ h>>29
}
