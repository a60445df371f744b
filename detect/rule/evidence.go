package rule

import (
	"cmp"
	"slices"
	"strings"

	"veghe"
)

// Bounds of what a finding shows.
const (
	maxSpans     = 16
	maxOfOneName = 5  // places of a signal that stands by itself
	maxCited     = 60 // bytes of a quotation in a why
)

// citation is the first place of a signal that bears on the unit at hand.
type citation struct {
	signal int32
	hit    hit
}

// evidence adds to the spans the places that make the condition of a unit
// true.
func (m *Matcher) evidence(u *unit) {
	from := len(m.spans)
	m.cited = m.cited[:0]
	m.collect(u.cond)
	m.spans = m.spans[:from+joinSpans(m.spans[from:], m.source)]
}

func (m *Matcher) collect(n *node) {
	switch n.op {
	case OpAnd:
		for _, a := range n.args {
			m.collect(a)
		}
	case OpOr:
		for _, a := range n.args {
			if m.holds(a) {
				m.collect(a)
			}
		}
	case OpNear, OpOrdered:
		if x, y, ok := m.closest(n); ok {
			m.cite(n.signals[0], x)
			m.cite(n.signals[1], y)
		}
	case OpCount:
		m.collectName(n.signals[0], max(maxOfOneName, n.n))
	case OpName, OpSome:
		for _, s := range n.signals {
			if m.has(s) {
				m.collectName(s, maxOfOneName)
			}
		}
	}
}

func (m *Matcher) collectName(sig int32, most int) {
	places := m.places(sig)
	for _, h := range places[:min(most, len(places))] {
		m.cite(sig, h)
	}
}

func (m *Matcher) cite(sig int32, h hit) {
	if !slices.ContainsFunc(m.cited, func(c citation) bool { return c.signal == sig }) {
		m.cited = append(m.cited, citation{sig, h})
	}
	s := veghe.Span{Start: int(h.start), End: int(h.end)}
	if h.field == inTitle {
		s.Field = "title"
	}
	m.spans = append(m.spans, s)
}

func (m *Matcher) source(field string) string {
	if field == "title" {
		return m.docs[inTitle].Source()
	}
	return m.docs[inText].Source()
}

// mergeSpans is joinSpans on a copy.
func mergeSpans(spans []veghe.Span, source func(field string) string) []veghe.Span {
	spans = slices.Clone(spans)
	return spans[:joinSpans(spans, source)]
}

// joinSpans sorts spans, title first, joins those that overlap, cuts their
// texts and keeps the first few. It works in place and returns how many are
// left.
func joinSpans(spans []veghe.Span, source func(field string) string) (n int) {
	slices.SortFunc(spans, func(a, b veghe.Span) int {
		return cmp.Or(-cmp.Compare(a.Field, b.Field), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	for _, s := range spans {
		if n > 0 && spans[n-1].Field == s.Field && s.Start < spans[n-1].End {
			spans[n-1].End = max(spans[n-1].End, s.End)
			continue
		}
		if n == maxSpans {
			break
		}
		spans[n] = s
		n++
	}
	for i := range spans[:n] {
		spans[i].Text = source(spans[i].Field)[spans[i].Start:spans[i].End]
	}
	return n
}

// whyPart is a piece of a reason: text, then the quotation of a signal.
type whyPart struct {
	text   string
	signal int32 // of the unit, from 0; -1: none
}

// whyParts cuts a reason at its placeholders.
func whyParts(why string, signals []*Signal) (parts []whyPart) {
	at := 0
	for _, loc := range placeholder.FindAllStringIndex(why, -1) {
		name := why[loc[0]+1 : loc[1]-1]
		k := slices.IndexFunc(signals, func(s *Signal) bool { return s.Name == name })
		parts = append(parts, whyPart{why[at:loc[0]], int32(k)})
		if at = loc[1]; k < 0 {
			parts = append(parts, whyPart{"…", -1})
		}
	}
	return append(parts, whyPart{why[at:], -1})
}

// why fills the quotations of a reason.
func (m *Matcher) why(u *unit) string {
	if len(u.why) == 1 {
		return u.why[0].text
	}
	m.reason = m.reason[:0]
	for _, p := range u.why {
		m.reason = append(m.reason, p.text...)
		if p.signal >= 0 {
			m.reason = append(m.reason, m.quote(u.first+p.signal)...)
		}
	}
	return readable(string(m.reason))
}

// readable takes out of a filled reason what only says that a signal was not
// found: of several "…" in a row one stays, and none at the end.
func readable(s string) string {
	for strings.Contains(s, "… …") {
		s = strings.ReplaceAll(s, "… …", "…")
	}
	s = strings.ReplaceAll(s, ": … ", ": ")
	s = strings.TrimSuffix(s, " …")
	return strings.TrimSuffix(s, ":")
}

// quote is what a signal found, for a reader.
func (m *Matcher) quote(sig int32) string {
	s := &m.set.signals[sig]
	switch {
	case !m.has(sig):
		return "…"
	case s.Kind == IndicatorKind:
		for _, u := range s.waits {
			if m.fired[u] == m.epoch {
				return m.set.units[u].rule.Title
			}
		}
	case s.Kind == FeatureKind:
		return s.Feature
	case s.Kind == FieldKind:
		return cmp.Or(m.in.Post.Place, string(m.in.Post.Source), string(m.in.Post.Kind), "…")
	}
	h := m.places(sig)[0]
	for _, c := range m.cited {
		if c.signal == sig {
			h = c.hit
		}
	}
	return short(m.docs[h.field].Source()[h.start:h.end])
}

// short is s in one line of at most maxCited bytes, cut between characters.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, " ")), " ")
	if len(s) <= maxCited {
		return s
	}
	at := maxCited - len("…")
	for at > 0 && s[at]&0xC0 == 0x80 {
		at--
	}
	return s[:at] + "…"
}
