package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"veghe"
	"veghe/index"
	"veghe/index/handover"
)

const (
	pageSize  = 25
	excerptOf = 260 // bytes of text in a list
	maxValues = 10  // of a facet, before the fold
	maxChips  = 6   // indicators named in a list; the rest is counted
)

type resultsPage struct {
	Page
	Total     uint64
	Took      time.Duration
	Chips     []chip
	Items     []item
	Facets    []facet
	Build     []buildField
	Histogram *histogram
	From, To  string // the days chosen: 2006-01-02, or empty
	Sorts     []choice
	Toggle    choice // flagged only, or everything
	Next      string
	First     string   // address of the first page, when this is a later one
	Export    []string // formats
	Bulk      bool     // several posts can be decided on at once
	MaxBulk   int
	Err       *queryErr
	Empty     string // "", "results", "posts" or "sources"
	Meant     choice // where nothing was found: what was probably meant
	Example   string
	Reviewed  string
}

// chip is a filter in force, with the address that drops it.
type chip struct {
	Field, Value string
	Not          bool
	Drop         string
}

type choice struct {
	Label, Href string
	On          bool
}

type facet struct {
	Field  string
	Values []facetValue
	More   []facetValue // behind a fold
}

type facetValue struct {
	Label, Title string
	Count        int
	Href         string // adds the filter, or drops it when On
	Exclude      string
	On           bool
}

// item is a flagged post in the list.
type item struct {
	ID         veghe.PostID
	Href       string
	Title      []piece
	Name       string // for a post without a title
	Text       []piece
	Cut        [2]bool // text left out before, after
	Severity   veghe.Severity
	Label      string
	Scores     []score
	Novelty    float64 // 0 is not shown: only in the order by it
	Indicators []indicatorChip
	More       int
	Source     veghe.SourceID
	Place      string
	Author     string
	Posted     time.Time
	Langs      []string
	Review     veghe.Decision
	Flagged    bool
	Gone       bool // no longer where it stood
	Edited     bool
	Cluster    int    // posts with the same template
	Claimed    string // who looks at it now
}

type score struct {
	Category veghe.Category
	Value    float64
}

// Width is the length of the score's bar, 0–100.
func (s score) Width() int { return int(max(0, min(1, s.Value)) * 100) }

type indicatorChip struct {
	ID       veghe.IndicatorID
	Title    string
	Category veghe.Category
	Why      string
	Shadow   bool
	Href     string
}

func (d *desk) results(w http.ResponseWriter, r *http.Request) error {
	l := d.localeOf(r)
	v := r.URL.Query()
	p := resultsPage{Page: d.page(r, l.T("results.title")), Example: d.SourceExample}
	p.Nav, p.Path = "results", r.URL.RequestURI()
	if goRanged(w, r) {
		return nil
	}
	if err := d.note(r.Context(), ActSearch, "", p.Query); err != nil {
		return err
	}
	q := index.Query{
		Text: p.Query, Size: pageSize, After: v.Get("after"), Sort: p.Sort, All: p.All, Histogram: true,
	}
	ctx, cancel := deadline(r)
	defer cancel()
	res, err := d.Search.Search(ctx, q)
	if qe, ok := errors.AsType[*index.QueryError](err); ok {
		p.Err, p.Build = d.wrong(l, &p, qe), d.build(l, &p, nil, d.titles())
		return d.render(w, r, http.StatusBadRequest, "results", p)
	}
	if err != nil {
		return err
	}
	if err := d.fill(r.Context(), &p, l, q, res); err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, "results", p)
}

