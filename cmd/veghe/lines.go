package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"veghe"
)

// errLongLine is returned for a line that was skipped for its length; the
// next call goes on after it.
var errLongLine = fmt.Errorf("line is longer than %d bytes, want one post per line", veghe.MaxPost)

// lineReader reads lines of bounded length.
type lineReader struct {
	r   *bufio.Reader
	buf []byte
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, 256<<10)} }

// next returns a line without its end. The last line needs no end. The slice
// is valid until the next call.
func (l *lineReader) next() ([]byte, error) {
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
			return nil, errLongLine
		}
		line := bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte{'\n'}), []byte{'\r'})
		return bytes.TrimPrefix(line, []byte("\ufeff")), nil
	}
}

// waiting reports whether a whole further line has already arrived.
func (l *lineReader) waiting() bool {
	b, _ := l.r.Peek(l.r.Buffered())
	return bytes.IndexByte(b, '\n') >= 0
}
