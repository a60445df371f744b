package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pageCapture is what a visit of an invented page leaves.
func pageCapture(n int, body string) Capture {
	url := fmt.Sprintf("http://forum.example.org/t/%d", n)
	return Capture{Source: "forum", Exchanges: []Exchange{{
		URL: url, At: time.Date(2026, 11, 1, 10, 0, n%60, 0, time.UTC), IP: "192.0.2.7",
		Request:  []byte("GET /t/1 HTTP/1.1\r\nHost: forum.example.org\r\nUser-Agent: veghe/test\r\n\r\n"),
		Response: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nX-Odd:  two  spaces\r\n\r\n%s", len(body), body),
	}}}
}

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex // guards t
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func add(t testing.TB, s *Store, c Capture) Ref {
	t.Helper()
	r, err := s.Add(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func find(t testing.TB, dir string, r Ref) *Found {
	t.Helper()
	got, err := Folder{dir}.Find(t.Context(), []Ref{r})
	if err != nil {
		t.Fatal(err)
	}
	return got[r]
}

func verify(t testing.TB, dir string) Report {
	t.Helper()
	r, err := Folder{dir}.Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What went over the wire comes back byte for byte, with its times, its
// server and digests that others can compute.
func TestAddAndFind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Software: "veghe/test"})
	c := pageCapture(1, "<p>bicicleta de vanzare</p>")
	hop := Exchange{
		URL: "http://forum.example.org/old", At: c.Exchanges[0].At, IP: "192.0.2.7",
		Request: []byte("GET /old HTTP/1.1\r\n\r\n"), Response: []byte("HTTP/1.1 301 Moved\r\nLocation: /t/1\r\nContent-Length: 0\r\n\r\n"),
	}
	c.Exchanges = append([]Exchange{hop}, c.Exchanges...)
	ref := add(t, s, c)

	parsed, err := ParseRef(ref.String())
	if err != nil || parsed != ref {
		t.Errorf("ParseRef(%q) = %v, %v", ref, parsed, err)
	}
	if want := digestOf([]byte("<p>bicicleta de vanzare</p>")); ref.Digest != want {
		t.Errorf("digest is %s, want that of the body, %s", ref.Digest, want)
	}
	got := find(t, dir, ref)
	if got == nil {
		t.Fatal("not found")
	}
	var types []string
	for _, r := range got.Records {
		types = append(types, r.Get("WARC-Type")+" "+r.Get("WARC-Target-URI"))
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"response http://forum.example.org/t/1", "request http://forum.example.org/t/1",
		"response http://forum.example.org/old", "request http://forum.example.org/old",
	}
	if d := cmp.Diff(want, types); d != "" {
		t.Error(d)
	}
	first := got.Records[0]
	if !bytes.Equal(first.Block, c.Exchanges[1].Response) {
		t.Error("the response is not what was received")
	}
	for name, want := range map[string]string{
		"WARC-Date": "2026-11-01T10:00:01.000000Z", "WARC-IP-Address": "192.0.2.7", "Veghe-Source": "forum", "WARC-Truncated": "",
	} {
		if got := first.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// The digest of the page is that of what the server meant, whatever stood
// around it on the wire.
func TestPayload(t *testing.T) {
	const page = "<p>o pagina</p>"
	for _, c := range []struct {
		name, response string
		coded, whole   bool
	}{
		{"with its length", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + page, false, true},
		{"to the end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + page, false, true},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\nc\r\no pagina</p>\r\n0\r\n\r\n", true, true},
		{"after a hint", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + page, true, true},
		{"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + page, false, false},
	} {
		payload, coded, whole := payloadOf([]byte(c.response))
		if string(payload) != page || coded != c.coded || whole != c.whole {
			t.Errorf("%s: %q, coded %v, whole %v", c.name, payload, coded, whole)
		}
	}
}

func TestParseRefRefuses(t *testing.T) {
	good := "warc:0123abcd-000001#17;sha256:" + strings.Repeat("a", 64)
	if _, err := ParseRef(good); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"", "warc:", "warc:0123abcd-000001", good[5:], strings.Replace(good, "#17", "#-1", 1), strings.Replace(good, "#17", "#017", 1),
		strings.Replace(good, "0123abcd", "../../ab", 1), strings.Replace(good, "aaaa", "zzzz", 1), good + " ",
	} {
		if r, err := ParseRef(s); !errors.Is(err, ErrNoRef) {
			t.Errorf("ParseRef(%q) = %v, %v, want ErrNoRef", s, r, err)
		}
	}
}

// Many at once share flushes; every one of them is found, in segments of
// bounded size, and the whole folder verifies.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{SegmentBytes: 20_000})
	const n = 200
	refs := make([]Ref, n)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				refs[i] = add(t, s, pageCapture(i, strings.Repeat("o pagina ", 50+i)))
			}
		})
	}
	wg.Wait()
	got, err := Folder{dir}.Find(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range refs {
		f := got[r]
		if f == nil || !bytes.Equal(f.Records[0].Block, pageCapture(i, strings.Repeat("o pagina ", 50+i)).Exchanges[0].Response) {
			t.Errorf("capture %d is not as it was given", i)
		}
	}
	r := verify(t, dir)
	if len(r.Problems) > 0 || r.Segments < 3 || r.Records != 2*n+r.Segments {
		t.Errorf("%+v, want %d records and a warcinfo for each of several segments", r, 2*n)
	}
	if st := s.Stats(); st.Captures != n || st.Segments != r.Segments || st.Bytes == 0 {
		t.Errorf("stats %+v", st)
	}
}

