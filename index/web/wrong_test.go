package web

import (
	"regexp"
	"slices"
	"testing"

	"veghe/index"
)

// Every mistake in a query is said in both languages, with the same values.
func TestMistakesAreSaid(t *testing.T) {
	values := regexp.MustCompile(`\{\w+\}`)
	for lang, l := range locales(t) {
		for kind, english := range index.Mistakes() {
			text := l.texts["wrong."+kind]
			if text == "" || lang == "en" && text != english {
				t.Errorf("%s wrong.%s is %q, in English %q", lang, kind, text, english)
			}
			if got, want := sortedValues(values, text), sortedValues(values, english); !slices.Equal(got, want) {
				t.Errorf("%s wrong.%s has %v, want %v", lang, kind, got, want)
			}
		}
	}
}

func sortedValues(re *regexp.Regexp, s string) []string {
	found := re.FindAllString(s, -1)
	slices.Sort(found)
	return found
}

// What a person wrote is read by the names that the desk shows, in any of its
// languages.
func TestWhatWasMeant(t *testing.T) {
	d := &desk{locales: locales(t)}
	d.defaults()
	d.Rules = func() []RuleInfo { return []RuleInfo{{Indicator: "DOC-01"}, {Indicator: "GRM-SEC"}} }
	for _, row := range [][2]string{
		// Refused by the search.
		{"ferma severty:high", "ferma severity:high"},
		{"gravitate:high", "severity:high"},
		{"limba:ro", "lang:ro"},
		{"sev:high", "severity:high"},
		{"severity:ridicata", "severity:high"},
		{"severity:>=hihg munca", "severity:>=high munca"},
		{"category:ademenire", "category:grooming"},
		{"review:nerelevant", "review:not_relevant"},
		{"sadasdqwe:x", ""},
		{"review:xxxxxxxx", ""},
		{`ferma "abc`, ""},
		// Found nothing.
		{"ferma lang:romana", "ferma lang:ro"},
		{"-lang:engleza", "-lang:en"},
		{"indicator:doc-1", "indicator:DOC-01"},
		{"indicator:DOC-01", ""},
		{"lang:RO", ""},
	} {
		p := &resultsPage{Page: Page{Query: row[0]}}
		_, err := index.Parse(row[0])
		got := ""
		if qe, ok := err.(*index.QueryError); ok { //nolint:errorlint // Parse wraps nothing
			e := d.wrong(d.locales["ro"], p, qe)
			got = e.Meant
			if e.English {
				t.Errorf("%q: said in English: %s", row[0], e.Msg)
			}
		} else {
			got = d.meant(p)
		}
		if got != row[1] {
			t.Errorf("%q: got %q, want %q", row[0], got, row[1])
		}
	}
}
