package crawler

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"veghe/crawler/evidence"
)

// Why a request was not sent or its answer not read.
var (
	errRobots     = errors.New("robots.txt disallows it")
	errRobotsDown = errors.New("robots.txt cannot be read, so nothing may be")
	errOutOfScope = errors.New("not part of the source")
	errRedirects  = errors.New("too many redirects")
	errEncoding   = errors.New("content encoding not asked for")
	errClosed     = errors.New("outside the hours of the source")
)

// guard is the one door to a source's hosts: an http.RoundTripper that every
// request passes, and every hop of a redirect, since the client sends each
// hop through it again. In order:
//
//	address  only GET, http(s), known ports, no credentials, within scope, not media by name
//	robots   robots.txt of that host, for that path
//	pace     the hours of the source; the host's rate, crawl delay and concurrency
//	dial     public addresses only, checked after DNS
//	send     our own headers only; the time of the whole exchange is bounded
//	read     not media by type; the decoded body is bounded, then decoded to UTF-8
type guard struct {
	site      *site
	limits    Limits
	userAgent string
	dialer    *dialer
	transport *http.Transport
	hosts     *hosts
	now       func() time.Time
	open      func() bool // within the hours of the source
	recording bool        // what goes over the wire is collected
}

// exchange collects what happened while one page was fetched.
type exchange struct {
	etag, lastModified string // validators to send with the first hop

	hops      int
	requests  int
	bytes     int64
	raw       []byte // the body as it came, decompressed, of the last hop
	mediaType string // as the server gave it
	charset   string
	truncated bool
	wait      time.Duration       // what the server asked us to wait
	captured  []evidence.Exchange // every hop as it went over the wire, if recording
}

type exchangeKey struct{}

func newGuard(s *site, limits Limits, userAgent string, resolver Resolver, hosts *hosts) *guard {
	g := &guard{site: s, limits: limits, userAgent: userAgent, hosts: hosts, now: time.Now, dialer: newDialer(resolver, s.local)}
	g.open = func() bool { return s.times.open(g.now()) }
	g.transport = &http.Transport{
		Proxy:                  nil, // a proxy would resolve names for us, unchecked
		DialContext:            g.dialer.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    s.Concurrency,
		MaxConnsPerHost:        s.Concurrency + 1, // one more for robots.txt
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: limits.Header,
	}
	return g
}

// record makes every exchange collect what goes over the wire.
func (g *guard) record() {
	g.recording = true
	tappable(g.transport)
}

func (g *guard) close() { g.transport.CloseIdleConnections() }

// RoundTrip sends one hop. Its answer has the whole body, bounded and in
// UTF-8.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, fmt.Errorf("%w: a request from outside the fetcher", errBlocked)
	}
	x.hops++
	if err := g.checkAddress(req); err != nil {
		return nil, err
	}
	h := g.hosts.get(req.URL)
	if err := g.checkRobots(ctx, h, req.URL, x); err != nil {
		return nil, err
	}
	release, err := g.enter(ctx, h)
	if err != nil {
		return nil, err
	}
	defer release()
	return g.exchange(req, h, x)
}

// enter waits for the turn of a request to a host, and sends none outside the
// hours of the source.
func (g *guard) enter(ctx context.Context, h *host) (release func(), err error) {
	if !g.open() {
		return nil, errClosed
	}
	release, err = h.enter(ctx, g.site.gap())
	if err == nil && !g.open() { // it was a long wait
		release()
		return nil, errClosed
	}
	return release, err
}

// checkAddress decides by the request alone.
func (g *guard) checkAddress(req *http.Request) error {
	if req.Method != http.MethodGet {
		return fmt.Errorf("%w: method %s, only GET is sent", errBlocked, req.Method)
	}
	if err := g.checkURL(req.URL); err != nil {
		return err
	}
	if !g.site.inScope(req.URL) {
		if g.site.hosts[strings.ToLower(req.URL.Hostname())] {
			return fmt.Errorf("%w: another path or port", errOutOfScope)
		}
		return fmt.Errorf("%w: it leads to %.80q", errOutOfScope, req.URL.Hostname())
	}
	if isMediaURL(req.URL) {
		return errMedia
	}
	return nil
}

