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

// ErrNoQueue is returned for the id of a queue that is not there.
var ErrNoQueue = errors.New("no such queue")

// Queue is a search whose posts a team works through.
type Queue struct {
	ID    int64     `json:"id"`
	Name  string    `json:"name"` // of the team
	Query string    `json:"query"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Ended time.Time `json:"ended,omitzero"`
}

// Claim says who looks at a post, and until when.
type Claim struct {
	Post  veghe.PostID `json:"post"`
	Queue int64        `json:"queue,omitempty"`
	By    string       `json:"by"`
	Giver string       `json:"giver,omitempty"` // who handed it over
	Note  string       `json:"note,omitempty"`
	At    time.Time    `json:"at"`
	Until time.Time    `json:"until"`
}

// maxQueues is how many queues are open at once.
const maxQueues = 100

// AddQueue opens a queue. The caller has seen that the query can be run.
func (d *Desk) AddQueue(ctx context.Context, name, query, by string, at time.Time) (Queue, error) {
	if err := checks(check("name", name, true, maxName), check("query", query, false, maxObject), check("by", by, true, maxName)); err != nil {
		return Queue{}, fmt.Errorf("queue: %w", err)
	}
	q := Queue{Name: name, Query: query, By: by, At: at.UTC().Truncate(time.Microsecond)}
	var err error
	q.ID, err = d.begin(ctx, "queue", maxQueues, `INSERT INTO queue (name, query, who, at, ended) VALUES (?, ?, ?, ?, 0)`, name, query, by, micros(q.At))
	if err != nil {
		return Queue{}, fmt.Errorf("queue: %w", err)
	}
	return q, nil
}

// EndQueue closes a queue; claims in it run on.
func (d *Desk) EndQueue(ctx context.Context, id int64, at time.Time) error {
	if _, err := d.Queue(ctx, id); err != nil {
		return err
	}
	_, err := d.db.Write.ExecContext(ctx, `UPDATE queue SET ended = ? WHERE id = ? AND ended = 0`, micros(at), id)
	return err
}

func scanQueue(row database.Row) (q Queue, err error) {
	var at, ended int64
	err = row.Scan(&q.ID, &q.Name, &q.Query, &q.By, &at, &ended)
	q.At, q.Ended = moment(at), moment(ended)
	return q, err
}

// Queue returns one queue, or ErrNoQueue.
func (d *Desk) Queue(ctx context.Context, id int64) (Queue, error) {
	q, err := scanQueue(d.db.Read.QueryRowContext(ctx, `SELECT id, name, query, who, at, ended FROM queue WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return q, fmt.Errorf("%d: %w", id, ErrNoQueue)
	}
	return q, err
}

// Queues lists the open queues by name.
func (d *Desk) Queues(ctx context.Context) ([]Queue, error) {
	return database.All(ctx, d.db.Read, scanQueue, `SELECT id, name, query, who, at, ended FROM queue WHERE ended = 0 ORDER BY name, id`)
}

// ClaimPost gives a post to c.By until c.Until, unless somebody else has it at
// c.At. It returns the claim that holds now, and whether that is c's.
func (d *Desk) ClaimPost(ctx context.Context, c Claim) (Claim, bool, error) {
	if err := checks(check("post", string(c.Post), true, maxObject), check("by", c.By, true, maxName), check("note", c.Note, false, maxReason)); err != nil {
		return Claim{}, false, fmt.Errorf("claim: %w", err)
	}
	var now Claim
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO claim (post, queue, who, giver, note, at, until) VALUES (?1, ?2, ?3, '', ?4, ?5, ?6)
			ON CONFLICT (post) DO UPDATE SET queue = ?2, who = ?3, at = ?5,
				until = CASE WHEN claim.who = ?3 AND claim.until > ?6 THEN claim.until ELSE ?6 END,
				giver = CASE claim.who WHEN ?3 THEN claim.giver ELSE '' END, note = CASE claim.who WHEN ?3 THEN claim.note ELSE ?4 END
			WHERE claim.until <= ?5 OR claim.who = ?3`,
			string(c.Post), c.Queue, c.By, c.Note, micros(c.At), micros(c.Until))
		if err != nil {
			return err
		}
		now, err = scanClaim(tx.QueryRowContext(ctx, `SELECT `+claimColumns+` FROM claim WHERE post = ?`, string(c.Post)))
		return err
	})
	return now, now.By == c.By, err
}

// ErrNotClaimed is returned to who does not have a post that they give away.
var ErrNotClaimed = errors.New("this post is not yours to give: somebody else has it, or your time ran out")

// HandOverPost gives a claimed post to somebody else, until a time.
func (d *Desk) HandOverPost(ctx context.Context, post veghe.PostID, from, to, note string, at, until time.Time) error {
	if err := checks(check("to", to, true, maxName), check("note", note, false, maxReason)); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	res, err := d.db.Write.ExecContext(ctx, `UPDATE claim SET who = ?1, giver = ?2, note = ?3, at = ?4, until = ?5 WHERE post = ?6 AND who = ?2 AND until > ?4`,
		to, from, note, micros(at), micros(until), string(post))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotClaimed)
	}
	return nil
}

// ReleasePost ends somebody's claim; having none is no error.
func (d *Desk) ReleasePost(ctx context.Context, post veghe.PostID, by string) error {
	_, err := d.db.Write.ExecContext(ctx, `DELETE FROM claim WHERE post = ? AND who = ?`, string(post), by)
	return err
}

const claimColumns = `post, queue, who, giver, note, at, until`

func scanClaim(row database.Row) (c Claim, err error) {
	var at, until int64
	err = row.Scan(&c.Post, &c.Queue, &c.By, &c.Giver, &c.Note, &at, &until)
	c.At, c.Until = moment(at), moment(until)
	return c, err
}

// ClaimOf returns the claim on a post at a time; ok is false if there is none.
func (d *Desk) ClaimOf(ctx context.Context, post veghe.PostID, at time.Time) (c Claim, ok bool, err error) {
	c, err = scanClaim(d.db.Read.QueryRowContext(ctx, `SELECT `+claimColumns+` FROM claim WHERE post = ? AND until > ?`, string(post), micros(at)))
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// Claims lists the claims that hold at a time, at most 1,000, those that run
// out first first.
func (d *Desk) Claims(ctx context.Context, at time.Time) ([]Claim, error) {
	return database.All(ctx, d.db.Read, scanClaim, `SELECT `+claimColumns+` FROM claim WHERE until > ? ORDER BY until, post LIMIT 1000`, micros(at))
}
