package evidence

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits bound what a Reader takes from a hostile file. Zero fields mean the
// defaults.
type Limits struct {
	Header int // bytes of one record's header; 64 KiB
	Block  int // bytes kept of one record's block; 32 MiB, what is longer is cut
}

// BadRecord is a record that cannot be read; the next ones can.
type BadRecord struct{ Reason string }

func (e *BadRecord) Error() string { return e.Reason }

// Reader reads the records of a WARC file of version 1.0 or 1.1, whoever wrote
// it: plain, compressed as a whole, or one gzip member for each record. It
// holds one record in memory.
type Reader struct {
	r      *bufio.Reader
	limits Limits
	lost   bool // the next record has to be looked for
}

// NewReader reads r, and finds out by itself whether it is compressed.
func NewReader(r io.Reader, limits Limits) *Reader {
	if limits.Header == 0 {
		limits.Header = 64 << 10
	}
	if limits.Block == 0 {
		limits.Block = 32 << 20
	}
	raw := bufio.NewReaderSize(r, 64<<10)
	if head, err := raw.Peek(2); err == nil && bytes.Equal(head, gzipMagic[:2]) {
		return &Reader{r: bufio.NewReaderSize(&members{raw: raw}, 64<<10), limits: limits}
	}
	return &Reader{r: raw, limits: limits}
}

// Next returns the next record; its slices are the caller's. The error is a
// *BadRecord if it makes sense to go on, io.EOF at the end, and anything else
// if the file cannot be read.
func (r *Reader) Next() (*Record, error) {
	rec, err := r.next()
	if _, damaged := errors.AsType[*BadRecord](err); damaged {
		r.lost = true
	}
	return rec, err
}

func (r *Reader) next() (*Record, error) {
	version, err := r.begin()
	if err != nil {
		return nil, err
	}
	rec := &Record{Version: version}
	if rec.Fields, err = r.header(); err != nil {
		return nil, err
	}
	text := rec.Get("Content-Length")
	length, err := strconv.ParseInt(text, 10, 64)
	if err != nil || length < 0 {
		return nil, &BadRecord{fmt.Sprintf("Content-Length is %.20q, want a number of bytes", text)}
	}
	kept := min(length, int64(r.limits.Block))
	if rec.Block, err = r.block(kept); err != nil {
		return nil, err
	}
	if kept < length {
		rec.Truncated = true
		if err := r.skip(length - kept); err != nil {
			return nil, err
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return rec, nil
}

// begin finds the line that a record begins with and gives its version.
func (r *Reader) begin() (version string, err error) {
	for {
		line, err := r.line(r.limits.Header)
		if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
			if r.lost && errors.Is(err, errTooLong) {
				continue
			}
			return "", err
		}
		v, ok := bytes.CutPrefix(line, []byte("WARC/"))
		switch {
		case ok && (string(v) == "1.0" || string(v) == "1.1" || string(v) == "0.18"):
			r.lost = false
			return string(v), nil
		case ok:
			return "", &BadRecord{fmt.Sprintf("WARC version is %.10q, want 1.0 or 1.1", v)}
		case len(line) == 0 || r.lost:
			continue
		}
		return "", &BadRecord{"this is not the beginning of a record, want WARC/1.1"}
	}
}

var errTooLong = errors.New("line too long")

// line reads a line without its end.
func (r *Reader) line(limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.r.ReadSlice('\n')
			}
			if err != nil {
				return nil, err
			}
			if r.lost {
				return nil, errTooLong
			}
			return nil, &BadRecord{fmt.Sprintf("a line is longer than %d bytes", limit)}
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return bytes.TrimRight(line, "\r\n"), err
	}
}

// header reads the named fields up to the empty line. A line that begins with
// a space goes on with the one before.
func (r *Reader) header() ([]Field, error) {
	var fields []Field
	for left := r.limits.Header; ; {
		line, err := r.line(r.limits.Header)
		if err != nil {
			return nil, unexpected(err)
		}
		if left -= len(line) + 2; left <= 0 {
			return nil, &BadRecord{fmt.Sprintf("the header is longer than %d bytes", r.limits.Header)}
		}
		if len(line) == 0 {
			return fields, nil
		}
		if (line[0] == ' ' || line[0] == '\t') && len(fields) > 0 {
			last := &fields[len(fields)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(string(line)))
			continue
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, &BadRecord{"a line of the header is not \"Name: value\""}
		}
		fields = append(fields, Field{name, strings.TrimSpace(value)})
	}
}

func (r *Reader) block(n int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.r, n)) // grows with what is there, not with what is claimed
	if err == nil && int64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, unexpected(err)
}

func (r *Reader) skip(n int64) error {
	_, err := io.CopyN(io.Discard, r.r, n)
	return unexpected(err)
}

// end reads the two empty lines behind a block. Files without them, or with
// more, are read all the same if the next record begins where it should.
func (r *Reader) end() error {
	for {
		b, err := r.r.Peek(1)
		if _, damaged := errors.AsType[*BadRecord](err); damaged {
			return err // said once only, and it is about this record
		}
		if err != nil || b[0] != '\r' && b[0] != '\n' {
			return nil //nolint:nilerr // whatever it is, the next record meets it
		}
		_, _ = r.r.Discard(1) // it was there
	}
}

// unexpected makes the end of the file within a record that record's fault.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &BadRecord{"the file ends within the record"}
	}
	return err
}

var gzipMagic = []byte{0x1f, 0x8b, 8}

// members decompresses a run of gzip members. A damaged one is reported once,
// and reading goes on with the next that can be found.
type members struct {
	raw *bufio.Reader
	z   *gzip.Reader
	in  bool // within a member
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if !m.in {
			if err := m.open(); err != nil {
				return 0, err
			}
		}
		n, err := m.z.Read(p)
		if err == nil {
			return n, nil
		}
		m.in = false
		if errors.Is(err, io.EOF) {
			if n > 0 {
				return n, nil
			}
			continue
		}
		return n, damaged(err)
	}
}

// open finds the next member.
func (m *members) open() error {
	for {
		head, err := m.raw.Peek(len(gzipMagic))
		if len(head) < len(gzipMagic) {
			if err == nil || errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		}
		if !bytes.Equal(head, gzipMagic) {
			_, _ = m.raw.Discard(1) // it was there
			continue
		}
		if m.z == nil {
			m.z, err = gzip.NewReader(m.raw)
		} else {
			err = m.z.Reset(m.raw)
		}
		if err != nil {
			return damaged(err)
		}
		m.z.Multistream(false)
		m.in = true
		return nil
	}
}

// damaged tells what is wrong with the data from what is wrong with the disk.
func damaged(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &corrupt) {
		return &BadRecord{"the compressed data is damaged"}
	}
	return err
}
