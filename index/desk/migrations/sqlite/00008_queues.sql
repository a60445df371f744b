-- +goose Up
-- +goose StatementBegin
-- A queue is a search whose posts a team works through. A claim says who looks
-- at a post now, so that two people do not do the same work; it runs out.
CREATE TABLE queue (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	name  TEXT NOT NULL,
	query TEXT NOT NULL,
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL,
	ended INTEGER NOT NULL -- 0: open
);
CREATE TABLE claim (
	post  TEXT PRIMARY KEY,
	queue INTEGER NOT NULL, -- 0: none
	who   TEXT NOT NULL,
	giver TEXT NOT NULL,    -- who handed it over; empty: taken
	note  TEXT NOT NULL,
	at    INTEGER NOT NULL,
	until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX claim_who ON claim (who, until);

-- A referral that waits for a second opinion.
CREATE TABLE case_referral (
	cas  TEXT PRIMARY KEY REFERENCES cases (id),
	who  TEXT NOT NULL,
	at   INTEGER NOT NULL,
	note TEXT NOT NULL
) WITHOUT ROWID;

-- Contacts, authors and templates that were put into a case.
CREATE TABLE case_value (
	cas   TEXT NOT NULL REFERENCES cases (id),
	kind  TEXT NOT NULL,
	value TEXT NOT NULL,
	post  TEXT NOT NULL, -- one of its posts, which names an author
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL,
	note  TEXT NOT NULL,
	PRIMARY KEY (cas, kind, value)
) WITHOUT ROWID;
CREATE INDEX case_value_value ON case_value (kind, value);
-- +goose StatementEnd
