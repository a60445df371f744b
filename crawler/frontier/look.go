package frontier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// ErrDamaged is wrapped by the error for a file that is not as it was written.
var ErrDamaged = errors.New("damaged")

// Look reads the frontier through, table by table, and returns an error that
// says what is damaged, if anything is. Other calls wait while a table is read.
func (f *Frontier) Look(ctx context.Context) error {
	var names string
	if err := f.ask(&names, `SELECT coalesce(group_concat(name, ' '), '') FROM sqlite_schema WHERE type = 'table'`); err != nil {
		return fmt.Errorf("tables: %w: %w", ErrDamaged, err)
	}
	for table := range strings.FieldsSeq(names) {
		var found string
		if err := f.ask(&found, `PRAGMA integrity_check('`+table+`')`); err != nil {
			return fmt.Errorf("table %s: %w: %w", table, ErrDamaged, err)
		}
		if found != "ok" {
			return fmt.Errorf("table %s: %w: %.200s", table, ErrDamaged, strings.Join(strings.Fields(found), " "))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// ask reads one value. It is not cut short: that may cost the connection, and
// with it the lock on the file.
func (f *Frontier) ask(into *string, query string) error {
	return f.alone(func(conn *sql.Conn) error {
		return conn.QueryRowContext(context.Background(), query).Scan(into)
	})
}
