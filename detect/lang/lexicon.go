package lang

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strings"

	"veghe/detect/lang/internal/ngram"
)

//go:embed words.txt
var wordList string

// bonus is what a function word adds to its languages: three nats. Anything
// from one to five does as well.
const bonus = 3 * ngram.Scale

// lexicon maps the hash of a word to the set of languages, by their number in
// the table of its script, in which it is a function word.
type lexicon struct {
	slots []lexSlot // a power of two, half empty; a zero hash is free
}

type lexSlot struct {
	hash uint64
	set  uint32
}

// newLexicon reads lines of "language: word word …".
func newLexicon(list string, tables []*ngram.Table) (*lexicon, error) {
	sets := map[uint64]uint32{}
	for n, line := range strings.Split(list, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		code, words, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("words.txt:%d: no colon, want the form ro: și sau dar", n+1)
		}
		if !addWords(sets, code, words, tables) {
			return nil, fmt.Errorf("words.txt:%d: language %q is in no table", n+1, code)
		}
	}
	lx := &lexicon{slots: make([]lexSlot, 1<<bits.Len(uint(2*len(sets))))}
	for h, set := range sets {
		i := lx.slot(h)
		lx.slots[i] = lexSlot{h, set}
	}
	return lx, nil
}

func addWords(sets map[uint64]uint32, code, words string, tables []*ngram.Table) bool {
	known := false
	var sp spelling
	var w word
	for _, t := range tables {
		i := index(t.Langs, code)
		if i < 0 {
			continue
		}
		known = true
		sc := scanner{s: words, links: noLinks}
		for {
			if _, ok := sc.next(&w); !ok {
				break
			}
			sp.read(words[w.start:w.end])
			script, word := sp.settle()
			if script != t.Script || len(word) < 2 {
				continue
			}
			exact, folded := hashes(script, word)
			sets[exact] |= 1 << i
			sets[folded] |= 1 << i
		}
	}
	return known
}

func index(langs []string, code string) int {
	for i, l := range langs {
		if l == code {
			return i
		}
	}
	return -1
}

// hashes returns the hash of a word and of its form without diacritics.
func hashes(s ngram.Script, word []byte) (exact, folded uint64) {
	const prime = 0x9E3779B97F4A7C15
	exact = uint64(s)
	folded = exact
	for _, c := range word {
		exact = (exact ^ uint64(c)) * prime
		exact ^= exact >> 29
		folded = (folded ^ uint64(ngram.Fold(s, c))) * prime
		folded ^= folded >> 29
	}
	return exact, folded
}

// languages returns the set of languages in which a word is a function word.
// A word with diacritics is looked up as it is first.
func (lx *lexicon) languages(s ngram.Script, word []byte) uint32 {
	if len(word) < 2 || len(word) > 14 {
		return 0
	}
	exact, folded := hashes(s, word)
	if set := lx.slots[lx.slot(exact)].set; set != 0 || exact == folded {
		return set
	}
	return lx.slots[lx.slot(folded)].set
}

// slot finds the place of a hash: its own, or the free one it would take.
func (lx *lexicon) slot(h uint64) int {
	mask := len(lx.slots) - 1
	i := int(h) & mask
	for lx.slots[i].hash != h && lx.slots[i].hash != 0 {
		i = (i + 1) & mask
	}
	return i
}
