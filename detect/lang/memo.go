package lang

import (
	"math/bits"

	"veghe/detect/lang/internal/ngram"
)

// memo keeps what words came to: most words of a text are words that were
// there before. It forgets a word when another takes its place, and gives the
// same answers as working them out.
type memo [memoSize]memoEntry

const (
	memoBits = 14
	memoSize = 1 << memoBits // three quarters of a megabyte
)

type memoEntry struct {
	key     memoKey
	common  uint32
	letters uint8
	script  ngram.Script
	second  uint8 // cost of the second language
	row     ngram.Row
}

// memoKey is a word itself: either sixteen ASCII letters, or eighteen codes of
// seven bits, marked by top bits that the others do not have.
type memoKey [2]uint64

const maxMemo = 18

func newMemoKey(s ngram.Script, word []byte) (k memoKey) {
	head := word[:min(len(word), maxMemo/2)]
	for _, c := range head {
		k[0] = k[0]<<7 | uint64(c)
	}
	for _, c := range word[len(head):] {
		k[1] = k[1]<<7 | uint64(c)
	}
	if s == ngram.Cyrillic {
		k[0] |= 1 << 63
	}
	k[1] |= 1 << 63
	return k
}

func (k memoKey) slot() uint64 {
	const prime = 0x9E3779B97F4A7C15
	hi, lo := bits.Mul64(k[0]^prime, k[1]^bits.RotateLeft64(prime, 17))
	return (hi ^ lo) * prime >> (64 - memoBits)
}

// score works out what a word costs, or remembers it. Function words count
// for their languages by a bonus.
func (d *Detector) score(x *scratch, w *word, key memoKey, text string) {
	var codes []byte
	script := ngram.Latin
	if key == (memoKey{}) {
		x.sp.read(text)
		script, codes = x.sp.settle()
		if d.tables[script] == nil || len(codes) > maxMemo {
			e := d.work(script, codes, !x.sp.cut)
			w.set(&e)
			return
		}
		key = newMemoKey(script, codes)
	}
	e := &x.memo[key.slot()]
	if e.key != key {
		if codes == nil {
			x.sp.read(text)
			codes = x.sp.codes[:x.sp.n]
		}
		*e = d.work(script, codes, true)
		e.key = key
	}
	w.set(e)
}

func (w *word) set(e *memoEntry) {
	w.script, w.letters, w.common, w.second, w.row = e.script, e.letters, e.common, e.second, e.row
	if w.name && w.common == 0 {
		halve(&w.row)
		w.second /= 2
	}
}

func (d *Detector) work(script ngram.Script, codes []byte, whole bool) memoEntry {
	e := memoEntry{script: script, letters: uint8(len(codes))}
	t := d.tables[script]
	if t == nil {
		return e
	}
	cost := t.Score(codes, whole)
	e.common = d.lexicon.languages(script, codes)
	if e.common != 0 {
		cost.Favour(e.common, bonus)
	}
	e.row, e.second = cost.Row()
	return e
}

// halve takes half the weight from a word that looks like a name: names keep
// the letters of where they come from.
func halve(r *ngram.Row) {
	for i := range r {
		r[i] = r[i] >> 1 & 0x7f7f7f7f7f7f7f7f
	}
}
