package crawler

import (
	"maps"
	"sync"
	"time"

	"veghe"
)

// Outcome is how the visit of a page ended: a small fixed set, fit to be a
// metric label.
type Outcome string

// The outcomes.
const (
	OK          Outcome = "ok"           // read, and understood
	NotModified Outcome = "not_modified" // the server says nothing changed
	Unparsed    Outcome = "unparsed"     // read, but no post found where some should be
	NoIndex     Outcome = "noindex"      // the page asks not to be kept
	Gone        Outcome = "gone"         // 404 or 410
	Refused     Outcome = "refused"      // another 4xx: the site does not want us
	Throttled   Outcome = "throttled"    // 429, or 503 with Retry-After
	ServerError Outcome = "server_error" // 5xx
	Unreachable Outcome = "unreachable"  // DNS, connection or TLS failed
	TimedOut    Outcome = "timed_out"
	Closed      Outcome = "closed"       // outside its hours: nothing was sent
	Robots      Outcome = "robots"       // robots.txt disallows it
	RobotsDown  Outcome = "robots_down"  // robots.txt unreachable: everything is disallowed
	Media       Outcome = "media"        // an image, a video, an archive, a document
	Blocked     Outcome = "blocked"      // a private address, a strange port or scheme
	OutOfScope  Outcome = "out_of_scope" // a redirect to another host or path
	Redirects   Outcome = "redirects"    // too many of them
	Malformed   Outcome = "malformed"    // not HTTP as we know it, or a broken encoding
	SinkFailed  Outcome = "sink"         // the posts could not be handed on
	StateFailed Outcome = "state"        // the frontier could not be read or written
)

// unreachable outcomes say that the source as a whole has trouble.
func (o Outcome) unreachable() bool {
	switch o {
	case Throttled, ServerError, Unreachable, TimedOut, RobotsDown, SinkFailed, StateFailed:
		return true
	}
	return false
}

// Failed says that a page could not be read for a reason that is nobody's
// wish: neither the site's, as with robots.txt, nor ours, as with media.
func (o Outcome) Failed() bool {
	switch o {
	case Unparsed, Refused, Malformed, Redirects:
		return true
	}
	return o.unreachable()
}

// Visit is what happened to one page, for metrics.
type Visit struct {
	Source    veghe.SourceID
	Outcome   Outcome
	Engine    string // what recognised the page, see extract.Result
	Requests  int    // sent, robots.txt and redirects included
	Bytes     int64  // decoded, of all answers
	Truncated bool   // the page was longer than Limits.Body
	Found     int    // posts on the page
	New       int    // of them, never seen before
	Edited    int    // of them, seen with another text
	Home      bool   // it was read, and is a page on which posts stand, such as a thread
	Took      time.Duration
}

// Stats is the health of one source since the start of the process.
type Stats struct {
	Source veghe.SourceID `json:"source"`
	Name   string         `json:"name"`
	URL    string         `json:"url"`
	Paused bool           `json:"paused,omitempty"`
	// Elsewhere says that another process visits the source.
	Elsewhere bool `json:"elsewhere,omitempty"`

	Passes    int64             `json:"passes"`    // visits of the whole source that ended
	Pages     int64             `json:"pages"`     // pages tried, whatever came of it
	Requests  int64             `json:"requests"`  // robots.txt and redirects included
	Bytes     int64             `json:"bytes"`     // decoded
	Found     int64             `json:"found"`     // posts on pages, seen before or not
	New       int64             `json:"new"`       // posts handed on for the first time
	Edited    int64             `json:"edited"`    // posts handed on again with another text
	Gone      int64             `json:"gone"`      // posts found to be no longer there
	Back      int64             `json:"back"`      // of those, posts that are there again
	Truncated int64             `json:"truncated"` // pages longer than the limit
	Outcomes  map[Outcome]int64 `json:"outcomes"`
	Problems  int64             `json:"problems"` // parts of pages that could not be read

	// PerPage is how many posts the last twenty or so pages on which posts
	// stand had, Usual the last thousand, the site's own past: a fall of
	// one against the other means that its layout changed. 0: not known yet.
	PerPage float64 `json:"per_page,omitempty"`
	Usual   float64 `json:"usual_per_page,omitempty"`
	// Homes is how many pages these are of.
	Homes int64 `json:"homes,omitempty"`

	// RobotsChange is the last change of what robots.txt says to us on a host
	// of the source, also before the start of the process; nil if it did not
	// change since it was first read, or was not read yet.
	RobotsChange *RobotsChange `json:"robots_change,omitempty"`

	Known int64 `json:"known"` // addresses in the frontier, at the last count
	Due   int64 `json:"due"`   // of them, waiting to be fetched

	LastSuccess  time.Time `json:"last_success,omitzero"` // a page was read or unchanged
	LastNew      time.Time `json:"last_new,omitzero"`     // a new post came
	LastError    string    `json:"last_error,omitempty"`  // never post text
	LastErrorAt  time.Time `json:"last_error_at,omitzero"`
	Failures     int       `json:"failures,omitempty"` // in a row, until a page succeeds
	BackoffUntil time.Time `json:"backoff_until,omitzero"`
	OpensAt      time.Time `json:"opens_at,omitzero"`     // outside its hours, or its pages of the day are spent, until then
	SpentToday   int       `json:"spent_today,omitempty"` // pages, of a source with PagesPerDay
}

// Yield is the share of read pages on which posts were found where some
// should be, 1 when none was read. A fall means that the layout changed.
func (s *Stats) Yield() float64 {
	read := s.Outcomes[OK] + s.Outcomes[Unparsed]
	if read == 0 {
		return 1
	}
	return float64(s.Outcomes[OK]) / float64(read)
}

// Drifting says that pages have far fewer posts than they used to have.
func (s *Stats) Drifting() bool {
	return s.Homes >= enoughPages && s.PerPage < s.Usual*driftBelow
}

const (
	enoughPages = 60  // before a fall says something
	driftBelow  = 0.4 // of what is usual
	recentPages = 20
	usualPages  = 1000
)

// readHome takes a page on which posts stand into the means. Both begin as
// plain means, so that the first page does not weigh more than others.
func (s *Stats) readHome(found int) {
	s.Homes++
	mean := func(old float64, over int64) float64 {
		return old + (float64(found)-old)/float64(min(s.Homes, over))
	}
	s.PerPage, s.Usual = mean(s.PerPage, recentPages), mean(s.Usual, usualPages)
}

// health is the live form of Stats.
type health struct {
	mu sync.Mutex // guards s
	s  Stats
}

func (h *health) snapshot() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.s
	s.Outcomes = maps.Clone(s.Outcomes)
	return s
}

func (h *health) update(f func(s *Stats)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(&h.s)
}

// add counts one visited page.
func (h *health) add(v Visit, now time.Time, problems int, err error) {
	h.update(func(s *Stats) {
		s.Pages++
		s.Requests += int64(v.Requests)
		s.Bytes += v.Bytes
		s.Found += int64(v.Found)
		s.New += int64(v.New)
		s.Edited += int64(v.Edited)
		s.Problems += int64(problems)
		s.Outcomes[v.Outcome]++
		if v.Truncated {
			s.Truncated++
		}
		if v.Home {
			s.readHome(v.Found)
		}
		if v.New > 0 {
			s.LastNew = now
		}
		if v.Outcome == OK || v.Outcome == NotModified {
			s.LastSuccess = now
		}
		if err != nil {
			s.LastError, s.LastErrorAt = err.Error(), now
		}
	})
}
