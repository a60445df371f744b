package index

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/blevesearch/bleve/v2/search/searcher"
	segment "github.com/blevesearch/bleve_index_api"
)

// maxChecked is how many posts one query may have read to see whether words
// stand in the order asked for.
const maxChecked = 20_000

// phrase is words in an order, and where the query asks for it.
type phrase struct {
	words []string
	pos   int
}

// in reports whether the words stand in the text one after the other.
func (p phrase) in(text []word) bool { return len(p.find(text, 1)) > 0 }

// find returns where the phrase begins, as indexes into text, at most n times.
func (p phrase) find(text []word, n int) (at []int) {
	for i := 0; i+len(p.words) <= len(text) && len(at) < n; i++ {
		if p.here(text[i:]) {
			at = append(at, i)
		}
	}
	return at
}

func (p phrase) here(text []word) bool {
	for j, w := range p.words {
		if text[j].folded != w {
			return false
		}
	}
	return true
}

// phraseQuery narrows what inner finds to posts that hold the phrases. The
// search index knows which words a post has, not where: that would double its
// size. So the posts that have all the words are read from the store.
type phraseQuery struct {
	inner   query.Query
	phrases []phrase
	check   *phraseCheck
}

// Searcher makes phraseQuery a query of bleve.
func (q *phraseQuery) Searcher(ctx context.Context, r segment.IndexReader, m mapping.IndexMapping, opt search.SearcherOptions) (search.Searcher, error) {
	inner, err := q.inner.Searcher(ctx, r, m, opt)
	if err != nil {
		return nil, err
	}
	return searcher.NewFilteringSearcher(ctx, inner, func(_ *search.SearchContext, d *search.DocumentMatch) bool {
		return q.check.holds(ctx, r, d.IndexInternalID, q.phrases)
	}), nil
}

// phraseCheck reads posts for the phrases of one query, within a budget. The
// first error stops it; nothing is found from then on, and the search must
// ask for Err.
type phraseCheck struct {
	text    func(ctx context.Context, id string) (title, text string, err error)
	most    int64 // posts to read
	checked atomic.Int64
	err     atomic.Pointer[phraseError]
}

type phraseError struct {
	err error
	pos int
}

var errTooCommon = errors.New("too many posts have these words")

func (c *phraseCheck) holds(ctx context.Context, r segment.IndexReader, doc segment.IndexInternalID, phrases []phrase) bool {
	if c.err.Load() != nil {
		return false
	}
	ok, err := c.read(ctx, r, doc, phrases)
	if err != nil {
		c.err.CompareAndSwap(nil, &phraseError{err, phrases[0].pos})
	}
	return ok && err == nil
}

func (c *phraseCheck) read(ctx context.Context, r segment.IndexReader, doc segment.IndexInternalID, phrases []phrase) (bool, error) {
	if c.checked.Add(1) > c.most {
		return false, errTooCommon
	}
	id, err := r.ExternalID(doc)
	if err != nil {
		return false, err
	}
	title, text, err := c.text(ctx, id)
	if errors.Is(err, ErrNotFound) { // removed since the search began
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return holdsAll(phrases, words(title), words(text)), nil
}

// holdsAll reports whether every phrase stands in one of the two: a phrase
// does not run from the title into the text.
func holdsAll(phrases []phrase, title, text []word) bool {
	for _, p := range phrases {
		if !p.in(text) && !p.in(title) {
			return false
		}
	}
	return true
}
