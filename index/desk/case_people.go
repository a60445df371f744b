package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"veghe/index/database"
)

// CasePerson is somebody who is in a case: it exists for them.
type CasePerson struct {
	Name string    `json:"name"`
	By   string    `json:"by"` // who let them in
	At   time.Time `json:"at"`
}

// ErrLastPerson is returned for taking out the last person of a case.
var ErrLastPerson = errors.New("somebody must stay in the case")

// CasePeople lists who is in a case, in the order of coming.
func (d *Desk) CasePeople(ctx context.Context, id string) ([]CasePerson, error) {
	out, err := database.All(ctx, d.db.Read, func(row database.Row) (p CasePerson, err error) {
		var at int64
		err = row.Scan(&p.Name, &p.By, &at)
		p.At = moment(at)
		return p, err
	}, `SELECT who, by, at FROM case_person WHERE cas = ? ORDER BY at, who`, id)
	if err != nil {
		return nil, fmt.Errorf("people of a case: %w", err)
	}
	return out, nil
}

// CasesWith lists the ids of the cases that somebody is in.
func (d *Desk) CasesWith(ctx context.Context, who string) ([]string, error) {
	out, err := database.All(ctx, d.db.Read, scanString, `SELECT cas FROM case_person WHERE who = ? ORDER BY cas`, who)
	if err != nil {
		return nil, fmt.Errorf("cases of a person: %w", err)
	}
	return out, nil
}

func scanString(row database.Row) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}

// LetIntoCase lets somebody in; who is in already stays in.
func (d *Desk) LetIntoCase(ctx context.Context, id, who, by string, at time.Time) error {
	if err := checks(check("who", who, true, maxName), check("by", by, true, maxName)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if err := mustExist(ctx, tx, id); err != nil {
			return err
		}
		n, err := letIn(ctx, tx, id, who, by, at)
		if err != nil || n == 0 {
			return err
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "let_in", Object: who})
	})
}

func letIn(ctx context.Context, tx *database.Tx, id, who, by string, at time.Time) (n int64, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO case_person (cas, who, by, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, id, who, by, micros(at))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// TakeOutOfCase takes somebody out; that they were in stays on record.
func (d *Desk) TakeOutOfCase(ctx context.Context, id, who, by string, at time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if err := mustExist(ctx, tx, id); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM case_person WHERE cas = ? AND who = ?`, id, who)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		var left int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM case_person WHERE cas = ?`, id).Scan(&left); err != nil {
			return err
		}
		if left == 0 {
			return ErrLastPerson
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "taken_out", Object: who})
	})
}
