package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/klauspost/compress/zstd"

	"veghe/crawler/evidence"
	"veghe/index/desk"
	"veghe/index/ledger"
	"veghe/index/sqlite"
)

// restored is what restore prints.
type restored struct {
	Data     string       `json:"data,omitempty"` // empty if it was only checked
	Made     time.Time    `json:"made"`
	Version  string       `json:"version"`
	Manifest string       `json:"manifest"`
	Files    int          `json:"files"`
	Posts    int          `json:"posts"`
	Flagged  int          `json:"flagged"`
	Account  []ledger.Row `json:"account"`
	Node     string       `json:"node"`
	Stream   string       `json:"stream"`
	// Evidence says what is wrong with captures that were so already when
	// they were backed up.
	Evidence []string `json:"evidence,omitempty"`
}

func restoreCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("restore", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	only := f.Bool("check", false, "only check the backup, write nothing")
	keepDesk := f.Bool("keep-desk", false, "leave the desk of desk.database.url as it is, which other nodes use")
	noted := f.String("manifest", "", "`sha256:…` that the manifest must have, as backup printed it")
	args, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(args) != 1 {
		return usageError{"want a backup, or - for standard input"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	in, closeIn, err := openBackup(e, args[0])
	if err != nil {
		return err
	}
	defer closeIn()
	x := restorer{cfg: &cfg, data: cfg.Data, noted: *noted, keepDesk: *keepDesk}
	var c *checkedBackup
	if *only {
		c, err = readBackup(ctx, in, nil)
		if err == nil {
			err = x.wantNoted(c)
		}
	} else {
		c, err = x.restore(ctx, in)
	}
	if err != nil && hint(err) != "" {
		return err
	}
	if err != nil {
		return withHint(err, "nothing was put into %s", cfg.Data)
	}
	out := restored{Made: c.Made, Version: c.Version, Manifest: c.sum, Files: len(c.Files), Account: c.Account, Node: c.Node, Stream: c.Stream, Evidence: c.evidence}
	if c.Counts != nil {
		out.Posts, out.Flagged = c.Counts.Posts, c.Counts.Flagged
	}
	if !*only {
		out.Data = cfg.Data
	}
	if *asJSON {
		return json.NewEncoder(e.out).Encode(out)
	}
	return out.print(e)
}

func (r restored) print(e env) error {
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "backup of %s by veghe %s: %d files as they were backed up\nmanifest %s\n%d posts, %d flagged\n",
		r.Made.Format(time.RFC3339), r.Version, r.Files, r.Manifest, r.Posts, r.Flagged)
	if len(r.Account) > 0 {
		fmt.Fprintln(w, "\nSOURCE\tCOLLECTED\tASSESSED\tDEAD\tIN FLIGHT")
		for _, a := range r.Account {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", name(a.Source), a.Collected, a.Assessed, a.Dead, a.InFlight)
		}
		fmt.Fprintln(w)
	}
	for _, p := range r.Evidence {
		fmt.Fprintf(w, "evidence, as it was backed up: %s\n", p)
	}
	if r.Data != "" {
		fmt.Fprintf(w, "restored into %s; what was in flight is handled when veghe starts, and the search index is made anew\n", r.Data)
		if r.Stream == "kafka" {
			fmt.Fprintf(w, "the stream is Kafka's: give the node another name than %q, so that it reads everything the topics still have\n", r.Node)
		}
	}
	return w.Flush()
}

// openBackup opens a tar, compressed or not.
func openBackup(e env, name string) (io.Reader, func(), error) {
	raw, closeRaw := e.in, func() {}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, withHint(err, "name a file that veghe backup wrote")
		}
		raw, closeRaw = f, func() { _ = f.Close() } // only read
	}
	b := bufio.NewReaderSize(raw, 1<<16)
	if magic, _ := b.Peek(4); !bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return b, closeRaw, nil
	}
	z, err := zstd.NewReader(b, zstd.WithDecoderMaxMemory(1<<40), zstd.WithDecoderMaxWindow(64<<20), zstd.WithDecoderConcurrency(1))
	if err != nil {
		closeRaw()
		return nil, nil, err
	}
	return z, func() { z.Close(); closeRaw() }, nil
}

// checkedBackup is a backup whose files are all as the manifest says.
type checkedBackup struct {
	manifest
	sum      string   // of the manifest
	evidence []string // what verify found wrong with captures
}

// maxBackupFiles bounds what is remembered while a backup is read.
const maxBackupFiles = 1_000_000

// readBackup reads a backup to its manifest, and gives each file to put as it
// comes; nil only reads. It returns an error that names the first file that is
// not as it was backed up, is missing, or does not belong there.
func readBackup(ctx context.Context, r io.Reader, put func(name string, r io.Reader) error) (*checkedBackup, error) {
	t := tar.NewReader(r)
	seen := map[string]backedUpFile{}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, err := t.Next()
		if err != nil {
			return nil, notWhole(err)
		}
		if err := checkName(h, seen); err != nil {
			return nil, err
		}
		if h.Name == manifestFile {
			return checkManifest(t, h.Size, seen)
		}
		sum := sha256.New()
		from := io.TeeReader(t, sum)
		if put != nil {
			err = put(h.Name, from)
		}
		if err == nil {
			_, err = io.Copy(io.Discard, from)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, notWhole(err))
		}
		seen[h.Name] = backedUpFile{h.Name, h.Size, hex.EncodeToString(sum.Sum(nil))}
	}
}

func notWhole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the backup ends before its manifest: it is not whole")
	}
	return err
}

