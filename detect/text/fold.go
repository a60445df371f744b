package text

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Words of ASCII letters and digits, nearly all there are, go eight bytes at
// a time; everything else goes through Doc.slow, character by character.
//
// In the masks below each byte's top bit says something about that byte.
const (
	ones  = 0x0101010101010101
	tops  = 0x8080808080808080
	geA   = (0x80 - 'A') * ones // added, sets the top bit of bytes >= 'A'
	gtZ   = (0x7f - 'Z') * ones
	gea   = (0x80 - 'a') * ones
	gtz   = (0x7f - 'z') * ones
	ge0   = (0x80 - '0') * ones
	gt9   = (0x7f - '9') * ones
	mixer = 0x9E3779B97F4A7C15
)

// alnum is true of the ASCII letters and digits.
var alnum = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80
	}
	return t
}()

// mix is one step of the hash, over up to eight bytes of a word.
func mix(h, w uint64) uint64 {
	a, b := bits.Mul64(h^w, mixer)
	return a ^ b
}

// Hash is the hash of a folded word, as tokens carry it. It is the same in
// every process of one Version; it is not proof against made collisions, so
// compare the word too before it counts.
func Hash(w []byte) uint64 {
	h := uint64(mixer)
	for len(w) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(w))
		w = w[8:]
	}
	if len(w) > 0 {
		var x uint64
		for _, v := range slices.Backward(w) {
			x = x<<8 | uint64(v)
		}
		h = mix(h, x)
	}
	return h
}

// load is eight bytes of s from i, zeros past the end.
func load(s string, i int) uint64 {
	if i+8 <= len(s) {
		b := s[i : i+8]
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	}
	var x uint64
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// Fold reads s, filling d anew.
func (d *Doc) Fold(s string) {
	d.reset(s)
	s = d.src
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case alnum[c]:
			i = d.fast(s, i)
		case c < utf8.RuneSelf:
			d.anchor(i)
			d.out = append(d.out, c)
			i++
		default:
			i = d.slow(s, i)
		}
	}
	d.n = len(d.out)
	d.evade()
}

// fast folds a word that starts with an ASCII letter or digit at st, and
// returns where it ends.
func (d *Doc) fast(s string, st int) int {
	var letters, digits uint64
	i, from, h := st, len(d.out), uint64(mixer)
	out := d.out
	for {
		w := load(s, i)
		x := w &^ tops
		x |= (x + geA) & ^(x + gtZ) & tops >> 2
		al := (x + gea) & ^(x + gtz) & tops &^ w
		dg := (x + ge0) & ^(x + gt9) & tops &^ w
		stop := ^(al | dg) & tops
		if stop == 0 {
			letters |= al
			digits |= dg
			h = mix(h, x)
			out = binary.LittleEndian.AppendUint64(out, x)
			i += 8
			continue
		}
		k := bits.TrailingZeros64(stop) >> 3
		if below := uint64(1)<<(k*8) - 1; k > 0 {
			letters |= al & below
			digits |= dg & below
			h = mix(h, x&below)
			n := len(out)
			out = binary.LittleEndian.AppendUint64(out, x)[:n+k]
			i += k
		}
		break
	}
	if i < len(s) && (s[i] >= utf8.RuneSelf || s[i] == '\'' && contraction(s, i+1)) {
		return d.slow(s, st) // the word goes on, or may
	}
	d.anchorAt(st, from)
	d.out = out
	var f Flags
	if letters != 0 {
		f |= Letter
	}
	if digits != 0 {
		f |= Digit
	}
	d.Tokens = append(d.Tokens, Token{Start: int32(st), End: int32(i), From: int32(from), To: int32(len(out)), Hash: h, Flags: f})
	return i
}

// anchor records that what is appended next comes from byte i of the
// original, if that does not follow from the last segment.
func (d *Doc) anchor(i int) { d.anchorAt(i, len(d.out)) }

func (d *Doc) anchorAt(i, fold int) {
	if i-fold == d.delta {
		return
	}
	d.delta = i - fold
	if n := len(d.segs); n > 0 && int(d.segs[n-1].fold) == fold {
		d.segs[n-1].orig = int32(i) // nothing was written since
		return
	}
	d.segs = append(d.segs, segment{int32(fold), int32(i)})
}

// wordState is a word being folded character by character.
type wordState struct {
	start, from int
	segs, delta int // of the Doc when the word began
	flags       Flags
	base        uint32 // script of the last letter
	scripts     [other + 1]bool
	hidden      int // invisible characters waiting for a letter to follow
}

// slow folds one word, or one separator, at st, and returns where it ends.
func (d *Doc) slow(s string, st int) int {
	w := wordState{start: st, from: len(d.out), segs: len(d.segs), delta: d.delta}
	i := st
	for i < len(s) {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		e := d.lookup(r, n)
		switch e.kind() {
		case separator:
			if len(d.out) > w.from {
				if d.contracted(s, i, n, e, r) {
					i += n
					continue
				}
				d.endWord(s, w, i)
				return i
			}
			d.anchor(i)
			d.put(e, r)
			return i + n
		case symbol, solo:
			if len(d.out) > w.from {
				d.endWord(s, w, i)
				return i
			}
			return d.single(e, r, i, n)
		case dropped:
			w.hidden++
		case mark:
			if w.base != other {
				d.dropMark(&w, r)
				break
			}
			d.anchor(i)
			d.put(e, r)
		default:
			d.letter(&w, e, r, i)
		}
		i += n
	}
	d.endWord(s, w, i)
	return i
}

