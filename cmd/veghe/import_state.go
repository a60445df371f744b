package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"veghe"
	"veghe/crawler/archive"
	"veghe/index/sqlite"
)

// importState is how far the import of a file has come: which posts were
// acknowledged and what was counted, in one transaction for each batch. It is
// found again by the file and the flags, and gone when the import has ended.
type importState struct {
	db     *sqlite.DB
	path   string
	counts counts
}

const importSchema = `
CREATE TABLE seen (post BLOB PRIMARY KEY) WITHOUT ROWID; -- of id and content
CREATE TABLE account (one INTEGER PRIMARY KEY CHECK (one = 1), counts TEXT NOT NULL);
`

// staleImport is how long an interrupted import may be gone on with.
const staleImport = 30 * 24 * time.Hour

func openImportState(ctx context.Context, dir string, in io.Reader, flags []string) (*importState, error) {
	key, err := importKey(in, flags)
	if err != nil {
		return nil, err
	}
	removeStale(dir)
	s := &importState{path: filepath.Join(dir, key+".db")}
	if s.db, err = sqlite.Open(ctx, s.path, []string{importSchema}); err != nil {
		return nil, err
	}
	var text string
	err = s.db.Read.QueryRowContext(ctx, `SELECT counts FROM account`).Scan(&text)
	if err == nil {
		err = json.Unmarshal([]byte(text), &s.counts)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// importKey names an import: the same file, by its place, size, time and how it
// begins, with the same flags. A stream is never the same again.
func importKey(in io.Reader, flags []string) (string, error) {
	h := sha256.New()
	f, ok := in.(*os.File)
	fi, err := stat(f)
	if !ok || err != nil || !fi.Mode().IsRegular() {
		return fmt.Sprintf("stream-%d-%d", os.Getpid(), time.Now().UnixNano()), nil
	}
	path, err := filepath.Abs(f.Name())
	if err != nil {
		return "", err
	}
	for _, s := range append(flags, path, fmt.Sprint(fi.Size()), fi.ModTime().UTC().String()) {
		fmt.Fprintf(h, "%d:%s,", len(s), s) //nolint:errcheck // a hash takes everything
	}
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, 1<<20)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}

func stat(f *os.File) (fs.FileInfo, error) {
	if f == nil {
		return nil, fs.ErrInvalid
	}
	return f.Stat()
}

// removeStale forgets imports that nobody went on with. What cannot be removed
// is tried again next time.
func removeStale(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > staleImport {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func (s *importState) reset(ctx context.Context) error {
	s.counts = counts{}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM seen`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM account`)
		return err
	})
}

// close forgets the state if the import has ended.
func (s *importState) close(ended bool) error {
	err := s.db.Close()
	if !ended {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(s.path + suffix); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// fingerprint is a post with its content: an edited one is another.
type fingerprint [16]byte

func fingerprintOf(p *veghe.Post) fingerprint {
	sum := sha256.Sum256([]byte(string(p.ID) + "\x00" + p.ContentHash))
	return fingerprint(sum[:16])
}

// known says which of these were acknowledged before.
func (s *importState) known(ctx context.Context, prints []fingerprint) (map[fingerprint]bool, error) {
	out := map[fingerprint]bool{}
	stmt, err := s.db.Read.PrepareContext(ctx, `SELECT 1 FROM seen WHERE post = ?`)
	if err != nil {
		return nil, err
	}
	defer stmt.Close() //nolint:errcheck // it only read
	for _, p := range prints {
		var one int
		switch err := stmt.QueryRowContext(ctx, p[:]).Scan(&one); {
		case err == nil:
			out[p] = true
		case !errors.Is(err, sql.ErrNoRows):
			return nil, err
		}
	}
	return out, nil
}

// settle enters posts that were acknowledged, and the account with them.
func (s *importState) settle(ctx context.Context, fresh []fingerprint, c counts) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT OR IGNORE INTO seen (post) VALUES (?)`)
		if err != nil {
			return err
		}
		defer stmt.Close() //nolint:errcheck // the transaction tells
		for _, p := range fresh {
			if _, err := stmt.ExecContext(ctx, p[:]); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO account VALUES (1, ?) ON CONFLICT DO UPDATE SET counts = excluded.counts`, string(text))
		return err
	})
	if err == nil {
		s.counts = c
	}
	return err
}

// batch gathers whole records until they are worth sending.
type batch struct {
	st      *importState
	to      destination
	posts   []veghe.Post
	bytes   int
	pending counts // of the records gathered
}

func (b *batch) take(ctx context.Context, rec archive.Record) error {
	b.pending.Records++
	switch {
	case rec.Err != nil:
		b.pending.Bad++
		b.pending.Read++
	case len(rec.Posts) == 0:
		b.pending.Empty++
	}
	b.pending.Read += int64(len(rec.Posts))
	for i := range rec.Posts {
		b.bytes += len(rec.Posts[i].Text) + len(rec.Posts[i].Title) + 500
	}
	b.posts = append(b.posts, rec.Posts...)
	if len(b.posts) < importBatch && b.bytes < importBytes && b.pending.Records < 100*importBatch {
		return nil
	}
	return b.flush(ctx)
}

// flush sends what is new among the posts, and settles the account of their
// records when it is acknowledged. A crash between the two sends the same posts
// again, which does no harm, and counts them once.
func (b *batch) flush(ctx context.Context) error {
	if b.pending.Records == 0 {
		return nil
	}
	prints := make([]fingerprint, len(b.posts))
	for i := range b.posts {
		prints[i] = fingerprintOf(&b.posts[i])
	}
	known, err := b.st.known(ctx, prints)
	if err != nil {
		return err
	}
	var fresh []veghe.Post
	var marks []fingerprint
	for i, p := range prints {
		if known[p] {
			b.pending.Repeated++
			continue
		}
		known[p] = true
		fresh, marks = append(fresh, b.posts[i]), append(marks, p)
	}
	for rest := fresh; len(rest) > 0; {
		n := piece(rest)
		if err := b.to(ctx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	b.pending.Imported = int64(len(fresh))
	c := b.st.counts
	c.add(b.pending)
	if err := b.st.settle(context.WithoutCancel(ctx), marks, c); err != nil {
		return err
	}
	b.posts, b.bytes, b.pending = b.posts[:0], 0, counts{}
	return nil
}

// piece is how many posts are sent at once: a page may hold many long ones.
func piece(posts []veghe.Post) int {
	size := 0
	for i := range posts {
		size += len(posts[i].Text) + len(posts[i].Title) + 500
		if i > 0 && (size > importBytes || i == importBatch) {
			return i
		}
	}
	return len(posts)
}
