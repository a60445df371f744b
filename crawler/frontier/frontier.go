// Package frontier remembers, durably, what there is to fetch and what has
// been seen: the addresses of every source with the time each is due, and the
// content hash of every post that was handed on.
//
//	Seed ─▶ known address ─Lease─▶ being fetched ─Done─▶ due again later, and its links known
//	              ▲                      │
//	              └── lease ran out ◀────┴─Retry─▶ due again soon
//
// A page is leased, never taken: if its holder dies, the lease runs out and
// the page is due again. Done records the next visit, the links and the posts
// of a page in one transaction, so a crash leaves either all of it or none.
// Call it after the posts are safe elsewhere; then nothing is lost, and only
// posts whose Done did not happen are handed on twice.
//
// A Frontier belongs to one process; a second one is refused. Nothing grows
// in memory with the number of addresses or posts.
package frontier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the only driver of this package

	"veghe"
)

// Link is an address to know.
type Link struct {
	URL    string // canonical: the identity of the page within its source
	Kind   string // what the caller calls it; kept as it is
	Thread veghe.ThreadID
	Seq    int    // posts of Thread on earlier pages
	Depth  int    // links away from a start page
	Chain  int    // "next page" links away from the first page of a list or thread
	Mark   string // when it changes, the page and the last page of Thread are due at once
	Next   bool   // the continuation of the page it stands on: due at once if that page had news
}

// Page is a leased address.
type Page struct {
	Source veghe.SourceID
	Link
	ETag, LastModified string        // of the last answer
	Every              time.Duration // the interval it is on; 0 if never fetched
	Fails              int           // failed fetches in a row
	Fetched            time.Time     // the last success; zero if never
	lease              int64         // when the lease ends; names it
}

// Seen is a post that was handed on.
type Seen struct {
	ID   veghe.PostID
	Hash string // of its content
}

// Outcome is what to remember of a page that was handled.
type Outcome struct {
	Now time.Time // when
	// Asap is when new links and pages with news are due; zero means Now. A
	// visit of a whole source gives its start, so that it sees what it finds
	// and ends.
	Asap time.Time
	// Quiet is the time to the next visit if the page brought no news, Busy
	// if it did: a post in News, a link not known, a mark that changed.
	Quiet, Busy        time.Duration
	News               int // posts that were not seen before
	ETag, LastModified string
	// Last says that this is, so far, the last page of its thread: news
	// will come here.
	Last  bool
	Links []Link
	Posts []Seen
	// Home says that the page is where its posts stand, as a thread is and a
	// feed is not, and that Posts are all that it has: those that stood here
	// before and do not any more are looked for, see absent.go.
	Home bool
}

// Novelty says whether a post was seen before.
type Novelty int

// A post is new, known with the same content, or known with other content.
const (
	New Novelty = iota
	Known
	Edited
)

// Counts describe a source.
type Counts struct {
	Known, Due, Posts int64
}

// Options bound a Frontier. Zero fields mean the defaults.
type Options struct {
	// MaxKnown bounds the addresses remembered per source; further ones are
	// not taken until old ones are forgotten. 0 means 1,000,000.
	MaxKnown int64
}

// ErrLeaseLost is returned for a page whose lease ran out and was given to
// someone else, or that was forgotten meanwhile. What was found on it is not
// recorded; its new holder will find it again.
var ErrLeaseLost = errors.New("the lease of the page ran out: it will be fetched again")

// Frontier is safe for concurrent use.
type Frontier struct {
	db   *sql.DB
	conn *sql.Conn // the only one; used by whoever has the turn
	opt  Options

	line  *line
	stmts map[string]*sql.Stmt // by text; for whoever has the turn

	mu    sync.Mutex               // guards known
	known map[veghe.SourceID]int64 // addresses per source
}

