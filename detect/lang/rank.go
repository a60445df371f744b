package lang

import (
	"math"

	"veghe/detect/lang/internal/ngram"
)

// Distances in nats between the best language and another.
const (
	sure   = 2  // below it, a word or two go to the second opinion
	near   = 7  // within it, a language is a candidate
	unsure = 2  // below it, the language is undetermined
	far    = 40 // beyond it, a language is not thought of
)

// weight is the share of the second opinion in what comes out. On one word it
// is right as often as the first stage and wrong about others; a third of it
// makes the most of both.
const weight = 0.3

// maxOpinions bounds how often one text is shown to the second opinion.
const maxOpinions = 2

// minLetters is how many letters have a language without a function word.
const minLetters = 4

// shortText is how many letters a text has at most that is shown to the second
// opinion. On longer ones it adds next to nothing: on two words 0.2 %.
const shortText = 12

// soleLang names the language of a script that is taken for one language.
var soleLang = [ngram.Other + 1]string{ngram.Greek: "el", ngram.Arabic: "ar"}

// segments appends a segment for each piece. The text between pieces goes to
// the piece before.
func (d *Detector) segments(to []Segment, s string, x *scratch) []Segment {
	if len(x.pieces) == 0 {
		return append(to, Segment{End: len(s), Lang: Undetermined})
	}
	asked := 0
	start := 0
	for i := range x.pieces {
		p := &x.pieces[i]
		end := len(s)
		if i+1 < len(x.pieces) {
			end = x.pieces[i+1].start
		}
		r := d.rank(p)
		if d.second != nil && r.n > 1 && r.margin() < sure && p.letters <= shortText && asked < maxOpinions {
			asked++
			d.ask(s[p.start:p.end], p, &r)
		}
		seg := Segment{Start: start, End: end, Lang: Undetermined}
		if r.n > 0 {
			seg.Margin = r.margin()
			seg.Candidates = x.lists.list(&r)
			if seg.Margin >= unsure && (p.marked || p.letters >= minLetters) {
				seg.Lang = seg.Candidates[0]
			}
		}
		to = append(to, seg)
		start = end
	}
	return to
}

// ranking lists the languages that are not far from the best, with their
// distance from it, the best first.
type ranking struct {
	script ngram.Script
	names  []string // by number
	n      int
	langs  [ngram.MaxLangs]uint8
	nats   [ngram.MaxLangs]float64
}

// margin is the distance to the second language, at most far. Serbian in
// Latin letters and Croatian are too close for any short text, and no rule
// tells them apart, so neither is a second to the other.
func (r *ranking) margin() float64 {
	for i := 1; i < r.n; i++ {
		if !twins(r.names[r.langs[0]], r.names[r.langs[i]]) {
			return r.nats[i]
		}
	}
	return far
}

func twins(a, b string) bool { return a == "hr" && b == "sr" || a == "sr" && b == "hr" }

func (d *Detector) rank(p *piece) (r ranking) {
	t := d.tables[p.script]
	r.script = p.script
	if t == nil {
		if l := soleLang[p.script]; l != "" {
			r.names, r.n = soleLang[p.script:p.script+1], 1
		}
		return r
	}
	r.names = t.Langs
	cost := p.cost
	for l, c := range d.rare[p.script] {
		cost[l] += c
	}
	least := cost[best(&cost, len(t.Langs))]
	for l := range t.Langs {
		if nats := float64(cost[l]-least) / ngram.Scale; nats <= far {
			r.put(uint8(l), nats)
		}
	}
	return r
}

// put adds a language at its place.
func (r *ranking) put(lang uint8, nats float64) {
	i := r.n
	for ; i > 0 && r.nats[i-1] > nats; i-- {
		r.langs[i], r.nats[i] = r.langs[i-1], r.nats[i-1]
	}
	r.langs[i], r.nats[i] = lang, nats
	r.n++
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

// ask weighs the second opinion with the first. Function words count in both:
// on small talk they are the better judge. Languages the second opinion does
// not know keep their distance, and if the best is one of them, it is not
// heard.
func (d *Detector) ask(text string, p *piece, r *ranking) {
	votes := d.second.Opinion(text)
	if len(votes) == 0 {
		return
	}
	second := make(map[string]float64, len(votes))
	least := math.Inf(1)
	for _, v := range votes {
		if i := index(r.names, v.Lang); i >= 0 {
			second[v.Lang] = -v.LogP - float64(p.common[i]*bonus)/ngram.Scale
			least = min(least, second[v.Lang])
		}
	}
	if _, known := second[r.names[r.langs[0]]]; !known {
		return
	}
	old := *r
	r.n = 0
	for i, l := range old.langs[:old.n] {
		nats := old.nats[i]
		if v, ok := second[r.names[l]]; ok {
			nats = (1-weight)*nats + weight*(v-least)
		}
		r.put(l, nats)
	}
	for i, first := 0, r.nats[0]; i < r.n; i++ {
		r.nats[i] -= first
	}
}

// lists keeps lists of candidates that were made, to be handed out again.
type lists [256]struct {
	key  uint64
	list []string
}

// maxListed is how many languages the key of a list holds.
const maxListed = 12

// list names the languages near the best. The caller must not change it.
func (l *lists) list(r *ranking) []string {
	n := 1
	key := uint64(r.script)
	for n < r.n && r.nats[n] <= near {
		n++
	}
	for _, lang := range r.langs[:min(n, maxListed)] {
		key = key<<5 | uint64(lang+1)
	}
	at := &l[key*0x9E3779B97F4A7C15>>56]
	if at.key == key && n <= maxListed {
		return at.list
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.names[r.langs[i]]
	}
	if n <= maxListed {
		at.key, at.list = key, list
	}
	return list
}
