package crawler

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocolly/colly/v2"
	"github.com/google/go-cmp/cmp"

	"veghe/crawler/extract"
)

// one visits a start page of a site and gives what became of it.
func one(t *testing.T, b *board, path string, change ...func(*Config)) (Stats, []string) {
	t.Helper()
	cfg := config(local(b.URL + path))
	for _, f := range change {
		f(&cfg)
	}
	c := open(t, cfg)
	var got collector
	return once(t, c, got.sink), got.take()
}

func wantOutcome(t *testing.T, st Stats, want Outcome) {
	t.Helper()
	if diff := cmp.Diff(map[Outcome]int64{want: 1}, st.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s\nlast error: %s", diff, st.LastError)
	}
}

// Colly ignores robots.txt unless told otherwise, and even then follows a
// redirect into what is disallowed. Ours does neither.
func TestRobotsIsNotCollys(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/robots.txt": text("User-agent: *\nDisallow: /private\n"),
		"/go":         redirect("/private/x"),
		"/private/x":  html("%s", post("p", "ana", "not for robots")),
	})
	for _, ignore := range []bool{true, false} {
		c := colly.NewCollector()
		if ignore != c.IgnoreRobotsTxt {
			c.IgnoreRobotsTxt = ignore
		}
		before := b.count("/private/x")
		path := map[bool]string{true: "/private/x", false: "/go"}[ignore]
		if err := c.Visit(b.URL + path); err != nil || b.count("/private/x") != before+1 {
			t.Errorf("plain colly with IgnoreRobotsTxt %v no longer reads what is disallowed (%v): this test has lost its point", ignore, err)
		}
	}
	before := b.count("/private/x")
	for _, path := range []string{"/private/x", "/go"} {
		st, posts := one(t, b, path)
		wantOutcome(t, st, Robots)
		if len(posts) != 0 {
			t.Errorf("%s: posts %v from a disallowed page", path, posts)
		}
	}
	if got := b.count("/private/x") - before; got != 0 {
		t.Errorf("a disallowed page was asked for %d times", got)
	}
}

// An environment made for colly cannot switch a protection off.
func TestEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("COLLY_IGNORE_ROBOTSTXT", "y")
	t.Setenv("COLLY_USER_AGENT", "other")
	t.Setenv("COLLY_CACHE_DIR", t.TempDir())
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	b := serve(t, map[string]http.HandlerFunc{"/": html("ok")})
	st, _ := one(t, b, "/")
	wantOutcome(t, st, OK)
	if got := b.last["/"].Get("User-Agent"); !strings.HasPrefix(got, "veghe/") {
		t.Errorf("User-Agent %q", got)
	}
}

// RFC 9309, 2.3.1: what the answer to /robots.txt means.
func TestRobotsAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	const neverAnswered = "never answered"
	for _, tt := range []struct {
		name   string
		robots http.HandlerFunc
		want   Outcome
	}{
		{"none", nil, OK},
		{"empty", text(""), OK},
		{"allowed", text("User-agent: *\nAllow: /\n"), OK},
		{"disallowed", text("User-agent: *\nDisallow: /\n"), Robots},
		{"disallowed by name", text("User-agent: Veghe/1.0\nDisallow: /\n\nUser-agent: *\nAllow: /\n"), Robots},
		{"others are disallowed", text("User-agent: otherbot\nDisallow: /\n"), OK},
		{"sent as HTML, as careless servers do", html("User-agent: *\nDisallow: /\n"), Robots},
		{"401", status(401), OK},
		{"403", status(403), OK},
		{"410", status(410), OK},
		{"429", status(429), RobotsDown},
		{"500", status(500), RobotsDown},
		{"503", status(503), RobotsDown},
		{"moved", redirect("/other-robots"), Robots},
		{"moved in circles", redirect("/robots.txt"), RobotsDown},
		{"moved to a private address", redirect("http://169.254.169.254/robots.txt"), RobotsDown},
		{"moved to a port of this machine", redirect("http://127.0.0.1:1/robots.txt"), RobotsDown},
		{"connection cut", func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		}, RobotsDown},
		{neverAnswered, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, RobotsDown},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			line := strings.Repeat("# comment\n", 1000)
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(line)); err != nil {
					return
				}
			}
		}, OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			routes := map[string]http.HandlerFunc{"/": html("ok"), "/other-robots": text("User-agent: *\nDisallow: /\n")}
			if tt.robots != nil {
				routes["/robots.txt"] = tt.robots
			}
			b := serve(t, routes)
			st, _ := one(t, b, "/", func(c *Config) {
				c.Limits.Timeout = Duration(time.Minute)
				if tt.name == neverAnswered {
					c.Limits.Timeout = Duration(time.Second)
				}
			})
			wantOutcome(t, st, tt.want)
			if tt.want != OK && b.count("/") != 0 {
				t.Error("the page was asked for all the same")
			}
		})
	}
}

