//go:build !windows

package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/stream"
)

// childFill appends until the system lets it write no further, then is given
// room and goes on: what was acknowledged before and after is kept, in order,
// and nothing else.
func childFill(dir string) int {
	signal.Ignore(syscall.SIGXFSZ)
	if err := fill(dir); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

func fill(dir string) error {
	l, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	add := func(i int) error {
		v := fmt.Appendf(nil, "%d %s", i, bytes.Repeat([]byte("x"), 1000))
		return l.Append(background, topicA, stream.Record{Key: []byte("k"), Value: v})
	}
	// 20,500 bytes end in the middle of a frame: the write comes short.
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 20_500, Max: old.Max}); err != nil {
		return err
	}
	n := 0
	for ; n < 100; n++ {
		if err = add(n); err != nil {
			break
		}
	}
	if err == nil || n == 0 {
		return fmt.Errorf("%d appends, error %w: want some, then an error", n, err)
	}
	if err := add(n); err == nil {
		return errors.New("a second append on a full disk did not fail")
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	for end := n + 10; n < end; n++ {
		if err := add(n); err != nil {
			return fmt.Errorf("with space again: %w", err)
		}
	}
	return l.Close()
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if out, err := command(t, "fill", dir).Output(); err != nil {
		t.Fatalf("child: %v %s", err, out)
	}
	l := mustOpen(t, dir, Options{})
	got := mustRead(t, l)
	if len(got) < 20 {
		t.Errorf("%d records, want some before and 10 after", len(got))
	}
	for i, v := range got {
		if !strings.HasPrefix(v, fmt.Sprint(i, " ")) {
			t.Errorf("record %d begins %.10q", i, v)
		}
	}
}

// disk is a set of files that remembers what was fsynced, and can fail.
type disk struct {
	mu      sync.Mutex // guards all below, and orders all writes
	durable map[string]int64
	failing bool // every fsync fails
}

func newDisk() *disk { return &disk{durable: make(map[string]int64)} }

type diskFile struct {
	file
	d    *disk
	name string
}

func (d *disk) open(name string, flag int) (file, error) {
	f, err := osOpen(name, flag)
	if err != nil {
		return nil, err
	}
	return &diskFile{f, d, strings.TrimSuffix(name, ".new")}, nil
}

func (f *diskFile) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.file.WriteAt(b, off)
}

func (f *diskFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.durable[f.name] = min(f.d.durable[f.name], size)
	return f.file.Truncate(size)
}

func (f *diskFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.failing {
		return syscall.EIO
	}
	info, err := f.file.(*os.File).Stat()
	if err != nil {
		return err
	}
	f.d.durable[f.name] = info.Size()
	return nil
}

func (d *disk) fail(yes bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = yes
}

// loseTo copies the files as they may be after a power cut: what was not
// fsynced is there in part, or as zeros, or not at all.
func (d *disk) loseTo(t *testing.T, from, to string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		copied := filepath.Join(to, strings.TrimPrefix(path, from))
		if e.IsDir() {
			return os.MkdirAll(copied, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		safe := int(min(d.durable[path], int64(len(b))))
		b = b[:safe+rand.IntN(len(b)-safe+1)]
		if tail := b[safe:]; len(tail) > 0 && rand.IntN(2) == 0 {
			from := rand.IntN(len(tail)) // a page that was not written, though later ones were
			clear(tail[from : from+1+rand.IntN(len(tail)-from)])
		}
		return os.WriteFile(copied, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPowerCut looks at the disk as a power cut would leave it, at many
// moments, while appenders and a group work.
func TestPowerCut(t *testing.T) {
	d, dir := newDisk(), t.TempDir()
	o := Options{SegmentBytes: 8 << 10, MaxBatch: 10}
	l, err := openLog(dir, o, d.open)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards acked
	acked := make(map[string]bool)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				v := fmt.Sprintf("0-%d-%08d-0", w, i)
				if err := l.Append(t.Context(), topicA, stream.Record{Key: []byte("k"), Value: []byte(v)}); err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				mu.Lock()
				acked[v] = true
				mu.Unlock()
			}
		})
	}
	var handled int
	consumed := make(chan error, 1)
	go func() { consumed <- l.Consume(t.Context(), topicA, "g", countHandler(&handled)) }()

	for range 25 {
		mu.Lock()
		before := make(map[string]bool, len(acked))
		for v := range acked {
			before[v] = true
		}
		mu.Unlock()
		cut := t.TempDir()
		d.loseTo(t, dir, cut)
		var log logged
		after := mustOpen(t, cut, Options{Logger: log.logger()})
		if _, err := after.topic(topicA, true); err != nil {
			t.Fatal(err)
		}
		checkStored(t, after, before)
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("after a power cut:\n%s", log.String())
		}
	}
	close(stop)
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-consumed; !errors.Is(err, ErrClosed) {
		t.Errorf("Consume of a log that was closed: %v, want ErrClosed", err)
	}
	if handled == 0 || len(acked) == 0 {
		t.Errorf("%d acknowledged, %d handled: nothing was tested", len(acked), handled)
	}
}

