package handover

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"veghe"
)

type jsonl struct{ w io.Writer }

func newJSONL(w io.Writer, _ Pack) Writer { return jsonl{w} }

func (jsonl) Begin() error { return nil }
func (jsonl) End() error   { return nil }

// Write also writes what a newer version wrote in the post.
func (e jsonl) Write(p Post) error {
	a := p.Assessed()
	line, err := veghe.EncodeWith(p, a.AllMore())
	if err != nil {
		return err
	}
	_, err = e.w.Write(append(line, '\n'))
	return err
}

type table struct{ w *csv.Writer }

func newCSV(w io.Writer, _ Pack) Writer { return table{csv.NewWriter(w)} }

func (e table) Begin() error {
	return e.w.Write([]string{
		"id", "source", "kind", "url", "thread", "seq", "author", "title", "text", "place", "posted_at", "collected_at",
		"severity", "flagged", "label", "score_recruitment", "score_grooming", "languages", "indicators", "contacts",
		"review", "content_hash", "rules_version",
	})
}

func (e table) Write(h Post) error {
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
		langs(h), strings.Join(indicators, " "), strings.Join(contacts, " "),
		string(h.Review), p.ContentHash, a.RulesVersion,
	}
	for i, cell := range row {
		row[i] = Cell(cell)
	}
	if err := e.w.Write(row); err != nil {
		return err
	}
	e.w.Flush() // so that a reader sees what is there
	return e.w.Error()
}

func (e table) End() error {
	e.w.Flush()
	return e.w.Error()
}

// Cell keeps a spreadsheet from reading a cell as a formula: one that starts
// like a formula gets an apostrophe in front (OWASP, CSV injection).
func Cell(s string) string {
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
