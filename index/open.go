package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"veghe"
)

// Errors that callers branch on.
var (
	// ErrNotFound is returned for a post id that is not in the index.
	ErrNotFound = errors.New("no such post in the index")
	// ErrLocked is returned by Open when another process has the directory.
	ErrLocked = errors.New("in use by another process")
	// ErrNoSpace is returned by Put while the disk is nearly full. Nothing of
	// the batch was stored: free space and put it again.
	ErrNoSpace = errors.New("not enough free disk space")
	// ErrDamaged is returned for a post whose bytes are not those that were
	// stored. [Salvage] keeps everything that is sound.
	ErrDamaged = errors.New("its bytes are not those that were stored")
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("the index is closed")
	// ErrBusy is returned by Search when too many searches run at once or the
	// query did not end before its deadline.
	ErrBusy = errors.New("the search took too long")
)

// Options tune an Index. The zero value is fine.
type Options struct {
	// MinFree is how many bytes the disk must keep free for Put to go on;
	// 0 means 1 GiB, or an eighth of a small disk; less than 0 no check.
	MinFree int64
	// Searches is how many searches run at once; 0 means one per CPU.
	Searches int
	// Deadline ends a search; 0 means 3 s.
	Deadline time.Duration
	// Log hears of repairs and rebuilds, never of post text; nil is silent.
	Log *slog.Logger
	// Now is the clock of IndexedAt; nil means time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Searches <= 0 {
		o.Searches = runtime.NumCPU()
	}
	if o.Deadline <= 0 {
		o.Deadline = 3 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// PutResult says what a Put did with each post of its batch.
type PutResult struct {
	New     int            // posts never seen before
	Updated int            // posts whose assessment was replaced
	Kept    int            // repeats, and assessments that must not replace what is there
	NewIDs  []veghe.PostID // the new ones, in the order they were given
}

// Counts are the plain counters of the whole index.
type Counts struct {
	Posts   int `json:"posts"`
	Flagged int `json:"flagged"`
	// Alerts are the flagged posts of severity high or critical.
	Alerts int `json:"alerts"`
	// Unreviewed are the flagged posts without a decision.
	Unreviewed int `json:"unreviewed"`
}

// Index keeps assessed posts on disk and finds them again. All methods may be
// called concurrently.
type Index struct {
	dir    string
	opt    Options
	log    *slog.Logger
	lock   *flock.Flock
	store  *store
	engine *engine

	// writing is held while a change is decided and committed to the store,
	// applying while the search index follows. Both: writing first.
	writing, applying mutex
	searches          chan struct{} // a place per running search
	phraseReads       int64         // maxChecked, less in tests

	closing sync.Mutex // guards closed, and that no call begins after it is set
	closed  bool
	calls   sync.WaitGroup // calls under way
}

// Open opens or creates the index in dir. Only one process may have it open;
// the next gets ErrLocked. What of the search index is missing, damaged, made by
// another version or behind the store is made anew or caught up first, which
// takes about six minutes per million posts; a damaged store is an error.
func Open(ctx context.Context, dir string, opt Options) (*Index, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	mine, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("index: lock %s: %w", dir, err)
	}
	if !mine {
		return nil, fmt.Errorf("index: %s is %w: stop it, or ask it over HTTP", dir, ErrLocked)
	}
	x := &Index{dir: dir, opt: opt.withDefaults(), lock: lock, writing: newMutex(), applying: newMutex(), phraseReads: maxChecked}
	x.log = x.opt.Log
	x.searches = make(chan struct{}, x.opt.Searches)
	if x.store, err = openStore(ctx, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("index: %w", err), lock.Unlock())
	}
	x.engine = &engine{dir: filepath.Join(dir, "search"), log: x.log, store: x.store.id, shards: map[month]*shard{}}
	if err := errors.Join(x.store.seeAll(ctx), x.openEngine(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("index: %w", err), x.Close())
	}
	return x, nil
}

// openEngine opens the shards and brings each level with the store. The caller
// has both locks, or is alone.
func (x *Index) openEngine(ctx context.Context) error {
	there, err := x.engine.takeOver()
	if err != nil {
		return err
	}
	counts, err := x.store.shardCounts(ctx)
	if err != nil {
		return err
	}
	if counts[takenOver] > 0 && !there {
		return x.remake(ctx)
	}
	if err := x.engine.removeOthers(counts); err != nil {
		return err
	}
	err = x.openShards(ctx, counts, false)
	if errors.Is(err, errTaken) {
		return x.remake(ctx)
	}
	return err
}