// names is a resolver with answers of its own.
type names struct {
	mu    sync.Mutex // guards the rest
	addrs map[string][]string
	asked map[string]int
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[host]++
	list := n.addrs[host]
	if host == "rebind.example.org" && n.asked[host] > 1 {
		list = []string{"127.0.0.1"} // public once, private ever after
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, nil
}

// public makes a crawler believe that a loopback server has a public address
// and tells which addresses were connected to.
func public(t *testing.T, b *board, s Source) (*Crawler, func() []string) {
	t.Helper()
	r := &names{asked: map[string]int{}, addrs: map[string][]string{
		"forum.example.org":  {"1.2.3.4"},
		"rebind.example.org": {"1.2.3.4"},
		"mixed.example.org":  {"10.0.0.1", "1.2.3.4"},
		"inside.example.org": {"192.168.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"},
		// What a C library makes of numbers; the resolver stands for it.
		"2130706433": {"127.0.0.1"}, "0x7f.1": {"127.0.0.1"}, "127.1": {"127.0.0.1"}, "0177.0.0.1": {"127.0.0.1"},
	}}
	cfg := config(s)
	cfg.Resolver = r
	c := open(t, cfg)
	var mu sync.Mutex // guards dialed
	var dialed []string
	v := c.visitors[0]
	v.Rate = 100_000
	v.guard.dialer.connect = func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		dialed = append(dialed, addr)
		mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, b.Listener.Addr().String())
	}
	return c, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return dialed
	}
}

// However an address is written or hidden, only public ones are connected to:
// here all hosts are in scope, so that nothing else refuses them first.
func TestPrivateAddresses(t *testing.T) {
	for _, tt := range []struct {
		target string
		want   Outcome
	}{
		{"http://1.2.3.4/x", OK},
		{"http://mixed.example.org/x", OK},
		{"http://127.0.0.1/x", Blocked},
		{"http://127.0.0.1:8420/x", Blocked},
		{"http://10.0.0.1/x", Blocked},
		{"http://169.254.169.254/latest/meta-data", Blocked},
		{"http://[::1]/x", Blocked},
		{"http://[::ffff:127.0.0.1]/x", Blocked},
		{"http://[::ffff:7f00:1]/x", Blocked},
		{"http://[64:ff9b::7f00:1]/x", Blocked},
		{"http://[2002:7f00:1::]/x", Blocked},
		{"http://2130706433/x", Blocked},
		{"http://0x7f.1/x", Blocked},
		{"http://0177.0.0.1/x", Blocked},
		{"http://127.1/x", Blocked},
		{"http://inside.example.org/x", Blocked},
		{"http://forum.example.org:6379/x", Blocked},
		{"http://ana:secret@forum.example.org/x", Blocked},
		{"file:///etc/passwd", Unreachable}, // the client itself knows no such scheme
		{"gopher://forum.example.org/x", Unreachable},
		{"http://elsewhere.example.net/x", OutOfScope},
	} {
		t.Run(tt.target, func(t *testing.T) {
			b := serve(t, map[string]http.HandlerFunc{"/": redirect(tt.target), "/x": html("ok")})
			s := local("http://forum.example.org/")
			s.AllowLoopback, s.Rate = false, 0
			s.Hosts = []string{
				"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::",
				"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "inside.example.org", "mixed.example.org", "1.2.3.4",
			}
			c, dialed := public(t, b, s)
			st := once(t, c, (&collector{}).sink)
			if tt.want == Unreachable {
				if st.Outcomes[OK] != 0 {
					t.Errorf("outcomes %v", st.Outcomes)
				}
			} else {
				// robots.txt of a blocked host cannot be had either; which
				// of the two is told does not matter.
				if st.Outcomes[tt.want]+map[bool]int64{true: st.Outcomes[RobotsDown]}[tt.want == Blocked] != 1 {
					t.Errorf("outcomes %v, want %s", st.Outcomes, tt.want)
				}
			}
			for _, addr := range dialed() {
				if addr != "1.2.3.4:80" {
					t.Errorf("connected to %s", addr)
				}
			}
		})
	}
}

