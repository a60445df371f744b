package desk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"veghe/index/database"
)

// Delivery is how far a channel was told of a watch.
type Delivery struct {
	Channel  string    `json:"channel"`
	Watch    int64     `json:"watch"`
	Upto     int64     `json:"-"`
	Repeats  int       `json:"repeats,omitempty"`
	Failures int       `json:"failures,omitempty"`
	Next     time.Time `json:"next,omitzero"`
	Problem  string    `json:"problem,omitempty"`
	Told     time.Time `json:"told,omitzero"`
}

// DeliveryOf returns how far a channel was told of a watch.
func (d *Desk) DeliveryOf(ctx context.Context, channel string, watch int64) (Delivery, error) {
	v, err := scanDelivery(d.db.Read.QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM delivery WHERE channel = ? AND watch = ?`, channel, watch))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{Channel: channel, Watch: watch}, nil
	}
	return v, err
}

const deliveryColumns = `channel, watch, upto, repeats, failures, next, problem, told`

func scanDelivery(row database.Row) (v Delivery, err error) {
	var next, told int64
	err = row.Scan(&v.Channel, &v.Watch, &v.Upto, &v.Repeats, &v.Failures, &next, &v.Problem, &told)
	v.Next, v.Told = moment(next), moment(told)
	return v, err
}

// DeliveriesOf lists the channels that a watch was told to.
func (d *Desk) DeliveriesOf(ctx context.Context, watch int64) ([]Delivery, error) {
	return database.All(ctx, d.db.Read, scanDelivery, `SELECT `+deliveryColumns+` FROM delivery WHERE watch = ? ORDER BY channel`, watch)
}

// Pending lists what a watch found after a number, the oldest first.
func (d *Desk) Pending(ctx context.Context, watch, after int64, limit int) ([]WatchHit, error) {
	return database.All(ctx, d.db.Read, scanWatchHit, `SELECT n, post, at FROM watch_hit WHERE watch = ? AND n > ? ORDER BY n LIMIT ?`, watch, after, limit)
}

// Waiting counts what a watch found after a number, up to most, and says since
// when the oldest is known.
func (d *Desk) Waiting(ctx context.Context, watch, after int64, most int) (n int, oldest time.Time, err error) {
	var at int64
	err = d.db.Read.QueryRowContext(ctx, `SELECT count(*), coalesce(min(at), 0) FROM
		(SELECT at FROM watch_hit WHERE watch = ? AND n > ? ORDER BY n LIMIT ?) AS hits`, watch, after, most).Scan(&n, &at)
	return n, moment(at), err
}

// Delivered notes how a try went, and whom the channel was told of; both or
// neither.
func (d *Desk) Delivered(ctx context.Context, v Delivery, entities []string, at time.Time) error {
	if len(v.Problem) > maxReason {
		v.Problem = v.Problem[:maxReason]
	}
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO delivery (`+deliveryColumns+`) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
			ON CONFLICT (channel, watch) DO UPDATE SET upto = CASE WHEN delivery.upto < ?3 THEN ?3 ELSE delivery.upto END, repeats = ?4, failures = ?5, next = ?6, problem = ?7, told = ?8`,
			v.Channel, v.Watch, v.Upto, v.Repeats, v.Failures, micros(v.Next), v.Problem, micros(v.Told))
		if err != nil {
			return err
		}
		for _, e := range entities {
			_, err := tx.ExecContext(ctx, `INSERT INTO delivery_told (channel, watch, entity, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (channel, watch, entity) DO UPDATE SET at = ?4`,
				v.Channel, v.Watch, entityHash(e), micros(at))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	return nil
}

// ToldSince reports whether a channel was told of one of some entities since a
// time, and forgets those from before it.
func (d *Desk) ToldSince(ctx context.Context, channel string, watch int64, entities []string, since time.Time) (bool, error) {
	for _, e := range entities {
		var n int
		err := d.db.Read.QueryRowContext(ctx, `SELECT count(*) FROM delivery_told WHERE channel = ? AND watch = ? AND entity = ? AND at > ?`,
			channel, watch, entityHash(e), micros(since)).Scan(&n)
		if err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}

// ForgetTold drops whom channels were told of before a time.
func (d *Desk) ForgetTold(ctx context.Context, before time.Time) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM delivery_told WHERE at <= ?`, micros(before))
	return err
}

func entityHash(e string) []byte {
	h := sha256.Sum256([]byte(e))
	return h[:16]
}

// Feed says as whom a feed is read: what that account may see now is what it
// shows.
type Feed struct {
	Watch int64
	By    string
	At    time.Time
}

// MakeFeed gives a watch a feed and returns the token that reads it; the one
// before it reads nothing any more.
func (d *Desk) MakeFeed(ctx context.Context, f Feed) (token string, err error) {
	if err := check("by", f.By, true, maxName); err != nil {
		return "", err
	}
	token, hash := freshToken()
	_, err = d.db.Write.ExecContext(ctx, `INSERT INTO feed (watch, hash, who, at) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (watch) DO UPDATE SET hash = ?2, who = ?3, at = ?4`, f.Watch, hash, f.By, micros(f.At))
	return token, err
}

// EndFeed makes the feed of a watch unreadable; there being none is no error.
func (d *Desk) EndFeed(ctx context.Context, watch int64) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM feed WHERE watch = ?`, watch)
	return err
}

// FeedOf returns the feed of a watch; ok is false if there is none.
func (d *Desk) FeedOf(ctx context.Context, watch int64) (f Feed, ok bool, err error) {
	f, _, err = d.feed(ctx, watch)
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	return f, err == nil, err
}

func (d *Desk) feed(ctx context.Context, watch int64) (f Feed, hash []byte, err error) {
	var at int64
	f.Watch = watch
	err = d.db.Read.QueryRowContext(ctx, `SELECT hash, who, at FROM feed WHERE watch = ?`, watch).Scan(&hash, &f.By, &at)
	if err != nil {
		return f, nil, err
	}
	f.At = moment(at)
	return f, hash, nil
}

// ReadFeed returns the feed of a watch to who has its token; else ErrToken.
func (d *Desk) ReadFeed(ctx context.Context, watch int64, token string) (Feed, error) {
	f, hash, err := d.feed(ctx, watch)
	if errors.Is(err, sql.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(hash, tokenHash(token)) != 1 {
		return Feed{}, ErrToken
	}
	return f, err
}
