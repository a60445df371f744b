package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/crawler/frontier"
	"veghe/index/desk"
	"veghe/index/ledger"
)

// What the disk changes while veghe runs is found by the daily look, told by its
// part and with what to do about it; what is sound passes.
func TestScrubFindsDamage(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hints map[string]string // by damaged part
	}{
		{"sound", nil},
		{"worn", map[string]string{ledgerDB: "veghe repair", deskDB: "restore the last backup", frontierDB: "veghe repair"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := defaultConfig()
			cfg.Data, cfg.Language.SecondOpinion = dataDir(t), "off"
			fillLedger(t, &cfg)
			fillDesk(t, &cfg)
			fillFrontier(t, &cfg)
			a, err := openApp(t.Context(), cfg, allStages, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = a.close() }) // damaged, it may say so again
			for file := range tt.hints {
				wear(t, cfg.path(file))
			}
			for _, p := range a.parts() {
				want, worn := tt.hints[p.file]
				err := a.scrubPart(t.Context(), p)
				switch {
				case p.name == "trail": // is in the desk's file, maybe not where it was worn
				case !worn && err != nil:
					t.Errorf("%s, which is sound: %v", p.name, err)
				case worn && (err == nil || !strings.Contains(err.Error(), filepath.Base(p.file)) || !strings.Contains(hint(err), want)):
					t.Errorf("%s: %v, hint %q; want the file and to %s", p.name, err, hint(err), want)
				}
			}
			damaged := 0.0
			for _, m := range gathered(t, a.metrics, "scrub_damaged") {
				damaged += m.GetGauge().GetValue()
			}
			if int(damaged) < len(tt.hints) || len(tt.hints) == 0 && damaged > 0 {
				t.Errorf("%v parts are damaged by the metrics, want %d", damaged, len(tt.hints))
			}
		})
	}
}

// wear zeroes some pages in the middle of a database, which whoever has it open
// has not all read.
func wear(t *testing.T, path string) {
	t.Helper()
	const page = 4096
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // WriteAt has told
	if _, err := f.WriteAt(make([]byte, info.Size()/page/3*page), info.Size()/page/3*page); err != nil {
		t.Fatal(err)
	}
}

func fillLedger(t *testing.T, cfg *config) {
	t.Helper()
	l, err := ledger.Open(t.Context(), cfg.path("ledger"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []ledger.Entry
	for i := range 3000 {
		all = append(all, ledger.Entry{ID: postID(i), Source: "s"})
	}
	if err := l.MarkCollected(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillDesk(t *testing.T, cfg *config) {
	t.Helper()
	d, err := desk.Open(t.Context(), cfg.path("desk"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if _, err := d.AddWatch(t.Context(), fmt.Sprint("watch ", i), strings.Repeat("word ", 40), "ana", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillFrontier(t *testing.T, cfg *config) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(cfg.path(frontierDB)), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := frontier.Open(t.Context(), cfg.path(frontierDB), frontier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var links []frontier.Link
	for i := range 3000 {
		links = append(links, frontier.Link{URL: fmt.Sprint("https://example.org/page/", i)})
	}
	if err := f.Seed(t.Context(), veghe.SourceID("s"), time.Now(), links...); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
