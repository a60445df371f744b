package evidence

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"veghe"
)

// Field is one named field of a record's header.
type Field struct{ Name, Value string }

// Record is a WARC record in memory.
type Record struct {
	Version string // "1.1" or "1.0"
	Fields  []Field
	Block   []byte
	// Truncated says that Block is only the beginning; what is missing was
	// longer than the reader takes.
	Truncated bool
}

// Get is the first value of a named field, or "".
func (r *Record) Get(name string) string {
	for _, f := range r.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// The types of records.
const (
	typeInfo     = "warcinfo"
	typeResponse = "response"
	typeRequest  = "request"
	typeMetadata = "metadata"
)

// The profile of the chain blocks, and their content type.
const (
	fieldsType  = "application/warc-fields"
	fieldSource = "Veghe-Source"
	fieldCert   = "Veghe-Certificate-Digest"
	// The standard counts the payload without its transfer coding, common
	// tools count it with it. Where that makes a difference the digest has a
	// name of its own, so that no tool says that the record was changed.
	fieldPayload = "WARC-Payload-Digest"
	fieldDecoded = "Veghe-Payload-Digest"
)

func digestOf(b ...[]byte) string {
	h := sha256.New()
	for _, p := range b {
		h.Write(p)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func newRecordID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("<urn:uuid:%x-%x-%x-%x-%x>", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// warcTime is a WARC-Date of WARC 1.1, which has fractions.
func warcTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// record lays out a record. Empty fields are left out.
func record(kind, id string, at time.Time, contentType string, block []byte, more ...Field) []byte {
	var b bytes.Buffer
	b.Grow(len(block) + 600)
	b.WriteString("WARC/1.1\r\n")
	fields := append([]Field{{"WARC-Type", kind}, {"WARC-Record-ID", id}, {"WARC-Date", warcTime(at)}}, more...)
	fields = append(fields,
		Field{"WARC-Block-Digest", digestOf(block)}, Field{"Content-Type", contentType},
		Field{"Content-Length", strconv.Itoa(len(block))})
	for _, f := range fields {
		if f.Value != "" {
			b.WriteString(f.Name + ": " + oneLine(f.Value) + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(block)
	b.WriteString("\r\n\r\n")
	return b.Bytes()
}

// oneLine keeps a value from ending its line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// A member is one record as a gzip member. Its header has an extra field "sl"
// with the lengths of the member and of what is in it, so that a file can be
// walked without decompressing it, and "ch" if it is a chain block.
const (
	memberHead  = 10 + 2 + 12 + 4
	lengthsAt   = 10 + 2 + 4
	kindAt      = 10 + 2 + 12
	maxMember   = 64 << 20
	chainMarker = "ch"
	otherMarker = "re"
)

// zippers compress; storers wrap what compressing would not make smaller, or
// is too short to be worth it.
var zippers, storers = zipperPool(gzip.BestSpeed), zipperPool(gzip.NoCompression)

func zipperPool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(io.Discard, level)
		if err != nil {
			panic(err) // the level is a constant
		}
		return z
	}}
}

const worthZipping = 2048 // bytes

// incompressible says whether a record is short, or holds an answer that its
// server has compressed.
func incompressible(rec []byte) bool {
	if len(rec) < worthZipping {
		return true
	}
	head := rec[:min(len(rec), 4096)] // a miss costs a little time, no more
	return bytes.Contains(head, []byte("\r\nContent-Encoding: ")) || bytes.Contains(head, []byte("\r\ncontent-encoding: "))
}

// member compresses a record.
func member(rec []byte, marker string) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(rec)/2 + 256)
	pool := zippers
	if incompressible(rec) {
		pool = storers
	}
	z, ok := pool.Get().(*gzip.Writer)
	if !ok {
		return nil, errors.New("no gzip writer")
	}
	defer pool.Put(z)
	z.Reset(&b)
	extra := make([]byte, 16)
	copy(extra, "sl\x08\x00")
	copy(extra[12:], marker+"\x00\x00")
	z.Extra = extra
	if _, err := z.Write(rec); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	out := b.Bytes()
	if len(out) > maxMember || len(rec) > maxRecord {
		return nil, fmt.Errorf("a record of %d bytes, want at most %d", len(rec), maxRecord)
	}
	binary.LittleEndian.PutUint32(out[lengthsAt:], uint32(len(out)))
	binary.LittleEndian.PutUint32(out[lengthsAt+4:], uint32(len(rec)))
	return out, nil
}

// lengths reads the head of a member: its length, and whether it is a chain
// block. It fails for anything that this package did not write.
func lengths(head []byte) (n int64, chain bool, err error) {
	if len(head) < memberHead || !bytes.Equal(head[:4], []byte{0x1f, 0x8b, 8, 4}) ||
		!bytes.Equal(head[10:lengthsAt], []byte{16, 0, 's', 'l', 8, 0}) {
		return 0, false, errors.New("not the beginning of a record")
	}
	n = int64(binary.LittleEndian.Uint32(head[lengthsAt:]))
	if n <= memberHead || n > maxMember {
		return 0, false, fmt.Errorf("a record says that it is %d bytes long", n)
	}
	return n, string(head[kindAt:kindAt+2]) == chainMarker, nil
}

// maxRecord bounds a record of this package: the largest page that a crawler
// may be told to read, with its header.
const maxRecord = 40 << 20

// unpack reads the record of a member, which must hold exactly one and be as
// long as it says.
func unpack(m []byte) (*Record, error) {
	if len(m) < memberHead {
		return nil, errMember
	}
	size := int64(binary.LittleEndian.Uint32(m[lengthsAt+4:]))
	if size > maxRecord {
		return nil, fmt.Errorf("a record says that it is %d bytes long", size)
	}
	rest := bytes.NewReader(m)
	z, err := gzip.NewReader(rest)
	if err != nil {
		return nil, errMember
	}
	z.Multistream(false)
	b, err := io.ReadAll(io.LimitReader(z, size+1))
	if err != nil || int64(len(b)) != size || rest.Len() > 0 {
		return nil, errMember
	}
	r := &Reader{r: bufio.NewReader(bytes.NewReader(b)), limits: Limits{Header: 64 << 10, Block: maxRecord}}
	rec, err := r.Next()
	if err != nil {
		return nil, err
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return nil, errMember
	}
	return rec, nil
}

var errMember = errors.New("not one whole record")

// captureMembers makes the members of a capture, the page's response first,
// and gives the digest of the page. All other records name the first one.
func captureMembers(c *Capture) (members [][]byte, digest string, err error) {
	if len(c.Exchanges) == 0 {
		return nil, "", errors.New("a capture without an exchange")
	}
	first := newRecordID()
	for i := len(c.Exchanges) - 1; i >= 0; i-- {
		x := &c.Exchanges[i]
		id, concurrent := newRecordID(), first
		if len(members) == 0 {
			id, concurrent = first, ""
		}
		response, payload := responseRecord(x, c.Source, id, concurrent)
		for _, rec := range [][]byte{response, requestRecord(x, c.Source, first)} {
			m, err := member(rec, otherMarker)
			if err != nil {
				return nil, "", err
			}
			members = append(members, m)
		}
		if digest == "" {
			digest = payload
		}
	}
	return members, digest, nil
}

// responseRecord is the answer as it came, with the digest of its payload.
func responseRecord(x *Exchange, source veghe.SourceID, id, concurrent string) (rec []byte, digest string) {
	payload, coded, whole := payloadOf(x.Response)
	digest = digestOf(payload)
	field, truncated := fieldPayload, ""
	if coded {
		field = fieldDecoded
	}
	if x.Cut || !whole {
		truncated = "length"
	}
	fields := append(x.fields(source), Field{"WARC-Concurrent-To", concurrent}, Field{field, digest}, Field{"WARC-Truncated", truncated})
	return record(typeResponse, id, x.At, "application/http;msgtype=response", x.Response, fields...), digest
}

func requestRecord(x *Exchange, source veghe.SourceID, concurrent string) []byte {
	fields := append(x.fields(source), Field{"WARC-Concurrent-To", concurrent})
	return record(typeRequest, newRecordID(), x.At, "application/http;msgtype=request", x.Request, fields...)
}

// fields are those that request and response have in common.
func (x *Exchange) fields(source veghe.SourceID) []Field {
	return []Field{
		{"WARC-Target-URI", x.URL},
		{"WARC-IP-Address", x.IP},
		{fieldSource, string(source)},
		{fieldCert, prefixed(x.Certificate)},
	}
}

func prefixed(hexDigest string) string {
	if hexDigest == "" {
		return ""
	}
	return "sha256:" + hexDigest
}

// payloadDigest is what a response says of its payload.
func (r *Record) payloadDigest() string { return cmp.Or(r.Get(fieldPayload), r.Get(fieldDecoded)) }

// payloadOf is the body of a response without its transfer coding, whether it
// had one, and whether all of it is there. Answers that only say "wait" (1xx) are passed over. The
// content coding stays: it is part of what the server calls the page.
func payloadOf(response []byte) (payload []byte, coded, whole bool) {
	rest := bytes.NewReader(response)
	r := bufio.NewReader(rest)
	for {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return nil, coded, false
		}
		final := res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols
		if final && len(res.TransferEncoding) == 0 && res.ContentLength >= 0 { // it stands there as it is
			payload = response[len(response)-rest.Len()-r.Buffered():]
			whole = int64(len(payload)) >= res.ContentLength
			return payload[:min(int64(len(payload)), res.ContentLength)], coded, whole
		}
		payload, err = io.ReadAll(res.Body)
		_ = res.Body.Close() // it was memory
		if final {
			return payload, coded || len(res.TransferEncoding) > 0, err == nil
		}
		coded = true // an answer before the answer counts as one
	}
}
