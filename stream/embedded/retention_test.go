package embedded

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe/stream"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().Add(time.Hour)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func retain(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Retain(); err != nil {
		t.Fatalf("Retain: %v", err)
	}
}

// TestRetentionByAge wants that records go when they are old, and not before,
// also from a topic too quiet to ever fill a segment.
func TestRetentionByAge(t *testing.T) {
	c := newClock()
	l := mustOpen(t, t.TempDir(), Options{Clock: c.Now, Retention: Retention{Age: 8 * time.Hour}})
	put(t, l, "0 h")
	for range 4 {
		c.add(2 * time.Hour)
		retain(t, l)
		put(t, l, c.Now().Format(time.TimeOnly))
	}
	if got := len(mustRead(t, l)); got != 5 {
		t.Errorf("after 8 hours %d records are kept, want all 5", got)
	}
	c.add(time.Hour)
	retain(t, l)
	if got := len(mustRead(t, l)); got != 4 {
		t.Errorf("after 9 hours %d records are kept, want 4", got)
	}
	c.add(10 * time.Hour)
	retain(t, l)
	if got := mustRead(t, l); len(got) != 0 {
		t.Errorf("after 19 hours %d records are kept, want none", len(got))
	}
	put(t, l, "new")
	if d := cmp.Diff([]string{"new"}, consumeUntil(t, l, "g")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRetentionHolds wants that a known group loses nothing to age and size.
func TestRetentionHolds(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	o := Options{SegmentBytes: 1024, Clock: c.Now, Retention: Retention{Age: time.Hour, Bytes: 3000}}
	l := mustOpen(t, dir, o)
	put(t, l, "first")
	consumeUntil(t, l, "slow")
	put(t, l, numbered(0, 100)...)
	c.add(24 * time.Hour)
	retain(t, l)
	held := l.Stats()[0]
	if held.Held == 0 || held.End-held.Begin < 100 {
		t.Errorf("stats are %+v, want 100 records held", held)
	}
	// It is known after a restart too.
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, dir, o)
	retain(t, l)
	if d := cmp.Diff(numbered(0, 100), consumeUntil(t, l, "slow")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	retain(t, l)
	if got := len(mustRead(t, l)); got != 0 {
		t.Errorf("%d records are kept once handled, want none", got)
	}
	if s := l.Stats()[0]; s.Held != 0 || s.Segments != 1 {
		t.Errorf("stats are %+v, want nothing held in one segment", s)
	}
}

func TestRetentionBySize(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{SegmentBytes: 1024, Topics: map[string]TopicOptions{
		topicA: {Retention: &Retention{Bytes: 5000}},
	}})
	values := numbered(0, 200)
	put(t, l, values...)
	other := stream.Record{Value: make([]byte, 20_000)}
	if err := l.Append(t.Context(), "test.b", other, other); err != nil {
		t.Fatal(err)
	}
	retain(t, l)
	got := mustRead(t, l)
	if len(got) < 40 || len(got) > 100 {
		t.Errorf("%d records are kept, want about 5000 bytes of them", len(got))
	}
	if d := cmp.Diff(values[200-len(got):], got); d != "" {
		t.Errorf("kept (-want +got):\n%s", d)
	}
	want := []TopicStats{
		{Topic: topicA, Partitions: 1, Begin: int64(200 - len(got)), End: 200},
		{Topic: "test.b", Partitions: 1, Segments: 1, Bytes: 40_000 + 2*frameHeader + segmentHeader, End: 2},
	}
	stats := l.Stats()
	if n := stats[0].Bytes; n > 5000 {
		t.Errorf("%d bytes are kept, want at most 5000", n)
	}
	stats[0].Bytes, stats[0].Segments = 0, 0
	if d := cmp.Diff(want, stats, cmpopts.IgnoreFields(TopicStats{}, "Oldest")); d != "" {
		t.Errorf("stats (-want +got):\n%s", d)
	}
}

// TestForget frees what an abandoned group holds, but not one at work.
func TestForget(t *testing.T) {
	c := newClock()
	l := mustOpen(t, t.TempDir(), Options{Clock: c.Now, Retention: Retention{Age: time.Hour}})
	put(t, l, "a")
	consumeUntil(t, l, "gone")
	put(t, l, "b")
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- l.Consume(ctx, topicA, "busy", func(ctx context.Context, _ []stream.Record) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-started
	if err := l.Forget(topicA, "busy"); err == nil {
		t.Error("Forget of a group at work: nil, want an error")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Consume: %v", err)
	}
	for _, g := range []string{"busy", "gone"} {
		c.add(2 * time.Hour)
		retain(t, l)
		if got := len(mustRead(t, l)); got == 0 {
			t.Errorf("nothing is kept for group %s", g)
		}
		if err := l.Forget(topicA, g); err != nil {
			t.Errorf("Forget: %v", err)
		}
	}
	retain(t, l)
	if got := len(mustRead(t, l)); got != 0 {
		t.Errorf("%d records are kept for nobody", got)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{})
	_, err := Open(dir, Options{})
	if locked, ok := errors.AsType[*LockedError](err); !ok || locked.PID != strconv.Itoa(os.Getpid()) {
		t.Fatalf("second Open: %v, want a LockedError that names this process", err)
	}
	put(t, l, "a") // the first one is not disturbed
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, Options{})
}

// TestMorePartitions keeps what there was, and never has fewer.
func TestMorePartitions(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ configured, want int }{{2, 2}, {3, 3}, {1, 3}} {
		l := mustOpen(t, dir, Options{Partitions: tt.configured})
		for i := range 10 {
			r := stream.Record{Key: []byte{byte(i)}, Value: []byte("v")}
			if err := l.Append(t.Context(), topicA, r); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.Stats()[0].Partitions; got != tt.want {
			t.Errorf("%d partitions configured: got %d, want %d", tt.configured, got, tt.want)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(mustRead(t, mustOpen(t, dir, Options{}))); got != 30 {
		t.Errorf("%d records, want 30", got)
	}
}

func TestBadNames(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{})
	for _, name := range []string{"", ".", "..", "../x", "a/b", "a b", "ă"} {
		if err := l.Append(t.Context(), name, stream.Record{}); err == nil {
			t.Errorf("Append to topic %q: nil, want an error", name)
		}
	}
	if err := l.Consume(t.Context(), topicA, "", countHandler(new(int))); err == nil {
		t.Error("Consume as no group: nil, want an error")
	}
	huge := stream.Record{Value: make([]byte, maxBody+1)}
	if err := l.Append(t.Context(), topicA, stream.Record{}, huge); !errors.Is(err, stream.ErrTooLarge) {
		t.Errorf("Append of a huge record: %v, want ErrTooLarge", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "topics", topicA)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a topic was made for nothing: %v", err)
	}
}

// TestClockJumps has the clock a year ahead for a while, as a machine's may be
// before it finds its time server. Records of that time must not be kept for a
// year, nor carry the ones after them along, nor is any of them lost early;
// the restart in between knows of the jump only what is on the disk.
func TestClockJumps(t *testing.T) {
	c, dir := newClock(), t.TempDir()
	o := Options{Clock: c.Now, Retention: Retention{Age: 8 * time.Hour}}
	l := mustOpen(t, dir, o)
	c.add(365 * 24 * time.Hour)
	put(t, l, "ahead")
	c.add(-365 * 24 * time.Hour)
	put(t, l, "right again")
	retain(t, l)
	put(t, l, "later")
	for _, lag := range mustLag(t, l) {
		if ahead := lag.Oldest.Sub(c.Now()); ahead > 366*24*time.Hour {
			t.Errorf("the oldest record is %v ahead", ahead)
		}
	}
	c.add(4 * time.Hour)
	retain(t, l)
	if d := cmp.Diff([]string{"ahead", "right again", "later"}, mustRead(t, l)); d != "" {
		t.Errorf("after 4 of 8 hours (-want +got):\n%s", d)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, dir, o)
	c.add(6 * time.Hour)
	retain(t, l)
	put(t, l, "new")
	c.add(2 * time.Hour)
	retain(t, l)
	if d := cmp.Diff([]string{"new"}, mustRead(t, l)); d != "" {
		t.Errorf("after 12 hours (-want +got):\n%s", d)
	}
}

func mustLag(t *testing.T, l *Log) []stream.Lag {
	t.Helper()
	lags, err := l.Lag(t.Context(), topicA, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	return lags
}
