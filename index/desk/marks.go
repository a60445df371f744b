package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"veghe/index/database"
)

// Mark says that a value identifies nobody, such as the number of a
// switchboard, so that it is left out where posts are linked.
type Mark struct {
	Kind   string    `json:"kind"` // phone | email | handle | site | author | cluster
	Value  string    `json:"value"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// maxMarks is how many values are marked at once.
const maxMarks = 20_000

// MarkValue marks a value. Marking it again changes nothing; what was marked
// and taken back stays on record.
func (d *Desk) MarkValue(ctx context.Context, m Mark) error {
	err := checks(check("kind", m.Kind, true, maxName), check("value", m.Value, true, maxObject), check("by", m.By, true, maxName), check("reason", m.Reason, true, maxReason))
	if err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM mark WHERE undone = 0`).Scan(&n); err != nil {
			return err
		}
		if n >= maxMarks {
			return fmt.Errorf("%d values are marked already, which is the most: take some back first", n)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO mark (kind, value, who, at, reason, undone, undone_by) VALUES (?, ?, ?, ?, ?, 0, '') ON CONFLICT DO NOTHING`,
			m.Kind, m.Value, m.By, micros(m.At), m.Reason)
		return err
	})
}

// UnmarkValue takes a mark back; there being none is no error.
func (d *Desk) UnmarkValue(ctx context.Context, kind, value, by string, at time.Time) error {
	_, err := d.db.Write.ExecContext(ctx, `UPDATE mark SET undone = ?, undone_by = ? WHERE kind = ? AND value = ? AND undone = 0`, micros(at), by, kind, value)
	return err
}

const markColumns = `kind, value, who, at, reason`

func scanMark(row database.Row) (m Mark, err error) {
	var at int64
	err = row.Scan(&m.Kind, &m.Value, &m.By, &at, &m.Reason)
	m.At = moment(at)
	return m, err
}

// MarkOf returns the mark in force on a value; ok is false if there is none.
func (d *Desk) MarkOf(ctx context.Context, kind, value string) (m Mark, ok bool, err error) {
	m, err = scanMark(d.db.Read.QueryRowContext(ctx, `SELECT `+markColumns+` FROM mark WHERE kind = ? AND value = ? AND undone = 0`, kind, value))
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	return m, err == nil, err
}

// Marks lists the marks in force, the newest first.
func (d *Desk) Marks(ctx context.Context) ([]Mark, error) {
	return database.All(ctx, d.db.Read, scanMark, `SELECT `+markColumns+` FROM mark WHERE undone = 0 ORDER BY n DESC`)
}
