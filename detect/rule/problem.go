package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a rule file. Line and Column count from 1, columns
// in characters.
type Position struct {
	Path   string
	Line   int
	Column int
	text   string // the line, to point into
}

// String is path:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.Path, p.Line, p.Column) }

// source is a file as it was read, to point into.
type source struct {
	path  string
	lines []string
}

// at is a line and column of the file; Line 0 is no place.
func (s *source) at(line, col int) Position {
	if s == nil {
		return Position{}
	}
	p := Position{Path: s.path, Line: line, Column: max(col, 1)}
	if line >= 1 && line <= len(s.lines) {
		p.text = s.lines[line-1]
	}
	return p
}

// spot is a Position in a third of its size.
type spot struct {
	in        *source
	line, col int32
}

func (p spot) position() Position { return p.in.at(int(p.line), int(p.col)) }

// Problem is something wrong at one place of a rule file.
type Problem struct {
	Position
	Msg string // what is wrong, and what was wanted
	// Lint marks what only "rules check" demands; the rules run without it.
	Lint bool
}

// Error is "path:line:column: message", then the line with a caret under the
// place.
func (p Problem) Error() string {
	head := p.String() + ": " + p.Msg
	if p.text == "" {
		return head
	}
	text, at := excerpt(p.text, p.Column-1)
	return head + "\n    " + text + "\n    " + strings.Repeat(" ", at) + "^"
}

// maxExcerpt is how much of a long line is shown, in characters.
const maxExcerpt = 100

// excerpt cuts a long line around character at, and says where at is then.
func excerpt(line string, at int) (cut string, col int) {
	rs := []rune(strings.Map(printable, line))
	at = min(max(at, 0), len(rs))
	from := 0
	if at > maxExcerpt*3/4 {
		from = at - maxExcerpt/2
	}
	to := min(len(rs), from+maxExcerpt)
	return string(rs[from:to]), at - from
}

func printable(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// Problems are all that is wrong with a set of files, in the order of the
// files. It is an error; a nil or empty list is none: see Err.
type Problems []Problem

// Error is one problem after another.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is ps as an error, nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Unwrap lets errors.As find a Problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// nearest is the candidate closest to s in spelling, or "" if none is close.
func nearest(s string, candidates []string) string {
	best, at := "", 3
	for _, c := range candidates {
		if d := distance(s, c); d < at && d < max(len(s), 2) {
			best, at = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short words in bytes.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// hint is a suggestion to add to a message, or nothing.
func hint(s string, candidates []string) string {
	if c := nearest(s, candidates); c != "" {
		return fmt.Sprintf("; did you mean %q?", c)
	}
	return ""
}
