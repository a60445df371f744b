package rule

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"veghe/detect/text"
)

// probe is what a signal looks for in the text. Signals that take the same
// terms from the same lists share one.
type probe struct {
	terms   []probeTerm // of Words, by end
	kind    Kind
	evasive bool   // only
	wide    bool   // of many terms
	scans   []scan // of Regexp
	*Signal
}

// probeTerm is one term of a probe.
type probeTerm struct {
	end   uint32
	exact int32 // of Set.exact, for terms with modifiers; else -1
	lang  uint8 // bit of the language
}

// scan is a regular expression to run where literals stand.
type scan struct {
	re *regexp.Regexp
	*Pattern
	lang uint8
}

// exactTerm is a term whose case or diacritics matter.
type exactTerm struct {
	words  []termWord // spelled as they must stand
	plain  []termWord // the same where the text uses no diacritics; may be nil
	folded bool       // there any spelling will do
	spell  func(string) string
}

func newExactTerm(sig *Signal, t Term) exactTerm {
	e := exactTerm{spell: text.Cased}
	switch {
	case sig.Strict && sig.ExactCase:
		e.spell, e.plain = text.StrictCased, respell(t, text.Cased)
	case sig.Strict:
		e.spell, e.folded = text.Strict, true
	}
	e.words = respell(t, e.spell)
	return e
}

func respell(t Term, spell func(string) string) []termWord {
	words := t.written()
	for i := range words {
		words[i].spelling = spell(words[i].raw)
	}
	return words
}

const maxLangs = 63

// lang is the bit of a language, given one if it is new.
func (s *Set) lang(l string) (uint8, error) {
	b, ok := s.langs[l]
	if !ok {
		if len(s.langs) > maxLangs {
			return 0, fmt.Errorf("more than %d languages", maxLangs)
		}
		b = uint8(len(s.langs))
		s.langs[l] = b
	}
	return b, nil
}

// addProbes gives every signal that has a place in the text its probe, and
// puts all terms into one vocabulary and one trie.
func (s *Set) addProbes() error {
	shared := map[string]int32{}
	for i := range s.signals {
		sig := &s.signals[i]
		if !sig.Kind.placed() {
			continue
		}
		key := shareKey(sig.Signal)
		if n, ok := shared[key]; ok && key != "" {
			sig.probe = n
			continue
		}
		sig.probe = int32(len(s.probes))
		shared[key] = sig.probe
		s.probes = append(s.probes, probe{Signal: sig.Signal, kind: sig.Kind, evasive: sig.EvasiveOnly})
	}
	s.addTerms()
	for i := range s.probes {
		if err := s.fill(&s.probes[i]); err != nil {
			return err
		}
	}
	return nil
}

// shareKey is the same for signals that look for the same; "" if it is not
// worth the comparing.
func shareKey(sig *Signal) string {
	if sig.Kind != Words || len(sig.Lists) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintln(&b, sig.ExactCase, sig.Strict, sig.EvasiveOnly, sig.Lists)
	for _, t := range sig.Terms[:sig.own] {
		fmt.Fprintln(&b, t.Lang, t.Text)
	}
	return b.String()
}

// addTerms puts all terms into one vocabulary and one trie. The terms of a
// probe have their number in the lexicon as end until they have one.
func (s *Set) addTerms() {
	terms := 0
	for i := range s.probes {
		terms += len(s.probes[i].Terms)
	}
	l := newLexicon(terms)
	for i := range s.probes {
		p := &s.probes[i]
		p.terms = make([]probeTerm, len(p.Terms))
		for k := range p.Terms {
			p.terms[k] = probeTerm{end: uint32(l.add(&p.Terms[k])), exact: -1}
		}
	}
	symbols, words, classes := l.symbols()
	s.vocab = newVocabulary(words)
	s.classes = newClassSet(classes, symbol(len(s.vocab.words)))
	b := newTrieBuilder(s.classes.base+symbol(len(classes)), len(l.uses))
	ends := make([]uint32, len(l.uses))
	var path []symbol
	s.spellingAt = append(s.spellingAt, 0) // there is no end 0
	for term := range ends {
		path = path[:0]
		for _, w := range l.path(int32(term)) {
			path = append(path, symbols[w])
		}
		ends[term] = b.add(path)
		s.spellingAt = append(s.spellingAt, uint32(len(s.spellings)))
		s.spellings = append(append(s.spellings, l.terms.texts[term]...), spellingEnd)
	}
	s.trie = b.build()
	s.vocab.link(s.classes, s.trie)
	for i := range s.probes {
		for k := range s.probes[i].terms {
			t := &s.probes[i].terms[k]
			t.end = ends[t.end]
		}
	}
}

