package rule

import "veghe/detect/text"

// A symbol stands for a word of a term: the number of a word, or, after
// those, of a class of words such as "stem*". Zero is no symbol.
type symbol = uint32

// In a slot of the vocabulary the top bits of a word's symbol say what it is
// good for. The matcher keeps symbols with these flags, one for each word of
// a text.
const (
	completes = 1 << 31 // is a term by itself, or, of a class, completes one
	begins    = 1 << 30 // begins a longer term, or fits a class that does
	viaClass  = 1 << 29 // fits a class that is part of longer terms
	// crowded: the slot is the home of a word that had to stand elsewhere.
	crowded = 1 << 28
	// unlisted: no word of the vocabulary, but in a class. The rest of the
	// symbol is then a place in Matcher.runs.
	unlisted   = crowded
	viaEnds    = 1 << 27 // completes terms of classes, see vocabulary.end
	besides    = 1 << 26 // an extra stands in the place of the next token
	symbolMask = 1<<26 - 1
)

// vocabulary maps the hash of a folded word to its symbol. A slot is
// tag<<32 | flags | symbol, with the upper half of the hash as tag; the table
// is at most half full, so that a word costs about one cache line, and a word
// that is not there mostly one look. Words that are terms have the lowest
// numbers, those that many terms use first: they are common in texts too, and
// what is known of them stands together in memory.
type vocabulary struct {
	slots []uint64
	words []string // by symbol
	// The classes of word s that are part of longer terms are
	// classes[classAt[s]:classAt[s+1]].
	classAt []uint32
	classes []symbol
	// end is what a word completes through its classes: an end, or, marked
	// several, a place in ends, from which they go on until 0.
	end  []uint32
	ends []uint32
}

// several marks a place in vocabulary.ends.
const several = 1 << 30

// newVocabulary takes words without repeats.
func newVocabulary(words []string) *vocabulary {
	n := 64
	for n < 2*len(words) {
		n <<= 1
	}
	v := &vocabulary{words: append([]string{""}, words...)}
	for !v.fill(n) {
		n <<= 1 // two words with one tag are kept apart by their slots
	}
	return v
}

// fill makes a table of n slots and reports whether every word is found in
// it.
func (v *vocabulary) fill(n int) bool {
	v.slots = make([]uint64, n)
	for i := 1; i < len(v.words); i++ {
		h := text.Hash([]byte(v.words[i]))
		at := v.home(h)
		if v.slots[at]&symbolMask != 0 {
			v.slots[at] |= crowded
		}
		for v.slots[at]&symbolMask != 0 {
			at = v.after(at)
		}
		v.slots[at] |= h>>32<<32 | uint64(i)
	}
	const enough = 1 << 26 // never reached but by words made for it
	for i := 1; i < len(v.words) && n < enough; i++ {
		if s := v.get(text.Hash([]byte(v.words[i]))); s&symbolMask != symbol(i) {
			return false
		}
	}
	return true
}

func (v *vocabulary) home(h uint64) uint32     { return uint32(h) & uint32(len(v.slots)-1) }
func (v *vocabulary) after(slot uint32) uint32 { return (slot + 1) & uint32(len(v.slots)-1) }

// get is the symbol of the word with hash h, with its flags, or 0. Another
// word may share the hash: words are compared before anything is reported.
func (v *vocabulary) get(h uint64) uint32 {
	s := v.slots[h&uint64(len(v.slots)-1)]
	switch {
	case s>>32 == h>>32:
		return uint32(s) &^ crowded
	case s&crowded == 0:
		return 0
	}
	return v.probe(h)
}

// probe goes on where the home of a word is taken by another.
func (v *vocabulary) probe(h uint64) uint32 {
	for at := v.after(v.home(h)); ; at = v.after(at) {
		switch s := v.slots[at]; {
		case s&symbolMask == 0:
			return 0
		case s>>32 == h>>32:
			return uint32(s) &^ crowded
		}
	}
}

// flag sets flags on the slot of a word.
func (v *vocabulary) flag(s symbol, flags uint32) {
	at := v.home(text.Hash([]byte(v.words[s])))
	for symbol(v.slots[at])&symbolMask != s {
		at = v.after(at)
	}
	v.slots[at] |= uint64(flags)
}

// link works out what each word is good for, once the trie stands.
func (v *vocabulary) link(c *classSet, t *trie) {
	n := len(v.words)
	v.classAt, v.end = make([]uint32, n+1), make([]uint32, n)
	var classes []symbol
	var ends []uint32
	for i := 1; i < n; i++ {
		s := symbol(i)
		word := []byte(v.words[i])
		classes = c.find(load8(word), word, classes[:0])
		ends = ends[:0]
		flags := t.good(s)
		for _, k := range classes {
			if t.inner[k] {
				flags |= begins
			}
			if t.ends[k] != 0 {
				flags |= viaEnds
				ends = append(ends, t.ends[k])
			}
			if t.part[k] {
				flags |= viaClass
				v.classes = append(v.classes, k)
			}
		}
		v.classAt[i+1] = uint32(len(v.classes))
		v.end[i] = v.several(ends)
		v.flag(s, flags)
	}
}

func (v *vocabulary) several(ends []uint32) uint32 {
	switch len(ends) {
	case 0:
		return 0
	case 1:
		return ends[0]
	}
	at := uint32(len(v.ends))
	v.ends = append(append(v.ends, ends...), 0)
	return at | several
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
