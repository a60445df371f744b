package evidence

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Options shape a Store; the zero value is good.
type Options struct {
	// Software and Operator go into every segment: which program fetched,
	// and for whom.
	Software, Operator string
	// SegmentBytes closes a segment that has grown so large; 32 MiB.
	SegmentBytes int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets what an operator should know, never content; nil discards.
	Logger *slog.Logger
}

// Store adds captures. All methods may be called concurrently; one process at
// a time may have a folder open.
type Store struct {
	dir  string
	o    Options
	lock *flock.Flock
	id   string // of the store, eight hex digits

	adds   chan *adding
	stop   chan struct{} // closed by Close
	ended  chan struct{} // closed when the writer is done
	closed sync.Once

	file sync.Mutex // held by whoever changes segments or the chain file
	// Guarded by file:
	head   string // hash of the chain file's last line
	last   int    // number of the newest segment
	active *active
	seen   map[string]time.Time // closed segments: nothing to remove before then

	mu sync.Mutex // guards the rest
	// kept has the captures that stay, by segment and offset.
	kept     map[string]map[int64]bool
	captures int64
	bytes    int64
}

// active is the segment that grows.
type active struct {
	name    string
	f       *os.File
	size    int64
	blocks  int
	records int
	chain   string    // hash of the last block
	first   time.Time // of the first block
}

// adding is one capture on its way to the disk.
type adding struct {
	members [][]byte
	size    int64
	offset  int64 // of the response, set by the writer
	segment string
	done    chan error
}

// ErrClosed is returned by a closed Store.
var ErrClosed = errors.New("evidence: the store is closed")

// ErrLocked is wrapped when another process has the folder open.
var ErrLocked = errors.New("another process keeps evidence in this folder")

// Open opens or creates the store in dir. What a crash left half written at
// the end is cut off; damage anywhere else is left as it is, for Verify to
// name, and new captures go into a new segment.
func Open(dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.SegmentBytes = cmp.Or(o.SegmentBytes, 32<<20)
	o.Software = cmp.Or(o.Software, "veghe")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	s := &Store{
		dir: dir, o: o, lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600)),
		adds: make(chan *adding), stop: make(chan struct{}), ended: make(chan struct{}),
		seen: map[string]time.Time{}, kept: map[string]map[int64]bool{},
	}
	ok, err := s.lock.TryLock()
	if err == nil && !ok {
		err = ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("evidence: %s: %w", dir, err)
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("evidence: %w", err), s.lock.Unlock())
	}
	go s.write() // Close waits for it
	return s, nil
}

// Add keeps a capture and returns, once it is on the disk, how to find it. It
// waits for the disk together with other callers.
func (s *Store) Add(ctx context.Context, c Capture) (Ref, error) {
	members, digest, err := captureMembers(&c)
	if err != nil {
		return Ref{}, fmt.Errorf("evidence: %w", err)
	}
	a := &adding{members: members, done: make(chan error, 1)}
	for _, m := range members {
		a.size += int64(len(m))
	}
	select {
	case s.adds <- a:
	case <-ctx.Done():
		return Ref{}, ctx.Err()
	case <-s.stop:
		return Ref{}, ErrClosed
	}
	select {
	case err = <-a.done:
	case <-ctx.Done():
		return Ref{}, ctx.Err() // it may be kept all the same
	}
	if err != nil {
		return Ref{}, fmt.Errorf("evidence: %w", err)
	}
	return Ref{a.segment, a.offset, digest}, nil
}

// What is committed together at most.
const (
	maxGroup      = 256
	maxGroupBytes = 16 << 20
)

// write commits what callers of Add hand over, until Close.
func (s *Store) write() {
	defer close(s.ended)
	for {
		var group []*adding
		select {
		case a := <-s.adds:
			group = append(group, a)
		case <-s.stop:
			return
		}
		for size := group[0].size; len(group) < maxGroup && size < maxGroupBytes; {
			select {
			case a := <-s.adds:
				group = append(group, a)
				size += a.size
				continue
			default:
			}
			break
		}
		err := s.commit(group)
		for _, a := range group {
			a.done <- err
		}
	}
}

