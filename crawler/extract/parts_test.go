package extract

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	xhtml "golang.org/x/net/html"
)

func TestCanonical(t *testing.T) {
	base, err := url.Parse("https://Forum.Example.org/a/b?x=1")
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"https://EXAMPLE.org":                     "https://example.org/",
		"http://example.org:80/a#frag":            "http://example.org/a",
		"https://example.org:443/a?":              "https://example.org/a",
		"https://example.org:8443/":               "https://example.org:8443/",
		"c?utm_source=x&id=5&sid=abc&fbclid=1":    "https://forum.example.org/a/c?id=5",
		"/t.php;jsessionid=AB12?b=2&a=1":          "https://forum.example.org/t.php?b=2&a=1",
		"?s=0123456789abcdef0123456789abcdef&t=4": "https://forum.example.org/a/b?t=4",
		"?s=words":                 "https://forum.example.org/a/b?s=words",
		"//other.example.org/x":    "https://other.example.org/x",
		"../c":                     "https://forum.example.org/c",
		"javascript:alert(1)":      "",
		"mailto:a@example.org":     "",
		"https://u:p@example.org/": "",
		"http://%zz/":              "",
		"https:///x":               "",
		"https://example.org/" + strings.Repeat("x", 3000): "",
		"data:text/html,x": "",
		"https://example.org/?q=" + strings.Repeat("%", 10): "https://example.org/?q=" + strings.Repeat("%", 10),
	} {
		got, err := Canonical(raw, base)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.60q is %q (%v), want %q", raw, got, err, want)
		}
	}
}

func TestTimes(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Bucharest")
	if err != nil {
		t.Fatal(err)
	}
	c := clock{now: now, loc: loc, layout: "15h04 02/01/06"}
	for s, want := range map[string]string{
		// As machines write them.
		"2026-10-11T18:05:00+03:00":       "2026-10-11T15:05:00Z",
		"2026-10-11T18:05:00":             "2026-10-11T15:05:00Z",
		"2026-10-11 18:05":                "2026-10-11T15:05:00Z",
		"Sun, 11 Oct 2026 18:05:00 +0300": "2026-10-11T15:05:00Z",
		"1791730800":                      "2026-10-11T15:00:00Z",
		"1791730800000":                   "2026-10-11T15:00:00Z",
		"18h05 11/10/26":                  "2026-10-11T15:05:00Z",
		// As people do, day first.
		"11.10.2026, 18:05":              "2026-10-11T15:05:00Z",
		"11.10.2026":                     "2026-10-10T21:00:00Z",
		"Publicat: 11/10/2026 18:05":     "2026-10-11T15:05:00Z",
		"Oct 11, 2026 at 6:05 PM":        "2026-10-11T15:05:00Z",
		"October 11th, 2026 6:05 pm":     "2026-10-11T15:05:00Z",
		"azi, 09:30":                     "2026-10-12T06:30:00Z",
		"Astăzi la 09:30":                "2026-10-12T06:30:00Z",
		"ieri la 08:05":                  "2026-10-11T05:05:00Z",
		"alaltăieri, 23:59":              "2026-10-10T20:59:00Z",
		"Yesterday, 8:05 PM":             "2026-10-11T17:05:00Z",
		"12 octombrie 2026":              "2026-10-11T21:00:00Z",
		"Luni, 12 octombrie 2026, 10:00": "2026-10-12T07:00:00Z",
		"1 ian. 2026 10:00":              "2026-01-01T08:00:00Z",
		"3 noiembrie, 10:00":             "2025-11-03T08:00:00Z", // not in the future
		"acum 5 minute":                  "2026-10-12T08:55:00Z",
		"acum o oră":                     "2026-10-12T08:00:00Z",
		"acum 20 de zile":                "2026-09-22T09:00:00Z",
		"3 hours ago":                    "2026-10-12T06:00:00Z",
		"acum":                           "2026-10-12T09:00:00Z",
		// Neither.
		"":                       "",
		"marți":                  "",
		"32.13.2026":             "",
		"30 februarie 2026":      "",
		"1 ianuarie 1970":        "",
		"12 octombrie 3026":      "",
		"preț: 5 lei":            "",
		"5 mere și 3 minute":     "",
		strings.Repeat("9", 200): "",
	} {
		got := ""
		if w := c.parse(s); !w.IsZero() {
			got = w.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%.60q is %q, want %q", s, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ html, want string }{
		{"a  b\n c", "a b c"},
		{"<p>a<p>b", "a\n\nb"},
		{"a<br>b<br><br><br>c", "a\nb\n\nc"},
		{"<div>a</div><div>b</div>", "a\nb"},
		{"<ul><li>a<li>b</ul>c", "a\nb\nc"},
		{"<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"},
		{"<pre>a\n  b</pre>", "a\nb"},
		{"a<b>b</b>c <i> d</i>", "abc d"},
		{"a&amp;b &lt;c&gt; &#x1F4DE;", "a&b <c> 📞"},
		{"a<script>x</script><style>y</style><template>z</template><noscript>n</noscript>b", "a b"},
		{`a<span hidden>x</span><span style="display: NONE">y</span>b`, "a b"},
		{`sună <img src=x alt="📞" onerror=x> <img src=y>acum`, "sună 📞 acum"},
		{"<textarea>x</textarea><button>y</button>a", "a"},
		{"a\u00a0b\u200bc", "a b\u200bc"}, // zero-width characters are evidence
		{"a\x00b\x07c", "abc"},
		{"<!-- x -->a", "a"},
	} {
		root, err := xhtml.Parse(strings.NewReader(tt.html))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, textOf(root, nil)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.html, diff)
		}
	}
}

