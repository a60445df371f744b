package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder reads the evidence in a folder, also while a Store adds to it.
type Folder struct{ Dir string }

// Found is a capture as it is stored.
type Found struct {
	Ref     Ref
	Block   *Block    // that lists it
	Records []*Record // the page's response first
	Members [][]byte  // the same as stored: one gzip member each
}

// ErrGone says that a capture is not (or no longer) in the folder.
var ErrGone = errors.New("the capture is not kept any more, or was never kept here")

// Find reads the captures that references name. Those that are not there are
// left out of the answer; an error that wraps ErrChanged says that a segment
// is not as it was stored.
func (f Folder) Find(ctx context.Context, refs []Ref) (map[Ref]*Found, error) {
	wanted := make(map[string]map[int64]Ref)
	for _, r := range refs {
		if wanted[r.Segment] == nil {
			wanted[r.Segment] = map[int64]Ref{}
		}
		wanted[r.Segment][r.Offset] = r
	}
	found := make(map[Ref]*Found)
	for name, offsets := range wanted {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, err := f.segment(name, func(b *batch) error {
			return findIn(b, offsets, found)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !f.growing(name, err) {
			return nil, err
		}
	}
	return found, nil
}

func findIn(b *batch, offsets map[int64]Ref, found map[Ref]*Found) error {
	any := false
	for _, e := range b.Entries {
		_, ok := offsets[e.Offset]
		any = any || ok
	}
	if !any {
		return nil
	}
	captures, err := b.captures()
	if err != nil {
		return err
	}
	for _, c := range captures {
		r, ok := offsets[b.Entries[c.first].Offset]
		if ok && c.records[0].payloadDigest() == r.Digest {
			found[r] = &Found{Ref: r, Block: b.Block, Records: c.records, Members: c.members}
		}
	}
	return nil
}

// growing says whether an error is only that a segment is being written to.
func (f Folder) growing(name string, err error) bool {
	if _, torn := errors.AsType[*tornError](err); !torn {
		return false
	}
	lines, _, err := f.Lines()
	if err != nil {
		return false
	}
	for _, l := range lines {
		if l.Closed != nil && l.Closed.Segment == name {
			return false
		}
	}
	return true
}

func (f Folder) segment(name string, do func(*batch) error) (last string, err error) {
	file, err := os.Open(segmentPath(f.Dir, name))
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	return eachBatch(file, size, name, do)
}

// Lines reads the chain file and gives its head.
func (f Folder) Lines() (lines []Line, head string, err error) {
	file, err := os.Open(filepath.Join(f.Dir, chainFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, zeroDigest, nil
	}
	if err != nil {
		return nil, "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	lines, _, head, err = readLines(file)
	return lines, head, err
}

// Blocks reads the chain blocks of a segment.
func (f Folder) Blocks(name string) ([]*Block, error) {
	var out []*Block
	_, err := f.segment(name, func(b *batch) error {
		out = append(out, b.Block)
		return nil
	})
	if err != nil && f.growing(name, err) {
		err = nil
	}
	return out, err
}

// Report is what Verify found.
type Report struct {
	// Head is the newest hash: it stands for everything ever stored. Written
	// down elsewhere, it lets anyone tell later that the end was not cut off.
	Head     string   `json:"head"`
	Segments int      `json:"segments"` // read
	Records  int      `json:"records"`  // verified
	Removed  int      `json:"removed"`  // by retention, as the chain says
	Problems []string `json:"problems"` // what is not as it was stored
}

// Verify reads everything in the folder and compares it with its hashes. A
// head that was noted earlier, if not empty, must be part of the chain.
func (f Folder) Verify(ctx context.Context, noted string) (Report, error) {
	r := Report{Problems: []string{}}
	lines, head, err := f.Lines()
	if errors.Is(err, ErrChanged) {
		r.Problems = append(r.Problems, err.Error())
	} else if err != nil {
		return r, err
	}
	names, err := listSegments(f.Dir)
	if err != nil {
		return r, err
	}
	closed, removed := lineIndex(lines)
	began, heads := map[string]bool{zeroDigest: true}, map[string]bool{zeroDigest: true}
	for _, l := range lines {
		began[l.hash], heads[l.hash] = true, true
		if l.Closed != nil {
			heads[l.Closed.Chain] = true
		}
	}
	there := make(map[string]bool)
	r.Head = head
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		there[name] = true
		s, err := f.verifySegment(name, closed[name], removed[name], began)
		if err != nil {
			return r, err
		}
		r.Segments++
		r.Records += s.records
		r.Removed += s.missing
		r.Problems = append(r.Problems, s.problems...)
		for _, h := range s.hashes {
			heads[h] = true
		}
		if closed[name] == nil && s.last != "" {
			r.Head = s.last
		}
	}
	for name, c := range closed {
		if there[name] {
			continue
		}
		if x := removed[name]; x == nil || x.Kept > 0 {
			r.Problems = append(r.Problems, fmt.Sprintf("segment %s is missing", name))
		}
		r.Removed += c.Records
	}
	if noted != "" && !heads[noted] {
		r.Problems = append(r.Problems, "the head that was noted is not part of the chain, or stood within a segment that retention removed")
	}
	return r, nil
}

func lineIndex(lines []Line) (closed map[string]*Closed, removed map[string]*Reduced) {
	closed, removed = map[string]*Closed{}, map[string]*Reduced{}
	for _, l := range lines {
		if l.Closed != nil {
			closed[l.Closed.Segment] = l.Closed
		}
		if l.Reduced != nil {
			removed[l.Reduced.Segment] = l.Reduced
		}
	}
	return closed, removed
}

type segmentReport struct {
	records, missing int
	last             string
	hashes           []string // of all blocks
	problems         []string
}

func (f Folder) verifySegment(name string, c *Closed, x *Reduced, began map[string]bool) (segmentReport, error) {
	var s segmentReport
	say := func(format string, args ...any) {
		s.problems = append(s.problems, "segment "+name+": "+fmt.Sprintf(format, args...))
	}
	last, err := f.segment(name, func(b *batch) error {
		if b.Number == 1 && !began[b.Previous] {
			say("its first block does not carry the hash of a line of %s", chainFile)
		}
		s.hashes = append(s.hashes, b.hash)
		for i, m := range b.parts {
			if m == nil {
				s.missing++
				continue
			}
			s.records++
			if err := checkRecord(m); err != nil {
				say("record at byte %d: %v", b.Entries[i].Offset, err)
			}
		}
		return nil
	})
	s.last = last
	torn, isTorn := errors.AsType[*tornError](err)
	switch {
	case err != nil && !isTorn:
		return s, err
	case isTorn && c != nil:
		say("behind byte %d: %v", torn.Good, torn.Err)
	}
	if c != nil && !isTorn && last != c.Chain {
		say("its last block is not the one that %s names", chainFile)
	}
	allowed := 0
	if x != nil {
		allowed = x.Removed
	}
	if s.missing > allowed && allowed >= 0 {
		say("%d records are missing, but retention removed %d", s.missing, allowed)
	}
	return s, nil
}

// checkRecord compares a record with its own digests.
func checkRecord(m []byte) error {
	rec, err := unpack(m)
	if err != nil {
		return err
	}
	return rec.Check()
}

// Check compares a record of this package with the digests in its header.
func (r *Record) Check() error {
	if r.Get("WARC-Block-Digest") != digestOf(r.Block) {
		return fmt.Errorf("%w: the block does not match its digest", ErrChanged)
	}
	if want := r.payloadDigest(); want != "" {
		if payload, _, _ := payloadOf(r.Block); digestOf(payload) != want {
			return fmt.Errorf("%w: the payload does not match its digest", ErrChanged)
		}
	}
	return nil
}
