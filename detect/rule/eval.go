package rule

import (
	"cmp"
	"slices"
	"strings"

	"veghe"
	"veghe/detect/text"
)

// evaluate decides all candidates, rules that others wait for first.
func (m *Matcher) evaluate() (findings []veghe.Finding) {
	m.watches = nil
	for _, u := range m.set.always {
		m.candidate(u)
	}
	slices.Sort(m.candidates)
	for _, i := range m.candidates {
		u := m.set.units[i]
		if !m.holds(u.cond) || m.excepted(u) {
			continue
		}
		m.fired[i] = m.epoch
		spans := m.evidence(u)
		switch {
		case u.rule != nil:
			r := u.rule
			findings = append(findings, veghe.Finding{
				Indicator: r.Indicator, Rule: r.ID, Category: r.Category, Family: r.Family, Weight: u.weight,
				Why: m.why(r.Why, u), Shadow: u.shadow, Spans: spans,
			})
		case u.watch != nil:
			m.watches = append(m.watches, WatchHit{Name: u.watch.Name, Title: u.watch.Title, Why: m.why(u.watch.Why, u), Spans: spans})
		}
	}
	return findings
}

// excepted reports whether an exception in force covers the unit.
func (m *Matcher) excepted(u *unit) bool {
	for _, i := range u.exceptions {
		e := m.set.units[i]
		if e.exception.Expires.IsZero() || m.in.Now.Before(e.exception.Expires) {
			if e.cond == nil || m.holds(e.cond) {
				return true
			}
		}
	}
	return false
}

// holds reports whether a condition holds.
func (m *Matcher) holds(n *node) bool {
	switch n.op {
	case OpName:
		return m.has(n.signals[0])
	case OpNot:
		return !m.holds(n.args[0])
	case OpAnd:
		for _, a := range n.args {
			if !m.holds(a) {
				return false
			}
		}
		return true
	case OpOr:
		return slices.ContainsFunc(n.args, m.holds)
	case OpNear, OpOrdered:
		_, _, ok := m.closest(n)
		return ok
	case OpCount:
		return compare(m.count(n.signals[0]), n.cmp, n.n)
	case OpSome:
		k := 0
		for _, s := range n.signals {
			if m.has(s) {
				k++
			}
		}
		return k >= n.n
	}
	return false
}

// has reports whether a signal was found.
func (m *Matcher) has(sig int32) bool {
	s := &m.set.signals[sig]
	switch s.Kind {
	case FieldKind:
		return m.fieldHolds(s.Field)
	case FeatureKind:
		v := m.in.Features[s.Feature]
		least := 1.0
		if s.Min != nil {
			least = *s.Min
		} else if s.Max != nil {
			_, known := m.in.Features[s.Feature]
			return known && v <= *s.Max
		}
		return v >= least && (s.Max == nil || v <= *s.Max)
	case IndicatorKind:
		return slices.ContainsFunc(s.waits, func(u int32) bool { return m.fired[u] == m.epoch })
	}
	return m.found[sig].epoch == m.epoch
}

// count is at how many places that do not overlap a signal was found.
func (m *Matcher) count(sig int32) int {
	if !m.set.signals[sig].Kind.placed() {
		return boolInt(m.has(sig))
	}
	m.a = m.ordered(sig, m.a)
	n, field, end := 0, uint8(0), int32(-1)
	for _, h := range m.a {
		if n > 0 && h.field == field && h.start < end {
			end = max(end, h.end)
			continue
		}
		n, field, end = n+1, h.field, h.end
	}
	return n
}

// ordered lists the hits of a signal by place, using buf.
func (m *Matcher) ordered(sig int32, buf []hit) []hit {
	buf = buf[:0]
	f := &m.found[sig]
	if f.epoch != m.epoch {
		return buf
	}
	sorted := true
	for i := f.first; i >= 0; i = m.hits[i].next {
		if n := len(buf); n > 0 && compareHits(buf[n-1], m.hits[i]) > 0 {
			sorted = false
		}
		buf = append(buf, m.hits[i])
	}
	if !sorted {
		slices.SortFunc(buf, compareHits)
	}
	return buf
}

func compareHits(a, b hit) int {
	return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
}

// closest is the pair of hits with the fewest words between, the first such
// pair; ok is false if none is near enough.
func (m *Matcher) closest(n *node) (x, y hit, ok bool) {
	if m.found[n.signals[0]].epoch != m.epoch || m.found[n.signals[1]].epoch != m.epoch {
		return x, y, false
	}
	m.a, m.b = m.ordered(n.signals[0], m.a), m.ordered(n.signals[1], m.b)
	best := pairGap{most: int32(n.n)}
	best.search(m.a, m.b, false)
	if n.op == OpNear {
		best.search(m.b, m.a, true)
	}
	return best.x, best.y, best.found
}

