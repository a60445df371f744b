package desk

import (
	"context"
	"fmt"
	"math"
	"time"

	"veghe"
	"veghe/index/database"
)

// Verdict is how often people agreed with a rule: one count per post, by the
// review that counts.
type Verdict struct {
	Rule        veghe.RuleID `json:"rule"`
	Relevant    int          `json:"relevant"`
	NotRelevant int          `json:"not_relevant"`
	Unsure      int          `json:"unsure"`
}

// MinVerdicts is how many decisions it takes to speak of a rule's precision,
// and of the precision of either time when two are compared.
const MinVerdicts = 20

// Recent is the time, in whole days, that is compared with all that came
// before.
const Recent = 30 * 24 * time.Hour

// Precision is how often people agreed with a rule, and how sure that is. The
// posts are those that were reviewed, which mostly are those that were
// flagged: a rule looks better here than it is alone.
type Precision struct {
	Verdict
	// Share is nil with fewer than MinVerdicts decisions.
	Share  *Share `json:"precision,omitempty"`
	Recent Tally  `json:"recent"` // the last 30 days
	Before Tally  `json:"before"`
	// Drift says that people lately agree more or less often than before, by
	// more than chance explains: the two intervals do not touch.
	Drift Drift `json:"drift,omitempty"`
}

// Tally counts decisions without those that are unsure.
type Tally struct {
	Relevant    int `json:"relevant"`
	NotRelevant int `json:"not_relevant"`
}

// N is how many decisions the tally counts.
func (t Tally) N() int { return t.Relevant + t.NotRelevant }

// Share is the part of the decisions that agree, nil with fewer than
// MinVerdicts of them.
func (t Tally) Share() *Share {
	if t.N() < MinVerdicts {
		return nil
	}
	s := Wilson(t.Relevant, t.N())
	return &s
}

// Tally are the decisions that say something.
func (v Verdict) Tally() Tally { return Tally{v.Relevant, v.NotRelevant} }

// Share is a part of a whole with its 95 % interval.
type Share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Drift is a direction in which a share moved.
type Drift string

// The directions.
const (
	Falling Drift = "falling"
	Rising  Drift = "rising"
)

// wilsonZ is the normal quantile of a two-sided 95 % interval.
const wilsonZ = 1.959963984540054

// Wilson is k of n with the 95 % score interval of Wilson (1927), which holds
// for few decisions and for shares near 0 and 1. Of nothing, nothing is known.
func Wilson(k, n int) Share {
	if n <= 0 {
		return Share{High: 1}
	}
	p, size := float64(k)/float64(n), float64(n)
	z2 := wilsonZ * wilsonZ
	middle := p + z2/(2*size)
	half := wilsonZ * math.Sqrt(p*(1-p)/size+z2/(4*size*size))
	whole := 1 + z2/size
	return Share{Value: p, Low: max(0, (middle-half)/whole), High: min(1, (middle+half)/whole)}
}

// drift compares two times. Intervals of 95 % that do not touch are a test at
// about 0.6 %: with a hundred rules, chance alone warns of less than one.
func drift(recent, before Tally) Drift {
	now, then := recent.Share(), before.Share()
	switch {
	case now == nil || then == nil:
		return ""
	case now.High < then.Low:
		return Falling
	case now.Low > then.High:
		return Rising
	}
	return ""
}

// recount moves the counts of a post's rules from one review to another; 0 is
// none.
func recount(ctx context.Context, tx *database.Tx, from, to int64) error {
	for _, step := range []struct {
		review int64
		by     int
	}{{from, -1}, {to, 1}} {
		_, err := tx.ExecContext(ctx, `INSERT INTO rule_day (day, rule, decision, posts)
			SELECT at / ?3, rule, decision, ?2 FROM review JOIN review_rule ON review = n WHERE n = ?1
			ON CONFLICT (day, rule, decision) DO UPDATE SET posts = rule_day.posts + excluded.posts`, step.review, step.by, microsPerDay)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO rule_total (rule, decision, posts)
			SELECT rule, decision, ?2 FROM review JOIN review_rule ON review = n WHERE n = ?1
			ON CONFLICT (rule, decision) DO UPDATE SET posts = rule_total.posts + excluded.posts`, step.review, step.by)
		if err != nil {
			return err
		}
	}
	return nil
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

// Precisions counts, per rule and in order of the rule's id, one decision per
// post: that which counts now. Days are those of UTC. It reads two small
// tables, not the reviews, since a page shows it beside every finding.
func (d *Desk) Precisions(ctx context.Context, now time.Time) ([]Precision, error) {
	out, err := database.All(ctx, d.db.Read, scanPrecision, `
		WITH counts AS (
			SELECT rule, decision, posts, 0 AS lately FROM rule_total
			UNION ALL SELECT rule, decision, posts, posts FROM rule_day WHERE day >= ?)
		SELECT rule, sum(CASE decision WHEN 'unsure' THEN posts - lately ELSE 0 END),
			sum(CASE decision WHEN 'relevant' THEN lately ELSE 0 END), sum(CASE decision WHEN 'not_relevant' THEN lately ELSE 0 END),
			sum(CASE decision WHEN 'relevant' THEN posts - lately ELSE 0 END), sum(CASE decision WHEN 'not_relevant' THEN posts - lately ELSE 0 END)
		FROM counts GROUP BY rule HAVING sum(posts - lately) > 0 ORDER BY rule`, micros(now.Add(-Recent))/microsPerDay)
	if err != nil {
		return nil, fmt.Errorf("precisions: %w", err)
	}
	return out, nil
}

func scanPrecision(row database.Row) (p Precision, err error) {
	err = row.Scan(&p.Rule, &p.Unsure, &p.Recent.Relevant, &p.Recent.NotRelevant, &p.Relevant, &p.NotRelevant)
	p.Before = Tally{p.Relevant - p.Recent.Relevant, p.NotRelevant - p.Recent.NotRelevant}
	p.Share = p.Tally().Share()
	p.Drift = drift(p.Recent, p.Before)
	return p, err
}

// Decided returns the review that counts of each post, in order of the post's
// id.
func (d *Desk) Decided(ctx context.Context) ([]veghe.Review, error) {
	out, err := database.All(ctx, d.db.Read, scanReview, `
		WITH newest AS (
			SELECT *, row_number() OVER (PARTITION BY post ORDER BY at DESC, n DESC) AS place FROM review)
		SELECT id, post, decision, reason, who, at FROM newest WHERE place = 1 AND decision <> 'withdrawn' ORDER BY post`)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	return out, nil
}
