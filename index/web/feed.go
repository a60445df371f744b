package web

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"time"

	"veghe/index"
	store "veghe/index/desk"
)

// feedSize is how many finds a feed lists, the newest.
const feedSize = 100

// atom is a feed (RFC 4287) of a watch. It says how grave and where to look,
// never what a post says: feed readers keep what they read.
type atom struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
}

type atomLink struct {
	Href string `xml:"href,attr"`
}

// feed is for programs that cannot sign in: the token in its address lets them
// read this one list, as the person who made it would.
func (d *desk) feed(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || len(r.PathValue("token")) > maxToken {
		return fail(http.StatusNotFound, "error.not_found")
	}
	f, err := d.Watches.ReadFeed(ctx, id, r.PathValue("token"))
	if errors.Is(err, store.ErrToken) {
		return fail(http.StatusNotFound, "error.not_found")
	}
	if err != nil {
		return err
	}
	u, err := d.reader(ctx, f.By)
	if err != nil {
		return err
	}
	ctx = as(ctx, u)
	if err := d.note(ctx, ActRead, "feed of watch "+strconv.FormatInt(id, 10), ""); err != nil {
		return err
	}
	watch, err := d.Watches.Watch(ctx, id)
	if err != nil {
		return noWatch(err)
	}
	hits, err := d.Watches.WatchHits(ctx, id, 0, feedSize)
	if err != nil {
		return err
	}
	out, err := d.atom(ctx, r, watch, hits)
	if err != nil {
		return err
	}
	b, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	send(w, r, http.StatusOK, append([]byte(xml.Header), b...))
	return nil
}

// reader is the account as which a feed is read, if it still may.
func (d *desk) reader(ctx context.Context, name string) (User, error) {
	if d.alone(ctx) {
		return Alone(name), nil
	}
	if d.Accounts == nil {
		return User{}, fail(http.StatusNotFound, "error.not_found")
	}
	a, err := d.Accounts.Account(ctx, name)
	if err != nil || !a.May().Has(store.CanWatch) {
		return User{}, &failure{status: http.StatusNotFound, key: "error.not_found", cause: err}
	}
	return d.user(a), nil
}

func (d *desk) atom(ctx context.Context, r *http.Request, watch store.Watch, hits []store.WatchHit) (atom, error) {
	l := d.localeOf(r)
	home := d.home(r)
	out := atom{ID: "urn:veghe:watch:" + strconv.FormatInt(watch.ID, 10), Title: "veghe: " + watch.Name, Updated: atomTime(watch.At), Author: "veghe"}
	for i, h := range hits {
		if i == 0 {
			out.Updated = atomTime(h.At)
		}
		hit, err := d.Search.Get(ctx, h.Post)
		if errors.Is(err, index.ErrNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		a := hit.Assessment
		e := atomEntry{
			ID: "urn:veghe:post:" + string(h.Post), Updated: atomTime(h.At), Link: atomLink{home + postPath(h.Post)},
			Title: l.Value("severity", string(a.Severity)) + ", " + string(hit.Post.Source), Summary: l.Time(hit.Post.Written()) + " UTC",
		}
		if a.Label != "" {
			e.Title += ": " + l.Has("label."+a.Label, a.Label)
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// feedForm makes the feed of a watch, anew, or ends it. The address with the
// token is shown once.
func (d *desk) feedForm(w http.ResponseWriter, r *http.Request) error {
	watch, err := d.watchOf(r)
	if err != nil {
		return err
	}
	ctx, object := r.Context(), "watch "+strconv.FormatInt(watch.ID, 10)
	switch r.PostFormValue("do") {
	case "end":
		if err := d.note(ctx, ActWatch, object, "feed ended"); err != nil {
			return err
		}
		if err := d.Watches.EndFeed(ctx, watch.ID); err != nil {
			return err
		}
		http.Redirect(w, r, "/watches/"+strconv.FormatInt(watch.ID, 10), http.StatusSeeOther)
		return nil
	case "make":
	default:
		return refuse(http.StatusBadRequest, "do is none of make and end")
	}
	if err := d.note(ctx, ActWatch, object, "feed made"); err != nil {
		return err
	}
	token, err := d.Watches.MakeFeed(ctx, store.Feed{Watch: watch.ID, By: userOf(ctx).Name, At: d.Clock().UTC()})
	if err != nil {
		return err
	}
	p, err := d.watchPageOf(r)
	if err != nil {
		return err
	}
	p.FeedPath = "/feeds/" + strconv.FormatInt(watch.ID, 10) + "/" + token
	return d.render(w, r, http.StatusOK, "watch", p)
}
