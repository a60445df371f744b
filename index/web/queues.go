package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Worklist keeps queues, and who looks at which post.
type Worklist interface {
	Queues(context.Context) ([]store.Queue, error)
	Queue(ctx context.Context, id int64) (store.Queue, error)
	AddQueue(ctx context.Context, name, query, by string, at time.Time) (store.Queue, error)
	EndQueue(ctx context.Context, id int64, at time.Time) error
	ClaimPost(context.Context, store.Claim) (now store.Claim, mine bool, err error)
	HandOverPost(ctx context.Context, post veghe.PostID, from, to, note string, at, until time.Time) error
	ReleasePost(ctx context.Context, post veghe.PostID, by string) error
	ClaimOf(ctx context.Context, post veghe.PostID, at time.Time) (store.Claim, bool, error)
	Claims(ctx context.Context, at time.Time) ([]store.Claim, error)
}

// A claim lasts long enough to judge one post; one that was handed over waits
// until the next day for its new owner.
const (
	claimLife    = 30 * time.Minute
	handOverLife = 24 * time.Hour
)

type queuesPage struct {
	Page
	Queues []queueRow
	Mine   []claimRow // posts that I have
}

type queueRow struct {
	store.Queue
	Waiting uint64 // posts nobody has decided on
	Claimed int
	Search  string
}

type claimRow struct {
	store.Claim
	Name     string
	Severity veghe.Severity
}

func (d *desk) queuesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	l := d.localeOf(r)
	p := queuesPage{Page: d.page(r, l.T("queues.title"))}
	p.Nav = "queues"
	all, err := d.Work.Queues(ctx)
	if err != nil {
		return err
	}
	claims, err := d.Work.Claims(ctx, d.Clock())
	if err != nil {
		return err
	}
	taken := map[int64]int{}
	for _, c := range claims {
		taken[c.Queue]++
		if c.By != userOf(ctx).Name {
			continue
		}
		h, err := d.Search.Get(ctx, c.Post)
		if errors.Is(err, index.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		p.Mine = append(p.Mine, claimRow{Claim: c, Name: l.nameOf(h), Severity: h.Assessment.Severity})
	}
	for _, q := range all {
		res, err := d.Search.Search(ctx, index.Query{Text: undecided(q.Query), Size: 1, Facets: []string{}})
		if err != nil {
			return err
		}
		p.Queues = append(p.Queues, queueRow{Queue: q, Waiting: res.Total, Claimed: taken[q.ID], Search: searchLink(undecided(q.Query), "score", false, "")})
	}
	return d.render(w, r, http.StatusOK, "queues", p)
}

// undecided narrows a query to posts that wait for a decision.
func undecided(q string) string { return with(q, filter("review", "none")) }

// queueForm opens a queue, ends it, or takes its next post.
func (d *desk) queueForm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	if r.PostFormValue("do") == "open" {
		return d.openQueue(ctx, w, r)
	}
	id, err := strconv.ParseInt(r.PostFormValue("queue"), 10, 64)
	if err != nil {
		return noQueue(store.ErrNoQueue)
	}
	q, err := d.Work.Queue(ctx, id)
	if err != nil {
		return noQueue(err)
	}
	switch r.PostFormValue("do") {
	case "end":
		if err := d.note(ctx, ActQueue, "queue "+strconv.FormatInt(id, 10), "ended"); err != nil {
			return err
		}
		if err := d.Work.EndQueue(ctx, id, d.Clock().UTC()); err != nil {
			return err
		}
		http.Redirect(w, r, "/queues", http.StatusSeeOther)
		return nil
	case "next":
		return d.nextOf(ctx, w, r, q)
	}
	return refuse(http.StatusBadRequest, "do is none of open, end and next")
}

func noQueue(err error) error {
	if errors.Is(err, store.ErrNoQueue) {
		return &failure{status: http.StatusNotFound, key: "error.not_found", cause: err}
	}
	return err
}

func (d *desk) openQueue(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	name, query := strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("query"))
	if name == "" || len(name) > 200 || len(query) > 900 {
		return refuse(http.StatusBadRequest, "want a name of 1 to 200 bytes and a query of at most 900")
	}
	if _, err := d.Search.Search(ctx, index.Query{Text: undecided(query), Size: 1, Facets: []string{}}); err != nil {
		return err
	}
	if err := d.note(ctx, ActQueue, "", name+": "+query); err != nil {
		return err
	}
	if _, err := d.Work.AddQueue(ctx, name, query, userOf(ctx).Name, d.Clock().UTC()); err != nil {
		return err
	}
	http.Redirect(w, r, "/queues", http.StatusSeeOther)
	return nil
}