func checkName(h *tar.Header, seen map[string]backedUpFile) error {
	_, twice := seen[h.Name]
	switch {
	case !filepath.IsLocal(filepath.FromSlash(h.Name)) || path.Clean(h.Name) != h.Name || strings.Contains(h.Name, "\\"):
		return fmt.Errorf("%.200q is no name of a file of a backup", h.Name)
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%.200q is not a plain file", h.Name)
	case twice:
		return fmt.Errorf("%.200q is there twice", h.Name)
	case len(seen) >= maxBackupFiles:
		return fmt.Errorf("more than %d files: this is no backup", maxBackupFiles)
	}
	return nil
}

func checkManifest(r io.Reader, size int64, seen map[string]backedUpFile) (*checkedBackup, error) {
	if size > maxManifest {
		return nil, fmt.Errorf("%s is %d bytes, want at most %d", manifestFile, size, maxManifest)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, notWhole(err)
	}
	var c checkedBackup
	if err := json.Unmarshal(b, &c.manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if c.Format != backupFormat {
		return nil, withHint(fmt.Errorf("%s is of format %d, want %d", manifestFile, c.Format, backupFormat), "use the veghe that made it, or a later one (made by %s)", c.Version)
	}
	for _, want := range c.Files {
		got, ok := seen[want.Name]
		if !ok {
			return nil, fmt.Errorf("%s is missing from the backup", want.Name)
		}
		if got != want {
			return nil, fmt.Errorf("%s was changed after it was backed up: SHA-256 %s of %d bytes, want %s of %d", want.Name, got.SHA256, got.Size, want.SHA256, want.Size)
		}
		delete(seen, want.Name)
	}
	for name := range seen {
		return nil, fmt.Errorf("%s is not in the manifest: it does not belong to the backup", name)
	}
	sum := sha256.Sum256(b)
	c.sum = "sha256:" + hex.EncodeToString(sum[:])
	return &c, nil
}

// restorer puts a backup into an empty data folder, beside which it is made
// and checked first.
type restorer struct {
	cfg         *config
	data, noted string
	keepDesk    bool
}

func (x restorer) wantNoted(c *checkedBackup) error {
	if x.noted != "" && x.noted != c.sum {
		return fmt.Errorf("%s has the hash %s, not the one that was noted", manifestFile, c.sum)
	}
	return nil
}

func (x restorer) restore(ctx context.Context, in io.Reader) (_ *checkedBackup, err error) {
	if err := wantEmpty(x.data); err != nil {
		return nil, err
	}
	tmp := filepath.Clean(x.data) + ".restoring"
	if err := os.RemoveAll(tmp); err != nil { // of one that was killed
		return nil, err
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // gone already if all went well
	c, err := readBackup(ctx, in, func(name string, r io.Reader) error {
		return writeNew(filepath.Join(tmp, filepath.FromSlash(name)), r)
	})
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(x.wantNoted(c), c.verify(ctx, tmp)); err != nil {
		return nil, err
	}
	if err := x.shareDesk(ctx, filepath.Join(tmp, filepath.FromSlash(deskDB))); err != nil {
		return nil, err
	}
	if err := os.Remove(x.data); err != nil && !errors.Is(err, os.ErrNotExist) { // it is empty
		return nil, err
	}
	return c, errors.Join(os.Rename(tmp, x.data), syncFolder(filepath.Dir(filepath.Clean(x.data))))
}

// shareDesk puts the desk where the configuration has it: a shared one is
// filled if it is empty, and no file of it stays.
func (x restorer) shareDesk(ctx context.Context, file string) error {
	if !x.cfg.sharesDesk() {
		return nil
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if !x.keepDesk {
		if _, err := x.cfg.fillDesk(ctx, file); err != nil {
			return err
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func wantEmpty(dir string) error {
	names, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return withHint(fmt.Errorf("%s is not empty: it has %s", dir, names[0].Name()), "restore into a new folder, named with -data")
	}
	return nil
}

// writeNew writes a file that must not be there.
func writeNew(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// verify holds the restored files against what the ledger, the index, the
// audit trail and the evidence said when they were backed up.
func (c *checkedBackup) verify(ctx context.Context, dir string) error {
	has := func(name string) bool {
		return slices.ContainsFunc(c.Files, func(f backedUpFile) bool { return f.Name == name })
	}
	for _, f := range c.Files {
		if strings.HasSuffix(f.Name, ".db") {
			if err := sqlite.Check(ctx, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
				return err
			}
		}
	}
	if has(ledgerDB) {
		rows, err := account(ctx, filepath.Join(dir, "ledger"))
		if err != nil {
			return err
		}
		if !slices.Equal(rows, c.Account) {
			return errors.New("the account of the restored ledger is not the one that was backed up")
		}
	}
	if has(indexDB) && c.Counts != nil {
		counts, err := countIn(ctx, filepath.Join(dir, "index"))
		if err != nil {
			return err
		}
		if *counts != *c.Counts {
			return fmt.Errorf("the restored record holds %d posts, %d were backed up", counts.Posts, c.Counts.Posts)
		}
	}
	return cmp.Or(c.verifyAudit(ctx, dir, has(deskDB)), c.verifyEvidence(ctx, filepath.Join(dir, "evidence")))
}

func (c *checkedBackup) verifyAudit(ctx context.Context, dir string, has bool) error {
	if !has || c.Audit == nil {
		return nil
	}
	d, err := desk.Open(ctx, filepath.Join(dir, "desk"))
	if err != nil {
		return err
	}
	_, err = d.Verify(ctx, *c.Audit)
	return errors.Join(err, d.Close())
}

// verifyEvidence notes damage without refusing it: the hashes say that it is
// as it was backed up.
func (c *checkedBackup) verifyEvidence(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	r, err := evidence.Folder{Dir: dir}.Verify(ctx, "")
	c.evidence = r.Problems
	return err
}
