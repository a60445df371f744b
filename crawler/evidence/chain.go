package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// zeroDigest is what the first line of a chain says came before it.
const zeroDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// Entry is one record as its chain block lists it.
type Entry struct {
	Offset int64 // in the segment as it was first written
	Length int64 // of the gzip member
	Digest string
}

// Block is a chain block: the records that were committed together. Its hash
// is the SHA-256 of the gzip member that holds it, as it is stored.
type Block struct {
	Segment  string
	Number   int // within the segment, from 1
	At       time.Time
	Previous string // hash of the block before, or of the chain file's last line
	Entries  []Entry
}

const blockTitle = "veghe-chain-block: 1"

// text is the block of the record.
func (b *Block) text() []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, "%s\r\nsegment: %s\r\nblock: %d\r\nat: %s\r\nprevious: %s\r\n", blockTitle, b.Segment, b.Number, warcTime(b.At), b.Previous)
	for _, e := range b.Entries {
		fmt.Fprintf(&w, "record: %d %d %s\r\n", e.Offset, e.Length, e.Digest)
	}
	w.WriteString("\r\n")
	return w.Bytes()
}

var errBlock = errors.New("not a chain block")

// parseBlock reads what text wrote, and nothing else.
func parseBlock(text []byte) (*Block, error) {
	lines := strings.Split(string(text), "\r\n")
	if len(lines) < 7 || lines[0] != blockTitle {
		return nil, errBlock
	}
	b := &Block{}
	var number, at string
	for i, f := range []struct {
		name string
		to   *string
	}{{"segment", &b.Segment}, {"block", &number}, {"at", &at}, {"previous", &b.Previous}} {
		value, ok := strings.CutPrefix(lines[1+i], f.name+": ")
		if !ok {
			return nil, errBlock
		}
		*f.to = value
	}
	var err error
	if b.Number, err = strconv.Atoi(number); err != nil || !isSegment(b.Segment) || !isDigest(b.Previous) {
		return nil, errBlock
	}
	if b.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return nil, errBlock
	}
	for _, line := range lines[5 : len(lines)-2] {
		e, err := parseEntry(line)
		if err != nil {
			return nil, err
		}
		b.Entries = append(b.Entries, e)
	}
	if !bytes.Equal(b.text(), text) {
		return nil, errBlock
	}
	return b, nil
}

func parseEntry(line string) (Entry, error) {
	f := strings.Fields(line)
	if len(f) != 4 || f[0] != "record:" || !isDigest(f[3]) {
		return Entry{}, errBlock
	}
	offset, err := strconv.ParseInt(f[1], 10, 64)
	length, err2 := strconv.ParseInt(f[2], 10, 64)
	if err != nil || err2 != nil || offset < 0 || length <= 0 || length > maxMember {
		return Entry{}, errBlock
	}
	return Entry{offset, length, f[3]}, nil
}

// blockMember is a block as it stands in the segment: a metadata record.
func blockMember(b *Block) ([]byte, error) {
	rec := record(typeMetadata, newRecordID(), b.At, fieldsType, b.text())
	return member(rec, chainMarker)
}

func blockOf(m []byte) (*Block, error) {
	rec, err := unpack(m)
	if err != nil {
		return nil, err
	}
	return parseBlock(rec.Block)
}

// Line is one line of the chain file. Its hash is the SHA-256 of its bytes
// without the line's end.
type Line struct {
	Previous string    `json:"previous"` // hash of the line before
	At       time.Time `json:"at"`
	// Closed says that a segment is complete; Reduced that retention removed
	// records from one.
	Closed  *Closed  `json:"closed,omitempty"`
	Reduced *Reduced `json:"reduced,omitempty"`

	hash string // of this line
}

// Closed is a segment to which nothing is added any more.
type Closed struct {
	Segment string `json:"segment"`
	Chain   string `json:"chain"` // hash of its last block
	Blocks  int    `json:"blocks"`
	Records int    `json:"records"`
	Bytes   int64  `json:"bytes"`
}

// Reduced is a segment after retention: Removed records are gone for good.
type Reduced struct {
	Segment string `json:"segment"`
	Removed int    `json:"removed"` // -1: all, it was damaged and could not be counted
	Kept    int    `json:"kept"`    // 0: the file is gone
}

const (
	chainFile    = "chain.jsonl"
	maxLine      = 4096
	maxChainFile = 1 << 30
)

// readLines reads a chain and checks that each line carries the hash of the one
// before. The last line may be torn by a crash: whole says how many bytes are
// good. Head is the hash of the last good line.
func readLines(r io.Reader) (lines []Line, whole int64, head string, err error) {
	head = zeroDigest
	in := bufio.NewReaderSize(io.LimitReader(r, maxChainFile), maxLine)
	for n := 1; ; n++ {
		raw, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return lines, whole, head, nil // what has no end was never finished
		}
		if err != nil {
			return lines, whole, head, fmt.Errorf("%s:%d: %w", chainFile, n, err)
		}
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return lines, whole, head, fmt.Errorf("%s:%d: not a line of the chain", chainFile, n)
		}
		if l.Previous != head {
			return lines, whole, head, fmt.Errorf("%s:%d: %w: the line before has another hash", chainFile, n, ErrChanged)
		}
		head = digestOf(bytes.TrimSuffix(raw, []byte{'\n'}))
		l.hash = head
		lines = append(lines, l)
		whole += int64(len(raw))
	}
}

// ErrChanged is wrapped by errors about evidence that is not as it was stored.
var ErrChanged = errors.New("changed after it was stored")
