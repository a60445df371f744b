package index

import (
	"context"
	"encoding/json"
	"fmt"

	"veghe"
)

// addedSchema finds the few posts to which people have added something.
const addedSchema = `
CREATE INDEX posts_reviewed ON posts (id) WHERE review <> '';
CREATE INDEX posts_in_cases ON posts (id) WHERE cases NOT IN ('null', '[]');
`

// ID names this index: one that is made anew has another, and numbers its
// changes anew.
func (x *Index) ID() string { return x.store.id }

// Added is what people have added to a post.
type Added struct {
	Review veghe.Decision
	Cases  []string // in order
}

// Added lists what people have added to posts, of those to which they have.
func (x *Index) Added(ctx context.Context) (map[veghe.PostID]Added, error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	// Two questions, for each has an index of its own.
	rows, err := x.store.db.Read.QueryContext(ctx, `SELECT id, review, cases FROM posts WHERE review <> ''
		UNION SELECT id, review, cases FROM posts WHERE cases NOT IN ('null', '[]')`)
	if err != nil {
		return nil, fmt.Errorf("what was added to posts: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := map[veghe.PostID]Added{}
	for rows.Next() {
		var id veghe.PostID
		var a Added
		var cases []byte
		if err := rows.Scan(&id, &a.Review, &cases); err != nil {
			return nil, fmt.Errorf("what was added to posts: %w", err)
		}
		if err := json.Unmarshal(cases, &a.Cases); err != nil {
			return nil, fmt.Errorf("cases of %s: %w", id, err)
		}
		out[id] = a
	}
	return out, rows.Err()
}

// IDs lists the ids of all posts for which is says so.
func (x *Index) IDs(ctx context.Context, is func(veghe.PostID) bool) (out []veghe.PostID, err error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := x.store.db.Read.QueryContext(ctx, `SELECT id FROM posts`)
	if err != nil {
		return nil, fmt.Errorf("ids of posts: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id veghe.PostID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("ids of posts: %w", err)
		}
		if is(id) {
			out = append(out, id)
		}
	}
	return out, rows.Err()
}
