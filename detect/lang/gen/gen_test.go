package main

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe/detect/lang/internal/ngram"
)

// grams makes the model that lingua would make of some words: for each
// sequence within a word how often its last letter follows the others.
func grams(words ...string) []gram {
	count := map[string]float64{}
	var order []string
	letters := 0.0
	for n := 1; n <= ngram.Order; n++ {
		for _, w := range words {
			r := []rune(w)
			for i := 0; i+n <= len(r); i++ {
				text := string(r[i : i+n])
				if count[text] == 0 {
					order = append(order, text)
				}
				count[text]++
				if n == 1 {
					letters++
				}
			}
		}
	}
	var out []gram
	for _, text := range order {
		total := letters
		if head := text[:len(text)-lastSize(text)]; head != "" {
			total = count[head]
		}
		out = append(out, gram{text, count[text] / total})
	}
	return out
}

// The edges of words are not in the model, and yet they come back.
func TestDerive(t *testing.T) {
	got := derive(grams("da", "nu", "da", "dai", "născ"))
	for text, want := range map[string]float64{
		"d": 3, "da": 3, "dai": 1, "n": 2, "născ": 1,
		"$": 5, "$d": 3, "$n": 2, "$da": 3, "$nă": 1, "$născ": 1,
		"$da$": 2, "$dai$": 1, "$nu$": 1,
		"a$": 2, "da$": 2, "i$": 1, "ai$": 1, "c$": 1, "născ$": 1,
		"$a": 0, "d$": 0, "ă$": 0, "$da$x": 0,
	} {
		if math.Abs(got[text]-want) > 1e-9 {
			t.Errorf("%q occurs %v times, want %v", text, got[text], want)
		}
	}
}

func TestRomanize(t *testing.T) {
	got := sequences{"да": 4, "$љ": 3, "љ": 2, "џеп": 1, "ю": 5}.romanize()
	want := sequences{
		"da": 4,
		"$l": 3, "$lj": 3, // an edge and a digraph: its first letter, or one letter more
		"l": 2, "j": 2, "lj": 2, // a digraph is both of its letters
		"dže": 1, "žep": 1, "džep": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func mustKey(t *testing.T, text string) ngram.Key {
	t.Helper()
	k, ok := key(text, ngram.Latin)
	if !ok {
		t.Fatalf("%q is not Latin", text)
	}
	return k
}

// A model counts text as it is, without diacritics and misread.
func TestModel(t *testing.T) {
	m := newModel(sequences{"$ță": 100, "$a": 50}, ngram.Latin, "ro")
	for text, want := range map[string]float64{"$ţă": 68, "$ta": 30, "$þã": 2, "$a": 50} {
		if got := m.count[mustKey(t, text)]; math.Abs(got-want) > 1e-9 {
			t.Errorf("%q occurs %v times, want %v", text, got, want)
		}
	}
	// The fewer letters were seen after another, the less the others count.
	m = newModel(sequences{"$": 4, "$a": 3, "$b": 1}, ngram.Latin, "en")
	for text, want := range map[string]float64{
		"$a": (3 + 2*0.1) / (4 + 2), // two letters were seen
		"$c": (0 + 2*0.1) / (4 + 2),
		"ac": 0.1, // nothing is known after a
	} {
		if got := m.probability(mustKey(t, text), 0.1); math.Abs(got-want) > 1e-9 {
			t.Errorf("%q has probability %v, want %v", text, got, want)
		}
	}
}

// A sequence is kept when it tells languages apart better than its tail, with
// all its heads.
func TestKeep(t *testing.T) {
	models := []*model{
		newModel(sequences{"a": 100, "b": 100, "c": 1, "ab": 50, "ba": 50, "ca": 1}, ngram.Latin, "ro"),
		newModel(sequences{"a": 100, "b": 100, "c": 1, "ab": 1, "ba": 50, "ca": 1}, ngram.Latin, "en"),
	}
	all := common(models)
	got := keep(models, newRows(models, all), all, 0.01)
	want := []ngram.Key{mustKey(t, "a"), mustKey(t, "b"), mustKey(t, "c"), mustKey(t, "ab")}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
