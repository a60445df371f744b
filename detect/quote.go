package detect

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"veghe/detect/text"
)

// quoted finds the stretches of a text that are not the author's own words:
// lines that begin with ">", [quote]…[/quote] blocks, and sentences cited
// between quotation marks, as in a warning that cites a lure. They come in
// order and do not overlap.
//
// Marks around most of a text are no citation, they only dress it up, so such
// a text stays the author's own.
func quoted(s string) []text.Range {
	var out []text.Range
	if strings.ContainsRune(s, '>') {
		out = quotedLines(s)
	}
	if strings.Contains(s, "[") {
		out = merge(out, quotedBlocks(s))
	}
	return merge(out, citations(s))
}

func quotedLines(s string) []text.Range {
	var out []text.Range
	for at := 0; at < len(s); {
		end := at + len(s[at:])
		if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if strings.HasPrefix(strings.TrimLeft(s[at:end], " \t"), ">") {
			out = append(out, text.Range{Start: at, End: end})
		}
		at = end
	}
	return out
}

// quotedBlocks finds [quote…] … [/quote], also nested; an unclosed block
// reaches to the end.
func quotedBlocks(s string) []text.Range {
	var out []text.Range
	depth, start := 0, 0
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '[')
		if i < 0 {
			break
		}
		at += i + 1
		switch tag := s[at:min(len(s), at+7)]; {
		case hasFold(tag, "quote"):
			if depth == 0 {
				start = at - 1
			}
			depth++
		case hasFold(tag, "/quote]") && depth > 0:
			depth--
			if depth == 0 {
				out = append(out, text.Range{Start: start, End: at + len("/quote]")})
			}
		}
	}
	if depth > 0 {
		out = append(out, text.Range{Start: start, End: len(s)})
	}
	return out
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// closing gives for an opening quotation mark those that may close it.
var closing = map[rune]string{
	'„': "”“\"", '“': "”", '«': "»", '"': "\"", '”': "”",
}

var citationMarks = []string{"\"", "„", "“", "«", "”"}

// The shortest and longest citation: shorter ones are names and ironies,
// longer ones are marks that were never closed.
const (
	minCitedWords = 3
	maxCitedBytes = 600
)

func citations(s string) []text.Range {
	// One by one, which the machine does 32 bytes at a time.
	if !slices.ContainsFunc(citationMarks, func(mark string) bool { return strings.Contains(s, mark) }) {
		return nil
	}
	var out []text.Range
	covered := 0
	for at := 0; at < len(s); {
		r, n := utf8.DecodeRuneInString(s[at:])
		marks, opens := closing[r]
		if !opens {
			at += n
			continue
		}
		inner := s[at+n : min(len(s), at+n+maxCitedBytes)]
		i := strings.IndexAny(inner, marks)
		if i < 0 || len(strings.FieldsFunc(inner[:i], notWord)) < minCitedWords {
			at += n
			continue
		}
		_, m := utf8.DecodeRuneInString(inner[i:])
		end := at + n + i + m
		out = append(out, text.Range{Start: at, End: end})
		covered += end - at
		at = end
	}
	if covered*3 > len(strings.TrimSpace(s))*2 {
		return nil
	}
	return out
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// merge joins two ordered lists into one without overlaps.
func merge(a, b []text.Range) []text.Range {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	var out []text.Range
	for len(a) > 0 || len(b) > 0 {
		var e text.Range
		if len(b) == 0 || len(a) > 0 && a[0].Start <= b[0].Start {
			e, a = a[0], a[1:]
		} else {
			e, b = b[0], b[1:]
		}
		if k := len(out) - 1; k >= 0 && e.Start <= out[k].End {
			out[k].End = max(out[k].End, e.End)
			continue
		}
		out = append(out, e)
	}
	return out
}
