-- +goose Up
-- +goose StatementBegin
-- How far each channel was told of each watch. What was not told yet is what
-- the watch found with a later number: nothing is queued twice, and nothing is
-- lost.
CREATE TABLE delivery (
	channel  TEXT NOT NULL,
	watch    INTEGER NOT NULL REFERENCES watch (id),
	upto     INTEGER NOT NULL, -- watch_hit.n told of
	repeats  INTEGER NOT NULL, -- finds held back, to be counted in the next note
	failures INTEGER NOT NULL, -- in a row
	next     INTEGER NOT NULL, -- not tried before
	problem  TEXT NOT NULL,    -- of the last try; empty: none
	told     INTEGER NOT NULL, -- when last; 0: never
	PRIMARY KEY (channel, watch)
) WITHOUT ROWID;

-- Whom a channel was told of, as hashes, for as long as they are not told again.
CREATE TABLE delivery_told (
	channel TEXT NOT NULL,
	watch   INTEGER NOT NULL,
	entity  BLOB NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (channel, watch, entity)
) WITHOUT ROWID;

-- A feed is read with a token in its address, as whoever made it would.
CREATE TABLE feed (
	watch INTEGER PRIMARY KEY REFERENCES watch (id),
	hash  BLOB NOT NULL,
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL
);
-- +goose StatementEnd
