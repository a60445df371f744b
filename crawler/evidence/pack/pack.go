// Package pack makes evidence packs and checks them: a zip that shows, without
// veghe's database or network, what was published, when it was fetched, what
// was found in it and who exported it why.
//
//	README.txt                 how to read and check it, in Romanian and English
//	posts/0001.json …          the post, its assessment, the reviews
//	evidence/SEGMENT.warc.gz   the captures as they were stored, with the chain blocks
//	evidence/chain.jsonl       the chain that the blocks are part of
//	manifest.json              sizes and SHA-256 of all of these; who, when, why
//	manifest.sig               Ed25519 over the bytes of manifest.json
//	key.pem                    the public key
//
// A pack that verifies was not changed since it was signed by the holder of
// the key; whose key it is, the verifier must know from elsewhere.
package pack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"veghe"
	"veghe/crawler/evidence"
)

// The names of the files that every pack has.
const (
	readmeName    = "README.txt"
	chainName     = "evidence/chain.jsonl"
	manifestName  = "manifest.json"
	signatureName = "manifest.sig"
	keyName       = "key.pem"
)

// Format is what a manifest calls itself.
const Format = "veghe evidence pack 1"

//go:embed README.txt
var readme []byte

// Manifest is what is signed.
type Manifest struct {
	Format string    `json:"format"`
	MadeAt time.Time `json:"made_at"`
	Tool   string    `json:"tool"` // program, version, Go version
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Case   string    `json:"case,omitempty"`
	// Audit is the entry of the audit trail about this export.
	Audit Audit `json:"audit"`
	// Key is the fingerprint of the key that signs.
	Key string `json:"key"`
	// ChainHead is the newest hash that the pack can show: that of the last
	// block of a segment that still grows, else of the last line of the chain.
	ChainHead string  `json:"chain_head"`
	Posts     []Entry `json:"posts"`
	Files     []File  `json:"files"`
}

// Audit names an entry of the audit trail.
type Audit struct {
	Event int64  `json:"event"`
	Hash  string `json:"hash"`
}

// Entry is one post of a pack.
type Entry struct {
	File     string       `json:"file"`
	ID       veghe.PostID `json:"id"`
	Evidence string       `json:"evidence,omitempty"` // as the post names it
	Capture  string       `json:"capture,omitempty"`  // the file that has it
	Missing  string       `json:"missing,omitempty"`  // why there is none
}

// File is one file of a pack.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Post is what a pack says of one post.
type Post struct {
	veghe.Assessed
	Reviews []veghe.Review `json:"reviews"`
}

// MarshalJSON also writes what a newer version wrote in the post.
func (p Post) MarshalJSON() ([]byte, error) {
	type plain Post
	return veghe.EncodeWith(plain(p), p.AllMore())
}

// Order is what goes into a pack.
type Order struct {
	Posts    []Post
	Evidence evidence.Folder
	Key      ed25519.PrivateKey

	By, Reason, Case, Tool string
	MadeAt                 time.Time
	Audit                  Audit
}

// Write writes a pack. Posts whose capture is not kept are in it all the same;
// the manifest says why.
func Write(ctx context.Context, w io.Writer, o Order) (Manifest, error) {
	m := Manifest{
		Format: Format, MadeAt: o.MadeAt.UTC().Truncate(time.Second), Tool: o.Tool, By: o.By, Reason: o.Reason, Case: o.Case,
		Audit: o.Audit, Posts: []Entry{}, Files: []File{},
	}
	public, ok := o.Key.Public().(ed25519.PublicKey)
	if !ok {
		return m, errors.New("no key to sign with")
	}
	keyFile, fingerprint, err := encodeKey(public)
	if err != nil {
		return m, err
	}
	m.Key = fingerprint
	c := &container{w: w}
	if err := m.add(c, readmeName, readme); err != nil {
		return m, err
	}
	if err := m.addPosts(ctx, c, o); err != nil {
		return m, err
	}
	b, err := indented(m)
	if err != nil {
		return m, err
	}
	for _, f := range []struct {
		name string
		b    []byte
	}{{manifestName, b}, {signatureName, ed25519.Sign(o.Key, b)}, {keyName, keyFile}} {
		if err := c.add(f.name, f.b); err != nil {
			return m, err
		}
	}
	return m, c.close()
}

