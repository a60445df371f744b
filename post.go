package veghe

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Key orders the stream: posts with the same key stay in order. It is the
// thread, else the author, else the URL, else the id, within the source.
func (p *Post) Key() string {
	for _, s := range []string{string(p.Thread), string(p.Author), p.URL} {
		if s != "" {
			return string(p.Source) + "\x1f" + s
		}
	}
	return string(p.ID)
}

// Written is when a post was written, else collected.
func (p *Post) Written() time.Time {
	if p.PostedAt.IsZero() {
		return p.CollectedAt
	}
	return p.PostedAt
}

// Identify fills ContentHash, and ID where the source gave none. The id then
// depends only on what the post is (where, who, when, what), never on when or
// how it was collected, so fetching the same post again gives the same id.
func (p *Post) Identify() {
	if p.Kind == noKind {
		p.Kind = Forum
	}
	if p.ContentHash == "" {
		p.ContentHash = digest("sha256:", 64, p.Title, p.Text)
	}
	if p.ID == "" {
		var posted [len(time.RFC3339Nano)]byte
		var seq [20]byte
		when, number := posted[:0], seq[:0]
		if !p.PostedAt.IsZero() {
			when = p.PostedAt.UTC().AppendFormat(when, time.RFC3339Nano)
		}
		if p.Seq != 0 {
			number = strconv.AppendInt(number, int64(p.Seq), 10)
		}
		p.ID = PostID(digest("", 32, "post", string(p.Source), p.URL, string(p.Thread), string(number), string(p.Author), string(when), p.Title, p.Text))
	}
}

// NativeID is the id of a post that its source numbers itself: stable through
// edits, moves between pages and changes of the page's address.
func NativeID(source SourceID, native string) PostID {
	return PostID(digest("", 32, "native", string(source), native))
}

// digest is a prefix and n hex digits of the SHA-256 over the parts, each with
// its length, so that no two lists of parts run together.
func digest(prefix string, n int, parts ...string) string {
	buf := digests.Get().(*[]byte)
	b := (*buf)[:0]
	for _, s := range parts {
		b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	b = hex.AppendEncode(append(b[:0], prefix...), sum[:])
	out := string(b[:len(prefix)+n])
	if cap(b) <= largeBuffer {
		*buf = b
		digests.Put(buf)
	}
	return out
}

var (
	digests     = sync.Pool{New: func() any { return new([]byte) }} // buffers of digest
	lineReaders = sync.Pool{New: func() any { return new(lineReader) }}
)

// largeBuffer is too large to be kept: a giant post must not hold memory for
// good.
const largeBuffer = 64 << 10

// MaxPost is the largest post in JSON, in bytes, that is taken from outside.
const MaxPost = 4 << 20

// ErrNoText is returned for a post that says nothing.
var ErrNoText = errors.New(`no text: a post needs a non-empty "text"`)

// ParsePost reads one post from a line of JSON from outside. It is lenient
// about times (RFC 3339, "2006-01-02 15:04:05" and "2006-01-02", taken as
// UTC) and unknown fields, strict about everything else, and identifies the
// post. Errors name the field and say what was wanted; they never quote text.
func ParsePost(line []byte) (Post, error) {
	if len(line) > MaxPost {
		return Post{}, fmt.Errorf("post is %d bytes, want at most %d", len(line), MaxPost)
	}
	if !utf8.Valid(line) {
		return Post{}, errors.New("not valid UTF-8: convert the input first")
	}
	l := lineReaders.Get().(*lineReader)
	l.line, l.at, l.seen = line, 0, 0
	p, ok := l.read()
	if l.line = nil; cap(l.buf) <= largeBuffer {
		lineReaders.Put(l)
	}
	if !ok {
		var err error
		if p, err = unmarshalPost(line); err != nil {
			return Post{}, err
		}
	}
	if strings.TrimSpace(p.Text) == "" {
		return Post{}, ErrNoText
	}
	switch p.Kind {
	case noKind, Ad, Forum:
	default:
		return Post{}, fmt.Errorf(`kind is %.20q, want "ad" or "post"`, string(p.Kind))
	}
	if p.Source == Canary {
		return Post{}, fmt.Errorf("source is %q, which is reserved", string(Canary))
	}
	if p.Seq < 0 {
		return Post{}, fmt.Errorf("seq is %d, want 1 or more", p.Seq)
	}
	p.Identify()
	return p, nil
}

// unmarshalPost reads a post of any shape.
func unmarshalPost(line []byte) (Post, error) {
	var in struct {
		Post
		PostedAt    lenientTime `json:"posted_at"`
		CollectedAt lenientTime `json:"collected_at"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Post{}, jsonError(err)
	}
	p := in.Post
	p.PostedAt, p.CollectedAt = time.Time(in.PostedAt), time.Time(in.CollectedAt)
	return p, nil
}

// UnmarshalJSON takes a quote as an object or as a bare string.
func (q *Quote) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte{'"'}) {
		*q = Quote{}
		return json.Unmarshal(b, &q.Text)
	}
	type plain Quote
	return json.Unmarshal(b, (*plain)(q))
}

type lenientTime time.Time

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly}

func (t *lenientTime) UnmarshalJSON(b []byte) error {
	if string(b) == "null" || string(b) == `""` {
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errors.New("a time is not a string, want RFC 3339 such as 2026-10-31T18:00:00Z")
	}
	for _, layout := range timeLayouts {
		if v, err := time.Parse(layout, s); err == nil {
			*t = lenientTime(v.UTC())
			return nil
		}
	}
	return fmt.Errorf("time is %.40q, want RFC 3339 such as 2026-10-31T18:00:00Z", s)
}

// jsonError rewrites the decoder's errors for the person who must act.
func jsonError(err error) error {
	var typ *json.UnmarshalTypeError
	var syn *json.SyntaxError
	switch {
	case errors.As(err, &typ) && typ.Field != "":
		return fmt.Errorf("%s is a %s, want %s", typ.Field, typ.Value, typ.Type)
	case errors.As(err, &typ):
		return fmt.Errorf("got a JSON %s, want an object with a \"text\"", typ.Value)
	case errors.As(err, &syn):
		return fmt.Errorf("not JSON at byte %d: %w", syn.Offset, syn)
	}
	return err
}