const schema = `
CREATE TABLE IF NOT EXISTS pages (
	source   TEXT NOT NULL,
	url      TEXT NOT NULL,
	kind     TEXT NOT NULL,
	thread   TEXT NOT NULL,
	seq      INTEGER NOT NULL,
	depth    INTEGER NOT NULL,
	chain    INTEGER NOT NULL,
	mark     TEXT NOT NULL,
	due      INTEGER NOT NULL,           -- milliseconds since 1970
	lease    INTEGER NOT NULL DEFAULT 0, -- end of the lease, 0 if free
	every    INTEGER NOT NULL DEFAULT 0, -- milliseconds
	fails    INTEGER NOT NULL DEFAULT 0,
	fetched  INTEGER NOT NULL DEFAULT 0,
	last     INTEGER NOT NULL DEFAULT 0,
	etag     TEXT NOT NULL DEFAULT '',
	modified TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (source, url)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_due  ON pages (source, due);
CREATE INDEX IF NOT EXISTS pages_last ON pages (source, thread) WHERE last = 1;
CREATE TABLE IF NOT EXISTS posts (
	source TEXT NOT NULL,
	id     TEXT NOT NULL,
	hash   TEXT NOT NULL,
	seen   INTEGER NOT NULL, -- milliseconds since 1970, to the day
	PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS posts_seen ON posts (seen);
PRAGMA user_version = 1;`

// The second version knows where posts stand, and which no longer do; see
// absent.go. Pages and threads of posts are hashes: they are many.
const schema2 = `
ALTER TABLE pages ADD COLUMN absent INTEGER NOT NULL DEFAULT 0; -- since when it answers that it is not there
ALTER TABLE pages ADD COLUMN look   INTEGER NOT NULL DEFAULT 0; -- 1 while a post missed elsewhere is looked for here
CREATE INDEX pages_thread ON pages (source, thread) WHERE thread <> '';
ALTER TABLE posts ADD COLUMN page   INTEGER NOT NULL DEFAULT 0; -- where it stood last; 0 unknown
ALTER TABLE posts ADD COLUMN thread INTEGER NOT NULL DEFAULT 0; -- of that page
ALTER TABLE posts ADD COLUMN lost   INTEGER NOT NULL DEFAULT 0; -- since when it is missed there, while it is looked for
ALTER TABLE posts ADD COLUMN gone   INTEGER NOT NULL DEFAULT 0; -- since when it is not there
ALTER TABLE posts ADD COLUMN told   INTEGER NOT NULL DEFAULT 0; -- what others were told of gone
ALTER TABLE posts ADD COLUMN again  TEXT NOT NULL DEFAULT '';   -- the post that says the same since
CREATE INDEX posts_page ON posts (source, page) WHERE page <> 0;
CREATE INDEX posts_lost ON posts (source, thread) WHERE lost <> 0;
CREATE INDEX posts_told ON posts (source) WHERE gone <> told;
CREATE INDEX posts_gone ON posts (source, hash) WHERE gone <> 0;
CREATE INDEX pages_start ON pages (source, due) WHERE depth = 0 AND chain = 0;
CREATE TABLE spent (source TEXT PRIMARY KEY, day TEXT NOT NULL, pages INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 2;`

// The third version gives, of what is due at once, what is nearest to a start
// page first: a trap of endless links is deep, and does not delay the rest.
const schema3 = `
DROP INDEX pages_due;
CREATE INDEX pages_due ON pages (source, due, depth);
PRAGMA user_version = 3;`

// The fourth version does without an index by the day on which posts were
// seen, which was half of what a new post cost, for a Forget once a day; and it
// keeps less of a post's hash, see brief.
const schema4 = `
DROP INDEX posts_seen;
UPDATE posts SET hash = substr(hash, 8, 16) WHERE hash LIKE 'sha256:%' AND length(hash) > 23;
PRAGMA user_version = 4;`

// The fifth version keeps what hosts say in their robots.txt.
const schema5 = `
CREATE TABLE robots (
	host    TEXT PRIMARY KEY, -- with scheme and port
	rules   TEXT NOT NULL,
	before  TEXT NOT NULL DEFAULT '',
	changed INTEGER NOT NULL DEFAULT 0 -- milliseconds since 1970
) WITHOUT ROWID;
PRAGMA user_version = 5;`

// version is that of the schema above; a file of a newer one is not touched.
const version = 5

// Open opens the frontier in a file, made if missing, or in memory if path is
// empty. Leases of an earlier process are released.
func Open(ctx context.Context, path string, opt Options) (*Frontier, error) {
	if opt.MaxKnown == 0 {
		opt.MaxKnown = 1_000_000
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("frontier %q: %w", path, err)
	}
	// One connection: it holds the file's lock for as long as it lives.
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	f := &Frontier{db: db, opt: opt, line: newLine(), stmts: make(map[string]*sql.Stmt), known: make(map[veghe.SourceID]int64)}
	if err := f.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("frontier %q: %w", path, err), f.Close())
	}
	return f, nil
}

