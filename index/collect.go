package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	segment "github.com/blevesearch/bleve_index_api"
	"golang.org/x/sync/errgroup"
)

// ask is what is wanted of the search index.
type ask struct {
	query  query.Query
	order  string
	size   int
	after  *key           // of the last hit of the page before
	facets []string       // fields to count the values of
	months map[month]bool // the only shards to look into; nil is all
}

// answer is what was found: how much, the first of it, and how many have each
// value of a field.
type answer struct {
	total  uint64
	hits   []key
	counts map[string]map[string]int
}

// key is where a post stands in an order: behind all with greater numbers, and
// among equals by id.
type key struct {
	numbers [keyNumbers]int64
	id      string
}

const keyNumbers = 3

// by lists what each order goes by, after the score in that by relevance.
var by = map[string][]string{
	byRelevance: {inRank, inTime},
	byScore:     {inRank, inTime},
	byNovelty:   {inNovelty, inRank, inTime},
	byNewest:    {inTime},
	byOldest:    {inTime},
}

// compare says which of two comes first, by numbers alone.
func (k *key) compare(o *key) int {
	for i := range k.numbers {
		if c := cmp.Compare(o.numbers[i], k.numbers[i]); c != 0 {
			return c
		}
	}
	return 0
}

// before says which of two with ids comes first in an order.
func (k *key) before(o *key, order string) bool {
	c := k.compare(o)
	if c == 0 {
		c = strings.Compare(o.id, k.id)
		if order == byOldest {
			c = -c
		}
	}
	return c < 0
}

// view is a shard as of one moment.
type view struct {
	shard *shard
	snap  *scorch.IndexSnapshot
}

// view opens a shard for a search; nothing closes it before release.
func (s *shard) view() (v *view, err error) {
	s.mu.RLock()
	defer func() {
		if err != nil {
			s.mu.RUnlock()
		}
	}()
	if sick := s.isSick(); sick != nil {
		return nil, sick
	}
	if s.idx == nil {
		return nil, ErrClosed
	}
	v = &view{shard: s}
	if v.snap, err = snapshot(s.idx); err != nil {
		return nil, s.failed(err)
	}
	return v, nil
}

func snapshot(idx bleve.Index) (snap *scorch.IndexSnapshot, err error) {
	defer recovered(&err)
	inner, err := idx.Advanced()
	if err != nil {
		return nil, err
	}
	r, err := inner.Reader()
	if err != nil {
		return nil, err
	}
	snap, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the index is read through a %T, want a snapshot", r), r.Close())
	}
	return snap, nil
}

func (v *view) release() {
	if err := v.snap.Close(); err != nil {
		v.shard.log.Warn("a search did not end well", "error", err)
	}
	v.shard.mu.RUnlock()
}

