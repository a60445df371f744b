package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"veghe"
	"veghe/detect/history"
	"veghe/index/desk"
	"veghe/index/ledger"
	"veghe/stream"
)

// crawl makes what the sources publish durable in the stream.
func (a *app) crawl(ctx context.Context) error { return a.crawler.Run(ctx, a.collect) }

// collect is the one way posts enter the stream: from the crawler, from
// imports and from other collectors.
func (a *app) collect(ctx context.Context, posts []veghe.Post) error {
	if err := refuseCanaries(posts); err != nil {
		return err
	}
	now := time.Now().UTC()
	for i := range posts {
		if posts[i].CollectedAt.IsZero() {
			posts[i].CollectedAt = now
		}
		posts[i].Identify()
	}
	if err := a.posts.Publish(ctx, posts...); err != nil {
		a.fail("crawl", err)
		return err
	}
	a.done("crawl", len(posts))
	a.metrics.tookCollected(posts)
	return nil
}

// detect assesses posts. The assessments, and what they add to the histories,
// are durable before the posts are committed, so a kill in between only
// repeats work.
func (a *app) detect(ctx context.Context) error {
	return a.posts.Consume(ctx, groupDetect, func(ctx context.Context, batch []stream.Message[veghe.Post]) (err error) {
		began := time.Now()
		defer func() { a.settled("detect", began, len(batch), err) }()
		first, last := placeOf(&batch[0]), placeOf(&batch[len(batch)-1])
		if err := a.histories.catchUp(ctx, first); err != nil {
			return err
		}
		out := a.assess(batch)
		if err := a.histories.publish(ctx, first.Partition); err != nil {
			return err
		}
		if err := a.publishAssessed(ctx, out); err != nil {
			return err
		}
		a.histories.settled(last)
		a.metrics.tookAssessed(out)
		return nil
	})
}

func placeOf(m *stream.Message[veghe.Post]) history.Place {
	return history.Place{Partition: m.Partition, Offset: m.Offset}
}

// assess assesses a batch in its order, canaries apart from the posts.
func (a *app) assess(batch []stream.Message[veghe.Post]) []veghe.Assessed {
	out := make([]veghe.Assessed, len(batch))
	posts, places, at := make([]veghe.Post, 0, len(batch)), make([]history.Place, 0, len(batch)), make([]int, 0, len(batch))
	for i := range batch {
		p := batch[i].Value
		p.Identify()
		if p.Source == veghe.Canary {
			out[i] = veghe.Assessed{Post: p, Assessment: a.judge.assess(a.rules.Load(), p)}
			continue
		}
		posts, places, at = append(posts, p), append(places, placeOf(&batch[i])), append(at, i)
	}
	for i, as := range a.engine.AssessAt(places, posts, 0) {
		out[at[i]] = veghe.Assessed{Post: posts[i], Assessment: as}
	}
	now := time.Now().UTC()
	for i := range out {
		out[i].AssessedAt = now
	}
	return out
}

// publishAssessed publishes the batch. An assessment that no record can hold
// is rejected by itself, so that it does not hold up the others.
func (a *app) publishAssessed(ctx context.Context, batch []veghe.Assessed) error {
	err := a.assessments.Publish(ctx, batch...)
	if err == nil || !errors.Is(err, stream.ErrTooLarge) {
		return err
	}
	rejected := &stream.Rejection{Causes: map[int]error{}}
	for i := range batch {
		switch err := a.assessments.Publish(ctx, batch[i]); {
		case errors.Is(err, stream.ErrTooLarge):
			rejected.Causes[i] = err
		case err != nil:
			return err
		}
	}
	return rejected
}

