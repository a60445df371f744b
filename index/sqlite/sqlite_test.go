package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"veghe/index/sqlite"
)

var schema = []string{
	`CREATE TABLE word (w TEXT PRIMARY KEY)`,
	`ALTER TABLE word ADD COLUMN n INTEGER NOT NULL DEFAULT 1; CREATE INDEX word_n ON word (n)`,
}

func open(t *testing.T, path string, migrations []string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, migrations)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestMigratesStepByStep(t *testing.T) {
	// A path with everything that a URL could misread.
	path := filepath.Join(t.TempDir(), "a b#c?d%20e", "x.db")
	db := open(t, path, schema[:1])
	if _, err := db.Write.ExecContext(t.Context(), `INSERT INTO word VALUES ('casa')`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the database is not where it was asked for: %v", err)
	}

	db = open(t, path, schema)
	var n int
	if err := db.Read.QueryRowContext(t.Context(), `SELECT n FROM word WHERE w = 'casa'`).Scan(&n); err != nil || n != 1 {
		t.Fatalf("after the second step: n = %d, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	if _, err := sqlite.Open(t.Context(), path, schema[:1]); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Fatalf("an older program opened a newer schema: %v", err)
	}
}

func TestSettings(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), schema)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": "10000",
	} {
		var got string
		if err := db.Write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
	if _, err := db.Read.ExecContext(t.Context(), `INSERT INTO word (w) VALUES ('x')`); err == nil {
		t.Error("a reading connection wrote")
	}
}

func TestTxIsAllOrNothing(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), schema)
	stop := errors.New("stop")
	err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO word (w) VALUES ('x')`); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v", err)
	}
	var n int
	if err := db.Read.QueryRowContext(t.Context(), `SELECT count(*) FROM word`).Scan(&n); err != nil || n != 0 {
		t.Fatalf("%d rows (%v) after a transaction that failed", n, err)
	}
}

// Deleted bytes must not be left in the database or its log.
func TestForget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := open(t, path, schema)
	for _, q := range []string{`INSERT INTO word (w) VALUES ('unmistakable-word')`, `DELETE FROM word`} {
		if _, err := db.Write.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "unmistakable-word") {
			t.Errorf("%s still has the deleted word", filepath.Base(name))
		}
	}
}
