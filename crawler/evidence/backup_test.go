package evidence

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A copy made while captures are added verifies, and has every capture that
// was acknowledged before.
func TestBackupWhileAdding(t *testing.T) {
	s := open(t, t.TempDir(), Options{SegmentBytes: 4 << 10})
	var refs []Ref
	add := func(n int) {
		r, err := s.Add(t.Context(), pageCapture(n, fmt.Sprint("invented page ", n)))
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, r)
	}
	for n := range 12 {
		add(n)
	}
	if err := s.Keep(refs[3].String()); err != nil {
		t.Fatal(err)
	}
	before := len(refs)
	dir := t.TempDir()
	err := s.Backup(t.Context(), func(name string, size int64, r io.Reader) error {
		add(100 + len(refs)) // the store goes on
		b, err := io.ReadAll(r)
		if err != nil || int64(len(b)) != size {
			return fmt.Errorf("%d bytes (%w), want %d", len(b), err, size)
		}
		return os.WriteFile(filepath.Join(dir, name), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Folder{Dir: dir}.Verify(t.Context(), "")
	if err != nil || len(r.Problems) > 0 {
		t.Errorf("the copy: %v, %v; want it sound", r.Problems, err)
	}
	found, err := Folder{Dir: dir}.Find(t.Context(), refs[:before])
	if err != nil || len(found) != before {
		t.Errorf("%d of %d captures are in the copy (%v)", len(found), before, err)
	}
	again := open(t, dir, Options{})
	if got := again.Stats().Kept; got != 1 {
		t.Errorf("%d captures are marked to stay in the copy, want 1", got)
	}
}
