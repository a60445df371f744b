package crawler

import (
	"time"

	"veghe/crawler/extract"
	"veghe/crawler/frontier"
)

// startKind is the frontier's word for a start page.
const startKind = "start"

// How long pages rest at most, and those that cannot be had.
const (
	maxRest     = 14 * 24 * time.Hour
	goneRest    = 30 * 24 * time.Hour
	refusedRest = 7 * 24 * time.Hour
	robotsRest  = 24 * time.Hour
	adRest      = 24 * time.Hour // an ad rarely changes once it is read
	listRest    = 6 * time.Hour  // a list is where new threads show
)

// revisit gives the interval to the next visit of a page that was read, if it
// brought no news and if it did. Start pages, and the lists that they stand
// for, are visited every time; others half as long after news as the time
// before, and half as long again after none.
func revisit(p frontier.Page, every time.Duration) (quiet, busy time.Duration) {
	switch p.Kind {
	case startKind, string(extract.Front):
		return every, every
	case string(extract.Older):
		return goneRest, goneRest // another address has it next time
	}
	last := p.Every
	if last == 0 {
		last = every
		if p.Kind == string(extract.Post) {
			last = max(every, adRest)
		}
		return last, last
	}
	rest := max(every, maxRest)
	if p.Kind == string(extract.List) {
		rest = max(every, listRest)
	}
	return min(max(last*3/2, every), rest), min(max(last/2, every), rest)
}

// rest is how long a page that could not be read is left alone.
func rest(o Outcome, p frontier.Page, every time.Duration) time.Duration {
	d := refusedRest
	switch o {
	case Gone:
		d = goneRest
	case Robots:
		d = robotsRest
	case NotModified, OK, Unparsed, NoIndex:
		d, _ = revisit(p, every)
	}
	if p.Kind == startKind || (p.Kind == string(extract.Front) && o != Gone && o != Refused) {
		return every
	}
	return d
}

// backoff is the pause after n failures in a row: doubled each time, from
// base up to an hour.
func backoff(base time.Duration, n int) time.Duration {
	d := base
	for range n - 1 {
		if d >= maxBackoff {
			break
		}
		d *= 2
	}
	return min(d, maxBackoff)
}
