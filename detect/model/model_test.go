package model

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"veghe/detect/text"
)

// The texts here are invented and mild. Relevant ones speak of kept papers and
// of a boss who decides, the others of a firm, a contract and an interview;
// most words are common to both, as in real advertisements.
var (
	both     = strings.Fields("caut oameni pentru munca in strainatate plecare luna viitoare detalii la telefon program de zi cazare transport oras lucru echipa salariu bun serios")
	tellsYes = []string{"actele raman la sef", "platesti drumul dupa", "nu vorbi cu nimeni", "seful hotaraste cand iesi", "banii ii tine el"}
	tellsNo  = []string{"contract scris inainte", "interviu la firma", "vizitati sediul nostru", "asigurare si concediu", "angajator inregistrat"}
)

// invented makes reviewed posts, several of them by one author each. The
// rules know half of what tells.
func invented(n int) []Example {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]Example, n)
	for i := range out {
		e := Example{Relevant: rng.IntN(3) == 0, Group: i / 3, Reviewed: time.Date(2026, 10, 1+i%28, 9, 0, 0, 0, time.UTC)}
		var words []string
		for range 12 + rng.IntN(20) {
			words = append(words, both[rng.IntN(len(both))])
		}
		tells := tellsNo
		if e.Relevant {
			tells = tellsYes
		}
		if rng.IntN(10) > 0 { // one in ten says nothing that tells
			k := rng.IntN(len(tells))
			words = append(words, tells[k])
			if e.Relevant && k < 2 {
				e.Rules = 2.3
			}
		}
		e.Rules += 0.4 * float64(rng.IntN(3))
		e.Title = strings.Join(words[:3], " ")
		e.Text = strings.Join(words[3:], " ") + fmt.Sprintf(". Tel 0700 000 %03d", i)
		out[i] = e
	}
	return out
}