// checkURL decides what holds for robots.txt too.
func (g *guard) checkURL(u *url.URL) error {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: scheme %.20q, only http and https are", errBlocked, u.Scheme)
	case u.User != nil:
		return fmt.Errorf("%w: the address holds credentials", errBlocked)
	case u.Hostname() == "":
		return fmt.Errorf("%w: the address has no host", errBlocked)
	case !validPort(port) || !g.site.ports[port]:
		return fmt.Errorf("%w: port %.6s, only 80, 443 and the ports of the start pages are", errBlocked, port)
	case len(u.String()) > maxURL:
		return fmt.Errorf("%w: the address is longer than %d bytes", errBlocked, maxURL)
	}
	return g.dialer.checkLiteral(u.Hostname(), port)
}

// exchange sends one hop that was found allowed and reads the answer.
func (g *guard) exchange(req *http.Request, h *host, x *exchange) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), g.limits.Timeout.D())
	defer cancel()
	if g.recording {
		t := newTap(g.limits.Body + g.limits.Header)
		ctx = t.trace(ctx)
		defer func() { x.captured = append(x.captured, t.exchange(req.URL)) }()
	}
	x.requests++
	res, err := g.transport.RoundTrip(g.plain(ctx, req, x))
	if err != nil {
		return nil, withCause(ctx, err)
	}
	defer res.Body.Close() //nolint:errcheck // read to the end, or cut on purpose
	x.wait = 0
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		x.wait = retryAfter(res.Header.Get("Retry-After"), time.Now())
		h.pause(x.wait)
	}
	x.mediaType = res.Header.Get("Content-Type")
	body, err := g.read(res, x)
	if err != nil {
		return nil, withCause(ctx, err)
	}
	return g.answer(req, res, body), nil
}

// withCause tells a time-out from a connection that broke.
func withCause(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// plain is the request as it is sent: our own headers and no others, so no
// cookie, credential or referrer ever leaves.
func (g *guard) plain(ctx context.Context, req *http.Request, x *exchange) *http.Request {
	out := &http.Request{Method: http.MethodGet, URL: req.URL, Host: req.URL.Host, Header: http.Header{
		"User-Agent":      {g.userAgent},
		"Accept":          {"text/html, application/xhtml+xml, application/json;q=0.9, application/xml;q=0.9, text/*;q=0.8"},
		"Accept-Language": {"ro, en;q=0.8, *;q=0.5"},
	}}
	if x.hops == 1 {
		if x.etag != "" {
			out.Header.Set("If-None-Match", x.etag)
		}
		if x.lastModified != "" {
			out.Header.Set("If-Modified-Since", x.lastModified)
		}
	}
	return out.WithContext(ctx)
}

// read takes the body of an answer, within bounds. The connection of an
// answer that is refused is closed, not drained.
func (g *guard) read(res *http.Response, x *exchange) ([]byte, error) {
	if !hasPage(res.StatusCode) {
		return nil, nil
	}
	packed := isPackedSitemap(res.Request.URL)
	if !packed && !isText(res.Header.Get("Content-Type")) {
		return nil, errMedia
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, fmt.Errorf("%w: %.20q", errEncoding, e)
	}
	if packed {
		return g.readPacked(res, x)
	}
	raw, cut, err := readBounded(res.Body, g.limits.Body)
	x.bytes += int64(len(raw))
	if err != nil {
		return nil, err
	}
	x.raw, x.truncated = raw, cut
	if isBinary(raw) {
		return nil, errMedia
	}
	text, name := toUTF8(raw, res.Header.Get("Content-Type"))
	x.charset = name
	return text, nil
}

// readPacked reads a sitemap that is compressed as a file, or is not after all:
// some servers unpack it on the way. What comes out is bounded like any page
// and must begin like XML.
func (g *guard) readPacked(res *http.Response, x *exchange) ([]byte, error) {
	in := bufio.NewReader(res.Body)
	var from io.Reader = in
	if head, err := in.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		from = z
	}
	raw, cut, err := readBounded(from, g.limits.Body)
	x.bytes += int64(len(raw))
	if err != nil {
		return nil, err
	}
	if text := bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))); len(text) == 0 || text[0] != '<' {
		return nil, errMedia
	}
	x.raw, x.truncated, x.mediaType = raw, cut, "application/xml"
	text, name := toUTF8(raw, x.mediaType)
	x.charset = name
	return text, nil
}

// hasPage says whether the body of an answer is a page worth reading.
func hasPage(status int) bool { return status >= 200 && status < 300 && status != http.StatusNoContent }

// readBounded reads at most limit decoded bytes and says whether there were
// more.
func readBounded(r io.Reader, limit int64) (b []byte, cut bool, err error) {
	b, err = io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(b)) > limit {
		return b[:limit:limit], true, nil
	}
	return b, false, err
}