func dsn(path string) string {
	// WAL with synchronous=NORMAL keeps every commit through a crash of the
	// process, and a consistent file through a crash of the machine, which
	// may cost the last commits: those pages are then fetched again.
	const pragmas = "?_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
		"&_pragma=busy_timeout(2000)"
	// Posts stand in the order of their hashes, so each new one is on a page of
	// the file of its own: a larger cache, and a longer log between two copies
	// into the file, write such a page once instead of many times.
	const room = "&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(8000)&_pragma=temp_store(MEMORY)"
	if path == "" {
		return "file::memory:" + pragmas + room
	}
	return "file:" + escape(path) + pragmas + room
}

// escape keeps the characters that mean something in an SQLite URI out of it.
func escape(path string) string {
	out := make([]byte, 0, len(path))
	for _, c := range []byte(path) {
		if c == '%' || c == '?' || c == '#' {
			out = fmt.Appendf(out, "%%%02X", c)
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

func (f *Frontier) prepare(ctx context.Context) error {
	var have int
	var err error
	if f.conn, err = f.db.Conn(ctx); err == nil {
		err = f.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have)
	}
	if err != nil {
		return fmt.Errorf("cannot open it (is another veghe using this directory?): %w", err)
	}
	if have > version {
		return fmt.Errorf("it was written by a newer veghe (format %d, want %d): update, or move the file away to start over", have, version)
	}
	if err := f.migrate(ctx, have); err != nil {
		return fmt.Errorf("cannot write it (is another veghe using this directory?): %w", err)
	}
	if _, err := f.conn.ExecContext(ctx, "UPDATE pages SET lease = 0, due = 0 WHERE lease <> 0"); err != nil {
		return err
	}
	// Pages that were fetched in the future were so by a clock that was wrong,
	// and would not be due again before it is right.
	const wrongClock = "UPDATE pages SET due = 0, fetched = 0 WHERE fetched > ?"
	if _, err := f.conn.ExecContext(ctx, wrongClock, millis(time.Now().Add(time.Hour))); err != nil {
		return err
	}
	return f.recount(ctx)
}

// migrate leads from the version of the file to the present one.
func (f *Frontier) migrate(ctx context.Context, have int) error {
	if have >= version {
		return nil
	}
	return f.inTx(ctx, func(*tx) error {
		for i, step := range []string{schema, schema2, schema3, schema4, schema5} {
			if i < have {
				continue
			}
			if _, err := f.conn.ExecContext(context.WithoutCancel(ctx), step); err != nil {
				return err
			}
		}
		return nil
	})
}

// recount reads how many addresses each source has.
func (f *Frontier) recount(ctx context.Context) error {
	return f.alone(func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(ctx, "SELECT source, count(*) FROM pages GROUP BY source")
		if err != nil {
			return fmt.Errorf("frontier: %w", err)
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		known := make(map[veghe.SourceID]int64)
		for rows.Next() {
			var s veghe.SourceID
			var n int64
			if err := rows.Scan(&s, &n); err != nil {
				return fmt.Errorf("frontier: %w", err)
			}
			known[s] = n
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.known = known
		return rows.Err()
	})
}

// Close releases the file. It may be called twice.
func (f *Frontier) Close() error {
	if f.conn == nil {
		return f.db.Close()
	}
	return f.alone(func(conn *sql.Conn) error {
		for _, s := range f.stmts { // else they would keep the file
			_ = s.Close()
		}
		clear(f.stmts)
		_ = conn.Close() // it was closed before, or goes back to db, which tells
		return f.db.Close()
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Seed makes exactly these the start pages of a source: those not yet known
// are due at once, earlier ones that are not among them are forgotten.
func (f *Frontier) Seed(ctx context.Context, source veghe.SourceID, now time.Time, links ...Link) error {
	err := f.inTx(ctx, func(t *tx) error {
		if _, err := t.exec("UPDATE pages SET depth = -1 WHERE source = ? AND depth = 0 AND chain = 0", source); err != nil {
			return err
		}
		for _, l := range links {
			const upsert = `INSERT INTO pages (source, url, kind, thread, seq, depth, chain, mark, due) VALUES (?,?,?,?,?,0,0,?,?)
				ON CONFLICT DO UPDATE SET kind = excluded.kind, depth = 0, chain = 0`
			_, err := t.exec(upsert, source, l.URL, l.Kind, l.Thread, l.Seq, l.Mark, millis(now))
			if err != nil {
				return err
			}
		}
		_, err := t.exec("DELETE FROM pages WHERE source = ? AND depth = -1", source)
		return err
	})
	if err != nil {
		return err
	}
	return f.recount(ctx)
}

// Wake makes the start pages of a source due at once.
func (f *Frontier) Wake(ctx context.Context, source veghe.SourceID, now time.Time) error {
	return f.inTx(ctx, func(t *tx) error {
		const wake = "UPDATE pages SET due = min(due, ?) WHERE source = ? AND depth = 0 AND chain = 0 AND lease = 0"
		_, err := t.exec(wake, millis(now), source)
		return err
	})
}

// NextStart is when the first of the start pages of a source is due, zero if
// it has none.
func (f *Frontier) NextStart(ctx context.Context, source veghe.SourceID) (time.Time, error) {
	var ms sql.NullInt64
	const query = "SELECT min(due) FROM pages WHERE source = ? AND depth = 0 AND chain = 0"
	err := f.inTx(ctx, func(t *tx) error { return t.one([]any{&ms}, query, source) })
	return fromMillis(ms.Int64), err
}

// Done records a handled page, its links and its posts, all or nothing. Links
// that are known already stay as they are, unless their mark changed or they
// continue a page with news.
func (f *Frontier) Done(ctx context.Context, p Page, o Outcome) error {
	if o.Asap.IsZero() {
		o.Asap = o.Now
	}
	return f.inTx(ctx, func(t *tx) error {
		var mark string
		const mine = "SELECT mark FROM pages WHERE source = ? AND url = ? AND lease = ?"
		switch err := t.one([]any{&mark}, mine, p.Source, p.URL, p.lease); {
		case errors.Is(err, sql.ErrNoRows):
			return ErrLeaseLost
		case err != nil:
			return err
		}
		l := linker{tx: t, source: p.Source, asap: o.Asap, room: t.room(p.Source), news: o.News}
		if err := l.addAll(o.Links); err != nil {
			return err
		}
		t.grown[p.Source] += l.added
		if err := place(t, p, o); err != nil {
			return err
		}
		every := o.Quiet
		if l.news > 0 {
			every = o.Busy
		}
		due := o.Now.Add(every)
		if mark != p.Mark {
			due = o.Asap // it changed while the page was being fetched: look again
		}
		const done = `UPDATE pages SET lease = 0, fails = 0, absent = 0, look = 0, fetched = ?, every = ?, etag = ?, modified = ?, last = ?, due = ?
			WHERE source = ? AND url = ?`
		_, err := t.exec(done, millis(o.Now), every.Milliseconds(), o.ETag, o.LastModified, o.Last, millis(due), p.Source, p.URL)
		if err != nil {
			return err
		}
		return settleThread(t, p)
	})
}

// held reports a lost lease when a statement for a leased page changed none.
func held(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrLeaseLost, err)
	}
	return nil
}

// Retry gives a leased page back after a failed fetch, due at the given time.
func (f *Frontier) Retry(ctx context.Context, p Page, due time.Time) error {
	return f.inTx(ctx, func(t *tx) error {
		const retry = "UPDATE pages SET lease = 0, fails = fails + 1, due = ? WHERE source = ? AND url = ? AND lease = ?"
		return held(t.exec(retry, millis(due), p.Source, p.URL, p.lease))
	})
}

// Counts counts what is remembered of a source, and what of it is due.
func (f *Frontier) Counts(ctx context.Context, source veghe.SourceID, asOf time.Time) (Counts, error) {
	var c Counts
	const query = `SELECT (SELECT count(*) FROM pages WHERE source = ?1),
		(SELECT count(*) FROM pages WHERE source = ?1 AND due <= ?2),
		(SELECT count(*) FROM posts WHERE source = ?1)`
	err := f.inTx(ctx, func(t *tx) error {
		return t.one([]any{&c.Known, &c.Due, &c.Posts}, query, source, millis(asOf))
	})
	return c, err
}

// Drop forgets a source and everything about it.
func (f *Frontier) Drop(ctx context.Context, source veghe.SourceID) error {
	err := f.inTx(ctx, func(t *tx) error {
		for _, table := range []string{"pages", "posts", "spent"} {
			if _, err := t.exec("DELETE FROM "+table+" WHERE source = ?", source); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.recount(ctx)
}