// search asks the shards, side by side. An error of the request itself does not
// make a shard sick; a panic or damaged file does.
func (e *engine) search(ctx context.Context, a ask) (answer, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.shards == nil {
		return answer{}, ErrClosed
	}
	var views []*view
	defer func() {
		for _, v := range views {
			v.release()
		}
	}()
	for _, s := range e.inOrder() {
		v, err := s.view()
		if err != nil {
			return answer{}, err
		}
		views = append(views, v)
	}
	var corpus *corpusCounts
	if a.order == byRelevance {
		var err error
		if corpus, err = newCorpus(views); err != nil {
			return answer{}, err
		}
	}
	parts := make([]answer, len(views))
	var all errgroup.Group
	all.SetLimit(runtime.NumCPU())
	for i, v := range views {
		if a.months != nil && !a.months[v.shard.month] {
			continue
		}
		all.Go(func() (err error) {
			parts[i], err = v.search(ctx, a, corpus)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return answer{}, err
	}
	return a.join(parts), nil
}

func (v *view) search(ctx context.Context, a ask, corpus *corpusCounts) (answer, error) {
	out, err := func() (out answer, err error) {
		defer recovered(&err)
		return v.collect(ctx, a, corpus)
	}()
	if err != nil && ctx.Err() == nil && !isTooMany(err) {
		err = v.shard.failed(err)
	}
	return out, err
}

var errTooMany = errors.New("too many terms")

// isTooMany reports that a query was refused for its size. Bleve has no
// sentinel for that.
func isTooMany(err error) bool {
	return errors.Is(err, errTooMany) || strings.HasPrefix(err.Error(), "TooManyClauses") || strings.HasPrefix(err.Error(), "TooManyTermSearchers")
}

// join makes one answer of those of the shards.
func (a ask) join(parts []answer) answer {
	out := answer{counts: map[string]map[string]int{}}
	for _, f := range a.facets {
		out.counts[f] = map[string]int{}
	}
	for _, p := range parts {
		out.total += p.total
		out.hits = append(out.hits, p.hits...)
		for f, counts := range p.counts {
			for value, n := range counts {
				out.counts[f][value] += n
			}
		}
	}
	sort.Slice(out.hits, func(i, j int) bool { return out.hits[i].before(&out.hits[j], a.order) })
	out.hits = out.hits[:min(len(out.hits), a.size)]
	return out
}

// checkEvery is after how many hits a search looks whether it may go on.
const checkEvery = 1024

// collect goes through all hits of a shard: it keeps the first ones, and counts
// the values of all.
func (v *view) collect(ctx context.Context, a ask, corpus *corpusCounts) (out answer, err error) {
	c, err := v.newCollector(a)
	if err != nil {
		return out, err
	}
	ctx = search.ContextWithTermSearchersCounter(context.WithValue(ctx, search.MaxTermSearchersKey, maxReaders))
	opt := search.SearcherOptions{Score: scoreNone}
	var reader segment.IndexReader = v.snap
	if corpus != nil {
		ctx, opt.Score = corpus.context(ctx), ""
		reader = &scored{v.snap, corpus}
	}
	found, err := a.query.Searcher(ctx, reader, nil, opt)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	pool := search.NewDocumentMatchPool(found.DocumentMatchPoolSize()+1, 0)
	at := &search.SearchContext{DocumentMatchPool: pool, IndexReader: v.snap}
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		hit, err := found.Next(at)
		if err != nil || hit == nil {
			return c.answer(), err
		}
		if err := c.take(hit.IndexInternalID.Value(), hit.Score); err != nil {
			return out, err
		}
		pool.Put(hit)
	}
}

// collector goes through hits in the order of their numbers, and so through one
// file after the other.
type collector struct {
	ask   ask
	snap  *scorch.IndexSnapshot
	by    []string
	files []file // those after the one of the last hit

	out        answer
	file       file // of the last hit
	start, end uint64
	counted    [][]int // how often each set of each facet was met in this file
}

func (v *view) newCollector(a ask) (*collector, error) {
	c := &collector{ask: a, snap: v.snap, by: by[a.order], out: answer{counts: map[string]map[string]int{}}}
	for _, f := range a.facets {
		c.out.counts[f] = map[string]int{}
	}
	var err error
	if c.files, err = v.shard.columns.of(v.snap, c.by, a.facets); err != nil {
		return nil, err
	}
	return c, nil
}

// next goes on to the file that a hit is in.
func (c *collector) next(number uint64) error {
	c.settle()
	for number >= c.end {
		if len(c.files) == 0 {
			return fmt.Errorf("there is no file of hit %d", number)
		}
		c.file, c.files = c.files[0], c.files[1:]
		c.start, c.end = c.end, c.end+c.file.posts
	}
	c.counted = c.counted[:0]
	for _, s := range c.file.sets {
		c.counted = append(c.counted, make([]int, len(s.nodes)))
	}
	return nil
}

// settle adds up what was counted in a file.
func (c *collector) settle() {
	for i, s := range c.file.sets {
		s.count(c.counted[i], c.out.counts[c.ask.facets[i]])
	}
}

func (c *collector) answer() answer {
	c.settle()
	return c.out
}

func (c *collector) take(number uint64, score float64) error {
	if number >= c.end {
		if err := c.next(number); err != nil {
			return err
		}
	}
	i := number - c.start
	c.out.total++
	for f, s := range c.file.sets {
		c.counted[f][s.of[i]]++
	}
	k := c.key(i, score)
	if c.full() && c.last().compare(&k) < 0 || c.ask.after != nil && k.compare(c.ask.after) < 0 {
		return nil
	}
	var err error
	if k.id, err = c.snap.ExternalID(segment.NewIndexInternalID(nil, number)); err != nil {
		return err
	}
	if c.ask.after != nil && !c.ask.after.before(&k, c.ask.order) {
		return nil
	}
	c.keep(k)
	return nil
}

// key is that of the post at a place of this file.
func (c *collector) key(i uint64, score float64) (k key) {
	n := 0
	if c.ask.order == byRelevance {
		k.numbers[0] = steps(score)
		n = 1
	}
	for f, numbers := range c.file.numbers {
		k.numbers[n+f] = numbers[i]
	}
	if c.ask.order == byOldest {
		k.numbers[0] = -k.numbers[0]
	}
	return k
}

func (c *collector) full() bool { return len(c.out.hits) >= c.ask.size }

func (c *collector) last() *key { return &c.out.hits[len(c.out.hits)-1] }

// keep puts a hit where it belongs among the first ones.
func (c *collector) keep(k key) {
	at := sort.Search(len(c.out.hits), func(i int) bool { return k.before(&c.out.hits[i], c.ask.order) })
	if at == c.ask.size {
		return
	}
	if c.full() {
		c.out.hits = c.out.hits[:len(c.out.hits)-1]
	}
	c.out.hits = slices.Insert(c.out.hits, at, k)
}
