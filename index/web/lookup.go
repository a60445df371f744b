package web

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"veghe/index"
	"veghe/index/handover"
)

const (
	maxLookup      = 2_000 // values looked up at once
	maxLookupBytes = 1 << 20
)

// lookedUp is what is known of one value.
type lookedUp struct {
	Input   string     `json:"input"`
	Kind    string     `json:"kind,omitempty"`  // phone, email, url, handle; empty: not recognised
	Value   string     `json:"value,omitempty"` // canonical
	Total   uint64     `json:"total"`
	Flagged uint64     `json:"flagged"`
	Seen    uint64     `json:"reviewed"` // flagged ones on which somebody decided
	First   *time.Time `json:"first,omitempty"`
	Last    *time.Time `json:"last,omitempty"`
	Href    string     `json:"-"`
}

// lookupValues reads the first column of CSV or lines. A first line that is no
// value is taken for a heading when there are more.
func lookupValues(r io.Reader) ([]string, error) {
	in := csv.NewReader(bufio.NewReader(io.LimitReader(r, maxLookupBytes+1)))
	in.FieldsPerRecord, in.LazyQuotes, in.TrimLeadingSpace, in.ReuseRecord = -1, true, true, true
	var out []string
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(http.StatusBadRequest, fmt.Sprintf("want one value a line, or CSV with the values in the first column: %v", err))
		}
		if v := strings.TrimSpace(strings.TrimPrefix(row[0], "\ufeff")); v != "" {
			out = append(out, v)
		}
		if len(out) > maxLookup {
			return nil, refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("want at most %d values at once", maxLookup))
		}
	}
	if in.InputOffset() > maxLookupBytes {
		return nil, refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("want at most %d KB at once", maxLookupBytes>>10))
	}
	return out, nil
}

// lookup finds what is known of each value. With onlyNew, values on whose
// flagged posts somebody has decided are left out.
func (d *desk) lookup(ctx context.Context, values []string, onlyNew bool) ([]lookedUp, error) {
	if err := d.note(ctx, ActSearch, "", "look-up of "+strconv.Itoa(len(values))+" values"); err != nil {
		return nil, err
	}
	out := []lookedUp{}
	for i, v := range values {
		row := lookedUp{Input: v}
		row.Kind, row.Value = d.Identify(v)
		if row.Kind == "" && i == 0 && len(values) > 1 && !strings.ContainsAny(v, "0123456789@./") {
			continue // a heading
		}
		if row.Kind != "" {
			if err := d.known(ctx, &row); err != nil {
				return nil, err
			}
		}
		if !onlyNew || row.Seen == 0 {
			out = append(out, row)
		}
	}
	return out, nil
}

func (d *desk) known(ctx context.Context, row *lookedUp) error {
	q := filter(row.Kind, row.Value)
	row.Href = queryLink(row.Kind, row.Value) + "&all=1"
	newest, err := d.Search.Search(ctx, index.Query{Text: q, All: true, Size: 1, Sort: "newest", Facets: []string{}})
	if err != nil {
		return err
	}
	row.Total = newest.Total
	if newest.Total == 0 {
		return nil
	}
	oldest, err := d.Search.Search(ctx, index.Query{Text: q, All: true, Size: 1, Sort: "oldest", Facets: []string{}})
	if err != nil {
		return err
	}
	flagged, err := d.Search.Search(ctx, index.Query{Text: q, Size: 1, Facets: []string{"review"}})
	if err != nil {
		return err
	}
	row.Flagged = flagged.Total
	for _, c := range flagged.Facets["review"] {
		if c.Value != "" && c.Value != "none" {
			row.Seen += uint64(max(0, c.Count))
		}
	}
	for at, res := range map[**time.Time]index.Result{&row.First: oldest, &row.Last: newest} {
		if len(res.Hits) > 0 {
			t := res.Hits[0].Post.Written()
			*at = &t
		}
	}
	return nil
}

func (d *desk) apiLookup(w http.ResponseWriter, r *http.Request) error {
	values, err := lookupValues(r.Body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	rows, err := d.lookup(ctx, values, r.URL.Query().Get("new") == "1")
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "csv" {
		return lookupCSV(w, rows)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"rows": rows})
}

func lookupCSV(w http.ResponseWriter, rows []lookedUp) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="veghe-lookup.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"input", "kind", "value", "total", "flagged", "reviewed", "first", "last"}) // Flush tells
	for _, x := range rows {
		_ = out.Write([]string{
			handover.Cell(x.Input), x.Kind, handover.Cell(x.Value), strconv.FormatUint(x.Total, 10), strconv.FormatUint(x.Flagged, 10),
			strconv.FormatUint(x.Seen, 10), edge(x.First), edge(x.Last),
		}) // Flush tells
	}
	out.Flush()
	return nil // the reader is gone if writing failed
}

func edge(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

type lookupPage struct {
	Page
	Values  string
	OnlyNew bool
	Asked   bool
	Rows    []lookedUp
}

func (d *desk) lookupPage(w http.ResponseWriter, r *http.Request) error {
	p := lookupPage{Page: d.page(r, d.localeOf(r).T("lookup.title"))}
	p.Nav = "lookup"
	return d.render(w, r, http.StatusOK, "lookup", p)
}

func (d *desk) lookupForm(w http.ResponseWriter, r *http.Request) error {
	text := r.PostFormValue("values")
	values, err := lookupValues(strings.NewReader(text))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	p := lookupPage{Page: d.page(r, d.localeOf(r).T("lookup.title")), Values: text, OnlyNew: r.PostFormValue("new") == "1", Asked: true}
	if p.Rows, err = d.lookup(ctx, values, p.OnlyNew); err != nil {
		return err
	}
	if r.PostFormValue("format") == "csv" {
		return lookupCSV(w, p.Rows)
	}
	p.Nav = "lookup"
	return d.render(w, r, http.StatusOK, "lookup", p)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