// indexing makes assessed posts searchable.
func (a *app) indexing(ctx context.Context) error {
	return a.assessments.Consume(ctx, a.group(groupIndex), func(ctx context.Context, batch []stream.Message[veghe.Assessed]) (err error) {
		began := time.Now()
		defer func() { a.settled("index", began, len(batch), err) }()
		docs, canaries := splitCanaries(batch)
		entries := make([]ledger.Entry, len(docs))
		for i := range docs {
			entries[i] = ledger.Entry{ID: docs[i].Post.ID, Source: docs[i].Post.Source}
		}
		if docs, err = a.withoutErased(ctx, docs); err != nil {
			return err
		}
		put, err := a.index.Put(ctx, docs)
		if err != nil {
			return err
		}
		if err := a.ledger.MarkAssessed(ctx, entries); err != nil {
			return err
		}
		a.metrics.tookIndexed(pick(docs, put.NewIDs), time.Now())
		a.foundCanaries(ctx, canaries)
		return nil
	})
}

// pick returns the documents with these ids, in order, each once.
func pick(docs []veghe.Assessed, ids []veghe.PostID) []veghe.Assessed {
	want := make(map[veghe.PostID]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	out := make([]veghe.Assessed, 0, len(ids))
	for _, d := range docs {
		if want[d.Post.ID] {
			delete(want, d.Post.ID)
			out = append(out, d)
		}
	}
	return out
}

// bookkeeping enters every collected post into the ledger.
func (a *app) bookkeeping(ctx context.Context) error {
	return a.stream.Consume(ctx, veghe.PostsTopic, a.group(groupLedger), func(ctx context.Context, batch []stream.Record) error {
		return a.mark(ctx, batch, a.ledger.MarkCollected)
	})
}

// bookkeepingDead enters posts that were given up. Only a letter of the posts
// or assessments topic is about a post.
func (a *app) bookkeepingDead(ctx context.Context) error {
	return a.stream.Consume(ctx, veghe.DeadTopic, a.group(groupLedger), func(ctx context.Context, batch []stream.Record) error {
		return a.mark(ctx, batch, a.ledger.MarkDead)
	})
}

func (a *app) mark(ctx context.Context, batch []stream.Record, mark func(context.Context, []ledger.Entry) error) (err error) {
	began := time.Now()
	defer func() { a.settled("ledger", began, len(batch), err) }()
	return mark(ctx, ledgerEntries(batch))
}

// ledgerEntries reads the ids beside the records. Records without one, such
// as markers of retried letters, are about no post.
func ledgerEntries(batch []stream.Record) []ledger.Entry {
	out := make([]ledger.Entry, 0, len(batch))
	for i := range batch {
		if id := batch[i].Header(headerID); len(id) > 0 {
			out = append(out, ledger.Entry{ID: veghe.PostID(id), Source: veghe.SourceID(batch[i].Header(headerSource))})
		}
	}
	return out
}

// applyReviews enters the decisions of all nodes into this node's index.
func (a *app) applyReviews(ctx context.Context) error {
	return a.reviews.Consume(ctx, a.group(groupReviews), func(ctx context.Context, batch []stream.Message[veghe.Review]) error {
		rejected := &stream.Rejection{Causes: map[int]error{}}
		for i := range batch {
			err := a.applyReview(ctx, batch[i].Value)
			if errors.Is(err, desk.ErrNoReview) {
				rejected.Causes[i] = err
				continue
			}
			if err != nil {
				a.fail("reviews", err)
				return err
			}
		}
		a.done("reviews", len(batch))
		if len(rejected.Causes) > 0 {
			return rejected
		}
		return nil
	})
}

func (a *app) group(name string) string { return name + "-" + a.cfg.Node }

// settled notes how a batch went, for metrics and status.
func (a *app) settled(stage string, began time.Time, n int, err error) {
	if stream.Rejected(err) != nil {
		err = nil
	}
	a.metrics.timed(stage, began, err)
	if err != nil {
		a.fail(stage, err)
		return
	}
	a.done(stage, n)
}

func (a *app) done(stage string, n int) {
	v, _ := a.handled.LoadOrStore(stage, new(atomic.Int64))
	v.(*atomic.Int64).Add(int64(n))
	a.metrics.stageRecords.WithLabelValues(stage).Add(float64(n))
	a.failing.Delete(stage)
}

func (a *app) fail(stage string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	a.failing.Store(stage, err.Error())
}
