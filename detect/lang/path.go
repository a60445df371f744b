package lang

import "veghe/detect/lang/internal/ngram"

// What a change of language costs, by the gap it happens at: within a
// sentence only a clear gain is believed.
var switchCost = [...]int{space: 18 * ngram.Scale, comma: 13 * ngram.Scale, stop: 8 * ngram.Scale}

// How many words make a change of language by letters alone, without a
// function word among them: a sentence of minRun words, or minBare words
// within a sentence.
const (
	minRun  = 3
	minBare = 6
)

// run is a row of words in one language.
type run struct {
	from, to int // words
	lang     int // its number in the table
}

// costs is one cost per language of a table.
type costs [ngram.MaxLangs]int32

func sum(words []word) (total costs) {
	for len(words) > 0 {
		n := min(len(words), ngram.MaxRows)
		var s ngram.Sum
		for i := range words[:n] {
			s.Add(&words[i].row)
		}
		for l := range total {
			total[l] += int32(s.Cost(l))
		}
		words = words[n:]
	}
	return total
}

func best(c *costs, langs int) int {
	b := 0
	for l := 1; l < langs; l++ {
		if c[l] < c[b] {
			b = l
		}
	}
	return b
}

// path divides words of one script into runs by language: the likeliest path
// through all of them, where a change has its price (Viterbi). Words that are
// worth no change, as most are, need not come here.
func path(words []word, langs int, x *scratch) []run {
	x.runs = append(x.runs[:0], viterbi(words, langs, x)...)
	return dropWeak(words, x.runs)
}

// worthSplitting reports whether some row of words gains more, in some
// language over the main one, than what it costs to change to it and back. If
// none does, the best path has no change at all.
func worthSplitting(words []word, main int) bool {
	return mayGain(words, main) && gains(words, main)
}

// mayGain is a bound of what all the languages together gain, which in most
// texts is too little already.
func mayGain(words []word, main int) bool {
	gain, enter := 0, 0
	for i := range words {
		w := &words[i]
		g := w.row.Cost(main)
		if g == 0 {
			g = -int(w.second)
		}
		gain = max(gain, -enter) + g
		enter = leave(words, i)
		if gain > enter {
			return true
		}
	}
	return false
}

func gains(words []word, main int) bool {
	var gain ngram.Gain
	enter := 0
	for i := range words {
		after := leave(words, i)
		if gain.Add(&words[i].row, main, enter, after+1) {
			return true
		}
		enter = after
	}
	return false
}

// leave is what it costs to change the language after a word.
func leave(words []word, i int) int {
	if i+1 == len(words) {
		return 0
	}
	return switchCost[words[i+1].before]
}

func viterbi(words []word, langs int, x *scratch) []run {
	var cost costs
	x.from = append(x.from[:0], make([]uint8, len(words))...)        // the best language before each word
	x.changed = append(x.changed[:0], make([]uint32, len(words))...) // languages that were entered there
	for i := range words {
		b := best(&cost, langs)
		enter := cost[b] + int32(switchCost[words[i].before])
		x.from[i] = uint8(b)
		for l := range langs {
			if i > 0 && enter < cost[l] {
				cost[l] = enter
				x.changed[i] |= 1 << l
			}
			cost[l] += int32(words[i].row.Cost(l))
		}
	}
	return backtrack(best(&cost, langs), x.from, x.changed)
}

func backtrack(lang int, from []uint8, changed []uint32) []run {
	end := len(from)
	var runs []run
	for i := end - 1; i >= 0; i-- {
		if i == 0 || changed[i]>>lang&1 == 1 {
			runs = append(runs, run{i, end, lang})
			end, lang = i, int(from[i])
		}
	}
	for i, j := 0, len(runs)-1; i < j; i, j = i+1, j-1 {
		runs[i], runs[j] = runs[j], runs[i]
	}
	return runs
}

// dropWeak gives runs not to be believed to the run before, or to the one
// after when they come first, and joins runs of the same language.
func dropWeak(words []word, runs []run) []run {
	out := runs[:0]
	for i, r := range runs {
		switch {
		case len(out) > 0 && (out[len(out)-1].lang == r.lang || weak(words, r, out[len(out)-1].lang)):
			out[len(out)-1].to = r.to
		case len(out) == 0 && i+1 < len(runs) && weak(words, r, runs[i+1].lang):
			runs[i+1].from = r.from
		default:
			out = append(out, r)
		}
	}
	return out
}

// weak reports whether a run may be nothing but names or loan words within
// text of the other language: it has no function word that the other lacks
// and is neither long nor a sentence by itself.
func weak(words []word, r run, other int) bool {
	n := r.to - r.from
	for i := r.from; i < r.to; i++ {
		set := words[i].common
		if set>>r.lang&1 == 1 && set>>other&1 == 0 {
			return false
		}
	}
	whole := words[r.from].before == stop && (r.to == len(words) || words[r.to].before == stop)
	return n < minRun || n < minBare && !whole
}

func anyCommon(words []word, lang int) bool {
	for i := range words {
		if words[i].common>>lang&1 == 1 {
			return true
		}
	}
	return false
}
