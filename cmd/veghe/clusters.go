package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"veghe/detect/cluster"
)

// clustersEvery is how often the memory of templates is written down.
const clustersEvery = 5 * time.Minute

// loadClusters takes back the templates and contacts seen before. Without
// them nothing is lost but that copies are counted anew, so a file that
// cannot be used is put aside.
func (a *app) loadClusters() error {
	path := a.cfg.path("clusters")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the templates seen: %w", err)
	}
	defer func() { _ = f.Close() }()
	err = a.engine.LoadNeighbours(f)
	if errors.Is(err, cluster.ErrSnapshot) {
		a.log.Warn("templates are counted anew", "file", path, "error", err)
		return os.Rename(path, path+".bad")
	}
	return err
}

// saveClusters replaces the file as a whole, or not at all.
func (a *app) saveClusters() error {
	path := a.cfg.path("clusters")
	f, err := os.CreateTemp(filepath.Dir(path), "clusters-*.tmp")
	if err != nil {
		return fmt.Errorf("keeping the templates seen: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	err = errors.Join(a.engine.SaveNeighbours(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keeping the templates seen: %w", err)
	}
	return nil
}

// keepClusters writes the memory down every few minutes. It is also written
// on closing.
func (a *app) keepClusters(ctx context.Context) error {
	every := time.NewTicker(clustersEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		if err := a.saveClusters(); err != nil {
			a.fail("clusters", err)
			a.log.Warn("templates will be kept later", "error", err)
			continue
		}
		a.done("clusters", 0)
	}
}
