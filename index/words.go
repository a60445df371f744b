package index

import (
	"strings"
	"unicode/utf8"

	"veghe/detect/text"
)

// foldVersion names the way words are cut and folded. The search index is
// made anew when it changes, since its terms no longer fit.
const foldVersion = text.Version

// Bounds on what of one post is searchable by word.
const (
	maxWords   = 50_000 // words per post
	maxWordLen = 64     // bytes of a folded word; the rest is cut off
)

// word is one word of a text, folded, and where it stands: bytes of the
// original.
type word struct {
	folded     string
	start, end int
}

// words cuts a text into folded words, as the rules read it. The same function
// reads posts and queries, so that străinătate, strainatate and STRĂINĂTATE are
// one word whichever side writes which. Words stand in their order, so that
// phrases can be looked for.
func words(s string) []word {
	main, _ := read(s)
	return main
}

// read gives the words of a text, and beside them what stands there in
// disguise: s p a c e d or l33t words as they were meant, and emoji.
func read(s string) (main, beside []word) {
	var d text.Doc
	d.Fold(s)
	folded := string(d.Folded())
	main = make([]word, 0, min(len(d.Tokens), maxWords))
	for _, t := range d.Tokens[:min(len(d.Tokens), maxWords)] {
		main = append(main, word{cut(folded[t.From:t.To], maxWordLen), int(t.Start), int(t.End)})
	}
	for _, t := range d.Extra[:min(len(d.Extra), maxWords)] {
		beside = append(beside, word{cut(string(d.Word(t.Token)), maxWordLen), int(t.Start), int(t.End)})
	}
	return main, beside
}

// wanted is what a word of a query asks for: its words, or an emoji.
func wanted(s string) []word {
	main, beside := read(s)
	if len(main) == 0 {
		return beside[:min(len(beside), 1)]
	}
	return main
}

// fold is the folding of words for whole values, such as handles and places.
func fold(s string) string { return strings.TrimSpace(text.Fold(s)) }

// cut shortens s to at most n bytes at the start of a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
