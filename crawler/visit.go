package crawler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/extract"
	"veghe/crawler/frontier"
)

// visitor visits one source.
type visitor struct {
	*site
	guard    *guard
	fetcher  *fetcher
	frontier *frontier.Frontier
	limits   Limits
	now      func() time.Time
	log      *slog.Logger
	onVisit  func(Visit)
	health   health
	gate     *gate
	keeper   Keeper     // nil: no evidence is kept
	changes  ChangeSink // nil: nobody is told
}

// visited is one page's visit, for the pass it is part of.
type visited struct {
	Visit
	page     frontier.Page
	asOf     time.Time     // of the pass: what it finds is due then
	wait     time.Duration // what the server asked for
	problems int
	recorded bool  // the frontier knows
	err      error // says why Outcome is not OK; nil for some
}

// visit fetches a page, hands its new posts to the sink, and only then marks
// it done. It never fails: what goes wrong is its outcome.
func (v *visitor) visit(run context.Context, p frontier.Page, asOf time.Time, sink Sink) visited {
	leave := v.fetcher.enter(run)
	began := time.Now()
	ctx, cancel := context.WithTimeout(run, v.limits.PageTimeout.D())
	defer cancel()
	a, err := v.fetcher.fetch(ctx, p)
	leave()
	out := visited{page: p, asOf: asOf, wait: a.wait, Visit: Visit{
		Source: v.ID, Requests: a.requests, Bytes: a.bytes, Truncated: a.truncated,
	}}
	switch {
	case err != nil:
		out.Outcome, out.err = outcomeOf(err), plainError(err)
	case !hasPage(a.status):
		out.Outcome, out.err = statusOutcome(a)
	default:
		v.read(ctx, p, a, sink, &out)
	}
	switch {
	case out.recorded:
	case run.Err() != nil, out.Outcome == Closed: // cut short: it says nothing about the page
		_ = v.frontier.Release(context.WithoutCancel(ctx), p) // else its lease runs out
	default:
		v.settle(ctx, &out)
	}
	out.Took = time.Since(began)
	return out
}

// read takes the posts and links of a fetched page.
func (v *visitor) read(ctx context.Context, p frontier.Page, a *answer, sink Sink, out *visited) {
	now := v.now().UTC()
	res, err := extract.Page(v.input(p, a, now))
	out.Engine, out.problems = res.Engine, len(res.Problems)
	switch {
	case err != nil:
		out.Outcome, out.err = Unparsed, err
	case res.NoIndex:
		out.Outcome = NoIndex
	case len(res.Posts) == 0 && shouldHavePosts(p) && ledElsewhere(p, a):
		out.Outcome, out.err = Gone, errElsewhere
		return
	case len(res.Posts) == 0 && shouldHavePosts(p):
		out.Outcome, out.err = Unparsed, errNoPosts
	default:
		out.Outcome = OK
	}
	out.Home = v.isHome(p) && (out.Outcome == OK || out.Outcome == Unparsed)
	if err := v.handOn(ctx, p, a, res, sink, out); err != nil {
		out.err = err
	}
}

var errElsewhere = errors.New("the address leads to another page, without its posts")

// ledElsewhere says that a page which was there before is now a redirect: many
// sites answer so for what was deleted.
func ledElsewhere(p frontier.Page, a *answer) bool {
	u, err := extract.Canonical(a.url.String(), nil)
	return err == nil && u != p.URL && !p.Fetched.IsZero()
}

var errNoPosts = errors.New("no post was recognised on a page that should have some: do the selectors fit?")

// shouldHavePosts says whether a page without posts is a sign of trouble.
func shouldHavePosts(p frontier.Page) bool {
	return p.Kind == string(extract.Thread) || p.Kind == string(extract.Post)
}

// isHome says whether a page is where its posts stand: lists and feeds show
// only the newest.
func (v *visitor) isHome(p frontier.Page) bool {
	return shouldHavePosts(p) || p.Kind == startKind && v.Type == extract.Single
}

// handOn gives new posts to the sink, then records the page.
func (v *visitor) handOn(ctx context.Context, p frontier.Page, a *answer, res extract.Result, sink Sink, out *visited) error {
	now := v.now().UTC()
	seen := make([]frontier.Seen, len(res.Posts))
	for i := range res.Posts {
		post := &res.Posts[i]
		post.CollectedAt = now
		seen[i] = frontier.Seen{ID: post.ID, Hash: post.ContentHash}
	}
	out.Found = len(seen)
	fresh, err := v.fresh(ctx, res.Posts, seen, out)
	if err != nil {
		out.Outcome = StateFailed
		return err
	}
	if err := v.keep(ctx, a, fresh); err != nil {
		out.Outcome, out.New, out.Edited = SinkFailed, 0, 0
		return fmt.Errorf("keeping the evidence of %d posts: %w", len(fresh), err)
	}
	if len(fresh) > 0 {
		if err := sink(ctx, fresh); err != nil {
			out.Outcome, out.New, out.Edited = SinkFailed, 0, 0
			return fmt.Errorf("handing on %d posts: %w", len(fresh), err)
		}
	}
	quiet, busy := revisit(p, v.Every.D())
	// The posts are safe: not even the end of ctx should undo that.
	err = v.frontier.Done(context.WithoutCancel(ctx), p, frontier.Outcome{
		Now: now, Asap: out.asOf, Quiet: quiet, Busy: busy, News: out.New + out.Edited,
		ETag: a.header.Get("Etag"), LastModified: a.header.Get("Last-Modified"),
		Last: p.Thread != "" && !hasNext(res.Links), Links: v.follow(p, res.Links, out.New), Posts: seen,
		Home: v.isHome(p) && !a.truncated && len(seen) > 0,
	})
	out.recorded = err == nil || errors.Is(err, frontier.ErrLeaseLost)
	if err != nil && !errors.Is(err, frontier.ErrLeaseLost) {
		out.Outcome = StateFailed
		return err
	}
	return nil
}

