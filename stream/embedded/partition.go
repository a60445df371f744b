package embedded

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"

	"veghe/stream"
)

// partition is an ordered run of records in segments, of which the last one,
// the active one, is appended to.
type partition struct {
	log   *Log
	topic *topic
	id    int
	dir   string

	// flush is held while fsyncing or changing segments. Taken before mu.
	flush sync.Mutex

	mu          sync.Mutex // guards all below
	segs        []*segment // oldest first, never empty
	active      file       // the last segment's
	next        int64      // offset the next record gets
	durable     int64      // end of what was fsynced, and may be read
	durableSize int64      // of the active segment
	epoch       int        // counts failed fsyncs
	syncErr     error      // of the last failed one
	torn        bool       // the active file may have bytes past the segment's size
	begun       bool       // a new segment was begun and must be finished before more is written
	nanos       int64      // time of the newest record
	buf         []byte     // of the writer, reused
}

// segment is one file of a partition. The partition's lock guards it.
type segment struct {
	base  int64 // offset of its first frame
	path  string
	salt  uint32
	size  int64  // bytes of the header and whole frames
	end   int64  // offset after the last frame; -1 in the active segment
	first int64  // time of its oldest record in ns since 1970; 0 if none or unknown
	last  int64  // time of its newest record, or a little later; 0 if none
	marks []mark // where some frames are, for seeking
}

// mark is where a frame starts.
type mark struct{ offset, pos int64 }

// markEvery is the least distance of two marks in bytes.
const markEvery = 64 << 10

func (s *segment) addMark(offset, pos int64) {
	if pos-s.lastMark().pos >= markEvery {
		s.marks = append(s.marks, mark{offset, pos})
	}
}

func (s *segment) lastMark() mark {
	if len(s.marks) == 0 {
		return mark{s.base, segmentHeader}
	}
	return s.marks[len(s.marks)-1]
}

// markFor is the last known place at or before an offset.
func (s *segment) markFor(offset int64) mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].offset > offset })
	if i == 0 {
		return mark{s.base, segmentHeader}
	}
	return s.marks[i-1]
}

func (s *segment) addTime(nanos int64) {
	if s.first == 0 {
		s.first = nanos
	}
	s.last = max(s.last, nanos)
}

// openPartition opens what is on disk, or makes an empty partition.
func (l *Log) openPartition(t *topic, id int) (*partition, error) {
	p := &partition{log: l, topic: t, id: id, dir: filepath.Join(l.topicsDir(), t.name, strconv.Itoa(id))}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	if l.o.Recover {
		if err := p.recover(); err != nil {
			return nil, fmt.Errorf("recover %s: %w", p.dir, err)
		}
	}
	bases, err := listSegments(p.dir)
	if err != nil {
		return nil, err
	}
	if len(bases) == 0 {
		return p, p.create(0)
	}
	for i, base := range bases {
		if err := p.load(base, i == len(bases)-1); err != nil {
			return nil, err
		}
	}
	p.finishTimes()
	return p, nil
}

// create makes a durable, empty segment and makes it the active one. It needs
// both locks, or to be alone.
func (p *partition) create(base int64) error {
	s := &segment{base: base, path: segmentPath(p.dir, base), salt: rand.Uint32(), size: segmentHeader, end: -1}
	p.begun = true
	f, err := p.log.open(s.path, os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return err
	}
	if err := errors.Join(writeHeader(f, s.salt), syncDir(p.dir)); err != nil {
		return errors.Join(err, f.Close())
	}
	p.begun = false
	if n := len(p.segs); n > 0 {
		p.segs[n-1].end = base
	}
	p.segs = append(p.segs, s)
	p.active, p.next, p.durable, p.durableSize, p.torn = f, base, base, s.size, false
	return nil
}

func writeHeader(f file, salt uint32) error {
	if _, err := f.WriteAt(encodeSegmentHeader(salt), 0); err != nil {
		return err
	}
	return f.Sync()
}

