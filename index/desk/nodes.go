package desk

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"veghe"
	"veghe/index/database"
)

// What nodes that share a desk need of it: each has a full index of its own,
// which follows what was decided elsewhere, and some things only one of them
// does at a time.

// Duty takes or renews a duty for its holder until a time, and reports whether
// the holder has it. It falls to somebody else only after it ran out.
func (d *Desk) Duty(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	if err := checks(check("duty", name, true, maxName), check("holder", holder, true, maxName)); err != nil {
		return false, err
	}
	res, err := d.db.Write.ExecContext(ctx, `INSERT INTO duty (name, holder, until) VALUES (?1, ?2, ?4)
		ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?4 WHERE duty.holder = ?2 OR duty.until <= ?3`, name, holder, micros(now), micros(until))
	if err != nil {
		return false, fmt.Errorf("duty %q: %w", name, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// LeaveDuties lets others have what a holder has, as one that stops should.
func (d *Desk) LeaveDuties(ctx context.Context, holder string) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM duty WHERE holder = ?`, holder)
	return err
}

// Changes tells whether anything changed that an index has to follow: it is
// another when something did.
type Changes struct {
	CaseEvent int64 // the number of the last
	CasePosts int64
	Erasure   int64 // the number of the last; 0: none yet
}

// Changes asks for it, which is quick.
func (d *Desk) Changes(ctx context.Context) (c Changes, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT coalesce((SELECT max(n) FROM case_event), 0), (SELECT count(*) FROM case_post),
		coalesce((SELECT max(n) FROM deletion WHERE class = 'person'), 0)`).Scan(&c.CaseEvent, &c.CasePosts, &c.Erasure)
	if err != nil {
		return c, fmt.Errorf("changes of the desk: %w", err)
	}
	return c, nil
}

// CasePosts are the posts that are in cases, with the ids of those.
func (d *Desk) CasePosts(ctx context.Context) (map[veghe.PostID][]string, error) {
	rows, err := d.db.Read.QueryContext(ctx, `SELECT post, cas FROM case_post ORDER BY post, cas`)
	if err != nil {
		return nil, fmt.Errorf("posts in cases: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	out := map[veghe.PostID][]string{}
	for rows.Next() {
		var post veghe.PostID
		var cas string
		if err := rows.Scan(&post, &cas); err != nil {
			return nil, fmt.Errorf("posts in cases: %w", err)
		}
		out[post] = append(out[post], cas)
	}
	return out, rows.Err()
}

// ErasedForGood returns which posts were erased for good, all of them; nil
// means none.
func (d *Desk) ErasedForGood(ctx context.Context) (func(veghe.PostID) bool, error) {
	digests, err := database.All(ctx, d.db.Read, func(row database.Row) (h [sha256.Size]byte, err error) {
		var b []byte
		err = row.Scan(&b)
		copy(h[:], b)
		return h, err
	}, `SELECT digest FROM deleted WHERE erased = 1`)
	if err != nil || len(digests) == 0 {
		return nil, err
	}
	set := make(map[[sha256.Size]byte]bool, len(digests))
	for _, h := range digests {
		set[h] = true
	}
	return func(id veghe.PostID) bool { return set[sha256.Sum256([]byte(id))] }, nil
}

// WatchUpto returns the change of an index up to which it was looked through
// for a watch; 0 means that all of it is still to be looked at. Reader names
// the index.
func (d *Desk) WatchUpto(ctx context.Context, reader string, id int64) (upto int64, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT upto FROM watch_seen WHERE reader = ? AND watch = ?`, reader, id).Scan(&upto)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return upto, err
}

// WatchSaw notes that an index was looked through for a watch up to a change,
// and what was found; both or neither. A post found again, there or by another
// reader, changes nothing. It returns how many are new.
func (d *Desk) WatchSaw(ctx context.Context, reader string, id, upto int64, posts []veghe.PostID, at time.Time) (found int, err error) {
	if err := check("reader", reader, true, maxName); err != nil {
		return 0, err
	}
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO watch_seen (reader, watch, upto) VALUES (?1, ?2, ?3)
			ON CONFLICT (reader, watch) DO UPDATE SET upto = ?3 WHERE watch_seen.upto < ?3`, reader, id, upto); err != nil {
			return err
		}
		for _, p := range posts {
			res, err := tx.ExecContext(ctx, `INSERT INTO watch_hit (watch, post, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, id, string(p), micros(at))
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			found += int(n)
		}
		return nil
	})
	return found, err
}
