package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// CorruptError says that records that were acknowledged cannot be read.
type CorruptError struct {
	Topic     string
	Partition int
	File      string
	Byte      int64 // where in the file
	Offset    int64 // of the first record that cannot be read
	Reason    error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: damaged at byte %d: offset %d of topic %s, partition %d: %v\n"+
		"Nothing was skipped. Check the disk; then, with veghe stopped, restore the file from a backup or run veghe repair: "+
		"it moves the file aside, keeps the records that can be read, and says what is lost.",
		e.File, e.Byte, e.Offset, e.Topic, e.Partition, e.Reason)
}

func (e *CorruptError) Unwrap() error { return e.Reason }

func (p *partition) corrupt(s *segment, at, offset int64, reason error) error {
	return &CorruptError{Topic: p.topic.name, Partition: p.id, File: s.path, Byte: at, Offset: offset, Reason: reason}
}

// recover checks every segment and replaces the damaged ones by what can be
// read of them. It runs before the partition is loaded.
func (p *partition) recover() error {
	bases, err := listSegments(p.dir)
	if err != nil {
		return err
	}
	for i, base := range bases {
		s := &segment{base: base, path: segmentPath(p.dir, base), end: -1}
		if i+1 < len(bases) {
			s.end = bases[i+1]
		}
		if err := p.recoverSegment(s); err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) recoverSegment(s *segment) error {
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	if s.end < 0 && info.Size() <= segmentHeader {
		return nil // the power went while it was made
	}
	f, err := p.log.open(s.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	s.size = info.Size()
	sound, err := p.sound(s, f)
	if err == nil && !sound {
		err = p.salvage(s, f, info.ModTime())
	}
	return errors.Join(err, f.Close())
}

// sound reports whether the segment reads from its first offset to its end. A
// torn end of the last one is left to load.
func (p *partition) sound(s *segment, f file) (bool, error) {
	head := make([]byte, segmentHeader)
	if n, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	} else if s.salt, err = decodeSegmentHeader(head[:n]); err != nil {
		return false, nil
	}
	r := reader{f: f, salt: s.salt, pos: segmentHeader, want: s.base}
	for {
		_, err := r.next(s.size)
		var d *damage
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			return s.end < 0 || r.want == s.end, nil
		case !errors.As(err, &d):
			return false, err
		case s.end >= 0:
			return false, nil
		}
		later, err := r.resync(s.size)
		return !later, err
	}
}

// salvage writes the frames that can be read into a new file, with gaps where
// they are missing, and puts it in the place of the old one.
func (p *partition) salvage(s *segment, f file, modified time.Time) error {
	tmp := s.path + ".new"
	out, err := p.log.open(tmp, os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return err
	}
	c := copier{out: out, salt: rand.Uint32(), want: s.base}
	end := s.end
	if end < 0 {
		end = p.log.offsets.reach(p.topic.name, p.id)
	}
	if err := c.copy(s, f, end); err != nil {
		return errors.Join(err, out.Close())
	}
	if err := errors.Join(out.Sync(), out.Close(), os.Chtimes(tmp, modified, modified)); err != nil {
		return err
	}
	aside, err := p.putAside(s)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Rename(tmp, s.path), syncDir(p.dir)); err != nil {
		return err
	}
	p.log.o.Logger.Error("a damaged segment was moved aside and what could be read of it kept",
		"file", s.path, "moved_to", aside, "records_kept", c.kept, "records_lost", c.lost)
	return nil
}

// putAside moves the segment to the folder of damaged ones.
func (p *partition) putAside(s *segment) (string, error) {
	dir := filepath.Join(p.log.dir, "damaged")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	stem := filepath.Join(dir, fmt.Sprintf("%s-%d-%s", p.topic.name, p.id, filepath.Base(s.path)))
	to := stem
	for i := 1; ; i++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s.%d", stem, i)
	}
	// Linked, then replaced: a crash leaves the damaged file in one place or
	// both, never in none.
	return to, errors.Join(os.Link(s.path, to), syncDir(dir))
}

// copier writes frames anew.
type copier struct {
	out        file
	salt       uint32
	pos        int64
	want       int64 // offset the next frame should have
	nanos      int64 // time of the last frame
	kept, lost int64
	buf        []byte
}

// copy writes what can be read of s, and gaps up to the offset end.
func (c *copier) copy(s *segment, f file, end int64) error {
	c.buf = encodeSegmentHeader(c.salt)
	r := reader{f: f, salt: s.salt, pos: segmentHeader, want: s.base}
	for {
		fr, err := r.next(s.size)
		if err == nil {
			if err := c.add(&fr); err != nil {
				return err
			}
			continue
		}
		found, err := r.resync(s.size)
		if err != nil {
			return err
		}
		if !found {
			break
		}
	}
	if end > c.want {
		c.gap(end)
	}
	return c.flush()
}

func (c *copier) add(fr *frame) error {
	if fr.offset > c.want {
		c.gap(fr.offset)
	}
	c.want, c.nanos = fr.after(), fr.nanos
	if fr.kind == kindGap {
		c.buf = appendGap(c.buf, c.salt, fr.offset, c.want, fr.nanos)
		return nil
	}
	r, err := fr.record()
	if err != nil {
		return err
	}
	c.kept++
	c.buf = appendFrame(c.buf, c.salt, fr.offset, fr.durable, fr.nanos, &r)
	if len(c.buf) < chunk {
		return nil
	}
	return c.flush()
}

func (c *copier) gap(to int64) {
	c.buf = appendGap(c.buf, c.salt, c.want, to, c.nanos)
	c.lost += to - c.want
	c.want = to
}

func (c *copier) flush() error {
	_, err := c.out.WriteAt(c.buf, c.pos)
	c.pos += int64(len(c.buf))
	c.buf = c.buf[:0]
	return err
}
