package rule

import (
	"cmp"
	"encoding/binary"
	"slices"

	"veghe/detect/text"
)

// A symbol is what stands for a word of a term: the number of a word, or,
// after those, of a class of words such as "stem*". Zero is no symbol.
type symbol = uint32

// In a slot of the vocabulary and in the matcher's tokens, the top bits of a
// word's symbol say what it is good for.
const (
	starts     = 1 << 31 // begins a term
	classes    = 1 << 30 // is in at least one class
	symbolMask = 1<<30 - 1
)

// vocabulary maps the hash of a folded word to its symbol. Slots are
// tag<<32 | flags | symbol, with the upper half of the hash as tag, filled to
// a third, so that a word costs about one cache line.
type vocabulary struct {
	slots []uint64
	words []string // by symbol
	class []int32  // by symbol: its classes are classOf[class[s]:class[s+1]]
	of    []symbol
}

func newVocabulary(words []string) *vocabulary {
	n := 64
	for n < 3*len(words) {
		n <<= 1
	}
	v := &vocabulary{slots: make([]uint64, n), words: append([]string{""}, words...)}
	for i := 1; i < len(v.words); i++ {
		h := text.Hash([]byte(v.words[i]))
		at := v.slot(h)
		for v.slots[at] != 0 {
			at = (at + 1) & uint32(len(v.slots)-1)
		}
		v.slots[at] = h>>32<<32 | uint64(i)
	}
	return v
}

func (v *vocabulary) slot(h uint64) uint32 { return uint32(h) & uint32(len(v.slots)-1) }

// get is the symbol of the word with hash h, with its flags, or 0. Another
// word may share the hash: the word is compared before anything is reported.
func (v *vocabulary) get(h uint64) uint32 {
	mask := uint32(len(v.slots) - 1)
	at := uint32(h) & mask
	for {
		s := v.slots[at&uint32(len(v.slots)-1)]
		if s>>32 == h>>32 && s != 0 {
			return uint32(s)
		}
		if s == 0 {
			return 0
		}
		at = (at + 1) & mask
	}
}

// find is the exact symbol of a word, or 0.
func (v *vocabulary) find(word string) symbol {
	i, ok := slices.BinarySearch(v.words[1:], word)
	if !ok {
		return 0
	}
	return symbol(i + 1)
}

// flag sets a flag on the slot of a word.
func (v *vocabulary) flag(s symbol, f uint64) {
	at := v.slot(text.Hash([]byte(v.words[s])))
	for uint32(v.slots[at])&symbolMask != s {
		at = (at + 1) & uint32(len(v.slots)-1)
	}
	v.slots[at] |= f
}

// classSet finds the classes that a word belongs to. Most words are turned
// away by one bit for their first bytes.
type classSet struct {
	classes []termWord // class k has symbol base+k
	base    symbol
	bits    []uint64           // of heads
	heads   map[uint32][]int32 // first bytes of the fixed start, with its length
	lens    [4]bool            // lengths of fixed starts in use
}

const headBits = 16

func newClassSet(words []termWord, base symbol) *classSet {
	c := &classSet{classes: words, base: base, bits: make([]uint64, 1<<headBits/64), heads: map[uint32][]int32{}}
	for i, w := range words {
		n := 0
		for n < len(w.spelling) && n < 3 && w.spelling[n] != '?' {
			n++
		}
		h := head([]byte(w.spelling), n)
		c.heads[h] = append(c.heads[h], int32(i))
		c.lens[n] = true
		b := headBit(h)
		c.bits[b>>6] |= 1 << (b & 63)
	}
	return c
}

// head packs the first n bytes, n at most 3, and n.
func head(w []byte, n int) uint32 {
	var b [4]byte
	copy(b[:n], w)
	b[3] = byte(n)
	return binary.LittleEndian.Uint32(b[:])
}

func headBit(h uint32) uint32 { return h * 0x9E3779B1 >> (32 - headBits) }

// find appends the symbols of the classes that the word belongs to.
func (c *classSet) find(word []byte, to []symbol) []symbol {
	for n, used := range c.lens {
		if !used || n > len(word) {
			continue
		}
		h := head(word, n)
		b := headBit(h)
		if c.bits[b>>6]>>(b&63)&1 == 0 {
			continue
		}
		for _, k := range c.heads[h] {
			if c.classes[k].matches(string(word)) {
				to = append(to, c.base+symbol(k))
			}
		}
	}
	return to
}

// compareWords orders class words for the set.
func compareWords(a, b termWord) int {
	return cmp.Or(cmp.Compare(a.spelling, b.spelling), cmp.Compare(boolInt(a.prefix), boolInt(b.prefix)))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
