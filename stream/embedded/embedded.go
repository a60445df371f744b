// Package embedded is a stream.Log on the local disk, for one process.
//
// Append returns when its records are fsynced; appenders at the same time
// share one fsync. A group's offset is fsynced after each batch. Whatever is
// killed and whenever the power goes, nothing acknowledged is lost and no group
// skips a record. What a crash left half written at the end of a partition was
// never acknowledged: it is cut off, and reported, when the log is opened.
//
//	DIR/LOCK                                 held by the one process, with its id
//	DIR/offsets                              what each group has handled, see offsets.go
//	DIR/topics/TOPIC/PARTITION/OFFSET.seg    records; the name is the first one's offset
//	DIR/damaged/                             segments that Options.Recover put aside
//
// A segment, all integers little endian:
//
//	header  6 bytes  "vegseg"
//	        2        version, 1
//	        4        salt, random
//	        4        CRC-32C of the 12 bytes before
//	frames  4        CRC-32C of the 40 bytes that follow, starting from the salt
//	        4        CRC-32C of the body, starting from the salt
//	        4        length of the body
//	        8        offset
//	        8        end of what was durable when the frame was written
//	        8        time, ns since 1970
//	        4        length of the key
//	        2        number of headers
//	        1        kind: 0 a record, 1 a gap (the body is the offset after it)
//	        1        0
//	        body     key; per header: uvarint length, name, uvarint length, value; the value
//
// The salt keeps bytes within a post from posing as a frame. The end of what
// was durable tells two kinds of damage apart: bytes of a torn write, which may
// be cut, and damage to records that were acknowledged, because a later frame
// says so. The latter is never skipped: Open, or Consume and Read where it is
// found later, returns a [CorruptError] that says what to do.
package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"veghe/stream"
)

// Options says how a log is kept. The zero value is good.
type Options struct {
	Partitions   int           // of a topic that Topics does not name; 0 means 1
	SegmentBytes int64         // a new segment is begun after this; 0 means 64 MiB
	MaxBatch     int           // most records given to a handler; 0 means 500
	Retention    Retention     // of a topic that Topics does not name
	Sweep        time.Duration // how often retention is applied; 0 means a minute

	// Topics says what differs per topic.
	Topics map[string]TopicOptions

	// Recover checks every segment when the log is opened, which takes as
	// long as reading them all. Damaged ones are moved to DIR/damaged, the
	// records that can be read are kept, and what is lost is logged.
	Recover bool

	Logger *slog.Logger     // nil means none
	Clock  func() time.Time // nil means time.Now
}

// TopicOptions is for one topic. A topic never has fewer partitions than it
// once had. When it is given more, keys move to other partitions, and the order
// of a key's records before and after that is no longer kept.
type TopicOptions struct {
	Partitions int        // 0 means Options.Partitions
	Retention  *Retention // nil means Options.Retention
}

// Retention says what may be removed from a topic. Whole segments are removed,
// the oldest first, and never a record that a known group, one that ever
// consumed the topic, has not handled: nothing is lost to a slow reader, and
// Stats shows what is held for it. Zero values keep everything.
type Retention struct {
	// Age is how long a record is kept at least. It is gone at most an eighth
	// of Age and one Sweep later, if every group has handled it.
	Age time.Duration
	// Bytes is the most a topic has on disk, give or take a segment for each
	// of its partitions.
	Bytes int64
}

