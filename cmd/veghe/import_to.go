package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"veghe"
)

// destination makes posts durable.
type destination func(ctx context.Context, posts []veghe.Post) error

// openDestination finds where posts go: the veghe that runs on the data
// folder, a Kafka cluster, or the embedded log of a veghe that is not running.
func openDestination(ctx context.Context, cfg *config, e env, wait time.Duration) (destination, func() error, error) {
	l := newLocal(cfg.Data)
	if _, _, err := l.note(); err == nil && !cfg.usesKafka() {
		return func(ctx context.Context, posts []veghe.Post) error { return sendPosts(ctx, l, posts, wait) }, func() error { return nil }, nil
	}
	log, closeLog, err := openStreamAlone(ctx, cfg, e)
	if err != nil {
		return nil, nil, err
	}
	if !cfg.usesKafka() {
		fmt.Fprintf(e.err, "no veghe is running on %s: posts go into its log and are assessed when it starts\n", cfg.Data)
	}
	topic := postsTopic(log, nil)
	return func(ctx context.Context, posts []veghe.Post) error {
		if err := refuseCanaries(posts); err != nil {
			return err
		}
		return topic.Publish(ctx, posts...)
	}, closeLog, nil
}

// sendPosts sends posts to the running veghe, and again while it is away:
// taking a post twice does no harm.
func sendPosts(ctx context.Context, l *local, posts []veghe.Post, wait time.Duration) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range posts {
		if err := enc.Encode(&posts[i]); err != nil {
			return err
		}
	}
	pause := 50 * time.Millisecond
	for until := time.Now().Add(wait); ; {
		var got struct {
			Accepted int
			Rejected []struct {
				Line  int
				Error string
			}
		}
		err := l.api(ctx, http.MethodPost, "/api/v1/posts", "application/x-ndjson", bytes.NewReader(body.Bytes()), &got)
		if err == nil && got.Accepted != len(posts) {
			return fmt.Errorf("the running veghe took %d of %d posts: %+v", got.Accepted, len(posts), got.Rejected)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		var status *statusError
		if errors.As(err, &status) && status.code < 500 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("no answer within %v: %w", wait, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}
