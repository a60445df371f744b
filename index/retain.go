package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"veghe"
)

// Class is posts that are kept for the same time. A post in a case is of no
// class: it stays while it is in one.
type Class string

// The classes.
const (
	Unflagged   Class = "unflagged"
	NotRelevant Class = "not_relevant" // flagged, and decided to be not relevant
	Flagged     Class = "flagged"      // flagged, and not decided, or unsure
	Relevant    Class = "relevant"     // decided to be relevant
)

// Classes lists all classes.
var Classes = []Class{Unflagged, NotRelevant, Flagged, Relevant}

// where selects a class in the store.
func (c Class) where() string {
	return map[Class]string{
		Unflagged:   `flagged = 0`,
		NotRelevant: `flagged = 1 AND review = 'not_relevant'`,
		Flagged:     `flagged = 1 AND review NOT IN ('relevant', 'not_relevant')`,
		Relevant:    `flagged = 1 AND review = 'relevant'`,
	}[c]
}

// Expiry says that the posts of a class collected before a time are to go.
type Expiry struct {
	Class  Class
	Before time.Time
}

// Retention is what Retain does.
type Retention struct {
	Expire []Expiry
	// Held reports whether a post stays for a legal reason. Nil: none does.
	Held func(Hit) bool
	// Gone is told which posts were removed, piece by piece, after that is
	// durable. Its error ends the work. Nil is told nothing.
	Gone func(Class, []Hit) error
	// Dry counts what would go, and removes nothing.
	Dry bool
}

// Retain removes the posts whose time is over and that are in no case, and
// returns how many of each class. They are gone for good: overwritten in the
// store; months of the search index that have no posts left are removed, and the
// files of the others they were in are rewritten without them. That rewriting
// takes about 70 s per million posts of these months, so once or a few times a
// day is often enough.
func (x *Index) Retain(ctx context.Context, r Retention) (map[Class]int, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	counts := map[Class]int{}
	if !r.Dry {
		if err := x.store.forgive(ctx, x.now()); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
	}
	for _, e := range r.Expire {
		n, err := x.expire(ctx, r, e)
		counts[e.Class] += n
		if err != nil {
			return counts, fmt.Errorf("purge: %w", err)
		}
		if e.Class == Unflagged && !r.Dry {
			if err := x.store.forgetAwaited(ctx, e.Before); err != nil {
				return counts, fmt.Errorf("purge: %w", err)
			}
		}
	}
	if r.Dry {
		return counts, nil
	}
	if err := x.forget(ctx); err != nil {
		return counts, fmt.Errorf("purge: what was removed is not yet overwritten: %w", err)
	}
	return counts, nil
}

// step is how far a walk through a class has come.
type step struct {
	collected int64
	id        string
}

// expire goes through a class from its oldest post on. Those that are held
// stay where they are, so it goes on behind the last one looked at.
func (x *Index) expire(ctx context.Context, r Retention, e Expiry) (total int, err error) {
	if e.Class.where() == "" {
		return 0, fmt.Errorf("there is no class %.20q", e.Class)
	}
	at := step{collected: -1 << 62}
	for {
		page, err := x.store.due(ctx, e, &at)
		if err != nil || len(page) == 0 {
			return total, err
		}
		due := slices.DeleteFunc(page, func(rec *record) bool { return r.Held != nil && r.Held(rec.hit()) })
		if r.Dry {
			total += len(due)
			continue
		}
		n, err := x.removeDue(ctx, r, e, due)
		total += n
		if err != nil {
			return total, err
		}
	}
}

