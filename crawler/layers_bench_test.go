package crawler

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gocolly/colly/v2"

	"veghe/crawler/extract"
	"veghe/crawler/frontier"
)

// BenchmarkLayers shows what each layer costs for one page of twenty posts on
// loopback: plain colly without any of our rules, the guarded fetch, and the
// extraction alone. What the frontier adds is in BenchmarkCrawl.
func BenchmarkLayers(b *testing.B) {
	var posts strings.Builder
	for i := range 20 {
		posts.WriteString(post(fmt.Sprint("p", i), "ana", strings.Repeat("cuvinte obisnuite despre drum ", 8)))
	}
	page := serve(b, map[string]http.HandlerFunc{"/t": html("%s", posts.String())})
	b.Run("colly", func(b *testing.B) {
		c := colly.NewCollector(colly.AllowURLRevisit())
		n := 0
		c.OnHTML(".post", func(e *colly.HTMLElement) { n += len(e.ChildText(".text")) })
		for b.Loop() {
			if err := c.Visit(page.URL + "/t"); err != nil {
				b.Fatal(err)
			}
		}
	})
	where, err := newSite(local(page.URL + "/t"))
	if err != nil {
		b.Fatal(err)
	}
	cfg := config(where.Source)
	g := newGuard(where, cfg.Limits.withDefaults(), cfg.userAgent(), nil, newHosts(slotsOf([]*site{where})))
	defer g.close()
	f := newFetcher(g, 5)
	p := frontier.Page{Source: "s", Link: frontier.Link{URL: page.URL + "/t", Kind: "thread"}}
	var body []byte
	b.Run("fetch", func(b *testing.B) {
		for b.Loop() {
			a, err := f.fetch(b.Context(), p)
			if err != nil {
				b.Fatal(err)
			}
			body = a.body
		}
	})
	u, err := url.Parse(page.URL + "/t")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("extract", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			res, err := extract.Page(extract.Input{Source: "s", URL: u.String(), Body: body, ContentType: "text/html", Hints: extract.Hints{Type: extract.Forum, Selectors: selectors}, FetchedAt: time.Unix(0, 0)})
			if err != nil || len(res.Posts) != 20 {
				b.Fatal(err, len(res.Posts))
			}
		}
	})
}
