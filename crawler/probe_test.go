package crawler

import (
	"net/http"
	"strings"
	"testing"

	"veghe/crawler/extract"
)

// asJSON answers as an API does.
func asJSON(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(s))
	}
}

func discourseSite(t *testing.T, robots string) *board {
	return serve(t, map[string]http.HandlerFunc{
		"/robots.txt":  text(robots),
		"/":            html(`<html><head><meta name="generator" content="Discourse 3.4.0"></head><body><a href="/login">x</a></body></html>`),
		"/latest.json": asJSON(`{"topic_list":{"topics":[{"id":7,"bumped_at":"2026-10-12T05:00:00Z","highest_post_number":1}]}}`),
		"/t/7.json":    asJSON(`{"id":7,"title":"Cules","slug":"cules","post_stream":{"posts":[{"id":12,"username":"ana","cooked":"<p>Salut</p>","post_number":1,"post_type":1}],"stream":[12]}}`),
	})
}

// A look at a source goes from its start page to a thread, politely, and says
// what it saw on the way.
func TestProbe(t *testing.T) {
	b := discourseSite(t, "")
	s := local(b.URL + "/")
	s.Type, s.Selectors = extract.Auto, extract.Selectors{}
	if _, err := Probe(t.Context(), Config{}, s); err == nil {
		t.Error("a look without an operator is not refused")
	}
	got, err := Probe(t.Context(), config(s), s)
	if err != nil || len(got.Pages) != 3 {
		t.Fatalf("got %+v, %v, want three pages", got, err)
	}
	last := got.Pages[2]
	if last.Engine != "discourse" || last.Outcome != OK || len(last.Posts) != 1 || last.Posts[0].Text != "Salut" {
		t.Errorf("got %+v, want one post of Discourse", last)
	}
	if b.count("/robots.txt") != 1 || b.count("/t/7.json") != 1 || b.count("/login") != 0 {
		t.Errorf("asked for %v", b.pages())
	}
}

// What robots.txt disallows a look does not see either.
func TestProbeIsPolite(t *testing.T) {
	b := discourseSite(t, "User-agent: *\nDisallow: /t/\n")
	s := local(b.URL + "/")
	s.Type, s.Selectors = extract.Auto, extract.Selectors{}
	got, err := Probe(t.Context(), config(s), s)
	if err != nil {
		t.Fatal(err)
	}
	last := got.Pages[len(got.Pages)-1]
	if last.Outcome != Robots || !strings.Contains(last.Error, "robots.txt") || b.count("/t/7.json") != 0 {
		t.Errorf("got %+v, want it refused by robots.txt", last)
	}
}

// A site of a known engine is crawled by its address alone, and what is known
// is not asked for again.
func TestEngineCrawl(t *testing.T) {
	b := discourseSite(t, "")
	s := local(b.URL + "/")
	s.Type, s.Selectors = extract.Auto, extract.Selectors{}
	c := open(t, config(s))
	var got collector
	once(t, c, got.sink)
	once(t, c, got.sink)
	if posts := got.take(); len(posts) != 1 {
		t.Errorf("posts %v, want one, once", posts)
	}
	if n := b.count("/t/7.json"); n != 1 {
		t.Errorf("the thread was asked for %d times, want once", n)
	}
}