// A name that is public when first asked and private afterwards gains
// nothing: the address that was checked is the one that is dialed.
func TestRebinding(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close") // so that the next request dials again
			html("ok")(w, r)
		},
		"/robots.txt": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			text("")(w, r)
		},
	})
	s := local("http://rebind.example.org/")
	s.AllowLoopback, s.Rate = false, 0
	c, dialed := public(t, b, s)
	st := once(t, c, (&collector{}).sink)
	wantOutcome(t, st, Blocked)
	if diff := cmp.Diff([]string{"1.2.3.4:80"}, dialed()); diff != "" {
		t.Errorf("connected to (-want +got):\n%s", diff)
	}
}

// allow_loopback opens the host and port of the source and no other door of
// this machine.
func TestLoopbackIsNarrow(t *testing.T) {
	var hit atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit.Store(true) }))
	defer other.Close()
	b := serve(t, map[string]http.HandlerFunc{"/": redirect(other.URL + "/x")})
	if st, _ := one(t, b, "/"); st.Outcomes[OK] != 0 || hit.Load() {
		t.Errorf("outcomes %v, other port reached: %v", st.Outcomes, hit.Load())
	}
}

func TestScope(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/forum/":    html(`<a href="/forum/a">a</a><a href="/forum/../admin">b</a><a href="/shop/">c</a><a href="/forum/go">d</a>`),
		"/forum/a":   html("ok"),
		"/forum/go":  redirect("/shop/"),
		"/shop/":     html("ok"),
		"/admin":     html("ok"),
		"/forum/pic": html("ok"),
	})
	st, _ := one(t, b, "/forum/", func(c *Config) {
		c.Sources[0].Paths, c.Sources[0].Selectors, c.Sources[0].Type = []string{"/forum/"}, extract.Selectors{}, extract.Auto
	})
	if diff := cmp.Diff([]string{"/forum/a×1", "/forum/go×1", "/forum/×1"}, b.pages()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if st.Outcomes[OutOfScope] != 1 {
		t.Errorf("outcomes %v, want the redirect out of scope", st.Outcomes)
	}
}

// Media is refused by its address without asking, else by its type with the
// connection closed, else by its first bytes.
func TestMedia(t *testing.T) {
	var sent atomic.Int64
	flood := func(contentType string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			chunk := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 64<<10)...)
			for range 2000 {
				n, err := w.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}
	}
	b := serve(t, map[string]http.HandlerFunc{
		"/":          html(`<div class="row"><a href="/a.jpg">a</a></div><div class="row"><a href="/dl?file=b.MP4">b</a></div>`),
		"/a.jpg":     flood("image/jpeg"),
		"/typed":     flood("video/mp4"),
		"/redirects": redirect("/a.jpg"),
		"/lies":      flood("text/html"),
		"/pdf":       flood("application/pdf"),
		"/svg":       flood("image/svg+xml"),
	})
	if st, _ := one(t, b, "/"); st.Known != 1 {
		t.Errorf("%d addresses known, want the list alone", st.Known)
	}
	for _, path := range []string{"/a.jpg", "/redirects", "/typed", "/pdf", "/svg", "/lies"} {
		before := sent.Load()
		st, _ := one(t, b, path)
		wantOutcome(t, st, Media)
		// What the server wrote into socket buffers before it noticed.
		if got := sent.Load() - before; got > 32<<20 {
			t.Errorf("%s: the server could send %d MB", path, got>>20)
		}
	}
	if n := b.count("/a.jpg"); n != 0 {
		t.Errorf("an address that names media was asked for %d times", n)
	}
}