// A crash leaves any part of a commit behind: it is cut off, what was
// acknowledged stays, and the store goes on.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	first := add(t, s, pageCapture(1, "first"))
	path := segmentPath(dir, first.Segment)
	one := fileSize(t, path)
	add(t, s, pageCapture(2, "second"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for size := one; size < len(whole); size += 31 {
		for _, tail := range [][]byte{whole[:size], append(bytes.Clone(whole[:size]), bytes.Repeat([]byte{0xaa}, 300)...)} {
			if err := os.WriteFile(path, tail, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatalf("cut at %d: %v", size, err)
			}
			third := add(t, s, pageCapture(3, "third"))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if find(t, dir, first) == nil || find(t, dir, third) == nil {
				t.Fatalf("cut at %d: a capture that was acknowledged is gone", size)
			}
			if r := verify(t, dir); len(r.Problems) > 0 || r.Records != 5 {
				t.Fatalf("cut at %d: %+v", size, r)
			}
		}
	}
}

func fileSize(t *testing.T, path string) int {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(fi.Size())
}

// A store keeps its name from the first moment on.
func TestID(t *testing.T) {
	dir := t.TempDir()
	var ids []string
	for range 3 {
		s := open(t, dir, Options{})
		ids = append(ids, s.ID())
		if len(ids) == 2 {
			if r := add(t, s, pageCapture(1, "x")); !strings.HasPrefix(r.Segment, s.ID()) {
				t.Errorf("store %s has segment %s", s.ID(), r.Segment)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("names %q, want the same each time", ids)
	}
}

// A first commit that was torn leaves no segment behind.
func TestTornFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(segmentPath(dir, "0123abcd-000001"), []byte("\x1f\x8b"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	if r := add(t, s, pageCapture(1, "x")); r.Segment != "0123abcd-000001" {
		t.Errorf("went to %s", r.Segment)
	}
}

// Damage in the middle is not taken for a torn end: nothing is cut off, the
// store goes on in a new segment, and Verify names the place.
func TestDamageIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var refs []Ref
	for i := range 4 {
		refs = append(refs, add(t, s, pageCapture(i, "pagina")))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := segmentPath(dir, refs[0].Segment)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[refs[2].Offset+60] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	next := add(t, s, pageCapture(9, "dupa"))
	if next.Segment == refs[0].Segment {
		t.Error("a damaged segment was added to")
	}
	if fileSize(t, path) != len(b) {
		t.Error("a damaged segment was cut")
	}
	if find(t, dir, next) == nil {
		t.Error("the new capture is not found")
	}
	r := verify(t, dir)
	if len(r.Problems) == 0 || !strings.Contains(r.Problems[0], refs[0].Segment) {
		t.Errorf("problems %q, want the damaged segment named", r.Problems)
	}
}

// Whatever byte of a closed folder is changed, Verify says so.
func TestVerifyNamesEveryChange(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now, SegmentBytes: 1500})
	for i := range 4 {
		add(t, s, pageCapture(i, "o pagina"))
	}
	if err := s.closeOld(c.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Fatal(r.Problems)
	}
	names, err := listSegments(dir)
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	for _, path := range []string{segmentPath(dir, names[0]), filepath.Join(dir, chainFile)} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(b); i += 3 {
			b[i] ^= 0x10
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			// The last line of the chain has only the head to witness for it.
			r, err := Folder{dir}.Verify(t.Context(), "")
			if err == nil && len(r.Problems) == 0 && filepath.Base(path) != chainFile {
				t.Fatalf("%s: byte %d was changed and nothing was said", filepath.Base(path), i)
			}
			b[i] ^= 0x10
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(segmentPath(dir, names[1])); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, dir); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], names[1]) {
		t.Errorf("a missing segment: %q", r.Problems)
	}
}

// A head that was noted shows later whether the end was cut off.
func TestNotedHead(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	s := open(t, dir, Options{Now: c.now, SegmentBytes: 1500})
	var heads []string
	for i := range 5 {
		add(t, s, pageCapture(i, "o pagina"))
		heads = append(heads, verify(t, dir).Head)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	noted := func(head string) int {
		r, err := Folder{dir}.Verify(t.Context(), head)
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Problems)
	}
	for i, h := range heads {
		if n := noted(h); n != 0 {
			t.Errorf("head %d: %d problems, want none", i, n)
		}
	}
	if n := noted(digestOf([]byte("another"))); n != 1 {
		t.Errorf("a head of something else: %d problems, want 1", n)
	}
	if err := os.Remove(segmentPath(dir, fmt.Sprintf("%s-%06d", s.id, s.last))); err != nil {
		t.Fatal(err)
	}
	if n := noted(heads[4]); n != 1 {
		t.Errorf("the end was cut off: %d problems, want 1", n)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a second store: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), pageCapture(1, "x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Add after Close: %v, want ErrClosed", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// A disk that fails leaves nothing behind, and the next capture works.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	one := add(t, s, pageCapture(1, "one"))
	good := s.active.f
	readOnly, err := os.Open(segmentPath(dir, one.Segment))
	if err != nil {
		t.Fatal(err)
	}
	s.active.f = readOnly
	if _, err := s.Add(t.Context(), pageCapture(2, "two")); err == nil {
		t.Fatal("a failed write was acknowledged")
	}
	s.active.f = good
	if err := readOnly.Close(); err != nil {
		t.Fatal(err)
	}
	three := add(t, s, pageCapture(3, "three"))
	if find(t, dir, one) == nil || find(t, dir, three) == nil {
		t.Error("a capture is not found")
	}
	if r := verify(t, dir); len(r.Problems) > 0 || r.Records != 5 {
		t.Errorf("%+v", r)
	}
}

func TestAddEndsWithItsContext(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.file.Lock() // the disk hangs
	_, err := s.Add(ctx, pageCapture(1, "x"))
	s.file.Unlock()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
