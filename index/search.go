package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
)

// The orders of a result.
const (
	byRelevance = "relevance"
	byScore     = "score"
	byNewest    = "newest"
	byOldest    = "oldest"
)

var orders = []string{byRelevance, byScore, byNewest, byOldest}

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
	after  *cursor
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
	check := &phraseCheck{text: x.store.text, most: x.phraseReads}
	c := compiler{phrases: check, sources: r.query.Sources}
	req := bleve.NewSearchRequestOptions(c.compile(r.expr, r.query.All), r.size+1, 0, false)
	req.SortByCustom(r.sort())
	if r.order != byRelevance {
		req.Score = "none"
	}
	if r.after != nil {
		req.SetSearchAfter(r.after.Values)
	}
	r.addFacets(req)
	found, err := x.engine.search(ctx, req)
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

// sort makes the order total by ending with the id.
func (r *request) sort() search.SortOrder {
	field := func(name string, desc bool) search.SearchSort {
		return &search.SortField{Field: name, Type: search.SortFieldAsString, Desc: desc, Missing: search.SortFieldMissingLast}
	}
	id := &search.SortDocID{Desc: r.order != byOldest}
	switch r.order {
	case byRelevance:
		return search.SortOrder{&search.SortScore{Desc: true}, field(inRank, true), field(inTime, true), id}
	case byScore:
		return search.SortOrder{field(inRank, true), field(inTime, true), id}
	case byOldest:
		return search.SortOrder{field(inTime, false), id}
	}
	return search.SortOrder{field(inTime, true), id}
}

func (r *request) addFacets(req *bleve.SearchRequest) {
	for _, f := range r.facets {
		req.AddFacet(f, bleve.NewFacetRequest(f, facetValues))
	}
	if r.query.Histogram {
		req.AddFacet(inDay, bleve.NewFacetRequest(inDay, maxDays))
	}
}

func (x *Index) result(ctx context.Context, r *request, found *bleve.SearchResult) (Result, error) {
	res := Result{Total: found.Total, Hits: []Hit{}, Facets: map[string][]Count{}}
	hits := found.Hits
	if len(hits) > r.size {
		hits = hits[:r.size]
		res.Next = r.cursor(sortValues(hits[len(hits)-1]))
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
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
		res.Facets[f] = facetCounts(found.Facets[f])
	}
	if r.query.Histogram {
		res.Days = inOrder(facetCounts(found.Facets[inDay]))
	}
	return res, nil
}

// sortValues are what the page after this hit begins behind.
func sortValues(h *search.DocumentMatch) []string {
	out := slices.Clone(h.Sort)
	for i, v := range out {
		switch v {
		case "_score":
			out[i] = strconv.FormatFloat(h.Score, 'g', -1, 64)
		case "_id":
			out[i] = h.ID
		}
	}
	return out
}

func facetCounts(f *search.FacetResult) []Count {
	out := []Count{}
	if f == nil || f.Terms == nil {
		return out
	}
	for _, t := range f.Terms.Terms() {
		out = append(out, Count{Value: t.Term, Count: t.Count})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// inOrder sorts days, oldest first.
func inOrder(days []Count) []Count {
	slices.SortFunc(days, func(a, b Count) int { return cmp.Compare(a.Value, b.Value) })
	return days
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
	if r.order == byScore && sc != onlyFlagged {
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
	where, args, err := r.page(sc)
	if err != nil {
		return res, err
	}
	records, err := collect(x.store.records(ctx, where, args...))
	if err != nil {
		return res, err
	}
	if len(records) > r.size {
		records = records[:r.size]
		last := records[len(records)-1]
		res.Next = r.cursor([]string{
			strconv.Itoa(rank(last.score())), strconv.FormatInt(last.time().UnixMilli(), 10), string(last.assessed.Post.ID),
		})
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
		res.Days = inOrder(days)
		res.Days = res.Days[max(0, len(res.Days)-maxDays):]
	}
	total, err := x.store.tallies(ctx, "", sc)
	if err == nil && len(total) > 0 {
		res.Total = uint64(total[0].Count)
	}
	return res, err
}

// page is the part of a query after FROM posts.
func (r *request) page(sc scope) (string, []any, error) {
	where := `WHERE ` + sc.where()
	if sc == everything { // a condition that all meet would hide the index
		where = `WHERE true`
	}
	var args []any
	if r.after != nil {
		values, err := r.after.numbers(3)
		if err != nil {
			return "", nil, wrong(r.query.Text, 0, "page")
		}
		switch r.order {
		case byScore:
			where += ` AND (score, time, id) < (?, ?, ?)`
			args = values
		case byOldest:
			where += ` AND (time, id) > (?, ?)`
			args = values[1:]
		default:
			where += ` AND (time, id) < (?, ?)`
			args = values[1:]
		}
	}
	order := map[string]string{
		byScore:  ` ORDER BY score DESC, time DESC, id DESC`,
		byOldest: ` ORDER BY time, id`,
		byNewest: ` ORDER BY time DESC, id DESC`,
	}[r.order]
	return where + order + ` LIMIT ?`, append(args, r.size+1), nil
}
