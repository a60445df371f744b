package web

import (
	"net/http"
	"net/url"
	"time"

	"veghe"
	"veghe/index"
)

// buildField is a field that a search may name, with values to choose from:
// each is a link that adds it to the search. The script completes from the
// same list, so that it needs to ask nobody.
type buildField struct {
	Name   string
	Values []buildValue
}

type buildValue struct {
	Term, Label, Title, Href string
}

// build lists the fields for a reader. What a field can be comes from the
// rules and the names of the desk, and from what this search counted.
func (d *desk) build(l *locale, p *resultsPage, counts map[string][]index.Count, titles map[veghe.IndicatorID]RuleInfo) []buildField {
	var out []buildField
	for _, name := range fields {
		values := index.ValuesOf(name)
		switch name {
		case "indicator":
			values = idsOf(titles)
		case "lang", "source":
			for _, c := range counts[name] {
				values = append(values, c.Value)
			}
		case "posted", "collected":
			values = lately(d.Clock())
		}
		f := buildField{Name: name}
		for _, v := range values {
			bv := newBuildValue(l, p, name, v)
			if id := veghe.IndicatorID(v); name == "indicator" {
				bv.Title = l.Indicator(id, titles[id].Title)
			}
			f.Values = append(f.Values, bv)
		}
		out = append(out, f)
	}
	return out
}

func newBuildValue(l *locale, p *resultsPage, field, value string) buildValue {
	term := field + ":" + value // values of ours and ranges need no quotes
	if field == "source" || field == "lang" || field == "indicator" {
		term = filter(field, value)
	}
	return buildValue{Term: term, Label: l.Value(field, value), Href: searchLink(with(p.Query, term), p.Sort, p.All, "")}
}

// lately are ranges of days up to now: a week, a month, a year.
func lately(now time.Time) []string {
	var out []string
	for _, days := range []int{6, 29, 364} {
		out = append(out, now.UTC().AddDate(0, 0, -days).Format(time.DateOnly)+"..")
	}
	return out
}

// ranged is the address of a search with the days chosen in the form below
// the histogram; empty if none were.
func ranged(v url.Values) string {
	if !v.Has("from") && !v.Has("to") {
		return ""
	}
	from, to := dayIn(v.Get("from")), dayIn(v.Get("to"))
	if from != "" && to != "" && from > to {
		from, to = to, from
	}
	q := withoutPosted(v.Get("q"))
	switch {
	case from != "" && from == to:
		q = with(q, "posted:"+from)
	case from != "" || to != "":
		q = with(q, "posted:"+from+".."+to)
	}
	return searchLink(q, v.Get("sort"), v.Get("all") == "1", "")
}

func dayIn(s string) string {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

// withoutPosted takes the days out of a search, where that can be done
// without changing what the rest means.
func withoutPosted(q string) string {
	for _, t := range terms(q) {
		if t.Field == "posted" && !t.Not && t.Removes {
			q = without(q, t.Raw)
		}
	}
	return q
}

// goRanged sends a reader who chose days on to the search for them.
func goRanged(w http.ResponseWriter, r *http.Request) bool {
	to := ranged(r.URL.Query())
	if to == "" {
		return false
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return true
}
