package rule

import (
	"fmt"
	"strings"
	"testing"

	"veghe"
	"veghe/detect/text"
)

// Nothing that an analyst may write grows without bound: each row is over one
// limit, and the error says what is wanted.
func TestLimits(t *testing.T) {
	many := func(n int, form string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	near := "  a: {ro: [unu]}\n  b: {ro: [doi]}"
	for _, tc := range []struct{ name, path, file, want string }{
		{"terms of a signal", "a.yaml", oneRule("  a: {ro: ["+many(5_001, "cuvant%d, ")+"]}", "a"), "want at most 5000"},
		{"words of a term", "a.yaml", oneRule("  a: {ro: ["+strings.Repeat("unu ", 13)+"]}", "a"), "want at most 12"},
		{"letters of a word", "a.yaml", oneRule("  a: {ro: ["+strings.Repeat("u", 101)+"]}", "a"), "want at most 100"},
		{"letters before a *", "a.yaml", oneRule("  a: {ro: ['un*']}", "a"), "want at least 3"},
		{"letters besides ?", "a.yaml", oneRule("  a: {ro: ['u???']}", "a"), "want at least 2"},
		{"signals of a rule", "a.yaml", oneRule(many(33, "  s%d: [unu]\n"), "s0"), "want at most 32"},
		{"a long condition", "a.yaml", oneRule(near, strings.Repeat("a and ", 400)+"b"), "want at most 2000"},
		{"a deep condition", "a.yaml", oneRule(near, strings.Repeat("(", 40)+"a and b"+strings.Repeat(")", 40)), "at most 30 levels"},
		{"a deep not", "a.yaml", oneRule(near, "b and "+strings.Repeat("not ", 40)+"a"), "at most 30 levels"},
		{"words between", "a.yaml", oneRule(near, "near(a, b, 51)"), "want 0 to 50"},
		{"times", "a.yaml", oneRule("  a: [unu]", "count(a) > 1001"), "want 0 to 1000"},
		{"a long regexp", "a.yaml", oneRule("  a: {regexp: '"+strings.Repeat("unu", 200)+"'}", "a"), "want at most 500"},
		{"repeats of a regexp", "a.yaml", oneRule("  a: {regexp: 'unu.{0,101}'}", "a"), "want at most 100"},
		{"repeats of repeats", "a.yaml", oneRule("  a: {regexp: 'unu(([a-z]{1,50}){1,50}){1,50}'}", "a"), "a.yaml:9:"},
		{"terms of a list", "lists/l.txt", many(50_001, "c%d\n"), "more than 50000"},
		{"a large list", "lists/l.txt", strings.Repeat("# comment\n", 120_000), "larger than 1024 KB"},
		{"a large file", "a.yaml", strings.Repeat("# comment\n", 60_000), "larger than 512 KB"},
		{"levels of nesting", "a.yaml", oneRule("  a: "+strings.Repeat("[", 21)+"unu"+strings.Repeat("]", 21), "a"), "nested too deeply"},
		{"a line of brackets", "a.yaml", oneRule("  a: {ro: "+strings.Repeat("[", 100_000)+"}", "a"), "nested too deeply"},
		{"weight", "a.yaml", oneRule("  a: [unu]", "a") + "weight: 21\n", "between -20 and 20"},
		{"examples", "a.yaml", oneRule("  a: [unu]", "a") + "examples:\n" + many(201, "  - {lang: ro, match: true, text: unu %d}\n"), "want at most 200"},
		{"text of an example", "a.yaml", oneRule("  a: [unu]", "a") + "examples:\n  - {lang: ro, match: true, text: " + strings.Repeat("unu ", 2_049) + "}\n", "want at most 8192"},
		{"documents of a file", "a.yaml", strings.Repeat("x: y\n---\n", 2_001), "at most 2000 in a file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, map[string]string{tc.path: tc.file})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %.300v, want one that says %q", err, tc.want)
			}
		})
	}
}

// What is read has limits over all files.
func TestLoadLimits(t *testing.T) {
	files := map[string]string{}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("%d.yaml", i)] = ""
	}
	if _, err := load(t, files); err == nil || !strings.Contains(err.Error(), "more than 5000 files") {
		t.Errorf("too many files: error %.300v", err)
	}
	full := func() *loader { return &loader{pack: &Pack{policyAt: map[string]Position{}}, docs: maxDocs} }
	within := full()
	within.parse("a.yaml", []byte(oneRule("  a: [unu]", "a")))
	over := full()
	over.enter(&loader{pack: &Pack{}, docs: 1}, "a.yaml")
	for _, l := range []*loader{within, over} {
		if err := l.problems.Err(); err == nil || !strings.Contains(err.Error(), "20000 in all") || len(l.pack.Rules) > 0 {
			t.Errorf("too many documents: error %.300v, %d rules", err, len(l.pack.Rules))
		}
	}
}

