-- +goose Up
-- +goose StatementBegin
-- Rule documents that somebody wants, and what became of them.
CREATE TABLE proposal (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	document TEXT NOT NULL,
	base     TEXT NOT NULL,
	rules    TEXT NOT NULL,
	note     TEXT NOT NULL,
	effect   TEXT NOT NULL,
	who      TEXT NOT NULL,
	at       INTEGER NOT NULL
);
CREATE TABLE proposal_end (
	proposal INTEGER PRIMARY KEY REFERENCES proposal (id),
	status   TEXT NOT NULL,
	who      TEXT NOT NULL,
	at       INTEGER NOT NULL,
	reason   TEXT NOT NULL
);
CREATE TRIGGER proposal_no_update BEFORE UPDATE ON proposal BEGIN SELECT raise(ABORT, 'proposals are only added'); END;
CREATE TRIGGER proposal_no_delete BEFORE DELETE ON proposal BEGIN SELECT raise(ABORT, 'proposals are only added'); END;
CREATE TRIGGER proposal_end_no_update BEFORE UPDATE ON proposal_end BEGIN SELECT raise(ABORT, 'a decision on a proposal stays'); END;
CREATE TRIGGER proposal_end_no_delete BEFORE DELETE ON proposal_end BEGIN SELECT raise(ABORT, 'a decision on a proposal stays'); END;
-- +goose StatementEnd
