-- +goose Up
-- +goose StatementBegin
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
-- +goose StatementEnd
