package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie = "veghe_session"
	maxSessions   = 10_000
	maxToken      = 512 // bytes of a sign-in token
)

var errSignIn = errors.New("sign-in refused")

// OneTime returns a SignIn function that accepts one token, once, as user. It
// fits the link that a first start prints.
func OneTime(token string, user User) func(context.Context, string) (User, error) {
	var mu sync.Mutex // guards used
	used := token == ""
	return func(_ context.Context, given string) (User, error) {
		mu.Lock()
		defer mu.Unlock()
		if used || !sameSecret(given, token) {
			return User{}, errSignIn
		}
		used = true
		return user, nil
	}
}

// sessions are who is signed in, in memory: a restart signs everybody out.
// Only hashes of the cookies are kept.
type sessions struct {
	clock      func() time.Time
	life, idle time.Duration

	mu sync.Mutex // guards m
	m  map[[sha256.Size]byte]session
}

type session struct {
	user          User
	started, used time.Time
}

func newSessions(clock func() time.Time, life time.Duration) *sessions {
	return &sessions{clock: clock, life: life, idle: life / 4, m: map[[sha256.Size]byte]session{}}
}

func (s *sessions) over(x session, now time.Time) bool {
	return now.Sub(x.started) > s.life || now.Sub(x.used) > s.idle
}

// start returns the cookie of a new session, or false when there are too many.
func (s *sessions) start(u User) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	for k, x := range s.m {
		if s.over(x, now) {
			delete(s.m, k)
		}
	}
	if len(s.m) >= maxSessions {
		return "", false
	}
	cookie := rand.Text()
	s.m[sha256.Sum256([]byte(cookie))] = session{user: u, started: now, used: now}
	return cookie, true
}

func (s *sessions) get(cookie string) (User, bool) {
	if len(cookie) > maxToken {
		return User{}, false
	}
	key := sha256.Sum256([]byte(cookie))
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.m[key]
	now := s.clock()
	if !ok || s.over(x, now) {
		delete(s.m, key)
		return User{}, false
	}
	x.used = now
	s.m[key] = x
	return x.user, true
}

func (s *sessions) end(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, sha256.Sum256([]byte(cookie)))
}

type signInPage struct {
	Page
	Token string
	Wrong bool
}

// signInPage shows the form. The token of a link is put into it rather than
// used at once, so that a program that follows links cannot spend it.
func (d *desk) signInPage(w http.ResponseWriter, r *http.Request) error {
	if u := userOf(r.Context()); u.Name != "" {
		http.Redirect(w, r, u.home(), http.StatusSeeOther)
		return nil
	}
	token := r.URL.Query().Get("token")
	if len(token) > maxToken {
		token = ""
	}
	page := d.page(r, d.localeOf(r).T("signin.title"))
	return d.render(w, r, http.StatusOK, "signin", signInPage{Page: page, Token: token})
}

func (d *desk) signIn(w http.ResponseWriter, r *http.Request) error {
	token := r.PostFormValue("token")
	user, err := User{}, errSignIn
	if len(token) <= maxToken {
		user, err = d.SignIn(r.Context(), token)
	}
	if err != nil {
		d.Logger.WarnContext(r.Context(), "desk: sign-in refused")
		page := d.page(r, d.localeOf(r).T("signin.title"))
		return d.render(w, r, http.StatusForbidden, "signin", signInPage{Page: page, Wrong: true})
	}
	cookie, ok := d.sessions.start(user)
	if !ok {
		return fail(http.StatusServiceUnavailable, "error.busy")
	}
	ctx := as(r.Context(), user)
	if err := d.note(ctx, ActSignIn, user.Name, ""); err != nil {
		d.sessions.end(cookie)
		return err
	}
	http.SetCookie(w, d.cookie(r, sessionCookie, cookie, int(d.SessionLife.Seconds())))
	http.Redirect(w, r, user.home(), http.StatusSeeOther)
	return nil
}

func (d *desk) signOut(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(sessionCookie); err == nil {
		d.sessions.end(c.Value)
	}
	http.SetCookie(w, d.cookie(r, sessionCookie, "", -1))
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}

// cookie is one that scripts cannot read and other sites cannot send.
func (d *desk) cookie(r *http.Request, name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}
