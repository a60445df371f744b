package contact

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// prepositions that a place stands after, folded.
var prepositions = set("in la din din spre lângă langa langa catre pana de near from to at a nel da dal per en desde hacia nach aus bei à au depuis vers în в из во до з із от у от near")

// place reads the names that begin with a word, the longest first.
func (f *finder) place(m mark) {
	best := -1
	for i, p := range m.w.places {
		if (best < 0 || len(p.rest) > len(m.w.places[best].rest)) && f.isPlace(m.tok, p) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	p := m.w.places[best]
	s := span{int(f.toks[m.tok].From), int(f.toks[m.tok+len(p.rest)].To)}
	if f.free(s) {
		f.add(Place, p.value, s, false)
	}
}

func (f *finder) isPlace(k int, p placeName) bool {
	for i, w := range p.rest {
		gap := f.gap(k + i)
		if string(f.word(k+i+1)) != w || len(gap) != 1 || !bytes.ContainsAny(gap, " -.'") {
			return false
		}
	}
	if p.capital && !f.capital(k) {
		return false
	}
	return !p.prep || k > 0 && prepositions[string(f.word(k-1))] && len(f.gap(k-1)) == 1
}

// capital reports whether a token begins with a capital letter in the text.
func (f *finder) capital(k int) bool {
	r, _ := utf8.DecodeRuneInString(f.d.Source()[f.toks[k].Start:])
	return unicode.IsUpper(r)
}