// load opens a segment that is on disk: the last one is read through and its
// torn end cut, of others only the beginning is looked at.
func (p *partition) load(base int64, last bool) error {
	s := &segment{base: base, path: segmentPath(p.dir, base), end: -1}
	info, err := os.Stat(s.path)
	if err != nil {
		return err
	}
	f, err := p.log.open(s.path, os.O_RDWR)
	if err != nil {
		return err
	}
	head := make([]byte, segmentHeader)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, f.Close())
	}
	s.salt, err = decodeSegmentHeader(head[:n])
	if err != nil && last && info.Size() <= segmentHeader {
		// The power went while it was made: nothing was appended to it yet.
		return errors.Join(f.Close(), p.create(base))
	}
	if err != nil {
		return errors.Join(p.corrupt(s, 0, base, err), f.Close())
	}
	s.size, s.last = info.Size(), info.ModTime().UnixNano()
	if k := len(p.segs); k > 0 {
		p.segs[k-1].end = base
	}
	p.segs = append(p.segs, s)
	if last {
		p.active = f
		if err := p.scan(s, f); err != nil {
			return errors.Join(err, f.Close())
		}
		return nil
	}
	if fr, err := (&reader{f: f, salt: s.salt, pos: segmentHeader, want: base}).next(s.size); err == nil {
		s.first = fr.nanos
	}
	return f.Close()
}

// finishTimes bounds the newest time of each segment by the oldest of the one
// after it: a restored backup has newer files than records.
func (p *partition) finishTimes() {
	for i, s := range p.segs[:len(p.segs)-1] {
		if after := p.segs[i+1].first; after != 0 {
			s.last = min(s.last, after)
		}
		p.nanos = max(p.nanos, s.last)
	}
	p.nanos = max(p.nanos, p.segs[len(p.segs)-1].last)
}

