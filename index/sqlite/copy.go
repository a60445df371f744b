package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
			return errors.New("damaged: " + found)
		}
		return nil
	})
}

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
