package rule

import (
	"cmp"
	"slices"

	"veghe"
	"veghe/detect/text"
)

// evaluate decides all candidates, rules that others wait for first.
func (m *Matcher) evaluate() []veghe.Finding {
	m.follow()
	for _, u := range m.set.always {
		m.candidate(u)
	}
	slices.Sort(m.candidates)
	m.findings, m.spans = m.findings[:0], m.spans[:0]
	for k := 0; k < len(m.candidates); k++ {
		i := m.candidates[k]
		u := m.set.units[i]
		if !u.simple && !m.mayHold(u.cond) || !m.holds(u.cond) || m.excepted(u) {
			continue
		}
		m.fired[i] = m.epoch
		m.wake(u, k+1)
		from := len(m.spans)
		m.evidence(u)
		switch spans := int32(len(m.spans) - from); {
		case u.rule != nil:
			m.findings = append(m.findings, foundRule{u, m.why(u), spans})
		case u.watch != nil:
			m.watches = append(m.watches, WatchHit{
				Name: u.watch.Name, Title: u.watch.Title, Why: m.why(u), Spans: slices.Clone(m.spans[from:]),
			})
			m.spans = m.spans[:from]
		}
	}
	return m.report()
}

// foundRule is a rule that fired, with as many of Matcher.spans.
type foundRule struct {
	unit  *unit
	why   string
	spans int32
}

// report makes findings of the rules that fired, with two allocations.
func (m *Matcher) report() []veghe.Finding {
	if len(m.findings) == 0 {
		return nil
	}
	spans := slices.Clone(m.spans)
	findings := make([]veghe.Finding, len(m.findings))
	for i, f := range m.findings {
		findings[i] = f.unit.finding
		findings[i].Why, findings[i].Spans = f.why, spans[:f.spans:f.spans]
		spans = spans[f.spans:]
	}
	return findings
}

// wake makes candidates of the units that wait for one that fired. All have
// higher numbers, and take their place among the candidates from next on.
func (m *Matcher) wake(fired *unit, next int) {
	for _, u := range fired.followers {
		m.candidate(u)
	}
	if len(fired.followers) > 0 {
		slices.Sort(m.candidates[next:])
	}
}

// excepted reports whether an exception in force covers the unit.
func (m *Matcher) excepted(u *unit) bool { return m.exceptionOf(u) != "" }

// exceptionOf names the first exception in force that covers the unit, "" if
// none does.
func (m *Matcher) exceptionOf(u *unit) string {
	for _, i := range u.exceptions {
		e := m.set.units[i]
		if e.exception.InForce(m.in.Now) && (e.cond == nil || m.holds(e.cond)) {
			return e.exception.Name
		}
	}
	return ""
}

// holds reports whether a condition holds.
func (m *Matcher) holds(n *node) bool {
	switch n.op {
	case OpName:
		return m.has(n.signals[0])
	case OpNot:
		return !m.holds(n.args[0])
	case OpAnd:
		for _, a := range n.cheap {
			if !m.holds(a) {
				return false
			}
		}
		return true
	case OpOr:
		return slices.ContainsFunc(n.cheap, m.holds)
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
	switch s.kind {
	case FieldKind:
		return m.fieldHolds(s.Field)
	case FeatureKind:
		return s.featureHolds(m.in.Features)
	case IndicatorKind:
		return slices.ContainsFunc(s.waits, func(u int32) bool { return m.fired[u] == m.epoch })
	}
	return len(m.places(sig)) > 0
}

// count is at how many places that do not overlap a signal was found: the
// most there can be.
func (m *Matcher) count(sig int32) int {
	if !m.set.signals[sig].Kind.placed() {
		return boolInt(m.has(sig))
	}
	n, field, end := 0, uint8(0), int32(0)
	for _, h := range m.places(sig) {
		if n > 0 && h.field == field && h.start < end {
			end = min(end, h.end) // of two that overlap, the one that ends first
			continue
		}
		n, field, end = n+1, h.field, h.end
	}
	return n
}

// closest is the pair of hits with the fewest words between, the first such
// pair; ok is false if none is near enough.
func (m *Matcher) closest(n *node) (x, y hit, ok bool) {
	first, second := n.signals[0], n.signals[1]
	if s := m.set.signals; s[second].cost() < s[first].cost() {
		first, second = second, first
	}
	if len(m.places(first)) == 0 || len(m.places(second)) == 0 {
		return x, y, false
	}
	a, b := m.places(n.signals[0]), m.places(n.signals[1])
	best := pairGap{most: int32(n.n)}
	best.search(a, b, false)
	if n.op == OpNear {
		best.search(b, a, true)
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
		(len(f.Place) == 0 || m.inPlace(f.places, p.Place)) && f.holds(p.PostedAt)
}

// inPlace reports whether one of the terms stands in the place.
func (m *Matcher) inPlace(terms [][]termWord, place string) bool {
	m.place.Fold(place)
	for _, t := range terms {
		for i := range m.place.Tokens {
			if termAt(&m.place, i, t) {
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
