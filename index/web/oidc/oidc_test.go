package oidc

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is an identity provider that has one user, who always agrees.
type fake struct {
	*httptest.Server
	t         *testing.T
	key       *rsa.PrivateKey
	nonce     string
	challenge string
	change    func(claims map[string]any) // before they are signed
	forge     bool                        // sign with another key
}

func newFake(t *testing.T) *fake {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, key: key, change: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		f.json(w, map[string]any{
			"issuer": f.URL, "authorization_endpoint": f.URL + "/auth", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		enc := base64.RawURLEncoding
		f.json(w, map[string]any{"keys": []map[string]any{{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": enc.EncodeToString(key.N.Bytes()), "e": enc.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", f.token)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.t.Error(err)
	}
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if r.PostFormValue("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != f.challenge || id != "veghe" || secret != "s3" {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{
		"iss": f.URL, "sub": "1001", "aud": "veghe", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": f.nonce,
		"preferred_username": "ana.pop", "name": "Ana Pop", "groups": []string{"/police/cyber", "/all"},
	}
	f.change(claims)
	f.json(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": f.sign(claims)})
}

func (f *fake) sign(claims map[string]any) string {
	f.t.Helper()
	enc := base64.RawURLEncoding
	body, err := json.Marshal(claims)
	if err != nil {
		f.t.Error(err)
	}
	text := enc.EncodeToString([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + enc.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	key := f.key
	if f.forge {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			f.t.Error(err)
		}
	}
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		f.t.Error(err)
	}
	return text + "." + enc.EncodeToString(sig)
}

// agree is the user at the provider's page: it returns what the browser comes
// back with.
func (f *fake) agree(address string) (state, code string) {
	u, err := url.Parse(address)
	if err != nil {
		f.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("redirect_uri") == "" || !strings.Contains(q.Get("scope"), "openid") {
		f.t.Errorf("the browser is sent to %s", address)
	}
	f.nonce, f.challenge = q.Get("nonce"), q.Get("code_challenge")
	return q.Get("state"), "the-code"
}

func (f *fake) config() Config {
	return Config{
		Issuer: f.URL, ClientID: "veghe", Redirect: "https://desk.example.org/signin/oidc/callback",
		Roles: map[string][]string{"investigator": {"/police/cyber"}, "auditor": {"/audit"}, "supervisor": {"/chief", "/all"}},
	}
}

func TestSignIn(t *testing.T) {
	f := newFake(t)
	p := New(f.config(), "s3")
	address, keep, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state, code := f.agree(address)
	got, err := p.Finish(t.Context(), keep, state, code)
	want := Identity{Subject: f.URL + "#1001", Name: "ana.pop", Full: "Ana Pop", Roles: []string{"investigator", "supervisor"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, identity (-want +got):\n%s", err, diff)
	}
}

// Whatever does not fit is refused.
func TestRefused(t *testing.T) {
	for name, spoil := range map[string]func(f *fake, keep, state, code *string){
		"another state":      func(_ *fake, _, state, _ *string) { *state += "x" },
		"no state":           func(_ *fake, _, state, _ *string) { *state = "" },
		"no cookie":          func(_ *fake, keep, _, _ *string) { *keep = "" },
		"an empty cookie":    func(_ *fake, keep, state, _ *string) { *keep, *state = "..", "" },
		"another code":       func(_ *fake, _, _, code *string) { *code = "guess" },
		"another verifier":   func(_ *fake, keep, _, _ *string) { *keep += "x" },
		"another nonce":      func(f *fake, _, _, _ *string) { f.nonce = "replayed" },
		"a forged signature": func(f *fake, _, _, _ *string) { f.forge = true },
		"for another client": func(f *fake, _, _, _ *string) { f.change = func(c map[string]any) { c["aud"] = "mail" } },
		"of another issuer": func(f *fake, _, _, _ *string) {
			f.change = func(c map[string]any) { c["iss"] = "https://elsewhere.example.org" }
		},
		"out of date":         func(f *fake, _, _, _ *string) { f.change = func(c map[string]any) { c["exp"] = 1 } },
		"without a user name": func(f *fake, _, _, _ *string) { f.change = func(c map[string]any) { delete(c, "preferred_username") } },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := New(f.config(), "s3")
			address, keep, err := p.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			state, code := f.agree(address)
			spoil(f, &keep, &state, &code)
			if who, err := p.Finish(t.Context(), keep, state, code); !errors.Is(err, ErrRefused) {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

// The desk starts while the provider is down, and signs in once it is up.
func TestProviderDown(t *testing.T) {
	f := newFake(t)
	p := New(f.config(), "s3")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p.cfg.Issuer = "http://127.0.0.1:1/"
	if _, _, err := p.Begin(gone); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("down: %v", err)
	}
	p.cfg.Issuer = f.URL
	if _, _, err := p.Begin(t.Context()); err != nil {
		t.Errorf("up again: %v", err)
	}
}

func TestValues(t *testing.T) {
	claims := map[string]any{"one": "a", "many": []any{"a", 1.0, "b"}, "realm_access": map[string]any{"roles": []any{"c"}}}
	for path, want := range map[string][]string{"one": {"a"}, "many": {"a", "b"}, "realm_access.roles": {"c"}, "none": nil, "one.more": nil} {
		if diff := cmp.Diff(want, values(claims, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	ok := Config{Issuer: "https://login.example.org/", ClientID: "veghe", Redirect: "https://desk.example.org/signin/oidc/callback", Roles: map[string][]string{"auditor": {"x"}}}
	if err := ok.Validate([]string{"auditor"}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(c *Config){
		"issuer is":          func(c *Config) { c.Issuer = "login" },
		"want https":         func(c *Config) { c.Redirect = "http://desk.example.org/" },
		"client_id is empty": func(c *Config) { c.ClientID = "" },
		"roles is empty":     func(c *Config) { c.Roles = nil },
		`roles names "king"`: func(c *Config) { c.Roles = map[string][]string{"king": {"x"}} },
	} {
		c := ok
		change(&c)
		if err := c.Validate([]string{"auditor"}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, got %v", name, err)
		}
	}
}
