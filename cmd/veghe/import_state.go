package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
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
// acknowledged and what was counted, always both in one transaction. It is
// found again by the file and the flags, and gone when the import has ended.
type importState struct {
	db     *sqlite.DB
	path   string
	counts counts
	// unsettled are posts in counts that are not yet on the disk.
	unsettled map[fingerprint]bool
	// maybe has every post that was noted and some that were not, so that
	// most new ones need no look at the disk; nil for an import gone on with.
	maybe *filter
}

// settleAfter is how many posts at most are sent again after a kill.
const settleAfter = 5000

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
	s := &importState{path: filepath.Join(dir, key+".db"), unsettled: map[fingerprint]bool{}}
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
	if s.counts == (counts{}) {
		s.maybe = new(filter)
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
	s.counts, s.maybe = counts{}, new(filter)
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

// filter is a Bloom filter of 8 MiB: with ten million posts in it, one in
// twenty others seems to be there too.
type filter [1 << 20]uint64

func (f *filter) add(p fingerprint) {
	if f == nil {
		return
	}
	for i := 0; i < len(p); i += 4 {
		bit := binary.LittleEndian.Uint32(p[i:]) % (64 << 20)
		f[bit/64] |= 1 << (bit % 64)
	}
}

// has is true for everything added, and true without a filter.
func (f *filter) has(p fingerprint) bool {
	if f == nil {
		return true
	}
	for i := 0; i < len(p); i += 4 {
		bit := binary.LittleEndian.Uint32(p[i:]) % (64 << 20)
		if f[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// known says which of these were acknowledged before.
func (s *importState) known(ctx context.Context, prints []fingerprint) (map[fingerprint]bool, error) {
	out := map[fingerprint]bool{}
	tx, err := s.db.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one for all, or each takes its own locks
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	stmt, err := tx.PrepareContext(ctx, `SELECT 1 FROM seen WHERE post = ?`)
	if err != nil {
		return nil, err
	}
	defer stmt.Close() //nolint:errcheck // it only read
	for _, p := range prints {
		if s.unsettled[p] {
			out[p] = true
		}
		if out[p] || !s.maybe.has(p) {
			continue
		}
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

// note counts posts that were acknowledged, and settles now and then.
func (s *importState) note(ctx context.Context, fresh []fingerprint, c counts) error {
	for _, p := range fresh {
		s.unsettled[p] = true
		s.maybe.add(p)
	}
	s.counts.add(c)
	if len(s.unsettled) < settleAfter {
		return nil
	}
	return s.settle(ctx)
}

// settle puts on the disk what was noted.
func (s *importState) settle(ctx context.Context) error {
	text, err := json.Marshal(s.counts)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `INSERT OR IGNORE INTO seen (post) VALUES (?)`)
		if err != nil {
			return err
		}
		defer stmt.Close() //nolint:errcheck // the transaction tells
		for p := range s.unsettled {
			if _, err := stmt.ExecContext(ctx, p[:]); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO account VALUES (1, ?) ON CONFLICT DO UPDATE SET counts = excluded.counts`, string(text))
		return err
	})
	if err == nil {
		clear(s.unsettled)
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

// flush sends what is new among the posts, and notes the account of their
// records when it is acknowledged. A crash before that is settled sends the
// same posts again, which does no harm, and counts them once.
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
	if err := b.st.note(context.WithoutCancel(ctx), marks, b.pending); err != nil {
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