func (o Options) withDefaults() Options {
	o.Partitions = cmp.Or(o.Partitions, 1)
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 64<<20)
	o.MaxBatch = cmp.Or(o.MaxBatch, 500)
	o.Sweep = cmp.Or(o.Sweep, time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

func (o *Options) check() error {
	switch {
	case o.Partitions < 1 || o.Partitions > 1000:
		return fmt.Errorf("%d partitions, want 1 to 1000", o.Partitions)
	case o.SegmentBytes < 1<<10:
		return fmt.Errorf("segments of %d bytes, want 1024 or more", o.SegmentBytes)
	case o.MaxBatch < 1:
		return fmt.Errorf("batches of %d records, want 1 or more", o.MaxBatch)
	case o.Sweep < 0 || o.Retention.Age < 0 || o.Retention.Bytes < 0:
		return errors.New("a negative sweep or retention, want 0 or more")
	}
	for name, t := range o.Topics {
		if err := checkTopic(name); err != nil {
			return err
		}
		if t.Partitions < 0 || t.Partitions > 1000 {
			return fmt.Errorf("topic %s: %d partitions, want 1 to 1000", name, t.Partitions)
		}
		if r := t.Retention; r != nil && (r.Age < 0 || r.Bytes < 0) {
			return fmt.Errorf("topic %s: a negative retention, want 0 or more", name)
		}
	}
	return nil
}

// ErrClosed is returned for a log that was closed.
var ErrClosed = errors.New("the log is closed")

// LockedError says that another process has the log open.
type LockedError struct {
	Path string // of the lock file
	PID  string // of the process that holds it, or ""
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != "" {
		who = "process " + e.PID
	}
	return fmt.Sprintf("%s is in use by %s: stop it, or use another directory", filepath.Dir(e.Path), who)
}

// Log is a stream.Log in a directory.
type Log struct {
	dir  string
	o    Options
	open opener
	lock *os.File

	ctx       context.Context // ends when the log is closed
	cancel    context.CancelFunc
	owned     sync.WaitGroup // the goroutines of the log
	calls     sync.WaitGroup // running methods
	closeOnce sync.Once
	closeErr  error

	offsets *offsets

	// sweeping is held while retention removes segments, and while Backup
	// needs them all.
	sweeping sync.Mutex

	mu     sync.Mutex // guards closed and topics
	closed bool
	topics map[string]*topic
}

var _ stream.Log = (*Log)(nil)

// topic is one topic of a log. Its partitions are fixed once it is open.
type topic struct {
	name      string
	parts     []*partition
	retention Retention
	changed   notice // more is durable, or a member joined or left

	mu     sync.Mutex // guards groups
	groups map[string]*group
}

// Open opens the log in dir, or makes one. It returns a *[LockedError] if
// another process has it, and a *[CorruptError] if records that were
// acknowledged cannot be read.
func Open(dir string, o Options) (*Log, error) { return openLog(dir, o, osOpen) }

func openLog(dir string, o Options, open opener) (_ *Log, err error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("open the log in %s: %w", dir, err)
	}
	l := &Log{dir: dir, o: o, open: open, topics: make(map[string]*topic)}
	if err := os.MkdirAll(l.topicsDir(), 0o700); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	if l.lock, err = lockFile(filepath.Join(dir, "LOCK")); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.release())
		}
	}()
	if err := l.load(); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.owned.Go(l.sweep)
	return l, nil
}

func (l *Log) topicsDir() string { return filepath.Join(l.dir, "topics") }

// load opens what is on disk. The offsets come first, as they tell how far the
// partitions must reach.
func (l *Log) load() error {
	if err := l.lock.Truncate(0); err != nil {
		return err
	}
	if _, err := l.lock.WriteAt(fmt.Appendln(nil, os.Getpid()), 0); err != nil {
		return err
	}
	for _, d := range []string{l.dir, filepath.Dir(l.dir)} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	var err error
	if l.offsets, err = openOffsets(filepath.Join(l.dir, "offsets"), l.open, l.o.Logger); err != nil {
		return err
	}
	names, err := os.ReadDir(l.topicsDir())
	if err != nil {
		return err
	}
	for _, n := range names {
		if !n.IsDir() || checkTopic(n.Name()) != nil {
			continue
		}
		if _, err := l.openTopic(n.Name()); err != nil {
			return err
		}
	}
	return l.clamp()
}

// clamp moves offsets that lie past the end of their partition back to it, so
// that records appended from now on are not taken for handled ones.
func (l *Log) clamp() error {
	moved := false
	for _, e := range l.offsets.all() {
		t := l.topics[e.topic]
		end := int64(0)
		if t != nil && e.partition < len(t.parts) {
			end = t.parts[e.partition].next
		}
		if e.next <= end {
			continue
		}
		moved = true
		l.offsets.set(e.position, end)
		if e.group == "" {
			l.o.Logger.Error("acknowledged records are gone from the end of a partition",
				"topic", e.topic, "partition", e.partition, "from_offset", end, "records", e.next-end)
			continue
		}
		l.o.Logger.Error("a group was moved back to the end of a partition",
			"topic", e.topic, "partition", e.partition, "group", e.group, "from", e.next, "to", end)
	}
	if !moved {
		return nil
	}
	return l.offsets.rewrite()
}

