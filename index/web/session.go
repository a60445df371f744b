package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"

	store "veghe/index/desk"
)

const (
	sessionCookie = "veghe_session"
	maxToken      = 512 // bytes of a token or a cookie
)

// cookieName is that of the session. Over TLS the browser itself holds the
// cookie to this host and to TLS.
func (d *desk) cookieName(r *http.Request) string {
	if d.secure(r) {
		return "__Host-" + sessionCookie
	}
	return sessionCookie
}

// cookie is one that scripts cannot read and other sites cannot send.
func (d *desk) cookie(r *http.Request, name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the browser came over TLS
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.secure(r),
	}
}

// secure reports whether the browser came over TLS, to us or to our proxy.
func (d *desk) secure(r *http.Request) bool {
	return r.TLS != nil || d.fromProxy(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// home is the address of the desk as the browser wrote it, without a path.
func (d *desk) home(r *http.Request) string {
	if d.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// fromProxy reports whether a proxy that we trust sent the request.
func (d *desk) fromProxy(r *http.Request) bool {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range d.Proxies {
		if p.Contains(a.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// address is where a request comes from. What a proxy says of it is believed
// only of a proxy that we trust, and only the last word, which is its own.
func (d *desk) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if d.fromProxy(r) {
		all := r.Header.Values("X-Forwarded-For")
		if len(all) > 0 {
			parts := strings.Split(all[len(all)-1], ",")
			host = strings.TrimSpace(parts[len(parts)-1])
		}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() { // whoever has one address of IPv6 has the whole net
		p, _ := a.Prefix(64) // 64 fits
		return p.String()
	}
	return a.String()
}

// alone reports whether the desk has a single user who needs no account: it is
// on loopback, and nobody has made an account.
func (d *desk) alone(ctx context.Context) bool {
	if !d.AutoSignIn || d.accounts.Load() {
		return false
	}
	if d.Accounts == nil {
		return true
	}
	has, err := d.Accounts.HasAccounts(ctx)
	if has {
		d.accounts.Store(true) // and there always will be one
	}
	return err == nil && !has
}

// inSession is who the cookie of a request signs in; nobody is no error.
func (d *desk) inSession(r *http.Request) (User, error) {
	c, err := r.Cookie(d.cookieName(r))
	if err != nil || d.Accounts == nil || len(c.Value) > maxToken {
		return User{}, nil //nolint:nilerr // without a cookie somebody is nobody
	}
	a, s, err := d.Accounts.InSession(r.Context(), c.Value, d.Sessions, d.Clock())
	if errors.Is(err, store.ErrSignIn) {
		return User{}, nil
	}
	if err != nil {
		return User{}, err
	}
	u := d.user(a)
	u.session = s.ID
	return u, nil
}

// user is an account at work. Where a second factor is asked for, one without
// may do nothing but get it.
func (d *desk) user(a store.Account) User {
	u := User{Name: a.Name, May: a.May(), Sources: a.Sources, account: true}
	if d.SecondFactor && !a.TOTP && !a.External && a.May() != 0 {
		u.May, u.factor = store.SignedIn, true
	}
	return u
}

// start gives a browser a session of an account, after that was noted.
func (d *desk) start(w http.ResponseWriter, r *http.Request, a store.Account, how string) error {
	ctx := as(r.Context(), d.user(a))
	if err := d.note(ctx, ActSignIn, a.Name, how+", from "+d.address(r)); err != nil {
		return err
	}
	place := d.address(r) + " " + browserOf(r.UserAgent())
	secret, err := d.Accounts.StartSession(ctx, a.Name, place, d.Sessions, d.Clock())
	if err != nil {
		return err
	}
	http.SetCookie(w, d.cookie(r, d.cookieName(r), secret, int(d.Sessions.Absolute.Seconds())))
	return nil
}

// browserOf is enough of a browser's name for its owner to know it again.
func browserOf(agent string) string {
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b[0]) {
			return b[1]
		}
	}
	return "?"
}

func (d *desk) signOut(w http.ResponseWriter, r *http.Request) error {
	if u := userOf(r.Context()); u.session != "" {
		if err := d.note(r.Context(), ActSignOut, u.Name, ""); err != nil {
			return err
		}
		if err := d.Accounts.EndSession(r.Context(), u.session, u.Name); err != nil {
			return err
		}
	}
	http.SetCookie(w, d.cookie(r, d.cookieName(r), "", -1))
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}
