// Package web is the review desk: HTML pages for people and a JSON API for
// programs, over the same searches and the same decisions.
//
// It promises that nothing is fetched for a reader (no image, no link, no
// third-party request), that hostile text arrives as text, that handles are
// pseudonyms until someone gives a reason, and that every page works without
// JavaScript, from the keyboard, in Romanian and in English. It decides
// nothing: it shows what was flagged and why, and records what people decide.
//
//	request ─▶ guard (host, origin, size, headers) ─▶ route (who may) ─▶ handler ─▶ page | JSON
//
// Searching and keeping belong to [Searcher] and [Reviewer]; listening, TLS
// and timeouts belong to the caller's http.Server. [routes] is the one table
// of what is served: the mux, the check of who may, the API document and
// their tests all read it.
package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Searcher finds posts. Search returns an *index.QueryError for a query that
// cannot be run; Get returns an error that wraps index.ErrNotFound for an id
// that is not kept.
type Searcher interface {
	Search(context.Context, index.Query) (index.Result, error)
	Get(context.Context, veghe.PostID) (index.Hit, error)
	// Thread returns up to limit posts of one thread, in any order.
	Thread(ctx context.Context, source veghe.SourceID, thread veghe.ThreadID, limit int) ([]index.Hit, error)
}

// Reviewer keeps decisions. Review returns when the decision is durable;
// Reviews returns the decisions about one post, newest first.
type Reviewer interface {
	Review(context.Context, veghe.Review) error
	Reviews(context.Context, veghe.PostID) ([]veghe.Review, error)
}

// Trail is the audit trail as its auditors see it.
type Trail interface {
	Events(context.Context, store.EventFilter) ([]store.Event, error)
	Head(context.Context) (store.Head, error)
	Verify(context.Context, ...store.Head) (store.Head, error)
}

// Config says what the desk shows and for whom. Search and Reviews are
// needed; everything else has a safe zero value.
type Config struct {
	Search  Searcher
	Reviews Reviewer
	// Versions returns the other texts of a post that was edited, oldest
	// first; nil has none.
	Versions func(context.Context, veghe.PostID) ([]index.Version, error)

	// Audit is told of every search, read, reveal, export and decision. If
	// it fails, what was asked for is refused. Nil writes to Logger.
	Audit func(context.Context, Event) error
	// Ingest takes posts from other collectors and returns when they are
	// durable. Nil refuses POST /api/v1/posts.
	Ingest func(context.Context, []veghe.Post) error
	// Status reports on the pipeline. Nil shows an empty status page.
	Status func(context.Context) (Status, error)
	// Rules lists the loaded indicators. Nil shows ids without titles.
	Rules func() []RuleInfo
	// Precisions is how often people agreed with each rule. Nil shows
	// nothing.
	Precisions func(context.Context) ([]store.Precision, error)
	// Cases keeps cases, Watches standing searches. Nil: there are none, and
	// none can be begun.
	Cases   Casebook
	Watches Watchlist
	// Work keeps queues and claims. Nil: there are none.
	Work Worklist
	// Batch returns the reviews made together under one name. Nil: none.
	Batch func(ctx context.Context, batch string) ([]veghe.Review, error)
	// Marks keeps which values identify nobody. Nil: none, and none can be
	// marked.
	Marks Marker
	// Identify says what kind of contact a value is (phone, email, url,
	// handle), in its canonical form; "" for none. Nil knows none.
	Identify func(value string) (kind, canonical string)
	// Sources lists what is configured, for purpose and legal basis beside
	// a post. Nil shows the source's id alone.
	Sources func() []veghe.Source
	// Explain says how the scores of a post add up. Nil adds the weights of
	// the findings, without prior and caps.
	Explain func(veghe.Assessed) []Sum
	// Otherwise says what would have become of a post without each of its
	// indicators, as far as that differs; not ok if that cannot be told. Nil
	// never can.
	Otherwise func(veghe.Assessed) (all []Otherwise, ok bool)
	// Rates is how often indicators are seen among all posts of a source and
	// a language. Nil knows none.
	Rates func(context.Context, veghe.SourceID, string) (index.Rates, error)
	// Lab tries out rule documents, Proposals keeps them, Exceptions are those
	// of the rules in force. Nil: there is no lab, nothing is proposed, none.
	Lab        Laboratory
	Proposals  Proposals
	Exceptions func() []ExceptionInfo
	// Template aligns texts made from one template. Nil shows none.
	Template func(texts []string) []TemplatePiece

	// Token is what another collector sends as "Authorization: Bearer" to
	// POST /api/v1/posts. Empty refuses every collector without a token made
	// at the desk.
	Token string
	// AutoSignIn signs in whoever comes over loopback under a loopback host
	// name, as the demo and a one-person office do, until there is an account.
	AutoSignIn bool
	// Accounts keeps who may sign in, their sessions and tokens. Nil: nobody
	// can.
	Accounts *store.Desk
	// Trail is the audit trail for its auditors. Nil: there is none to show.
	Trail Trail
	// Keeper reports on people and erases. Nil: nothing can be erased.
	Keeper Keeper
	// OIDC signs people in at an identity provider. Nil: none does.
	OIDC Provider
	// SecondFactor asks every local account for one.
	SecondFactor bool
	// Sessions is how long sessions last; zero values mean 12 hours, and one
	// hour unused.
	Sessions store.Lives
	// Proxies are those whose word on where a request comes from is believed.
	Proxies []netip.Prefix

	// Office is the name of the centre, for what it hands over. May be empty.
	Office string
	// Evidence writes a signed pack of what was fetched. Nil: none is kept
	// here.
	Evidence func(context.Context, io.Writer, EvidenceOrder) error

	// Notice stands above every page, such as "Demo: everything here is
	// invented".
	Notice string
	// NoSources makes the empty desk explain how to add a source.
	NoSources bool
	// SourceExample is the YAML shown there; empty shows a built-in one.
	SourceExample string
	// PseudonymKey makes the pseudonyms of authors. Give the same key to
	// keep them over restarts and nodes; empty draws a new one.
	PseudonymKey []byte

	Logger  *slog.Logger     // nil discards
	Clock   func() time.Time // nil is time.Now
	Version string
	// OnRequest is told of each answered request, for metrics. route is the
	// pattern of the route, never a path.
	OnRequest func(route string, status int, took time.Duration)
}

