package contact

import "bytes"

// The ages looked for.
const (
	minAge = 8
	maxAge = 90
)

// years reads the number before a word for years: "19 ani", "25 de ani",
// "18-35 ani", "17 years old", "мне 16 лет". A number of years can also be a
// duration; the words around tell: "de 10 ani", "ten years ago", "2 years
// experience".
func (f *finder) years(i int) {
	k := i - 1
	if string(f.word(k)) == "de" && f.number(k-1) {
		k-- // above nineteen, Romanian says "25 de ani"
	}
	if !f.number(k) || !f.near(k, int(f.toks[k+1].From)) {
		return
	}
	age := f.age(k)
	if age == "" {
		return
	}
	first := k
	if low := f.lowAge(&first); low != "" {
		age = low + "-" + age
	}
	to := i
	sure := first != k // a range is of people
	if f.meaning(i+1).old && len(f.gap(i)) == 1 {
		to, sure = i+1, true
	}
	if f.durationAfter(to) || !sure && !f.ageBefore(first) {
		return
	}
	f.add(Age, age, span{int(f.toks[first].From), int(f.toks[to].To)}, false)
}

// age is a number of years that a person can have, as digits.
func (f *finder) age(k int) string {
	w := f.word(k)
	if !f.number(k) || len(w) == 0 || len(w) > 2 || w[0] == '0' {
		return ""
	}
	n := 0
	for _, c := range w {
		n = n*10 + int(c-'0')
	}
	if n < minAge || n > maxAge {
		return ""
	}
	return string(w)
}

// lowAge reads the low end of a range that ends with token k: 18-35, 18 si 35.
func (f *finder) lowAge(k *int) string {
	if gap := bytes.TrimSpace(f.gap(*k - 1)); string(gap) == "-" {
		if low := f.age(*k - 1); low != "" {
			*k--
			return low
		}
		return ""
	}
	switch string(f.word(*k - 1)) {
	case "si", "la", "and", "to", "e", "y", "und", "bis", "до":
		if low := f.age(*k - 2); low != "" {
			*k -= 2
			return low
		}
	}
	return ""
}

// durationAfter reports whether the words after years make them a duration.
func (f *finder) durationAfter(i int) bool {
	if len(f.gap(i)) != 1 {
		return false
	}
	switch string(f.word(i + 1)) {
	case "de", "di", "of", "d": // of experience
		return true
	}
	return f.meaning(i + 1).spanAfter
}

// ageBefore reports whether a number of years is an age by what is before it:
// a word that leads to an age within two words ("am doar 16 ani", "fata de 19
// ani"), the beginning of a clause, or a name. A bare "for 20 years", "de 10
// ani" or "tine 10 ani" is a duration.
func (f *finder) ageBefore(k int) bool {
	if f.clause(k) {
		return true
	}
	before := f.meaning(k - 1)
	switch {
	case before.lead:
		return true
	case before.span && string(f.word(k-1)) != "de" && string(f.word(k-1)) != "da":
		return false
	case !f.clause(k-1) && f.meaning(k-2).lead:
		return true
	}
	return f.capital(k-1) && !before.spanAfter && !before.span
}

// clause reports whether a token is the first of a text, a line or a clause.
func (f *finder) clause(k int) bool {
	return k <= 0 || bytes.ContainsAny(f.gap(k-1), ".,;:!?()|\n") || string(bytes.TrimSpace(f.gap(k-1))) == "-"
}
