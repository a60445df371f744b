package index

import (
	"context"
	"fmt"
	"time"

	"veghe/index/sqlite"
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
	months, err := sqlite.All(ctx, x.store.db.Read, func(row sqlite.Row) (m month, err error) {
		err = row.Scan(&m)
		return m, err
	}, `SELECT DISTINCT shard FROM gone WHERE seq <= ?`, upTo)
	if err != nil {
		return err
	}
	for _, m := range months {
		if err := x.forgetIn(ctx, m); err != nil {
			return err
		}
	}
	if err := x.engine.removeAside(); err != nil {
		return err
	}
	if err := x.store.followed(ctx, upTo); err != nil {
		return err
	}
	return x.store.db.Forget(ctx)
}

// forgetIn removes a shard without posts, or rewrites its files.
func (x *Index) forgetIn(ctx context.Context, m month) error {
	if dropped, err := x.dropEmpty(ctx, m); dropped || err != nil {
		return err
	}
	return x.rewrite(ctx, m)
}

// dropEmpty removes a shard with all its files if the store has no posts in it,
// and reports whether it did. Killed in between, the next opening does.
func (x *Index) dropEmpty(ctx context.Context, m month) (bool, error) {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	counts, err := x.store.shardCounts(ctx)
	if err != nil || counts[m] > 0 {
		return false, err
	}
	delete(x.store.months, m)
	return true, x.engine.drop(m)
}

const (
	rewriteWithin = 30 * time.Minute
	rewritePoll   = 20 * time.Millisecond
)

// rewrite replaces every file of a shard that is there now. Removing a post from
// bleve only marks it; its words stay in the file until that is merged with
// another. So there must be another: one post is put again, as it is. Old files
// go when bleve next writes its list of files, and that is nudged until they
// have gone.
func (x *Index) rewrite(ctx context.Context, m month) error {
	ctx, cancel := context.WithTimeout(ctx, rewriteWithin)
	defer cancel()
	s, err := x.engine.shard(m)
	if err != nil {
		return err
	}
	old, err := s.segments()
	if err != nil {
		return err
	}
	if err := x.touch(ctx, s, true); err != nil {
		return err
	}
	if err := s.merge(ctx); err != nil {
		return err
	}
	poll := time.NewTicker(rewritePoll)
	defer poll.Stop()
	for {
		if err := x.touch(ctx, s, false); err != nil {
			return err
		}
		now, err := s.segments()
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

// touch writes to a shard what it already has: its newest post as it is, or
// nothing.
func (x *Index) touch(ctx context.Context, s *shard, post bool) error {
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	var changes []change
	if post {
		one, err := collect(x.store.records(ctx, `WHERE shard = ? ORDER BY seq DESC LIMIT 1`, int(s.month)))
		if err != nil {
			return err
		}
		for _, r := range one {
			changes = append(changes, change{write: r, shard: s.month})
		}
	}
	return s.apply(changes, mark{Store: x.store.id, Seq: x.store.seq})
}
