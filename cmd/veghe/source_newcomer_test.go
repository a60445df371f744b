package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe/crawler"
	"veghe/crawler/extract"
)

// newcomers are the pages of a site that somebody tries for the first time.
func newcomers() http.Handler {
	page := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(s))
		}
	}
	code := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("User-agent: *\nDisallow: /private/"))
	})
	mux.HandleFunc("/thread", page(`<body id="phpbb"><h2 class="topic-title">Cules</h2><div class="post" id="p1"><p class="author"></p><div class="content">Salut</div></div></body>`))
	mux.HandleFunc("/unknown", page(`<a href="/unknown/1">x</a>`))
	mux.HandleFunc("/unknown/1", page(`<p>scurt</p>`))
	mux.HandleFunc("/script", page(`<div id="app"></div><script src="/app.js"></script>`))
	mux.HandleFunc("/hidden", page(`<meta name="robots" content="noindex"><p>x</p>`))
	mux.HandleFunc("/list", page(`<body id="phpbb"><a class="topictitle" href="/viewtopic.php?t=1">x</a></body>`))
	mux.HandleFunc("/elsewhere", http.RedirectHandler("http://www.example.org/", http.StatusFound).ServeHTTP)
	mux.HandleFunc("/members", code(http.StatusForbidden))
	mux.HandleFunc("/busy", code(http.StatusServiceUnavailable))
	return mux
}

// typed runs a command line as a newcomer would type it.
func typed(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, env{in: strings.NewReader(""), out: &out, err: &out}, args)
	return code, out.String()
}

// Who finds no posts is told what to do about it.
func TestSourceTestAdvice(t *testing.T) {
	site := httptest.NewServer(newcomers())
	defer site.Close()
	for path, want := range map[string]string{
		"/private/x": "robots.txt forbids",
		"/unknown":   "with selectors",
		"/script":    "without JavaScript",
		"/hidden":    "asks not to be kept",
		"/list":      "what it leads to is not there",
		"/elsewhere": `it leads to "www.example.org"`,
		"/members":   "wants a log-in",
		"/busy":      "try again later",
		"/none":      "copy the address from a browser",
		"/photo.jpg": "reads text only",
	} {
		code, said := typed(t, "source", "test", site.URL+path, "-operator", "Office", "-contact", "a@example.org", "-allow-loopback", "-rate", "1000")
		if code != exitPartial || !strings.Contains(said, "hint: ") || !strings.Contains(said, want) {
			t.Errorf("%s exits with %d, want %q in\n%s", path, code, want, said)
		}
	}
}

// What a look tells nothing about yet.
func TestAdviceOnPage(t *testing.T) {
	for want, p := range map[string]crawler.ProbedPage{
		"it is known (discourse)":     {Outcome: crawler.OK, Engine: "discourse"},
		"the selectors find nothing":  {Outcome: crawler.Unparsed, Engine: "selectors"},
		"this kind of site":           {Outcome: crawler.OK, Next: []extract.Link{{}}},
		"does a browser reach it":     {Outcome: crawler.Unreachable},
		"robots.txt cannot be read":   {Outcome: crawler.RobotsDown},
		"only http and https":         {Outcome: crawler.Blocked},
		"open the address in a brows": {Outcome: crawler.Malformed},
	} {
		if got := adviceOn(crawler.Probed{Pages: []crawler.ProbedPage{p}}); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", p.Outcome, got, want)
		}
	}
	if got := adviceOn(crawler.Probed{}); got == "" {
		t.Error("nothing is said about nothing")
	}
}

// The first source makes the configuration, step by step as it asks for more.
func TestSourceAddFirst(t *testing.T) {
	site := httptest.NewServer(newcomers())
	defer site.Close()
	file := filepath.Join(t.TempDir(), "veghe.yaml")
	args := []string{"source", "add", site.URL + "/thread", "-c", file}
	for _, step := range []struct {
		add  []string
		want string
	}{
		{nil, "give -operator and -contact"},
		{[]string{"-operator", "County office", "-contact", "a@example.org"}, "-purpose"},
		{[]string{"-purpose", "to see", "-legal-basis", "order 12"}, "hint: give -allow-loopback"},
	} {
		args = append(args, step.add...)
		if code, said := typed(t, args...); code != exitError || !strings.Contains(said, step.want) {
			t.Fatalf("%q exits with %d, want %q in\n%s", args[3:], code, step.want, said)
		}
	}
	code, said := typed(t, append(args, "-allow-loopback", "-id", "first")...)
	if code != exitOK || !strings.Contains(said, "nobody named") || !strings.Contains(said, "veghe run -c "+file) {
		t.Fatalf("exits with %d:\n%s", code, said)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "crawler:\n  operator: County office\n  contact: \"a@example.org\"\nsources:\n  - id: first\n    url: \"" + site.URL +
		"/thread\"\n    purpose: to see\n    legal_basis: order 12\n    allow_loopback: true\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the configuration (-want +got):\n%s", diff)
	}
	if code, said := typed(t, "source", "list", "-c", file); code != exitOK || !strings.Contains(said, "first") {
		t.Errorf("list exits with %d:\n%s", code, said)
	}
	if code, said := typed(t, "source", "-h"); code != exitOK || !strings.Contains(said, "-legal-basis") {
		t.Errorf("help exits with %d:\n%s", code, said)
	}
}
