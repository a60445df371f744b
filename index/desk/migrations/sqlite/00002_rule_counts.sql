-- +goose Up
-- +goose StatementBegin
-- How many posts a rule had fired in, by the decision that counts and the UTC
-- day on which it was made. AddReview keeps it.
CREATE TABLE rule_day (
	rule     TEXT NOT NULL,
	day      INTEGER NOT NULL, -- since 1970
	decision TEXT NOT NULL,
	posts    INTEGER NOT NULL,
	PRIMARY KEY (day, rule, decision)
) WITHOUT ROWID;

-- The same over all days.
CREATE TABLE rule_total (
	rule     TEXT NOT NULL,
	decision TEXT NOT NULL,
	posts    INTEGER NOT NULL,
	PRIMARY KEY (rule, decision)
) WITHOUT ROWID;
INSERT INTO rule_day (rule, day, decision, posts)
	WITH newest AS (SELECT n, at, decision, row_number() OVER (PARTITION BY post ORDER BY at DESC, n DESC) AS place FROM review)
	SELECT rule, at / 86400000000, decision, count(*) FROM newest JOIN review_rule ON review = n WHERE place = 1 GROUP BY 1, 2, 3;
INSERT INTO rule_total (rule, decision, posts) SELECT rule, decision, sum(posts) FROM rule_day GROUP BY 1, 2;
-- +goose StatementEnd