// fresh picks the posts that the sink has not had, or had with another text.
func (v *visitor) fresh(ctx context.Context, posts []veghe.Post, seen []frontier.Seen, out *visited) ([]veghe.Post, error) {
	novelty, err := v.frontier.Novelty(ctx, v.ID, seen)
	if err != nil {
		return nil, err
	}
	var fresh []veghe.Post
	for i, n := range novelty {
		switch n {
		case frontier.New:
			out.New++
		case frontier.Edited:
			out.Edited++
		case frontier.Known:
			continue
		}
		fresh = append(fresh, posts[i])
	}
	return fresh, nil
}

// settle gives back a page that could not be read, or need not be.
func (v *visitor) settle(ctx context.Context, out *visited) {
	keep := context.WithoutCancel(ctx)
	p, now := out.page, v.now()
	var err error
	switch {
	case out.Outcome == SinkFailed, out.Outcome == StateFailed:
		err = v.frontier.Retry(keep, p, now.Add(backoff(v.limits.Backoff.D(), p.Fails+1)))
	case out.Outcome.unreachable():
		err = v.frontier.Retry(keep, p, now.Add(max(out.wait, backoff(v.limits.Backoff.D(), p.Fails+1))))
	case out.Outcome == Gone && v.isHome(p):
		err = v.frontier.Absent(keep, p, now, min(v.Every.D(), time.Hour), rest(Gone, p, v.Every.D()))
	default:
		d := rest(out.Outcome, p, v.Every.D())
		o := frontier.Outcome{Now: now, Quiet: d, Busy: d}
		if out.Outcome == NotModified {
			o.ETag, o.LastModified = p.ETag, p.LastModified
		}
		err = v.frontier.Done(keep, p, o)
	}
	if err != nil && !errors.Is(err, frontier.ErrLeaseLost) {
		out.Outcome, out.err = StateFailed, err
	}
}

// Traps: an address beyond these is made by a machine for machines.
const (
	maxChain    = 2000 // "next page" links in a row
	maxOlder    = 50   // pages that a timeline is read back
	maxSegments = 24   // of a path
	maxRepeats  = 3    // of one segment in a path
	maxQuery    = 12   // parameters
)

// follow picks the links worth knowing of a page with so many new posts.
func (v *visitor) follow(p frontier.Page, links []extract.Link, fresh int) []frontier.Link {
	var out []frontier.Link
	for _, l := range links {
		f := frontier.Link{URL: l.URL, Kind: string(l.Kind), Thread: l.Thread, Seq: l.Seq, Mark: l.Mark, Depth: p.Depth + 1}
		if l.Kind == extract.Next {
			f.Depth, f.Chain, f.Next = p.Depth, p.Chain+1, true
			if p.Kind != startKind && p.Kind != string(extract.Next) {
				f.Kind = p.Kind // the next page of a thread is a page of a thread
			}
		}
		if l.Kind == extract.Older {
			f.Depth, f.Chain = p.Depth, p.Chain+1
			if fresh == 0 || f.Chain > maxOlder {
				continue // what lies before it was read when it was new
			}
		}
		if f.Depth > v.MaxDepth || f.Chain > maxChain || !v.worthKnowing(l.URL) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// doors are parts of paths that lead to where one signs in or up, which veghe
// never does: behind each is a form, often with a way back that makes the next
// address longer.
var doors = func() map[string]bool {
	out := make(map[string]bool)
	for s := range strings.FieldsSeq(`login log-in log_in logon signin sign-in sign_in logout log-out log_out signout sign-out
		register registration signup sign-up sign_up password-reset password_reset reset-password lostpassword lost-password
		resend-activation autentificare conectare inregistrare deconectare wp-login.php login.php register.php`) {
		out[s] = true
	}
	return out
}()

func (v *visitor) worthKnowing(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || !v.inScope(u) || isMediaURL(u) {
		return false
	}
	if strings.Count(u.RawQuery, "&") >= maxQuery {
		return false
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	seen := make(map[string]int)
	for _, s := range segments {
		if doors[strings.ToLower(s)] {
			return false
		}
		if seen[s]++; s != "" && seen[s] > maxRepeats {
			return false
		}
	}
	return len(segments) <= maxSegments
}

func hasNext(links []extract.Link) bool {
	for _, l := range links {
		if l.Kind == extract.Next {
			return true
		}
	}
	return false
}
