package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"veghe"
	"veghe/index/database"
)

// Referral is a case that somebody wants to hand to a prosecutor or another
// unit, and that waits for a second opinion.
type Referral struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// The refusals of a second opinion.
var (
	ErrNoReferral  = errors.New("nobody asked for a referral of this case")
	ErrOwnReferral = errors.New("a second opinion is somebody else's")
)

// ProposeReferral asks for a second opinion on handing a case on. Asking again
// replaces the reason.
func (d *Desk) ProposeReferral(ctx context.Context, id, note, by string, at time.Time) error {
	if err := checks(check("by", by, true, maxName), check("note", note, true, maxReason)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if err := mustExist(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO case_referral (cas, who, at, note) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (cas) DO UPDATE SET who = ?2, at = ?3, note = ?4`, id, by, micros(at), note)
		if err != nil {
			return err
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "proposed", Note: note})
	})
}

// ReferralOf returns the referral of a case that waits; ok is false if none does.
func (d *Desk) ReferralOf(ctx context.Context, id string) (r Referral, ok bool, err error) {
	var at int64
	err = d.db.Read.QueryRowContext(ctx, `SELECT who, at, note FROM case_referral WHERE cas = ?`, id).Scan(&r.By, &at, &r.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	r.At = moment(at)
	return r, err == nil, err
}

// AnswerReferral gives the second opinion, which nobody gives on what they
// asked for themselves. If it agrees the case is referred.
func (d *Desk) AnswerReferral(ctx context.Context, id string, agree bool, note, by string, at time.Time) error {
	if err := checks(check("by", by, true, maxName), check("note", note, true, maxReason)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		var who string
		err := tx.QueryRowContext(ctx, `SELECT who FROM case_referral WHERE cas = ?`, id).Scan(&who)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoReferral
		case err != nil:
			return err
		case who == by:
			return ErrOwnReferral
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM case_referral WHERE cas = ?`, id); err != nil {
			return err
		}
		if !agree {
			return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "declined", Object: who, Note: note})
		}
		if _, err := tx.ExecContext(ctx, `UPDATE cases SET status = ? WHERE id = ?`, string(CaseReferred), id); err != nil {
			return err
		}
		if err := caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "agreed", Object: who, Note: note}); err != nil {
			return err
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "status", Object: string(CaseReferred)})
	})
}

// CaseValue is a contact, author or template that was put into a case.
type CaseValue struct {
	Kind  string       `json:"kind"`
	Value string       `json:"value"`
	Post  veghe.PostID `json:"post,omitempty"`
	By    string       `json:"by"`
	At    time.Time    `json:"at"`
	Note  string       `json:"note,omitempty"`
}

// AttachToCase puts a value into a case; one that is in it gets the new note.
func (d *Desk) AttachToCase(ctx context.Context, id string, v CaseValue) error {
	err := checks(check("kind", v.Kind, true, maxName), check("value", v.Value, true, maxObject), check("by", v.By, true, maxName), check("note", v.Note, false, maxReason))
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM case_value WHERE cas = ?`, id).Scan(&n); err != nil {
			return err
		}
		if n >= maxCasePosts {
			return fmt.Errorf("the case holds %d values already, which is the most", n)
		}
		if err := mustExist(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO case_value (cas, kind, value, post, who, at, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
			ON CONFLICT (cas, kind, value) DO UPDATE SET who = ?5, at = ?6, note = ?7`,
			id, v.Kind, v.Value, string(v.Post), v.By, micros(v.At), v.Note)
		if err != nil {
			return err
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: v.At, By: v.By, What: "attached", Object: v.Kind + " " + v.Value, Note: v.Note})
	})
}

// DetachFromCase takes a value out; that it was in the case stays on record.
func (d *Desk) DetachFromCase(ctx context.Context, id, kind, value, by string, at time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM case_value WHERE cas = ? AND kind = ? AND value = ?`, id, kind, value)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, mustExist(ctx, tx, id))
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "detached", Object: kind + " " + value})
	})
}

// CaseValues lists what was put into a case, by kind.
func (d *Desk) CaseValues(ctx context.Context, id string) ([]CaseValue, error) {
	return database.All(ctx, d.db.Read, func(row database.Row) (v CaseValue, err error) {
		var at int64
		err = row.Scan(&v.Kind, &v.Value, &v.Post, &v.By, &at, &v.Note)
		v.At = moment(at)
		return v, err
	}, `SELECT kind, value, post, who, at, note FROM case_value WHERE cas = ? ORDER BY kind, value`, id)
}

// CasesHolding lists the cases that a value was put into and that are not
// closed.
func (d *Desk) CasesHolding(ctx context.Context, kind, value string) ([]string, error) {
	return database.All(ctx, d.db.Read, scanString, `SELECT cas FROM case_value JOIN cases ON id = cas WHERE kind = ? AND value = ? AND status <> ? ORDER BY cas`,
		kind, value, string(CaseClosed))
}

// AskCase lets somebody who is not in a case ask those who are to get in
// touch. They learn who asks and about what; the asker learns nothing.
func (d *Desk) AskCase(ctx context.Context, id, about, note, by string, at time.Time) error {
	if err := checks(check("by", by, true, maxName), check("note", note, false, maxReason), check("about", about, true, maxObject)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "asked", Object: about, Note: note})
	})
}
