package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	store "veghe/index/desk"
)

// Identity is somebody whom an identity provider vouches for.
type Identity struct {
	Subject string // issuer and subject: who it is, for good
	Name    string
	Full    string
	Roles   []store.Role // as the provider's claims are mapped; none: no access
}

// Provider signs people in by OpenID Connect.
type Provider interface {
	// Begin returns the address of the provider's page, and what the browser
	// must bring back.
	Begin(ctx context.Context) (address, keep string, err error)
	// Finish takes what came back and returns who it is.
	Finish(ctx context.Context, keep, state, code string) (Identity, error)
}

type signInPage struct {
	Page
	Name     string
	Wrong    bool          // name or password
	Code     bool          // the second factor is asked for
	Wait     time.Duration // too many failed
	None     bool          // there is no account yet
	External bool
}

func (d *desk) signInPage(w http.ResponseWriter, r *http.Request) error {
	if u := userOf(r.Context()); u.Name != "" {
		http.Redirect(w, r, u.home(), http.StatusSeeOther)
		return nil
	}
	if token := r.URL.Query().Get("token"); token != "" && len(token) <= maxToken {
		return d.linkPage(w, r, http.StatusOK, linkPage{Token: token})
	}
	return d.showSignIn(w, r, http.StatusOK, signInPage{})
}

func (d *desk) showSignIn(w http.ResponseWriter, r *http.Request, status int, p signInPage) error {
	p.Page = d.page(r, d.localeOf(r).T("signin.title"))
	p.External = d.OIDC != nil
	if d.Accounts != nil {
		has, err := d.Accounts.HasAccounts(r.Context())
		if err != nil {
			return err
		}
		p.None = !has && d.OIDC == nil
	}
	return d.render(w, r, status, "signin", p)
}

// signIn checks a name and a password. Every failure looks the same, and is in
// the audit trail.
func (d *desk) signIn(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	try := store.Attempt{
		Name: r.PostFormValue("name"), Password: r.PostFormValue("password"), Code: strings.TrimSpace(r.PostFormValue("code")), Address: d.address(r),
	}
	a, err := d.Accounts.SignIn(r.Context(), try, d.Clock())
	var slow *store.TooOften
	p := signInPage{Name: try.Name}
	switch {
	case err == nil:
		if err := d.start(w, r, a, "password"); err != nil {
			return err
		}
		http.Redirect(w, r, d.user(a).home(), http.StatusSeeOther)
		return nil
	case errors.As(err, &slow):
		p.Wait = slow.Wait
		w.Header().Set("Retry-After", seconds(slow.Wait))
	case errors.Is(err, store.ErrCode):
		p.Code, p.Wrong = true, try.Code != ""
	case errors.Is(err, store.ErrSignIn):
		p.Wrong = true
	default:
		return err
	}
	if p.Wrong || p.Wait > 0 {
		if err := d.noteFailure(r, try.Name); err != nil {
			return err
		}
	}
	if p.Wait > 0 {
		return d.showSignIn(w, r, http.StatusTooManyRequests, p)
	}
	return d.showSignIn(w, r, http.StatusForbidden, p)
}

// noteFailure notes a refused sign-in. What stands in the field for the name
// may be a password typed there by mistake: only what can be a name is noted.
func (d *desk) noteFailure(r *http.Request, name string) error {
	name = strings.ToLower(strings.TrimSpace(name))
	if store.CheckName(name) != nil {
		name = "?"
	} else if _, err := d.Accounts.Account(r.Context(), name); errors.Is(err, store.ErrNoAccount) {
		name = "?"
	}
	d.Logger.WarnContext(r.Context(), "desk: sign-in refused", "from", d.address(r))
	return d.note(as(r.Context(), User{Name: "nobody"}), ActRefused, name, "from "+d.address(r))
}

type linkPage struct {
	Page
	Token   string
	Account string // empty: the first one is made
	Name    string
	Problem string
}

// linkPage shows what a link is for. The link is put into a form rather than
// used at once, so that a program that follows links cannot spend it.
func (d *desk) linkPage(w http.ResponseWriter, r *http.Request, status int, p linkPage) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	l, err := d.Accounts.Link(r.Context(), p.Token, d.Clock())
	if errors.Is(err, store.ErrSignIn) {
		return fail(http.StatusForbidden, "error.link")
	}
	if err != nil {
		return err
	}
	p.Page, p.Account = d.page(r, d.localeOf(r).T("link.title")), l.Account
	p.Path = "/signin" // a link is no address to come back to
	return d.render(w, r, status, "link", p)
}

