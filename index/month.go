package index

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"veghe/index/sqlite"
)

// The search index is cut into shards, one per month in which posts were
// collected, so that what is too old goes by removing a folder and a search for
// some days opens the months that have them. Which month a post belongs to is
// decided when it is first put and kept in the store, so that it stays where it
// is whatever comes after: an edit, another assessment, a later capture. Only a
// post that was removed and comes again is placed anew.

// month names a shard: 202611 is November 2026.
type month int

// takenOver is the shard with all posts of before there were months. It ages
// out as its posts do. When it must be made anew its posts are placed by month.
const takenOver month = 0

// maxShards bounds how many shards there are. Each costs about 1 MB of memory
// and two open files; collectors may say any date.
const maxShards = 60

func (m month) String() string {
	if m == takenOver {
		return "before"
	}
	return fmt.Sprintf("%04d-%02d", int(m)/100, int(m)%100)
}

func monthOf(t time.Time) month {
	t = clamp(t)
	return month(t.Year()*100 + int(t.Month()))
}

// place is the month of posts collected then: their own, but none of the
// future; and when there are enough shards the nearest that there is.
func (s *store) place(collected, now time.Time) month {
	m := min(monthOf(collected), monthOf(now))
	if _, ok := s.months[m]; ok || len(s.months) < s.most {
		return m
	}
	best := takenOver
	for there := range s.months {
		if there != takenOver && (best == takenOver || apart(there, m) < apart(best, m) || apart(there, m) == apart(best, m) && there < best) {
			best = there
		}
	}
	if best == takenOver { // the only one there is, where one is all there may be
		return m
	}
	return best
}

// apart is how many months lie between two.
func apart(a, b month) int {
	n := int(a)/100*12 + int(a)%100 - int(b)/100*12 - int(b)%100
	return max(n, -n)
}

// The store keeps among its tallies how many posts a shard has, and from which
// months their dates are.
const (
	inShard          = "shard"           // 202611
	inShardPosted    = "shard_posted"    // 202611 2026-10
	inShardCollected = "shard_collected" // 202611 2026-11
)

// countShard counts where a post is.
func (t tallies) countShard(r *record, flagged bool, by int) {
	name := strconv.Itoa(int(r.shard))
	t[tallyKey{flagged, inShard, name}] += by
	t[tallyKey{flagged, inShardPosted, name + " " + r.time().Format(monthForm)}] += by
	t[tallyKey{flagged, inShardCollected, name + " " + r.collected().Format(monthForm)}] += by
}

const monthForm = "2006-01"

// recountShards makes these tallies anew from the posts.
const recountShards = `
DELETE FROM tally WHERE field IN ('shard', 'shard_posted', 'shard_collected');
INSERT INTO tally SELECT flagged, 'shard', CAST(shard AS TEXT), count(*) FROM posts GROUP BY 1, 3;
INSERT INTO tally SELECT flagged, 'shard_posted', shard || ' ' || strftime('%Y-%m', time / 1000, 'unixepoch'), count(*) FROM posts GROUP BY 1, 3;
INSERT INTO tally SELECT flagged, 'shard_collected', shard || ' ' || strftime('%Y-%m', collected / 1000, 'unixepoch'), count(*) FROM posts GROUP BY 1, 3;
`

// shardSchema places posts of before in one shard: see takenOver.
const shardSchema = `
ALTER TABLE posts ADD COLUMN shard INTEGER NOT NULL DEFAULT 0; -- the month it is found in; see month
ALTER TABLE gone ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX posts_shard ON posts (shard, seq);
` + recountShards

// shardCounts is how many posts each shard should have.
func (s *store) shardCounts(ctx context.Context) (map[month]int, error) {
	out := map[month]int{}
	all, err := s.tallies(ctx, inShard, everything)
	for _, c := range all {
		n, err := strconv.Atoi(c.Value)
		if err != nil {
			return nil, fmt.Errorf("the shard %.20q of the store: %w", c.Value, err)
		}
		out[month(n)] = c.Count
	}
	return out, err
}

// shardsWith are the shards with posts of some days; nil stands for all.
func (s *store) shardsWith(ctx context.Context, days daysWanted) (map[month]bool, error) {
	var out map[month]bool
	for field, d := range days {
		lo, hi := dayTime(d.lo).Format(monthForm), dayTime(d.hi).Format(monthForm)
		found, err := sqlite.All(ctx, s.db.Read, func(row sqlite.Row) (m month, err error) {
			err = row.Scan(&m)
			return m, err
		}, `SELECT DISTINCT CAST(value AS INTEGER) FROM tally WHERE field = ? AND substr(value, -7) BETWEEN ? AND ?`, field, lo, hi)
		if err != nil {
			return nil, err
		}
		these := map[month]bool{}
		for _, m := range found {
			these[m] = out == nil || out[m]
		}
		out = these
	}
	return out, nil
}

// daysWanted are the first and last day that every post found must have been
// posted or collected on, by the field of the tallies that tells.
type daysWanted map[string]struct{ lo, hi int }

// daysOf reads them from a query.
func daysOf(e Expr) daysWanted {
	out := daysWanted{}
	parts := []Expr{e}
	if and, ok := e.(And); ok {
		parts = and.Parts
	}
	for _, p := range parts {
		f, ok := p.(Field)
		if !ok {
			continue
		}
		name := map[string]string{"posted": inShardPosted, "collected": inShardCollected}[f.Name]
		if name == "" {
			continue
		}
		lo, hi, _ := dates(f.Value) // checked by the parser
		if d, ok := out[name]; ok {
			lo, hi = max(lo, d.lo), min(hi, d.hi)
		}
		out[name] = struct{ lo, hi int }{lo, hi}
	}
	return out
}

// split places the posts of takenOver by month. The shards of these months must
// be made anew then: the changes of these posts lie before their marks.
func (s *store) split(ctx context.Context, now time.Time) (err error) {
	if _, ok := s.months[takenOver]; !ok {
		return nil
	}
	before := maps.Clone(s.months)
	defer func() {
		if err != nil {
			s.months = before
		}
	}()
	tx, err := s.db.Write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to undo
	found, err := sqlite.All(ctx, tx, func(row sqlite.Row) (at int64, err error) {
		err = row.Scan(&at)
		return at, err
	}, `SELECT max(collected) FROM posts WHERE shard = 0 GROUP BY strftime('%Y%m', collected / 1000, 'unixepoch')`)
	if err != nil {
		return err
	}
	delete(s.months, takenOver)
	slices.SortFunc(found, func(a, b int64) int { return int(b/1000 - a/1000) }) // the newest have their own
	for _, at := range found {
		m := s.place(fromMillis(at), now)
		s.months[m] = struct{}{}
		const move = `UPDATE posts SET shard = ? WHERE shard = 0 AND strftime('%Y%m', collected / 1000, 'unixepoch') = strftime('%Y%m', ? / 1000, 'unixepoch')`
		if _, err := tx.ExecContext(ctx, move, int(m), at); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, recountShards); err != nil {
		return err
	}
	return tx.Commit()
}
