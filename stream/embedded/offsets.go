package embedded

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// offsets is what each group has handled, in a file of lines such as
//
//	1f2e3d4c {"group":"detect","topic":"veghe.posts","partition":0,"next":42}
//
// with the CRC-32C of the JSON in front. The greatest next of a position
// counts. The lines without a group say how far a partition was durable. The
// file is rewritten, through a temporary one, when it has grown.
type offsets struct {
	path   string
	open   opener
	logger *slog.Logger

	flush sync.Mutex // held while fsyncing or rewriting; taken before mu

	mu      sync.Mutex // guards all below
	next    map[position]int64
	f       file
	size    int64
	torn    bool
	written int64 // lines
	synced  int64 // of them, durable
	epoch   int   // counts failed fsyncs
	compact int64 // size at which the file is rewritten
}

// position is a group's place in a partition.
type position struct {
	group     string
	topic     string
	partition int
}

type entry struct {
	position
	next int64
}

// offsetLine is the JSON of a line.
type offsetLine struct {
	Group     string `json:"group"`
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	Next      int64  `json:"next"`
}

const compactBytes = 1 << 20

func openOffsets(path string, open opener, logger *slog.Logger) (*offsets, error) {
	o := &offsets{path: path, open: open, logger: logger, next: make(map[position]int64), compact: compactBytes}
	b, err := os.ReadFile(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return nil, err
	}
	bad := o.parse(b)
	if bad > 0 {
		// A lost line only makes a group handle records again.
		logger.Warn("lines of the offsets were torn or damaged; groups may see records again", "file", path, "lines", bad)
	}
	if fresh || bad > 0 || len(b) > compactBytes {
		return o, o.rewrite()
	}
	o.size = int64(len(b))
	o.f, err = open(path, os.O_RDWR)
	return o, err
}

// parse takes the lines of a file and returns how many are damaged.
func (o *offsets) parse(b []byte) (bad int) {
	for line := range bytes.Lines(b) {
		e, ok := parseOffset(line)
		if !ok {
			bad++
			continue
		}
		o.next[e.position] = max(o.next[e.position], e.next)
	}
	return bad
}

func parseOffset(line []byte) (entry, bool) {
	text, whole := bytes.CutSuffix(line, []byte("\n"))
	sum, text, ok := bytes.Cut(text, []byte(" "))
	var l offsetLine
	if !whole || !ok || string(sum) != checksum(text) || json.Unmarshal(text, &l) != nil || l.Next < 0 {
		return entry{}, false
	}
	return entry{position{l.Group, l.Topic, l.Partition}, l.Next}, true
}

func checksum(b []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(b, castagnoli)) }

func (e entry) line() []byte {
	// Plain fields: this cannot fail.
	b, _ := json.Marshal(offsetLine{e.group, e.topic, e.partition, e.next})
	return fmt.Appendf(nil, "%s %s\n", checksum(b), b)
}

func (o *offsets) get(at position) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.next[at]
}

// set changes memory only.
func (o *offsets) set(at position, next int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next[at] = next
}

// all returns every position, sorted.
func (o *offsets) all() []entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sorted()
}

func (o *offsets) sorted() []entry {
	out := make([]entry, 0, len(o.next))
	for at, n := range o.next {
		out = append(out, entry{at, n})
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.group, b.group), cmp.Compare(a.partition, b.partition))
	})
	return out
}

// handled is the least offset of the known groups of a partition.
func (o *offsets) handled(topic string, partition int) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	least := int64(math.MaxInt64)
	for at, n := range o.next {
		if at.group != "" && at.topic == topic && at.partition == partition {
			least = min(least, n)
		}
	}
	return least
}

// reach is how far a partition is known to have been durable.
func (o *offsets) reach(topic string, partition int) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	most := int64(0)
	for at, n := range o.next {
		if at.topic == topic && at.partition == partition {
			most = max(most, n)
		}
	}
	return most
}

// join makes a group known from begin on, durably, if it is not.
func (o *offsets) join(at position, begin int64) (next int64, err error) {
	o.mu.Lock()
	next, known := o.next[at]
	o.mu.Unlock()
	if known {
		return next, nil
	}
	return begin, o.commit(at, begin)
}

// forget drops a group of a topic, durably.
func (o *offsets) forget(topic, group string) error {
	o.mu.Lock()
	for at := range o.next {
		if at.topic == topic && at.group == group {
			delete(o.next, at)
		}
	}
	o.mu.Unlock()
	return o.rewrite()
}

// commit moves a position forward and returns when that is durable. If that
// fails the position has still moved in memory; commit it again.
func (o *offsets) commit(at position, next int64) error {
	line, epoch, err := o.write(at, next)
	if err != nil {
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	return o.sync(line, epoch)
}

func (o *offsets) write(at position, next int64) (line int64, epoch int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if next < o.next[at] {
		return 0, o.epoch, nil
	}
	o.next[at] = next
	if o.torn {
		if err := o.f.Truncate(o.size); err != nil {
			return 0, 0, err
		}
		o.torn = false
	}
	b := entry{at, next}.line()
	if _, err := o.f.WriteAt(b, o.size); err != nil {
		o.torn = true
		return 0, 0, err
	}
	o.size += int64(len(b))
	o.written++
	return o.written, o.epoch, nil
}

func (o *offsets) sync(line int64, epoch int) error {
	o.flush.Lock()
	defer o.flush.Unlock()
	o.mu.Lock()
	f, written, large := o.f, o.written, o.size > o.compact
	done, failed := o.synced >= line, o.epoch != epoch
	o.mu.Unlock()
	switch {
	case done:
		return nil
	case failed || large:
		// After a failed fsync the old file cannot be trusted.
		return o.rewriteLocked()
	}
	err := f.Sync()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.epoch++
		o.compact = 0 // rewrite at the next commit
		return fmt.Errorf("fsync %s: %w", o.path, err)
	}
	o.synced = written
	return nil
}

// rewrite replaces the file by one with a line per position.
func (o *offsets) rewrite() error {
	o.flush.Lock()
	defer o.flush.Unlock()
	return o.rewriteLocked()
}

// rewriteLocked needs flush. Commits wait meanwhile.
func (o *offsets) rewriteLocked() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := linesOf(o.sorted())
	f, err := o.replace(b)
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", o.path, err)
	}
	old := o.f
	o.f, o.size, o.torn, o.synced = f, int64(len(b)), false, o.written
	o.compact = max(compactBytes, 4*o.size)
	if old == nil {
		return nil
	}
	return old.Close()
}

func linesOf(entries []entry) []byte {
	var b []byte
	for _, e := range entries {
		b = append(b, e.line()...)
	}
	return b
}

func (o *offsets) replace(b []byte) (file, error) {
	tmp := o.path + ".new"
	f, err := o.open(tmp, os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := os.Rename(tmp, o.path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := syncDir(filepath.Dir(o.path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (o *offsets) close() error {
	o.flush.Lock()
	defer o.flush.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.f == nil {
		return nil
	}
	f := o.f
	o.f = nil
	return f.Close()
}
