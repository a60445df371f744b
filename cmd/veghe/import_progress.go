package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// progress shows on a terminal how far an import has come; elsewhere it says
// nothing.
type progress struct {
	w           io.Writer // nil: not a terminal
	total, done int64     // bytes
	began, last time.Time
	shown       bool
}

// progressEvery is the time between two looks at the screen.
const progressEvery = 200 * time.Millisecond

func newProgress(w io.Writer, files []string) *progress {
	p := &progress{began: time.Now()}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		p.w = w
	}
	for _, name := range files {
		if fi, err := os.Stat(name); err == nil {
			p.total += fi.Size()
		}
	}
	return p
}

// counted is a file whose bytes are counted as they are read. Files that are
// read here and there, as zips are, stay files.
type counted struct {
	io.Reader
	n *int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	*c.n += int64(n)
	return n, err
}

// countedFile can also be read anywhere.
type countedFile struct {
	*os.File
	n *int64
}

func (c *countedFile) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	*c.n += int64(n)
	return n, err
}

func (c *countedFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.File.ReadAt(b, at)
	*c.n += int64(n)
	return n, err
}

var _ interface{ Stat() (fs.FileInfo, error) } = (*countedFile)(nil)

func (p *progress) reader(in io.Reader) io.Reader {
	if f, ok := in.(*os.File); ok {
		return &countedFile{f, &p.done}
	}
	return &counted{in, &p.done}
}

func (p *progress) show(posts int64) {
	if p.w == nil || time.Since(p.last) < progressEvery {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprint(p.w, "\r\x1b[K"+progressLine(p.done, p.total, posts, time.Since(p.began)))
}

// progressLine is what is shown: how much of the bytes, how many posts, and
// how long it will go on.
func progressLine(done, total, posts int64, took time.Duration) string {
	rate := float64(posts) / max(took.Seconds(), 0.001)
	line := fmt.Sprintf("%.1f MB", float64(done)/1e6)
	if total > 0 {
		share := min(1, float64(done)/float64(total))
		full := int(share * 20)
		left := time.Duration(float64(took) * (1 - share) / max(share, 0.001))
		line = fmt.Sprintf("[%s%s] %3.0f %%  %.1f of %.1f MB, %v left", strings.Repeat("=", full), strings.Repeat(" ", 20-full),
			100*share, float64(done)/1e6, float64(total)/1e6, left.Round(time.Second))
	}
	return fmt.Sprintf("%s, %d posts, %.0f/s", line, posts, rate)
}

// clear makes room for a line of its own.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) end() { p.clear() }
