package web

import (
	"net/http"
	"net/url"
	"testing"
)

// The fields and values to choose from are on the page, each value as a link
// that adds it, in the reader's language.
func TestBuild(t *testing.T) {
	h, _ := newDesk(t, nil)
	wants(t, ask(t, h, "GET", "/?q=cules", "", "Accept-Language", "ro").Body.String(),
		`<code>severity:</code> <span>Gravitate</span>`,
		`<a href="/?q=cules&#43;severity%3Ahigh" data-term="severity:high"><bdi>Ridicată</bdi>`,
		`<a href="/?q=cules&#43;review%3Anone" data-term="review:none"`,
		`data-term="lang:ro"><bdi>română</bdi>`,
		`data-term="gone:yes"`,
		`data-term="indicator:DOC-01"><bdi>DOC-01</bdi> <small>`,
	)
	// Also where a search is refused: that is when they are needed.
	wants(t, ask(t, h, "GET", "/?q=%22", "").Body.String(), `data-term="severity:high"`)
}

// Days are chosen with two dates and no script.
func TestChoosingDays(t *testing.T) {
	h, _ := newDesk(t, nil)
	for _, row := range []struct{ q, from, to, want string }{
		{"cules", "2026-11-01", "2026-11-20", "cules posted:2026-11-01..2026-11-20"},
		{"", "2026-11-01", "", "posted:2026-11-01.."},
		{"", "", "2026-11-20", "posted:..2026-11-20"},
		{"", "2026-11-20", "2026-11-01", "posted:2026-11-01..2026-11-20"},
		{"", "2026-11-20", "2026-11-20", "posted:2026-11-20"},
		// Other days take the place of those there were; none drop them.
		{"cules posted:2026-10", "2026-11-01", "2026-11-20", "cules posted:2026-11-01..2026-11-20"},
		{"cules posted:2026-10-01..", "", "", "cules"},
		{"a OR b", "2026-11-01", "", "(a OR b) posted:2026-11-01.."},
		{"cules", "yesterday", "<b>", "cules"},
	} {
		v := url.Values{"q": {row.q}, "from": {row.from}, "to": {row.to}, "sort": {"oldest"}, "all": {"1"}}
		w := ask(t, h, "GET", "/?"+v.Encode(), "")
		if got, want := w.Header().Get("Location"), searchLink(row.want, "oldest", true, ""); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("%q %s %s: got %d %s, want %s", row.q, row.from, row.to, w.Code, got, want)
		}
	}
	wants(t, ask(t, h, "GET", "/?q=posted:2026-11-01..2026-11-24", "").Body.String(),
		`name="from" value="2026-11-01"`, `name="to" value="2026-11-24"`)
	wants(t, ask(t, h, "GET", "/", "").Body.String(), `data-first="2026-`, `type="date" name="from"`)
}
