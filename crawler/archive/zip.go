package archive

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"time"

	"veghe/crawler/extract"
)

// zipFile reads the files in a zip, by their names: pages, and everything else
// that Open knows, but no zip in a zip.
type zipFile struct {
	name  string
	o     Options
	pages pages
	files []*zip.File
	next  int

	in    io.ReadCloser // of the file being read
	inner Reader        // nil between files
}

// maxDirectory bounds the list of files in a zip, which is held in memory.
const maxDirectory = 64 << 20

func newZip(name string, file io.Reader, o Options) (*zipFile, error) {
	r, size, err := random(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := checkDirectory(r, size); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is written anywhere
		return nil, fmt.Errorf("%s: this is not a zip, or a damaged one", name)
	}
	return &zipFile{name: name, o: o, pages: pages{o, map[string]extract.Link{}}, files: z.File}, nil
}

// random gives a file that can be read anywhere.
func random(file io.Reader) (io.ReaderAt, int64, error) {
	r, ok := file.(io.ReaderAt)
	if !ok {
		return nil, 0, errors.New("a zip must be a file, not a stream")
	}
	switch f := file.(type) {
	case interface{ Size() int64 }:
		return r, f.Size(), nil
	case interface{ Stat() (fs.FileInfo, error) }:
		fi, err := f.Stat()
		if err != nil {
			return nil, 0, err
		}
		return r, fi.Size(), nil
	}
	return nil, 0, errors.New("a zip must be a file, not a stream")
}

// checkDirectory refuses a list of files that would not fit into memory.
func checkDirectory(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 22+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for i := len(tail) - 22; i >= 0; i-- {
		if string(tail[i:i+4]) != "PK\x05\x06" {
			continue
		}
		if n := binary.LittleEndian.Uint32(tail[i+12:]); n > maxDirectory {
			return fmt.Errorf("the zip lists its files in %d bytes, want at most %d: split it", n, maxDirectory)
		}
		return nil
	}
	return errors.New("this is not a zip, or a damaged one")
}

func (z *zipFile) Next(skip bool) (Record, error) {
	for {
		if z.inner != nil {
			rec, err := z.inner.Next(skip)
			where := ": " + printable(z.files[z.next-1].Name)
			if err == nil {
				rec.Where = where + rec.Where
				return rec, nil
			}
			z.inner = nil
			_ = z.in.Close() // it was only read
			if !errors.Is(err, io.EOF) {
				return Record{Where: where, Err: err}, nil
			}
		}
		if z.next == len(z.files) {
			return Record{}, io.EOF
		}
		f := z.files[z.next]
		z.next++
		if rec, ok := z.file(f); ok {
			return rec, nil
		}
	}
}

// file reads a page at once, and opens anything else. It gives no record for
// what has none of its own.
func (z *zipFile) file(f *zip.File) (Record, bool) {
	if f.FileInfo().IsDir() {
		return Record{}, false
	}
	rec := Record{Where: ": " + printable(f.Name)}
	in, err := f.Open()
	if err != nil {
		rec.Err = errors.New("the file in the zip cannot be read")
		return rec, true
	}
	switch ext := strings.ToLower(path.Ext(strings.TrimSuffix(f.Name, ".gz"))); {
	case ext == ".html", ext == ".htm", ext == ".xhtml":
		defer in.Close() //nolint:errcheck // it was only read
		body, err := io.ReadAll(io.LimitReader(in, maxPage))
		if err != nil {
			rec.Err = errors.New("the file in the zip is damaged")
			return rec, true
		}
		rec.Posts, rec.Err = z.pages.read(z.address(f.Name), body, "text/html", "", z.when(f))
		return rec, true
	case suffixes[ext] != "" && suffixes[ext] != "zip":
		inner, err := Open(f.Name, suffixes[ext], bufio.NewReader(in), z.o)
		if err != nil {
			_ = in.Close() // it was only read
			rec.Err = err
			return rec, true
		}
		z.in, z.inner = in, inner
		return Record{}, false
	}
	_ = in.Close() // it was not read at all
	return rec, true
}

// when is the time of a file, which resolves what a page calls "today".
func (z *zipFile) when(f *zip.File) time.Time {
	if f.Modified.IsZero() || f.Modified.Year() < 1995 || f.Modified.After(z.o.Now) {
		return z.o.Now
	}
	return f.Modified.UTC()
}

// address is where a page in the zip was: below the base, or at the host that
// its path begins with, as programs that copy sites name their folders.
func (z *zipFile) address(name string) string {
	name = strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/")
	base := z.o.Base
	if base == "" {
		base = nowhere
		if host, _, ok := strings.Cut(name, "/"); ok && strings.Contains(host, ".") {
			base = "https://"
		}
	}
	if !strings.HasSuffix(base, "/") {
		base += "/"
	}
	segments := strings.Split(path.Clean("/" + name)[1:], "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return base + strings.Join(segments, "/")
}

// printable is a name from outside, fit for a message.
func printable(name string) string {
	return strings.Trim(fmt.Sprintf("%.100q", name), `"`)
}
