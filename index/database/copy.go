package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotEmpty is returned for a copy into a database that has rows already.
var ErrNotEmpty = errors.New("the database is not empty")

// Rows of a copy go in so many at a time, or so many bytes.
const (
	copyRows  = 200
	copyBytes = 1 << 20
)

// Copy copies every row of from, as of one moment, into another database of
// the same schema and of either kind, which must be empty; all or nothing.
// Writers of from go on meanwhile.
func Copy(ctx context.Context, from, into *DB) error {
	if from.Version != into.Version {
		return fmt.Errorf("copying from schema version %d into %d: want the same", from.Version, into.Version)
	}
	snapshot, err := from.kind.snapshot(ctx, from.read)
	if err != nil {
		return err
	}
	defer func() { _ = snapshot.Rollback() }() // it only read
	old := &Tx{Reader{snapshot, from.kind}}
	return into.Tx(ctx, func(tx *Tx) error {
		tables, err := from.kind.tables(ctx, old)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := wantEmpty(ctx, tx, t); err != nil {
				return err
			}
		}
		for _, t := range tables {
			if err := copyTable(ctx, old, tx, t); err != nil {
				return fmt.Errorf("table %s: %w", t, err)
			}
		}
		last, err := from.kind.counters(ctx, old)
		if err != nil {
			return err
		}
		for t, n := range last {
			if err := into.kind.count(ctx, tx, t, n); err != nil {
				return fmt.Errorf("counter of %s: %w", t, err)
			}
		}
		return nil
	})
}

func wantEmpty(ctx context.Context, tx *Tx, table string) error {
	var has bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+quoted(table)+`)`).Scan(&has); err != nil {
		return err
	}
	if has {
		return fmt.Errorf("%w: table %s has rows", ErrNotEmpty, table)
	}
	return nil
}

// quoted is a name as both kinds take it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func copyTable(ctx context.Context, from, into *Tx, table string) error {
	rows, err := from.QueryContext(ctx, `SELECT * FROM `+quoted(table))
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	b := batch{into: into, columns: len(columns)}
	for i, c := range columns {
		columns[i] = quoted(c)
	}
	b.insert = `INSERT INTO ` + quoted(table) + ` (` + strings.Join(columns, ", ") + `) VALUES `
	for rows.Next() {
		values := make([]any, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, v := range values {
			if b, ok := v.([]byte); ok && b == nil {
				values[i] = []byte{} // none would be NULL
			}
		}
		if err := b.add(ctx, values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return b.flush(ctx)
}

// batch puts rows into a table some at a time.
type batch struct {
	into    *Tx
	insert  string
	columns int
	values  []any
	bytes   int
}

func (b *batch) add(ctx context.Context, values []any) error {
	b.values = append(b.values, values...)
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	if len(b.values) >= copyRows*b.columns || b.bytes >= copyBytes {
		return b.flush(ctx)
	}
	return nil
}

func (b *batch) flush(ctx context.Context) error {
	if len(b.values) == 0 {
		return nil
	}
	row := `(` + strings.TrimSuffix(strings.Repeat("?,", b.columns), ",") + `),`
	_, err := b.into.ExecContext(ctx, b.insert+strings.TrimSuffix(strings.Repeat(row, len(b.values)/b.columns), ","), b.values...)
	b.values, b.bytes = b.values[:0], 0
	return err
}

func counters(ctx context.Context, tx *Tx, query string, args ...any) (map[string]int64, error) {
	type counter struct {
		table string
		last  int64
	}
	all, err := All(ctx, tx, func(r Row) (c counter, err error) {
		err = r.Scan(&c.table, &c.last)
		return c, err
	}, query, args...)
	out := map[string]int64{}
	for _, c := range all {
		out[c.table] = c.last
	}
	return out, err
}
