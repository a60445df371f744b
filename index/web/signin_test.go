package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	store "veghe/index/desk"
)

const password = "nine green boats at sea"

// visitor is a browser that keeps its cookies.
type visitor struct {
	t       *testing.T
	h       http.Handler
	cookies map[string]string
	last    string // body of the last answer
	header  http.Header
}

func (v *visitor) do(method, target string, pairs ...string) (int, string) {
	v.t.Helper()
	var all []string
	for name, value := range v.cookies {
		all = append(all, name+"="+value)
	}
	w := ask(v.t, v.h, method, target, form(pairs...), "Cookie", strings.Join(all, "; "))
	for _, c := range w.Result().Cookies() {
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	v.last, v.header = w.Body.String(), w.Header()
	return w.Code, w.Header().Get("Location")
}

// wantDo does it and checks the status and where it leads, or what it says.
func (v *visitor) wantDo(status int, says, method, target string, pairs ...string) {
	v.t.Helper()
	code, to := v.do(method, target, pairs...)
	if code != status || (to != says && !strings.Contains(v.last, says)) {
		v.t.Fatalf("%s %s: %d to %q, want %d and %q in\n%s", method, target, code, to, status, says, v.last)
	}
}

// door is a desk that others can reach, its store, and a clock to turn.
func door(t *testing.T, tune func(*Config)) (func() *visitor, *store.Desk, *memory, *time.Time) {
	t.Helper()
	kept, now := accountsOf(t), noon
	h, m := newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Accounts, c.Clock = false, kept, func() time.Time { return now }
		if tune != nil {
			tune(c)
		}
	})
	return func() *visitor { return &visitor{t: t, h: h, cookies: map[string]string{}} }, kept, m, &now
}

// From a first start to an office at work: the link that was printed makes the
// administrator, who makes an account, whose owner signs in.
func TestFirstRun(t *testing.T) {
	visit, kept, m, now := door(t, nil)
	v := visit()
	v.wantDo(http.StatusOK, "There is no account yet", "GET", "/signin")
	v.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
	link, err := kept.NewLink(t.Context(), "", *now)
	if err != nil {
		t.Fatal(err)
	}
	v.wantDo(http.StatusForbidden, "not valid", "GET", "/signin?token=guess")
	v.wantDo(http.StatusOK, `name="token" value="`+link+`"`, "GET", "/signin?token="+link)
	if strings.Contains(v.last, `name="back" value="/signin?token`) {
		t.Error("the link stands in the form for the language")
	}
	v.wantDo(http.StatusBadRequest, "not the same", "POST", "/signin/link", "token", link, "name", "chief", "password", password, "again", "other")
	v.wantDo(http.StatusBadRequest, "too short", "POST", "/signin/link", "token", link, "name", "chief", "password", "short", "again", "short")
	v.wantDo(http.StatusBadRequest, "2 to 64", "POST", "/signin/link", "token", link, "name", "local", "password", password, "again", password)
	v.wantDo(http.StatusSeeOther, "/admin/accounts", "POST", "/signin/link", "token", link, "name", "chief", "password", password, "again", password)
	v.wantDo(http.StatusSeeOther, "/admin/accounts", "GET", "/") // an administrator sees no posts
	v.wantDo(http.StatusForbidden, "may not do this", "GET", postPath(m.hits[0].Post.ID))
	v.wantDo(http.StatusBadRequest, "at least one role", "POST", "/admin/accounts", "name", "ana")
	v.wantDo(http.StatusOK, "/signin?token=", "POST", "/admin/accounts", "name", "ana", "role", "investigator", "full", "Ana <b>Pop</b>")
	second := regexp.MustCompile(`signin\?token=([A-Z0-9]+)`).FindStringSubmatch(v.last)[1]
	v.wantDo(http.StatusForbidden, "Nobody changes their own", "POST", "/admin/accounts/chief", "do", "save", "role", "investigator")
	v.wantDo(http.StatusOK, "Ana &lt;b&gt;Pop", "GET", "/admin/accounts")

	ana := visit()
	ana.wantDo(http.StatusOK, "sets the password of ana", "GET", "/signin?token="+second)
	ana.wantDo(http.StatusSeeOther, "/", "POST", "/signin/link", "token", second, "password", password, "again", password)
	ana.wantDo(http.StatusOK, "53 flagged posts", "GET", "/")
	ana.wantDo(http.StatusForbidden, "not valid", "POST", "/signin/link", "token", second, "password", password, "again", password)
	ana.wantDo(http.StatusForbidden, "may not do this", "GET", "/admin/accounts")
	ana.wantDo(http.StatusSeeOther, "/signin", "POST", "/signout")
	ana.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
	ana.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "Ana", "password", password)

	v.wantDo(http.StatusSeeOther, "/admin/accounts/ana?done=saved", "POST", "/admin/accounts/ana", "do", "disable")
	ana.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
	ana.wantDo(http.StatusForbidden, "not right", "POST", "/signin", "name", "ana", "password", password)
	var got []string
	for _, a := range []Action{ActAdmin, ActSignIn, ActSignOut, ActRefused} {
		for _, e := range m.did(a) {
			got = append(got, e.By+" "+string(e.Action)+" "+e.Object+": "+e.Detail)
		}
	}
	wants(t, strings.Join(got, "\n"), "chief admin account ana: added: investigator", "chief admin account ana: link made", "chief admin account ana: disable",
		"chief signin chief: link, from 127.0.0.1", "ana signin ana: password, from 127.0.0.1", "ana signout ana: ", "nobody refused ana: from 127.0.0.1")
}

