// Package ledger keeps exact account of every post from the moment it was
// collected, per source:
//
//	collected = assessed + dead + in flight
//
// It is told by the consumers of the three topics, in any order and as often as
// they like: a post is known by its id, so that nothing counts twice whatever
// is delivered again or killed. A post that was given up and later assessed
// after all counts as assessed. One that is seen assessed or given up first
// has been collected too, so the sum holds at any time.
package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index/sqlite"
)

// File is the name of the database within the ledger's directory.
const File = "ledger.db"

// piece is how many entries are marked in one transaction.
const piece = 1000

// Entry is one post. Source may be empty where it is not known; another mark
// of the same post then tells it.
type Entry struct {
	ID     veghe.PostID
	Source veghe.SourceID
}

// Row is the account of one source. Collected is the sum of the others.
type Row struct {
	Source    veghe.SourceID `json:"source"`
	Collected int            `json:"collected"`
	Assessed  int            `json:"assessed"`
	Dead      int            `json:"dead"`
	InFlight  int            `json:"in_flight"`
}

// Ledger is the open account. All methods may be called concurrently.
type Ledger struct {
	db  *sqlite.DB
	now func() time.Time
}

// schema leads to the current tables; see sqlite.Open. Only append to it.
var schema = []string{`
CREATE TABLE source (
	n         INTEGER PRIMARY KEY,
	name      TEXT NOT NULL UNIQUE,
	collected INTEGER NOT NULL DEFAULT 0,
	assessed  INTEGER NOT NULL DEFAULT 0,
	dead      INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE entry (
	id     BLOB PRIMARY KEY,  -- see key
	source INTEGER NOT NULL,
	state  INTEGER NOT NULL,  -- bits, see state
	at     INTEGER NOT NULL   -- seconds since 1970, when it last changed
) WITHOUT ROWID;
`}

// state is what was seen of a post.
type state int

const (
	collected state = 1 << iota
	assessed
	dead
)

// counts says what a post in this state adds to its source.
func (s state) counts() (col, ass, dea int) {
	switch {
	case s == 0:
		return 0, 0, 0
	case s&assessed != 0:
		return 1, 1, 0
	case s&dead != 0:
		return 1, 0, 1
	}
	return 1, 0, 0
}

// Open opens or creates the ledger in dir. now is the clock for [Ledger.Compact];
// nil means time.Now.
func Open(ctx context.Context, dir string, now func() time.Time) (*Ledger, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, File), schema)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	return &Ledger{db: db, now: now}, nil
}

// Close releases the database. It may be called twice.
func (l *Ledger) Close() error { return l.db.Close() }

// Look reads the ledger through and returns an error that says what is damaged.
func (l *Ledger) Look(ctx context.Context) error { return sqlite.Look(ctx, l.db.Read) }

// MarkCollected notes that posts were collected.
func (l *Ledger) MarkCollected(ctx context.Context, posts []Entry) error {
	return l.mark(ctx, collected, posts)
}

// MarkAssessed notes that posts were assessed.
func (l *Ledger) MarkAssessed(ctx context.Context, posts []Entry) error {
	return l.mark(ctx, assessed, posts)
}

// MarkDead notes that posts were given up.
func (l *Ledger) MarkDead(ctx context.Context, posts []Entry) error {
	return l.mark(ctx, dead, posts)
}

// mark returns nil when all posts are noted for good. On an error some may be;
// mark them again.
func (l *Ledger) mark(ctx context.Context, s state, posts []Entry) error {
	for part := range slices.Chunk(posts, piece) {
		err := l.db.Tx(ctx, func(tx *sql.Tx) error { return l.markPart(ctx, tx, s, part) })
		if err != nil {
			return fmt.Errorf("ledger: mark %d posts: %w", len(part), err)
		}
	}
	return nil
}

// seen is what is known of a post.
type seen struct {
	source int64
	state  state
}

func (l *Ledger) markPart(ctx context.Context, tx *sql.Tx, s state, part []Entry) error {
	sources, err := l.sources(ctx, tx, part)
	if err != nil {
		return err
	}
	known, err := load(ctx, tx, part)
	if err != nil {
		return err
	}
	changed := map[string]seen{}
	sums := sums{}
	for _, e := range part {
		id := key(e.ID)
		old := known[id]
		now := seen{source: old.source, state: old.state | s}
		if old.state == 0 || old.source == sources[""] {
			now.source = sources[e.Source]
		}
		if now == old {
			continue
		}
		sums.move(old, now)
		known[id], changed[id] = now, now
	}
	if err := save(ctx, tx, changed, l.now().Unix()); err != nil {
		return err
	}
	return sums.save(ctx, tx)
}

