package web

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// changed is a stretch of a text that both versions have, or only one.
type changed struct {
	Op   string // "", "ins" or "del"
	Runs []run
	text string
}

// maxChanged is how much of either text is compared, in bytes.
const maxChanged = 16 << 10

// changes compares two texts word by word. It reports whether either was too
// long and only its beginning was compared.
func changes(before, after string) (out []changed, cut bool) {
	a, cutA := begin(before)
	b, cutB := begin(after)
	for _, op := range diffLines(wordLines(a), wordLines(b)) {
		text := strings.ReplaceAll(op.text, lineBreak, "\n")
		if k := len(out) - 1; k >= 0 && out[k].Op == op.op {
			out[k].text += text
			continue
		}
		out = append(out, changed{Op: op.op, text: text})
	}
	for i := range out {
		out[i].Runs = runs(out[i].text)
	}
	return out, cutA || cutB
}

func begin(s string) (string, bool) {
	if len(s) <= maxChanged {
		return s, false
	}
	return s[:wordEdge(s, maxChanged)], true
}

// lineBreak stands for a line break within a word's line. A text has no
// invalid UTF-8, so this cannot be part of one.
const lineBreak = "\xff"

// wordLines writes each word, and what stands between words, on a line of its
// own: lines are what the comparison knows.
func wordLines(s string) []string {
	var out []string
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\n", lineBreak)
	for len(s) > 0 {
		first, _ := utf8.DecodeRuneInString(s)
		word := isWord(first)
		end := strings.IndexFunc(s, func(r rune) bool { return isWord(r) != word })
		if end < 0 {
			end = len(s)
		}
		out = append(out, s[:end])
		s = s[end:]
	}
	return out
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// lineOp is a line that both sides have, or only one.
type lineOp struct{ op, text string }

// diffLines compares lines. Lines hold no line breaks.
func diffLines(a, b []string) []lineOp {
	var out []lineOp
	next := 0 // of a
	common := func(upTo int) {
		for ; next < min(upTo, len(a)); next++ {
			out = append(out, lineOp{"", a[next]})
		}
	}
	text := func(lines []string) []byte {
		if len(lines) == 0 {
			return nil
		}
		return []byte(strings.Join(lines, "\n") + "\n")
	}
	for line := range bytes.Lines(unifiedBody(diff.Diff("a", text(a), "b", text(b)))) {
		s := strings.TrimSuffix(string(line), "\n")
		switch {
		case strings.HasPrefix(s, "@@ -"):
			common(hunkStart(s))
		case strings.HasPrefix(s, "+"):
			out = append(out, lineOp{"ins", s[1:]})
		case strings.HasPrefix(s, "-"):
			out = append(out, lineOp{"del", s[1:]})
			next++
		case strings.HasPrefix(s, " "):
			out = append(out, lineOp{"", s[1:]})
			next++
		}
	}
	common(len(a))
	return out
}

// unifiedBody is a unified diff from its first hunk on.
func unifiedBody(d []byte) []byte {
	if i := bytes.Index(d, []byte("\n@@ ")); i >= 0 {
		return d[i+1:]
	}
	return nil
}

// hunkStart is how many lines of the first side stand before a hunk such as
// "@@ -12,3 +14,5 @@".
func hunkStart(s string) int {
	s = strings.TrimPrefix(s, "@@ -")
	n, i := 0, 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int(s[i]-'0')
	}
	if strings.HasPrefix(s[i:], ",0 ") {
		return n
	}
	return max(0, n-1)
}
