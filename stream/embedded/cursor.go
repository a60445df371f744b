package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"veghe/stream"
)

// batchBytes bounds the records of a batch, but for the last one.
const batchBytes = 4 << 20

// cursor reads a partition forward. Only one goroutine uses it.
type cursor struct {
	p     *partition
	next  int64 // offset of the next record to return
	seg   *segment
	f     file
	r     reader
	batch []stream.Record // reused
}

func (c *cursor) close() {
	if c.f != nil {
		_ = c.f.Close() // it was only read
	}
	c.f, c.seg = nil, nil
}

// read returns the next records before the offset end, at most limit of them;
// none if there are none yet. The slice is good until the next call.
func (c *cursor) read(limit int, end int64) ([]stream.Record, error) {
	c.batch = c.batch[:0]
	bytes := 0
	for len(c.batch) < limit && bytes < batchBytes && c.next < end {
		fr, err := c.frame()
		if errors.Is(err, io.EOF) || err != nil && len(c.batch) > 0 {
			break // what is wrong behind good records is found again
		}
		if err != nil {
			return nil, err
		}
		if fr.offset < c.next || fr.kind == kindGap {
			c.next = max(c.next, fr.after())
			continue
		}
		r, err := fr.record()
		if err != nil {
			return nil, c.p.corrupt(c.seg, c.r.pos-int64(fr.size), fr.offset, err)
		}
		r.Partition = c.p.id
		c.batch = append(c.batch, r)
		c.next = fr.after()
		bytes += fr.size
	}
	return c.batch, nil
}

// frame returns the next frame, going on to the next segment; io.EOF at the
// end of what is durable.
func (c *cursor) frame() (frame, error) {
	for {
		if c.seg == nil {
			if err := c.seek(); err != nil {
				return frame{}, err
			}
		}
		limit, end := c.p.extent(c.seg)
		at := mark{c.r.want, c.r.pos}
		fr, err := c.r.next(limit)
		var d *damage
		switch {
		case err == nil:
			c.p.addMark(c.seg, at)
			return fr, nil
		case errors.As(err, &d):
			return frame{}, c.p.corrupt(c.seg, c.r.pos, c.r.want, d)
		case !errors.Is(err, io.EOF):
			return frame{}, fmt.Errorf("read %s: %w", c.seg.path, err)
		case end < 0:
			return frame{}, io.EOF
		case c.r.want != end:
			return frame{}, c.p.corrupt(c.seg, c.r.pos, c.r.want, fmt.Errorf("the segment ends, but the next one begins with offset %d", end))
		}
		c.next = max(c.next, end)
		c.close()
	}
}

// seek opens the segment that has the next offset. What was removed by
// retention is passed over.
func (c *cursor) seek() error {
	for {
		s, m := c.p.find(c.next)
		f, err := c.p.log.open(s.path, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) && c.p.removed(s) {
			continue
		}
		if err != nil {
			return err
		}
		c.next = max(c.next, s.base)
		c.seg, c.f = s, f
		c.r = reader{f: f, salt: s.salt, pos: m.pos, want: m.offset}
		return nil
	}
}

// find returns the segment that has an offset, or the oldest one, and where in
// it to begin.
func (p *partition) find(offset int64) (*segment, mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := len(p.segs) - 1
	for i > 0 && p.segs[i].base > offset {
		i--
	}
	return p.segs[i], p.segs[i].markFor(offset)
}

// removed reports that a segment is no longer part of the partition.
func (p *partition) removed(s *segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.segs[0].base > s.base
}

// extent is how far a segment may be read, in bytes, and the offset after it,
// -1 while it is the active one.
func (p *partition) extent(s *segment) (limit, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.end < 0 {
		return p.durableSize, -1
	}
	return s.size, s.end
}

// addMark remembers where a frame was found in a segment of an earlier run.
func (p *partition) addMark(s *segment, at mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.addMark(at.offset, at.pos)
}

// Read hands the records now kept to h, without a group. It holds a few
// hundred kilobytes, and the records of one batch, in memory.
func (l *Log) Read(ctx context.Context, topic string, h stream.Handler) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	t, err := l.topic(topic, false)
	if err != nil || t == nil {
		return err
	}
	ends := make([]int64, len(t.parts))
	for i, p := range t.parts {
		ends[i] = p.end()
	}
	for i, p := range t.parts {
		if err := l.readPartition(ctx, p, ends[i], h); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) readPartition(ctx context.Context, p *partition, end int64, h stream.Handler) error {
	c := &cursor{p: p}
	defer c.close()
	for {
		if err := errors.Join(ctx.Err(), l.closing()); err != nil {
			return err
		}
		batch, err := c.read(l.o.MaxBatch, end)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return nil
		}
		if err := h(ctx, batch); err != nil {
			return err
		}
	}
}

func (l *Log) closing() error {
	if l.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// Lag reports how far a group is behind. It reads one record per partition.
func (l *Log) Lag(ctx context.Context, topic, group string) ([]stream.Lag, error) {
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.calls.Done()
	t, err := l.topic(topic, false)
	if err != nil || t == nil {
		return nil, err
	}
	lags := make([]stream.Lag, len(t.parts))
	for i, p := range t.parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g := stream.Lag{Partition: i}
		g.Begin, g.End = p.bounds()
		g.Committed = max(g.Begin, l.offsets.get(position{group, topic, i}))
		if g.Committed < g.End {
			if g.Oldest, err = p.timeOf(g.Committed, g.End); err != nil {
				return nil, err
			}
		}
		lags[i] = g
	}
	return lags, nil
}

// timeOf is when the first record from offset on was appended.
func (p *partition) timeOf(offset, end int64) (time.Time, error) {
	c := &cursor{p: p, next: offset}
	defer c.close()
	batch, err := c.read(1, end)
	if err != nil || len(batch) == 0 {
		return time.Time{}, err
	}
	return batch[0].Time, nil
}

// Append adds records to a topic, which it makes if there is none, and returns
// when they are fsynced. A record that is too large is an error that wraps
// [stream.ErrTooLarge]; then none is stored. On a full disk it returns an
// error, and works again when there is space.
func (l *Log) Append(ctx context.Context, topic string, records ...stream.Record) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range records {
		if err := tooLarge(&records[i]); err != nil {
			return fmt.Errorf("append to %s: record %d of %d: %w", topic, i+1, len(records), err)
		}
	}
	if len(records) == 0 {
		return nil
	}
	t, err := l.topic(topic, true)
	if err != nil {
		return err
	}
	if err := t.append(records); err != nil {
		return fmt.Errorf("append to %s: %w", topic, err)
	}
	return nil
}