// Event is one thing someone did. Object is an id, never text of a post.
type Event struct {
	At     time.Time
	By     string
	Action Action
	Object string
	// Detail is the query of a search or export and the reason of a reveal.
	Detail string
}

// Action is a kind of [Event].
type Action string

// The actions.
const (
	ActSearch  Action = "search"
	ActRead    Action = "read"
	ActReveal  Action = "reveal"
	ActExport  Action = "export"
	ActReview  Action = "review"
	ActSignIn  Action = "signin"
	ActSignOut Action = "signout"
	ActRefused Action = "refused" // a sign-in that failed
	ActDenied  Action = "denied"  // tried without the right to
	ActAccount Action = "account" // one's own
	ActAdmin   Action = "admin"   // accounts of others
	ActAudit   Action = "audit"   // the trail itself
	ActHold    Action = "hold"    // kept for a legal reason, or no longer
	ActErase   Action = "erase"   // report on a person, or erasure
	ActPurge   Action = "purge"   // gone when its time was over
	ActIngest  Action = "ingest"
	ActCase    Action = "case"
	ActWatch   Action = "watch"
	ActMark    Action = "mark"
	ActLab     Action = "lab" // a rule document was tried, proposed or decided on
	ActQueue   Action = "queue"
)

// RuleInfo is what the desk says about one rule.
type RuleInfo struct {
	Indicator      veghe.IndicatorID
	Rule           veghe.RuleID
	Title          string
	Category       veghe.Category
	Family         string
	Strength       string   // strong | medium | weak | negative
	Weight         *float64 // its own; nil: that of the strength
	Status         string   // experimental | stable | deprecated
	Why            string
	FalsePositives []string
}

// Status is the state of the pipeline at one moment.
type Status struct {
	Sources      []SourceStatus
	Stages       []StageStatus
	RulesVersion string
	RulesLoaded  int
	Indexed      uint64 // posts in the index
	Started      time.Time
}

// SourceStatus is the account and the health of one source. The account
// closes: Collected = Assessed + Dead + InFlight.
type SourceStatus struct {
	veghe.Source
	Collected, Assessed, Flagged, Dead, InFlight int64

	LastSuccess time.Time // zero: never
	LastError   string    // empty: none since the last success
	LastErrorAt time.Time
	Errors      int64 // since the start
	Pages       int64 // fetched since the start

	// State is running, paused, elsewhere, backing_off, closed or drifting;
	// empty if the source is not visited from here.
	State          string
	LastNew        time.Time // zero: never since the start
	OpensAt        time.Time // of a closed one
	PerPage, Usual float64   // posts on a page lately, and usually; 0: not known
	Gone           int64     // posts found to be no longer there
	Disallowed     int64     // pages that robots.txt disallowed

	// RobotsChanged is when it was noticed that robots.txt says something else
	// to us; zero: never. Added and Removed are some of the rules, More how
	// many there are beside them.
	RobotsChanged              time.Time
	RobotsAdded, RobotsRemoved []string
	RobotsMore                 int
}

