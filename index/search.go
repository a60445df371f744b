package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The orders of a result.
const (
	byRelevance = "relevance"
	byScore     = "score"
	byNovelty   = "novelty"
	byNewest    = "newest"
	byOldest    = "oldest"
)

var orders = []string{byRelevance, byScore, byNovelty, byNewest, byOldest}

// Bounds on an answer.
const (
	defaultSize = 25
	maxSize     = 200
	maxFacets   = 12
	facetValues = 100  // per facet
	maxDays     = 4000 // of the histogram: the latest
)

// facetFields are the fields that Query.Facets can name.
var facetFields = []string{
	inSource, inLang, inCategory, inIndicator, inRule, inSeverity, inAuthor, inPhone, inHandle, inEmail,
	inPlace, inCluster, inCase, inReview, inKind,
}

// request is a Query understood.
type request struct {
	query  Query
	expr   Expr
	order  string
	size   int
	facets []string
	after  *key
}

func (q Query) understand() (*request, error) {
	e, err := Parse(q.Text)
	if err != nil {
		return nil, err
	}
	r := &request{query: q, expr: e, facets: q.Facets, order: q.Sort, size: q.Size}
	if r.facets == nil {
		r.facets = DefaultFacets
	}
	if r.size == 0 {
		r.size = defaultSize
	}
	if r.order == "" {
		r.order = byNewest
		if hasWords(e) {
			r.order = byRelevance
		}
	}
	if r.order == byRelevance && !hasWords(e) { // nothing to be relevant to
		r.order = byScore
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if q.After != "" {
		if r.after, err = readCursor(q.After, r.fingerprint()); err != nil {
			return nil, wrong(r.query.Text, 0, "page")
		}
	}
	return r, nil
}

func (r *request) check() error {
	switch {
	case !slices.Contains(orders, r.order):
		return r.errorf("sort is %.40q, want one of %q", r.order, orders)
	case r.size < 1 || r.size > maxSize:
		return r.errorf("size is %d, want 1 to %d", r.size, maxSize)
	case len(r.facets) > maxFacets:
		return r.errorf("%d facets, want at most %d", len(r.facets), maxFacets)
	}
	for _, f := range r.facets {
		if !slices.Contains(facetFields, f) {
			return r.errorf("there is no facet %.40q, want some of %q", f, facetFields)
		}
	}
	return nil
}

// errorf is an error about the request as a whole.
func (r *request) errorf(format string, args ...any) error {
	return &QueryError{Query: r.query.Text, Msg: fmt.Sprintf(format, args...)}
}

func hasWords(e Expr) bool {
	found := false
	walk(e, false, func(leaf Expr, negated bool) {
		switch leaf.(type) {
		case Word, Phrase:
			found = found || !negated
		}
	})
	return found
}

// Search finds posts. A query that cannot be run is a *QueryError; one that
// costs too much is that too, or ErrBusy.
//
// Pages are stable: with newest, oldest and score a post stands once on the
// pages that follow each other, whatever is put meanwhile. The order by
// relevance shifts a little as posts come in.
func (x *Index) Search(ctx context.Context, q Query) (Result, error) {
	started := time.Now()
	end, err := x.begin()
	if err != nil {
		return Result{}, err
	}
	defer end()
	r, err := q.understand()
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, x.opt.Deadline)
	defer cancel()
	select {
	case x.searches <- struct{}{}:
		defer func() { <-x.searches }()
	case <-ctx.Done():
		return Result{}, fmt.Errorf("search: %w: %w", ErrBusy, ctx.Err())
	}
	res, err := x.run(ctx, r)
	for range 2 { // opened again, then made anew
		if !errors.Is(err, errSick) {
			break
		}
		// Repairing may take longer than a search may; it goes on for others.
		if err = x.heal(context.WithoutCancel(ctx)); err == nil {
			res, err = x.run(ctx, r)
		}
	}
	if err != nil {
		return Result{}, err
	}
	res.Took = time.Since(started)
	return res, nil
}

func (x *Index) run(ctx context.Context, r *request) (Result, error) {
	res, err := x.answer(ctx, r)
	var bad *QueryError
	switch {
	case err == nil, errors.As(err, &bad):
		return res, err
	case ctx.Err() != nil:
		return res, fmt.Errorf("search: %w, narrow it: %w", ErrBusy, ctx.Err())
	}
	return res, fmt.Errorf("search: %w", err)
}

// answer asks the store where that suffices, since it has what is unfiltered
// in order and counted; all else the search index.
func (x *Index) answer(ctx context.Context, r *request) (Result, error) {
	if sc, ok := r.plain(); ok {
		return x.browse(ctx, r, sc)
	}
	return x.find(ctx, r)
}

// find asks the search index.
func (x *Index) find(ctx context.Context, r *request) (Result, error) {
	months, err := x.store.shardsWith(ctx, daysOf(r.expr))
	if err != nil {
		return Result{}, err
	}
	check := &phraseCheck{text: x.store.text, most: x.phraseReads}
	c := compiler{phrases: check, sources: r.query.Sources}
	a := ask{
		query: c.compile(r.expr, r.query.All), order: r.order, size: r.size + 1, after: r.after,
		facets: r.counted(), months: months,
	}
	found, err := x.engine.search(ctx, a)
	if stopped := check.err.Load(); stopped != nil {
		return Result{}, r.stopped(ctx, stopped)
	}
	if err != nil {
		if isTooMany(err) {
			return Result{}, r.tooMany()
		}
		return Result{}, err
	}
	return x.result(ctx, r, found)
}

