package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"veghe"
)

// Config is what a Crawler needs. Operator and Contact are required as soon
// as there is a source: a site must be able to reach who reads it.
type Config struct {
	// Operator is the office that runs this crawler, as sites will see it.
	Operator string `json:"operator" yaml:"operator"`
	// Contact is a web page or e-mail address where sites reach the operator.
	Contact string `json:"contact" yaml:"contact"`
	// Sources are the places to visit.
	Sources []Source `json:"sources" yaml:"sources"`
	// Limits bound every request; zero fields mean the defaults.
	Limits Limits `json:"limits,omitzero" yaml:"limits,omitempty"`

	// Dir is where the frontier is kept. Empty keeps it in memory: after a
	// restart everything is fetched and handed on again.
	Dir string `json:"-" yaml:"-"`
	// Version goes into the User-Agent; empty means "dev".
	Version string `json:"-" yaml:"-"`
	// Now is the clock for collected_at and for what is due; nil means
	// time.Now. Politeness always goes by the real clock.
	Now func() time.Time `json:"-" yaml:"-"`
	// Logger gets what an operator may want to know: source ids, counts and
	// reasons, never post text. Nil discards.
	Logger *slog.Logger `json:"-" yaml:"-"`
	// Resolver finds addresses; nil means the system's. Every address it
	// gives is checked before it is dialed.
	Resolver Resolver `json:"-" yaml:"-"`
	// Evidence keeps what was fetched, byte for byte, for every page that
	// brings new posts; nil keeps nothing. If it fails the posts are not
	// handed on, and the page is fetched again later.
	Evidence Keeper `json:"-" yaml:"-"`
	// Changes is told what became of posts after they were handed on; nil
	// tells nobody.
	Changes ChangeSink `json:"-" yaml:"-"`
	// OnVisit is told about every visited page, for metrics. It must be
	// quick and is called from several goroutines.
	OnVisit func(Visit) `json:"-" yaml:"-"`
}

// Resolver finds the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Limits bound what one page may cost. Zero fields mean the defaults.
type Limits struct {
	Body        int64    `json:"body,omitempty"         yaml:"body,omitempty"`         // decoded bytes kept of a page, 2 MiB; the rest is cut off and counted
	Header      int64    `json:"header,omitempty"       yaml:"header,omitempty"`       // bytes of response header, 64 KiB
	Redirects   int      `json:"redirects,omitempty"    yaml:"redirects,omitempty"`    // 5
	Timeout     Duration `json:"timeout,omitempty"      yaml:"timeout,omitempty"`      // one request, connect to last byte, 20s
	PageTimeout Duration `json:"page_timeout,omitempty" yaml:"page_timeout,omitempty"` // one page with waits and redirects, 5m
	Backoff     Duration `json:"backoff,omitempty"      yaml:"backoff,omitempty"`      // first pause for an unreachable source, doubled up to 1h; 30s
	Known       int      `json:"known,omitempty"        yaml:"known,omitempty"`        // addresses remembered per source, 1,000,000
}

const (
	maxURL     = 2048 // bytes of an address; longer ones are traps or hostile
	maxBackoff = time.Hour
)

func (l Limits) withDefaults() Limits {
	return Limits{
		Body:        cmp.Or(l.Body, 2<<20),
		Header:      cmp.Or(l.Header, 64<<10),
		Redirects:   cmp.Or(l.Redirects, 5),
		Timeout:     cmp.Or(l.Timeout, Duration(20*time.Second)),
		PageTimeout: cmp.Or(l.PageTimeout, Duration(5*time.Minute)),
		Backoff:     cmp.Or(l.Backoff, Duration(30*time.Second)),
		Known:       cmp.Or(l.Known, 1_000_000),
	}
}

// Validate reports everything that is wrong with the limits.
func (l Limits) Validate() error {
	var errs []error
	for _, f := range []struct {
		name            string
		got, least, max int64
	}{
		{"body", l.Body, 1 << 10, 32 << 20},
		{"header", l.Header, 1 << 10, 1 << 20},
		{"redirects", int64(l.Redirects), 1, 10},
		{"known", int64(l.Known), 1, 100_000_000},
	} {
		if f.got != 0 && (f.got < f.least || f.got > f.max) {
			errs = append(errs, fmt.Errorf("limits: %s is %d, want %d to %d", f.name, f.got, f.least, f.max))
		}
	}
	return errors.Join(errs...)
}

// Validate reports everything that is wrong, each with the source it is in
// and what to do about it.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Sources) > 0 {
		errs = append(errs, validateOperator(c.Operator, c.Contact))
	}
	errs = append(errs, c.Limits.Validate())
	seen := make(map[veghe.SourceID]bool)
	for i := range c.Sources {
		s := &c.Sources[i]
		name := fmt.Sprintf("source %q", string(s.ID))
		if s.ID == "" {
			name = fmt.Sprintf("source %d", i+1)
		}
		if s.ID != "" && seen[s.ID] {
			errs = append(errs, fmt.Errorf("%s: id is used twice, want each source to have its own", name))
		}
		seen[s.ID] = true
		for _, err := range split(s.Validate()) {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// split takes a joined error apart.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // only the outermost join is taken apart
		return many.Unwrap()
	}
	return []error{err}
}

func validateOperator(operator, contact string) error {
	var errs []error
	if strings.TrimSpace(operator) == "" {
		errs = append(errs, errors.New("operator is missing: name the office that runs this crawler; sites see it in the User-Agent"))
	}
	if contact == "" {
		errs = append(errs, errors.New("contact is missing: give a web page or e-mail address where sites can reach the operator"))
	} else if !validContact(contact) {
		errs = append(errs, fmt.Errorf("contact is %.80q, want an https address or an e-mail address", contact))
	}
	for _, v := range []string{operator, contact} {
		if strings.ContainsFunc(v, unsafeInHeader) {
			errs = append(errs, errors.New("operator and contact go into a request header: want printable ASCII without ( ) ;"))
			break
		}
	}
	return errors.Join(errs...)
}

func validContact(s string) bool {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func unsafeInHeader(r rune) bool {
	return r < ' ' || r > '~' || r == '(' || r == ')' || r == ';'
}

// userAgent is what sites see: the product, how to reach the operator, and
// who the operator is.
func (c *Config) userAgent() string {
	return fmt.Sprintf("%s/%s (+%s; %s)", product, cmp.Or(c.Version, "dev"), c.Contact, c.Operator)
}

// product is the token that robots.txt files address us by.
const product = "veghe"
