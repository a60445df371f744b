package index

import (
	"slices"
	"strings"

	"veghe"
)

// maxSpans is how many matches of one hit are marked.
const maxSpans = 200

// matcher finds the words of a query in a post, to mark them.
type matcher struct {
	words    map[string]bool
	prefixes []string
	phrases  []phrase
	contacts []func(veghe.Contact) bool
}

// matcherOf takes the words, phrases and contacts that e wants, and leaves out
// those that it does not want.
func matcherOf(e Expr) *matcher {
	m := &matcher{words: map[string]bool{}}
	walk(e, false, func(leaf Expr, negated bool) {
		if negated {
			return
		}
		switch leaf := leaf.(type) {
		case Word:
			m.word(leaf)
		case Phrase:
			m.phrase(words(leaf.Text))
		case Field:
			m.field(leaf)
		}
	})
	return m
}

func (m *matcher) word(w Word) {
	found := wanted(w.Text)
	switch {
	case w.Prefix:
		m.prefixes = append(m.prefixes, found[0].folded)
	case len(found) == 1:
		for _, f := range forms(found[0].folded) {
			m.words[f] = true
		}
	default:
		m.phrase(found)
	}
	if looksLikePhone(w.Text) {
		m.phone(w.Text)
	}
}

func (m *matcher) phrase(found []word) {
	var p phrase
	for _, w := range found {
		p.words = append(p.words, w.folded)
	}
	m.phrases = append(m.phrases, p)
}

func (m *matcher) field(f Field) {
	switch f.Name {
	case "phone":
		m.phone(f.Value)
	case "handle":
		m.contact("handle", handleKey(f.Value), handleKey)
	case "email":
		m.contact("email", fold(f.Value), fold)
	case "url":
		m.contact("url", linkKey(f.Value), linkKey)
	}
}

func (m *matcher) contact(kind, want string, key func(string) string) {
	m.contacts = append(m.contacts, func(c veghe.Contact) bool { return c.Kind == kind && key(c.Value) == want })
}

func (m *matcher) phone(s string) {
	want := strings.TrimLeft(digits(s), "0")
	m.contacts = append(m.contacts, func(c veghe.Contact) bool {
		return c.Kind == "phone" && strings.HasSuffix(digits(c.Value), want)
	})
}

// spans returns what matched in the title and text of a post: those of the
// title first, each in order and not overlapping.
func (m *matcher) spans(r *record) []veghe.Span {
	p := &r.assessed.Post
	var out []veghe.Span
	for _, part := range []struct{ field, text string }{{"title", p.Title}, {"", p.Text}} {
		found := m.in(part.text)
		for _, c := range r.assessed.Assessment.Contacts {
			if c.Field == part.field && m.wantsContact(c) && c.Start >= 0 && c.Start < c.End && c.End <= len(part.text) {
				found = append(found, veghe.Span{Start: c.Start, End: c.End})
			}
		}
		for _, s := range disjoint(found) {
			s.Field, s.Text = part.field, part.text[s.Start:s.End]
			out = append(out, s)
		}
	}
	return out[:min(len(out), maxSpans)]
}

func (m *matcher) wantsContact(c veghe.Contact) bool {
	return slices.ContainsFunc(m.contacts, func(f func(veghe.Contact) bool) bool { return f(c) })
}

func (m *matcher) in(text string) (out []veghe.Span) {
	if len(m.words)+len(m.prefixes)+len(m.phrases) == 0 {
		return nil
	}
	all, beside := read(text)
	for _, list := range [][]word{all, beside} {
		for _, w := range list {
			if len(out) < maxSpans && m.wants(w.folded) {
				out = append(out, veghe.Span{Start: w.start, End: w.end})
			}
		}
	}
	for _, p := range m.phrases {
		for _, i := range p.find(all, maxSpans) {
			out = append(out, veghe.Span{Start: all[i].start, End: all[i+len(p.words)-1].end})
		}
	}
	return out
}

func (m *matcher) wants(folded string) bool {
	return m.words[folded] || slices.ContainsFunc(m.prefixes, func(p string) bool { return strings.HasPrefix(folded, p) })
}

// disjoint sorts spans and joins those that overlap.
func disjoint(spans []veghe.Span) (out []veghe.Span) {
	slices.SortFunc(spans, func(a, b veghe.Span) int { return a.Start - b.Start })
	for _, s := range spans {
		if n := len(out); n > 0 && s.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
