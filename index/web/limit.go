package web

import (
	"math"
	"strconv"
	"sync"
	"time"
)

// Requests that one caller may make: so many at once, and so many a second
// from then on. A person reads a page; a page asks for a few files.
const (
	burst     = 120
	perSecond = 20
	maxKnown  = 10_000 // callers remembered
)

// limiter is a token bucket per caller.
type limiter struct {
	clock func() time.Time

	mu  sync.Mutex // guards all
	all map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(clock func() time.Time) *limiter {
	return &limiter{clock: clock, all: map[string]bucket{}}
}

// wait returns 0 if the caller may go on, else how long until it may.
func (l *limiter) wait(caller string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	b, ok := l.all[caller]
	if !ok {
		b = bucket{left: burst, at: now}
		l.forget(now)
	}
	b.left = min(burst, b.left+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
	if b.left < 1 {
		l.all[caller] = b
		return time.Duration((1 - b.left) / perSecond * float64(time.Second))
	}
	b.left--
	l.all[caller] = b
	return 0
}

// forget makes room: whoever has been away as long as it takes to fill a
// bucket is as good as new.
func (l *limiter) forget(now time.Time) {
	if len(l.all) < maxKnown {
		return
	}
	for k, b := range l.all {
		if now.Sub(b.at).Seconds()*perSecond >= burst {
			delete(l.all, k)
		}
	}
	if len(l.all) >= maxKnown {
		clear(l.all)
	}
}

// seconds is a time for Retry-After.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
