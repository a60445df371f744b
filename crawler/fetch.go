package crawler

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gocolly/colly/v2"

	"veghe/crawler/frontier"
)

// fetcher gets pages through colly. Colly is the shell: it parses addresses
// and follows redirects. What may be asked for, how fast and how much is read
// is decided by the guard beneath it.
type fetcher struct {
	shell  *colly.Collector
	places chan struct{} // one for each page that may be fetched at the same time
}

func newFetcher(g *guard, maxRedirects int) *fetcher {
	// Not colly.NewCollector: it takes settings from the environment, and an
	// environment must not be able to switch a protection off.
	c := &colly.Collector{}
	c.Init()
	c.AllowURLRevisit = true // the frontier knows what was visited, and when
	c.ParseHTTPErrorResponse = true
	c.MaxBodySize = 0 // bounded by the guard, which says when it cuts
	c.SetClient(&http.Client{
		Transport: g,
		Jar:       nil, // no cookies
		Timeout:   0,   // the guard bounds each request, the caller the page
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			return nil
		},
	})
	return &fetcher{shell: c, places: make(chan struct{}, g.site.Concurrency)}
}

// enter waits for a place to fetch a page, or for the end of ctx, which the
// fetch then tells, and gives what to call after it.
func (f *fetcher) enter(ctx context.Context) (leave func()) {
	select {
	case f.places <- struct{}{}:
		return func() { <-f.places }
	case <-ctx.Done():
		return func() {}
	}
}

// answer is what came back for a page.
type answer struct {
	exchange
	status int
	url    *url.URL // after redirects
	header http.Header
	body   []byte // UTF-8, bounded
}

// fetch gets one page. The answer tells what happened on the way even when
// there is an error.
func (f *fetcher) fetch(ctx context.Context, p frontier.Page) (*answer, error) {
	a := &answer{exchange: exchange{etag: p.ETag, lastModified: p.LastModified}}
	c := f.shell.Clone() // callbacks and context belong to one fetch
	c.Context = context.WithValue(ctx, exchangeKey{}, &a.exchange)
	c.OnResponse(func(r *colly.Response) {
		a.status, a.url, a.header, a.body = r.StatusCode, r.Request.URL, *r.Headers, r.Body
	})
	err := c.Request(http.MethodGet, p.URL, nil, nil, nil)
	if err == nil && a.url == nil {
		err = errors.New("no answer")
	}
	return a, err
}

// outcomeOf sorts a failed fetch.
func outcomeOf(err error) Outcome {
	for _, c := range []struct {
		err error
		is  Outcome
	}{
		{errClosed, Closed},
		{errRobots, Robots},
		{errRobotsDown, RobotsDown},
		{errMedia, Media},
		{errBlocked, Blocked},
		{errOutOfScope, OutOfScope},
		{errRedirects, Redirects},
		{errEncoding, Malformed},
		{gzip.ErrHeader, Malformed},
		{gzip.ErrChecksum, Malformed},
		{context.DeadlineExceeded, TimedOut},
	} {
		if errors.Is(err, c.err) {
			return c.is
		}
	}
	var netErr net.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return Malformed
	case errors.As(err, &netErr) && netErr.Timeout():
		return TimedOut
	case strings.Contains(err.Error(), "malformed"), strings.Contains(err.Error(), "headers exceeded"):
		// net/http has no exported errors for these.
		return Malformed
	}
	return Unreachable
}

// plainError takes the address out of a client's error: a path may hold words
// of a post.
func plainError(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	msg := err.Error()
	if len(msg) > 200 {
		msg = strings.ToValidUTF8(msg[:200], "") + "…"
	}
	return errors.New(msg)
}

// statusOutcome sorts an answer that is not a page.
func statusOutcome(a *answer) (Outcome, error) {
	err := fmt.Errorf("the server answered %d %s", a.status, http.StatusText(a.status))
	switch {
	case a.status == http.StatusNotModified:
		return NotModified, nil
	case a.status == http.StatusNotFound, a.status == http.StatusGone:
		return Gone, err
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable:
		return Throttled, err
	case a.status >= 500:
		return ServerError, err
	case a.status >= 400:
		return Refused, err
	}
	return Malformed, err
}
