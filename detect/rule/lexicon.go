package rule

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
)

// lexicon numbers all terms of a set and their words, each once however many
// signals have it, on the way to the vocabulary, the classes and the trie.
type lexicon struct {
	terms numbering
	uses  []int32 // by term: of how many signals it is one
	leads []bool  // by term: whether to find it makes a unit a candidate
	paths []int32 // words of the terms, one after another
	at    []int32 // by term: its first word in paths; then where the last ends

	words   numbering
	classes []bool // by word
}

// newLexicon has room for so many terms.
func newLexicon(terms int) *lexicon {
	return &lexicon{
		terms: newNumbering(terms), words: newNumbering(terms / 4),
		uses: make([]int32, 0, terms), leads: make([]bool, 0, terms), paths: make([]int32, 0, 2*terms), at: append(make([]int32, 0, terms+1), 0),
	}
}

// add counts a term and returns its number.
func (l *lexicon) add(t *Term, leads bool) int32 {
	n, known := l.terms.number(t.spelled)
	if known {
		l.uses[n]++
		l.leads[n] = l.leads[n] || leads
		return n
	}
	l.uses, l.leads = append(l.uses, 1), append(l.leads, leads)
	for rest, more := t.spelled, true; more; {
		w := rest
		if i := strings.IndexByte(rest, ' '); i >= 0 {
			w, rest = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		k, known := l.words.number(w)
		if !known {
			class := !t.symbol && (w[len(w)-1] == '*' || strings.IndexByte(w, '?') >= 0)
			l.classes = append(l.classes, class)
		}
		l.paths = append(l.paths, k)
	}
	l.at = append(l.at, int32(len(l.paths)))
	return n
}

// numbering gives each of many texts a number, in the order in which they
// come. It is a map that is filled once.
type numbering struct {
	texts []string
	slots []uint64 // upper half of the hash, number plus one
	seed  maphash.Seed
}

func newNumbering(texts int) numbering {
	n := 64
	for n < 2*texts {
		n <<= 1
	}
	return numbering{texts: make([]string, 0, texts), slots: make([]uint64, n), seed: maphash.MakeSeed()}
}

// number is the number of a text, and whether it had one.
func (n *numbering) number(s string) (int32, bool) {
	if 2*len(n.texts) >= len(n.slots) {
		n.grow()
	}
	h := maphash.String(n.seed, s)
	for at := h & uint64(len(n.slots)-1); ; at = (at + 1) & uint64(len(n.slots)-1) {
		switch slot := n.slots[at]; {
		case slot == 0:
			n.texts = append(n.texts, s)
			n.slots[at] = h>>32<<32 | uint64(len(n.texts))
			return int32(len(n.texts) - 1), false
		case slot>>32 == h>>32 && n.texts[uint32(slot)-1] == s:
			return int32(uint32(slot) - 1), true
		}
	}
}

func (n *numbering) grow() {
	n.slots = make([]uint64, 2*len(n.slots))
	for i, s := range n.texts {
		h := maphash.String(n.seed, s)
		at := h & uint64(len(n.slots)-1)
		for n.slots[at] != 0 {
			at = (at + 1) & uint64(len(n.slots)-1)
		}
		n.slots[at] = h>>32<<32 | uint64(i+1)
	}
}

// path is the words of a term.
func (l *lexicon) path(term int32) []int32 { return l.paths[l.at[term]:l.at[term+1]] }

// symbolOrder is the order of all words in the symbols.
type symbolOrder struct {
	symbols []symbol // by word of the lexicon
	words   []string
	classes []termWord
	leading symbol // first words that are terms which lead to units, up to this
	terms   symbol // then those that are terms, up to this
}

// symbols gives every word its symbol: first the words that are terms by
// themselves, those that lead to units first; then other words, in each part
// those that stand in terms most often first; then the classes in the order
// of compareWords.
func (l *lexicon) symbols() (out symbolOrder) {
	uses, part := make([]int32, len(l.words.texts)), bytes.Repeat([]byte{2}, len(l.words.texts))
	for term, n := range l.uses {
		path := l.path(int32(term))
		for _, w := range path {
			uses[w] += n
		}
		if len(path) == 1 {
			part[path[0]] = byte(boolInt(!l.leads[term]))
		}
	}
	type class struct {
		termWord
		word int32
	}
	var order []int32
	var sorted []class
	for w, isClass := range l.classes {
		if isClass {
			sorted = append(sorted, class{wordOfSpelling(l.words.texts[w]), int32(w)})
		} else {
			order = append(order, int32(w))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(part[a], part[b]), cmp.Compare(uses[b], uses[a]), cmp.Compare(l.words.texts[a], l.words.texts[b]))
	})
	slices.SortFunc(sorted, func(a, b class) int { return compareWords(a.termWord, b.termWord) })
	out.symbols = make([]symbol, len(l.words.texts))
	out.words, out.classes = make([]string, len(order)), make([]termWord, len(sorted))
	for i, w := range order {
		out.words[i], out.symbols[w] = l.words.texts[w], symbol(i+1) // 0 is no symbol
		out.leading += symbol(boolInt(part[w] == 0))
		out.terms += symbol(boolInt(part[w] <= 1))
	}
	for i, c := range sorted {
		out.classes[i], out.symbols[c.word] = c.termWord, symbol(len(order)+1+i)
	}
	return out
}
