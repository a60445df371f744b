package database

import (
	"context"

	"veghe/index/sqlite"
)

// Look reads a file through and returns an error that says what is damaged;
// see [sqlite.Look]. A PostgreSQL server looks after its own pages (data
// checksums, pg_amcheck): of that nothing is read here.
func (db *DB) Look(ctx context.Context) error {
	if db.path == "" {
		return nil
	}
	return sqlite.Look(ctx, db.read)
}
