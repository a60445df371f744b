package index

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// LimitPhraseReads lets tests reach the limit with few posts.
func (x *Index) LimitPhraseReads(n int64) { x.phraseReads = n }

// LimitShards lets tests have all posts in one shard, or few.
func (x *Index) LimitShards(n int) { x.store.most = n }

// Shards lists the months that a query looks into, the oldest first.
func (x *Index) Shards(ctx context.Context, text string) ([]string, error) {
	e, err := Parse(text)
	if err != nil {
		return nil, err
	}
	only, err := x.store.shardsWith(ctx, daysOf(e))
	var out []string
	for _, s := range x.engine.all() {
		if only == nil || only[s.month] {
			out = append(out, s.month.String())
		}
	}
	slices.Sort(out)
	return out, err
}

// BeforeMonths makes the index in dir, with posts of one month, as it was
// written before there were months. No one may have it open.
func BeforeMonths(ctx context.Context, dir string) error {
	s, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	_, err = s.db.Write.ExecContext(ctx, `UPDATE posts SET shard = 0, novelty = 0; DELETE FROM seen; DELETE FROM meta WHERE name = 'seen';`+recountShards)
	e := engine{dir: filepath.Join(dir, "search")}
	months, err2 := filepath.Glob(filepath.Join(e.root(), "*"))
	if len(months) != 1 {
		return errors.New("want posts of one month")
	}
	return errors.Join(err, err2, s.close(), os.Rename(months[0], e.before()), os.Remove(e.root()))
}
