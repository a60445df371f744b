package rule

// trie holds all terms as paths of symbols. A node after one symbol is the
// symbol itself; nodes further on have numbers above all symbols. Edges lie
// in one hash table, behind a bit table that turns most pairs of words away.
//
// Where a term ends there is an end: a number from 1 on, shared by all terms
// of the same words. It stands for "these words were found", and is all that
// the scan of a text writes down. That of a term of one word is the symbol of
// the word.
type trie struct {
	ends  []uint32 // by symbol: what it completes by itself, or 0
	inner []bool   // by symbol: whether it begins longer terms
	part  []bool   // by symbol: whether it is part of longer terms
	edges []edge
	bits  []uint64
	n     uint32 // ends, plus one
}

type edge struct {
	key  uint64 // node<<32 | symbol; 0: empty
	node uint32 // to go on from; 0: no term goes on
	end  uint32 // 0: no term ends here
}

// anchored marks an end that makes units candidates.
const anchored = 1 << 31

// maxBits bounds the bit table, so that it stays in a fast cache.
const maxBits = 1 << 21

// good says what a symbol is good for as the first of a term.
func (t *trie) good(s symbol) (flags uint32) {
	if t.ends[s] != 0 {
		flags |= completes
	}
	if t.inner[s] {
		flags |= begins
	}
	return flags
}

// trieBuilder makes a trie over symbols below first.
type trieBuilder struct {
	first uint32
	next  map[uint64]uint32 // edges between nodes
	ends  []uint32          // by node
	inner []bool            // by node
	part  []bool            // by symbol
	n     uint32
}

// newTrieBuilder is for so many terms, of which those of one word are the
// symbols up to words.
func newTrieBuilder(first, words symbol, terms int) *trieBuilder {
	b := &trieBuilder{
		first: first, next: make(map[uint64]uint32, terms), n: words + 1,
		ends: make([]uint32, first), inner: make([]bool, first), part: make([]bool, first),
	}
	for s := range words + 1 {
		b.ends[s] = s
	}
	return b
}

// add adds a path and returns its end.
func (b *trieBuilder) add(path []symbol) uint32 {
	node := path[0]
	if len(path) > 1 {
		b.part[node] = true
	}
	for _, s := range path[1:] {
		b.inner[node], b.part[s] = true, true
		key := uint64(node)<<32 | uint64(s)
		to, ok := b.next[key]
		if !ok {
			to = uint32(len(b.ends))
			b.ends, b.inner = append(b.ends, 0), append(b.inner, false)
			b.next[key] = to
		}
		node = to
	}
	if b.ends[node] == 0 {
		b.ends[node] = b.n
		b.n++
	}
	return b.ends[node]
}

// build freezes the trie.
func (b *trieBuilder) build() *trie {
	size, bits := 16, 64
	for size < 2*len(b.next) {
		size <<= 1
	}
	for bits < 10*len(b.next) && bits < maxBits {
		bits <<= 1
	}
	t := &trie{ends: b.ends[:b.first], inner: b.inner[:b.first], part: b.part, edges: make([]edge, size), bits: make([]uint64, bits/64), n: b.n}
	for key, to := range b.next {
		e := edge{key: key, end: b.ends[to]}
		if b.inner[to] {
			e.node = to
		}
		t.insert(e)
	}
	return t
}

func (t *trie) insert(e edge) {
	h := edgeHash(e.key)
	t.bits[h>>40&uint64(len(t.bits)-1)] |= edgeBits(h)
	at := h & uint64(len(t.edges)-1)
	for t.edges[at].key != 0 {
		at = (at + 1) & uint64(len(t.edges)-1)
	}
	t.edges[at] = e
}

func edgeHash(key uint64) uint64 {
	h := key * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// edgeBits are the bits of an edge in its word of the bit table: one would
// leave twice as many edges to look for that are not there.
func edgeBits(h uint64) uint64 { return 1<<(h>>34&63) | 1<<(h>>28&63) }

// may reports whether there may be an edge from a node by a symbol: no is
// certain.
func (t *trie) may(node uint32, s symbol) bool { return t.mayBit(node, s) != 0 }

// mayBit is may as 0 or 1.
func (t *trie) mayBit(node uint32, s symbol) uint32 {
	h := edgeHash(uint64(node)<<32 | uint64(s))
	missing := edgeBits(h) &^ t.bits[h>>40&uint64(len(t.bits)-1)]
	return uint32((missing - 1) &^ missing >> 63)
}

// follow is the edge from a node by a symbol, nil if there is none.
func (t *trie) follow(node uint32, s symbol) *edge {
	if !t.may(node, s) {
		return nil
	}
	key := uint64(node)<<32 | uint64(s)
	h := edgeHash(key)
	for at := h & uint64(len(t.edges)-1); ; at = (at + 1) & uint64(len(t.edges)-1) {
		switch e := &t.edges[at]; e.key {
		case key:
			return e
		case 0:
			return nil
		}
	}
}
