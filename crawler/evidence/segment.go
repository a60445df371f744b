package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const segmentSuffix = ".warc.gz"

func segmentPath(dir, name string) string { return filepath.Join(dir, name+segmentSuffix) }

// segmentNumber is the place of a segment in its store.
func segmentNumber(name string) int {
	_, digits, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// listSegments names the segments in a folder, in order.
func listSegments(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), segmentSuffix); ok && isSegment(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return segmentNumber(a) - segmentNumber(b) })
	return names, nil
}

// part is one member of a segment, where it now stands.
type part struct {
	at, size int64
	chain    bool
}

// walker goes through the members of a segment by their lengths alone.
type walker struct {
	f    io.ReaderAt
	at   int64
	size int64
}

// next gives the next member; io.EOF at the end, another error where the
// bytes are not those of a member.
func (w *walker) next() (part, error) {
	if w.at == w.size {
		return part{}, io.EOF
	}
	head := make([]byte, memberHead)
	if _, err := w.f.ReadAt(head, w.at); err != nil && !errors.Is(err, io.EOF) {
		return part{}, err
	}
	n, chain, err := lengths(head)
	if err != nil {
		return part{}, err
	}
	if w.at+n > w.size {
		return part{}, errors.New("a record that is not all there")
	}
	p := part{w.at, n, chain}
	w.at += n
	return p, nil
}

func readPart(f io.ReaderAt, p part) ([]byte, error) {
	b := make([]byte, p.size)
	_, err := f.ReadAt(b, p.at)
	return b, err
}

// batch is a chain block with what is still there of the records it lists.
type batch struct {
	*Block
	block []byte   // the member that holds it
	hash  string   // of that member
	parts [][]byte // one for each entry; nil where retention removed it
	end   int64    // in the file, behind the block
}

// eachBatch hands the batches of a segment to f, each checked against its
// block and the block before. It returns the hash of the last one. What stands
// behind the last whole batch is an error of kind *tornError.
func eachBatch(file io.ReaderAt, size int64, name string, f func(*batch) error) (last string, err error) {
	w := &walker{f: file, size: size}
	var pending [][]byte
	number, good := 0, int64(0)
	for {
		p, err := w.next()
		if errors.Is(err, io.EOF) && len(pending) == 0 {
			return last, nil
		}
		if err != nil {
			return last, &tornError{name, good, err}
		}
		m, err := readPart(file, p)
		if err != nil {
			return last, err
		}
		if !p.chain {
			pending = append(pending, m)
			continue
		}
		b, err := newBatch(m, pending, w.at)
		if err == nil {
			number++
			err = b.follows(name, number, last)
		}
		if err != nil {
			return last, &tornError{name, good, err}
		}
		if err := f(b); err != nil {
			return last, err
		}
		last, good, pending = b.hash, w.at, nil
	}
}

// newBatch puts members to the entries of their block, by digest and in order.
func newBatch(block []byte, members [][]byte, end int64) (*batch, error) {
	b, err := blockOf(block)
	if err != nil {
		return nil, err
	}
	out := &batch{Block: b, block: block, hash: digestOf(block), parts: make([][]byte, len(b.Entries)), end: end}
	i := 0
	for _, m := range members {
		d := digestOf(m)
		for i < len(b.Entries) && b.Entries[i].Digest != d {
			i++
		}
		if i == len(b.Entries) {
			return nil, fmt.Errorf("%w: a record is not the one that was stored", ErrChanged)
		}
		out.parts[i] = m
		i++
	}
	return out, nil
}

func (b *batch) follows(segment string, number int, previous string) error {
	if b.Segment != segment || b.Number != number || previous != "" && b.Previous != previous {
		return fmt.Errorf("%w: block %d does not follow the one before", ErrChanged, number)
	}
	return nil
}

// beginning is when the first block of a segment was committed; the zero time
// if that cannot be read.
func beginning(f io.ReaderAt, size int64) time.Time {
	w := &walker{f: f, size: size}
	for {
		p, err := w.next()
		if err != nil {
			return time.Time{}
		}
		if !p.chain {
			continue
		}
		m, err := readPart(f, p)
		if err != nil {
			return time.Time{}
		}
		b, err := blockOf(m)
		if err != nil {
			return time.Time{}
		}
		return b.At
	}
}

// tornError says that a segment is good up to Good and then is not.
type tornError struct {
	Segment string
	Good    int64
	Err     error
}

func (e *tornError) Error() string {
	return fmt.Sprintf("segment %s: behind byte %d: %v", e.Segment, e.Good, e.Err)
}

func (e *tornError) Unwrap() error { return e.Err }

// capture is the part of a batch that belongs to one capture: a response and
// the records that name it.
type capture struct {
	first   int // entry of the response
	records []*Record
	members [][]byte
}

// captures takes a batch apart. The warcinfo record belongs to none.
func (b *batch) captures() ([]capture, error) {
	var out []capture
	for i, m := range b.parts {
		if m == nil {
			continue
		}
		rec, err := unpack(m)
		if err != nil {
			return nil, err
		}
		if rec.Get("WARC-Type") == typeInfo {
			continue
		}
		if to := rec.Get("WARC-Concurrent-To"); to == "" {
			out = append(out, capture{first: i})
		} else if len(out) == 0 || out[len(out)-1].records[0].Get("WARC-Record-ID") != to {
			return nil, fmt.Errorf("%w: a record names a response that is not before it", ErrChanged)
		}
		c := &out[len(out)-1]
		c.records, c.members = append(c.records, rec), append(c.members, m)
	}
	return out, nil
}

// syncDir makes what was created, renamed or removed in a folder durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // a folder cannot be flushed there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// replaceFile puts a file in place as a whole.
func replaceFile(path string, b []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(b))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
