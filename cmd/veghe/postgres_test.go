//go:build postgres

package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe/index/database"
	"veghe/index/desk/desktest"
)

// emptyServer is a schema of the test's own, in which nothing was done.
func emptyServer(t *testing.T) database.Config {
	t.Helper()
	c, ok := desktest.Server(t, t.TempDir())
	if !ok {
		t.Fatal("VEGHE_POSTGRES names no server: run deploy/ci/postgres.sh")
	}
	return c
}

// sharing writes a configuration whose desk is there.
func sharing(t *testing.T, c database.Config, node string) string {
	t.Helper()
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	config := filepath.Join(dir, "veghe.yaml")
	for path, text := range map[string]string{
		password: os.Getenv("PGPASSWORD") + "\n",
		config:   "node: " + node + "\ncanary: {off: true}\ndesk:\n  database:\n    url: " + c.URL + "\n    password_file: " + password + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// refused runs veghe and returns what it says when it refuses.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), env{in: strings.NewReader(""), out: &out, err: &errOut}, args); code == exitOK {
		t.Fatalf("veghe %s went through: %s", strings.Join(args, " "), &out)
	}
	return out.String() + errOut.String()
}

func wantIn(t *testing.T, what, said string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(said, w) {
			t.Errorf("%s: %q is not in %q", what, w, said)
		}
	}
}

// The desk of a running veghe is in PostgreSQL, is backed up while it runs, and
// goes from there to a file, to another database, and to further nodes.
func TestPostgresBackupRestore(t *testing.T) {
	config, data := sharing(t, emptyServer(t), "one"), dataDir(t)
	do(t, "user", "add", "ana", "-role", "admin", "-c", config, "-data", data)
	p := start(t, "run", "-c", config, "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	await(t, time.Minute, "ready", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })
	if _, err := os.Stat(filepath.Join(data, "desk", "desk.db")); err == nil {
		t.Error("there is a desk.db beside the database")
	}
	doctor := do(t, "doctor", "-c", config, "-data", data)
	wantIn(t, "doctor", doctor, "PostgreSQL", "with this machine's", "each follows from the one before")
	file := filepath.Join(t.TempDir(), "b"+backupSuffix)
	do(t, "backup", "-c", config, "-data", data, file)
	p.stop()

	// Into a file.
	plain := dataDir(t)
	do(t, "restore", "-data", plain, file)
	wantIn(t, "restored to a file", do(t, "user", "list", "-data", plain), "ana")
	head := do(t, "audit", "verify", "-data", plain)
	if there := do(t, "audit", "verify", "-c", config, "-data", data); !strings.Contains(there, "the audit trail is whole") {
		t.Errorf("the trail in PostgreSQL: %s", there)
	}

	// Into another database, and not over anything.
	other, again := sharing(t, emptyServer(t), "one"), dataDir(t)
	do(t, "restore", "-c", other, "-data", again, file)
	wantIn(t, "restored to a database", do(t, "user", "list", "-c", other, "-data", again), "ana")
	if _, err := os.Stat(filepath.Join(again, "desk", "desk.db")); err == nil {
		t.Error("restore left a desk.db beside the database")
	}
	wantIn(t, "restored twice", refused(t, "restore", "-c", other, "-data", dataDir(t), file), "not empty", "-keep-desk")
	do(t, "restore", "-c", other, "-data", dataDir(t), "-keep-desk", file)

	// A desk of this machine's is taken along, and not passed over.
	third := sharing(t, emptyServer(t), "one")
	wantIn(t, "a desk that was left behind", refused(t, "run", "-c", third, "-data", plain, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0"),
		"is empty, and", "veghe desk copy")
	do(t, "desk", "copy", "-c", third, "-data", plain, filepath.Join(plain, "desk", "desk.db"))
	moved := do(t, "audit", "verify", "-c", third, "-data", plain)
	if got, want := headLine(moved), headLine(head); got != want {
		t.Errorf("the trail that was moved: %s, want %s", got, want)
	}
}

func headLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// What doctor says of a database that cannot be used.
func TestPostgresDoctor(t *testing.T) {
	c := emptyServer(t)
	config := sharing(t, c, "one")
	password := filepath.Join(filepath.Dir(config), "password")
	if err := os.WriteFile(password, []byte("unmistakable-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := refused(t, "doctor", "-c", config, "-data", dataDir(t))
	wantIn(t, "a wrong password", said, "password authentication failed", "docs/postgres.md")
	if strings.Contains(said, "unmistakable-secret") {
		t.Error("doctor tells the password")
	}
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	wantIn(t, "no password file", refused(t, "doctor", "-c", config, "-data", dataDir(t)), "desk.database.password_file")
}

// Without its database a node is not ready, and goes on when it is back.
func TestPostgresAway(t *testing.T) {
	c := emptyServer(t)
	config, data := sharing(t, c, "one"), dataDir(t)
	p := start(t, "run", "-c", config, "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	ready := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return newLocal(data).ops(ctx, http.MethodGet, "/readyz", nil) == nil
	}
	await(t, time.Minute, "ready", ready)
	raw := desktest.Admin(t)
	schema := strings.TrimPrefix(c.URL[strings.Index(c.URL, "search_path="):], "search_path=")
	// Its tables are where it does not find them, and its connections are cut.
	for _, q := range []string{
		`ALTER SCHEMA ` + schema + ` RENAME TO away_` + schema,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'veghe'`,
	} {
		if _, err := raw.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	await(t, time.Minute, "not ready", func() bool { return !ready() })
	if _, err := raw.ExecContext(t.Context(), `ALTER SCHEMA away_`+schema+` RENAME TO `+schema); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "ready again", ready)
	p.stop()
}