// A desk on loopback signs its one visitor in until there is an account.
func TestAloneUntilAnAccount(t *testing.T) {
	visit, kept, _, now := door(t, func(c *Config) { c.AutoSignIn = true })
	v := visit()
	v.wantDo(http.StatusOK, "53 flagged posts", "GET", "/")
	v.wantDo(http.StatusBadRequest, "must be an administrator", "POST", "/admin/accounts", "name", "ana", "role", "investigator")
	v.wantDo(http.StatusOK, "/signin?token=", "POST", "/admin/accounts", "name", "chief", "role", "admin")
	v.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
	if has, err := kept.HasAccounts(t.Context()); err != nil || !has {
		t.Errorf("%v, %v", has, err)
	}
	_ = now
}

// A proxy on this machine does not make everyone behind it this machine.
func TestAloneNotBehindAProxy(t *testing.T) {
	h, _ := newDesk(t, nil)
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"} {
		if w := ask(t, h, "GET", "/", "", header, "192.0.2.9"); w.Code != http.StatusMisdirectedRequest {
			t.Errorf("with %s: %d, want 421", header, w.Code)
		}
	}
}

func TestSignInSlowsDown(t *testing.T) {
	visit, kept, m, now := door(t, nil)
	if err := errors.Join(kept.AddAccount(t.Context(), store.Account{Name: "ana", Roles: store.Roles}, noon), kept.SetPassword(t.Context(), "ana", password)); err != nil {
		t.Fatal(err)
	}
	v := visit()
	for range 5 {
		v.wantDo(http.StatusForbidden, "not right", "POST", "/signin", "name", "ana", "password", "my other secret")
	}
	v.wantDo(http.StatusTooManyRequests, "Too many sign-ins failed", "POST", "/signin", "name", "ana", "password", password)
	if v.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", v.header.Get("Retry-After"))
	}
	*now = now.Add(2 * time.Second)
	v.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "ana", "password", password)
	v.wantDo(http.StatusSeeOther, "/signin", "POST", "/signout")
	v.do("POST", "/signin", "name", password, "password", "ana") // the fields mixed up
	for _, e := range m.did(ActRefused) {
		if strings.Contains(e.Object+e.Detail, password) || strings.Contains(e.Object+e.Detail, "my other secret") {
			t.Errorf("a password is in the audit trail: %+v", e)
		}
	}
}