// fill turns a result into what the page shows.
func (d *desk) fill(ctx context.Context, p *resultsPage, l *locale, q index.Query, res index.Result) error {
	taken, err := d.claimedBy(ctx)
	if err != nil {
		return err
	}
	titles := d.titles()
	p.Total, p.Took = res.Total, res.Took
	p.Chips = chips(p)
	p.Facets = facets(p, l, res.Facets, titles, index.DefaultFacets)
	p.Build = d.build(l, p, res.Facets, titles)
	p.Histogram = newHistogram(l, p, res.Days)
	p.From, p.To = chosenDays(p.Query)
	for _, h := range res.Hits {
		it := d.item(l, p, h, titles)
		it.Claimed = taken[h.Post.ID]
		p.Items = append(p.Items, it)
	}
	p.Bulk, p.MaxBulk = userOf(ctx).Can("review"), maxBulk
	p.Sorts = sorts(l, p)
	p.Toggle = choice{l.T("results.all"), searchLink(p.Query, p.Sort, !p.All, ""), p.All}
	if res.Next != "" {
		p.Next = searchLink(p.Query, p.Sort, p.All, res.Next)
	}
	if q.After != "" {
		p.First = searchLink(p.Query, p.Sort, p.All, "")
	}
	p.Export = handover.Names()
	p.Empty = d.empty(p, res)
	if p.Empty == "results" {
		if q := d.meant(p); q != "" {
			p.Meant = choice{Label: q, Href: searchLink(q, p.Sort, p.All, "")}
		}
	}
	return nil
}

func (d *desk) empty(p *resultsPage, res index.Result) string {
	switch {
	case res.Total > 0:
		return ""
	case strings.TrimSpace(p.Query) != "":
		return "results"
	case d.NoSources:
		return "sources"
	default:
		return "posts"
	}
}

// orders are the orders of a result. Without one it is the first for a query
// with words and newest for others.
var orders = []string{"relevance", "score", "novelty", "newest", "oldest"}

func sorts(l *locale, p *resultsPage) []choice {
	words := slices.ContainsFunc(terms(p.Query), func(t term) bool { return t.Field == "" && !t.Not })
	now := p.Sort
	switch {
	case now == "" && words:
		now = "relevance"
	case now == "":
		now = "newest"
	case now == "relevance" && !words:
		now = "score"
	}
	var out []choice
	for _, s := range orders {
		if s != "relevance" || words {
			out = append(out, choice{l.T("sort." + s), searchLink(p.Query, s, p.All, ""), s == now})
		}
	}
	return out
}

func chips(p *resultsPage) []chip {
	var out []chip
	for _, t := range terms(p.Query) {
		if t.Removes {
			out = append(out, chip{t.Field, t.Value, t.Not, searchLink(without(p.Query, t.Raw), p.Sort, p.All, "")})
		}
	}
	return out
}

