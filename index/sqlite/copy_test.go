package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A copy is of one moment while writers go on, keeps the version, and is whole.
func TestCopyWhileWriting(t *testing.T) {
	dir := t.TempDir()
	path, into := filepath.Join(dir, "a.db"), filepath.Join(dir, "copy.db")
	db, err := Open(t.Context(), path, []string{`CREATE TABLE t (n INTEGER PRIMARY KEY)`, `CREATE TABLE u (n INTEGER PRIMARY KEY)`})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Write.ExecContext(t.Context(), `INSERT INTO t VALUES (1), (2)`); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), path, into); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Write.ExecContext(t.Context(), `INSERT INTO t VALUES (3)`); err != nil {
		t.Fatal(err)
	}
	if v, err := Version(t.Context(), into); v != 2 || err != nil {
		t.Errorf("the copy is of version %d (%v), want 2", v, err)
	}
	if err := Check(t.Context(), into); err != nil {
		t.Error(err)
	}
	if err := Copy(t.Context(), path, into); err == nil {
		t.Error("a copy replaced a file that was there")
	}
}

func TestCheckNamesDamage(t *testing.T) {
	dir := t.TempDir()
	if err := Check(t.Context(), filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v, want fs.ErrNotExist", err)
	}
	path := filepath.Join(dir, "bad.db")
	if err := os.WriteFile(path, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), path); err == nil {
		t.Error("zeros pass for a database")
	}
	if err := Check(t.Context(), dir); err == nil {
		t.Error("a folder passes for a database")
	}
}
