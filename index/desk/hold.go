package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"veghe"
	"veghe/index/database"
)

// HoldKind is what a hold names.
type HoldKind string

// The kinds of holds. Those of a contact hold every post that has it, also
// posts yet to come.
const (
	HoldPost   HoldKind = "post"
	HoldCase   HoldKind = "case"
	HoldSource HoldKind = "source"
	HoldAuthor HoldKind = "author"
	HoldPhone  HoldKind = "phone"
	HoldEmail  HoldKind = "email"
	HoldHandle HoldKind = "handle"
	HoldURL    HoldKind = "url"
)

// HoldKinds lists all kinds.
var HoldKinds = []HoldKind{HoldCase, HoldPost, HoldAuthor, HoldPhone, HoldEmail, HoldHandle, HoldURL, HoldSource}

// Hold keeps what it names from being deleted.
type Hold struct {
	ID        int64     `json:"id"`
	Kind      HoldKind  `json:"kind"`
	Value     string    `json:"value"`
	Reason    string    `json:"reason"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Until     time.Time `json:"until,omitzero"` // zero: until it is lifted
	LiftedAt  time.Time `json:"lifted_at,omitzero"`
	LiftedBy  string    `json:"lifted_by,omitempty"`
	LiftedWhy string    `json:"lifted_why,omitempty"`
}

// InForce reports whether a hold holds at a time.
func (h Hold) InForce(now time.Time) bool {
	return h.LiftedAt.IsZero() && (h.Until.IsZero() || now.Before(h.Until))
}

// Holds reports whether a hold in force names a post: itself, its source, its
// author, or a contact in it.
func (h Hold) Holds(p veghe.Post, contacts []veghe.Contact) bool {
	switch h.Kind {
	case HoldPost:
		return string(p.ID) == h.Value
	case HoldSource:
		return string(p.Source) == h.Value
	case HoldAuthor:
		return string(p.Author) == h.Value
	case HoldCase: // the posts of a case are kept by being in it
		return false
	}
	return slices.ContainsFunc(contacts, func(c veghe.Contact) bool { return c.Kind == string(h.Kind) && c.Value == h.Value })
}

// ErrNoHold is returned for a hold that is not there, or no longer in force.
var ErrNoHold = errors.New("no such hold in force")

// AddHold begins a hold of h.Kind, h.Value, h.Reason, h.By and h.Until.
func (d *Desk) AddHold(ctx context.Context, h Hold, now time.Time) (Hold, error) {
	if !slices.Contains(HoldKinds, h.Kind) {
		return h, fmt.Errorf("kind is %.20q, want one of %q", h.Kind, HoldKinds)
	}
	err := checks(check("value", h.Value, true, maxObject), check("reason", h.Reason, true, maxReason), check("by", h.By, true, maxName))
	if err != nil {
		return h, fmt.Errorf("hold: %w", err)
	}
	if !h.Until.IsZero() && !now.Before(h.Until) {
		return h, errors.New("hold: it would end before it begins")
	}
	h.At = now.UTC().Truncate(time.Microsecond)
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO hold (kind, value, reason, who, at, until, lifted, lifted_by, lifted_why) VALUES (?, ?, ?, ?, ?, ?, 0, '', '') RETURNING id`,
			string(h.Kind), h.Value, h.Reason, h.By, micros(h.At), micros(h.Until)).Scan(&h.ID)
	})
	if err != nil {
		return h, fmt.Errorf("hold: %w", err)
	}
	return h, nil
}

// LiftHold ends a hold.
func (d *Desk) LiftHold(ctx context.Context, id int64, by, why string, now time.Time) error {
	if err := checks(check("by", by, true, maxName), check("reason", why, true, maxReason)); err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	res, err := d.db.Write.ExecContext(ctx, `UPDATE hold SET lifted = ?, lifted_by = ?, lifted_why = ? WHERE id = ? AND lifted = 0`, micros(now), by, why, id)
	if err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNoHold)
	}
	return nil
}

// Holds lists all holds, those not lifted first, the newest first.
func (d *Desk) Holds(ctx context.Context) ([]Hold, error) {
	out, err := database.All(ctx, d.db.Read, func(row database.Row) (h Hold, err error) {
		var at, until, lifted int64
		err = row.Scan(&h.ID, &h.Kind, &h.Value, &h.Reason, &h.By, &at, &until, &lifted, &h.LiftedBy, &h.LiftedWhy)
		h.At, h.Until, h.LiftedAt = moment(at), moment(until), moment(lifted)
		return h, err
	}, `SELECT id, kind, value, reason, who, at, until, lifted, lifted_by, lifted_why FROM hold ORDER BY lifted > 0, id DESC LIMIT 10000`)
	if err != nil {
		return nil, fmt.Errorf("holds: %w", err)
	}
	return out, nil
}

// InForce lists the holds in force.
func (d *Desk) InForce(ctx context.Context, now time.Time) ([]Hold, error) {
	all, err := d.Holds(ctx)
	return slices.DeleteFunc(all, func(h Hold) bool { return !h.InForce(now) }), err
}
