//go:build browser

package web

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	store "veghe/index/desk"
)

// The pages of accounts, audit and retention, as an administrator, an auditor
// and a supervisor meet them, in both languages: nothing breaks the policy, and
// everything is reached by its links.
func TestGuardedPages(t *testing.T) {
	world := newWorld()
	k := realDesk(t, world)
	withAccounts(t, k.Desk, person{"chief", []store.Role{store.Admin, store.Auditor, store.Supervisor}, nil}, person{"ana", []store.Role{store.Investigator}, nil})
	_, err1 := k.AddHold(t.Context(), store.Hold{Kind: store.HoldPhone, Value: "+40700000123", Reason: "order 12/2026", By: "chief"}, noon)
	_, err2 := k.AddDeletion(t.Context(), store.Deletion{At: noon, Class: "flagged", Why: "collected before 2025-11-24"}, nil, true, false)
	if err := errors.Join(k.SetPassword(t.Context(), "chief", password), err1, err2); err != nil {
		t.Fatal(err)
	}
	h, _ := newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Search, c.Reviews, c.Cases, c.Watches = false, k, k, k, k
		c.Accounts, c.Trail, c.Keeper = k.Desk, k.Desk, &fakeKeeper{}
		c.Audit = func(ctx context.Context, e Event) error {
			_, err := k.Record(ctx, store.Event{At: e.At, Who: e.By, Action: string(e.Action), Object: e.Object, Reason: e.Detail})
			return err
		}
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	b, _ := open(t)
	b.home = srv.URL
	b.do("the door", chromedp.Navigate(srv.URL+"/signin"))
	b.see("the form", `document.querySelector("#password")`)
	b.shot("guard-signin")
	b.do("signing in", chromedp.SendKeys("#name", "chief"), chromedp.SendKeys("#password", password), chromedp.Submit("#password"))
	b.see("the results", `document.querySelector(".item")`)
	b.shot("guard-results")
	for _, lang := range []string{"en", "ro"} {
		if lang == "ro" {
			b.do("in Romanian", chromedp.Click(`.ui button[value="ro"]`))
		}
		b.see(lang, `document.documentElement.lang === "`+lang+`"`)
		for name, path := range map[string]string{
			"account": "/account", "factor": "/account/factor", "accounts": "/admin/accounts", "adminaccount": "/admin/accounts/ana", "tokens": "/admin/tokens",
			"audit": "/audit", "holds": "/holds", "person": "/person",
		} {
			b.do(path, chromedp.Navigate(srv.URL+path))
			b.see(name, `document.querySelector("h1") && document.documentElement.scrollWidth <= window.innerWidth`)
			b.shot("guard-" + name + "-" + lang)
		}
	}
	b.do("a report", chromedp.Navigate(srv.URL+"/person"), chromedp.SendKeys("#value", "some.one"), chromedp.SendKeys("#reason", "request 7"), chromedp.Click("form.card .yes"))
	b.see("the report", `document.querySelector("#ereason")`)
	b.shot("guard-report")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		t.Error(s)
	}
}