func (r *request) stopped(ctx context.Context, e *phraseError) error {
	if errors.Is(e.err, errTooCommon) {
		return wrong(r.query.Text, e.pos, "common_phrase")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("read posts for a phrase: %w", e.err)
}

// tooMany points at the beginning* that too many words have.
func (r *request) tooMany() error {
	pos := 0
	walk(r.expr, false, func(leaf Expr, _ bool) {
		switch leaf := leaf.(type) {
		case Word:
			if leaf.Prefix && pos == 0 {
				pos = leaf.Pos
			}
		case Field:
			if !leaf.Quoted && pos == 0 && leaf.Value[len(leaf.Value)-1] == '*' {
				pos = leaf.Pos
			}
		}
	})
	return wrong(r.query.Text, pos, "many_match")
}

// counted are the fields whose values are to be counted.
func (r *request) counted() []string {
	out := slices.Compact(slices.Sorted(slices.Values(r.facets)))
	if r.query.Histogram {
		out = append(out, inDay)
	}
	return out
}

func (x *Index) result(ctx context.Context, r *request, found answer) (Result, error) {
	res := Result{Total: found.total, Hits: []Hit{}, Facets: map[string][]Count{}}
	hits := found.hits
	if len(hits) > r.size {
		hits = hits[:r.size]
		res.Next = r.cursor(hits[len(hits)-1])
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.id
	}
	records, err := x.store.byID(ctx, ids)
	if err != nil {
		return res, err
	}
	m := matcherOf(r.expr)
	for _, id := range ids {
		if rec := records[id]; rec != nil { // else removed since
			hit := rec.hit()
			hit.Matches = m.spans(rec)
			res.Hits = append(res.Hits, hit)
		}
	}
	for _, f := range r.facets {
		all := facetCounts(found.counts[f])
		res.Facets[f] = all[:min(len(all), facetValues)]
	}
	if r.query.Histogram {
		res.Days = latest(facetCounts(found.counts[inDay]))
	}
	return res, nil
}

func facetCounts(counts map[string]int) []Count {
	out := make([]Count, 0, len(counts))
	for value, n := range counts {
		out = append(out, Count{Value: value, Count: n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// latest sorts days, oldest first, and leaves out the oldest of too many.
func latest(days []Count) []Count {
	slices.SortFunc(days, func(a, b Count) int { return cmp.Compare(a.Value, b.Value) })
	return days[max(0, len(days)-maxDays):]
}

// plain reports whether the store alone can answer: no query, or nothing but
// flagged:…, over all sources
func (r *request) plain() (scope, bool) {
	sc := onlyFlagged
	if r.query.Sources != nil {
		return sc, false
	}
	if r.query.All {
		sc = everything
	}
	if f, ok := r.expr.(Field); ok && f.Name == "flagged" {
		i, _ := place(f.Value, fields["flagged"].oneOf)
		sc = [...]scope{onlyFlagged, onlyOthers, everything}[i]
	} else if r.expr != nil {
		return sc, false
	}
	if (r.order == byScore || r.order == byNovelty) && sc != onlyFlagged {
		return sc, false
	}
	for _, f := range r.facets {
		if !slices.Contains(tallied, f) {
			return sc, false
		}
	}
	return sc, true
}

// browse answers from the store.
func (x *Index) browse(ctx context.Context, r *request, sc scope) (Result, error) {
	res := Result{Hits: []Hit{}, Facets: map[string][]Count{}}
	where, args := r.page(sc)
	records, err := collect(x.store.records(ctx, where, args...))
	if err != nil {
		return res, err
	}
	if len(records) > r.size {
		records = records[:r.size]
		last := records[len(records)-1]
		res.Next = r.cursor(last.key(r.order))
	}
	for _, rec := range records {
		res.Hits = append(res.Hits, rec.hit())
	}
	for _, f := range r.facets {
		all, err := x.store.tallies(ctx, f, sc)
		if err != nil {
			return res, err
		}
		res.Facets[f] = append([]Count{}, all[:min(len(all), facetValues)]...)
	}
	if r.query.Histogram {
		days, err := x.store.tallies(ctx, inDay, sc)
		if err != nil {
			return res, err
		}
		res.Days = latest(days)
	}
	total, err := x.store.tallies(ctx, "", sc)
	if err == nil && len(total) > 0 {
		res.Total = uint64(total[0].Count)
	}
	return res, err
}

// page is the part of a query after FROM posts.
func (r *request) page(sc scope) (string, []any) {
	where := `WHERE ` + sc.where()
	if sc == everything { // a condition that all meet would hide the index
		where = `WHERE true`
	}
	var args []any
	if r.after != nil {
		at := r.after.numbers
		switch r.order {
		case byScore:
			where += ` AND (score, time, id) < (?, ?, ?)`
			args = []any{at[0], at[1]}
		case byNovelty:
			where += ` AND (novelty, score, time, id) < (?, ?, ?, ?)`
			args = []any{at[0], at[1], at[2]}
		case byOldest:
			where += ` AND (time, id) > (?, ?)`
			args = []any{-at[0]}
		default:
			where += ` AND (time, id) < (?, ?)`
			args = []any{at[0]}
		}
		args = append(args, r.after.id)
	}
	order := map[string]string{
		byScore:   ` ORDER BY score DESC, time DESC, id DESC`,
		byNovelty: ` ORDER BY novelty DESC, score DESC, time DESC, id DESC`,
		byOldest:  ` ORDER BY time, id`,
		byNewest:  ` ORDER BY time DESC, id DESC`,
	}[r.order]
	return where + order + ` LIMIT ?`, append(args, r.size+1)
}
