package contact

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"veghe/detect/text"
)

// The ages looked for.
const (
	minAge = 8
	maxAge = 90
)

// years reads the number before a word for years: "19 ani", "25 de ani",
// "18-35 ani", "paisprezece ani", "17 years old", "мне 16 лет". A number of
// years can also be a duration; the words around tell: "de 10 ani", "ten years
// ago", "2 years experience".
func (f *finder) years(i int) {
	if i+1 < len(f.toks) && string(f.word(i)) == "y" && string(f.word(i+1)) != "o" {
		return
	}
	k := i - 1
	if string(f.word(k)) == "de" {
		k-- // above nineteen, Romanian says "25 de ani"
	}
	n, first := f.ageBackward(k)
	if n == 0 || !f.near(k, int(f.toks[k+1].From)) {
		return
	}
	value, to := strconv.Itoa(n), i
	start := first
	if low, at := f.lowAge(first); low != 0 && low < n {
		value, start = strconv.Itoa(low)+"-"+value, at
	}
	sure := start != first // a range is of people
	if string(f.gap(i-1)) == "-" && !f.find(i+1).is(old) && f.find(i).text == "year" {
		return // a 20-year career
	}
	if f.find(i+1).is(old) && len(f.gap(i)) == 1 {
		to, sure = i+1, true
	}
	if f.durationAfter(to) || !sure && !f.ageBefore(start) {
		return
	}
	f.add(Age, value, span{int(f.toks[start].From), int(f.toks[to].To)}, false)
}

// ageAt is the number of years a person can have that one token says, or 0.
func (f *finder) ageAt(k int) int {
	n := 0
	switch w := f.word(k); {
	case f.number(k) && len(w) <= 2 && w[0] != '0':
		n = small(w)
	case f.number(k):
	default:
		switch m := f.find(k); {
		case len(m.digit) == 2 && f.nine(k):
			n = 19
		case len(m.digit) == 2:
			n = int(m.digit[0]-'0')*10 + int(m.digit[1]-'0')
		case m.ten != 0:
			n = int(m.ten-'0') * 10
		}
	}
	if n < minAge || n > maxAge {
		return 0
	}
	return n
}

// ageBackward is the age that ends with token k, and the token it begins
// with: "22", "douăzeci și doi".
func (f *finder) ageBackward(k int) (n, first int) {
	if n = f.ageAt(k); n != 0 {
		return n, k
	}
	if m := f.find(k); len(m.digit) == 1 && m.digit != "0" {
		t := k - 1
		if f.find(t).is(glue) {
			t--
		}
		if f.find(t).ten != 0 {
			return f.ageAt(t) + int(m.digit[0]-'0'), t
		}
	}
	return 0, k
}

// small is the number that one or two digits spell.
func small(w []byte) int {
	n := 0
	for _, c := range w {
		n = n*10 + int(c-'0')
	}
	return n
}

// lowAge reads the low end of a range before token k: 18-35, 18 si 35.
func (f *finder) lowAge(k int) (low, first int) {
	if gap := bytes.TrimSpace(f.gap(k - 1)); len(gap) == 1 && (gap[0] == '-' || gap[0] == '/') {
		return f.ageAt(k - 1), k - 1
	}
	switch string(f.word(k - 1)) {
	case "si", "la", "and", "to", "e", "y", "und", "bis", "до", "та", "и", "sau", "or", "spre", "a", "ani", "ai", "al", "agli", "или", "чи":
		return f.ageAt(k - 2), k - 2
	}
	return 0, 0
}

// durationAfter reports whether the words after years make them a duration.
func (f *finder) durationAfter(i int) bool {
	if g := f.gap(i); len(g) == 0 || len(bytes.Trim(g, " -")) > 0 {
		return false
	}
	switch string(f.word(i + 1)) {
	case "de", "di", "of", "d", "in", "pe", "en": // of experience, in the trade
		return !f.find(i + 2).is(lead)
	}
	return f.find(i+1).is(lastAfter) || f.find(i+2).is(lastAfter) && f.find(i+1).is(netOf)
}

