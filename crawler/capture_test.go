package crawler

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"veghe/crawler/evidence"
	"veghe/crawler/frontier"
)

// memory is a Keeper that remembers.
type memory struct {
	mu   sync.Mutex // guards the rest
	all  []evidence.Capture
	fail error
}

func (m *memory) Add(_ context.Context, c evidence.Capture) (evidence.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, c)
	return evidence.Ref{Segment: "0123abcd-000001", Offset: int64(len(m.all)), Digest: "sha256:" + strings.Repeat("0", 64)}, m.fail
}

func zippedPage(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, body[:len(body)/2])
		_ = z.Flush()
		w.(http.Flusher).Flush() // so that it is sent in chunks
		_, _ = io.WriteString(z, body[len(body)/2:])
		_ = z.Close()
	}
}

const onePost = `<div class="post" id="p1"><b class="by">ana</b><p class="text">vand bicicleta</p></div>`

// What is kept of a page is what went over the wire: the request with our
// headers, the answer with its chunks and its compression, every hop; and the
// posts name it.
func TestCaptureIsTheWire(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/":    html(`<div class="row"><a href="/old">x</a></div>`),
		"/old": redirect("/t/1"),
		"/t/1": zippedPage(onePost),
	})
	var sink collector
	m := &memory{}
	cfg := config(local(b.URL + "/"))
	cfg.Evidence = m
	if err := open(t, cfg).RunOnce(t.Context(), sink.sink); err != nil {
		t.Fatal(err)
	}
	if len(m.all) != 1 || len(m.all[0].Exchanges) != 2 {
		t.Fatalf("%d captures, want one of two hops: %+v", len(m.all), m.all)
	}
	if len(sink.posts) != 1 || sink.posts[0].Evidence != "warc:0123abcd-000001#1;sha256:"+strings.Repeat("0", 64) {
		t.Errorf("the post does not name its evidence: %+v", sink.posts)
	}
	hop, page := m.all[0].Exchanges[0], m.all[0].Exchanges[1]
	if !strings.HasPrefix(string(hop.Response), "HTTP/1.1 302 Found\r\n") || hop.URL != b.URL+"/old" {
		t.Errorf("the redirect is %q", hop.Response)
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(page.Request)))
	if err != nil || req.URL.Path != "/t/1" || !strings.HasPrefix(req.UserAgent(), "veghe/") || req.Header.Get("Accept-Encoding") != "gzip" {
		t.Errorf("the request is %q, %v", page.Request, err)
	}
	if !bytes.Contains(page.Response, []byte("Transfer-Encoding: chunked\r\n")) || page.Cut || page.IP != "127.0.0.1" || page.At.IsZero() {
		t.Errorf("the answer is %q, cut %v, from %s", page.Response, page.Cut, page.IP)
	}
	if got := bodyOf(t, page.Response); got != onePost {
		t.Errorf("the body is %q", got)
	}
}

// bodyOf reads an answer as anyone could.
func bodyOf(t *testing.T, response []byte) string {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Pages on one connection do not run together, and pages that bring nothing
// new are not kept.
func TestCaptureOnePageEach(t *testing.T) {
	routes := map[string]http.HandlerFunc{}
	var list strings.Builder
	for i := range 20 {
		fmt.Fprintf(&list, `<div class="row"><a href="/t/%d">x</a></div>`, i)
		routes[fmt.Sprintf("/t/%d", i)] = html(`<div class="post" id="p%d"><p class="text">post number %d</p></div>`, i, i)
	}
	routes["/"] = html("%s", list.String())
	b := serve(t, routes)
	var sink collector
	m := &memory{}
	cfg := config(local(b.URL + "/"))
	cfg.Evidence = m
	c := open(t, cfg)
	for range 2 {
		if err := c.RunOnce(t.Context(), sink.sink); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.all) != 20 {
		t.Fatalf("%d captures, want 20", len(m.all))
	}
	for _, x := range m.all {
		e := x.Exchanges[0]
		if bytes.Count(e.Response, []byte("HTTP/1.1 200")) != 1 || bytes.Count(e.Request, []byte("GET /t/")) != 1 || bytes.Count(e.Response, []byte("post number")) != 1 {
			t.Errorf("not one page: %q %q", e.Request, e.Response)
		}
	}
}

// No post goes on without its evidence.
func TestCaptureFailsThePage(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/": html(onePost)})
	var sink collector
	m := &memory{fail: errors.New("the disk is full")}
	s := local(b.URL + "/")
	cfg := config(s)
	cfg.Evidence = m
	c := open(t, cfg)
	if err := c.RunOnce(t.Context(), sink.sink); err == nil || !strings.Contains(err.Error(), "keeping the evidence of 1 posts") {
		t.Errorf("got %v, want the trouble with the evidence", err)
	}
	if got := sink.take(); len(got) != 0 {
		t.Errorf("handed on without evidence: %q", got)
	}
	m.fail = nil
	if err := c.RunOnce(t.Context(), sink.sink); err != nil {
		t.Fatal(err)
	}
	if got := sink.take(); len(got) != 1 {
		t.Errorf("%d posts once the disk is well again, want 1", len(got))
	}
}

// Over TLS the bytes above the encryption are kept, with the server's
// certificate; the host is still verified.
func TestCaptureTLS(t *testing.T) {
	srv := httptest.NewTLSServer(html(onePost))
	defer srv.Close()
	s, err := newSite(local(srv.URL + "/"))
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard(s, Limits{}.withDefaults(), "veghe/test", nil, newHosts(func(string) int { return 1 }))
	g.record()
	defer g.close()
	if _, err := newFetcher(g, 1).fetch(t.Context(), frontier.Page{Link: frontier.Link{URL: srv.URL + "/"}}); err == nil {
		t.Error("a certificate that nobody knows was accepted")
	}
	// The refusal also closed robots.txt for a while: a fresh guard.
	g = newGuard(s, Limits{}.withDefaults(), "veghe/test", nil, newHosts(func(string) int { return 1 }))
	g.transport.TLSClientConfig = &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
	g.record()
	defer g.close()
	a, err := newFetcher(g, 1).fetch(t.Context(), frontier.Page{Link: frontier.Link{URL: srv.URL + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.captured) != 1 || len(a.captured[0].Certificate) != 64 || !bytes.HasPrefix(a.captured[0].Response, []byte("HTTP/1.1 200 OK\r\n")) {
		t.Errorf("captured %+v", a.captured)
	}
}

// A page over the limit is kept as far as it was read, and says so.
func TestCaptureIsBounded(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/": html("%s%s", onePost, strings.Repeat(" ", 1<<20))})
	var sink collector
	m := &memory{}
	cfg := config(local(b.URL + "/"))
	cfg.Limits.Body, cfg.Limits.Header = 10_000, 2000
	cfg.Evidence = m
	if err := open(t, cfg).RunOnce(t.Context(), sink.sink); err != nil {
		t.Fatal(err)
	}
	if len(m.all) != 1 || !m.all[0].Exchanges[0].Cut || len(m.all[0].Exchanges[0].Response) > 12_000 {
		t.Errorf("%d captures; cut, and at most 12000 bytes wanted", len(m.all))
	}
}
