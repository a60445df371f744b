package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"veghe"
	store "veghe/index/desk"
)

// User is who is looking, and what they may. The zero User is nobody, and may
// nothing that is not public.
type User struct {
	Name string
	May  store.Permission
	// Sources, unless nil, are the only ones whose posts this user sees.
	Sources []veghe.SourceID

	program bool   // came with a token
	account bool   // has an account
	factor  bool   // must get a second factor first
	session string // its id
}

// Can reports whether the user has a permission, by its name; for templates.
func (u User) Can(name string) bool {
	p, err := store.ParsePermission(name)
	return err == nil && u.May.Has(p)
}

// everyRole is the person who works alone: every role in one, which leaves out
// what only programs may.
var everyRole = store.PermissionsOf(store.Roles)

// Alone is the user of a desk that has only one.
func Alone(name string) User { return User{Name: name, May: everyRole} }

type userKey struct{}

// userOf is who is signed in; the zero User when nobody is.
func userOf(ctx context.Context) User {
	u, _ := ctx.Value(userKey{}).(User)
	return u
}

func as(ctx context.Context, u User) context.Context { return context.WithValue(ctx, userKey{}, u) }

// admit puts the user into the request's context, or says why not. What
// somebody tried without the right to is in the audit trail.
func (d *desk) admit(r *http.Request, rt route) (*http.Request, error) {
	u, err := d.whoIs(r)
	if err != nil {
		return r, err
	}
	r = r.WithContext(as(r.Context(), u))
	switch {
	case rt.access.Has(store.CanIngest) && d.Ingest == nil:
		return r, refuse(http.StatusForbidden, "this desk takes no posts from other collectors")
	case u.May.Has(rt.access):
		return r, d.slow(r, u, rt)
	case u.Name == "" || rt.access.Has(store.CanIngest) && !u.program: // a person's session never brings posts in
		return r, fail(http.StatusUnauthorized, "error.sign_in")
	}
	if r.Method == http.MethodGet && r.URL.Path == "/" {
		return r, errElsewhere
	}
	if u.factor && r.Method == http.MethodGet && !isAPI(r) {
		return r, errElsewhere
	}
	if err := d.note(r.Context(), ActDenied, rt.pattern(), ""); err != nil {
		return r, err
	}
	return r, fail(http.StatusForbidden, "error.not_allowed")
}

// slow refuses somebody who asks too often: not who sits at the machine, and
// not what brings posts in, which the stream itself holds back.
func (d *desk) slow(r *http.Request, u User, rt route) error {
	if u.Name != "" && !u.account || rt.path == "/static/{name}" {
		return nil
	}
	caller := "user " + u.Name
	if u.Name == "" {
		caller = "address " + d.address(r)
	}
	if wait := d.limits.wait(caller); wait > 0 {
		return &failure{status: http.StatusTooManyRequests, key: "error.too_often", wait: wait}
	}
	return nil
}

// errElsewhere sends somebody who came to the door to the first page that they
// may see.
var errElsewhere = errors.New("this user begins on another page")

// whoIs finds out who asks: by token, by session, or by being at the machine.
// Nobody is no error; a token that is not valid is.
func (d *desk) whoIs(r *http.Request) (User, error) {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && isAPI(r) {
		return d.byToken(r.Context(), given)
	}
	if d.alone(r.Context()) { // guard has checked that both ends are loopback
		return Alone("local"), nil
	}
	return d.inSession(r)
}

// byToken is a program: with a token made at the desk, or with the one in the
// data folder. That one brings posts in; at a desk with only one user, our own
// commands come with it as that user.
func (d *desk) byToken(ctx context.Context, given string) (User, error) {
	if d.Token != "" && sameSecret(given, d.Token) {
		if d.alone(ctx) {
			return User{Name: "local", May: everyRole | store.CanIngest, program: true}, nil
		}
		return User{Name: "collector", May: store.CanIngest, program: true}, nil
	}
	if d.Accounts == nil || len(given) > maxToken {
		return User{}, fail(http.StatusUnauthorized, "error.token")
	}
	t, err := d.Accounts.Authenticate(ctx, given, d.Clock())
	if errors.Is(err, store.ErrToken) {
		return User{}, fail(http.StatusUnauthorized, "error.token")
	}
	if err != nil {
		return User{}, err
	}
	if t.Account == "" {
		return User{Name: "collector " + t.Name, May: t.Scopes & store.CanIngest, program: true}, nil
	}
	a, err := d.Accounts.Account(ctx, t.Account)
	if err != nil {
		return User{}, err
	}
	u := d.user(a)
	u.May, u.program = u.May&t.Scopes, true
	if a.May() == 0 {
		return User{}, fail(http.StatusUnauthorized, "error.token")
	}
	return u, nil
}

// home is the first page that a user may see.
func (u User) home() string {
	if u.factor {
		return "/account/factor"
	}
	for _, p := range []struct {
		may store.Permission
		at  string
	}{{store.CanSearch, "/"}, {store.CanAudit, "/audit"}, {store.CanAdmin, "/admin/accounts"}, {store.CanStatus, "/status"}} {
		if u.May.Has(p.may) {
			return p.at
		}
	}
	return "/help"
}
