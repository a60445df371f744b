package ngram

import "math/bits"

// Order is the length of the longest sequence in a table.
const Order = 5

// Scale is how many units of a cost make one nat.
const Scale = 8

// MaxLangs bounds the languages of one table.
const MaxLangs = 24

const (
	letterBits = 7
	keyMask    = 1<<(letterBits*Order) - 1
)

// Key is one to five letters or edges, the last in the lowest bits.
type Key uint64

// Push appends a letter, dropping the oldest of five.
func (k Key) Push(code byte) Key { return (k<<letterBits | Key(code)) & keyMask }

// Tail is the key without its oldest letter.
func (k Key) Tail() Key { return k.last(k.Len() - 1) }

// Head is the key without its last letter.
func (k Key) Head() Key { return k >> letterBits }

// At is letter i, counted from the last.
func (k Key) At(i int) byte { return byte(k>>(letterBits*i)) & (1<<letterBits - 1) }

// Len is the number of letters.
func (k Key) Len() int { return (bits.Len64(uint64(k)) + letterBits - 1) / letterBits }

func (k Key) last(n int) Key { return k & (1<<(letterBits*max(n, 0)) - 1) }

// Row is one cost per language, a byte each: how much less likely something is
// in it than in the language where it is likeliest, in units of 1/[Scale]
// nat. Language i is byte i, the lowest first.
type Row [MaxLangs / 8]uint64

// Cost is that of one language.
func (r *Row) Cost(lang int) int { return int(r[lang>>3&3] >> (lang & 7 * 8) & 0xff) }

const evens = 0x00ff00ff00ff00ff

// Sum adds up rows: 16 bits per language, so that four are added at once. It
// holds [MaxRows] of them.
type Sum [2 * len(Row{})]uint64

// MaxRows is how many rows may be added to one Sum.
const MaxRows = 255

// Add adds a row.
func (s *Sum) Add(r *Row) {
	for i, w := range r {
		s[2*i] += w & evens
		s[2*i+1] += w >> 8 & evens
	}
}

// Cost is that of one language.
func (s *Sum) Cost(lang int) int {
	return int(s[lang>>3*2|lang&1] >> (lang >> 1 & 3 * 16) & 0xffff)
}

// Row is the sum with the best language at 0, and no cost above 255.
func (s *Sum) Row(langs int) (r Row) {
	best := s.Cost(0)
	for l := 1; l < langs; l++ {
		best = min(best, s.Cost(l))
	}
	for l := range MaxLangs {
		c := 255
		if l < langs {
			c = min(s.Cost(l)-best, 255)
		}
		r[l>>3] |= uint64(c) << (l & 7 * 8)
	}
	return r
}

// Penalize adds a cost to a set of languages.
func (s *Sum) Penalize(set uint32, cost int) {
	for l := range MaxLangs {
		s[l>>3*2|l&1] += uint64(set>>l&1) * uint64(cost) << (l >> 1 & 3 * 16)
	}
}

// Gain follows how much every language gains over one of them in the rows
// added last, from wherever that is most and never less than nothing.
type Gain Sum

const (
	laneOnes = 0x0001000100010001
	laneTops = 0x8000800080008000
)

// Add adds a row and reports whether some language has gained the limit over
// the main one. Limit is less than 32,000.
func (g *Gain) Add(r *Row, main, limit int) bool {
	ref := uint64(r.Cost(main)) * laneOnes
	rest := laneTops - uint64(limit)*laneOnes
	reached := uint64(0)
	for i, w := range r {
		g[2*i] = gain(g[2*i]+ref, w&evens)
		g[2*i+1] = gain(g[2*i+1]+ref, w>>8&evens)
		reached |= (g[2*i] + rest) | (g[2*i+1] + rest)
	}
	return reached&laneTops != 0
}

// gain is a less b, or 0, in each lane.
func gain(a, b uint64) uint64 {
	d := (a | laneTops) - b
	kept := d & laneTops
	return d & (kept - kept>>15)
}

// Table says how much less likely a letter, or the end of the word, is in each
// language than in the language where it is likeliest, given up to four
// letters before it.
type Table struct {
	Script Script
	Langs  []string

	// slots is an open-addressing hash table, at most two thirds full; a
	// zero key is a free slot. Every head of a key is in it too.
	slots []slot
	shift uint
	count int
}

// slot fills half a cache line, so that a look-up waits for memory once.
type slot struct {
	key Key
	row Row
}

// Score is the cost of one word. Letters of which nothing is known cost
// nothing. Of a word that is not whole the end is not looked at. A word has at
// most MaxRows-1 letters.
func (t *Table) Score(word []byte, whole bool) (s Sum) {
	k, n := Key(Edge), 1
	for _, c := range word {
		k = k.Push(c)
		n = t.add(&s, k, n+1)
	}
	if whole {
		t.add(&s, k.Push(Edge), n+1)
	}
	return s
}

// add adds the row of the longest known end of k, of at most n letters, and
// returns its length: the next end is at most one longer.
func (t *Table) add(s *Sum, k Key, n int) int {
	slots := t.slots
	mask := uint64(len(slots) - 1)
	for n = min(n, Order); n > 0; n-- {
		k = k.last(n)
		for i := hash(k) >> t.shift; ; i++ {
			at := &slots[i&mask]
			if at.key == k {
				s.Add(&at.row)
				return n
			}
			if at.key == 0 {
				break
			}
		}
	}
	return 0
}

func hash(k Key) uint64 { return uint64(k) * 0x9E3779B97F4A7C15 }

// Len is the number of entries.
func (t *Table) Len() int { return t.count }

// Bytes is the memory the table takes.
func (t *Table) Bytes() int { return len(t.slots) * 32 }

// grow makes room for a number of entries.
func (t *Table) grow(entries int) {
	size := uint(bits.Len(uint(entries + entries/2)))
	t.shift = 64 - size
	t.slots = make([]slot, 1<<size)
	t.count = entries
}

// put enters a row under a key that has none.
func (t *Table) put(k Key, r Row) {
	mask := uint64(len(t.slots) - 1)
	i := hash(k) >> t.shift & mask
	for t.slots[i].key != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = slot{k, r}
}
