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

	"veghe"
	"veghe/crawler"
)

// A source is added by its address and purpose: looked at first, then written
// into the configuration, whose comments stay.
func TestSourceAdd(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/viewtopic.php" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<body id="phpbb"><h2 class="topic-title">Cules</h2><div class="post" id="p1"><p class="author"><span class="username">ana</span></p><div class="content">Salut` + "\x1b[31m" + `</div></div></body>`))
	}))
	defer site.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "veghe.yaml")
	const before = "# ours\ndata: d\ncrawler: {operator: Test Office, contact: a@example.org}\nsources: # all of them\n  # the first\n  - id: one\n    url: https://one.example.org/ # keep\n    purpose: a\n    legal_basis: b\n\n# the end\nnode: n\n"
	if err := os.WriteFile(file, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	veghe := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got := run(ctx, env{in: strings.NewReader(""), out: &out, err: &out}, append(args, "-data", dir)); got != want {
			t.Fatalf("%v exits with %d, want %d:\n%s", args, got, want, out.String())
		}
		return out.String()
	}
	thread := site.URL + "/viewtopic.php?t=1"
	out := veghe(exitOK, "source", "test", thread, "-c", file, "-allow-loopback")
	if !strings.Contains(out, "recognised: phpbb") || !strings.Contains(out, "Salut") || strings.Contains(out, "\x1b") {
		t.Errorf("the look says %q", out)
	}
	veghe(exitPartial, "source", "test", site.URL+"/none", "-c", file, "-allow-loopback")
	veghe(exitError, "source", "test", thread, "-allow-loopback") // who asks?
	add := []string{"source", "add", thread, "-c", file, "-allow-loopback", "-id", "two", "-legal-basis", "law: 1"}
	if out := veghe(exitError, add...); !strings.Contains(out, "purpose is missing") {
		t.Errorf("without a purpose: %s", out)
	}
	add = append(add, "-purpose", `to "see" # it`)
	veghe(exitOK, add...)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	entry := "  - id: two\n    url: \"" + thread + "\"\n    purpose: \"to \\\"see\\\" # it\"\n    legal_basis: \"law: 1\"\n    allow_loopback: true\n"
	want := strings.Replace(before, "    legal_basis: b\n", "    legal_basis: b\n"+entry, 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the configuration (-want +got):\n%s", diff)
	}
	veghe(exitError, add...) // it is there already

	// Without a running veghe a switch is for the next one.
	veghe(exitOK, "source", "pause", "two", "-c", file)
	if out := veghe(exitOK, "source", "list", "-c", file); !strings.Contains(out, "two     paused") {
		t.Errorf("the list says %s", out)
	}
	veghe(exitOK, "source", "resume", "two", "-c", file)
	veghe(exitError, "source", "pause", "three", "-c", file)
	veghe(exitUsage, "source", "burn", "two")
}

// The list of sources may be written in several ways, or not at all.
func TestInsertEntry(t *testing.T) {
	const entry = "- id: x\n  url: u\n"
	for _, tt := range []struct{ name, doc, want string }{
		{"no file yet", "", "sources:\n  - id: x\n    url: u\n"},
		{"no sources, no end of line", "data: d", "data: d\nsources:\n  - id: x\n    url: u\n"},
		{"an empty list", "sources: []\nnode: n\n", "sources:\n  - id: x\n    url: u\nnode: n\n"},
		{"items at the margin", "sources:\n- id: a\n  url: b\nnode: n\n", "sources:\n- id: a\n  url: b\n- id: x\n  url: u\nnode: n\n"},
		{"a list of selectors within an item", "sources:\n  - id: a\n    urls:\n      - b\n", "sources:\n  - id: a\n    urls:\n      - b\n  - id: x\n    url: u\n"},
		{"on one line", "sources: [{id: a}]\n", ""},
	} {
		got, err := insertEntry(tt.doc, entry)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

// What a name is made of may not become part of a path or of YAML.
func TestSourceWords(t *testing.T) {
	for address, want := range map[string]veghe.SourceID{
		"https://www.Forum.example.org/x": "forum-example-org", "http://127.0.0.1:80/": "127-0-0-1-80",
	} {
		if got := sourceID("", address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
	for in, want := range map[string]string{"a b": "a b", "yes": `"yes"`, "a: b": `"a: b"`, "#": `"#"`, "5": `"5"`} {
		if got := quoted(in); got != want {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
	now := time.Now()
	for _, tt := range []struct {
		s    crawler.Stats
		want string
	}{
		{crawler.Stats{}, "running"},
		{crawler.Stats{Paused: true, BackoffUntil: now.Add(time.Hour)}, "paused"},
		{crawler.Stats{BackoffUntil: now.Add(time.Hour)}, "backing off"},
		{crawler.Stats{OpensAt: time.Date(now.Year()+1, 10, 12, 8, 0, 0, 0, time.UTC)}, "closed until " + time.Date(now.Year()+1, 10, 12, 8, 0, 0, 0, time.UTC).Format("Mon 15:04")},
	} {
		if got := stateOf(&tt.s, now).State; got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// A change of robots.txt is told for a month, and obeys no terminal.
func TestSourceListRobots(t *testing.T) {
	change := crawler.RobotsChange{
		At: time.Now().Add(-time.Hour), Host: "https://forum.example.org:443",
		Added: []string{"Disallow: /new\x1b[31m/"}, Removed: []string{"Allow: /old/"}, MoreRemoved: 2,
	}
	var out bytes.Buffer
	printRobots(&out, &sourceState{ID: "forum", RobotsChange: &change})
	want := "forum: robots.txt of https://forum.example.org:443 changed, noticed " + moment(change.At) + ":\n  + Disallow: /new[31m/\n  - Allow: /old/\n  and 2 more rules\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out.Reset()
	change.At = time.Now().AddDate(0, -2, 0)
	printRobots(&out, &sourceState{ID: "forum", RobotsChange: &change})
	printRobots(&out, &sourceState{ID: "forum"})
	if out.Len() > 0 {
		t.Errorf("nothing changed lately, yet it says %q", out.String())
	}
}
