package index

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"veghe"
	"veghe/index/sqlite"
)

// File is the name of the store within the index's directory. Everything else
// there is made from it.
const File = "posts.db"

// storeSchema leads to the current tables; see sqlite.Open. Only append to it.
//
// Every change of a post gives it the next number as seq, and every removal
// leaves its number in gone until the search index has followed. So whatever
// the search index missed is what is numbered after its mark.
var storeSchema = []string{`
CREATE TABLE posts (
	seq           INTEGER PRIMARY KEY,
	id            TEXT NOT NULL UNIQUE,
	flagged       INTEGER NOT NULL,
	severity      INTEGER NOT NULL,  -- rank: 0 none to 4 critical
	score         INTEGER NOT NULL,  -- the highest, in ten-thousandths
	source        TEXT NOT NULL,
	category      TEXT NOT NULL,     -- joined by a space
	thread        TEXT NOT NULL,
	place         INTEGER NOT NULL,  -- in the thread, from 1; 0 unknown
	time          INTEGER NOT NULL,  -- what newest goes by; milliseconds since 1970, as all times here
	posted        INTEGER NOT NULL,  -- 0 unknown
	collected     INTEGER NOT NULL,
	assessed      INTEGER NOT NULL,
	indexed       INTEGER NOT NULL,  -- when first put
	rules_version TEXT NOT NULL,
	review        TEXT NOT NULL,
	cases         TEXT NOT NULL,     -- JSON
	doc           BLOB NOT NULL      -- veghe.Assessed as JSON
);
CREATE INDEX posts_time ON posts (time, id);
CREATE INDEX posts_flagged ON posts (time, id) WHERE flagged = 1;
CREATE INDEX posts_score ON posts (score, time, id) WHERE flagged = 1;
CREATE INDEX posts_thread ON posts (source, thread, place, time) WHERE thread <> '';
CREATE INDEX posts_kept ON posts (collected) WHERE flagged = 0;

CREATE TABLE gone (seq INTEGER PRIMARY KEY, id TEXT NOT NULL);

-- How many posts have a value, for pages without a query.
CREATE TABLE tally (
	flagged INTEGER NOT NULL,
	field   TEXT NOT NULL,
	value   TEXT NOT NULL,
	n       INTEGER NOT NULL,
	PRIMARY KEY (flagged, field, value)
) WITHOUT ROWID;

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`, `
ALTER TABLE posts ADD COLUMN gone    INTEGER NOT NULL DEFAULT 0; -- since when it is not where it stood; 0 it is
ALTER TABLE posts ADD COLUMN again   TEXT NOT NULL DEFAULT '';   -- the post that says the same since
ALTER TABLE posts ADD COLUMN noticed INTEGER NOT NULL DEFAULT 0; -- when that was seen
ALTER TABLE posts ADD COLUMN edited  INTEGER NOT NULL DEFAULT 0; -- when it was first seen with the newest of several texts

-- The other texts of posts that were edited; see changes.go.
CREATE TABLE versions (
	id        TEXT NOT NULL,
	hash      TEXT NOT NULL,     -- of the content
	collected INTEGER NOT NULL,
	doc       BLOB NOT NULL,     -- veghe.Assessed as JSON
	PRIMARY KEY (id, hash)
) WITHOUT ROWID;

-- What became of posts that are not here, perhaps not yet.
CREATE TABLE awaited (id TEXT PRIMARY KEY, seen INTEGER NOT NULL, change TEXT NOT NULL) WITHOUT ROWID;
`, rateSchema, `
ALTER TABLE posts ADD COLUMN sum INTEGER NOT NULL DEFAULT 0; -- of doc, see sum; 0 unknown
`, shardSchema, noveltySchema, addedSchema}

// store is the record of every post: what is not in it does not exist, and
// everything else is made from it.
type store struct {
	db   *sqlite.DB
	id   string    // random; names the store inside the search index
	read *sql.Stmt // the doc of an id: phrases read many
	// seq is the number of the last change. It is guarded by Index.writing.
	seq       int64
	ratesFrom int64 // posts up to this number are not in the base rates
	// months are the shards with posts, and most is how many there may be. They
	// are guarded by Index.writing.
	months map[month]struct{}
	most   int
}

// close releases the database. It may be called twice.
func (s *store) close() error { return errors.Join(s.read.Close(), s.db.Close()) }

func openStore(ctx context.Context, dir string) (*store, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, File), storeSchema)
	if err != nil {
		return nil, err
	}
	s := &store{db: db, most: maxShards}
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func (s *store) load(ctx context.Context) (err error) {
	if s.read, err = s.db.Read.PrepareContext(ctx, `SELECT doc FROM posts WHERE id = ?`); err != nil {
		return err
	}
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO meta VALUES ('id', ?), ('seq', '0') ON CONFLICT DO NOTHING`, rand.Text())
	if err != nil {
		return err
	}
	if err := s.db.Write.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'id'`).Scan(&s.id); err != nil {
		return err
	}
	err = s.db.Write.QueryRowContext(ctx, `SELECT
		coalesce(max(CAST(value AS INTEGER)) FILTER (WHERE name = 'seq'), 0),
		coalesce(max(CAST(value AS INTEGER)) FILTER (WHERE name = 'rates_from'), 0) FROM meta`).Scan(&s.seq, &s.ratesFrom)
	if err != nil {
		return err
	}
	counts, err := s.shardCounts(ctx)
	s.months = map[month]struct{}{}
	for m := range counts {
		s.months[m] = struct{}{}
	}
	return err
}

