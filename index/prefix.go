package index

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	segment "github.com/blevesearch/bleve_index_api"
	posting "github.com/blevesearch/scorch_segment_api/v2"
)

// prefixQuery finds posts with any term that begins so. Which of the terms it
// is does not matter for the order of the result, so it is for filters only,
// and the posts of thousands of terms are simply put into one set.
type prefixQuery struct{ field, prefix string }

// Searcher makes prefixQuery a query of bleve.
func (q *prefixQuery) Searcher(ctx context.Context, r segment.IndexReader, _ mapping.IndexMapping, _ search.SearcherOptions) (search.Searcher, error) {
	snap, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, fmt.Errorf("the index is read through a %T, want a snapshot", r)
	}
	set := &postSet{}
	start := uint64(0)
	for _, f := range snap.Segments() {
		if err := set.add(ctx, f, q, start); err != nil {
			return nil, err
		}
		start += uint64(f.FullSize())
	}
	return set, nil
}

// postSet is the posts with some terms, by their number in a snapshot: a bit
// for each.
type postSet struct {
	bits  []uint64
	count uint64
	next  uint64 // the number to go on from
}

// add puts in the posts of one file, numbered from start.
func (s *postSet) add(ctx context.Context, f *scorch.SegmentSnapshot, q *prefixQuery, start uint64) error {
	s.bits = append(s.bits, make([]uint64, (start+uint64(f.FullSize()))/64+1-uint64(len(s.bits)))...)
	dict, err := f.Segment().Dictionary(q.field)
	if err != nil {
		return err
	}
	terms := dict.AutomatonIterator(nil, []byte(q.prefix), nil)
	for n := 0; ; n++ {
		term, err := terms.Next()
		switch {
		case err != nil || term == nil || !strings.HasPrefix(term.Term, q.prefix):
			return err
		case n == maxExpanded:
			return errTooMany
		case n%checkEvery == 0 && ctx.Err() != nil:
			return ctx.Err()
		}
		list, err := dict.PostingsList([]byte(term.Term), f.Deleted(), nil)
		if err != nil {
			return err
		}
		if err := s.addAll(list.Iterator(false, false, false, nil), start); err != nil {
			return err
		}
	}
}

// addAll puts in the posts of one term.
func (s *postSet) addAll(posts posting.PostingsIterator, start uint64) error {
	for {
		p, err := posts.Next()
		if err != nil || p == nil {
			return err
		}
		s.set(start + p.Number())
	}
}

func (s *postSet) set(n uint64) {
	if bit := uint64(1) << (n % 64); s.bits[n/64]&bit == 0 {
		s.bits[n/64] |= bit
		s.count++
	}
}

// Next gives the posts in their order.
func (s *postSet) Next(ctx *search.SearchContext) (*search.DocumentMatch, error) {
	for at := s.next / 64; at < uint64(len(s.bits)); at++ {
		left := s.bits[at]
		if at == s.next/64 {
			left &= ^uint64(0) << (s.next % 64)
		}
		if left == 0 {
			continue
		}
		n := at*64 + uint64(bits.TrailingZeros64(left))
		s.next = n + 1
		hit := ctx.DocumentMatchPool.Get()
		hit.IndexInternalID = segment.NewIndexInternalID(hit.IndexInternalID, n)
		return hit, nil
	}
	return nil, nil
}

// Advance goes on to a post, or the next one after it.
func (s *postSet) Advance(ctx *search.SearchContext, id segment.IndexInternalID) (*search.DocumentMatch, error) {
	s.next = max(s.next, id.Value())
	return s.Next(ctx)
}

// Close has nothing to close.
func (s *postSet) Close() error { return nil }

// Weight is nothing: see filter.
func (s *postSet) Weight() float64 { return 0 }

// SetQueryNorm does not matter then.
func (s *postSet) SetQueryNorm(float64) {}

// Count is how many posts there are.
func (s *postSet) Count() uint64 { return s.count }

// Min is for searchers of several clauses.
func (s *postSet) Min() int { return 0 }

// Size is in bytes.
func (s *postSet) Size() int { return 8 * len(s.bits) }

// DocumentMatchPoolSize is how many matches are held at once.
func (s *postSet) DocumentMatchPoolSize() int { return 1 }
