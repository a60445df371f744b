package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index/database"
)

// Deletion is the record of what was deleted together. The audit trail has the
// same, so that it stands under the chain of hashes.
type Deletion struct {
	N     int64     `json:"n"`
	At    time.Time `json:"at"`
	Class string    `json:"class"` // unflagged, flagged, …, case, person
	Posts int       `json:"posts"`
	Why   string    `json:"why"`
	By    string    `json:"by"`
	// Digest is the SHA-256 over the SHA-256 of every id, in order: who has the
	// ids can show that these are the ones, and the record tells nothing of them.
	Digest string `json:"digest"`
}

// retention is who deletes in time, in the records.
const retention = "retention"

// digestOf is the digest of some ids, and those of each.
func digestOf(ids []veghe.PostID) (whole string, each [][]byte) {
	for _, id := range ids {
		h := sha256.Sum256([]byte(id))
		each = append(each, h[:])
	}
	slices.SortFunc(each, bytes.Compare)
	sum := sha256.New()
	for _, h := range each {
		sum.Write(h)
	}
	return hex.EncodeToString(sum.Sum(nil)), each
}

// AddDeletion records that posts are gone, in a record of its own and in the
// audit trail. With named, each id can be asked for later by Deleted; with
// forGood none comes back, see Erased. An empty del.By means that their time
// was over.
func (d *Desk) AddDeletion(ctx context.Context, del Deletion, ids []veghe.PostID, named, forGood bool) (Deletion, error) {
	if del.By == "" {
		del.By = retention
	}
	if err := checks(check("class", del.Class, true, maxName), check("why", del.Why, true, maxReason), check("by", del.By, true, maxName)); err != nil {
		return del, fmt.Errorf("deletion: %w", err)
	}
	var each [][]byte
	del.Posts = len(ids)
	del.Digest, each = digestOf(ids)
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO deletion (at, class, posts, why, who, digest) VALUES (?, ?, ?, ?, ?, ?) RETURNING n`,
			micros(del.At), del.Class, del.Posts, del.Why, del.By, del.Digest).Scan(&del.N)
		if err != nil || !named {
			return err
		}
		for _, h := range each {
			if _, err := tx.ExecContext(ctx, `INSERT INTO deleted (digest, deletion, erased) VALUES (?, ?, ?)
				ON CONFLICT (digest) DO UPDATE SET deletion = excluded.deletion,
					erased = CASE WHEN deleted.erased < excluded.erased THEN excluded.erased ELSE deleted.erased END`, h, del.N, forGood); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return del, fmt.Errorf("deletion: %w", err)
	}
	_, err = d.Record(ctx, Event{
		At: del.At, Who: del.By, Action: "purge", Object: fmt.Sprintf("deletion %d", del.N),
		Reason: clip(fmt.Sprintf("%s: %d posts, ids sha256:%s; %s", del.Class, del.Posts, del.Digest, del.Why), maxReason),
	})
	return del, err
}

// Deletions lists the records, the newest first, at most limit with a number
// before one (0: from the newest).
func (d *Desk) Deletions(ctx context.Context, before int64, limit int) ([]Deletion, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	return d.deletions(ctx, `WHERE n < ? ORDER BY n DESC LIMIT ?`, before, limit)
}

// Deleted returns the record of a post that was deleted; false if there is
// none.
func (d *Desk) Deleted(ctx context.Context, id veghe.PostID) (Deletion, bool, error) {
	_, each := digestOf([]veghe.PostID{id})
	all, err := d.deletions(ctx, `WHERE n = (SELECT deletion FROM deleted WHERE digest = ?)`, each[0])
	if err != nil || len(all) == 0 {
		return Deletion{}, false, err
	}
	return all[0], true, nil
}

func (d *Desk) deletions(ctx context.Context, where string, args ...any) ([]Deletion, error) {
	out, err := database.All(ctx, d.db.Read, func(row database.Row) (x Deletion, err error) {
		var at int64
		err = row.Scan(&x.N, &at, &x.Class, &x.Posts, &x.Why, &x.By, &x.Digest)
		x.At = moment(at)
		return x, err
	}, `SELECT n, at, class, posts, why, who, digest FROM deletion `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("deletions: %w", err)
	}
	return out, nil
}

// Erased returns which of some ids were erased for good: they come back from
// nowhere, neither from the stream nor from the source.
func (d *Desk) Erased(ctx context.Context, ids []veghe.PostID) (map[veghe.PostID]bool, error) {
	var any bool
	if err := d.db.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM deletion WHERE class = 'person')`).Scan(&any); err != nil || !any {
		return nil, err
	}
	out := map[veghe.PostID]bool{}
	for _, id := range ids {
		_, each := digestOf([]veghe.PostID{id})
		var erased bool
		err := d.db.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM deleted WHERE digest = ? AND erased = 1)`, each[0]).Scan(&erased)
		if err != nil {
			return nil, fmt.Errorf("erased posts: %w", err)
		}
		if erased {
			out[id] = true
		}
	}
	return out, nil
}

// Mentions is how often people wrote a value into what the desk keeps.
type Mentions struct {
	Cases   []string `json:"cases"` // whose title or notes have it
	Reviews int      `json:"reviews"`
	Watches int      `json:"watches"` // and queues
	Marks   int      `json:"marks"`
	// Audit counts entries of the audit trail: they stay, being the record of
	// lawful processing, and go with the trail itself.
	Audit int `json:"audit"`
}

// erasedText stands where a value stood.
const erasedText = "[…]"

// mentions are the columns that may hold a value, by what Mentions counts.
const (
	inCases   = `SELECT id FROM cases WHERE instr(lower(title), ?1) > 0 UNION SELECT cas FROM case_event WHERE instr(lower(note), ?1) > 0 OR instr(lower(object), ?1) > 0 UNION SELECT cas FROM case_value WHERE instr(lower(value), ?1) > 0 OR instr(lower(note), ?1) > 0 UNION SELECT cas FROM case_referral WHERE instr(lower(note), ?1) > 0 ORDER BY 1`
	inReviews = `SELECT count(*) FROM review WHERE instr(lower(reason), ?1) > 0`
	inWatches = `SELECT count(*) FROM (SELECT query, name FROM watch UNION ALL SELECT query, name FROM queue) AS searches WHERE instr(lower(query), ?1) > 0 OR instr(lower(name), ?1) > 0`
	inMarks   = `SELECT count(*) FROM mark WHERE instr(lower(value), ?1) > 0`
	inAudit   = `SELECT count(*) FROM audit WHERE instr(lower(reason), ?1) > 0 OR instr(lower(object), ?1) > 0`
)

// Mentions counts where a value stands in what people wrote, whatever the case
// of its ASCII letters.
func (d *Desk) Mentions(ctx context.Context, value string) (m Mentions, err error) {
	want := asciiLower(value)
	if m.Cases, err = database.All(ctx, d.db.Read, scanString, inCases, want); err != nil {
		return m, fmt.Errorf("mentions: %w", err)
	}
	for q, to := range map[string]*int{inReviews: &m.Reviews, inWatches: &m.Watches, inMarks: &m.Marks, inAudit: &m.Audit} {
		if err := d.db.Read.QueryRowContext(ctx, q, want).Scan(to); err != nil {
			return m, fmt.Errorf("mentions: %w", err)
		}
	}
	return m, nil
}

// EraseMentions takes a value out of what people wrote, ends watches for it,
// and takes posts that are erased out of cases and of what watches found. The
// audit trail stays as it is. Held cases stay as they are too.
func (d *Desk) EraseMentions(ctx context.Context, value string, posts []veghe.PostID, held []string, now time.Time) error {
	err := d.erase(ctx, func(tx *database.Tx) error {
		if err := rewrite(ctx, tx, value, held); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE queue SET ended = ? WHERE ended = 0 AND instr(query, ?) > 0`, micros(now), erasedText); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE watch SET ended = ? WHERE ended = 0 AND instr(query, ?) > 0`, micros(now), erasedText); err != nil {
			return err
		}
		for _, id := range posts {
			for _, q := range []string{
				`DELETE FROM case_post WHERE post = ?`, `DELETE FROM watch_hit WHERE post = ?`, `UPDATE review SET reason = '' WHERE post = ?`,
				`DELETE FROM claim WHERE post = ?`,
			} {
				if _, err := tx.ExecContext(ctx, q, string(id)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return d.db.Forget(ctx)
}

// erase runs f in a transaction that may change what is else only added.
func (d *Desk) erase(ctx context.Context, f func(*database.Tx) error) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO erasing VALUES (1)`); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM erasing`)
		return err
	})
}

// rewrite puts erasedText where a value stands, whatever the case of its ASCII
// letters.
func rewrite(ctx context.Context, tx *database.Tx, value string, held []string) error {
	// What was put into a case as a value is taken out of it.
	put, err := database.All(ctx, tx, func(row database.Row) (x [3]string, err error) {
		err = row.Scan(&x[0], &x[1], &x[2])
		return x, err
	}, `SELECT cas, kind, value FROM case_value WHERE instr(lower(value), ?1) > 0 OR instr(lower(note), ?1) > 0`, asciiLower(value))
	if err != nil {
		return err
	}
	for _, x := range put {
		if slices.Contains(held, x[0]) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM case_value WHERE cas = ? AND kind = ? AND value = ?`, x[0], x[1], x[2]); err != nil {
			return err
		}
	}
	for _, c := range []struct{ table, key, column, cas string }{
		{"cases", "id", "title", "id"},
		{"case_event", "n", "note", "cas"},
		{"case_event", "n", "object", "cas"},
		{"case_referral", "cas", "note", "cas"},
		{"review", "n", "reason", ""},
		{"watch", "id", "query", ""},
		{"watch", "id", "name", ""},
		{"mark", "n", "value", ""},
		{"queue", "id", "query", ""},
		{"queue", "id", "name", ""},
		{"claim", "post", "note", ""},
	} {
		cas := "''"
		if c.cas != "" {
			cas = c.cas
		}
		type cell struct {
			key      any
			text, in string // in: its case; empty: none
		}
		cells, err := database.All(ctx, tx, func(row database.Row) (x cell, err error) {
			err = row.Scan(&x.key, &x.text, &x.in)
			return x, err
		}, fmt.Sprintf(`SELECT %s, %s, %s FROM %s WHERE instr(lower(%[2]s), ?) > 0`, c.key, c.column, cas, c.table), asciiLower(value))
		if err != nil {
			return err
		}
		for _, x := range cells {
			if x.in != "" && slices.Contains(held, x.in) {
				continue
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ?`, c.table, c.column, c.key), replaceFold(x.text, value), x.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// replaceFold replaces a value in a text whatever the case of its ASCII
// letters, as lower does in SQLite.
func replaceFold(text, value string) string {
	low, want := asciiLower(text), asciiLower(value)
	var b strings.Builder
	for {
		i := strings.Index(low, want)
		if i < 0 || want == "" {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(erasedText)
		text, low = text[i+len(want):], low[i+len(want):]
	}
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// OldCases lists the cases closed and unchanged since a time, with the posts in
// them, that no hold names.
func (d *Desk) OldCases(ctx context.Context, since time.Time, holds []Hold) (ids []string, err error) {
	all, err := database.All(ctx, d.db.Read, scanString, `SELECT id FROM cases WHERE status = ? AND changed < ? ORDER BY id`, string(CaseClosed), micros(since))
	if err != nil {
		return nil, fmt.Errorf("old cases: %w", err)
	}
	return slices.DeleteFunc(all, func(id string) bool {
		return slices.ContainsFunc(holds, func(h Hold) bool { return h.Kind == HoldCase && h.Value == id })
	}), nil
}

// DeleteCase removes a case with all that was written in it, and returns the
// posts that were in it. Its number is not given again while a later one of
// the year is there.
func (d *Desk) DeleteCase(ctx context.Context, id string) (posts []veghe.PostID, err error) {
	members, err := d.members(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		posts = append(posts, m.Post)
	}
	err = d.erase(ctx, func(tx *database.Tx) error {
		for _, q := range []string{
			`DELETE FROM case_value WHERE cas = ?`, `DELETE FROM case_referral WHERE cas = ?`, `DELETE FROM case_event WHERE cas = ?`, `DELETE FROM case_person WHERE cas = ?`,
			`DELETE FROM case_post WHERE cas = ?`, `DELETE FROM cases WHERE id = ?`,
		} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deleting case %s: %w", id, err)
	}
	return posts, d.db.Forget(ctx)
}
