package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Strict is a word with its diacritics: composed, in lower case, the cedilla
// forms of Romanian ș and ț as the comma forms, without what is no part of a
// word. It is for the few words whose diacritics matter.
func Strict(s string) string { return clean(s, unicode.ToLower) }

// StrictCased is Strict with the case as written.
func StrictCased(s string) string { return clean(s, func(r rune) rune { return r }) }

func clean(s string, letter func(rune) rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'ş':
			r = 'ș'
		case r == 'ţ':
			r = 'ț'
		case r == 'Ş':
			r = 'Ș'
		case r == 'Ţ':
			r = 'Ț'
		case r == '?': // one letter, in terms
			return r
		case !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r):
			return -1
		}
		return letter(r)
	}, norm.NFC.String(s))
}

// Cased is a word folded but for its case.
func Cased(s string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		switch {
		case r == '?':
			b.WriteRune(r)
		case unicode.IsUpper(r):
			b.WriteString(strings.ToUpper(string(FoldWord([]byte(string(r))))))
		default:
			b.Write(FoldWord([]byte(string(r))))
		}
	}
	return b.String()
}
