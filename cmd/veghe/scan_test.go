package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/detect"
)

// ordinary is talk in three languages. A third of it touches a hint, which by
// itself says nothing, as much of what people write does.
var ordinary = [][]string{
	{
		"Ce roman ati citit luna aceasta? Eu am terminat unul despre pasari si vreau ceva mai usor. ",
		"Trenul de dimineata a intarziat iar doua zile la rand, iar pe peron era frig si multa lume. ",
		"Am pus rosii si ardei in gradina, dar ploaia de saptamana trecuta a stricat jumatate din ele. ",
		"Reteta de placinta cu mere merge si cu putina scortisoara, la cuptor cam patruzeci de minute. ",
		"Meciul de aseara a fost slab, echipa a jucat bine numai in ultimele douazeci de minute. ",
	},
	{
		"Did anyone take the early train this week? It was late on two days and the platform was crowded. ",
		"The new library opens in autumn, with a reading room on the upper floor and longer hours. ",
		"My tomatoes did well this summer, but the heavy rain of last week spoiled half of them. ",
		"The match last night was weak, the team only woke up in the final twenty minutes. ",
		"The recipe says forty minutes in the oven, though mine needed almost an hour to get brown. ",
	},
	{
		"Der Zug am Morgen kam schon wieder zu spaet, und auf dem Bahnsteig war es kalt und voll. ",
		"Die neue Bibliothek macht im Herbst auf, im oberen Stock gibt es einen grossen Lesesaal. ",
		"Unsere Tomaten waren dieses Jahr gut, aber der Regen der letzten Woche hat viele verdorben. ",
		"Das Spiel gestern war schwach, erst in den letzten zwanzig Minuten wurde es besser. ",
		"Im Rezept stehen vierzig Minuten im Ofen, der Kuchen brauchte fast eine Stunde. ",
	},
}

// mixed is worse than what people write: each post is in several languages and
// shows something.
var mixed = [][]string{{
	"Caut coleg de apartament in Cluj, chiria se imparte la doi, aproape de parc si de autobuz. ",
	"Se vede oricand dupa ora sase, sunati sau scrieti aici. Internet bun, vecini linistiti, centrala proprie. ",
	"Did anyone take the early train this week? It was late on two days and the platform was crowded. ",
	"Vand bicicleta de oras, putin folosita, cu lacat si far. Pretul se discuta la fata locului. ",
	"Wir suchen eine kleine Wohnung mit Balkon, gern am Rand der Stadt, ab dem ersten Mai. ",
	"Ce carte ati citit luna aceasta? Eu am terminat una despre pasari si vreau ceva mai usor. ",
}}

// scanInput is n invented posts of 500 bytes, one in so many of them with
// signs, as lines of JSON. No post of one round comes in another.
func scanInput(tb testing.TB, talk [][]string, n, oneIn, round int) []byte {
	tb.Helper()
	telling := "Plecare maine in Italia, fara contract. Pasaportul il tinem noi la birou pana achiti datoria pentru drum, se scade din salariu. Doar whatsapp 0700 000 123. "
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for i := range n {
		p := veghe.Post{
			Source: "s", Thread: veghe.ThreadID(fmt.Sprintf("t%d-%d", round, i%97)), Author: veghe.AuthorID(fmt.Sprintf("a%d-%d", round, i%1009)),
			URL: fmt.Sprintf("https://example.com/t/%d/%d", round, i), PostedAt: time.Date(2026, 5, 1, 0, 0, i, 0, time.UTC),
		}
		sentences := talk[i%len(talk)]
		for k := i; len(p.Text) < 500; k++ {
			p.Text += sentences[k%len(sentences)]
		}
		if i%oneIn == 0 {
			p.Text = telling + p.Text
		}
		p.Text = p.Text[:500]
		if err := enc.Encode(&p); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

func shippedEngine(tb testing.TB) *detect.Engine {
	tb.Helper()
	engine, done, err := scanEngine(tb.Context(), defaultConfig(), "off", false)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(done)
	return engine
}

// BenchmarkScan is veghe scan with the shipped rules, from lines of JSON to
// lines of JSON, flagged posts only.
func BenchmarkScan(b *testing.B) {
	for _, tc := range []struct {
		name  string
		talk  [][]string
		oneIn int
	}{
		{"telling=2%", ordinary, 50},
		{"telling=10%", ordinary, 10},
		{"mixed", mixed, 10},
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", tc.name, workers), func(b *testing.B) { benchmarkScan(b, tc.talk, tc.oneIn, workers) })
		}
	}
}

func benchmarkScan(b *testing.B, talk [][]string, oneIn, workers int) {
	const posts = 5_000
	engine := shippedEngine(b)
	b.ReportAllocs()
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		input := scanInput(b, talk, posts, oneIn, round)
		b.SetBytes(int64(len(input)))
		s := &scanner{engine: engine, env: env{err: io.Discard}, out: bufio.NewWriterSize(io.Discard, 64<<10), json: true, workers: workers}
		b.StartTimer()
		if err := s.scanLines(b.Context(), "input", bytes.NewReader(input)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(posts*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// Any number of workers gives the same lines, and an error of the writer is
// not lost with the batch under way.
func TestScanWorkers(t *testing.T) {
	input := scanInput(t, mixed, 1_000, 10, 0)
	scan := func(workers int, w io.Writer) error {
		s := &scanner{engine: shippedEngine(t), env: env{err: io.Discard}, out: bufio.NewWriterSize(w, 64<<10), json: true, all: true, workers: workers}
		return s.scanLines(t.Context(), "input", bytes.NewReader(input))
	}
	var one, three bytes.Buffer
	if err := errors.Join(scan(1, &one), scan(3, &three)); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(one.Bytes(), []byte("\n")); n != 1_000 || !bytes.Equal(one.Bytes(), three.Bytes()) {
		t.Errorf("%d lines with one worker, want 1000, and the same with three", n)
	}
	r, w := io.Pipe()
	_ = r.CloseWithError(io.ErrClosedPipe)
	if err := scan(2, w); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writer that fails: got %v", err)
	}
}

// A post is answered while the pipe stays open, also where several work.
func TestScanAnswersBeforeMoreComes(t *testing.T) {
	for _, workers := range []int{1, 2} {
		in, send := io.Pipe()
		answers, out := io.Pipe()
		s := &scanner{engine: shippedEngine(t), env: env{err: io.Discard}, out: bufio.NewWriter(out), json: true, all: true, workers: workers}
		done := make(chan error, 1)
		go func() { done <- s.scanLines(t.Context(), "input", in) }()
		answer := bufio.NewScanner(answers)
		for i := range 3 {
			if _, err := fmt.Fprintf(send, "{\"id\":\"%d\",\"text\":\"ce carte ati citit?\"}\n", i); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf(`{"id":"%d",`, i); !answer.Scan() || !strings.HasPrefix(answer.Text(), want) {
				t.Fatalf("%d workers: %.20q, want %s", workers, answer.Text(), want)
			}
		}
		if err := errors.Join(send.Close(), <-done); err != nil {
			t.Error(err)
		}
	}
}
