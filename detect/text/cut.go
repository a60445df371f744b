package text

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

const mixer = 0x9E3779B97F4A7C15

// alnum is true of the ASCII letters and digits.
var alnum = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80
	}
	return t
}()

// Signs before a word that may join it to the one before, or ask for a second
// look at it; and signs after one that may be its last letter.
var opens, closes = set(".*_~|^+=@$!'`-#"), set("@$")

// set is 1 for each of the signs.
func set(signs string) (t [256]uint8) {
	for _, c := range []byte(signs) {
		t[c] = 1
	}
	return t
}

// mix is one step of the hash, over up to eight bytes of a word.
func mix(h, w uint64) uint64 {
	a, b := bits.Mul64(h^w, mixer)
	return a ^ b
}

// Hash is the hash of a folded word, as tokens carry it. It is the same in
// every process of one Version; it is not proof against made collisions, so
// compare the word too before it counts.
func Hash(w []byte) uint64 {
	h := uint64(mixer)
	for len(w) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64(w))
		w = w[8:]
	}
	if len(w) > 0 {
		var x uint64
		for _, v := range slices.Backward(w) {
			x = x<<8 | uint64(v)
		}
		h = mix(h, x)
	}
	return h
}

// note is a place in the folded text to remember until its word is cut.
type note struct {
	at   int32
	kind uint8
}

// Kinds of notes.
const (
	fancy  = iota // the letter there was dressed up as another character
	hidden        // an invisible character was there
	joint         // a symbol ends there
)

// pairing tells, by bit, the places from folded byte at on where a letter
// stands twice.
type pairing struct {
	at   int32
	mask uint64
}

// block is how many bytes cut looks at together, and batch how many edges
// of words it gathers, at least, before it makes tokens of them.
const (
	block = 64
	batch = 192
)

// gather, multiplied, brings the lowest bits of eight bytes into the highest.
const gather = 0x0102040810204080

// cutter is how far a Doc is cut.
type cutter struct {
	at     int   // all before is cut
	seg    int   // segments that begin before
	delta  int32 // original minus folded offset, there
	note   int   // notes before
	single uint8 // 1 if the last token was one letter
}

// cut makes tokens of the words written since the last cut. There every byte
// outside ASCII is part of a word: what is not was cut around.
func (d *Doc) cut() {
	from, end := d.done.at, len(d.out)
	if from == end {
		return
	}
	d.done.at = end
	out, edges, k, before := d.out[:cap(d.out)], &d.edges, 0, uint64(0)
	for ; from < end; from += block {
		words, pairs := scan(out[from:from+block+11], end-from)
		if pairs != 0 {
			d.pairs = append(d.pairs, pairing{int32(from), pairs})
		}
		turn := words ^ (words<<1 | before)
		before = words >> (block - 1)
		for ; turn != 0; turn &= turn - 1 {
			edges[k&255] = int32(from + bits.TrailingZeros64(turn))
			k++
		}
		if k >= batch-block {
			d.tokens(edges[:k&^1])
			edges[0] = edges[(k-1)&255]
			k &= 1
		}
	}
	if k&1 == 1 {
		edges[k&255] = int32(end)
		k++
	}
	d.tokens(edges[:k])
}

// scan has a bit for each of the first n bytes of b, at most block, that is
// part of a word, and one, perhaps, where a letter stands that stands there
// again next.
func scan(b []byte, n int) (words, pairs uint64) {
	high := uint64(0)
	for j := 0; j < block && j < n; j += 8 {
		w := at8(b, j)
		x := w &^ tops
		letter := (x + gea) & ^(x + gtz)
		digit := (x + ge0) & ^(x + gt9)
		words |= (w | letter | digit) & tops >> 7 * gather >> 56 << j
		same := w ^ at8(b, j+1)
		pairs |= (same - ones) &^ same & letter &^ w & tops >> 7 * gather >> 56 << j
		high |= w
	}
	words &= low(n)
	pairs &= low(n - 1) // what comes after the end is of another text
	if high&tops != 0 {
		pairs |= highPairs(b, n) & low(n-3)
	}
	return words, pairs
}

// low is a mask of the lowest n bits.
func low(n int) uint64 {
	switch {
	case n >= block:
		return ^uint64(0)
	case n <= 0:
		return 0
	}
	return 1<<n - 1
}

// highPairs is as the pairs of scan, for letters of two bytes.
func highPairs(b []byte, n int) (pairs uint64) {
	for j := 0; j < block && j < n; j += 8 {
		w := at8(b, j)
		same := (w ^ at8(b, j+2)) | (at8(b, j+1) ^ at8(b, j+3))
		pairs |= (same - ones) &^ same & w & (w << 1) & tops >> 7 * gather >> 56 << j
	}
	return pairs
}

