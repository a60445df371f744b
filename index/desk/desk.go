// Package desk keeps what people decide and do, and who they are: reviews,
// cases, watches, the audit trail, accounts with their sessions and tokens, in
// one SQLite database beside the index.
//
// What was decided is not overwritten. A review is followed by a newer one, and the
// newest counts. The audit trail is a chain: each entry carries the hash of the
// one before, so that a change, a gap or a reordering shows in [Desk.Verify].
// Secrets are kept as hashes where that suffices.
package desk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"veghe/index/sqlite"
)

// File is the name of the database within the desk's directory.
const File = "desk.db"

// Desk is the open database. All methods may be called concurrently, also
// from several processes.
type Desk struct {
	db      *sqlite.DB
	cost    Cost
	hashing chan struct{} // bounds the memory that passwords take
}

// Open opens or creates the desk in dir.
func Open(ctx context.Context, dir string) (*Desk, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, File), schema)
	if err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	return &Desk{db: db, cost: defaultCost, hashing: make(chan struct{}, 2)}, nil
}

// Close releases the database. It may be called twice.
func (d *Desk) Close() error { return d.db.Close() }

// schema leads to the current tables; see sqlite.Open. Only append to it.
var schema = []string{`
CREATE TABLE review (
	n        INTEGER PRIMARY KEY AUTOINCREMENT,
	id       TEXT NOT NULL UNIQUE,
	post     TEXT NOT NULL,
	decision TEXT NOT NULL,
	reason   TEXT NOT NULL,
	who      TEXT NOT NULL,
	at       INTEGER NOT NULL -- microseconds since 1970, UTC
);
CREATE INDEX review_post ON review (post, at, n);

-- The rules that had fired in the post when it was reviewed: what the
-- precision of a rule is counted from.
CREATE TABLE review_rule (
	review INTEGER NOT NULL REFERENCES review (n),
	rule   TEXT NOT NULL,
	PRIMARY KEY (review, rule)
) WITHOUT ROWID;

CREATE TABLE audit (
	n      INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
	at     INTEGER NOT NULL,
	who    TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	reason TEXT NOT NULL,
	hash   TEXT NOT NULL        -- over the hash before and this row
);
CREATE INDEX audit_object ON audit (object, n);

CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE token (
	id      TEXT PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	name    TEXT NOT NULL,
	role    TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL, -- 0: never
	revoked INTEGER NOT NULL  -- 0: not
) WITHOUT ROWID;

-- Against mistakes, not against someone who owns the file: for that there is
-- the chain of hashes.
CREATE TRIGGER review_no_update BEFORE UPDATE ON review BEGIN SELECT raise(ABORT, 'reviews are only added'); END;
CREATE TRIGGER review_no_delete BEFORE DELETE ON review BEGIN SELECT raise(ABORT, 'reviews are only added'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is only added to'); END;
`, `
-- How many posts a rule had fired in, by the decision that counts and the UTC
-- day on which it was made. AddReview keeps it.
CREATE TABLE rule_day (
	rule     TEXT NOT NULL,
	day      INTEGER NOT NULL, -- since 1970
	decision TEXT NOT NULL,
	posts    INTEGER NOT NULL,
	PRIMARY KEY (day, rule, decision)
) WITHOUT ROWID;

-- The same over all days.
CREATE TABLE rule_total (
	rule     TEXT NOT NULL,
	decision TEXT NOT NULL,
	posts    INTEGER NOT NULL,
	PRIMARY KEY (rule, decision)
) WITHOUT ROWID;
INSERT INTO rule_day (rule, day, decision, posts)
	WITH newest AS (SELECT n, at, decision, row_number() OVER (PARTITION BY post ORDER BY at DESC, n DESC) AS place FROM review)
	SELECT rule, at / 86400000000, decision, count(*) FROM newest JOIN review_rule ON review = n WHERE place = 1 GROUP BY 1, 2, 3;
INSERT INTO rule_total (rule, decision, posts) SELECT rule, decision, sum(posts) FROM rule_day GROUP BY 1, 2;
`, `
-- A case is what belongs together. What is done to it is only added.
CREATE TABLE cases (
	id      TEXT PRIMARY KEY, -- 2026-0001
	title   TEXT NOT NULL,
	status  TEXT NOT NULL,
	who     TEXT NOT NULL,
	at      INTEGER NOT NULL,
	changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE case_post (
	cas  TEXT NOT NULL REFERENCES cases (id),
	post TEXT NOT NULL,
	who  TEXT NOT NULL,
	at   INTEGER NOT NULL,
	PRIMARY KEY (cas, post)
) WITHOUT ROWID;
CREATE INDEX case_post_post ON case_post (post);
CREATE TABLE case_event (
	n      INTEGER PRIMARY KEY AUTOINCREMENT,
	cas    TEXT NOT NULL REFERENCES cases (id),
	at     INTEGER NOT NULL,
	who    TEXT NOT NULL,
	what   TEXT NOT NULL, -- opened, added, removed, note, status
	object TEXT NOT NULL, -- the post, or the status
	note   TEXT NOT NULL
);
CREATE INDEX case_event_case ON case_event (cas, n);
CREATE TRIGGER case_event_no_update BEFORE UPDATE ON case_event BEGIN SELECT raise(ABORT, 'what was done to a case is only added to'); END;
CREATE TRIGGER case_event_no_delete BEFORE DELETE ON case_event BEGIN SELECT raise(ABORT, 'what was done to a case is only added to'); END;

-- A watch is a standing search. Upto is the change of the index that it has
-- looked at; what it found is kept once per post.
CREATE TABLE watch (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	name  TEXT NOT NULL,
	query TEXT NOT NULL,
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL,
	ended INTEGER NOT NULL, -- 0: still watching
	upto  INTEGER NOT NULL
);
CREATE TABLE watch_hit (
	n     INTEGER PRIMARY KEY AUTOINCREMENT,
	watch INTEGER NOT NULL REFERENCES watch (id),
	post  TEXT NOT NULL,
	at    INTEGER NOT NULL,
	UNIQUE (watch, post)
);
`, `
-- Who is in a case. For others it does not exist, save for those who oversee.
CREATE TABLE case_person (
	cas TEXT NOT NULL REFERENCES cases (id),
	who TEXT NOT NULL,
	by  TEXT NOT NULL,
	at  INTEGER NOT NULL,
	PRIMARY KEY (cas, who)
) WITHOUT ROWID;
CREATE INDEX case_person_who ON case_person (who, cas);
INSERT INTO case_person (cas, who, by, at) SELECT id, who, who, at FROM cases;
`, `
-- Values that identify nobody. What was taken back stays.
CREATE TABLE mark (
	n         INTEGER PRIMARY KEY AUTOINCREMENT,
	kind      TEXT NOT NULL,
	value     TEXT NOT NULL,
	who       TEXT NOT NULL,
	at        INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	undone    INTEGER NOT NULL, -- 0: in force
	undone_by TEXT NOT NULL
);
CREATE UNIQUE INDEX mark_in_force ON mark (kind, value) WHERE undone = 0;
`, `
-- Who may sign in. An account is never deleted, since the audit trail names it.
CREATE TABLE account (
	name      TEXT PRIMARY KEY,
	full      TEXT NOT NULL,
	roles     TEXT NOT NULL,    -- joined by commas
	sources   TEXT NOT NULL,    -- JSON; null: all
	password  TEXT NOT NULL,    -- argon2id; empty: none
	totp      BLOB NOT NULL,    -- shared secret of the second factor; empty: none
	totp_step INTEGER NOT NULL, -- the last one used: none is good twice
	subject   TEXT NOT NULL,    -- at the identity provider: issuer and subject; empty: local
	created   INTEGER NOT NULL,
	signed_in INTEGER NOT NULL, -- 0: never
	disabled  INTEGER NOT NULL  -- 0: not
) WITHOUT ROWID;
CREATE UNIQUE INDEX account_subject ON account (subject) WHERE subject <> '';
CREATE TABLE recovery (
	account TEXT NOT NULL REFERENCES account (name),
	hash    BLOB NOT NULL,
	PRIMARY KEY (account, hash)
) WITHOUT ROWID;
-- A link that works once. Without an account it makes the first one.
CREATE TABLE link (
	hash    BLOB PRIMARY KEY,
	account TEXT NOT NULL,
	expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE session (
	id      TEXT PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	account TEXT NOT NULL,
	started INTEGER NOT NULL,
	used    INTEGER NOT NULL,
	place   TEXT NOT NULL -- address and browser, for its owner to know it again
) WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
-- Failed sign-ins, by account and by address.
CREATE TABLE failure (
	subject TEXT PRIMARY KEY,
	n       INTEGER NOT NULL,
	at      INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE token ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
`, proposalSchema, workSchema, keepingSchema, deliverySchema}

// The longest fields that are taken, in bytes.
const (
	maxName   = 200
	maxObject = 1000
	maxReason = 8000
)

// check refuses a field that is empty where it must not be, or too long.
func check(field, value string, required bool, most int) error {
	if required && value == "" {
		return fmt.Errorf("%s is empty", field)
	}
	if len(value) > most {
		return fmt.Errorf("%s is %d bytes, want at most %d", field, len(value), most)
	}
	return nil
}

func checks(errs ...error) error { return errors.Join(errs...) }

// micros and moment convert times as they are stored; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
