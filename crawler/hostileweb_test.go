package crawler

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe/crawler/extract"
)

// attack is a page of the hostile site and how its visit must end.
type attack struct {
	page http.HandlerFunc
	want Outcome
}

// typed answers with a body of a type.
func typed(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	}
}

func gzipped(body string, times int) []byte {
	b := []byte(body)
	for range times {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(b)
		_ = z.Close()
		b = out.Bytes()
	}
	return b
}

// mega is a megabyte of nothing.
var mega = bytes.Repeat([]byte(" "), 1<<20)

// bomb is a beginning and so many megabytes of nothing, packed a megabyte at a
// time: what is unpacked is one stream.
func bomb(begins string, megabytes int) []byte {
	return append(gzipped(begins, 1), bytes.Repeat(gzipped(string(mega), 1), megabytes)...)
}

// long answers with a line of so many megabytes.
func long(begins string, megabytes int) http.HandlerFunc {
	line := bytes.Repeat([]byte("x"), 1<<20)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, begins)
		for range megabytes {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}
}

// apiPaths are addresses at which an engine's public JSON is expected.
var apiPaths = []string{
	"/latest.json", "/t/7.json", "/api/recent", "/api/topic/7", "/api/discussions", "/api/discussions/7",
	"/api/v3/post/list", "/api/v3/comment/list", "/api/v1/timelines/public",
}

// attacks are what a site may do to whoever reads it.
func attacks() map[string]attack {
	page := func(inside string) string { return "<html><body>" + inside + "</body></html>" }
	out := map[string]attack{
		// Where it leads.
		"/loop":        {redirect("/loop"), Redirects},
		"/meta":        {redirect("http://169.254.169.254/latest/meta-data"), Blocked},
		"/decimal":     {redirect("http://2130706433/"), OutOfScope},
		"/mapped":      {redirect("http://[::ffff:127.0.0.1]:1/"), Blocked},
		"/credentials": {redirect("http://ana:secret@forum.example.org/"), Blocked},
		"/elsewhere":   {redirect("https://elsewhere.example.net/"), OutOfScope},
		"/file":        {redirect("file:///etc/passwd"), Blocked},
		// How it answers.
		"/short":   {raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\nshort"), Unreachable},
		"/500":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ServerError},
		"/header":  {raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), Malformed},
		"/brotli":  {raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\n\xcf\xff\xff\x7f\xf8"), Malformed},
		"/zstd":    {raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: zstd\r\nContent-Length: 5\r\n\r\nabcde"), Malformed},
		"/badgzip": {raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\nnot gzip at all"), Malformed},
		"/line":    {long("<p>", 100), Unparsed},
		"/bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb("", 300))
		}, Unparsed},
		"/endless": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			for r.Context().Err() == nil {
				if _, err := w.Write(mega); err != nil {
					return
				}
			}
		}, Unparsed},
		// What it says.
		"/deep":     {html("%s", page(strings.Repeat("<b><i>", 50_000))), Unparsed},
		"/tables":   {html("%s", page(strings.Repeat("<table><tr><td>", 20_000))), Unparsed},
		"/quotes":   {html("%s", page(strings.Repeat("<blockquote>", 10_000))), Unparsed},
		"/ldbroken": {html(`<script type="application/ld+json">{"@type":"DiscussionForumPosting","text":</script>`), Unparsed},
		"/lddeep":   {html(`<script type="application/ld+json">%s</script>`, strings.Repeat(`{"mainEntity":`, 30_000)), Unparsed},
		"/ldtypes":  {html(`<script type="application/ld+json">{"@type":["JobPosting",7,null],"title":{"a":[1]},"description":[[]],"datePosted":9e999}</script>`), Unparsed},
		"/charset":  {typed("text/html; charset=utf-16be", "<html>\x00\xd8\xff"), Media},
		"/null":     {typed("text/html", "\x00\x00\x00\x00"), Media},
		"/png":      {typed("text/html", "\x89PNG\r\n\x1a\n"), Media},
		"/xxe.rss":  {typed("application/rss+xml", `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>`), Unparsed},
		"/xxe2.rss": {typed("application/rss+xml", `<?xml version="1.0"?><!--`+strings.Repeat("x", 8<<10)+`--><!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]><rss><channel><item><title>&x;</title></item></channel></rss>`), Unparsed},
		"/laughs.rss": {typed("application/rss+xml", `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "`+strings.Repeat("&a;", 100)+`"><!ENTITY c "`+
			strings.Repeat("&b;", 100)+`">]><rss><channel><item><title>`+strings.Repeat("&c;", 100)+`</title></item></channel></rss>`), Unparsed},
		"/deep.rss":     {typed("application/rss+xml", "<rss>"+strings.Repeat("<a>", 100_000)), Unparsed},
		"/feed.json":    {typed("application/feed+json", `{"version":"https://jsonfeed.org/version/1.1","items":`+strings.Repeat("[", 200_000)), Unparsed},
		"/bomb.xml.gz":  {typed("application/gzip", string(bomb("<urlset>", 200))), Unparsed},
		"/twice.xml.gz": {typed("application/x-gzip", string(gzipped("<urlset></urlset>", 2))), Media},
		"/tar.xml.gz":   {typed("application/gzip", string(gzipped("not a sitemap", 1))), Media},
		"/cut.xml.gz":   {typed("application/gzip", string(gzipped("<urlset>"+strings.Repeat("<url/>", 1000), 1)[:40])), Unreachable},
		"/self.xml":     {typed("application/xml", `<sitemapindex><sitemap><loc>/self.xml</loc></sitemap><sitemap><loc>http://10.0.0.1/x.xml</loc></sitemap></sitemapindex>`), Unparsed},
	}
	for i, path := range apiPaths {
		bad := []string{
			strings.Repeat(`{"topic_list":`, 20_000), `{"topics":` + strings.Repeat("[", 50_000), `[` + strings.Repeat(`{"id":1},`, 300_000),
			`{"post_stream":{"posts":"none"},"data":7,"posts":{"a":1}}`, `{"data":[{"type":"posts","id":{"a":1},"attributes":[]}]}`,
			`{"comments":[null,null,{"comment":null}],"posts":[null]}`,
		}
		out[path] = attack{typed("application/json", bad[i%len(bad)]), Unparsed}
	}
	return out
}

