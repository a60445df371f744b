package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// newDesk is a desk over an invented world, changed by tune.
func newDesk(t *testing.T, tune func(*Config)) (http.Handler, *memory) {
	t.Helper()
	m := newWorld()
	cfg := worldConfig(m)
	if tune != nil {
		tune(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h, m
}

// ask sends one request as a browser on this machine would.
func ask(t *testing.T, h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8420", "127.0.0.1:50000"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestRoutes(t *testing.T) {
	h, m := newDesk(t, nil)
	post := postPath(m.hits[0].Post.ID)
	rows := []struct {
		method, target string
		status         int
		says           string
	}{
		// Pages.
		{"GET", "/", 200, "53 flagged posts"},
		{"GET", "/?q=severity:critical", 200, "Severity"},
		{"GET", "/?after=25", 200, "First page"},
		{"GET", "/?all=1", 200, "70 posts"},
		{"GET", post, 200, "What was seen"},
		{"GET", post + "?q=cules", 200, `href="/?q=cules"`},
		{"GET", "/status", 200, "The account closes"},
		{"GET", "/rules", 200, "DOC-01"},
		{"GET", "/rules", 200, "<b>72%</b> <small>(60%–81%), 64 decisions</small> <span class=\"bad\">▼ less often lately"},
		{"GET", "/rules", 200, "<small>1 decision, too few to tell</small>"},
		{"GET", post, 200, "People agreed"},
		{"GET", post, 200, "<b>0.07%</b> <small>here, 3 of 4,310</small>"},
		{"GET", post, 200, "Without it: not flagged"},
		{"GET", "/entities/cluster/c0ffee", 200, "What varies"},
		{"GET", "/sources", 200, "hxxps://anunturi[.]example[.]org"},
		{"GET", "/help", 200, "score:&gt;0.8"},
		// What is not there, and what is asked the wrong way.
		{"GET", "/posts/nothing", 404, "no such post"},
		{"GET", "/nothing", 404, "no such page"},
		{"GET", post + "/review", 405, "does not take"},
		{"POST", "/status", 405, "does not take"},
		// API.
		{"GET", "/api/v1/search?q=cules", 200, `"total":12`},
		{"GET", "/api/v1/rules", 200, `"precision":{"value":0.71875,`},
		{"GET", "/api/v1/nothing", 404, `"status":404`},
		{"GET", "/api/v1/openapi.json", 200, "3.1.0"},
		{"GET", "/robots.txt", 200, "Disallow: /"},
		{"GET", "/static/app.css", 200, "--ink"},
		{"GET", "/static/..%2fweb.go", 404, ""},
		{"GET", "/favicon.ico", 302, ""},
		{"GET", "/?q=" + strings.Repeat("a", maxURL), 414, "too long"},
	}
	for _, row := range rows {
		w := ask(t, h, row.method, row.target, "")
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.says) {
			t.Errorf("%s %.60s: got %d, want %d and %q in:\n%.600s", row.method, row.target, w.Code, row.status, row.says, w.Body)
		}
	}
}

func TestHeaders(t *testing.T) {
	h, _ := newDesk(t, nil)
	for _, target := range []string{"/", "/nothing", "/static/app.js", "/api/v1/search", "/api/v1/nothing"} {
		got := ask(t, h, "GET", target, "").Header()
		want := map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		}
		for name, value := range want {
			if got.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", target, name, got.Get(name), value)
			}
		}
	}
	if got := ask(t, h, "GET", "/", "").Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page is kept by browsers: Cache-Control is %q", got)
	}
}

// No page carries what the policy would refuse anyway: style or script in the
// page, a handler in an attribute, or anything from elsewhere.
func TestPagesKeepThePolicy(t *testing.T) {
	h, m := newDesk(t, nil)
	targets := []string{"/", "/?q=%22", postPath(m.hits[0].Post.ID), "/entities/cluster/c0ffee", "/status", "/rules", "/lab", "/lab/proposals", "/lab/exceptions", "/sources", "/help", "/nothing"}
	for _, target := range targets {
		body := ask(t, h, "GET", target, "").Body.String()
		for _, bad := range []string{"<style", " style=", " onclick=", " onload=", "<img", "<iframe", `src="http`, `href="http`, "javascript:", "⟦"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", target, bad)
			}
		}
		if n, ours := strings.Count(body, "<script"), strings.Count(body, `<script src="/static/`); n == 0 || n != ours {
			t.Errorf("%s has %d scripts, %d of them ours", target, n, ours)
		}
	}
}

