// Package lang says which language each stretch of a text is in.
//
// It is made for short, careless posts: Romanian typed without diacritics is
// as good as Romanian with them, and a post that changes language half way
// gets one segment per language.
//
//	text ─▶ words ─▶ n-gram table + function words ─▶ best path ─▶ segments
//	                                                      │
//	                                  one word, unsure: second opinion
//
// The first stage is a table of how likely a letter, or the end of a word, is
// after up to four letters, made from the models of lingua (see NOTICE), with
// a bonus for function words. It takes microseconds and is right more often
// than lingua is. Only a word or two that it cannot tell are shown to the
// second opinion, when there is one.
//
// Rules should look at a segment's Candidates rather than at its Lang: on one
// or two words the true language is nearly always among the candidates, but
// not always the first of them.
package lang

import (
	_ "embed"
	"fmt"
	"sync"

	"veghe/detect/lang/internal/ngram"
)

//go:generate go run ./gen -out ngrams.bin

//go:embed ngrams.bin
var ngrams []byte

// Undetermined is the language of a segment nothing can be said about: no
// letters, a script without a model, or two languages too close to tell.
const Undetermined = "und"

// Segment is a stretch of text in one language. Segments cover the whole text
// in order and without gaps.
type Segment struct {
	Start, End int    // bytes of the text
	Lang       string // ISO 639-1, or Undetermined
	// Candidates are the languages it may be in, likeliest first: those
	// within seven nats of the best, Lang included. It is empty when nothing
	// is known, and at least two when Lang is Undetermined for closeness.
	// Segments share it: do not change it.
	Candidates []string
	// Margin is the distance in nats between the best and the second.
	Margin float64
}

// Vote is what a second opinion thinks of one language.
type Vote struct {
	Lang string  // ISO 639-1
	LogP float64 // natural logarithm of its probability
}

// Second is another, slower judge of short texts. Opinion is called by
// many goroutines. It answers nothing when it is not ready or has nothing to
// say; the first stage then stands.
type Second interface {
	Opinion(text string) []Vote
}

// Options tune a Detector. The zero value works.
type Options struct {
	Second Second // asked about a word or two that are unsure; may be nil
}

// Detector tells languages. It is safe for concurrent use.
type Detector struct {
	second  Second
	tables  [ngram.Other + 1]*ngram.Table // by script; nil where there is none
	rare    [ngram.Other + 1]costs        // by script
	lexicon *lexicon
	scratch sync.Pool // of *scratch
}

// New returns a Detector. It unpacks the table, which takes some tens of
// milliseconds and 13 MB, so share one Detector.
func New(o Options) (*Detector, error) {
	tables, err := ngram.Decode(ngrams)
	if err != nil {
		return nil, err
	}
	d := &Detector{second: o.Second}
	for _, t := range tables {
		if int(t.Script) >= len(d.tables) {
			return nil, fmt.Errorf("n-gram table of script %d, want at most %d", t.Script, len(d.tables)-1)
		}
		d.tables[t.Script] = t
		for i, l := range t.Langs {
			d.rare[t.Script][i] = rare(t.Script, l)
		}
	}
	if d.lexicon, err = newLexicon(wordList, tables); err != nil {
		return nil, err
	}
	d.scratch.New = func() any { return new(scratch) }
	return d, nil
}

// Langs lists the languages a segment can have besides Undetermined.
func (d *Detector) Langs() []string {
	var all []string
	for _, t := range d.tables {
		if t == nil {
			continue
		}
		for _, l := range t.Langs {
			if index(all, l) < 0 {
				all = append(all, l)
			}
		}
	}
	for _, l := range soleLang {
		if l != "" {
			all = append(all, l)
		}
	}
	return all
}

// Detect divides s into segments by language. Any bytes are fine; an empty
// text has no segments. The work grows linearly with the text.
func (d *Detector) Detect(s string) []Segment { return d.Append(nil, s) }

// Append is [Detector.Detect] into a slice that the caller has. It makes
// nothing else that is new but, now and then, a list of candidates.
func (d *Detector) Append(to []Segment, s string) []Segment {
	if s == "" {
		return to
	}
	x := d.scratch.Get().(*scratch)
	defer d.scratch.Put(x)
	return d.detect(to, s, x)
}

func (d *Detector) detect(to []Segment, s string, x *scratch) []Segment {
	x.pieces = x.pieces[:0]
	sc := scanner{s: s, links: newLinks(s)}
	for d.read(&sc, x) {
		d.divide(x)
	}
	return d.segments(to, s, x)
}
