package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"veghe"
)

type statusPage struct {
	Page
	Status
	Total SourceStatus // the account of all sources together
	Up    string
	Now   time.Time
}

func (d *desk) statusPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	st, err := d.Status(ctx)
	if err != nil {
		return fmt.Errorf("reading the status: %w", err)
	}
	st.Sources = seen(ctx, st.Sources, func(s SourceStatus) veghe.SourceID { return s.ID })
	l := d.localeOf(r)
	p := statusPage{Page: d.page(r, l.T("status.title")), Status: st, Now: d.Clock()}
	p.Nav = "status"
	if !st.Started.IsZero() {
		p.Up = l.Ago(p.Now.Sub(st.Started))
	}
	for _, s := range st.Sources {
		p.Total.Collected += s.Collected
		p.Total.Assessed += s.Assessed
		p.Total.Flagged += s.Flagged
		p.Total.Dead += s.Dead
		p.Total.InFlight += s.InFlight
	}
	return d.render(w, r, http.StatusOK, "status", p)
}

type sourcesPage struct {
	Page
	Sources []SourceStatus
	Example string
}

func (d *desk) sourcesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	st, err := d.Status(ctx)
	if err != nil {
		return fmt.Errorf("reading the status: %w", err)
	}
	p := sourcesPage{Page: d.page(r, d.localeOf(r).T("sources.title")), Example: d.SourceExample}
	for _, s := range d.sourcesFor(r.Context()) {
		status := SourceStatus{Source: s}
		for _, known := range st.Sources {
			if known.ID == s.ID {
				status = known
				status.Source = s
			}
		}
		p.Sources = append(p.Sources, status)
	}
	p.Nav = "sources"
	return d.render(w, r, http.StatusOK, "sources", p)
}

// sourcesFor are the configured sources that the user sees.
func (d *desk) sourcesFor(ctx context.Context) []veghe.Source {
	return seen(ctx, d.Sources(), func(s veghe.Source) veghe.SourceID { return s.ID })
}

// seen leaves out what belongs to sources that the user does not see.
func seen[T any](ctx context.Context, all []T, source func(T) veghe.SourceID) []T {
	u := userOf(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !u.sees(source(x)) })
}

type helpPage struct {
	Page
	Fields   []string
	Examples []example
}

// example is a query to try, with the catalogue key of what it finds.
type example struct{ Query, Key string }

func (e example) Href() string { return searchLink(e.Query, "", false, "") }

func (d *desk) helpPage(w http.ResponseWriter, r *http.Request) error {
	p := helpPage{
		Page:   d.page(r, d.localeOf(r).T("help.title")),
		Fields: fields, Examples: examples(),
	}
	p.Nav = "help"
	return d.render(w, r, http.StatusOK, "help", p)
}

// examples are the queries on the help page.
func examples() []example {
	return []example{
		{`pasaport`, "help.ex.word"},
		{`"bilet de avion"`, "help.ex.phrase"},
		{`cazare -hotel`, "help.ex.not"},
		{`italia OR spania`, "help.ex.or"},
		{`severity:critical`, "help.ex.field"},
		{`-review:relevant`, "help.ex.notfield"},
		{`posted:2026-10-01..2026-10-31`, "help.ex.range"},
		{`score:>0.8`, "help.ex.score"},
		{`phone:"+40 700 000 123"`, "help.ex.phone"},
	}
}
