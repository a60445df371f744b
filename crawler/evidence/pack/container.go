package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
)

// The container is the plainest zip there is: files are stored, not
// compressed, one behind the other, with nothing before, between or after
// them, and with times and attributes that say nothing. So any program can
// open it, nothing can blow up, and every byte of it that is not content is
// known and can be checked.

// Bounds of a container.
const (
	maxFiles = 20_000
	maxName  = 100
	maxSize  = 2 << 30 // bytes, whole
	localLen = 30
	entryLen = 46
	endLen   = 22
)

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// item is one file in a container.
type item struct {
	name string
	size int64
	crc  uint32
	at   int64 // of its content
}

func (f *item) headerAt() int64 { return f.at - localLen - int64(len(f.name)) }

// fields are those that the local header and the directory have in common.
func (f *item) fields() []byte {
	var b []byte
	le := binary.LittleEndian
	b = le.AppendUint16(b, 20)   // version needed: 2.0
	b = le.AppendUint16(b, 0)    // flags
	b = le.AppendUint16(b, 0)    // method: stored
	b = le.AppendUint16(b, 0)    // time
	b = le.AppendUint16(b, 0x21) // date: 1980-01-01
	b = le.AppendUint32(b, f.crc)
	b = le.AppendUint32(b, uint32(f.size))
	b = le.AppendUint32(b, uint32(f.size))
	b = le.AppendUint16(b, uint16(len(f.name)))
	return le.AppendUint16(b, 0) // extra
}

// local is the header before a file's content.
func (f *item) local() []byte {
	return append(append([]byte("PK\x03\x04"), f.fields()...), f.name...)
}

// entry is the file's entry in the directory.
func (f *item) entry() []byte {
	b := append([]byte("PK\x01\x02\x14\x03"), f.fields()...) // made by 2.0, Unix
	le := binary.LittleEndian
	b = le.AppendUint16(b, 0)            // comment
	b = le.AppendUint16(b, 0)            // disk
	b = le.AppendUint16(b, 0)            // internal attributes
	b = le.AppendUint32(b, 0o100444<<16) // a file that is only read
	b = le.AppendUint32(b, uint32(f.headerAt()))
	return append(b, f.name...)
}

// directory is what stands behind the files.
func directory(files []item) []byte {
	var b []byte
	at := int64(0)
	for i := range files {
		b = append(b, files[i].entry()...)
		at = files[i].at + files[i].size
	}
	le := binary.LittleEndian
	size := len(b)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = le.AppendUint16(b, uint16(len(files)))
	b = le.AppendUint16(b, uint16(len(files)))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(at))
	return le.AppendUint16(b, 0) // comment
}

// container writes files.
type container struct {
	w     io.Writer
	at    int64
	files []item
}

func (c *container) add(name string, content []byte) error {
	switch {
	case !goodName.MatchString(name) || len(name) > maxName:
		return fmt.Errorf("a file cannot be called %.40q", name)
	case len(c.files) == maxFiles:
		return fmt.Errorf("more than %d files", maxFiles)
	case c.at+int64(len(content)) > maxSize-(4<<20):
		return fmt.Errorf("the pack would be larger than %d bytes: export fewer posts", int64(maxSize))
	}
	f := item{name: name, size: int64(len(content)), crc: crc32.ChecksumIEEE(content), at: c.at + localLen + int64(len(name))}
	for _, b := range [][]byte{f.local(), content} {
		if _, err := c.w.Write(b); err != nil {
			return err
		}
	}
	c.at = f.at + f.size
	c.files = append(c.files, f)
	return nil
}

func (c *container) close() error {
	_, err := c.w.Write(directory(c.files))
	return err
}

var errNotPack = errors.New("this is not an evidence pack of veghe")

