package rule

import "testing"

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"we keep it: passport … keep":   "we keep it: passport … keep",
		"we keep it: … … keep … … …":    "we keep it: keep",
		"we keep it: passport … … keep": "we keep it: passport … keep",
		"nothing was found: … …":        "nothing was found",
		"nothing to fill":               "nothing to fill",
		"asks (…), and …":               "asks (…), and",
	} {
		if got := readable(in); got != want {
			t.Errorf("readable(%q) is %q, want %q", in, got, want)
		}
	}
}
