package crawler

import (
	"net/url"
	"path"
	"strings"
	"time"

	"veghe/crawler/frontier"
)

// site is a source made ready to be visited: where it may lead and how fast.
type site struct {
	Source
	hosts map[string]bool // host names in scope
	local map[string]bool // host:port pairs on this machine that may be reached
	ports map[string]bool
	times schedule
}

func newSite(s Source) (*site, error) {
	out := &site{
		Source: s.withDefaults(),
		hosts:  make(map[string]bool), local: make(map[string]bool),
		ports: map[string]bool{"80": true, "443": true},
	}
	var err error
	if out.times, err = s.Hours.schedule(); err != nil {
		return nil, err
	}
	for _, raw := range out.starts() {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, err
		}
		out.hosts[strings.ToLower(u.Hostname())] = true
		if u.Port() != "" {
			out.ports[u.Port()] = true
		}
		if s.AllowLoopback {
			out.local[splitHost(u)] = true
		}
	}
	for _, h := range s.Hosts {
		out.hosts[strings.ToLower(h)] = true
	}
	return out, nil
}

// gap is the least time between two requests to one host.
func (s *site) gap() time.Duration { return time.Duration(float64(time.Second) / s.Rate) }

// quota is what may be visited on the day of a time.
func (s *site) quota(at time.Time) frontier.Quota {
	return frontier.Quota{Day: s.times.day(at), Pages: s.PagesPerDay}
}

// inScope says whether an address belongs to the source, whose purpose and
// legal basis cover nothing else.
func (s *site) inScope(u *url.URL) bool {
	if !s.hosts[strings.ToLower(u.Hostname())] {
		return false
	}
	if len(s.local) > 0 && !s.local[splitHost(u)] {
		return false
	}
	if len(s.Paths) == 0 {
		return true
	}
	p := u.Path
	if p == "" {
		p = "/"
	}
	// A prefix must hold after dot segments are gone as well.
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	for _, prefix := range s.Paths {
		if strings.HasPrefix(clean, prefix) {
			return true
		}
	}
	return false
}
