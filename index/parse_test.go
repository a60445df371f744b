package index_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/index"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		// Words stand together.
		{"", ""},
		{"  \t\n", ""},
		{"munca", "munca"},
		{"  munca   afara ", "munca afara"},
		{"munca AND afara", "munca afara"},
		{"or and not", "or and not"}, // only capitals mean something
		{"munca OR afara", "munca OR afara"},
		{"a b OR c d", "a b OR c d"},
		{"a (b OR c) d", "a (b OR c) d"},
		{"((a)) (b (c d))", "a b c d"},
		{"a OR (b OR c)", "a OR b OR c"},

		// Without.
		{"-a", "-a"},
		{"NOT a", "-a"},
		{"a NOT b", "a -b"},
		{"- a", "-a"},
		{"--a", "--a"},
		{"-(a b)", "-(a b)"},
		{"well-paid", "well-paid"},
		{`-"a b"`, `-"a b"`},
		{"-lang:ro", "-lang:ro"},

		// In order.
		{`"a b"`, `"a b"`},
		{`„a b”`, `"a b"`},
		{`«a b» c`, `"a b" c`},
		{`"a OR (b"`, `"a OR (b"`},
		{`a"b c"d`, `a "b c" d`},

		// Beginnings.
		{"mun*", "mun*"},
		{"sună? da!", "sună? da!"},

		// Fields.
		{"lang:ro", "lang:ro"},
		{"LANG:ro", "lang:ro"},
		{`place:"Sector 3"`, `place:"Sector 3"`},
		{"lang:(ro OR en)", "lang:ro OR lang:en"},
		{"-lang:(ro OR en) a", "-(lang:ro OR lang:en) a"},
		{`author:("ana maria" OR bob)`, `author:"ana maria" OR author:bob`},
		{"score:>0.8", "score:>0.8"},
		{"posted:2026-10-01..2026-10-31", "posted:2026-10-01..2026-10-31"},
		{"handle:telegram:ana", "handle:telegram:ana"},
		{"url:https://example.org/a?b=c", "url:https://example.org/a?b=c"},
		{"https://example.org/a", "https://example.org/a"},
		{"la 12:30", "la 12:30"},
		{"thread:-x", "thread:-x"},
		{"thread:OR", "thread:OR"},

		// Numbers that can be called, in pieces.
		{"0700 000 123", "0700-000-123"},
		{"+40 700 000 123 munca", "+40-700-000-123 munca"},
		{"10 20 30", "10 20 30"},
		{"(0700 000) (123)", "0700-000-123"},
		{"munca 0700 000 123 -456", "munca 0700-000-123 -456"},
		{"-0700 000 123", "-0700 000 123"}, // a minus is for one word
		{"0700", "0700"},
	} {
		e, err := index.Parse(c.query)
		if err != nil {
			t.Errorf("%q: %v", c.query, err)
			continue
		}
		got := ""
		if e != nil {
			got = e.String()
		}
		if got != c.want {
			t.Errorf("%q is read as %q, want %q", c.query, got, c.want)
		}
	}
}

