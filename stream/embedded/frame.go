package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"veghe/stream"
)

// Sizes in bytes.
const (
	segmentHeader = 16
	frameHeader   = 44
	maxBody       = 64 << 20  // of a frame: key, headers and value
	chunk         = 256 << 10 // read at once
)

const (
	magic   = "vegseg"
	version = 1
)

// Kinds of frames.
const (
	kindRecord = 0
	kindGap    = 1 // records lost for good; the body is the next offset, 8 bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var le = binary.LittleEndian

func encodeSegmentHeader(salt uint32) []byte {
	b := append(make([]byte, 0, segmentHeader), magic...)
	b = le.AppendUint16(b, version)
	b = le.AppendUint32(b, salt)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeSegmentHeader(b []byte) (salt uint32, err error) {
	switch {
	case len(b) < segmentHeader:
		return 0, fmt.Errorf("the segment's header is %d bytes, want %d", len(b), segmentHeader)
	case string(b[:6]) != magic || le.Uint32(b[12:]) != crc32.Checksum(b[:12], castagnoli):
		return 0, errors.New("the segment's header is damaged")
	case le.Uint16(b[6:]) != version:
		return 0, fmt.Errorf("the segment is of version %d, want %d", le.Uint16(b[6:]), version)
	}
	return le.Uint32(b[8:]), nil
}

// frame is one frame of a segment, its body aliasing the bytes it was read from.
type frame struct {
	offset  int64
	durable int64 // records below it were fsynced when this was written
	nanos   int64 // Unix time of the append
	kind    byte
	headers int
	key     int // bytes
	body    []byte
	size    int // bytes of the whole frame
}

// after is the offset that follows the frame.
func (f *frame) after() int64 {
	if f.kind == kindGap {
		return int64(le.Uint64(f.body))
	}
	return f.offset + 1
}

func bodySize(r *stream.Record) int {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Name) + len(h.Value) + 2*binary.MaxVarintLen32
	}
	return n
}

// appendFrame appends the frame of r to b.
func appendFrame(b []byte, salt uint32, offset, durable, nanos int64, r *stream.Record) []byte {
	start := len(b)
	b = appendFrameHeader(b, offset, durable, nanos, kindRecord, len(r.Headers), len(r.Key))
	b = append(b, r.Key...)
	for _, h := range r.Headers {
		b = binary.AppendUvarint(b, uint64(len(h.Name)))
		b = append(b, h.Name...)
		b = binary.AppendUvarint(b, uint64(len(h.Value)))
		b = append(b, h.Value...)
	}
	b = append(b, r.Value...)
	seal(b[start:], salt)
	return b
}

// appendGap appends a frame that says that the records from one offset up to
// another are lost.
func appendGap(b []byte, salt uint32, from, to, nanos int64) []byte {
	start := len(b)
	b = appendFrameHeader(b, from, from, nanos, kindGap, 0, 0)
	b = le.AppendUint64(b, uint64(to))
	seal(b[start:], salt)
	return b
}

func appendFrameHeader(b []byte, offset, durable, nanos int64, kind byte, headers, key int) []byte {
	b = append(b, make([]byte, 12)...) // checksums and length
	b = le.AppendUint64(b, uint64(offset))
	b = le.AppendUint64(b, uint64(durable))
	b = le.AppendUint64(b, uint64(nanos))
	b = le.AppendUint32(b, uint32(key))
	b = le.AppendUint16(b, uint16(headers))
	return append(b, kind, 0)
}

// seal fills the length and checksums of a frame. They are salted per segment:
// bytes within a post cannot pose as a frame, nor can one of another segment.
func seal(f []byte, salt uint32) {
	le.PutUint32(f[8:], uint32(len(f)-frameHeader))
	le.PutUint32(f[4:], crc32.Update(salt, castagnoli, f[frameHeader:]))
	le.PutUint32(f, crc32.Update(salt, castagnoli, f[4:frameHeader]))
}

// errShort says that a frame is longer than the bytes at hand.
var errShort = errors.New("the frame is cut off")

// parseFrame reads the frame at the start of b. With errShort the frame's size
// is set, as far as it is known.
func parseFrame(b []byte, salt uint32) (frame, error) {
	f := frame{size: frameHeader}
	if len(b) < frameHeader {
		return f, errShort
	}
	if crc32.Update(salt, castagnoli, b[4:frameHeader]) != le.Uint32(b) {
		return f, errors.New("the checksum of a frame's header does not match")
	}
	n := le.Uint32(b[8:])
	if n > maxBody {
		return f, fmt.Errorf("the frame says %d bytes, want at most %d", n, maxBody)
	}
	f.size += int(n)
	if len(b) < f.size {
		return f, errShort
	}
	b = b[:f.size:f.size]
	f.body = b[frameHeader:]
	if crc32.Update(salt, castagnoli, f.body) != le.Uint32(b[4:]) {
		return f, errors.New("the checksum of a frame does not match")
	}
	f.offset, f.durable, f.nanos = int64(le.Uint64(b[12:])), int64(le.Uint64(b[20:])), int64(le.Uint64(b[28:]))
	f.key, f.headers, f.kind = int(le.Uint32(b[36:])), int(le.Uint16(b[40:])), b[42]
	return f, f.check()
}

