package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The scorecard says how the shipped rules do on the golden and the blind
// texts. A change of quality shows in the diff of testdata/scorecard.txt.
func TestScorecard(t *testing.T) {
	var got bytes.Buffer
	for _, set := range []string{
		"golden/ads", "golden/threads", "golden/ads-more", "golden/threads-more", "golden/ads-blind", "golden/threads-blind",
		"golden/ads-dev", "golden/threads-dev", "golden/ads-plain", "golden/threads-plain", "golden/ads-third", "golden/threads-third",
		"golden/ads-fourth", "golden/threads-fourth", "golden/ads-own", "golden/threads-own",
		"blind/ads", "blind/threads", "blind/ads-plain", "blind/threads-plain", "blind/ads-late", "blind/threads-late",
	} {
		file := filepath.Join("..", "..", "rules", "testdata", filepath.FromSlash(set)+".jsonl")
		got.WriteString("== " + set + "\n")
		var complaints bytes.Buffer
		e := env{in: strings.NewReader(""), out: &got, err: &complaints}
		if err := evalCmd(t.Context(), e, []string{file}); err != nil {
			t.Fatalf("%s: %v\n%s", set, err, &complaints)
		}
	}
	golden := filepath.Join("testdata", "scorecard.txt")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("quality changed; if that is meant, make golden (-want +got):\n%s", diff)
	}
}