func TestSecondFactorByForms(t *testing.T) {
	visit, kept, _, now := door(t, func(c *Config) { c.SecondFactor = true })
	if err := errors.Join(kept.AddAccount(t.Context(), store.Account{Name: "ana", Roles: store.Roles}, noon), kept.SetPassword(t.Context(), "ana", password)); err != nil {
		t.Fatal(err)
	}
	v := visit()
	v.wantDo(http.StatusSeeOther, "/account/factor", "POST", "/signin", "name", "ana", "password", password)
	v.wantDo(http.StatusSeeOther, "/account/factor", "GET", "/")
	v.wantDo(http.StatusForbidden, "", "GET", "/api/v1/search")
	v.wantDo(http.StatusOK, "<svg viewBox=", "GET", "/account/factor")
	secret := regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`).FindStringSubmatch(v.last)[1]
	code := func() string {
		c, err := store.TOTPCode(secret, *now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	v.wantDo(http.StatusBadRequest, "not right", "POST", "/account/factor", "secret", secret, "code", "000000")
	v.wantDo(http.StatusOK, "not shown again", "POST", "/account/factor", "secret", secret, "code", code())
	v.wantDo(http.StatusOK, "53 flagged posts", "GET", "/")
	v.wantDo(http.StatusForbidden, "", "POST", "/account/factor", "secret", store.NewTOTP(), "code", code())

	*now = now.Add(time.Minute)
	again := visit()
	again.wantDo(http.StatusForbidden, `name="code"`, "POST", "/signin", "name", "ana", "password", password)
	again.wantDo(http.StatusForbidden, "code is not right", "POST", "/signin", "name", "ana", "password", password, "code", "123")
	again.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "ana", "password", password, "code", code())
	again.wantDo(http.StatusBadRequest, "not right", "POST", "/account/factor", "do", "remove", "old", "not the password")
	again.wantDo(http.StatusSeeOther, "/account?done=factor", "POST", "/account/factor", "do", "remove", "old", password)
}

// A changed password takes the one before, and ends every other session.
func TestOwnAccount(t *testing.T) {
	visit, kept, _, now := door(t, nil)
	if err := errors.Join(kept.AddAccount(t.Context(), store.Account{Name: "ana", Roles: store.Roles}, noon), kept.SetPassword(t.Context(), "ana", password)); err != nil {
		t.Fatal(err)
	}
	here, there := visit(), visit()
	here.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "ana", "password", password)
	there.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "ana", "password", password)
	const other = "seven red kites on a hill"
	here.wantDo(http.StatusBadRequest, "not right", "POST", "/account/password", "old", "x", "password", other, "again", other)
	here.wantDo(http.StatusSeeOther, "/account?done=password", "POST", "/account/password", "old", password, "password", other, "again", other)
	there.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
	here.wantDo(http.StatusOK, "this one", "GET", "/account?done=password")
	*now = now.Add(2 * time.Hour) // unused
	here.wantDo(http.StatusSeeOther, "/signin", "GET", "/")
}

// A token is worth what both its scopes and its account are, until it ends.
func TestTokensOfAnAccount(t *testing.T) {
	visit, kept, m, now := door(t, nil)
	if err := errors.Join(kept.AddAccount(t.Context(), store.Account{Name: "ana", Roles: []store.Role{store.Investigator}}, noon), kept.SetPassword(t.Context(), "ana", password)); err != nil {
		t.Fatal(err)
	}
	v := visit()
	v.wantDo(http.StatusSeeOther, "/", "POST", "/signin", "name", "ana", "password", password)
	v.wantDo(http.StatusBadRequest, "only rights that you have", "POST", "/account/tokens", "name", "x", "days", "10", "scope", "erase")
	v.wantDo(http.StatusBadRequest, "only rights that you have", "POST", "/account/tokens", "name", "x", "days", "10", "scope", "ingest")
	v.wantDo(http.StatusBadRequest, "366 days", "POST", "/account/tokens", "name", "x", "days", "1000", "scope", "search")
	v.wantDo(http.StatusOK, "not shown again", "POST", "/account/tokens", "name", "a script", "days", "10", "scope", "search")
	secret := regexp.MustCompile(`veghe_[A-Za-z0-9_-]{43}`).FindString(v.last)
	call := func(method, target, token string) int {
		return ask(t, v.h, method, target, "", "Authorization", "Bearer "+token).Code
	}
	id := string(m.hits[0].Post.ID)
	for _, row := range []struct {
		method, target, token string
		want                  int
	}{
		{"GET", "/api/v1/search?q=cules", secret, 200},
		{"GET", "/api/v1/posts/" + id, secret, 200},
		{"POST", "/api/v1/posts/" + id + "/review", secret, 403},
		{"GET", "/api/v1/cases", secret, 403},
		{"POST", "/api/v1/posts", secret, 403},
		{"GET", "/", secret, 303}, // pages are for people
		{"GET", "/api/v1/search", secret + "x", 401},
		{"POST", "/api/v1/posts", "a-collector-token", 200},
		{"GET", "/api/v1/search", "a-collector-token", 403},
	} {
		if got := call(row.method, row.target, row.token); got != row.want {
			t.Errorf("%s %s: %d, want %d", row.method, row.target, got, row.want)
		}
	}
	if w := ask(t, v.h, "GET", "/api/v1/search", "", "Authorization", "Bearer "+secret, "Veghe-Reveal", "a good reason"); w.Code != http.StatusForbidden {
		t.Errorf("handles without the scope: %d", w.Code)
	}
	collector, _, err := kept.CreateToken(t.Context(), store.Token{Name: "north", Scopes: store.CanIngest, ExpiresAt: noon.AddDate(0, 0, 90)}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if in, out := call("POST", "/api/v1/posts", collector), call("GET", "/api/v1/search", collector); in != 200 || out != 403 {
		t.Errorf("a collector's token: %d and %d", in, out)
	}
	*now = now.AddDate(0, 0, 11)
	if got := call("GET", "/api/v1/search", secret); got != 401 {
		t.Errorf("after its days: %d", got)
	}
	*now = noon
	if err := kept.DisableAccount(t.Context(), "ana", noon); err != nil {
		t.Fatal(err)
	}
	if got := call("GET", "/api/v1/search", secret); got != 401 {
		t.Errorf("of a disabled account: %d", got)
	}
}

func TestCookieOverTLS(t *testing.T) {
	_, kept, _, _ := door(t, nil)
	if err := errors.Join(kept.AddAccount(t.Context(), store.Account{Name: "ana", Roles: store.Roles}, noon), kept.SetPassword(t.Context(), "ana", password)); err != nil {
		t.Fatal(err)
	}
	h, _ := newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Accounts, c.Proxies = false, kept, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	in := func(header ...string) *http.Cookie {
		t.Helper()
		w := ask(t, h, "POST", "/signin", form("name", "ana", "password", password), header...)
		if w.Code != http.StatusSeeOther {
			t.Fatalf("%d\n%s", w.Code, w.Body)
		}
		if secure := len(header) > 0; (w.Header().Get("Strict-Transport-Security") != "") != secure {
			t.Errorf("Strict-Transport-Security is %q", w.Header().Get("Strict-Transport-Security"))
		}
		return w.Result().Cookies()[0]
	}
	plain, secure := in(), in("X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7, 198.51.100.3")
	if plain.Secure || !plain.HttpOnly || plain.SameSite != http.SameSiteStrictMode || plain.Name != "veghe_session" {
		t.Errorf("the cookie is %v", plain)
	}
	if !secure.Secure || !secure.HttpOnly || secure.SameSite != http.SameSiteStrictMode || secure.Name != "__Host-veghe_session" || secure.Path != "/" {
		t.Errorf("over TLS the cookie is %v", secure)
	}
	all, err := kept.Sessions(t.Context(), "ana")
	if err != nil || !strings.HasPrefix(all[0].Place+all[1].Place, "") {
		t.Fatal(err)
	}
	places := all[0].Place + " " + all[1].Place
	if !strings.Contains(places, "198.51.100.3") || !strings.Contains(places, "127.0.0.1") || strings.Contains(places, "192.0.2.7") {
		t.Errorf("places are %q", places)
	}
}

func TestAddress(t *testing.T) {
	d := &desk{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}}
	for _, row := range [][3]string{
		{"198.51.100.7:1", "", "198.51.100.7"},
		{"198.51.100.7:1", "203.0.113.5", "198.51.100.7"}, // not a proxy of ours
		{"192.0.2.1:1", "203.0.113.5", "203.0.113.5"},
		{"192.0.2.1:1", "10.0.0.1, 203.0.113.5", "203.0.113.5"},
		{"192.0.2.1:1", "<script>", "unknown"},
		{"[2001:db8::1:2:3:4]:1", "", "2001:db8::/64"},
		{"[::ffff:198.51.100.7]:1", "", "198.51.100.7"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = row[0]
		r.Header.Set("X-Forwarded-For", row[1])
		if got := d.address(r); got != row[2] {
			t.Errorf("%s with %q: %s, want %s", row[0], row[1], got, row[2])
		}
	}
}

// What links from outside lead to is the address that the browser knows, also
// behind a proxy that ends TLS.
func TestHome(t *testing.T) {
	d := &desk{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}}
	for from, want := range map[string]string{
		"192.0.2.1:1":    "https://desk.example.org",
		"198.51.100.7:1": "http://desk.example.org", // not a proxy of ours
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://desk.example.org/feeds/1/x", nil)
		r.RemoteAddr = from
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := d.home(r); got != want {
			t.Errorf("from %s: %s, want %s", from, got, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	now := noon
	l := newLimiter(func() time.Time { return now })
	for i := range burst {
		if wait := l.wait("a"); wait != 0 {
			t.Fatalf("request %d waits %s", i, wait)
		}
	}
	if wait := l.wait("a"); wait != time.Second/perSecond {
		t.Errorf("past the burst: wait %s", wait)
	}
	if wait := l.wait("b"); wait != 0 {
		t.Errorf("somebody else waits %s", wait)
	}
	now = now.Add(time.Second)
	for i := range perSecond {
		if wait := l.wait("a"); wait != 0 {
			t.Errorf("request %d after a second waits %s", i, wait)
		}
	}
	if l.wait("a") == 0 {
		t.Error("a second gives more than it should")
	}
	for i := range 2 * maxKnown {
		l.wait(string(rune(i)) + "x")
	}
	if len(l.all) > maxKnown {
		t.Errorf("%d callers are remembered", len(l.all))
	}
}
