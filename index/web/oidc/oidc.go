// Package oidc signs people in at an identity provider by OpenID Connect: the
// code flow with PKCE, state and nonce, and nothing else. It is the only door
// to go-oidc and oauth2.
//
// It keeps nothing. What has to come back with the browser is in a cookie that
// the caller sets; who somebody is stands in the ID token, whose signature,
// issuer, audience, expiry and nonce are checked. Which claim values give
// which role is configured; somebody whose claims give none has no access.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config names the provider and says what its claims mean here.
type Config struct {
	Issuer           string `yaml:"issuer"`             // https://login.example.org/realms/office
	ClientID         string `yaml:"client_id"`          // as registered with the issuer
	ClientSecretFile string `yaml:"client_secret_file"` // empty: a public client
	// Redirect is the address of the desk's callback as browsers see it:
	// https://desk.example.org/signin/oidc/callback.
	Redirect string   `yaml:"redirect"`
	Scopes   []string `yaml:"scopes"` // beside openid; default profile, email
	// NameClaim is what an account is called; default preferred_username.
	NameClaim string `yaml:"name_claim"`
	// RolesClaim holds a value or a list of values; default groups. Dots lead
	// into objects: realm_access.roles.
	RolesClaim string `yaml:"roles_claim"`
	// Roles are the values of that claim which give a role.
	Roles map[string][]string `yaml:"roles"`
}

// Validate reports what is missing or cannot be. roles are those there are.
func (c Config) Validate(roles []string) error {
	var errs []error
	for _, a := range []struct{ key, value string }{{"issuer", c.Issuer}, {"redirect", c.Redirect}} {
		u, err := url.Parse(a.value)
		switch {
		case err != nil || u.Host == "":
			errs = append(errs, fmt.Errorf("%s is %q, want an address such as https://login.example.org/", a.key, a.value))
		case u.Scheme != "https" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1":
			errs = append(errs, fmt.Errorf("%s is %q, want https", a.key, a.value))
		}
	}
	if c.ClientID == "" {
		errs = append(errs, errors.New("client_id is empty"))
	}
	if len(c.Roles) == 0 {
		errs = append(errs, errors.New("roles is empty: nobody would have access"))
	}
	for _, r := range slices.Sorted(maps.Keys(c.Roles)) {
		if !slices.Contains(roles, r) {
			errs = append(errs, fmt.Errorf("roles names %q, want some of %s", r, strings.Join(roles, ", ")))
		}
	}
	return errors.Join(errs...)
}

// Identity is who somebody is, by the provider's word.
type Identity struct {
	Subject string // issuer and subject, for good
	Name    string
	Full    string
	Roles   []string // in order
}

// Provider is one provider. It is asked for its addresses and keys when first
// needed, so that the desk starts while it is down. Methods may be called
// concurrently.
type Provider struct {
	cfg    Config
	secret string
	client *http.Client

	mu   sync.Mutex // guards what follows
	conf *oauth2.Config
	ids  *oidc.IDTokenVerifier
}

// New returns a provider. The secret is what ClientSecretFile holds.
func New(cfg Config, secret string) *Provider {
	if cfg.NameClaim == "" {
		cfg.NameClaim = "preferred_username"
	}
	if cfg.RolesClaim == "" {
		cfg.RolesClaim = "groups"
	}
	if cfg.Scopes == nil {
		cfg.Scopes = []string{"profile", "email"}
	}
	return &Provider{cfg: cfg, secret: secret, client: &http.Client{Timeout: 10 * time.Second}}
}

// find asks the provider for its addresses, once.
func (p *Provider) find(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conf != nil {
		return p.conf, p.ids, nil
	}
	// Keys are fetched again when they change, long after this request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("asking %s: %w", p.cfg.Issuer, err)
	}
	p.conf = &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.secret, Endpoint: found.Endpoint(), RedirectURL: p.cfg.Redirect,
		Scopes: append([]string{oidc.ScopeOpenID}, p.cfg.Scopes...),
	}
	p.ids = found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID})
	return p.conf, p.ids, nil
}

// Begin returns the address to send the browser to, and what it must bring
// back in a cookie: state, nonce and the PKCE verifier.
func (p *Provider) Begin(ctx context.Context) (address, keep string, err error) {
	conf, _, err := p.find(ctx)
	if err != nil {
		return "", "", err
	}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	address = conf.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	return address, state + "." + nonce + "." + verifier, nil
}

// ErrRefused is wrapped by the errors about what came back, as opposed to those
// of a provider that does not answer.
var ErrRefused = errors.New("the answer of the identity provider does not fit")

// Finish takes what the browser brought back, and the cookie, and returns who
// it is.
func (p *Provider) Finish(ctx context.Context, keep, state, code string) (Identity, error) {
	parts := strings.Split(keep, ".")
	if len(parts) != 3 || state == "" || code == "" || subtle.ConstantTimeCompare([]byte(parts[0]), []byte(state)) != 1 {
		return Identity{}, fmt.Errorf("%w: it answers another question", ErrRefused)
	}
	conf, ids, err := p.find(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := conf.Exchange(oidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(parts[2]))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the code is not taken: %w", ErrRefused, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, fmt.Errorf("%w: it has no ID token", ErrRefused)
	}
	id, err := ids.Verify(oidc.ClientContext(ctx, p.client), raw)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(parts[1])) != 1 {
		return Identity{}, fmt.Errorf("%w: the nonce is not ours", ErrRefused)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return p.identity(id.Issuer, id.Subject, claims)
}

func (p *Provider) identity(issuer, subject string, claims map[string]any) (Identity, error) {
	name, _ := claims[p.cfg.NameClaim].(string)
	if name == "" {
		return Identity{}, fmt.Errorf("%w: it has no claim %s", ErrRefused, p.cfg.NameClaim)
	}
	full, _ := claims["name"].(string)
	out := Identity{Subject: issuer + "#" + subject, Name: name, Full: full}
	has := values(claims, p.cfg.RolesClaim)
	for _, role := range slices.Sorted(maps.Keys(p.cfg.Roles)) {
		if slices.ContainsFunc(p.cfg.Roles[role], func(v string) bool { return slices.Contains(has, v) }) {
			out.Roles = append(out.Roles, role)
		}
	}
	return out, nil
}

// values are those of a claim, which may stand in objects and be one or many.
func values(claims map[string]any, path string) (out []string) {
	var at any = claims
	for part := range strings.SplitSeq(path, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[part]
	}
	switch v := at.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}
