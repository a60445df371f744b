package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// A post that went and was edited says so, in the list and by itself.
func TestBecame(t *testing.T) {
	h, m := newDesk(t, func(c *Config) {
		c.Versions = func(context.Context, veghe.PostID) ([]index.Version, error) {
			return []index.Version{
				{Post: veghe.Post{Text: "text of <b>before</b>", CollectedAt: noon.Add(-999 * time.Hour)}},
				{Post: veghe.Post{Text: "text of now", CollectedAt: noon.Add(999 * time.Hour)}},
			}, nil
		}
	})
	hit := &m.hits[0]
	path := postPath(hit.Post.ID)
	if body := ask(t, h, "GET", path, "").Body.String(); strings.Contains(body, "No longer there") || strings.Contains(body, "text of now") {
		t.Error("an ordinary post says that it went or was edited")
	}
	hit.GoneSince, hit.EditedAt, hit.Again = noon.Add(-5*time.Hour), noon.Add(-9*time.Hour), "p-again"
	wants(t, ask(t, h, "GET", path, "").Body.String(),
		`No longer there since</b> <time datetime="2026-11-24T07:00:00Z`,
		`href="/posts/p-again">The same text was put up again`,
		`What changed between captures`, `&lt;b&gt;`, `<ins>`, `<del>`, `now`)
	wants(t, ask(t, h, "GET", "/", "").Body.String(), `no longer there</span>`, `edited</span>`)
}

// The page of sources says how each is, in words.
func TestSourceHealth(t *testing.T) {
	h, _ := newDesk(t, func(c *Config) {
		sources := c.Sources()
		c.Status = func(context.Context) (Status, error) {
			return Status{Sources: []SourceStatus{{
				Source: sources[0], State: "drifting", PerPage: 1.5, Usual: 19.25, Pages: 77, Errors: 3, Disallowed: 2, Gone: 5,
				LastSuccess: noon, LastError: "no post was recognised",
				RobotsChanged: noon.Add(-time.Hour), RobotsAdded: []string{"Disallow: /<x>"}, RobotsRemoved: []string{"Allow: /y"}, RobotsMore: 4,
			}}}, nil
		}
	})
	wants(t, ask(t, h, "GET", "/sources", "").Body.String(),
		"its layout may have changed", "1.5 lately, usually 19.2", "77 pages, 3 with errors, 2 disallowed", "no post was recognised", "none since the start",
		"robots.txt changed", "+ <code>Disallow: /&lt;x&gt;</code>", "− <code>Allow: /y</code>", "rules beside these: 4")
	wants(t, ask(t, h, "GET", "/sources", "", "Cookie", "ui=ro").Body.String(), "1,5 în ultima vreme, de obicei 19,2")
}
