package frontier

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"hash/fnv"
	"time"

	"veghe"
)

// What is no longer there. A page that answers that it is not there is looked
// at once more, after a while; a post that stood on a page of a thread and
// does not any more is looked for on the pages beside it, since a post deleted
// earlier in the thread moves all that follow. Only then it is gone:
//
//	stood on a page ─missed─▶ lost ─not on the pages beside─▶ gone ─Told─▶ known to be gone
//	                            └──────────── seen ──────────────┴──▶ back where it stands
//
// That a list or a feed no longer shows a post says nothing.

// How many pages of a thread before and after the one that misses a post are
// looked at: so many deleted pages' worth of posts may lie between.
const (
	lookBefore = 2
	lookAfter  = 1
)

// key is a page or a thread as posts name it: never 0.
func key(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return int64(h.Sum64()>>1 | 1)
}

// threadOf is the thread a page belongs to: itself if nothing is said.
func threadOf(p Page) string {
	if p.Thread != "" {
		return string(p.Thread)
	}
	return p.URL
}

// place records where the posts of a page stand and which are missed there.
func place(t *tx, p Page, o Outcome) error {
	posts, err := listOf(o.Posts)
	if err != nil {
		return err
	}
	if !o.Home {
		return addPosts(t, p.Source, posts, 0, 0, o.Now)
	}
	page := key(p.URL)
	before, err := standing(t, p.Source, page)
	if err != nil {
		return err
	}
	if err := noticeRepeats(t, p.Source, posts); err != nil {
		return err
	}
	if err := addPosts(t, p.Source, posts, page, key(threadOf(p)), o.Now); err != nil {
		return err
	}
	n := len(before)
	for _, s := range o.Posts {
		delete(before, s.ID)
	}
	switch len(before) {
	case 0:
		return nil
	case n: // another page altogether, which says nothing about those before
		return unplace(t, p.Source, page, posts)
	}
	return lose(t, p, before, o.Now)
}

// standing are the posts that stood on a page, but for those known to be lost.
func standing(t *tx, source veghe.SourceID, page int64) (map[veghe.PostID]bool, error) {
	const query = "SELECT id FROM posts INDEXED BY posts_page WHERE source = ? AND page = ? AND page <> 0 AND lost = 0 AND gone = 0"
	out := make(map[veghe.PostID]bool)
	err := t.query(func(rows *sql.Rows) error {
		var id veghe.PostID
		err := rows.Scan(&id)
		out[id] = true
		return err
	}, query, source, page)
	return out, err
}

// unplace forgets that other posts than these stood on a page.
func unplace(t *tx, source veghe.SourceID, page int64, posts seenList) error {
	const forget = `UPDATE posts INDEXED BY posts_page SET page = 0 WHERE source = ? AND page = ? AND page <> 0 AND lost = 0 AND gone = 0
		AND id NOT IN (SELECT value ->> 'ID' FROM json_each(?))`
	_, err := t.exec(forget, source, page, posts)
	return err
}

