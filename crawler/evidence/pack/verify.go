package pack

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"

	"veghe/crawler/evidence"
)

// Report is what Verify found.
type Report struct {
	Manifest Manifest `json:"manifest"`
	// Key is the fingerprint of the key in the pack; empty if it cannot be
	// read. It says nothing until it is compared with one known otherwise.
	Key      string `json:"key"`
	Files    int    `json:"files"`
	Captures int    `json:"captures"`
	// Problems name everything that is not as it was signed.
	Problems []string `json:"problems"`
}

func (r *Report) say(format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

const (
	maxProblems = 1000
	maxManifest = 32 << 20
	maxFile     = 512 << 20
)

// Verify checks a pack of so many bytes by itself alone. The error is about a
// file that is no pack or cannot be read; what is wrong with a pack is in the
// report.
func Verify(r io.ReaderAt, size int64) (Report, error) {
	rep := Report{Problems: []string{}}
	files, problems, err := open(r, size)
	rep.Problems = append(rep.Problems, problems...)
	if err != nil {
		return rep, err
	}
	v := &verifier{Report: &rep, r: r, files: map[string]item{}, parts: map[string]*evidence.Part{}}
	for _, f := range files {
		if _, twice := v.files[f.name]; twice {
			rep.say("%s is there twice", f.name)
		}
		v.files[f.name] = f
	}
	if err := v.manifest(); err != nil {
		return rep, err
	}
	v.contents()
	v.captures()
	v.posts()
	return rep, nil
}

type verifier struct {
	*Report
	r     io.ReaderAt
	files map[string]item
	parts map[string]*evidence.Part // by file, those that are as they were stored
}

// read gives the content of a file, if there is one of at most limit bytes.
func (v *verifier) read(name string, limit int64) ([]byte, bool) {
	f, ok := v.files[name]
	if !ok {
		v.say("%s is missing", name)
		return nil, false
	}
	if f.size > limit {
		v.say("%s is %d bytes, want at most %d", name, f.size, limit)
		return nil, false
	}
	b := make([]byte, f.size)
	if _, err := v.r.ReadAt(b, f.at); err != nil && !errors.Is(err, io.EOF) {
		v.say("%s cannot be read: %v", name, err)
		return nil, false
	}
	return b, true
}

// manifest reads what is signed and checks the signature. Without a manifest
// there is nothing to compare with.
func (v *verifier) manifest() error {
	b, ok := v.read(manifestName, maxManifest)
	if !ok {
		return errNotPack
	}
	v.signature(b)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v.Manifest); err != nil {
		v.say("%s was changed: it cannot be read", manifestName)
		v.Manifest = Manifest{}
		return nil
	}
	if v.Manifest.Format != Format {
		v.say("%s: the format is %.60q, want %q", manifestName, v.Manifest.Format, Format)
	}
	if v.Key != "" && v.Manifest.Key != v.Key {
		v.say("%s is not the key that %s names", keyName, manifestName)
	}
	for _, name := range []string{manifestName, signatureName, keyName} {
		v.checksum(name)
	}
	return nil
}

func (v *verifier) signature(manifest []byte) {
	file, ok := v.read(keyName, 4096)
	if !ok {
		return
	}
	key, fingerprint, err := decodeKey(file)
	if err != nil {
		v.say("%s was changed: %v", keyName, err)
		return
	}
	v.Key = fingerprint
	sig, ok := v.read(signatureName, ed25519.SignatureSize)
	if ok && (len(sig) != ed25519.SignatureSize || !ed25519.Verify(key, manifest, sig)) {
		v.say("%s, %s or %s was changed: the signature does not fit", manifestName, signatureName, keyName)
	}
}

// checksum compares what the zip says of a file's content with the content.
func (v *verifier) checksum(name string) {
	f, ok := v.files[name]
	if !ok {
		return
	}
	if b, ok := v.read(name, maxFile); ok && crc32.ChecksumIEEE(b) != f.crc {
		v.say("%s does not have the checksum that the zip says", name)
	}
}

// contents compares every file with the manifest, both ways.
func (v *verifier) contents() {
	listed := map[string]bool{manifestName: true, signatureName: true, keyName: true}
	for _, want := range v.Manifest.Files {
		if listed[want.Name] {
			v.say("%s: lists %.100q twice", manifestName, want.Name)
			continue
		}
		listed[want.Name] = true
		b, ok := v.read(want.Name, maxFile)
		if !ok {
			continue
		}
		v.Files++
		switch {
		case int64(len(b)) != want.Size:
			v.say("%s was changed: it is %d bytes, want %d", want.Name, len(b), want.Size)
		case sha(b) != want.SHA256:
			v.say("%s was changed: its SHA-256 is %s, want %.64s", want.Name, sha(b), want.SHA256)
		case crc32.ChecksumIEEE(b) != v.files[want.Name].crc:
			v.say("%s does not have the checksum that the zip says", want.Name)
		}
	}
	for name := range v.files {
		if !listed[name] {
			v.say("%s was added: %s does not list it", name, manifestName)
		}
	}
}

// captures checks the chain and every segment in the pack.
func (v *verifier) captures() {
	b, ok := v.read(chainName, maxFile)
	if !ok {
		return
	}
	lines, head, err := evidence.ReadChain(b)
	if err != nil {
		v.say("%s: %v", chainName, err)
	}
	var parts []*evidence.Part
	for _, f := range v.Manifest.Files {
		segment, ok := strings.CutSuffix(path.Base(f.Name), ".warc.gz")
		if !ok || f.Name != captureName(segment) {
			continue
		}
		b, ok := v.read(f.Name, maxFile)
		if !ok {
			continue
		}
		part, err := evidence.ReadPart(segment, b)
		if err == nil {
			err = part.Fits(lines)
		}
		if err != nil {
			v.say("%s: %v", f.Name, err)
		}
		v.parts[f.Name] = part
		parts = append(parts, part)
	}
	if newest(head, lines, parts) != v.Manifest.ChainHead {
		v.say("%s does not end as %s says", chainName, manifestName)
	}
}

// posts checks that each post is the one it is listed as, and that what it
// names as its evidence is there.
func (v *verifier) posts() {
	for _, e := range v.Manifest.Posts {
		b, ok := v.read(e.File, maxFile)
		if !ok {
			continue
		}
		var p Post
		if err := json.Unmarshal(b, &p); err != nil || p.Post.ID != e.ID || p.Post.Evidence != e.Evidence {
			v.say("%s is not the post that %s lists", e.File, manifestName)
			continue
		}
		if e.Missing != "" {
			continue
		}
		r, err := evidence.ParseRef(e.Evidence)
		part := v.parts[e.Capture]
		if err != nil || part == nil || part.Captures[r] == nil {
			v.say("%s: its capture is not in the pack", e.File)
			continue
		}
		v.Captures++
	}
}
