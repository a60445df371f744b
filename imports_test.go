package veghe_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says which of our packages a folder may import, and doors which
// folder alone may touch an outside library. ARCHITECTURE.md explains both.
// A trailing /* stands for everything below; "." is the root package.
var mayImport = map[string][]string{
	".":                     {},
	"publicnet":             {},
	"crawler":               {".", "crawler/*", "publicnet"},
	"crawler/extract":       {"."},
	"crawler/frontier":      {"."},
	"crawler/evidence/pack": {".", "crawler/evidence"},
	"crawler/archive":       {".", "crawler", "crawler/*"},
	"crawler/demosite":      {"."},
	"crawler/evidence":      {"."},
	"stream":                {},
	"stream/embedded":       {"stream"},
	"stream/kafka":          {"stream"},
	"stream/streamtest":     {"stream"},
	"detect":                {".", "detect/*"},
	"detect/rule":           {".", "detect/text", "detect/wording"},
	"detect/wording":        {"detect/model", "detect/text"},
	"detect/wording/learn":  {".", "detect/rule", "detect/text", "detect/wording"},
	"detect/text":           {},
	"detect/lang":           {"detect/lang/*"},
	"detect/lang/lingua":    {"detect/lang"},
	"detect/contact":        {"detect/text"},
	"detect/cluster":        {".", "detect/text"},
	"detect/history":        {"."},
	"detect/model":          {".", "detect/text"},
	"detect/mutate":         {},
	"index":                 {".", "detect/text", "index/sqlite"},
	"index/database":        {"index/sqlite"},
	"index/desk":            {".", "index/database"},
	"index/desk/desktest":   {"index/database", "index/desk"},
	"index/ledger":          {".", "index/sqlite"},
	"index/sqlite":          {},
	"index/notify":          {"publicnet"},
	"index/load":            {},
	"index/places":          {"detect/text"},
	"index/links":           {".", "index"},
	"index/handover":        {".", "index", "index/desk", "index/links"},
	"index/web":             {".", "index", "index/*"},
	"index/web/oidc":        {},
	"rules":                 {},
	"cmd/veghe":             {"*"},
}

// doors covers tests too: the crawler reads YAML only there.
var doors = map[string][]string{
	"github.com/gocolly/colly/v2":          {"crawler"},
	"github.com/segmentio/kafka-go":        {"stream/kafka"},
	"github.com/pemistahl/lingua-go":       {"detect/lang/lingua", "detect/lang/gen", "detect/lang/eval"},
	"github.com/blevesearch/bleve/v2":      {"index"},
	"github.com/blevesearch":               {"index"},
	"github.com/nyaruka/phonenumbers":      {"detect/contact"},
	"github.com/prometheus":                {"cmd/veghe"},
	"modernc.org/sqlite":                   {"crawler/frontier", "index/sqlite", "index/desk/desktest"},
	"github.com/jackc/pgx/v5":              {"index/database", "index/desk/desktest", "index/load"},
	"github.com/pressly/goose/v3":          {"index/database"},
	"github.com/goccy/go-yaml":             {"detect/rule", "cmd/veghe", "crawler"},
	"github.com/mmcdole/gofeed":            {"crawler/extract"},
	"codeberg.org/readeck":                 {"crawler/extract"},
	"github.com/rogpeppe/go-internal/diff": {"index/web"},
	"golang.org/x/crypto":                  {"index/desk"},
	"github.com/coreos/go-oidc/v3":         {"index/web/oidc"},
	"golang.org/x/oauth2":                  {"index/web/oidc"},
	"rsc.io/qr":                            {"index/web"},
}

// open is what packages beside the table (generators and such) may import.
var open = []string{"*"}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "data" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		dir := path.Dir(file)
		seen[dir] = true
		return checkFile(t, dir, file)
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range mayImport {
		if !seen[dir] {
			t.Errorf("the table names %s, which has no Go files", dir)
		}
	}
}

func checkFile(t *testing.T, dir, file string) error {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	allowed, listed := mayImport[dir]
	if !listed {
		allowed = open
		if !isTool(dir) {
			t.Errorf("%s: folder %s is not in the import table", file, dir)
		}
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if ours, ok := within(imp); ok {
			if ours != dir && !matches(allowed, ours) && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s imports %s, allowed are %v", file, ours, allowed)
			}
			continue
		}
		for lib, folders := range doors {
			if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(folders, dir) {
				t.Errorf("%s imports %s, whose door is %v", file, imp, folders)
			}
		}
	}
	return nil
}

// isTool reports whether a folder holds a program of ours for the workshop
// only: a generator or a measurement, never linked into veghe.
func isTool(dir string) bool {
	base := path.Base(dir)
	return base == "gen" || base == "eval" || strings.Contains(dir, "/internal/")
}

func within(imp string) (string, bool) {
	if imp == "veghe" {
		return ".", true
	}
	return strings.CutPrefix(imp, "veghe/")
}

func matches(allowed []string, dir string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if a == "*" || a == dir {
			return true
		}
		under, ok := strings.CutSuffix(a, "/*")
		return ok && strings.HasPrefix(dir, under+"/")
	})
}
