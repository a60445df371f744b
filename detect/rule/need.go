package rule

// Most candidates fall away: their rare signal is there, the other is not, or
// is far off. That much is told by the finds alone, without touching rules
// and signals: what a unit needs stands in one short run of numbers, its
// lead, read by Matcher.follow. What then is left is asked what its whole
// condition would be if all that was found at all were in the right place:
// Matcher.mayHold. Yes is a maybe, no is certain, for the finds are all there
// are before languages, quotations and spellings are asked for.

import "slices"

// need is a part of a condition that must hold for the whole to hold: some of
// one group of ends is found, or, with within ≥ 0, some of a and of b with at
// most so many words between.
type need struct {
	a, b    []uint32
	within  int
	ordered bool
	side    uint32 // needFirst, needSecond or neither
}

// maxNeed is how many ends a need may name to be worth asking for.
const maxNeed = 32

// addLeads notes what candidates need besides what leads to them. A lead is
// the number of the unit, that of its needs, and the needs.
func (s *Set) addLeads() {
	for i, u := range s.units {
		u.lead = uint32(len(s.leads))
		var needs []need
		if u.cond != nil && u.exception == nil {
			needs = s.needsOf(u.cond)
		}
		u.also = alsoOf(needs)
		s.leads = append(s.leads, uint32(i), uint32(len(needs)))
		for _, n := range needs {
			s.leads = n.append(s.leads)
		}
	}
}

// A need is written as so many bits, and the ends.
const (
	needB       = 0       // len(b)
	needA       = 8       // len(a)
	needWithin  = 16      // within+1
	needOrdered = 1 << 28 // ordered
	needFirst   = 1 << 29 // what leads to the unit are finds of a
	needSecond  = 1 << 30 // what leads to the unit are finds of b
	needSize    = 1<<8 - 1
	needGap     = 1<<12 - 1
)

func (n need) append(to []uint32) []uint32 {
	head := uint32(len(n.b))<<needB | uint32(len(n.a))<<needA | uint32(n.within+1)<<needWithin | n.side
	if n.ordered {
		head |= needOrdered
	}
	return append(append(append(to, head), n.a...), n.b...)
}

// alsoOf is the ends of which one must be found beside an anchor, those that
// tell most.
func alsoOf(needs []need) (bits also) {
	fewest := maxAlso + 1
	for _, n := range needs {
		groups := [][]uint32{n.a, n.b}
		switch n.side {
		case needFirst:
			groups = groups[1:]
		case needSecond:
			groups = groups[:1]
		}
		for _, ends := range groups {
			if len(ends) == 0 || len(ends) >= fewest {
				continue
			}
			fewest, bits = len(ends), newAlso(ends)
		}
	}
	return bits
}

func (s *Set) needsOf(n *node) (out []need) {
	switch n.op {
	case OpAnd:
		for _, a := range n.args {
			out = append(out, s.needsOf(a)...)
		}
	case OpNear, OpOrdered:
		a, b := s.endsOf(n.signals[:1]), s.endsOf(n.signals[1:])
		if a != nil && b != nil {
			side := uint32(0)
			if s.signals[n.signals[0]].anchor {
				side = needFirst
			} else if s.signals[n.signals[1]].anchor {
				side = needSecond
			}
			return []need{{a: a, b: b, within: n.n, ordered: n.op == OpOrdered, side: side}}
		}
		for k, ends := range [][]uint32{a, b} {
			if ends != nil && !s.signals[n.signals[k]].anchor {
				out = append(out, need{a: ends, within: -1})
			}
		}
	case OpName, OpCount, OpOr, OpSome:
		// Whatever anchors it would have by itself, one of them must be there.
		anchors, ok := s.anchors(n)
		if !ok {
			return nil
		}
		if ends := s.endsOf(anchors); ends != nil && !s.allAnchors(anchors) {
			out = append(out, need{a: ends, within: -1})
		}
	}
	return out
}

func (s *Set) allAnchors(signals []int32) bool {
	for _, sig := range signals {
		if !s.signals[sig].anchor {
			return false
		}
	}
	return true
}

// endsOf are the ends of all terms of signals, nil if there are too many or
// other things to find.
func (s *Set) endsOf(signals []int32) (ends []uint32) {
	for _, sig := range signals {
		info := &s.signals[sig]
		if info.Kind != Words || len(ends)+len(info.Terms) > maxNeed {
			return nil
		}
		for _, t := range s.probes[info.probe].terms {
			ends = append(ends, t.end)
		}
	}
	return ends
}

