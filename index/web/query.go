package web

import (
	"net/url"
	"slices"
	"strings"

	"veghe"
)

// fields are the names that may stand before a colon in a query.
var fields = []string{
	"source", "lang", "category", "indicator", "severity", "author", "phone", "handle", "place", "cluster", "case",
	"review", "posted", "collected", "score", "flagged", "url", "id", "thread", "kind", "email", "rule", "shadow",
	"gone", "edited",
}

// term is one part of a query as its reader sees it. It is only for showing
// and editing: what a query means is decided by package index.
type term struct {
	Raw     string
	Field   string // empty for words
	Value   string
	Not     bool
	Removes bool // may be taken out without changing what the rest means
}

// terms splits a query at spaces outside quotes and parentheses. Terms next
// to OR are not removable by themselves.
func terms(q string) []term {
	var out []term
	for _, raw := range splitTerms(q) {
		out = append(out, parseTerm(raw))
	}
	for i := range out {
		out[i].Removes = out[i].Field != "" && !isOr(out, i-1) && !isOr(out, i+1)
	}
	return out
}

func isOr(ts []term, i int) bool { return i >= 0 && i < len(ts) && ts[i].Raw == "OR" }

func splitTerms(q string) []string {
	var out []string
	start, depth, quoted := -1, 0, false
	for i := range len(q) {
		c := q[i]
		if start < 0 && c != ' ' && c != '\t' && c != '\n' {
			start = i
		}
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case (c == ' ' || c == '\t' || c == '\n') && depth == 0 && start >= 0:
			out = append(out, q[start:i])
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, q[start:])
	}
	return out
}

func parseTerm(raw string) term {
	t := term{Raw: raw}
	s, not := strings.CutPrefix(raw, "-")
	t.Not = not
	field, value, ok := strings.Cut(s, ":")
	if !ok || !slices.Contains(fields, field) || strings.HasPrefix(value, "(") {
		return t
	}
	t.Field, t.Value = field, strings.Trim(value, `"`)
	return t
}

// filter writes field:value, with quotes where they are needed.
func filter(field, value string) string {
	value = strings.ReplaceAll(value, `"`, " ")
	if value == "" || strings.ContainsAny(value, " \t\n():+*~<>") || strings.HasPrefix(value, "-") || strings.Contains(value, "..") {
		return field + `:"` + value + `"`
	}
	return field + ":" + value
}

// with adds a term to a query. A query with OR is put in parentheses first,
// so that the new term narrows all of it.
func with(q, t string) string {
	q = strings.TrimSpace(q)
	if q == "" {
		return t
	}
	if slices.Contains(splitTerms(q), "OR") {
		q = "(" + q + ")"
	}
	return q + " " + t
}

// without takes a term out of a query.
func without(q, raw string) string {
	ts := splitTerms(q)
	return strings.Join(slices.DeleteFunc(ts, func(t string) bool { return t == raw }), " ")
}

// queryLink is the address of the results for field:value.
func queryLink(field, value string) string {
	return "/?q=" + url.QueryEscape(filter(field, value))
}

// searchLink is the address of a results page.
func searchLink(q, sort string, all bool, after string) string {
	v := url.Values{}
	if q != "" {
		v.Set("q", q)
	}
	if sort != "" {
		v.Set("sort", sort)
	}
	if all {
		v.Set("all", "1")
	}
	if after != "" {
		v.Set("after", after)
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}

// postPath is the address of a post's page.
func postPath(id veghe.PostID) string { return "/posts/" + url.PathEscape(string(id)) }
