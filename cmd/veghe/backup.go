package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A backup is one tar file, made while veghe runs or not. The parts of the
// data folder are copied in an order that keeps every promise one of them
// makes about another:
//
//	offsets ─▶ frontier, desk, ledger, index ─▶ log, posts last ─▶ evidence ─▶ manifest
//
// What an offset says was handled is in the copies that come after it; what
// the frontier says was handed on is in the posts; what a post refers to is in
// the evidence. Whatever happened in between is handled again after a restore,
// which the sinks bear. The search index is left out: it is made from the
// record. So are secrets that are made anew: token and sign-in link.

// backupSuffix ends the names that backup gives.
const backupSuffix = ".tar.zst"

// backupNote is what the data folder remembers of the last backup.
type backupNote struct {
	At       time.Time `json:"at"`
	File     string    `json:"file"`
	Bytes    int64     `json:"bytes"`
	Manifest string    `json:"manifest"` // its SHA-256
	Files    int       `json:"files"`
}

const backupNoteFile = "backup.json"

func backupCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("backup", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	keep := f.Int("keep", 0, "in a folder: `number` of its backups to keep, the oldest go; 0 keeps all")
	args, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(args) != 1 || *keep < 0 {
		return usageError{"want where to write it: a folder, a file, or - for standard output"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if args[0] == "-" {
		_, err := takeBackup(ctx, &cfg, e, e.out)
		return err
	}
	path, folder := backupPath(args[0], time.Now())
	note, err := backupToFile(ctx, &cfg, e, path)
	if err != nil {
		return err
	}
	if folder && *keep > 0 {
		if err := removeOldBackups(filepath.Dir(path), *keep); err != nil {
			return err
		}
	}
	if *asJSON {
		return json.NewEncoder(e.out).Encode(note)
	}
	_, err = fmt.Fprintf(e.out, "%s: %d files, %.1f MB\nmanifest %s\nwritten down elsewhere, that line lets veghe restore -manifest tell whether the backup was changed\n",
		note.File, note.Files, float64(note.Bytes)/1e6, note.Manifest)
	return err
}

// backupPath is the file to write: in a folder, a name of its own.
func backupPath(arg string, now time.Time) (path string, folder bool) {
	fi, err := os.Stat(arg)
	if err == nil && fi.IsDir() || strings.HasSuffix(arg, string(filepath.Separator)) {
		return filepath.Join(arg, "veghe-"+now.UTC().Format("20060102T150405Z")+backupSuffix), true
	}
	return arg, false
}

// backupToFile writes the file as a whole or not at all.
func backupToFile(ctx context.Context, cfg *config, e env, path string) (note backupNote, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return note, withHint(err, "give a folder that can be written, best on another disk")
	}
	f, err := os.OpenFile(path+".partial", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return note, withHint(err, "give a folder that can be written, best on another disk")
	}
	defer func() {
		_ = f.Close() // closed already if all went well
		_ = os.Remove(f.Name())
	}()
	var w io.WriteCloser = nopCloser{f}
	if !strings.HasSuffix(path, ".tar") {
		if w, err = zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
			return note, err
		}
	}
	if note, err = takeBackup(ctx, cfg, e, w); err != nil {
		return note, err
	}
	if err := errors.Join(w.Close(), f.Sync()); err != nil {
		return note, err
	}
	fi, err := f.Stat()
	if err != nil {
		return note, err
	}
	if err := errors.Join(f.Close(), os.Rename(f.Name(), path), syncFolder(filepath.Dir(path))); err != nil {
		return note, err
	}
	note.File, note.Bytes = path, fi.Size()
	return note, noteBackup(cfg, note)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func noteBackup(cfg *config, note backupNote) error {
	b, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return writeFile(cfg.path(backupNoteFile), b)
}

// lastBackup reads when the data folder was last backed up; the zero note if
// never.
func lastBackup(cfg *config) (note backupNote) {
	b, err := os.ReadFile(cfg.path(backupNoteFile))
	if err == nil {
		err = json.Unmarshal(b, &note)
	}
	if err != nil {
		return backupNote{}
	}
	return note
}

func removeOldBackups(dir string, keep int) error {
	names, err := filepath.Glob(filepath.Join(dir, "veghe-*"+backupSuffix))
	if err != nil {
		return err
	}
	slices.Sort(names) // by their time
	for _, n := range names[:max(0, len(names)-keep)] {
		if err := os.Remove(n); err != nil {
			return err
		}
	}
	return nil
}

// takeBackup writes a tar of the data folder: from the veghe that runs on it,
// or by itself if none does. Every file is checked against the manifest on the
// way.
func takeBackup(ctx context.Context, cfg *config, e env, w io.Writer) (backupNote, error) {
	var c *checkedBackup
	passing := func(r io.Reader) (err error) {
		r = io.TeeReader(r, w)
		if c, err = readBackup(ctx, r, nil); err == nil {
			_, err = io.Copy(io.Discard, r) // the end of the tar
		}
		return err
	}
	err := newLocal(cfg.Data).stream(ctx, "/backup", passing)
	if errors.Is(err, errNotRunning) {
		err = pipeBackup(ctx, cfg, e, passing)
	}
	if err != nil {
		return backupNote{}, err
	}
	return backupNote{At: c.Made, Manifest: c.sum, Files: len(c.Files)}, nil
}

func pipeBackup(ctx context.Context, cfg *config, e env, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := backupAlone(ctx, cfg, e, w)
		w.CloseWithError(err) // nil means the end
		wrote <- err
	}()
	err := read(r)
	r.CloseWithError(err)
	return cmp.Or(<-wrote, err)
}

// stream gets a long answer, however long it takes. What went wrong on the
// other side after it began comes in a trailer.
func (l *local) stream(ctx context.Context, path string, read func(io.Reader) error) error {
	r, token, err := l.note()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Ops+path, http.NoBody)
	if err != nil {
		return err
	}
	res, err := send(&http.Client{}, req, token)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	err = read(res.Body)
	if said := res.Trailer.Get(errorTrailer); said != "" {
		return errors.New(said)
	}
	if err != nil {
		return withHint(err, "the log of the running veghe may say why")
	}
	return nil
}

// errorTrailer says why an answer that had begun is not whole.
const errorTrailer = "Veghe-Error"

// serveBackup streams a backup, one at a time.
func (a *app) serveBackup(stop context.Context) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !a.backingUp.TryLock() {
			answer(w, http.StatusConflict, "a backup is under way")
			return
		}
		defer a.backingUp.Unlock()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(stop, cancel)()
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // it takes as long as it takes
		w.Header().Set("Trailer", errorTrailer)
		w.Header().Set("Content-Type", "application/x-tar")
		began := time.Now()
		files, err := a.backupSource().write(ctx, w)
		if err != nil {
			a.log.Error("the backup failed", "error", err)
			w.Header().Set(errorTrailer, strings.ReplaceAll(err.Error(), "\n", "; "))
			return
		}
		a.log.Info("backed up", "files", files, "took", time.Since(began).Round(time.Millisecond))
	}
}
