-- +goose Up
-- +goose StatementBegin
-- Who is in a case. For others it does not exist, save for those who oversee.
CREATE TABLE case_person (
	cas TEXT NOT NULL REFERENCES cases (id),
	who TEXT NOT NULL,
	by  TEXT NOT NULL,
	at  INTEGER NOT NULL,
	PRIMARY KEY (cas, who)
) WITHOUT ROWID;
CREATE INDEX case_person_who ON case_person (who, cas);
INSERT INTO case_person (cas, who, by, at) SELECT id, who, who, at FROM cases;
-- +goose StatementEnd
