package embedded

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// BackupFile takes one file of a backup: its name with slashes, relative to
// the log's directory, and exactly size bytes.
type BackupFile func(name string, size int64, r io.Reader) error

// Backup copies the log while it is in use. The offsets are taken first, then
// between is called, in which the caller copies what the groups have made of
// the records, then the records. So whatever an offset promises to be handled
// is in the copies made in between, and what was appended meanwhile is handled
// again after a restore. Retention waits until Backup returns.
//
// The topics in last are copied after all others, in that order: name the one
// first that others are made from last.
func (l *Log) Backup(ctx context.Context, last []string, between func() error, add BackupFile) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	l.sweeping.Lock()
	defer l.sweeping.Unlock()
	offsets := linesOf(l.offsets.all())
	if err := between(); err != nil {
		return err
	}
	if err := add("offsets", int64(len(offsets)), bytes.NewReader(offsets)); err != nil {
		return err
	}
	for _, t := range l.backupOrder(last) {
		for _, p := range t.parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.backup(add); err != nil {
				return fmt.Errorf("copy topic %s, partition %d: %w", t.name, p.id, err)
			}
		}
	}
	return nil
}

// backupOrder is all topics, those named last at the end.
func (l *Log) backupOrder(last []string) []*topic {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for name := range l.topics {
		if !slices.Contains(last, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []*topic
	for _, name := range append(names, last...) {
		if t := l.topics[name]; t != nil {
			out = append(out, t)
		}
	}
	return out
}

// durableFile is how much of a segment's file is durable.
type durableFile struct {
	path string
	size int64
}

// durableFiles lists the segments and how much of each is durable.
func (p *partition) durableFiles() []durableFile {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]durableFile, len(p.segs))
	for i, s := range p.segs {
		out[i] = durableFile{s.path, s.size}
	}
	out[len(out)-1].size = p.durableSize
	return out
}

// backup needs sweeping, so that no segment goes meanwhile. Segments are only
// added to, so what was durable at the beginning stays as it is.
func (p *partition) backup(add BackupFile) error {
	for _, d := range p.durableFiles() {
		name, err := filepath.Rel(p.log.dir, d.path)
		if err != nil {
			return err
		}
		if err := copyTo(add, filepath.ToSlash(name), d); err != nil {
			return fmt.Errorf("%s: %w", path.Base(d.path), err)
		}
	}
	return nil
}

func copyTo(add BackupFile, name string, d durableFile) error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	return add(name, d.size, io.NewSectionReader(f, 0, d.size))
}