// peak watches how much memory is in use until stop is called.
func peak(t *testing.T) (stop func() uint64) {
	t.Helper()
	runtime.GC()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		// What MemStats calls HeapInuse and StackInuse, without stopping
		// everybody else to look.
		in := []metrics.Sample{
			{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
		}
		highest := uint64(0)
		for {
			metrics.Read(in)
			highest = max(highest, in[0].Value.Uint64()+in[1].Value.Uint64()+in[2].Value.Uint64())
			select {
			case <-tick.C:
			case <-done:
				most <- highest
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-most
	}
}

const mostMemory = 300 << 20

// A whole site that attacks in every way it can, with good posts in between:
// memory stays bounded, each attack is counted as what it is, and every good
// post is collected, as plain text.
func TestHostileWeb(t *testing.T) {
	routes := map[string]http.HandlerFunc{"/robots.txt": text("User-agent: *\nDisallow: /no\n"), "/no": html("%s", post("no", "x", "disallowed"))}
	want, wantOutcomes := []string{}, map[Outcome]int64{OK: 1, Robots: 1}
	var rows strings.Builder
	row := func(path string) {
		fmt.Fprintf(&rows, `<div class="row"><a href="%s" onclick="alert(1)">x</a></div>`, path)
	}
	row("/no")
	all := attacks()
	for i, path := range slices.Sorted(maps.Keys(all)) {
		routes[path] = all[path].page
		row(path)
		wantOutcomes[all[path].want]++
		good, say := fmt.Sprintf("/good%02d", i), fmt.Sprintf("good %02d", i)
		routes[good] = html(`<script>alert(1)</script><div onload="x" style="background:url(http://127.0.0.1:1)">%s</div><img src=x onerror=alert(1)>%s`,
			post(fmt.Sprintf("g%d", i), "<b onclick=x>ana</b><script>x</script>", say+"<script>steal()</script><style>p{}</style>"), strings.Repeat("<p", 500))
		row(good)
		want = append(want, say)
		wantOutcomes[OK]++
	}
	routes["/"] = html("%s", rows.String())
	b := serve(t, routes)
	s := local(b.URL + "/")
	s.Concurrency = 2
	s.Hosts = []string{"169.254.169.254", "::ffff:127.0.0.1", "forum.example.org"} // so that the address itself is what is refused
	cfg := config(s)
	at := time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return at }
	used := peak(t)
	c := open(t, cfg)
	var got collector
	once(t, c, got.sink)
	st := c.Stats()[0]
	if most := used(); most > mostMemory {
		t.Errorf("%d MB of memory were in use, want at most %d", most>>20, mostMemory>>20)
	} else {
		t.Logf("at most %d MB of memory in use", most>>20)
	}
	for _, p := range got.posts {
		if strings.ContainsAny(string(p.Author)+p.Title+p.Text, "<>{}") {
			t.Errorf("markup in a post by %q: %q", p.Author, p.Text)
		}
	}
	if diff := cmp.Diff(want, got.take()); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantOutcomes, st.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
		for path, a := range all {
			if one, _ := one(t, serve(t, map[string]http.HandlerFunc{path: a.page}), path, func(c *Config) {
				c.Sources[0].Hosts = s.Hosts
			}); one.Outcomes[a.want] != 1 {
				t.Logf("%s alone: %v, want %s: %s", path, one.Outcomes, a.want, one.LastError)
			}
		}
	}
	if b.count("/no") != 0 {
		t.Error("a disallowed page was asked for")
	}
}

