package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"veghe"
	"veghe/index"
	"veghe/index/links"
)

// memory is a desk's worth of posts and decisions in memory. It understands
// enough of the query language for the pages: words, -, and field:value.
type memory struct {
	mu      sync.Mutex // guards the rest
	hits    []index.Hit
	reviews []veghe.Review
	posts   []veghe.Post // taken by ingest
	events  []Event
	err     error // returned by everything
	casesOf func(context.Context, veghe.PostID) ([]string, error)
}

func (m *memory) Search(_ context.Context, q index.Query) (index.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return index.Result{}, m.err
	}
	if i := strings.IndexByte(q.Text, '"'); i >= 0 && strings.Count(q.Text, `"`)%2 == 1 {
		return index.Result{}, &index.QueryError{Query: q.Text, Pos: i, Kind: "quote", Msg: "this quote is never closed"}
	}
	var found []index.Hit
	for _, h := range m.hits {
		if (q.All || h.Assessment.Flagged) && m.matches(&h, q.Text) {
			found = append(found, h)
		}
	}
	slices.SortStableFunc(found, func(a, b index.Hit) int {
		c := b.Post.PostedAt.Compare(a.Post.PostedAt)
		switch q.Sort {
		case "oldest":
			return -c
		case "score":
			return cmp.Or(cmp.Compare(top(b), top(a)), c)
		case "novelty":
			return cmp.Or(cmp.Compare(b.Novelty, a.Novelty), cmp.Compare(top(b), top(a)), c)
		}
		return c
	})
	res := index.Result{Total: uint64(len(found)), Facets: facetsOf(found)}
	if q.Histogram {
		res.Days = daysOf(found)
	}
	from, _ := strconv.Atoi(q.After)
	to := min(len(found), from+cmp.Or(q.Size, 25))
	if from < to {
		res.Hits = found[from:to]
	}
	if to < len(found) {
		res.Next = strconv.Itoa(to)
	}
	return res, nil
}

func top(h index.Hit) float64 {
	return max(h.Assessment.Score[veghe.Recruitment], h.Assessment.Score[veghe.Grooming])
}

func (m *memory) matches(h *index.Hit, q string) bool {
	h.Review = m.decision(h.Post.ID)
	h.Matches = nil
	for _, t := range terms(q) {
		ok := false
		if t.Field == "" {
			word := strings.ToLower(strings.Trim(strings.TrimPrefix(t.Raw, "-"), `"`))
			for field, s := range map[string]string{"title": h.Post.Title, "": h.Post.Text} {
				if i := strings.Index(strings.ToLower(s), word); i >= 0 && i+len(word) <= len(s) {
					ok = true
					h.Matches = append(h.Matches, veghe.Span{Field: field, Start: i, End: i + len(word), Text: s[i : i+len(word)]})
				}
			}
		} else {
			ok = slices.Contains(valuesOf(*h, t.Field, m.casesOf), t.Value)
		}
		if ok == t.Not {
			return false
		}
	}
	return true
}

func valuesOf(h index.Hit, field string, casesOf func(context.Context, veghe.PostID) ([]string, error)) []string {
	var out []string
	switch field {
	case "case":
		if casesOf != nil {
			out, _ = casesOf(context.Background(), h.Post.ID)
		}
		return out
	case "severity":
		return []string{string(h.Assessment.Severity)}
	case "source":
		return []string{string(h.Post.Source)}
	case "author":
		return []string{string(h.Post.Author)}
	case "cluster":
		if h.Assessment.Cluster != nil {
			out = append(out, h.Assessment.Cluster.ID)
		}
	case "place":
		return []string{h.Post.Place}
	case "review":
		return []string{cmp.Or(string(h.Review), "none")}
	case "posted":
		return []string{h.Post.PostedAt.Format("2006-01-02")}
	case "lang":
		return langs(h.Assessment.Lang)
	case "category":
		for _, s := range scores(h.Assessment) {
			out = append(out, string(s.Category))
		}
	case "indicator":
		for _, f := range h.Assessment.Findings {
			out = append(out, string(f.Indicator))
		}
	default:
		if field == "url" {
			out = append(out, h.Post.URL)
		}
		for _, c := range h.Assessment.Contacts {
			if c.Kind == "url" && field == "url" {
				out = append(out, links.Host(c.Value))
			}
			if c.Kind == field {
				out = append(out, c.Value)
			}
		}
	}
	return out
}

func facetsOf(hits []index.Hit) map[string][]index.Count {
	out := map[string][]index.Count{}
	for _, field := range append([]string{"place"}, index.DefaultFacets...) {
		n := map[string]int{}
		for _, h := range hits {
			for _, v := range valuesOf(h, field, nil) {
				n[v]++
			}
		}
		for v, c := range n {
			out[field] = append(out[field], index.Count{Value: v, Count: c})
		}
		slices.SortFunc(out[field], func(a, b index.Count) int {
			return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value))
		})
		out[field] = out[field][:min(10, len(out[field]))]
	}
	return out
}

func daysOf(hits []index.Hit) []index.Count {
	n := map[string]int{}
	for _, h := range hits {
		n[h.Post.PostedAt.Format("2006-01-02")]++
	}
	var out []index.Count
	for day, c := range n {
		out = append(out, index.Count{Value: day, Count: c})
	}
	slices.SortFunc(out, func(a, b index.Count) int { return cmp.Compare(a.Value, b.Value) })
	return out
}

func (m *memory) Get(_ context.Context, id veghe.PostID) (index.Hit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return index.Hit{}, m.err
	}
	for _, h := range m.hits {
		if h.Post.ID == id {
			h.Review = m.decision(id)
			return h, nil
		}
	}
	return index.Hit{}, index.ErrNotFound
}

func (m *memory) Thread(_ context.Context, source veghe.SourceID, thread veghe.ThreadID, limit int) ([]index.Hit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []index.Hit
	for _, h := range m.hits {
		if h.Post.Source == source && h.Post.Thread == thread && len(out) < limit {
			out = append(out, h)
		}
	}
	return out, m.err
}

func (m *memory) decision(id veghe.PostID) veghe.Decision {
	var d veghe.Decision
	for _, r := range m.reviews { // in the order they came
		if r.Post == id {
			d = r.Decision
		}
	}
	if d == veghe.Withdrawn {
		return ""
	}
	return d
}

func (m *memory) Review(_ context.Context, r veghe.Review) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reviews = append(m.reviews, r)
	return m.err
}

func (m *memory) Batch(_ context.Context, batch string) ([]veghe.Review, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []veghe.Review
	for _, r := range m.reviews {
		if strings.HasPrefix(r.ID, batch+"-") {
			out = append(out, r)
		}
	}
	return out, m.err
}

func (m *memory) Reviews(_ context.Context, id veghe.PostID) ([]veghe.Review, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []veghe.Review
	for _, r := range slices.Backward(m.reviews) {
		if r.Post == id {
			out = append(out, r)
		}
	}
	return out, m.err
}

func (m *memory) ingest(_ context.Context, posts []veghe.Post) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posts = append(m.posts, posts...)
	return m.err
}

func (m *memory) audit(_ context.Context, e Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, e)
	return nil
}

// did lists the recorded actions of one kind.
func (m *memory) did(a Action) []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.events), func(e Event) bool { return e.Action != a })
}
