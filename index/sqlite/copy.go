package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Copy writes a copy of the database at path, as of one moment, into a file
// that must not exist. Writers go on meanwhile. Rows that were deleted are not
// in the copy, nor is anything but the rows that are there.
func Copy(ctx context.Context, path, into string) error {
	return alone(path, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `VACUUM INTO ?`, into)
		return err
	})
}

// Version is the version of the schema of the database at path. An error that
// is fs.ErrNotExist says that there is none.
func Version(ctx context.Context, path string) (v int, err error) {
	err = alone(path, func(db *sql.DB) error { return db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v) })
	return v, err
}

// Check reads the whole database at path and returns an error that says what
// is damaged, if anything is.
func Check(ctx context.Context, path string) error {
	return alone(path, func(db *sql.DB) error {
		var found string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
			return err
		}
		if found != "ok" {
			return fmt.Errorf("%w: %.200s", ErrUnsound, found)
		}
		return nil
	})
}

// Look reads an open database through, table by table with pauses, so that
// nobody waits for long, and returns an error that says what is damaged, if
// anything is: a page that is not what was written, or an index that does not
// fit its table. A value that was changed within a row and is in no index is
// not seen. Some tables may be left out.
func Look(ctx context.Context, db *sql.DB, without ...string) error {
	tables, err := All(ctx, db, func(row Row) (name string, err error) { return name, row.Scan(&name) },
		`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if slices.Contains(without, table) {
			continue
		}
		var found string
		// A pragma takes no parameters; the name is one of ours, quoted all the same.
		err := db.QueryRowContext(ctx, `PRAGMA integrity_check('`+strings.ReplaceAll(table, "'", "''")+`')`).Scan(&found)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if found != "ok" {
			return fmt.Errorf("table %s: %w: %.200s", table, ErrUnsound, strings.Join(strings.Fields(found), " "))
		}
		if err := rest(ctx, lookRest); err != nil {
			return err
		}
	}
	return nil
}

// lookRest is the pause of Look between two tables.
const lookRest = 20 * time.Millisecond

func rest(ctx context.Context, how time.Duration) error {
	t := time.NewTimer(how)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// ErrUnsound is wrapped by the error for a database that is not as it was
// written; see also [IsDamaged].
var ErrUnsound = errors.New("damaged")

// alone opens a database that must exist, for one thing.
func alone(path string, do func(*sql.DB) error) error {
	if fi, err := os.Stat(path); err != nil {
		return err
	} else if fi.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("is a folder")}
	}
	db, err := sql.Open("sqlite", dsn(path, false))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := errors.Join(do(db), db.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
