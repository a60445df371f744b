package database_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"veghe/index/database"
	"veghe/index/sqlite"
)

// steps are migrations of which the newest are left out.
func steps(n int) fstest.MapFS {
	all := []string{
		"CREATE TABLE word (n INTEGER PRIMARY KEY AUTOINCREMENT, w TEXT NOT NULL, b BLOB)",
		"CREATE TABLE of_word (word INTEGER NOT NULL REFERENCES word (n), PRIMARY KEY (word)) WITHOUT ROWID",
		"ALTER TABLE word ADD COLUMN more INTEGER NOT NULL DEFAULT 1; CREATE INDEX word_more ON word (more)",
	}
	out := fstest.MapFS{}
	for i, s := range all[:n] {
		out["sqlite/0000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n-- +goose StatementBegin\n" + s + "\n-- +goose StatementEnd\n")}
	}
	return out
}

func openFile(t *testing.T, path string, n int) *database.DB {
	t.Helper()
	db, err := database.OpenFile(t.Context(), path, steps(n))
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

// A file that was migrated before there was a library for it goes on, and what
// is newer is refused, by the program of either time.
func TestFilesOfAnyTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	old, err := sqlite.Open(t.Context(), path, []string{`CREATE TABLE word (n INTEGER PRIMARY KEY AUTOINCREMENT, w TEXT NOT NULL, b BLOB); INSERT INTO word (w) VALUES ('casa')`})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db := openFile(t, path, 3)
	var w string
	if err := db.Read.QueryRowContext(t.Context(), `SELECT w FROM word WHERE more = 1`).Scan(&w); err != nil || w != "casa" || db.Version != 3 {
		t.Errorf("%q, version %d, %v", w, db.Version, err)
	}
	if _, err := database.OpenFile(t.Context(), path, steps(2)); err == nil || !strings.Contains(err.Error(), "schema version 3 is newer than this program's 2") {
		t.Errorf("an older program: %v", err)
	}
	if _, err := sqlite.Open(t.Context(), path, []string{"", ""}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a program from before the library: %v", err)
	}
}

// A step that fails leaves the version before it, and nothing of itself.
func TestFailedStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	bad := steps(3)
	bad["sqlite/00003_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE half (n INTEGER);\nSELECT nonsense;\n")}
	if _, err := database.OpenFile(t.Context(), path, bad); err == nil || !strings.Contains(err.Error(), "to schema version 3") {
		t.Fatalf("got %v", err)
	}
	if db := openFile(t, path, 3); db.Version != 3 {
		t.Errorf("mended, it is at version %d", db.Version)
	}
}

// Processes that start together migrate once.
func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := database.OpenFile(context.WithoutCancel(t.Context()), path, steps(3))
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestCopyFiles(t *testing.T) {
	dir := t.TempDir()
	from, into := openFile(t, filepath.Join(dir, "from.db"), 3), openFile(t, filepath.Join(dir, "into.db"), 3)
	err := from.Tx(t.Context(), func(tx *database.Tx) error {
		for i := range 1001 {
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO word (w, b, more) VALUES (?, ?, ?)`, strings.Repeat("\x00é", i%3), []byte{0, byte(i)}, i%2 == 0); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(t.Context(), `UPDATE word SET b = ? WHERE n = 7`, []byte{}); err != nil { // not NULL
			return err
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO of_word (word) VALUES (1000)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The last number is not given again, though its row is gone.
	if _, err := from.Write.ExecContext(t.Context(), `DELETE FROM word WHERE n = 1001`); err != nil {
		t.Fatal(err)
	}
	if err := database.Copy(t.Context(), from, into); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(words(t, from), words(t, into)); diff != "" {
		t.Errorf("the copy differs (-from +into):\n%s", diff)
	}
	var n int64
	err = into.Tx(t.Context(), func(tx *database.Tx) error {
		return tx.QueryRowContext(t.Context(), `INSERT INTO word (w) VALUES ('next') RETURNING n`).Scan(&n)
	})
	if err != nil || n != 1002 {
		t.Errorf("the next number is %d (%v), want 1002", n, err)
	}
	if err := database.Copy(t.Context(), from, into); !errors.Is(err, database.ErrNotEmpty) {
		t.Errorf("into one that has rows: %v", err)
	}
	if err := database.Copy(t.Context(), from, openFile(t, filepath.Join(dir, "old.db"), 2)); err == nil {
		t.Error("rows went into another schema")
	}
}

func words(t *testing.T, db *database.DB) []string {
	t.Helper()
	out, err := database.All(t.Context(), db.Read, func(r database.Row) (string, error) {
		var n, w string
		var b []byte
		var more int
		var null string
		err := r.Scan(&n, &w, &b, &more, &null)
		return strings.Join([]string{n, w, string(b), null, string(rune('0' + more))}, "|"), err
	}, `SELECT n, w, b, more, CASE WHEN b IS NULL THEN 'NULL' ELSE '' END FROM word ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTxIsAllOrNothing(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "x.db"), 3)
	stop := errors.New("stop")
	err := db.Tx(t.Context(), func(tx *database.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO word (w) VALUES ('x')`); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) || len(words(t, db)) != 0 {
		t.Errorf("%v, left %q", err, words(t, db))
	}
	looking, err := database.OpenToRead(t.Context(), db.File())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := looking.Write.ExecContext(t.Context(), `DELETE FROM word`); err == nil {
		t.Error("a database open for reading was written")
	}
	if err := looking.Close(); err != nil {
		t.Error(err)
	}
}
