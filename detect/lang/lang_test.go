package lang

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/lang/internal/ngram"
)

// detector is made once: it takes some tens of milliseconds.
var detector = sync.OnceValues(func() (*Detector, error) { return New(Options{}) })

func newDetector(t testing.TB) *Detector {
	t.Helper()
	d, err := detector()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDetect(t *testing.T) {
	d := newDetector(t)
	for _, tt := range []struct{ text, want string }{
		// Romanian with and without diacritics, with either ș and ț.
		{"Caut de lucru în construcții, ofer seriozitate.", "ro"},
		{"caut de lucru in constructii ofer seriozitate", "ro"},
		{"Și eu vreau să știu ce faceți", "ro"},
		{"Şi eu vreau să ştiu ce faceţi", "ro"},
		{"S\u0326i eu vreau sa\u0306 s\u0326tiu ce facet\u0326i", "ro"}, // decomposed
		{"ce faci", "ro"},
		{"va rog sa ma sunati", "ro"},
		{"te pup noapte buna", "ro"},
		{"CAUT DE MUNCA IN STRAINATATE", "ro"},

		{"We are looking for people to work in our kitchen", "en"},
		{"Cerchiamo personale per lavoro in campagna", "it"},
		{"Buscamos personas para trabajar en el campo", "es"},
		{"Wir suchen Leute für die Arbeit auf dem Feld", "de"},
		{"Nous cherchons des personnes pour travailler à la ferme", "fr"},
		{"Munkásokat keresünk a földekre, szállást adunk", "hu"},
		{"Шукаємо людей для роботи в полі", "uk"},
		{"Ищем людей для работы в поле", "ru"},
		{"Търсим хора за работа на полето", "bg"},
		{"Tarlada çalışacak işçiler arıyoruz", "tr"},
		{"Szukamy ludzi do pracy w polu", "pl"},
		{"Procuramos pessoas para trabalhar no campo", "pt"},
		{"Wij zoeken mensen voor werk op het land", "nl"},
		{"Ψάχνουμε ανθρώπους για δουλειά", "el"},
		{"Kërkojmë njerëz për punë në fushë", "sq"},
		{"Тражимо људе за посао у пољу", "sr"},
		{"نبحث عن عمال للعمل في المزرعة", "ar"},

		// Sentinels: no rules, but not taken for a neighbour.
		{"Hledáme lidi na práci na poli", "cs"},
		{"Vi söker människor som vill arbeta på fältet", "sv"},
		{"Бараме луѓе за работа на полето", "mk"},
		{"Шукаем людзей для працы ў полі", "be"},

		// A brand or a name does not change the language, nor does a
		// Latin i in a Cyrillic word.
		{"я живу в Києвi та шукаю роботу", "uk"},
		{"Я купил iPhone и теперь ищу чехол", "ru"},
		{"Am citit o carte de William Shakespeare si mi-a placut mult", "ro"},

		// Links, handles and digits say nothing.
		{"https://example.com/the-best-place vreau si eu la fel", "ro"},
		{"@the_best_one_ever vreau si eu la fel", "ro"},

		// Nothing to go by.
		{"ok", Undetermined},
		{"12345 !!! 🙂", Undetermined},
		{"你好世界", Undetermined},
		{"\xff\xfe\xfd", Undetermined},
		{"https://example.com/the-best-place", Undetermined},
	} {
		segs := d.Detect(tt.text)
		if len(segs) != 1 || segs[0].Lang != tt.want {
			t.Errorf("%q: got %v, want one segment of %s", tt.text, segs, tt.want)
		}
	}
}

func TestMixed(t *testing.T) {
	d := newDetector(t)
	for _, tt := range []struct {
		parts []string
		langs []string
	}{
		{[]string{"Bună, mă numesc Ana și caut de lucru. ", "I can start next week and I have a car."}, []string{"ro", "en"}},
		{[]string{"caut de lucru in italia ca sa pot trimite bani acasa ", "you can start next week and you need no car"}, []string{"ro", "en"}},
		{[]string{"Salut, ce mai faci? ", "Cerco lavoro in campagna con alloggio. ", "Mulțumesc mult pentru ajutor!"}, []string{"ro", "it", "ro"}},
		{[]string{"Caut de lucru la fermă. ", "Ищу работу на ферме."}, []string{"ro", "ru"}},
	} {
		text := strings.Join(tt.parts, "")
		var parts, langs []string
		for _, s := range d.Detect(text) {
			parts = append(parts, text[s.Start:s.End])
			langs = append(langs, s.Lang)
		}
		if diff := cmp.Diff(tt.parts, parts); diff != "" {
			t.Errorf("%q is divided otherwise (-want +got):\n%s", text, diff)
		}
		if diff := cmp.Diff(tt.langs, langs); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// One or two words are often too close to call, but the language is among the
// candidates.
func TestCandidates(t *testing.T) {
	d := newDetector(t)
	for text, want := range map[string]string{
		"salut": "ro", "munca": "ro", "bani": "ro", "casa": "it", "trabajo": "es", "passport": "en", "ok": "en", "робота": "uk",
	} {
		seg := d.Detect(text)[0]
		if !slices.Contains(seg.Candidates, want) {
			t.Errorf("%q: candidates %v, want %s among them", text, seg.Candidates, want)
		}
		if seg.Lang != Undetermined && seg.Lang != seg.Candidates[0] {
			t.Errorf("%q: is %s, but %s is the first candidate", text, seg.Lang, seg.Candidates[0])
		}
		if seg.Lang == Undetermined && len(seg.Candidates) < 2 {
			t.Errorf("%q: undetermined with candidates %v, want two or more", text, seg.Candidates)
		}
	}
}

// opinion is a second opinion that always thinks the same.
type opinion struct {
	mu    sync.Mutex // guards asked
	asked []string
	votes []Vote
}

func (o *opinion) Opinion(text string) []Vote {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, text)
	return o.votes
}

func TestSecond(t *testing.T) {
	o := &opinion{}
	for _, l := range newDetector(t).Langs() {
		o.votes = append(o.votes, Vote{l, -30})
	}
	o.votes[slices.IndexFunc(o.votes, func(v Vote) bool { return v.Lang == "ro" })].LogP = -0.1
	d, err := New(Options{Second: o})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Detect("casa"); got[0].Lang != "ro" {
		t.Errorf("unsure: got %v, want the second opinion, ro", got)
	}
	if diff := cmp.Diff([]string{"casa"}, o.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	d.Detect("Caut de lucru în construcții, ofer seriozitate.")
	if len(o.asked) != 1 {
		t.Errorf("asked about a text that is clear: %q", o.asked)
	}
	o.votes = nil // not ready
	plain := newDetector(t)
	if diff := cmp.Diff(plain.Detect("salut"), d.Detect("salut")); diff != "" {
		t.Errorf("no opinion changes the answer (-want +got):\n%s", diff)
	}
}

// Into a slice that is there already, the usual post takes no memory.
func TestAppend(t *testing.T) {
	d := newDetector(t)
	kept := []Segment{{Lang: "xx"}}
	got := d.Append(kept, "Caut de lucru în construcții.")
	if len(got) != 2 || got[0].Lang != "xx" || got[1].Lang != "ro" {
		t.Fatalf("got %v, want a segment of ro after the one that was there", got)
	}
	text := "Caut de lucru în construcții, ofer seriozitate. casa"
	x := new(scratch)
	if n := testing.AllocsPerRun(100, func() { got = d.detect(got[:0], text, x) }); n >= 1 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestConcurrent(t *testing.T) {
	d := newDetector(t)
	text := "Bună, mă numesc Ana. I can start next week and I have a car."
	want := d.Detect(text)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if diff := cmp.Diff(want, d.Detect(text)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	all.Wait()
}

func TestLangs(t *testing.T) {
	got := newDetector(t).Langs()
	for _, l := range []string{"ro", "en", "uk", "ru", "sr", "el", "ar"} {
		if !slices.Contains(got, l) {
			t.Errorf("languages %v, want %s among them", got, l)
		}
	}
	if slices.Sort(got); len(slices.Compact(got)) != len(got) {
		t.Errorf("languages %v, want each once", got)
	}
}

func TestLong(t *testing.T) {
	d := newDetector(t)
	text := strings.Repeat("caut de lucru in constructii si ofer seriozitate ", 2*maxWords/8)
	if got := d.Detect(text); len(got) != 1 || got[0].Lang != "ro" || got[0].End != len(text) {
		t.Errorf("a text read in pieces: got %d segments, want one", len(got))
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"", "ok", "Bună, ce faci? I am fine.", "я и you и он", "a@b www.x.ro", "\xff\u0301\u200b", "ﷺ ẞ İ"} {
		f.Add(s)
	}
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, seg := range d.Detect(s) {
			if seg.Start != end || seg.End <= seg.Start {
				t.Fatalf("segment %d:%d after %d", seg.Start, seg.End, end)
			}
			if seg.Lang != Undetermined && !slices.Contains(seg.Candidates, seg.Lang) {
				t.Fatalf("%s is not among %v", seg.Lang, seg.Candidates)
			}
			end = seg.End
		}
		if end != len(s) {
			t.Fatalf("segments end at %d of %d", end, len(s))
		}
	})
}

func BenchmarkNew(b *testing.B) {
	var d *Detector
	for b.Loop() {
		var err error
		if d, err = New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
	size := 0
	for _, t := range d.tables {
		if t != nil {
			size += t.Bytes()
		}
	}
	b.ReportMetric(float64(size), "table-bytes")
}

// BenchmarkDetect has the words of a text remembered from the last time, as
// most are in a stream of posts; see BenchmarkWord for those that are not.
func BenchmarkDetect(b *testing.B) {
	d := newDetector(b)
	ad := "Caut de lucru în construcții sau la o fermă, ofer seriozitate și am experiență în domeniu de peste opt ani. " +
		"Pot începe imediat și nu am probleme cu programul prelungit. Vorbesc puțină engleză și italiană, am carnet de conducere. "
	for _, bb := range []struct{ name, text string }{
		{"20B", "caut de lucru acasa"},
		{"80B", "caut de lucru in constructii ofer seriozitate si am experienta in domeniu acum"},
		{"500B", strings.Repeat("caut de lucru in constructii ofer seriozitate si am experienta in domeniu. ", 7)[:500]},
		{"500B diacritics", strings.Repeat(ad, 3)[:500]},
		{"500B Cyrillic", strings.Repeat("Ищем людей для работы в поле, жильё и питание за наш счёт. ", 9)[:500]},
		{"mixed", "Bună, mă numesc Ana și caut de lucru. I can start next week and I have a car."},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.text)))
			b.ReportAllocs()
			var segs []Segment
			for b.Loop() {
				segs = d.Append(segs[:0], bb.text)
			}
		})
	}
}

// BenchmarkWord is what a word costs that is not remembered.
func BenchmarkWord(b *testing.B) {
	d := newDetector(b)
	var words [][]byte
	var sp spelling
	for _, line := range lines(b, "chat/ro.txt") {
		for w := range strings.FieldsSeq(line) {
			sp.read(w)
			_, codes := sp.settle()
			words = append(words, slices.Clone(codes))
		}
	}
	i := 0
	for b.Loop() {
		d.work(ngram.Latin, words[i%len(words)], true)
		i++
	}
}
