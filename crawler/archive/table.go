package archive

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"veghe"
)

// fields of a post that a column may hold.
var fields = []string{
	"author", "collected_at", "id", "kind", "place", "posted_at", "reply_to", "seq", "source", "text", "thread", "title", "url",
}

// ErrColumns is wrapped by errors about the first row of a table.
var ErrColumns = errors.New("the first row does not name the columns that are needed")

// ParseColumns reads "text=body,author=user": which column holds a field.
func ParseColumns(s string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		field, column, ok := strings.Cut(pair, "=")
		field, column = strings.TrimSpace(field), columnName(column)
		if !ok || column == "" || !slices.Contains(fields, field) {
			return nil, fmt.Errorf("%.60q is not FIELD=COLUMN; the fields are %s", pair, strings.Join(fields, ", "))
		}
		out[field] = column
	}
	return out, nil
}

func columnName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// table takes posts from rows. The first row names the columns, in any order;
// columns that are no field are left alone. Semicolons and tabs are recognised.
type table struct {
	in      *bounded
	rows    *csv.Reader
	comma   rune
	columns []string // field of each column, or ""
	o       Options
	line    int // that stands before the first of rows
	last    int // that the last row ended with
}

// maxRow bounds a row: a quote that is never closed would take the whole file.
const maxRow = veghe.MaxPost + 64<<10

var errLongRow = fmt.Errorf("row is longer than %d bytes: is a quote left open?", maxRow)

// bounded lets a csv.Reader have so much and no more until left is set again.
type bounded struct {
	r     *bufio.Reader
	left  int
	lines int // line ends that were read
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongRow
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	b.lines += bytes.Count(p[:n], []byte{'\n'})
	return n, err
}

func newTable(name string, in *bufio.Reader, o Options) (*table, error) {
	first, err := newLines(in).Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &table{in: &bounded{r: in}, comma: separator(string(first)), o: o, line: 1, last: 1}
	header := csv.NewReader(strings.NewReader(string(first)))
	header.Comma = t.comma
	columns, err := header.Read()
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w: %w", name, ErrColumns, err)
	}
	for i := range columns {
		columns[i] = columnName(columns[i])
	}
	if t.columns, err = assign(columns, o.Columns); err != nil {
		return nil, fmt.Errorf("%s:1: %w: %w", name, ErrColumns, err)
	}
	t.restart()
	return t, nil
}

// assign gives each column its field.
func assign(columns []string, named map[string]string) ([]string, error) {
	out := make([]string, len(columns))
	for i, c := range columns {
		if _, elsewhere := named[c]; slices.Contains(fields, c) && !elsewhere {
			out[i] = c
		}
	}
	for _, field := range slices.Sorted(maps.Keys(named)) {
		i := slices.Index(columns, named[field])
		if i < 0 {
			return nil, fmt.Errorf("no column %.60q for %s", named[field], field)
		}
		out[i] = field
	}
	if !slices.Contains(out, "text") {
		return nil, errors.New(`no column "text"`)
	}
	return out, nil
}

func (t *table) restart() {
	t.rows = csv.NewReader(t.in)
	t.rows.Comma, t.rows.FieldsPerRecord, t.rows.ReuseRecord = t.comma, -1, true
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

func (t *table) Next(skip bool) (Record, error) {
	t.in.left = maxRow
	row, err := t.rows.Read()
	bad, isBad := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, errLongRow):
		return Record{Where: fmt.Sprintf(":%d", t.last+1), Err: errLongRow}, t.resume()
	case isBad:
		return Record{Where: fmt.Sprintf(":%d", t.line+bad.StartLine), Err: bad.Err}, nil
	case err != nil:
		return Record{}, err
	}
	line, _ := t.rows.FieldPos(0)
	t.last = t.line + line
	for _, v := range row {
		t.last += strings.Count(v, "\n")
	}
	r := Record{Where: fmt.Sprintf(":%d", t.line+line)}
	if skip {
		return r, nil
	}
	p, err := rowPost(t.columns, row)
	if err != nil {
		r.Err = err
		return r, nil
	}
	t.o.finish(&p)
	r.Posts = []veghe.Post{p}
	return r, nil
}

// resume goes on with the line after a row that was too long.
func (t *table) resume() error {
	for {
		_, err := t.in.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		t.in.lines++
		t.line = 1 + t.in.lines
		t.last = t.line
		t.restart()
		return nil
	}
}

// rowPost reads a row by way of JSON, so that a table is held to the same
// checks as everything else.
func rowPost(columns, row []string) (veghe.Post, error) {
	if len(row) > len(columns) {
		return veghe.Post{}, fmt.Errorf("row has %d fields, the first row names %d", len(row), len(columns))
	}
	values := map[string]any{}
	for i, v := range row {
		if columns[i] == "" || v == "" {
			continue
		}
		values[columns[i]] = v
		if columns[i] == "seq" {
			values["seq"] = json.Number(strings.TrimSpace(v))
		}
	}
	b, err := json.Marshal(values)
	if err != nil {
		return veghe.Post{}, errors.New("seq is not a number")
	}
	return veghe.ParsePost(b)
}
