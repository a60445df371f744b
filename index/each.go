package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"veghe/index/sqlite"
)

// eachBatch is how many records are read at a time.
const eachBatch = 256

// Each calls f with every stored post of the index in dir, in the order in
// which they were collected and, collected together, written. It only reads
// the store, so it may run beside the process that has the index open; posts
// put meanwhile may be left out. ErrNotFound says that dir holds no index. An
// error of f ends it.
func Each(ctx context.Context, dir string, f func(Hit) error) error {
	s, err := openThere(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(s.each(ctx, f), s.close())
}

// openThere opens a store that must be there.
func openThere(ctx context.Context, dir string) (*store, error) {
	if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no index: %w", dir, ErrNotFound)
		}
		return nil, err
	}
	return openStore(ctx, dir)
}

// Newest calls f with the newest posts, at most n of them, in the order in
// which they were collected. An error of f ends it.
func (x *Index) Newest(ctx context.Context, n int, f func(Hit) error) error {
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	order, err := x.store.order(ctx, `(SELECT seq, collected, posted, place, id FROM posts ORDER BY time DESC, id DESC LIMIT ?)`, n)
	if err != nil {
		return fmt.Errorf("the newest posts: %w", err)
	}
	return x.store.walk(ctx, order, f)
}

func (s *store) each(ctx context.Context, f func(Hit) error) error {
	order, err := s.order(ctx, `posts`)
	if err != nil {
		return err
	}
	return s.walk(ctx, order, f)
}

// walk calls f with the records of these numbers, in this order.
func (s *store) walk(ctx context.Context, order []int64, f func(Hit) error) error {
	for part := range slices.Chunk(order, eachBatch) {
		bySeq := make(map[int64]*record, len(part))
		args := make([]any, len(part))
		for i, n := range part {
			args[i] = n
		}
		for r, err := range s.records(ctx, `WHERE seq IN (`+marks(len(part))+`)`, args...) {
			if err != nil {
				return err
			}
			bySeq[r.seq] = r
		}
		for _, n := range part {
			if r := bySeq[n]; r != nil { // else it changed or went meanwhile
				if err := f(r.hit()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// order lists all records of a table or query. Only their numbers are held:
// eight bytes a post.
func (s *store) order(ctx context.Context, from string, args ...any) ([]int64, error) {
	return sqlite.All(ctx, s.db.Read, func(row sqlite.Row) (seq int64, err error) {
		err = row.Scan(&seq)
		return seq, err
	}, `SELECT seq FROM `+from+` ORDER BY collected, posted, place, id`, args...)
}
