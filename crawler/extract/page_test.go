package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
)

var now = time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC) // noon in Bucharest

var forumSelectors = Selectors{
	List: "tr.row", Item: "a.title", Next: "a.next", Thread: "h1.topic @data-tid", Post: "article.message", ID: "@data-id",
	Author: ".name", Title: "h1.topic", Text: ".body", Posted: "time @datetime", Place: ".loc", ReplyTo: "a.re @href",
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, in Input) Result {
	t.Helper()
	in.Source, in.FetchedAt = "s", now
	res, err := Page(in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func id(native string) veghe.PostID { return veghe.NativeID("s", native) }

func TestPosts(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	forum := forumSelectors
	forum.Posted = "time"
	tests := []struct {
		name   string
		in     Input
		engine string
		want   []veghe.Post
	}{
		{
			"selectors: a thread with a quote, a reply and three ways to tell the time",
			Input{URL: "https://forum.example.org/thread/7", Body: read(t, "forum.html"), Hints: Hints{Type: Forum, Selectors: forum}},
			"selectors",
			[]veghe.Post{
				{
					ID: id("post-101"), Kind: veghe.Forum, URL: "https://forum.example.org/thread/7-munca-la-cules", Thread: "7", Seq: 1,
					Author: "vara26", Title: "Muncă la cules", Place: "Iași", Text: "Bună! A lucrat cineva la cules\nde mere?\n\nCât se plătește & unde?\n\n🙂",
					PostedAt: at("2026-10-11T18:05:00+03:00"),
				},
				{
					ID: id("post-102"), Kind: veghe.Forum, URL: "https://forum.example.org/thread/7-munca-la-cules", Thread: "7", Seq: 2,
					ReplyTo: id("post-101"), Author: "mihai_b", Text: "Depinde de fermă.",
					Quotes: []veghe.Quote{{Author: "vara26", Text: "Cât se plătește?"}}, PostedAt: at("2026-10-12T09:30:00+03:00"),
				},
				{
					ID: id("post-103"), Kind: veghe.Forum, URL: "https://forum.example.org/thread/7-munca-la-cules", Thread: "7", Seq: 3,
					Author: "ana.p", Text: "Cere contractul scris înainte.", PostedAt: now.Add(-5 * time.Minute),
				},
			},
		},
		{
			"selectors: a page that is one ad",
			Input{URL: "https://ads.example.org/ad/5", Body: read(t, "ad.html"), Hints: Hints{Type: Board, Selectors: Selectors{
				Title: "h1.t", Text: ".desc", Author: ".who", Place: ".city", Posted: ".date",
			}}},
			"selectors",
			[]veghe.Post{{
				ID: id("https://ads.example.org/ad/5"), Kind: veghe.Ad, URL: "https://ads.example.org/ad/5", Author: "Pensiunea Exemplu",
				Title: "Ajutor la curățenie", Text: "Căutăm o persoană pentru curățenie.\nProgram fix, contract.", Place: "Sibiu",
				PostedAt: at("2026-10-09T14:30:00+03:00"),
			}},
		},
		{
			"JSON-LD: a job with references, escaped markup and comment marks",
			Input{URL: "https://ads.example.org/jobs/77", Body: read(t, "jobposting.html")},
			"json-ld",
			[]veghe.Post{{
				ID: id("A-77"), Kind: veghe.Ad, URL: "https://ads.example.org/jobs/77", Author: "Cantina Exemplu", Title: "Ajutor de bucătar",
				Text:  "Căutăm ajutor de bucătar.\n\nprogram de 8 ore\ncontract\n+40 700 000 123",
				Place: "Cluj-Napoca, RO", PostedAt: at("2026-10-10T00:00:00+03:00"),
			}},
		},
		{
			"JSON-LD: a discussion with nested comments",
			Input{URL: "https://forum.example.org/d/5", Body: read(t, "discussion.html")},
			"json-ld",
			[]veghe.Post{
				{
					ID: id("https://forum.example.org/d/5"), Kind: veghe.Forum, URL: "https://forum.example.org/d/5", Thread: "https://forum.example.org/d/5",
					Seq: 1, Author: "ioan", Title: "Drumeție duminică", Text: "Merge cineva pe munte?", PostedAt: at("2026-10-10T08:00:00Z"),
				},
				{
					ID: id("https://forum.example.org/d/5#c1"), Kind: veghe.Forum, URL: "https://forum.example.org/d/5#c1", Thread: "https://forum.example.org/d/5",
					Seq: 2, ReplyTo: id("https://forum.example.org/d/5"), Author: "dana", Text: "Eu merg.\nLa ce oră?", PostedAt: at("2026-10-10T09:00:00Z"),
				},
				{
					ID: id("https://forum.example.org/d/5#c2"), Kind: veghe.Forum, URL: "https://forum.example.org/d/5#c2", Thread: "https://forum.example.org/d/5",
					Seq: 3, ReplyTo: id("https://forum.example.org/d/5#c1"), Author: "ioan", Text: "La opt.", PostedAt: at("2026-10-10T09:10:00Z"),
				},
				{
					ID: id("https://forum.example.org/d/5#c3"), Kind: veghe.Forum, URL: "https://forum.example.org/d/5#c3", Thread: "https://forum.example.org/d/5",
					Seq: 4, ReplyTo: id("https://forum.example.org/d/5"), Author: "radu", Text: "Prea devreme!", Quotes: []veghe.Quote{{Text: "La opt."}},
				},
			},
		},
		{
			"microdata: a product with its offer",
			Input{URL: "https://ads.example.org/ad/12", Body: read(t, "product.html")},
			"microdata",
			[]veghe.Post{{
				ID: id("B-12"), Kind: veghe.Ad, URL: "https://ads.example.org/ad/12", Author: "vanzator_1", Title: "Bicicletă de oraș",
				Text: "Bicicletă folosită, stare bună.\n\nPredare personală.", Place: "Brașov", PostedAt: at("2026-10-09T10:00:00Z"),
			}},
		},
		{
			"RSS: declared in an encoding it no longer has, a full text and a reply",
			Input{URL: "https://blog.example.org/feed", Body: read(t, "rss.xml")},
			"feed",
			[]veghe.Post{
				{
					ID: id("tag:1"), Kind: veghe.Forum, URL: "https://blog.example.org/p/1", Author: "elena", Title: "Întâi & întâi",
					Text: "Text lung.\n\nAl doilea rând.", PostedAt: at("2026-10-10T10:00:00+03:00"),
				},
				{
					ID: id("tag:9"), Kind: veghe.Forum, URL: "https://blog.example.org/p/1#c9", Thread: "tag:1", ReplyTo: id("tag:1"),
					Title: "Răspuns", Text: "De acord.",
				},
			},
		},
		{
			"Atom: a relative link",
			Input{URL: "https://blog.example.org/atom", Body: read(t, "atom.xml"), Hints: Hints{Type: Feed}},
			"feed",
			[]veghe.Post{{
				ID: id("urn:a1"), Kind: veghe.Forum, URL: "https://blog.example.org/t/1", Author: "paul", Title: "Anunț nou", Text: "Un text.",
				PostedAt: at("2026-10-10T10:00:00Z"),
			}},
		},
		{
			"JSON Feed",
			Input{URL: "https://blog.example.org/feed.json", Body: read(t, "feed.json"), ContentType: "application/feed+json"},
			"feed",
			[]veghe.Post{{
				ID: id("j1"), Kind: veghe.Forum, URL: "https://blog.example.org/j/1", Author: "ana", Title: "T", Text: "Un rând.\nAl doilea.",
				PostedAt: at("2026-10-10T10:00:00Z"),
			}},
		},
		{"a list of products has none, only links", Input{URL: "https://ads.example.org/ads", Body: read(t, "products.html")}, "microdata", nil},
		{"noindex keeps nothing", Input{URL: "https://ads.example.org/ad/12", Body: read(t, "product.html"), Robots: "noindex"}, "microdata", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.in)
			for i := range tt.want {
				tt.want[i].Source = "s"
				tt.want[i].PostedAt = tt.want[i].PostedAt.UTC()
			}
			if got.Engine != tt.engine {
				t.Errorf("engine %q, want %q", got.Engine, tt.engine)
			}
			if diff := cmp.Diff(tt.want, got.Posts, cmpopts.IgnoreFields(veghe.Post{}, "ContentHash")); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadable(t *testing.T) {
	in := Input{URL: "https://guide.example.org/oferta", Body: read(t, "article.html")}
	got := parse(t, in)
	if got.Engine != "readable" || len(got.Posts) != 1 {
		t.Fatalf("engine %q with %d posts, want readable with 1", got.Engine, len(got.Posts))
	}
	post := got.Posts[0]
	for _, want := range []string{"cere un contract scris", "cuvânt de siguranță", "linie de sprijin"} {
		if !strings.Contains(post.Text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for _, noise := range []string{"Acasă", "Ghid de probă"} {
		if strings.Contains(post.Text, noise) {
			t.Errorf("the text holds %q", noise)
		}
	}
	// Of a forum the main text would be one post run together.
	in.Hints.Type = Forum
	if got := parse(t, in); len(got.Posts) != 0 {
		t.Errorf("a forum without selectors gave %d posts, want none", len(got.Posts))
	}
}

func TestLinks(t *testing.T) {
	tests := []struct {
		name string
		in   Input
		want []Link
	}{
		{
			"the rows of a list, marked",
			Input{URL: "https://forum.example.org/list", Body: read(t, "list.html"), Hints: Hints{Type: Forum, Selectors: forumSelectors}},
			[]Link{
				{URL: "https://forum.example.org/thread/7-munca-la-cules", Kind: Thread, Thread: "https://forum.example.org/thread/7-munca-la-cules", Mark: hash("Muncă la cules 3 răspunsuri")},
				{URL: "https://forum.example.org/thread/8", Kind: Thread, Thread: "https://forum.example.org/thread/8", Mark: hash("Chirie în oraș 0 răspunsuri")},
				{URL: "https://forum.example.org/list?page=2", Kind: Next},
			},
		},
		{
			"the next page of a thread knows how many posts stand before it",
			Input{URL: "https://forum.example.org/thread/7", Thread: "t7", Seq: 20, Body: read(t, "forum.html"), Hints: Hints{Type: Forum, Selectors: forumSelectors}},
			[]Link{{URL: "https://forum.example.org/thread/7-munca-la-cules?page=2", Kind: Next, Thread: "t7", Seq: 23}},
		},
		{
			"ads on pages of their own",
			Input{URL: "https://ads.example.org/ads", Body: read(t, "products.html")},
			[]Link{
				{URL: "https://ads.example.org/ad/1", Kind: Post},
				{URL: "https://ads.example.org/ad/2", Kind: Post},
				{URL: "https://ads.example.org/ads?p=2", Kind: Next},
			},
		},
		{
			"page numbers beside a next link are left to it",
			Input{URL: "https://forum.example.org/d/5", Body: read(t, "discussion.html")},
			[]Link{
				{URL: "https://forum.example.org/d/5?page=2", Kind: Next, Thread: "https://forum.example.org/d/5", Seq: 4},
				{URL: "https://forum.example.org/d/6", Kind: Other},
			},
		},
		{
			"nofollow",
			Input{URL: "https://forum.example.org/d/5", Body: append(read(t, "discussion.html"), `<meta name="robots" content="nofollow">`...)},
			nil,
		},
		{
			"a feed of a forum leads to its threads",
			Input{URL: "https://blog.example.org/atom", Body: read(t, "atom.xml"), Hints: Hints{Type: Forum}},
			[]Link{{URL: "https://blog.example.org/t/1", Kind: Thread, Thread: "https://blog.example.org/t/1"}},
		},
		{
			"no scripts, mail, credentials or fragments",
			Input{URL: "https://x.example.org/a", Body: []byte(`<a href="javascript:x()">a</a><a href="mailto:a@example.org">b</a>
				<a href="https://u:p@x.example.org/">c</a><a href="#top">d</a><a href="ftp://x.example.org/">e</a><a href="/ok">f</a>`)},
			[]Link{{URL: "https://x.example.org/ok", Kind: Other}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parse(t, tt.in).Links); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}

// The same page read twice, at different times, gives the same ids; a post
// without a name of its own keeps its id when one before it goes away.
func TestStableIDs(t *testing.T) {
	in := func(body string, at time.Time) Input {
		return Input{Source: "s", URL: "https://f.example.org/t/1", FetchedAt: at, Body: []byte(body), Hints: Hints{Type: Forum, Selectors: Selectors{
			Post: ".p", Author: ".a", Text: ".x", Posted: ".t",
		}}}
	}
	const first, second, third = `<div class=p><i class=a>ana</i><i class=t>acum 2 ore</i><p class=x>Salut</div>`,
		`<div class=p><i class=a>dan</i><i class=t>acum o oră</i><p class=x>Bună</div>`,
		`<div class=p><i class=a>dan</i><i class=t>acum 5 minute</i><p class=x>Bună</div>`
	a, err := Page(in(first+second+third, now))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Page(in(second+third, now.Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(r Result) (out []veghe.PostID) {
		for _, p := range r.Posts {
			out = append(out, p.ID)
		}
		return out
	}
	if len(a.Posts) != 3 {
		t.Fatalf("%d posts, want 3: the same words said twice are two posts", len(a.Posts))
	}
	if diff := cmp.Diff(ids(a)[1:], ids(b)); diff != "" {
		t.Errorf("ids after the first post was deleted (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		hints      Hints
		wantErr    string
		problems   int
	}{
		{"broken JSON-LD is one problem, the rest is read", `<script type="application/ld+json">{"a":</script>`, Hints{}, "", 1},
		{"a page is not a feed", `<html>`, Hints{Type: Feed}, "not a feed", 0},
		{"a damaged feed", `<rss><channel><item></rss`, Hints{}, "damaged", 0},
		{"a feed with entities", `<!DOCTYPE x [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>`, Hints{}, "entities", 0},
		{"a feed nested beyond reason", `<rss version="2.0"><channel>` + strings.Repeat("<a:b>", 5000), Hints{}, "nested", 0},
		{"HTML nested beyond reason", strings.Repeat("<div>", 5000), Hints{}, "nested", 0},
		{"JSON nested beyond reason", `<script type="application/ld+json">` + strings.Repeat("[", 100000) + `</script>`, Hints{}, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := Page(Input{URL: "https://x.example.org/", Body: []byte(tt.body), Hints: tt.hints, FetchedAt: now})
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
			if len(res.Problems) != tt.problems {
				t.Errorf("problems %v, want %d", res.Problems, tt.problems)
			}
		})
	}
}
