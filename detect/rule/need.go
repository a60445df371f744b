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
		s.leads = append(s.leads, uint32(i), uint32(len(needs)))
		for _, n := range needs {
			s.leads = n.append(s.leads)
		}
	}
}

// A need is written as ordered<<30 | (within+1)<<20 | len(a)<<10 | len(b),
// and the ends.
func (n need) append(to []uint32) []uint32 {
	to = append(to, uint32(boolInt(n.ordered))<<30|uint32(n.within+1)<<20|uint32(len(n.a))<<10|uint32(len(n.b)))
	return append(append(to, n.a...), n.b...)
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
			return []need{{a: a, b: b, within: n.n, ordered: n.op == OpOrdered}}
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

// follow makes candidates of the units that leads go to, as far as what they
// need was found.
func (m *Matcher) follow() {
	for _, lead := range m.leads {
		if record := m.set.leads[lead:]; m.may(record[2:], int(record[1])) {
			m.candidate(int32(record[0]))
		}
	}
}

// may reports whether so many needs are met, as far as the finds tell.
func (m *Matcher) may(needs []uint32, n int) bool {
	for range n {
		w := needs[0]
		na, nb := int(w>>10&1023), int(w&1023)
		a, b := needs[1:1+na], needs[1+na:1+na+nb]
		needs = needs[1+na+nb:]
		if !m.mayAny(a) {
			return false
		}
		if within := int32(w>>20&1023) - 1; within >= 0 && (!m.mayAny(b) || !m.mayNear(a, b, within, w>>30&1 != 0)) {
			return false
		}
	}
	return true
}

func (m *Matcher) mayAny(ends []uint32) bool {
	return slices.ContainsFunc(ends, m.mayEnd)
}

func (m *Matcher) mayEnd(e uint32) bool {
	return m.ends[e>>6%uint32(len(m.ends))]>>(e&63)&1 != 0
}

// mayNear reports whether finds of two groups are near each other.
func (m *Matcher) mayNear(a, b []uint32, within int32, ordered bool) bool {
	if !m.linked {
		m.link()
	}
	for _, e := range a {
		if !m.mayEnd(e) {
			continue
		}
		for i := m.heads[e%findHeads]; i != 0; i = m.finds[i-1].next {
			if m.finds[i-1].end == e && m.nearby(i-1, b, within, ordered) {
				return true
			}
		}
	}
	return false
}

// nearby reports whether a find of a group is near find i.
func (m *Matcher) nearby(i int32, ends []uint32, within int32, ordered bool) bool {
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
			if gap := y.first - x.last - 1; gap >= 0 && gap <= within {
				return true
			}
			if gap := x.first - y.last - 1; !ordered && gap >= 0 && gap <= within {
				return true
			}
		}
	}
	return false
}
