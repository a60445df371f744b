-- +goose Up
-- +goose StatementBegin
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
-- +goose StatementEnd