// A bad query gets a message that points at the character.
func TestQueryErrors(t *testing.T) {
	for _, c := range []struct {
		query string
		pos   int
		says  string
	}{
		{`munca "nu spune`, 6, "never closed"},
		{"munca (a b", 6, "never closed"},
		{"munca a)", 7, "closes nothing"},
		{"()", 1, "missing before )"},
		{"a OR", 4, "missing at the end"},
		{"OR a", 0, "missing before OR"},
		{"a OR OR b", 5, "missing before OR"},
		{"a AND", 5, "missing at the end"},
		{"a -", 3, "missing at the end"},
		{"NOT", 3, "missing at the end"},
		{"munca *", 6, "at least 3 letters"},
		{"munca ab*", 6, "at least 3 letters"},
		{"țară *ca", 7, "only at the end"},
		{"mun*ca", 3, "only at the end"},
		{"mun**", 3, "only at the end"},
		{"bun!a*", 0, "at least 3 letters"},
		{"a !!!", 2, "no letter or digit"},
		{`a "!!"`, 2, "no word between"},
		{"nimic:x", 0, `no field "nimic"`},
		{"a lang:", 7, "wants a value"},
		{"a lang: ro", 7, "wants a value"},
		{`lang:""`, 5, "wants a value"},
		{"lang:(ro source:x)", 9, "within the parentheses"},
		{"a severity:hot", 11, "none of none, low, medium, high, critical"},
		{"severity:high..low", 9, "comes after"},
		{"category:common", 9, "none of recruitment, grooming"},
		{"review:maybe", 7, "none of relevant"},
		{"kind:x", 5, "none of ad, post"},
		{"flagged:perhaps", 8, "none of yes, no, any"},
		{"a score:>x", 8, "not a number from 0 to 1"},
		{"score:2", 6, "not a number from 0 to 1"},
		{"score:NaN", 6, "not a number from 0 to 1"},
		{"score:0.9..0.1", 6, "comes after"},
		{"score:..", 6, "no end at all"},
		{"score:>", 6, "wants a value after"},
		{"a posted:yesterday", 9, "not a day such as"},
		{"posted:2026-13-01", 7, "not a day such as"},
		{"posted:2026-10-31..2026-10-01", 7, "comes after"},
		{"phone:abc", 6, "6 to 15 digits"},
		{"phone:12", 6, "6 to 15 digits"},
		{"author:a*", 7, "at least 3 letters"},
		{"author:*na", 7, "only at the end"},
		{"id:abcd*", 3, "at least 3 letters"},
		{"a\xffb", 1, "UTF-8"},
		{strings.Repeat("a", 2001), 2000, "longer than 2000 bytes"},
		{strings.Repeat("a ", 65), 128, "more than 64 words"},
		{strings.Repeat("x", 501), 0, "longer than 500 bytes"},
		{strings.Repeat("(", 9) + "a", 8, "more than 8 levels"},
		{strings.Repeat("-", 9) + "a", 8, "more than 8 levels"},
		{"a" + strings.Repeat(" (-(a", 5) + strings.Repeat("))", 5), 14, "more than 8 levels"},
	} {
		_, err := index.Parse(c.query)
		var q *index.QueryError
		if !errors.As(err, &q) {
			t.Errorf("%.40q: got %v, want a QueryError", c.query, err)
			continue
		}
		if q.Pos != c.pos || !strings.Contains(q.Msg, c.says) || q.Query != c.query {
			t.Errorf("%.40q: %q at %d, want %q at %d", c.query, q.Msg, q.Pos, c.says, c.pos)
		}
	}
}

// Any query is refused with a place within it, or printed as a query that
// means the same.
func FuzzParse(f *testing.F) {
	for _, q := range []string{
		"", "munca -afara", `"a b" OR c`, "lang:(ro OR en) -(a b)", "score:>0.8 posted:2026-10..", "mun* 0700 000 123",
		"severity:>=high phone:+40700000123", "„a” «b» (c) --d", "a\x00b\u200bc", "ſtraße: İ", "(0 0000000)(0)", "-(0700) 000 123", "thread:-x url:https://e.org",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		e, err := index.Parse(query)
		if err != nil {
			var q *index.QueryError
			if !errors.As(err, &q) || q.Pos < 0 || q.Pos > len(query) || q.Msg == "" {
				t.Fatalf("%q: %#v", query, err)
			}
			return
		}
		if e == nil {
			return
		}
		printed := e.String()
		if len(printed) > index.MaxQuery { // names repeated for a group
			return
		}
		again, err := index.Parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q, which is refused: %v", query, printed, err)
		}
		if diff := cmp.Diff(e, again, cmp.FilterPath(isPos, cmp.Ignore())); diff != "" {
			t.Fatalf("%q prints as %q, which means something else:\n%s", query, printed, diff)
		}
	})
}

func isPos(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && f.Name() == "Pos" && f.Type() == reflect.TypeFor[int]()
}

// A misspelt name comes with the query that was probably meant.
func TestMeant(t *testing.T) {
	for _, c := range [][2]string{
		{"a lnag:ro b", "a lang:ro b"},
		{"Severty:high", "severity:high"},
		{"severity:(low OR hihg)", "severity:(low OR high)"},
		{"review:relevnt", "review:relevant"},
		{"category:recr", "category:recruitment"},
		{`kind:"pots"`, `kind:"post"`},
		{"nimic:x", ""},
		{"posted:yesterday", ""},
		{"a )", ""},
	} {
		_, err := index.Parse(c[0])
		var q *index.QueryError
		if !errors.As(err, &q) {
			t.Errorf("%q: got %v, want a QueryError", c[0], err)
			continue
		}
		if got := q.Meant(nil); got != c[1] || got != "" && !strings.HasSuffix(q.Error(), "did you mean "+got+"?") {
			t.Errorf("%q: meant %q, want %q (%v)", c[0], got, c[1], q)
		}
	}
}
