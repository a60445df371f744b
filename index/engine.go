package index

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2/search/searcher"
	"golang.org/x/sync/errgroup"
)

const (
	// layoutVersion names how the search index is laid out. Raise it when the
	// fields change: it is then made anew from the store.
	layoutVersion = "2"

	maxClauses  = 1024   // terms in one OR that are weighed against each other
	maxExpanded = 5000   // terms that one beginning* stands for, in a file
	maxReaders  = 20_000 // terms in one query, over all of it, in a file
)

var setLimits = sync.OnceFunc(func() { searcher.DisjunctionMaxClauseCount = maxClauses })

// engine is the search index on disk, derived from the store at any time: a
// shard for every month, each with its own mark of how far it has followed the
// store. So a change of several months needs no transaction over them: what a
// shard missed is numbered after its mark, and only what the store has of its
// month is asked for.
type engine struct {
	dir   string // holds the shards in a folder named by version
	log   *slog.Logger
	store string // the id of the store it is made from

	// mu guards shards: who uses one holds it for reading.
	mu     sync.RWMutex
	shards map[month]*shard // nil when closed
}

// change is one step of the store: a post written, or one removed.
type change struct {
	remove string  // id, or empty
	write  *record // or nil
	shard  month
}

func (e *engine) root() string { return filepath.Join(e.dir, "v"+layoutVersion+"-"+foldVersion) }

// before is where the whole search index was before there were months.
func (e *engine) before() string { return filepath.Join(e.dir, "v1-"+foldVersion) }

func (e *engine) path(m month) string { return filepath.Join(e.root(), strconv.Itoa(int(m))) }

func (e *engine) newShard(m month) *shard {
	return &shard{month: m, path: e.path(m), log: e.log}
}

// takeOver makes a shard of a search index of before there were months, in one
// step, and reports whether there is one.
func (e *engine) takeOver() (bool, error) {
	if info, err := os.Stat(e.dir); err == nil && !info.IsDir() {
		if err := os.Remove(e.dir); err != nil {
			return false, err
		}
	}
	if err := os.MkdirAll(e.root(), 0o700); err != nil {
		return false, err
	}
	if _, err := os.Stat(e.path(takenOver)); err == nil {
		return true, nil
	}
	err := os.Rename(e.before(), e.path(takenOver))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// removeOthers removes what belongs to no month of the store or to another
// version, but what was moved aside.
func (e *engine) removeOthers(want map[month]int) error {
	keep := map[string]bool{filepath.Base(e.root()): true}
	if err := removeBut(e.dir, keep); err != nil {
		return err
	}
	clear(keep)
	for m := range want {
		keep[filepath.Base(e.path(m))] = true
	}
	return removeBut(e.root(), keep)
}

func removeBut(dir string, keep map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if keep[entry.Name()] || strings.HasSuffix(entry.Name(), asideSuffix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// removeAside removes what was moved aside: it may hold words of posts that
// must be gone.
func (e *engine) removeAside() error {
	for _, dir := range []string{e.dir, e.root()} {
		found, err := filepath.Glob(filepath.Join(dir, "*"+asideSuffix))
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// shard returns that of a month, which is made empty if there is none.
func (e *engine) shard(m month) (*shard, error) {
	e.mu.RLock()
	s, closed := e.shards[m], e.shards == nil
	e.mu.RUnlock()
	switch {
	case closed:
		return nil, ErrClosed
	case s != nil:
		return s, nil
	}
	s = e.newShard(m)
	_, err := s.open(e.store, 0, true)   // what lies there was left behind
	return s, errors.Join(err, e.add(s)) // a sick one too: it is missed
}

// add takes a shard in, and closes it when the engine is closed.
func (e *engine) add(s *shard) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shards == nil {
		return errors.Join(ErrClosed, s.close())
	}
	e.shards[s.month] = s
	return nil
}

// drop closes the shard of a month and removes its folder.
func (e *engine) drop(m month) error {
	e.mu.Lock()
	s := e.shards[m]
	delete(e.shards, m)
	e.mu.Unlock()
	if s != nil {
		if err := s.close(); err != nil {
			e.log.Warn("a part of the search index did not close well", "month", m, "error", err)
		}
	}
	return os.RemoveAll(e.path(m))
}

// apply makes changes searchable and durable. When it returns an error some
// shards are sick.
func (e *engine) apply(changes []change, seq int64) error {
	byMonth := map[month][]change{}
	for _, c := range changes {
		byMonth[c.shard] = append(byMonth[c.shard], c)
	}
	var all errgroup.Group
	all.SetLimit(runtime.NumCPU())
	for m, part := range byMonth {
		all.Go(func() error {
			s, err := e.shard(m)
			if err != nil {
				return fmt.Errorf("%w: %w", errSick, err)
			}
			return s.apply(part, mark{Store: e.store, Seq: seq})
		})
	}
	return all.Wait()
}

// all returns the shards, those of the newest months first.
func (e *engine) all() []*shard {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.inOrder()
}

func (e *engine) inOrder() []*shard {
	out := make([]*shard, 0, len(e.shards))
	for _, s := range e.shards {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *shard) int { return int(b.month - a.month) })
	return out
}

func (e *engine) isSick() error {
	var all []error
	for _, s := range e.all() {
		all = append(all, s.isSick())
	}
	return errors.Join(all...)
}

// close waits for readers and closes every shard. It may be called twice.
func (e *engine) close() error {
	e.mu.Lock()
	old := e.shards
	e.shards = nil
	e.mu.Unlock()
	var all errgroup.Group
	for _, s := range old {
		all.Go(s.close)
	}
	return all.Wait()
}
