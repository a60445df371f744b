package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	store "veghe/index/desk"
)

// accountView is one's own account, with what can be changed about it.
type accountView struct {
	Page
	Account  store.Account
	May      []string
	Sessions []store.Session
	Current  string // the session of this browser
	Tokens   []store.Token
	Scopes   []string
	Now      time.Time
	Secret   string // of a token just made: shown this once
	Problem  string
	Done     string
}

// ownAccount is the account of whoever asks. The single user of a desk without
// accounts has none.
func (d *desk) ownAccount(r *http.Request) (store.Account, error) {
	if d.Accounts == nil || !userOf(r.Context()).account {
		return store.Account{}, fail(http.StatusNotFound, "error.no_account")
	}
	return d.Accounts.Account(r.Context(), userOf(r.Context()).Name)
}

func (d *desk) accountPage(w http.ResponseWriter, r *http.Request) error {
	return d.showAccount(w, r, http.StatusOK, accountView{Done: d.done(r)})
}

// done is what a form did that led here.
func (d *desk) done(r *http.Request) string {
	if key := r.URL.Query().Get("done"); slices.Contains([]string{"password", "factor", "sessions", "revoked", "saved"}, key) {
		return d.localeOf(r).T("done." + key)
	}
	return ""
}

func (d *desk) showAccount(w http.ResponseWriter, r *http.Request, status int, v accountView) error {
	ctx := r.Context()
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	v.Page, v.Account, v.May = d.page(r, d.localeOf(r).T("account.title")), a, a.May().Names()
	v.Nav, v.Path, v.Now, v.Current = "account", "/account", d.Clock(), userOf(ctx).session
	v.Scopes = (a.May() &^ store.SignedIn &^ store.CanAdmin).Names()
	if v.Sessions, err = d.liveSessions(r, a.Name); err != nil {
		return err
	}
	if v.Tokens, err = d.tokensOf(r, a.Name); err != nil {
		return err
	}
	return d.render(w, r, status, "account", v)
}

// liveSessions leaves out those that are over.
func (d *desk) liveSessions(r *http.Request, name string) ([]store.Session, error) {
	all, err := d.Accounts.Sessions(r.Context(), name)
	now := d.Clock()
	return slices.DeleteFunc(all, func(s store.Session) bool {
		return now.Sub(s.StartedAt) > d.Sessions.Absolute || now.Sub(s.UsedAt) > d.Sessions.Idle
	}), err
}

func (d *desk) tokensOf(r *http.Request, name string) ([]store.Token, error) {
	all, err := d.Accounts.Tokens(r.Context())
	return slices.DeleteFunc(all, func(t store.Token) bool { return t.Account != name }), err
}

// passwordForm changes one's own password. It takes the one before, so that an
// open desk left alone is not an open account; all other sessions end.
func (d *desk) passwordForm(w http.ResponseWriter, r *http.Request) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	l, password := d.localeOf(r), r.PostFormValue("password")
	problem := ""
	switch {
	case a.External:
		return fail(http.StatusBadRequest, "error.external")
	case password != r.PostFormValue("again"):
		problem = l.T("password.differ")
	case store.CheckPassword(a.Name, password) != nil:
		problem = l.T("password.weak")
	}
	if problem == "" {
		ok, err := d.confirm(r, a.Name)
		if err != nil {
			return err
		}
		if !ok {
			problem = l.T("password.wrong")
		}
	}
	if problem != "" {
		return d.showAccount(w, r, http.StatusBadRequest, accountView{Problem: problem})
	}
	if err := d.note(r.Context(), ActAccount, "account "+a.Name, "password changed"); err != nil {
		return err
	}
	if err := d.Accounts.SetPassword(r.Context(), a.Name, password); err != nil {
		return err
	}
	if err := d.endOthers(r, a.Name); err != nil {
		return err
	}
	http.Redirect(w, r, "/account?done=password", http.StatusSeeOther)
	return nil
}

// confirm checks the password of somebody who is signed in already. Guessing it
// here is slowed down as at the door.
func (d *desk) confirm(r *http.Request, name string) (bool, error) {
	_, err := d.Accounts.SignIn(r.Context(), store.Attempt{Name: name, Password: r.PostFormValue("old"), Address: d.address(r)}, d.Clock())
	var slow *store.TooOften
	switch {
	case err == nil, errors.Is(err, store.ErrCode): // the password was right
		return true, nil
	case errors.As(err, &slow):
		return false, &failure{status: http.StatusTooManyRequests, key: "error.too_often", wait: slow.Wait}
	case errors.Is(err, store.ErrSignIn):
		return false, d.note(r.Context(), ActRefused, name, "password asked for again, from "+d.address(r))
	}
	return false, err
}

func (d *desk) endOthers(r *http.Request, name string) error {
	all, err := d.Accounts.Sessions(r.Context(), name)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID == userOf(r.Context()).session {
			continue
		}
		if err := d.Accounts.EndSession(r.Context(), s.ID, name); err != nil {
			return err
		}
	}
	return nil
}

// sessionsForm ends one of one's own sessions, or all but this one.
func (d *desk) sessionsForm(w http.ResponseWriter, r *http.Request) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	id := r.PostFormValue("id")
	if err := d.note(r.Context(), ActAccount, "account "+a.Name, "sessions ended"); err != nil {
		return err
	}
	if id == "" {
		err = d.endOthers(r, a.Name)
	} else {
		err = d.Accounts.EndSession(r.Context(), id, a.Name)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/account?done=sessions", http.StatusSeeOther)
	return nil
}

type factorView struct {
	Page
	Secret   string
	Address  string
	Picture  string // the QR code as a path of an SVG
	Side     int
	Wrong    bool
	Must     bool // nothing else can be done first
	Recovery []string
}