// isBinary recognises media that is sent under the name of text.
func isBinary(b []byte) bool {
	head := b[:min(len(b), 512)]
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return false // UTF-16
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return true
	}
	kind := http.DetectContentType(head)
	return !strings.HasPrefix(kind, "text/") && kind != "application/octet-stream"
}

// answer is what colly gets to see: the bounded body in UTF-8, marked as
// such, so that it neither decompresses nor decodes anything again.
func (g *guard) answer(req *http.Request, res *http.Response, body []byte) *http.Response {
	header := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for _, k := range []string{"Location", "Etag", "Last-Modified", "X-Robots-Tag"} {
		if v := res.Header.Values(k); len(v) > 0 {
			header[k] = v
		}
	}
	return &http.Response{
		Status: res.Status, StatusCode: res.StatusCode, Proto: res.Proto, ProtoMajor: res.ProtoMajor, ProtoMinor: res.ProtoMinor,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		Uncompressed: true, Request: req,
	}
}

// retryAfter reads the header's seconds or date; a server that gives none is
// left alone for a minute, and none for more than an hour.
func retryAfter(s string, now time.Time) time.Duration {
	wait := time.Minute
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n >= 0 {
		wait = time.Duration(min(n, 3600)) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		wait = max(t.Sub(now), time.Second)
	}
	return min(wait, maxBackoff)
}

// checkRobots asks the host's robots.txt, fetching it first if it is not
// known or too old.
func (g *guard) checkRobots(ctx context.Context, h *host, u *url.URL, x *exchange) error {
	rules, err := h.robots(ctx, g.now, func() (*robots, time.Duration, error) {
		r, ttl, err := g.fetchRobots(ctx, u, h, x)
		if err == nil && r.all != denyAll && g.hosts.learned != nil {
			g.hosts.learned(ctx, hostKey(u), strings.ToLower(u.Hostname()), r)
		}
		return r, ttl, err
	})
	switch {
	case err != nil:
		return err
	case rules.allows(u):
		return nil
	case rules.all == denyAll:
		return errRobotsDown
	}
	return errRobots
}

// How long an answer about robots.txt is believed.
const (
	robotsTTL     = 6 * time.Hour
	robotsDownTTL = 10 * time.Minute
)

// fetchRobots reads a robots.txt by RFC 9309, 2.3.1: a 4xx means that there
// are no rules; anything else that is not a success, or no answer, means that
// everything is disallowed for now. It only fails when ctx ends.
func (g *guard) fetchRobots(ctx context.Context, page *url.URL, h *host, x *exchange) (*robots, time.Duration, error) {
	deny := &robots{all: denyAll}
	release, err := g.enter(ctx, h)
	if err != nil {
		return nil, 0, err
	}
	defer release()
	u := &url.URL{Scheme: page.Scheme, Host: page.Host, Path: "/robots.txt"}
	for range g.limits.Redirects + 1 {
		status, location, body, err := g.robotsHop(ctx, u, x)
		switch {
		case ctx.Err() != nil:
			return nil, 0, ctx.Err()
		case err != nil:
			return deny, robotsDownTTL, nil //nolint:nilerr // no answer is an answer here
		case status >= 200 && status < 300:
			return parseRobots(body, product), robotsTTL, nil
		case status == http.StatusTooManyRequests:
			return deny, robotsDownTTL, nil
		case status >= 400 && status < 500:
			return &robots{all: allowAll}, robotsTTL, nil
		case status < 300 || status >= 400 || location == "":
			return deny, robotsDownTTL, nil
		}
		if u, err = u.Parse(location); err != nil {
			return deny, robotsDownTTL, nil //nolint:nilerr // as above
		}
	}
	return deny, robotsDownTTL, nil
}

// robotsHop sends one request for a robots.txt. It may lead to another host,
// as the RFC allows, but to no private one.
func (g *guard) robotsHop(ctx context.Context, u *url.URL, x *exchange) (status int, location string, body []byte, err error) {
	if err := g.checkURL(u); err != nil {
		return 0, "", nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, g.limits.Timeout.D())
	defer cancel()
	x.requests++
	res, err := g.transport.RoundTrip(g.plain(ctx, &http.Request{URL: u}, &exchange{}))
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to the end, or cut on purpose
	if !hasPage(res.StatusCode) {
		return res.StatusCode, res.Header.Get("Location"), nil, nil
	}
	body, _, err = readBounded(res.Body, maxRobots)
	x.bytes += int64(len(body))
	return res.StatusCode, "", body, err
}

// splitHost gives the host and port of a URL, the port always.
func splitHost(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
