package main

import (
	"context"
	"errors"
	"time"

	"veghe"
	"veghe/detect/contact"
	"veghe/index"
	"veghe/index/desk"
)

// watchEvery is how often watches look for what is new.
const watchEvery = 5 * time.Second

// watching lets every watch look at what changed in the index since it last
// looked. A watch that has just begun looks through everything stored first.
func (a *app) watching(ctx context.Context) error {
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for {
		if err := a.watchAll(ctx); err != nil && ctx.Err() == nil {
			a.fail("watches", err)
			a.log.Warn("watches will look again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

func (a *app) watchAll(ctx context.Context) error {
	all, err := a.desk.Watches(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, w := range all {
		if w.Ended.IsZero() {
			errs = append(errs, a.watch(ctx, w))
		}
	}
	return errors.Join(errs...)
}

// watch lets one watch catch up.
func (a *app) watch(ctx context.Context, w desk.Watch) error {
	reader := a.cfg.Node + " " + a.index.ID()
	at, err := a.desk.WatchUpto(ctx, reader, w.ID)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		posts, upTo, err := a.index.Since(ctx, w.Query, at)
		if err != nil {
			return err
		}
		if upTo == at {
			return nil
		}
		found, err := a.desk.WatchSaw(ctx, reader, w.ID, upTo, posts, time.Now().UTC())
		if err != nil {
			return err
		}
		a.done("watches", found)
		a.metrics.watchHits.WithLabelValues().Add(float64(found))
		if found > 0 {
			a.log.Info("a watch found posts", "watch", w.ID, "posts", found)
		}
		at = upTo
	}
	return ctx.Err()
}

// casebook keeps cases in the desk's store and tells the index, so that a
// case can be searched and its posts are kept.
type casebook struct {
	*desk.Desk
	index *index.Index
}

// AddToCase implements web.Casebook.
func (c casebook) AddToCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) (bool, error) {
	added, err := c.Desk.AddToCase(ctx, id, post, by, note, at)
	return added, errors.Join(err, c.tell(ctx, post))
}

// RemoveFromCase implements web.Casebook.
func (c casebook) RemoveFromCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) error {
	return errors.Join(c.Desk.RemoveFromCase(ctx, id, post, by, note, at), c.tell(ctx, post))
}

func (c casebook) tell(ctx context.Context, post veghe.PostID) error {
	ids, err := c.CasesOf(ctx, post)
	if err != nil {
		return err
	}
	if err := c.index.SetCases(ctx, post, ids); !errors.Is(err, index.ErrNotFound) {
		return err
	}
	return nil // no longer kept
}

// identify says what kind of contact a value by itself is.
func identify(region string) func(string) (kind, canonical string) {
	return func(value string) (string, string) {
		if len(value) > 500 {
			return "", ""
		}
		for _, c := range contact.Find(value, contact.Options{Region: region}) {
			switch c.Kind {
			case contact.Phone, contact.Email, contact.URL, contact.Handle:
				return string(c.Kind), c.Value
			}
		}
		return "", ""
	}
}
