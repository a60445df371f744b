package contact

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"veghe/detect/text"
)

// placeName is a name that begins with some word.
type placeName struct {
	rest    []string // the words after the first
	value   string
	capital bool // a common word: only with a capital letter
	upper   bool // only in capital letters, among others in small ones
	prep    bool // and only after a preposition
}

// prepositions that a place stands after, folded.
var prepositions = set("in la din din spre langa catre pana de prin nearby from to at near nel da dal per en desde hacia nach aus bei a au depuis vers un in в із зі из во до з у от от към край біля під под через judetul orasul municipiul zona localitatea orasului judetului around jud loc str din")

// places reads the names that begin with token k, the longest first.
func (f *finder) place(k int, w *word) {
	best := -1
	for i := range w.places {
		p := &w.places[i]
		if (best < 0 || len(p.rest) > len(w.places[best].rest)) && f.isPlace(k, p) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	p := &w.places[best]
	s := span{int(f.toks[k].From), int(f.toks[k+len(p.rest)].To)}
	if f.free(s) && !f.inHandle(s) {
		f.add(Place, p.value, s, false)
		f.country(p.value[:2])
	}
}

// inHandle reports whether a name is part of an @name, a #tag's path or a
// word with underscores.
func (f *finder) inHandle(s span) bool {
	if s.from > 0 && strings.IndexByte("@_/", f.f[s.from-1]) >= 0 && !f.spaced(s.from-1) {
		return true
	}
	return s.to < len(f.f) && (f.f[s.to] == '_' || f.f[s.to] == '@')
}

// spaced reports whether a blank or a name is before a slash: "Roma/Milano".
func (f *finder) spaced(at int) bool {
	return f.f[at] == '/' && at > 0 && f.f[at-1] != '/' && f.f[at-1] != '.'
}

func (f *finder) isPlace(k int, p *placeName) bool {
	for i, w := range p.rest {
		gap := f.gap(k + i)
		if string(f.word(k+i+1)) != w || len(gap) > 2 || len(gap) == 0 || len(bytes.Trim(gap, " -.'")) > 0 {
			return false
		}
	}
	if !p.capital && !p.prep && !p.upper {
		return true
	}
	prep := k > 0 && prepositions[string(f.word(k-1))] && len(f.gap(k-1)) == 1
	switch {
	case p.upper:
		return f.upper(k) && (prep || !f.shouted(k))
	case p.capital && p.prep:
		return prep && f.capital(k)
	case p.prep:
		return prep
	}
	return prep || f.capital(k) && !f.clause(k) && !f.shouted(k)
}

// capital reports whether a token begins with a capital letter in the text.
func (f *finder) capital(k int) bool {
	if k < 0 || k >= len(f.toks) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(f.d.Source()[f.toks[k].Start:])
	return unicode.IsUpper(r)
}

// shouted reports whether a token stands among words in capital letters only,
// where a capital says nothing.
func (f *finder) shouted(k int) bool {
	return f.upper(k) && (f.upper(k-1) || f.upper(k+1))
}

// upper reports whether a token has no small letter.
func (f *finder) upper(k int) bool {
	if k < 0 || k >= len(f.toks) || f.toks[k].Flags&text.Letter == 0 {
		return false
	}
	return strings.IndexFunc(f.d.Source()[f.toks[k].Start:f.toks[k].End], unicode.IsLower) < 0
}

// addPlaces reads a line of places.txt.
func (v *vocab) addPlaces(value, names string) error {
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		p := placeName{value: value}
		bare := strings.TrimLeft(name, "!?~^=*")
		signs := name[:len(name)-len(bare)]
		p.capital = strings.ContainsAny(signs, "!?")
		p.upper = strings.Contains(signs, "*")
		p.prep = strings.ContainsAny(signs, "?~")
		folded := text.Words(bare)
		if len(folded) == 0 {
			return fmt.Errorf("%s has an empty name", value)
		}
		p.rest = folded[1:]
		v.addPlace(folded[0], p)
		if len(folded) > 1 || strings.Contains(signs, "=") {
			continue
		}
		for _, form := range inflected(folded[0], strings.Contains(signs, "^")) {
			v.addPlace(form, p)
		}
	}
	return nil
}

func (v *vocab) addPlace(first string, p placeName) {
	w := v.get(first)
	same := func(q placeName) bool { return slices.Equal(q.rest, p.rest) }
	if !slices.ContainsFunc(w.places, same) { // the first line that has a name keeps it
		w.places = append(w.places, p)
	}
}

// inflected lists the forms of a folded name: the cases and the article of
// Romanian, the genitive of English and German, the cases of Russian,
// Ukrainian and Bulgarian, and those of Hungarian when asked. Forms that no
// one uses do no harm.
func inflected(name string, hungarian bool) []string {
	last, size := utf8.DecodeLastRuneInString(name)
	stem := name[:len(name)-size]
	if hungarian {
		return with(name, "ban ben ba be bol on en ra re rol tol hoz hez nak nek nal val vel")
	}
	switch {
	case strings.HasSuffix(name, "ия"), strings.HasSuffix(name, "ія"):
		i := name[len(name)-4 : len(name)-2]
		return with(stem, "ю "+i+" "+i+"ю ею й єю")
	case last == 'а':
		return with(stem, "ы е у ой и і ою")
	case last == 'я':
		return with(stem, "и ю е ей і ею")
	case last == 'ь':
		return with(stem, "и ю я е і ем")
	case last == 'ы', last == 'и':
		return with(stem, "ах ов ам ами ях ей")
	case last >= 'б' && last <= 'щ':
		return with(name, "а е у ом і ові от ът")
	case last >= utf8.RuneSelf:
		return nil
	case strings.HasSuffix(name, "ia"):
		return append(with(stem, "ei"), name+"s")
	case last == 'a':
		return append(with(stem, "ei"), name+"s")
	case last == 'u':
		return with(name, "lui l s")
	case last == 'i':
		return with(name, "ului ul lor s")
	}
	return with(name, "ului ul s")
}

func with(stem, endings string) []string {
	out := strings.Fields(endings)
	for i, e := range out {
		out[i] = stem + e
	}
	return out
}
