package crawler

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/extract"
)

// Source is a place to visit and how to behave there. The zero value of every
// field but ID, URL, Purpose and LegalBasis is a polite default.
type Source struct {
	veghe.Source `yaml:",inline"`

	// URLs are further start pages, on the host of URL or of one of Hosts.
	URLs []string `json:"urls,omitempty" yaml:"urls,omitempty"`
	// Hosts are other host names that belong to the source, such as the
	// www. form. Links and redirects to any other host are not followed.
	Hosts []string `json:"hosts,omitempty" yaml:"hosts,omitempty"`
	// Paths are the path prefixes that may be visited; empty means all.
	Paths []string `json:"paths,omitempty" yaml:"paths,omitempty"`

	// Type says what the pages are; empty means auto.
	Type extract.Type `json:"type,omitempty" yaml:"type,omitempty"`
	// Kind is what the posts are: ad or post; empty means what the type and
	// the page say.
	Kind veghe.Kind `json:"kind,omitempty" yaml:"kind,omitempty"`
	// Selectors describe a forum or an ad board that has no structured data.
	Selectors extract.Selectors `json:"selectors,omitzero" yaml:"selectors,omitempty"`

	// Every is the time from the start of one visit to the start of the
	// next; 0 means 15 minutes.
	Every Duration `json:"every,omitempty" yaml:"every,omitempty"`
	// Rate is requests per second to one host; 0 means 1. A longer
	// Crawl-delay in robots.txt wins, up to 30 s.
	Rate float64 `json:"rate,omitempty" yaml:"rate,omitempty"`
	// Concurrency is how many requests may run at once; 0 means 1.
	Concurrency int `json:"concurrency,omitempty" yaml:"concurrency,omitempty"`
	// MaxPages bounds one visit; what is left waits for the next. 0 means
	// 5,000.
	MaxPages int `json:"max_pages,omitempty" yaml:"max_pages,omitempty"`
	// PagesPerDay bounds a day, restarts included; what is left waits for the
	// next. 0 means no bound.
	PagesPerDay int `json:"pages_per_day,omitempty" yaml:"pages_per_day,omitempty"`
	// Hours are when the source may be visited; always, if left out.
	Hours Hours `json:"hours,omitzero" yaml:"hours,omitempty"`
	// MaxDepth is how many links away from a start page may be visited,
	// "next page" links not counted. 0 means 4, or none for feed and page;
	// -1 means start pages only.
	MaxDepth int `json:"max_depth,omitempty" yaml:"max_depth,omitempty"`
	// AllowLoopback lets the source be on this machine, at exactly the host
	// and port of its start pages. It is for demos and tests.
	AllowLoopback bool `json:"allow_loopback,omitempty" yaml:"allow_loopback,omitempty"`
	// Paused keeps the source in the configuration without visiting it.
	Paused bool `json:"paused,omitempty" yaml:"paused,omitempty"`
}

// What a source may ask for at most.
const (
	maxStarts      = 100
	maxConcurrency = 64
	maxPublicRate  = 20 // requests per second to a host that is not loopback
	maxDepth       = 32
)

