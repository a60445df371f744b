//go:build load

package load

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"veghe"
	"veghe/index/sqlite"
)

// dialect is what differs between the two: the same tables and the same steps
// otherwise. What matches goes into a temporary table once, and is counted and
// sorted from there: asking for it eight times would be slower.
type dialect struct {
	schema, settle, temp, match, rank string
	marked                            func(q question, ids string) (string, []any)
	text                              func(question) string
	mark                              func(n int) string // of the n-th parameter, from 1
}

const tables = `
CREATE TABLE posts (n INTEGER PRIMARY KEY, id TEXT, text TEXT, severity TEXT, category TEXT, lang TEXT, source TEXT, author TEXT, time BIGINT, day TEXT);
CREATE INDEX posts_time ON posts (time);
CREATE INDEX posts_source ON posts (source, severity, day);
CREATE TABLE indicators (post INTEGER, indicator TEXT, PRIMARY KEY (post, indicator));
`

var lite = dialect{
	schema: tables + `CREATE VIRTUAL TABLE words USING fts5 (text, content='posts', content_rowid='n', tokenize='unicode61');`,
	settle: `INSERT INTO words (words) VALUES ('optimize'); ANALYZE;`,
	temp:   `CREATE TEMP TABLE h AS SELECT p.n, p.severity, p.category, p.lang, p.source, p.day, p.time`,
	match:  ` FROM words JOIN posts p ON p.n = words.rowid WHERE words MATCH ?`,
	rank:   `bm25(words)`,
	marked: func(q question, ids string) (string, []any) {
		return `SELECT highlight(words, 0, '<', '>') FROM words WHERE words MATCH ? AND rowid IN (` + ids + `)`, []any{q.lite}
	},
	text: func(q question) string { return q.lite },
	mark: func(int) string { return "?" },
}

var postgres = dialect{
	schema: tables + `ALTER TABLE posts ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', text)) STORED;
		CREATE INDEX posts_words ON posts USING gin (words);`,
	settle: `ANALYZE;`,
	temp:   `CREATE TEMP TABLE h ON COMMIT DROP AS SELECT p.n, p.severity, p.category, p.lang, p.source, p.day, p.time`,
	match:  ` FROM posts p WHERE p.words @@ to_tsquery('simple', $1)`,
	rank:   `-ts_rank(p.words, to_tsquery('simple', $1))`,
	marked: func(q question, ids string) (string, []any) {
		return `SELECT ts_headline('simple', text, to_tsquery('simple', $1), 'HighlightAll=true') FROM posts WHERE n IN (` + ids + `)`, []any{q.pg}
	},
	text: func(q question) string { return q.pg },
	mark: func(n int) string { return fmt.Sprint("$", n) },
}

func sqliteEngine(t *testing.T, to time.Time) *engine {
	path := filepath.Join(t.TempDir(), "posts.db")
	db, err := sqlite.Open(t.Context(), path, []string{lite.schema})
	if err != nil {
		t.Fatal(err)
	}
	read, err := sql.Open("sqlite", path+"?_pragma=temp_store(MEMORY)&_pragma=cache_size(-64000)&_pragma=mmap_size(1000000000)")
	if err != nil {
		t.Fatal(err)
	}
	e := sqlEngine("SQLite FTS5", to, db.Write, read, lite)
	e.close = func(*testing.T) { _, _ = read.Close(), db.Close() }
	return e
}

func postgresEngine(t *testing.T, to time.Time, address string) *engine {
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `DROP TABLE IF EXISTS posts, indicators;`+postgres.schema); err != nil {
		t.Fatal(err)
	}
	e := sqlEngine("PostgreSQL", to, db, db, postgres)
	e.close = func(*testing.T) { _ = db.Close() }
	return e
}

func sqlEngine(name string, to time.Time, write, read *sql.DB, d dialect) *engine {
	n := 0
	return &engine{
		name: name,
		load: func(t *testing.T) time.Duration {
			started := time.Now()
			each(to, func(c *corpus, many int) {
				if err := d.insert(t.Context(), write, &n, c.posts(many)); err != nil {
					t.Fatal(err)
				}
			})
			if _, err := write.ExecContext(t.Context(), d.settle); err != nil {
				t.Fatal(err)
			}
			return time.Since(started)
		},
		ask: func(ctx context.Context, q question) (uint64, error) { return d.page(ctx, read, q) },
		meanwhile: func(ctx context.Context) error {
			return paced(ctx, to, func(c *corpus, many int) error { return d.insert(ctx, write, &n, c.posts(many)) })
		},
	}
}

func (d dialect) insert(ctx context.Context, db *sql.DB, n *int, all []veghe.Assessed) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, a := range all {
		*n++
		p := &a.Post
		row := []any{*n, string(p.ID), p.Text, string(a.Assessment.Severity), "recruitment", a.Assessment.Lang[0].Lang, string(p.Source), string(p.Author), p.PostedAt.UnixMilli(), p.PostedAt.Format(time.DateOnly)}
		if _, err := tx.ExecContext(ctx, `INSERT INTO posts (n, id, text, severity, category, lang, source, author, time, day) VALUES (`+d.marks(len(row))+`)`, row...); err != nil {
			return err
		}
		if d.temp == lite.temp {
			if _, err := tx.ExecContext(ctx, `INSERT INTO words (rowid, text) VALUES (?, ?)`, *n, p.Text); err != nil {
				return err
			}
		}
		for _, f := range a.Assessment.Findings {
			if _, err := tx.ExecContext(ctx, `INSERT INTO indicators VALUES (`+d.marks(2)+`) ON CONFLICT DO NOTHING`, *n, string(f.Indicator)); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func (d dialect) marks(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = d.mark(i + 1)
	}
	return strings.Join(out, ", ")
}

// page is a results page in SQL.
func (d dialect) page(ctx context.Context, db *sql.DB, q question) (hits uint64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	found, args := d.temp, []any{}
	order := "time DESC, n DESC"
	if q.score {
		found, order = found+", "+d.rank+" AS r", "r, time DESC"
	}
	if text := d.text(q); text != "" {
		found, args = found+d.match, append(args, text)
	} else {
		found += ` FROM posts p WHERE true`
	}
	if q.where != "" {
		found += " AND " + q.where
	}
	if _, err := tx.ExecContext(ctx, found, args...); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM h`).Scan(&hits); err != nil {
		return 0, err
	}
	for _, f := range []string{"severity", "category", "lang", "source", "day"} {
		if _, err := column(ctx, tx, `SELECT `+f+` || ' ' || count(*) FROM h GROUP BY `+f); err != nil {
			return 0, err
		}
	}
	if _, err := column(ctx, tx, `SELECT i.indicator || ' ' || count(*) FROM h JOIN indicators i ON i.post = h.n GROUP BY i.indicator`); err != nil {
		return 0, err
	}
	ids, err := column(ctx, tx, `SELECT CAST(n AS TEXT) FROM h ORDER BY `+order+` LIMIT 25`)
	if err != nil || len(ids) == 0 {
		return hits, err
	}
	marked, args := d.marked(q, strings.Join(ids, ","))
	if d.text(q) == "" {
		marked, args = `SELECT text FROM posts WHERE n IN (`+strings.Join(ids, ",")+`)`, nil
	}
	_, err = column(ctx, tx, marked, args...)
	return hits, err
}

func column(ctx context.Context, tx *sql.Tx, query string, args ...any) (out []string, err error) {
	return sqlite.All(ctx, tx, func(row sqlite.Row) (s string, err error) {
		err = row.Scan(&s)
		return s, err
	}, query, args...)
}
