package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/crawler"
	"veghe/stream"
)

// Several processes may crawl over Kafka. The sources are shared out among
// them by host, so that no host has two visitors and its pace is kept by one;
// that a source is paused is told to all.

const (
	groupCrawl = "crawl"
	// switchesStay is how long it is known that a source was paused; the data
	// folder of each crawler knows it for good.
	switchesStay = 10 * 365 * 24 * time.Hour
	// lookAtSwitches is how soon a pause is known everywhere.
	lookAtSwitches = 2 * time.Second
)

// sourceSwitched says that a source is paused, or not any more.
type sourceSwitched struct {
	Source veghe.SourceID `json:"source"`
	Paused bool           `json:"paused"`
	At     time.Time      `json:"at"`
}

// shareSources keeps this process among those who crawl, until ctx ends.
func (a *app) shareSources(ctx context.Context) error {
	sharer, ok := a.stream.(stream.Sharer)
	if !ok {
		return nil // alone: all sources are its own
	}
	none := func(veghe.SourceID) bool { return false }
	a.crawler.Hold(none)
	sites := crawler.Sites(a.cfg.Sources)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.followSwitches(ctx) })
	g.Go(func() error {
		return sharer.Share(ctx, veghe.SourcesTopic, groupCrawl, crawlerName(&a.cfg), func(ctx context.Context, held []int, of int) {
			n := 0
			a.crawler.Hold(func(id veghe.SourceID) bool {
				mine := slices.Contains(held, shareOf(sites[id], of))
				if mine {
					n++
				}
				return mine
			})
			a.log.Info("sources are shared out", "sources", n, "of", len(a.cfg.Sources))
			<-ctx.Done()
			a.crawler.Hold(none)
		})
	})
	return g.Wait()
}

// shareOf is the share that a site belongs to.
func shareOf(site string, of int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(site)) // never fails
	return int(h.Sum32() % uint32(of))
}

// crawlerName is the same after a restart, so that the process gets back the
// sources of which it knows what it has seen.
func crawlerName(cfg *config) string {
	host, _ := os.Hostname() // without one the folder must do
	dir, err := filepath.Abs(cfg.Data)
	if err != nil {
		dir = cfg.Data
	}
	return host + ":" + dir
}

// followSwitches does here what was switched anywhere.
func (a *app) followSwitches(ctx context.Context) error {
	done := map[veghe.SourceID]time.Time{}
	tick := time.NewTicker(lookAtSwitches)
	defer tick.Stop()
	for {
		newest, err := readSwitches(ctx, a.stream)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("which sources are paused is not known now", "error", err)
		}
		for id, s := range newest {
			if s.At.After(done[id]) {
				done[id] = s.At
				a.obey(s)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *app) obey(s sourceSwitched) {
	i := slices.IndexFunc(a.cfg.Sources, func(have crawler.Source) bool { return have.ID == s.Source })
	if i < 0 || a.cfg.Sources[i].Paused {
		return // not ours, or paused by the configuration, which wins
	}
	var err error
	if s.Paused {
		err = a.crawler.Pause(s.Source)
	} else {
		err = a.crawler.Resume(s.Source)
	}
	if err != nil {
		a.log.Error("a source could not be switched", slog.String("source", string(s.Source)), slog.Any("error", err))
	}
}

// readSwitches gives the newest switch of each source.
func readSwitches(ctx context.Context, l stream.Log) (map[veghe.SourceID]sourceSwitched, error) {
	out := map[veghe.SourceID]sourceSwitched{}
	err := l.Read(ctx, veghe.SourcesTopic, func(_ context.Context, batch []stream.Record) error {
		for i := range batch {
			var s sourceSwitched
			if err := json.Unmarshal(batch[i].Value, &s); err == nil && s.At.After(out[s.Source].At) {
				out[s.Source] = s
			}
		}
		return nil
	})
	return out, err
}

// tellSwitch tells all processes that a source is paused or not.
func tellSwitch(ctx context.Context, l stream.Log, id veghe.SourceID, paused bool) error {
	b, err := json.Marshal(sourceSwitched{Source: id, Paused: paused, At: time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := l.Append(ctx, veghe.SourcesTopic, stream.Record{Key: []byte(id), Value: b}); err != nil {
		return fmt.Errorf("telling the other processes: %w", err)
	}
	return nil
}