// check wants what only a writer with other rules could break.
func (f *frame) check() error {
	switch {
	case f.offset < 0 || f.offset == math.MaxInt64:
		return fmt.Errorf("offset %d", f.offset)
	case f.kind == kindGap && (len(f.body) != 8 || f.after() <= f.offset):
		return errors.New("a gap that does not lead forward")
	case f.kind > kindGap:
		return fmt.Errorf("frame of kind %d, written by a newer version", f.kind)
	case f.key > len(f.body):
		return fmt.Errorf("key of %d bytes in a body of %d", f.key, len(f.body))
	}
	return nil
}

// record decodes the frame. The record aliases the frame's bytes.
func (f *frame) record() (stream.Record, error) {
	r := stream.Record{Offset: f.offset, Time: time.Unix(0, f.nanos).UTC()}
	b := f.body
	r.Key, b = b[:f.key:f.key], b[f.key:]
	if f.headers > 0 {
		r.Headers = make([]stream.Header, 0, min(f.headers, len(b)))
	}
	for range f.headers {
		name, rest, ok := cutBytes(b)
		if !ok {
			return r, errors.New("a header is cut off")
		}
		value, rest, ok := cutBytes(rest)
		if !ok {
			return r, errors.New("a header is cut off")
		}
		r.Headers = append(r.Headers, stream.Header{Name: string(name), Value: value})
		b = rest
	}
	r.Value = b
	return r, nil
}

// cutBytes takes a length and that many bytes off b.
func cutBytes(b []byte) (got, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	end := w + int(n)
	return b[w:end:end], b[end:], true
}

// reader walks the frames of a segment. It reads in chunks that it never
// writes again, so what it returned stays valid.
type reader struct {
	f    io.ReaderAt
	salt uint32
	pos  int64  // of the next frame
	want int64  // its offset
	buf  []byte // read already, from pos on
}

// damage is a frame that cannot be read, at the reader's pos and want.
type damage struct{ reason error }

func (d *damage) Error() string { return d.reason.Error() }

// next returns the next frame, which must end at or before limit, the position
// up to which the file is final. At limit it returns io.EOF; for what is no
// frame with the wanted offset, a *damage, and it stays where it is.
func (r *reader) next(limit int64) (frame, error) {
	if r.pos >= limit {
		return frame{}, io.EOF
	}
	f, err := parseFrame(r.buf, r.salt)
	for errors.Is(err, errShort) && len(r.buf) < f.size {
		if int64(f.size) > limit-r.pos {
			return frame{}, &damage{errShort}
		}
		if err := r.fill(f.size, limit); err != nil {
			return frame{}, err
		}
		f, err = parseFrame(r.buf, r.salt)
	}
	switch {
	case err != nil:
		return frame{}, &damage{err}
	case int64(f.size) > limit-r.pos:
		return frame{}, &damage{errShort}
	case f.offset != r.want:
		return frame{}, &damage{fmt.Errorf("offset %d where %d should be", f.offset, r.want)}
	}
	r.buf = r.buf[f.size:]
	r.pos += int64(f.size)
	r.want = f.after()
	return f, nil
}

func (r *reader) fill(need int, limit int64) error {
	b := make([]byte, min(int64(max(need, chunk)), limit-r.pos))
	n, err := r.f.ReadAt(b, r.pos)
	if n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			return &damage{errors.New("the file is shorter than what was written")}
		}
		return err
	}
	r.buf = b
	return nil
}

// resync looks for the next frame after damage, up to limit: one with the
// wanted offset or a later one. It reports whether there is one, and moves
// there.
func (r *reader) resync(limit int64) (bool, error) {
	r.buf = nil
	for r.pos++; r.pos+frameHeader <= limit; r.pos++ {
		if len(r.buf) < frameHeader {
			if err := r.fill(frameHeader, limit); err != nil {
				return false, err
			}
		}
		if r.plausible(limit) {
			if ok, err := r.confirm(limit); ok || err != nil {
				return ok, err
			}
		}
		r.buf = r.buf[1:]
	}
	return false, nil
}

// plausible looks at the header only, so that looking costs little at most
// positions.
func (r *reader) plausible(limit int64) bool {
	offset := int64(le.Uint64(r.buf[12:]))
	return offset >= r.want && offset-r.want <= limit/frameHeader &&
		crc32.Update(r.salt, castagnoli, r.buf[4:frameHeader]) == le.Uint32(r.buf) &&
		int64(le.Uint32(r.buf[8:])) <= limit-r.pos-frameHeader
}

func (r *reader) confirm(limit int64) (bool, error) {
	f, err := parseFrame(r.buf, r.salt)
	if errors.Is(err, errShort) {
		if err := r.fill(f.size, limit); err != nil {
			return false, err
		}
		f, err = parseFrame(r.buf, r.salt)
	}
	if err != nil || f.offset < r.want {
		return false, nil
	}
	r.want = f.offset
	return true, nil
}

// keep empties a buffer for the next use, unless a large record made it large.
func keep(b []byte) []byte {
	if cap(b) > 4*chunk {
		return nil
	}
	return b[:0]
}
