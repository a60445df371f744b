package rule

import (
	"strings"
	"unicode/utf8"
)

// List is a word list that signals share.
type List struct {
	Name  string
	Terms []Term
	Path  string
}

const maxListTerms = 50_000

// parseList reads lists/NAME.txt; FORMAT.md has the form.
func parseList(name, path string, data []byte) (*List, Problems) {
	f := newFile(path, data)
	l := &List{Name: name, Path: path}
	langs := []string{AnyLang}
	var terms termParser
	for i, line := range f.lines {
		text := strings.TrimSpace(uncomment(line))
		col := utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeft(line, " \t")) + 1
		switch {
		case text == "":
			continue
		case text[0] == '[':
			langs = f.section(text, i+1, col, langs)
			continue
		}
		for _, lang := range langs {
			t, err := terms.parse(lang, text)
			if err != nil {
				f.report(i+1, col, "term %q: %v", text, err)
				break
			}
			t.at = spot{f.source, int32(i + 1), int32(col)}
			l.Terms = append(l.Terms, t)
		}
		if len(l.Terms) > maxListTerms {
			f.report(i+1, col, "more than %d terms", maxListTerms)
			break
		}
	}
	if len(l.Terms) == 0 && len(f.problems) == 0 {
		f.report(1, 1, "a list without terms")
	}
	return l, f.problems
}

// uncomment cuts a comment off: "#" at the start or after a space.
func uncomment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// section reads "[ro, en]".
func (f *file) section(text string, line, col int, before []string) []string {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, "["), "]")
	if !ok {
		f.report(line, col, "a line that starts with [ names languages, want [ro] or [ro, en]")
		return before
	}
	var langs []string
	for part := range strings.SplitSeq(inner, ",") {
		lang := strings.TrimSpace(part)
		if !validLang(lang) {
			f.report(line, col, "language %q, want a code such as ro, or *", lang)
			return before
		}
		langs = append(langs, lang)
	}
	return langs
}

// validLang reports whether s is "*" or looks like an ISO 639 code.
func validLang(s string) bool {
	if s == AnyLang {
		return true
	}
	if len(s) < 2 || len(s) > 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// listName is the name of the list kept in a file.
func listName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	return strings.TrimSuffix(base, ".txt")
}
