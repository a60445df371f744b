package frontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"veghe"
)

const day = int64(24 * time.Hour / time.Millisecond)

// addPosts remembers posts, all of a page in one statement: to prepare one for
// each would cost more than all the rest. Page and thread are where they
// stand; 0 if they are only listed there.
func addPosts(ctx context.Context, tx *sql.Tx, source veghe.SourceID, posts []Seen, page, thread int64, now time.Time) error {
	if len(posts) == 0 {
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
	list, err := json.Marshal(posts)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, upsert, source, millis(now)/day*day, page, thread, string(list))
	return err
}

// Novelty says of each post whether it was handed on before.
func (f *Frontier) Novelty(ctx context.Context, source veghe.SourceID, posts []Seen) ([]Novelty, error) {
	out := make([]Novelty, len(posts))
	if len(posts) == 0 {
		return out, nil
	}
	known, err := f.hashes(ctx, source, posts)
	if err != nil {
		return nil, fmt.Errorf("frontier: %w", err)
	}
	for i, s := range posts {
		switch hash, ok := known[s.ID]; {
		case !ok:
			out[i] = New
		case hash == s.Hash:
			out[i] = Known
		default:
			out[i] = Edited
		}
	}
	return out, nil
}

// hashes gives the remembered content hashes of those posts that are known.
func (f *Frontier) hashes(ctx context.Context, source veghe.SourceID, posts []Seen) (map[veghe.PostID]string, error) {
	list, err := json.Marshal(posts)
	if err != nil {
		return nil, err
	}
	const query = "SELECT id, hash FROM posts WHERE source = ? AND id IN (SELECT value ->> 'ID' FROM json_each(?))"
	rows, err := f.db.QueryContext(ctx, query, source, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	known := make(map[veghe.PostID]string)
	for rows.Next() {
		var id veghe.PostID
		var hash string
		if err := rows.Scan(&id, &hash); err != nil {
			return nil, err
		}
		known[id] = hash
	}
	return known, rows.Err()
}
