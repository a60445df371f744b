package cluster

import (
	"cmp"
	"slices"
	"strings"

	"veghe/detect/text"
)

// Piece is a stretch of a template: words that the copies have in common, or
// a slot for what differs.
type Piece struct {
	// Text is as one of the copies has it; of a slot, that copy's filling.
	Text string `json:"text"`
	Slot bool   `json:"slot,omitempty"`
	// Values are what the copies have in the slot, the most frequent first;
	// an empty one where a copy has nothing there.
	Values []Value `json:"values,omitempty"`
}

// Value is one filling of a slot.
type Value struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// Bounds on what Template looks at.
const (
	maxCopies = 40
	maxTokens = 400
	maxValues = 20
	constant  = 0.7 // share of the copies that have a word of the template
)

// Template aligns texts made from one template, original ones, and returns
// what stays the same and the slots between. The texts beyond the first 40,
// and the words beyond the first 400, are not looked at. A single text is all
// constant.
func Template(texts []string) []Piece {
	texts = texts[:min(len(texts), maxCopies)]
	if len(texts) == 0 {
		return nil
	}
	copies := make([]words, len(texts))
	for i := range texts {
		copies[i] = wordsOf(texts[i])
	}
	k := medoid(copies)
	base := copies[k]
	shared := make([]int, len(base.hashes))
	for _, c := range copies {
		for _, p := range common(base.hashes, c.hashes) {
			shared[p.a]++
		}
	}
	var keep []int // words of base that are constant
	for i, n := range shared {
		if float64(n) >= constant*float64(len(copies)) {
			keep = append(keep, i)
		}
	}
	return base.pieces(keep, copies)
}

// words is a text by its words.
type words struct {
	text       string
	hashes     []uint64
	start, end []int
}

func wordsOf(s string) words {
	var d text.Doc
	d.Fold(s)
	w := words{text: s}
	for _, t := range d.Tokens[:min(len(d.Tokens), maxTokens)] {
		w.hashes = append(w.hashes, t.Hash)
		w.start = append(w.start, int(t.Start))
		w.end = append(w.end, int(t.End))
	}
	return w
}

// medoid is the copy most like the others.
func medoid(copies []words) (best int) {
	most := -1
	for i := range copies {
		sum := 0
		for k := range copies {
			sum += overlap(copies[i].hashes, copies[k].hashes)
		}
		if sum > most {
			best, most = i, sum
		}
	}
	return best
}

// overlap counts the words of b that a has too.
func overlap(a, b []uint64) (n int) {
	in := make(map[uint64]bool, len(a))
	for _, h := range a {
		in[h] = true
	}
	for _, h := range b {
		if in[h] {
			n++
		}
	}
	return n
}

// pair says that word a of one text is word b of another.
type pair struct{ a, b int }

// common is a longest common subsequence.
func common(a, b []uint64) []pair {
	table := make([][]uint16, len(a)+1)
	for i := range table {
		table[i] = make([]uint16, len(b)+1)
	}
	for i, v := range slices.Backward(a) {
		for k := len(b) - 1; k >= 0; k-- {
			if v == b[k] {
				table[i][k] = table[i+1][k+1] + 1
			} else {
				table[i][k] = max(table[i+1][k], table[i][k+1])
			}
		}
	}
	var out []pair
	for i, k := 0, 0; i < len(a) && k < len(b); {
		switch {
		case a[i] == b[k]:
			out = append(out, pair{i, k})
			i, k = i+1, k+1
		case table[i+1][k] >= table[i][k+1]:
			i++
		default:
			k++
		}
	}
	return out
}

// pieces cuts the base at the slots: before, between and after the constant
// words, where some copy has something.
func (w *words) pieces(keep []int, copies []words) []Piece {
	fillings := make([]map[string]int, len(keep)+1) // before constant i, and after the last
	for i := range fillings {
		fillings[i] = map[string]int{}
	}
	constants := make([]uint64, len(keep))
	for i, k := range keep {
		constants[i] = w.hashes[k]
	}
	for _, c := range copies {
		c.fill(constants, fillings)
	}
	var out []Piece
	at := 0
	for i, values := range fillings {
		from, to := w.gap(keep, i)
		if !differ(values) {
			continue
		}
		if before := w.text[at:from]; strings.TrimSpace(before) != "" {
			out = append(out, Piece{Text: before})
		}
		out = append(out, Piece{Text: w.text[from:to], Slot: true, Values: ranked(values)})
		at = to
	}
	if rest := w.text[at:]; strings.TrimSpace(rest) != "" {
		out = append(out, Piece{Text: rest})
	}
	return out
}

// gap is the stretch of the text between the constant words i-1 and i.
func (w *words) gap(keep []int, i int) (from, to int) {
	to = len(w.text)
	if n := len(w.end); i == len(keep) && n > 0 {
		to = w.end[n-1]
	}
	if i > 0 {
		from = w.end[keep[i-1]]
	}
	if i < len(keep) {
		to = w.start[keep[i]]
	}
	first, last := 0, len(w.hashes)
	if i > 0 {
		first = keep[i-1] + 1
	}
	if i < len(keep) {
		last = keep[i]
	}
	if first < last { // without the space around
		return w.start[first], w.end[last-1]
	}
	return from, max(from, to)
}

// fill adds what this copy has between the constants.
func (w *words) fill(constants []uint64, fillings []map[string]int) {
	at := 0 // first word not yet given to a slot or constant
	i := 0
	for _, p := range common(constants, w.hashes) {
		if i == p.a { // else constants are missing here: what stands between is no slot
			fillings[i][w.between(at, p.b)]++
		}
		i, at = p.a+1, p.b+1
	}
	if i == len(constants) {
		fillings[i][w.between(at, len(w.hashes))]++
	}
}

func (w *words) between(from, to int) string {
	if from >= to {
		return ""
	}
	return w.text[w.start[from]:w.end[to-1]]
}

// differ reports whether the copies differ.
func differ(values map[string]int) bool {
	_, empty := values[""]
	return len(values) > 1 || len(values) == 1 && !empty
}

func ranked(values map[string]int) []Value {
	out := make([]Value, 0, len(values))
	for s, n := range values {
		out = append(out, Value{s, n})
	}
	slices.SortFunc(out, func(a, b Value) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	return out[:min(len(out), maxValues)]
}