// ageBefore reports whether a number of years is an age by what is before it:
// a word that leads to an age within two words ("am doar 16 ani", "fata de 19
// ani"), the beginning of a clause, or a name. A bare "for 20 years", "de 10
// ani" or "tine 10 ani" is a duration.
func (f *finder) ageBefore(k int) bool {
	before := f.find(k - 1)
	if string(f.word(k-1)) == "a" && string(f.word(k-2)) == "y" {
		return false // il y a 10 ans
	}
	switch {
	case f.clause(k):
		return !f.find(k - 1).is(lasting)
	case before.is(lasting) && !before.is(lead):
		return !f.clause(k-1) && f.find(k-2).is(lead) && linking(f.word(k-1))
	case before.is(lead):
		return !f.find(k - 2).is(lasting)
	case !f.clause(k-1) && f.find(k-2).is(lead):
		return true
	}
	return f.capital(k-1) && !slices.Contains(f.o.Langs, "de") && !before.is(lastAfter|lasting)
}

// linking reports whether a word ties an age to a person: a girl of 19.
func linking(w []byte) bool {
	switch string(w) {
	case "de", "da", "of", "di":
		return true
	}
	return false
}

// clause reports whether a token is the first of a text, a line or a clause.
func (f *finder) clause(k int) bool {
	if k <= 0 {
		return true
	}
	g := f.gap(k - 1)
	return bytes.ContainsAny(g, ".,;:!?()|/\n") || len(g) > 1 && string(bytes.TrimSpace(g)) == "-" || len(g) > 2 && g[0] >= 0x80
}

// clauseEnd reports whether a token is the last of a text, a line or a clause.
func (f *finder) clauseEnd(k int) bool {
	return k+1 >= len(f.toks) || f.clause(k+1)
}

// gluedAge reads an age written together with its unit or the sex: 16yo, 14f,
// f14. The last two are also sizes and keys, so a clause must begin or end
// there.
func (f *finder) gluedAge(i int) {
	w := f.word(i)
	s := f.tok(i)
	n := leadingDigits(w)
	switch rest := string(w[n:]); {
	case n == 2 && w[0] != '0':
		age := small(w[:2])
		if age < minAge {
			return
		}
		unit := f.v.lookup(w[n:])
		switch {
		case unit != nil && unit.is(years) && rest != "y" && rest != "g":
			f.add(Age, string(w[:n]), s, false)
		case rest == "y" && i+1 < len(f.toks) && string(f.word(i+1)) == "o" && len(f.gap(i)) == 1:
			f.add(Age, string(w[:n]), span{s.from, int(f.toks[i+1].To)}, false)
		case rest == "y" && f.find(i-1).is(lead):
			f.add(Age, string(w[:n]), s, false)
		case (rest == "f" || rest == "m") && f.sexed(i, age, rest):
			f.add(Age, string(w[:n]), s, false)
		}
	case n == 0 && len(w) == 3 && (w[0] == 'f' || w[0] == 'm') && allDigits(string(w[1:])) && w[1] != '0':
		if age := small(w[1:]); age > 12 && f.sexed(i, age, string(w[:1])) {
			f.add(Age, string(w[1:]), span{s.from + 1, s.to}, false)
		}
	}
}

// sexed reports whether 14f, 14m, f14 or m14 can be about a person.
func (f *finder) sexed(i, age int, sex string) bool {
	if age > 60 {
		return false
	}
	first, last := f.clause(i), f.clauseEnd(i)
	if f.find(i - 1).is(lead) {
		return last || sex == "f"
	}
	if sex == "m" { // 14m is also a length
		return i == 0 && (last || len(f.toks) > 1 && len(f.find(1).places) > 0)
	}
	return first && last && !bytes.ContainsAny(f.gap(i-1), "/.")
}

// slashed reads "14/f", "f/14" and "14 y/o" around the number at token i.
func (f *finder) slashed(i int) {
	if f.ageAt(i) == 0 || !f.number(i) {
		return
	}
	to := -1
	switch {
	case letterIs(f.word(i+1), 'y') && letterIs(f.word(i+2), 'o') && len(f.gap(i)) <= 1 && string(f.gap(i+1)) == "/":
		to = i + 2
	case (letterIs(f.word(i+1), 'f') || letterIs(f.word(i+1), 'm')) && string(f.gap(i)) == "/" && !bytes.ContainsAny(f.gap(i-1), "/0123456789"):
		to = i + 1
	case (letterIs(f.word(i-1), 'f') || letterIs(f.word(i-1), 'm')) && string(f.gap(i-1)) == "/" && f.clause(i-1):
		to = i
	case f.bareAge(i):
		to = i
	}
	if to >= 0 {
		f.add(Age, string(f.word(i)), span{int(f.toks[i].From), int(f.toks[to].To)}, false)
	}
}