// mayHold reports whether a condition may hold, by what was found at all
// wherever that is: no is certain. It decides most candidates.
func (m *Matcher) mayHold(n *node) bool {
	switch n.op {
	case OpName:
		return m.mayHave(n.signals[0])
	case OpNot:
		return !m.surely(n.args[0])
	case OpAnd:
		for _, a := range n.cheap {
			if !m.mayHold(a) {
				return false
			}
		}
		return true
	case OpOr:
		return slices.ContainsFunc(n.cheap, m.mayHold)
	case OpNear, OpOrdered:
		return m.mayHave(n.signals[0]) && m.mayHave(n.signals[1])
	case OpCount:
		return compare(0, n.cmp, n.n) || m.mayHave(n.signals[0])
	case OpSome:
		k := 0
		for _, s := range n.signals {
			k += boolInt(m.mayHave(s))
		}
		return k >= n.n
	}
	return true
}

// mayHave reports whether a signal may have been found.
func (m *Matcher) mayHave(sig int32) bool {
	s := &m.set.signals[sig]
	if s.probe < 0 {
		return m.has(sig)
	}
	return m.mayFind(s.probe)
}

// surely reports whether a condition holds, as far as that takes no places.
func (m *Matcher) surely(n *node) bool {
	return n.op == OpName && !m.set.signals[n.signals[0]].kind.placed() && m.has(n.signals[0])
}

// follow makes candidates of the units that finds and other leads go to, as
// far as what they need was found. Nearly all leads end at one look at their
// anchor.
func (m *Matcher) follow() {
	t := &m.set.terms
	for _, i := range m.noticed {
		end := m.finds[i].end
		for k := t.at[end]; k < t.at[end+1]; k++ {
			a := &t.of[k]
			if m.mask>>a.lang&m.met(a.also) == 0 {
				continue
			}
			if len(m.in.Langs) <= 1 || m.spokenAt(i)>>a.lang&1 != 0 {
				m.lead(a.lead, i)
			}
		}
	}
	for _, lead := range m.leads {
		m.lead(lead, -1)
	}
}

// lead makes a candidate of the unit that a lead goes to from a find, -1 for
// something else.
func (m *Matcher) lead(lead uint32, from int32) {
	record := m.set.leads[lead:]
	if m.may(record[2:], int(record[1]), from) {
		m.candidate(int32(record[0]))
	}
}

// spokenAt is the languages that count where a find begins.
func (m *Matcher) spokenAt(i int32) uint64 {
	field := uint8(boolInt(int(i) >= m.titled)) // inTitle, inText
	return m.spoken(field, int(wordOf(m.docs[field], m.pathOf(&m.finds[i])[0]).Start))
}

// may reports whether so many needs are met, as far as the finds tell. Where
// a pair is needed, and finds of its one side lead here, find from, if any,
// is asked about: each of them comes here.
func (m *Matcher) may(needs []uint32, n int, from int32) bool {
	for range n {
		head := needs[0]
		na, nb := head>>needA&needSize, head>>needB&needSize
		a, b := needs[1:1+na], needs[1+na:1+na+nb]
		needs = needs[1+na+nb:]
		within, ordered := int32(head>>needWithin&needGap)-1, head&needOrdered != 0
		met := false
		switch {
		case within < 0:
			met = m.mayAny(a)
		case from < 0 || head&(needFirst|needSecond) == 0:
			met = m.mayAny(a) && m.mayAny(b) && m.mayNear(a, b, within, ordered)
		case head&needFirst != 0:
			met, from = m.nearby(from, b, within, true, !ordered), -1
		default:
			met, from = m.nearby(from, a, within, !ordered, true), -1
		}
		if !met {
			return false
		}
	}
	return true
}

func (m *Matcher) mayAny(ends []uint32) bool {
	return slices.ContainsFunc(ends, m.mayEnd)
}

func (m *Matcher) mayEnd(e uint32) bool {
	bit := endBit(e)
	return m.ends[bit/64]>>(bit&63)&1 != 0
}

// mayNear reports whether finds of two groups are near each other.
func (m *Matcher) mayNear(a, b []uint32, within int32, ordered bool) bool {
	m.link()
	for _, e := range a {
		if !m.mayEnd(e) {
			continue
		}
		for i := m.heads[e%findHeads]; i != 0; i = m.finds[i-1].next {
			if m.finds[i-1].end == e && m.nearby(i-1, b, within, true, !ordered) {
				return true
			}
		}
	}
	return false
}

// nearby reports whether a find of a group stands near find i, after or
// before it.
func (m *Matcher) nearby(i int32, ends []uint32, within int32, after, before bool) bool {
	m.link()
	x := &m.finds[i]
	for _, e := range ends {
		if !m.mayEnd(e) {
			continue
		}
		for k := m.heads[e%findHeads]; k != 0; k = m.finds[k-1].next {
			y := &m.finds[k-1]
			if y.end != e || (int(i) < m.titled) != (int(k-1) < m.titled) {
				continue
			}
			if gap := y.first - x.last - 1; after && gap >= 0 && gap <= within {
				return true
			}
			if gap := x.first - y.last - 1; before && gap >= 0 && gap <= within {
				return true
			}
		}
	}
	return false
}
