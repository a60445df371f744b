package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTerms(t *testing.T) {
	for _, row := range []struct {
		query string
		want  []term
	}{
		{"", nil},
		{"  cules  ferma ", []term{{Raw: "cules"}, {Raw: "ferma"}}},
		{"lang:ro", []term{{Raw: "lang:ro", Field: "lang", Value: "ro", Removes: true}}},
		{`-place:"Satu Mare"`, []term{{Raw: `-place:"Satu Mare"`, Field: "place", Value: "Satu Mare", Not: true, Removes: true}}},
		{`"a: b" x`, []term{{Raw: `"a: b"`}, {Raw: "x"}}},
		{"https://example.org", []term{{Raw: "https://example.org"}}},
		// What stands beside OR or within parentheses is left alone.
		{"lang:ro OR lang:en", []term{{Raw: "lang:ro", Field: "lang", Value: "ro"}, {Raw: "OR"}, {Raw: "lang:en", Field: "lang", Value: "en"}}},
		{"(a OR b) -c", []term{{Raw: "(a OR b)"}, {Raw: "-c", Not: true}}},
		{"lang:(ro OR en)", []term{{Raw: "lang:(ro OR en)"}}},
		{`"never closed lang:ro`, []term{{Raw: `"never closed lang:ro`}}},
	} {
		if diff := cmp.Diff(row.want, terms(row.query)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.query, diff)
		}
	}
}

func TestEditingAQuery(t *testing.T) {
	for _, row := range [][3]string{
		{"first", with("", "lang:ro"), "lang:ro"},
		{"narrower", with("cules", "lang:ro"), "cules lang:ro"},
		{"narrower than all of an OR", with("a OR b", "lang:ro"), "(a OR b) lang:ro"},
		{"out again", without("cules lang:ro -x", "lang:ro"), "cules -x"},
		{"plain value", filter("lang", "ro"), "lang:ro"},
		{"spaces", filter("place", "Satu Mare"), `place:"Satu Mare"`},
		{"number", filter("phone", "+40700000123"), `phone:"+40700000123"`},
		{"quotes", filter("author", `a" OR "b`), `author:"a  OR  b"`},
		{"a minus", filter("author", "-x"), `author:"-x"`},
		{"link", queryLink("place", "Iași & jur"), "/?q=place%3A%22Ia%C8%99i+%26+jur%22"},
		{"nothing", searchLink("", "", false, ""), "/"},
		{"all of it", searchLink("a b", "score", true, "x"), "/?after=x&all=1&q=a+b&sort=score"},
		{"post", postPath("a/b?c"), "/posts/a%2Fb%3Fc"},
		{"defanged", defang("https://ana@munca.example.org/x"), "hxxps://ana[@]munca[.]example[.]org/x"},
	} {
		if row[1] != row[2] {
			t.Errorf("%s: got %s, want %s", row[0], row[1], row[2])
		}
	}
}
