package index

import (
	"context"
	"fmt"

	"github.com/blevesearch/bleve/v2/search/query"

	"veghe"
)

// sinceBatch is how many changes are looked at in one go.
const sinceBatch = 500

// Since finds which of the posts changed after a number match a query, for
// standing searches. It looks at the next 500 changes at most and returns the
// number to go on from; when that is after, there is nothing more for now. A
// post that changes again is found again. A query that cannot be run is a
// *QueryError.
func (x *Index) Since(ctx context.Context, text string, after int64) (found []veghe.PostID, upTo int64, err error) {
	done, err := x.begin()
	if err != nil {
		return nil, after, err
	}
	defer done()
	r, err := Query{Text: text, Size: 1}.understand()
	if err != nil {
		return nil, after, err
	}
	ids, months, upTo, err := x.changed(ctx, after)
	if err != nil || len(ids) == 0 {
		return nil, upTo, err
	}
	check := &phraseCheck{text: x.store.text, most: x.phraseReads}
	c := compiler{phrases: check}
	want := narrow(c.compile(r.expr, false), filter{query.NewDocIDQuery(ids)})
	res, err := x.engine.search(ctx, ask{query: want, order: byOldest, size: len(ids), months: months})
	if stopped := check.err.Load(); stopped != nil {
		return nil, after, r.stopped(ctx, stopped)
	}
	if err != nil {
		if isTooMany(err) {
			return nil, after, r.tooMany()
		}
		return nil, after, fmt.Errorf("search: %w", err)
	}
	for _, h := range res.hits {
		found = append(found, veghe.PostID(h.id))
	}
	return found, upTo, nil
}

// changed lists the posts written after a number and the shards they are in.
// While it looks nothing is written, so that the search index has followed as
// far as it says.
func (x *Index) changed(ctx context.Context, after int64) (ids []string, months map[month]bool, upTo int64, err error) {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return nil, nil, after, err
	}
	defer release()
	rows, err := x.store.db.Read.QueryContext(ctx, `SELECT seq, id, shard FROM posts WHERE seq > ? ORDER BY seq LIMIT ?`, after, sinceBatch)
	if err != nil {
		return nil, nil, after, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	upTo, months = after, map[month]bool{}
	for rows.Next() {
		var id string
		var m month
		if err := rows.Scan(&upTo, &id, &m); err != nil {
			return nil, nil, after, err
		}
		ids = append(ids, id)
		months[m] = true
	}
	if err := rows.Err(); err != nil {
		return nil, nil, after, err
	}
	if len(ids) < sinceBatch {
		upTo = max(after, x.store.seq)
	}
	return ids, months, upTo, nil
}
