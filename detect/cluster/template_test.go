package cluster_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/cluster"
)

func TestTemplate(t *testing.T) {
	got := cluster.Template([]string{
		"Căutăm 5 fete pentru Milano, plecare luni. Sună la 0700 000 001, Ana.",
		"Căutăm 5 fete pentru Roma, plecare luni! Sună la 0700 000 002, Dana.",
		"căutam 5 fete pentru Torino plecare luni. Suna la 0700 000 003, Ana",
	})
	var b strings.Builder
	for _, p := range got {
		if !p.Slot {
			b.WriteString(p.Text)
			continue
		}
		b.WriteString("[")
		for i, v := range p.Values {
			if i > 0 {
				b.WriteString("|")
			}
			b.WriteString(v.Text)
		}
		b.WriteString("]")
	}
	want := "Căutăm 5 fete pentru [Milano|Roma|Torino], plecare luni. Sună la 0700 000 [001, Ana|002, Dana|003, Ana]."
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s\n%+v", diff, got)
	}
}

func TestTemplateOfOne(t *testing.T) {
	want := []cluster.Piece{{Text: "Caut chirie în Cluj."}}
	if diff := cmp.Diff(want, cluster.Template([]string{"Caut chirie în Cluj."})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := cluster.Template(nil); got != nil {
		t.Errorf("got %+v of nothing", got)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("Suna la 0700 000 001, Ana", "Suna la 0700 000 002, Dana 🔥", "\xff")
	f.Add("", "a b", "a c b")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, p := range cluster.Template([]string{a, b, c}) {
			if utf8.ValidString(a) && utf8.ValidString(b) && utf8.ValidString(c) && !utf8.ValidString(p.Text) {
				t.Errorf("cut within a character: %q", p.Text)
			}
		}
	})
}
