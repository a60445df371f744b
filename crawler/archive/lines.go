package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"veghe"
)

// ErrLongLine is returned for a line that was skipped for its length; the
// next call goes on after it.
var ErrLongLine = fmt.Errorf("line is longer than %d bytes, want one post per line", veghe.MaxPost)

// Lines reads lines of bounded length.
type Lines struct {
	r   *bufio.Reader
	buf []byte
}

// NewLines reads the lines of r.
func NewLines(r io.Reader) *Lines { return newLines(bufio.NewReaderSize(r, 256<<10)) }

func newLines(r *bufio.Reader) *Lines { return &Lines{r: r} }

// Next returns a line without its end. The last line needs no end. The slice
// is valid until the next call.
func (l *Lines) Next() ([]byte, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if !long {
			l.buf = append(l.buf, part...)
		}
		if len(l.buf) > veghe.MaxPost+2 {
			long, l.buf = true, l.buf[:0]
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.buf) == 0 && !long:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, ErrLongLine
		}
		line := bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte{'\n'}), []byte{'\r'})
		return bytes.TrimPrefix(line, []byte("\ufeff")), nil
	}
}

// Waiting reports whether a whole further line has already arrived.
func (l *Lines) Waiting() bool {
	b, _ := l.r.Peek(l.r.Buffered())
	return bytes.IndexByte(b, '\n') >= 0
}

// jsonLines reads one post per line.
type jsonLines struct {
	lines *Lines
	o     Options
	n     int
}

func (j *jsonLines) Next(skip bool) (Record, error) {
	for {
		line, err := j.lines.Next()
		j.n++
		r := Record{Where: fmt.Sprintf(":%d", j.n)}
		switch {
		case errors.Is(err, ErrLongLine):
			r.Err = err
			return r, nil
		case err != nil:
			return r, err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case skip:
			return r, nil
		}
		p, err := veghe.ParsePost(line)
		if err != nil {
			r.Err = err
			return r, nil
		}
		j.o.finish(&p)
		r.Posts = []veghe.Post{p}
		return r, nil
	}
}
