package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	store "veghe/index/desk"
)

// vouching is an identity provider that says who it is told to say.
type vouching struct {
	who  Identity
	down error
}

func (v *vouching) Begin(context.Context) (address, keep string, err error) {
	return "https://id.example.org/authorize?state=s1", "kept", v.down
}

func (v *vouching) Finish(_ context.Context, keep, state, code string) (Identity, error) {
	if keep != "kept" || state != "s1" || code != "c1" {
		return Identity{}, errors.New("not what was begun")
	}
	return v.who, v.down
}

// externalDesk is a desk with one local account, ana, that knows a provider.
func externalDesk(t *testing.T) (http.Handler, *memory, *store.Desk, *vouching) {
	t.Helper()
	v := &vouching{who: Identity{Subject: "https://id.example.org 17", Name: "Dan", Full: "Dan Pop", Roles: []store.Role{store.Investigator}}}
	kept := accountsOf(t, person{"ana", []store.Role{store.Admin}, nil})
	h, m := newDesk(t, func(c *Config) { c.AutoSignIn, c.Accounts, c.OIDC = false, kept, v })
	return h, m, kept, v
}

// cookieNamed is a cookie of an answer, or one without a name.
func cookieNamed(w *httptest.ResponseRecorder, name string) http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return *c
		}
	}
	return http.Cookie{}
}

// Somebody goes to the provider, comes back, and is at work in the roles that
// it gives them.
func TestExternalSignIn(t *testing.T) {
	h, _, kept, v := externalDesk(t)
	wants(t, ask(t, h, "GET", "/signin", "").Body.String(), `href="/signin/oidc"`)
	w := ask(t, h, "GET", "/signin/oidc", "")
	begun := cookieNamed(w, oidcCookie)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://id.example.org/authorize?state=s1" {
		t.Fatalf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	if begun.Value != "kept" || !begun.HttpOnly || begun.SameSite != http.SameSiteLaxMode || begun.Path != "/signin/oidc" {
		t.Errorf("the cookie is %+v", begun)
	}
	w = ask(t, h, "GET", "/signin/oidc/callback?state=s1&code=c1", "", "Cookie", oidcCookie+"=kept")
	session := cookieNamed(w, sessionCookie)
	if w.Code != http.StatusOK || session.Value == "" || session.SameSite != http.SameSiteStrictMode || cookieNamed(w, oidcCookie).MaxAge >= 0 {
		t.Fatalf("back: %d, session %+v, %+v", w.Code, session, cookieNamed(w, oidcCookie))
	}
	if got := ask(t, h, "GET", "/", "", "Cookie", sessionCookie+"="+session.Value); got.Code != http.StatusOK {
		t.Errorf("the results: %d", got.Code)
	}
	if got := ask(t, h, "GET", "/admin/accounts", "", "Cookie", sessionCookie+"="+session.Value); got.Code != http.StatusForbidden {
		t.Errorf("the accounts: %d, want 403", got.Code)
	}
	a, err := kept.Account(t.Context(), "dan")
	if err != nil || !a.External || a.Password || store.JoinRoles(a.Roles) != "investigator" {
		t.Errorf("the account is %+v, %v", a, err)
	}
	v.who.Roles = []store.Role{store.Auditor} // they changed office
	ask(t, h, "GET", "/signin/oidc/callback?state=s1&code=c1", "", "Cookie", oidcCookie+"=kept")
	if a, err = kept.Account(t.Context(), "dan"); err != nil || store.JoinRoles(a.Roles) != "auditor" {
		t.Errorf("then the account is %+v, %v", a, err)
	}
}

// Whom the provider does not vouch for, or who may do nothing here, gets no
// session and no account, and the audit trail has it.
func TestExternalSignInRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		tune   func(*vouching, *store.Desk)
		cookie string
		query  string
	}{
		"an empty cookie": {cookie: "", query: "state=s1&code=c1"},
		"another state":   {cookie: "kept", query: "state=s2&code=c1"},
		"another cookie":  {cookie: "other", query: "state=s1&code=c1"},
		"no role":         {cookie: "kept", query: "state=s1&code=c1", tune: func(v *vouching, _ *store.Desk) { v.who.Roles = nil }},
		"a local name":    {cookie: "kept", query: "state=s1&code=c1", tune: func(v *vouching, _ *store.Desk) { v.who.Name = "Ana" }},
		"provider down":   {cookie: "kept", query: "state=s1&code=c1", tune: func(v *vouching, _ *store.Desk) { v.down = errors.New("no answer") }},
		"disabled": {cookie: "kept", query: "state=s1&code=c1", tune: func(v *vouching, k *store.Desk) {
			_, err1 := k.SignInExternal(t.Context(), v.who.Subject, store.Account{Name: "dan", Roles: v.who.Roles}, noon)
			if err := errors.Join(err1, k.DisableAccount(t.Context(), "dan", noon)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, m, kept, v := externalDesk(t)
			if tt.tune != nil {
				tt.tune(v, kept)
			}
			w := ask(t, h, "GET", "/signin/oidc/callback?"+tt.query, "", "Cookie", oidcCookie+"="+tt.cookie)
			if w.Code != http.StatusForbidden || cookieNamed(w, sessionCookie).Value != "" || strings.Contains(w.Body.String(), "no answer") {
				t.Errorf("%d, session %q", w.Code, cookieNamed(w, sessionCookie).Value)
			}
			if n := len(m.did(ActRefused)); n != 1 {
				t.Errorf("%d refusals noted, want 1", n)
			}
			if a, err := kept.Account(t.Context(), "dan"); err == nil && a.May() != 0 {
				t.Errorf("there is an account: %+v", a)
			}
		})
	}
	h, _, _, v := externalDesk(t)
	v.down = errors.New("no answer")
	if w := ask(t, h, "GET", "/signin/oidc", ""); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "no answer") {
		t.Errorf("to a provider that is down: %d", w.Code)
	}
}