// lose marks posts as lost since a time and has the pages beside theirs looked
// at. If there are none, settleThread finds the posts gone at once.
func lose(t *tx, p Page, posts map[veghe.PostID]bool, since time.Time) error {
	ids := make([]veghe.PostID, 0, len(posts))
	for id := range posts {
		ids = append(ids, id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	const lost = "UPDATE posts SET lost = ?, thread = ? WHERE source = ? AND id IN (SELECT value FROM json_each(?))"
	if _, err := t.exec(lost, millis(since), key(threadOf(p)), p.Source, string(list)); err != nil {
		return err
	}
	if p.Thread == "" {
		return nil
	}
	const beside = `UPDATE pages SET look = 1, etag = '', modified = '', due = CASE WHEN lease <> 0 THEN due ELSE min(due, ?1) END
		WHERE source = ?2 AND url IN (
			SELECT url FROM (SELECT url FROM pages WHERE source = ?2 AND thread = ?3 AND thread <> '' AND url <> ?4 AND fetched <> 0 AND absent = 0 AND seq <= ?5
				ORDER BY seq DESC LIMIT ?6)
			UNION ALL
			SELECT url FROM (SELECT url FROM pages WHERE source = ?2 AND thread = ?3 AND thread <> '' AND url <> ?4 AND fetched <> 0 AND absent = 0 AND seq > ?5
				ORDER BY seq LIMIT ?7))`
	_, err = t.exec(beside, millis(since), p.Source, p.Thread, p.URL, p.Seq, lookBefore, lookAfter)
	return err
}

// settleThread finds the lost posts of a thread gone once no page is left to
// look at.
func settleThread(t *tx, p Page) error {
	const gone = `UPDATE posts INDEXED BY posts_lost SET gone = lost, lost = 0 WHERE source = ?1 AND thread = ?2 AND lost <> 0
		AND NOT EXISTS (SELECT 1 FROM pages WHERE source = ?1 AND thread = ?3 AND thread <> '' AND look <> 0)`
	_, err := t.exec(gone, p.Source, key(threadOf(p)), p.Thread)
	return err
}

// noticeRepeats notes of posts that are gone which of these, unknown until
// now, says the same.
func noticeRepeats(t *tx, source veghe.SourceID, posts seenList) error {
	if posts == noPosts {
		return nil
	}
	var some bool // most sources have none most of the time
	const gone = "SELECT EXISTS (SELECT 1 FROM posts INDEXED BY posts_gone WHERE source = ? AND gone <> 0)"
	if err := t.one([]any{&some}, gone, source); err != nil || !some {
		return err
	}
	// The posts of the page first, then the few that are gone by their index:
	// the planner would look at all posts of the source.
	const find = `SELECT old.id, new.value ->> 'ID' FROM json_each(?2) AS new
		CROSS JOIN posts AS old INDEXED BY posts_gone ON old.source = ?1 AND old.hash = new.value ->> 'Hash' AND old.gone <> 0
		WHERE old.again = '' AND old.id <> new.value ->> 'ID'
			AND NOT EXISTS (SELECT 1 FROM posts AS known WHERE known.source = ?1 AND known.id = new.value ->> 'ID')`
	again := map[string]string{}
	err := t.query(func(rows *sql.Rows) error {
		var old, repeat string
		err := rows.Scan(&old, &repeat)
		again[old] = repeat
		return err
	}, find, source, posts)
	if err != nil {
		return err
	}
	for old, repeat := range again {
		if _, err := t.exec("UPDATE posts SET told = 0, again = ? WHERE source = ? AND id = ?", repeat, source, old); err != nil {
			return err
		}
	}
	return nil
}

// Absent records that a leased page answered that it is not there. The first
// time it is due again after a while, with what it says then; if it still is
// not there, it rests, and the posts that stood on it are lost, or gone if
// they can stand on no other page.
func (f *Frontier) Absent(ctx context.Context, p Page, now time.Time, again, rest time.Duration) error {
	return f.inTx(ctx, func(t *tx) error {
		var since int64
		const mine = "SELECT absent FROM pages WHERE source = ? AND url = ? AND lease = ?"
		switch err := t.one([]any{&since}, mine, p.Source, p.URL, p.lease); {
		case errors.Is(err, sql.ErrNoRows):
			return ErrLeaseLost
		case err != nil:
			return err
		}
		const note = `UPDATE pages SET lease = 0, fails = 0, etag = '', modified = '', last = 0, absent = ?, look = ?, every = ?, due = ?
			WHERE source = ? AND url = ?`
		if since == 0 {
			_, err := t.exec(note, millis(now), 1, p.Every.Milliseconds(), millis(now.Add(again)), p.Source, p.URL)
			return err
		}
		_, err := t.exec(note, since, 0, rest.Milliseconds(), millis(now.Add(rest)), p.Source, p.URL)
		if err != nil {
			return err
		}
		posts, err := standing(t, p.Source, key(p.URL))
		if err != nil {
			return err
		}
		if len(posts) > 0 {
			if err := lose(t, p, posts, fromMillis(since)); err != nil {
				return err
			}
		}
		return settleThread(t, p)
	})
}

// Change is what became of a post that others should be told.
type Change struct {
	ID    veghe.PostID
	Since time.Time    // since when it is gone; zero if it is there again
	Again veghe.PostID // the post that says the same since, if it is gone
}

// Changes are those of a source that others were not told, at most n.
func (f *Frontier) Changes(ctx context.Context, source veghe.SourceID, n int) ([]Change, error) {
	var out []Change
	err := f.inTx(ctx, func(t *tx) error {
		out = nil
		return t.query(func(rows *sql.Rows) error {
			var c Change
			var gone int64
			err := rows.Scan(&c.ID, &gone, &c.Again)
			c.Since = fromMillis(gone)
			out = append(out, c)
			return err
		}, "SELECT id, gone, again FROM posts WHERE source = ? AND gone <> told LIMIT ?", source, n)
	})
	return out, err
}

// Told records that others know of changes. What changed again meanwhile is
// among the Changes again.
func (f *Frontier) Told(ctx context.Context, source veghe.SourceID, changes []Change) error {
	return f.inTx(ctx, func(t *tx) error {
		const told = `UPDATE posts SET told = ?1, again = CASE WHEN ?1 = 0 THEN '' ELSE again END
			WHERE source = ?2 AND id = ?3 AND again = ?4`
		for _, c := range changes {
			if _, err := t.exec(told, millis(c.Since), source, c.ID, c.Again); err != nil {
				return err
			}
		}
		return nil
	})
}
