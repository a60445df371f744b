package web

import (
	"net/http"
	"strings"
	"testing"

	"veghe"
	"veghe/index/desk/desktest"
)

// pivotDesk is a desk with a real store for marks.
func pivotDesk(t *testing.T) (http.Handler, *memory) {
	t.Helper()
	kept := desktest.Open(t, t.TempDir())
	return newDesk(t, func(c *Config) { c.Marks = kept })
}

// A phone leads to everything given beside it, with the reason of each link.
func TestEntityPage(t *testing.T) {
	h, m := pivotDesk(t)
	page := ask(t, h, "GET", entityPath("phone", "+40700000456"), "").Body.String()
	wants(t, page, "<h1><bdi>&#43;40700000456</bdi></h1>", "given in one post", "given by the author", "munca[.]example[.]org",
		`class="lanes"`, `class="graph"`, `class="map"`, "Suceava (RO)", "Constanța (RO)")
	if strings.Contains(page, "vanzator") {
		t.Error("the page names an author")
	}
	if d := m.did(ActRead); len(d) != 1 || d[0].Object != "phone +40700000456" {
		t.Errorf("the audit trail has %+v", d)
	}
	// Everything it leads to is there.
	for _, part := range strings.Split(page, `href="/`)[1:] {
		target, _, _ := strings.Cut(part, `"`)
		if w := ask(t, h, "GET", "/"+strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(target), ""); w.Code >= 400 {
			t.Errorf("/%s: %d", target, w.Code)
		}
	}
}

// An author's page is found by pseudonym and one of their posts; no address
// holds the handle.
func TestAuthorEntity(t *testing.T) {
	h, m := pivotDesk(t)
	post := m.hits[0].Post
	pseudo := pseudonyms{key: []byte("a key for tests")}.of(post.Source, post.Author)
	page := ask(t, h, "GET", authorPath(string(pseudo), post.ID), "").Body.String()
	wants(t, page, "author ", "&#43;40700000123")
	if strings.Contains(page, string(post.Author)) {
		t.Error("the page holds the handle")
	}
	for _, target := range []string{
		authorPath("author-000000000000", post.ID), authorPath(string(pseudo), "nothing"), entityPath("author", string(post.Author)),
		entityPath("planet", "mars"), entityPath("phone", strings.Repeat("1", 600)),
	} {
		if w := ask(t, h, "GET", target, ""); w.Code != 404 {
			t.Errorf("%.80s: %d, want 404", target, w.Code)
		}
	}
}

// A marked value links nothing, says who marked it and why, and can be taken
// back; both are in the audit trail.
func TestMarkAndUnmark(t *testing.T) {
	h, m := pivotDesk(t)
	at := entityPath("phone", "+40700000456")
	if w := ask(t, h, "POST", at, form("do", "mark", "reason", "")); w.Code != 400 {
		t.Errorf("marked without a reason: %d", w.Code)
	}
	if w := ask(t, h, "POST", at, form("do", "mark", "reason", "centrala <unui> hotel")); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page := ask(t, h, "GET", at, "").Body.String()
	wants(t, page, "Marked as identifying nobody", "centrala &lt;unui&gt; hotel", "so nothing is linked through it")
	site := ask(t, h, "GET", entityPath("site", "munca.example.org"), "").Body.String()
	wants(t, site, "Left out, since marked")
	if w := ask(t, h, "POST", at, form("do", "unmark")); w.Code != 303 {
		t.Fatalf("%d", w.Code)
	}
	if page := ask(t, h, "GET", at, "").Body.String(); !strings.Contains(page, `class="graph"`) {
		t.Error("the links are not back")
	}
	if d := m.did(ActMark); len(d) != 2 || d[0].Detail != "not identifying: centrala <unui> hotel" {
		t.Errorf("the audit trail has %+v", d)
	}
	if w := ask(t, h, "POST", entityPath("place", "Bacău"), form("do", "mark", "reason", "a town")); w.Code != 400 {
		t.Errorf("a place was marked: %d", w.Code)
	}
}

// What is hostile in a value stays text.
func TestEntityOfHostileValue(t *testing.T) {
	h, m := pivotDesk(t)
	evil := `<script>alert(1)</script>`
	m.hits[0].Assessment.Contacts = append(m.hits[0].Assessment.Contacts, veghe.Contact{Kind: "handle", Value: evil})
	page := ask(t, h, "GET", entityPath("handle", evil), "").Body.String()
	if strings.Contains(page, "<script>alert") {
		t.Error("a value became a script")
	}
	wants(t, page, "&lt;script&gt;")
}
