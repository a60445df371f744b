-- +goose Up
-- +goose StatementBegin
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
-- +goose StatementEnd
