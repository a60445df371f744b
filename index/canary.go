package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/blevesearch/bleve/v2"
)

var canaryKey = []byte("canary")

// Canary goes the way of a post through both stores and searches for it, and
// returns when it is found, without ever being one: it is a mark beside the
// posts, in the same kind of write and the same files, so there is no document
// that a search, a count or an export could meet.
func (x *Index) Canary(ctx context.Context, name string) error {
	done, err := x.begin()
	if err != nil {
		return err
	}
	defer done()
	if err := x.writeCanary(ctx, name); err != nil {
		return fmt.Errorf("canary: writing it: %w", err)
	}
	if _, err := x.Search(ctx, Query{Text: "severity:high..", Size: 1, Facets: []string{}}); err != nil {
		return fmt.Errorf("canary: searching: %w", err)
	}
	found, err := x.engine.canary(monthOf(x.now()))
	if err == nil && found != name {
		err = errors.New("the search index does not have it")
	}
	if err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	return nil
}

func (x *Index) writeCanary(ctx context.Context, name string) error {
	if err := x.heal(ctx); err != nil {
		return err
	}
	release, err := x.lockBoth(ctx)
	if err != nil {
		return err
	}
	defer release()
	const put = `INSERT INTO meta (name, value) VALUES ('canary', ?) ON CONFLICT DO UPDATE SET value = excluded.value`
	if _, err := x.store.db.Write.ExecContext(ctx, put, name); err != nil {
		return err
	}
	s, err := x.engine.shard(monthOf(x.now()))
	if err != nil {
		return err
	}
	return s.setCanary(name)
}

func (s *shard) setCanary(name string) error {
	return s.use(func(idx bleve.Index) error {
		batch := idx.NewBatch()
		batch.SetInternal(canaryKey, []byte(name))
		return within(stuckAfter, "a batch", func() error { return idx.Batch(batch) })
	})
}

func (e *engine) canary(m month) (name string, err error) {
	s, err := e.shard(m)
	if err != nil {
		return "", err
	}
	err = s.use(func(idx bleve.Index) error {
		b, err := idx.GetInternal(canaryKey)
		name = string(b)
		return err
	})
	return name, err
}
