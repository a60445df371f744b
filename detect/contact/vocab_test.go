package contact

import (
	"strings"
	"testing"

	"veghe/detect/text"
)

func TestVocabularyErrors(t *testing.T) {
	for _, r := range []struct{ list, want string }{
		{"net telegram", "1: no colon, want the form key: words"},
		{"# a comment\n\nnonsense: a", `3: role "nonsense" is unknown`},
		{"net telegram: tele-gram", `1: "tele-gram" is 2 words, want one`},
		{"double two: double", `1: strconv.Atoi: parsing "two": invalid syntax`},
	} {
		v := &vocab{words: map[uint64]*word{}}
		if err := v.read(r.list, v.addWords); err == nil || err.Error() != r.want {
			t.Errorf("%q: got %v, want %s", r.list, err, r.want)
		}
	}
	v := &vocab{words: map[uint64]*word{}}
	if err := v.read("RO/X: !", v.addPlaces); err == nil || !strings.Contains(err.Error(), "RO/X has an empty name") {
		t.Errorf("got %v, want a word about the empty name", err)
	}
}

func TestGluedNumbers(t *testing.T) {
	for _, r := range []struct{ word, want string }{
		{"zerosaptedoidoi", "0722"},
		{"ventidue", "20 2"},
		{"zweiundzwanzig", "20 2"},
		{"treintaycinco", "30 5"},
		{"huszonkettő", "20 2"},
		{"нульсемь", "07"},
		{"07zero0", "0700"},
		{"functioneaza", ""},
		{"zerosapteceva", ""},
	} {
		var got strings.Builder
		for _, p := range words().spelling.split([]byte(text.Fold(r.word)), nil) {
			if p.ten != 0 {
				got.WriteString(string(rune(p.ten)) + "0 ")
			} else {
				got.WriteString(p.digit)
			}
		}
		if got.String() != r.want {
			t.Errorf("%s: got %q, want %q", r.word, got.String(), r.want)
		}
	}
}

// Every place has a value that the index can show as a facet: a country, and
// the place in it by its own name.
func TestPlaceValues(t *testing.T) {
	countries := map[string]bool{}
	for line := range strings.Lines(placeList) {
		if value, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			if !canonical[Place].MatchString(value) {
				t.Errorf("%q is no place, want CC or CC/Name", value)
			}
			countries[value] = true
		}
	}
	for value := range countries {
		if cc, _, inside := strings.Cut(value, "/"); inside && !countries[cc] {
			t.Errorf("%s is in a country without names", value)
		}
	}
}