// open reads the list of files of a container and names every byte outside
// the files' contents that is not what it must be. The list comes from the
// headers before the files or, if they are damaged, from the directory.
func open(r io.ReaderAt, size int64) (files []item, problems []string, err error) {
	if size > maxSize {
		return nil, nil, fmt.Errorf("%d bytes, want at most %d", size, int64(maxSize))
	}
	files, end, damage := locals(r, size)
	if damage != nil {
		problems = append(problems, damage.Error())
		if files, end, err = entries(r, size); err != nil {
			return nil, problems, errNotPack
		}
	}
	for i := range files {
		f := &files[i]
		problems = append(problems, differs(r, f.headerAt(), f.local(), "the zip header of "+f.name)...)
	}
	want := directory(files)
	problems = append(problems, differs(r, end, want, "the zip directory")...)
	if end+int64(len(want)) != size {
		problems = append(problems, fmt.Sprintf("the zip has %d bytes, want %d", size, end+int64(len(want))))
	}
	return files, problems, nil
}

// differs names the first byte that is not as it must be.
func differs(r io.ReaderAt, at int64, want []byte, what string) []string {
	got := make([]byte, len(want))
	n, _ := r.ReadAt(got, at) // what cannot be read differs
	if n == len(want) && bytes.Equal(got, want) {
		return nil
	}
	i := 0
	for i < n && got[i] == want[i] {
		i++
	}
	return []string{fmt.Sprintf("%s was changed at byte %d of the pack", what, at+int64(i))}
}

// locals lists the files by the headers before them.
func locals(r io.ReaderAt, size int64) (files []item, end int64, err error) {
	head := make([]byte, localLen)
	at := int64(0)
	for {
		n, _ := r.ReadAt(head, at) // what is missing fails below
		if n >= 4 && (string(head[:4]) == "PK\x01\x02" || string(head[:4]) == "PK\x05\x06") {
			return files, at, nil
		}
		if n < localLen || string(head[:4]) != "PK\x03\x04" {
			return nil, 0, fmt.Errorf("the zip is damaged at byte %d: no file begins there", at)
		}
		f, err := itemOf(r, head[14:], at+localLen, size)
		if err != nil {
			return nil, 0, fmt.Errorf("the zip is damaged at byte %d: %w", at, err)
		}
		f.at = at + localLen + int64(len(f.name))
		if f.at+f.size > size || len(files) == maxFiles {
			return nil, 0, fmt.Errorf("the zip is damaged at byte %d: a file that goes on beyond the end", at)
		}
		files = append(files, f)
		at = f.at + f.size
	}
}

// entries lists the files by the directory.
func entries(r io.ReaderAt, size int64) (files []item, end int64, err error) {
	tail := make([]byte, endLen)
	if size < endLen {
		return nil, 0, errNotPack
	}
	if _, err := r.ReadAt(tail, size-endLen); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	count := int(binary.LittleEndian.Uint16(tail[8:]))
	end = int64(binary.LittleEndian.Uint32(tail[16:]))
	if string(tail[:4]) != "PK\x05\x06" || count > maxFiles || end > size {
		return nil, 0, errNotPack
	}
	head := make([]byte, entryLen)
	for at := end; len(files) < count; {
		if _, err := r.ReadAt(head, at); err != nil || string(head[:4]) != "PK\x01\x02" {
			return nil, 0, errNotPack
		}
		f, err := itemOf(r, head[16:], at+entryLen, size)
		if err != nil {
			return nil, 0, err
		}
		f.at = int64(binary.LittleEndian.Uint32(head[42:])) + localLen + int64(len(f.name))
		if f.at+f.size > end {
			return nil, 0, errNotPack
		}
		files = append(files, f)
		at += entryLen + int64(len(f.name))
	}
	return files, end, nil
}

// itemOf reads the fields from the checksum on, and the name behind them.
func itemOf(r io.ReaderAt, fields []byte, nameAt, size int64) (item, error) {
	le := binary.LittleEndian
	f := item{crc: le.Uint32(fields), size: int64(le.Uint32(fields[8:]))}
	n := int(le.Uint16(fields[12:]))
	if n > maxName || f.size > size {
		return f, errors.New("lengths that no pack has")
	}
	name := make([]byte, n)
	if _, err := r.ReadAt(name, nameAt); err != nil && !errors.Is(err, io.EOF) {
		return f, err
	}
	if !goodName.Match(name) {
		return f, errors.New("a file name that no pack has")
	}
	f.name = string(name)
	return f, nil
}