// lookup is the entry of r, decoded from n bytes.
func (d *Doc) lookup(r rune, n int) entry {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case !alnum[r]:
			return 0
		case r <= '9':
			return entry(word)<<27 | entry(common)<<24
		case r <= 'Z':
			return entry(word)<<27 | entry(latin)<<24 | changeBit | entry(r+'a'-'A')
		}
		return entry(word)<<27 | entry(latin)<<24
	case r == utf8.RuneError && n == 1:
		return changeBit | ' '
	}
	return d.tab.entry(r)
}

// put appends what r folds to.
func (d *Doc) put(e entry, r rune) {
	switch {
	case e&changeBit == 0:
		d.out = utf8.AppendRune(d.out, r)
	case e&longBit != 0:
		d.out = append(d.out, d.tab.long[e&valueMask]...)
	default:
		d.out = utf8.AppendRune(d.out, rune(e&valueMask))
	}
}

func (d *Doc) letter(w *wordState, e entry, r rune, i int) {
	if len(d.out) == w.from {
		w.start, w.hidden = i, 0
	}
	d.anchor(i)
	d.put(e, r)
	w.base = e.script()
	w.scripts[w.base] = true
	if w.base == common {
		w.flags |= Digit
	} else {
		w.flags |= Letter
	}
	if e&accentBit != 0 {
		d.Accented = true
	}
	if e&fancyBit != 0 {
		w.flags |= Evasive
	}
	if w.hidden > 0 {
		d.hide(w, i)
	}
}

// hide counts invisible characters between two letters. In scripts that need
// joiners they are spelling, and a soft hyphen is typesetting.
func (d *Doc) hide(w *wordState, i int) {
	if w.base != other && d.src[i-2:i] != "\u00ad" {
		d.Hidden += w.hidden
		w.flags |= Evasive
	}
	w.hidden = 0
}

// dropMark drops a combining mark, unless it makes a Cyrillic letter another.
func (d *Doc) dropMark(w *wordState, m rune) {
	if w.base == latin {
		d.Accented = true
	}
	if w.base != cyrillic {
		return
	}
	r, n := utf8.DecodeLastRune(d.out[w.from:])
	if c := composed(r, m); c != 0 {
		d.out = utf8.AppendRune(d.out[:len(d.out)-n], c)
	}
}

// composed is the Cyrillic letter of its own right that a letter and a mark
// make, or 0.
func composed(r, m rune) rune {
	switch [2]rune{r, m} {
	case [2]rune{'и', '\u0306'}:
		return 'й'
	case [2]rune{'у', '\u0306'}:
		return 'ў'
	case [2]rune{'і', '\u0308'}:
		return 'ї'
	case [2]rune{'г', '\u0301'}:
		return 'ѓ'
	case [2]rune{'к', '\u0301'}:
		return 'ќ'
	}
	return 0
}

// contracted reports whether the separator at i is the apostrophe of an
// English contraction: don't is one word, l'acqua two.
func (d *Doc) contracted(s string, i, n int, e entry, r rune) bool {
	if e&changeBit != 0 {
		r = rune(e & valueMask)
	}
	if r != '\'' {
		return false
	}
	return contraction(s, i+n)
}

// contraction reports whether a word of s ends with one of the short forms
// 't 's 'm 'd 're 've 'll, of which the letters start at i.
func contraction(s string, i int) bool {
	n := 0
	for i+n < len(s) && n < 3 && alnum[s[i+n]] {
		n++
	}
	if i+n < len(s) && s[i+n] >= utf8.RuneSelf {
		if r, _ := utf8.DecodeRuneInString(s[i+n:]); tables().entry(r).kind() != separator {
			return false
		}
	}
	switch n {
	case 1:
		switch s[i] | 0x20 {
		case 't', 's', 'm', 'd':
			return true
		}
	case 2:
		switch string([]byte{s[i] | 0x20, s[i+1] | 0x20}) {
		case "re", "ve", "ll":
			return true
		}
	}
	return false
}

// single makes a token of one character: a symbol, or a character of a
// script without spaces.
func (d *Doc) single(e entry, r rune, i, n int) int {
	d.anchor(i)
	from := len(d.out)
	d.put(e, r)
	t := Token{Start: int32(i), End: int32(i + n), From: int32(from), To: int32(len(d.out)), Hash: Hash(d.out[from:])}
	if e.kind() == solo {
		t.Flags = Letter | Solo
		d.Tokens = append(d.Tokens, t)
		return i + n
	}
	t.Flags = Symbol
	at := int32(len(d.Tokens))
	d.Extra = append(d.Extra, Extra{Token: t, First: at, Last: at - 1, Cover: [2]int32{t.From, t.To}})
	return i + n
}

// endWord makes a token of what was written since w began, if anything.
func (d *Doc) endWord(s string, w wordState, end int) {
	if len(d.out) == w.from {
		return
	}
	if w.scripts[latin] && (w.scripts[cyrillic] || w.scripts[greek]) {
		d.unmix(s, w, end)
		w.flags |= Evasive
	}
	d.Tokens = append(d.Tokens, Token{
		Start: int32(w.start), End: int32(end), From: int32(w.from), To: int32(len(d.out)),
		Hash: Hash(d.out[w.from:]), Flags: w.flags,
	})
}
