package ngram

import (
	"math/rand/v2"
	"slices"
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
		if sa != sb || ca != cb || ca == 0 || ca >= Edge {
			t.Errorf("%c is %d/%d and %c %d/%d, want the same letter", tt.a, sa, ca, tt.b, sb, cb)
		}
	}
	for r, want := range map[rune]Script{
		'7': None, ' ': None, '·': None, '×': None, '\u0483': None, '҂': None, -1: None,
		'λ': Greek, 'ب': Arabic, '好': Other, 'ж': Cyrillic, 'ạ': Latin, 'º': Latin,
	} {
		if got, _ := Letter(r); got != want {
			t.Errorf("%q: script %d, want %d", r, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for from, to := range map[rune]rune{'ș': 's', 'ț': 't', 'ă': 'a', 'î': 'i', 'ő': 'o', 'ß': 's', 'ж': 'ж', 'ё': 'е', 'й': 'й', 'ї': 'ї', 'þ': 'þ'} {
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

func codes(word string) (out []byte) {
	for _, r := range word {
		c := byte(Edge)
		if r != '$' {
			_, c = Letter(r)
		}
		out = append(out, c)
	}
	return out
}

func key(word string) (k Key) {
	for _, c := range codes(word) {
		k = k.Push(c)
	}
	return k
}

func TestKey(t *testing.T) {
	k := key("abcdef")
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"all but the last five letters dropped", k, key("bcdef")},
		{"Len", k.Len(), 5},
		{"Len of nothing", key("").Len(), 0},
		{"Tail", k.Tail(), key("cdef")},
		{"Head", k.Head(), key("bcde")},
		{"At", k.At(1), byte(5)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

func small() []byte {
	return Encode(Source{
		Script: Latin, Langs: []string{"ro", "en", "it"},
		Keys:   []Key{key("a"), key("d"), key("e"), key("$"), key("a$"), key("da"), key("$d"), key("$da")},
		Levels: []byte{1, 2, 3, 0, 0, 0, 3, 4, 5, 0, 0, 0, 0, 3, 0, 0, 15, 1, 2, 0, 0, 8, 0, 0},
	})
}

func decode(t testing.TB, b []byte) *Table {
	t.Helper()
	tables, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return tables[0]
}

// Costs are levels of the table: level 3 is 4 units, 15 is 100.
func TestScore(t *testing.T) {
	table := decode(t, small())
	if table.Len() != 8 {
		t.Errorf("%d entries, want 8", table.Len())
	}
	for _, tt := range []struct {
		word  string
		whole bool
		want  []int
	}{
		{"a", false, []int{1, 2, 4}},
		{"a", true, []int{1, 2 + 4, 4}},     // and the end after an a
		{"da", false, []int{2 + 18, 0, 0}},  // d and then a at the start of a word
		{"xda", false, []int{0, 100, 1}},    // the same within it
		{"xyz", true, []int{0, 0, 0}},       // nothing known but the end
		{"aea", false, []int{6, 4 + 6, 16}}, // an unknown sequence, then the longest known end
	} {
		sum := table.Score(codes(tt.word), tt.whole)
		var got []int
		for l := range 3 {
			got = append(got, sum.Cost(l))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, whole %v (-want +got):\n%s", tt.word, tt.whole, diff)
		}
	}
}

// row makes a row of costs; those left out are 255.
func row(cost ...int) (r Row) {
	for l := range lanes {
		c := 255
		if l < len(cost) {
			c = cost[l]
		}
		r[l>>3] |= uint64(c) << (l & 7 * 8)
	}
	return r
}

func TestSum(t *testing.T) {
	var s Sum
	want := make([]int, MaxLangs)
	for i := range MaxRows {
		var c []int
		for l := range MaxLangs {
			c = append(c, (i*l+l)%256)
			want[l] += c[l]
		}
		r := row(c...)
		s.Add(&r)
	}
	got := make([]int, MaxLangs)
	for l := range got {
		got[l] = s.Cost(l)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a full sum (-want +got):\n%s", diff)
	}
	s = Sum{}
	r := row(7, 3, 250)
	s.Add(&r)
	s.Favour(0b10, 40)
	out, second := s.Row()
	if second != 44 {
		t.Errorf("the second best costs %d, want 44", second)
	}
	for l, want := range []int{44, 0, 255, 255} {
		if got := out.Cost(l); got != want {
			t.Errorf("language %d costs %d, want %d", l, got, want)
		}
	}
}

// Row agrees with the obvious way to write it.
func TestRow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var s Sum
		spread := 1 + random.IntN(300)
		for l := range lanes {
			s[lane(l)] |= uint64(random.IntN(spread)) << laneShift(l)
		}
		var costs []int
		for l := range lanes {
			costs = append(costs, s.Cost(l))
		}
		sorted := slices.Sorted(slices.Values(costs))
		r, second := s.Row()
		if want := min(sorted[1]-sorted[0], 255); int(second) != want {
			t.Fatalf("of %v: second is %d, want %d", costs, second, want)
		}
		for l, c := range costs {
			if want := min(c-sorted[0], 255); r.Cost(l) != want {
				t.Fatalf("of %v: language %d costs %d, want %d", costs, l, r.Cost(l), want)
			}
		}
	}
}

// A language gains on the main one from where it was best entered.
func TestGain(t *testing.T) {
	var g Gain
	for i, tt := range []struct {
		main, other, enter int
		reached            bool
	}{
		{0, 200, 0, false}, // what is lost before does not count
		{30, 0, 5, false},  // 25
		{0, 10, 5, false},  // 15
		{10, 0, 5, false},  // 25: entering here would leave 5
		{14, 0, 250, false},
		{1, 0, 250, true},
		{0, 255, 0, false},
		{39, 0, 0, false},
		{0, 0, 0, false},
		{255, 0, 255, true},
	} {
		r := row(255, tt.main, 255, 255, 255, tt.other)
		if got := g.Add(&r, 1, tt.enter, 40); got != tt.reached {
			t.Errorf("row %d: reached is %v, want %v", i, got, tt.reached)
		}
	}
}

func FuzzDecode(f *testing.F) {
	good := small()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(_ *testing.T, b []byte) {
		tables, err := Decode(b)
		if err != nil {
			return
		}
		for _, table := range tables {
			table.Score([]byte{1, 2, 3, 4, 5}, true)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	table := decode(b, small())
	word := codes("constructii")
	for b.Loop() {
		table.Score(word, true)
	}
}