// Bodies beyond the limit are cut and counted, whatever they decompress to.
func TestBigBodies(t *testing.T) {
	head := post("p", "ana", "before the flood")
	b := serve(t, map[string]http.HandlerFunc{
		"/bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb(head, 1000)) // 1 GB out of 1 MB
		},
		"/endless": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, head)
			for r.Context().Err() == nil {
				if _, err := w.Write(mega); err != nil {
					return
				}
			}
		},
		"/one-line": long(head, 30),
	})
	for _, path := range []string{"/bomb", "/endless", "/one-line"} {
		t.Run(path, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			st, posts := one(t, b, path)
			runtime.ReadMemStats(&after)
			wantOutcome(t, st, OK)
			if st.Truncated != 1 || st.Bytes > 3<<20 {
				t.Errorf("truncated %d, %d bytes read, want 1 and about 2 MB", st.Truncated, st.Bytes)
			}
			if diff := cmp.Diff([]string{"before the flood"}, posts); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; path == "/bomb" && got > 100 {
				t.Errorf("%d MB allocated for a page of 2 MB", got)
			}
		})
	}
}

// raw answers with bytes of its own making.
func raw(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = buf.WriteString(s)
		_ = buf.Flush()
		_ = conn.Close()
	}
}

func TestBrokenServers(t *testing.T) {
	slowly := func(first string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			fmt.Fprint(w, first)
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = w.Write([]byte("."))
					_ = http.NewResponseController(w).Flush()
				}
			}
		}
	}
	huge := bufio.NewReader(strings.NewReader("")).Size()
	for _, tt := range []struct {
		name string
		page http.HandlerFunc
		want Outcome
	}{
		{"slow bytes", slowly("<html>"), TimedOut},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, TimedOut},
		{"redirects in a circle", redirect("/"), Redirects},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"?x="+r.URL.RawQuery+"1", http.StatusFound)
		}, Redirects},
		{"a redirect to nowhere", raw("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), Malformed},
		{"huge header", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20+huge) + "\r\n\r\n"), Malformed},
		{"not HTTP", raw("SSH-2.0-x\r\n"), Malformed},
		{"less than promised", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\nshort"), Unreachable},
		{"damaged gzip", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\nnot gzip at all"), Malformed},
		{"gzip twice", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 5\r\n\r\nabcde"), Malformed},
		{"brotli unasked", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nabcde"), Malformed},
		{"connection cut", raw(""), Unreachable},
		{"404", http.NotFound, Gone},
		{"403", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, Refused},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ServerError},
		{"nested beyond reason", html("%s", strings.Repeat("<div>", 100_000)), Unparsed},
		{"empty", html(""), OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Mid-stream breaks come through the test server's own handler.
			b := serve(t, map[string]http.HandlerFunc{"/": tt.page})
			st, _ := one(t, b, "/", func(c *Config) {
				c.Limits.Timeout = Duration(time.Minute)
				if tt.want == TimedOut {
					c.Limits.Timeout = Duration(time.Second)
				}
			})
			wantOutcome(t, st, tt.want)
			if st.Requests > 7 {
				t.Errorf("%d requests for one page", st.Requests)
			}
			if strings.Contains(st.LastError, b.URL) {
				t.Errorf("the error tells the address: %q", st.LastError)
			}
		})
	}
}

// A server that asks for a pause gets it, and no request meanwhile.
func TestThrottled(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/": html(`<div class="row"><a href="/t1">x</a></div><div class="row"><a href="/t2">x</a></div>`),
		"/t1": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"/t2": html("%s", post("p", "ana", "one")),
	})
	at := time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	st, _ := one(t, b, "/", func(c *Config) {
		c.Now = func() time.Time { return at }
		c.Sources[0].Concurrency = 1
	})
	if st.Outcomes[Throttled] != 1 || !st.BackoffUntil.Equal(at.Add(2*time.Minute)) {
		t.Errorf("outcomes %v, back-off until %v, want two minutes", st.Outcomes, st.BackoffUntil)
	}
	if n := b.count("/t2"); n != 0 {
		t.Errorf("%d requests after being asked to pause", n)
	}
}

// Nothing goes out that could identify or log in, whatever comes in.
func TestHeaders(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{
		"/": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
			redirect("/a")(w, r)
		},
		"/a": html("ok"),
	})
	one(t, b, "/")
	for path, h := range b.last {
		want := http.Header{
			"User-Agent":      {"veghe/dev (+https://example.org/bot; Test Office)"},
			"Accept-Language": h["Accept-Language"], "Accept": h["Accept"], "Accept-Encoding": {"gzip"},
		}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
