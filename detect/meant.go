package detect

import (
	"slices"

	"veghe"
	"veghe/detect/lang"
	"veghe/detect/rule"
	"veghe/detect/text"
)

// meant is a text with its disguised words as they were meant. A language
// cannot be told from p4r1n71 or p a r i n t i; it can from parinti.
type meant struct {
	text []byte
	// marks are where the text goes on in step with the original, in order.
	marks  []mark
	doc    text.Doc       // the text folded
	word   []byte         // scratch
	langs  []rule.Segment // of the text
	source string         // as written
	on     bool           // there is one: the post has enough disguised words
}

// mark says that byte at of the meant text came from byte orig of the
// original.
type mark struct{ at, orig int }

// disguised is the least share of disguised words, one in so many, that makes
// a text worth reading as it was meant.
const disguised = 12

// read fills m from a folded text, and reports whether enough of its words
// are disguised for that. Most texts have none, and cost a look at each word.
func (m *meant) read(d *text.Doc) bool {
	if !worthMeaning(d) {
		return false
	}
	m.text, m.marks = m.text[:0], append(m.marks[:0], mark{})
	src, pos, x := d.Source(), 0, 0
	m.source = src
	for i := 0; i < len(d.Tokens); i++ {
		t := d.Tokens[i]
		for x < len(d.Extra) && int(d.Extra[x].First) < i {
			x++
		}
		if e, ok := longest(d.Extra[x:], i); ok {
			i, t = int(e.Last), e.Token
		}
		word := d.Word(t)
		if !t.Evasive() {
			word = m.spell(t, word)
		}
		if word == nil || int(t.Start) < pos {
			continue
		}
		m.text = append(append(m.text, src[pos:t.Start]...), word...)
		pos = int(t.End)
		m.marks = append(m.marks, mark{len(m.text), pos})
	}
	m.text = append(m.text, src[pos:]...)
	return true
}

// digits are the letters that they are written for most.
var digits = [...]byte{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '9': 0}

// spell reads a word with digits that by itself says too little to be called
// disguised, such as 53nd: among disguised words it is one. Nil for others.
func (m *meant) spell(t text.Token, word []byte) []byte {
	if t.Flags&(text.Letter|text.Digit) != text.Letter|text.Digit {
		return nil
	}
	m.word = m.word[:0]
	letters := 0
	for _, c := range word {
		switch {
		case c > '9':
			letters++
		case c < '0' || digits[c] == 0:
			return nil
		default:
			c = digits[c]
		}
		m.word = append(m.word, c)
	}
	if letters < 2 {
		return nil
	}
	return m.word
}

func worthMeaning(d *text.Doc) bool {
	n := 0
	for i := range d.Tokens {
		if d.Tokens[i].Evasive() {
			n++
		}
	}
	for i := range d.Extra {
		if e := &d.Extra[i]; e.Evasive() && (i == 0 || e.First != d.Extra[i-1].First) {
			n += int(e.Last-e.First) + 1
		}
	}
	return n > 0 && disguised*n >= len(d.Tokens)
}

// longest is the reading from token i that stands for most tokens, of those
// the first; extras begin at token i or later.
func longest(extras []text.Extra, i int) (best text.Extra, ok bool) {
	for _, e := range extras {
		if int(e.First) != i {
			break
		}
		if e.Evasive() && (!ok || e.Last > best.Last) {
			best, ok = e, true
		}
	}
	return best, ok
}

// original is where byte at of the meant text came from.
func (m *meant) original(at int) int {
	k, found := slices.BinarySearchFunc(m.marks, at, func(k mark, at int) int { return k.at - at })
	if !found {
		k--
	}
	orig := m.marks[k].orig + at - m.marks[k].at
	if k+1 < len(m.marks) { // within a disguised word: not past its end
		orig = min(orig, m.marks[k+1].orig)
	}
	return orig
}

// asMeant tells the languages of a text with disguised words from what they
// were meant to be, and keeps what the text as written may be in besides.
// What nobody can tell may be in any of all languages.
func (e *Engine) asMeant(w *worker, all []string) {
	m := &w.meant
	if m.on = m.read(&w.text); !m.on {
		return
	}
	written := slices.Clone(w.segments)
	m.doc.Fold(string(m.text))
	m.langs = m.langs[:0]
	w.segments = e.languages.Append(w.segments[:0], m.doc.Source())
	for k := range w.segments {
		s := &w.segments[k]
		at := rule.Segment{Start: s.Start, End: s.End}
		s.Start, s.End = m.original(s.Start), m.original(s.End)
		if k == len(w.segments)-1 {
			s.End = len(w.text.Source())
		}
		langs := slices.Clone(s.Candidates)
		if s.Lang == lang.Undetermined {
			langs = append(langs, all...)
		}
		for _, o := range written {
			if o.Start < s.End && s.Start < o.End {
				langs = append(langs, o.Candidates...)
			}
		}
		s.Candidates, at.Langs = langs, langs
		m.langs = append(m.langs, at)
	}
}

// meantToo adds to the findings in the text as written, if words are
// disguised, those in the text as it was meant: there a word of letters
// spaced out is one word long, and near others. What speaks against counts
// only if it was meant: single letters make short words that nobody wrote.
func (w *worker) meantToo(in *rule.Input, findings []veghe.Finding) []veghe.Finding {
	m := &w.meant
	if !m.on {
		return findings
	}
	again := *in
	again.Text, again.Langs, again.Quoted = &m.doc, m.langs, quoted(m.doc.Source())
	meant := w.matcher.Match(&again)
	has := func(all []veghe.Finding, id veghe.RuleID) bool {
		return slices.ContainsFunc(all, func(f veghe.Finding) bool { return f.Rule == id })
	}
	findings = slices.DeleteFunc(findings, func(f veghe.Finding) bool { return f.Weight < 0 && !has(meant, f.Rule) })
	for _, f := range meant {
		if !has(findings, f.Rule) {
			m.place(f.Spans)
			findings = append(findings, f)
		}
	}
	return findings
}

// place moves spans of the meant text to the original.
func (m *meant) place(spans []veghe.Span) {
	for i := range spans {
		if s := &spans[i]; s.Field == "" {
			s.Start, s.End = m.original(s.Start), m.original(s.End)
			s.Text = m.source[s.Start:s.End]
		}
	}
}
