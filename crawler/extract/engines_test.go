package extract

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// line writes what matters of a post on a line.
func line(p *veghe.Post, names map[veghe.PostID]string) string {
	s := fmt.Sprintf("%s %d %s %s", names[p.ID], p.Seq, p.Author, p.PostedAt.UTC().Format("02T15:04"))
	if p.ReplyTo != "" {
		s += " re:" + names[p.ReplyTo]
	}
	if p.Title != "" {
		s += " [" + p.Title + "]"
	}
	s += " " + strings.ReplaceAll(p.Text, "\n", "/")
	for _, q := range p.Quotes {
		s += " {" + string(q.Author) + ": " + q.Text + "}"
	}
	return s
}

// The same conversation, as each engine writes it: every post with its author,
// time, place in the thread and what it answers, and the words of others
// apart. Signatures, edit notices, buttons and what was taken away are not
// part of it.
func TestEngineThreads(t *testing.T) {
	const site = "https://f.example.org"
	for _, tt := range []struct {
		file, url, engine, thread string
		ids                       []string
		want                      []string
		next                      string
	}{
		{
			file: "phpbb-topic.html", url: "/viewtopic.php?f=2&t=7", engine: "phpbb", thread: "/viewtopic.php?t=7", ids: []string{"p12", "p13", "p14"},
			next: "/viewtopic.php?t=7&start=3",
		},
		{file: "xenforo-topic.html", url: "/threads/cules-de-mere.7/", engine: "xenforo", thread: "/threads/7/", ids: []string{"post-12", "post-13", "post-14"}, next: "/threads/cules-de-mere.7/page-2"},
		{file: "vbulletin4-topic.html", url: "/showthread.php?7-Cules-de-mere", engine: "vbulletin", thread: "/showthread.php?t=7", ids: []string{"post_12", "post_13", "post_14"}, next: "/showthread.php?7-Cules-de-mere/page2"},
		{file: "vbulletin5-topic.html", url: "/forum/munci/7-cules-de-mere", engine: "vbulletin", thread: "/forum/munci/7", ids: []string{"post_12", "post_13", "post_14"}, next: "/forum/munci/7-cules-de-mere/page2"},
		{file: "smf20-topic.html", url: "/index.php?topic=7.0", engine: "smf", thread: "/index.php?topic=7.0", ids: []string{"msg12", "msg13", "msg14"}, next: "/index.php?topic=7.3"},
		{file: "smf21-topic.html", url: "/index.php?topic=7.0", engine: "smf", thread: "/index.php?topic=7.0", ids: []string{"msg12", "msg13", "msg14"}, next: "/index.php?topic=7.3"},
		{file: "mybb-topic.html", url: "/showthread.php?tid=7", engine: "mybb", thread: "/showthread.php?tid=7", ids: []string{"pid12", "pid13", "pid14"}, next: "/showthread.php?tid=7&page=2"},
		{file: "invision-topic.html", url: "/topic/7-cules-de-mere/", engine: "invision", thread: "/topic/7/", ids: []string{"comment-12", "comment-13", "comment-14"}, next: "/topic/7-cules-de-mere/page/2/"},
		{
			file: "discourse-topic.json", url: "/t/7.json", engine: "discourse", thread: "/t/7", ids: []string{"t7/p1", "t7/p2", "t7/p4"}, next: "/t/7.json?page=2",
			want: []string{"", "", "c 4 ana.p 12T05:00 Mulțumesc!"},
		},
		{
			file: "nodebb-topic.json", url: "/api/topic/7", engine: "nodebb", thread: "/topic/7", ids: []string{"pid-12", "pid-13", "pid-14"}, next: "/api/topic/7?page=2",
			want: []string{"", "b 2 mihai_b 11T16:10 re:a @vara26 said in Cules de mere://Da, anul trecut. {: A lucrat cineva la cules?}", "c 4 oaspete 12T05:00 Mulțumesc!"},
		},
		{
			file: "flarum-topic.json", url: "/api/posts?filter%5Bdiscussion%5D=7&page%5Blimit%5D=50&sort=number", engine: "flarum", thread: "/d/7", ids: []string{"post-12", "post-13", "post-14"},
			next: "/api/posts?filter%5Bdiscussion%5D=7&page%5Blimit%5D=50&page%5Boffset%5D=50&sort=number",
			want: []string{"", "b 2 mihai_b 11T16:10 re:a vara26//Da, anul trecut. {: A lucrat cineva la cules?}", "c 4  12T05:00 Mulțumesc!"},
		},
		{
			file: "lemmy-comments.json", url: "/api/v3/comment/list?limit=50&post_id=7&sort=Old", engine: "lemmy", thread: "/post/7", ids: []string{"post-7", "comment-11", "comment-12"},
			want: []string{"b 1 mihai_b 11T16:10 re:a Da, anul trecut. {: A lucrat cineva la cules?}", "c 2 vara26 12T05:00 re:b Mulțumesc!"},
		},
	} {
		t.Run(tt.file, func(t *testing.T) {
			want := []string{
				"a 1 vara26 11T15:05 [Cules de mere] A lucrat cineva la cules/de mere?",
				"b 2 mihai_b 11T16:10 re:a Da, anul trecut. {vara26: A lucrat cineva la cules?}",
				"c 3 oaspete 12T05:00 Mulțumesc!",
			}
			if tt.engine == "xenforo" {
				want[2] = "c 3 ana.p 12T05:00 Mulțumesc!"
			}
			if len(tt.want) == 2 {
				want = tt.want
			}
			for i, w := range tt.want {
				if w != "" {
					want[i] = w
				}
			}
			names := map[veghe.PostID]string{}
			for i, native := range tt.ids {
				names[id(native)] = string(rune('a' + i))
			}
			res := parse(t, Input{URL: site + tt.url, Body: read(t, "engines/"+tt.file), ContentType: typeOf(tt.file)})
			var got []string
			for i := range res.Posts {
				got = append(got, line(&res.Posts[i], names))
				if string(res.Posts[i].Thread) != site+tt.thread {
					t.Errorf("thread %q, want %q", res.Posts[i].Thread, site+tt.thread)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
			if res.Engine != tt.engine {
				t.Errorf("engine %q, want %q", res.Engine, tt.engine)
			}
			var links []string
			for _, l := range res.Links {
				links = append(links, string(l.Kind)+" "+strings.TrimPrefix(l.URL, site))
			}
			var next []string
			if tt.next != "" {
				next = []string{"next " + tt.next}
			}
			if diff := cmp.Diff(next, links); diff != "" {
				t.Errorf("a thread leads to its next page only (-want +got):\n%s", diff)
			}
		})
	}
}

func typeOf(file string) string {
	if strings.HasSuffix(file, ".json") {
		return "application/json; charset=utf-8"
	}
	return "text/html"
}

// A list leads to threads, other forums and its next page; never to members,
// log-ins, searches or the pages of a thread out of order.
func TestEngineLists(t *testing.T) {
	const site = "https://f.example.org"
	for _, tt := range []struct {
		file, url, engine string
		want              []string
	}{
		{"phpbb-forum.html", "/viewforum.php?f=2", "phpbb", []string{"thread /viewtopic.php?f=2&t=7 /viewtopic.php?t=7", "thread /viewtopic.php?f=2&t=9 /viewtopic.php?t=9", "list /viewforum.php?f=5", "next /viewforum.php?f=2&start=25"}},
		{"xenforo-forum.html", "/forums/munci.2/", "xenforo", []string{"thread /threads/cules-de-mere.7/ /threads/7/", "thread /threads/transport.9/ /threads/9/", "list /forums/sezoniere.5/", "next /forums/munci.2/page-2"}},
		{"vbulletin4-forum.html", "/forumdisplay.php?2-Munci", "vbulletin", []string{"thread /showthread.php?7-Cules-de-mere /showthread.php?t=7", "thread /showthread.php?9-Transport /showthread.php?t=9", "list /forumdisplay.php?5-Sezoniere", "next /forumdisplay.php?2-Munci/page2"}},
		{"vbulletin5-forum.html", "/forum/munci", "vbulletin", []string{"thread /forum/munci/7-cules-de-mere /forum/munci/7", "thread /forum/munci/9-transport /forum/munci/9", "list /forum/sezoniere", "next /forum/munci/page2"}},
		{"smf20-forum.html", "/index.php?board=2.0", "smf", []string{"thread /index.php?topic=7.0 /index.php?topic=7.0", "thread /index.php?topic=9.0 /index.php?topic=9.0", "list /index.php?board=5.0", "next /index.php?board=2.20"}},
		{"mybb-forum.html", "/forumdisplay.php?fid=2", "mybb", []string{"thread /showthread.php?tid=7 /showthread.php?tid=7", "thread /showthread.php?tid=9 /showthread.php?tid=9", "list /forumdisplay.php?fid=5", "next /forumdisplay.php?fid=2&page=2"}},
		{"invision-forum.html", "/forum/2-munci/", "invision", []string{"thread /topic/7-cules-de-mere/ /topic/7/", "thread /topic/9-transport/ /topic/9/", "list /forum/5-sezoniere/", "next /forum/2-munci/page/2/"}},
		// Sites that answer in JSON: a page leads to the answer, and the answer to more.
		{"discourse-page.html", "/", "discourse", []string{"front /latest.json"}},
		{"discourse-page.html", "/c/munci/2", "discourse", []string{"front /c/munci/2.json"}},
		{"discourse-page.html", "/t/cules-de-mere/7/2", "discourse", []string{"thread /t/7.json /t/7"}},
		{"discourse-list.json", "/latest.json", "discourse", []string{"thread /t/7.json /t/7", "thread /t/9.json /t/9", "next /latest.json?page=1"}},
		{"discourse-list.json", "/forum/latest.json?page=4", "discourse", []string{"thread /forum/t/7.json /forum/t/7", "thread /forum/t/9.json /forum/t/9", "next /forum/latest.json?page=5"}},
		{"nodebb-page.html", "/", "nodebb", []string{"front /api/categories", "front /api/recent"}},
		{"nodebb-page.html", "/topic/7/cules-de-mere", "nodebb", []string{"thread /api/topic/7 /topic/7"}},
		{"nodebb-list.json", "/api/category/2/munci", "nodebb", []string{"list /api/category/5/sezoniere", "thread /api/topic/7 /topic/7", "thread /api/topic/9 /topic/9", "next /api/category/2/munci?page=2"}},
		{"flarum-page.html", "/", "flarum", []string{"front /api/discussions?sort=-lastPostedAt"}},
		{"flarum-page.html", "/d/7-cules-de-mere", "flarum", []string{"thread /api/posts?filter%5Bdiscussion%5D=7&page%5Blimit%5D=50&sort=number /d/7"}},
		{"flarum-list.json", "/api/discussions?sort=-lastPostedAt", "flarum", []string{"thread /api/posts?filter%5Bdiscussion%5D=7&page%5Blimit%5D=50&sort=number /d/7", "thread /api/posts?filter%5Bdiscussion%5D=9&page%5Blimit%5D=50&sort=number /d/9", "next /api/discussions?sort=-lastPostedAt&page%5Boffset%5D=20"}},
		{"lemmy-page.html", "/", "lemmy", []string{"front /api/v3/post/list?limit=50&sort=New&type_=Local"}},
		{"lemmy-page.html", "/c/munci", "lemmy", []string{"front /api/v3/post/list?limit=50&sort=New&type_=Local&community_name=munci"}},
		{"lemmy-list.json", "/api/v3/post/list?limit=50&sort=New&type_=Local", "lemmy", []string{"thread /api/v3/comment/list?limit=50&post_id=7&sort=Old&type_=All /post/7"}},
		{"mastodon-page.html", "/public/local", "mastodon", []string{"front /api/v1/timelines/public?limit=40&local=true"}},
		{"mastodon-page.html", "/tags/cules", "mastodon", []string{"front /api/v1/timelines/tag/cules?limit=40"}},
		{"sitemap.xml", "/sitemap.xml", "sitemap", []string{"page /anunt/2?a=1&b=2", "page /anunt/1", "page /despre"}},
		{"sitemap-index.xml", "/sitemap.xml", "sitemap", []string{"list /sitemap-1.xml.gz"}},
	} {
		t.Run(tt.file+tt.url, func(t *testing.T) {
			res := parse(t, Input{URL: site + tt.url, Body: read(t, "engines/"+tt.file), ContentType: typeOf(tt.file)})
			var got []string
			for _, l := range res.Links {
				s := string(l.Kind) + " " + strings.TrimPrefix(l.URL, site)
				if l.Kind == Thread {
					s += " " + strings.TrimPrefix(string(l.Thread), site)
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			if res.Engine != tt.engine {
				t.Errorf("engine %q, want %q", res.Engine, tt.engine)
			}
		})
	}
}

// What says how often a thread was looked at must not mark it as changed; an
// answer must.
func TestMarksIgnoreViews(t *testing.T) {
	for _, tt := range []struct{ file, views, answer, answered string }{
		{"phpbb-forum.html", `120 <dfn>Views`, `3 <dfn>Replies`, `4 <dfn>Replies`},
		{"xenforo-forum.html", `<dd>120</dd>`, `<dd>2</dd>`, `<dd>3</dd>`},
		{"xenforo-forum.html", `5 minutes ago`, `2026-10-12T08:00:00+0300`, `2026-10-12T08:30:00+0300`},
		{"vbulletin4-forum.html", `Views: 120`, `>2</a></li>`, `>3</a></li>`},
		{"vbulletin5-forum.html", `120 views`, `3 responses`, `4 responses`},
		{"smf20-forum.html", `120 Views`, `by oaspete`, `by ana`},
		{"mybb-forum.html", `<td class="trow1">120</td>`, `return false;">2</a>`, `return false;">3</a>`},
		{"invision-forum.html", `120 views`, `2026-10-12T05:00:00Z`, `2026-10-12T06:00:00Z`},
		{"discourse-list.json", `"views":120`, `2026-10-12T05:00:00.000Z`, `2026-10-12T06:00:00.000Z`},
		{"nodebb-list.json", `"viewcount":120`, `"postcount":3`, `"postcount":4`},
	} {
		mark := func(replace, by string) string {
			body := string(read(t, "engines/"+tt.file))
			if replace != "\x00" && !strings.Contains(body, replace) {
				t.Fatalf("%s does not have %s", tt.file, replace)
			}
			in := Input{URL: "https://f.example.org/latest.json", Body: []byte(strings.ReplaceAll(body, replace, by)), ContentType: typeOf(tt.file)}
			if strings.HasPrefix(tt.file, "nodebb") {
				in.URL = "https://f.example.org/api/recent"
			}
			for _, l := range parse(t, in).Links {
				if l.Kind == Thread && strings.Contains(l.URL, "7") {
					return l.Mark
				}
			}
			return ""
		}
		before := mark("\x00", "")
		if before == "" || mark(tt.views, strings.NewReplacer("120", "121", "5 minutes", "6 minutes").Replace(tt.views)) != before {
			t.Errorf("%s: a view changes the mark", tt.file)
		}
		if mark(tt.answer, tt.answered) == before {
			t.Errorf("%s: an answer does not change the mark", tt.file)
		}
	}
}

// Later pages count on, by what the page says or what stood before it; a page
// in the middle that nobody led to does not invent a place.
func TestLaterPages(t *testing.T) {
	body := read(t, "engines/phpbb-topic.html")
	body = []byte(strings.ReplaceAll(string(body), "viewtopic.php?t=7\">", "viewtopic.php?t=7&amp;start=25\">"))
	for _, tt := range []struct{ seq, want int }{{25, 26}, {0, 0}} {
		got := parse(t, Input{URL: "https://f.example.org/viewtopic.php?t=7&start=25", Body: body, Seq: tt.seq, Thread: "x"}).Posts
		if len(got) != 3 || got[0].Seq != tt.want || got[0].Title != "" || got[0].Thread != "https://f.example.org/viewtopic.php?t=7" {
			t.Errorf("after %d: %+v, want seq %d, no title and the same thread", tt.seq, got, tt.want)
		}
	}
}

// An edit keeps the id and changes the content.
func TestEngineEdits(t *testing.T) {
	for _, file := range []string{"phpbb-topic.html", "xenforo-topic.html", "vbulletin4-topic.html", "smf20-topic.html", "mybb-topic.html", "invision-topic.html"} {
		in := Input{URL: "https://f.example.org/threads/7/", Body: read(t, "engines/"+file)}
		before := parse(t, in).Posts
		in.Body = []byte(strings.ReplaceAll(string(in.Body), "Da, anul trecut.", "Da, acum doi ani."))
		after := parse(t, in).Posts
		if len(before) != 3 || len(after) != 3 || before[1].ID != after[1].ID || before[1].ContentHash == after[1].ContentHash || before[2].ID != after[2].ID {
			t.Errorf("%s: an edit made other posts: %+v, then %+v", file, before, after)
		}
	}
}

func TestTimelinesAndAds(t *testing.T) {
	const site = "https://f.example.org"
	names := map[veghe.PostID]string{id("status-110"): "a", id("status-112"): "b", id("post-7"): "a", id("post-9"): "b", id(site + "/anunt/1"): "a"}
	for _, tt := range []struct {
		file, url string
		typ       Type
		want      []string
	}{
		{"mastodon-timeline.json", "/api/v1/timelines/public?local=true", Auto, []string{"a 0 vara26 11T15:05 [muncă] A lucrat cineva la cules/de mere?", "b 0 ana 12T05:00 re:a @vara26 Da, anul trecut."}},
		{"lemmy-list.json", "/api/v3/post/list", Forum, []string{"a 1 vara26 11T15:05 [Cules de mere] A lucrat cineva la cules/de mere?", "b 1 ana_p 10T05:00 [Transport spre nord] Transport spre nord"}},
		{"opengraph.html", "/anunt/1", Board, []string{"a 0  01T00:00 [Bicicletă de oraș] Bicicletă puțin folosită, sună la 0700 000 111."}},
		{"opengraph.html", "/anunt/1", Auto, nil}, // a description is cut short: only a board takes it
	} {
		res := parse(t, Input{URL: site + tt.url, Body: read(t, "engines/"+tt.file), ContentType: typeOf(tt.file), Hints: Hints{Type: tt.typ}})
		var got []string
		for i := range res.Posts {
			got = append(got, line(&res.Posts[i], names))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s as %s (-want +got):\n%s", tt.file, tt.typ, diff)
		}
	}
}

// A timeline goes back only by what is called older, so that the crawler can
// stop where nothing is new.
func TestTimelineGoesBack(t *testing.T) {
	var items []string
	for i := range 40 {
		items = append(items, fmt.Sprintf(`{"id":"%d","visibility":"public","content":"<p>Salut %d</p>","account":{"acct":"ana"},"created_at":"2026-10-11T15:05:00Z"}`, 400-i, i))
	}
	in := Input{URL: "https://f.example.org/api/v1/timelines/public?limit=40&local=true", Body: []byte("[" + strings.Join(items, ",") + "]"), ContentType: "application/json"}
	got := parse(t, in).Links
	want := []Link{{URL: "https://f.example.org/api/v1/timelines/public?limit=40&local=true&max_id=361", Kind: Older}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	in.URL = got[0].URL // a server that ignores max_id
	if got := parse(t, in).Links; len(got) != 0 {
		t.Errorf("the same page again leads to %v", got)
	}
}

// Answers that mean harm: bounded in time and memory, and no panic.
func TestHostileAnswers(t *testing.T) {
	urls := []string{"/latest.json", "/t/7.json", "/api/category/2", "/api/topic/7", "/api/discussions", "/api/posts", "/api/v3/post/list", "/api/v3/comment/list", "/api/v1/timelines/public"}
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	bodies := map[string]string{
		"a million empty objects": `{"posts":[` + repeat(`{}`, 600_000) + `],"topic_list":{"topics":[` + repeat("{}", 100_000) + `]}}`,
		"a list of them":          `[` + repeat(`{}`, 900_000) + `]`,
		"deep lists":              strings.Repeat("[", 900_000),
		"deep objects":            strings.Repeat(`{"posts":`, 200_000),
		"deep and closed":         `{"post_stream":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`,
		"huge numbers":            `{"id":` + strings.Repeat("9", 1<<20) + `,"tid":1e999999,"pagination":{"currentPage":1e400,"pageCount":-1},"posts":[{"pid":"` + strings.Repeat("9", 1<<20) + `","index":-1}]}`,
		"wrong kinds":             `{"posts":{"a":1},"data":"x","comments":7,"topics":[[[]],null,"x",{"tid":{}}],"post_stream":{"posts":[1,{"id":[],"cooked":{}}],"stream":"x"},"links":{"next":{}},"topic_list":[]}`,
		"addresses of elsewhere":  `{"tid":7,"categories":[{"slug":"../../x"},{"slug":"//evil.example.net/"}],"links":{"next":"https://evil.example.net/api/discussions"},"data":[{"type":"discussions","id":"../x"}],"topics":[{"tid":"7/../../x"}]}`,
		"not closed":              `{"posts":[{"pid":1,"content":"x`,
		"nothing":                 `null`,
	}
	for name, body := range bodies {
		for _, u := range urls {
			began := time.Now()
			res, err := Page(Input{Source: "s", URL: "https://f.example.org" + u, Body: []byte(body), ContentType: "application/json", FetchedAt: now})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%s at %s took %v", name, u, took)
			}
			if len(res.Posts) > maxPosts || len(res.Links) > maxLinks {
				t.Errorf("%s at %s: %d posts, %d links", name, u, len(res.Posts), len(res.Links))
			}
			if err != nil && len(err.Error()) > 200 {
				t.Errorf("%s at %s: an error of %d bytes", name, u, len(err.Error()))
			}
			for _, l := range res.Links {
				if v, err := url.Parse(l.URL); err != nil || v.Host != "f.example.org" || strings.Contains(v.Path, "..") {
					t.Errorf("%s at %s leads to %s", name, u, l.URL)
				}
			}
		}
	}
}

func TestHostileSitemaps(t *testing.T) {
	for name, body := range map[string]string{
		"entities": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>https://f.example.org/&b;</loc></url></urlset>`,
		"outside":  `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>https://f.example.org/&a;</loc></url></urlset>`,
		"deep":     `<urlset>` + strings.Repeat("<url>", 5000),
		"damaged":  `<urlset><url><loc`,
	} {
		res, err := Page(Input{Source: "s", URL: "https://f.example.org/sitemap.xml", Body: []byte(body), FetchedAt: now})
		if err == nil || len(res.Links) > 0 {
			t.Errorf("%s: links %v, error %v, want none and an error", name, res.Links, err)
		}
	}
	many := `<urlset>` + strings.Repeat(`<url><loc>https://f.example.org/a</loc></url>`, 60_000)
	res, err := Page(Input{Source: "s", URL: "https://f.example.org/sitemap.xml", Body: []byte(many), FetchedAt: now})
	if err != nil || len(res.Links) != 1 || len(res.Problems) != 1 {
		t.Errorf("a huge sitemap: %d links, problems %v, error %v", len(res.Links), res.Problems, err)
	}
}

// Whatever an API answers: reading it ends, and what comes out is bounded.
func FuzzAPI(f *testing.F) {
	seeds := map[string]string{
		"discourse-list.json": "/latest.json", "discourse-topic.json": "/t/7.json", "nodebb-list.json": "/api/category/2", "nodebb-topic.json": "/api/topic/7",
		"flarum-list.json": "/api/discussions", "flarum-topic.json": "/api/posts", "lemmy-list.json": "/api/v3/post/list", "lemmy-comments.json": "/api/v3/comment/list",
		"mastodon-timeline.json": "/api/v1/timelines/public", "sitemap.xml": "/sitemap.xml",
	}
	for name, path := range seeds {
		f.Add(path, read(f, "engines/"+name))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		fuzzed(t, Input{URL: "https://f.example.org" + path, Body: body, ContentType: "application/json"})
	})
}

// Whatever a page of a forum engine holds.
func FuzzBoard(f *testing.F) {
	for _, name := range []string{"phpbb", "xenforo", "vbulletin4", "vbulletin5", "smf20", "mybb", "invision"} {
		f.Add("/topic/7-a/?topic=7.0&t=7", read(f, "engines/"+name+"-topic.html"))
		f.Add("/", read(f, "engines/"+name+"-forum.html"))
	}
	for _, name := range []string{"discourse", "nodebb", "flarum", "lemmy", "mastodon"} {
		f.Add("/t/x/7", read(f, "engines/"+name+"-page.html"))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		fuzzed(t, Input{URL: "https://f.example.org" + path, Body: body, ContentType: "text/html"})
	})
}

func fuzzed(t *testing.T, in Input) {
	in.Source, in.FetchedAt, in.Body = "s", now, []byte(strings.ToValidUTF8(string(in.Body), ""))
	res, err := Page(in)
	if err != nil {
		return
	}
	seen := map[veghe.PostID]bool{}
	for i := range res.Posts {
		p := &res.Posts[i]
		if p.ID == "" || p.Text == "" || seen[p.ID] || p.Seq < 0 || p.Seq > 2*maxSeq || len(p.Text) > maxText || len(p.Title) > maxTitle || len(p.Author) > maxName {
			t.Errorf("post %d is out of bounds or twice", i)
		}
		seen[p.ID] = true
	}
	for _, l := range res.Links {
		if u, err := url.Parse(l.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || len(l.URL) > maxURL {
			t.Errorf("link %q", l.URL)
		}
	}
	if len(res.Posts) > maxPosts || len(res.Links) > maxLinks {
		t.Errorf("%d posts and %d links", len(res.Posts), len(res.Links))
	}
}
