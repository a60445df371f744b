package rule

import "slices"

// posting says that a term belongs to a signal.
type posting struct {
	signal int32
	term   int32 // of Set.verify, for terms with modifiers; else -1
	lang   uint8 // bit of the language
	only   bool  // evasive spellings only
}

// trie holds all terms as paths of symbols. First steps are looked up by
// symbol; all others in one hash table, behind a bit table that turns most
// pairs of words away.
type trie struct {
	roots    []step
	edges    []edge
	bits     []uint64
	postings []posting
}

// step is where a path leads: its terms, and the node to go on from.
type step struct {
	node     uint32 // 0: no path goes on
	from, to uint32 // postings
}

type edge struct {
	key uint64 // node<<32 | symbol; 0: empty
	step
}

// builder makes a trie.
type trieBuilder struct {
	next  map[uint64]uint32 // edges
	terms [][]posting       // by node
}

func newTrieBuilder() *trieBuilder {
	return &trieBuilder{next: map[uint64]uint32{}, terms: make([][]posting, 1)}
}

func (b *trieBuilder) add(path []symbol, p posting) {
	node := uint32(0)
	for _, s := range path {
		key := uint64(node)<<32 | uint64(s)
		to, ok := b.next[key]
		if !ok {
			to = uint32(len(b.terms))
			b.terms = append(b.terms, nil)
			b.next[key] = to
		}
		node = to
	}
	b.terms[node] = append(b.terms[node], p)
}

// build freezes the trie over symbols below n.
func (b *trieBuilder) build(n symbol) *trie {
	t := &trie{roots: make([]step, n)}
	inner := make([]bool, len(b.terms))
	size, bits := 16, 64
	for key := range b.next {
		inner[key>>32] = true
	}
	for size < 2*len(b.next) {
		size <<= 1
	}
	for bits < 16*len(b.next) && bits < 1<<20 {
		bits <<= 1
	}
	t.edges, t.bits = make([]edge, size), make([]uint64, bits/64)
	steps := make([]step, len(b.terms))
	for node, ps := range b.terms {
		from := uint32(len(t.postings))
		t.postings = append(t.postings, ps...)
		steps[node] = step{from: from, to: uint32(len(t.postings))}
		if inner[node] {
			steps[node].node = uint32(node)
		}
	}
	for key, to := range b.next {
		if key>>32 == 0 {
			t.roots[uint32(key)] = steps[to]
			continue
		}
		t.insert(key, steps[to])
	}
	return t
}

func (t *trie) insert(key uint64, s step) {
	h := edgeHash(key)
	t.bits[h>>40%uint64(len(t.bits)*64)>>6] |= 1 << (h >> 40 % 64)
	at := h & uint64(len(t.edges)-1)
	for t.edges[at].key != 0 {
		at = (at + 1) & uint64(len(t.edges)-1)
	}
	t.edges[at] = edge{key, s}
}

func edgeHash(key uint64) uint64 {
	h := key * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// follow is the edge from a node by a symbol, nil if there is none.
func (t *trie) follow(node uint32, s symbol) *step {
	key := uint64(node)<<32 | uint64(s)
	h := edgeHash(key)
	if b := h >> 40 & uint64(len(t.bits)*64-1); t.bits[b>>6]>>(b&63)&1 == 0 {
		return nil
	}
	mask := uint64(len(t.edges) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		switch e := &t.edges[at]; e.key {
		case key:
			return &e.step
		case 0:
			return nil
		}
	}
}

// sortedUnique sorts words and drops repeats.
func sortedUnique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
