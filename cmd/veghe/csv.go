package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"veghe"
)

// postColumns are the fields of a post that a CSV column may hold.
var postColumns = map[string]bool{
	"id": true, "source": true, "kind": true, "url": true, "thread": true, "seq": true, "reply_to": true, "author": true,
	"title": true, "text": true, "place": true, "posted_at": true, "collected_at": true,
}

// csv takes posts from a table whose first row names the fields, in any
// order; other columns are left alone. Semicolons and tabs are recognised.
func (im *importer) csv(ctx context.Context, name string, r io.Reader) error {
	lines := newLineReader(r)
	first, err := lines.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	comma := separator(string(first))
	header := csv.NewReader(strings.NewReader(string(first)))
	header.Comma = comma
	columns, err := header.Read()
	if err != nil {
		return fmt.Errorf("%s:1: the first row must name the columns: %w", name, err)
	}
	for i := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(columns[i]))
	}
	if !slices.Contains(columns, "text") {
		return withHint(fmt.Errorf("%s:1: no column \"text\"", name), "the first row names the columns: text is needed; source, author, title, url, thread, seq, place, posted_at are known too")
	}
	rows := csv.NewReader(lines.r)
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = comma, -1, true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		im.Read++
		line, _ := rows.FieldPos(0)
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			im.bad.add(name, bad.StartLine+1, bad.Err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p, err := rowPost(columns, row)
		if err != nil {
			im.bad.add(name, line+1, err)
			continue
		}
		if err := im.add(ctx, p); err != nil {
			return err
		}
	}
}

func separator(header string) rune {
	best, most := ',', strings.Count(header, ",")
	for _, c := range []rune{';', '\t'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// rowPost reads a row by way of JSON, so that a table is held to the same
// checks as everything else.
func rowPost(columns, row []string) (veghe.Post, error) {
	if len(row) > len(columns) {
		return veghe.Post{}, fmt.Errorf("row has %d fields, the first row names %d", len(row), len(columns))
	}
	fields := map[string]any{}
	for i, v := range row {
		if !postColumns[columns[i]] || v == "" {
			continue
		}
		if columns[i] == "seq" {
			fields["seq"] = json.Number(v)
			continue
		}
		fields[columns[i]] = v
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return veghe.Post{}, errors.New("seq is not a number")
	}
	return veghe.ParsePost(b)
}
