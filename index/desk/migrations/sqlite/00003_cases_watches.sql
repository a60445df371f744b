-- +goose Up
-- +goose StatementBegin
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
-- +goose StatementEnd
