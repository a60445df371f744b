package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// countingSite is a page with news at every visit, on an address of this
// machine.
func countingSite(t *testing.T, host, say string) (url string, visits func() int64) {
	t.Helper()
	var n atomic.Int64
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<div class="post" id="%d"><p class="text">%s Stirea cu numarul %d.</p></div>`, n.Add(1), say, n.Load())
	}))
	if err := s.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, n.Load
}

func countedSource(id, url string) string {
	return fmt.Sprintf("  - {id: %s, url: %q, purpose: test, legal_basis: own texts, type: forum, allow_loopback: true, every: 1s, rate: 50, selectors: {post: .post, id: '@id', text: .text}}\n", id, url+"/")
}

// sourceCommand runs veghe source as a person would.
func sourceCommand(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	err := sourceCmd(ctx, env{out: &out, err: &out}, args)
	return out.String(), err
}

// A running veghe stops visiting a source when it is told to, says so, and
// still knows after a restart. Another source goes on, and is the clock here.
func TestPauseRunning(t *testing.T) {
	url, visits := countingSite(t, "127.0.0.1", "Vand bicicleta.")
	clockURL, clock := countingSite(t, "127.0.0.2", "Vand masa.")
	data := dataDir(t)
	file := filepath.Join(t.TempDir(), "veghe.yaml")
	conf := fmt.Sprintf("data: %s\nlisten: 127.0.0.1:0\nops_listen: 127.0.0.1:0\nlanguage: {second_opinion: \"off\"}\ncrawler: {operator: Test, contact: office@example.org}\nsources:\n%s%s",
		data, countedSource("site", url), countedSource("clock", clockURL))
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "run", "-c", file)
	await(t, time.Minute, "two visits", func() bool { return visits() >= 2 })
	say := func(verb string) {
		t.Helper()
		if out, err := sourceCommand(t.Context(), verb, "site", "-c", file); err != nil {
			t.Fatalf("source %s: %v\n%s", verb, err, out)
		}
	}
	quiet := func() {
		t.Helper()
		out, err := sourceCommand(t.Context(), "list", "-c", file)
		if err != nil || !strings.Contains(out, "paused") {
			t.Errorf("source list: %v\n%s\nwant it to say paused", err, out)
		}
		before, now := visits(), clock()
		await(t, time.Minute, "visits of the other source", func() bool { return clock() >= now+3 })
		if n := visits() - before; n != 0 {
			t.Errorf("%d visits while it is paused", n)
		}
	}
	say("pause")
	quiet()
	p.stop()
	p.start()
	await(t, time.Minute, "veghe back", func() bool { _, ok := statusOf(t, data); return ok })
	quiet()
	before := visits()
	say("resume")
	await(t, time.Minute, "a visit", func() bool { return visits() > before })
	if out, err := sourceCommand(t.Context(), "pause", "other", "-c", file); err == nil {
		t.Errorf("a source that is not there was paused: %s", out)
	}
}
