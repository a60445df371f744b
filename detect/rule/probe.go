package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"veghe/detect/text"
)

// probe is what a signal looks for in the text. Signals that take the same
// terms from the same lists share one.
type probe struct {
	terms   []probeTerm // of Words; of a wide probe only until the set is compiled
	kind    Kind
	evasive bool   // only
	wide    bool   // finds are handed out to it
	loose   bool   // has a regular expression without literals
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
	lang    uint8
	literal int32 // its pattern in Set.literals; -1: it has no literals
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
	for i := range s.probes {
		for _, k := range s.probes[i].Contacts {
			if s.contacts[k] == nil {
				s.contacts[k] = &contactUse{}
			}
			s.contacts[k].probes = append(s.contacts[k].probes, int32(i))
		}
	}
	s.addTerms()
	var lits literalBuilder
	for i := range s.probes {
		if err := s.fill(int32(i), &lits); err != nil {
			return err
		}
	}
	s.addUses()
	s.literals = lits.build()
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
	l, leads := newLexicon(terms), make([]bool, len(s.probes))
	for i := range s.signals {
		if sig := &s.signals[i]; sig.anchor && sig.probe >= 0 {
			leads[sig.probe] = true
		}
	}
	for i := range s.probes {
		p := &s.probes[i]
		p.terms = make([]probeTerm, len(p.Terms))
		for k := range p.Terms {
			p.terms[k] = probeTerm{end: uint32(l.add(&p.Terms[k], leads[i])), exact: -1}
		}
	}
	order := l.symbols()
	s.leading = order.leading
	s.vocab = newVocabulary(order.words)
	s.classes = newClassSet(order.classes, symbol(len(s.vocab.words)))
	b := newTrieBuilder(s.classes.base+symbol(len(order.classes)), order.terms, len(l.uses))
	ends := make([]uint32, len(l.uses))
	s.spellingAt = make([]uint32, len(ends)+1) // there is no end 0
	var path []symbol
	for term := range ends {
		path = path[:0]
		for _, w := range l.path(int32(term)) {
			path = append(path, order.symbols[w])
		}
		ends[term] = b.add(path)
		s.spellingAt[ends[term]] = uint32(len(s.spellings))
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
func (s *Set) fill(n int32, lits *literalBuilder) error {
	p := &s.probes[n]
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
		p.loose = p.loose || len(pat.literals) == 0
		p.scans = append(p.scans, scan{re: re, Pattern: pat, lang: lang, literal: lits.add(pat.literals, lang, n)})
	}
	return nil
}

// Finds are handed out to probes of more than wideProbe terms, see
// Matcher.handOut, instead of asked for term by term; in a set of few probes
// to all.
const (
	wideProbe = 24
	fewProbes = 2_000
)

// contactUse is what a kind of contact leads to.
type contactUse struct {
	leads  []uint32
	probes []int32 // that look for it
}

// use is a term of a wide probe.
type use struct {
	probe int32
	exact int32 // see probeTerm
	lang  uint8
}

// useTable lists uses by end: those of n are of[at[n]:at[n+1]].
type useTable struct {
	at []uint32
	of []use
}

// addUses lists the terms of wide probes by end, and the languages of ends.
func (s *Set) addUses() {
	t := useTable{at: make([]uint32, s.trie.n+1)}
	langs := make([]uint64, s.trie.n)
	all := 0
	for i := range s.probes {
		p := &s.probes[i]
		for _, pt := range p.terms {
			langs[pt.end] |= 1 << pt.lang
		}
		if p.wide = len(p.terms) > wideProbe || p.kind == Words && len(s.probes) <= fewProbes; !p.wide {
			continue
		}
		all += len(p.terms)
		for _, pt := range p.terms {
			t.at[pt.end+1]++
		}
	}
	for i := range s.trie.n {
		t.at[i+1] += t.at[i]
	}
	t.of = make([]use, all)
	next := slices.Clone(t.at)
	for i := range s.probes {
		if !s.probes[i].wide {
			continue
		}
		for _, pt := range s.probes[i].terms {
			t.of[next[pt.end]] = use{probe: int32(i), exact: pt.exact, lang: pt.lang}
			next[pt.end]++
		}
	}
	s.uses = t
	s.addEndLangs(langs)
}

// addEndLangs numbers the sets of languages that ends have. There are few;
// what is past the last number counts as of any language, and is told apart
// later.
func (s *Set) addEndLangs(langs []uint64) {
	s.endLangs, s.langSets[0] = make([]uint8, len(langs)), ^uint64(0)
	numbers := map[uint64]uint8{}
	for end, set := range langs {
		n, ok := numbers[set]
		if !ok && len(numbers)+1 < len(s.langSets) {
			n = uint8(len(numbers) + 1)
			numbers[set], s.langSets[n] = n, set
		}
		s.endLangs[end] = n
	}
}

// addAnchors notes what in a text makes which units candidates.
func (s *Set) addAnchors() {
	var ends []anchorEntry
	for i := range s.signals {
		sig := &s.signals[i]
		if !sig.anchor || sig.probe < 0 {
			continue
		}
		p, u := &s.probes[sig.probe], s.units[sig.unit]
		for _, t := range p.terms {
			ends = append(ends, anchorEntry{t.end, anchor{u.also, u.lead, t.lang}})
		}
		if p.loose {
			s.always = append(s.always, sig.unit)
		}
		for _, sc := range p.scans {
			if sc.literal >= 0 {
				s.literals.anchor(sc.literal, anchor{u.also, u.lead, sc.lang})
			}
		}
		for _, k := range p.Contacts {
			s.contacts[k].leads = append(s.contacts[k].leads, u.lead)
		}
	}
	s.terms = newAnchorTable(ends, s.trie.n)
	s.markEnds()
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
	mark(s.trie.ends[s.classes.base:])
	mark(s.vocab.end)
	mark(s.vocab.ends)
	s.classes.link(s.trie)
	for i := range s.trie.edges {
		if e := &s.trie.edges[i].end; *e != 0 && len(s.terms.get(*e)) > 0 {
			*e |= anchored
		}
	}
}
