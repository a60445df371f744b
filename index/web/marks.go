package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is a stretch of a text to be shown as found: by a rule, or by the
// words of the query.
type mark struct {
	Start, End int
	Class      string // recruitment | grooming | common | query
	Num        int    // of its finding, from 1; 0 has none
	Why        string
}

// piece is a stretch of text with the same marks throughout. Where marks
// overlap there is a piece for each combination, so that pieces never nest.
type piece struct {
	Runs  []run
	Class string // of the marks, separated by spaces; empty outside marks
	Why   string
	Nums  []int // findings that begin here, the first of them
}

// run is text as written, or one character that cannot be seen (or that turns
// the direction of the text) under its name.
type run struct {
	Text string
	Name string // "U+200B zero width space"
	Code string // "ZWSP", shown in its place
}

// maxNums is how many numbers of findings stand before a word: more hide it.
const maxNums = 3

// pieces cuts text at the edges of marks. Marks that lie outside of the text
// are left out, and edges inside of a character are moved to its edge: spans
// may come from elsewhere and never break a page. The pieces together are
// the text.
func pieces(text string, marks []mark) []piece {
	marks = fit(text, marks)
	edges := []int{0, len(text)}
	for _, m := range marks {
		edges = append(edges, m.Start, m.End)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)

	var out []piece
	var open []mark // in force at the current edge
	next := 0
	for i := 0; i+1 < len(edges); i++ {
		from, to := edges[i], edges[i+1]
		open = slices.DeleteFunc(open, func(m mark) bool { return m.End <= from })
		for next < len(marks) && marks[next].Start <= from {
			open = append(open, marks[next])
			next++
		}
		out = append(out, newPiece(text[from:to], from, open))
	}
	return out
}

func newPiece(text string, at int, marks []mark) piece {
	p := piece{Runs: runs(text)}
	var classes, why []string
	for _, m := range marks {
		if !slices.Contains(classes, m.Class) {
			classes = append(classes, m.Class)
		}
		if m.Why != "" && !slices.Contains(why, m.Why) {
			why = append(why, m.Why)
		}
		if m.Start == at && m.Num > 0 && len(p.Nums) < maxNums && !slices.Contains(p.Nums, m.Num) {
			p.Nums = append(p.Nums, m.Num)
		}
	}
	p.Class, p.Why = strings.Join(classes, " "), strings.Join(why, " · ")
	return p
}

// fit returns the usable marks in order of their start.
func fit(text string, marks []mark) []mark {
	var out []mark
	for _, m := range marks {
		m.Start, m.End = max(0, m.Start), min(m.End, len(text))
		if m.Start >= m.End {
			continue
		}
		for m.Start > 0 && !utf8.RuneStart(text[m.Start]) {
			m.Start--
		}
		for m.End < len(text) && !utf8.RuneStart(text[m.End]) {
			m.End++
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	return out
}

// excerpt returns the part of text, of about n bytes, that shows the most
// telling mark, with the marks moved to it, and whether text was left out
// before and after.
func excerpt(text string, marks []mark, n int) (part string, moved []mark, before, after bool) {
	if len(text) <= n+n/4 {
		return text, marks, false, false
	}
	start := 0
	if ms := fit(text, marks); len(ms) > 0 && ms[0].Start > n/3 {
		start = wordEdge(text, ms[0].Start-n/4)
	}
	end := wordEdge(text, min(len(text), start+n))
	if end <= start {
		end = len(text)
	}
	for _, m := range marks {
		m.Start, m.End = m.Start-start, min(m.End, end)-start
		moved = append(moved, m)
	}
	return text[start:end], moved, start > 0, end < len(text)
}

// wordEdge is the first place at or a little before i where a word begins.
func wordEdge(text string, i int) int {
	if i <= 0 || i >= len(text) {
		return max(0, min(i, len(text)))
	}
	if j := strings.LastIndexAny(text[max(0, i-40):i], " \n\t"); j >= 0 {
		return max(0, i-40) + j + 1
	}
	for i > 0 && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// runs takes the characters that cannot be seen out of a text.
func runs(s string) []run {
	var out []run
	from, prev := 0, rune(0)
	for i, c := range s {
		if code, name := invisible(c, prev); code != "" {
			if i > from {
				out = append(out, run{Text: s[from:i]})
			}
			_, n := utf8.DecodeRuneInString(s[i:])
			out = append(out, run{Text: s[i : i+n], Name: name, Code: code})
			from = i + n
		}
		prev = c
	}
	if from < len(s) {
		out = append(out, run{Text: s[from:]})
	}
	return out
}

// unseen are characters that hide or turn text around: zero-width and
// direction controls (Unicode TR 36, 2.5.2, TR 9).
var unseen = map[rune][2]string{
	0x00AD: {"SHY", "soft hyphen"},
	0x034F: {"CGJ", "combining grapheme joiner"},
	0x061C: {"ALM", "Arabic letter mark"},
	0x115F: {"HCF", "Hangul choseong filler"},
	0x1160: {"HJF", "Hangul jungseong filler"},
	0x180E: {"MVS", "Mongolian vowel separator"},
	0x200B: {"ZWSP", "zero width space"},
	0x200C: {"ZWNJ", "zero width non-joiner"},
	0x200D: {"ZWJ", "zero width joiner"},
	0x200E: {"LRM", "left-to-right mark"},
	0x200F: {"RLM", "right-to-left mark"},
	0x2028: {"LS", "line separator"},
	0x2029: {"PS", "paragraph separator"},
	0x202A: {"LRE", "left-to-right embedding"},
	0x202B: {"RLE", "right-to-left embedding"},
	0x202C: {"PDF", "pop directional formatting"},
	0x202D: {"LRO", "left-to-right override"},
	0x202E: {"RLO", "right-to-left override"},
	0x2060: {"WJ", "word joiner"},
	0x2066: {"LRI", "left-to-right isolate"},
	0x2067: {"RLI", "right-to-left isolate"},
	0x2068: {"FSI", "first strong isolate"},
	0x2069: {"PDI", "pop directional isolate"},
	0x3164: {"HF", "Hangul filler"},
	0xFEFF: {"BOM", "zero width no-break space"},
	0xFFA0: {"HHF", "halfwidth Hangul filler"},
	0xFFFD: {"?", "replacement character"},
}

// invisible names a character that needs showing, after prev. The joiners are
// left alone where scripts and emoji need them.
func invisible(c, prev rune) (code, name string) {
	switch {
	case (c == 0x200C || c == 0x200D) && needsJoiner(prev):
		return "", ""
	case c < ' ' && c != '\n' && c != '\t' && c != '\r', c >= 0x7F && c < 0xA0:
		return "CTL", uplus(c) + " control character"
	case c >= 0xE0000 && c <= 0xE007F:
		return "TAG", uplus(c) + " tag character"
	}
	if u, ok := unseen[c]; ok {
		return u[0], uplus(c) + " " + u[1]
	}
	return "", ""
}

func needsJoiner(prev rune) bool {
	return prev >= 0x0600 && !unicode.In(prev, unicode.Latin, unicode.Cyrillic, unicode.Greek) &&
		!unicode.In(prev, unicode.Cf, unicode.White_Space)
}

func uplus(c rune) string {
	const hex = "0123456789ABCDEF"
	s := ""
	for c > 0 || len(s) < 4 {
		s = string(hex[c&15]) + s
		c >>= 4
	}
	return "U+" + s
}
