package main

import (
	"context"
	"log/slog"
	"time"

	"veghe"
	"veghe/stream"
)

func changesTopic(l stream.Log, log *slog.Logger) *stream.Topic[veghe.Change] {
	return &stream.Topic[veghe.Change]{
		Log: l, Name: veghe.ChangesTopic, Dead: veghe.DeadTopic, Logger: log, Format: streamFormat,
		Key: func(c *veghe.Change) string { return string(c.Post) },
	}
}

// tellChanges makes durable what the crawler saw become of posts.
func (a *app) tellChanges(ctx context.Context, changes []veghe.Change) error {
	if err := a.changes.Publish(ctx, changes...); err != nil {
		return err
	}
	for i := range changes {
		a.metrics.changes.WithLabelValues(a.metrics.sources.label(string(changes[i].Source)), string(changes[i].Kind)).Inc()
	}
	return nil
}

// applyChanges notes on the posts of this node's index what became of them.
func (a *app) applyChanges(ctx context.Context) error {
	return a.changes.Consume(ctx, a.group(groupChanges), func(ctx context.Context, batch []stream.Message[veghe.Change]) (err error) {
		began := time.Now()
		defer func() { a.settled("changes", began, len(batch), err) }()
		rejected := &stream.Rejection{Causes: map[int]error{}}
		for i := range batch {
			c := &batch[i].Value
			if err := c.Check(); err != nil {
				rejected.Causes[i] = err
				continue
			}
			if err := a.index.Notice(ctx, *c); err != nil {
				return err
			}
		}
		if len(rejected.Causes) > 0 {
			return rejected
		}
		return nil
	})
}
