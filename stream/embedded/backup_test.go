package embedded

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"veghe/stream"
)

// intoFolder is where a test's backup goes.
func intoFolder(t *testing.T, dir string, order *[]string) BackupFile {
	return func(name string, size int64, r io.Reader) error {
		t.Helper()
		*order = append(*order, name)
		b, err := io.ReadAll(r)
		if err != nil || int64(len(b)) != size {
			return fmt.Errorf("%s: %d bytes (%w), want %d", name, len(b), err, size)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return os.WriteFile(path, b, 0o600)
	}
}

// What is appended and handled while a backup is made: the copy has every
// record, offsets no further than when it began, and retention takes nothing
// away meanwhile.
func TestBackupWhileInUse(t *testing.T) {
	c := newClock()
	l := mustOpen(t, t.TempDir(), Options{Clock: c.Now, Retention: Retention{Age: time.Hour}, SegmentBytes: 1 << 10})
	long := strings.Repeat("x", 600)
	put(t, l, "first "+long, "second "+long)
	if err := l.offsets.commit(position{"g", "test.a", 0}, 1); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var order []string
	swept := make(chan error, 1)
	err := l.Backup(t.Context(), []string{"test.a"}, func() error {
		put(t, l, "meanwhile "+long)
		if err := l.offsets.commit(position{"g", "test.a", 0}, 3); err != nil {
			return err
		}
		if err := l.Append(t.Context(), "another", stream.Record{Value: []byte("v")}); err != nil {
			return err
		}
		c.add(3 * time.Hour) // all of it is past its time now
		go func() { swept <- l.Retain() }()
		return nil
	}, intoFolder(t, dir, &order))
	if err != nil {
		t.Fatal(err)
	}
	if err := <-swept; err != nil {
		t.Fatal(err)
	}
	if first, last := order[0], order[len(order)-1]; first != "offsets" || !strings.HasPrefix(last, "topics/test.a/") {
		t.Errorf("copied in the order %v, want offsets first and topic test.a last", order)
	}
	copied := mustOpen(t, dir, Options{})
	var got []string
	for _, r := range mustRead(t, copied) {
		got = append(got, strings.Fields(r)[0])
	}
	if want := []string{"first", "second", "meanwhile"}; !slices.Equal(got, want) {
		t.Errorf("the copy has %v, want %v", got, want)
	}
	if got := copied.offsets.get(position{"g", "test.a", 0}); got != 1 {
		t.Errorf("the copy is handled up to %d, want 1, as when the backup began", got)
	}
}
