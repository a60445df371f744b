package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/crawler/frontier"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/ledger"
	"veghe/index/sqlite"
	"veghe/stream/embedded"
)

// manifest is the last file of a backup: every other one with its hash, and
// what a restore must find again.
type manifest struct {
	Format  int       `json:"veghe_backup"` // 1
	Version string    `json:"version"`
	Made    time.Time `json:"made"`
	Node    string    `json:"node"`
	Stream  string    `json:"stream"` // embedded or kafka
	// Account is what the ledger says, Counts what the index holds, Audit how
	// far the audit trail goes.
	Account []ledger.Row   `json:"account"`
	Counts  *index.Counts  `json:"counts,omitempty"`
	Audit   *desk.Head     `json:"audit,omitempty"`
	Files   []backedUpFile `json:"files"`
}

type backedUpFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	manifestFile = "manifest.json"
	backupFormat = 1
	// maxManifest bounds a manifest: about half a million files.
	maxManifest = 64 << 20
)

// Files of the data folder with a name of their own in a backup.
const (
	frontierDB = "frontier/frontier.db"
	deskDB     = "desk/" + desk.File
	ledgerDB   = "ledger/" + ledger.File
	indexDB    = "index/" + index.File
	// backupScratch holds one copied database at a time.
	backupScratch = "backup.tmp"
)

// backupSource is what a backup is made of. Parts that are not there are nil.
type backupSource struct {
	cfg      *config
	log      *embedded.Log
	evidence *evidence.Store
	frontier func(ctx context.Context, into string) error
}

func (a *app) backupSource() *backupSource {
	s := &backupSource{cfg: &a.cfg, log: a.embedded, evidence: a.evidence}
	if a.crawler != nil {
		s.frontier = a.crawler.BackupFrontier
	}
	return s
}

// backupAlone backs up a data folder on which no veghe runs, and keeps one
// from starting meanwhile.
func backupAlone(ctx context.Context, cfg *config, e env, w io.Writer) (err error) {
	if _, err := os.Stat(cfg.Data); err != nil {
		return withHint(err, "name the data folder with -data")
	}
	s := &backupSource{cfg: cfg}
	closing := func(c io.Closer) { err = errors.Join(err, c.Close()) }
	if _, err := os.Stat(cfg.path("log")); err == nil && !cfg.usesKafka() {
		// No topic is named and nothing is written, so nothing is removed.
		if s.log, err = embedded.Open(cfg.path("log"), embedded.Options{Logger: cfg.logger(e.err)}); err != nil {
			return err
		}
		defer closing(s.log)
	}
	if _, err := os.Stat(cfg.path(frontierDB)); err == nil {
		f, err := frontier.Open(ctx, cfg.path(frontierDB), frontier.Options{})
		if err != nil {
			return err
		}
		defer closing(f)
		s.frontier = f.Backup
	}
	if _, err := os.Stat(cfg.path("evidence")); err == nil {
		if s.evidence, err = evidence.Open(cfg.path("evidence"), evidence.Options{}); err != nil {
			return err
		}
		defer closing(s.evidence)
	}
	_, err = s.write(ctx, w)
	return err
}

