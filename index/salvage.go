package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"veghe/index/sqlite"
)

// SQLite notices damage to the shape of a file, not to what is in it: a bit
// that changes on the disk would make another text of a post. So each document
// has a checksum, which every read of a post compares.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the checksum of a document, never 0.
func sum(doc []byte) int64 { return 1 + int64(crc32.Checksum(doc, castagnoli)) }

// A scrub reads so many posts at once, and then rests so that others go on.
const (
	scrubPiece = 500
	scrubRest  = 20 * time.Millisecond
)

// Scrub reads every post and compares it with its checksum, slowly. It returns
// how many it read and how many are damaged; an error says that reading failed.
func (x *Index) Scrub(ctx context.Context) (read, damaged int, err error) {
	end, err := x.begin()
	if err != nil {
		return 0, 0, err
	}
	defer end()
	for seq := int64(0); ; {
		n, bad, last, err := x.store.scrub(ctx, seq)
		read, damaged = read+n, damaged+len(bad)
		if err != nil || n == 0 {
			return read, damaged, err
		}
		seq = last
		rest := time.NewTimer(scrubRest)
		select {
		case <-ctx.Done():
			rest.Stop()
			return read, damaged, ctx.Err()
		case <-rest.C:
		}
	}
}

// Look reads the store through but for the posts themselves, which Scrub looks
// at, and returns an error that says what is damaged.
func (x *Index) Look(ctx context.Context) error {
	end, err := x.begin()
	if err != nil {
		return err
	}
	defer end()
	return sqlite.Look(ctx, x.store.db.Read, "posts")
}