// nextOf claims the highest-ranked post of a queue that waits and that nobody
// has, and leads to it.
func (d *desk) nextOf(ctx context.Context, w http.ResponseWriter, r *http.Request, q store.Queue) error {
	now := d.Clock().UTC()
	for after := ""; ; {
		res, err := d.Search.Search(ctx, index.Query{Text: undecided(q.Query), Sort: "score", Size: 100, After: after, Facets: []string{}})
		if err != nil {
			return err
		}
		for _, h := range res.Hits {
			c := store.Claim{Post: h.Post.ID, Queue: q.ID, By: userOf(ctx).Name, At: now, Until: now.Add(claimLife)}
			_, mine, err := d.Work.ClaimPost(ctx, c)
			if err != nil {
				return err
			}
			if !mine {
				continue
			}
			if err := d.note(ctx, ActQueue, string(h.Post.ID), "claimed from queue "+strconv.FormatInt(q.ID, 10)); err != nil {
				return errors.Join(err, d.Work.ReleasePost(ctx, h.Post.ID, c.By))
			}
			http.Redirect(w, r, postPath(h.Post.ID), http.StatusSeeOther)
			return nil
		}
		if after = res.Next; after == "" {
			http.Redirect(w, r, "/queues", http.StatusSeeOther)
			return nil
		}
	}
}

// claimForm takes, gives back or hands over one post.
func (d *desk) claimForm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	id, err := postID(r)
	if err != nil {
		return err
	}
	if _, err := d.Search.Get(ctx, id); err != nil {
		return err
	}
	me, now := userOf(ctx).Name, d.Clock().UTC()
	what := r.PostFormValue("do")
	switch what {
	case "claim":
		_, _, err = d.Work.ClaimPost(ctx, store.Claim{Post: id, By: me, At: now, Until: now.Add(claimLife)})
	case "release":
		err = d.Work.ReleasePost(ctx, id, me)
	case "hand":
		to, note := strings.TrimSpace(r.PostFormValue("to")), strings.TrimSpace(r.PostFormValue("note"))
		if to == "" || len(to) > 200 || len(note) > maxReason {
			return refuse(http.StatusBadRequest, "want the name of who is to have it")
		}
		what = "handed to " + to
		if err = d.Work.HandOverPost(ctx, id, me, to, note, now, now.Add(handOverLife)); errors.Is(err, store.ErrNotClaimed) {
			return &failure{status: http.StatusConflict, key: "error.not_claimed", cause: err}
		}
	default:
		return refuse(http.StatusBadRequest, "do is none of claim, release and hand")
	}
	if err != nil {
		return err
	}
	if err := d.note(ctx, ActQueue, string(id), what); err != nil {
		return err
	}
	http.Redirect(w, r, postPath(id), http.StatusSeeOther)
	return nil
}

// claimView is who has a post, as its page says it.
type claimView struct {
	store.Claim
	Mine  bool
	Queue *store.Queue
}

// claimOn returns who has a post now. Whoever has it keeps it while reading.
func (d *desk) claimOn(ctx context.Context, id veghe.PostID) (*claimView, error) {
	now := d.Clock().UTC()
	c, ok, err := d.Work.ClaimOf(ctx, id, now)
	if err != nil || !ok {
		return nil, err
	}
	v := &claimView{Claim: c, Mine: c.By == userOf(ctx).Name}
	if v.Mine {
		until := now.Add(claimLife)
		if v.Claim, _, err = d.Work.ClaimPost(ctx, store.Claim{Post: id, Queue: c.Queue, By: c.By, At: now, Until: until}); err != nil {
			return nil, fmt.Errorf("keeping a claim: %w", err)
		}
	}
	if c.Queue != 0 {
		q, err := d.Work.Queue(ctx, c.Queue)
		if err != nil && !errors.Is(err, store.ErrNoQueue) {
			return nil, err
		}
		if err == nil {
			v.Queue = &q
		}
	}
	return v, nil
}

// claimedBy says who has which post, for lists.
func (d *desk) claimedBy(ctx context.Context) (map[veghe.PostID]string, error) {
	all, err := d.Work.Claims(ctx, d.Clock())
	if err != nil || len(all) == 0 {
		return nil, err
	}
	out := make(map[veghe.PostID]string, len(all))
	for _, c := range all {
		out[c.Post] = c.By
	}
	return out, nil
}
