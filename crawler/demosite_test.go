package crawler

import (
	"net/http/httptest"
	"testing"

	"veghe/crawler/demosite"
	"veghe/crawler/extract"
)

// The invented site is read completely: every post once, and nothing that is
// disallowed or media.
func TestDemoSite(t *testing.T) {
	site := demosite.New(demosite.Options{})
	server := httptest.NewServer(site)
	defer server.Close()
	forum, ads := local(server.URL+demosite.ForumPath), local(server.URL+demosite.AdsPath)
	forum.ID, forum.Selectors = "forum", extract.Selectors{
		Item: "a.item", Next: "a.next", Post: "article.post", ID: "@id", Author: ".author", Posted: "time", Text: ".body", Title: "h1",
	}
	ads.ID, ads.Type, ads.Selectors = "ads", extract.Board, extract.Selectors{}
	c := open(t, config(forum, ads))
	var got collector
	once(t, c, got.sink)
	ids := map[string]bool{}
	for _, p := range got.posts {
		ids[string(p.ID)] = true
		if p.PostedAt.IsZero() || p.Author == "" || p.Kind == "" {
			t.Errorf("a post without time, author or kind: %s", p.URL)
		}
	}
	if len(ids) != site.Posts() || len(got.posts) != site.Posts() {
		t.Errorf("%d posts handed on, %d distinct, want %d", len(got.posts), len(ids), site.Posts())
	}
	all, forbidden, media := site.Visits()
	if forbidden != 0 || media != 0 {
		t.Errorf("of %d requests %d were disallowed and %d for media, want none", all, forbidden, media)
	}
	for _, st := range c.Stats() {
		t.Logf("%s: %d pages, %d requests, outcomes %v, yield %.2f", st.Source, st.Pages, st.Requests, st.Outcomes, st.Yield())
	}
}
