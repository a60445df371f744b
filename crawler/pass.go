package crawler

import (
	"context"
	"log/slog"
	"time"

	"veghe/crawler/extract"
	"veghe/crawler/frontier"
)

// run visits the source until ctx ends, while it is not paused.
func (v *visitor) run(ctx context.Context, sink Sink) {
	for {
		inside, leave, err := v.gate.enter(ctx)
		if err != nil {
			return
		}
		v.visits(inside, sink)
		leave()
	}
}

// visits visits the source until ctx ends, resting between passes.
func (v *visitor) visits(ctx context.Context, sink Sink) {
	for ctx.Err() == nil {
		if err := v.seed(ctx); err == nil {
			break
		} else if v.stateTrouble(ctx, err) != nil {
			return
		}
	}
	for ctx.Err() == nil {
		if err := v.untilOpen(ctx); err != nil {
			if v.stateTrouble(ctx, err) != nil {
				return
			}
			continue
		}
		if err := v.pass(ctx, sink); err != nil {
			if v.stateTrouble(ctx, err) != nil {
				return
			}
			continue
		}
		if v.rest(ctx) != nil {
			return
		}
	}
}

// stateTrouble reports a frontier that cannot be used and waits before the
// next attempt. It fails when ctx ends.
func (v *visitor) stateTrouble(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.log.Error("the frontier cannot be used", slog.Any("error", err))
	v.health.update(func(s *Stats) {
		s.Outcomes[StateFailed]++
		s.LastError, s.LastErrorAt = err.Error(), v.now().UTC()
	})
	return sleep(ctx, v.limits.Backoff.D())
}

// untilOpen waits until the source may be visited.
func (v *visitor) untilOpen(ctx context.Context) error {
	for {
		at, err := v.opens(ctx)
		if err != nil {
			return err
		}
		wait := at.Sub(v.now())
		if wait <= 0 {
			return nil
		}
		// A clock that is set meanwhile is noticed.
		if err := sleep(ctx, min(wait, time.Minute)); err != nil {
			return err
		}
	}
}

// opens is when the source may next be visited: now, or when its hours begin,
// or when the next day brings it new pages.
func (v *visitor) opens(ctx context.Context) (time.Time, error) {
	now := v.now()
	at, spent := v.times.opens(now), 0
	if v.PagesPerDay > 0 {
		var err error
		if spent, err = v.frontier.Spent(context.WithoutCancel(ctx), v.ID, v.quota(now)); err != nil {
			return at, err
		}
		if spent >= v.PagesPerDay {
			at = v.times.opens(maxTime(at, v.times.nextDay(now)))
		}
	}
	v.health.update(func(s *Stats) {
		s.SpentToday, s.OpensAt = spent, time.Time{}
		if at.After(now) {
			s.OpensAt = at.UTC()
		}
	})
	return at, nil
}

// rest waits until a start page is due and the source is not backing off.
func (v *visitor) rest(ctx context.Context) error {
	next, err := v.frontier.NextStart(ctx, v.ID)
	if err != nil {
		return v.stateTrouble(ctx, err)
	}
	now := v.now()
	next = maxTime(next, v.health.snapshot().BackoffUntil)
	// A clock that was set back must not put a source to sleep for long.
	wait := min(next.Sub(now), max(v.Every.D(), maxBackoff))
	return sleep(ctx, max(wait, 50*time.Millisecond))
}

// seed makes the start pages of the configuration those of the frontier.
func (v *visitor) seed(ctx context.Context) error {
	var links []frontier.Link
	for _, raw := range v.starts() {
		u, err := extract.Canonical(raw, nil)
		if err != nil {
			return err
		}
		links = append(links, frontier.Link{URL: u, Kind: startKind})
	}
	return v.frontier.Seed(ctx, v.ID, v.now(), links...)
}

// once visits everything there is to visit now, start pages always.
func (v *visitor) once(ctx context.Context, sink Sink) error {
	if err := v.seed(ctx); err != nil {
		return err
	}
	if err := v.frontier.Wake(ctx, v.ID, v.now()); err != nil {
		return err
	}
	return v.pass(ctx, sink)
}

