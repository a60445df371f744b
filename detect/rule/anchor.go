package rule

import (
	"cmp"
	"slices"
	"strings"
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
	info := &s.signals[sig]
	if info.rarity == 0 {
		info.rarity = info.guessRarity()
	}
	return info.rarity
}

func (s *signalInfo) guessRarity() float64 {
	switch s.Kind {
	case Words:
		sum := 0.0
		for i := range s.Terms {
			sum += s.Terms[i].rarity()
		}
		return sum
	case Regexp:
		return regexpRarity(s.Signal)
	case IndicatorKind:
		return 0.01 // the other rule is looked at anyway
	case ContactKind:
		return 10
	}
	return 1e6
}

func (t *Term) rarity() float64 {
	c := 1.0
	for rest, more := t.spelled, true; more; {
		var w string
		w, rest, more = strings.Cut(rest, " ")
		n := float64(len(w))
		switch {
		case t.symbol:
		case strings.HasSuffix(w, "*"):
			n -= 2
		case strings.Contains(w, "?"):
			n--
		}
		c *= 40 / (n * n * n)
	}
	return c
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
// the language may be spoken there. It is sixteen bytes and has what turns
// most leads away.
type anchor struct {
	also also
	lead uint32 // see Set.leads
	lang uint8
}

// also is the bits of four ends, sixteen bits for each, of which one must be
// found too for a lead to come to anything; bit 0 is always found.
type also uint64

// maxAlso is how many ends an also has room for.
const maxAlso = 4

func newAlso(ends []uint32) (a also) {
	for i := range maxAlso {
		a |= also(endBit(ends[min(i, len(ends)-1)])) << (16 * i)
	}
	return a
}

// met is 1 if one of the ends may have been found, else 0.
func (m *Matcher) met(a also) uint64 {
	const words = endBits / 64
	return (m.ends[a>>6%words]>>(a&63) | m.ends[a>>22%words]>>(a>>16&63) |
		m.ends[a>>38%words]>>(a>>32&63) | m.ends[a>>54%words]>>(a>>48&63)) & 1
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

// newAnchorTable sorts entries into a table of n numbers, without repeats.
func newAnchorTable(entries []anchorEntry, n uint32) anchorTable {
	t := anchorTable{at: make([]uint32, n+1), of: make([]anchor, len(entries))}
	for _, e := range entries {
		t.at[e.n+1]++
	}
	for i := range n {
		t.at[i+1] += t.at[i]
	}
	next := slices.Clone(t.at)
	for _, e := range entries {
		t.of[next[e.n]] = e.anchor
		next[e.n]++
	}
	to := uint32(0)
	for i := range n {
		those := t.of[t.at[i]:t.at[i+1]]
		if len(those) > 1 {
			slices.SortFunc(those, func(a, b anchor) int {
				return cmp.Or(cmp.Compare(a.lead, b.lead), cmp.Compare(a.lang, b.lang))
			})
			those = slices.Compact(those)
		}
		t.at[i] = to
		to += uint32(copy(t.of[to:], those))
	}
	t.at[n] = to
	t.of = t.of[:to]
	return t
}
