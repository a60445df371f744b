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
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
)

const (
	// layoutVersion names the fields of the search index. Raise it when they
	// change: the index is then made anew from the store.
	layoutVersion = "1"

	lockWait    = "5s"             // for bolt's own lock, else a second opening hangs
	stuckAfter  = 2 * time.Minute  // a batch that takes longer will never end
	closeWithin = 20 * time.Second // closing a sick index may hang

	maxClauses  = 1024   // terms in one OR that are weighed against each other
	maxExpanded = 5000   // terms that one beginning* stands for
	maxReaders  = 20_000 // terms in one query, over all of it
)

// errSick wraps what made the search index unusable. The store is fine; the
// index is opened again, or made anew, by the next call that needs it.
var errSick = errors.New("the search index must be repaired")

// engine is the search index on disk, derived from the store at any time. It
// guards against what bleve does when its files or the disk fail: a panic
// becomes an error, a hang ends, and both make it sick until it is reopened.
type engine struct {
	dir string // holds the index in a folder named by version
	log *slog.Logger

	// mu guards idx: readers hold it while they use idx.
	mu  sync.RWMutex
	idx bleve.Index

	// sickMu guards sick, apart from mu since readers set it.
	sickMu sync.Mutex
	sick   error
}

// mark is kept inside the search index, in the same batch as the posts: which
// store it was made from and up to which change.
type mark struct {
	Store string `json:"store"`
	Seq   int64  `json:"seq"`
}

var markKey = []byte("veghe")

var setLimits = sync.OnceFunc(func() { searcher.DisjunctionMaxClauseCount = maxClauses })

func (e *engine) path() string {
	return filepath.Join(e.dir, "v"+layoutVersion+"-"+foldVersion)
}

// open opens the index, or makes an empty one where there is none, or none
// that opens, or one of another store, or if it is to be fresh. An index that
// is open is closed first; searches wait meanwhile. It returns up to which
// change the index goes.
func (e *engine) open(store string, newest int64, fresh bool) (seq int64, err error) {
	setLimits()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if err != nil {
			e.setSick(fmt.Errorf("%w: %w", errSick, err))
		}
	}()
	if err := shut(e.idx); err != nil {
		e.log.Warn("the search index did not close well", "error", err)
	}
	e.idx = nil
	if fresh {
		if err := os.RemoveAll(e.path()); err != nil {
			return 0, err
		}
	}
	idx, m, err := e.openThere()
	if err == nil && (m.Store != store || m.Seq > newest) {
		err = errors.Join(errors.New("it belongs to another store"), shut(idx))
	}
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			e.log.Warn("the search index is not usable, making it anew from the store", "error", err)
		}
		if idx, err = e.create(store); err != nil {
			return 0, err
		}
		m = mark{Store: store}
	}
	e.idx = idx
	e.setSick(nil)
	return m.Seq, e.removeOthers()
}

func (e *engine) openThere() (idx bleve.Index, m mark, err error) {
	if _, err := os.Stat(e.path()); err != nil {
		return nil, m, err
	}
	defer recovered(&err)
	idx, err = bleve.OpenUsing(e.path(), map[string]any{"bolt_timeout": lockWait})
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

// create moves what is in the way aside and makes an empty index.
func (e *engine) create(store string) (idx bleve.Index, err error) {
	defer recovered(&err)
	if err := e.moveAside(); err != nil {
		return nil, err
	}
	idx, err = bleve.NewUsing(e.path(), newMapping(), scorch.Name, scorch.Name, map[string]any{"bolt_timeout": lockWait})
	if err != nil {
		return nil, fmt.Errorf("make a search index in %s: %w", e.path(), err)
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
func (e *engine) moveAside() error {
	if info, err := os.Stat(e.dir); err == nil && !info.IsDir() {
		if err := os.Remove(e.dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(e.path()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	aside := e.path() + asideSuffix
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	return os.Rename(e.path(), aside)
}

// removeOthers removes indexes of other versions.
func (e *engine) removeOthers() error {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if name == filepath.Base(e.path()) || strings.HasSuffix(name, asideSuffix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(e.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// removeAside removes what moveAside kept: it may hold words of posts that
// must be gone.
func (e *engine) removeAside() error { return os.RemoveAll(e.path() + asideSuffix) }

// newMapping is nearly empty: documents come with their fields made.
func newMapping() *mapping.IndexMappingImpl {
	m := bleve.NewIndexMapping()
	m.DefaultMapping = bleve.NewDocumentStaticMapping()
	m.IndexDynamic, m.StoreDynamic, m.DocValuesDynamic = false, false, false
	m.ScoringModel = "bm25"
	return m
}

// change is one step of the store: a post written, or one removed.
type change struct {
	remove string  // id, or empty
	write  *record // or nil
}

// apply makes changes searchable and durable, together with the mark that
// says so. When it returns an error the index is sick: bleve may have applied
// all, some or nothing.
func (e *engine) apply(changes []change, m mark) error {
	return e.use(func(idx bleve.Index) error {
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

// search runs a request. Errors of the request itself do not make the index
// sick; a panic or damaged file does.
func (e *engine) search(ctx context.Context, req *bleve.SearchRequest) (res *bleve.SearchResult, err error) {
	ctx = context.WithValue(ctx, search.MaxTermSearchersKey, maxReaders)
	var refused error
	err = e.use(func(idx bleve.Index) error {
		res, err = idx.SearchInContext(ctx, req)
		if err != nil && (ctx.Err() != nil || isTooMany(err)) {
			refused = err
			return nil
		}
		if err == nil && res.Status != nil && res.Status.Failed > 0 {
			return fmt.Errorf("%d of %d parts of the index failed", res.Status.Failed, res.Status.Total)
		}
		return err
	})
	if refused != nil {
		return nil, refused
	}
	return res, err
}

var errTooMany = errors.New("too many terms")

// isTooMany reports that a query was refused for its size. Bleve has no
// sentinel for that.
func isTooMany(err error) bool {
	return errors.Is(err, errTooMany) || strings.HasPrefix(err.Error(), "TooManyClauses") || strings.HasPrefix(err.Error(), "TooManyTermSearchers")
}

// count is how many posts the index has.
func (e *engine) count() (n uint64, err error) {
	err = e.use(func(idx bleve.Index) error {
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
func (e *engine) merge(ctx context.Context) error {
	return e.use(func(idx bleve.Index) error {
		inner, err := idx.Advanced()
		if err != nil {
			return err
		}
		s, ok := inner.(*scorch.Scorch)
		if !ok {
			return fmt.Errorf("the index is a %T, want one that merges", inner)
		}
		return s.ForceMerge(ctx, &mergeAll)
	})
}

// segments lists the files with terms that are now there, in use or not.
func (e *engine) segments() (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join(e.path(), "store"))
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
func (e *engine) use(f func(bleve.Index) error) (err error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if sick := e.isSick(); sick != nil {
		return sick
	}
	if e.idx == nil {
		return ErrClosed
	}
	err = func() (err error) {
		defer recovered(&err)
		return f(e.idx)
	}()
	if err != nil {
		err = fmt.Errorf("%w: %w", errSick, err)
		e.setSick(err)
	}
	return err
}

func (e *engine) isSick() error {
	e.sickMu.Lock()
	defer e.sickMu.Unlock()
	return e.sick
}

func (e *engine) setSick(err error) {
	e.sickMu.Lock()
	defer e.sickMu.Unlock()
	e.sick = err
}

// close waits for readers and closes the index. It may be called twice.
func (e *engine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	idx := e.idx
	e.idx = nil
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
