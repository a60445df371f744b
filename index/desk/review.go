package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"veghe"
	"veghe/index/database"
)

// Decisions are the decisions a review can hold.
var Decisions = []veghe.Decision{veghe.Relevant, veghe.NotRelevant, veghe.Unsure, veghe.Withdrawn}

// ErrNoReview is wrapped by the error for a review that can never be kept.
var ErrNoReview = errors.New("review")

// AddReview keeps a review together with the rules that had fired in the post.
// A review whose id is already there changes nothing, so that a repeat is
// harmless; added tells which it was.
func (d *Desk) AddReview(ctx context.Context, r veghe.Review, rules []veghe.RuleID) (added bool, err error) {
	if err := checkReview(r); err != nil {
		return false, fmt.Errorf("%w: %w", ErrNoReview, err)
	}
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		old, err := counting(ctx, tx, r.Post)
		if err != nil {
			return err
		}
		n, err := insertReview(ctx, tx, r, rules)
		if err != nil || n == 0 {
			return err
		}
		added = true
		if micros(r.At) < old.at {
			return nil // made before the one that counts, and arrived late
		}
		return recount(ctx, tx, old.n, n)
	})
	if err != nil {
		return false, fmt.Errorf("review %s: %w", r.ID, err)
	}
	return added, nil
}

// counted is the review that counts for a post.
type counted struct{ n, at int64 }

// counting finds it; zero if there is none yet.
func counting(ctx context.Context, tx *database.Tx, post veghe.PostID) (c counted, err error) {
	err = tx.QueryRowContext(ctx, `SELECT n, at FROM review WHERE post = ? ORDER BY at DESC, n DESC LIMIT 1`, string(post)).Scan(&c.n, &c.at)
	if errors.Is(err, sql.ErrNoRows) {
		return counted{}, nil
	}
	return c, err
}

// insertReview returns the number of the new row, 0 if the id is there.
func insertReview(ctx context.Context, tx *database.Tx, r veghe.Review, rules []veghe.RuleID) (n int64, err error) {
	err = tx.QueryRowContext(ctx,
		`INSERT INTO review (id, post, decision, reason, who, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING n`,
		r.ID, string(r.Post), string(r.Decision), r.Reason, r.By, micros(r.At)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, rule := range rules {
		_, err := tx.ExecContext(ctx, `INSERT INTO review_rule (review, rule) VALUES (?, ?) ON CONFLICT DO NOTHING`, n, string(rule))
		if err != nil {
			return 0, err
		}
	}
	return n, nil
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
	out, err := database.All(ctx, d.db.Read, scanReview,
		`SELECT id, post, decision, reason, who, at FROM review WHERE post = ? ORDER BY at DESC, n DESC LIMIT 1000`, string(post))
	if err != nil {
		return nil, fmt.Errorf("reviews of %s: %w", post, err)
	}
	return out, nil
}

// scanReview reads a row of id, post, decision, reason, who and at.
func scanReview(row database.Row) (r veghe.Review, err error) {
	var at int64
	err = row.Scan(&r.ID, &r.Post, &r.Decision, &r.Reason, &r.By, &at)
	r.At = moment(at)
	return r, err
}

// Batch returns the reviews that were made together under one name.
func (d *Desk) Batch(ctx context.Context, batch string) ([]veghe.Review, error) {
	if batch == "" || len(batch) > maxName {
		return nil, nil
	}
	out, err := database.All(ctx, d.db.Read, scanReview,
		`SELECT id, post, decision, reason, who, at FROM review WHERE id > ?1 || '-' AND id < ?1 || '.' ORDER BY n LIMIT 1000`, batch)
	if err != nil {
		return nil, fmt.Errorf("batch of reviews: %w", err)
	}
	return out, nil
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
