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
	patterns []literalPattern
}

// literalPattern is a regular expression by its literals.
type literalPattern struct {
	groups  uint32 // a bit each
	probe   int32
	anchors []anchor // what it makes candidates
}

// anchor adds what a pattern makes a candidate.
func (s *literalSet) anchor(pattern int32, a anchor) {
	s.patterns[pattern].anchors = append(s.patterns[pattern].anchors, a)
}

// literalSlot is a head, three bytes, with its literals list[from:to].
type literalSlot struct {
	head     uint32 // zero: empty
	from, to uint32
	next     uint64 // of what comes after the head, the last six bits, a bit each
	langs    uint64
}

// literal is a string of which one group of one pattern has need.
type literal struct {
	s       string
	pattern int32
	group   uint8
	lang    uint8
}

const (
	literalHead = 3
	maxGroups   = 32 // of one pattern; those beyond are not asked for
)

// literalBuilder collects what is wanted.
type literalBuilder struct {
	literals []literal
	patterns []literalPattern
}

// add adds a pattern and returns its number; each of its groups has literals
// of three bytes or more. Without any it has none: -1.
func (b *literalBuilder) add(groups [][]string, lang uint8, probe int32) int32 {
	if len(groups) == 0 {
		return -1
	}
	n := int32(len(b.patterns))
	groups = groups[:min(len(groups), maxGroups)]
	for g, lits := range groups {
		for _, l := range lits {
			b.literals = append(b.literals, literal{l, n, uint8(g), lang})
		}
	}
	b.patterns = append(b.patterns, literalPattern{groups: 1<<len(groups) - 1, probe: probe})
	return n
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
	s := &literalSet{bits: make([]uint64, bits/64), slots: make([]literalSlot, size), literals: b.literals, patterns: b.patterns}
	for i := 0; i < len(b.literals); {
		h, j := headOfLiteral(b.literals[i].s), i+1
		for j < len(b.literals) && headOfLiteral(b.literals[j].s) == h {
			j++
		}
		x := literalSlot{head: h, from: uint32(i), to: uint32(j)}
		for _, l := range b.literals[i:j] {
			x.langs |= 1 << l.lang
			if len(l.s) == literalHead {
				x.next = ^uint64(0)
			} else {
				x.next |= 1 << (l.s[literalHead] & 63)
			}
		}
		s.insert(x)
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

// find calls f with every pattern that may match the text, of those in one of
// the languages. found holds a number for each pattern, all zero, and is left
// so.
func (s *literalSet) find(text []byte, langs uint64, found []uint32, f func(pattern int32)) {
	if len(s.literals) == 0 || len(text) < literalHead {
		return
	}
	bits, mask := s.bits, uint32(len(s.bits)*64-1)
	head := uint32(text[0])<<8 | uint32(text[1])<<16
	for i := literalHead - 1; i < len(text); i++ {
		head = head>>8 | uint32(text[i])<<16
		h := literalHash(head)
		if b := h >> 8 & mask; bits[b>>6]>>(b&63)&1 != 0 {
			s.at(text[i-literalHead+1:], head, h, langs, found, f)
		}
	}
	clear(found)
}

// at looks for literals with the head at the start of rest.
func (s *literalSet) at(rest []byte, head, h uint32, langs uint64, found []uint32, f func(pattern int32)) {
	for at := h & uint32(len(s.slots)-1); s.slots[at].head != 0; at = (at + 1) & uint32(len(s.slots)-1) {
		x := &s.slots[at]
		if x.head != head {
			continue
		}
		if x.langs&langs == 0 || len(rest) > literalHead && x.next>>(rest[literalHead]&63)&1 == 0 {
			return
		}
		for i := x.from; i < x.to; i++ {
			l := &s.literals[i]
			bit := uint32(1) << l.group
			if langs>>l.lang&1 == 0 || found[l.pattern]&bit != 0 || len(l.s) > len(rest) || string(rest[:len(l.s)]) != l.s {
				continue
			}
			if found[l.pattern] |= bit; found[l.pattern] == s.patterns[l.pattern].groups {
				f(l.pattern)
			}
		}
		return
	}
}
