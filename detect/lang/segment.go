package lang

import (
	"math/bits"

	"veghe/detect/lang/internal/ngram"
)

// scratch is what one call of Detect works on.
type scratch struct {
	memo    memo
	words   [maxWords]word
	n       int // of words
	sp      spelling
	runs    []run
	from    []uint8
	changed []uint32
	pieces  []piece
	lists   lists
}

// piece is a stretch of text of one script and, in the end, one language.
type piece struct {
	start, end int // bytes, of its first and last word
	script     ngram.Script
	lang       int // in the table of the script
	words      int
	letters    int32
	marked     bool  // has a function word of its language
	cost       costs // of each language
	common     costs // function words of each language; not counted in long ones
}

// read scores the next words of the text, at most maxWords.
func (d *Detector) read(sc *scanner, x *scratch) bool {
	n := 0
	for ; n < maxWords; n++ {
		w := &x.words[n]
		key, ok := sc.next(w)
		if !ok {
			break
		}
		d.score(x, w, key, sc.s[w.start:w.end])
	}
	x.n = n
	return n > 0
}

// divide turns words into pieces: by script, then by language.
func (d *Detector) divide(x *scratch) {
	for from := 0; from < x.n; {
		to := from + 1
		for to < x.n && x.words[to].script == x.words[from].script {
			to++
		}
		d.divideScript(x, x.words[from:to])
		from = to
	}
}

func (d *Detector) divideScript(x *scratch, words []word) {
	t := d.tables[words[0].script]
	if t == nil {
		x.join(words, 0, &costs{})
		return
	}
	total := sum(words)
	main := best(&total, len(t.Langs))
	if !worthSplitting(words, main) {
		x.join(words, main, &total)
		return
	}
	for _, r := range path(words, len(t.Langs), x) {
		total := sum(words[r.from:r.to])
		x.join(words[r.from:r.to], r.lang, &total)
	}
}

// maxPieces bounds the segments of a text. What comes after them is taken
// for one with the last.
const maxPieces = 4096

// join makes words a piece, and one with the last when it is of the same
// language. A word or two in another script is a name or a brand more often
// than a language, so it goes to the piece before or after.
func (x *scratch) join(words []word, lang int, total *costs) {
	n := len(x.pieces)
	if n < cap(x.pieces) {
		x.pieces = x.pieces[:n+1]
	} else {
		x.pieces = append(x.pieces, piece{})
	}
	p := &x.pieces[n]
	p.set(words, lang, total)
	if n == 0 {
		return
	}
	last := &x.pieces[n-1]
	switch {
	case last.script == p.script && last.lang == p.lang:
		last.add(p)
	case last.script != p.script && p.foreignName() && last.words >= p.words:
		last.end = p.end
	case last.script != p.script && last.foreignName() && p.words > last.words:
		p.start = last.start
		*last = *p
	case n == maxPieces:
		last.end = p.end
	default:
		return
	}
	x.pieces = x.pieces[:n]
}

func (p *piece) set(words []word, lang int, total *costs) {
	*p = piece{
		start: words[0].start, end: words[len(words)-1].end, script: words[0].script, lang: lang,
		words: len(words), marked: anyCommon(words, lang), cost: *total,
	}
	for i := range words {
		p.letters += int32(words[i].letters)
	}
	if p.letters > shortText {
		return
	}
	for i := range words {
		for set := words[i].common; set != 0; set &= set - 1 {
			p.common[bits.TrailingZeros32(set)]++
		}
	}
}

func (p *piece) foreignName() bool { return p.words < minRun && !p.marked }

func (p *piece) add(q *piece) {
	p.end = q.end
	p.words += q.words
	p.letters += q.letters
	p.marked = p.marked || q.marked
	for l := range p.cost {
		p.cost[l] += q.cost[l]
		p.common[l] += q.common[l]
	}
}
