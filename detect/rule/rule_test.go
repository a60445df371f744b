package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/text"
	"veghe/rules"
)

func TestParseCond(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"a", "a"},
		{"a and b or not c", "a and b or not c"},
		{"(a or b) and not (c and d)", "(a or b) and not (c and d)"},
		{"near(a,b,3)", "near(a, b, 3)"},
		{"ordered( a , b , 0 )", "ordered(a, b, 0)"},
		{"count(a)>=2", "count(a) >= 2"},
		{"2 of (a, b, c)", "2 of (a, b, c)"},
	} {
		c, err := ParseCond(tc.in)
		if err != nil {
			t.Errorf("%s: %v", tc.in, err)
			continue
		}
		if diff := cmp.Diff(tc.want, c.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.in, diff)
		}
	}
}

func TestCondErrors(t *testing.T) {
	for _, in := range []string{
		"", "a and", "a b", "near(a, b)", "near(a, b, 99)", "near(a, b, -1)", "count(a)", "count(a) >= x", "3 of (a, b)", "(a", "a)", "not", "a && b", "a*",
		strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100), strings.Repeat("a and ", 1000) + "a",
	} {
		_, err := ParseCond(in)
		var ce *CondError
		if !errors.As(err, &ce) || ce.Pos < 0 || ce.Pos > len(in) {
			t.Errorf("%.40q: %v, want an error with a place", in, err)
		}
	}
}

// policies is enough policy for rules to have weights.
const policies = `policy: p
category: recruitment
unit: post
weights: {strong: 2.3, medium: 1.1, weak: 0.4, negative: -1.0}
prior: -4
family_cap: 3
gate: [{strong: 1}]
severity: [{severity: low, score: 0}]
label: look
`

// oneRule is a rule with these signals and condition.
func oneRule(signals, condition string) string {
	return fmt.Sprintf("indicator: TST-01\ntitle: t\ncategory: recruitment\nfamily: f\nstrength: strong\nstatus: stable\nwhy: w\nsignals:\n%s\ncondition: %s\n", signals, condition)
}

func load(t testing.TB, files map[string]string) (*Pack, error) {
	t.Helper()
	fsys := fstest.MapFS{"policy.yaml": {Data: []byte(policies)}}
	for name, s := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(s)}
	}
	return Load(fsys)
}

