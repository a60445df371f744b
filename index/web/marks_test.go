package web

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// show writes pieces as [class text] with the numbers that begin there.
func show(ps []piece) string {
	var b strings.Builder
	for _, p := range ps {
		text := ""
		for _, r := range p.Runs {
			if r.Code != "" {
				text += "<" + r.Code + ">"
			} else {
				text += r.Text
			}
		}
		if p.Class == "" {
			b.WriteString(text)
			continue
		}
		nums := ""
		for _, n := range p.Nums {
			nums += fmt.Sprintf("%d:", n)
		}
		fmt.Fprintf(&b, "[%s%s|%s]", nums, p.Class, text)
	}
	return b.String()
}

func TestPieces(t *testing.T) {
	r := func(start, end, num int) mark { return mark{Start: start, End: end, Class: "r", Num: num} }
	g := func(start, end, num int) mark { return mark{Start: start, End: end, Class: "g", Num: num} }
	q := func(start, end int) mark { return mark{Start: start, End: end, Class: "q"} }
	for _, row := range []struct {
		name, text string
		marks      []mark
		want       string
	}{
		{"none", "abcdef", nil, "abcdef"},
		{"one", "abcdef", []mark{r(1, 3, 1)}, "a[1:r|bc]def"},
		{"whole", "abc", []mark{r(0, 3, 1)}, "[1:r|abc]"},
		{"beside each other", "abcdef", []mark{r(0, 3, 1), g(3, 6, 2)}, "[1:r|abc][2:g|def]"},
		{"crossing", "abcdef", []mark{r(0, 4, 1), g(2, 6, 2)}, "[1:r|ab][2:r g|cd][g|ef]"},
		{"inside", "abcdef", []mark{g(2, 4, 2), r(0, 6, 1)}, "[1:r|ab][2:r g|cd][r|ef]"},
		{"the same", "abc", []mark{r(0, 3, 1), g(0, 3, 2)}, "[1:2:r g|abc]"},
		{"query over rule", "abcdef", []mark{r(1, 5, 1), q(2, 3)}, "a[1:r|b][r q|c][r|de]f"},
		{"two of one class", "abcdef", []mark{r(0, 4, 1), r(2, 6, 2)}, "[1:r|ab][2:r|cd][r|ef]"},
		{"out of bounds", "abc", []mark{r(-5, 1, 1), g(2, 99, 2), q(50, 60), q(2, 1)}, "[1:r|a]b[2:g|c]"},
		{"inside a letter", "aăb", []mark{r(2, 3, 1)}, "a[1:r|ă]b"},
		{"hidden characters", "pa\u200bșa\u202eport\u00ad", []mark{r(0, 8, 1)}, "[1:r|pa<ZWSP>șa]<RLO>port<SHY>"},
		{"control characters", "a\x00b\x1b[31m\nc\td", nil, "a<CTL>b<CTL>[31m\nc\td"},
		{"joiners where scripts need them", "👩\u200d👧 نمی\u200cخواهم a\u200db", nil, "👩\u200d👧 نمی\u200cخواهم a<ZWJ>b"},
		{"tags", "a\U000E0041b", nil, "a<TAG>b"},
	} {
		if got := show(pieces(row.text, row.marks)); got != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.name, got, row.want)
		}
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("pa\u200bșaport și acte", 0, 9, 4, 12)
	f.Add("", 0, 0, 0, 0)
	f.Add("\xff\xc8", 1, 2, -3, 1)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		ps := pieces(text, []mark{{Start: a, End: b, Class: "r", Num: 1}, {Start: c, End: d, Class: "g", Num: 2}})
		var whole strings.Builder
		for _, p := range ps {
			for _, r := range p.Runs {
				whole.WriteString(r.Text)
				if utf8.ValidString(text) && !utf8.ValidString(r.Text) {
					t.Errorf("a piece cuts a character: %q", r.Text)
				}
			}
		}
		if whole.String() != text {
			t.Errorf("pieces together are %q, want %q", whole.String(), text)
		}
	})
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("vorbe obișnuite ", 60)
	at := len(long)
	text := long + "pașaportul rămâne la noi " + long
	marks := []mark{{Start: at, End: at + len("pașaportul"), Class: "r", Num: 1}}

	part, moved, before, after := excerpt(text, marks, 260)
	if !before || !after || len(part) > 300 || !strings.Contains(part, "pașaportul rămâne") {
		t.Errorf("got %d bytes, cut %v %v, without the mark: %q", len(part), before, after, part)
	}
	if got := part[moved[0].Start:moved[0].End]; got != "pașaportul" {
		t.Errorf("the mark moved to %q", got)
	}
	if part, _, before, after = excerpt("scurt", nil, 260); part != "scurt" || before || after {
		t.Errorf("a short text was cut: %q %v %v", part, before, after)
	}
	if part, _, _, _ = excerpt(strings.Repeat("ă", 4000), nil, 260); !utf8.ValidString(part) || part == "" {
		t.Errorf("a text without spaces gives %q", part)
	}
}