// write writes the backup as a tar whose last file is the manifest, and returns
// how many files are in it.
func (s *backupSource) write(ctx context.Context, w io.Writer) (files int, err error) {
	b := &backupWriter{tw: tar.NewWriter(w), scratch: s.cfg.path(backupScratch)}
	b.m = manifest{
		Format: backupFormat, Version: thisBuild().Version, Made: time.Now().UTC().Truncate(time.Second),
		Node: s.cfg.Node, Stream: "embedded", Account: []ledger.Row{}, Files: []backedUpFile{},
	}
	if s.cfg.usesKafka() {
		b.m.Stream = "kafka"
	}
	if err := os.RemoveAll(b.scratch); err != nil { // of one that was killed
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()
	stores := func() error { return s.writeStores(ctx, b) }
	if s.log != nil {
		err = s.log.Backup(ctx, []string{veghe.PostsTopic}, stores, b.under("log"))
	} else {
		err = stores()
	}
	if err != nil {
		return 0, err
	}
	if s.evidence != nil {
		if err := s.evidence.Backup(ctx, b.under("evidence")); err != nil {
			return 0, err
		}
	}
	if err := s.writeConfig(b); err != nil {
		return 0, err
	}
	return len(b.m.Files), b.finish()
}

// writeStores copies everything that offsets make promises about.
func (s *backupSource) writeStores(ctx context.Context, b *backupWriter) error {
	for _, name := range []string{"clusters", "model.veghe", "evidence.key", "frontier/paused", "desk/" + headsFile} {
		if err := b.file(s.cfg.path(name), name); err != nil {
			return err
		}
	}
	if s.frontier != nil {
		if err := b.database(frontierDB, func(into string) error { return s.frontier(ctx, into) }, nil); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		name string
		look func(dir string) error
	}{
		{deskDB, func(dir string) (err error) { b.m.Audit, err = auditHead(ctx, dir); return err }},
		{ledgerDB, func(dir string) (err error) { b.m.Account, err = account(ctx, dir); return err }},
		{indexDB, func(dir string) (err error) { b.m.Counts, err = countIn(ctx, dir); return err }},
	} {
		from := s.cfg.path(filepath.FromSlash(d.name))
		copyInto := func(into string) error { return sqlite.Copy(ctx, from, into) }
		if d.name == deskDB && s.cfg.sharesDesk() {
			copyInto = func(into string) error { return s.copyDesk(ctx, into) }
		} else if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := b.database(d.name, copyInto, d.look); err != nil {
			return err
		}
	}
	return nil
}

// copyDesk makes a file of the shared desk, so that a backup can be read,
// verified and restored whatever the desk is kept in.
func (s *backupSource) copyDesk(ctx context.Context, into string) error {
	d, err := s.cfg.openDesk(ctx)
	if err != nil {
		return err
	}
	return errors.Join(d.CopyTo(ctx, into), d.Close())
}

// writeConfig adds what the data folder does not have but a new machine needs.
func (s *backupSource) writeConfig(b *backupWriter) error {
	if s.cfg.file != "" {
		if err := b.file(s.cfg.file, "config/veghe.yaml"); err != nil {
			return err
		}
	}
	if s.cfg.Rules == "" {
		return nil
	}
	return fs.WalkDir(os.DirFS(s.cfg.Rules), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return b.file(filepath.Join(s.cfg.Rules, filepath.FromSlash(name)), path.Join("config/rules", name))
	})
}

// auditHead, account and countIn look into copies, so that what the manifest
// says is of the same moment as the files.
func auditHead(ctx context.Context, dir string) (*desk.Head, error) {
	d, err := desk.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	h, err := d.Verify(ctx, desk.Head{})
	return &h, errors.Join(err, d.Close())
}

func account(ctx context.Context, dir string) ([]ledger.Row, error) {
	l, err := ledger.Open(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	rows, err := l.Totals(ctx)
	return append([]ledger.Row{}, rows...), errors.Join(err, l.Close())
}

func countIn(ctx context.Context, dir string) (*index.Counts, error) {
	c, err := index.CountIn(ctx, dir)
	return &c, err
}

// backupWriter writes the files of a backup and notes their hashes.
type backupWriter struct {
	tw      *tar.Writer
	scratch string
	m       manifest
}

// add writes one file of exactly size bytes.
func (b *backupWriter) add(name string, size int64, r io.Reader) error {
	err := b.tw.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: b.m.Made, Typeflag: tar.TypeReg})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(b.tw, h), io.LimitReader(r, size))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes, want %d", n, size)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.m.Files = append(b.m.Files, backedUpFile{name, size, hex.EncodeToString(h.Sum(nil))})
	return nil
}

// under adds files below a folder of the backup.
func (b *backupWriter) under(dir string) func(string, int64, io.Reader) error {
	return func(name string, size int64, r io.Reader) error { return b.add(path.Join(dir, name), size, r) }
}

// file adds a file that is replaced as a whole when it changes, if it is there.
func (b *backupWriter) file(from, name string) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	return b.add(name, fi.Size(), f)
}

// database adds a copy of a database, after a look at it.
func (b *backupWriter) database(name string, copyInto func(string) error, look func(dir string) error) error {
	into := filepath.Join(b.scratch, filepath.FromSlash(name))
	dir := filepath.Dir(into)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := copyInto(into); err != nil {
		return fmt.Errorf("copying %s: %w", name, err)
	}
	if look != nil {
		if err := look(dir); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := b.file(into, name); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func (b *backupWriter) finish() error {
	text, err := json.Marshal(&b.m)
	if err != nil {
		return err
	}
	if len(text) > maxManifest {
		return fmt.Errorf("the manifest is %d bytes, want at most %d: too many files for one backup", len(text), maxManifest)
	}
	return errors.Join(b.add(manifestFile, int64(len(text)), bytes.NewReader(text)), b.tw.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
