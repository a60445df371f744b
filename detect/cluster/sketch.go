package cluster

import (
	"slices"

	"veghe/detect/text"
)

// The setting is that of MinHash with banding: two words to a shingle, 128
// hash functions in 64 bands of two, and the exact Jaccard similarity of what
// shares a band. Texts alike in a quarter of their shingles share a band with
// a probability of 0.98.
const (
	bands = 64
	rows  = 2

	minShingles = 8   // shorter texts are alike by chance
	maxShingles = 512 // what a longer text adds is not looked at
)

// Sketch is what is kept of a text to find others like it: small, and not
// enough to read it. It is made without the index, so by any goroutine.
type Sketch struct {
	shingles []uint32 // sorted, distinct
	keys     [bands]uint64
}

// Usable reports whether the text was long enough to be like another.
func (s *Sketch) Usable() bool { return len(s.shingles) >= minShingles }

// multipliers are the hash functions, odd numbers from a fixed generator.
var multipliers = func() (a [bands * rows][2]uint64) {
	x := uint64(0x9E3779B97F4A7C15)
	next := func() uint64 { // splitmix64
		x += 0x9E3779B97F4A7C15
		z := x
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		return z ^ z>>31
	}
	for i := range a {
		a[i] = [2]uint64{next() | 1, next()}
	}
	return a
}()

// Make fills the sketch from folded texts, title and body. Words with digits
// are left out: phones, prices and dates are what differs between copies.
func (s *Sketch) Make(docs ...*text.Doc) {
	s.shingles = s.shingles[:0]
	for _, d := range docs {
		last := uint64(0)
		for i := range d.Tokens {
			t := &d.Tokens[i]
			if t.Flags&text.Digit != 0 {
				continue
			}
			if last != 0 {
				s.shingles = append(s.shingles, shingle(last, t.Hash))
			}
			last = t.Hash | 1
			if len(s.shingles) == maxShingles {
				break
			}
		}
	}
	slices.Sort(s.shingles)
	s.shingles = slices.Compact(s.shingles)
	if s.Usable() {
		s.band()
	}
}

// shingle hashes two words that follow each other.
func shingle(a, b uint64) uint32 {
	h := (a*0x9E3779B97F4A7C15 ^ b) * 0xD6E8FEB86659FD93
	return uint32(h >> 32)
}

// band computes the keys under which the text is found.
func (s *Sketch) band() {
	var least [bands * rows]uint32
	for i := range least {
		least[i] = 1<<32 - 1
	}
	for _, sh := range s.shingles {
		x := uint64(sh) | 1<<40
		for i := range least {
			m := &multipliers[i]
			least[i] = min(least[i], uint32((x*m[0]+m[1])>>32))
		}
	}
	for b := range s.keys {
		h := (uint64(least[rows*b])<<32 | uint64(least[rows*b+1])) ^ uint64(b)*0xA24BAED4963EE407
		h = (h ^ h>>29) * 0xBF58476D1CE4E5B9
		s.keys[b] = h ^ h>>32
	}
}

// similarity is the Jaccard similarity of two sorted sets.
func similarity(a, b []uint32) float64 {
	i, k, both := 0, 0, 0
	for i < len(a) && k < len(b) {
		switch {
		case a[i] < b[k]:
			i++
		case a[i] > b[k]:
			k++
		default:
			both++
			i++
			k++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
