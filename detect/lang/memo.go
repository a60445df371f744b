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
	memoBits = 16
	memoSize = 1 << memoBits // under four megabytes
)

type memoEntry struct {
	key     memoKey
	common  uint32
	letters uint8
	script  ngram.Script
	second  uint8 // cost of the second language
	row     ngram.Row
}

// memoKey is a word itself: up to sixteen ASCII letters in lower case, up to
// fifteen bytes as they are, or up to eighteen codes of seven bits. The top
// byte tells which; it is never the code of an edge in the last.
type memoKey [2]uint64

const (
	maxRaw  = 15
	rawTag  = (1<<7 | ngram.Edge) << 56
	maxMemo = 18
	codeTag = 1 << 63
)

func rawKey(s string, start, end int) (k memoKey) {
	n := end - start
	if n > maxRaw {
		return k
	}
	k[0] = load(s, start)
	if n < 8 {
		k[0] &= 1<<(8*n) - 1
	} else {
		k[1] = load(s, start+8) & (1<<(8*(n-8)) - 1)
	}
	k[1] |= rawTag
	return k
}

func codeKey(s ngram.Script, word []byte) (k memoKey) {
	head := word[:min(len(word), maxMemo/2)]
	for _, c := range head {
		k[0] = k[0]<<7 | uint64(c)
	}
	for _, c := range word[len(head):] {
		k[1] = k[1]<<7 | uint64(c)
	}
	k[0] |= uint64(s&1) << 63 // the scripts with a table differ in it
	k[1] |= codeTag
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
	if key == (memoKey{}) {
		d.scoreLong(x, w, text)
		return
	}
	e := &x.memo[key.slot()]
	if e.key != key {
		x.sp.read(text)
		script, codes := x.sp.settle()
		*e = d.work(script, codes, true)
		e.key = key
	}
	w.set(e)
}

func (d *Detector) scoreLong(x *scratch, w *word, text string) {
	x.sp.read(text)
	script, codes := x.sp.settle()
	if len(codes) > maxMemo || d.tables[script] == nil {
		e := d.work(script, codes, !x.sp.cut)
		w.set(&e)
		return
	}
	key := codeKey(script, codes)
	e := &x.memo[key.slot()]
	if e.key != key {
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
