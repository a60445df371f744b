package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"veghe"
	"veghe/index/database"
)

// ErrNoCase is returned for the id of a case that is not there.
var ErrNoCase = errors.New("no such case")

// CaseStatus is where a case stands.
type CaseStatus string

// The statuses. A referred case was handed to a prosecutor or another unit.
const (
	CaseOpen     CaseStatus = "open"
	CaseReferred CaseStatus = "referred"
	CaseClosed   CaseStatus = "closed"
)

// CaseStatuses lists all statuses.
var CaseStatuses = []CaseStatus{CaseOpen, CaseReferred, CaseClosed}

// maxCasePosts is how many posts one case holds.
const maxCasePosts = 5_000

// Case is posts that belong together, with who works on them.
type Case struct {
	ID      string     `json:"id"` // 2026-0001
	Title   string     `json:"title"`
	Status  CaseStatus `json:"status"`
	By      string     `json:"by"`
	At      time.Time  `json:"at"`
	Changed time.Time  `json:"changed"`
	Posts   int        `json:"posts"`
}

// CaseFile is a case with everything in it.
type CaseFile struct {
	Case
	Members []CaseMember `json:"members"` // in the order of adding
	Events  []CaseEvent  `json:"events"`  // the newest first
}

// CaseMember is a post in a case.
type CaseMember struct {
	Post veghe.PostID `json:"post"`
	By   string       `json:"by"`
	At   time.Time    `json:"at"`
}

// CaseEvent is something done to a case.
type CaseEvent struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	What   string    `json:"what"` // opened, added, removed, note, status, let_in, taken_out
	Object string    `json:"object,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// OpenCase makes a case and gives it the next number of the year.
func (d *Desk) OpenCase(ctx context.Context, title, by string, at time.Time) (Case, error) {
	if err := checks(check("title", title, true, maxName), check("by", by, true, maxName)); err != nil {
		return Case{}, fmt.Errorf("case: %w", err)
	}
	at = at.UTC().Truncate(time.Microsecond)
	c := Case{Title: title, Status: CaseOpen, By: by, At: at, Changed: at}
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		var n int
		year := fmt.Sprintf("%04d-", at.Year())
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(CAST(substr(id, 6) AS INTEGER)), 0) FROM cases WHERE substr(id, 1, 5) = ?`, year).Scan(&n); err != nil {
			return err
		}
		c.ID = fmt.Sprintf("%s%04d", year, n+1)
		if _, err := tx.ExecContext(ctx, `INSERT INTO cases (id, title, status, who, at, changed) VALUES (?, ?, ?, ?, ?, ?)`,
			c.ID, title, string(CaseOpen), by, micros(at), micros(at)); err != nil {
			return err
		}
		if _, err := letIn(ctx, tx, c.ID, by, by, at); err != nil {
			return err
		}
		return caseEvent(ctx, tx, c.ID, CaseEvent{At: at, By: by, What: "opened", Note: title})
	})
	if err != nil {
		return Case{}, fmt.Errorf("opening a case: %w", err)
	}
	return c, nil
}

// caseEvent adds to what was done, and notes the time on the case. It returns
// ErrNoCase for a case that is not there.
func caseEvent(ctx context.Context, tx *database.Tx, id string, e CaseEvent) error {
	res, err := tx.ExecContext(ctx, `UPDATE cases SET changed = ? WHERE id = ?`, micros(e.At), id)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("%.20q: %w", id, ErrNoCase))
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO case_event (cas, at, who, what, object, note) VALUES (?, ?, ?, ?, ?, ?)`,
		id, micros(e.At), e.By, e.What, e.Object, e.Note)
	return err
}

// AddToCase puts a post into a case; added is false if it was in it already.
func (d *Desk) AddToCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) (added bool, err error) {
	if err := checkCase(by, note, string(post)); err != nil {
		return false, err
	}
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM case_post WHERE cas = ?`, id).Scan(&n); err != nil {
			return err
		}
		if n >= maxCasePosts {
			return fmt.Errorf("the case holds %d posts already, which is the most: open another", n)
		}
		if err := mustExist(ctx, tx, id); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO case_post (cas, post, who, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, id, string(post), by, micros(at))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		added = true
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "added", Object: string(post), Note: note})
	})
	return added, err
}

