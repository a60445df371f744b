package evidence

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const idFile = "id"

// recover brings the folder to a state in which it can grow.
func (s *Store) recover() error {
	closed, err := s.recoverChain()
	if err != nil {
		return err
	}
	if err := s.loadKept(); err != nil {
		return err
	}
	names, err := listSegments(s.dir)
	if err != nil {
		return err
	}
	open := ""
	for _, name := range names {
		s.id, s.last = cmp.Or(s.id, name[:8]), max(s.last, segmentNumber(name))
		switch {
		case closed[name]:
		case open != "":
			return fmt.Errorf("%w: segments %s and %s are both without an end in %s: move the folder aside and keep it", ErrChanged, open, name, chainFile)
		default:
			open = name
		}
	}
	if err := s.identify(); err != nil {
		return err
	}
	s.measure()
	if open == "" {
		return nil
	}
	return s.resume(open)
}

// identify keeps the name of the store, which it has before its first segment.
func (s *Store) identify() error {
	path := filepath.Join(s.dir, idFile)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := strings.TrimSpace(string(b))
	switch {
	case len(known) == 8 && isHex(known) && (s.id == "" || s.id == known):
		s.id = known
		return nil
	case s.id == "":
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails
		s.id = hex.EncodeToString(b[:])
	}
	return replaceFile(path, []byte(s.id+"\n"))
}

// recoverChain reads the chain file, cuts off a torn last line, and says which
// segments are closed.
func (s *Store) recoverChain() (map[string]bool, error) {
	path := filepath.Join(s.dir, chainFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	lines, whole, head, err := readLines(f)
	if err == nil {
		err = errors.Join(f.Truncate(whole), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	s.head = head
	closed := map[string]bool{}
	for _, l := range lines {
		if l.Closed != nil && isSegment(l.Closed.Segment) {
			closed[l.Closed.Segment] = true
			s.id, s.last = l.Closed.Segment[:8], max(s.last, segmentNumber(l.Closed.Segment))
		}
	}
	return closed, nil
}

// resume takes up the segment that was growing.
func (s *Store) resume(name string) error {
	path := segmentPath(s.dir, name)
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	a := &active{name: name, f: f}
	_, err = eachBatch(f, size, name, func(b *batch) error {
		if a.blocks == 0 {
			a.first = b.At
		}
		a.blocks, a.records, a.size, a.chain = a.blocks+1, a.records+len(b.Entries), b.end, b.hash
		return nil
	})
	torn, isTorn := errors.AsType[*tornError](err)
	switch {
	case err == nil:
	case !isTorn:
		return errors.Join(err, f.Close())
	case blockBehind(f, torn.Good, size):
		s.o.Logger.Error("a segment of evidence is damaged in its middle: it is closed as it is", "segment", name, "good_bytes", torn.Good)
		s.active = a
		return s.closeActive()
	case a.blocks == 0: // never committed
		if err := errors.Join(f.Close(), os.Remove(path), syncDir(s.dir)); err != nil {
			return err
		}
		s.last--
		return nil
	default:
		s.o.Logger.Warn("what a crash left half written of the evidence is cut off", "segment", name, "bytes", size-a.size)
		if err := errors.Join(f.Truncate(a.size), f.Sync()); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	s.active = a
	return nil
}

// blockBehind says whether a whole chain block stands behind an offset: then
// what is wrong there is damage, not the end that a crash left.
func blockBehind(f io.ReaderAt, from, size int64) bool {
	b := make([]byte, size-from)
	if _, err := f.ReadAt(b, from); err != nil {
		return true // unreadable is not half written
	}
	for i := 0; ; i++ {
		next := bytes.Index(b[i:], gzipMagic)
		if next < 0 {
			return false
		}
		i += next
		n, chain, err := lengths(b[i:])
		if err != nil || !chain || int64(i)+n > int64(len(b)) {
			continue
		}
		if _, err := blockOf(b[i : int64(i)+n]); err == nil {
			return true
		}
	}
}
