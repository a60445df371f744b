package frontier

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"veghe"
)

// forgetAtOnce is how many posts are looked at in one transaction, so that
// nobody waits long for it.
const forgetAtOnce = 10_000

// Forget drops what is remembered of posts that no page has shown since the
// given time, and of pages that failed or were not fetched since then. If one
// comes back it counts as new.
func (f *Frontier) Forget(ctx context.Context, before time.Time) (posts, pages int64, err error) {
	if posts, err = f.forgetPosts(ctx, before, forgetAtOnce); err != nil {
		return posts, 0, err
	}
	err = f.inTx(ctx, func(t *tx) error {
		// Never fetched pages have no date of their own; they stay.
		const stale = "DELETE FROM pages WHERE fetched <> 0 AND fetched < ? AND lease = 0 AND (depth > 0 OR chain > 0)"
		res, err := t.exec(stale, millis(before))
		if err != nil {
			return err
		}
		pages, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return posts, 0, err
	}
	return posts, pages, f.recount(ctx)
}

// postKey is where a post stands in the order of all posts.
type postKey struct {
	source veghe.SourceID
	id     veghe.PostID
}

// forgetPosts drops the posts that were not seen since a time, looking at so
// many at once.
func (f *Frontier) forgetPosts(ctx context.Context, before time.Time, atOnce int) (posts int64, err error) {
	for from, more := (postKey{}), true; more && err == nil; {
		var n int64
		n, from, more, err = f.forgetSome(ctx, from, millis(before)/day*day, atOnce)
		posts += n
	}
	return posts, err
}

// forgetSome drops those of the next posts after a key that were not seen
// since a day, and says after which to go on.
func (f *Frontier) forgetSome(ctx context.Context, after postKey, before int64, atOnce int) (n int64, last postKey, more bool, err error) {
	err = f.inTx(ctx, func(t *tx) error {
		last, more = postKey{}, true
		const nth = "SELECT source, id FROM posts WHERE (source, id) > (?, ?) ORDER BY source, id LIMIT 1 OFFSET ?"
		const some = "DELETE FROM posts WHERE (source, id) > (?1, ?2) AND (source, id) <= (?3, ?4) AND seen < ?5"
		const rest = "DELETE FROM posts WHERE (source, id) > (?1, ?2) AND seen < ?3"
		var res sql.Result
		err := t.one([]any{&last.source, &last.id}, nth, after.source, after.id, atOnce-1)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			more = false
			res, err = t.exec(rest, after.source, after.id, before)
		case err == nil:
			res, err = t.exec(some, after.source, after.id, last.source, last.id, before)
		}
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, last, more, err
}