// pass visits what is due now and what that leads to, up to MaxPages, and
// waits for every page it started. It stops early when the source has to be
// left alone. It fails if the frontier does, or if the sink refused posts.
func (v *visitor) pass(ctx context.Context, sink Sink) error {
	p := pass{visitor: v, asOf: v.now(), budget: v.MaxPages, results: make(chan visited)}
	err := p.run(ctx, sink)
	v.tell(ctx)
	v.count(ctx)
	if _, opensErr := v.opens(ctx); err == nil {
		err = opensErr
	}
	if err == nil && ctx.Err() == nil {
		v.health.update(func(s *Stats) { s.Passes++ })
	}
	return err
}

type pass struct {
	*visitor
	asOf    time.Time // pages due until then are visited; new links count as due then
	budget  int
	ready   []frontier.Page // leased, not begun
	running int
	stop    bool
	results chan visited
}

// inHand is how many pages are worked on at once: while some are fetched,
// others are handed on and recorded. A source that is read one page at a time
// has one.
func (p *pass) inHand() int { return 2*p.Concurrency - 1 }

func (p *pass) run(ctx context.Context, sink Sink) error {
	var first error
	defer func() { p.giveBack(ctx) }()
	for {
		if err := p.start(ctx, sink); err != nil && first == nil {
			first, p.stop = err, true
		}
		if p.running == 0 {
			return first
		}
		out := <-p.results
		p.running--
		if ctx.Err() != nil && out.Outcome != OK {
			continue // cut short: it says nothing about the source
		}
		p.note(out)
		if first == nil && (out.Outcome == SinkFailed || out.Outcome == StateFailed) {
			first = out.err
		}
	}
}

// start visits leased pages in the free places.
func (p *pass) start(ctx context.Context, sink Sink) error {
	for p.running < p.inHand() && !p.stop && ctx.Err() == nil {
		if len(p.ready) == 0 {
			if err := p.lease(ctx); err != nil || len(p.ready) == 0 {
				return err
			}
		}
		page := p.ready[0]
		p.ready = p.ready[1:]
		p.running++
		go func() { p.results <- p.visit(ctx, page, p.asOf, sink) }() // run receives one result for each
	}
	return nil
}

// lease takes what is due, as many pages as are worked on at once.
func (p *pass) lease(ctx context.Context) error {
	n := min(p.inHand(), p.budget)
	if n <= 0 || !p.times.open(p.now()) {
		return nil
	}
	// Each may wait for two others before it is fetched.
	until := p.now().Add(3*p.limits.PageTimeout.D() + time.Minute)
	var err error
	p.ready, err = p.frontier.Lease(ctx, p.ID, p.asOf, until, n, p.quota(p.now()))
	p.budget -= len(p.ready)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// giveBack returns what was leased and not begun.
func (p *pass) giveBack(ctx context.Context) {
	if len(p.ready) == 0 {
		return
	}
	// If it fails, their leases run out.
	_ = p.frontier.Return(context.WithoutCancel(ctx), p.quota(p.now()), p.ready...)
	p.ready = nil
}

// note counts a visit and decides whether the source is to be left alone.
func (p *pass) note(out visited) {
	now := p.now().UTC()
	p.health.add(out.Visit, now, out.problems, out.err)
	if p.onVisit != nil {
		p.onVisit(out.Visit)
	}
	if !out.Outcome.unreachable() {
		p.health.update(func(s *Stats) { s.Failures, s.BackoffUntil = 0, time.Time{} })
		return
	}
	var failures int
	p.health.update(func(s *Stats) { s.Failures++; failures = s.Failures })
	// One page may be broken; a start page or three in a row are the source.
	if out.page.Kind != startKind && failures < 3 && out.wait == 0 && out.Outcome != SinkFailed {
		return
	}
	p.stop = true
	pause := max(out.wait, backoff(p.limits.Backoff.D(), failures))
	p.health.update(func(s *Stats) { s.BackoffUntil = maxTime(s.BackoffUntil, now.Add(pause)) })
	p.log.Warn("source is left alone for a while",
		slog.String("outcome", string(out.Outcome)), slog.Int("failures", failures),
		slog.Duration("pause", pause), slog.Any("error", out.err))
}

// count refreshes how much is known and due.
func (v *visitor) count(ctx context.Context) {
	c, err := v.frontier.Counts(context.WithoutCancel(ctx), v.ID, v.now())
	if err != nil {
		return // the next use of the frontier reports it
	}
	v.health.update(func(s *Stats) { s.Known, s.Due = c.Known, c.Due })
}
