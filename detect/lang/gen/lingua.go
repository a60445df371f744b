package main

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/pemistahl/lingua-go/serialization"
	"google.golang.org/protobuf/proto"

	"veghe/detect/lang/internal/ngram"
)

// edge stands for the edge of a word in a sequence of letters.
const edge = '$'

// least is how often a sequence with an edge must have been seen, after
// rounding, to be taken for real: its number is a difference of others.
const least = 0.5

// sequences holds how often each sequence of one to five letters and edges
// occurs in the text that a model of lingua was made from.
type sequences map[string]float64

// gram is a sequence and the probability of its last letter after the others.
type gram struct {
	text string
	p    float64
}

// load reads the model of one language.
func load(models, lang string) (sequences, error) {
	var grams []gram
	for _, file := range []string{"unigrams", "bigrams", "trigrams", "quadrigrams", "fivegrams"} {
		err := read(filepath.Join(models, lang, file+".pb.bin.zip"), func(text string, p float64) {
			grams = append(grams, gram{text, p})
		})
		if err != nil {
			return nil, err
		}
	}
	return derive(grams), nil
}

// derive works out how often each sequence occurs from what lingua keeps, the
// shorter ones first: the product of the probabilities down to one letter. The
// rarest is taken to occur once.
//
// Lingua says nothing of where words begin and end, but it follows: what is
// missing to one in the probabilities of all letters after a sequence is that
// of the end of the word, and a sequence that is more frequent than all its
// extensions to the left together begins a word the other times.
func derive(grams []gram) sequences {
	joint := sequences{"": 1}
	after := map[string]float64{}  // probability that a letter follows
	before := map[string]float64{} // joint probability with a letter before
	rarest := 1.0
	for _, g := range grams {
		head, tail := g.text[:len(g.text)-lastSize(g.text)], g.text[firstSize(g.text):]
		joint[g.text] = g.p * joint[head]
		after[head] += g.p
		before[tail] += joint[g.text]
		rarest = min(rarest, joint[g.text])
	}
	delete(joint, "")
	out := make(sequences, len(joint)+len(joint)/4)
	for text, p := range joint {
		out[text] = p / rarest
		if utf8.RuneCountInString(text) == ngram.Order {
			continue
		}
		out.set(text+string(edge), p*(1-after[text])/rarest)
		out.set(string(edge)+text, (p-before[text])/rarest)
	}
	out.wholeWords()
	return out
}

func (s sequences) set(gram string, n float64) {
	if n > least {
		s[gram] = n
	}
}

// wholeWords adds the words of up to three letters, between edges: what
// begins a word and does not go on.
func (s sequences) wholeWords() {
	longer := map[string]float64{}
	var starts []string
	for _, text := range slices.Sorted(maps.Keys(s)) {
		if text[0] == edge {
			longer[text[:len(text)-lastSize(text)]] += s[text]
			starts = append(starts, text)
		}
	}
	for _, text := range starts {
		if utf8.RuneCountInString(text) < ngram.Order {
			s.set(text+string(edge), s[text]-longer[text])
		}
	}
	s[string(edge)] = longer[string(edge)] // all that begins a word
}

func firstSize(s string) int { _, n := utf8.DecodeRuneInString(s); return n }
func lastSize(s string) int  { _, n := utf8.DecodeLastRuneInString(s); return n }

// key packs a sequence of letters of one script and edges.
func key(gram string, s ngram.Script) (ngram.Key, bool) {
	var k ngram.Key
	for _, r := range gram {
		if r == edge {
			k = k.Push(ngram.Edge)
			continue
		}
		script, code := ngram.Letter(r)
		if script != s {
			return 0, false
		}
		k = k.Push(code)
	}
	return k, true
}

func read(path string, each func(gram string, p float64)) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close() //nolint:errcheck // read only
	if len(z.File) != 1 {
		return fmt.Errorf("%s: %d files inside, want 1", path, len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	var m serialization.SerializableLanguageModel
	if err := proto.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, set := range m.NgramSets {
		for _, gram := range set.Ngrams {
			each(gram, set.Probability)
		}
	}
	return nil
}

// toLatin is the Serbian alphabet in Latin letters (Gaj's, one to one but for
// the three digraphs).
var toLatin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'ђ': "đ", 'е': "e", 'ж': "ž", 'з': "z", 'и': "i",
	'ј': "j", 'к': "k", 'л': "l", 'љ': "lj", 'м': "m", 'н': "n", 'њ': "nj", 'о': "o", 'п': "p", 'р': "r",
	'с': "s", 'т': "t", 'ћ': "ć", 'у': "u", 'ф': "f", 'х': "h", 'ц': "c", 'ч': "č", 'џ': "dž", 'ш': "š",
	edge: string(edge),
}

// romanize turns a Cyrillic Serbian model into a Latin one: lingua has none.
// A digraph makes a sequence one letter longer; it then stands for its two
// ends of the old length, and whole for a sequence of the new one.
func (s sequences) romanize() sequences {
	out := make(sequences, len(s))
	for _, gram := range slices.Sorted(maps.Keys(s)) { // in order, so that sums are the same in every run
		latin, n := romanized(gram)
		if latin == nil {
			continue
		}
		out[string(latin[:n])] += s[gram]
		if len(latin) == n {
			continue
		}
		if first := []rune(gram)[0]; utf8.RuneCountInString(toLatin[first]) == 2 {
			out[string(latin[1:n+1])] += s[gram]
		}
		if n < ngram.Order {
			out[string(latin[:n+1])] = max(out[string(latin[:n+1])], s[gram])
		}
	}
	return out
}

// romanized is a sequence in Latin letters and how many letters it had, or
// nil if it is not Serbian.
func romanized(gram string) (latin []rune, letters int) {
	for _, r := range gram {
		s, ok := toLatin[r]
		if !ok {
			return nil, 0
		}
		latin = append(latin, []rune(s)...)
		letters++
	}
	return latin, letters
}
