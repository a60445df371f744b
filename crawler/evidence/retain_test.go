package evidence

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Unflagged captures go after their time and are in no file; flagged ones
// stay where their references say, and the chain still verifies.
func TestPurge(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now, SegmentBytes: 3000})
	var refs []Ref
	for i := range 30 {
		refs = append(refs, add(t, s, pageCapture(i, fmt.Sprintf("<p>secret-%02d</p>", i))))
		c.pass(time.Hour)
	}
	stays := func(i int) bool { return i%7 == 3 || i >= 20 }
	for i, r := range refs {
		if i%7 == 3 {
			if err := s.Keep(r.String(), "warc:ffffffff-000001#1;sha256:"+strings.Repeat("0", 64), "file:elsewhere"); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := c.now().Add(-10 * time.Hour)
	p, err := s.Purge(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	gone := 0
	for i, r := range refs {
		found := find(t, dir, r) != nil
		if found != stays(i) {
			t.Errorf("capture %d: found %v, want %v", i, found, stays(i))
		}
		if !found {
			gone++
		}
		if inFiles(t, dir, fmt.Sprintf("secret-%02d", i)) != stays(i) {
			t.Errorf("the text of capture %d is in the files: %v, want %v", i, !stays(i), stays(i))
		}
	}
	if p.Captures != gone || gone != 17 {
		t.Errorf("%d purged, %d gone, want 17", p.Captures, gone)
	}
	if r := verify(t, dir); len(r.Problems) > 0 || r.Removed < 2*17 {
		t.Errorf("%+v", r)
	}
	if p, err := s.Purge(t.Context(), before); err != nil || p.Captures != 0 {
		t.Errorf("purging again removed %d, %v", p.Captures, err)
	}

	// All of it again from a fresh start, and then the rest.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{Now: c.now, SegmentBytes: 3000})
	if p, err := s.Purge(t.Context(), c.now()); err != nil || p.Captures != 9 {
		t.Errorf("the rest: %d, %v, want 9", p.Captures, err)
	}
	add(t, s, pageCapture(99, "new"))
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	if find(t, dir, refs[3]) == nil {
		t.Error("a flagged capture went with the second purge")
	}
}

// A purge that was killed after it announced a removal is made good by the
// next one, and is no sign of a theft meanwhile.
func TestPurgeKilled(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now})
	ref := add(t, s, pageCapture(1, "secret"))
	c.pass(time.Hour)
	if err := s.closeOld(c.now()); err != nil {
		t.Fatal(err)
	}
	if err := s.line(Line{Reduced: &Reduced{Segment: ref.Segment, Removed: 3}}); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Errorf("%q", r.Problems)
	}
	if p, err := s.Purge(t.Context(), c.now()); err != nil || p.Captures != 1 || inFiles(t, dir, "secret") {
		t.Errorf("%+v, %v; the text is still there: %v", p, err, inFiles(t, dir, "secret"))
	}
	if r := verify(t, dir); len(r.Problems) > 0 || r.Removed != 3 {
		t.Errorf("%+v", r)
	}
}

// A damaged segment goes once all of it is due, unless something in it is to
// stay: then it is left to a person.
func TestPurgeDamaged(t *testing.T) {
	for _, stays := range []bool{false, true} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		ref := add(t, s, pageCapture(1, "pagina"))
		if stays {
			if err := s.Keep(ref.String()); err != nil {
				t.Fatal(err)
			}
		}
		later := time.Now().Add(time.Hour)
		if err := s.closeOld(later); err != nil {
			t.Fatal(err)
		}
		path := segmentPath(dir, ref.Segment)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[ref.Offset+60] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Purge(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("with something to stay %v: %v", stays, err)
		}
	}
}

// inFiles decompresses everything in the folder and looks for a word.
func inFiles(t *testing.T, dir, word string) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) {
			return true
		}
		if !strings.HasSuffix(name, segmentSuffix) {
			continue
		}
		r := NewReader(bytes.NewReader(b), Limits{})
		for rec, err := r.Next(); err == nil; rec, err = r.Next() {
			if bytes.Contains(rec.Block, []byte(word)) {
				return true
			}
		}
	}
	return false
}

// What is erased is gone from the files at once, marked or not, new or old; the
// rest stays where its references say, and the chain still verifies.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now, SegmentBytes: 3000})
	var refs []Ref
	for i := range 12 {
		refs = append(refs, add(t, s, pageCapture(i, fmt.Sprintf("<p>secret-%02d</p>", i))))
		if err := s.Keep(refs[i].String()); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Hour)
	}
	doomed := map[int]bool{0: true, 5: true, 11: true} // the last is in the growing segment
	p, err := s.Erase(t.Context(), refs[0].String(), refs[5].String(), refs[11].String(), "file:elsewhere")
	if err != nil || p.Captures != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, r := range refs {
		if found := find(t, dir, r) != nil; found == doomed[i] {
			t.Errorf("capture %d: found %v", i, found)
		}
		if inFiles(t, dir, fmt.Sprintf("secret-%02d", i)) == doomed[i] {
			t.Errorf("the text of capture %d is in the files: %v", i, doomed[i])
		}
	}
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	if p, err := s.Erase(t.Context(), refs[0].String()); err != nil || p.Captures != 0 {
		t.Errorf("again: %+v, %v", p, err)
	}
	add(t, s, pageCapture(99, "new"))
	if p, err := s.Purge(t.Context(), c.now()); err != nil || p.Captures > 1 {
		t.Errorf("a purge after it: %+v, %v", p, err)
	}
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
}
