//go:build browser

package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"veghe"
	store "veghe/index/desk"
)

// pageOf is the address of a route's page on the walked desk, or "" if what it
// answers with is no page.
func pageOf(rt route, m *memory, batch string) string {
	switch {
	case rt.method != "GET", strings.HasPrefix(rt.path, "/api/"), strings.HasPrefix(rt.path, "/static/"), strings.HasPrefix(rt.path, "/feeds/"), strings.HasPrefix(rt.path, "/signin/oidc"):
		return ""
	case rt.path == "/favicon.ico", rt.path == "/robots.txt", rt.path == "/audit/export", strings.HasSuffix(rt.path, "/document"):
		return ""
	case strings.HasPrefix(rt.path, "/cases/{id}"):
		return strings.Replace(rt.path, "{id}", "2026-0001", 1)
	}
	return strings.ReplaceAll(fillPath(rt.path, m), "{batch}", batch)
}

// walkedDesk has something on each of its pages, and an account in each role.
// batch is the path of one review of many posts.
func walkedDesk(t *testing.T) (h http.Handler, kept *store.Desk, m *memory, batch string) {
	t.Helper()
	m = newWorld()
	k := realDesk(t, m)
	var people []person
	for _, r := range store.Roles {
		people = append(people, inRole(r))
	}
	withAccounts(t, k.Desk, people...)
	by := inRole(store.Investigator).name
	_, err1 := k.OpenCase(t.Context(), "Același șofer", by, noon)
	_, err2 := k.AddToCase(t.Context(), "2026-0001", m.hits[0].Post.ID, by, "", noon)
	err3 := k.LetIntoCase(t.Context(), "2026-0001", inRole(store.Supervisor).name, by, noon)
	_, err4 := k.AddQueue(t.Context(), "Brigada", "severity:critical", by, noon)
	_, err5 := k.AddWatch(t.Context(), "Șoferi", "sofer", by, noon)
	_, err6 := k.WatchSaw(t.Context(), "node", 1, 1, []veghe.PostID{m.hits[0].Post.ID}, noon)
	_, err7 := k.AddHold(t.Context(), store.Hold{Kind: store.HoldPhone, Value: "+40700000123", Reason: "order 12/2026", By: by}, noon)
	_, err8 := k.Propose(t.Context(), store.Proposal{Kind: "indicator", Name: "DOC-01", Document: toyRule, Base: toyRule, Note: "other ways to say it", By: inRole(store.Analyst).name, At: noon, Status: store.Proposed})
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
		t.Fatal(err)
	}
	h, _ = newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Search, c.Reviews, c.Cases, c.Watches, c.Work, c.Marks = false, k, k, k, k, k, k
		c.Accounts, c.Trail, c.Keeper, c.Proposals, c.Batch = k.Desk, k.Desk, &fakeKeeper{}, k.Desk, k.Batch
		c.Audit = func(ctx context.Context, e Event) error {
			_, err := k.Record(ctx, store.Event{At: e.At, Who: e.By, Action: string(e.Action), Object: e.Object, Reason: e.Detail})
			return err
		}
	})
	w := ask(t, h, "POST", "/reviews", form("decision", "unsure", "reason", "same wording", "post", string(m.hits[0].Post.ID)), "Cookie", cookieOf(t, k.Desk, by))
	_, batch, ok := strings.Cut(w.Header().Get("Location"), "/reviews/")
	if !ok {
		t.Fatalf("reviewing many: %d, %s", w.Code, w.Header().Get("Location"))
	}
	return h, k.Desk, m, batch
}

// Every page, found from the routes, is walked as each role in each language
// with the keyboard, and once more without JavaScript: it has its landmarks and
// labels, the first stop of the Tab key leads past the navigation, and what
// cannot be read without a script is not there.
func TestBrowserEveryPage(t *testing.T) {
	h, kept, m, batch := walkedDesk(t)
	b := openOn(t, h)
	for _, role := range store.Roles {
		_, session, _ := strings.Cut(cookieOf(t, kept, inRole(role).name), "=")
		may := store.PermissionsOf([]store.Role{role})
		for _, lang := range languages {
			b.do("signing in", cookie(b.home, sessionCookie, session), cookie(b.home, "ui", lang))
			walked := 0
			for _, rt := range routes() {
				page := pageOf(rt, m, batch)
				if page == "" || !may.Has(rt.access) || rt.access == public {
					continue
				}
				walked++
				b.walk(page, string(role), lang)
			}
			if walked < 3 {
				t.Errorf("%s has %d pages", role, walked)
			}
		}
	}
	b.quiet()
}

func cookie(url, name, value string) chromedp.Action[chromedp.Void] {
	return command(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url})
}

// walk opens one page with and without JavaScript.
func (b *browser) walk(page, role, lang string) {
	b.t.Helper()
	what := role + " in " + lang + " at " + page
	script := func(off bool) chromedp.Action[chromedp.Void] {
		return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
	}
	read := func(js string) []string {
		b.t.Helper()
		out, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](js))
		if err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		return out
	}
	b.do("opening for "+what, script(false), chromedp.Navigate(b.home+page))
	b.shot("walk-" + role + "-" + lang + strings.NewReplacer("/", "-", "?", "-").Replace(page))
	for _, f := range read(faultsScript) {
		if strings.HasSuffix(page, "/report") && f == "0 of header.top" {
			continue // it is printed
		}
		b.t.Errorf("%s: %s", what, f)
	}
	if got := read(`[document.documentElement.lang]`); got[0] != lang {
		b.t.Errorf("%s: the page is in %q", what, got[0])
	}
	if from := read(pastNavigation); from[0] == "page" {
		b.press(kb.Tab)
		b.press(kb.Enter)
		b.press(kb.Tab)
		if at := read(pastNavigation); at[0] != "main" {
			b.t.Errorf("%s: Tab, Enter, Tab leads to the %s: %s", what, at[0], at[1])
		}
	}
	with := read(words)
	b.do("without JavaScript for "+what, script(true), chromedp.Reload())
	without := read(words)
	if len(without) < len(with)*9/10 || len(without) == 0 {
		b.t.Errorf("%s: %d words without JavaScript, %d with it", what, len(without), len(with))
	}
}

// pastNavigation says where the focus is: on the page (nothing has it), in its
// main part (or past it, if there is nothing to act on) or in its top.
const pastNavigation = `(() => {
  const a = document.activeElement;
  if (!a || a === document.body) return [document.querySelector("main :is(a[href], button, input, select, textarea, summary)") ? "page" : "text", ""];
  return [a.closest("main") || a.closest("footer") ? "main" : "top", a.outerHTML.slice(0, 120)];
})()`

// words are those that can be read on the page.
const words = `document.querySelector("main").innerText.split(/\s+/).filter((w) => w)`
