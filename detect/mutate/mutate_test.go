package mutate_test

import (
	"testing"
	"unicode/utf8"

	"veghe/detect/mutate"
)

func TestMutations(t *testing.T) {
	const s = "Nu spune părinților, ține-l la @prieten, pe example.com sau 0700000123."
	for name, want := range map[string]string{
		"diacritics":  "Nu spune parintilor, tine-l la @prieten, pe example.com sau 0700000123.",
		"cedillas":    "Nu spune părinţilor, ţine-l la @prieten, pe example.com sau 0700000123.",
		"capitals":    "Nu SPUNE PĂRINȚILOR, ȚINE-l la @prieten, pe example.com sau 0700000123.",
		"l33t":        "Nu 5pun3 păr1nț1l0r, ț1n3-l la @prieten, pe example.com sau 0700000123.",
		"homoglyphs":  "Nu sрunе рărіnțіlоr, țіnе-l la @prieten, pe example.com sau 0700000123.",
		"fullwidth":   "Nu ｓｐｕｎｅ ｐăｒｉｎțｉｌｏｒ, țｉｎｅ-l la @prieten, pe example.com sau 0700000123.",
		"zero-width":  "Nu sp\u200bune părin\u200bților, ți\u200bne-l la @prieten, pe example.com sau 0700000123.",
		"spaced":      "Nu   s p u n e   p ă r i n ț i l o r,   ț i n e-l la @prieten, pe example.com sau 0700000123.",
		"dotted":      "Nu s.p.u.n.e p.ă.r.i.n.ț.i.l.o.r, ț.i.n.e-l la @prieten, pe example.com sau 0700000123.",
		"starred":     "Nu sp*une părin*ților, ți*ne-l la @prieten, pe example.com sau 0700000123.",
		"emoji":       "Nu sp🔥une părin🔥ților, ți🔥ne-l la @prieten, pe example.com sau 0700000123.",
		"drawn-out":   "Nu spuneeee părințiloooor, țineeee-l la @prieten, pe example.com sau 0700000123.",
		"spaced-flat": "Nu s p u n e p ă r i n ț i l o r, ț i n e-l la @prieten, pe example.com sau 0700000123.",
		"typo":        "Nu spune părințiolr, ține-l la @prieten, pe example.com sau 0700000123.",
		"dropped":     "Nu spune părințior, ține-l la @prieten, pe example.com sau 0700000123.",
	} {
		m, ok := mutate.Named(name)
		if !ok {
			t.Errorf("no mutation %q", name)
			continue
		}
		if got := m.Text(s, nil); got != want {
			t.Errorf("%s\n got %q\nwant %q", name, got, want)
		}
	}
	if len(mutate.All()) != 15 {
		t.Errorf("%d mutations, the table above has 15", len(mutate.All()))
	}
}

// TestWithin disguises only what a rule looks at.
func TestWithin(t *testing.T) {
	m, _ := mutate.Named("starred")
	if got, want := m.Text("keep your passport safe", []mutate.Range{{Start: 10, End: 18}}), "keep your pass*port safe"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzText(f *testing.F) {
	f.Add("Păstrăm pașaportul, 0722 sau a@example.com \xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range mutate.All() {
			got := m.Text(s, nil)
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Errorf("%s made invalid UTF-8 of %q: %q", m.Name, s, got)
			}
			if again := m.Text(s, nil); again != got {
				t.Errorf("%s is not the same twice for %q", m.Name, s)
			}
		}
	})
}