// Validate reports everything that is wrong with the source, each with what
// to do about it.
func (s *Source) Validate() error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if s.ID == "" {
		say(`id is missing: give the source a short name, such as "id: local-forum"`)
	} else if !validID(string(s.ID)) {
		say("id is %.40q, want up to 64 lower-case letters, digits, '-', '_' and '.'", string(s.ID))
	}
	if s.ID == veghe.Canary {
		say("id is %q, which is reserved: give the source another", string(s.ID))
	}
	if strings.TrimSpace(s.Purpose) == "" {
		say("purpose is missing: say in a sentence why this source is read; without a purpose it must not be")
	}
	if strings.TrimSpace(s.LegalBasis) == "" {
		say("legal_basis is missing: name the law or decision that allows reading this source")
	}
	errs = append(errs, s.validateAddresses()...)
	switch s.Type {
	case "", extract.Auto, extract.Forum, extract.Board, extract.Feed, extract.Single:
	default:
		say("type is %.40q, want auto, forum, board, feed or page", string(s.Type))
	}
	switch s.Kind {
	case "", veghe.Ad, veghe.Forum:
	default:
		say(`kind is %.40q, want "ad" or "post"`, string(s.Kind))
	}
	if err := s.Selectors.Validate(); err != nil {
		say("selectors: %w", err)
	}
	if s.Every != 0 && s.Every.D() < time.Second {
		say("every is %s, want 1s or more", s.Every)
	}
	if s.Rate < 0 || (s.Rate > maxPublicRate && !s.AllowLoopback) {
		say("rate is %g requests per second, want more than 0 and at most %d", s.Rate, maxPublicRate)
	}
	if s.Concurrency < 0 || s.Concurrency > maxConcurrency {
		say("concurrency is %d, want 1 to %d", s.Concurrency, maxConcurrency)
	}
	if s.MaxPages < 0 {
		say("max_pages is %d, want 1 or more", s.MaxPages)
	}
	if s.PagesPerDay < 0 {
		say("pages_per_day is %d, want 1 or more", s.PagesPerDay)
	}
	errs = append(errs, split(s.Hours.Validate())...)
	if s.MaxDepth < -1 || s.MaxDepth > maxDepth {
		say("max_depth is %d, want 1 to %d, or -1 for the start pages only", s.MaxDepth, maxDepth)
	}
	return errors.Join(errs...)
}

func (s *Source) validateAddresses() []error {
	var errs []error
	if s.URL == "" && len(s.URLs) == 0 {
		errs = append(errs, errors.New("url is missing: give the address of a list of threads or ads, or of a feed"))
	}
	starts := s.starts()
	if len(starts) > maxStarts {
		errs = append(errs, fmt.Errorf("urls has %d addresses, want at most %d", len(starts), maxStarts))
	}
	for _, raw := range starts {
		if err := checkStart(raw, s.AllowLoopback); err != nil {
			errs = append(errs, err)
		}
	}
	for _, h := range s.Hosts {
		if h == "" || strings.ContainsAny(h, "/@?# ") {
			errs = append(errs, fmt.Errorf("hosts has %.60q, want a host name such as www.example.org", h))
		}
	}
	for _, p := range s.Paths {
		if !strings.HasPrefix(p, "/") {
			errs = append(errs, fmt.Errorf("paths has %.60q, want a path that starts with /", p))
		}
	}
	return errs
}

func checkStart(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("url is %.80q, want an address such as https://forum.example.org/", raw)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("url has scheme %.20q, want http or https", u.Scheme)
	case u.User != nil:
		return errors.New("url contains a user name or password: veghe reads public pages only, without logging in")
	case len(raw) > maxURL:
		return fmt.Errorf("url is %d bytes, want at most %d", len(raw), maxURL)
	}
	local := isLoopbackName(u.Hostname())
	if local && !loopback {
		return fmt.Errorf("url is on this machine (%s): only a source with allow_loopback: true may be", u.Host)
	}
	if loopback && !local {
		return fmt.Errorf("allow_loopback is set but %.80q is not on this machine: remove allow_loopback", u.Host)
	}
	return nil
}

func isLoopbackName(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func validID(id string) bool {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	return len(id) <= 64 && !strings.ContainsFunc(id, bad)
}

// starts lists the start pages, URL first, each once.
func (s *Source) starts() []string {
	var out []string
	for _, u := range append([]string{s.URL}, s.URLs...) {
		if u != "" && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// withDefaults fills what the configuration left out.
func (s Source) withDefaults() Source {
	s.Name = cmp.Or(s.Name, string(s.ID))
	s.Type = cmp.Or(s.Type, extract.Auto)
	s.Every = cmp.Or(s.Every, Duration(15*time.Minute))
	s.Rate = cmp.Or(s.Rate, 1)
	s.Concurrency = cmp.Or(s.Concurrency, 1)
	s.MaxPages = cmp.Or(s.MaxPages, 5000)
	switch {
	case s.MaxDepth < 0:
		s.MaxDepth = 0
	case s.MaxDepth > 0:
	case s.Type == extract.Feed || s.Type == extract.Single:
		s.MaxDepth = 0
	default:
		s.MaxDepth = 4
	}
	return s
}
