package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	"github.com/blevesearch/bleve/v2/mapping"
)

const (
	lockWait    = "5s"             // for bolt's own lock, else a second opening hangs
	stuckAfter  = 2 * time.Minute  // a batch that takes longer will never end
	closeWithin = 20 * time.Second // closing a sick shard may hang
)

// errSick wraps what made a shard unusable. The store is fine; the shard is
// opened again, or made anew, by the next call that needs it.
var errSick = errors.New("the search index must be repaired")

// shard is one index of bleve on disk: the posts of one month. It guards
// against what bleve does when its files or the disk fail: a panic becomes an
// error, a hang ends, and both make it sick until it is reopened.
type shard struct {
	month month
	path  string
	log   *slog.Logger

	// mu guards idx: readers hold it while they use idx.
	mu      sync.RWMutex
	idx     bleve.Index
	columns columnCache // of the files that are there

	// sickMu guards sick, apart from mu since readers set it.
	sickMu sync.Mutex
	sick   error

	// reopened is when it was last only opened again. It is guarded by
	// Index.applying.
	reopened time.Time
}

// mark is kept inside a shard, in the same batch as the posts: which store it
// was made from and up to which change it has what the store has of its month.
type mark struct {
	Store string `json:"store"`
	Seq   int64  `json:"seq"`
}

var markKey = []byte("veghe")

// errTaken is that a search index taken over from before there were months does
// not open: there is no making one of that kind anew.
var errTaken = errors.New("the search index of before there were months is not usable")

// open opens the shard, or makes an empty one where there is none, or none that
// opens, or one of another store, or if it is to be fresh. One that is open is
// closed first; searches wait meanwhile. It returns up to which change it goes.
func (s *shard) open(store string, newest int64, fresh bool) (seq int64, err error) {
	setLimits()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if err != nil {
			s.setSick(fmt.Errorf("%w: %w", errSick, err))
		}
	}()
	if err := shut(s.idx); err != nil {
		s.log.Warn("a part of the search index did not close well", "month", s.month, "error", err)
	}
	s.idx, s.columns = nil, columnCache{}
	if fresh {
		if err := os.RemoveAll(s.path); err != nil {
			return 0, err
		}
	}
	idx, m, err := s.openThere()
	if err == nil && (m.Store != store || m.Seq > newest) {
		err = errors.Join(errors.New("it belongs to another store"), shut(idx))
	}
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("a part of the search index is not usable, making it anew from the store", "month", s.month, "error", err)
		}
		if s.month == takenOver {
			return 0, errTaken
		}
		if idx, err = s.create(store); err != nil {
			return 0, err
		}
		m = mark{Store: store}
	}
	s.idx = idx
	s.setSick(nil)
	return m.Seq, nil
}

func (s *shard) openThere() (idx bleve.Index, m mark, err error) {
	if _, err := os.Stat(s.path); err != nil {
		return nil, m, err
	}
	defer recovered(&err)
	idx, err = bleve.OpenUsing(s.path, map[string]any{"bolt_timeout": lockWait})
	if err != nil {
		return nil, m, err
	}
	b, err := idx.GetInternal(markKey)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err == nil {
		_, err = idx.Search(bleve.NewSearchRequestOptions(bleve.NewMatchAllQuery(), 1, 0, false))
	}
	if err != nil {
		return nil, m, errors.Join(err, shut(idx))
	}
	return idx, m, nil
}

// create moves what is in the way aside and makes an empty shard.
func (s *shard) create(store string) (idx bleve.Index, err error) {
	defer recovered(&err)
	if err := s.moveAside(); err != nil {
		return nil, err
	}
	idx, err = bleve.NewUsing(s.path, newMapping(), scorch.Name, scorch.Name, map[string]any{"bolt_timeout": lockWait})
	if err != nil {
		return nil, fmt.Errorf("make a search index in %s: %w", s.path, err)
	}
	b, err := json.Marshal(mark{Store: store})
	if err == nil {
		err = idx.SetInternal(markKey, b)
	}
	if err != nil {
		return nil, errors.Join(err, shut(idx))
	}
	return idx, nil
}

const asideSuffix = ".broken"

// moveAside keeps one index that did not open, for whoever wants to know why.
func (s *shard) moveAside() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(s.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	aside := s.path + asideSuffix
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(s.path, aside)
}

