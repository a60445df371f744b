package lang

import (
	"math"
	"slices"

	"veghe/detect/lang/internal/ngram"
)

// Distances in nats between the best language and another.
const (
	sure   = 6  // below it, a short text goes to the second opinion
	near   = 10 // within it, a language is a candidate
	unsure = 3  // below it, the language is undetermined
)

// weight is the share of the second opinion in what comes out.
const weight = 0.75

// maxOpinions bounds how often one text is shown to the second opinion.
const maxOpinions = 2

// minLetters is how many letters have a language without a function word.
const minLetters = 4

// shortText is how many letters a short text has at most. The second opinion
// has little to add on longer ones.
const shortText = 120

// soleLang names the language of a script that is taken for one language.
var soleLang = [ngram.Other + 1]string{ngram.Greek: "el", ngram.Arabic: "ar"}

// scratch is what one call of Detect works on.
type scratch struct {
	words  []word
	runs   []run
	pieces []piece
}

// piece is a stretch of text of one script and, in the end, one language.
type piece struct {
	start, end int // bytes, of its first and last word
	script     ngram.Script
	lang       int // in the table of the script
	words      int
	letters    int32
	marked     bool // has a function word of its language
	score      [ngram.MaxLangs]int32
	common     [ngram.MaxLangs]int32 // function words of each language
}

// read scores the next words of the text, at most maxWords.
func (d *Detector) read(sc *scanner, x *scratch) bool {
	var buf [maxWord]letter
	var codes [maxWord]byte
	x.words = x.words[:0]
	for len(x.words) < maxWords {
		w, letters, ok := sc.next(&buf)
		if !ok {
			break
		}
		script, word := settle(letters, &codes)
		w.script, w.letters = script, int32(len(word))
		if t := d.tables[script]; t != nil {
			t.Score(word, &w.score)
			if w.name {
				halve(&w.score)
			}
			w.common = d.lexicon.languages(script, word)
			for l := range t.Langs {
				w.score[l] += int32(w.common>>l&1) * bonus
			}
		}
		x.words = append(x.words, w)
	}
	return len(x.words) > 0
}

// halve takes half the weight from a word that looks like a name: names keep
// the letters of where they come from.
func halve(score *[ngram.MaxLangs]int32) {
	for l := range score {
		score[l] /= 2
	}
}

// divide turns words into pieces: by script, then by language.
func (d *Detector) divide(x *scratch) {
	for from := 0; from < len(x.words); {
		to := from + 1
		for to < len(x.words) && x.words[to].script == x.words[from].script {
			to++
		}
		words := x.words[from:to]
		x.runs = append(x.runs[:0], run{0, len(words), 0})
		if t := d.tables[words[0].script]; t != nil {
			x.runs = d.path(words, len(t.Langs), x.runs[:0])
		}
		for _, r := range x.runs {
			x.pieces = join(x.pieces, newPiece(words[r.from:r.to], r.lang))
		}
		from = to
	}
}

func newPiece(words []word, lang int) piece {
	p := piece{
		start: words[0].start, end: words[len(words)-1].end, script: words[0].script, lang: lang,
		words: len(words), marked: anyCommon(words, lang), score: sum(words),
	}
	for i := range words {
		p.letters += words[i].letters
		for l := range p.common {
			p.common[l] += int32(words[i].common >> l & 1)
		}
	}
	return p
}

// join adds a piece. A word or two in another script is a name or a brand
// more often than a language, so it goes to the piece before; and so does
// what has the same language.
func join(pieces []piece, p piece) []piece {
	if len(pieces) == 0 {
		return append(pieces, p)
	}
	last := &pieces[len(pieces)-1]
	switch {
	case last.script == p.script && last.lang == p.lang:
		last.add(p)
	case last.script != p.script && p.foreignName() && last.words >= p.words:
		last.end = p.end
	case last.script != p.script && last.foreignName() && p.words > last.words:
		p.start = last.start
		*last = p
	default:
		return append(pieces, p)
	}
	return pieces
}

func (p *piece) foreignName() bool { return p.words < minRun && !p.marked }

func (p *piece) add(q piece) {
	p.end = q.end
	p.words += q.words
	p.letters += q.letters
	p.marked = p.marked || q.marked
	for l := range p.score {
		p.score[l] += q.score[l]
		p.common[l] += q.common[l]
	}
}

