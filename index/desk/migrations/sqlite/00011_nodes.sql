-- +goose Up
-- +goose StatementBegin
-- How far each index has been looked through for a watch: several nodes have an
-- index each, which number their changes differently. One that is not here is
-- looked through from its beginning, which finds nothing twice.
CREATE TABLE watch_seen (
	reader TEXT NOT NULL,
	watch  INTEGER NOT NULL REFERENCES watch (id),
	upto   INTEGER NOT NULL,
	PRIMARY KEY (reader, watch)
) WITHOUT ROWID;
ALTER TABLE watch DROP COLUMN upto;

-- What only one node does at a time. A duty runs out unless it is renewed.
CREATE TABLE duty (
	name   TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	until  INTEGER NOT NULL
) WITHOUT ROWID;
-- +goose StatementEnd
