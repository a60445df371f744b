package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChanges(t *testing.T) {
	for name, row := range map[string]struct{ before, after, want string }{
		"the same":     {"plecare joi", "plecare joi", "plecare joi"},
		"a word":       {"plecare joi, din Bacău", "plecare vineri, din Bacău", "plecare [-joi-][+vineri+], din Bacău"},
		"added at end": {"plecare joi", "plecare joi\nTaxa 300", "plecare joi[+\nTaxa 300+]"},
		"taken out":    {"a b c", "a c", "a [-b -]c"},
		"from nothing": {"", "nou", "[+nou+]"},
		"to nothing":   {"vechi", "", "[-vechi-]"},
		"line breaks":  {"a\nb\nc", "a\nx\nc", "a\n[-b-][+x+]\nc"},
		"far apart": {
			"unu doi trei patru cinci șase șapte opt nouă zece", "UNU doi trei patru cinci șase șapte opt nouă ZECE",
			"[-unu-][+UNU+] doi trei patru cinci șase șapte opt nouă [-zece-][+ZECE+]",
		},
		"hostile": {"@@ -1,3 +1,3 @@\n--- a\n+x", "@@ -9 @@\n+++ b\n+x", ""},
	} {
		got, _ := changes(row.before, row.after)
		if diff := cmp.Diff(row.want, inWords(got)); row.want != "" && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		checkSides(t, row.before, row.after)
	}
}

func inWords(all []changed) string {
	var b strings.Builder
	for _, c := range all {
		switch c.Op {
		case "ins":
			b.WriteString("[+" + c.text + "+]")
		case "del":
			b.WriteString("[-" + c.text + "-]")
		default:
			b.WriteString(c.text)
		}
	}
	return b.String()
}

// Without what was added the pieces are the first text, without what was
// taken out the second.
func checkSides(t *testing.T, before, after string) {
	t.Helper()
	got, cut := changes(before, after)
	var a, b strings.Builder
	for _, c := range got {
		if c.Op != "ins" {
			a.WriteString(c.text)
		}
		if c.Op != "del" {
			b.WriteString(c.text)
		}
	}
	clean := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	if !cut && (a.String() != clean(before) || b.String() != clean(after)) {
		t.Errorf("%q to %q: the sides are %q and %q", before, after, a.String(), b.String())
	}
}

func FuzzChanges(f *testing.F) {
	f.Add("plecare joi", "plecare vineri")
	f.Add("a\n\nb", "\na\nb\n")
	f.Add("@@ -1 +1 @@\n-a", "+b\n\\ No newline at end of file")
	f.Fuzz(func(t *testing.T, a, b string) { checkSides(t, a, b) })
}