func facets(p *resultsPage, l *locale, counts map[string][]index.Count, titles map[veghe.IndicatorID]RuleInfo, fields []string) []facet {
	var out []facet
	for _, field := range fields {
		values := slices.Clone(counts[field])
		if field == "severity" {
			slices.SortStableFunc(values, func(a, b index.Count) int {
				return veghe.Severity(b.Value).Rank() - veghe.Severity(a.Value).Rank()
			})
		}
		f := facet{Field: field}
		for _, c := range values {
			if c.Count == 0 {
				continue
			}
			fv := newFacetValue(p, field, c)
			fv.Label = l.Value(field, c.Value)
			if id := veghe.IndicatorID(c.Value); field == "indicator" {
				fv.Title = l.Indicator(id, titles[id].Title)
			}
			f.Values = append(f.Values, fv)
		}
		if n := len(f.Values); n > maxValues+2 {
			f.Values, f.More = f.Values[:maxValues], f.Values[maxValues:]
		}
		if len(f.Values) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func newFacetValue(p *resultsPage, field string, c index.Count) facetValue {
	for _, t := range terms(p.Query) {
		if t.Field == field && t.Value == c.Value && !t.Not && t.Removes {
			return facetValue{Count: c.Count, On: true, Href: searchLink(without(p.Query, t.Raw), p.Sort, p.All, "")}
		}
	}
	f := filter(field, c.Value)
	return facetValue{
		Count:   c.Count,
		Href:    searchLink(with(p.Query, f), p.Sort, p.All, ""),
		Exclude: searchLink(with(p.Query, "-"+f), p.Sort, p.All, ""),
	}
}

func (d *desk) item(l *locale, p *resultsPage, h index.Hit, titles map[veghe.IndicatorID]RuleInfo) item {
	a := h.Assessment
	it := item{
		ID: h.Post.ID, Name: l.nameOf(h), Href: postPath(h.Post.ID) + back(p), Severity: a.Severity, Label: a.Label,
		Scores: scores(a), Source: h.Post.Source, Place: h.Post.Place, Flagged: a.Flagged,
		Author: d.pseudo.short(h.Post.Source, h.Post.Author), Posted: h.Post.Written(),
		Langs: langs(a.Lang), Review: h.Review, Gone: !h.GoneSince.IsZero(), Edited: !h.EditedAt.IsZero(),
	}
	if a.Cluster != nil {
		it.Cluster = a.Cluster.Size
	}
	if p.Sort == "novelty" {
		it.Novelty = h.Novelty
	}
	title, text := marksOf(a.Findings, h.Matches)
	it.Title = pieces(h.Post.Title, title)
	part, moved, before, after := excerpt(h.Post.Text, text, excerptOf)
	it.Text, it.Cut = pieces(part, moved), [2]bool{before, after}
	it.Indicators = indicatorChips(l, a.Findings, titles)
	if n := len(it.Indicators); n > maxChips {
		it.Indicators, it.More = it.Indicators[:maxChips], n-maxChips
	}
	return it
}

// nameOf is what to call a post without a title.
func (l *locale) nameOf(h index.Hit) string {
	name := l.T("post.untitled")
	if label := h.Assessment.Label; label != "" {
		name = upperFirst(l.Has("label."+label, label))
	}
	if h.Post.Seq > 0 {
		name += " · #" + l.Int(h.Post.Seq)
	}
	return name
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// back is what a post's page needs to lead back to these results.
func back(p *resultsPage) string {
	return strings.TrimPrefix(searchLink(p.Query, p.Sort, p.All, ""), "/")
}

// marksOf are the marks of a post's title and text, with findings numbered in
// their order.
func marksOf(findings []veghe.Finding, matches []veghe.Span) (title, text []mark) {
	add := func(s veghe.Span, m mark) {
		m.Start, m.End = s.Start, s.End
		if s.Field == "title" {
			title = append(title, m)
		} else {
			text = append(text, m)
		}
	}
	for i, f := range findings {
		class := string(f.Category)
		if f.Shadow {
			class = "shadow"
		}
		for _, s := range f.Spans {
			add(s, mark{Class: class, Num: i + 1, Why: string(f.Indicator) + ": " + f.Why})
		}
	}
	for _, s := range matches {
		add(s, mark{Class: "query"})
	}
	return title, text
}

// scores are the scores that say something, highest first.
func scores(a veghe.Assessment) []score {
	var out []score
	for _, c := range []veghe.Category{veghe.Recruitment, veghe.Grooming} {
		if v := a.Score[c]; v >= 0.05 {
			out = append(out, score{c, v})
		}
	}
	slices.SortStableFunc(out, func(a, b score) int { return cmp.Compare(b.Value, a.Value) })
	return out
}

func indicatorChips(l *locale, findings []veghe.Finding, titles map[veghe.IndicatorID]RuleInfo) []indicatorChip {
	var out []indicatorChip
	for _, f := range findings {
		if slices.ContainsFunc(out, func(c indicatorChip) bool { return c.ID == f.Indicator }) {
			continue
		}
		out = append(out, indicatorChip{
			ID: f.Indicator, Title: l.Indicator(f.Indicator, titles[f.Indicator].Title), Category: f.Category,
			Why: f.Why, Shadow: f.Shadow, Href: queryLink("indicator", string(f.Indicator)),
		})
	}
	return out
}

// langs are the languages of a text in order of appearance.
func langs(spans []veghe.LangSpan) []string {
	var out []string
	for _, s := range spans {
		if !slices.Contains(out, s.Lang) {
			out = append(out, s.Lang)
		}
	}
	return out
}

// titles are the loaded rules by indicator.
func (d *desk) titles() map[veghe.IndicatorID]RuleInfo {
	all := map[veghe.IndicatorID]RuleInfo{}
	for _, r := range d.Rules() {
		if _, ok := all[r.Indicator]; !ok {
			all[r.Indicator] = r
		}
	}
	return all
}

// severityBars is how many of the four bars beside a severity are full: the
// order shows without colour.
func severityBars(s veghe.Severity) []bool {
	out := make([]bool, 4)
	for i := range out {
		out[i] = i < s.Rank()
	}
	return out
}
