// Package desktest lets the tests of the desk run on both kinds of
// database: on a SQLite file, and on PostgreSQL where the variable
// VEGHE_POSTGRES names a server, as deploy/ci/postgres.sh does. Each folder of
// a test stands for a schema of its own, which goes when the test ends.
package desktest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"veghe/index/database"
	"veghe/index/desk"
)

// server is the address of a PostgreSQL where schemas may be made.
const server = "VEGHE_POSTGRES"

// Open opens the desk of a test's folder, as often as it likes, and closes it
// when the test ends.
func Open(t testing.TB, dir string) *desk.Desk {
	t.Helper()
	var d *desk.Desk
	var err error
	if c, ok := Server(t, dir); ok {
		d, err = desk.Connect(t.Context(), c)
	} else {
		d, err = desk.Open(t.Context(), dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Server returns where the schema of a test's folder is, made if need be; false
// if tests run on files.
func Server(t testing.TB, dir string) (database.Config, bool) {
	t.Helper()
	address := os.Getenv(server)
	if address == "" {
		return database.Config{}, false
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("%s is not an address", server)
	}
	h := sha256.Sum256([]byte(dir))
	schema := "test_" + hex.EncodeToString(h[:8])
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing to lose
	var there bool
	if err := db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if !there {
		if _, err := db.ExecContext(t.Context(), `CREATE SCHEMA `+schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drop(t, address, schema) })
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return database.Config{URL: u.String()}, true
}

// Admin opens the server itself, to hinder it.
func Admin(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", os.Getenv(server))
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

func drop(t testing.TB, address, schema string) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer db.Close() //nolint:errcheck // nothing to lose
	// The context of the test is over by now.
	if _, err := db.ExecContext(context.Background(), `DROP SCHEMA `+schema+` CASCADE`); err != nil {
		t.Error(err)
	}
}

// Raw opens the database of a test's folder for those who go around the desk.
func Raw(t testing.TB, dir string) *sql.DB {
	t.Helper()
	driver, name := "sqlite", filepath.Join(dir, desk.File)
	if c, ok := Server(t, dir); ok {
		driver, name = "pgx", c.URL
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Unlock takes away what keeps the audit trail from careless changes.
func Unlock(t testing.TB, dir string, raw *sql.DB) {
	t.Helper()
	q := `DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete`
	if _, ok := Server(t, dir); ok {
		q = `ALTER TABLE audit DISABLE TRIGGER USER`
	}
	if _, err := raw.ExecContext(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}
