package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"

	"veghe/index/sqlite"
)

// OpenFile opens or creates the SQLite file at path and brings it to the newest
// of the migrations in folder sqlite. A file of a later version is refused.
// Rows that are deleted are overwritten, and after [DB.Forget] they are not in
// the write-ahead log either.
func OpenFile(ctx context.Context, path string, migrations fs.FS) (*DB, error) {
	var version int64
	f, err := sqlite.OpenWith(ctx, path, func(ctx context.Context, db *sql.DB) (err error) {
		version, err = migrateFile(ctx, db, migrations)
		return err
	})
	if err != nil {
		return nil, err
	}
	db := newDB(file{f.Forget}, f.Read, f.Write)
	db.Version, db.path = version, path
	return db, nil
}

// OpenToRead opens a file that is there for reading only, whatever its schema.
func OpenToRead(ctx context.Context, path string) (*DB, error) {
	f, err := sqlite.OpenToRead(ctx, path)
	if err != nil {
		return nil, err
	}
	return newDB(file{}, f, nil), nil
}

// migrateFile runs what is missing. Two processes may do so at once: who comes
// second finds it done.
func migrateFile(ctx context.Context, db *sql.DB, migrations fs.FS) (int64, error) {
	own, err := fs.Sub(migrations, "sqlite")
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectCustom, db, own, goose.WithStore(userVersion{}), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return 0, err
	}
	newest := newestOf(p)
	for {
		have, err := p.GetDBVersion(ctx)
		switch {
		case err != nil:
			return 0, err
		case have > newest:
			return 0, newer(have, newest)
		case have == newest:
			return have, nil
		}
		if _, err := p.Up(ctx); err != nil {
			if now, look := p.GetDBVersion(ctx); look != nil || now == have {
				return 0, fmt.Errorf("to schema version %d: %w", have+1, err)
			}
		}
	}
}

func newestOf(p *goose.Provider) (v int64) {
	for _, s := range p.ListSources() {
		v = max(v, s.Version)
	}
	return v
}

// userVersion keeps the version where SQLite has a place for it, as it has been
// since before there was a library for migrations: files of any time are
// continued, and no older program takes a newer file for its own.
type userVersion struct{}

func (userVersion) Tablename() string { return "user_version" }

func (userVersion) TableExists(context.Context, goosedb.DBTxConn) (bool, error) { return true, nil }

func (userVersion) CreateVersionTable(context.Context, goosedb.DBTxConn) error { return nil }

func (userVersion) Insert(ctx context.Context, db goosedb.DBTxConn, r goosedb.InsertRequest) error {
	_, err := db.ExecContext(ctx, "PRAGMA user_version = "+strconv.FormatInt(r.Version, 10))
	return err
}

func (userVersion) Delete(context.Context, goosedb.DBTxConn, int64) error {
	return errors.New("schemas only go forward")
}

func (v userVersion) GetMigration(ctx context.Context, db goosedb.DBTxConn, version int64) (*goosedb.GetMigrationResult, error) {
	have, err := v.GetLatestVersion(ctx, db)
	if err != nil {
		return nil, err
	}
	if version > have {
		return nil, goosedb.ErrVersionNotFound
	}
	return &goosedb.GetMigrationResult{IsApplied: true}, nil
}

func (userVersion) GetLatestVersion(ctx context.Context, db goosedb.DBTxConn) (v int64, err error) {
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
	return v, err
}

func (v userVersion) ListMigrations(ctx context.Context, db goosedb.DBTxConn) ([]*goosedb.ListMigrationsResult, error) {
	have, err := v.GetLatestVersion(ctx, db)
	if err != nil {
		return nil, err
	}
	var out []*goosedb.ListMigrationsResult
	for n := have; n >= 0; n-- {
		out = append(out, &goosedb.ListMigrationsResult{Version: n, IsApplied: true})
	}
	return out, nil
}

// file is the kind of SQLite, which takes everything as it is.
type file struct {
	emptyLog func(context.Context) error
}

func (file) statement(q string, args []any) (string, []any, error) { return q, args, nil }

func (file) ended(error) bool                     { return false }
func (file) scanned([]any)                        {}
func (file) begin(context.Context, *sql.Tx) error { return nil } // it begins with the lock

func (file) snapshot(ctx context.Context, db *sql.DB) (*sql.Tx, error) { return db.BeginTx(ctx, nil) }

func (f file) forget(ctx context.Context, _ *DB) error { return f.emptyLog(ctx) }

// tables lists the tables, those that others refer to first: a table refers
// only to what was there when it was made.
func (file) tables(ctx context.Context, tx *Tx) ([]string, error) {
	return All(ctx, tx, scanString, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid`)
}

func (file) counters(ctx context.Context, tx *Tx) (map[string]int64, error) {
	return counters(ctx, tx, `SELECT name, seq FROM sqlite_sequence`)
}

func (file) count(ctx context.Context, tx *Tx, table string, last int64) error {
	for _, q := range []string{`DELETE FROM sqlite_sequence WHERE name = ?1`, `INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)`} {
		if _, err := tx.ExecContext(ctx, q, table, last); err != nil {
			return err
		}
	}
	return nil
}
