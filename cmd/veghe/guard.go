package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"veghe/index/desk"
	"veghe/index/web"
	"veghe/index/web/oidc"
)

// deskConfig says who gets to the desk, and how.
type deskConfig struct {
	// URL is the desk's address as browsers see it, for links; empty: made of
	// listen.
	URL      string         `yaml:"url"`
	Database databaseConfig `yaml:"database"`
	TLS      tlsConfig      `yaml:"tls"`
	Sessions sessionsConfig `yaml:"sessions"`
	// SecondFactor is optional or required.
	SecondFactor string `yaml:"second_factor"`
	// Proxies are addresses or networks of proxies in front of the desk, whose
	// X-Forwarded-For and X-Forwarded-Proto are believed.
	Proxies []string `yaml:"proxies"`
	// OIDC, when it names an issuer, signs people in there.
	OIDC oidc.Config `yaml:"oidc"`
}

type tlsConfig struct {
	Cert string `yaml:"cert"` // PEM, with the chain
	Key  string `yaml:"key"`  // PEM
}

type sessionsConfig struct {
	Absolute duration `yaml:"absolute"` // from the sign-in
	Idle     duration `yaml:"idle"`     // unused
}

func defaultDesk() deskConfig {
	return deskConfig{SecondFactor: "optional", Sessions: sessionsConfig{Absolute: duration(12 * time.Hour), Idle: duration(time.Hour)}}
}

func (c *deskConfig) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("desk."+format, args...)) }
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		bad("tls wants both cert and key, or neither")
	}
	if c.SecondFactor != "optional" && c.SecondFactor != "required" {
		bad("second_factor is %q, want optional or required", c.SecondFactor)
	}
	if c.Sessions.Absolute < duration(time.Minute) || c.Sessions.Idle < duration(time.Minute) {
		bad("sessions: absolute is %v and idle %v, want times such as 12h and 1h", time.Duration(c.Sessions.Absolute), time.Duration(c.Sessions.Idle))
	}
	errs = append(errs, c.Database.validate())
	if _, err := c.proxies(); err != nil {
		errs = append(errs, err)
	}
	if c.OIDC.Issuer != "" {
		if err := c.OIDC.Validate(strings.Split(desk.JoinRoles(desk.Roles), ",")); err != nil {
			bad("oidc: %w", err)
		}
	}
	return errors.Join(errs...)
}

func (c *deskConfig) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range c.Proxies {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return nil, fmt.Errorf("desk.proxies has %q, want an address or a network such as 192.0.2.0/24", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// url is where browsers find the desk that listens on an address.
func (c *deskConfig) url(listen string) string {
	if c.URL != "" {
		return strings.TrimSuffix(c.URL, "/") + "/"
	}
	if c.TLS.Cert != "" {
		return "https://" + listen + "/"
	}
	return "http://" + listen + "/"
}

func (c *deskConfig) lives() desk.Lives {
	return desk.Lives{Absolute: time.Duration(c.Sessions.Absolute), Idle: time.Duration(c.Sessions.Idle)}
}

// provider is the identity provider for the desk, or nil.
func (c *deskConfig) provider() (web.Provider, error) {
	if c.OIDC.Issuer == "" {
		return nil, nil
	}
	secret := ""
	if c.OIDC.ClientSecretFile != "" {
		b, err := os.ReadFile(c.OIDC.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("reading desk.oidc.client_secret_file: %w", err)
		}
		secret = strings.TrimSpace(string(b))
	}
	return provider{oidc.New(c.OIDC, secret)}, nil
}

// provider gives the roles of an identity the desk's names.
type provider struct{ *oidc.Provider }

// Finish implements web.Provider.
func (p provider) Finish(ctx context.Context, keep, state, code string) (web.Identity, error) {
	id, err := p.Provider.Finish(ctx, keep, state, code)
	out := web.Identity{Subject: id.Subject, Name: id.Name, Full: id.Full}
	for _, r := range id.Roles {
		out.Roles = append(out.Roles, desk.Role(r))
	}
	return out, err
}

// certificate is a certificate that is read again when its files change, so
// that renewing it takes no restart.
type certificate struct {
	cert, key string

	mu      sync.Mutex // guards what follows
	loaded  *tls.Certificate
	changed time.Time // of the newer file, when it was read
	looked  time.Time
}

const lookEvery = 10 * time.Second

func newCertificate(c tlsConfig) (*certificate, error) {
	x := &certificate{cert: c.Cert, key: c.Key}
	if err := x.read(); err != nil {
		return nil, withHint(err, "desk.tls wants a certificate and its key as PEM files")
	}
	return x, nil
}

func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.loaded, c.changed = &pair, c.newest()
	return nil
}

func (c *certificate) newest() (at time.Time) {
	for _, p := range []string{c.cert, c.key} {
		if fi, err := os.Stat(p); err == nil && fi.ModTime().After(at) {
			at = fi.ModTime()
		}
	}
	return at
}

// get implements tls.Config.GetCertificate. A pair that cannot be read, as
// while it is being replaced, leaves the one before in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if !c.newest().Equal(c.changed) {
			_ = c.read() // tried again next time
		}
	}
	return c.loaded, nil
}

// tlsServer is what the desk serves TLS with; nil: it does not.
func (c *deskConfig) tlsServer() (*tls.Config, error) {
	if c.TLS.Cert == "" {
		return nil, nil
	}
	cert, err := newCertificate(c.TLS)
	if err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: cert.get, MinVersion: tls.VersionTLS12}, nil
}

// reachable reports whether others than this machine can reach an address.
func reachable(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return true
	}
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// firstLink is the link that makes the first account, for a desk that others
// can reach; empty if there is an account, or none is needed.
func (a *app) firstLink(ctx context.Context) (string, error) {
	if a.autoSignIn() || a.cfg.Desk.OIDC.Issuer != "" {
		return "", nil
	}
	has, err := a.desk.HasAccounts(ctx)
	if err != nil || has {
		return "", err
	}
	return a.desk.NewLink(ctx, "", time.Now())
}

// headsFile keeps how far the audit trail went at some times. The same lines
// stand in the log, which goes elsewhere: whoever cuts the end of the trail
// off has to change both.
const headsFile = "audit.heads"

const headEvery = time.Hour

// noteHeads writes down how far the audit trail goes, now, every hour, and at
// the end.
func (a *app) noteHeads(ctx context.Context) error {
	every := time.NewTicker(headEvery)
	defer every.Stop()
	for {
		if err := a.noteHead(context.WithoutCancel(ctx)); err != nil {
			a.log.Error("the head of the audit trail could not be written down", "error", err)
		}
		select {
		case <-ctx.Done():
			return a.noteHead(context.WithoutCancel(ctx))
		case <-every.C:
		}
	}
}

func (a *app) noteHead(ctx context.Context) error {
	h, err := a.desk.Head(ctx)
	if err != nil || h.Events == 0 {
		return err
	}
	known, err := readHeads(a.cfg.path("desk", headsFile))
	if err != nil {
		return err
	}
	if n := len(known); n > 0 && known[n-1] == h {
		return nil
	}
	a.log.Info("the audit trail goes up to here", "head", h.String())
	return appendLine(a.cfg.path("desk", headsFile), time.Now().UTC().Format(time.RFC3339)+" "+h.String())
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// readHeads reads what was written down; no file means none.
func readHeads(path string) ([]desk.Head, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []desk.Head
	for line := range strings.Lines(string(b)) {
		_, text, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue // torn at the end
		}
		h, err := desk.ParseHead(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, h)
	}
	return out, nil
}
