// Package evidence keeps what was fetched, byte for byte, so that it can be
// shown later that a page said what a post says it said (ISO/IEC 27037).
//
//	Add(capture) ─▶ compress ─▶ [ record record … chain block ] ─fsync─▶ Ref
//
// The folder holds segments and one chain file:
//
//	a1b2c3d4-000001.warc.gz   WARC 1.1 (ISO 28500), each record its own gzip member
//	a1b2c3d4-000002.warc.gz
//	chain.jsonl               one line for each segment that is closed or cut down
//	kept                      which captures stay: those of flagged posts
//	id                        the name of the store, a1b2c3d4
//
// A capture is a run of records: the response with the page, its request, and
// those of the redirects that led there. What is committed together ends with a
// chain block, a metadata record that lists the place, the length and the
// SHA-256 of every record before it and carries the SHA-256 of the chain block
// before. The first block of a segment carries the hash of the chain file's
// last line, and each line that of the line before. So every byte ever stored
// is under one hash, the [Head], and a record that retention removed leaves its
// hash behind: the rest still verifies.
//
// What it promises: when Add returns, the capture is on the disk. After a kill
// or a power cut the half-written end is cut off, and nothing that was
// acknowledged is. What Purge removes is gone from the files. References stay
// good for as long as what they name is kept.
//
// Who may see a capture, for how long and why is decided elsewhere.
package evidence

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"veghe"
)

// Capture is one visit of one page: its exchanges in the order in which they
// were made, the last of which brought the page.
type Capture struct {
	Source    veghe.SourceID
	Exchanges []Exchange
}

// Exchange is one request and what came back, as they went over the wire.
type Exchange struct {
	URL      string
	At       time.Time // when the request was sent
	IP       string    // of the server
	Request  []byte    // request line, headers
	Response []byte    // status line, headers, body with its transfer coding
	// Cut says that the response went on, but was not read further.
	Cut bool
	// Certificate is the SHA-256 of the server's certificate (DER), in hex;
	// empty without TLS.
	Certificate string
}

// Ref names a capture: the segment, where in it the response stands, and the
// digest of the page's bytes.
type Ref struct {
	Segment string
	Offset  int64
	Digest  string // "sha256:…" of the payload
}

// String is how a post names its evidence.
func (r Ref) String() string { return fmt.Sprintf("warc:%s#%d;%s", r.Segment, r.Offset, r.Digest) }

// ErrNoRef is returned for a text that does not name a capture of this kind.
var ErrNoRef = errors.New("not a reference to a capture, want warc:SEGMENT#OFFSET;sha256:…")

// ParseRef reads what String wrote.
func ParseRef(s string) (Ref, error) {
	rest, ok := strings.CutPrefix(s, "warc:")
	where, digest, ok2 := strings.Cut(rest, ";")
	segment, at, ok3 := strings.Cut(where, "#")
	offset, err := strconv.ParseInt(at, 10, 64)
	if !ok || !ok2 || !ok3 || err != nil || offset < 0 || strconv.FormatInt(offset, 10) != at || !isSegment(segment) || !isDigest(digest) {
		return Ref{}, ErrNoRef
	}
	return Ref{segment, offset, digest}, nil
}

// isSegment says whether a name is one that this package gives: eight hex
// digits of the store, a dash and at least six digits.
func isSegment(s string) bool {
	store, n, ok := strings.Cut(s, "-")
	return ok && len(store) == 8 && isHex(store) && len(n) >= 6 && len(n) <= 12 && strings.Trim(n, "0123456789") == ""
}

func isDigest(s string) bool {
	h, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(h) == 64 && isHex(h)
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }
