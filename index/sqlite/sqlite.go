// Package sqlite opens this program's SQLite databases, all in the same safe
// way: write-ahead log, fsync at every commit, foreign keys, bytes overwritten
// when rows are deleted, and one writer at a time so that nobody meets "database is
// locked". It is the door to modernc.org/sqlite for the packages of index.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"modernc.org/sqlite" // also the driver "sqlite"
	lib "modernc.org/sqlite/lib"
)

// busyTimeout is how long a statement waits, in milliseconds, for another
// process that writes.
const busyTimeout = 10_000

// DB is a database with one connection that writes and several that only
// read. Readers see the last commit and never wait for the writer.
type DB struct {
	Write *sql.DB
	Read  *sql.DB
	path  string
}

// Open opens or creates the database at path and brings it to the newest
// schema: migrations[n] leads from version n to n+1, each in one transaction.
// A database of a later version than that is refused.
func Open(ctx context.Context, path string, migrations []string) (*DB, error) {
	return OpenWith(ctx, path, func(ctx context.Context, db *sql.DB) error { return migrate(ctx, db, migrations) })
}

// OpenWith is Open with migrations that somebody else runs, on the one
// connection that writes.
func OpenWith(ctx context.Context, path string, migrate func(context.Context, *sql.DB) error) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	db := &DB{path: path}
	var err error
	if db.Write, err = sql.Open("sqlite", dsn(path, false)); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.Write.SetMaxOpenConns(1)
	if err := migrate(ctx, db.Write); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Write.Close())
	}
	if db.Read, err = sql.Open("sqlite", dsn(path, true)); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Write.Close())
	}
	db.Read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	db.Read.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	return db, nil
}

// OpenToRead opens a database that is there for reading only, whatever its
// schema.
func OpenToRead(ctx context.Context, path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

func dsn(path string, readOnly bool) string {
	q := url.Values{"_pragma": {
		"busy_timeout(" + strconv.Itoa(busyTimeout) + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		"secure_delete(ON)",
		"temp_store(MEMORY)",
		"cache_size(-16000)",
	}}
	if readOnly {
		q.Add("_pragma", "query_only(ON)")
	} else {
		// A transaction takes the write lock at once; one that upgrades later
		// can fail with SQLITE_BUSY however long it is ready to wait.
		q.Set("_txlock", "immediate")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

func migrate(ctx context.Context, db *sql.DB, migrations []string) error {
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(migrations) {
		return fmt.Errorf("schema version %d is newer than this program's %d: use the newer program", have, len(migrations))
	}
	for v := have; v < len(migrations); v++ {
		err := inTx(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, migrations[v]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(v+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("to schema version %d: %w", v+1, err)
		}
	}
	return nil
}

// Tx runs f in one transaction of the writing connection. When it returns nil
// the changes are on the disk; on any error none of them is.
func (db *DB) Tx(ctx context.Context, f func(*sql.Tx) error) error { return inTx(ctx, db.Write, f) }

func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, undo)
		}
		return err
	}
	return tx.Commit()
}

// Row is what a row is read from: a *sql.Row or *sql.Rows.
type Row interface{ Scan(dest ...any) error }

// All runs a query on a database or in a transaction and reads every row with
// scan. Without rows it returns an empty slice, which is [] in JSON.
func All[T any](ctx context.Context, on querier, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := []T{}
	for rows.Next() {
		x, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// IsDamaged reports whether an error says that the bytes of a database are not
// what SQLite wrote: trying again cannot help.
func IsDamaged(err error) bool {
	if errors.Is(err, ErrUnsound) {
		return true
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	primary := e.Code() & 0xff
	return primary == lib.SQLITE_CORRUPT || primary == lib.SQLITE_NOTADB
}

// Forget moves the write-ahead log into the database and empties it, so that
// rows deleted before are in neither.
func (db *DB) Forget(ctx context.Context) error {
	var busy, log, moved int
	err := db.Write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved)
	if err != nil {
		return err
	}
	if busy != 0 {
		return fmt.Errorf("%s: the write-ahead log is in use by a long read, try again", db.path)
	}
	return nil
}

// Close closes all connections. It may be called twice.
func (db *DB) Close() error {
	return errors.Join(db.Read.Close(), db.Write.Close())
}