func compile(t testing.TB, files map[string]string) *Set {
	t.Helper()
	pack, err := load(t, files)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Each row is a form of signal or condition, with a text it finds and what of
// it, or a text it must not find.
func TestMatch(t *testing.T) {
	lists := map[string]string{"lists/apps.txt": "# apps\nwhatsapp\n[ro]\npe privat\n"}
	for _, tc := range []struct {
		name, signals, condition, text string
		want                           []string
	}{
		{"a word", "  a: {ro: [pasaport]}", "a", "Am un PAȘAPORT nou", []string{"PAȘAPORT"}},
		{"is that word only", "  a: {ro: [pasaport]}", "a", "pasaportul", nil},
		{"a beginning", "  a: {ro: [pasaport*]}", "a", "pașaportului", []string{"pașaportului"}},
		{"one letter", "  a: {en: ['colo?r']}", "a", "colour", []string{"colour"}},
		{"a phrase", "  a: {ro: [carte de identitate]}", "a", "cartea: carte,\nde identitate", []string{"carte,\nde identitate"}},
		{"a beginning within a phrase", "  a: {ro: ['cart* de ident*']}", "a", "cărțile de identitate", []string{"cărțile de identitate"}},
		{"hidden spellings are found", "  a: {ro: [pasaport]}", "a", "lasa p4s4port la noi", []string{"p4s4port"}},
		{"or asked for", "  a: {ro: [pasaport], evasive: only}", "a", "lasa pasaport la noi", nil},
		{"a list", "  a: {list: apps}", "a", "scrie pe privat", []string{"pe privat"}},
		{"near, either order", "  a: {ro: [pasaport]}\n  b: {ro: [tinem]}", "near(a, b, 2)", "tinem noi acest pasaport", []string{"tinem", "pasaport"}},
		{"too far", "  a: {ro: [pasaport]}\n  b: {ro: [tinem]}", "near(a, b, 2)", "tinem minte ca ai un pasaport", nil},
		{"in this order", "  a: {ro: [pasaport]}\n  b: {ro: [tinem]}", "ordered(a, b, 2)", "tinem pasaport", nil},
		{"and not", "  a: {ro: [pasaport]}\n  b: {ro: [copie]}", "a and not b", "copie pasaport", nil},
		{"count", "  a: {ro: [fete]}", "count(a) >= 2", "fete, numai fete", []string{"fete", "fete"}},
		{"count too few", "  a: {ro: [fete]}", "count(a) >= 2", "fete", nil},
		{"two of three", "  a: {ro: [unu]}\n  b: {ro: [doi]}\n  c: {ro: [trei]}", "2 of (a, b, c)", "unu si trei", []string{"unu", "trei"}},
		{"a regular expression on folded text", "  a: {regexp: 'plecare (azi|maine)'}", "a", "Plecare MÂINE", []string{"Plecare MÂINE"}},
		{"any language", "  a: [whatsapp]", "a", "whatsapp", []string{"whatsapp"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string]string{"recruitment/a.yaml": oneRule(tc.signals, tc.condition)}
			for k, v := range lists {
				if strings.Contains(tc.signals, "list:") {
					files[k] = v
				}
			}
			m := compile(t, files).Matcher()
			var got []string
			for _, f := range m.Match(&Input{Post: &veghe.Post{Text: tc.text}}) {
				for _, s := range f.Spans {
					if tc.text[s.Start:s.End] != s.Text {
						t.Errorf("span %d–%d says %q, there stands %q", s.Start, s.End, s.Text, tc.text[s.Start:s.End])
					}
					got = append(got, s.Text)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A term runs only where its language may be spoken, and never in quotations.
func TestWhere(t *testing.T) {
	set := compile(t, map[string]string{"a.yaml": oneRule("  a: {ro: [pasaport], en: [passport]}", "a")})
	post := &veghe.Post{Text: "pasaport passport"}
	for _, tc := range []struct {
		name string
		in   Input
		want int
	}{
		{"anywhere", Input{Post: post}, 2},
		{"Romanian only", Input{Post: post, Langs: []Segment{{0, 17, []string{"ro"}}}}, 1},
		{"another language", Input{Post: post, Langs: []Segment{{0, 17, []string{"hu"}}}}, 0},
		{"quoted", Input{Post: post, Quoted: []text.Range{{Start: 0, End: 9}}}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := 0
			for _, f := range set.Matcher().Match(&tc.in) {
				got += len(f.Spans)
			}
			if got != tc.want {
				t.Errorf("%d places, want %d", got, tc.want)
			}
		})
	}
}

// An exception holds where it says, until it expires.
func TestException(t *testing.T) {
	set := compile(t, map[string]string{"a.yaml": oneRule("  a: {ro: [pasaport]}", "a") + `---
exception: licensed
indicators: [TST-01]
signals:
  licence: {ro: [licenta]}
condition: licence
reason: r
owner: o
expires: 2027-01-01
`})
	before, after := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		text string
		now  time.Time
		want int
	}{{"pasaport", before, 1}, {"pasaport licenta", before, 0}, {"pasaport licenta", after, 1}} {
		if got := len(set.Matcher().Match(&Input{Post: &veghe.Post{Text: tc.text}, Now: tc.now})); got != tc.want {
			t.Errorf("%q at %v: %d findings, want %d", tc.text, tc.now, got, tc.want)
		}
	}
}

// Every mistake is named with its place, and one file does not hide another.
func TestLoadErrors(t *testing.T) {
	good := oneRule("  a: {ro: [pasaport]}", "a")
	for _, tc := range []struct{ name, file, want string }{
		{"unknown key", strings.Replace(good, "family:", "famly:", 1), "a.yaml:4:1: "},
		{"unknown signal", oneRule("  a: {ro: [pasaport]}", "a and b"), "a.yaml:10:"},
		{"unknown list", oneRule("  a: {list: nowhere}", "a"), "nowhere"},
		{"a term that can never match", oneRule("  a: {ro: ['...']}", "a"), "a.yaml:9:"},
		{"a bad regexp", oneRule("  a: {regexp: 'abc('}", "a"), "a.yaml:9:"},
		{"a regexp without a fixed word", oneRule("  a: {regexp: '[0-9]+'}", "a"), "allow_scan"},
		{"near is too wide", oneRule("  a: {ro: [unu]}\n  b: {ro: [doi]}", "near(a, b, 1000)"), "a.yaml:11:"},
		{"twice the same id", good + "---\n" + good, "TST-01"},
		{"a condition that nothing makes true", oneRule("  a: {ro: [unu]}", "not a"), "a.yaml:10:"},
		{"not YAML", "indicator: [", "a.yaml:"},
		{"no document", "title: x\n", "a.yaml:1:"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, map[string]string{"a.yaml": tc.file, "z.yaml": "indicator: BAD-01\nbad: key\n"})
			if _, ok := errors.AsType[Problems](err); !ok {
				t.Fatalf("error %v, want problems", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("problems:\n%v\nwant one with %q", err, tc.want)
			}
			if !strings.Contains(err.Error(), "z.yaml:2:1: ") {
				t.Errorf("the mistake in the other file is hidden:\n%v", err)
			}
			if !strings.Contains(err.Error(), "^") {
				t.Errorf("no caret:\n%v", err)
			}
		})
	}
}

// The same rules have the same version, other rules another.
func TestVersion(t *testing.T) {
	v := func(term string) string {
		return compile(t, map[string]string{"a.yaml": oneRule("  a: {ro: ["+term+"]}", "a")}).Version()
	}
	first, again, other := v("unu"), v("unu"), v("doi")
	if first != again || first == other {
		t.Errorf("versions %s and %s of the same rule, %s of another", first, again, other)
	}
}

func shippedSet(t testing.TB) *Set {
	t.Helper()
	pack, err := Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	if ps := Check(pack); len(ps) > 0 {
		t.Errorf("shipped rules:\n%v", ps)
	}
	set, err := Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestShippedRules(t *testing.T) {
	res := Test(shippedSet(t), nil)
	if res.Total() < 200 {
		t.Errorf("%d examples, want 200 or more", res.Total())
	}
}

func FuzzCond(f *testing.F) {
	for _, s := range []string{"a", "near(a, b, 3) and not (c or 2 of (a, b))", "count(a) >= 2", "((("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCond(s)
		if err != nil {
			return
		}
		again, err := ParseCond(c.String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q prints as %q, which reads as %v, %v", s, c.String(), again, err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(oneRule("  a: {ro: [pasaport*]}", "a")))
	f.Add([]byte(policies))
	f.Add([]byte("a: &a [*a]\n---\n? {"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		pack, err := LoadFile("fuzz.yaml", b)
		if err != nil {
			return
		}
		set, err := Compile(pack)
		if err != nil {
			return
		}
		set.Matcher().Match(&Input{Post: &veghe.Post{Text: "pasaport"}})
	})
}

// A rule that waits for another is decided before those that come after it,
// though it becomes a candidate last.
func TestWaiting(t *testing.T) {
	rule := func(id, signals, condition string) string {
		return strings.Replace(oneRule(signals, condition), "TST-01", id, 1) + "---\n"
	}
	set := compile(t, map[string]string{"a.yaml": rule("TST-01", "  a: [unu]", "a") +
		rule("TST-02", "  first: {indicator: TST-01}", "first") +
		rule("TST-03", "  a: [unu]\n  second: {indicator: TST-02}", "a and (second or a)") +
		rule("TST-04", "  third: {indicator: TST-03}", "third")})
	var got []veghe.RuleID
	for _, f := range set.Matcher().Match(&Input{Post: &veghe.Post{Text: "unu"}}) {
		got = append(got, f.Rule)
	}
	if diff := cmp.Diff([]veghe.RuleID{"TST-01", "TST-02", "TST-03", "TST-04"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
