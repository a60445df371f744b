package wording

import (
	"slices"
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

// feature is one that stands in a text: its weight in a table, and the first
// and last token it was found in.
type feature struct {
	at          uint32
	first, last uint16
}

// Reading is the features of a text, found once for all models. The zero value
// is no text. It is reused: most of the cost of a model is in finding them.
type Reading struct {
	features []feature
}

// largeReading is too large to be kept for the next text.
const largeReading = 1 << 17

// Reset makes it no text again.
func (r *Reading) Reset() {
	if r.features = r.features[:0]; cap(r.features) > largeReading {
		r.features = nil
	}
}

// Add adds a text, but for the words in skip. The ranges are in order.
func (r *Reading) Add(d *text.Doc, skip []text.Range) {
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
		r.features = append(r.features, feature{place(h), uint16(i), uint16(i)})
		if follows { // no pair spans a skipped word
			r.features = append(r.features, feature{place(before*seedLetters + h), uint16(i - 1), uint16(i)})
		}
		before, follows = h, true
		r.letters(append(w, edgeEnd), uint16(i))
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

// letters adds each stretch of letters of word number i, which has its edges.
func (r *Reading) letters(w []byte, i uint16) {
	if !ascii(w) {
		r.runes(w, i)
		return
	}
	r.features = slices.Grow(r.features, (longest-shortest+1)*len(w))
	out := r.features
	for len(w) >= shortest {
		h := (uint64(seedLetters) ^ uint64(w[0])) * prime
		h = (h ^ uint64(w[1])) * prime
		h = (h ^ uint64(w[2])) * prime
		out = append(out, feature{place(h), i, i})
		for k := shortest; k < min(longest, len(w)); k++ {
			h = (h ^ uint64(w[k])) * prime
			out = append(out, feature{place(h), i, i})
		}
		w = w[1:]
	}
	r.features = out
}

// runes is letters for words in which a letter may be several bytes.
func (r *Reading) runes(w []byte, i uint16) {
	for len(w) > 0 {
		h := uint64(seedLetters)
		next, n := 0, 0
		for k := 0; k < len(w) && n < longest; {
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
				r.features = append(r.features, feature{place(h), i, i})
			}
		}
		w = w[next:]
	}
}

func ascii(w []byte) bool {
	for _, c := range w {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// place is where in a table of weights a hash has its own: upper bits that
// depend on all of it.
func place(h uint64) uint32 {
	return uint32((h ^ h>>32) * 0xD6E8FEB86659FD93 >> (64 - bits))
}
