package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/stream"
)

// segmentOf has three records, and where each frame starts and the last ends.
func segmentOf(t *testing.T, oneByOne bool) (content []byte, frames []int64) {
	t.Helper()
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{})
	if oneByOne {
		put(t, l, numbered(0, 3)...)
	} else {
		var rs []stream.Record
		for _, v := range numbered(0, 3) {
			rs = append(rs, stream.Record{Key: []byte("k"), Value: []byte(v), Headers: []stream.Header{{Name: "id", Value: []byte("p1")}}})
		}
		if err := l.Append(t.Context(), topicA, rs...); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(firstSegment(dir))
	if err != nil {
		t.Fatal(err)
	}
	for pos := int64(segmentHeader); pos < int64(len(content)); {
		frames = append(frames, pos)
		pos += frameHeader + int64(le.Uint32(content[pos+8:]))
	}
	return content, append(frames, int64(len(content)))
}

func firstSegment(dir string) string {
	return segmentPath(filepath.Join(dir, "topics", topicA, "0"), 0)
}

// dirWith has this content as its only segment, and no offsets.
func dirWith(t *testing.T, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	path := firstSegment(dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTornEnd cuts the last frame at every byte, and damages every byte of it:
// the frames before stay, and the log goes on after them.
func TestTornEnd(t *testing.T) {
	content, frames := segmentOf(t, true)
	last, end := frames[2], frames[3]
	cases := make(map[string][]byte)
	for i := last + 1; i < end; i++ {
		cases[fmt.Sprint("cut at ", i)] = content[:i]
		for name, flip := range map[string]byte{"bit": 1 << (i % 8), "byte": 0xff} {
			bad := append([]byte(nil), content...)
			bad[i] ^= flip
			cases[fmt.Sprint(name, " ", i)] = bad
		}
	}
	cases["zeros"] = append(append([]byte(nil), content[:last]...), make([]byte, 5000)...)
	for name, bad := range cases {
		checkTorn(t, name, bad)
	}
}

func checkTorn(t *testing.T, name string, content []byte) {
	t.Helper()
	dir := dirWith(t, content)
	var log logged
	l, err := Open(dir, Options{Logger: log.logger()})
	if err != nil {
		t.Errorf("%s: Open: %v", name, err)
		return
	}
	defer l.Close()
	if !strings.Contains(log.String(), "cut off") || !strings.Contains(log.String(), "offset=2") {
		t.Errorf("%s: logged %q, want the cut and its offset", name, log.String())
	}
	put(t, l, "after")
	if d := cmp.Diff([]string{"record 0", "record 1", "after"}, mustRead(t, l)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// TestDamageBeforeTheEnd damages a record that a later frame says was durable:
// it is never skipped, nor what follows it cut.
func TestDamageBeforeTheEnd(t *testing.T) {
	content, frames := segmentOf(t, true)
	for i := frames[1]; i < frames[2]; i++ {
		bad := append([]byte(nil), content...)
		bad[i] ^= 1 << (i % 8)
		dir := dirWith(t, bad)
		_, err := Open(dir, Options{})
		var c *CorruptError
		if !errors.As(err, &c) {
			t.Errorf("byte %d: Open: %v, want a CorruptError", i, err)
			continue
		}
		if c.Offset != 1 || c.Byte != frames[1] || c.File != firstSegment(dir) {
			t.Errorf("byte %d: reported offset %d, byte %d of %s; want 1, %d", i, c.Offset, c.Byte, c.File, frames[1])
		}
		if got, _ := os.ReadFile(c.File); string(got) != string(bad) {
			t.Errorf("byte %d: the file was changed", i)
		}
	}
}

// TestDamageOfOneWrite damages a record in the middle of a write that nothing
// says was ever durable.
func TestDamageOfOneWrite(t *testing.T) {
	content, frames := segmentOf(t, false)
	content[frames[1]+frameHeader] ^= 1
	l := mustOpen(t, dirWith(t, content), Options{})
	if d := cmp.Diff([]string{"record 0"}, mustRead(t, l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRecover puts a damaged segment aside and keeps what can be read.
func TestRecover(t *testing.T) {
	content, frames := segmentOf(t, true)
	content[frames[1]+frameHeader] ^= 1
	dir := dirWith(t, content)
	var log logged
	l := mustOpen(t, dir, Options{Recover: true, Logger: log.logger()})
	put(t, l, "after")
	want := []string{"record 0", "record 2", "after"}
	if d := cmp.Diff(want, mustRead(t, l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, consumeUntil(t, l, "g")); d != "" {
		t.Errorf("consumed (-want +got):\n%s", d)
	}
	if !strings.Contains(log.String(), "records_kept=2 records_lost=1") {
		t.Errorf("logged %q, want what was lost", log.String())
	}
	kept, err := os.ReadFile(filepath.Join(dir, "damaged", topicA+"-0-"+filepath.Base(firstSegment(dir))))
	if err != nil || string(kept) != string(content) {
		t.Errorf("the damaged segment was not put aside: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, dir, Options{})
	if d := cmp.Diff(want, mustRead(t, again)); d != "" {
		t.Errorf("after reopening (-want +got):\n%s", d)
	}
}

// TestDamageOfASealedSegment is found by readers only, who get what is before.
func TestDamageOfASealedSegment(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{SegmentBytes: 1024})
	values := numbered(0, 100)
	put(t, l, values...)
	path := l.topics[topicA].parts[0].segs[2].path
	base := l.topics[topicA].parts[0].segs[2].base
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"a bit of the first frame": flip(content, segmentHeader+frameHeader),
		"cut at a frame":           content[:segmentHeader+frameHeader+int64(le.Uint32(content[segmentHeader+8:]))],
		"only the header":          content[:segmentHeader],
	} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		l := mustOpen(t, dir, Options{SegmentBytes: 1024})
		got, err := readAll(t, l)
		var c *CorruptError
		if !errors.As(err, &c) || c.File != path {
			t.Errorf("%s: Read: %v, want a CorruptError in %s", name, err, path)
		}
		if len(got) < int(base) || cmp.Diff(values[:len(got)], got) != "" {
			t.Errorf("%s: got %d records, want those before %d", name, len(got), base)
		}
		consumed := 0
		err = l.Consume(t.Context(), topicA, "g"+name, countHandler(&consumed))
		if !errors.As(err, &c) || consumed != len(got) {
			t.Errorf("%s: Consume of %d records: %v, want a CorruptError after %d", name, consumed, err, len(got))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	recovered := mustOpen(t, dir, Options{SegmentBytes: 1024, Recover: true})
	got := mustRead(t, recovered)
	if len(got) >= 100 || len(got) < 80 || got[len(got)-1] != "record 99" {
		t.Errorf("recovered %d records, want all but those of the cut segment", len(got))
	}
}

// TestMissingSegment removes a file from the middle.
func TestMissingSegment(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{SegmentBytes: 1024})
	put(t, l, numbered(0, 100)...)
	path := l.topics[topicA].parts[0].segs[2].path
	if err := errors.Join(l.Close(), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, dir, Options{SegmentBytes: 1024})
	var c *CorruptError
	if _, err := readAll(t, l); !errors.As(err, &c) {
		t.Errorf("Read: %v, want a CorruptError", err)
	}
}

func flip(content []byte, at int) []byte {
	bad := append([]byte(nil), content...)
	bad[at] ^= 1
	return bad
}

// TestUnfinishedSegment has a segment that was made when the power went.
func TestUnfinishedSegment(t *testing.T) {
	for n := range segmentHeader {
		dir := dirWith(t, make([]byte, n))
		l := mustOpen(t, dir, Options{})
		put(t, l, "a")
		if d := cmp.Diff([]string{"a"}, mustRead(t, l)); d != "" {
			t.Errorf("%d bytes (-want +got):\n%s", n, d)
		}
	}
}

// TestLostTail has a group whose offset lies past the end: it must not skip
// the records that are appended there.
func TestLostTail(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir, Options{})
	put(t, l, numbered(0, 5)...)
	consumeUntil(t, l, "g")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(firstSegment(dir))
	if err != nil {
		t.Fatal(err)
	}
	frame := (len(content) - segmentHeader) / 5
	if err := os.WriteFile(firstSegment(dir), content[:len(content)-2*frame], 0o600); err != nil {
		t.Fatal(err)
	}
	var log logged
	l = mustOpen(t, dir, Options{Logger: log.logger()})
	if !strings.Contains(log.String(), "acknowledged records are gone") || !strings.Contains(log.String(), "group=g from=5 to=3") {
		t.Errorf("logged %q, want the loss and the group", log.String())
	}
	put(t, l, "new 3", "new 4", "new 5")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, dir, Options{}) // the move is durable
	if d := cmp.Diff([]string{"new 3", "new 4", "new 5"}, consumeUntil(t, l, "g")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func countHandler(n *int) stream.Handler {
	return func(_ context.Context, batch []stream.Record) error {
		*n += len(batch)
		return nil
	}
}