// commit appends a group and its chain block in one write and one flush.
func (s *Store) commit(group []*adding) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.active != nil && s.active.size >= s.o.SegmentBytes {
		if err := s.closeActive(); err != nil {
			return err
		}
	}
	now := s.o.Now().UTC()
	if s.active == nil {
		if err := s.begin(now); err != nil {
			return err
		}
	}
	a := s.active
	var buf bytes.Buffer
	block := &Block{Segment: a.name, Number: a.blocks + 1, At: now, Previous: cmp.Or(a.chain, s.head)}
	put := func(m []byte) {
		block.Entries = append(block.Entries, Entry{a.size + int64(buf.Len()), int64(len(m)), digestOf(m)})
		buf.Write(m)
	}
	if a.size == 0 {
		info, err := s.info(a.name, now)
		if err != nil {
			return err
		}
		put(info)
	}
	for _, g := range group {
		g.segment, g.offset = a.name, a.size+int64(buf.Len())
		for _, m := range g.members {
			put(m)
		}
	}
	last, err := blockMember(block)
	if err != nil {
		return err
	}
	buf.Write(last)
	if err := s.append(buf.Bytes()); err != nil {
		return err
	}
	a.size += int64(buf.Len())
	a.blocks, a.records, a.chain = block.Number, a.records+len(block.Entries), digestOf(last)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.captures += int64(len(group))
	s.bytes += int64(buf.Len())
	return nil
}

// append writes behind what is committed. After an error nothing of it counts,
// and the next group is written over whatever is left of it.
func (s *Store) append(b []byte) error {
	a := s.active
	_, err := a.f.WriteAt(b, a.size)
	if err == nil {
		err = a.f.Sync()
	}
	if err == nil {
		return nil
	}
	undo := a.f.Truncate(a.size)
	if a.size == 0 {
		undo = errors.Join(a.f.Close(), os.Remove(segmentPath(s.dir, a.name)))
		s.active, s.last = nil, s.last-1
	}
	return errors.Join(err, undo)
}

// begin creates the next segment.
func (s *Store) begin(now time.Time) error {
	name := fmt.Sprintf("%s-%06d", s.id, s.last+1)
	f, err := os.OpenFile(segmentPath(s.dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	s.last++
	s.active = &active{name: name, f: f, first: now}
	return nil
}

// info is the warcinfo record that a segment begins with.
func (s *Store) info(name string, now time.Time) ([]byte, error) {
	text := fmt.Sprintf("software: %s\r\noperator: %s\r\nformat: WARC File Format 1.1\r\n"+
		"conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"+
		"robots: obey\r\nchain-before: %s\r\n\r\n", oneLine(s.o.Software), oneLine(s.o.Operator), s.head)
	return member(record(typeInfo, newRecordID(), now, fieldsType, []byte(text), Field{"WARC-Filename", name + segmentSuffix}), otherMarker)
}

// closeActive ends the growing segment with a line in the chain file.
func (s *Store) closeActive() error {
	a := s.active
	err := s.line(Line{Closed: &Closed{Segment: a.name, Chain: cmp.Or(a.chain, zeroDigest), Blocks: a.blocks, Records: a.records, Bytes: a.size}})
	if err != nil {
		return err
	}
	s.active = nil
	return a.f.Close()
}

// line appends to the chain file.
func (s *Store) line(l Line) error {
	l.Previous, l.At = s.head, s.o.Now().UTC().Truncate(time.Microsecond)
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := appendFile(filepath.Join(s.dir, chainFile), append(b, '\n')); err != nil {
		return err
	}
	s.head = digestOf(b)
	return nil
}

// appendFile adds to a file as a whole or, as far as can be, not at all.
func appendFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err = f.WriteAt(b, size); err == nil {
		err = f.Sync()
	}
	if err != nil {
		err = errors.Join(err, f.Truncate(size))
	}
	return errors.Join(err, f.Close())
}

// ID names the store: the beginning of the names of its segments.
func (s *Store) ID() string { return s.id }

// Close waits for what is being added and releases the folder. It may be
// called twice.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.stop)
		<-s.ended
		s.file.Lock()
		defer s.file.Unlock()
		if s.active != nil {
			err = s.active.f.Close()
			s.active = nil
		}
		err = errors.Join(err, s.lock.Unlock())
	})
	return err
}

// Stats say how much is kept.
type Stats struct {
	Bytes    int64 `json:"bytes"`    // of all segments on the disk
	Segments int   `json:"segments"` // files
	Captures int64 `json:"captures"` // added since the start of the process
	Kept     int   `json:"kept"`     // marked to stay
}

// Stats are cheap to ask for.
func (s *Store) Stats() Stats {
	names, err := listSegments(s.dir)
	if err != nil {
		names = nil // the next use of the folder reports it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Bytes: s.bytes, Segments: len(names), Captures: s.captures}
	for _, m := range s.kept {
		st.Kept += len(m)
	}
	return st
}

// measure counts the bytes of all segments anew.
func (s *Store) measure() {
	names, err := listSegments(s.dir)
	if err != nil {
		return
	}
	var sum int64
	for _, name := range names {
		if fi, err := os.Stat(segmentPath(s.dir, name)); err == nil || !errors.Is(err, fs.ErrNotExist) && fi != nil {
			sum += fi.Size()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes = sum
}
