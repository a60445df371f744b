package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// An open database that the disk changed is told from one that is sound, and
// the table is named.
func TestLook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, []string{`CREATE TABLE sound (n INTEGER); CREATE TABLE worn (n INTEGER PRIMARY KEY, word TEXT); CREATE INDEX worn_word ON worn (word)`})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for i := range 2000 {
		if _, err := db.Write.ExecContext(t.Context(), `INSERT INTO worn VALUES (?, ?)`, i, fmt.Sprintf("a word that fills a page, number %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Look(t.Context(), db.Read); err != nil {
		t.Fatalf("a sound database: %v", err)
	}
	if err := db.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// One letter, in the table or its index: the pages still look like pages.
	i := bytes.LastIndex(b, []byte("number 1234"))
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("N"), int64(i))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	fresh, err := OpenToRead(t.Context(), path) // nothing of it in memory
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fresh.Close() }()
	err = Look(t.Context(), fresh)
	if !IsDamaged(err) || !strings.Contains(err.Error(), "table worn") {
		t.Errorf("a changed letter: %v, want damage of table worn", err)
	}
	if err := Look(t.Context(), fresh, "worn"); err != nil {
		t.Errorf("without that table: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Look(gone, fresh, "worn"); !errors.Is(err, context.Canceled) {
		t.Errorf("out of time: %v", err)
	}
}
