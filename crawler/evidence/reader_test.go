package evidence

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// warc writes records as other programs do.
func warc(blocks ...string) []byte {
	var b bytes.Buffer
	for _, s := range blocks {
		fmt.Fprintf(&b, "WARC/1.0\r\nWARC-Type: resource\r\nwarc-target-uri: http://example.org/\r\n  a\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", len(s), s)
	}
	return b.Bytes()
}

func zipped(parts ...[]byte) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		_, _ = z.Write(p)
		_ = z.Close()
	}
	return b.Bytes()
}

// readAll gives the blocks of the good records, and "!" for each bad one.
func readAll(t *testing.T, b []byte, l Limits) []string {
	t.Helper()
	var out []string
	r := NewReader(bytes.NewReader(b), l)
	for {
		rec, err := r.Next()
		switch bad, isBad := errors.AsType[*BadRecord](err); {
		case errors.Is(err, io.EOF):
			return out
		case isBad:
			out = append(out, "! "+bad.Reason)
		case err != nil:
			t.Fatal(err)
		default:
			s := string(rec.Block)
			if rec.Truncated {
				s += "…"
			}
			out = append(out, s)
		}
		if len(out) > 100 {
			t.Fatal("does not end")
		}
	}
}

func TestReader(t *testing.T) {
	damaged := zipped(warc("b"))
	damaged[len(damaged)-6] ^= 1
	for _, c := range []struct {
		name string
		in   []byte
		want []string
	}{
		{"plain", warc("a", "b"), []string{"a", "b"}},
		{"a gzip member each", zipped(warc("a"), warc("b")), []string{"a", "b"}},
		{"compressed as a whole", zipped(warc("a", "b")), []string{"a", "b"}},
		{"empty", nil, nil},
		{"an empty block", warc("", "b"), []string{"", "b"}},
		{"a block that looks like a record", warc("WARC/1.1\r\n", "b"), []string{"WARC/1.1\r\n", "b"}},
		{"longer than the limit", warc(strings.Repeat("x", 2000), "b"), []string{strings.Repeat("x", 1000) + "…", "b"}},
		{"line ends of Unix", bytes.ReplaceAll(warc("a", "b"), []byte("\r\n"), []byte("\n")), []string{"a", "b"}},
		{"without the empty lines behind", bytes.Join([][]byte{bytes.TrimSpace(warc("a")), warc("b")}, []byte("\r\n")), []string{"a", "b"}},

		// What is bad is told once, and the next good record is found.
		{"rubbish between", bytes.Join([][]byte{warc("a"), []byte("rubbish\nmore\n"), warc("b")}, nil), []string{"a", "! this is not the beginning of a record, want WARC/1.1", "b"}},
		{"no length", append([]byte("WARC/1.1\r\nWARC-Type: response\r\n\r\nxyz\r\n\r\n"), warc("b")...), []string{`! Content-Length is "", want a number of bytes`, "b"}},
		{"negative length", append([]byte("WARC/1.1\r\nContent-Length: -1\r\n\r\n\r\n\r\n"), warc("b")...), []string{`! Content-Length is "-1", want a number of bytes`, "b"}},
		{"another version", append([]byte("WARC/2.0\r\n\r\n"), warc("b")...), []string{`! WARC version is "2.0", want 1.0 or 1.1`, "b"}},
		{"a damaged member", bytes.Join([][]byte{zipped(warc("a")), damaged, zipped(warc("c"))}, nil), []string{"a", "! the compressed data is damaged", "c"}},
		{"cut off", warc("a", "bcd")[:len(warc("a", "bcd"))-6], []string{"a", "! the file ends within the record"}},
		{"a length beyond the end", []byte("WARC/1.1\r\nContent-Length: 99999999999\r\n\r\nx"), []string{"! the file ends within the record"}},
		{"a header without end", []byte("WARC/1.1\r\n" + strings.Repeat("A: b\r\n", 20_000)), []string{"! the header is longer than 65536 bytes"}},
		{"a line without end", []byte("WARC/1.1\r\nA: " + strings.Repeat("b", 1<<20)), []string{"! the file ends within the record"}},
		{"not a field", []byte("WARC/1.1\r\nno colon\r\n\r\n"), []string{`! a line of the header is not "Name: value"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, readAll(t, c.in, Limits{Block: 1000})); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReaderFields(t *testing.T) {
	rec, err := NewReader(bytes.NewReader(warc("a")), Limits{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	want := &Record{Version: "1.0", Block: []byte("a"), Fields: []Field{
		{"WARC-Type", "resource"}, {"warc-target-uri", "http://example.org/ a"}, {"Content-Length", "1"},
	}}
	if d := cmp.Diff(want, rec); d != "" {
		t.Error(d)
	}
}

// Whatever the bytes, reading ends, stays within its bounds, and every call
// makes progress.
func FuzzReader(f *testing.F) {
	f.Add(warc("a", "b"))
	f.Add(zipped(warc("a"), warc("b")))
	f.Add([]byte("WARC/1.1\r\nContent-Length: 5\r\n\r\nab"))
	f.Add([]byte("\x1f\x8b\x08\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b), Limits{Header: 200, Block: 100})
		for range 2*len(b) + 10 {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if _, bad := errors.AsType[*BadRecord](err); err != nil && !bad {
				t.Fatalf("memory cannot fail, but: %v", err)
			}
			if err == nil && len(rec.Block) > 100 {
				t.Fatalf("a block of %d bytes", len(rec.Block))
			}
		}
		t.Fatal("does not end")
	})
}

// A segment in any state is read without a panic; what is handed out agrees
// with its block.
func FuzzSegment(f *testing.F) {
	s := open(f, f.TempDir(), Options{})
	for i := range 3 {
		add(f, s, pageCapture(i, "pagina"))
	}
	name := s.active.name
	whole := make([]byte, s.active.size)
	if _, err := s.active.f.ReadAt(whole, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := eachBatch(bytes.NewReader(b), int64(len(b)), name, func(x *batch) error {
			for i, m := range x.parts {
				if m != nil && digestOf(m) != x.Entries[i].Digest {
					t.Error("a record that its block does not list")
				}
			}
			_, _ = x.captures() // must not panic
			return nil
		})
		_ = err
	})
}

// Only what a block wrote is taken for a block.
func FuzzBlock(f *testing.F) {
	b := &Block{Segment: "0123abcd-000001", Number: 3, At: newClock().now(), Previous: zeroDigest, Entries: []Entry{{0, 5, zeroDigest}}}
	f.Add(b.text())
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseBlock(text)
		if err == nil && !bytes.Equal(got.text(), text) {
			t.Error("another text gives the same block")
		}
	})
}
