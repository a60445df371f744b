package index

import (
	"context"
	"errors"
	"log/slog"
	"time"

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
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("the index is closed")
	// ErrBusy is returned by Search when too many searches run at once or the
	// query did not end before its deadline.
	ErrBusy = errors.New("the search took too long")
)

// Options tune an Index. The zero value is fine.
type Options struct {
	// MinFree is how many bytes the disk must keep free for Put to go on;
	// 0 means 1 GiB, less than 0 no check.
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
type Index struct{ _ int }

// Open opens or creates the index in dir.
func Open(ctx context.Context, dir string, opt Options) (*Index, error) {
	return nil, errors.ErrUnsupported
}

// Put stores a batch.
func (x *Index) Put(ctx context.Context, batch []veghe.Assessed) (PutResult, error) {
	return PutResult{}, errors.ErrUnsupported
}

// Search runs a query.
func (x *Index) Search(ctx context.Context, q Query) (Result, error) {
	return Result{}, errors.ErrUnsupported
}

// Get returns one post, or ErrNotFound.
func (x *Index) Get(ctx context.Context, id veghe.PostID) (Hit, error) {
	return Hit{}, errors.ErrUnsupported
}

// Thread returns the posts of a conversation in order, at most limit.
func (x *Index) Thread(ctx context.Context, source veghe.SourceID, thread veghe.ThreadID, limit int) ([]Hit, error) {
	return nil, errors.ErrUnsupported
}

// SetReview records the decision that now counts for a post; "" takes it back.
func (x *Index) SetReview(ctx context.Context, id veghe.PostID, d veghe.Decision) error {
	return errors.ErrUnsupported
}

// Count returns the plain counters.
func (x *Index) Count(ctx context.Context) (Counts, error) { return Counts{}, errors.ErrUnsupported }

// Purge removes unflagged posts collected before olderThan.
func (x *Index) Purge(ctx context.Context, olderThan time.Time) (int, error) {
	return 0, errors.ErrUnsupported
}

// Rebuild makes the search index anew from the store.
func (x *Index) Rebuild(ctx context.Context) error { return errors.ErrUnsupported }

// Healthy returns what is wrong, or nil.
func (x *Index) Healthy() error { return errors.ErrUnsupported }

// Close waits for running calls. It may be called twice.
func (x *Index) Close() error { return nil }