func TestFromMarkup(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ntext":                      "plain\ntext",
		"a < b & c > d":                    "a < b & c > d",
		"<p>a</p><p>b</p>":                 "a\n\nb",
		"&lt;p&gt;a &amp;amp; b&lt;/p&gt;": "a & b",
		"Tom &amp; Ana":                    "Tom & Ana",
		"":                                 "",
	} {
		if got, _ := fromMarkup(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for n := range 7 {
		if got := clip("ăîș", n); !utf8.ValidString(got) || len(got) > n {
			t.Errorf("clip to %d gives %q", n, got)
		}
	}
}

// Whatever a page holds: reading it ends, and what comes out is bounded,
// valid, identified, distinct and free of anything to run.
func FuzzPage(f *testing.F) {
	for _, name := range []string{"forum.html", "list.html", "jobposting.html", "products.html", "product.html", "discussion.html", "rss.xml", "atom.xml", "feed.json", "article.html", "ad.html", "wordpress.html", "wordpress-blocks.html", "wordpress-list.html", "wordpress-comments.xml"} {
		f.Add(read(f, name), "", "forum")
		f.Add(read(f, name), "text/html", "auto")
	}
	f.Add([]byte(`<script type="application/ld+json">{"@graph":[{"@id":"a","@type":"Comment","comment":{"@id":"a"}}]}</script>`), "", "auto")
	f.Add([]byte(`<base href="javascript:x"><a href="http://[::1">x</a>`), "", "page")
	f.Fuzz(func(t *testing.T, body []byte, contentType, typ string) {
		in := Input{Source: "s", URL: "https://x.example.org/p", Body: []byte(strings.ToValidUTF8(string(body), "")), ContentType: contentType, FetchedAt: now}
		in.Hints.Type = Type(typ)
		if in.Hints.Type == Forum {
			in.Hints.Selectors = forumSelectors
		}
		res, err := Page(in)
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("a long error: %d bytes", len(err.Error()))
		}
		seen := map[string]bool{}
		for _, p := range res.Posts {
			if p.ID == "" || p.Text == "" || p.ContentHash == "" || seen[string(p.ID)] {
				t.Errorf("a post without id or text, or twice: %+v", p)
			}
			seen[string(p.ID)] = true
			if !utf8.ValidString(p.Text) || len(p.Text) > maxText || len(p.Title) > maxTitle || len(p.Author) > maxName {
				t.Errorf("a post that is too long or not UTF-8")
			}
		}
		for _, l := range res.Links {
			if u, err := url.Parse(l.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || len(l.URL) > maxURL {
				t.Errorf("link %q", l.URL)
			}
		}
		if len(res.Posts) > maxPosts || len(res.Links) > maxLinks {
			t.Errorf("%d posts and %d links", len(res.Posts), len(res.Links))
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"azi, 14:30", "12 octombrie 2026", "acum 5 minute", "Oct 11, 2026 at 6:05 PM", "1791730800"} {
		f.Add(s)
	}
	c := clock{now: now, loc: time.UTC}
	f.Fuzz(func(t *testing.T, s string) {
		w := c.parse(s)
		if !w.IsZero() && (w.Year() < 1990 || w.After(now.AddDate(1, 0, 0))) {
			t.Errorf("%q is %v", s, w)
		}
	})
}
