package index

import (
	"context"
	"fmt"

	"github.com/blevesearch/bleve/v2"
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
	ids, upTo, err := x.changed(ctx, after)
	if err != nil || len(ids) == 0 {
		return nil, upTo, err
	}
	check := &phraseCheck{text: x.store.text, most: x.phraseReads}
	c := compiler{phrases: check}
	want := c.compile(r.expr, false)
	among := query.NewDocIDQuery(ids)
	if p, ok := want.(*phraseQuery); ok { // check the order of words last
		p.inner = query.NewConjunctionQuery([]query.Query{p.inner, among})
	} else {
		want = query.NewConjunctionQuery([]query.Query{want, among})
	}
	req := bleve.NewSearchRequestOptions(want, len(ids), 0, false)
	req.Score = "none"
	res, err := x.engine.search(ctx, req)
	if stopped := check.err.Load(); stopped != nil {
		return nil, after, r.stopped(ctx, stopped)
	}
	if err != nil {
		if isTooMany(err) {
			return nil, after, r.tooMany()
		}
		return nil, after, fmt.Errorf("search: %w", err)
	}
	for _, h := range res.Hits {
		found = append(found, veghe.PostID(h.ID))
	}
	return found, upTo, nil
}

// changed lists the posts written after a number. While it looks nothing is
// written, so that the search index has followed as far as it says.
func (x *Index) changed(ctx context.Context, after int64) (ids []string, upTo int64, err error) {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return nil, after, err
	}
	defer release()
	changes, upTo, err := x.store.after(ctx, after, sinceBatch)
	if err != nil {
		return nil, after, err
	}
	for _, c := range changes {
		if c.write != nil {
			ids = append(ids, string(c.write.assessed.Post.ID))
		}
	}
	return ids, upTo, nil
}
