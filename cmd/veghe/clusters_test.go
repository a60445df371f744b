package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"veghe"
)

// clustersApp is an app with an engine and a data folder, and nothing else.
func clustersApp(t *testing.T, data string) *app {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data = data
	engine, done, err := scanEngine(t.Context(), cfg, "off", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return &app{cfg: cfg, engine: engine, log: slog.New(slog.DiscardHandler)}
}

// Copies of a template are counted on after a restart; a damaged file is put
// aside, and they are counted anew.
func TestClustersOutliveTheProcess(t *testing.T) {
	data := t.TempDir()
	ad := func(id, author string) veghe.Post {
		return veghe.Post{
			ID: veghe.PostID(id), Source: "s", Kind: veghe.Ad, Author: veghe.AuthorID(author),
			Text: "Cautam cameriste pentru hotel la munte, cazare si masa asigurate, sunati la 0700 000 123 oricand",
		}
	}
	first := clustersApp(t, data)
	first.engine.Assess(ad("1", "a"))
	if err := first.saveClusters(); err != nil {
		t.Fatal(err)
	}
	second := clustersApp(t, data)
	if err := second.loadClusters(); err != nil {
		t.Fatal(err)
	}
	if got := second.engine.Assess(ad("2", "b")).Cluster; got == nil || got.Size != 2 {
		t.Errorf("second copy after a restart is in %+v, want a cluster of 2", got)
	}
	path := filepath.Join(data, "clusters")
	if err := os.WriteFile(path, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := clustersApp(t, data)
	if err := third.loadClusters(); err != nil {
		t.Fatal(err)
	}
	if got := third.engine.Assess(ad("3", "c")).Cluster; got == nil || got.Size != 1 {
		t.Errorf("after a damaged file a copy is in %+v, want a cluster of 1", got)
	}
	if _, err := os.Stat(path + ".bad"); err != nil {
		t.Errorf("the damaged file was not put aside: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
