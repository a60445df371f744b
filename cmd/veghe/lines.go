package main

import (
	"io"

	"veghe/crawler/archive"
)

// errLongLine is returned for a line that was skipped for its length; the
// next call goes on after it.
var errLongLine = archive.ErrLongLine

// lineReader reads lines of bounded length.
type lineReader struct{ *archive.Lines }

func newLineReader(r io.Reader) *lineReader { return &lineReader{archive.NewLines(r)} }

func (l *lineReader) next() ([]byte, error) { return l.Next() }

// waiting reports whether a whole further line has already arrived.
func (l *lineReader) waiting() bool { return l.Waiting() }
