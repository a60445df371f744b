package web

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func locales(t *testing.T) map[string]*locale {
	t.Helper()
	assets, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	all, err := loadLocales(assets)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Both languages have the same texts, with the same values in them.
func TestCataloguesAreComplete(t *testing.T) {
	all := locales(t)
	en, ro := all["en"].texts, all["ro"].texts
	if diff := cmp.Diff(slices.Sorted(maps.Keys(en)), slices.Sorted(maps.Keys(ro))); diff != "" {
		t.Errorf("keys of en and ro (-en +ro):\n%s", diff)
	}
	names := regexp.MustCompile(`\{\w+\}`)
	for key, text := range en {
		if ro[key] == "" || text == "" {
			t.Errorf("%s is empty", key)
		}
		if strings.HasSuffix(key, ".one") { // "one post" needs no number
			continue
		}
		if got, want := names.FindAllString(ro[key], -1), names.FindAllString(text, -1); !slices.Equal(got, want) {
			t.Errorf("%s: ro has %v, en has %v", key, got, want)
		}
	}
	for key, text := range ro {
		if strings.ContainsAny(text, "şţŞŢ") {
			t.Errorf("%s has cedillas: %q", key, text)
		}
	}
}

// Every text that pages and code name is there, and every text there is named.
func TestCatalogueIsUsed(t *testing.T) {
	named := regexp.MustCompile(`"((?:[a-z_]+\.)+[a-z_0-9]+|skip|close|signout)"`)
	built := []string{
		"field.", "severity.", "category.", "short.", "review.", "kind.", "month.", "lang.", "indicator.", "family.", "stage.",
		"rule.", "strength.", "contact.", "label.", "sort.", "export.", "help.field.", "nav.", "n.", "case.", "slot.", "proposal.kind.", "nearly.", "proposal.status.",
		"entity.kind.", "entity.sign.", "edge.", "links.step.", "export.for.",
		"role.", "may.", "done.", "action.", "hold.", "class.", "person.kind.", "wrong.", "health.", "column.",
	}
	texts := locales(t)["en"].texts
	used := map[string]bool{}
	files, _ := filepath.Glob("templates/*.html")
	code, _ := filepath.Glob("*.go")
	for _, file := range append(files, code...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
			_, plain := texts[m[1]]
			_, counted := texts[m[1]+".one"]
			if strings.HasSuffix(file, ".html") && !plain && !counted && !strings.HasSuffix(m[1], ".css") && !strings.HasSuffix(m[1], ".js") && !strings.HasSuffix(m[1], ".svg") {
				t.Errorf("%s names %q, which no catalogue has", file, m[1])
			}
		}
	}
	for key := range texts {
		isBuilt := slices.ContainsFunc(built, func(p string) bool { return strings.HasPrefix(key, p) })
		if !used[key] && !isBuilt {
			t.Errorf("%q is in the catalogue and nowhere else", key)
		}
	}
}

func TestPlurals(t *testing.T) {
	all := locales(t)
	for _, row := range []struct {
		n      int
		en, ro string
	}{
		{0, "0 posts", "0 postări"},
		{1, "1 post", "o postare"},
		{2, "2 posts", "2 postări"},
		{19, "19 posts", "19 postări"},
		{20, "20 posts", "20 de postări"},
		{100, "100 posts", "100 de postări"},
		{101, "101 posts", "101 postări"},
		{119, "119 posts", "119 postări"},
		{120, "120 posts", "120 de postări"},
		{1_234_567, "1,234,567 posts", "1.234.567 de postări"},
	} {
		if got := all["en"].N("n.posts", row.n); got != row.en {
			t.Errorf("en %d: got %q, want %q", row.n, got, row.en)
		}
		if got := all["ro"].N("n.posts", row.n); got != row.ro {
			t.Errorf("ro %d: got %q, want %q", row.n, got, row.ro)
		}
	}
}

func TestNumbersAndDates(t *testing.T) {
	all := locales(t)
	en, ro := all["en"], all["ro"]
	at := time.Date(2026, 9, 3, 20, 30, 0, 0, time.FixedZone("EEST", 3*3600))
	for _, row := range [][3]string{
		{en.Time(at), "3 Sep 2026, 17:30", "en time"},
		{ro.Time(at), "3 sept. 2026, 17:30", "ro time"},
		{ro.Day(time.Time{}), "–", "no time"},
		{en.Dec(0.934, 2), "0.93", "en score"},
		{ro.Dec(0.934, 2), "0,93", "ro score"},
		{en.Signed(2.3), "+2.3", "en weight"},
		{ro.Signed(-1), "−1,0", "ro weight"},
		{en.Int(-1234), "-1,234", "en negative"},
		{ro.Percent(0.724), "72 %", "ro share"},
		{ro.Ago(21 * time.Minute), "21 de minute", "ro duration"},
		{ro.Ago(2 * time.Hour), "2 ore", "ro hours"},
		{en.Ago(-time.Second), "0 seconds", "clock gone back"},
		{en.T("no such key"), "⟦no such key⟧", "missing"},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: got %q, want %q", row[2], row[0], row[1])
		}
	}
}

func TestPreferredLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"":                             "en",
		"ro":                           "ro",
		"ro-RO,ro;q=0.9,en;q=0.5":      "ro",
		"fr-FR, en;q=0.3, RO-md;q=0.8": "ro",
		"en;q=0.1,ro;q=0.05":           "en",
		"de,*;q=0.5":                   "en",
		"ro;q=0, en":                   "en",
		"ro;q=oops":                    "ro",
		strings.Repeat("x,", 9999):     "en",
	} {
		if got := preferred(header); got != want {
			t.Errorf("%.40q: got %s, want %s", header, got, want)
		}
	}
}

func TestPagesInRomanian(t *testing.T) {
	h, m := newDesk(t, nil)
	for target, want := range map[string]string{
		"/":                         "53 de postări semnalate",
		postPath(m.hits[0].Post.ID): "pașaport sau buletin reținut",
		"/entities/cluster/c0ffee":  "Ce diferă",
		"/status":                   "Socoteala se închide",
		"/rules":                    "Indicatori",
		"/help":                     "Toți termenii trebuie găsiți",
		"/nothing":                  "Această pagină nu există",
	} {
		for name, header := range map[string][]string{
			"by browser": {"Accept-Language", "ro-RO,ro;q=0.9"},
			"by choice":  {"Accept-Language", "en", "Cookie", "ui=ro"},
		} {
			body := ask(t, h, "GET", target, "", header...).Body.String()
			if !strings.Contains(body, want) || !strings.Contains(body, `<html lang="ro"`) {
				t.Errorf("%s %s: want %q in Romanian", target, name, want)
			}
		}
	}
}