var topicName = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,199}$`)

func checkTopic(name string) error {
	if !topicName.MatchString(name) {
		return fmt.Errorf("topic %.40q: want 1 to 200 letters, digits and ._- that do not start with a dot", name)
	}
	return nil
}

// topic returns a topic, which it makes if wanted; else it may be nil.
func (l *Log) topic(name string, create bool) (*topic, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.topics[name]; t != nil || !create {
		return t, nil
	}
	return l.openTopic(name)
}

// openTopic needs the lock, or to be alone.
func (l *Log) openTopic(name string) (*topic, error) {
	if err := checkTopic(name); err != nil {
		return nil, err
	}
	t := &topic{name: name, retention: l.o.Retention, groups: make(map[string]*group)}
	n := l.o.Partitions
	if o, ok := l.o.Topics[name]; ok {
		n = cmp.Or(o.Partitions, n)
		if o.Retention != nil {
			t.retention = *o.Retention
		}
	}
	dir := filepath.Join(l.topicsDir(), name)
	had, err := countPartitions(dir)
	if err != nil {
		return nil, err
	}
	if had > 0 && had < n {
		l.o.Logger.Warn("a topic gets more partitions: keys move, and their order across the change is not kept",
			"topic", name, "had", had, "gets", n)
	}
	for i := range max(n, had) {
		p, err := l.openPartition(t, i)
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		t.parts = append(t.parts, p)
	}
	if err := errors.Join(syncDir(dir), syncDir(l.topicsDir())); err != nil {
		return nil, errors.Join(err, t.close())
	}
	l.topics[name] = t
	return t, nil
}

func (t *topic) close() error {
	var errs []error
	for _, p := range t.parts {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// enter begins a call, unless the log is closed. The caller ends it with
// l.calls.Done.
func (l *Log) enter() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	l.calls.Add(1)
	return nil
}

// Close ends running Consume calls, which then return [ErrClosed], waits for
// all calls, and releases the directory. A handler must not call it.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.cancel()
		l.calls.Wait()
		l.owned.Wait()
		l.closeErr = errors.Join(l.markEnds(), l.release())
	})
	return l.closeErr
}

func (l *Log) release() error {
	var errs []error
	for _, t := range l.topics {
		errs = append(errs, t.close())
	}
	if l.offsets != nil {
		errs = append(errs, l.offsets.close())
	}
	return errors.Join(append(errs, l.lock.Close())...)
}

// markEnds notes how far each partition is durable, so that the next Open can
// tell if any of that is gone.
func (l *Log) markEnds() error {
	var errs []error
	for _, t := range l.topics {
		for _, p := range t.parts {
			at := position{"", t.name, p.id}
			if end := p.end(); end > l.offsets.get(at) {
				errs = append(errs, l.offsets.commit(at, end))
			}
		}
	}
	return errors.Join(errs...)
}

// TopicStats measures one topic.
type TopicStats struct {
	Topic      string
	Partitions int
	Segments   int
	Bytes      int64 // on disk
	Held       int64 // bytes kept past their retention, as a group has not handled them
	Begin      int64 // first offsets still kept, summed over partitions
	End        int64 // offsets the next records get, summed over partitions
	Oldest     time.Time
}

// Stats measures all topics, sorted by name. It does not touch the disk.
func (l *Log) Stats() []TopicStats {
	l.mu.Lock()
	topics := slices.Collect(maps.Values(l.topics))
	l.mu.Unlock()
	out := make([]TopicStats, 0, len(topics))
	for _, t := range topics {
		s := TopicStats{Topic: t.name, Partitions: len(t.parts)}
		for _, p := range t.parts {
			p.addStats(&s)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b TopicStats) int { return cmp.Compare(a.Topic, b.Topic) })
	return out
}

// notice wakes all who wait for something to change.
type notice struct {
	mu sync.Mutex // guards ch
	ch chan struct{}
}

// wait returns a channel that the next broadcast closes.
func (s *notice) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *notice) broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
