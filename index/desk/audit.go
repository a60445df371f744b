package desk

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"veghe/index/database"
)

// Event is one entry of the audit trail: who did what to which object, when
// and why. N and Hash are given by Record.
type Event struct {
	N      int64     `json:"n"`
	At     time.Time `json:"at"` // kept to the microsecond
	Who    string    `json:"who"`
	Action string    `json:"action"` // such as view, search, review, reveal, export
	Object string    `json:"object"` // an id, never text of a post
	Reason string    `json:"reason,omitempty"`
	Hash   string    `json:"hash"`
}

// sum chains an event to the one before: the SHA-256 over every field with its
// length, so that no two events run together into the same bytes.
func (e Event) sum(prev string) string {
	h := sha256.New()
	for _, s := range []string{
		"veghe audit 1", prev, strconv.FormatInt(e.N, 10), strconv.FormatInt(micros(e.At), 10),
		e.Who, e.Action, e.Object, e.Reason,
	} {
		fmt.Fprintf(h, "%d:%s,", len(s), s) //nolint:errcheck // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Record adds an event to the trail and returns it as it was kept. An action
// that must be accounted for is done only after Record returned nil.
func (d *Desk) Record(ctx context.Context, e Event) (Event, error) {
	if e.At.IsZero() {
		return Event{}, errors.New("audit: at is empty")
	}
	err := checks(
		check("who", e.Who, true, maxName),
		check("action", e.Action, true, maxName),
		check("object", e.Object, false, maxObject),
		check("reason", e.Reason, false, maxReason),
	)
	if err != nil {
		return Event{}, fmt.Errorf("audit: %w", err)
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		n, prev, err := head(ctx, tx)
		if err != nil {
			return err
		}
		e.N = n + 1
		e.Hash = e.sum(prev)
		_, err = tx.ExecContext(ctx, `INSERT INTO audit (n, at, who, action, object, reason, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			e.N, micros(e.At), e.Who, e.Action, e.Object, e.Reason, e.Hash)
		return err
	})
	if err != nil {
		return Event{}, fmt.Errorf("audit: %w", err)
	}
	return e, nil
}

func head(ctx context.Context, q database.Queryer) (n int64, hash string, err error) {
	err = q.QueryRowContext(ctx, `SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1`).Scan(&n, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return n, hash, err
}

// EventFilter selects events; empty fields select all.
type EventFilter struct {
	Who, Action, Object string
	From, To            time.Time // From inclusive, To not
	Before              int64     // only events with a smaller N; 0 means from the newest
	Limit               int       // at most; 0 means 100, the most is 10,000
}

// Events lists the trail, newest first.
func (d *Desk) Events(ctx context.Context, f EventFilter) ([]Event, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	out, err := database.All(ctx, d.db.Read, scanEvent, `
		SELECT n, at, who, action, object, reason, hash FROM audit
		WHERE (?1 = '' OR who = ?1) AND (?2 = '' OR action = ?2) AND (?3 = '' OR object = ?3) AND (?4 = 0 OR n < ?4)
			AND (?6 = 0 OR at >= ?6) AND (?7 = 0 OR at < ?7)
		ORDER BY n DESC LIMIT ?5`,
		f.Who, f.Action, f.Object, f.Before, min(f.Limit, 10_000), micros(f.From), micros(f.To))
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return out, nil
}

func scanEvent(row database.Row) (e Event, err error) {
	var at int64
	err = row.Scan(&e.N, &at, &e.Who, &e.Action, &e.Object, &e.Reason, &e.Hash)
	e.At = moment(at)
	return e, err
}

// Head is how far a trail goes. Written down elsewhere (printed, mailed to the
// auditor), it lets anyone tell later that the end was not cut off.
type Head struct {
	Events int64  `json:"events"`
	Hash   string `json:"hash"`
}

// String writes a head as ParseHead reads it: 1204:9f3c….
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Events, h.Hash) }

// ParseHead reads a head that was written down.
func ParseHead(s string) (Head, error) {
	n, hash, ok := strings.Cut(strings.TrimSpace(s), ":")
	events, err := strconv.ParseInt(n, 10, 64)
	if !ok || err != nil || events < 0 || len(hash) != 2*sha256.Size {
		return Head{}, fmt.Errorf("the head is %.90q, want a number, a colon and 64 hexadecimal digits", s)
	}
	return Head{Events: events, Hash: strings.ToLower(hash)}, nil
}

// Head returns how far the trail goes now, without checking it.
func (d *Desk) Head(ctx context.Context) (h Head, err error) {
	h.Events, h.Hash, err = head(ctx, d.db.Read)
	return h, err
}

// ErrTampered is wrapped by the errors of Verify.
var ErrTampered = errors.New("the audit trail was changed")

// Verify recomputes the whole chain and returns its head. The error names the
// first event that does not fit. Heads noted before must be part of the chain.
func (d *Desk) Verify(ctx context.Context, known ...Head) (Head, error) {
	return verify(ctx, d.db.Read, known)
}

// VerifyFile does that to a database file, which it only reads, beside whoever
// has it open.
func VerifyFile(ctx context.Context, path string, known ...Head) (Head, error) {
	db, err := database.OpenToRead(ctx, path)
	if err != nil {
		return Head{}, fmt.Errorf("audit: %w", err)
	}
	h, err := verify(ctx, db.Read, known)
	return h, errors.Join(err, db.Close())
}

func verify(ctx context.Context, db *database.Reader, known []Head) (Head, error) {
	noted := map[int64]string{}
	last := int64(0)
	for _, h := range known {
		if h.Events == 0 {
			continue
		}
		if was, ok := noted[h.Events]; ok && was != h.Hash {
			return Head{}, fmt.Errorf("%w: two heads were noted for event %d", ErrTampered, h.Events)
		}
		noted[h.Events] = h.Hash
		last = max(last, h.Events)
	}
	rows, err := db.QueryContext(ctx, `SELECT n, at, who, action, object, reason, hash FROM audit ORDER BY n`)
	if err != nil {
		return Head{}, fmt.Errorf("audit: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var at Head
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return at, err
		}
		if e.N != at.Events+1 {
			return at, fmt.Errorf("%w: event %d is followed by event %d", ErrTampered, at.Events, e.N)
		}
		if e.Hash != e.sum(at.Hash) {
			return at, fmt.Errorf("%w: event %d does not match its hash", ErrTampered, e.N)
		}
		at = Head{Events: e.N, Hash: e.Hash}
		if hash, ok := noted[e.N]; ok && hash != e.Hash {
			return at, fmt.Errorf("%w: event %d is not the one whose hash was noted", ErrTampered, e.N)
		}
	}
	if err := rows.Err(); err != nil {
		return at, fmt.Errorf("audit: %w", err)
	}
	if at.Events < last {
		return at, fmt.Errorf("%w: it ends at event %d, but event %d was noted", ErrTampered, at.Events, last)
	}
	return at, nil
}
