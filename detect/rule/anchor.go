package rule

import (
	"cmp"
	"slices"
)

// anchors is a set of signals of which at least one is found wherever the
// condition holds, the rarest such set by a guess. Only a post in which one
// of them is found needs the condition looked at; ok is false if there is no
// such set that would be noticed.
func (s *Set) anchors(n *node) (sigs []int32, ok bool) {
	switch n.op {
	case OpName, OpCount:
		if n.op == OpCount && compare(0, n.cmp, n.n) {
			return nil, false
		}
		return n.signals, s.signals[n.signals[0]].Kind.noticed()
	case OpNear, OpOrdered:
		a, b := n.signals[0], n.signals[1]
		if s.rarity(b) < s.rarity(a) {
			a = b
		}
		return []int32{a}, true
	case OpSome:
		order := slices.Clone(n.signals)
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(s.rarity(a), s.rarity(b)) })
		order = order[:len(order)-n.n+1]
		return order, !slices.ContainsFunc(order, func(i int32) bool { return !s.signals[i].Kind.noticed() })
	case OpOr:
		for _, a := range n.args {
			more, ok := s.anchors(a)
			if !ok {
				return nil, false
			}
			sigs = append(sigs, more...)
		}
		return sigs, true
	case OpAnd:
		best := 0.0
		for _, a := range n.args {
			more, good := s.anchors(a)
			if !good {
				continue
			}
			cost := 0.0
			for _, sig := range more {
				cost += s.rarity(sig)
			}
			if !ok || cost < best {
				sigs, ok, best = more, true, cost
			}
		}
		return sigs, ok
	}
	return nil, false
}

// rarity guesses how often a signal is found, by the length of its words:
// short words are common, phrases rare. Only the order matters.
func (s *Set) rarity(sig int32) float64 {
	info := s.signals[sig]
	switch info.Kind {
	case Words:
		sum := 0.0
		for _, t := range info.Terms {
			c := 1.0
			for _, w := range t.words {
				n := float64(len(w.spelling))
				if w.class() {
					n--
				}
				c *= 40 / (n * n * n)
			}
			sum += c
		}
		return sum
	case Regexp:
		return regexpRarity(info.Signal)
	case IndicatorKind:
		return 0.01 // the other rule is looked at anyway
	case ContactKind:
		return 10
	}
	return 1e6
}

// regexpRarity is that of the literals of a regular expression; one without
// is common.
func regexpRarity(sig *Signal) float64 {
	sum := 0.0
	for _, p := range sig.Patterns {
		if len(p.literals) == 0 {
			return 1e3
		}
		sum += 0.5
	}
	return sum
}

// noticed reports whether finding a signal of the kind is an event that can
// make a rule a candidate.
func (k Kind) noticed() bool { return k.placed() || k == IndicatorKind }

// anchor says that an end, a literal or a kind of contact leads to a unit, if
// the language may be spoken there.
type anchor struct {
	lead uint32 // see Set.leads
	lang uint8
}

// anchorTable lists anchors by number: those of n are of[at[n]:at[n+1]].
type anchorTable struct {
	at []uint32
	of []anchor
}

func (t *anchorTable) get(n uint32) []anchor { return t.of[t.at[n]:t.at[n+1]] }

// anchorEntry is an anchor under its number, on the way to a table.
type anchorEntry struct {
	n uint32
	anchor
}

func newAnchorTable(entries []anchorEntry, n uint32) anchorTable {
	slices.SortFunc(entries, func(a, b anchorEntry) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.lead, b.lead), cmp.Compare(a.lang, b.lang))
	})
	entries = slices.Compact(entries)
	t := anchorTable{at: make([]uint32, n+1), of: make([]anchor, len(entries))}
	for i, e := range entries {
		t.of[i] = e.anchor
		t.at[e.n+1]++
	}
	for i := range n {
		t.at[i+1] += t.at[i]
	}
	return t
}
