// Package mutate writes a text again in the ways people use to get past word
// filters, so that rules can be tried against them before someone does.
//
// Each [Mutation] changes whole words and nothing else, always in the same
// way for the same text. It is for measuring only and never part of
// assessing a post.
package mutate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Mutation is one way of rewriting words.
type Mutation struct {
	// Name is what a person calls it by, such as l33t.
	Name string
	// Does says it in a few words.
	Does string
	// Hard says that rules are not expected to withstand it; what it finds
	// is reported and counts for nothing.
	Hard bool

	word func(word string, n int) string // n counts the words so far
	gap  string                          // stands for the spaces beside a word that was changed; empty: those spaces
}

// All are the mutations, in the order in which they are reported.
func All() []Mutation {
	return []Mutation{
		{Name: "diacritics", Does: "letters lose their marks: șase → sase", word: func(w string, _ int) string { return plain(w) }},
		{Name: "cedillas", Does: "comma below becomes cedilla: ș → ş", word: func(w string, _ int) string { return cedillas.Replace(w) }},
		{Name: "capitals", Does: "all in capitals", word: func(w string, _ int) string { return strings.ToUpper(w) }},
		{Name: "l33t", Does: "digits for letters: parinti → p4r1n71", word: func(w string, _ int) string { return replace(w, leet) }},
		{Name: "homoglyphs", Does: "Cyrillic letters that look Latin", word: func(w string, _ int) string { return replaceSome(w, lookalikes) }},
		{Name: "fullwidth", Does: "wide letters: ｗｉｄｅ", word: func(w string, _ int) string { return fullwidth(w) }},
		{Name: "zero-width", Does: "an invisible character inside each word", word: func(w string, _ int) string { return split(w, "\u200b") }},
		{Name: "spaced", Does: "letters spaced out, words further: s p a c e d   o u t", gap: "   ", word: func(w string, _ int) string { return between(w, " ") }},
		{Name: "dotted", Does: "letters with dots between: d.o.t.t.e.d", word: func(w string, _ int) string { return between(w, ".") }},
		{Name: "starred", Does: "one star inside each word: sta*rred", word: func(w string, _ int) string { return split(w, "*") }},
		{Name: "emoji", Does: "an emoji inside each word", word: func(w string, _ int) string { return split(w, "🔥") }},
		{Name: "drawn-out", Does: "vowels drawn out: looong", word: func(w string, _ int) string { return drawnOut(w) }},
		{Name: "spaced-flat", Does: "letters and words spaced alike: s p a c e d o u t", Hard: true, word: func(w string, _ int) string { return between(w, " ") }},
		{Name: "typo", Does: "two letters change places in long words", Hard: true, word: swapped},
		{Name: "dropped", Does: "a letter is left out in long words", Hard: true, word: dropped},
	}
}

// Named returns the mutation with a name.
func Named(name string) (Mutation, bool) {
	all := All()
	i := slices.IndexFunc(all, func(m Mutation) bool { return m.Name == name })
	if i < 0 {
		return Mutation{}, false
	}
	return all[i], true
}

// Range is a stretch of bytes.
type Range struct{ Start, End int }

// minLetters is how long a word must be to be disguised: nobody does it to
// "la", and what is left of it could be anything.
const minLetters = 4

// Text rewrites the words of s, at least four letters long, that begin within
// one of the stretches; nil means everywhere. Words that begin with @ or hold
// a digit, and links, stay as they are, for they are no words of a rule.
func (m Mutation) Text(s string, within []Range) string {
	var b strings.Builder
	n, last := 0, -1
	for at := 0; at < len(s); {
		end := wordEnd(s, at)
		if end == at {
			_, w := utf8.DecodeRuneInString(s[at:])
			if m.gap != "" && last == at && s[at] == ' ' {
				b.WriteString(m.gap)
			} else {
				b.WriteString(s[at : at+w])
			}
			at += w
			continue
		}
		w := s[at:end]
		if m.takes(s, at, end, within) {
			w = m.word(w, n)
			if m.gap != "" && at > 0 && s[at-1] == ' ' && last != at-1 {
				b.WriteString(m.gap[1:])
			}
			n, last = n+1, end
		}
		b.WriteString(w)
		at = end
	}
	return b.String()
}