func (d *desk) factorPage(w http.ResponseWriter, r *http.Request) error {
	return d.showFactor(w, r, http.StatusOK, factorView{Secret: store.NewTOTP()})
}

func (d *desk) showFactor(w http.ResponseWriter, r *http.Request, status int, v factorView) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	v.Page, v.Must = d.page(r, d.localeOf(r).T("factor.title")), userOf(r.Context()).factor
	v.Nav, v.Path = "account", "/account/factor"
	if v.Secret != "" {
		v.Address = store.TOTPAddress(v.Secret, a.Name)
		if v.Picture, v.Side, err = qrPath(v.Address); err != nil {
			return err
		}
	}
	return d.render(w, r, status, "factor", v)
}

// qrPath draws a QR code as one path, with the quiet zone that readers want.
func qrPath(text string) (path string, side int, err error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", 0, fmt.Errorf("drawing a QR code: %w", err)
	}
	const quiet = 4
	var b strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return b.String(), code.Size + 2*quiet, nil
}

// factorForm takes a second factor on, once a code shows that the app has it,
// or off, with the password.
func (d *desk) factorForm(w http.ResponseWriter, r *http.Request) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	if a.External {
		return fail(http.StatusBadRequest, "error.external")
	}
	if r.PostFormValue("do") == "remove" {
		return d.removeFactor(w, r, a)
	}
	secret := r.PostFormValue("secret")
	if a.TOTP { // whoever sits at an open desk does not put their own app in its place
		if ok, err := d.confirm(r, a.Name); err != nil || !ok {
			return errors.Join(err, fail(http.StatusForbidden, "error.password"))
		}
	}
	if err := d.note(r.Context(), ActAccount, "account "+a.Name, "second factor set"); err != nil {
		return err
	}
	recovery, err := d.Accounts.SetTOTP(r.Context(), a.Name, secret, strings.TrimSpace(r.PostFormValue("code")), d.Clock())
	if errors.Is(err, store.ErrCode) {
		return d.showFactor(w, r, http.StatusBadRequest, factorView{Secret: secret, Wrong: true})
	}
	if err != nil {
		return &failure{status: http.StatusBadRequest, key: "error.bad_request", cause: err}
	}
	if err := d.endOthers(r, a.Name); err != nil {
		return err
	}
	return d.showFactor(w, r, http.StatusOK, factorView{Recovery: recovery})
}

func (d *desk) removeFactor(w http.ResponseWriter, r *http.Request, a store.Account) error {
	ok, err := d.confirm(r, a.Name)
	if err != nil {
		return err
	}
	if !ok {
		return d.showAccount(w, r, http.StatusBadRequest, accountView{Problem: d.localeOf(r).T("password.wrong")})
	}
	if err := d.note(r.Context(), ActAccount, "account "+a.Name, "second factor taken away"); err != nil {
		return err
	}
	if _, err := d.Accounts.SetTOTP(r.Context(), a.Name, "", "", d.Clock()); err != nil {
		return err
	}
	http.Redirect(w, r, "/account?done=factor", http.StatusSeeOther)
	return nil
}

// maxTokenDays is how long a token may last.
const maxTokenDays = 366

// newToken makes a token as a form says, for an account or, with none, for a
// collector.
func (d *desk) newToken(r *http.Request, a Action, account string, may store.Permission) (string, error) {
	if err := r.ParseForm(); err != nil {
		return "", &failure{status: http.StatusBadRequest, key: "error.bad_request", cause: err}
	}
	scopes, err := store.ParsePermission(strings.Join(r.PostForm["scope"], ","))
	if err != nil || scopes == 0 || !may.Has(scopes) {
		return "", fail(http.StatusBadRequest, "error.scopes")
	}
	days, err := strconv.Atoi(r.PostFormValue("days"))
	name := strings.TrimSpace(r.PostFormValue("name"))
	if err != nil || days < 1 || days > maxTokenDays || name == "" || len(name) > 100 {
		return "", fail(http.StatusBadRequest, "error.token_form")
	}
	now := d.Clock()
	secret, t, err := d.Accounts.CreateToken(r.Context(), store.Token{Name: name, Account: account, Scopes: scopes, ExpiresAt: now.AddDate(0, 0, days)}, now)
	if err != nil {
		return "", err
	}
	return secret, d.note(r.Context(), a, "token "+t.ID, fmt.Sprintf("made: %s for %d days, for %q", scopes, days, account))
}

func (d *desk) tokenForm(w http.ResponseWriter, r *http.Request) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	secret, err := d.newToken(r, ActAccount, a.Name, userOf(r.Context()).May&^store.SignedIn&^store.CanAdmin)
	if err != nil {
		return err
	}
	return d.showAccount(w, r, http.StatusOK, accountView{Secret: secret})
}

func (d *desk) revokeForm(w http.ResponseWriter, r *http.Request) error {
	a, err := d.ownAccount(r)
	if err != nil {
		return err
	}
	own, err := d.tokensOf(r, a.Name)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !slices.ContainsFunc(own, func(t store.Token) bool { return t.ID == id }) {
		return fail(http.StatusNotFound, "error.not_found")
	}
	return d.revoke(w, r, ActAccount, id, "/account?done=revoked")
}

func (d *desk) revoke(w http.ResponseWriter, r *http.Request, a Action, id, to string) error {
	if err := d.note(r.Context(), a, "token "+id, "revoked"); err != nil {
		return err
	}
	if err := d.Accounts.RevokeToken(r.Context(), id, d.Clock()); err != nil {
		return &failure{status: http.StatusNotFound, key: "error.not_found", cause: err}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
