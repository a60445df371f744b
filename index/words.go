package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldVersion names the way words are cut and folded. The search index is
// made anew when it changes, since its terms no longer fit.
const foldVersion = "local1"

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

// words cuts a text into folded words. The same function reads posts and
// queries, so that străinătate, strainatate and STRĂINĂTATE are one word
// whichever side writes which.
func words(s string) []word {
	var out []word
	start := -1
	for i, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && (unicode.IsMark(r) || unicode.Is(unicode.Cf, r)):
			if start < 0 {
				start = i
			}
			continue
		case start >= 0:
			out = append(out, word{cut(foldWord(s[start:i]), maxWordLen), start, i})
			start = -1
		}
		if len(out) >= maxWords {
			return out
		}
	}
	if start >= 0 {
		out = append(out, word{cut(foldWord(s[start:]), maxWordLen), start, len(s)})
	}
	return out
}

// fold is the folding of words for whole values, such as handles and places.
func fold(s string) string { return foldWord(strings.TrimSpace(s)) }

func foldWord(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		if r >= 0x300 && r < 0x370 || unicode.Is(unicode.Cf, r) {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

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
