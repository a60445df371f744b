package extract

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	readability "codeberg.org/readeck/go-readability/v2"
	"github.com/mmcdole/gofeed"
)

// BenchmarkFeed shows what reading a feed costs beside the parser alone.
func BenchmarkFeed(b *testing.B) {
	var items strings.Builder
	for i := range 50 {
		fmt.Fprintf(&items, `<item><guid>%d</guid><link>http://example.org/%[1]d</link><title>titlu %[1]d</title><pubDate>Mon, 12 Oct 2026 09:00:00 GMT</pubDate><description>&lt;p&gt;%s&lt;/p&gt;</description></item>`,
			i, strings.Repeat("cuvinte obisnuite despre drum ", 8))
	}
	feed := `<rss version="2.0"><channel><title>x</title>` + items.String() + `</channel></rss>`
	b.Run("gofeed", func(b *testing.B) {
		b.SetBytes(int64(len(feed)))
		for b.Loop() {
			if _, err := gofeed.NewParser().ParseString(feed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("extract", func(b *testing.B) {
		b.SetBytes(int64(len(feed)))
		for b.Loop() {
			res, err := Page(Input{Source: "s", URL: "http://example.org/feed", Body: []byte(feed), ContentType: "application/rss+xml", FetchedAt: time.Unix(1e9, 0)})
			if err != nil || len(res.Posts) != 50 {
				b.Fatal(err, len(res.Posts))
			}
		}
	})
}

// BenchmarkArticle shows the same for the main text of a page.
func BenchmarkArticle(b *testing.B) {
	page := `<html><head><title>x</title></head><body><nav>a b c</nav><article>` +
		strings.Repeat("<p>"+strings.Repeat("cuvinte obisnuite despre drum, ", 20)+"</p>", 20) + `</article></body></html>`
	u, err := url.Parse("http://example.org/a")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("readability", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			if _, err := readability.FromReader(strings.NewReader(page), u); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("extract", func(b *testing.B) {
		b.SetBytes(int64(len(page)))
		for b.Loop() {
			res, err := Page(Input{Source: "s", URL: u.String(), Body: []byte(page), ContentType: "text/html", Hints: Hints{Type: Single}, FetchedAt: time.Unix(1e9, 0)})
			if err != nil || len(res.Posts) != 1 {
				b.Fatal(err, len(res.Posts))
			}
		}
	})
}
