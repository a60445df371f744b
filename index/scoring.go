package index

import (
	"context"
	"math"
	"sync"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	segment "github.com/blevesearch/bleve_index_api"
)

// Relevance weighs a word by how many posts have it. Bleve counts those of one
// shard, and the length of posts by how its files happen to be cut. A post must
// weigh the same wherever it stands, so words are counted over all shards, a
// post's length is held against a fixed one, and fields weigh nothing.

// usualWords is how long a post is that is neither short nor long.
const usualWords = 64

// scoreSteps are so many to 1: scores are compared in whole steps, so that the
// order in which parts of a score are added up does not matter.
const scoreSteps = 1e6

func steps(score float64) int64 { return int64(math.Round(score * scoreSteps)) }

// corpusCounts counts posts and words over all shards, for one search.
type corpusCounts struct {
	readers []segment.IndexReader
	posts   uint64

	mu    sync.Mutex // guards words
	words map[string]uint64
}

func newCorpus(views []*view) (*corpusCounts, error) {
	c := &corpusCounts{words: map[string]uint64{}}
	for _, v := range views {
		n, err := v.snap.DocCount()
		if err != nil {
			return nil, err
		}
		c.posts += n
		c.readers = append(c.readers, v.snap)
	}
	return c, nil
}

// with returns how many posts have a word.
func (c *corpusCounts) with(ctx context.Context, field string, word []byte) (uint64, error) {
	key := field + ":" + string(word)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, ok := c.words[key]; ok {
		return n, nil
	}
	total := uint64(0)
	for _, r := range c.readers {
		f, err := r.TermFieldReader(ctx, word, field, false, false, false)
		if err != nil {
			return 0, err
		}
		total += f.Count()
		if err := f.Close(); err != nil {
			return 0, err
		}
	}
	c.words[key] = total
	return total, nil
}

// context tells bleve what to weigh by.
func (c *corpusCounts) context(ctx context.Context) context.Context {
	bm25 := search.GetScoringModelCallbackFn(func() string { return segment.BM25Scoring })
	ctx = context.WithValue(ctx, search.GetScoringModelCallbackKey, bm25)
	return context.WithValue(ctx, search.BM25StatsKey, &search.BM25Stats{
		DocCount: float64(c.posts), FieldCardinality: map[string]int{inText: usualWords * int(c.posts)},
	})
}

// scored is a shard as a part of all.
type scored struct {
	segment.IndexReader
	corpus *corpusCounts
}

// TermFieldReader counts a word over all shards.
func (r *scored) TermFieldReader(ctx context.Context, word []byte, field string, freq, norm, vectors bool) (segment.TermFieldReader, error) {
	inner, err := r.IndexReader.TermFieldReader(ctx, word, field, freq, norm, vectors)
	if err != nil {
		return nil, err
	}
	n, err := r.corpus.with(ctx, field, word)
	if err != nil {
		return nil, err
	}
	return &countedTerm{inner, n}, nil
}

type countedTerm struct {
	segment.TermFieldReader
	count uint64
}

func (t *countedTerm) Count() uint64 { return t.count }

// filter is a query that chooses and does not weigh.
type filter struct{ query.Query }

// Searcher makes filter a query of bleve.
func (q filter) Searcher(ctx context.Context, r segment.IndexReader, m mapping.IndexMapping, opt search.SearcherOptions) (search.Searcher, error) {
	if s, ok := r.(*scored); ok {
		r = s.IndexReader
	}
	weighing := opt.Score != scoreNone
	opt.Score = scoreNone
	if weighing { // bleve weighs even what is not to be scored
		ctx = context.WithValue(ctx, search.GetScoringModelCallbackKey, nil)
	}
	inner, err := q.Query.Searcher(ctx, r, m, opt)
	if err != nil || !weighing {
		return inner, err
	}
	return weightless{inner}, nil
}

const scoreNone = "none"

type weightless struct{ search.Searcher }

func (weightless) Weight() float64      { return 0 }
func (weightless) SetQueryNorm(float64) {}

func (s weightless) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	return unscored(s.Searcher.Next(ctx))
}

func (s weightless) Advance(ctx *search.SearchContext, id segment.IndexInternalID) (*search.DocumentMatch, error) {
	return unscored(s.Searcher.Advance(ctx, id))
}

func unscored(d *search.DocumentMatch, err error) (*search.DocumentMatch, error) {
	if d != nil {
		d.Score = 0
	}
	return d, err
}
