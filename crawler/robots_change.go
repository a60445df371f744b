package crawler

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// RobotsChange says how the robots.txt of a host changed, as far as it speaks
// to us: what it says to others, and its comments, may change unnoticed.
type RobotsChange struct {
	At   time.Time `json:"at"`   // when it was noticed
	Host string    `json:"host"` // with its scheme and port
	// Added and Removed are rules such as "Disallow: /private/", the first
	// few of each, in ASCII and short; MoreAdded and MoreRemoved count the
	// rest.
	Added       []string `json:"added,omitempty"`
	Removed     []string `json:"removed,omitempty"`
	MoreAdded   int      `json:"more_added,omitempty"`
	MoreRemoved int      `json:"more_removed,omitempty"`
}

// What is shown of a change.
const (
	shownRules   = 5
	shownRuleLen = 80
)

// text is what a robots.txt says to us, a rule a line, in a form that is the
// same whenever it means the same. One that is not there says nothing.
func (r *robots) text() string {
	lines := make([]string, 0, len(r.rules)+1)
	for _, rule := range r.rules {
		word := "Disallow: "
		if rule.allow {
			word = "Allow: "
		}
		lines = append(lines, word+rule.pattern)
	}
	if r.delay > 0 {
		lines = append(lines, "Crawl-delay: "+r.delay.String())
	}
	slices.Sort(lines) // their order means nothing: the longest wins
	return strings.Join(slices.Compact(lines), "\n")
}

// changeOf compares two texts.
func changeOf(host, before, now string, at time.Time) *RobotsChange {
	c := &RobotsChange{At: at, Host: host}
	c.Added, c.MoreAdded = without(now, before)
	c.Removed, c.MoreRemoved = without(before, now)
	return c
}

// without gives the first lines of a that b does not have, and how many more
// there are.
func without(a, b string) (first []string, more int) {
	have := make(map[string]bool)
	for line := range strings.Lines(b) {
		have[strings.TrimSuffix(line, "\n")] = true
	}
	for line := range strings.Lines(a) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case have[line]:
		case len(first) == shownRules:
			more++
		case len(line) > shownRuleLen:
			first = append(first, line[:shownRuleLen]+"...")
		default:
			first = append(first, line)
		}
	}
	return first, more
}

// learned keeps what a robots.txt says that was fetched just now, and tells
// the sources on that host if it said something else before, also before this
// process began.
func (c *Crawler) learned(ctx context.Context, host, hostname string, r *robots) {
	now := time.Now()
	if len(c.visitors) > 0 {
		now = c.visitors[0].now()
	}
	kept, fresh, err := c.frontier.KeepRules(ctx, host, r.text(), now)
	if err != nil || kept.Changed.IsZero() {
		return // the next use of the frontier reports the error
	}
	change := changeOf(host, kept.Before, kept.Now, kept.Changed)
	for _, v := range c.visitors {
		if !v.hosts[hostname] {
			continue
		}
		if fresh {
			v.log.Warn("robots.txt changed",
				slog.Int("rules_added", len(change.Added)+change.MoreAdded), slog.Int("rules_removed", len(change.Removed)+change.MoreRemoved))
		}
		v.health.update(func(s *Stats) {
			if s.RobotsChange == nil || s.RobotsChange.At.Before(change.At) || s.RobotsChange.Host == host {
				s.RobotsChange = change
			}
		})
	}
}
