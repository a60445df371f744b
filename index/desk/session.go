package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"veghe/index/database"
)

// Session is somebody who is signed in, at one browser.
type Session struct {
	ID        string // not its secret
	Account   string
	StartedAt time.Time
	UsedAt    time.Time // to the minute
	Place     string    // address and browser
}

// Lives is how long sessions last: from the start, and unused.
type Lives struct{ Absolute, Idle time.Duration }

// maxSessions is how many sessions one account has at once; the oldest end.
const maxSessions = 20

// StartSession signs an account in and returns the secret for its cookie, of
// which only the hash is kept. Sessions that are over are forgotten.
func (d *Desk) StartSession(ctx context.Context, name, place string, live Lives, now time.Time) (secret string, err error) {
	secret = rand.Text()
	for _, q := range []struct {
		text string
		args []any
	}{
		{`DELETE FROM session WHERE started < ? OR used < ?`, []any{micros(now.Add(-live.Absolute)), micros(now.Add(-live.Idle))}},
		{`DELETE FROM session WHERE id IN (SELECT id FROM session WHERE account = ? ORDER BY started DESC LIMIT 1000000 OFFSET ?)`, []any{name, maxSessions - 1}},
		{
			`INSERT INTO session (id, hash, account, started, used, place) VALUES (?, ?, ?, ?, ?, ?)`,
			[]any{rand.Text()[:12], tokenHash(secret), name, micros(now), micros(now), clip(place, maxName)},
		},
	} {
		if _, err := d.db.Write.ExecContext(ctx, q.text, q.args...); err != nil {
			return "", fmt.Errorf("session: %w", err)
		}
	}
	return secret, nil
}

// usedEvery is how often the use of a session is written down.
const usedEvery = time.Minute

// InSession returns whose session a secret is and the account as it is now, or
// ErrSignIn.
func (d *Desk) InSession(ctx context.Context, secret string, live Lives, now time.Time) (Account, Session, error) {
	all, err := d.sessions(ctx, `WHERE hash = ? AND started >= ? AND used >= ?`, tokenHash(secret), micros(now.Add(-live.Absolute)), micros(now.Add(-live.Idle)))
	if err != nil {
		return Account{}, Session{}, err
	}
	if len(all) == 0 {
		return Account{}, Session{}, ErrSignIn
	}
	s := all[0]
	a, err := d.Account(ctx, s.Account)
	if errors.Is(err, ErrNoAccount) || err == nil && a.May() == 0 {
		return Account{}, Session{}, ErrSignIn
	}
	if err != nil {
		return Account{}, Session{}, err
	}
	if now.Sub(s.UsedAt) >= min(usedEvery, live.Idle/4) {
		_, err = d.db.Write.ExecContext(ctx, `UPDATE session SET used = ? WHERE id = ?`, micros(now), s.ID)
	}
	return a, s, err
}

// Sessions lists the sessions of an account, or all, the last used first. Some
// may be over.
func (d *Desk) Sessions(ctx context.Context, name string) ([]Session, error) {
	return d.sessions(ctx, `WHERE ?1 = '' OR account = ?1 ORDER BY used DESC, id LIMIT 1000`, name)
}

func (d *Desk) sessions(ctx context.Context, where string, args ...any) ([]Session, error) {
	out, err := database.All(ctx, d.db.Read, func(row database.Row) (s Session, err error) {
		var started, used int64
		err = row.Scan(&s.ID, &s.Account, &started, &used, &s.Place)
		s.StartedAt, s.UsedAt = moment(started), moment(used)
		return s, err
	}, `SELECT id, account, started, used, place FROM session `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return out, nil
}

// EndSession ends one session by its id; name, unless empty, must be whose it
// is.
func (d *Desk) EndSession(ctx context.Context, id, name string) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM session WHERE id = ?1 AND (?2 = '' OR account = ?2)`, id, name)
	return err
}

// EndSessions ends all sessions of an account.
func (d *Desk) EndSessions(ctx context.Context, name string) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM session WHERE account = ?`, name)
	return err
}
