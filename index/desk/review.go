package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"veghe"
)

// Decisions are the decisions a review can hold.
var Decisions = []veghe.Decision{veghe.Relevant, veghe.NotRelevant, veghe.Unsure}

// AddReview keeps a review together with the rules that had fired in the post.
// A review whose id is already there changes nothing, so that a repeat is
// harmless; added tells which it was.
func (d *Desk) AddReview(ctx context.Context, r veghe.Review, rules []veghe.RuleID) (added bool, err error) {
	if err := checkReview(r); err != nil {
		return false, fmt.Errorf("review: %w", err)
	}
	err = d.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx,
			`INSERT INTO review (id, post, decision, reason, who, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			r.ID, string(r.Post), string(r.Decision), r.Reason, r.By, micros(r.At))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		added = true
		review, err := res.LastInsertId()
		if err != nil {
			return err
		}
		for _, rule := range rules {
			_, err := tx.ExecContext(ctx, `INSERT INTO review_rule (review, rule) VALUES (?, ?) ON CONFLICT DO NOTHING`, review, string(rule))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("review %s: %w", r.ID, err)
	}
	return added, nil
}

func checkReview(r veghe.Review) error {
	if !slices.Contains(Decisions, r.Decision) {
		return fmt.Errorf("decision is %.40q, want one of %q", r.Decision, Decisions)
	}
	if r.At.IsZero() {
		return errors.New("at is empty")
	}
	return checks(
		check("id", r.ID, true, maxName),
		check("post", string(r.Post), true, maxObject),
		check("by", r.By, true, maxName),
		check("reason", r.Reason, false, maxReason),
	)
}

// Reviews returns all reviews of a post, the newest, which counts, first.
func (d *Desk) Reviews(ctx context.Context, post veghe.PostID) ([]veghe.Review, error) {
	rows, err := d.db.Read.QueryContext(ctx,
		`SELECT id, post, decision, reason, who, at FROM review WHERE post = ? ORDER BY at DESC, n DESC LIMIT 1000`, string(post))
	if err != nil {
		return nil, fmt.Errorf("reviews of %s: %w", post, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []veghe.Review
	for rows.Next() {
		var r veghe.Review
		var at int64
		if err := rows.Scan(&r.ID, &r.Post, &r.Decision, &r.Reason, &r.By, &at); err != nil {
			return nil, err
		}
		r.At = moment(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

// Decision returns the decision that counts for a post, or "".
func (d *Desk) Decision(ctx context.Context, post veghe.PostID) (veghe.Decision, error) {
	var out veghe.Decision
	err := d.db.Read.QueryRowContext(ctx,
		`SELECT decision FROM review WHERE post = ? ORDER BY at DESC, n DESC LIMIT 1`, string(post)).Scan(&out)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("decision on %s: %w", post, err)
	}
	return out, nil
}

// Verdict is how often people agreed with a rule: one count per post, by the
// review that counts.
type Verdict struct {
	Rule        veghe.RuleID `json:"rule"`
	Relevant    int          `json:"relevant"`
	NotRelevant int          `json:"not_relevant"`
	Unsure      int          `json:"unsure"`
}

// Verdicts counts decisions per rule, in order of the rule's id.
func (d *Desk) Verdicts(ctx context.Context) ([]Verdict, error) {
	rows, err := d.db.Read.QueryContext(ctx, `
		WITH newest AS (
			SELECT n, decision, row_number() OVER (PARTITION BY post ORDER BY at DESC, n DESC) AS place FROM review)
		SELECT rule,
			sum(decision = 'relevant'), sum(decision = 'not_relevant'), sum(decision = 'unsure')
		FROM newest JOIN review_rule ON review = n
		WHERE place = 1 GROUP BY rule ORDER BY rule`)
	if err != nil {
		return nil, fmt.Errorf("verdicts: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var out []Verdict
	for rows.Next() {
		var v Verdict
		if err := rows.Scan(&v.Rule, &v.Relevant, &v.NotRelevant, &v.Unsure); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