// key is how an id is kept: our own ids, 32 hexadecimal digits, take half the
// space. An id of another form keeps its bytes, behind a zero byte so that it
// is never taken for one of ours.
func key(id veghe.PostID) string {
	if len(id) == 32 && strings.ToLower(string(id)) == string(id) {
		if b, err := hex.DecodeString(string(id)); err == nil {
			return string(b)
		}
	}
	return "\x00" + string(id) + "\x00"
}

// sources returns the numbers of the sources of a batch, and of "".
func (l *Ledger) sources(ctx context.Context, tx *sql.Tx, part []Entry) (map[veghe.SourceID]int64, error) {
	out := map[veghe.SourceID]int64{"": 0}
	for _, e := range part {
		out[e.Source] = 0
	}
	for name := range out {
		var n int64
		err := tx.QueryRowContext(ctx, `INSERT INTO source (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING n`, string(name)).Scan(&n)
		if err != nil {
			return nil, err
		}
		out[name] = n
	}
	return out, nil
}

func load(ctx context.Context, tx *sql.Tx, part []Entry) (map[string]seen, error) {
	args := make([]any, len(part))
	for i, e := range part {
		args[i] = []byte(key(e.ID))
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(args)), ",")
	rows, err := tx.QueryContext(ctx, `SELECT id, source, state FROM entry WHERE id IN (`+marks+`)`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := make(map[string]seen, len(part))
	for rows.Next() {
		var id []byte
		var s seen
		if err := rows.Scan(&id, &s.source, &s.state); err != nil {
			return nil, err
		}
		out[string(id)] = s
	}
	return out, rows.Err()
}

func save(ctx context.Context, tx *sql.Tx, changed map[string]seen, at int64) error {
	if len(changed) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO entry (id, source, state, at) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer put.Close() //nolint:errcheck // nothing to lose
	for id, s := range changed {
		if _, err := put.ExecContext(ctx, []byte(id), s.source, int(s.state), at); err != nil {
			return err
		}
	}
	return nil
}

// sums are changes of the totals, per number of the source.
type sums map[int64][3]int

// move takes a post out of what it counted as and counts it as what it is now.
func (s sums) move(old, now seen) {
	s.add(old, -1)
	s.add(now, +1)
}

func (s sums) add(p seen, by int) {
	c, a, d := p.state.counts()
	if c == 0 {
		return
	}
	t := s[p.source]
	s[p.source] = [3]int{t[0] + by*c, t[1] + by*a, t[2] + by*d}
}

func (s sums) save(ctx context.Context, tx *sql.Tx) error {
	for source, t := range s {
		if t == [3]int{} {
			continue
		}
		_, err := tx.ExecContext(ctx, `UPDATE source SET collected = collected + ?, assessed = assessed + ?, dead = dead + ? WHERE n = ?`,
			t[0], t[1], t[2], source)
		if err != nil {
			return err
		}
	}
	return nil
}

// Totals returns the account of each source, in order of their names. It is
// quick however many posts there are.
func (l *Ledger) Totals(ctx context.Context) ([]Row, error) {
	rows, err := l.db.Read.QueryContext(ctx, `SELECT name, collected, assessed, dead FROM source WHERE collected > 0 ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Row
	for rows.Next() {
		var r Row
		if err := rows.Scan(&r.Source, &r.Collected, &r.Assessed, &r.Dead); err != nil {
			return nil, err
		}
		r.InFlight = r.Collected - r.Assessed - r.Dead
		out = append(out, r)
	}
	return out, rows.Err()
}

// Compact forgets the posts that were both collected and assessed and have not
// changed since before; they stay in the totals. Such a post would count again
// if it were delivered again, so before must lie further back than the stream
// keeps records. Posts in flight and dead ones are never forgotten. It returns
// how many were.
func (l *Ledger) Compact(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for from := []byte{}; from != nil; {
		n, next, err := l.compactFrom(ctx, from, before)
		total += n
		if err != nil {
			return total, fmt.Errorf("ledger: compact: %w", err)
		}
		from = next
	}
	return total, nil
}

// compactFrom handles a stretch of ids, so that marks need not wait for the
// whole, and returns where the next one begins; nil at the end.
func (l *Ledger) compactFrom(ctx context.Context, from []byte, before time.Time) (n int, next []byte, err error) {
	err = l.db.Tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT max(id) FROM (SELECT id FROM entry WHERE id > ? ORDER BY id LIMIT 20000)`, from).Scan(&next)
		if err != nil || next == nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM entry WHERE id > ? AND id <= ? AND state & 3 = 3 AND at < ?`, from, next, before.Unix())
		if err != nil {
			return err
		}
		deleted, err := res.RowsAffected()
		n = int(deleted)
		return err
	})
	return n, next, err
}
