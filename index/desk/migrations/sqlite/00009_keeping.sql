-- +goose Up
-- +goose StatementBegin
-- A legal hold: what it names is not deleted. What was lifted stays on record.
CREATE TABLE hold (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	kind      TEXT NOT NULL,
	value     TEXT NOT NULL,
	reason    TEXT NOT NULL,
	who       TEXT NOT NULL,
	at        INTEGER NOT NULL,
	until     INTEGER NOT NULL, -- 0: until it is lifted
	lifted    INTEGER NOT NULL, -- 0: in force
	lifted_by TEXT NOT NULL,
	lifted_why TEXT NOT NULL
);
-- What was deleted, by the digest of its ids. The audit trail has the same
-- line, under its chain of hashes.
CREATE TABLE deletion (
	n      INTEGER PRIMARY KEY AUTOINCREMENT,
	at     INTEGER NOT NULL,
	class  TEXT NOT NULL,
	posts  INTEGER NOT NULL,
	why    TEXT NOT NULL,
	who    TEXT NOT NULL,
	digest TEXT NOT NULL
);
CREATE TABLE deleted (
	digest   BLOB PRIMARY KEY, -- SHA-256 of the id
	deletion INTEGER NOT NULL REFERENCES deletion (n),
	erased   INTEGER NOT NULL  -- 1: never to come back
) WITHOUT ROWID;
-- Erasing and deleting in time are the only ways around what is only added.
CREATE TABLE erasing (x INTEGER);
DROP TRIGGER review_no_update;
DROP TRIGGER review_no_delete;
DROP TRIGGER case_event_no_update;
DROP TRIGGER case_event_no_delete;
CREATE TRIGGER review_no_update BEFORE UPDATE ON review WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT raise(ABORT, 'reviews are only added'); END;
CREATE TRIGGER review_no_delete BEFORE DELETE ON review BEGIN SELECT raise(ABORT, 'reviews are only added'); END;
CREATE TRIGGER case_event_no_update BEFORE UPDATE ON case_event WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT raise(ABORT, 'what was done to a case is only added to'); END;
CREATE TRIGGER case_event_no_delete BEFORE DELETE ON case_event WHEN NOT EXISTS (SELECT 1 FROM erasing) BEGIN SELECT raise(ABORT, 'what was done to a case is only added to'); END;
-- +goose StatementEnd
