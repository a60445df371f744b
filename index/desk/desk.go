// Package desk keeps what people decide and do, and who they are: reviews,
// cases, watches, the audit trail, accounts with their sessions and tokens, in
// one database: a SQLite file beside the index, or PostgreSQL, which several
// nodes share.
//
// What was decided is not overwritten. A review is followed by a newer one, and the
// newest counts. The audit trail is a chain: each entry carries the hash of the
// one before, so that a change, a gap or a reordering shows in [Desk.Verify].
// Secrets are kept as hashes where that suffices.
package desk

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"veghe/index/database"
)

// File is the name of the database within the desk's directory.
const File = "desk.db"

// Desk is the open database. All methods may be called concurrently, also
// from several processes.
type Desk struct {
	db      *database.DB
	cost    Cost
	hashing chan struct{} // bounds the memory that passwords take
}

// Open opens or creates the desk in dir.
func Open(ctx context.Context, dir string) (*Desk, error) {
	db, err := database.OpenFile(ctx, filepath.Join(dir, File), migrations())
	if err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	return newDesk(db), nil
}

// Connect opens the desk of several nodes, in a PostgreSQL database, or makes
// it there.
func Connect(ctx context.Context, c database.Config) (*Desk, error) {
	db, err := database.Connect(ctx, c, migrations())
	if err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	return newDesk(db), nil
}

func newDesk(db *database.DB) *Desk {
	return &Desk{db: db, cost: defaultCost, hashing: make(chan struct{}, 2)}
}

// Close releases the database. It may be called twice.
func (d *Desk) Close() error { return d.db.Close() }

// Look reads the desk's file through and returns an error that says what is
// damaged; see [database.DB.Look].
func (d *Desk) Look(ctx context.Context) error { return d.db.Look(ctx) }

// migrations lead to the current tables: a file per version and kind of
// database, of which each kind has the same versions. Only add to them: the
// next number, once in sqlite and once in postgres.
//
//go:embed migrations
var migrationFiles embed.FS

func migrations() fs.FS {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // only of a name that is no path
	}
	return sub
}

// The longest fields that are taken, in bytes.
const (
	maxName   = 200
	maxObject = 1000
	maxReason = 8000
)

// check refuses a field that is empty where it must not be, or too long.
func check(field, value string, required bool, most int) error {
	if required && value == "" {
		return fmt.Errorf("%s is empty", field)
	}
	if len(value) > most {
		return fmt.Errorf("%s is %d bytes, want at most %d", field, len(value), most)
	}
	return nil
}

func checks(errs ...error) error { return errors.Join(errs...) }

// micros and moment convert times as they are stored; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
