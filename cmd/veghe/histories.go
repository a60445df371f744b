package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"veghe"
	"veghe/detect"
	"veghe/detect/history"
	"veghe/detect/rule"
	"veghe/stream"
)

// histories makes durable what authors have shown, in a topic of their own
// beside the posts: a record is a conversation as it is now, the newest one
// counts.
//
//	posts ─▶ assess ─▶ histories ─▶ assessments ─▶ commit
//
// Whoever is given posts first reads what the topic has, unless it assessed
// the ones before them itself: after a start, and when Kafka moves a partition
// from one process to another.
type histories struct {
	log    stream.Log
	logger *slog.Logger
	engine *detect.Engine
	alone  bool // no other process assesses posts of this stream

	mu   sync.Mutex    // guards next
	next map[int]int64 // by partition: the offset after the last post assessed here
}

func newHistories(a *app) *histories {
	return &histories{log: a.stream, logger: a.log, engine: a.engine, alone: a.embedded != nil, next: map[int]int64{}}
}

// headerPolicy names the policy that a history is of.
const headerPolicy = "policy"

// restoreBytes is how much of the topic is held while it is read, so that of
// each conversation mostly the newest version alone is taken in.
const restoreBytes = 16 << 20

// restore reads the whole topic.
func (h *histories) restore(ctx context.Context) error {
	began := time.Now()
	newest, n, held := map[string]stream.Record{}, 0, 0
	err := h.log.Read(ctx, veghe.HistoriesTopic, func(_ context.Context, batch []stream.Record) error {
		for i := range batch {
			r := &batch[i]
			held += len(r.Value) - len(newest[string(r.Key)].Value)
			newest[string(r.Key)] = stream.Record{Value: bytes.Clone(r.Value), Headers: []stream.Header{
				{Name: headerPolicy, Value: bytes.Clone(r.Header(headerPolicy))},
			}}
		}
		if held > restoreBytes {
			n += h.take(newest)
			clear(newest)
			held = 0
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading what authors have shown: %w", err)
	}
	if n += h.take(newest); n > 0 {
		h.logger.Info("histories restored", "conversations", n, "took", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

func (h *histories) take(newest map[string]stream.Record) (n int) {
	bad := 0
	for _, r := range newest {
		if err := h.engine.RestoreHistory(string(r.Header(headerPolicy)), r.Value); err != nil {
			bad++
			continue
		}
		n++
	}
	if bad > 0 {
		h.logger.Warn("histories that cannot be read are begun anew", "conversations", bad)
	}
	return n
}

// catchUp makes sure that what came before a post is known.
func (h *histories) catchUp(ctx context.Context, first history.Place) error {
	h.mu.Lock()
	next, ok := h.next[first.Partition]
	h.mu.Unlock()
	if h.alone || ok && next == first.Offset {
		return nil
	}
	if err := h.restore(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next[first.Partition] = first.Offset
	return nil
}

// publish makes durable what has changed in a partition.
func (h *histories) publish(ctx context.Context, partition int) error {
	changes, err := h.engine.HistoryChanges(partition)
	if err != nil || len(changes) == 0 {
		return err
	}
	records := make([]stream.Record, len(changes))
	for i, c := range changes {
		key := strings.Join([]string{c.Policy, string(c.Key.Source), string(c.Key.Thread), string(c.Key.Author)}, "\x1f")
		records[i] = stream.Record{
			Key: []byte(key), Value: c.Value,
			Headers: []stream.Header{{Name: headerPolicy, Value: []byte(c.Policy)}},
		}
	}
	if err := h.log.Append(ctx, veghe.HistoriesTopic, records...); err != nil {
		return fmt.Errorf("keeping what authors have shown: %w", err)
	}
	h.engine.ConfirmHistories(changes)
	return nil
}

// settled notes that posts up to this one were assessed here.
func (h *histories) settled(last history.Place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next[last.Partition] = last.Offset + 1
}

// historyWindow is how long what authors have shown is kept: as long as the
// policy that looks back furthest, 60 days if none says.
func historyWindow(policies []rule.Policy) time.Duration {
	const unlimited = 60
	days := 0.0
	for i := range policies {
		if t := policies[i].Threads; t != nil {
			if t.WindowDays == 0 {
				days = max(days, unlimited)
			}
			days = max(days, t.WindowDays)
		}
	}
	if days == 0 {
		days = unlimited
	}
	return time.Duration(days * 24 * float64(time.Hour))
}
