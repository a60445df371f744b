package embedded

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func mustOffsets(t *testing.T, path string) *offsets {
	t.Helper()
	o, err := openOffsets(path, osOpen, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func mustCommit(t *testing.T, o *offsets, at position, next int64) {
	t.Helper()
	if err := o.commit(at, next); err != nil {
		t.Fatal(err)
	}
}

func TestOffsetsNeverGoBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offsets")
	o := mustOffsets(t, path)
	at := position{"g", topicA, 0}
	for _, n := range []int64{5, 9, 7} {
		mustCommit(t, o, at, n)
	}
	if got := o.get(at); got != 9 {
		t.Errorf("offset %d, want 9", got)
	}
	if got := mustOffsets(t, path).get(at); got != 9 {
		t.Errorf("offset %d after reopening, want 9", got)
	}
}

// TestTornOffsets cuts and damages every byte of the last line: the line
// before counts, and the next commit is not spoiled.
func TestTornOffsets(t *testing.T) {
	dir := t.TempDir()
	at := position{"g", topicA, 0}
	lines := string(entry{at, 5}.line()) + string(entry{at, 9}.line())
	last := strings.Index(lines, "\n") + 1
	for i := last; i < len(lines); i++ {
		damaged := []byte(lines)
		damaged[i] ^= 2
		for what, b := range map[string][]byte{"cut": []byte(lines[:i]), "damaged": damaged} {
			path := filepath.Join(dir, fmt.Sprint(what, i))
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			o := mustOffsets(t, path)
			if got := o.get(at); got != 5 {
				t.Errorf("%s at byte %d: offset %d, want 5", what, i, got)
			}
			mustCommit(t, o, at, 6)
			if got := mustOffsets(t, path).get(at); got != 6 {
				t.Errorf("%s at byte %d: offset %d after a commit, want 6", what, i, got)
			}
		}
	}
}

// TestOffsetsShrink has many commits at once and wants a small file.
func TestOffsetsShrink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offsets")
	o := mustOffsets(t, path)
	o.compact = 2000
	var wg sync.WaitGroup
	for p := range 4 {
		wg.Go(func() {
			for n := range 50 {
				if err := o.commit(position{"g", topicA, p}, int64(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if o.compact != compactBytes {
		t.Error("the file was not rewritten")
	}
	again := mustOffsets(t, path)
	for p := range 4 {
		if got := again.get(position{"g", topicA, p}); got != 49 {
			t.Errorf("partition %d: offset %d, want 49", p, got)
		}
	}
}