// add writes a file and lists it.
func (m *Manifest) add(c *container, name string, b []byte) error {
	if err := c.add(name, b); err != nil {
		return err
	}
	m.Files = append(m.Files, File{name, int64(len(b)), sha(b)})
	return nil
}

func (m *Manifest) addPosts(ctx context.Context, c *container, o Order) error {
	refs := map[evidence.Ref]bool{}
	for i, p := range o.Posts {
		e := Entry{File: fmt.Sprintf("posts/%04d.json", i+1), ID: p.Post.ID, Evidence: p.Post.Evidence}
		r, err := evidence.ParseRef(p.Post.Evidence)
		switch {
		case p.Post.Evidence == "":
			e.Missing = "the post was not fetched by the crawler, or no evidence was kept then"
		case err != nil:
			e.Missing = "the post names evidence that was never kept here"
		default:
			refs[r] = true
		}
		if p.Reviews == nil {
			p.Reviews = []veghe.Review{}
		}
		b, err := indented(p)
		if err != nil {
			return err
		}
		if err := m.add(c, e.File, b); err != nil {
			return err
		}
		m.Posts = append(m.Posts, e)
	}
	return m.addEvidence(ctx, c, o.Evidence, slices.Collect(maps.Keys(refs)))
}

// addEvidence adds an excerpt of each segment with a capture that is wanted,
// and the chain.
func (m *Manifest) addEvidence(ctx context.Context, c *container, folder evidence.Folder, refs []evidence.Ref) error {
	found, err := folder.Find(ctx, refs)
	if err != nil {
		return err
	}
	segments := map[string][]evidence.Ref{}
	for r := range found {
		segments[r.Segment] = append(segments[r.Segment], r)
	}
	for i := range m.Posts {
		e := &m.Posts[i]
		r, err := evidence.ParseRef(e.Evidence)
		if err != nil {
			continue
		}
		if e.Capture = captureName(r.Segment); found[r] == nil {
			e.Capture, e.Missing = "", evidence.ErrGone.Error()
		}
	}
	// The chain first: what is closed after it was read still grows for it.
	chain, err := folder.Chain()
	if err != nil {
		return err
	}
	lines, head, err := evidence.ReadChain(chain)
	if err != nil {
		return err
	}
	var parts []*evidence.Part
	for _, name := range slices.Sorted(maps.Keys(segments)) {
		part, err := m.addExcerpt(c, folder, name, segments[name])
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	m.ChainHead = newest(head, lines, parts)
	return m.add(c, chainName, chain)
}

func (m *Manifest) addExcerpt(c *container, folder evidence.Folder, name string, wanted []evidence.Ref) (*evidence.Part, error) {
	b, err := folder.Excerpt(name, wanted)
	if err != nil {
		return nil, err
	}
	part, err := evidence.ReadPart(name, b)
	if err != nil {
		return nil, err
	}
	for _, r := range wanted {
		if part.Captures[r] == nil {
			return nil, fmt.Errorf("%s: %w: it was removed just now, export again", r, evidence.ErrGone)
		}
	}
	return part, m.add(c, captureName(name), b)
}

func newest(head string, lines []evidence.Line, parts []*evidence.Part) string {
	for _, p := range parts {
		if p.Grows(lines) {
			return p.Last
		}
	}
	return head
}

func captureName(segment string) string { return "evidence/" + segment + ".warc.gz" }

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// encodeKey gives a public key as a PEM file, and its fingerprint: the SHA-256
// of its DER form, as `openssl pkey -pubin -outform DER | sha256sum` says it.
func encodeKey(k ed25519.PublicKey) (file []byte, fingerprint string, err error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return nil, "", err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "sha256:" + sha(der), nil
}

// decodeKey reads what encodeKey wrote, and nothing else.
func decodeKey(file []byte) (k ed25519.PublicKey, fingerprint string, err error) {
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, "", errors.New("not a public key")
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, "", errors.New("not a public key")
	}
	k, ok := any.(ed25519.PublicKey)
	if !ok {
		return nil, "", errors.New("not an Ed25519 key")
	}
	same, fingerprint, err := encodeKey(k)
	if err == nil && !bytes.Equal(same, file) {
		err = errors.New("not written as veghe writes a key")
	}
	return k, fingerprint, err
}

// Fingerprint names the key that signs.
func Fingerprint(k ed25519.PrivateKey) (string, error) {
	public, ok := k.Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("not an Ed25519 key")
	}
	_, fingerprint, err := encodeKey(public)
	return fingerprint, err
}