// useLink sets the password of a link's account, or makes the first account,
// and signs its owner in.
func (d *desk) useLink(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	ctx, l := r.Context(), d.localeOf(r)
	token, password := r.PostFormValue("token"), r.PostFormValue("password")
	link, err := d.Accounts.Link(ctx, token, d.Clock())
	if errors.Is(err, store.ErrSignIn) {
		return fail(http.StatusForbidden, "error.link")
	}
	if err != nil {
		return err
	}
	a := store.Account{Name: link.Account}
	if link.Account == "" {
		a = store.Account{Name: strings.ToLower(strings.TrimSpace(r.PostFormValue("name"))), Roles: []store.Role{store.Admin}}
		if r.PostFormValue("alone") == "1" {
			a.Roles = store.Roles
		}
	}
	p := linkPage{Token: token, Name: a.Name}
	switch {
	case store.CheckName(a.Name) != nil:
		p.Problem = l.T("link.bad_name")
	case password != r.PostFormValue("again"):
		p.Problem = l.T("password.differ")
	case store.CheckPassword(a.Name, password) != nil:
		p.Problem = l.T("password.weak")
	}
	if p.Problem != "" {
		return d.linkPage(w, r, http.StatusBadRequest, p)
	}
	if err := d.note(as(ctx, User{Name: a.Name}), ActAccount, "account "+a.Name, "password set by a link, from "+d.address(r)); err != nil {
		return err
	}
	if err := d.Accounts.UseLink(ctx, token, a, password, d.Clock()); err != nil {
		return err
	}
	if a, err = d.Accounts.Account(ctx, a.Name); err != nil {
		return err
	}
	if a.May() == 0 {
		return fail(http.StatusForbidden, "error.link")
	}
	if a.TOTP { // the link stands for the password only
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return nil
	}
	if err := d.start(w, r, a, "link"); err != nil {
		return err
	}
	http.Redirect(w, r, d.user(a).home(), http.StatusSeeOther)
	return nil
}

// oidcCookie carries what the browser must bring back from the provider. It
// comes back with a visit from another site, which a strict cookie would not.
const oidcCookie = "veghe_oidc"

func (d *desk) beginExternal(w http.ResponseWriter, r *http.Request) error {
	if d.OIDC == nil || d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	address, keep, err := d.OIDC.Begin(ctx)
	if err != nil {
		return &failure{status: http.StatusServiceUnavailable, key: "error.provider", cause: err}
	}
	c := d.cookie(r, oidcCookie, keep, 600) //nolint:gosec // as cookie says; Lax, for the provider sends the browser back
	c.Path, c.SameSite = "/signin/oidc", http.SameSiteLaxMode
	http.SetCookie(w, c)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func (d *desk) endExternal(w http.ResponseWriter, r *http.Request) error {
	if d.OIDC == nil || d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	c, err := r.Cookie(oidcCookie)
	if err != nil {
		return fail(http.StatusForbidden, "error.provider_refused")
	}
	gone := d.cookie(r, oidcCookie, "", -1) //nolint:gosec // as cookie says
	gone.Path = "/signin/oidc"
	http.SetCookie(w, gone)
	ctx, cancel := deadline(r)
	defer cancel()
	v := r.URL.Query()
	who, err := d.OIDC.Finish(ctx, c.Value, v.Get("state"), v.Get("code"))
	if err == nil && len(who.Roles) == 0 {
		err = errors.New("no claim of theirs is mapped to a role")
	}
	var a store.Account
	if err == nil {
		a, err = d.Accounts.SignInExternal(ctx, who.Subject, store.Account{Name: strings.ToLower(who.Name), Full: who.Full, Roles: who.Roles}, d.Clock())
	}
	if err != nil {
		if noted := d.noteFailure(r, who.Name); noted != nil {
			return noted
		}
		d.Logger.WarnContext(ctx, "desk: sign-in by the identity provider refused", "error", err)
		return fail(http.StatusForbidden, "error.provider_refused")
	}
	if err := d.start(w, r, a, "identity provider"); err != nil {
		return err
	}
	// The next page is asked for by ours, not by the provider's: else the
	// browser would leave the session's cookie out.
	p := welcomePage{Page: d.page(r, d.localeOf(r).T("signin.title")), To: d.user(a).home()}
	p.Path = "/"
	return d.render(w, r, http.StatusOK, "welcome", p)
}

type welcomePage struct {
	Page
	To string
}
