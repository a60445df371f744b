-- +goose Up
-- +goose StatementBegin
-- How far each index has been looked through for a watch: several nodes have an
-- index each, which number their changes differently. One that is not here is
-- looked through from its beginning, which finds nothing twice.
CREATE TABLE watch_seen (
	reader TEXT COLLATE "C" NOT NULL,
	watch  BIGINT NOT NULL REFERENCES watch (id),
	upto   BIGINT NOT NULL,
	PRIMARY KEY (reader, watch)
);
ALTER TABLE watch DROP COLUMN upto;

-- What only one node does at a time. A duty runs out unless it is renewed.
CREATE TABLE duty (
	name   TEXT COLLATE "C" PRIMARY KEY,
	holder TEXT COLLATE "C" NOT NULL,
	until  BIGINT NOT NULL
);
-- +goose StatementEnd