// spellingEnd ends each word of a spelling: letters, "?" and a last "*".
const spellingEnd = ' '

// fill compiles what a probe looks for.
func (s *Set) fill(p *probe) error {
	for k := range p.terms {
		lang, err := s.lang(p.Terms[k].Lang)
		if err != nil {
			return err
		}
		p.terms[k].lang = lang
		if p.ExactCase || p.Strict {
			p.terms[k].exact = int32(len(s.exact))
			s.exact = append(s.exact, newExactTerm(p.Signal, p.Terms[k]))
		}
	}
	slices.SortStableFunc(p.terms, func(a, b probeTerm) int { return cmp.Compare(a.end, b.end) })
	for i := range p.Patterns {
		pat := &p.Patterns[i]
		lang, err := s.lang(pat.Lang)
		if err != nil {
			return err
		}
		re, err := regexp.Compile(pat.Source)
		if err != nil {
			return fmt.Errorf("signal %q: %w", p.Name, err)
		}
		p.scans = append(p.scans, scan{re: re, Pattern: pat, lang: lang})
	}
	return nil
}

// wideProbe is how many terms make a probe wide: its finds are handed out to
// it, see Matcher.spread, instead of asked for term by term.
const wideProbe = 24

// wideTerm is a term of a wide probe.
type wideTerm struct{ probe, term int32 }

// addWide lists the terms of wide probes by end.
func (s *Set) addWide() {
	var ends []anchorEntry
	for n := range s.probes {
		p := &s.probes[n]
		if p.wide = len(p.terms) > wideProbe; !p.wide {
			continue
		}
		for i, t := range p.terms {
			ends = append(ends, anchorEntry{t.end, anchor{lead: uint32(len(s.wideTerms))}})
			s.wideTerms = append(s.wideTerms, wideTerm{int32(n), int32(i)})
		}
	}
	s.wide = newAnchorTable(ends, s.trie.n)
}

// addAnchors notes what in a text makes which units candidates.
func (s *Set) addAnchors() {
	var ends []anchorEntry
	var lits literalBuilder
	for i := range s.signals {
		sig := &s.signals[i]
		if !sig.anchor || sig.probe < 0 {
			continue
		}
		p, lead := &s.probes[sig.probe], s.units[sig.unit].lead
		for _, t := range p.terms {
			ends = append(ends, anchorEntry{t.end, anchor{lead, t.lang}})
		}
		for _, sc := range p.scans {
			if len(sc.literals) == 0 {
				s.always = append(s.always, sig.unit)
				continue
			}
			lits.add(sc.literals, anchor{lead, sc.lang})
		}
		for _, k := range p.Contacts {
			s.contacts[k] = append(s.contacts[k], anchor{lead: lead})
		}
	}
	s.terms = newAnchorTable(ends, s.trie.n)
	s.markEnds()
	s.literals = lits.build()
	slices.Sort(s.always)
	s.always = slices.Compact(s.always)
}

// markEnds flags the ends that have anchors, wherever the scan meets them.
func (s *Set) markEnds() {
	mark := func(ends []uint32) {
		for i, e := range ends {
			if e != 0 && e&several == 0 && len(s.terms.get(e)) > 0 {
				ends[i] |= anchored
			}
		}
	}
	mark(s.trie.ends)
	mark(s.vocab.end)
	mark(s.vocab.ends)
	for i := range s.trie.edges {
		e := []uint32{s.trie.edges[i].end}
		mark(e)
		s.trie.edges[i].end = e[0]
	}
}
