package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/stream"
)

// evidenceConfig is about what the crawler fetched, byte for byte.
type evidenceConfig struct {
	// Keep is how long captures of pages stay of which no post was flagged;
	// 0 means as long as unflagged posts. Those of flagged posts stay.
	Keep duration `yaml:"keep"`
	// Off keeps nothing.
	Off bool `yaml:"off"`
}

func (c *config) evidenceKeep() time.Duration {
	if c.Evidence.Keep > 0 {
		return time.Duration(c.Evidence.Keep)
	}
	return time.Duration(c.Retention.Unflagged)
}

const groupEvidence = "evidence"

// evidenceGroup is the group of this process's store, which sees every
// assessment. Over Kafka several processes may crawl, each with its own
// captures, so it bears the name of the store.
func (a *app) evidenceGroup() string {
	if a.embedded != nil {
		return a.group(groupEvidence)
	}
	return groupEvidence + "-" + a.evidence.ID()
}

// openEvidence opens the store that the crawler's captures go to.
func (a *app) openEvidence() error {
	if a.cfg.Evidence.Off {
		if a.embedded == nil {
			return nil
		}
		// Else the log would keep its records for a reader that never comes.
		return a.embedded.Forget(veghe.AssessmentsTopic, a.group(groupEvidence))
	}
	s, err := evidence.Open(a.cfg.path("evidence"), evidence.Options{
		Software: "veghe/" + thisBuild().Version, Operator: a.cfg.Crawler.Operator, Logger: a.log,
	})
	if err != nil {
		return withHint(fmt.Errorf("opening the evidence: %w", err), "veghe evidence verify says what is wrong; evidence: {off: true} starts without")
	}
	a.evidence = s
	a.onClose(s.Close)
	return nil
}

// keeping marks the captures of flagged posts, so that they stay, and those of
// the earlier posts of a conversation that a flagged one rests on.
func (a *app) keeping(ctx context.Context) error {
	before := earlierPosts{}
	return a.assessments.Consume(ctx, a.evidenceGroup(), func(_ context.Context, batch []stream.Message[veghe.Assessed]) (err error) {
		began := time.Now()
		defer func() { a.settled("evidence", began, len(batch), err) }()
		var refs []string
		for i := range batch {
			refs = append(refs, before.refs(&batch[i].Value)...)
		}
		return a.evidence.Keep(refs...)
	})
}

// earlierPosts remembers where the captures of posts are that a later one may
// rest on: those with signs that count in a conversation.
type earlierPosts map[veghe.PostID]string

const maxEarlier = 100_000

// refs are the captures that stay for an assessed post.
func (e earlierPosts) refs(v *veghe.Assessed) []string {
	h := v.Assessment.History
	if h != nil && v.Post.Evidence != "" {
		if len(e) >= maxEarlier {
			clear(e) // conversations are watched for days, not for this many posts
		}
		e[v.Post.ID] = v.Post.Evidence
	}
	if !v.Assessment.Flagged || v.Post.Source == veghe.Canary {
		return nil
	}
	refs := []string{v.Post.Evidence}
	if h != nil {
		for _, id := range h.Posts {
			refs = append(refs, e[id])
		}
	}
	return refs
}

// retainEvidence removes the captures of pages of which no post was flagged,
// before they are older than they may be.
func (a *app) retainEvidence(ctx context.Context) error {
	keep := a.cfg.evidenceKeep()
	pause := min(max(keep/24, time.Second), 6*time.Hour)
	every := time.NewTicker(pause)
	defer every.Stop()
	for {
		if err := a.purgeEvidence(ctx, max(keep-pause, time.Minute)); err != nil && ctx.Err() == nil {
			a.fail("evidence", err)
			a.log.Warn("removing evidence will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// undecided is how much longer a capture stays than the oldest post that may
// still be flagged: a post is collected a little after its page.
const undecided = time.Hour

func (a *app) purgeEvidence(ctx context.Context, keep time.Duration) error {
	before := time.Now().Add(-keep)
	for _, r := range []readingGroup{
		{"detect", veghe.PostsTopic, groupDetect}, {"evidence", veghe.AssessmentsTopic, a.evidenceGroup()},
	} {
		behind, oldest, err := a.lag(ctx, r)
		if err != nil {
			return fmt.Errorf("what is not yet assessed is not known: %w", err)
		}
		if behind > 0 {
			before = earlier(before, time.Now().Add(-oldest-undecided))
		}
	}
	if a.index != nil {
		refs, err := a.index.CaseEvidence(ctx)
		if err == nil {
			var held []string
			held, err = a.keeper().heldEvidence(ctx, time.Now())
			refs = append(refs, held...)
		}
		if err == nil {
			err = a.evidence.Keep(refs...)
		}
		if err != nil {
			return err
		}
	}
	gone, err := a.evidence.Purge(ctx, before)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	a.metrics.retained("evidence", gone.Captures)
	if gone.Captures > 0 {
		a.log.Info("captures without a flagged post are gone", "captures", gone.Captures, "bytes", gone.Bytes)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
