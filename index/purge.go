package index

import (
	"context"
	"fmt"
	"time"
)

// Purge removes the unflagged posts collected before olderThan that are in no
// case, and returns how many. It is Retain for that class alone.
func (x *Index) Purge(ctx context.Context, olderThan time.Time) (int, error) {
	n, err := x.Retain(ctx, Retention{Expire: []Expiry{{Unflagged, olderThan}}})
	return n[Unflagged], err
}

// wrongClock is how far ahead of the clock a time of collection must be to say
// that it cannot be right.
const wrongClock = time.Hour

// forgive has unflagged posts that say they were collected in the future age
// from now on: collectors may say anything, and a clock may have been wrong.
// They would be kept until then, else.
func (s *store) forgive(ctx context.Context, now time.Time) error {
	_, err := s.db.Write.ExecContext(ctx, `UPDATE posts SET collected = ?1 WHERE flagged = 0 AND collected > ?1 + ?2`,
		clamp(now).UnixMilli(), wrongClock.Milliseconds())
	return err
}

// forget leaves nothing of removed posts in any file. A purge that was killed
// before this is made good by the next one: its removals are still in gone.
func (x *Index) forget(ctx context.Context) error {
	var upTo int64
	err := x.store.db.Read.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM gone`).Scan(&upTo)
	if err != nil || upTo == 0 {
		return err
	}
	if err := x.rewrite(ctx); err != nil {
		return err
	}
	if err := x.engine.removeAside(); err != nil {
		return err
	}
	if err := x.store.followed(ctx, upTo); err != nil {
		return err
	}
	return x.store.db.Forget(ctx)
}

const (
	rewriteWithin = 30 * time.Minute
	rewritePoll   = 20 * time.Millisecond
)

// rewrite replaces every file of the search index that is there now. Removing
// a post from bleve only marks it; its words stay in the file until that is
// merged with another. So there must be another: one post is put again, as it
// is. Old files go when bleve next writes its list of files, and that is
// nudged until they have gone.
func (x *Index) rewrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rewriteWithin)
	defer cancel()
	old, err := x.engine.segments()
	if err != nil {
		return err
	}
	one, err := collect(x.store.records(ctx, `ORDER BY seq DESC LIMIT 1`))
	if err != nil {
		return err
	}
	if len(one) == 0 {
		return x.remakeAlone(ctx)
	}
	if err := x.touch(ctx, one[0]); err != nil {
		return err
	}
	if err := x.engine.merge(ctx); err != nil {
		return err
	}
	poll := time.NewTicker(rewritePoll)
	defer poll.Stop()
	for {
		if err := x.touch(ctx, nil); err != nil {
			return err
		}
		now, err := x.engine.segments()
		if err != nil {
			return err
		}
		if !overlap(old, now) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("the search index still has old files: %w", ctx.Err())
		}
	}
}

func overlap(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}

// touch writes to the search index what it already has: a post as it is now,
// or nothing.
func (x *Index) touch(ctx context.Context, r *record) error {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	var changes []change
	if r != nil {
		now, err := x.store.get(ctx, r.assessed.Post.ID)
		if err != nil {
			return err
		}
		changes = []change{{write: now}}
	}
	return x.engine.apply(changes, mark{Store: x.store.id, Seq: x.store.seq})
}

func (x *Index) remakeAlone(ctx context.Context) error {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	return x.remake(ctx)
}
