package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// How the list looks is remembered like the other settings, and nothing but
// what we know gets into its cookie.
func TestViewIsRemembered(t *testing.T) {
	h, _ := newDesk(t, nil)
	chosen := url.Values{
		"name": {"list"}, "density": {"compact"}, "back": {"/?q=cules"},
		"show": {"score", "text", "indicators", "source", "place", "posted"},
	}
	w := ask(t, h, "POST", "/settings", chosen.Encode())
	if got := w.Header().Get("Set-Cookie"); w.Code != http.StatusSeeOther || !strings.HasPrefix(got, "list=compact.author.lang;") {
		t.Fatalf("got %d and %q, want the cookie list=compact.author.lang", w.Code, got)
	}
	body := ask(t, h, "GET", "/", "", "Cookie", "list=compact.author.lang").Body.String()
	wants(t, body, `<ol class="items pick compact no-author no-lang"`, `value="compact" checked`, `value="source" checked`, `value="author">`)
	// A cookie that is not ours changes nothing.
	wants(t, ask(t, h, "GET", "/", "", "Cookie", "list=x.author2.<b>").Body.String(), `<ol class="items pick"`, `value="comfortable" checked`)
	for _, bad := range []string{
		form("name", "list", "density", "huge"), form("name", "list", "density", "compact", "show", "passwords"), form("name", "list"),
	} {
		if got := ask(t, h, "POST", "/settings", bad).Code; got != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", bad, got)
		}
	}
}
