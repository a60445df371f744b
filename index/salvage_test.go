package index_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"veghe"
	"veghe/index"
)

// changeText changes what the store in dir has, as a bad disk would.
func changeText(t *testing.T, dir, from, to string) {
	t.Helper()
	path := filepath.Join(dir, index.File)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(b, []byte(from), []byte(to))
	if err := os.WriteFile(path, changed, 0o600); err != nil || bytes.Equal(b, changed) {
		t.Fatalf("nothing was changed (%v)", err)
	}
}

// A byte that the disk changed within a post is noticed on reading and by a
// scrub, and everything else is salvaged: reviews, order, counts.
func TestChangedByteAndSalvage(t *testing.T) {
	dir, aside := t.TempDir(), t.TempDir()
	x := open(t, dir)
	put(t, x, library()...)
	put(t, x, post("rotten", "un text care se strica"), post("sound", "un text care ramane"))
	if err := x.SetReview(t.Context(), "sound", veghe.Relevant); err != nil {
		t.Fatal(err)
	}
	before, err := x.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if read, bad, err := x.Scrub(t.Context()); read != before.Posts || bad != 0 || err != nil {
		t.Errorf("a sound store: %d read, %d damaged, %v", read, bad, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	changeText(t, dir, "care se strica", "care se stricA")

	x = open(t, dir)
	if _, err := x.Get(t.Context(), "rotten"); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("the changed post: %v, want ErrDamaged", err)
	}
	if _, err := x.Get(t.Context(), "sound"); err != nil {
		t.Errorf("another post: %v", err)
	}
	if _, bad, err := x.Scrub(t.Context()); bad != 1 || err != nil {
		t.Errorf("scrub finds %d damaged (%v), want 1", bad, err)
	}
	if _, err := index.Salvage(t.Context(), dir, aside); !errors.Is(err, index.ErrLocked) {
		t.Errorf("salvage of an open index: %v, want ErrLocked", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}

	got, err := index.Salvage(t.Context(), dir, aside)
	if err != nil || got.Kept != before.Posts-1 || got.Lost != 1 {
		t.Fatalf("salvaged %+v (%v), want all but one of %d", got, err, before.Posts)
	}
	x = open(t, dir)
	after, err := x.Count(t.Context())
	if err != nil || after.Posts != before.Posts-1 || after.Flagged != before.Flagged-1 {
		t.Errorf("counted %+v (%v), before %+v", after, err, before)
	}
	if _, err := x.Get(t.Context(), "rotten"); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("the changed post: %v, want ErrNotFound", err)
	}
	if res := search(t, x, index.Query{Text: "review:relevant", All: true}); res.Total != 1 {
		t.Errorf("%d reviewed posts are found, want 1", res.Total)
	}
	put(t, x, post("rotten", "un text care se strica"))
	if res := search(t, x, index.Query{Text: "strica", All: true}); res.Total != 1 {
		t.Errorf("put again it is found %d times, want once", res.Total)
	}
	if kept, err := filepath.Glob(filepath.Join(aside, "*"+index.File)); err != nil || len(kept) != 1 {
		t.Errorf("the old file is not kept: %v %v", kept, err)
	}
}

// A page of the database that is not a page any more takes its posts with it
// and no others.
func TestSalvageOfABrokenPage(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	for n := range 20 {
		put(t, x, numbered(n)...)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, index.File)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(`"text":"munca numarul x7x`)) / 4096 * 4096
	clear(b[at : at+4096])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := index.Salvage(t.Context(), dir, t.TempDir())
	if err != nil || got.Kept+got.Lost < 20*victimBatch || got.Lost == 0 || got.Lost > 50 {
		t.Fatalf("salvaged %+v (%v), want all but a page of %d", got, err, 20*victimBatch)
	}
	x = open(t, dir)
	if res := search(t, x, index.Query{Text: "munca", All: true}); res.Total != uint64(got.Kept) {
		t.Errorf("%d are found, want the %d that were kept", res.Total, got.Kept)
	}
}
