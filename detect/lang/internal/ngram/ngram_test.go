package ngram

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLetter(t *testing.T) {
	for _, tt := range []struct {
		a, b rune // the same letter
	}{
		{'a', 'A'}, {'ș', 'ş'}, {'Ț', 'ţ'}, {'İ', 'i'}, {'ß', 'ẞ'}, {'Ă', 'ă'}, {'Я', 'я'}, {'Ї', 'ї'},
	} {
		sa, ca := Letter(tt.a)
		sb, cb := Letter(tt.b)
		if sa != sb || ca != cb || ca == 0 || ca == Rare {
			t.Errorf("%c is %d/%d and %c %d/%d, want the same letter", tt.a, sa, ca, tt.b, sb, cb)
		}
	}
	for r, want := range map[rune]Script{'7': None, ' ': None, '·': None, '×': None, 'λ': Greek, 'ب': Arabic, '好': Other, 'ж': Cyrillic, 'ạ': Latin, -1: None} {
		if got, _ := Letter(r); got != want {
			t.Errorf("%q: script %d, want %d", r, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for from, to := range map[rune]rune{'ș': 's', 'ț': 't', 'ă': 'a', 'î': 'i', 'ő': 'o', 'ß': 's', 'ж': 'ж', 'ё': 'е', 'й': 'й', 'ї': 'ї'} {
		s, c := Letter(from)
		_, want := Letter(to)
		if got := Fold(s, c); got != want {
			t.Errorf("%c folds to code %d, want that of %c, %d", from, got, to, want)
		}
	}
	if _, c := Letter('і'); Lookalike(Latin, 'i'-'a'+1) != c {
		t.Error("Latin i does not look like Cyrillic і")
	}
}

func key(word string) (k Key) {
	for _, r := range word {
		_, c := Letter(r)
		k = k.Push(c)
	}
	return k
}

func small(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	err := Encode(&b, Source{
		Script: Latin, Langs: []string{"ro", "en"},
		Keys: []Key{key("a"), key("e"), key("da"), key("the")},
		Rows: []byte{1, 2, 3, 4, 0, 40, 50, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestScore(t *testing.T) {
	tables, err := Decode(small(t))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string][]int32{
		"a":   {-1, -2},
		"da":  {0, -40}, // d is unknown, then the longest known end
		"xda": {0, -40}, // not known as xda
		"the": {-50, 0},
		"ae":  {-1 - 3, -2 - 4},
		"xyz": {0, 0},
	} {
		var acc [MaxLangs]int32
		var codes []byte
		for _, r := range word {
			_, c := Letter(r)
			codes = append(codes, c)
		}
		tables[0].Score(codes, &acc)
		if diff := cmp.Diff(want, acc[:2]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", word, diff)
		}
	}
}

func TestKey(t *testing.T) {
	k := key("abcde")
	if k != key("bcde") || k.Len() != 4 || k.Shorter(4) != key("cde") || key("").Len() != 0 {
		t.Errorf("a key holds the last four letters; abcde has %d", k.Len())
	}
}

func FuzzDecode(f *testing.F) {
	good := small(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(_ *testing.T, b []byte) {
		tables, err := Decode(b)
		if err != nil {
			return
		}
		for _, table := range tables {
			var acc [MaxLangs]int32
			table.Score([]byte{1, 2, 3, 4, 5}, &acc)
		}
	})
}
