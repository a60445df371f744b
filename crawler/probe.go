package crawler

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/extract"
	"veghe/crawler/frontier"
)

// Probed is what a look at a source found. Nothing of it was kept or handed
// on.
type Probed struct {
	Pages []ProbedPage `json:"pages"` // in the order of the visits
}

// ProbedPage is one page that was looked at.
type ProbedPage struct {
	URL      string           `json:"url"` // after redirects
	Kind     extract.LinkKind `json:"kind"`
	Outcome  Outcome          `json:"outcome"`
	Error    string           `json:"error,omitempty"`
	Engine   string           `json:"engine,omitempty"` // what recognised it, see extract.Result
	Charset  string           `json:"charset,omitempty"`
	Bytes    int64            `json:"bytes"`
	Requests int              `json:"requests"` // robots.txt and redirects included
	Posts    []veghe.Post     `json:"posts"`
	Next     []extract.Link   `json:"next"`           // what would be visited after it
	Left     int              `json:"left,omitempty"` // links that would not be: another host or path, media, traps
	Problems []string         `json:"problems,omitempty"`
}

// maxProbes is how many pages a look at a source may cost.
const maxProbes = 5

// Probe looks at a source as a visit would, with robots.txt, pace and every
// guard: at its start page, the lists that lead on from there, and one thread
// or ad. It needs the operator and the contact of cfg, keeps nothing, and
// fails only if the source may not be visited as it is described.
func Probe(ctx context.Context, cfg Config, s Source) (Probed, error) {
	cfg.Sources = []Source{s}
	if err := cfg.Validate(); err != nil {
		return Probed{}, err
	}
	cfg.Limits = cfg.Limits.withDefaults()
	where, err := newSite(s)
	if err != nil {
		return Probed{}, err
	}
	g := newGuard(where, cfg.Limits, cfg.userAgent(), cfg.Resolver, newHosts(slotsOf([]*site{where})))
	defer g.close()
	v := &visitor{site: where, guard: g, fetcher: newFetcher(g, cfg.Limits.Redirects), limits: cfg.Limits, now: time.Now}
	if cfg.Now != nil {
		v.now = cfg.Now
	}
	return v.probe(ctx), ctx.Err()
}

func (v *visitor) probe(ctx context.Context) Probed {
	var out Probed
	next := frontier.Page{Source: v.ID, Link: frontier.Link{URL: v.starts()[0], Kind: startKind}}
	seen := make(map[string]bool)
	for len(out.Pages) < maxProbes && ctx.Err() == nil {
		seen[next.URL] = true
		page, found := v.look(ctx, next)
		out.Pages = append(out.Pages, page)
		l, ok := promising(found, seen)
		if !ok || len(page.Posts) > 0 {
			break
		}
		l.Depth = 0
		next = frontier.Page{Source: v.ID, Link: l}
	}
	return out
}

// likeThread is how forums and boards tend to name a thread or an ad.
var likeThread = regexp.MustCompile(`(?i)/(?:topics?|threads?|t|d|discussions?|subiect|ads?|anunt|listing|item)/[^/]*\d|view(?:topic|thread)|showthread`)

// knownKinds says whether any link was recognised as a thread, an ad or a list.
func knownKinds(links []frontier.Link) bool {
	return slices.ContainsFunc(links, func(l frontier.Link) bool { return l.Kind != string(extract.Other) })
}

// promising picks the link that is most likely to show what a source holds: a
// thread or an ad, else a list.
func promising(links []frontier.Link, seen map[string]bool) (frontier.Link, bool) {
	if !knownKinds(links) { // then one that is named like a thread
		for _, l := range links {
			if !l.Next && !seen[l.URL] && likeThread.MatchString(l.URL) {
				return l, true
			}
		}
	}
	for _, kinds := range [][]extract.LinkKind{{extract.Thread, extract.Post}, {extract.Front}, {extract.List}, {extract.Other}} {
		for _, l := range links {
			for _, k := range kinds {
				if l.Kind == string(k) && !l.Next && !seen[l.URL] {
					return l, true
				}
			}
		}
	}
	return frontier.Link{}, false
}

// look fetches and reads one page.
func (v *visitor) look(ctx context.Context, p frontier.Page) (ProbedPage, []frontier.Link) {
	ctx, cancel := context.WithTimeout(ctx, v.limits.PageTimeout.D())
	defer cancel()
	a, err := v.fetcher.fetch(ctx, p)
	out := ProbedPage{
		URL: p.URL, Kind: extract.LinkKind(p.Kind), Requests: a.requests, Bytes: a.bytes, Charset: a.charset,
		Posts: []veghe.Post{}, Next: []extract.Link{},
	}
	switch {
	case err != nil:
		out.Outcome, err = outcomeOf(err), plainError(err)
	case !hasPage(a.status):
		out.Outcome, err = statusOutcome(a)
	}
	if err != nil || out.Outcome != "" {
		if err != nil {
			out.Error = err.Error()
		}
		return out, nil
	}
	out.URL = a.url.String()
	res, err := extract.Page(v.input(p, a, v.now().UTC()))
	out.Engine, out.Problems, out.Posts = res.Engine, res.Problems, append(out.Posts, res.Posts...)
	switch out.Outcome = OK; {
	case err != nil:
		out.Outcome, out.Error = Unparsed, err.Error()
	case res.NoIndex:
		out.Outcome = NoIndex
	case len(res.Posts) == 0 && shouldHavePosts(p):
		out.Outcome, out.Error = Unparsed, errNoPosts.Error()
	}
	found := v.follow(p, res.Links, len(res.Posts))
	known := make(map[string]bool, len(found))
	for _, l := range found {
		known[l.URL] = true
	}
	for _, l := range res.Links {
		if known[l.URL] {
			out.Next = append(out.Next, l)
		}
	}
	out.Left = len(res.Links) - len(out.Next)
	return out, found
}

// input is a fetched page as the extraction wants it.
func (v *visitor) input(p frontier.Page, a *answer, now time.Time) extract.Input {
	return extract.Input{
		Source: v.ID, URL: a.url.String(), Body: a.body, ContentType: a.mediaType,
		Robots: strings.Join(a.header.Values("X-Robots-Tag"), ","),
		Hints:  extract.Hints{Type: v.Type, Kind: v.Kind, Selectors: v.Selectors},
		Thread: p.Thread, Seq: p.Seq, FetchedAt: now,
	}
}

// IsLocal says whether an address is on this machine, so that only a source
// with AllowLoopback may be there.
func IsLocal(address string) bool {
	u, err := url.Parse(address)
	return err == nil && isLoopbackName(u.Hostname())
}
