package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/desk/desktest"
)

var _ Searcher = (*index.Index)(nil)

// kept is the real index and the real desk as the program joins them.
type kept struct {
	*index.Index
	*store.Desk
}

func (k kept) Close() error { return k.Desk.Close() }

func (k kept) Review(ctx context.Context, r veghe.Review) error {
	if _, err := k.AddReview(ctx, r, nil); err != nil {
		return err
	}
	return k.SetReview(ctx, r.Post, r.Decision)
}

// The pages and the index agree: each link that a page of results offers is a
// query that the index takes, and finds what its count promises.
func TestOverTheRealIndex(t *testing.T) {
	world := newWorld()
	k := realDesk(t, world)
	h, _ := newDesk(t, func(c *Config) { c.Search, c.Reviews = k, k })

	body := ask(t, h, "GET", "/", "").Body.String()
	wants(t, body, "53 flagged posts", `<svg viewBox="0 0`)
	for _, part := range strings.Split(body, `href="/`)[1:] {
		target, _, _ := strings.Cut(part, `"`)
		target = "/" + strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(target)
		if w := ask(t, h, "GET", target, ""); w.Code != http.StatusOK {
			t.Errorf("the page links to %s, which answers %d", target, w.Code)
		}
	}
	for _, e := range examples() {
		if w := ask(t, h, "GET", e.Href(), ""); w.Code != http.StatusOK {
			t.Errorf("the help page offers %s, which answers %d", e.Query, w.Code)
		}
	}
	for query, want := range map[string]string{
		filter("phone", "+40700000123"):       "<b>12 flagged posts",
		"culegatori severity:critical":        "<b>12 flagged posts",
		with("ferma OR lagar", "lang:en"):     "<b>0 flagged posts",
		with("ferma OR warehouse", "lang:en"): "<b>13 flagged posts",
		filter("place", "Constanța"):          "<b>13 flagged posts",
		"-" + filter("source", "job-board"):   "<b>27 flagged posts",
		filter("posted", "2026-11-24"):        "<b>5 flagged posts",
	} {
		wants(t, ask(t, h, "GET", "/?q="+url.QueryEscape(query), "").Body.String(), want)
	}
	wants(t, ask(t, h, "GET", "/?q="+url.QueryEscape("cules)"), "").Body.String(), `<code>cules<mark>)</mark></code>`)

	path := postPath(world.hits[0].Post.ID)
	if w := ask(t, h, "POST", path+"/review", form("decision", "relevant")); w.Code != http.StatusSeeOther {
		t.Fatalf("review: got %d", w.Code)
	}
	wants(t, ask(t, h, "GET", path, "").Body.String(), `class="rev rev-relevant"`)
	wants(t, ask(t, h, "GET", "/?q=review:relevant", "").Body.String(), "1 flagged post<")
	if w := ask(t, h, "GET", "/posts/nothing", ""); w.Code != http.StatusNotFound {
		t.Errorf("a post that is not there: got %d, want 404", w.Code)
	}
}

// realDesk is the real index and the real desk with the posts of a world.
func realDesk(t *testing.T, world *memory) kept {
	t.Helper()
	x, err := index.Open(t.Context(), t.TempDir(), index.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	d := desktest.Open(t, t.TempDir())
	var batch []veghe.Assessed
	for _, h := range world.hits {
		batch = append(batch, veghe.Assessed{Post: h.Post, Assessment: h.Assessment, AssessedAt: h.AssessedAt})
	}
	if _, err := x.Put(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return kept{x, d}
}

func (k kept) AddToCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) (bool, error) {
	added, err := k.Desk.AddToCase(ctx, id, post, by, note, at)
	if err != nil {
		return added, err
	}
	ids, err := k.CasesOf(ctx, post)
	if err != nil {
		return added, err
	}
	return added, k.SetCases(ctx, post, ids)
}
