package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"veghe"
)

// What becomes of a post after it was put: it is edited, then all of its texts
// are kept, the one that counts as the post and the others as versions; or it
// is no longer where it stood, which is noted on it. A change that comes before
// its post, or after the post was purged, waits for it as long as unflagged
// posts are kept.

// maxVersions bounds the other texts of one post; the newest are kept.
const maxVersions = 20

// Version is another text of a post that was edited.
type Version struct {
	Post       veghe.Post       `json:"post"`
	Assessment veghe.Assessment `json:"assessment"`
	AssessedAt time.Time        `json:"assessed_at"`
}

func otherText(a, b *record) bool { return a.assessed.Post.ContentHash != b.assessed.Post.ContentHash }

// newerText says that old is a later text of the post than r.
func newerText(old, r *record) bool {
	return otherText(old, r) && r.collected().Before(old.collected())
}

// takeOver takes what people and time have added to the record it replaces.
func (r *record) takeOver(old *record) {
	r.indexed, r.review, r.cases = old.indexed, old.review, old.cases
	r.shard, r.novelty = old.shard, old.novelty
	r.gone, r.again, r.noticed, r.edited = old.gone, old.again, old.noticed, old.edited
}

// version plans to keep another text of a post beside the one that counts. It
// returns what to write as the post, or nil if nothing about that is new.
func (p *plan) version(counts, other *record) *record {
	if !otherText(counts, other) {
		return nil
	}
	p.versions = append(p.versions, other)
	newest := max(millis(counts.collected()), millis(other.collected()))
	if newest <= millis(counts.edited) {
		return nil
	}
	out := *counts
	out.edited = fromMillis(newest)
	return &out
}

// writeVersions keeps other texts, each once, and the newest of many.
func writeVersions(ctx context.Context, tx *sql.Tx, all []*record) error {
	for _, r := range all {
		id := string(r.assessed.Post.ID)
		const add = `INSERT INTO versions (id, hash, collected, doc) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
		if _, err := tx.ExecContext(ctx, add, id, r.assessed.Post.ContentHash, millis(r.collected()), r.doc); err != nil {
			return err
		}
		const bound = `DELETE FROM versions WHERE id = ?1 AND hash NOT IN
			(SELECT hash FROM versions WHERE id = ?1 ORDER BY collected DESC, hash LIMIT ?2)`
		if _, err := tx.ExecContext(ctx, bound, id, maxVersions); err != nil {
			return err
		}
	}
	return nil
}

// Versions returns the other texts of a post, oldest first.
func (x *Index) Versions(ctx context.Context, id veghe.PostID) ([]Version, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	const query = `SELECT doc FROM versions WHERE id = ?1 AND hash <> coalesce((SELECT doc ->> '$.post.content_hash' FROM posts WHERE id = ?1), '')
		ORDER BY collected, hash`
	rows, err := x.store.db.Read.QueryContext(ctx, query, string(id))
	if err != nil {
		return nil, fmt.Errorf("versions of post %.80q: %w", string(id), err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := []Version{}
	for rows.Next() {
		var doc []byte
		var a veghe.Assessed
		if err := rows.Scan(&doc); err != nil {
			return nil, err
		}
		if err := a.Decode(doc); err != nil {
			return nil, fmt.Errorf("versions of post %.80q: %w", string(id), err)
		}
		out = append(out, Version{Post: a.Post, Assessment: a.Assessment, AssessedAt: a.AssessedAt})
	}
	return out, rows.Err()
}

// notice takes a change unless a newer one is known, and says whether it did.
func (r *record) notice(c veghe.Change) bool {
	seen := fromMillis(millis(c.SeenAt))
	if !seen.After(r.noticed) {
		return false
	}
	r.noticed = seen
	switch c.Kind {
	case veghe.Gone:
		r.gone, r.again = fromMillis(millis(c.Since)), ""
	case veghe.Again:
		r.gone, r.again = fromMillis(millis(c.Since)), c.As
	case veghe.Back:
		r.gone, r.again = time.Time{}, ""
	}
	return true
}

// Notice records what became of a post, so that it is shown and can be
// searched for. The newest change counts; a repeat changes nothing. A change of
// a post that is not here waits for it.
func (x *Index) Notice(ctx context.Context, c veghe.Change) error {
	if err := c.Check(); err != nil {
		return err
	}
	err := x.edit(ctx, c.Post, func(r *record) bool { return r.notice(c) })
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	return x.store.await(ctx, c)
}

// maxAwaited bounds the changes of posts that are not here; the newest wait.
const maxAwaited = 100_000

func (s *store) await(ctx context.Context, c veghe.Change) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		const put = `INSERT INTO awaited (id, seen, change) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET seen = excluded.seen, change = excluded.change WHERE seen < excluded.seen`
		if _, err := tx.ExecContext(ctx, put, string(c.Post), millis(c.SeenAt), string(b)); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM awaited`).Scan(&n); err != nil || n <= maxAwaited {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM awaited WHERE id IN (SELECT id FROM awaited ORDER BY seen LIMIT ?)`, maxAwaited/10)
		return err
	})
}

// awaited returns the changes that wait for some posts.
func (s *store) awaited(ctx context.Context, ids []string) (map[string]veghe.Change, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT change FROM awaited WHERE id IN (`+marks(len(ids))+`)`, anys(ids)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := map[string]veghe.Change{}
	for rows.Next() {
		var text string
		var c veghe.Change
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return nil, fmt.Errorf("a change that waits: %w", err)
		}
		out[string(c.Post)] = c
	}
	return out, rows.Err()
}

// forgetAwaited forgets changes whose post came, or did not come in time.
func (s *store) forgetAwaited(ctx context.Context, olderThan time.Time) error {
	_, err := s.db.Write.ExecContext(ctx,
		`DELETE FROM awaited WHERE seen < ? OR EXISTS (SELECT 1 FROM posts WHERE posts.id = awaited.id)`, millis(olderThan))
	return err
}
