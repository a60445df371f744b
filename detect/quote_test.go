package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuoted(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     []string
	}{
		{"own words", "nu spune nimanui", nil},
		{"a line that begins with >", "> hai pe privat\nNu raspunde.", []string{"> hai pe privat\n"}},
		{"the last line", "Ai scris:\n  > hai pe privat", []string{"  > hai pe privat"}},
		{"an arrow is no quote", "Cluj -> Berlin", nil},
		{"a block", "[quote=ana]hai[/quote] ce zici?", []string{"[quote=ana]hai[/quote]"}},
		{"blocks within blocks", "[QUOTE]a[quote]b[/quote]c[/QUOTE] d", []string{"[QUOTE]a[quote]b[/quote]c[/QUOTE]"}},
		{"a block never closed", "x [quote]hai", []string{"[quote]hai"}},
		{"a closing tag alone", "x [/quote] hai", nil},
		{"a cited sentence", "Daca cineva iti scrie „sa nu le spui alor tai” cere ajutorul unui adult.", []string{"„sa nu le spui alor tai”"}},
		{"English marks", "If someone says \"do not tell your parents\", ask an adult you trust for help.", []string{"\"do not tell your parents\""}},
		{"a name in quotes", "Restaurantul „La Mama” cauta personal cu experienta.", nil},
		{"marks around the whole text dress it up", "\"munca in strainatate, plata saptamanal\"", nil},
		{"marks never closed", "\"munca in strainatate", nil},
		{"any bytes", "\xff[quote\xfe", []string{"[quote\xfe"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, e := range quoted(tc.in) {
				got = append(got, tc.in[e.Start:e.End])
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzQuoted(f *testing.F) {
	f.Add("> a\n[quote]b \"c d e\" [/quote] „x y z”")
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, e := range quoted(s) {
			if e.Start < last || e.End <= e.Start || e.End > len(s) {
				t.Fatalf("extent %v after %d in %d bytes", e, last, len(s))
			}
			last = e.End
		}
	})
}
