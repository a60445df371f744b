package rule

import "slices"

// literalSet finds which regular expressions may match a text: those of which
// every group of literals has one in it. One pass over the folded text asks
// for the first three bytes at each place, of which nearly all are turned
// away by one bit.
type literalSet struct {
	bits     []uint64
	slots    []literalSlot
	literals []literal // those with one head stand together
	groups   []uint32  // by pattern: its groups, a bit each
	anchors  []anchor  // by pattern
}

// literalSlot is a head, three bytes, with its literals list[from:to].
type literalSlot struct {
	head     uint32 // zero: empty
	from, to uint32
}

// literal is a string of which one group of one pattern has need.
type literal struct {
	s       string
	pattern int32
	group   uint8
}

const (
	literalHead = 3
	maxGroups   = 32 // of one pattern; those beyond are not asked for
)

// literalBuilder collects what is wanted.
type literalBuilder struct {
	literals []literal
	anchors  []anchor
	groups   []uint32
}

// add adds a pattern; each of its groups has literals of three bytes or more.
func (b *literalBuilder) add(groups [][]string, a anchor) {
	n := int32(len(b.anchors))
	groups = groups[:min(len(groups), maxGroups)]
	for g, lits := range groups {
		for _, l := range lits {
			b.literals = append(b.literals, literal{l, n, uint8(g)})
		}
	}
	b.anchors = append(b.anchors, a)
	b.groups = append(b.groups, 1<<len(groups)-1)
}

func (b *literalBuilder) build() *literalSet {
	if len(b.literals) == 0 {
		return &literalSet{}
	}
	slices.SortFunc(b.literals, func(x, y literal) int { return int(headOfLiteral(x.s)) - int(headOfLiteral(y.s)) })
	size, bits := 16, 64
	for size < 3*len(b.literals) {
		size <<= 1
	}
	for bits < 32*len(b.literals) && bits < 1<<16 {
		bits <<= 1
	}
	s := &literalSet{bits: make([]uint64, bits/64), slots: make([]literalSlot, size), literals: b.literals, anchors: b.anchors, groups: b.groups}
	for i := 0; i < len(b.literals); {
		h, j := headOfLiteral(b.literals[i].s), i+1
		for j < len(b.literals) && headOfLiteral(b.literals[j].s) == h {
			j++
		}
		s.insert(literalSlot{h, uint32(i), uint32(j)})
		i = j
	}
	return s
}

func (s *literalSet) insert(x literalSlot) {
	h := literalHash(x.head)
	b := h >> 8 & uint32(len(s.bits)*64-1)
	s.bits[b>>6] |= 1 << (b & 63)
	at := h & uint32(len(s.slots)-1)
	for s.slots[at].head != 0 {
		at = (at + 1) & uint32(len(s.slots)-1)
	}
	s.slots[at] = x
}

func headOfLiteral(s string) uint32 { return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 }

func literalHash(head uint32) uint32 {
	h := head * 0x9E3779B1
	return h ^ h>>15
}

// find calls f with the anchor of every pattern that may match the text.
// found holds a number for each pattern, all zero, and is left so.
func (s *literalSet) find(text []byte, found []uint32, f func(anchor)) {
	if len(s.literals) == 0 || len(text) < literalHead {
		return
	}
	bits, mask := s.bits, uint32(len(s.bits)*64-1)
	head := uint32(text[0])<<8 | uint32(text[1])<<16
	for i := literalHead - 1; i < len(text); i++ {
		head = head>>8 | uint32(text[i])<<16
		h := literalHash(head)
		if b := h >> 8 & mask; bits[b>>6]>>(b&63)&1 != 0 {
			s.at(text[i-literalHead+1:], head, h, found, f)
		}
	}
	clear(found)
}

// at looks for literals with the head at the start of rest.
func (s *literalSet) at(rest []byte, head, h uint32, found []uint32, f func(anchor)) {
	for at := h & uint32(len(s.slots)-1); s.slots[at].head != 0; at = (at + 1) & uint32(len(s.slots)-1) {
		x := &s.slots[at]
		if x.head != head {
			continue
		}
		for i := x.from; i < x.to; i++ {
			l := &s.literals[i]
			bit := uint32(1) << l.group
			if found[l.pattern]&bit != 0 || len(l.s) > len(rest) || string(rest[:len(l.s)]) != l.s {
				continue
			}
			if found[l.pattern] |= bit; found[l.pattern] == s.groups[l.pattern] {
				f(s.anchors[l.pattern])
			}
		}
		return
	}
}
