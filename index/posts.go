package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"veghe"
)

// Get returns one post, or ErrNotFound.
func (x *Index) Get(ctx context.Context, id veghe.PostID) (Hit, error) {
	done, err := x.begin()
	if err != nil {
		return Hit{}, err
	}
	defer done()
	r, err := x.store.get(ctx, id)
	if err != nil {
		return Hit{}, fmt.Errorf("post %.80q: %w", string(id), err)
	}
	return r.hit(), nil
}

// Thread returns the posts of a conversation in their order, flagged or not,
// at most limit of them (0 means 500) from the beginning.
func (x *Index) Thread(ctx context.Context, source veghe.SourceID, thread veghe.ThreadID, limit int) ([]Hit, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	if thread == "" {
		return nil, nil
	}
	if limit <= 0 {
		limit = 500
	}
	records, err := collect(x.store.records(ctx,
		`WHERE source = ? AND thread = ? AND thread <> '' ORDER BY place, time, id LIMIT ?`, string(source), string(thread), limit))
	if err != nil {
		return nil, fmt.Errorf("thread: %w", err)
	}
	hits := make([]Hit, len(records))
	for i, r := range records {
		hits[i] = r.hit()
	}
	return hits, nil
}

// Count returns the plain counters.
func (x *Index) Count(ctx context.Context) (Counts, error) {
	done, err := x.begin()
	if err != nil {
		return Counts{}, err
	}
	defer done()
	return x.store.count(ctx)
}

func (s *store) count(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.db.Read.QueryRowContext(ctx, `SELECT
		coalesce(sum(n) FILTER (WHERE field = ''), 0),
		coalesce(sum(n) FILTER (WHERE field = '' AND flagged = 1), 0),
		coalesce(sum(n) FILTER (WHERE field = 'severity' AND value IN ('high', 'critical') AND flagged = 1), 0),
		coalesce(sum(n) FILTER (WHERE field = 'review' AND value = 'none' AND flagged = 1), 0)
		FROM tally WHERE field IN ('', 'severity', 'review')`).Scan(&c.Posts, &c.Flagged, &c.Alerts, &c.Unreviewed)
	if err != nil {
		return c, fmt.Errorf("count posts: %w", err)
	}
	return c, nil
}

// SetReview records the decision that now counts for a post, so that it can be
// searched for; "" and withdrawn take it back. What people wrote is kept by the desk.
func (x *Index) SetReview(ctx context.Context, id veghe.PostID, d veghe.Decision) error {
	switch d {
	case veghe.Withdrawn:
		d = ""
	case "", veghe.Relevant, veghe.NotRelevant, veghe.Unsure:
	default:
		return fmt.Errorf("review of %s: decision is %.40q, want relevant, not_relevant, unsure or nothing", id, string(d))
	}
	return x.edit(ctx, id, func(r *record) bool {
		changed := r.review != d
		r.review = d
		return changed
	})
}

// SetCases records which cases a post belongs to. A post in a case is not
// purged.
func (x *Index) SetCases(ctx context.Context, id veghe.PostID, cases []string) error {
	cases = slices.Compact(slices.Sorted(slices.Values(cases)))
	if b, err := json.Marshal(cases); err != nil || len(b) > 10_000 {
		return fmt.Errorf("cases of %s: %d bytes, want at most 10000", id, len(b))
	}
	return x.edit(ctx, id, func(r *record) bool {
		changed := !slices.Equal(r.cases, cases)
		r.cases = cases
		return changed
	})
}

// edit changes what people have added to a post.
func (x *Index) edit(ctx context.Context, id veghe.PostID, change func(*record) bool) error {
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	err = x.write(ctx, func(ctx context.Context) (plan, error) {
		old, err := x.store.get(ctx, id)
		if err != nil {
			return plan{}, err
		}
		r := *old
		if !change(&r) {
			return plan{}, nil
		}
		p := x.store.newPlan(x.now())
		p.replace(x.store, old, &r)
		return p, nil
	})
	if err != nil {
		return fmt.Errorf("post %.80q: %w", string(id), err)
	}
	return nil
}

// CountIn counts what the index in dir holds without opening it for work. It
// only reads the store. ErrNotFound says that dir holds no index.
func CountIn(ctx context.Context, dir string) (Counts, error) {
	s, err := openThere(ctx, dir)
	if err != nil {
		return Counts{}, err
	}
	c, err := s.count(ctx)
	return c, errors.Join(err, s.close())
}