// A site makes up links without end: what is remembered of it is bounded, the
// crawler comes to an end, and the posts beside the trap are collected first.
func TestMillionLinks(t *testing.T) {
	var made atomic.Int64
	var mu sync.Mutex // guards order
	var order []string
	trap := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		mu.Lock()
		order = append(order, r.URL.Path)
		mu.Unlock()
		out := []byte("<title>more</title>")
		for range 25_000 {
			out = append(strconv.AppendInt(append(out, `<a href=/a/`...), made.Add(1), 10), ">x</a> "...)
		}
		_, _ = w.Write(out)
	}
	b := &board{hits: map[string]int{}, last: map[string]http.Header{}}
	routes := map[string]http.HandlerFunc{}
	var links strings.Builder
	for i := range 50 {
		path := fmt.Sprintf("/zz%02d", i)
		routes[path] = func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			order = append(order, r.URL.Path)
			mu.Unlock()
			html("%s", post(fmt.Sprint("p", i), "ana", fmt.Sprintf("text %02d", i)))(w, r)
		}
		fmt.Fprintf(&links, `<a href="%s">x</a> `, path)
	}
	routes["/"] = html(`%s<a href="/a/0">trap</a>`, links.String())
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := routes[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/a/") {
			trap(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(b.Close)
	s := local(b.URL + "/")
	s.Type, s.Selectors = extract.Auto, extract.Selectors{Post: ".post", ID: "@id", Author: ".by", Text: ".text"}
	s.MaxPages, s.Concurrency = 92, 1
	cfg := config(s)
	cfg.Limits.Known = 10_000
	cfg.Dir = t.TempDir()
	used := peak(t)
	c := open(t, cfg)
	var got collector
	st := once(t, c, got.sink)
	if posts := got.take(); len(posts) != 50 {
		t.Errorf("%d posts, want all 50 beside the trap", len(posts))
	}
	if most := used(); most > mostMemory {
		t.Errorf("%d MB of memory were in use, want at most %d", most>>20, mostMemory>>20)
	} else {
		t.Logf("%d links made up, %d known, at most %d MB of memory in use", made.Load(), st.Known, most>>20)
	}
	if made.Load() < 1_000_000 || st.Known > 10_000 || st.Pages > 92 {
		t.Errorf("%d links made up, %d known, %d pages read; want a million, at most 10000, at most 92", made.Load(), st.Known, st.Pages)
	}
	last := 0
	for i, path := range order {
		if strings.HasPrefix(path, "/zz") {
			last = i
		}
	}
	if last > 60 {
		t.Errorf("the last post beside the trap came after %d pages", last)
	}
}

// A sitemap as large sites send it is unpacked and followed.
func TestPackedSitemap(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"packed":              typed("application/gzip", string(gzipped(`<urlset><url><loc>/ad</loc></url></urlset>`, 1))),
		"unnamed":             typed("application/octet-stream", string(gzipped(`<urlset><url><loc>/ad</loc></url></urlset>`, 1))),
		"unpacked on its way": typed("text/xml", `<urlset><url><loc>/ad</loc></url></urlset>`),
	} {
		t.Run(name, func(t *testing.T) {
			b := serve(t, map[string]http.HandlerFunc{
				"/":               typed("application/xml", `<sitemapindex><sitemap><loc>/maps/1.xml.gz</loc></sitemap></sitemapindex>`),
				"/maps/1.xml.gz":  answer,
				"/ad":             html("%s", post("p1", "ana", "one")),
				"/maps/ad.tar.gz": typed("application/gzip", "never"),
			})
			_, posts := one(t, b, "/", func(c *Config) { c.Sources[0].Hosts = []string{"127.0.0.1"} })
			if diff := cmp.Diff([]string{"one"}, posts); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
		})
	}
}
