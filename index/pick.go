package index

import (
	"context"
	"errors"
	"fmt"

	"veghe"
)

// Pick returns the stored posts of the index in dir that have one of these ids,
// in the order asked for, and then those that belong to the case, if one is
// named. Like Each it only reads the store, beside whoever has the index open.
// ErrNotFound names an id that is not there, or a case without posts.
func Pick(ctx context.Context, dir string, ids []veghe.PostID, inCase string) ([]Hit, error) {
	s, err := openThere(ctx, dir)
	if err != nil {
		return nil, err
	}
	hits, err := s.pick(ctx, ids, inCase)
	return hits, errors.Join(err, s.close())
}

func (s *store) pick(ctx context.Context, ids []veghe.PostID, inCase string) ([]Hit, error) {
	var out []Hit
	seen := make(map[veghe.PostID]bool)
	for _, id := range ids {
		r, err := s.get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("post %.80q: %w", string(id), err)
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, r.hit())
		}
	}
	if inCase == "" {
		return out, nil
	}
	records, err := collect(s.records(ctx, `WHERE EXISTS (SELECT 1 FROM json_each(cases) WHERE value = ?) ORDER BY time, id`, inCase))
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("case %.80q has no posts: %w", inCase, ErrNotFound)
	}
	for _, r := range records {
		if id := r.assessed.Post.ID; !seen[id] {
			seen[id] = true
			out = append(out, r.hit())
		}
	}
	return out, nil
}

// CaseEvidence lists what the posts that are kept only because they are in a
// case name as their evidence: it has to stay with them.
func (x *Index) CaseEvidence(ctx context.Context) (refs []string, err error) {
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := x.store.db.Read.QueryContext(ctx, `
		SELECT json_extract(doc, '$.post.evidence') FROM posts
		WHERE flagged = 0 AND cases NOT IN ('null', '[]') AND json_extract(doc, '$.post.evidence') IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("evidence of cases: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var ref string
		if err := rows.Scan(&ref); err != nil {
			return nil, fmt.Errorf("evidence of cases: %w", err)
		}
		refs = append(refs, ref)
	}
	return refs, rows.Err()
}