func mustExist(ctx context.Context, tx *database.Tx, id string) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cases WHERE id = ?`, id).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%.20q: %w", id, ErrNoCase)
	}
	return nil
}

func checkCase(by, note, object string) error {
	return checks(check("by", by, true, maxName), check("note", note, false, maxReason), check("post", object, true, maxObject))
}

// RemoveFromCase takes a post out of a case. That it was in it stays on record.
func (d *Desk) RemoveFromCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) error {
	if err := checkCase(by, note, string(post)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM case_post WHERE cas = ? AND post = ?`, id, string(post))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, mustExist(ctx, tx, id))
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "removed", Object: string(post), Note: note})
	})
}

// NoteCase adds a note.
func (d *Desk) NoteCase(ctx context.Context, id, note, by string, at time.Time) error {
	if err := checks(check("by", by, true, maxName), check("note", note, true, maxReason)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "note", Note: note})
	})
}

// SetCaseStatus says where a case stands now, and why.
func (d *Desk) SetCaseStatus(ctx context.Context, id string, to CaseStatus, by, note string, at time.Time) error {
	if !slices.Contains(CaseStatuses, to) {
		return fmt.Errorf("status is %.20q, want one of %q", to, CaseStatuses)
	}
	if err := checks(check("by", by, true, maxName), check("note", note, false, maxReason)); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE cases SET status = ? WHERE id = ?`, string(to), id); err != nil {
			return err
		}
		return caseEvent(ctx, tx, id, CaseEvent{At: at, By: by, What: "status", Object: string(to), Note: note})
	})
}

const caseColumns = `id, title, status, who, at, changed, (SELECT count(*) FROM case_post WHERE cas = id)`

func scanCase(row database.Row) (c Case, err error) {
	var at, changed int64
	err = row.Scan(&c.ID, &c.Title, &c.Status, &c.By, &at, &changed, &c.Posts)
	c.At, c.Changed = moment(at), moment(changed)
	return c, err
}

// Cases lists all cases, those changed last first.
func (d *Desk) Cases(ctx context.Context) ([]Case, error) {
	return database.All(ctx, d.db.Read, scanCase, `SELECT `+caseColumns+` FROM cases ORDER BY changed DESC, id DESC`)
}

// Case returns a case with everything in it, or ErrNoCase.
func (d *Desk) Case(ctx context.Context, id string) (f CaseFile, err error) {
	f.Case, err = scanCase(d.db.Read.QueryRowContext(ctx, `SELECT `+caseColumns+` FROM cases WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return f, fmt.Errorf("%.20q: %w", id, ErrNoCase)
	}
	if err != nil {
		return f, err
	}
	if f.Members, err = d.members(ctx, id); err != nil {
		return f, err
	}
	f.Events, err = d.caseEvents(ctx, id)
	return f, err
}

func (d *Desk) members(ctx context.Context, id string) ([]CaseMember, error) {
	return database.All(ctx, d.db.Read, func(row database.Row) (m CaseMember, err error) {
		var at int64
		err = row.Scan(&m.Post, &m.By, &at)
		m.At = moment(at)
		return m, err
	}, `SELECT post, who, at FROM case_post WHERE cas = ? ORDER BY at, post`, id)
}

func (d *Desk) caseEvents(ctx context.Context, id string) ([]CaseEvent, error) {
	return database.All(ctx, d.db.Read, func(row database.Row) (e CaseEvent, err error) {
		var at int64
		err = row.Scan(&at, &e.By, &e.What, &e.Object, &e.Note)
		e.At = moment(at)
		return e, err
	}, `SELECT at, who, what, object, note FROM case_event WHERE cas = ? ORDER BY n DESC LIMIT 10000`, id)
}

// CasesOf lists the ids of the cases that hold a post.
func (d *Desk) CasesOf(ctx context.Context, post veghe.PostID) ([]string, error) {
	return database.All(ctx, d.db.Read, scanString, `SELECT cas FROM case_post WHERE post = ? ORDER BY cas`, string(post))
}
