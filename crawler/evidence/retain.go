package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const keptFile = "kept"

// Keep marks captures that are to stay whatever their age: those of flagged
// posts. References that name nothing of this store are passed over. When it
// returns nil the marks are on the disk; marking twice does no harm.
func (s *Store) Keep(refs ...string) error {
	var fresh bytes.Buffer
	marks := make(map[string][]int64)
	s.mu.Lock()
	for _, text := range refs {
		r, err := ParseRef(text)
		if err != nil || !strings.HasPrefix(r.Segment, s.id) || s.kept[r.Segment][r.Offset] {
			continue
		}
		fmt.Fprintf(&fresh, "%s %d\n", r.Segment, r.Offset)
		marks[r.Segment] = append(marks[r.Segment], r.Offset)
	}
	s.mu.Unlock()
	if fresh.Len() == 0 {
		return nil
	}
	s.file.Lock() // Purge must see all marks or wait for them
	defer s.file.Unlock()
	if err := appendFile(filepath.Join(s.dir, keptFile), fresh.Bytes()); err != nil {
		return fmt.Errorf("evidence: marking what stays: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for segment, offsets := range marks {
		for _, o := range offsets {
			s.mark(segment, o)
		}
	}
	return nil
}

// mark is called with mu held.
func (s *Store) mark(segment string, offset int64) {
	if s.kept[segment] == nil {
		s.kept[segment] = map[int64]bool{}
	}
	s.kept[segment][offset] = true
}

// loadKept reads the marks. A torn last line was never acknowledged.
func (s *Store) loadKept() error {
	path := filepath.Join(s.dir, keptFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	for line := range strings.Lines(string(b[:whole])) {
		segment, at, _ := strings.Cut(strings.TrimSpace(line), " ")
		offset, err := strconv.ParseInt(at, 10, 64)
		if err != nil || !isSegment(segment) {
			return fmt.Errorf("%s: not a list of captures", path)
		}
		s.mark(segment, offset)
	}
	return os.Truncate(path, int64(whole))
}

// Purged is what a purge removed.
type Purged struct {
	Captures int   `json:"captures"`
	Bytes    int64 `json:"bytes"`
}

// Purge removes every capture committed before a time that is not marked to
// stay. The segments are written anew without them, or removed; their hashes
// stay in the chain. It reads each segment that has something to remove.
func (s *Store) Purge(ctx context.Context, before time.Time) (Purged, error) {
	var sum Purged
	if err := s.closeOld(before); err != nil {
		return sum, fmt.Errorf("evidence: %w", err)
	}
	names, err := listSegments(s.dir)
	if err != nil {
		return sum, fmt.Errorf("evidence: %w", err)
	}
	defer s.measure()
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		p, err := s.reduce(name, before)
		sum.Captures, sum.Bytes = sum.Captures+p.Captures, sum.Bytes+p.Bytes
		if err != nil {
			return sum, fmt.Errorf("evidence: purging %s: %w", name, err)
		}
	}
	return sum, nil
}

// Erase removes captures, whatever their age and marks. Their hashes stay in
// the chain. References that name nothing of this store are passed over.
func (s *Store) Erase(ctx context.Context, refs ...string) (Purged, error) {
	var sum Purged
	doomed := map[string]map[int64]bool{}
	for _, text := range refs {
		r, err := ParseRef(text)
		if err != nil || !strings.HasPrefix(r.Segment, s.id) {
			continue
		}
		if doomed[r.Segment] == nil {
			doomed[r.Segment] = map[int64]bool{}
		}
		doomed[r.Segment][r.Offset] = true
	}
	defer s.measure()
	for name, offsets := range doomed {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		p, err := s.eraseIn(name, offsets)
		sum.Captures, sum.Bytes = sum.Captures+p.Captures, sum.Bytes+p.Bytes
		if err != nil {
			return sum, fmt.Errorf("evidence: erasing from %s: %w", name, err)
		}
	}
	return sum, nil
}

func (s *Store) eraseIn(name string, offsets map[int64]bool) (Purged, error) {
	s.file.Lock()
	defer s.file.Unlock()
	if s.active != nil && s.active.name == name {
		if err := s.closeActive(); err != nil {
			return Purged{}, err
		}
	}
	path := segmentPath(s.dir, name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Purged{}, nil // gone already
	}
	if err != nil {
		return Purged{}, err
	}
	c := cut{doomed: offsets}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = eachBatch(f, size, name, c.batch)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Purged{}, err
	}
	return s.replace(name, &c, size)
}