// bareAge reports whether a number is an age without a unit: "I'm 14", "im 15
// f", "14 f" at the beginning.
func (f *finder) bareAge(i int) bool {
	sex := letterIs(f.word(i+1), 'f') || letterIs(f.word(i+1), 'm')
	end := f.clauseEnd(i) && (i+1 >= len(f.toks) || !f.number(i+1)) || sex && f.clauseEnd(i+1)
	if !end || bytes.ContainsAny(f.f[f.toks[i].To:min(len(f.f), int(f.toks[i].To)+1)], "%:/-+$") {
		return false
	}
	switch string(f.word(i - 1)) {
	case "im": // also German
		return len(f.gap(i-1)) == 1 && (f.english() || f.toks[i-1].End-f.toks[i-1].Start > 2)
	}
	return sex && i == 0
}

func letterIs(w []byte, c byte) bool { return len(w) == 1 && w[0] == c }

func leadingDigits(w []byte) int {
	n := 0
	for n < len(w) && w[n] >= '0' && w[n] <= '9' {
		n++
	}
	return n
}

// roman are the school grades as Romanian writes them.
var roman = map[string]int{"iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10, "xi": 11, "xii": 12}

// ordinals are the school grades in words, after "clasa a".
var ordinals = map[string]int{
	"cincea": 5, "sasea": 6, "saptea": 7, "opta": 8, "noua": 9, "zecea": 10, "unsprezecea": 11, "doisprezecea": 12, "douasprezecea": 12,
}

const maxOrdinal = 12 // bytes

// grade reads a school grade as an age: "clasa a 8-a", "8th grade", "8 класс".
// Who is in one has a year or two at that, so the value is a range.
func (f *finder) grade(i int, plus int) {
	n, first, last := 0, i, i
	switch {
	case f.gradeNumber(i+1) > 0 && f.bound(i) && string(f.word(i)) != "grade" && pupilIn(f.word(i-1)):
		n, last = f.gradeNumber(i+1), i+1
	case letterIs(f.word(i+1), 'a') && f.bound(i) && f.bound(i+1) && (letterIs(f.word(i+3), 'a') && f.bound(i+2) || ordinals[string(f.word(i+2))] != 0):
		n, last = f.gradeNumber(i+2), i+2
	case f.gradeNumber(i-1) > 0 && f.bound(i-1) && (f.toks[i-1].Flags&text.Letter != 0 || plus == 6 && string(f.word(i)) != "clasa"):
		n, first = f.gradeNumber(i-1), i-1
	case f.number(i-2) && len(f.gap(i-2)) == 1 && f.gap(i - 2)[0] == '-' && f.bound(i-1) && len(f.word(i-1)) <= 4 && plus == 6:
		n, first = f.gradeNumber(i-2), i-2 // 8-й класс
	}
	if n < 3 {
		return
	}
	if f.bound(last) && letterIs(f.word(last+1), 'a') && last > i {
		last++
	}
	f.add(Age, strconv.Itoa(n+plus)+"-"+strconv.Itoa(n+plus+1), span{int(f.toks[first].From), int(f.toks[last].To)}, false)
}

// pupilIn reports whether a word leads to the grade that a pupil is in: cards
// and steel have classes, too.
func pupilIn(w []byte) bool {
	switch string(w) {
	case "in", "din", "en", "в", "у":
		return true
	}
	return false
}

// bound reports whether a blank or a dash is all between a token and the next.
func (f *finder) bound(k int) bool {
	g := f.gap(k)
	return len(g) > 0 && len(g) <= 2 && blankOr(g, "-.")
}

// gradeNumber is the grade from 3 to 12 that a token names, or 0: 8, 8th, VIII.
func (f *finder) gradeNumber(k int) int {
	w := f.word(k)
	if len(w) == 0 || len(w) > maxOrdinal {
		return 0
	}
	if n := roman[string(w)]; n > 0 {
		return n
	}
	if n := ordinals[string(w)]; n > 0 {
		return n
	}
	d := leadingDigits(w)
	if d == 0 || d > 2 || w[0] == '0' {
		return 0
	}
	if n := small(w[:d]); n <= 12 && (d == len(w) || strings.Contains(" th rd a й ти е ", " "+string(w[d:])+" ")) {
		return n
	}
	return 0
}