// due returns the next posts of a class that are old enough, and moves on behind
// them. The time of collection that counts is the store's: that of the post may
// lie in the future.
func (s *store) due(ctx context.Context, e Expiry, at *step) ([]*record, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT collected, id FROM posts WHERE `+e.Class.where()+` AND cases IN ('null', '[]') AND collected < ?
		AND (collected, id) > (?, ?) ORDER BY collected, id LIMIT ?`, clamp(e.Before).UnixMilli(), at.collected, at.id, maxPiece)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var ids []string
	for rows.Next() {
		if err := rows.Scan(&at.collected, &at.id); err != nil {
			return nil, err
		}
		ids = append(ids, at.id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return nil, err
	}
	return collect(s.records(ctx, `WHERE id IN (`+marks(len(ids))+`)`, anys(ids)...))
}

// removeDue removes records that are still as they were when they were looked
// at: one that came into a case meanwhile stays.
func (x *Index) removeDue(ctx context.Context, r Retention, e Expiry, due []*record) (int, error) {
	ids := make([]string, len(due))
	for i, rec := range due {
		ids[i] = string(rec.assessed.Post.ID)
	}
	gone, err := x.removeIDs(ctx, ids, `AND `+e.Class.where()+` AND cases IN ('null', '[]')`)
	if err != nil || r.Gone == nil || len(gone) == 0 {
		return len(gone), err
	}
	return len(gone), r.Gone(e.Class, gone)
}

// removeIDs removes posts and returns what they were.
func (x *Index) removeIDs(ctx context.Context, ids []string, and string) (gone []Hit, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = x.write(ctx, func(ctx context.Context) (plan, error) {
		gone = nil // when it is tried again
		now, err := collect(x.store.records(ctx, `WHERE id IN (`+marks(len(ids))+`) `+and, anys(ids)...))
		p := x.store.newPlan(x.now())
		for _, rec := range now {
			p.tallies.count(rec, -1)
			p.seen.replace(x.store, rec, nil)
			p.remove = append(p.remove, rec)
			gone = append(gone, rec.hit())
		}
		return p, err
	})
	return gone, err
}

// Erase removes posts, whatever their class and cases, and leaves nothing of
// them in any file. It returns what they were.
func (x *Index) Erase(ctx context.Context, ids []veghe.PostID) ([]Hit, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	var all []Hit
	for part := range slices.Chunk(ids, maxPiece) {
		text := make([]string, len(part))
		for i, id := range part {
			text[i] = string(id)
		}
		gone, err := x.removeIDs(ctx, text, "")
		all = append(all, gone...)
		if err != nil {
			return all, fmt.Errorf("erase: %w", err)
		}
	}
	if err := x.forget(ctx); err != nil {
		return all, fmt.Errorf("erase: what was removed is not yet overwritten: %w", err)
	}
	return all, nil
}

// EvidenceUsed tells which of some references to captures are those of posts
// that stay for being flagged or in a case. It reads every such post.
func (x *Index) EvidenceUsed(ctx context.Context, refs []string) (map[string]bool, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	used := map[string]bool{}
	if len(refs) == 0 {
		return used, nil
	}
	asked := make(map[string]bool, len(refs))
	for _, r := range refs {
		asked[r] = true
	}
	rows, err := x.store.db.Read.QueryContext(ctx, `SELECT json_extract(doc, '$.post.evidence') FROM posts
		WHERE (flagged = 1 OR cases NOT IN ('null', '[]')) AND json_extract(doc, '$.post.evidence') IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("evidence in use: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var ref string
		if err := rows.Scan(&ref); err != nil {
			return nil, err
		}
		if asked[ref] {
			used[ref] = true
		}
	}
	return used, rows.Err()
}

// ErrManyPosts is a wish for more posts at once than are read.
var ErrManyPosts = errors.New("too many posts at once")

// All returns every post that a query finds, flagged or not, at most limit;
// ErrManyPosts if there are more.
func (x *Index) All(ctx context.Context, text string, limit int) ([]Hit, error) {
	q := Query{Text: text, All: true, Size: maxSize, Sort: byNewest, Facets: []string{}}
	var out []Hit
	for {
		res, err := x.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		if res.Total > uint64(limit) {
			return nil, fmt.Errorf("%d posts: %w, want at most %d", res.Total, ErrManyPosts, limit)
		}
		out = append(out, res.Hits...)
		if q.After = res.Next; q.After == "" {
			return out, nil
		}
	}
}
