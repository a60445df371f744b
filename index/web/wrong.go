package web

import (
	"maps"
	"slices"
	"strings"

	"veghe"
	"veghe/index"
)

// queryErr is a query cut at the place that is wrong.
type queryErr struct {
	Before, At, After string
	Msg               string
	English           bool // Msg is not in the reader's language
	Meant             string
	Href              string // of the search that was meant
}

// pointAt cuts a query around the character that is wrong.
func pointAt(q string, e *index.QueryError) *queryErr {
	if e.Query != "" {
		q = e.Query
	}
	pos := max(0, min(e.Pos, len(q)))
	rest := []rune(q[pos:])
	at := " "
	if len(rest) > 0 {
		at, rest = string(rest[0]), rest[1:]
	}
	return &queryErr{Before: q[:pos], At: at, After: string(rest), Msg: e.Msg, English: true}
}

// wrong says what is wrong with a query in the reader's language, and what
// was probably meant.
func (d *desk) wrong(l *locale, p *resultsPage, e *index.QueryError) *queryErr {
	out := pointAt(p.Query, e)
	if e.Kind != "" {
		out.Msg, out.English = l.T("wrong."+e.Kind, e.Values...), false
	}
	if out.Meant = e.Meant(d.called); out.Meant != "" {
		out.Href = searchLink(out.Meant, p.Sort, p.All, "")
	}
	return out
}

// called are the names that the desk shows for a field or for a value of
// one, in every language: what people type is what they read.
func (d *desk) called(word string) []string {
	var out []string
	for _, l := range d.locales {
		for _, kind := range []string{"field.", "severity.", "category.", "review.", "kind.", "lang."} {
			if name := l.texts[kind+word]; name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// meant is the query with a language or an indicator that does not exist
// replaced by the one that was probably meant: those are open lists, so that
// the search finds nothing rather than refusing them.
func (d *desk) meant(p *resultsPage) string {
	for _, t := range terms(p.Query) {
		known := d.valuesOf(t.Field)
		if t.Value == "" || slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, t.Value) }) {
			continue
		}
		if word := index.Nearest(t.Value, known, d.called); word != "" {
			sign := ""
			if t.Not {
				sign = "-"
			}
			return strings.Replace(p.Query, t.Raw, sign+filter(t.Field, word), 1)
		}
	}
	return ""
}

// valuesOf are the values of a field that the desk has a name for.
func (d *desk) valuesOf(field string) []string {
	switch field {
	case "lang":
		var out []string
		for _, key := range slices.Sorted(maps.Keys(d.locales[languages[0]].texts)) {
			if code, ok := strings.CutPrefix(key, "lang."); ok {
				out = append(out, code)
			}
		}
		return out
	case "indicator":
		return idsOf(d.titles())
	}
	return nil
}

func idsOf(titles map[veghe.IndicatorID]RuleInfo) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(titles)) {
		out = append(out, string(id))
	}
	return out
}
