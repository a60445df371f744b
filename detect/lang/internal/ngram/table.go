package ngram

import "math/bits"

// Order is the length of the longest sequence in a table.
const Order = 5

// Scale is how many units of a cost make one nat.
const Scale = 8

// MaxLangs bounds the languages of one table.
const MaxLangs = 23

const (
	lanes      = 24 // bytes of a row, the last one idle
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
type Row [lanes / 8]uint64

// Cost is that of one language.
func (r *Row) Cost(lang int) int { return int(r[lang>>3&3] >> (lang & 7 * 8) & 0xff) }

const evens = 0x00ff00ff00ff00ff

// Sum adds up rows: 16 bits, a lane, per language, so that four are added at
// once. It holds [MaxRows] of them.
type Sum [2 * len(Row{})]uint64

// MaxRows is how many rows may be added to one Sum.
const MaxRows = 255

const (
	laneOnes = 0x0001000100010001
	laneTops = 0x8000800080008000
)

// Add adds a row.
func (s *Sum) Add(r *Row) {
	for i, w := range r {
		s[2*i] += w & evens
		s[2*i+1] += w >> 8 & evens
	}
}

// Cost is that of one language.
func (s *Sum) Cost(lang int) int {
	return int(s[lane(lang)] >> laneShift(lang) & 0xffff)
}

func lane(lang int) int      { return lang>>3*2 | lang&1 }
func laneShift(lang int) int { return lang >> 1 & 3 * 16 }

// Row is the sum with the best language at 0, and no cost above 255. Second is
// the cost of the second best. The sum is less than half full.
func (s *Sum) Row() (r Row, second uint8) {
	best := s.least() * laneOnes
	var rest Sum
	for i, w := range s {
		w -= best
		rest[i] = w - less(w, 255*laneOnes)
	}
	for i := range r {
		r[i] = rest[2*i] | rest[2*i+1]<<8
	}
	for i, w := range rest {
		zeros := laneTops &^ (w + (laneTops - laneOnes))
		if first := zeros & -zeros; first != 0 {
			rest[i] |= first - first>>15 // out of the way, once
			break
		}
	}
	return r, uint8(min(rest.least(), 255))
}

// least is the lowest cost in the sum.
func (s *Sum) least() uint64 {
	m := s[0]
	for _, w := range s[1:] {
		m -= less(m, w)
	}
	return min(m&0xffff, m>>16&0xffff, m>>32&0xffff, m>>48)
}

// less is a less b, or 0, in each lane; both are less than the top bit.
func less(a, b uint64) uint64 {
	d := (a | laneTops) - b
	kept := d & laneTops
	return d & (kept - kept>>15)
}

// Favour adds a cost to all languages but those of a set.
func (s *Sum) Favour(set uint32, cost int) {
	for i := range s {
		s[i] += uint64(cost) * laneOnes
	}
	for ; set != 0; set &= set - 1 {
		lang := bits.TrailingZeros32(set)
		s[lane(lang)] -= uint64(cost) << laneShift(lang)
	}
}

// Gain follows, for every language, how much the rows added last would gain by
// being in it instead of in the main one, from wherever that is most, less
// what it costs to enter it there.
type Gain Sum

// MaxEnter is the highest cost of entering.
const MaxEnter = 255

// Add adds a row, before which a language may be entered at a cost of at most
// [MaxEnter], and reports whether some language has gained the limit by now.
// Gains above some thousands are not kept apart.
func (g *Gain) Add(r *Row, main, enter, limit int) bool {
	ref := uint64(r.Cost(main)) * laneOnes
	floor := uint64(MaxEnter-enter) * laneOnes
	rest := laneTops - uint64(MaxEnter+limit)*laneOnes
	reached := uint64(0)
	for i, w := range r {
		even := less(less(g[2*i], floor)+floor+ref, w&evens)
		odd := less(less(g[2*i+1], floor)+floor+ref, w>>8&evens)
		reached |= (even + rest) | (odd + rest)
		g[2*i], g[2*i+1] = even, odd
	}
	return reached&laneTops != 0
}

// Table says how much less likely a letter, or the end of the word, is in each
// language than in the language where it is likeliest, given up to four
// letters before it.
type Table struct {
	Script Script
	Langs  []string

	short, long slots // sequences of up to three letters, and of more
	idle        Sum   // a high cost for the lanes without a language
}

// MaxWord is how many letters of a word are looked at.
const MaxWord = 48

// Score is the cost of one word of at most [MaxWord] letters. Letters of which
// nothing is known cost nothing. Of a word that is not whole the end is not
// looked at.
func (t *Table) Score(word []byte, whole bool) (s Sum) {
	var keys [MaxWord + 1]Key
	k := Key(Edge)
	for i, c := range word {
		k = k.Push(c)
		keys[i] = k
	}
	ends := len(word)
	if whole {
		keys[ends] = k.Push(Edge)
		ends++
	}
	t.fetch(keys[:ends])
	s = t.idle
	n := 1
	for _, k := range keys[:ends] {
		n = t.add(&s, k, n+1)
	}
	return s
}

// fetch looks at all the slots that will be wanted, so that the processor
// waits for memory once and not for each of them: which slot comes next
// depends on what is in the last.
func (t *Table) fetch(keys []Key) {
	seen := Key(0)
	for _, k := range keys[min(2, len(keys)):] {
		seen |= t.long.first(k.last(4)).key() | t.long.first(k).key()
	}
	if seen > keyMask {
		panic("ngram: a key of more than five letters")
	}
}

// add adds the row of the longest known end of k, of at most n letters, and
// returns its length: the next end is at most one longer.
func (t *Table) add(s *Sum, k Key, n int) int {
	for n = min(n, Order); n > 0; n-- {
		k = k.last(n)
		in := &t.long
		if n <= 3 {
			in = &t.short
		}
		if at := in.find(k); at[0] != 0 {
			at.addTo(s, len(t.Langs))
			return n
		}
	}
	return 0
}

// Len is the number of entries.
func (t *Table) Len() int { return t.short.count + t.long.count }

// Bytes is the memory the table takes.
func (t *Table) Bytes() int { return 16 * (len(t.short.slots) + len(t.long.slots)) }

// fill enters keys and their levels, two to a byte, into a table without any.
func (t *Table) fill(keys []Key, levels []byte) {
	for l := len(t.Langs); l < lanes; l++ {
		t.idle[lane(l)] |= 1 << (14 + laneShift(l))
	}
	width := (len(t.Langs) + 1) / 2
	short := 0
	for _, k := range keys {
		if k.Len() <= 3 {
			short++
		}
	}
	t.short, t.long = newSlots(short), newSlots(len(keys)-short)
	for i, k := range keys {
		in := &t.long
		if k.Len() <= 3 {
			in = &t.short
		}
		*in.find(k) = newSlot(k, levels[i*width:][:width])
	}
}

// slots is an open-addressing hash table, at most two thirds full. A zero slot
// is free. Every head of a key is in a table too.
type slots struct {
	slots []slot
	shift uint
	count int
}

// slot is a key and its levels, four bits for each language: the first sixteen
// in the second half, the others above the key. The less memory there is to go
// through, the less there is to wait for.
type slot [2]uint64

const keyBits = letterBits * Order

func (s *slot) key() Key { return Key(s[0] & keyMask) }

// newSlot makes a slot of the levels of languages, two to a byte.
func newSlot(k Key, pairs []byte) (s slot) {
	s[0] = uint64(k)
	for i, p := range pairs {
		if i < 8 {
			s[1] |= uint64(p) << (8 * i)
		} else {
			s[0] |= uint64(p) << (keyBits + 8*(i-8))
		}
	}
	return s
}

// addTo adds the costs of the slot to a sum. Those of the languages from 16 on
// are only looked at if there are any.
func (s *slot) addTo(sum *Sum, langs int) {
	hi := s[1]
	r := Row{four(hi), four(hi >> 32)}
	if langs > 16 {
		r[2] = four(s[0] >> keyBits)
	}
	sum.Add(&r)
}

// four looks up the costs of the lowest four pairs of levels.
func four(p uint64) uint64 {
	return uint64(pairs[p&255]) | uint64(pairs[p>>8&255])<<16 | uint64(pairs[p>>16&255])<<32 | uint64(pairs[p>>24&255])<<48
}

// pairs holds the costs of two levels.
var pairs = func() (t [256]uint16) {
	for i := range t {
		t[i] = uint16(levels[i&15]) | uint16(levels[i>>4])<<8
	}
	return t
}()

func newSlots(entries int) slots {
	size := uint(bits.Len(uint(entries + entries/2)))
	return slots{slots: make([]slot, 1<<size), shift: 64 - size, count: entries}
}

// first is where the search for a key starts.
func (h *slots) first(k Key) *slot { return &h.slots[hash(k)>>h.shift&uint64(len(h.slots)-1)] }

// find is the slot of a key, or the free one that it would take.
func (h *slots) find(k Key) *slot {
	mask := uint64(len(h.slots) - 1)
	for i := hash(k) >> h.shift; ; i++ {
		if at := &h.slots[i&mask]; at.key() == k || at[0] == 0 {
			return at
		}
	}
}

func hash(k Key) uint64 { return uint64(k) * 0x9E3779B97F4A7C15 }