// remake makes the search index from nothing but the store.
func (x *Index) remake(ctx context.Context) error {
	if err := x.store.split(ctx, x.now()); err != nil {
		return err
	}
	// The store now says which months there are, so no stopping before there are.
	counts, err := x.store.shardCounts(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	// What cannot be removed must not keep the months from being there, sick if
	// need be.
	var left []error
	for _, s := range x.engine.all() {
		left = append(left, x.engine.drop(s.month))
	}
	left = append(left, x.engine.removeOthers(nil), x.openShards(ctx, counts, true))
	return errors.Join(left...)
}

// openShards opens shards, several at a time.
func (x *Index) openShards(ctx context.Context, counts map[month]int, fresh bool) error {
	var all errgroup.Group
	all.SetLimit(runtime.NumCPU())
	for m, want := range counts {
		s := x.engine.newShard(m)
		if err := x.engine.add(s); err != nil {
			return err
		}
		all.Go(func() error {
			if fresh {
				return x.makeShard(ctx, s)
			}
			return x.openShard(ctx, s, want)
		})
	}
	return all.Wait()
}

// openShard opens a shard and brings it level with the store.
func (x *Index) openShard(ctx context.Context, s *shard, want int) error {
	from, err := s.open(x.store.id, x.store.seq, false)
	if err != nil {
		return err
	}
	if err := x.catchUp(ctx, s, from); err != nil {
		return err
	}
	if have, err := s.count(); err == nil && have == uint64(want) { // else it does not even count
		return nil
	}
	x.log.Warn("a part of the search index does not have as many posts as the store, making it anew", "month", s.month)
	return x.makeShard(ctx, s)
}

// makeShard makes a shard from nothing but the store.
func (x *Index) makeShard(ctx context.Context, s *shard) error {
	if s.month == takenOver {
		return s.failed(errTaken)
	}
	if _, err := s.open(x.store.id, x.store.seq, true); err != nil {
		return err
	}
	return x.catchUp(ctx, s, 0)
}

// catchUp makes searchable what the store has of a month from a change on.
func (x *Index) catchUp(ctx context.Context, s *shard, from int64) error {
	started, done := time.Now(), 0
	for seq := from; ; {
		changes, upTo, err := x.store.after(ctx, s.month, seq, maxPiece/2)
		if err != nil { // perhaps cancelled: it must not pass for one that is level
			return s.failed(err)
		}
		if len(changes) == 0 {
			break
		}
		if err := s.apply(changes, mark{Store: x.store.id, Seq: upTo}); err != nil {
			return err
		}
		seq, done = upTo, done+len(changes)
		if done%50_000 < len(changes) && done > len(changes) {
			x.log.Info("making the search index", "month", s.month, "changes", done, "to", x.store.seq)
		}
	}
	if done > 0 {
		x.log.Info("the search index caught up with the store", "month", s.month, "changes", done, "took", time.Since(started))
	}
	return nil
}

// heal opens sick shards again and catches up, or makes them anew.
func (x *Index) heal(ctx context.Context) error {
	if x.engine.isSick() == nil {
		return nil
	}
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	sick := x.engine.isSick()
	if sick == nil { // someone else was faster
		return nil
	}
	if err := x.roomLeft(); err != nil {
		return errors.Join(sick, err)
	}
	x.log.Warn("repairing the search index", "error", sick)
	for _, s := range x.engine.all() {
		if s.isSick() == nil {
			continue
		}
		err := x.reopen(ctx, s)
		if errors.Is(err, errTaken) {
			return x.remake(ctx)
		}
		if err != nil {
			return s.failed(err)
		}
	}
	return nil
}

// relapse is how soon a shard that was opened again must not fail again: then
// what is wrong is in its files, and only making it anew helps.
const relapse = 10 * time.Minute

func (x *Index) reopen(ctx context.Context, s *shard) error {
	if now := time.Now(); now.Sub(s.reopened) > relapse {
		s.reopened = now
		counts, err := x.store.shardCounts(ctx)
		if err != nil {
			return err
		}
		return x.openShard(ctx, s, counts[s.month])
	}
	s.reopened = time.Time{}
	x.log.Warn("a part of the search index failed again, making it anew", "month", s.month)
	return x.makeShard(ctx, s)
}

// Rebuild makes the search index anew from the store. Searches meanwhile find
// only what is already in it; puts wait.
func (x *Index) Rebuild(ctx context.Context) error {
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	return x.remake(ctx)
}

func (x *Index) lockBoth(ctx context.Context) (release func(), err error) {
	if err := x.writing.lock(ctx); err != nil {
		return nil, err
	}
	if err := x.applying.lock(ctx); err != nil {
		x.writing.unlock()
		return nil, err
	}
	return func() {
		x.applying.unlock()
		x.writing.unlock()
	}, nil
}

// Healthy returns what is wrong, or nil: the search index is sick, or the disk
// is nearly full.
func (x *Index) Healthy() error {
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	return errors.Join(x.engine.isSick(), x.roomLeft())
}

// begin is called first by every method; Close waits for what begin returned
// to be called.
func (x *Index) begin() (done func(), err error) {
	x.closing.Lock()
	defer x.closing.Unlock()
	if x.closed {
		return nil, ErrClosed
	}
	x.calls.Add(1)
	return x.calls.Done, nil
}

// Close waits for running calls and releases the directory. It may be called
// twice.
func (x *Index) Close() error {
	x.closing.Lock()
	already := x.closed
	x.closed = true
	x.closing.Unlock()
	if already {
		return nil
	}
	x.calls.Wait()
	return errors.Join(x.engine.close(), x.store.close(), x.lock.Unlock())
}

func (x *Index) now() time.Time { return x.opt.Now() }

// mutex is a lock that one can stop waiting for.
type mutex chan struct{}

func newMutex() mutex { return make(mutex, 1) }

func (m mutex) lock(ctx context.Context) error {
	select {
	case m <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m mutex) unlock() { <-m }