// closeOld closes the growing segment if it holds anything that is old enough.
func (s *Store) closeOld(before time.Time) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.active == nil || s.active.blocks == 0 || !s.active.first.Before(before) {
		return nil
	}
	return s.closeActive()
}

// reduce takes from a closed segment what is due.
func (s *Store) reduce(name string, before time.Time) (Purged, error) {
	s.file.Lock()
	defer s.file.Unlock()
	if s.active != nil && s.active.name == name || before.Before(s.seen[name]) {
		return Purged{}, nil
	}
	path := segmentPath(s.dir, name)
	f, err := os.Open(path)
	if err != nil {
		return Purged{}, err
	}
	c := cut{before: before, stays: s.stays(name)}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		if began := beginning(f, size); !began.Before(before) { // as most are: no need to read it all
			s.seen[name] = began
			return Purged{}, f.Close()
		}
		_, err = eachBatch(f, size, name, c.batch)
	}
	err = errors.Join(err, f.Close())
	if _, torn := errors.AsType[*tornError](err); torn {
		return s.reduceDamaged(name, before, err)
	}
	if err != nil {
		return Purged{}, err
	}
	if s.seen[name] = c.next; c.next.IsZero() {
		s.seen[name] = time.Unix(1<<40, 0) // what is left stays
	}
	return s.replace(name, &c, size)
}

// replace puts what was cut in a segment's place. It is called with file held.
func (s *Store) replace(name string, c *cut, size int64) (Purged, error) {
	if c.dropped == 0 {
		return Purged{}, nil
	}
	if c.captures == 0 { // the chain's line says enough of an empty segment
		c.gone, c.left = c.gone+c.left, 0
		c.out.Reset()
	}
	path := segmentPath(s.dir, name)
	// The line comes first: a removal without one would look like a theft.
	if err := s.line(Line{Reduced: &Reduced{Segment: name, Removed: c.gone, Kept: c.left}}); err != nil {
		return Purged{}, err
	}
	var err error
	if c.captures == 0 {
		err = errors.Join(os.Remove(path), syncDir(s.dir))
	} else {
		err = replaceFile(path, c.out.Bytes())
	}
	return Purged{c.dropped, size - int64(c.out.Len())}, err
}

// reduceDamaged removes a segment that cannot be read to its end once all of
// it is due, unless something in it is to stay: then nobody but a person may
// decide about it.
func (s *Store) reduceDamaged(name string, before time.Time, damage error) (Purged, error) {
	path := segmentPath(s.dir, name)
	fi, err := os.Stat(path)
	if err != nil {
		return Purged{}, err
	}
	if len(s.stays(name)) > 0 || !fi.ModTime().Before(before) {
		s.seen[name] = before.Add(24 * time.Hour)
		s.o.Logger.Error("a damaged segment of evidence is left as it is", "segment", name, "error", damage)
		return Purged{}, nil
	}
	if err := s.line(Line{Reduced: &Reduced{Segment: name, Removed: -1}}); err != nil {
		return Purged{}, err
	}
	return Purged{0, fi.Size()}, errors.Join(os.Remove(path), syncDir(s.dir))
}

// stays copies the marks of a segment.
func (s *Store) stays(name string) map[int64]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[int64]bool, len(s.kept[name]))
	for o := range s.kept[name] {
		out[o] = true
	}
	return out
}

// cut copies a segment without what is due.
type cut struct {
	before time.Time
	stays  map[int64]bool
	doomed map[int64]bool // go whatever their age

	out      bytes.Buffer
	dropped  int       // captures removed now
	captures int       // left
	left     int       // records left
	gone     int       // records removed, now and before
	next     time.Time // when there may be more to remove
}

func (c *cut) batch(b *batch) error {
	captures, err := b.captures()
	if err != nil {
		return err
	}
	keep := 0
	for _, x := range captures {
		at := b.Entries[x.first].Offset
		stays := c.stays[at]
		if c.doomed[at] || !stays && b.At.Before(c.before) {
			c.dropped++
			for i := range x.members {
				b.parts[x.first+i] = nil
			}
			continue
		}
		c.captures++
		if !stays && (c.next.IsZero() || b.At.Before(c.next)) {
			c.next = b.At
		}
	}
	for _, m := range b.parts {
		if m != nil {
			c.out.Write(m)
			keep++
		}
	}
	c.out.Write(b.block)
	c.left += keep
	c.gone += len(b.parts) - keep
	return nil
}
