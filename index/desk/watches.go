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

// ErrNoWatch is returned for the id of a watch that is not there.
var ErrNoWatch = errors.New("no such watch")

// Watch is a standing search: whatever comes to match its query is kept.
type Watch struct {
	ID    int64     `json:"id"`
	Name  string    `json:"name"`
	Query string    `json:"query"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Ended time.Time `json:"ended,omitzero"` // zero: still watching
	Hits  int       `json:"hits"`
	Last  time.Time `json:"last_hit,omitzero"`
}

// WatchHit is a post that a watch found, and when it did.
type WatchHit struct {
	N    int64        `json:"n"` // grows; pass the last one seen to go on
	Post veghe.PostID `json:"post"`
	At   time.Time    `json:"at"`
}

// maxWatches is how many watches run at once.
const maxWatches = 500

// AddWatch begins a watch. The caller has seen that the query can be run.
func (d *Desk) AddWatch(ctx context.Context, name, query, by string, at time.Time) (Watch, error) {
	if err := checks(check("name", name, true, maxName), check("query", query, true, maxObject), check("by", by, true, maxName)); err != nil {
		return Watch{}, fmt.Errorf("watch: %w", err)
	}
	w := Watch{Name: name, Query: query, By: by, At: at.UTC().Truncate(time.Microsecond)}
	var err error
	w.ID, err = d.begin(ctx, "watch", maxWatches, `INSERT INTO watch (name, query, who, at, ended) VALUES (?, ?, ?, ?, 0)`, name, query, by, micros(w.At))
	if err != nil {
		return Watch{}, fmt.Errorf("watch: %w", err)
	}
	return w, nil
}

// begin adds a row to the table of watches or of queues, unless the most that
// may be open at once are, and returns its id.
func (d *Desk) begin(ctx context.Context, table string, most int, insert string, args ...any) (id int64, err error) {
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE ended = 0`).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return fmt.Errorf("%d are open already, which is the most: end one first", n)
		}
		return tx.QueryRowContext(ctx, insert+` RETURNING id`, args...).Scan(&id)
	})
	return id, err
}

// EndWatch ends a watch; what it found stays.
func (d *Desk) EndWatch(ctx context.Context, id int64, at time.Time) error {
	if _, err := d.Watch(ctx, id); err != nil {
		return err
	}
	_, err := d.db.Write.ExecContext(ctx, `UPDATE watch SET ended = ? WHERE id = ? AND ended = 0`, micros(at), id)
	return err
}

const watchColumns = `id, name, query, who, at, ended,
	(SELECT count(*) FROM watch_hit WHERE watch_hit.watch = watch.id), coalesce((SELECT max(at) FROM watch_hit WHERE watch_hit.watch = watch.id), 0)`

func scanWatch(row database.Row) (w Watch, err error) {
	var at, ended, last int64
	err = row.Scan(&w.ID, &w.Name, &w.Query, &w.By, &at, &ended, &w.Hits, &last)
	w.At, w.Ended, w.Last = moment(at), moment(ended), moment(last)
	return w, err
}

// Watches lists all watches, those still running first, the newest first.
func (d *Desk) Watches(ctx context.Context) ([]Watch, error) {
	return database.All(ctx, d.db.Read, scanWatch, `SELECT `+watchColumns+` FROM watch ORDER BY ended > 0, id DESC`)
}

// Watch returns one watch, or ErrNoWatch.
func (d *Desk) Watch(ctx context.Context, id int64) (Watch, error) {
	w, err := scanWatch(d.db.Read.QueryRowContext(ctx, `SELECT `+watchColumns+` FROM watch WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("%d: %w", id, ErrNoWatch)
	}
	return w, err
}

func scanWatchHit(row database.Row) (h WatchHit, err error) {
	var at int64
	err = row.Scan(&h.N, &h.Post, &at)
	h.At = moment(at)
	return h, err
}

// WatchHits lists what a watch found, the newest first, at most limit of them
// before the hit with number before (0: from the newest).
func (d *Desk) WatchHits(ctx context.Context, id, before int64, limit int) ([]WatchHit, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	return database.All(ctx, d.db.Read, scanWatchHit, `SELECT n, post, at FROM watch_hit WHERE watch = ? AND n < ? ORDER BY n DESC LIMIT ?`, id, before, limit)
}
