package database

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzKeepable: whatever bytes there are, PostgreSQL is given text that it
// takes, gives back what was written, and equal stays equal.
func FuzzKeepable(f *testing.F) {
	for _, s := range []string{
		"", "casa", "Ștefan", "a\x00b", "\x00", "\xff\xfe", "half \xc8", "\xed\xa0\x80 a surrogate",
		"\U0010F700 a stand-in itself", "\U0010F7FF\x00", "\U0010F800 just past them", "\U0010FFFF",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		written := keepable(s)
		if !utf8.ValidString(written) || strings.Contains(written, "\x00") {
			t.Errorf("%q is written as %q, which PostgreSQL refuses", s, written)
		}
		if got := kept(written); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
	})
}

func TestMendScanned(t *testing.T) {
	type id string
	s, named, loose, n := keepable("a\x00b"), id(keepable("\xff")), any(keepable("\x00")), int64(7)
	b := []byte("a\x00b")
	mendScanned([]any{&s, &named, &loose, &n, &b})
	if diff := cmp.Diff([]any{"a\x00b", id("\xff"), any("\x00"), int64(7), []byte("a\x00b")}, []any{s, named, loose, n, b}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStatements(t *testing.T) {
	type id string
	for _, c := range []struct {
		given string
		args  []any
		want  string
	}{
		{`SELECT 1`, nil, `SELECT 1`},
		{`WHERE b = ? AND c = ?`, []any{"x", 1}, `WHERE b = $1::text AND c = $2::bigint`},
		{`(?1 = '' OR a = ?1) LIMIT ?2`, []any{id("x"), int64(3)}, `($1::text = '' OR a = $1::text) LIMIT $2::bigint`},
		{`VALUES (?, ?, ?)`, []any{[]byte{1}, true, nil}, `VALUES ($1::bytea, $2::bigint, $3)`},
		// What is quoted or said is not a parameter.
		{"SELECT '?', \"what?\", ? -- really?\nWHERE a = ?", []any{1, 2}, "SELECT '?', \"what?\", $1::bigint -- really?\nWHERE a = $2::bigint"},
		{`SELECT 'it''s ?', ?`, []any{1}, `SELECT 'it''s ?', $1::bigint`},
		{`SELECT ? -- the end?`, []any{1}, `SELECT $1::bigint -- the end?`},
		{`SELECT 'no end ?`, nil, `SELECT 'no end ?`},
	} {
		if got, _, err := (*postgres)(nil).statement(c.given, c.args); err != nil || got != c.want {
			t.Errorf("%v: %s\n got %s\nwant %s", err, c.given, got, c.want)
		}
	}
	for _, c := range []struct {
		given string
		args  []any
	}{{`?`, nil}, {`?2`, []any{1}}, {`?0`, []any{1}}, {`?99999999999999999999`, []any{1}}, {`?`, []any{1.5}}} {
		if got, _, err := (*postgres)(nil).statement(c.given, c.args); err == nil {
			t.Errorf("%s with %v became %s", c.given, c.args, got)
		}
	}
}

func TestValues(t *testing.T) {
	type id string
	got, _, err := typed([]any{nil, "a\x00", id("x"), 3, int64(4), true, false, []byte{0}})
	want := []any{nil, keepable("a\x00"), "x", int64(3), int64(4), int64(1), int64(0), []byte{0}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		url, refused string // empty: taken
		near         bool
	}{
		{"postgres://veghe@127.0.0.1:5432/veghe", "", true},
		{"postgres://veghe@localhost/veghe?search_path=desk", "", true},
		{"postgres://veghe@[::1]/veghe", "", true},
		{"postgres:///veghe?host=/run/postgresql&user=veghe", "", true},
		{"postgresql://veghe@db.example.org/veghe?sslmode=verify-full", "", false},
		{"postgres://veghe@db.example.org/veghe?sslmode=disable", "", false},
		{"postgres://veghe@one.example.org,two.example.org/veghe?sslmode=require&target_session_attrs=read-write", "", false},

		{"postgres://veghe@db.example.org/veghe", "sslmode", false},
		{"postgres://veghe@127.0.0.1,db.example.org/veghe", "sslmode", false},
		{"postgres://veghe:hunter2@127.0.0.1/veghe", "holds a password", true},
		{"postgres://veghe@127.0.0.1/veghe?password=hunter2", "holds a password", true},
		{"host=127.0.0.1 user=veghe password=hunter2", "want an address", true},
		{"mysql://veghe@127.0.0.1/veghe", "want an address", true},
		{"postgres://veghe@127.0.0.1:port/veghe", "want an address", false},
		{"postgres://veghe@127.0.0.1/veghe?sslmode=perhaps", "not one that", true},
	} {
		err := Config{URL: c.url}.Validate()
		if (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", c.url, err, c.refused)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password", c.url)
		}
		if (Config{URL: c.url}).Near() != c.near {
			t.Errorf("%s: near is not %t", c.url, c.near)
		}
	}
}
