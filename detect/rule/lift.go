package rule

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Nine tenths of a rule file are lists of terms, one line per language:
//
//	    ro: [pasaport*, buletin*, carte de identitate]
//
// The YAML parser makes four objects of each term and takes most of the time
// that a program needs to start. So these lines are lifted out before it sees
// them, and it is given "ro: []" instead. Only what is plainly a list of plain
// texts is lifted, and every list must turn up again as such a list when the
// document is read; if one does not, or anything is wrong with the document,
// it is parsed whole. What is read is the same either way.

// lifted is a list that was taken out, with its place of "[".
type lifted struct {
	items []item
	col   int
	found bool
}

// lift is the lines of a document without their lists of terms, and, if lean,
// without its examples. It is nil if there is nothing to leave out.
func (f *file) lift(d document, lean bool) []string {
	f.lifted = map[int]*lifted{}
	lines := make([]string, 0, d.to-d.from)
	key, less := "", false
	for i, line := range f.lines[d.from:d.to] {
		key = topLevel(line, key)
		switch {
		case key == "examples" && lean:
			line, less = "", true
		case key == "signals" && strings.HasSuffix(line, "]"):
			if l, head := f.list(line, d.from+i+1); l != nil {
				f.lifted[d.from+i+1] = l
				line, less = head+"[]", true
			}
		}
		lines = append(lines, line)
	}
	if !less {
		f.lifted = nil
		return nil
	}
	return lines
}

// whole forgets what was lifted, and the problems since.
func (f *file) whole(known int) { f.lifted, f.problems = nil, f.problems[:known] }

// topLevel is the key of the document that a line belongs to, given that of
// the line before.
func topLevel(line, before string) string {
	if line == "" || line[0] == ' ' || line[0] == '#' || line[0] == '-' {
		return before
	}
	key, _, _ := strings.Cut(line, ":")
	return key
}

// list reads a line that is an indented key with a list of plain texts; head
// is what stands before the list. It is nil for any other line.
func (f *file) list(line string, number int) (l *lifted, head string) {
	open := strings.Index(line, ": [")
	if open < 0 || !plainKey(line[:open]) {
		return nil, ""
	}
	open += len(": ")
	l = &lifted{col: utf8.RuneCountInString(line[:open]) + 1}
	rest, col := line[open+1:len(line)-1], l.col+1
	l.items = make([]item, 0, strings.Count(rest, ",")+1)
	for more := true; more; {
		var text string
		var ok bool
		skip := len(rest) - len(strings.TrimLeft(rest, " "))
		at := spot{f.source, int32(number), int32(col + skip)}
		var n int
		if text, n, more, ok = flowItem(rest, skip); !ok {
			return nil, ""
		}
		l.items = append(l.items, item{text, at})
		col += utf8.RuneCountInString(rest[:n])
		rest = rest[n:]
	}
	return l, line[:open]
}

// plainKey reports whether s is an indented key: a language or a name.
func plainKey(s string) bool {
	word := strings.TrimLeft(s, " ")
	if word == s || word == "" {
		return false
	}
	if word == `"*"` || word == `'*'` {
		return true
	}
	return validName(word)
}

// flowItem reads the item of a list that begins at a byte of s, and how many
// bytes it is with the comma after it; more says that there was one.
func flowItem(s string, at int) (text string, n int, more, ok bool) {
	if at == len(s) {
		return "", 0, false, false
	}
	var end int
	switch quote := s[at]; quote {
	case '"', '\'':
		length := strings.IndexByte(s[at+1:], quote)
		if length < 0 {
			return "", 0, false, false
		}
		text = s[at+1 : at+1+length]
		end = at + length + 2
		if strings.Contains(text, `\`) || end < len(s) && s[end] == quote || !printableText(text) {
			return "", 0, false, false
		}
	default:
		end = len(s)
		if i := strings.IndexByte(s[at:], ','); i >= 0 {
			end = at + i
		}
		text = strings.TrimRight(s[at:end], " ")
		if !plainText(text) {
			return "", 0, false, false
		}
	}
	for end < len(s) && s[end] == ' ' {
		end++
	}
	if end == len(s) {
		return text, end, false, true
	}
	return text, end + 1, true, s[end] == ','
}

// plainText reports whether s is a text to every reader of YAML: it begins
// with a letter or digit, and has no sign that means something there.
func plainText(s string) bool {
	if s == "" || strings.EqualFold(s, "null") || !wordByte(s[0]) && s[0] < utf8.RuneSelf || s[0] == '_' {
		return false
	}
	return !strings.ContainsAny(s, "\"\\:#[]{}&!|<>=@`~") && printableText(s)
}

// printableText reports whether s has no space but the plain one, nothing
// that is no text, and nothing that cannot be seen.
func printableText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf {
			return utf8.ValidString(s) && strings.IndexFunc(s, strange) < 0
		} else if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func strange(r rune) bool {
	return r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// liftedAt is the list that was lifted out of where a list without entries
// stands, or nil.
func (f *file) liftedAt(seq *ast.SequenceNode) *lifted {
	tk := seq.GetToken()
	if len(seq.Values) > 0 || tk == nil || tk.Position == nil {
		return nil
	}
	l := f.lifted[f.base+tk.Position.Line]
	if l == nil || l.col != tk.Position.Column {
		return nil
	}
	l.found = true
	return l
}

// allFound reports whether every list that was lifted was read.
func (f *file) allFound() bool {
	for _, l := range f.lifted {
		if !l.found {
			return false
		}
	}
	return true
}
