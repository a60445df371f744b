package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
)

const (
	exportPage = 200
	maxExport  = 200_000 // posts in one export
)

// apiExport streams everything that a search finds. If it fails after it has
// begun, the connection is cut, so that half an export never looks whole.
func (d *desk) apiExport(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q, err := queryOf(v, "format")
	if err != nil {
		return err
	}
	var out exporter
	switch format := v.Get("format"); format {
	case "csv":
		out = &csvExport{w: csv.NewWriter(w)}
	case "jsonl":
		out = &jsonExport{json.NewEncoder(w)}
	default:
		return refuse(http.StatusBadRequest, fmt.Sprintf("format is %.20q, want csv or jsonl", format))
	}
	if err := d.note(r.Context(), ActExport, v.Get("format"), q.Text); err != nil {
		return err
	}
	show, err := d.reveal(r, "export")
	if err != nil {
		return err
	}
	q.Size, q.Facets, q.Histogram = exportPage, []string{}, false
	first, err := d.exportSearch(r.Context(), q)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", out.mime())
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="veghe-%s.%s"`, d.Clock().UTC().Format("20060102-150405"), v.Get("format")))
	if err := d.exportAll(r.Context(), w, out, show, q, first); err != nil {
		d.Logger.ErrorContext(r.Context(), "desk: export cut short", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (d *desk) exportSearch(ctx context.Context, q index.Query) (index.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return d.Search.Search(ctx, q)
}

func (d *desk) exportAll(ctx context.Context, w http.ResponseWriter, out exporter, show shower, q index.Query, res index.Result) error {
	if err := out.begin(); err != nil {
		return err
	}
	for n := 0; ; {
		for _, h := range res.Hits {
			if err := out.write(show.one(h)); err != nil {
				return err
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
		_ = http.NewResponseController(w).Flush() // not every writer can
		n += len(res.Hits)
		if res.Next == "" || len(res.Hits) == 0 {
			return nil
		}
		if n >= maxExport {
			return fmt.Errorf("more than %d posts: narrow the search by time", maxExport)
		}
		q.After = res.Next
		var err error
		if res, err = d.exportSearch(ctx, q); err != nil {
			return err
		}
	}
}

// exporter writes hits in one format.
type exporter interface {
	mime() string
	begin() error
	write(index.Hit) error
	flush() error
}

type jsonExport struct{ enc *json.Encoder }

func (*jsonExport) mime() string              { return "application/jsonl" }
func (*jsonExport) begin() error              { return nil }
func (e *jsonExport) write(h index.Hit) error { return e.enc.Encode(h) }
func (*jsonExport) flush() error              { return nil }

type csvExport struct{ w *csv.Writer }

func (*csvExport) mime() string { return "text/csv; charset=utf-8; header=present" }

func (e *csvExport) begin() error {
	return e.w.Write([]string{
		"id", "source", "kind", "url", "thread", "seq", "author", "title", "text", "place", "posted_at", "collected_at",
		"severity", "flagged", "label", "score_recruitment", "score_grooming", "languages", "indicators", "contacts",
		"review", "content_hash", "rules_version",
	})
}

func (e *csvExport) write(h index.Hit) error {
	p, a := h.Post, h.Assessment
	var indicators, contacts []string
	for _, f := range a.Findings {
		indicators = append(indicators, string(f.Indicator))
	}
	for _, c := range a.Contacts {
		contacts = append(contacts, c.Kind+":"+c.Value)
	}
	row := []string{
		string(p.ID), string(p.Source), string(p.Kind), p.URL, string(p.Thread), strconv.Itoa(p.Seq), string(p.Author),
		p.Title, p.Text, p.Place, stamp(p.PostedAt), stamp(p.CollectedAt),
		string(a.Severity), strconv.FormatBool(a.Flagged), a.Label, decimal(a.Score[veghe.Recruitment]), decimal(a.Score[veghe.Grooming]),
		strings.Join(langs(a.Lang), " "), strings.Join(indicators, " "), strings.Join(contacts, " "),
		string(h.Review), p.ContentHash, a.RulesVersion,
	}
	for i, cell := range row {
		row[i] = plainCell(cell)
	}
	return e.w.Write(row)
}

func (e *csvExport) flush() error {
	e.w.Flush()
	return e.w.Error()
}

// plainCell keeps a spreadsheet from reading a cell as a formula: one that
// starts like a formula gets an apostrophe in front (OWASP, CSV injection).
func plainCell(s string) string {
	trimmed := strings.TrimLeft(s, " \u00a0\t\r\n\x00")
	if trimmed == "" {
		return s
	}
	if strings.ContainsRune("=+-@＝＋－＠|%", []rune(trimmed)[0]) || strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") {
		return "'" + s
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
