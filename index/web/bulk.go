package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// maxBulk is how many posts are decided on at once. More than that nobody has
// looked at.
const maxBulk = 200

// bulkForm decides on several posts at once. It takes a reason, since nobody
// can read in each post why it was decided on.
func (d *desk) bulkForm(w http.ResponseWriter, r *http.Request) error {
	decision := veghe.Decision(r.PostFormValue("decision"))
	reason, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	if !slices.Contains(store.Decisions, decision) || decision == veghe.Withdrawn {
		return refuse(http.StatusBadRequest, `decision: want "relevant", "not_relevant" or "unsure"`)
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	ids, err := d.chosen(ctx, r)
	if err != nil {
		return err
	}
	batch := rand.Text()
	if err := d.note(ctx, ActReview, "batch "+batch, fmt.Sprintf("%s, %d posts: %s", decision, len(ids), reason)); err != nil {
		return err
	}
	for i, id := range ids {
		if err := d.decideInBatch(ctx, batch, i, id, decision, reason); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/reviews/"+batch+"?back="+url.QueryEscape(localPath(r.PostFormValue("back"))), http.StatusSeeOther)
	return nil
}

// chosen are the posts that a bulk decision is about: those ticked, or all
// that the search finds.
func (d *desk) chosen(ctx context.Context, r *http.Request) ([]veghe.PostID, error) {
	var out []veghe.PostID
	if r.PostFormValue("all") == "1" {
		res, err := d.Search.Search(ctx, index.Query{Text: r.PostFormValue("q"), All: r.PostFormValue("unflagged") == "1", Size: maxBulk, Sort: "newest", Facets: []string{}})
		if err != nil {
			return nil, err
		}
		if res.Total > maxBulk {
			return nil, &failure{status: http.StatusBadRequest, key: "error.bulk_many", detail: fmt.Sprintf("the search finds %d posts, want at most %d at once", res.Total, maxBulk)}
		}
		for _, h := range res.Hits {
			out = append(out, h.Post.ID)
		}
	} else {
		for _, id := range r.PostForm["post"] {
			if _, err := d.Search.Get(ctx, veghe.PostID(id)); err != nil {
				return nil, err
			}
			if !slices.Contains(out, veghe.PostID(id)) {
				out = append(out, veghe.PostID(id))
			}
		}
	}
	switch {
	case len(out) == 0:
		return nil, fail(http.StatusBadRequest, "error.bulk_none")
	case len(out) > maxBulk:
		return nil, fail(http.StatusBadRequest, "error.bulk_many")
	}
	return out, nil
}

func (d *desk) decideInBatch(ctx context.Context, batch string, i int, id veghe.PostID, decision veghe.Decision, reason string) error {
	if err := d.note(ctx, ActReview, string(id), string(decision)); err != nil {
		return err
	}
	return d.Reviews.Review(ctx, veghe.Review{
		ID: batch + "-" + strconv.Itoa(i), Post: id, Decision: decision, Reason: reason, By: userOf(ctx).Name, At: d.Clock().UTC(),
	})
}

type batchPage struct {
	Page
	Batch    string
	Reviews  []veghe.Review
	Decision veghe.Decision
	By       string
	Back     string
	Undone   bool
	CanUndo  bool
}

func (d *desk) batchPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.batch(ctx, r.PathValue("batch"))
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	p := batchPage{Page: d.page(r, l.T("bulk.done")), Batch: r.PathValue("batch"), Reviews: all, Decision: all[0].Decision, By: all[0].By}
	p.Nav, p.Back, p.Undone = "results", localPath(r.URL.Query().Get("back")), r.URL.Query().Get("undone") == "1"
	p.CanUndo = mayUndo(userOf(ctx), all[0])
	return d.render(w, r, http.StatusOK, "batch", p)
}

// mayUndo: one's own decisions, or those of others for who oversees.
func mayUndo(u User, r veghe.Review) bool { return u.Name == r.By || u.Can("oversee") }

func (d *desk) batch(ctx context.Context, batch string) ([]veghe.Review, error) {
	all, err := d.Batch(ctx, batch)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v veghe.Review) bool {
		_, err := d.Search.Get(ctx, v.Post) // of a source that the reader does not see
		return errors.Is(err, index.ErrNotFound)
	})
	if len(all) == 0 {
		return nil, fail(http.StatusNotFound, "error.not_found")
	}
	return all, nil
}

// undoBatch takes a bulk decision back, where nobody has decided since: what
// stood before stands again.
func (d *desk) undoBatch(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	batch := r.PathValue("batch")
	all, err := d.batch(ctx, batch)
	if err != nil {
		return err
	}
	if !mayUndo(userOf(ctx), all[0]) {
		return fail(http.StatusForbidden, "error.not_allowed")
	}
	if err := d.note(ctx, ActReview, "batch "+batch, "undone"); err != nil {
		return err
	}
	fresh := rand.Text()
	for i, v := range all {
		stands, err := d.reviewsOf(ctx, v.Post)
		if err != nil {
			return err
		}
		if len(stands) == 0 || !strings.HasPrefix(stands[0].ID, batch+"-") {
			continue // decided anew since
		}
		if err := d.decideInBatch(ctx, fresh, i, v.Post, before(stands), d.localeOf(r).T("review.undone")); err != nil {
			return err
		}
	}
	http.Redirect(w, r, "/reviews/"+batch+"?undone=1&back="+url.QueryEscape(localPath(r.PostFormValue("back"))), http.StatusSeeOther)
	return nil
}

// before is the decision that stood before the newest.
func before(newestFirst []veghe.Review) veghe.Decision {
	if len(newestFirst) < 2 {
		return veghe.Withdrawn
	}
	return newestFirst[1].Decision
}