// scan reads the active segment through.
func (p *partition) scan(s *segment, f file) error {
	s.last = 0
	size := s.size
	r := reader{f: f, salt: s.salt, pos: segmentHeader, want: s.base}
	for {
		at := mark{r.want, r.pos}
		fr, err := r.next(size)
		var d *damage
		switch {
		case err == nil:
			s.addTime(fr.nanos)
			s.addMark(at.offset, at.pos)
			continue
		case errors.As(err, &d):
			if err := p.cutTail(s, f, r, d); err != nil {
				return err
			}
		case !errors.Is(err, io.EOF):
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		s.size = r.pos
		p.next, p.durable, p.durableSize = r.want, r.want, r.pos
		return nil
	}
}

// cutTail cuts a torn write off the end of the active segment. It refuses to
// cut records that a later frame says were durable.
func (p *partition) cutTail(s *segment, f file, r reader, d *damage) error {
	probe := r
	for {
		fr, err := probe.next(s.size)
		if err == nil && fr.durable > r.want {
			return p.corrupt(s, r.pos, r.want, d)
		}
		if err == nil {
			continue
		}
		found, err := probe.resync(s.size)
		if err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		if !found {
			break
		}
	}
	p.log.o.Logger.Warn("the end of a segment was cut off, as a write was torn",
		"file", s.path, "byte", r.pos, "bytes_cut", s.size-r.pos, "offset", r.want, "reason", d.Error())
	if err := f.Truncate(r.pos); err != nil {
		return fmt.Errorf("cut the torn end off %s: %w", s.path, err)
	}
	return f.Sync()
}

// append returns when the records are durable.
func (p *partition) append(records []*stream.Record) (written, error) {
	if err := p.rollIf(func(s *segment) bool { return s.size >= p.log.o.SegmentBytes }); err != nil {
		return written{}, fmt.Errorf("begin a segment: %w", err)
	}
	return p.write(records)
}

// written is what a writer waits to become durable.
type written struct {
	end   int64
	epoch int
}

// write adds the records to the active segment. On an error the file is as it
// was, or will be before the next write.
func (p *partition) write(records []*stream.Record) (written, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.mend(); err != nil {
		return written{}, err
	}
	s := p.segs[len(p.segs)-1]
	marks := len(s.marks)
	size, next := s.size, p.next
	p.tick()
	b := keep(p.buf)
	for i, r := range records {
		s.addMark(next, size+int64(len(b)))
		b = appendFrame(b, s.salt, next, p.durable, p.nanos, r)
		next++
		if len(b) < 4*chunk && i < len(records)-1 {
			continue
		}
		if _, err := p.active.WriteAt(b, size); err != nil {
			s.marks = s.marks[:marks]
			p.torn = true
			return written{}, errors.Join(err, p.mend())
		}
		size += int64(len(b))
		b = b[:0]
	}
	p.buf = b
	s.size, p.next = size, next
	s.addTime(p.nanos)
	return written{next, p.epoch}, nil
}

// wrongClock is how far ahead of the clock a time must be to say that it was
// given by a clock that has been set right since.
const wrongClock = time.Hour

// tick moves the time of the newest record on. It follows a clock that goes
// back a little no further, and one that was far ahead at once. It needs the
// lock.
func (p *partition) tick() {
	now := p.log.o.Clock().UnixNano()
	if ahead := time.Duration(p.nanos - now); ahead > wrongClock {
		p.log.o.Logger.Warn("the clock went back: records have times that are still to come",
			"topic", p.topic.name, "partition", p.id, "ahead", ahead.Round(time.Second))
		p.nanos = now
	}
	p.nanos = max(p.nanos, now)
}

// forgive has segments with times that are still to come age from now on, else
// they would be kept until then. Files get that time too, for the next start.
func (p *partition) forgive(now int64) error {
	wrong := func(s *segment) bool { return s.last > now+int64(wrongClock) }
	if err := p.rollIf(wrong); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.segs[:len(p.segs)-1] {
		if !wrong(s) {
			continue
		}
		s.first, s.last = min(s.first, now), now
		if err := os.Chtimes(s.path, time.Unix(0, now), time.Unix(0, now)); err != nil {
			return err
		}
	}
	return nil
}

// mend cuts off what a failed write or fsync left behind. It needs the lock.
func (p *partition) mend() error {
	if !p.torn {
		return nil
	}
	s := p.segs[len(p.segs)-1]
	if err := p.active.Truncate(s.size); err != nil {
		return fmt.Errorf("cut a failed write off %s: %w", s.path, err)
	}
	p.torn = false
	return nil
}

// sync returns when what was written is durable. One fsync serves all who
// wrote before it.
func (p *partition) sync(w written) error {
	p.flush.Lock()
	defer p.flush.Unlock()
	p.mu.Lock()
	f, next, size := p.active, p.next, p.segs[len(p.segs)-1].size
	done, failed := p.durable >= w.end, p.epoch != w.epoch
	err := p.syncErr
	p.mu.Unlock()
	switch {
	case failed:
		return err
	case done:
		return nil
	}
	err = f.Sync()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.synced(err, next, size)
}

// synced notes the outcome of an fsync up to an offset and size. It needs both
// locks. After a failed one the kernel may have dropped what it could not
// write, so all that is not durable is cut off, and whoever waits for it is
// told.
func (p *partition) synced(err error, next, size int64) error {
	if err == nil {
		p.durable, p.durableSize = next, size
		p.topic.changed.broadcast()
		return nil
	}
	s := p.segs[len(p.segs)-1]
	p.epoch++
	p.syncErr = fmt.Errorf("fsync %s: %w", s.path, err)
	p.next, s.size, p.torn = p.durable, p.durableSize, true
	for len(s.marks) > 0 && s.lastMark().offset >= p.next {
		s.marks = s.marks[:len(s.marks)-1]
	}
	return errors.Join(p.syncErr, p.mend())
}

// rollIf begins a new segment if the active one has records and want says so.
func (p *partition) rollIf(want func(*segment) bool) error {
	due := func() bool {
		s := p.segs[len(p.segs)-1]
		return p.next > s.base && (p.begun || want(s))
	}
	p.mu.Lock()
	now := due()
	p.mu.Unlock()
	if !now {
		return nil
	}
	p.flush.Lock()
	defer p.flush.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !due() {
		return nil
	}
	return p.roll()
}

// roll needs both locks.
func (p *partition) roll() error {
	if err := p.mend(); err != nil {
		return err
	}
	if err := p.synced(p.active.Sync(), p.next, p.segs[len(p.segs)-1].size); err != nil {
		return err
	}
	old := p.active
	if err := p.create(p.next); err != nil {
		return err
	}
	return old.Close()
}

// end is the offset after the last durable record.
func (p *partition) end() int64 {
	_, end := p.bounds()
	return end
}

// bounds are the first offset kept and the one after the last durable record.
func (p *partition) bounds() (begin, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.segs[0].base, p.durable
}

// retain removes the segments past their retention that end at or before
// handled, the least offset committed by a known group.
func (p *partition) retain(r Retention, handled int64) error {
	now := p.log.o.Clock().UnixNano()
	if r.Age > 0 {
		if err := p.forgive(now); err != nil {
			return err
		}
		// A quiet topic would never fill its segment, and so keep it.
		err := p.rollIf(func(s *segment) bool { return s.first != 0 && now-s.first >= int64(r.Age/8) })
		if err != nil {
			return err
		}
	}
	p.flush.Lock()
	defer p.flush.Unlock()
	for {
		s := p.detach(r, now, handled)
		if s == nil {
			return nil
		}
		if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			p.mu.Lock()
			p.segs = append([]*segment{s}, p.segs...)
			p.mu.Unlock()
			return err
		}
		// One by one, so that a crash cannot leave a hole.
		if err := syncDir(p.dir); err != nil {
			return err
		}
	}
}

