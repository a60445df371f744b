package rule

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"veghe/detect/text"
)

// classSet finds the classes that a word belongs to, such as "stem*" and
// "colo?r". A class is kept under its head: the bytes before its first "?",
// at most eight. A word is held only against classes whose head it begins
// with. Nearly all words are turned away on the way: its first four bytes
// tell which lengths of heads there are, one bit each whether there may be
// such a head.
type classSet struct {
	classes []termWord // class k has symbol base+k
	uses    []classUse // by class
	base    symbol
	lens    []uint16 // by first four bytes: lengths of heads, a bit each
	short   uint16   // lengths under four bytes
	lengths []uint8  // all there are
	bits    []uint64
	slots   []headSlot
}

// headSlot is a head with its classes, which follow each other in the order
// of the set.
type headSlot struct {
	head  uint64
	from  uint32
	count uint16 // 0: empty
	n     uint8  // bytes of the head
	whole bool   // the head is all there is of the class: it is a prefix
}

const (
	maxHead    = 8
	firstBytes = 4
	lensBits   = 14
)

// classUse is what a class is good for.
type classUse struct {
	end   uint32 // that it completes by itself, or 0
	flags uint32 // of the symbol of a word that is in no vocabulary; 0: part of no longer term
}

// link notes what the classes are good for, once the trie stands.
func (c *classSet) link(t *trie) {
	c.uses = make([]classUse, len(c.classes))
	for i := range c.uses {
		k := c.base + symbol(i)
		c.uses[i].end = t.ends[k]
		if t.part[k] {
			c.uses[i].flags = t.good(k)&^completes | viaClass | unlisted
		}
	}
}

// newClassSet takes classes in the order of compareWords, without repeats.
func newClassSet(words []termWord, base symbol) *classSet {
	c := &classSet{classes: words, base: base}
	size, n := 16, 64
	for size < 3*len(words)/2 {
		size <<= 1
	}
	for n < 24*len(words) && n < 1<<18 {
		n <<= 1
	}
	c.slots, c.bits, c.lens = make([]headSlot, size), make([]uint64, n/64), make([]uint16, 1<<lensBits)
	for i := 0; i < len(words); {
		n := headOf(words[i])
		h := load8([]byte(words[i].spelling)) & lowBytes(n)
		j := i + 1
		for j < len(words) && j-i < 1<<16-1 && headOf(words[j]) == n && load8([]byte(words[j].spelling))&lowBytes(n) == h {
			j++
		}
		whole := j == i+1 && words[i].prefix && len(words[i].spelling) == n
		c.insert(headSlot{head: h, from: uint32(i), count: uint16(j - i), n: uint8(n), whole: whole})
		if !slices.Contains(c.lengths, uint8(n)) {
			c.lengths = append(c.lengths, uint8(n))
		}
		if i = j; n < firstBytes {
			c.short |= 1 << n
		} else {
			c.lens[lensSlot(h)] |= 1 << n
		}
	}
	return c
}

func (c *classSet) insert(s headSlot) {
	h := headHash(s.head, int(s.n))
	b := h >> 40 & uint64(len(c.bits)*64-1)
	c.bits[b>>6] |= 1 << (b & 63)
	at := h & uint64(len(c.slots)-1)
	for c.slots[at].count != 0 {
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

func lowBytes(n int) uint64 { return ^uint64(0) >> (64 - 8*min(uint(n), 8)) }

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

func lensSlot(first uint64) uint32 {
	return uint32(first) * 0x9E3779B1 >> (32 - lensBits)
}

// classBatch is how many words are held against the heads at once.
const classBatch = 64

// classHeads is room for the heads of a batch of words.
type classHeads struct {
	words [classBatch]int32
	first [classBatch]uint64 // bytes of each
	heads [classBatch*(maxHead+1) + 1]classHead
}

// classHead is a head that a word has and that classes may have.
type classHead struct {
	hash, head uint64
	word       int32
	n          int32
}

// of are the heads that some tokens have and classes may have: nearly none.
// First it lists the words that may be in a class, then their heads, each
// written over by the next unless it counts.
func (b *classHeads) of(d *text.Doc, tokens []int32, c *classSet) []classHead {
	folded, n := d.Folded(), 0
	for _, i := range tokens {
		t := &d.Tokens[i]
		first := uint64(0)
		if w := folded[t.From:]; len(w) >= 8 {
			first = binary.LittleEndian.Uint64(w) & lowBytes(int(t.To-t.From))
		} else {
			first = load8(w[:t.To-t.From])
		}
		b.words[n%classBatch], b.first[n%classBatch] = i, first
		n += int(nonZero(uint32(c.lens[lensSlot(first)] | c.short)))
	}
	k := 0
	for i := range n {
		first := b.first[i%classBatch]
		lens := c.lens[lensSlot(first)] | c.short
		for _, n := range c.lengths {
			// A head longer than the word ends in zeros, which no class has.
			x := &b.heads[k]
			x.head, x.n, x.word = first&lowBytes(int(n)), int32(n), b.words[i%classBatch]
			x.hash = headHash(x.head, int(n))
			k += int(c.mayBit(x.hash) & uint32(lens>>n) & 1)
		}
	}
	return b.heads[:k]
}

// find appends the symbols of the classes that a word belongs to. The first
// eight bytes of the word are given with it.
func (c *classSet) find(first uint64, word []byte, to []symbol) []symbol {
	for lens := c.lens[lensSlot(first)] | c.short; lens != 0; lens &= lens - 1 {
		n := bits.TrailingZeros16(lens)
		if n > len(word) {
			break
		}
		head := first & lowBytes(n)
		if h := headHash(head, n); c.may(h) {
			to = c.under(h, head, n, word, to)
		}
	}
	return to
}

// may reports whether there may be classes with a head of that hash.
func (c *classSet) may(h uint64) bool { return c.mayBit(h) != 0 }

// mayBit is may as 0 or 1.
func (c *classSet) mayBit(h uint64) uint32 {
	b := h >> 40 & uint64(len(c.bits)*64-1)
	return uint32(c.bits[b>>6] >> (b & 63) & 1)
}

// under appends the classes with a head of n bytes that a word fits as a
// whole.
func (c *classSet) under(h, head uint64, n int, word []byte, to []symbol) []symbol {
	for at := h & uint64(len(c.slots)-1); ; at = (at + 1) & uint64(len(c.slots)-1) {
		s := &c.slots[at]
		switch {
		case s.count == 0:
			return to
		case s.head != head || int(s.n) != n:
			continue
		case s.whole:
			return append(to, c.base+symbol(s.from))
		}
		for k := s.from; k < s.from+uint32(s.count); k++ {
			if c.classes[k].fits(word) {
				to = append(to, c.base+symbol(k))
			}
		}
	}
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
