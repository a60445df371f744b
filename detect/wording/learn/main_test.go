package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/text"
	"veghe/detect/wording"
)

// What is shipped is what learning gives from the texts of the repository. If
// this fails after they or the learning changed: make wording.
func TestShippedIsLearnt(t *testing.T) {
	root := filepath.Join("..", "..", "..", "rules")
	dir := t.TempDir()
	if err := all(dir, root, []string{filepath.Join(root, "testdata", "golden")}); err != nil {
		t.Fatal(err)
	}
	for category := range teachers {
		fresh := filepath.Join(dir, category+".tab")
		want, got := read1(t, fresh), read1(t, filepath.Join(root, "wording", category+".tab"))
		if diff := cmp.Diff(want.Card(), got.Card()); diff != "" {
			t.Errorf("%s was learnt from other texts (-now +shipped):\n%s", category, diff)
		}
		for _, s := range []string{"pasaportul ramane la noi pana platesti", "nu le spune parintilor ca vorbim", "contract with a licensed agency"} {
			var d text.Doc
			var r wording.Reading
			d.Fold(s)
			r.Add(&d, nil)
			if x, y := want.Score(want.Tally(&r)), got.Score(got.Tally(&r)); math.Abs(x-y) > 0.05 {
				t.Errorf("%s: %q scores %.2f, shipped %.2f", category, s, x, y)
			}
		}
	}
}

func read1(t *testing.T, name string) *wording.Model {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wording.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLearnRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ads.jsonl"), []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := learn(filepath.Join(dir, "x.tab"), "recruitment", []string{dir}, "ads*.jsonl", nil); err == nil {
		t.Error("a broken line was learnt from")
	}
	if err := learn(filepath.Join(dir, "x.tab"), "recruitment", []string{t.TempDir()}, "ads*.jsonl", nil); err == nil {
		t.Error("no texts were learnt from")
	}
}