// pairGap is the closest pair found so far.
type pairGap struct {
	x, y  hit   // of the first and second signal
	gap   int32 // words between, while found
	most  int32 // words allowed
	found bool
}

// search looks for pairs with a hit of a before one of b; swapped says that a
// is the second signal. Both are in order of place.
func (p *pairGap) search(a, b []hit, swapped bool) {
	low := 0
	for i := range a {
		x := &a[i]
		for low < len(b) && (b[low].field < x.field || b[low].field == x.field && b[low].start <= x.start) {
			low++
		}
		for k := low; k < len(b); k++ {
			y := &b[k]
			if y.field != x.field || y.first-x.last-1 > p.most {
				break
			}
			if y.start >= x.end {
				p.offer(x, y, swapped)
			}
		}
	}
}

// offer takes a pair that is closer, or as close and earlier in the text.
// x stands before y.
func (p *pairGap) offer(x, y *hit, swapped bool) {
	gap := max(y.first-x.last-1, 0)
	if p.found {
		a, b := p.x, p.y
		if compareHits(a, b) > 0 {
			a, b = b, a
		}
		if cmp.Or(cmp.Compare(gap, p.gap), compareHits(*x, a), compareHits(*y, b)) >= 0 {
			return
		}
	}
	p.gap, p.most, p.found = gap, gap, true
	if p.x, p.y = *x, *y; swapped {
		p.x, p.y = *y, *x
	}
}

// fieldHolds tests the post itself.
func (m *Matcher) fieldHolds(f *Field) bool {
	p := m.in.Post
	if p == nil {
		return false
	}
	anyGlob := func(globs []string, s string) bool {
		return len(globs) == 0 || slices.ContainsFunc(globs, func(g string) bool { return globMatch(g, s) })
	}
	return anyGlob(f.Source, string(p.Source)) && anyGlob(f.Author, string(p.Author)) &&
		(len(f.Kind) == 0 || slices.Contains(f.Kind, string(p.Kind))) &&
		(len(f.Place) == 0 || m.inPlace(f.Place, p.Place)) && f.holds(p.PostedAt)
}

// inPlace reports whether one of the terms stands in the place.
func (m *Matcher) inPlace(terms []Term, place string) bool {
	m.place.Fold(place)
	for _, t := range terms {
		for i := range m.place.Tokens {
			if termAt(&m.place, i, t.words) {
				return true
			}
		}
	}
	return false
}

func termAt(d *text.Doc, i int, words []termWord) bool {
	if i+len(words) > len(d.Tokens) {
		return false
	}
	for k, w := range words {
		if !w.matches(string(d.Word(d.Tokens[i+k]))) {
			return false
		}
	}
	return true
}

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

// evidence collects the places that make the condition of a unit true.
func (m *Matcher) evidence(u *unit) []veghe.Span {
	m.spans, m.cited = m.spans[:0], m.cited[:0]
	m.collect(u.cond)
	return mergeSpans(m.spans, m.source)
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
	if !m.set.signals[sig].Kind.placed() {
		return
	}
	m.a = m.ordered(sig, m.a)
	for _, h := range m.a[:min(most, len(m.a))] {
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

// mergeSpans sorts spans, title first, joins those that overlap, cuts their
// texts and keeps the first few. The result is a copy.
func mergeSpans(spans []veghe.Span, source func(field string) string) []veghe.Span {
	slices.SortFunc(spans, func(a, b veghe.Span) int {
		return cmp.Or(-cmp.Compare(a.Field, b.Field), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	out := make([]veghe.Span, 0, min(len(spans), maxSpans))
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].Field == s.Field && s.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		if len(out) == maxSpans {
			break
		}
		out = append(out, s)
	}
	for i := range out {
		out[i].Text = source(out[i].Field)[out[i].Start:out[i].End]
	}
	return out
}

// why fills the quotations of a reason.
func (m *Matcher) why(why string, u *unit) string {
	if !strings.Contains(why, "{") {
		return why
	}
	return placeholder.ReplaceAllStringFunc(why, func(name string) string {
		name = name[1 : len(name)-1]
		for i, s := range u.signals {
			if s.Name == name {
				return m.quote(u.first + int32(i))
			}
		}
		return "…"
	})
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
	h := m.hits[m.found[sig].first]
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
