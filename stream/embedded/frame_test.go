package embedded

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe/stream"
)

var sampleRecords = []stream.Record{
	{},
	{Value: []byte("a value without a key")},
	{Key: []byte("k"), Value: []byte("v"), Headers: []stream.Header{{Name: "id", Value: []byte("p1")}, {Name: "", Value: nil}}},
	{Key: bytes.Repeat([]byte("k"), 300), Value: bytes.Repeat([]byte("v"), chunk+1)},
}

const testSalt = 7

// encodeAll is a segment without its header.
func encodeAll(rs []stream.Record) []byte {
	var b []byte
	for i := range rs {
		b = appendFrame(b, testSalt, int64(i), 0, int64(i)*1e9, &rs[i])
	}
	return b
}

// decodeAll reads frames until something is wrong.
func decodeAll(b []byte) (rs []stream.Record, err error) {
	r := reader{f: bytes.NewReader(b), salt: testSalt}
	for {
		f, err := r.next(int64(len(b)))
		if err != nil {
			return rs, err
		}
		if f.kind == kindGap {
			continue
		}
		rec, err := f.record()
		if err != nil {
			return rs, err
		}
		rs = append(rs, rec)
	}
}

func TestFrames(t *testing.T) {
	got, err := decodeAll(encodeAll(sampleRecords))
	if !errors.Is(err, io.EOF) {
		t.Fatalf("reading: %v, want EOF", err)
	}
	want := make([]stream.Record, len(sampleRecords))
	for i, r := range sampleRecords {
		r.Offset, r.Time = int64(i), time.Unix(int64(i), 0).UTC()
		want[i] = r
	}
	// The large value apart: a diff of it takes seconds.
	last := len(want) - 1
	if !bytes.Equal(want[last].Value, got[last].Value) {
		t.Error("the large value changed")
	}
	want[last].Value, got[last].Value = nil, nil
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestPosing has a value that is a frame itself: it is not one of this segment.
func TestPosing(t *testing.T) {
	inner := appendFrame(nil, testSalt+1, 1, 5, 0, &stream.Record{Value: []byte("posing")})
	b := encodeAll([]stream.Record{{Value: inner}})
	b[0] ^= 1 // the outer frame is damaged
	r := reader{f: bytes.NewReader(b), salt: testSalt}
	if found, err := r.resync(int64(len(b))); found || err != nil {
		t.Errorf("resync = %t, %v; want nothing found", found, err)
	}
}

// FuzzFrames reads any bytes, and any damage to good bytes: the reader returns
// records as they were, or damage, but never others.
func FuzzFrames(f *testing.F) {
	good := encodeAll(sampleRecords[:3])
	f.Add(good, uint16(0), byte(0))
	f.Add(good, uint16(8), byte(0xff))
	f.Add(good[:len(good)-1], uint16(50), byte(1))
	f.Add(appendGap(nil, testSalt, 0, 9, 0), uint16(44), byte(3))
	f.Add(make([]byte, 100), uint16(0), byte(1))
	want, _ := decodeAll(good)
	f.Fuzz(func(t *testing.T, b []byte, at uint16, mask byte) {
		_, err := decodeAll(b)
		var d *damage
		if !errors.Is(err, io.EOF) && !errors.As(err, &d) && len(b) < frameHeader {
			t.Errorf("reading %d bytes: %v", len(b), err)
		}
		r := reader{f: bytes.NewReader(b), salt: testSalt}
		if _, err := r.resync(int64(len(b))); err != nil {
			t.Errorf("resync: %v", err)
		}
		bad := bytes.Clone(good)
		bad[int(at)%len(bad)] ^= mask
		got, _ := decodeAll(bad)
		if len(got) > len(want) || mask != 0 && len(got) == len(want) {
			t.Fatalf("%d records of damaged bytes, want fewer than %d", len(got), len(want))
		}
		if d := cmp.Diff(want[:len(got)], got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