// TestFailedSync wants that what an fsync failed for is neither acknowledged
// nor read, and that the log goes on when the disk does.
func TestFailedSync(t *testing.T) {
	d, dir := newDisk(), t.TempDir()
	l, err := openLog(dir, Options{}, d.open)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "a")
	d.fail(true)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := l.Append(t.Context(), topicA, stream.Record{Value: []byte("lost")}); !errors.Is(err, syscall.EIO) {
				t.Errorf("Append: %v, want EIO", err)
			}
		})
	}
	wg.Wait()
	if d := cmp.Diff([]string{"a"}, mustRead(t, l)); d != "" {
		t.Errorf("while failing (-want +got):\n%s", d)
	}
	d.fail(false)
	put(t, l, "b")
	want := []string{"a", "b"}
	if d := cmp.Diff(want, mustRead(t, l)); d != "" {
		t.Errorf("mended (-want +got):\n%s", d)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, mustRead(t, mustOpen(t, dir, Options{}))); d != "" {
		t.Errorf("reopened (-want +got):\n%s", d)
	}
}

// TestFailedSyncOfAnother has two writers wait when an fsync fails for the
// first, and their offsets given to a new record before the second looks: it
// must not take that record for its own. Nor may a reader return bytes that it
// read ahead of what was durable.
func TestFailedSyncOfAnother(t *testing.T) {
	d := newDisk()
	l, err := openLog(t.TempDir(), Options{}, d.open)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "a")
	p := l.topics[topicA].parts[0]
	write := func(v string) written {
		w, err := p.write([]*stream.Record{{Value: []byte(v)}})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	first, second := write("b"), write("c")
	c := &cursor{p: p}
	defer c.close()
	next := func() (vs []string) {
		batch, err := c.read(10, p.end())
		if err != nil {
			t.Errorf("reading: %v", err)
		}
		for _, r := range batch {
			vs = append(vs, string(r.Value))
		}
		return vs
	}
	if d := cmp.Diff([]string{"a"}, next()); d != "" {
		t.Errorf("before the fsync (-want +got):\n%s", d)
	}
	d.fail(true)
	if err := p.sync(first); !errors.Is(err, syscall.EIO) {
		t.Errorf("first: %v, want EIO", err)
	}
	d.fail(false)
	put(t, l, "longer than b and c", "e", "f")
	if err := p.sync(second); !errors.Is(err, syscall.EIO) {
		t.Errorf("second: %v, want EIO", err)
	}
	if d := cmp.Diff([]string{"longer than b and c", "e", "f"}, next()); d != "" {
		t.Errorf("after it (-want +got):\n%s", d)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestFailedOffsetSync wants that an offset can be stored once the disk goes on
// again, though memory was ahead of the disk.
func TestFailedOffsetSync(t *testing.T) {
	d, dir := newDisk(), t.TempDir()
	l, err := openLog(dir, Options{MaxBatch: 1}, d.open)
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "a", "b")
	at := position{"g", topicA, 0}
	d.fail(true)
	if err := l.offsets.commit(at, 1); !errors.Is(err, syscall.EIO) {
		t.Errorf("commit: %v, want EIO", err)
	}
	d.fail(false)
	if err := l.offsets.commit(at, 1); err != nil {
		t.Errorf("commit again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, dir, Options{})
	if d := cmp.Diff([]string{"b"}, consumeUntil(t, l, "g")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
