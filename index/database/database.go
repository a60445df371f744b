// Package database is what the desk keeps its tables in: one SQLite file, or a
// PostgreSQL database that several nodes share. Whoever uses it writes its SQL
// once, in what both understand:
//
//   - Parameters are ? or ?1, ?2. The text of a statement is a constant, never
//     made from values.
//   - Whole numbers are BIGINT, text is TEXT and goes by its bytes, with lower
//     for A to Z only and instr as in SQLite. Conditions are conditions: instr
//     (a, b) > 0, CASE instead of arithmetic with true and false.
//   - In ON CONFLICT (…) DO UPDATE the columns of the table are named with it.
//   - A number that the database gives is asked for with RETURNING.
//
// It promises the same to everybody on both kinds: one transaction changes at a
// time, over all nodes; what it reads is the newest; and numbers given to rows
// grow in the order in which others come to see the rows. PostgreSQL alone
// promises none of these three, so [DB.Tx] takes one lock of the database
// first. What people do at desks is a few writes per second at the most.
//
// It is the door to jackc/pgx and pressly/goose.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// DB is an open database. All methods may be called concurrently, also from
// several processes.
type DB struct {
	Read  *Reader // sees the last commit and waits for no writer
	Write *Writer
	// Version is the version of its schema.
	Version int64

	kind  kind
	read  *sql.DB
	write *sql.DB // one connection; nil: only to read
	path  string  // of the file, else empty
}

// kind is what differs between the two.
type kind interface {
	statement(query string, args []any) (string, []any, error) // as the driver wants them
	scanned(dest []any)                                        // mends what was read
	begin(context.Context, *sql.Tx) error                      // makes a transaction the only one that writes
	ended(error) bool                                          // of a connection that was gone before it was used
	snapshot(context.Context, *sql.DB) (*sql.Tx, error)
	forget(context.Context, *DB) error
	tables(context.Context, *Tx) ([]string, error)
	counters(context.Context, *Tx) (map[string]int64, error)
	count(ctx context.Context, tx *Tx, table string, last int64) error
}

// querier is a *sql.DB or *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Reader runs queries.
type Reader struct {
	on   querier
	kind kind
}

// QueryContext is that of database/sql.
func (r *Reader) QueryContext(ctx context.Context, query string, args ...any) (*Rows, error) {
	query, args, err := r.kind.statement(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := r.on.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // the caller's
	for try := 0; err != nil && r.again(err, try); try++ {
		rows, err = r.on.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // the caller's
	}
	if err != nil {
		return nil, err
	}
	return &Rows{rows, r.kind}, nil
}

// QueryRowContext is that of database/sql.
func (r *Reader) QueryRowContext(ctx context.Context, query string, args ...any) Row {
	query, args, err := r.kind.statement(query, args)
	if err != nil {
		return failed{err}
	}
	return &answer{r, func() Row { return r.on.QueryRowContext(ctx, query, args...) }}
}

// again reports whether to ask once more because the connection was one that
// had ended meanwhile, as all have when the server was restarted. What is asked
// in a transaction went with it.
func (r *Reader) again(err error, try int) bool {
	_, inTx := r.on.(*sql.Tx)
	return !inTx && try <= readers && r.kind.ended(err)
}

// answer is the one row of an answer, asked for when it is read.
type answer struct {
	from *Reader
	ask  func() Row
}

func (a *answer) Scan(dest ...any) error {
	err := a.ask().Scan(dest...)
	for try := 0; err != nil && a.from.again(err, try); try++ {
		err = a.ask().Scan(dest...)
	}
	if err == nil {
		a.from.kind.scanned(dest)
	}
	return err
}

// Row is what a row is read from.
type Row interface{ Scan(dest ...any) error }

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// Rows are the rows of an answer, as those of database/sql.
type Rows struct {
	*sql.Rows
	kind kind
}

// Scan reads the columns of the current row.
func (r *Rows) Scan(dest ...any) error {
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	r.kind.scanned(dest)
	return nil
}

// Tx is a transaction that may write.
type Tx struct{ Reader }

// ExecContext is that of database/sql.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query, args, err := tx.kind.statement(query, args)
	if err != nil {
		return nil, err
	}
	return tx.on.ExecContext(ctx, query, args...)
}

// Writer runs single statements that write, each a transaction of its own.
type Writer struct{ db *DB }

// ExecContext is that of database/sql.
func (w *Writer) ExecContext(ctx context.Context, query string, args ...any) (res sql.Result, err error) {
	err = w.db.Tx(ctx, func(tx *Tx) error {
		res, err = tx.ExecContext(ctx, query, args...)
		return err
	})
	return res, err
}

// Tx runs f in one transaction, while no other writes. When it returns nil the
// changes are on the disk; on any error none of them is.
func (db *DB) Tx(ctx context.Context, f func(*Tx) error) error {
	if db.write == nil {
		return errors.New("the database is open for reading only")
	}
	tx, err := db.begin(ctx)
	if err != nil && db.kind.ended(err) { // nothing was done yet
		tx, err = db.begin(ctx)
	}
	if err != nil {
		return err
	}
	if err := f(&Tx{Reader{tx, db.kind}}); err != nil {
		return undo(tx, err)
	}
	return tx.Commit()
}

func (db *DB) begin(ctx context.Context) (*sql.Tx, error) {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := db.kind.begin(ctx, tx); err != nil {
		return nil, undo(tx, err)
	}
	return tx, nil
}

func undo(tx *sql.Tx, err error) error {
	if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
		return errors.Join(err, undo)
	}
	return err
}

// Queryer is a [Reader] or a [Tx].
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) Row
}

// All runs a query on a database or in a transaction and reads every row with
// scan. Without rows it returns an empty slice, which is [] in JSON.
func All[T any](ctx context.Context, on Queryer, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
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

// Forget makes the database let go of rows that were deleted: see [OpenFile]
// and [Connect] for what that is on each kind.
func (db *DB) Forget(ctx context.Context) error { return db.kind.forget(ctx, db) }

// File is the path of the SQLite file; empty on PostgreSQL.
func (db *DB) File() string { return db.path }

// Close closes all connections. It may be called twice.
func (db *DB) Close() error {
	if db.write == nil {
		return db.read.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

func newDB(k kind, read, write *sql.DB) *DB {
	db := &DB{kind: k, read: read, write: write, Read: &Reader{read, k}}
	db.Write = &Writer{db}
	return db
}

func scanString(r Row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

// newer is the error for a schema that is not yet known.
func newer(have, know int64) error {
	return fmt.Errorf("schema version %d is newer than this program's %d: use the newer program", have, know)
}
