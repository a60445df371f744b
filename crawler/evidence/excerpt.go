package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Excerpt is a segment without most of its captures, as it can be given away:
// its warcinfo record, the captures wanted, and every chain block, so that
// whoever has it can check that they stood where they are said to.
func (f Folder) Excerpt(segment string, wanted []Ref) ([]byte, error) {
	offsets := make(map[int64]bool, len(wanted))
	for _, r := range wanted {
		offsets[r.Offset] = r.Segment == segment
	}
	var out bytes.Buffer
	_, err := f.segment(segment, func(b *batch) error {
		keep := make([]bool, len(b.parts))
		keep[0] = b.Number == 1 // the warcinfo record
		captures, err := b.captures()
		if err != nil {
			return err
		}
		for _, c := range captures {
			if offsets[b.Entries[c.first].Offset] {
				for i := range c.members {
					keep[c.first+i] = true
				}
			}
		}
		for i, m := range b.parts {
			if keep[i] {
				out.Write(m)
			}
		}
		out.Write(b.block)
		return nil
	})
	if err != nil && !f.growing(segment, err) {
		return nil, err
	}
	return out.Bytes(), nil
}

// Chain is the chain file as it is now, without a line that is being written.
func (f Folder) Chain() ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(f.Dir, chainFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b[:bytes.LastIndexByte(b, '\n')+1], err
}

// Part is a segment, or an excerpt of one, that was read and found to be as it
// was stored.
type Part struct {
	Name     string
	Before   string // hash of the chain file's line that was the last when it began
	Last     string // hash of its last block
	Captures map[Ref]*Found
}

// ReadPart reads a segment or an excerpt and checks every record in it: against
// the chain, and against its own digests.
func ReadPart(name string, b []byte) (*Part, error) {
	p := &Part{Name: name, Captures: map[Ref]*Found{}}
	if !isSegment(name) {
		return p, errors.New("not the name of a segment")
	}
	last, err := eachBatch(bytes.NewReader(b), int64(len(b)), name, func(b *batch) error {
		if b.Number == 1 {
			p.Before = b.Previous
		}
		for i, m := range b.parts {
			if m == nil {
				continue
			}
			if err := checkRecord(m); err != nil {
				return fmt.Errorf("record %d: %w", b.Entries[i].Offset, err)
			}
		}
		captures, err := b.captures()
		if err != nil {
			return err
		}
		for _, c := range captures {
			r := Ref{name, b.Entries[c.first].Offset, c.records[0].payloadDigest()}
			p.Captures[r] = &Found{Ref: r, Block: b.Block, Records: c.records, Members: c.members}
		}
		return nil
	})
	p.Last = last
	return p, err
}

// ReadChain reads a chain file and checks that its lines follow one another.
// Head is the hash of the last one.
func ReadChain(b []byte) (lines []Line, head string, err error) {
	lines, whole, head, err := readLines(bytes.NewReader(b))
	if err == nil && whole != int64(len(b)) {
		err = fmt.Errorf("%s: %w: the last line has no end", chainFile, ErrChanged)
	}
	return lines, head, err
}

// Grows says that the chain does not know the end of a segment yet.
func (p *Part) Grows(lines []Line) bool {
	for _, l := range lines {
		if l.Closed != nil && l.Closed.Segment == p.Name {
			return false
		}
	}
	return true
}

// Fits says whether a segment is the one that the chain knows. One that was
// still growing is known by the line it begins after only.
func (p *Part) Fits(lines []Line) error {
	began := p.Before == zeroDigest
	for _, l := range lines {
		began = began || l.hash == p.Before
		if l.Closed != nil && l.Closed.Segment == p.Name && l.Closed.Chain != p.Last {
			return fmt.Errorf("%w: its last block is not the one that the chain names", ErrChanged)
		}
	}
	if !began {
		return fmt.Errorf("%w: it does not begin after any line of the chain", ErrChanged)
	}
	return nil
}
