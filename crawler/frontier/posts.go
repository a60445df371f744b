package frontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"veghe"
)

const day = int64(24 * time.Hour / time.Millisecond)

// addPosts remembers posts, all of a page in one statement: to prepare one for
// each would cost more than all the rest. Page and thread are where they
// stand; 0 if they are only listed there.
func addPosts(t *tx, source veghe.SourceID, posts seenList, page, thread int64, now time.Time) error {
	if posts == noPosts {
		return nil
	}
	// Most posts were seen before, on the same day, at the same place: nothing
	// is written.
	const upsert = `INSERT INTO posts (source, id, hash, seen, page, thread)
		SELECT ?, value ->> 'ID', value ->> 'Hash', ?, ?, ? FROM json_each(?) WHERE true
		ON CONFLICT DO UPDATE SET hash = excluded.hash, seen = max(seen, excluded.seen),
			page = CASE WHEN excluded.page <> 0 THEN excluded.page ELSE page END,
			thread = CASE WHEN excluded.page <> 0 THEN excluded.thread ELSE thread END,
			lost = CASE WHEN excluded.page <> 0 THEN 0 ELSE lost END,
			gone = CASE WHEN excluded.page <> 0 THEN 0 ELSE gone END
		WHERE hash <> excluded.hash OR seen < excluded.seen
			OR excluded.page <> 0 AND (page <> excluded.page OR lost <> 0 OR gone <> 0)`
	_, err := t.exec(upsert, source, millis(now)/day*day, page, thread, posts)
	return err
}

// seenList are posts as statements want them.
type seenList string

const noPosts seenList = "[]"

func listOf(posts []Seen) (seenList, error) {
	kept := make([]Seen, len(posts))
	for i, s := range posts {
		kept[i] = Seen{ID: s.ID, Hash: brief(s.Hash)}
	}
	list, err := json.Marshal(kept)
	return seenList(list), err
}

// brief is what is kept of a content hash: 64 bits of it tell the texts of one
// post apart, and posts are many.
func brief(hash string) string {
	const prefix, digits = "sha256:", 16
	if strings.HasPrefix(hash, prefix) && len(hash) > len(prefix)+digits {
		return hash[len(prefix):][:digits]
	}
	return hash
}

// Novelty says of each post whether it was handed on before.
func (f *Frontier) Novelty(ctx context.Context, source veghe.SourceID, posts []Seen) ([]Novelty, error) {
	out := make([]Novelty, len(posts))
	if len(posts) == 0 {
		return out, nil
	}
	known, err := f.hashes(ctx, source, posts)
	if err != nil {
		return nil, err
	}
	for i, s := range posts {
		switch hash, ok := known[s.ID]; {
		case !ok:
			out[i] = New
		case hash == brief(s.Hash):
			out[i] = Known
		default:
			out[i] = Edited
		}
	}
	return out, nil
}

// hashes gives the remembered content hashes of those posts that are known.
func (f *Frontier) hashes(ctx context.Context, source veghe.SourceID, posts []Seen) (map[veghe.PostID]string, error) {
	list, err := listOf(posts)
	if err != nil {
		return nil, err
	}
	const query = "SELECT id, hash FROM posts WHERE source = ? AND id IN (SELECT value ->> 'ID' FROM json_each(?))"
	known := make(map[veghe.PostID]string)
	err = f.inTx(ctx, func(t *tx) error {
		return t.query(func(rows *sql.Rows) error {
			var id veghe.PostID
			var hash string
			err := rows.Scan(&id, &hash)
			known[id] = hash
			return err
		}, query, source, list)
	})
	return known, err
}