func (m Mutation) takes(s string, at, end int, within []Range) bool {
	if within != nil && !slices.ContainsFunc(within, func(r Range) bool { return at >= r.Start && at < r.End }) {
		return false
	}
	if utf8.RuneCountInString(s[at:end]) < minLetters || strings.ContainsFunc(s[at:end], unicode.IsDigit) {
		return false
	}
	before := at > 0 && strings.IndexByte("@/._-&=:", s[at-1]) >= 0
	after := end+1 < len(s) && strings.IndexByte("@/._:=", s[end]) >= 0 && wordEnd(s, end+1) > end+1
	return !before && !after
}

// wordEnd is where the run of letters, marks and digits at i ends.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && w == 1 || !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
			return i
		}
		i += w
	}
	return i
}

// plain takes the marks off Latin, Greek and Cyrillic letters. Letters that
// are their own in the alphabet, such as й, stay: nobody leaves that out.
func plain(w string) string {
	var b strings.Builder
	for _, r := range w {
		d := []rune(norm.NFD.String(string(r)))
		if len(d) > 1 && unicode.Is(unicode.Latin, r) {
			r = d[0]
		}
		b.WriteRune(r)
	}
	return b.String()
}

var cedillas = strings.NewReplacer("ș", "ş", "ț", "ţ", "Ș", "Ş", "Ț", "Ţ")

var (
	leet       = map[rune]rune{'a': '4', 'e': '3', 'i': '1', 'o': '0', 's': '5', 't': '7'}
	lookalikes = map[rune]rune{
		'a': 'а', 'e': 'е', 'o': 'о', 'c': 'с', 'p': 'р', 'x': 'х', 'y': 'у', 'i': 'і',
		'A': 'А', 'E': 'Е', 'O': 'О', 'C': 'С', 'P': 'Р', 'X': 'Х', 'H': 'Н', 'K': 'К', 'M': 'М', 'T': 'Т', 'B': 'В', 'I': 'І',
	}
)

// replace changes every letter of the table. What would be all digits then
// stays, for no reader could read it.
func replace(w string, table map[rune]rune) string {
	left := 0
	out := strings.Map(func(r rune) rune {
		if to, ok := table[unicode.ToLower(r)]; ok {
			return to
		}
		left++
		return r
	}, w)
	if left < 2 {
		return w
	}
	return out
}

// replaceSome changes every letter of the table and leaves at least one Latin
// letter, as those who do it by hand mostly do.
func replaceSome(w string, table map[rune]rune) string {
	letters := []rune(w)
	kept := slices.ContainsFunc(letters, func(r rune) bool { _, ok := table[r]; return !ok })
	for i, r := range letters {
		to, ok := table[r]
		if !ok {
			continue
		}
		if !kept {
			kept = true
			continue
		}
		letters[i] = to
	}
	return string(letters)
}

func fullwidth(w string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r - '!' + '！'
		}
		return r
	}, w)
}

// split puts something into the middle of a word.
func split(w, with string) string {
	letters := []rune(norm.NFC.String(w))
	k := len(letters) / 2
	return string(letters[:k]) + with + string(letters[k:])
}

// between puts something between all letters.
func between(w, with string) string {
	return strings.Join(strings.Split(norm.NFC.String(w), ""), with)
}

// drawnOut repeats the last vowel.
func drawnOut(w string) string {
	i := strings.LastIndexAny(w, "aeiouAEIOU")
	if i < 0 {
		return w
	}
	return w[:i] + strings.Repeat(w[i:i+1], 4) + w[i+1:]
}

// long is the length, in letters, from which a slip of the finger leaves a
// word that can be recognised.
const long = 6

// swapped exchanges two neighbours in the middle.
func swapped(w string, n int) string {
	letters := []rune(w)
	if len(letters) < long {
		return w
	}
	k := 1 + (len(letters)/2+n)%(len(letters)-3)
	letters[k], letters[k+1] = letters[k+1], letters[k]
	return string(letters)
}

// dropped leaves out a letter of the middle.
func dropped(w string, n int) string {
	letters := []rune(w)
	if len(letters) < long {
		return w
	}
	k := 1 + (len(letters)/2+n)%(len(letters)-2)
	return string(slices.Delete(letters, k, k+1))
}
