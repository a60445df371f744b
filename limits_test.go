package veghe_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// docs/limits.md is true: what it says stands in the code, and the test it
// names exists.
func TestLimitsPage(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("docs", "limits.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "what" {
			continue
		}
		rows++
		what := strings.TrimSpace(cells[1])
		where, code, ok := strings.Cut(strings.TrimSpace(cells[3]), ": ")
		if code = strings.Trim(code, "`"); !ok || !stands(t, where, code) {
			t.Errorf("%s: %q does not stand in %s", what, code, where)
		}
		dir, test, ok := strings.Cut(strings.TrimSpace(cells[4]), ": ")
		if !ok || !stands(t, filepath.Join(dir, "*_test.go"), "func "+test+"(") {
			t.Errorf("%s: there is no %s in %s", what, test, dir)
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows were read", rows)
	}
}

// stands reports whether code stands in a file, in one of a folder, or in one
// of a pattern, however it is spaced.
func stands(t *testing.T, where, code string) bool {
	t.Helper()
	pattern := where
	if !strings.HasSuffix(where, ".go") {
		pattern = filepath.Join(where, "*.go")
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.Join(strings.Fields(string(b)), " "), code) {
			return true
		}
	}
	return false
}

var update = flag.Bool("update", false, "rewrite pages made from the code")

// Every function that is fuzzed is listed by its package.
func TestFuzzTargetsAreListed(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Parsers of outside bytes\n\nAll of these are fuzzed: `make fuzz` runs each for ten seconds, `deploy/ci/fuzz.sh 1h FOLDER` each for an hour, and keeps what it learnt in FOLDER. Made by `make docs`.\n\n")
	found := 0
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, ".") {
			return err
		}
		code, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(code)) {
			if name, ok := strings.CutPrefix(line, "func Fuzz"); ok {
				name, _, _ = strings.Cut(name, "(")
				fmt.Fprintf(&b, "- `%s` Fuzz%s\n", filepath.ToSlash(filepath.Dir(path)), name)
				found++
			}
		}
		return nil
	})
	if err != nil || found < 30 {
		t.Fatalf("%d fuzz targets were found (%v)", found, err)
	}
	page := filepath.Join("docs", "fuzzing.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Error("docs/fuzzing.md is stale: run make docs")
	}
}
