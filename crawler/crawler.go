// Package crawler visits public sources politely and hands on the posts it
// finds there.
//
//	frontier ─page─▶ fetch (colly over the guard) ─▶ extract ─posts─▶ sink ─ok─▶ frontier
//	    ▲                                                                           │
//	    └──────────────── links, next visit, what was seen ◀────────────────────────┘
//
// What it promises:
//
//   - Only public pages: robots.txt is honoured for every request and every
//     hop of a redirect (RFC 9309), the User-Agent names the operator and a
//     contact, each host has a rate and a concurrency, GET is the only method,
//     and no cookie, credential or form is ever sent.
//   - No address that is not on the public internet is connected to, checked
//     after DNS, except loopback for a source that says so.
//   - No media is asked for, and none is read that comes unasked.
//   - Everything a page can cost is bounded: bytes after decompression, header
//     bytes, time, redirects, depth, memory.
//   - A post is handed on until the sink took it, and then not again unless
//     its text changes, across restarts and crashes; only posts whose
//     acknowledgement was lost in a crash come twice, under the same id.
//
// It leaves to others what a post means and where it is kept. Colly is
// imported here and nowhere else.
package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"veghe"
	"veghe/crawler/frontier"
)

// Sink takes posts that are new, or whose text changed. A nil error means
// that they are durable: only then is their page done. Any error means "not
// now": the page is fetched again later, with a growing pause. It is called
// from several goroutines and must not keep the slice.
type Sink func(ctx context.Context, posts []veghe.Post) error

// ChangeSink takes what became of posts that were handed on: gone, back, said
// again. A nil error means that it is durable; after any other it comes again.
type ChangeSink func(ctx context.Context, changes []veghe.Change) error

// Crawler visits the configured sources. Use Run or RunOnce, one at a time.
type Crawler struct {
	frontier *frontier.Frontier
	visitors []*visitor
	dir      string // of the state; empty if none is kept

	turning sync.Mutex // held while the file of paused sources is written
}

// New checks the configuration and opens the frontier. It sends nothing.
func New(cfg Config) (*Crawler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Limits = cfg.Limits.withDefaults()
	path, err := frontierPath(cfg.Dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	f, err := frontier.Open(ctx, path, frontier.Options{MaxKnown: int64(cfg.Limits.Known)})
	if err != nil {
		return nil, err
	}
	c := &Crawler{frontier: f, dir: cfg.Dir}
	if err := c.addVisitors(&cfg); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return c, nil
}

// frontierPath is the file in dir, which is made if missing.
func frontierPath(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	if err := os.MkdirAll(dir, fs.FileMode(0o700)); err != nil {
		return "", fmt.Errorf("crawler: cannot make the state directory: %w", err)
	}
	return filepath.Join(dir, "frontier.db"), nil
}

func (c *Crawler) addVisitors(cfg *Config) error {
	var sites []*site
	for _, s := range cfg.Sources {
		site, err := newSite(s)
		if err != nil {
			return fmt.Errorf("source %q: %w", string(s.ID), err)
		}
		sites = append(sites, site)
	}
	paused, err := ReadPaused(cfg.Dir)
	if err != nil {
		return err
	}
	shared := newHosts(slotsOf(sites))
	shared.learned = c.learned
	log := cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	for _, s := range sites {
		g := newGuard(s, cfg.Limits, cfg.userAgent(), cfg.Resolver, shared)
		g.now = now
		if cfg.Evidence != nil {
			g.record()
		}
		v := &visitor{
			site: s, guard: g, fetcher: newFetcher(g, cfg.Limits.Redirects), frontier: c.frontier,
			limits: cfg.Limits, now: now, onVisit: cfg.OnVisit, keeper: cfg.Evidence, changes: cfg.Changes,
			log:  log.With(slog.String("source", string(s.ID))),
			gate: newGate(s.Paused || slices.Contains(paused, s.ID)),
		}
		v.health.s = Stats{Source: s.ID, Name: s.Name, URL: s.starts()[0], Paused: v.gate.isClosed(), Outcomes: make(map[Outcome]int64)}
		c.visitors = append(c.visitors, v)
	}
	return nil
}

// slotsOf says how many requests at once a host name may get: as few as the
// most careful source on it wants.
func slotsOf(sites []*site) func(string) int {
	least := make(map[string]int)
	for _, s := range sites {
		for h := range s.hosts {
			if n, ok := least[h]; !ok || s.Concurrency < n {
				least[h] = s.Concurrency
			}
		}
	}
	return func(host string) int { return least[strings.ToLower(host)] }
}

// Run visits all sources, again and again, until ctx ends; then it waits for
// what it started and returns nil. Trouble with a source never ends it: the
// source is left alone for a while, which Stats shows.
func (c *Crawler) Run(ctx context.Context, sink Sink) error {
	var wg sync.WaitGroup
	for _, v := range c.visitors {
		wg.Go(func() { v.run(ctx, sink) })
	}
	wg.Go(func() { c.housekeeping(ctx) })
	wg.Wait()
	return nil
}

// How long posts and pages that no list shows any more are remembered.
const remember = 180 * 24 * time.Hour

// housekeeping forgets, once a day, what has long gone.
func (c *Crawler) housekeeping(ctx context.Context) {
	for sleep(ctx, 24*time.Hour) == nil {
		// An error shows up in the next use of the frontier.
		_, _, _ = c.frontier.Forget(ctx, time.Now().Add(-remember))
	}
}

// RunOnce visits each source once, side by side, and returns when all of
// their pages, as far as due and reachable, are done. It fails if the sink or
// the frontier did; trouble with a source is in Stats only.
func (c *Crawler) RunOnce(ctx context.Context, sink Sink) error {
	errs := make([]error, len(c.visitors))
	var wg sync.WaitGroup
	for i, v := range c.visitors {
		if v.gate.isClosed() {
			continue
		}
		wg.Go(func() {
			inside, leave, err := v.gate.enter(ctx)
			if err != nil {
				return
			}
			defer leave()
			if err := v.once(inside, sink); err != nil && (inside.Err() == nil || ctx.Err() != nil) {
				errs[i] = fmt.Errorf("source %q: %w", string(v.ID), err)
			}
		})
	}
	wg.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// Stats is the health of every source, in the order of the configuration.
func (c *Crawler) Stats() []Stats {
	out := make([]Stats, len(c.visitors))
	for i, v := range c.visitors {
		out[i] = v.health.snapshot()
	}
	return out
}

// Close releases the frontier and idle connections. Call it after Run has
// returned; it may be called twice.
func (c *Crawler) Close() error {
	for _, v := range c.visitors {
		v.guard.close()
	}
	return c.frontier.Close()
}
