package wording

import (
	"slices"
	"unicode/utf8"

	"veghe/detect/text"
)

// The features of a text are its words, the pairs of words that follow each
// other, and the stretches of three to five letters, a space among them:
// "nu zi" has "nu ", "u z", … "nu zi". Stretches let a word speak for its
// other forms and for its kin in the next language, and short words for what
// they stand between. Each is hashed to one of size weights (Weinberger et al.
// 2009, arXiv:0902.2206).
//
// A feature that stands there twice counts twice, so that a sum over posts is
// the sum of the posts.
const (
	seedWord    = 0x9E3779B97F4A7C15
	seedLetters = 0xA24BAED4963EE407
	prime       = 1099511628211 // of FNV-1a
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
	var near window
	for i := range d.Tokens[:min(len(d.Tokens), maxTokens)] {
		t := d.Tokens[i]
		for len(skip) > 0 && skip[0].End <= int(t.Start) {
			skip = skip[1:]
		}
		if len(skip) > 0 && int(t.End) > skip[0].Start {
			follows = false
			continue
		}
		var buf [maxWord]byte
		w := spell(buf[:0], d, t)
		h := uint64(seedWord)
		for _, c := range w {
			h = (h ^ uint64(c)) * prime
		}
		r.features = append(r.features, feature{place(h), uint16(i), uint16(i)})
		if follows { // nothing spans a skipped word
			r.features = append(r.features, feature{place(before*seedLetters + h), uint16(i - 1), uint16(i)})
		} else {
			near.begin(uint16(i))
		}
		before, follows = h, true
		r.letters(&near, w, uint16(i))
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

// letters adds each stretch of letters that ends in word number i, or with the
// space after it.
func (r *Reading) letters(near *window, w []byte, i uint16) {
	out := slices.Grow(r.features, (longest-shortest+1)*(len(w)+1))
	for len(w) > 0 {
		c, n := rune(w[0]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRune(w)
		}
		w = w[n:]
		out = near.letter(out, uint64(c), i)
	}
	r.features = near.letter(out, ' ', i)
}

// window is the last letters of a text, the newest first.
type window struct {
	letters [longest]uint64
	words   [longest]uint16 // in which each stands
	n       int
}

// begin lets a text begin, or begin again, with a word.
func (w *window) begin(word uint16) {
	w.letters[0], w.words[0], w.n = ' ', word, 1
}

// letter appends each stretch that ends with a letter.
func (w *window) letter(out []feature, c uint64, word uint16) []feature {
	for k := longest - 1; k > 0; k-- {
		w.letters[k], w.words[k] = w.letters[k-1], w.words[k-1]
	}
	w.letters[0], w.words[0] = c, word
	w.n = min(w.n+1, longest)
	h := uint64(seedLetters)
	for k := range w.n {
		h = (h ^ w.letters[k]) * prime
		if k >= shortest-1 {
			out = append(out, feature{place(h), w.words[k], word})
		}
	}
	return out
}

// place is where in a table of weights a hash has its own: upper bits that
// depend on all of it.
func place(h uint64) uint32 {
	return uint32((h ^ h>>32) * 0xD6E8FEB86659FD93 >> (64 - bits))
}