// Languages are bits of one word.
func TestLanguageLimit(t *testing.T) {
	var b strings.Builder
	for i := range maxLangs + 1 {
		fmt.Fprintf(&b, "    %c%c: [unu]\n", 'a'+i/26, 'a'+i%26)
	}
	pack, err := load(t, map[string]string{"a.yaml": oneRule("  a:\n"+strings.TrimRight(b.String(), "\n"), "a")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(pack); err == nil || !strings.Contains(err.Error(), "more than 63 languages") {
		t.Errorf("error %v, want one about languages", err)
	}
}

// A pack has limits of its own, for many signals may name one large list.
func TestPackLimits(t *testing.T) {
	terms, patterns := make([]Term, 50_000), make([]Pattern, 1_000)
	pack := func(n int, s Signal) *Pack {
		var signals []*Signal
		for range n {
			signals = append(signals, &s)
		}
		return &Pack{Rules: []*Rule{syntheticRule(t, 0, "a", signals...)}}
	}
	for _, tc := range []struct {
		pack *Pack
		want string
	}{
		{pack(21, Signal{Name: "a", Terms: terms}), "want at most 1000000"},
		{pack(6, Signal{Name: "a", Kind: Regexp, Patterns: patterns}), "want at most 5000"},
	} {
		if _, err := Compile(tc.pack); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want one that says %q", err, tc.want)
		}
	}
}

// hostile are posts made to take long or to fill the memory.
func hostile() map[string]string {
	return map[string]string{
		"one word of 10 MB":          strings.Repeat("pasaport", 10<<20/8),
		"a million marks":            "pasaport" + strings.Repeat("\u0301", 1_000_000) + " pasaport",
		"100,000 times one term":     strings.Repeat("pasaport ", 100_000),
		"the same, disguised":        strings.Repeat("p4s4port ", 50_000),
		"every reading of each word": strings.Repeat("fa1a ", 50_000),
		"a million symbols":          strings.Repeat("🔒", 1_000_000),
		"spelled out":                strings.Repeat("p.a.s.a.p.o.r.t ", 20_000),
		"bytes that are no text":     strings.Repeat("\xff\xc0pasaport\x80", 50_000),
	}
}

// Whatever a post is made of, what the matcher keeps of it and tries for it is
// bounded, and a giant post leaves no large buffers behind.
func TestHostilePosts(t *testing.T) {
	deep := strings.TrimSpace(strings.Repeat("fa?a ", 12))
	set := compile(t, map[string]string{"a.yaml": oneRule(
		"  a: ['pasaport*', pasaport, '🔒']\n  b: ['"+deep+"']\n  c: [fa1a, pas*]\n  d: {regexp: 'pasaport.*fata'}", "near(a, c, 50) or count(a) >= 1000 or b or near(a, b, 3) or d")})
	m := set.Matcher()
	for name, s := range hostile() {
		t.Run(name, func(t *testing.T) {
			findings := m.Match(&Input{Post: &veghe.Post{Text: s}})
			if len(findings) > 1 || len(findings) == 1 && len(findings[0].Spans) > maxSpans {
				t.Errorf("%d findings, %v", len(findings), findings[0].Spans)
			}
			words := len(m.docs[inText].Tokens) + len(m.docs[inText].Extra)
			if most := min(4*words, longText+16*manyFinds); len(m.finds) > most {
				t.Errorf("%d finds kept of %d words, want at most %d", len(m.finds), words, most)
			}
			for i := range m.set.signals {
				if n := len(m.places(int32(i))); n > maxHits {
					t.Errorf("%d places of %s", n, m.set.signals[i].Name)
				}
			}
			m.Match(&Input{Post: &veghe.Post{Text: "pasaport"}})
			if n := cap(m.finds) + cap(m.hits) + cap(m.buf) + cap(m.paths); n > 4*keepFinds {
				t.Errorf("room for %d finds and hits is kept", n)
			}
		})
	}
}

// A term found more often than is kept counts as often as is kept.
func TestManyPlaces(t *testing.T) {
	set := compile(t, map[string]string{"a.yaml": oneRule("  a: [unu]\n  b: [doi]", "count(a) >= 1000 and near(a, b, 1)")})
	for _, tc := range []struct {
		n    int
		text string
		want int
	}{
		{999, "unu ", 0},
		{1_000, "unu ", 0},
		{500, "unu doi ", 0},
		{1_000, "unu doi ", 1},
		{30_000, "unu doi ", 1},
	} {
		if got := len(set.Matcher().Match(&Input{Post: &veghe.Post{Text: strings.Repeat(tc.text, tc.n)}})); got != tc.want {
			t.Errorf("%d times %q: %d findings, want %d", tc.n, tc.text, got, tc.want)
		}
	}
}

// An ordinary post in which nothing is found costs no memory.
func TestNoAllocations(t *testing.T) {
	l := newLanguage(1)
	set := mustCompile(t, synthetic(t, l, 1_000, 200))
	m := set.Matcher()
	var quiet []Input
	for _, p := range l.posts(300) {
		var d, none text.Doc
		d.Fold(p.Text)
		if in := (Input{Post: &p, Text: &d, Title: &none}); len(m.Match(&in)) == 0 {
			quiet = append(quiet, in)
		}
	}
	if n := testing.AllocsPerRun(5, func() {
		for i := range quiet {
			m.Match(&quiet[i])
		}
	}); n > 0 {
		t.Errorf("%v allocations over %d posts, want none", n, len(quiet))
	}
}