// scrub compares a few posts after seq and returns the numbers of those that
// are damaged.
func (s *store) scrub(ctx context.Context, seq int64) (n int, bad []int64, last int64, err error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT seq, doc, sum FROM posts WHERE seq > ? ORDER BY seq LIMIT ?`, seq, scrubPiece)
	if err != nil {
		return 0, nil, seq, fmt.Errorf("scrub: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var doc sql.RawBytes
		var kept int64
		if err := rows.Scan(&last, &doc, &kept); err != nil {
			return n, bad, last, fmt.Errorf("scrub: %w", err)
		}
		n++
		if kept != 0 && kept != sum(doc) {
			bad = append(bad, last)
		}
	}
	if err := rows.Err(); err != nil {
		return n, bad, last, fmt.Errorf("scrub: %w", err)
	}
	return n, bad, last, nil
}

// Salvaged says what came of a damaged store.
type Salvaged struct {
	Kept int   // posts that are as they were
	Lost int   // posts that are not, as far as can be told
	Seqs int64 // the number of the last change
}

// Salvage makes a new store in dir from every post of the old one that is as it
// was stored, and moves the old file into the folder aside. No veghe may run on
// dir. The search index is made anew when it is next opened.
func Salvage(ctx context.Context, dir, aside string) (out Salvaged, err error) {
	lock := flock.New(filepath.Join(dir, "lock"))
	if mine, err := lock.TryLock(); err != nil || !mine {
		return out, errors.Join(fmt.Errorf("salvage: %s is %w", dir, ErrLocked), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	old := filepath.Join(dir, File)
	if v, err := sqlite.Version(ctx, old); err != nil {
		return out, fmt.Errorf("salvage: %w: nothing of it can be read", err)
	} else if v != len(storeSchema) {
		return out, fmt.Errorf("salvage: %s has schema version %d, want %d: use the veghe that wrote it", old, v, len(storeSchema))
	}
	fresh := filepath.Join(dir, "salvage")
	if err := os.RemoveAll(fresh); err != nil {
		return out, err
	}
	s, err := openStore(ctx, fresh)
	if err != nil {
		return out, fmt.Errorf("salvage: %w", err)
	}
	if out, err = s.salvage(ctx, old); err == nil {
		var lost int
		out.Kept, lost, err = s.settle(ctx)
		out.Lost += lost
	}
	if err = errors.Join(err, s.close()); err != nil {
		return out, fmt.Errorf("salvage: %w", err)
	}
	return out, errors.Join(replaceStore(dir, fresh, aside), os.RemoveAll(fresh))
}

// replaceStore puts the new file in the place of the old one, which is kept.
func replaceStore(dir, fresh, aside string) error {
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return err
	}
	stamp := time.Now().UTC().Format("20060102T150405.000")
	for _, suffix := range []string{"-wal", "-shm", ""} {
		from, to := filepath.Join(dir, File+suffix), filepath.Join(aside, stamp+"-"+File+suffix)
		if err := os.Rename(from, to); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.Rename(filepath.Join(fresh, File), filepath.Join(dir, File))
}

// salvage copies what can be read. Statements that meet damage fail as a whole
// and are tried again on halves.
func (s *store) salvage(ctx context.Context, old string) (out Salvaged, err error) {
	conn, err := s.db.Write.Conn(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `ATTACH ? AS old`, old); err != nil {
		return out, err
	}
	// What is not about single posts comes whole, or is made anew with time.
	for _, table := range []string{"gone", "versions", "awaited", "fired"} {
		_, err := conn.ExecContext(ctx, `INSERT OR IGNORE INTO `+table+` SELECT * FROM old.`+table)
		if err != nil && !sqlite.IsDamaged(err) {
			return out, err
		}
	}
	if _, err := conn.ExecContext(ctx, `INSERT OR REPLACE INTO meta SELECT * FROM old.meta WHERE name <> 'id'`); err != nil {
		return out, err
	}
	if err := conn.QueryRowContext(ctx, `SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'seq'`).Scan(&out.Seqs); err != nil {
		return out, err
	}
	for from := int64(1); from <= out.Seqs; from += scrubPiece {
		lost, err := copyPosts(ctx, conn, from, min(from+scrubPiece-1, out.Seqs))
		if out.Lost += lost; err != nil {
			return out, err
		}
	}
	_, err = conn.ExecContext(ctx, `DETACH old`)
	return out, err
}

// settle takes out what does not match its checksum, and counts what is left.
func (s *store) settle(ctx context.Context) (kept, lost int, err error) {
	for seq := int64(0); ; {
		n, bad, last, err := s.scrub(ctx, seq)
		if err != nil {
			return kept, lost, err
		}
		if n == 0 {
			return kept, lost, nil
		}
		for _, b := range bad {
			if _, err := s.db.Write.ExecContext(ctx, `DELETE FROM posts WHERE seq = ?`, b); err != nil {
				return kept, lost, err
			}
		}
		t, traits := tallies{}, newSeen()
		for r, err := range s.records(ctx, `WHERE seq > ? AND seq <= ?`, seq, last) {
			if err != nil {
				return kept, lost, err
			}
			t.count(r, +1)
			traits.count(s.traits(r), +1)
		}
		err = s.db.Tx(ctx, func(tx *sql.Tx) error { return errors.Join(t.write(ctx, tx), traits.write(ctx, tx)) })
		if err != nil {
			return kept, lost, err
		}
		kept, lost, seq = kept+n-len(bad), lost+len(bad), last
	}
}

func copyPosts(ctx context.Context, conn *sql.Conn, from, to int64) (lost int, err error) {
	_, err = conn.ExecContext(ctx, `INSERT OR IGNORE INTO posts SELECT * FROM old.posts WHERE seq BETWEEN ? AND ?`, from, to)
	switch {
	case err == nil:
		return 0, nil
	case !sqlite.IsDamaged(err):
		return 0, err
	case from == to:
		return 1, nil
	}
	mid := from + (to-from)/2
	a, err := copyPosts(ctx, conn, from, mid)
	if err != nil {
		return a, err
	}
	b, err := copyPosts(ctx, conn, mid+1, to)
	return a + b, err
}
