package web

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	store "veghe/index/desk"
	"veghe/index/handover"
)

const (
	auditPageSize = 100
	maxAudit      = 1_000_000 // events in one export
)

type auditView struct {
	Page
	Filter  store.EventFilter
	From    string // as typed
	To      string
	Events  []store.Event
	Actions []Action
	Next    string // address of the next page
	First   string // of the first, when this is a later one
	Export  []choice
	Head    store.Head
	Checked bool   // the whole chain was checked for this page
	Broken  string // what does not fit
}

// actions are what can stand in the trail, for the form.
var actions = []Action{
	ActSearch, ActRead, ActReveal, ActExport, ActReview, ActCase, ActWatch, ActLab, ActIngest, ActSignIn, ActSignOut, ActRefused, ActDenied,
	ActAccount, ActAdmin, ActAudit, ActHold, ActErase, ActPurge,
}

// auditFilter reads what to show. Times are days, or RFC 3339.
func auditFilter(v url.Values) (f store.EventFilter, err error) {
	f = store.EventFilter{Who: v.Get("who"), Action: v.Get("action"), Object: v.Get("object"), Limit: auditPageSize}
	if f.From, err = dayOf(v.Get("from"), 0); err != nil {
		return f, err
	}
	if f.To, err = dayOf(v.Get("to"), 1); err != nil {
		return f, err
	}
	if s := v.Get("before"); s != "" {
		if f.Before, err = strconv.ParseInt(s, 10, 64); err != nil || f.Before < 1 {
			return f, refuse(http.StatusBadRequest, "before is no number of an event")
		}
	}
	return f, nil
}

// dayOf reads a day, as its beginning or, with 1 more, its end.
func dayOf(s string, more int) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, more), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, refuse(http.StatusBadRequest, "want days such as 2026-11-24")
	}
	return t, nil
}

func (d *desk) auditPage(w http.ResponseWriter, r *http.Request) error {
	if d.Trail == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	v := r.URL.Query()
	f, err := auditFilter(v)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActAudit, "", "read"); err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	f.Limit++ // to know whether there is more
	p := auditView{Page: d.page(r, d.localeOf(r).T("audit.title")), Filter: f, From: v.Get("from"), To: v.Get("to"), Actions: actions}
	p.Nav = "audit"
	if p.Events, err = d.Trail.Events(ctx, f); err != nil {
		return err
	}
	if p.Head, err = d.Trail.Head(ctx); err != nil {
		return err
	}
	d.auditLinks(&p, v)
	return d.render(w, r, http.StatusOK, "audit", p)
}

func (d *desk) auditLinks(p *auditView, v url.Values) {
	at := func(path string, change ...string) string {
		out := url.Values{}
		for _, name := range []string{"who", "action", "object", "from", "to"} {
			if s := v.Get(name); s != "" {
				out.Set(name, s)
			}
		}
		for i := 0; i+1 < len(change); i += 2 {
			out.Set(change[i], change[i+1])
		}
		if len(out) == 0 {
			return path
		}
		return path + "?" + out.Encode()
	}
	if len(p.Events) > auditPageSize {
		p.Events = p.Events[:auditPageSize]
		p.Next = at("/audit", "before", strconv.FormatInt(p.Events[auditPageSize-1].N, 10))
	}
	if p.Filter.Before > 0 {
		p.First = at("/audit")
	}
	for _, f := range []string{"csv", "jsonl"} {
		p.Export = append(p.Export, choice{Label: f, Href: at("/audit/export", "format", f)})
	}
}

// checkAudit checks the whole chain, against a head that was noted if one is
// given.
func (d *desk) checkAudit(w http.ResponseWriter, r *http.Request) error {
	if d.Trail == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	var known []store.Head
	if s := r.PostFormValue("head"); s != "" {
		h, err := store.ParseHead(s)
		if err != nil {
			return refuse(http.StatusBadRequest, err.Error())
		}
		known = append(known, h)
	}
	if err := d.note(r.Context(), ActAudit, "", "checked"); err != nil {
		return err
	}
	p := auditView{Page: d.page(r, d.localeOf(r).T("audit.title")), Actions: actions, Checked: true}
	p.Nav, p.Path = "audit", "/audit"
	head, err := d.Trail.Verify(r.Context(), known...)
	p.Head = head
	switch {
	case errors.Is(err, store.ErrTampered):
		d.Logger.ErrorContext(r.Context(), "desk: the audit trail was changed", "error", err)
		p.Broken = err.Error()
	case err != nil:
		return err
	}
	if p.Events, err = d.Trail.Events(r.Context(), store.EventFilter{Limit: auditPageSize + 1}); err != nil {
		return err
	}
	d.auditLinks(&p, url.Values{})
	return d.render(w, r, http.StatusOK, "audit", p)
}

// auditExport streams what the filter selects, newest first. If it fails after
// it has begun, the connection is cut.
func (d *desk) auditExport(w http.ResponseWriter, r *http.Request) error {
	if d.Trail == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	v := r.URL.Query()
	f, err := auditFilter(v)
	if err != nil {
		return err
	}
	format := v.Get("format")
	if !slices.Contains([]string{"csv", "jsonl"}, format) {
		return refuse(http.StatusBadRequest, fmt.Sprintf("format is %.20q, want csv or jsonl", format))
	}
	if err := d.note(r.Context(), ActAudit, "", "exported as "+format); err != nil {
		return err
	}
	write := auditWriter(w, format)
	f.Limit = 1000
	events, err := d.Trail.Events(r.Context(), f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="veghe-audit-%s.%s"`, d.Clock().UTC().Format("20060102-150405"), format))
	w.Header().Set("Content-Type", map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}[format])
	for n := 0; len(events) > 0; {
		if n += len(events); n > maxAudit {
			d.Logger.ErrorContext(r.Context(), "desk: audit export cut short", "most", maxAudit)
			panic(http.ErrAbortHandler)
		}
		if err := write(events); err != nil {
			panic(http.ErrAbortHandler)
		}
		f.Before = events[len(events)-1].N
		if events, err = d.Trail.Events(r.Context(), f); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

func auditWriter(w http.ResponseWriter, format string) func([]store.Event) error {
	if format == "jsonl" {
		enc := json.NewEncoder(w)
		return func(events []store.Event) error {
			for _, e := range events {
				if err := enc.Encode(e); err != nil {
					return err
				}
			}
			return nil
		}
	}
	out, begun := csv.NewWriter(w), false
	return func(events []store.Event) error {
		if !begun {
			begun = true
			_ = out.Write([]string{"n", "at", "who", "action", "object", "reason", "hash"}) // Error tells
		}
		for _, e := range events {
			_ = out.Write([]string{
				strconv.FormatInt(e.N, 10), e.At.Format(time.RFC3339Nano), handover.Cell(e.Who), handover.Cell(e.Action), handover.Cell(e.Object), handover.Cell(e.Reason), e.Hash,
			}) // Error tells
		}
		out.Flush()
		return out.Error()
	}
}
