package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Watchlist keeps standing searches. What it returns wraps store.ErrNoWatch
// for a watch that is not there.
type Watchlist interface {
	Watches(context.Context) ([]store.Watch, error)
	Watch(ctx context.Context, id int64) (store.Watch, error)
	AddWatch(ctx context.Context, name, query, by string, at time.Time) (store.Watch, error)
	EndWatch(ctx context.Context, id int64, at time.Time) error
	WatchHits(ctx context.Context, id, before int64, limit int) ([]store.WatchHit, error)
	// DeliveriesOf says how far channels outside of the desk were told.
	DeliveriesOf(ctx context.Context, id int64) ([]store.Delivery, error)
	// A feed is read with a token; what ReadFeed returns wraps
	// store.ErrToken for a wrong one.
	MakeFeed(context.Context, store.Feed) (token string, err error)
	EndFeed(ctx context.Context, id int64) error
	FeedOf(ctx context.Context, id int64) (f store.Feed, ok bool, err error)
	ReadFeed(ctx context.Context, id int64, token string) (store.Feed, error)
}

// watchPageSize is how many finds stand on one page.
const watchPageSize = 50

type watchesPage struct {
	Page
	Watches []store.Watch
}

func (d *desk) watchesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Watches.Watches(ctx)
	if err != nil {
		return err
	}
	p := watchesPage{Page: d.page(r, d.localeOf(r).T("watches.title")), Watches: all}
	p.Nav = "watches"
	return d.render(w, r, http.StatusOK, "watches", p)
}

type watchPage struct {
	Page
	store.Watch
	Found []watchFind
	Next  int64
	// Told is how far channels outside of the desk are.
	Told     []store.Delivery
	Feed     *store.Feed
	FeedPath string // with its token, shown once
}

type watchFind struct {
	store.WatchHit
	Name     string
	Severity veghe.Severity
	Gone     bool
}

func (d *desk) watchPage(w http.ResponseWriter, r *http.Request) error {
	p, err := d.watchPageOf(r)
	if err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, "watch", p)
}

func (d *desk) watchPageOf(r *http.Request) (watchPage, error) {
	ctx, cancel := deadline(r)
	defer cancel()
	watch, hits, err := d.readWatch(ctx, r, watchPageSize)
	if err != nil {
		return watchPage{}, err
	}
	l := d.localeOf(r)
	p := watchPage{Page: d.page(r, watch.Name), Watch: watch}
	p.Nav = "watches"
	for _, h := range hits {
		f := watchFind{WatchHit: h, Name: string(h.Post)}
		switch hit, err := d.Search.Get(ctx, h.Post); {
		case errors.Is(err, index.ErrNotFound):
			f.Gone = true
		case err != nil:
			return p, err
		default:
			f.Name, f.Severity = nameOf(hit.Post, l), hit.Assessment.Severity
		}
		p.Found = append(p.Found, f)
	}
	if len(hits) == watchPageSize {
		p.Next = hits[len(hits)-1].N
	}
	if p.Told, err = d.Watches.DeliveriesOf(ctx, watch.ID); err != nil {
		return p, err
	}
	f, ok, err := d.Watches.FeedOf(ctx, watch.ID)
	if ok {
		p.Feed = &f
	}
	return p, err
}

// readWatch returns a watch with up to limit of its finds, after it was noted
// who reads it.
func (d *desk) readWatch(ctx context.Context, r *http.Request, limit int) (store.Watch, []store.WatchHit, error) {
	watch, err := d.watchOf(r)
	if err != nil {
		return watch, nil, err
	}
	if err := d.note(ctx, ActRead, "watch "+strconv.FormatInt(watch.ID, 10), ""); err != nil {
		return watch, nil, err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // 0, from the newest, if it is no number
	hits, err := d.Watches.WatchHits(ctx, watch.ID, before, limit)
	if err != nil || userOf(ctx).Sources == nil {
		return watch, hits, err
	}
	return watch, slices.DeleteFunc(hits, func(h store.WatchHit) bool {
		_, err := d.Search.Get(ctx, h.Post)
		return errors.Is(err, index.ErrNotFound)
	}), nil
}

func (d *desk) watchOf(r *http.Request) (store.Watch, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Watch{}, noWatch(store.ErrNoWatch)
	}
	w, err := d.Watches.Watch(r.Context(), id)
	return w, noWatch(err)
}

func noWatch(err error) error {
	if errors.Is(err, store.ErrNoWatch) {
		return &failure{status: http.StatusNotFound, key: "error.no_watch", detail: "no such watch", cause: err}
	}
	return err
}

// addWatch begins a watch, after its query was run once: a query that cannot
// be run is refused with the place that is wrong.
func (d *desk) addWatch(r *http.Request, name, query string) (store.Watch, error) {
	if name == "" || len(name) > 200 {
		return store.Watch{}, refuse(http.StatusBadRequest, "want a name of 1 to 200 bytes")
	}
	if query == "" || len(query) > 1000 {
		return store.Watch{}, refuse(http.StatusBadRequest, "want a query of 1 to 1000 bytes")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	if _, err := d.Search.Search(ctx, index.Query{Text: query, Size: 1, Facets: []string{}}); err != nil {
		return store.Watch{}, err
	}
	if err := d.note(ctx, ActWatch, "", query); err != nil {
		return store.Watch{}, err
	}
	return d.Watches.AddWatch(ctx, name, query, userOf(ctx).Name, d.Clock().UTC())
}

func (d *desk) addWatchForm(w http.ResponseWriter, r *http.Request) error {
	if _, err := d.addWatch(r, r.PostFormValue("name"), r.PostFormValue("query")); err != nil {
		return err
	}
	http.Redirect(w, r, "/watches", http.StatusSeeOther)
	return nil
}

func (d *desk) endWatchForm(w http.ResponseWriter, r *http.Request) error {
	watch, err := d.watchOf(r)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActWatch, "watch "+strconv.FormatInt(watch.ID, 10), "ended"); err != nil {
		return err
	}
	if err := d.Watches.EndWatch(r.Context(), watch.ID, d.Clock().UTC()); err != nil {
		return err
	}
	http.Redirect(w, r, "/watches", http.StatusSeeOther)
	return nil
}

func (d *desk) apiWatches(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Watches.Watches(ctx)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"watches": append([]store.Watch{}, all...)})
}

func (d *desk) apiAddWatch(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name  string `json:"name"`
		Query string `json:"query"`
	}
	if err := readJSON(r, &in, `{"name":"…","query":"…"}`); err != nil {
		return err
	}
	watch, err := d.addWatch(r, in.Name, in.Query)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, watch)
}

func (d *desk) apiWatch(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	watch, hits, err := d.readWatch(ctx, r, 200)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		store.Watch
		Found []store.WatchHit `json:"found"`
	}{watch, hits})
}