// Closes reports whether nothing is missing from the account.
func (s SourceStatus) Closes() bool { return s.Collected == s.Assessed+s.Dead+s.InFlight }

// StageStatus is the health of one stage of the pipeline.
type StageStatus struct {
	Name    string // crawl | detect | index
	Healthy bool
	Behind  int64         // records yet to handle
	Oldest  time.Duration // age of the oldest of them
	Handled int64         // since the start
	Detail  string        // what is wrong, for the person who must act
}

// desk is the running handler.
type desk struct {
	Config
	scoped   scopedSearch // Search, with what it knows and never shows
	locales  map[string]*locale
	assets   map[string]asset
	accounts atomic.Bool // there is one
	limits   *limiter
	pseudo   pseudonyms
	mux      *http.ServeMux
}

// New returns the desk. It fails if a needed part is missing or an embedded
// page does not parse. The handler may be served concurrently and needs no
// closing.
func New(cfg Config) (http.Handler, error) {
	if cfg.Search == nil || cfg.Reviews == nil {
		return nil, errors.New("web: Config.Search and Config.Reviews are needed")
	}
	d := &desk{Config: cfg}
	d.defaults()
	var err error
	if d.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if d.locales, err = loadLocales(d.assets); err != nil {
		return nil, err
	}
	d.limits = newLimiter(d.Clock)
	d.pseudo = pseudonyms{key: d.PseudonymKey}
	cases := scopedCases{d.Cases}
	d.scoped = scopedSearch{d.Search, cases}
	d.Search, d.Cases = d.scoped, cases
	d.mount()
	return d.guard(d.mux), nil
}

func (d *desk) defaults() {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Clock == nil {
		d.Clock = time.Now
	}
	if d.OnRequest == nil {
		d.OnRequest = func(string, int, time.Duration) {}
	}
	if d.Sessions.Absolute <= 0 {
		d.Sessions.Absolute = 12 * time.Hour
	}
	if d.Sessions.Idle <= 0 {
		d.Sessions.Idle = time.Hour
	}
	if d.Audit == nil {
		d.Audit = d.auditToLog
	}
	if d.Rules == nil {
		d.Rules = func() []RuleInfo { return nil }
	}
	if d.Precisions == nil {
		d.Precisions = func(context.Context) ([]store.Precision, error) { return nil, nil }
	}
	if d.Cases == nil {
		d.Cases = noCases{}
	}
	if d.Watches == nil {
		d.Watches = noWatches{}
	}
	if d.Work == nil {
		d.Work = noWork{}
	}
	if d.Batch == nil {
		d.Batch = func(context.Context, string) ([]veghe.Review, error) { return nil, nil }
	}
	if d.Marks == nil {
		d.Marks = noMarks{}
	}
	if d.Identify == nil {
		d.Identify = func(string) (string, string) { return "", "" }
	}
	if d.Sources == nil {
		d.Sources = func() []veghe.Source { return nil }
	}
	if d.Explain == nil {
		d.Explain = addWeights
	}
	if d.Proposals == nil {
		d.Proposals = noProposals{}
	}
	if d.Exceptions == nil {
		d.Exceptions = func() []ExceptionInfo { return nil }
	}
	if d.Otherwise == nil {
		d.Otherwise = func(veghe.Assessed) ([]Otherwise, bool) { return nil, false }
	}
	if d.Rates == nil {
		d.Rates = func(context.Context, veghe.SourceID, string) (index.Rates, error) { return index.Rates{}, nil }
	}
	if d.Versions == nil {
		d.Versions = func(context.Context, veghe.PostID) ([]index.Version, error) { return nil, nil }
	}
	if d.Status == nil {
		d.Status = func(context.Context) (Status, error) { return Status{}, nil }
	}
	if d.SourceExample == "" {
		d.SourceExample = sourceExample
	}
	if len(d.PseudonymKey) == 0 {
		d.PseudonymKey = []byte(rand.Text())
	}
}

// auditToLog leaves a trace where no audit trail is configured: who did what
// to which id. Queries and reasons can quote a post, so they stay out.
func (d *desk) auditToLog(ctx context.Context, e Event) error {
	d.Logger.InfoContext(ctx, "desk", "by", e.By, "action", string(e.Action), "object", e.Object)
	return nil
}

// note records what the signed-in user does.
func (d *desk) note(ctx context.Context, a Action, object, detail string) error {
	return d.Audit(ctx, Event{At: d.Clock().UTC(), By: userOf(ctx).Name, Action: a, Object: object, Detail: detail})
}

const sourceExample = `sources:
  - id: example-jobs
    name: Example job board
    url: https://jobs.example.org/abroad
    purpose: preventing trafficking in human beings
    legal_basis: Directive (EU) 2016/680, art. 8
`
