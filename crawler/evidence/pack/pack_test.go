package pack

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/crawler/evidence"
)

var madeAt = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)) }

// order is a pack of three posts: two of one page, one that was imported.
func order(t testing.TB) Order {
	t.Helper()
	dir := t.TempDir()
	s, err := evidence.Open(dir, evidence.Options{Software: "veghe/test", SegmentBytes: 1500})
	if err != nil {
		t.Fatal(err)
	}
	var refs []evidence.Ref
	for i := range 4 {
		body := fmt.Sprintf("<p>vand bicicleta %d</p>", i)
		r, err := s.Add(t.Context(), evidence.Capture{Source: "forum", Exchanges: []evidence.Exchange{{
			URL: fmt.Sprintf("http://forum.example.org/%d", i), At: madeAt, IP: "192.0.2.7", Request: []byte("GET / HTTP/1.1\r\n\r\n"),
			Response: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, r)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	post := func(id, ref string) Post {
		return Post{Assessed: veghe.Assessed{
			Post:       veghe.Post{ID: veghe.PostID(id), Source: "forum", Text: "vand bicicleta", Evidence: ref},
			Assessment: veghe.Assessment{ID: veghe.PostID(id), Flagged: true, Severity: veghe.Low},
		}}
	}
	return Order{
		Posts:    []Post{post("a", refs[1].String()), post("../b", refs[1].String()), post("c", ""), post("d", refs[3].String())},
		Evidence: evidence.Folder{Dir: dir}, Key: testKey(), By: "ana", Reason: "request 12/2026", Tool: "veghe/test", MadeAt: madeAt,
		Audit: Audit{Event: 3, Hash: "00"},
	}
}

func write(t testing.TB, o Order) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func check(t testing.TB, b []byte) Report {
	t.Helper()
	r, err := Verify(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		r.Problems = append(r.Problems, "error: "+err.Error())
	}
	return r
}

func TestPackVerifies(t *testing.T) {
	b := write(t, order(t))
	r := check(t, b)
	if len(r.Problems) > 0 {
		t.Fatalf("%q", r.Problems)
	}
	want, err := Fingerprint(testKey())
	if err != nil {
		t.Fatal(err)
	}
	if r.Key != want || r.Captures != 3 || r.Manifest.Reason != "request 12/2026" || r.Manifest.By != "ana" {
		t.Errorf("key %s, %d captures, manifest %+v", r.Key, r.Captures, r.Manifest)
	}
	if m := r.Manifest.Posts[2].Missing; !strings.Contains(m, "not fetched by the crawler") {
		t.Errorf("why the imported post has no capture: %q", m)
	}
	for _, f := range r.Manifest.Files {
		if bytes.Contains(content(t, b, f.Name), []byte("bicicleta 0")) {
			t.Error("a capture that was not asked for is in the pack")
		}
	}
}

// Any program that reads zip files reads a pack, and the captures in it are
// ordinary WARC.
func TestPackIsAZip(t *testing.T) {
	b := write(t, order(t))
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	responses := 0
	for _, f := range z.File {
		c := content(t, b, f.Name)
		names = append(names, f.Name)
		if !strings.HasSuffix(f.Name, ".warc.gz") {
			continue
		}
		names = names[:len(names)-1]
		r := evidence.NewReader(bytes.NewReader(c), evidence.Limits{})
		for rec, err := r.Next(); err == nil; rec, err = r.Next() {
			if rec.Get("WARC-Type") == "response" {
				responses++
			}
		}
	}
	want := []string{
		"README.txt", "posts/0001.json", "posts/0002.json", "posts/0003.json", "posts/0004.json",
		"evidence/chain.jsonl", "manifest.json", "manifest.sig", "key.pem",
	}
	if d := cmp.Diff(want, names); d != "" || responses != 2 {
		t.Errorf("%d responses, want 2; files: %s", responses, d)
	}
}

func content(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	out, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Whatever byte of a pack is changed, Verify says so, and names the file when
// the byte is in one.
func TestEveryByteCounts(t *testing.T) {
	o := order(t)
	o.Posts = o.Posts[:1]
	b := write(t, o)
	files, problems, err := open(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	inFile := func(i int) int {
		return slices.IndexFunc(files, func(f item) bool { return int64(i) >= f.at && int64(i) < f.at+f.size })
	}
	for i := range b {
		if i%5 > 0 && inFile(i) >= 0 {
			continue // of the contents every fifth byte will do: they are hashed whole
		}
		b[i] ^= 0x20
		r := check(t, b)
		b[i] ^= 0x20
		if len(r.Problems) == 0 {
			t.Fatalf("byte %d of %d was changed and nothing was said", i, len(b))
		}
		if at := inFile(i); at >= 0 && !strings.Contains(strings.Join(r.Problems, "\n"), files[at].name) {
			t.Fatalf("byte %d is in %s, but the problems are %q", i, files[at].name, r.Problems)
		}
	}
}

// repack writes the files of a pack again after a change, as someone would who
// has no key.
func repack(t *testing.T, b []byte, change func(files map[string][]byte, order []string) []string) []byte {
	t.Helper()
	list, _, err := open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	var names []string
	for _, f := range list {
		files[f.name] = bytes.Clone(b[f.at : f.at+f.size])
		names = append(names, f.name)
	}
	var out bytes.Buffer
	c := &container{w: &out}
	for _, name := range change(files, names) {
		if err := c.add(name, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTampering(t *testing.T) {
	good := write(t, order(t))
	resign := func(files map[string][]byte, key ed25519.PrivateKey) {
		files["manifest.sig"] = ed25519.Sign(key, files["manifest.json"])
	}
	for _, c := range []struct {
		name   string
		change func(files map[string][]byte, order []string) []string
		want   string
	}{
		{"a post is rewritten", func(f map[string][]byte, o []string) []string {
			f["posts/0001.json"] = bytes.ReplaceAll(f["posts/0001.json"], []byte("bicicleta"), []byte("BICICLETA"))
			return o
		}, "posts/0001.json was changed: its SHA-256"},
		{"a post is shortened", func(f map[string][]byte, o []string) []string {
			f["posts/0001.json"] = f["posts/0001.json"][:10]
			return o
		}, "posts/0001.json was changed: it is 10 bytes"},
		{"a file is missing", func(_ map[string][]byte, o []string) []string {
			return slices.DeleteFunc(o, func(s string) bool { return s == "evidence/chain.jsonl" })
		}, "evidence/chain.jsonl is missing"},
		{"a file is added", func(f map[string][]byte, o []string) []string {
			f["posts/0009.json"] = []byte("{}")
			return append(o, "posts/0009.json")
		}, "posts/0009.json was added"},
		{"a file is there twice", func(_ map[string][]byte, o []string) []string {
			return append(o, "README.txt")
		}, "README.txt is there twice"},
		{"the manifest is changed too", func(f map[string][]byte, o []string) []string {
			f["manifest.json"] = bytes.Replace(f["manifest.json"], []byte("ana"), []byte("ion"), 1)
			return o
		}, "the signature does not fit"},
		{"the manifest is gone", func(_ map[string][]byte, o []string) []string {
			return slices.DeleteFunc(o, func(s string) bool { return s == "manifest.json" })
		}, "manifest.json is missing"},
		{"signed with another key", func(f map[string][]byte, o []string) []string {
			other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
			f["key.pem"], _, _ = encodeKey(other.Public().(ed25519.PublicKey))
			resign(f, other)
			return o
		}, "key.pem is not the key that manifest.json names"},
		// Someone who holds the key still cannot change a capture unseen.
		{"a capture is exchanged by who signs", func(f map[string][]byte, o []string) []string {
			for name, b := range f {
				if strings.HasSuffix(name, ".warc.gz") {
					relist(t, f, name, b[:len(b)-20])
					break
				}
			}
			resign(f, testKey())
			return o
		}, "a record that is not all there"},
		{"the chain is cut by who signs", func(f map[string][]byte, o []string) []string {
			relist(t, f, "evidence/chain.jsonl", nil)
			resign(f, testKey())
			return o
		}, "does not begin after any line of the chain"},
		{"a post names another capture", func(f map[string][]byte, o []string) []string {
			relist(t, f, "posts/0001.json", bytes.ReplaceAll(f["posts/0001.json"], []byte("sha256:"), []byte("sha256:0")))
			resign(f, testKey())
			return o
		}, "posts/0001.json is not the post that manifest.json lists"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := check(t, repack(t, good, c.change))
			if !strings.Contains(strings.Join(r.Problems, "\n"), c.want) {
				t.Errorf("problems %q, want %q", r.Problems, c.want)
			}
		})
	}
}

// relist replaces a file and what the manifest says of it.
func relist(t *testing.T, files map[string][]byte, name string, b []byte) {
	t.Helper()
	var m Manifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	for i := range m.Files {
		if m.Files[i].Name == name {
			m.Files[i].Size, m.Files[i].SHA256 = int64(len(b)), sha(b)
		}
	}
	files[name] = b
	var err error
	if files["manifest.json"], err = indented(m); err != nil {
		t.Fatal(err)
	}
}

// Zips that are not packs are refused at once: bombs, and names that lead out
// of a folder.
func TestHostileZips(t *testing.T) {
	deflated := func(name string, size int) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("not a zip at all, only a sentence"), "a bomb": deflated("manifest.json", 64<<20),
		"a way out": deflated("../../etc/passwd", 10), "an absolute name": deflated("/etc/passwd", 10), "a drive": deflated(`C:\x`, 10),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Verify(bytes.NewReader(b), int64(len(b)))
			if err == nil && len(r.Problems) == 0 {
				t.Error("was taken for a pack")
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	b := write(f, order(f))
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, x []byte) {
		r, err := Verify(bytes.NewReader(x), int64(len(x)))
		if err == nil && len(r.Problems) == 0 && r.Manifest.Format != Format {
			t.Error("something without a manifest verifies")
		}
	})
}
