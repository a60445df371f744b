package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/crawler/extract"
)

// board is a small forum on loopback that counts what is asked of it.
type board struct {
	*httptest.Server
	mu   sync.Mutex // guards the rest
	hits map[string]int
	last map[string]http.Header
}

// serve starts a site; robots.txt is 404 unless routes have it.
func serve(t testing.TB, routes map[string]http.HandlerFunc) *board {
	t.Helper()
	b := &board{hits: make(map[string]int), last: make(map[string]http.Header)}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.hits[r.URL.RequestURI()]++
		b.last[r.URL.Path] = r.Header.Clone()
		b.mu.Unlock()
		if h := routes[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *board) count(uri string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hits[uri]
}

// pages are the addresses asked for, without robots.txt, sorted.
func (b *board) pages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []string{}
	for uri, n := range b.hits {
		if uri != "/robots.txt" {
			out = append(out, fmt.Sprintf("%s×%d", uri, n))
		}
	}
	slices.Sort(out)
	return out
}

func html(format string, args ...any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, format, args...)
	}
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, s)
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

var selectors = extract.Selectors{
	List: ".row", Item: ".row a", Next: "a.next", Post: ".post", ID: "@id", Author: ".by", Text: ".text",
}

func local(url string) Source {
	return Source{
		Source: veghe.Source{ID: "s", URL: url, Purpose: "tests", LegalBasis: "own site"},
		Type:   extract.Forum, Selectors: selectors, AllowLoopback: true, Rate: 100_000, Concurrency: 4,
	}
}

func config(sources ...Source) Config {
	return Config{Operator: "Test Office", Contact: "https://example.org/bot", Sources: sources, Limits: Limits{
		Timeout: Duration(time.Minute),
	}}
}

func open(t testing.TB, cfg Config) *Crawler {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// collector is a sink that remembers.
type collector struct {
	mu    sync.Mutex // guards the rest
	posts []veghe.Post
	fail  error
}

func (c *collector) sink(_ context.Context, posts []veghe.Post) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return c.fail
	}
	c.posts = append(c.posts, posts...)
	return nil
}

// take gives the texts since the last take, sorted.
func (c *collector) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []string{}
	for _, p := range c.posts {
		out = append(out, p.Text)
	}
	c.posts = nil
	slices.Sort(out)
	return out
}

func once(t testing.TB, c *Crawler, sink Sink) Stats {
	t.Helper()
	if err := c.RunOnce(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	return c.Stats()[0]
}

func post(id, by, text string) string {
	return fmt.Sprintf(`<div class="post" id="%s"><b class="by">%s</b><p class="text">%s</p></div>`, id, by, text)
}

// A forum is read, then read again: only what is new or changed is handed on,
// and old pages of a thread are left alone.
func TestForum(t *testing.T) {
	var mu sync.Mutex // guards the texts
	row, last := "2 replies", post("p3", "ana", "three")
	b := serve(t, map[string]http.HandlerFunc{
		"/": func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			html(`<div class="row"><a href="/t1">One</a> %s</div>`, row)(w, r)
		},
		"/t1": html(`%s%s<a class="next" href="/t1p2">next</a>`, post("p1", "ana", "one"), post("p2", "dan", "two")),
		"/t1p2": func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			html("%s", last)(w, r)
		},
	})
	c := open(t, config(local(b.URL+"/")))
	var got collector

	st := once(t, c, got.sink)
	posts := slices.Clone(got.posts)
	slices.SortFunc(posts, func(a, b veghe.Post) int { return a.Seq - b.Seq })
	if diff := cmp.Diff([]string{"one", "three", "two"}, got.take()); diff != "" {
		t.Fatalf("first visit (-want +got):\n%s", diff)
	}
	for i, p := range posts {
		if p.Seq != i+1 || p.Thread != veghe.ThreadID(b.URL+"/t1") || p.CollectedAt.IsZero() || p.Kind != veghe.Forum {
			t.Errorf("post %d: seq %d, thread %q, kind %q, collected %v", i+1, p.Seq, p.Thread, p.Kind, p.CollectedAt)
		}
	}
	if st.New != 3 || st.Found != 3 || st.Pages != 3 || st.Outcomes[OK] != 3 || st.Yield() != 1 || st.LastSuccess.IsZero() {
		t.Errorf("stats %+v", st)
	}

	once(t, c, got.sink)
	if diff := cmp.Diff([]string{}, got.take()); diff != "" {
		t.Errorf("nothing changed (-want +got):\n%s", diff)
	}
	if b.count("/") != 2 || b.count("/t1") != 1 {
		t.Errorf("asked for %v, want the list twice and the thread once", b.pages())
	}

	mu.Lock()
	row, last = "3 replies", post("p3", "ana", "three, edited")+post("p4", "ion", "four")
	mu.Unlock()
	st = once(t, c, got.sink)
	if diff := cmp.Diff([]string{"four", "three, edited"}, got.take()); diff != "" {
		t.Errorf("a reply and an edit (-want +got):\n%s", diff)
	}
	if st.New != 4 || st.Edited != 1 {
		t.Errorf("new %d, edited %d, want 4 and 1", st.New, st.Edited)
	}
}

