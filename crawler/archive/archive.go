// Package archive reads posts from files: JSON Lines, tables, feeds, mailboxes,
// WARC files and zips of any of these, also compressed with gzip.
//
//	file ─▶ Open ─▶ Reader.Next ─▶ Record (its place, its posts, or why it is bad)
//
// A file may be larger than memory and may be hostile: one record is held at a
// time, every record, depth and list has a bound, and a bad record is named and
// passed over. The same file gives the same posts with the same ids every time,
// so whoever reads it again can leave out what was taken before.
package archive

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"veghe"
	"veghe/crawler/extract"
)

// Record is one line, row, message or page of a file.
type Record struct {
	Where string // behind the file's name: ":12" or ": record 7"
	Posts []veghe.Post
	// Err says why the record is bad. It quotes none of its text.
	Err error
}

// Reader gives the records of a file in order.
type Reader interface {
	// Next returns the next record, or io.EOF behind the last. Any other
	// error means that the rest of the file cannot be read. A caller that
	// passes over records it has had says skip, which may save reading them.
	Next(skip bool) (Record, error)
}

// Options say what the file itself does not.
type Options struct {
	// Source is given to posts that name none. Pages and messages need it.
	Source veghe.SourceID
	// Hints say how the pages of the source are built.
	Hints extract.Hints
	// Covers says whether an address belongs to the source; nil: all do.
	Covers func(*url.URL) bool
	// Columns names the column of a table that holds a field of a post,
	// where it is not called like the field.
	Columns map[string]string
	// Base is the address that the paths in a zip of pages are relative to.
	Base string
	// Now is when the posts are collected, where the file does not say.
	Now time.Time
}

// Formats are the names that Open takes.
var Formats = []string{"jsonl", "csv", "feed", "mbox", "warc", "zip"}

// ErrFormat is wrapped by errors about a format that is not known.
var ErrFormat = errors.New("unknown format")

// suffixes tell the format by a file's name.
var suffixes = map[string]string{
	".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".rss": "feed", ".atom": "feed", ".xml": "feed",
	".mbox": "mbox", ".mbx": "mbox", ".warc": "warc", ".zip": "zip",
}

// Format says what a file is: by its name, else by how it begins.
func Format(name string, head []byte) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	if f := suffixes[path.Ext(name)]; f != "" && f != "jsonl" {
		return f
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("WARC/")):
		return "warc"
	case bytes.HasPrefix(head, []byte("From ")):
		return "mbox"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "zip"
	case bytes.HasPrefix(head, []byte("<?xml")), bytes.HasPrefix(head, []byte("<rss")), bytes.HasPrefix(head, []byte("<feed")),
		bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte("jsonfeed.org/version")):
		return "feed"
	}
	return "jsonl"
}

// headLen is how much of a file is looked at to tell its format.
const headLen = 1024

// Open returns a reader for a file. An empty format is found out. The file
// must be an io.ReaderAt with a Size or Stat to be read as a zip.
func Open(name, format string, file io.Reader, o Options) (Reader, error) {
	in := bufio.NewReaderSize(file, 256<<10)
	head, err := in.Peek(headLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	zipped := bytes.HasPrefix(head, []byte{0x1f, 0x8b})
	plain := in
	if zipped {
		plain = bufio.NewReaderSize(&unzipped{in: in}, 256<<10)
		if format != "warc" && !strings.HasSuffix(strings.TrimSuffix(strings.ToLower(name), ".gz"), ".warc") {
			head, _ = plain.Peek(headLen) // what is damaged shows when it is read
		}
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) { // as spreadsheets export
		plain = bufio.NewReaderSize(transform.NewReader(plain, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), 256<<10)
		head, _ = plain.Peek(headLen) // what is damaged shows when it is read
	}
	if format == "" {
		format = Format(name, head)
	}
	if (format == "mbox" || format == "warc" || format == "zip") && o.Source == "" {
		return nil, fmt.Errorf("%s: a source is needed: say with -source whose posts these are", name)
	}
	switch format {
	case "jsonl":
		return &jsonLines{lines: newLines(plain), o: o}, nil
	case "csv":
		return newTable(name, plain, o)
	case "feed":
		return &feed{in: plain, name: name, o: o}, nil
	case "mbox":
		return newMailbox(plain, o), nil
	case "warc":
		if zipped && plain.Buffered() == 0 { // each record may be its own piece
			return newCaptures(in, name, o), nil
		}
		return newCaptures(plain, name, o), nil
	case "zip":
		return newZip(name, file, o)
	}
	return nil, fmt.Errorf("%w %.20q, want one of %s", ErrFormat, format, strings.Join(slices.Clone(Formats), ", "))
}

// ErrDamaged ends a file whose compressed data is broken: what is behind
// cannot be found.
var ErrDamaged = errors.New("the compressed data is damaged: nothing behind it can be read")

// unzipped decompresses gzip as it is read.
type unzipped struct {
	in io.Reader
	z  *gzip.Reader
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.z == nil {
		z, err := gzip.NewReader(u.in)
		if err != nil {
			return 0, ErrDamaged
		}
		u.z = z
	}
	n, err := u.z.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrDamaged
	}
	return n, err
}

// finish fills what every post needs.
func (o *Options) finish(p *veghe.Post) {
	if p.Source == "" {
		p.Source = o.Source
	}
	if p.CollectedAt.IsZero() {
		p.CollectedAt = o.Now
	}
	p.Identify()
}
