package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// columns are the parts of a post in the list that a reader may leave out.
// Its title and severity always stand.
var columns = []string{"score", "text", "indicators", "source", "place", "author", "posted", "lang"}

// view is how a reader wants the list. The zero value shows all, comfortably.
type view struct {
	Compact bool
	Hidden  []string // some of columns
}

// viewIn reads the view that a form asks for, or reports that it is none.
func viewIn(form url.Values) (view, bool) {
	density, show := form.Get("density"), form["show"]
	v := view{Compact: density == "compact"}
	for _, c := range columns {
		if !slices.Contains(show, c) {
			v.Hidden = append(v.Hidden, c)
		}
	}
	known := len(columns)-len(v.Hidden) == len(show)
	return v, known && (v.Compact || density == "comfortable")
}

// String is the view as its cookie keeps it: compact.author.lang is compact
// and without two columns.
func (v view) String() string {
	density := "comfortable"
	if v.Compact {
		density = "compact"
	}
	return strings.Join(append([]string{density}, v.Hidden...), ".")
}

// viewOf is the view that a reader chose before.
func viewOf(r *http.Request) view {
	c, err := r.Cookie("list")
	if err != nil {
		return view{}
	}
	density, rest, _ := strings.Cut(c.Value, ".")
	v := view{Compact: density == "compact"}
	for _, name := range columns {
		if slices.Contains(strings.Split(rest, "."), name) {
			v.Hidden = append(v.Hidden, name)
		}
	}
	return v
}

// Class is what the style sheet knows the view by.
func (v view) Class() string {
	var out []string
	if v.Compact {
		out = append(out, "compact")
	}
	for _, c := range v.Hidden {
		out = append(out, "no-"+c)
	}
	return strings.Join(out, " ")
}

// Columns are all columns, each on unless it is left out.
func (v view) Columns() []choice {
	var out []choice
	for _, c := range columns {
		out = append(out, choice{Label: c, On: !slices.Contains(v.Hidden, c)})
	}
	return out
}
