package text

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

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
	var out, letter []byte
	t := tables()
	for _, r := range norm.NFC.String(s) {
		e := t.lookup(r, utf8.UTFMax)
		switch k := e.kind(); {
		case r == '?': // one letter, in terms
			out = append(out, '?')
		case k != word && k != solo:
		case unicode.IsUpper(r):
			letter = t.fold(letter[:0], e, r)
			out = append(out, bytes.ToUpper(letter)...)
		default:
			out = t.fold(out, e, r)
		}
	}
	return string(out)
}