// segments gives each piece its languages, and the text between pieces to the
// piece before.
func (d *Detector) segments(s string, pieces []piece) []Segment {
	if len(pieces) == 0 {
		return []Segment{{End: len(s), Lang: Undetermined}}
	}
	out := make([]Segment, 0, len(pieces))
	asked := 0
	start := 0
	for i := range pieces {
		p := &pieces[i]
		end := len(s)
		if i+1 < len(pieces) {
			end = pieces[i+1].start
		}
		r := d.rank(p)
		if d.second != nil && r.margin() < sure && p.letters <= shortText && len(r) > 1 && asked < maxOpinions {
			asked++
			r = d.ask(s[p.start:p.end], p, r)
		}
		out = append(out, r.segment(start, end, p.letters < minLetters && !p.marked))
		start = end
	}
	return out
}

// ranking lists languages with their distance from the best, in nats, the
// best first.
type ranking []scored

type scored struct {
	lang string
	nats float64
}

// margin is the distance to the second language. Serbian in Latin letters and
// Croatian are too close for any short text, and no rule tells them apart, so
// neither is a second to the other.
func (r ranking) margin() float64 {
	for i := 1; i < len(r); i++ {
		if !twins(r[0].lang, r[i].lang) {
			return r[i].nats
		}
	}
	return 2 * near
}

func twins(a, b string) bool { return a == "hr" && b == "sr" || a == "sr" && b == "hr" }

func (d *Detector) rank(p *piece) ranking {
	t := d.tables[p.script]
	if t == nil {
		if l := soleLang[p.script]; l != "" {
			return ranking{{l, 0}}
		}
		return nil
	}
	score := p.score
	for i, l := range t.Langs {
		score[i] -= rare(p.script, l)
	}
	top := score[best(score, len(t.Langs))]
	r := make(ranking, 0, len(t.Langs))
	for i, l := range t.Langs {
		r = append(r, scored{l, float64(top-score[i]) / ngram.Scale})
	}
	r.sort()
	return r
}

// rare is what a text must gain before it is taken for a language that our
// sources hardly have. On a word or two it keeps the sentinels from outvoting
// their neighbours; on a sentence it is nothing.
func rare(s ngram.Script, lang string) int32 {
	switch lang {
	case "ca", "cs", "sv", "mk", "be":
		return 5 * ngram.Scale
	case "sr":
		if s == ngram.Latin { // written by few, and nearly Croatian
			return 12 * ngram.Scale
		}
	}
	return 0
}

func (r ranking) sort() {
	slices.SortStableFunc(r, func(a, b scored) int {
		switch {
		case a.nats < b.nats:
			return -1
		case a.nats > b.nats:
			return 1
		}
		return 0
	})
}

// segment makes the segment of a ranking. A bare one is too short to have a
// language, such as "lol".
func (r ranking) segment(start, end int, bare bool) Segment {
	seg := Segment{Start: start, End: end, Lang: Undetermined}
	if len(r) == 0 {
		return seg
	}
	seg.Margin = r.margin()
	n := 1
	for n < len(r) && r[n].nats <= near {
		n++
	}
	seg.Candidates = make([]string, n)
	for i := range seg.Candidates {
		seg.Candidates[i] = r[i].lang
	}
	if seg.Margin >= unsure && !bare {
		seg.Lang = r[0].lang
	}
	return seg
}

// ask weighs the second opinion with the first. Function words count in both:
// on small talk they are the better judge. Languages the second opinion does
// not know keep their distance, and if the best is one of them, it is not
// heard.
func (d *Detector) ask(text string, p *piece, old ranking) ranking {
	votes := d.second.Opinion(text)
	if len(votes) == 0 {
		return old
	}
	t := d.tables[p.script]
	second := make(map[string]float64, len(votes))
	least := math.Inf(1)
	for _, v := range votes {
		if i := index(t.Langs, v.Lang); i >= 0 {
			second[v.Lang] = -v.LogP - float64(p.common[i]*bonus)/ngram.Scale
			least = min(least, second[v.Lang])
		}
	}
	if _, known := second[old[0].lang]; !known {
		return old
	}
	r := slices.Clone(old)
	for k := range r {
		if nats, ok := second[r[k].lang]; ok {
			r[k].nats = (1-weight)*r[k].nats + weight*(nats-least)
		}
	}
	r.sort()
	for first, i := r[0].nats, 0; i < len(r); i++ {
		r[i].nats -= first
	}
	return r
}
