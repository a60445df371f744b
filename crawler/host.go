package crawler

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"
)

// hosts has the pace and the robots.txt of every host. All sources share it,
// so two sources on one host do not double its load.
type hosts struct {
	slots func(hostname string) int // requests at once
	// learned is told what a robots.txt says, each time it was read; may be nil.
	learned func(ctx context.Context, host, hostname string, r *robots)

	mu    sync.Mutex // guards the maps
	paces map[string]*pace
	m     map[string]*host
}

func newHosts(slots func(string) int) *hosts {
	return &hosts{slots: slots, paces: make(map[string]*pace), m: make(map[string]*host)}
}

// hostKey names what a robots.txt speaks for.
func hostKey(u *url.URL) string { return u.Scheme + "://" + splitHost(u) }

// get is the host of an address. Only hosts in a source's scope are asked
// for, so the configuration bounds how many there are.
func (hs *hosts) get(u *url.URL) *host {
	key := hostKey(u)
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if h := hs.m[key]; h != nil {
		return h
	}
	name := strings.ToLower(u.Hostname())
	p := hs.paces[name]
	if p == nil {
		p = &pace{slots: make(chan struct{}, max(1, hs.slots(name)))}
		hs.paces[name] = p
	}
	h := &host{pace: p, asking: make(chan struct{}, 1)}
	hs.m[key] = h
	return h
}

// host is one scheme, name and port: what a robots.txt speaks for (RFC 9309,
// 2.3). Its pace is that of the name.
type host struct {
	*pace
	asking chan struct{} // held by whoever reads or fetches the rules

	rules   *robots
	expires time.Time
}

// robots gives the host's rules, from fetch if there are none or they are too
// old. One caller fetches, the others wait for it.
func (h *host) robots(ctx context.Context, now func() time.Time, fetch func() (*robots, time.Duration, error)) (*robots, error) {
	select {
	case h.asking <- struct{}{}:
		defer func() { <-h.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h.rules != nil && now().Before(h.expires) {
		return h.rules, nil
	}
	rules, ttl, err := fetch()
	if err != nil {
		return nil, err
	}
	h.rules, h.expires = rules, now().Add(ttl)
	h.setDelay(rules.delay)
	return rules, nil
}

// pace spaces the requests to one host name.
type pace struct {
	slots chan struct{} // one per request that may run

	mu    sync.Mutex    // guards the rest
	next  time.Time     // when the next request may start
	delay time.Duration // what robots.txt asks for
}

// enter waits until a request may start, at least gap after the one before,
// and gives what to call when it has ended.
func (p *pace) enter(ctx context.Context, gap time.Duration) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		wait := p.reserve(gap)
		if wait <= 0 {
			return func() { <-p.slots }, nil
		}
		if err := sleep(ctx, wait); err != nil {
			<-p.slots
			return nil, err
		}
	}
}

// reserve takes the next start if it is now; otherwise it says how long to
// wait before asking again.
func (p *pace) reserve(gap time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if wait := p.next.Sub(now); wait > 0 {
		return wait
	}
	p.next = now.Add(max(gap, p.delay))
	return 0
}

func (p *pace) setDelay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
	p.next = maxTime(p.next, time.Now().Add(d))
}

// pause keeps the host alone for a while.
func (p *pace) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = maxTime(p.next, time.Now().Add(d))
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