func TestOnlyThisMachineIsSignedInByItself(t *testing.T) {
	h, _ := newDesk(t, nil)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8420": 200, "127.0.0.1:8420": 200, "127.8.8.8": 200, "[::1]:8420": 200, "LOCALHOST:1": 200,
		"rebound.example.com:8420": 421, "192.168.1.5:8420": 421, "localhost.example.com": 421, "": 421, "0.0.0.0:8420": 421,
	} {
		if got := ask(t, h, "GET", "/", "", "Host", host).Code; got != want {
			t.Errorf("host %q: got %d, want %d", host, got, want)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Host, r.RemoteAddr = "localhost:8420", "192.0.2.7:50000"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("from another machine: got %d, want 421", w.Code)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	h, m := newDesk(t, nil)
	target := postPath(m.hits[0].Post.ID) + "/review"
	body := form("decision", "relevant")
	for name, header := range map[string][]string{
		"fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"same site":      {"Sec-Fetch-Site", "same-site"},
		"origin":         {"Origin", "https://elsewhere.example.org"},
		"null origin":    {"Origin", "null"},
	} {
		if got := ask(t, h, "POST", target, body, header...).Code; got != http.StatusForbidden {
			t.Errorf("%s: got %d, want 403", name, got)
		}
	}
	before := len(m.reviews)
	if got := ask(t, h, "POST", target, body, "Sec-Fetch-Site", "same-origin").Code; got != http.StatusSeeOther || len(m.reviews) != before+1 {
		t.Errorf("own form: got %d and %d reviews more, want 303 and 1", got, len(m.reviews)-before)
	}
}

// Every route must be closed to strangers, or be named here.
func TestStrangersSeeNothing(t *testing.T) {
	open := map[string]bool{
		"POST /settings": true, "GET /signin": true, "POST /signin": true, "POST /signout": true,
		"GET /static/{name}": true, "POST /signin/link": true, "GET /signin/oidc": true, "GET /signin/oidc/callback": true, "GET /favicon.ico": true, "GET /feeds/{id}/{token}": true, "GET /robots.txt": true, "GET /api/v1/openapi.json": true,
	}
	h, m := newDesk(t, func(c *Config) { c.AutoSignIn = false })
	id := string(m.hits[0].Post.ID)
	for _, rt := range routes() {
		target := strings.NewReplacer("{$}", "", "{id}", id, "{kind}", "phone", "{value}", "1", "{name}", "app.css").Replace(rt.path)
		w := ask(t, h, rt.method, target, "")
		closed := w.Code == http.StatusUnauthorized || w.Code == http.StatusSeeOther && w.Header().Get("Location") == "/signin"
		if rt.pattern() != "POST /signout" && closed == open[rt.pattern()] {
			t.Errorf("%s: a stranger gets %d", rt.pattern(), w.Code)
		}
		if strings.Contains(w.Body.String(), m.hits[0].Post.Text) {
			t.Errorf("%s: a stranger reads a post", rt.pattern())
		}
	}
}

func TestSettings(t *testing.T) {
	h, _ := newDesk(t, nil)
	w := ask(t, h, "POST", "/settings", form("name", "ui", "value", "ro", "back", "/?q=cules"))
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/?q=cules" {
		t.Errorf("got %d to %q, want 303 to /?q=cules", w.Code, got)
	}
	if got := ask(t, h, "POST", "/settings", form("name", "ui", "value", "xx")).Code; got != http.StatusBadRequest {
		t.Errorf("unknown language: got %d, want 400", got)
	}
	for _, back := range []string{"https://elsewhere.example.org/", "//elsewhere.example.org", `/\elsewhere.example.org`, "javascript:alert(1)", "", "/a\r\nSet-Cookie: x"} {
		w := ask(t, h, "POST", "/settings", form("name", "ui", "value", "ro", "back", back))
		if got := w.Header().Get("Location"); got != "/" {
			t.Errorf("back to %q leads to %q, want /", back, got)
		}
	}
}

func TestFailures(t *testing.T) {
	var routesSeen []string
	h, m := newDesk(t, func(c *Config) {
		c.OnRequest = func(route string, _ int, _ time.Duration) { routesSeen = append(routesSeen, route) }
	})
	m.err = errors.New("the disk is on fire")
	for _, target := range []string{"/", "/api/v1/search", postPath(m.hits[0].Post.ID)} {
		w := ask(t, h, "GET", target, "")
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "fire") {
			t.Errorf("%s: got %d, want 500 without the cause:\n%.300s", target, w.Code, w.Body)
		}
	}
	want := []string{"GET /{$}", "GET /api/v1/search", "GET /posts/{id}"}
	if strings.Join(routesSeen, "|") != strings.Join(want, "|") {
		t.Errorf("counted %v, want %v", routesSeen, want)
	}
}

// Without an audit trail nothing may be seen.
func TestNoAuditNoAccess(t *testing.T) {
	h, _ := newDesk(t, func(c *Config) { c.Audit = nil })
	if got := ask(t, h, "GET", "/", "").Code; got != http.StatusOK {
		t.Errorf("with the log as audit trail: got %d, want 200", got)
	}
	_, m := newDesk(t, nil)
	broken, err := New(func() Config {
		c := worldConfig(m)
		c.Audit = func(_ context.Context, _ Event) error { return errors.New("full") }
		return c
	}())
	if err != nil {
		t.Fatal(err)
	}
	post := postPath(m.hits[0].Post.ID)
	for _, row := range [][2]string{{"GET", "/"}, {"GET", post}, {"POST", post + "/review"}, {"GET", "/api/v1/export?format=csv"}} {
		body := form("decision", "relevant")
		if got := ask(t, broken, row[0], row[1], body).Code; got != http.StatusInternalServerError {
			t.Errorf("%v: got %d, want 500", row, got)
		}
	}
	if len(m.reviews) != 3 {
		t.Errorf("%d reviews, want the 3 that were there", len(m.reviews))
	}
}

func TestConfigNeedsItsParts(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a desk without search was made")
	}
}