// at8 is the eight bytes of b from i.
func at8(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

// tokens makes a token of each pair of edges, and keeps those in mind that
// may hide something.
func (d *Doc) tokens(edges []int32) {
	first, odds := len(d.Tokens), len(d.odd)
	d.Tokens = slices.Grow(d.Tokens, len(edges)/2)[:first+len(edges)/2]
	out, toks, single, delta := d.out[:cap(d.out)], d.Tokens[first:], d.done.single, d.done.delta
	for i := range toks {
		from, to := edges[2*i], edges[2*i+1]
		x, n := at8(out, int(from)), to-from
		var hash, digits uint64
		if n <= 8 {
			x &= ^uint64(0) >> ((64 - 8*n) & 63)
			hash, digits = mix(mixer, x), numeric(x)
		} else if n <= 16 {
			y := at8(out, int(from)+8) & (^uint64(0) >> ((128 - 8*n) & 63))
			hash, digits = mix(mix(mixer, x), y), numeric(x)|numeric(y)
		} else {
			hash, digits = long(out[from:to])
		}
		flags := Letter
		if digits != 0 {
			flags = digitFlags(out[from:to])
		}
		t := &toks[i] // field by field: a composite literal is made elsewhere and copied
		t.Start, t.End, t.From, t.To = from+delta, to+delta, from, to
		t.Hash, t.Flags = hash, flags
		// Without branches: a one-letter word is one byte, or two that are not ASCII.
		one := uint8((uint64(n-1)-1)>>63 | (uint64(n-2)-1)>>63&(x>>7))
		odd := one&single | uint8(flags&(flags>>1)) | opens[out[max(from, 1)-1]] | closes[out[to]]
		if odd&1 != 0 {
			d.odd = append(d.odd, oddity(first+i)<<1)
		}
		single = one
	}
	d.done.single = single
	if d.done.seg < len(d.segs) {
		d.place(toks)
	}
	if d.done.note < len(d.notes) {
		d.noted(first)
		slices.Sort(d.odd[odds:])
		d.odd = append(d.odd[:odds], slices.Compact(d.odd[odds:])...)
	}
	if len(d.odd) > odds {
		d.hashtags(odds)
	}
}

// numeric has a bit for each digit in x, which is part of a folded word.
func numeric(x uint64) uint64 { return x << 1 &^ (x | x>>1) & (tops >> 1) }

// long is the hash of a word of more than eight bytes, and whether it has
// digits.
func long(w []byte) (hash, digits uint64) {
	hash = mixer
	for ; len(w) >= 8; w = w[8:] {
		x := binary.LittleEndian.Uint64(w)
		hash = mix(hash, x)
		digits |= numeric(x)
	}
	if n := len(w); n > 0 {
		x := binary.LittleEndian.Uint64(w[:8]) & (1<<(8*n) - 1)
		hash = mix(hash, x)
		digits |= numeric(x)
	}
	return hash, digits
}

func digitFlags(w []byte) Flags {
	for _, c := range w {
		if c > '9' {
			return Letter | Digit
		}
	}
	return Digit
}

// place maps tokens to the original.
func (d *Doc) place(toks []Token) {
	segs, delta := d.segs[d.done.seg:], d.done.delta
	next := nextSegment(segs)
	for i := range toks {
		t := &toks[i]
		for t.From >= next {
			delta = segs[0].orig - segs[0].fold
			segs = segs[1:]
			next = nextSegment(segs)
		}
		t.Start = t.From + delta
		for t.To >= next {
			delta = segs[0].orig - segs[0].fold
			segs = segs[1:]
			next = nextSegment(segs)
		}
		t.End = t.To + delta
	}
	d.done.seg, d.done.delta = len(d.segs)-len(segs), delta
}

func nextSegment(segs []segment) int32 {
	if len(segs) == 0 {
		return 1<<31 - 1
	}
	return segs[0].fold
}

// noted takes the notes about the tokens from first on.
func (d *Doc) noted(first int) {
	notes, k := d.notes, d.done.note
	for i := first; i < len(d.Tokens) && k < len(notes); i++ {
		t := &d.Tokens[i]
		for ; k < len(notes) && notes[k].at < t.To; k++ {
			switch at := notes[k].at; {
			case at < t.From:
			case notes[k].kind == fancy:
				t.Flags |= Evasive
			case notes[k].kind == joint:
				if at == t.From {
					d.odd = append(d.odd, oddity(i)<<1)
				}
			case at > t.From && d.scriptAt(at) != other: // where joiners are spelling
				d.Hidden++
				t.Flags |= Evasive
			}
		}
	}
	d.done.note = k
}

func (d *Doc) scriptAt(at int32) uint32 {
	if d.out[at] < utf8.RuneSelf {
		return common
	}
	r, _ := utf8.DecodeRune(d.out[at:])
	return d.tab.entry(r).script()
}