// newMapping is nearly empty: documents come with their fields made.
func newMapping() *mapping.IndexMappingImpl {
	m := bleve.NewIndexMapping()
	m.DefaultMapping = bleve.NewDocumentStaticMapping()
	m.IndexDynamic, m.StoreDynamic, m.DocValuesDynamic = false, false, false
	m.ScoringModel = "bm25"
	return m
}

// apply makes changes searchable and durable, together with the mark that
// says so. When it returns an error the index is sick: bleve may have applied
// all, some or nothing.
func (s *shard) apply(changes []change, m mark) error {
	return s.use(func(idx bleve.Index) error {
		batch := idx.NewBatch()
		for _, c := range changes {
			if c.write == nil {
				batch.Delete(c.remove)
			} else if err := batch.IndexAdvanced(c.write.document()); err != nil {
				return err
			}
		}
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		batch.SetInternal(markKey, b)
		return within(stuckAfter, "a batch", func() error { return idx.Batch(batch) })
	})
}

// count is how many posts the index has.
func (s *shard) count() (n uint64, err error) {
	err = s.use(func(idx bleve.Index) error {
		n, err = idx.DocCount()
		return err
	})
	return n, err
}

// mergeAll makes one file of all there are, and so leaves out what was removed.
var mergeAll = mergeplan.MergePlanOptions{
	MaxSegmentsPerTier:   1,
	MaxSegmentSize:       mergeplan.MaxSegmentSizeLimit,
	MaxSegmentFileSize:   1 << 40,
	TierGrowth:           1,
	SegmentsPerMergeTask: 10_000,
	FloorSegmentSize:     1 << 30,
	FloorSegmentFileSize: 1 << 40,
	ReclaimDeletesWeight: 2,
}

// merge rewrites all files into one, if there are at least two.
func (s *shard) merge(ctx context.Context) error {
	return s.use(func(idx bleve.Index) error {
		inner, err := idx.Advanced()
		if err != nil {
			return err
		}
		files, ok := inner.(*scorch.Scorch)
		if !ok {
			return fmt.Errorf("the index is a %T, want one that merges", inner)
		}
		return files.ForceMerge(ctx, &mergeAll)
	})
}

// segments lists the files with terms that are now there, in use or not.
func (s *shard) segments() (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join(s.path, "store"))
	out := map[string]bool{}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".zap" {
			out[entry.Name()] = true
		}
	}
	return out, err
}

// use runs f on the open index. A panic becomes an error, and any error makes
// the index sick.
func (s *shard) use(f func(bleve.Index) error) (err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sick := s.isSick(); sick != nil {
		return sick
	}
	if s.idx == nil {
		return ErrClosed
	}
	err = func() (err error) {
		defer recovered(&err)
		return f(s.idx)
	}()
	if err != nil {
		return s.failed(err)
	}
	return nil
}

// failed makes the shard sick.
func (s *shard) failed(err error) error {
	err = fmt.Errorf("%w: %w", errSick, err)
	s.setSick(err)
	return err
}

func (s *shard) isSick() error {
	s.sickMu.Lock()
	defer s.sickMu.Unlock()
	return s.sick
}

func (s *shard) setSick(err error) {
	s.sickMu.Lock()
	defer s.sickMu.Unlock()
	s.sick = err
}

// close waits for readers and closes the index. It may be called twice.
func (s *shard) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	idx := s.idx
	s.idx = nil
	return shut(idx)
}

// shut closes an index that may be in any state.
func shut(idx bleve.Index) error {
	if idx == nil {
		return nil
	}
	return within(closeWithin, "closing", idx.Close)
}

// within runs f, which cannot be interrupted, and gives up waiting for it
// after d. A goroutine of bleve that died leaves its callers waiting for ever;
// only a new process helps then.
func within(d time.Duration, what string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer recovered(&err)
		err = f()
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%s did not end within %s: restart the program", what, d)
	}
}

// recovered turns a panic into an error. Deferred directly.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v at %s", r, firstFrame(debug.Stack()))
	}
}

// firstFrame is the place of a panic in one line.
func firstFrame(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			return strings.TrimSpace(lines[i+3])
		}
	}
	return "an unknown place"
}