func TestTraining(t *testing.T) {
	examples := invented(360)
	var first, second bytes.Buffer
	for _, to := range []*bytes.Buffer{&first, &second} {
		m, err := Train(examples, "rules1")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Write(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same posts gave two different models")
	}
	m, err := Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	c := m.Card()
	if c.Relevant+c.NotRelevant != 360 || c.Groups != 120 || c.Rules != "rules1" || c.Folding != text.Version {
		t.Errorf("card: %+v", c)
	}
	if want := time.Date(2026, 10, 28, 9, 0, 0, 0, time.UTC); !c.LastReview.Equal(want) {
		t.Errorf("last review %v, want %v", c.LastReview, want)
	}
	r := c.Evaluation
	if r.Model.ROC < 0.9 || r.AheadROC.Low <= 0 || r.AheadPR.Low <= 0 {
		t.Errorf("on posts not seen: model %.3f, rules %.3f, ahead %+v: want the model clearly ahead", r.Model.ROC, r.Rules.ROC, r.AheadROC)
	}
	if !strings.HasPrefix(c.Relevants[0].Words, "act") && !strings.Contains("nu vorbi nimeni platesti drumul seful hotaraste tine raman", c.Relevants[0].Words) {
		t.Errorf("the most telling words are %q", c.Relevants[0].Words)
	}
	for _, n := range append(c.Relevants, c.NotRelevants...) {
		if strings.ContainsAny(n.Words, "123456789") {
			t.Errorf("a number is named: %q", n.Words)
		}
	}
}

func TestTooFewReviews(t *testing.T) {
	for want, examples := range map[string][]Example{
		"there are 0 reviewed posts, 0 relevant": nil,
		"there are 199 reviewed posts":           invented(199),
		"240 relevant and 0 not":                 all(invented(240), true, func(i int) int { return i }),
		"the others from 1, want 5 of each": func() []Example {
			e := invented(300)
			for i := range e {
				if !e[i].Relevant {
					e[i].Group = 0
				} else {
					e[i].Group = i + 1
				}
			}
			return e
		}(),
	} {
		if _, err := Train(examples, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func all(examples []Example, relevant bool, group func(int) int) []Example {
	for i := range examples {
		examples[i].Relevant, examples[i].Group = relevant, group(i)
	}
	return examples
}

// Words of one author are never named, however telling they are.
func TestRareWordsAreNotNamed(t *testing.T) {
	examples := invented(240)
	for i := range examples {
		if examples[i].Group == 7 {
			examples[i].Text += " zubrovka zubrovka"
			examples[i].Relevant = true
		}
	}
	m, err := Train(examples, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range append(m.Card().Relevants, m.Card().NotRelevants...) {
		if strings.Contains(n.Words, "zubrovka") {
			t.Errorf("%q stands in the file", n.Words)
		}
	}
}

var once = sync.OnceValues(func() (*Model, error) { return Train(invented(240), "") })

func trained(t *testing.T) *Model {
	t.Helper()
	m, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func docs(title, body string) (*text.Doc, *text.Doc) {
	var a, b text.Doc
	a.Fold(title)
	b.Fold(body)
	return &a, &b
}

// What the words add is what the score is made of.
func TestContributionsAddUp(t *testing.T) {
	m := trained(t)
	for _, s := range []string{"", "Actele rămân la șef! Actele, da.", strings.Repeat("munca buna 0700 000 123 ", 50), "работа за границей", "a"} {
		title, body := docs("Cazare si transport", s)
		sum := m.bias
		for _, part := range m.contributions(title, body) {
			for _, w := range part.weights {
				sum += w
			}
		}
		if got := m.Score(title, body); math.Abs(got-sum) > 1e-6 {
			t.Errorf("%.20q: score %v, words add up to %v", s, got, sum)
		}
	}
}

func TestWords(t *testing.T) {
	m := trained(t)
	title, body := docs("Munca", "Salariu bun, cazare. Actele RĂMÂN la șef, plecare luna viitoare.")
	got := m.Words(title, body, 3)
	if len(got) == 0 {
		t.Fatal("no words")
	}
	var texts []string
	for _, s := range got {
		if s.Field == "" && s.Text != body.Source()[s.Start:s.End] {
			t.Errorf("span %+v is not the text", s)
		}
		texts = append(texts, s.Text)
	}
	if joined := strings.Join(texts, "|"); !strings.Contains(joined, "RĂMÂN") && !strings.Contains(joined, "Actele") {
		t.Errorf("the words shown are %q", texts)
	}
	if got := m.Words(title, body, 0); len(got) != 0 {
		t.Errorf("none wanted, got %v", got)
	}
}

// Neither case nor diacritics nor the digits of a number change the score.
func TestFoldedScores(t *testing.T) {
	m := trained(t)
	a := m.Score(docs("Munca", "actele raman la sef 0700 000 111"))
	b := m.Score(docs("MUNCĂ", "Actele rămân la șef 0799 999 222"))
	if a != b {
		t.Errorf("scores %v and %v", a, b)
	}
}

func TestFileRefusals(t *testing.T) {
	var file bytes.Buffer
	m := *trained(t)
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	good := file.Bytes()
	if _, err := Read(bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	other := m
	other.card.Folding = "fold0"
	var old bytes.Buffer
	if err := other.Write(&old); err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string][]byte{
		"want it to begin with":          []byte("veghe model 9\n"),
		"cut off":                        []byte(magic),
		"the checksum does not fit":      flipped,
		"it was cut off or changed":      good[:len(good)-1],
		"larger than":                    append(bytes.Clone(good), make([]byte, maxFile)...),
		"another way of folding":         old.Bytes(),
		"not a sound model file: larger": append([]byte(magic), make([]byte, maxFile)...),
	} {
		if _, err := Read(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// Any bytes give an error or a model that can be used and written again.
func FuzzDecode(f *testing.F) {
	m := &Model{weights: make([]float32, size), card: Card{Folding: text.Version}}
	m.weights[3], m.weights[size-1] = 1, -2
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes()[len(magic) : file.Len()-32])
	f.Add([]byte{2, 0, 0, 0, '{', '}', 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0})
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		title, body := docs("munca", "actele raman la sef")
		if s := m.Score(title, body); math.IsNaN(s) {
			t.Errorf("score %v", s)
		}
		m.card.Folding = text.Version
		var out bytes.Buffer
		if err := m.Write(&out); err != nil {
			return // a card that grows too large when written again
		}
		again, err := Read(&out)
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if !slices.Equal(m.weights, again.weights) {
			t.Error("the weights differ")
		}
	})
}

// Any text has features that can be scored and shown.
func FuzzWords(f *testing.F) {
	f.Add("Munca", "actele rămân la șef 0700 000 111")
	f.Add("\xff\xfe", strings.Repeat("ж", 100)+" \u200b a\u0301")
	m := &Model{weights: make([]float32, size)}
	for i := range m.weights {
		m.weights[i] = float32(i%7) - 2
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		title, body := docs(a, b)
		if s := m.Score(title, body); math.IsNaN(s) {
			t.Errorf("score %v", s)
		}
		for _, s := range m.Words(title, body, 5) {
			src := map[string]string{"title": a, "": b}[s.Field]
			if s.Start < 0 || s.Start > s.End || s.End > len(src) || src[s.Start:s.End] != s.Text {
				t.Errorf("span %+v", s)
			}
		}
	})
}

func BenchmarkScore(b *testing.B) {
	m := &Model{weights: make([]float32, size)}
	title, body := docs("Locuri de munca", strings.Repeat("caut oameni pentru munca in strainatate ", 13))
	var r reader
	b.SetBytes(int64(len(body.Source())))
	for b.Loop() {
		r.read(title, body)
		_ = m.sum(r.features)
	}
}