// What the sink refuses is not done: it comes again.
func TestSinkFails(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/": html("%s", post("p1", "ana", "one"))})
	cfg := config(local(b.URL + "/"))
	at := time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return at }
	c := open(t, cfg)
	full := errors.New("disk full")
	got := collector{fail: full}
	if err := c.RunOnce(t.Context(), got.sink); !errors.Is(err, full) {
		t.Fatalf("RunOnce: %v, want the sink's error", err)
	}
	st := c.Stats()[0]
	if st.New != 0 || st.Outcomes[SinkFailed] != 1 || !st.BackoffUntil.After(at) || !strings.Contains(st.LastError, "disk full") {
		t.Errorf("stats %+v", st)
	}
	got.fail = nil
	st = once(t, c, got.sink)
	if diff := cmp.Diff([]string{"one"}, got.take()); diff != "" {
		t.Errorf("after the sink recovered (-want +got):\n%s", diff)
	}
	if !st.BackoffUntil.IsZero() || st.Failures != 0 {
		t.Errorf("still backing off: %+v", st)
	}
}

// Run goes on visiting and ends with its context.
func TestRun(t *testing.T) {
	var mu sync.Mutex // guards n
	n := 0
	b := serve(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		n++
		html("%s", post(fmt.Sprintf("p%d", n), "ana", fmt.Sprintf("text %d", n)))(w, r)
	}})
	s := local(b.URL + "/")
	s.Every = Duration(time.Second)
	paused := local(b.URL + "/paused")
	paused.ID, paused.Paused = "paused", true
	c := open(t, config(s, paused))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	err := c.Run(ctx, func(_ context.Context, posts []veghe.Post) error {
		if seen += len(posts); seen == 2 {
			cancel()
		}
		return nil
	})
	if err != nil || seen != 2 {
		t.Errorf("Run: %v after %d posts, want nil after 2", err, seen)
	}
	if b.count("/paused") != 0 {
		t.Error("a paused source was visited")
	}
}

// Two restarts over the same directory hand nothing on twice.
func TestResume(t *testing.T) {
	routes := map[string]http.HandlerFunc{}
	var rows strings.Builder
	for i := range 20 {
		fmt.Fprintf(&rows, `<div class="row"><a href="/t%d">t</a></div>`, i)
		routes[fmt.Sprintf("/t%d", i)] = html("%s", post(fmt.Sprintf("p%d", i), "ana", fmt.Sprintf("text %02d", i)))
	}
	routes["/"] = html("%s", rows.String())
	b := serve(t, routes)
	cfg := config(local(b.URL + "/"))
	cfg.Dir = t.TempDir()

	var got collector
	var handedOn atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	c := open(t, cfg)
	err := c.RunOnce(ctx, func(ctx context.Context, posts []veghe.Post) error {
		if handedOn.Add(1) == 7 {
			cancel()
		}
		return got.sink(ctx, posts)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("RunOnce: %v, want canceled", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if len(got.posts) == 20 {
		t.Fatal("it was not interrupted")
	}
	for range 2 {
		c = open(t, cfg)
		once(t, c, got.sink)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all := got.take()
	if len(all) != 20 || len(slices.Compact(all)) != 20 {
		t.Errorf("%d posts handed on, %d distinct, want each of 20 once", len(all), len(slices.Compact(all)))
	}
}

func TestConditional(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		html("%s", post("p1", "ana", "one"))(w, r)
	}})
	c := open(t, config(local(b.URL+"/")))
	var got collector
	for range 3 {
		once(t, c, got.sink)
	}
	st := c.Stats()[0]
	if st.Outcomes[OK] != 1 || st.Outcomes[NotModified] != 2 || st.New != 1 {
		t.Errorf("outcomes %v, new %d, want one read and two unchanged", st.Outcomes, st.New)
	}
}

func TestMaxPagesAndDepth(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/robots.txt": text("")})
	b.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.hits[r.URL.RequestURI()]++
		b.mu.Unlock()
		html(`<a href="%s/1">1</a><a href="%[1]s/2">2</a>`, strings.TrimSuffix(r.URL.Path, "/"))(w, r)
	})
	s := local(b.URL + "/")
	s.Type, s.Selectors, s.MaxDepth, s.MaxPages = extract.Auto, extract.Selectors{}, 2, 5
	c := open(t, config(s))
	var got collector
	if st := once(t, c, got.sink); st.Pages != 5 || st.Due == 0 {
		t.Errorf("%d pages, %d due, want 5 and some left over", st.Pages, st.Due)
	}
	// 1 start page, read twice, 2 below it and 4 below them.
	if st := once(t, c, got.sink); st.Pages != 8 || st.Known != 7 {
		t.Errorf("%d pages, %d known, want 8 and 7: links end at max_depth", st.Pages, st.Known)
	}
}

func TestUnparsed(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/":   html(`<div class="row"><a href="/t1">t</a></div><div class="row"><a href="/t2">t</a></div>`),
		"/t1": html("<p>the layout is another one</p>"),
		"/t2": html("%s", post("p", "ana", "one")),
	})
	c := open(t, config(local(b.URL+"/")))
	var got collector
	st := once(t, c, got.sink)
	if st.Outcomes[Unparsed] != 1 || st.Yield() >= 1 || !strings.Contains(st.LastError, "selectors") {
		t.Errorf("outcomes %v, yield %g, last error %q", st.Outcomes, st.Yield(), st.LastError)
	}
	if diff := cmp.Diff([]string{"one"}, got.take()); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}
