package frontier

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"
)

// A file of the first version keeps what it has.
func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frontier.db")
	const hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	db, err := sql.Open("sqlite", dsn(path))
	must(t, err)
	for _, step := range []string{
		schema,
		`INSERT INTO pages (source, url, kind, thread, seq, depth, chain, mark, due) VALUES ('s', 'u', 'thread', '', 0, 1, 0, '', 1)`,
		`INSERT INTO posts (source, id, hash, seen) VALUES ('s', 'p1', 'h1', 1), ('s', 'p3', '` + hash + `', 1)`,
	} {
		_, err := db.ExecContext(t.Context(), step)
		must(t, err)
	}
	must(t, db.Close())
	f := open(t, path)
	if got := novelty(t, f, Seen{"p3", hash}); got != Known {
		t.Errorf("a post of the first version is %d, want known", got)
	}
	got := lease(t, f, start, 5)
	if len(got) != 1 || got[0].URL != "u" {
		t.Fatalf("due %v, want u", urls(got))
	}
	must(t, f.Done(t.Context(), got[0], Outcome{Now: start, Quiet: time.Hour, Home: true, Posts: []Seen{{"p1", "h1"}, {"p2", "h2"}}}))
	got = lease(t, f, start.Add(time.Hour), 5)
	must(t, f.Done(t.Context(), got[0], Outcome{Now: start.Add(time.Hour), Home: true, Posts: []Seen{{"p2", "h2"}}}))
	changes, err := f.Changes(t.Context(), "s", 10)
	must(t, err)
	if len(changes) != 1 || changes[0].ID != "p1" || !changes[0].Since.Equal(start.Add(time.Hour)) {
		t.Errorf("changes %v, want p1 gone", changes)
	}
	// Told, and told once more by a process that was killed in between.
	for range 2 {
		must(t, f.Told(t.Context(), "s", changes))
	}
	if more, err := f.Changes(t.Context(), "s", 10); err != nil || len(more) != 0 {
		t.Errorf("changes %v, %v, want none", more, err)
	}
}
