package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/detect"
)

// Bounds of what is read before it is assessed.
const (
	maxScanLines = 512
	maxScanBytes = 8 << 20
)

// scanBatch is some lines of input on their way:
//
//	lines ─▶ posts ─▶ drafts ─▶ assessments, printed
type scanBatch struct {
	lines  []rawPost
	text   []byte // of the lines
	posts  []veghe.Post
	drafts *detect.Drafts
}

// rawPost is a line of input in a batch: its number, its bytes there, and what
// came of it.
type rawPost struct {
	line     int
	from, to int
	post     veghe.Post
	err      error
}

func (b *scanBatch) add(n int, line []byte, err error) {
	b.lines = append(b.lines, rawPost{line: n, from: len(b.text), to: len(b.text) + len(line), err: err})
	b.text = append(b.text, line...)
}

func (b *scanBatch) full() bool { return len(b.lines) == maxScanLines || len(b.text) > maxScanBytes }

// reset empties a batch to be used again; only its room is kept, and of a giant
// one not even that.
func (b *scanBatch) reset() {
	clear(b.lines)
	clear(b.posts)
	b.lines, b.posts, b.drafts = b.lines[:0], b.posts[:0], nil
	if b.text = b.text[:0]; cap(b.text) > maxScanBytes/8 {
		b.text = nil
	}
}

// scanLines assesses a stream of posts. What has arrived is answered before
// more is waited for, so that veghe scan works in a pipe that stays open.
//
// A batch is read while the one before it is assessed and the one before that
// is settled and printed; a single worker does one after the other.
func (s *scanner) scanLines(ctx context.Context, name string, r io.Reader) error {
	s.bad.env = s.env
	if s.workers <= 0 {
		s.workers = runtime.GOMAXPROCS(0)
	}
	if s.workers == 1 {
		var b scanBatch
		return readBatches(ctx, name, r, &b, func(b *scanBatch) (*scanBatch, error) {
			s.draft(name, b)
			return b, s.settle(b)
		})
	}
	return s.scanBeside(ctx, name, r)
}

// scanBeside is scanLines with a goroutine for each of its steps, and workers
// for the longest.
func (s *scanner) scanBeside(ctx context.Context, name string, r io.Reader) error {
	const steps = 3
	free, read, drafted := make(chan *scanBatch, steps), make(chan *scanBatch), make(chan *scanBatch)
	for range steps {
		free <- &scanBatch{}
	}
	group, ctx := errgroup.WithContext(ctx)
	pass := func(to chan<- *scanBatch, b *scanBatch) error {
		select {
		case to <- b:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	group.Go(func() error {
		defer close(drafted)
		for b := range read {
			s.draft(name, b)
			if err := pass(drafted, b); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for b := range drafted {
			if err := s.settle(b); err != nil {
				return err
			}
			free <- b
		}
		return nil
	})
	err := readBatches(ctx, name, r, <-free, func(b *scanBatch) (*scanBatch, error) {
		if err := pass(read, b); err != nil {
			return nil, err
		}
		select {
		case b := <-free:
			return b, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	close(read)
	if werr := group.Wait(); werr != nil {
		return werr
	}
	return err
}

// readBatches fills one batch after the other and gives it to next, which
// returns one to fill.
func readBatches(ctx context.Context, name string, r io.Reader, b *scanBatch, next func(*scanBatch) (*scanBatch, error)) error {
	lines := newLineReader(r)
	for n := 1; ; n++ {
		if len(b.lines) > 0 && (b.full() || !lines.waiting()) {
			var err error
			if b, err = next(b); err != nil {
				return err
			}
		}
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongLine):
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case ctx.Err() != nil:
			return ctx.Err()
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		b.add(n, line, err)
	}
}

// draft reads the posts of a batch, and reports lines that are none.
func (s *scanner) draft(name string, b *scanBatch) {
	s.parse(b)
	for i := range b.lines {
		if err := b.lines[i].err; err != nil {
			s.bad.add(name, b.lines[i].line, err)
			continue
		}
		b.posts = append(b.posts, b.lines[i].post)
	}
	b.drafts = s.engine.Draft(b.posts, s.workers)
}

// parse makes posts of lines, side by side.
func (s *scanner) parse(b *scanBatch) {
	var next atomic.Int64
	parse := func() {
		for i := int(next.Add(1)) - 1; i < len(b.lines); i = int(next.Add(1)) - 1 {
			if l := &b.lines[i]; l.err == nil {
				l.post, l.err = veghe.ParsePost(b.text[l.from:l.to])
			}
		}
	}
	var wg sync.WaitGroup
	for range min(s.workers, len(b.lines)) {
		wg.Go(parse)
	}
	wg.Wait()
}

// settle finishes a batch, prints it and empties it.
func (s *scanner) settle(b *scanBatch) error {
	s.print(b.posts, s.engine.Settle(nil, b.drafts))
	b.reset()
	return s.out.Flush()
}
