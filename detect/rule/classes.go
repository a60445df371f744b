package rule

import (
	"cmp"
	"encoding/binary"
	"unicode/utf8"
)

// classSet finds the classes that a word belongs to, such as "stem*" and
// "colo?r". A class is kept under its head: the bytes before its first "?",
// at most eight. A word is held only against classes whose head it begins
// with; nearly all words are turned away by one bit for each length of head.
type classSet struct {
	classes []termWord // class k has symbol base+k
	base    symbol
	bits    []uint64
	slots   []headSlot
	lens    []headLen // lengths of heads in use
}

// headSlot is a head with its classes list[from:to], which follow each other
// in the order of the set.
type headSlot struct {
	head     uint64
	n        uint32 // bytes of the head, plus one; 0: empty
	from, to uint32
}

type headLen struct {
	n    int
	mask uint64
}

const maxHead = 8

// newClassSet takes classes in the order of compareWords, without repeats.
func newClassSet(words []termWord, base symbol) *classSet {
	c := &classSet{classes: words, base: base}
	size, bits := 16, 64
	for size < 3*len(words) {
		size <<= 1
	}
	for bits < 24*len(words) && bits < 1<<18 {
		bits <<= 1
	}
	c.slots, c.bits = make([]headSlot, size), make([]uint64, bits/64)
	var used [maxHead + 1]bool
	for i := 0; i < len(words); {
		n := headOf(words[i])
		h := load8([]byte(words[i].spelling)) & lowBytes(n)
		j := i + 1
		for j < len(words) && headOf(words[j]) == n && load8([]byte(words[j].spelling))&lowBytes(n) == h {
			j++
		}
		c.insert(headSlot{h, uint32(n) + 1, uint32(i), uint32(j)})
		used[n] = true
		i = j
	}
	for n, u := range used {
		if u {
			c.lens = append(c.lens, headLen{n, lowBytes(n)})
		}
	}
	return c
}

func (c *classSet) insert(s headSlot) {
	h := headHash(s.head, int(s.n)-1)
	b := h >> 40 & uint64(len(c.bits)*64-1)
	c.bits[b>>6] |= 1 << (b & 63)
	at := h & uint64(len(c.slots)-1)
	for c.slots[at].n != 0 {
		at = (at + 1) & uint64(len(c.slots)-1)
	}
	c.slots[at] = s
}

// headOf is how many bytes of a class stand before its first "?".
func headOf(w termWord) int {
	n := 0
	for n < len(w.spelling) && n < maxHead && w.spelling[n] != '?' {
		n++
	}
	return n
}

func lowBytes(n int) uint64 {
	if n >= 8 {
		return ^uint64(0)
	}
	return 1<<(8*n) - 1
}

func headHash(head uint64, n int) uint64 {
	h := (head + uint64(n)) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// load8 is the first eight bytes of a word, zeros past its end.
func load8(w []byte) uint64 {
	if len(w) >= 8 {
		return binary.LittleEndian.Uint64(w)
	}
	var b [8]byte
	copy(b[:], w)
	return binary.LittleEndian.Uint64(b[:])
}

// may reports whether a word of n bytes, of which the first eight are given,
// may be in a class.
func (c *classSet) may(first uint64, n int) bool {
	for _, l := range c.lens {
		h := headHash(first&l.mask, l.n)
		b := h >> 40 & uint64(len(c.bits)*64-1)
		if c.bits[b>>6]>>(b&63)&1 != 0 && l.n <= n {
			return true
		}
	}
	return false
}

// find appends the symbols of the classes that a word belongs to.
func (c *classSet) find(word []byte, to []symbol) []symbol {
	first := load8(word)
	for _, l := range c.lens {
		h := headHash(first&l.mask, l.n)
		b := h >> 40 & uint64(len(c.bits)*64-1)
		if c.bits[b>>6]>>(b&63)&1 == 0 || l.n > len(word) {
			continue
		}
		for at := h & uint64(len(c.slots)-1); c.slots[at].n != 0; at = (at + 1) & uint64(len(c.slots)-1) {
			if s := &c.slots[at]; s.head == first&l.mask && int(s.n) == l.n+1 {
				to = c.of(s, word, to)
				break
			}
		}
	}
	return to
}

// of appends the classes under a head that a word fits as a whole.
func (c *classSet) of(s *headSlot, word []byte, to []symbol) []symbol {
	for k := s.from; k < s.to; k++ {
		if c.classes[k].fits(word) {
			to = append(to, c.base+symbol(k))
		}
	}
	return to
}

// compareWords orders classes for the set: by spelling, "?" first, so that
// those with one head stand together.
func compareWords(a, b termWord) int {
	return cmp.Or(cmp.Compare(headOf(a), headOf(b)), cmp.Compare(a.spelling, b.spelling), cmp.Compare(boolInt(a.prefix), boolInt(b.prefix)))
}

// fits is matches for the bytes of a word.
func (w termWord) fits(word []byte) bool {
	p := w.spelling
	for len(p) > 0 {
		if len(word) == 0 {
			return false
		}
		if p[0] != '?' {
			if p[0] != word[0] {
				return false
			}
			p, word = p[1:], word[1:]
			continue
		}
		_, n := utf8.DecodeRune(word)
		p, word = p[1:], word[n:]
	}
	return w.prefix || len(word) == 0
}
