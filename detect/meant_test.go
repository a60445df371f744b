package detect_test

import (
	"slices"
	"strings"
	"testing"

	"veghe"
	"veghe/detect/mutate"
)

// A disguised text is read as it was meant: its language, the distances
// between its words, and where they stand in the original.
func TestDisguisedTextIsReadAsItWasMeant(t *testing.T) {
	e := shipped(t, true)
	for _, tc := range []struct{ name, text, wantLang, wantSpan string }{
		{"wide letters", "ｐａｓａｐｏｒｔｕｌ ｔａｕ ｉｌ ｔｉｎｅｍ ｎｏｉ pana achiti drumul", "ro", "ｐａｓａｐｏｒｔｕｌ"},
		{"digits", "p454p0r7ul 74u 1l 71n3m n01 p4n4 4ch171 drumul", "ro", "p454p0r7ul"},
		{"letters spaced out", "p a s a p o r t u l   t a u   il   t i n e m   noi pana achiti drumul", "ro", "p a s a p o r t u l"},
		{"dots, in English", "we k.e.e.p y.o.u.r p.a.s.s.p.o.r.t until you pay off the t.r.a.v.e.l", "en", "p.a.s.s.p.o.r.t"},
		{"two languages", "Hello and welcome to our little team, everybody. p a s a p o r t u l   t a u   il   t i n e m   noi pana   a c h i t i   drumul", "ro", "p a s a p o r t u l"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := e.Assess(veghe.Post{ID: "p", Text: tc.text})
			if !slices.ContainsFunc(a.Lang, func(l veghe.LangSpan) bool { return l.Lang == tc.wantLang }) {
				t.Errorf("languages %v, want %s among them", a.Lang, tc.wantLang)
			}
			found := false
			for _, f := range a.Findings {
				for _, s := range f.Spans {
					if tc.text[s.Start:s.End] != s.Text {
						t.Errorf("%s: %q stands at %d, want %q", f.Rule, tc.text[s.Start:s.End], s.Start, s.Text)
					}
					found = found || f.Indicator == "DOC-01" && strings.Contains(s.Text, tc.wantSpan)
				}
			}
			if !found {
				t.Errorf("DOC-01 does not point at %q: %+v", tc.wantSpan, a.Findings)
			}
		})
	}
}

// What speaks against counts only as it was meant: letters spaced out hold
// short words that nobody wrote, here the Ukrainian for second-hand.
func TestNothingSpeaksAgainstByChance(t *testing.T) {
	e := shipped(t, true)
	has := func(text string) bool {
		a := e.Assess(veghe.Post{ID: "p", Kind: veghe.Ad, Text: text})
		return slices.ContainsFunc(a.Findings, func(f veghe.Finding) bool { return f.Rule == "NEG-02.goods" })
	}
	if has("Ви   б у д е т е   ж и т и   з   д і в ч а т а м и   в   к о т е д ж і,   к л ю ч   у   а д м і н а") {
		t.Error("letters of a spaced word are read as second-hand goods")
	}
	if !has("Продам велосипед б/у,   г а р н и й   с т а н,   ц і н а   3000") {
		t.Error("second-hand goods are not heard beside spaced words")
	}
}

// Languages cover a text whatever is done to it, in order and without gaps.
func TestMeantLanguagesCoverTheText(t *testing.T) {
	e := shipped(t, true)
	const text = "Căutăm fete pentru videochat la Milano, câștigi mult. We keep your passport until the travel is paid off! 💶 Sună la 0700 000 123"
	for _, m := range mutate.All() {
		hidden := m.Text(text, nil)
		at := 0
		for _, l := range e.Assess(veghe.Post{ID: "p", Text: hidden}).Lang {
			if l.Start != at || l.End <= l.Start {
				t.Errorf("%s: stretch %d–%d after %d", m.Name, l.Start, l.End, at)
			}
			at = l.End
		}
		if at != len(hidden) {
			t.Errorf("%s: languages end at %d of %d", m.Name, at, len(hidden))
		}
	}
}