// detach takes the oldest segment out of the partition if it may be removed.
func (p *partition) detach(r Retention, now, handled int64) *segment {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.segs[0]
	if s.end < 0 || s.end > handled || !p.past(s, r, now, p.bytes()) {
		return nil
	}
	p.segs = p.segs[1:]
	return s
}

// past says that a segment is past its retention, of so many bytes in all that
// are not newer. It needs the lock.
func (p *partition) past(s *segment, r Retention, now, bytes int64) bool {
	old := r.Age > 0 && now-s.last > int64(r.Age)
	big := r.Bytes > 0 && bytes > r.Bytes/int64(len(p.topic.parts))
	return old || big
}

// bytes needs the lock.
func (p *partition) bytes() int64 {
	n := int64(0)
	for _, s := range p.segs {
		n += s.size
	}
	return n
}

func (p *partition) addStats(t *TopicStats) {
	now := p.log.o.Clock().UnixNano()
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.bytes()
	t.Bytes += left
	t.Segments += len(p.segs)
	t.Begin += p.segs[0].base
	t.End += p.durable
	for _, s := range p.segs {
		if s.end >= 0 && p.past(s, p.topic.retention, now, left) {
			t.Held += s.size
		}
		left -= s.size
	}
	if first := p.segs[0].first; first != 0 && (t.Oldest.IsZero() || first < t.Oldest.UnixNano()) {
		t.Oldest = time.Unix(0, first).UTC()
	}
}

func (p *partition) close() error {
	p.flush.Lock()
	defer p.flush.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active == nil {
		return nil
	}
	f := p.active
	p.active = nil
	return errors.Join(f.Sync(), f.Close())
}

// tooLarge says why a record does not fit a frame, or nil.
func tooLarge(r *stream.Record) error {
	switch n := bodySize(r); {
	case n > maxBody:
		return fmt.Errorf("%w: %d bytes, want at most %d", stream.ErrTooLarge, n, maxBody)
	case len(r.Headers) > 1000:
		return fmt.Errorf("%w: %d headers, want at most 1000", stream.ErrTooLarge, len(r.Headers))
	}
	return nil
}
