package lang

import "veghe/detect/lang/internal/ngram"

// What a change of language costs, by the gap it happens at: within a
// sentence only a clear gain is believed.
var switchCost = [...]int32{space: 12 * ngram.Scale, comma: 9 * ngram.Scale, stop: 5 * ngram.Scale}

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

// path divides words of one script into runs by language: the likeliest path
// through all of them, where a change has its price (Viterbi). The usual text
// in one language is recognised by a cheaper test first.
func (d *Detector) path(words []word, langs int, runs []run) []run {
	main := best(sum(words), langs)
	if !worthSplitting(words, main, langs) {
		return append(runs, run{0, len(words), main})
	}
	first := len(runs)
	runs = append(runs, viterbi(words, langs)...)
	return dropWeak(words, runs, first)
}

func sum(words []word) (total [ngram.MaxLangs]int32) {
	for i := range words {
		for l, v := range words[i].score {
			total[l] += v
		}
	}
	return total
}

func best(score [ngram.MaxLangs]int32, langs int) int {
	b := 0
	for l := 1; l < langs; l++ {
		if score[l] > score[b] {
			b = l
		}
	}
	return b
}

// worthSplitting reports whether some row of words gains, in some language
// over the main one, what the cheapest change costs. If none does, the best
// path has no change at all.
func worthSplitting(words []word, main, langs int) bool {
	var gain [ngram.MaxLangs]int32
	for i := range words {
		score := &words[i].score
		ref := score[main]
		for l := range langs {
			g := max(gain[l]+score[l]-ref, 0)
			if g >= switchCost[stop] {
				return true
			}
			gain[l] = g
		}
	}
	return false
}

func viterbi(words []word, langs int) []run {
	var score [ngram.MaxLangs]int32
	from := make([]uint8, len(words))     // the best language before each word
	changed := make([]uint32, len(words)) // languages that were entered there
	for i := range words {
		b := best(score, langs)
		enter := score[b] - switchCost[words[i].before]
		from[i] = uint8(b)
		for l := range langs {
			if i > 0 && enter > score[l] {
				score[l] = enter
				changed[i] |= 1 << l
			}
			score[l] += words[i].score[l]
		}
	}
	return backtrack(best(score, langs), from, changed)
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
func dropWeak(words []word, runs []run, first int) []run {
	out := runs[:first]
	for i := first; i < len(runs); i++ {
		r := runs[i]
		switch {
		case len(out) > first && (out[len(out)-1].lang == r.lang || weak(words, r, out[len(out)-1].lang)):
			out[len(out)-1].to = r.to
		case len(out) == first && i+1 < len(runs) && weak(words, r, runs[i+1].lang):
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
