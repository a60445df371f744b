//go:build fault && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
	"veghe/stream"
	"veghe/stream/embedded"
)

// poison is what no version of veghe writes to a topic.
func poison() map[string][]byte {
	deep := strings.Repeat(`{"text":`, 20_000) + `""` + strings.Repeat(`}`, 20_000)
	return map[string][]byte{
		"nothing":        nil,
		"no JSON":        []byte("\x00\xff\xfe not JSON"),
		"half a post":    []byte(`{"id":"half","text":"sal`),
		"another type":   []byte(`[1,2,3]`),
		"a number":       []byte(`42`),
		"wrong field":    []byte(`{"id":{"a":1},"text":["x"],"post":7,"decision":{}}`),
		"null":           []byte(`null`),
		"deep":           []byte(deep),
		"no UTF-8":       []byte("{\"id\":\"bytes\xff\",\"text\":\"caut \xc3\x28 chirie\"}"),
		"text of zeros":  []byte(`{"id":"zeros","source":"source-0","text":"` + strings.Repeat(`\u0000`, 5000) + `"}`),
		"far future":     []byte(`{"id":"future","source":"source-0","text":"salut","collected_at":"9999-12-31T23:59:59Z","posted_at":"9999-12-31T23:59:59Z"}`),
		"before all":     []byte(`{"id":"past","source":"source-0","text":"salut","collected_at":"0001-01-01T00:00:01Z"}`),
		"negative place": []byte(`{"id":"minus","source":"source-0","thread":"t","seq":-9223372036854775808,"text":"salut"}`),
		"long id":        []byte(`{"id":"` + strings.Repeat("x", 100_000) + `","source":"` + strings.Repeat("y", 100_000) + `","text":"salut"}`),
		"combining":      []byte(`{"id":"marks","source":"source-0","text":"a` + strings.Repeat("\u0301", 50_000) + `"}`),
	}
}

// withLog opens the log of a veghe that does not run.
func withLog(t *testing.T, data string, do func(l *embedded.Log)) {
	t.Helper()
	l, err := embedded.Open(filepath.Join(data, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	do(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Poison in every topic: what cannot be decoded is put aside with its error,
// what can is assessed, and nothing stops for it.
func TestFaultPoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dataDir(t))
	w.p.kill()
	withLog(t, w.data, func(l *embedded.Log) {
		for name, value := range poison() {
			for _, topic := range []string{veghe.PostsTopic, veghe.AssessmentsTopic, veghe.ReviewsTopic, veghe.HistoriesTopic, veghe.DeadTopic} {
				r := stream.Record{
					Key: []byte(name), Value: value,
					Headers: []stream.Header{{Name: headerSource, Value: []byte("poison")}, {Name: headerPolicy, Value: []byte("\xff")}},
				}
				if err := l.Append(t.Context(), topic, r); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	w.p.start()
	w.ready()
	w.more(100)
	w.stop()
	<-w.done
	_, acked := w.o.count()
	await(t, time.Minute, "everything to be handled", func() bool { return settled(t, w.data, acked) })
	w.p.stop()
	letters := map[string]int{}
	withLog(t, w.data, func(l *embedded.Log) {
		d := stream.DeadLetters{Log: l, Topic: veghe.DeadTopic}
		err := d.List(t.Context(), func(l stream.Letter) error {
			letters[l.Topic]++
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	for _, topic := range []string{veghe.PostsTopic, veghe.AssessmentsTopic, veghe.ReviewsTopic} {
		if letters[topic] < 5 {
			t.Errorf("%d letters of %s, want what cannot be decoded (%v)", letters[topic], topic, letters)
		}
	}
	w.wantAcked()
}

// wantAcked wants every acknowledged post, among others.
func (w *world) wantAcked() {
	w.Helper()
	x, err := index.Open(w.Context(), filepath.Join(w.data, "index"), index.Options{MinFree: -1})
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	lost := 0
	for id := range w.o.acked {
		if _, err := x.Get(w.Context(), id); err != nil {
			lost++
		}
	}
	if lost > 0 {
		w.Errorf("%d of %d acknowledged posts are lost", lost, len(w.o.acked))
	}
}

// Every post comes three times, threads out of order, and once more after the
// offsets are lost: each is there once, and the account closes on each once.
func TestFaultRepeatedAndReordered(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	const n = 700
	rng := rand.New(rand.NewPCG(3, 5))
	withLog(t, data, func(l *embedded.Log) {
		for range 3 {
			var batch []stream.Record
			for _, i := range rng.Perm(n) {
				p := numberedPost(i)
				b, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				batch = append(batch, stream.Record{Key: []byte(p.Key()), Value: b, Headers: idHeaders(&p)})
			}
			for part := range slices.Chunk(batch, 50) {
				if err := l.Append(t.Context(), veghe.PostsTopic, part...); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	w := &world{T: t, data: data, o: &offers{offered: n, acked: map[veghe.PostID]bool{}}}
	for i := range n {
		w.o.acked[postID(i)] = true
	}
	w.p = start(t, runArgs(data)...)
	w.ready()
	await(t, time.Minute, "everything to be handled", func() bool { return settled(t, data, n) })
	st, _ := statusOf(t, data)
	var account bytes.Buffer
	total := 0
	for _, r := range st.Accounting {
		fmt.Fprintf(&account, "%+v\n", r)
		total += r.Collected
		if r.InFlight != 0 || r.Dead != 0 {
			t.Errorf("%+v, want everything assessed", r)
		}
	}
	if total != n {
		t.Errorf("%d posts collected, want each of %d once:\n%s", total, n, &account)
	}
	w.p.stop()
	w.check()
}