const columns = `seq, indexed, review, cases, gone, again, noticed, edited, shard, novelty, doc, sum`

// scan reads the columns above.
func scan(row sqlite.Row) (*record, error) {
	var r record
	var indexed, gone, noticed, edited int64
	var cases string
	var doc []byte
	var kept int64
	if err := row.Scan(&r.seq, &indexed, &r.review, &cases, &gone, &r.again, &noticed, &edited, &r.shard, &r.novelty, &doc, &kept); err != nil {
		return nil, err
	}
	if kept != 0 && kept != sum(doc) {
		return nil, fmt.Errorf("post of change %d: %w", r.seq, ErrDamaged)
	}
	r.doc = doc
	r.indexed, r.gone, r.noticed, r.edited = time.UnixMilli(indexed).UTC(), fromMillis(gone), fromMillis(noticed), fromMillis(edited)
	if err := json.Unmarshal([]byte(cases), &r.cases); err != nil {
		return nil, fmt.Errorf("cases of change %d: %w", r.seq, err)
	}
	if err := r.assessed.Decode(doc); err != nil {
		return nil, fmt.Errorf("post of change %d: %w", r.seq, err)
	}
	return &r, nil
}

// records yields the records of a query over the columns above. It goes on
// behind a damaged one if whoever reads does.
func (s *store) records(ctx context.Context, query string, args ...any) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		rows, err := s.db.Read.QueryContext(ctx, `SELECT `+columns+` FROM posts `+query, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			r, err := scan(rows)
			if !yield(r, err) || err != nil && !errors.Is(err, ErrDamaged) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func collect(all iter.Seq2[*record, error]) ([]*record, error) {
	var out []*record
	for r, err := range all {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *store) get(ctx context.Context, id veghe.PostID) (*record, error) {
	r, err := scan(s.db.Read.QueryRowContext(ctx, `SELECT `+columns+` FROM posts WHERE id = ?`, string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	return r, err
}

// text reads only what phrases need.
func (s *store) text(ctx context.Context, id string) (title, text string, err error) {
	var doc []byte
	err = s.read.QueryRowContext(ctx, id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", ErrNotFound
	}
	if err != nil {
		return "", "", err
	}
	var a struct{ Post struct{ Title, Text string } }
	err = json.Unmarshal(doc, &a)
	return a.Post.Title, a.Post.Text, err
}

// byID returns the records of some ids; those not there are left out.
func (s *store) byID(ctx context.Context, ids []string) (map[string]*record, error) {
	out := make(map[string]*record, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	for r, err := range s.records(ctx, `WHERE id IN (`+marks(len(ids))+`)`, anys(ids)...) {
		if err != nil {
			return nil, err
		}
		out[string(r.assessed.Post.ID)] = r
	}
	return out, nil
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func anys[T ~string](all []T) []any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// after returns the changes of a shard with numbers after seq, in order, at
// most n, and the number they lead to.
func (s *store) after(ctx context.Context, m month, seq int64, n int) ([]change, int64, error) {
	written, err := collect(s.records(ctx, `WHERE shard = ? AND seq > ? ORDER BY seq LIMIT ?`, int(m), seq, n))
	if err != nil {
		return nil, 0, err
	}
	upTo := int64(1<<62 - 1)
	if len(written) == n {
		upTo = written[n-1].seq
	}
	// A post removed and put again is among the written ones, here or elsewhere.
	rows, err := s.db.Read.QueryContext(ctx, `SELECT seq, id FROM gone WHERE shard = ? AND seq > ? AND seq <= ?
		AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.id = gone.id AND posts.shard = gone.shard)`, int(m), seq, upTo)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []change
	for rows.Next() {
		var at int64
		var id string
		if err := rows.Scan(&at, &id); err != nil {
			return nil, 0, err
		}
		out = append(out, change{remove: id, shard: m})
		seq = max(seq, at)
	}
	for _, r := range written {
		out = append(out, change{write: r, shard: m})
		seq = max(seq, r.seq)
	}
	return out, seq, rows.Err()
}

// followed forgets which posts were removed up to seq: the search index knows.
func (s *store) followed(ctx context.Context, seq int64) error {
	_, err := s.db.Write.ExecContext(ctx, `DELETE FROM gone WHERE seq <= ?`, seq)
	return err
}

// tallies returns the counts of one field, over flagged posts, others or both.
func (s *store) tallies(ctx context.Context, field string, sc scope) ([]Count, error) {
	return sqlite.All(ctx, s.db.Read, func(row sqlite.Row) (c Count, err error) {
		err = row.Scan(&c.Value, &c.Count)
		return c, err
	}, `SELECT value, sum(n) AS total FROM tally WHERE field = ? AND `+sc.where()+` GROUP BY value ORDER BY total DESC, value`, field)
}

// scope is which posts are looked at, by their flag.
type scope int

const (
	onlyFlagged scope = iota
	onlyOthers
	everything
)

func (s scope) where() string {
	return [...]string{`flagged = 1`, `flagged = 0`, `flagged IN (0, 1)`}[s]
}
