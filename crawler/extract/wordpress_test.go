package extract

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
)

func TestWordPressPosts(t *testing.T) {
	const cor, train = "https://blog.example.org/2026/10/cor/", "https://blog.example.org/2026/10/train/"
	const page2 = cor + "comment-page-2/#comment-32"
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 10, day, hour, minute, 0, 0, time.UTC) }
	post := func(native, page string, p veghe.Post) veghe.Post {
		thread, _, _ := strings.Cut(strings.Replace(page, "comment-page-2/", "", 1), "#")
		p.ID, p.Source, p.Kind, p.URL, p.Thread = id(native), "s", veghe.Forum, page, veghe.ThreadID(thread)
		return p
	}
	radu := post("comment-31", cor, veghe.Post{Seq: 2, ReplyTo: id("post-12"), Author: "Radu", Text: "La ce oră?", PostedAt: at(10, 6, 0)})
	ilinca := post("comment-32", cor, veghe.Post{Seq: 3, ReplyTo: id("comment-31"), Author: "Ilinca", Text: "De la șapte.", PostedAt: at(10, 6, 30)})
	later := func(p veghe.Post, seq int) veghe.Post {
		p.Seq = seq
		return p
	}
	tests := []struct {
		name string
		in   Input
		want []veghe.Post
	}{
		{
			"a theme of templates: the post, its comments, no pingback",
			Input{URL: cor, Body: read(t, "wordpress.html")},
			[]veghe.Post{
				post("post-12", cor, veghe.Post{
					Seq: 1, Author: "Ilinca", Title: "Corul caută voci", Text: "Repetăm joia.",
					Quotes: []veghe.Quote{{Text: "Cine cântă nu se ceartă."}}, PostedAt: at(9, 15, 0),
				}),
				radu, ilinca,
			},
		},
		{
			"a later page of comments repeats the post, which is not counted again",
			Input{URL: cor, Body: read(t, "wordpress.html"), Thread: cor, Seq: 21},
			[]veghe.Post{later(radu, 22), later(ilinca, 23)},
		},
		{
			"a theme of blocks: the number of the post stands in the body's classes only",
			Input{URL: train, Body: read(t, "wordpress-blocks.html"), Hints: Hints{Type: Forum}},
			[]veghe.Post{
				post("post-40", train, veghe.Post{Seq: 1, Author: "Tom Fields", Title: "Night train", Text: "Is it quiet enough to sleep?", PostedAt: at(8, 17, 0)}),
				post("comment-7", train, veghe.Post{Seq: 2, ReplyTo: id("post-40"), Author: "Ruth", Text: "Bring earplugs.", PostedAt: at(8, 18, 0)}),
				post("comment-8", train, veghe.Post{Seq: 3, ReplyTo: id("comment-7"), Author: "Tom Fields", Text: "Thanks!", PostedAt: at(8, 18, 5)}),
			},
		},
		{"a list has links only: its teasers are not posts", Input{URL: "https://blog.example.org/", Body: read(t, "wordpress-list.html")}, nil},
		{
			"a feed of comments, oldest first: the thread is the page, \"in reply to\" is not the writer's",
			Input{URL: "https://blog.example.org/comments/feed/", Body: read(t, "wordpress-comments.xml"), Hints: Hints{Type: Feed}},
			[]veghe.Post{
				post(cor+"#comment-31", cor+"#comment-31", veghe.Post{Author: "Radu", Title: "Comment on Cor by Radu", Text: "Vezi aici.\n\nLa ce oră?", PostedAt: at(10, 6, 0)}),
				post(page2, page2, veghe.Post{
					ReplyTo: id(cor + "#comment-31"), Author: "Ana & Dan", Title: "Comment on Cor by Ilinca", Text: "De la șapte.", PostedAt: at(10, 6, 30),
				}),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(t, tt.in)
			if diff := cmp.Diff(tt.want, got.Posts, cmpopts.IgnoreFields(veghe.Post{}, "ContentHash")); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
		})
	}
}

// The rel=next of a WordPress post leads to another post, not to more of it.
func TestWordPressLinks(t *testing.T) {
	const blog = "https://blog.example.org"
	want := map[string][]Link{
		"wordpress.html": {
			{URL: blog + "/2026/10/cor/comment-page-2/", Kind: Next, Thread: blog + "/2026/10/cor/", Seq: 3},
			{URL: blog + "/author/ilinca/", Kind: Other},
			{URL: blog + "/2026/10/paine/", Kind: Other},
			{URL: blog + "/2026/10/tren/", Kind: Other},
		},
		"wordpress-list.html": {
			{URL: blog + "/2026/10/bread/", Kind: Thread, Thread: blog + "/2026/10/bread/"},
			{URL: blog + "/2026/10/train/", Kind: Thread, Thread: blog + "/2026/10/train/"},
			{URL: blog + "/page/2/", Kind: Next},
			{URL: blog + "/about/", Kind: Other},
		},
	}
	for name, links := range want {
		got := parse(t, Input{URL: blog + "/2026/10/cor/", Body: read(t, name)})
		if diff := cmp.Diff(links, got.Links, cmpopts.IgnoreFields(Link{}, "Mark")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A post within another answers it, unless the selectors say otherwise.
func TestNestedPosts(t *testing.T) {
	in := Input{URL: "https://f.example.org/t/1", Body: []byte(`<div class="p" id="a"><p>Una.</p><div class="p" id="b"><p>Două.</p></div></div>`)}
	in.Hints.Type = Forum
	in.Hints.Selectors = Selectors{Post: ".p", ID: "@id", Text: "p"}
	got := parse(t, in).Posts
	if len(got) != 2 || got[0].ReplyTo != "" || got[1].ReplyTo != id("a") {
		t.Errorf("got %+v, want the second to answer the first", got)
	}
	in.Hints.Selectors.ReplyTo = "a.none"
	if got := parse(t, in).Posts; len(got) != 2 || got[1].ReplyTo != "" {
		t.Errorf("got %+v, want no answer", got)
	}
}
