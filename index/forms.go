package index

import (
	"slices"
	"strings"
)

// minStem is the shortest stem, in bytes of the folded word, that other
// endings are tried on. With fewer letters words that mean different things
// meet (care, cartea).
const minStem = 4

// endings are those of Romanian nouns and adjectives (article, plural, cases)
// and of English plurals and verbs, folded. Words are looked up as they stand
// with each of them, instead of being cut down when they are indexed: the
// list can then change without indexing anything anew, and "quoted" words
// still mean themselves.
var endings = []string{
	"", "a", "e", "i", "s", "ea", "ei", "ii", "le", "ie", "ia", "ul", "es", "ed",
	"ele", "ile", "lor", "lui", "uri", "iei", "ing", "ului", "elor", "ilor", "urile", "urilor",
}

// forms returns the inflected forms under which a folded word may stand in a
// post, the word itself first.
func forms(w string) []string {
	stem := stemOf(w)
	out := []string{w}
	if len(stem) < minStem || strings.ContainsAny(w, "0123456789") {
		return out
	}
	for _, end := range endings {
		if f := stem + end; f != w {
			out = append(out, f)
		}
	}
	return out
}

// stemOf takes off the longest ending that leaves a long enough stem.
func stemOf(w string) string {
	for _, end := range slices.Backward(endings) {
		if stem, ok := strings.CutSuffix(w, end); ok && len(stem) >= minStem {
			return stem
		}
	}
	return w
}
