package wording

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/text"
)

// taught is a model of a few invented advertisements.
func taught(t testing.TB) *Model {
	t.Helper()
	m, err := Train("recruitment", []Example{
		{Texts: []string{"pasaportul ramane la noi pana platesti datoria"}, Telling: true},
		{Texts: []string{"actele raman la patron, datoria se opreste din salariu"}, Telling: true},
		{Texts: []string{"pasaportul il tinem noi, plecare maine"}, Telling: true},
		{Texts: []string{"firma autorizata, contract de munca, program de opt ore"}, Telling: false},
		{Texts: []string{"contract legal, firma serioasa, concediu platit"}, Telling: false},
		{Texts: []string{"cautam vanzator, contract si tichete de masa"}, Telling: false},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tally(m *Model, s string, skip ...text.Range) Tally {
	var r Reading
	add(&r, s, skip...)
	return m.Tally(&r)
}

func add(r *Reading, s string, skip ...text.Range) {
	var d text.Doc
	d.Fold(s)
	r.Add(&d, skip)
}

func TestScore(t *testing.T) {
	m := taught(t)
	for _, tc := range []struct {
		name, text string
		telling    bool
	}{
		{"the same words", "pasaportul ramane la noi", true},
		{"the same words with diacritics", "Pașaportul rămâne la noi", true},
		{"another form of a word", "pasapoartele raman, datorii de platit", true},
		{"words of the others", "contract cu firma, program legal", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := m.Score(tally(m, tc.text)); got > 0 != tc.telling {
				t.Errorf("score %.2f, want telling %v", got, tc.telling)
			}
		})
	}
	if got, want := m.Score(Tally{}), m.bias; got != want {
		t.Errorf("no text scores %v, want the bias %v", got, want)
	}
}

// A talk is the sum of its posts, in whatever pieces it came.
func TestTalliesAddUp(t *testing.T) {
	m := taught(t)
	whole := tally(m, "pasaportul ramane. contract")
	var one, two Reading
	add(&one, "pasaportul ramane")
	add(&one, "contract")
	parts := m.Tally(&one)
	// "ramane contract", and "ne ", … before each of the first three letters.
	if between := whole.Mass - parts.Mass; between != 1+3+2+1 {
		t.Errorf("the whole has %v features more than its parts, want the pair and the 6 stretches between them", between)
	}
	add(&two, "contract")
	add(&two, "pasaportul ramane")
	if diff := cmp.Diff(parts, m.Tally(&two)); diff != "" {
		t.Errorf("the order of posts matters (-want +got):\n%s", diff)
	}
}

func TestSkip(t *testing.T) {
	m := taught(t)
	s := "> pasaportul ramane la noi\ncontract cu firma"
	quote := text.Range{End: strings.Index(s, "\n")}
	if diff := cmp.Diff(tally(m, "contract cu firma"), tally(m, s, quote)); diff != "" {
		t.Errorf("a quote counts (-without +with):\n%s", diff)
	}
	var d text.Doc
	d.Fold(s)
	for _, w := range m.Words(new(Reading), &d, []text.Range{quote}, 10) {
		if w.Start < quote.End {
			t.Errorf("%q shows, it is quoted", s[w.Start:w.End])
		}
	}
}

func TestWords(t *testing.T) {
	m := taught(t)
	s := "Buna ziua! Pașaportul rămâne la noi, contract dupa."
	var d text.Doc
	d.Fold(s)
	var got []string
	for _, w := range m.Words(new(Reading), &d, nil, 3) {
		got = append(got, s[w.Start:w.End])
		if w.Weight <= 0 {
			t.Errorf("%q weighs %v, want only what speaks for it", s[w.Start:w.End], w.Weight)
		}
	}
	if len(got) == 0 || !strings.Contains(strings.Join(got, "|"), "Pașaportul") {
		t.Errorf("%q, want the passport among them", got)
	}
	// All words together are the whole score.
	sum := 0.0
	for _, w := range m.Words(new(Reading), &d, nil, len(d.Tokens)) {
		sum += w.Weight
	}
	if sum < m.Score(tally(m, s))-m.bias {
		t.Errorf("the words that speak for it add %v, less than all words together", sum)
	}
}

func TestTrainIsRepeatable(t *testing.T) {
	a, errA := taught(t).Append(nil)
	b, errB := taught(t).Append(nil)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(a, b) {
		t.Error("the same texts gave two models")
	}
	if _, err := Train("grooming", []Example{{Texts: []string{"a"}, Telling: true}}); !errors.Is(err, ErrExamples) {
		t.Errorf("one kind of texts: %v, want ErrExamples", err)
	}
}

func TestFile(t *testing.T) {
	m := taught(t)
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	want := tally(m, "pasaportul ramane")
	if got := tally(back, "pasaportul ramane"); got != want || back.Score(got) != m.Score(want) {
		t.Errorf("read back it scores %v, want %v", back.Score(got), m.Score(want))
	}
	if diff := cmp.Diff(m.Card(), back.Card()); diff != "" {
		t.Errorf("card (-want +got):\n%s", diff)
	}
	for _, at := range []int{0, len(magic) + 2, len(b) / 2, len(b) - 1} {
		bad := append([]byte(nil), b...)
		bad[at] ^= 1
		if _, err := Read(bad); !errors.Is(err, ErrFile) {
			t.Errorf("byte %d changed: %v, want ErrFile", at, err)
		}
	}
	if _, err := Read(b[:len(b)-1]); !errors.Is(err, ErrFile) {
		t.Errorf("cut off: %v, want ErrFile", err)
	}
}

func FuzzRead(f *testing.F) {
	b, err := taught(f).Append(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(magic))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Read(b) })
}

func FuzzReading(f *testing.F) {
	m := taught(f)
	f.Add("pasaportul rămâne 123", 2, 9)
	f.Add(strings.Repeat("ș", 50), 0, 0)
	f.Add("\xff\xfe a\xcc", 0, 1)
	f.Fuzz(func(t *testing.T, s string, start, end int) {
		got := tally(m, s, text.Range{Start: start, End: end})
		if score := m.Score(got); math.IsNaN(score) || math.IsInf(score, 0) {
			t.Errorf("score %v", score)
		}
		var d text.Doc
		d.Fold(s)
		for _, w := range m.Words(new(Reading), &d, nil, 5) {
			_ = s[w.Start:w.End]
		}
	})
}

// The stretches of a text are those of its words with a space around each.
func TestLetters(t *testing.T) {
	for _, tc := range []struct {
		text string
		want int // stretches
	}{
		{"", 0}, {"a", 1}, {"la", 3}, {"șa", 3}, {"acte", 9}, {"la noi", 15},
	} {
		var d text.Doc
		var r Reading
		d.Fold(tc.text)
		r.Add(&d, nil)
		words := 2*len(d.Tokens) - min(1, len(d.Tokens)) // and pairs
		if got := len(r.features) - words; got != tc.want {
			t.Errorf("%q has %d stretches, want %d", tc.text, got, tc.want)
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	m := taught(t)
	var d text.Doc
	var r Reading
	d.Fold("Pașaportul rămâne la noi până plătești datoria")
	read := func() {
		r.Reset()
		r.Add(&d, nil)
		m.Tally(&r)
	}
	if n := testing.AllocsPerRun(100, read); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkReading(b *testing.B) {
	m := taught(b)
	s := strings.Repeat("Caut colega de apartament in zona centrala, aproape de metrou si piata. ", 7)[:500]
	var d text.Doc
	var r Reading
	d.Fold(s)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		r.Add(&d, nil)
		m.Tally(&r)
	}
}
