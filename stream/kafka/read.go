package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

// Read hands over what the topic keeps, partition by partition, up to the end
// at the time of the call.
func (l *Log) Read(ctx context.Context, topic string, h stream.Handler) error {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	full := l.cfg.topic(topic)
	n, err := l.topics.partitions(ctx, topic)
	if err != nil {
		return err
	}
	activity := "read " + full
	var all map[int]bounds
	err = l.insist(ctx, activity, -1, func() (err error) {
		all, err = l.bounds(ctx, full, numbered(n)...)
		return err
	})
	if err != nil {
		return err
	}
	for p := range n {
		if err := l.readPartition(ctx, activity, place{full, p}, all[p], h); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) readPartition(ctx context.Context, activity string, at place, b bounds, h stream.Handler) error {
	for next := b.begin; next < b.end; {
		var records []stream.Record
		err := l.insist(ctx, activity, at.partition, func() (err error) {
			records, err = l.fetch(ctx, at, next)
			if errors.Is(err, kafka.OffsetOutOfRange) { // retention was faster
				again, err := l.bounds(ctx, at.topic, at.partition)
				if err == nil {
					next = max(next, again[at.partition].begin)
				}
				return err
			}
			return err
		})
		if err != nil {
			return err
		}
		past, _ := slices.BinarySearchFunc(records, b.end, func(r stream.Record, end int64) int { return int(r.Offset - end) })
		for batch := range slices.Chunk(records[:past], l.cfg.MaxBatch) {
			if err := h(ctx, batch); err != nil {
				return err
			}
		}
		if len(records) > 0 {
			next = records[len(records)-1].Offset + 1
		}
	}
	return nil
}

// insist repeats a question until it is answered, until asking again cannot
// help or until ctx ends.
func (l *Log) insist(ctx context.Context, activity string, partition int, ask func() error) error {
	wait := backoff{limit: 2 * time.Second}
	for {
		if ctx.Err() != nil {
			return l.ended(ctx, activity)
		}
		begun := time.Now()
		err := ask()
		if err == nil {
			l.troubles.well(activity, partition)
			return nil
		}
		if permanent(err) {
			return l.explain(activity, err)
		}
		if ctx.Err() == nil {
			l.troubles.failed(activity, partition, begun, err)
		}
		if !wait.wait(ctx) {
			err := l.ended(ctx, activity)
			l.troubles.forget(activity, partition)
			return err
		}
	}
}

func numbered(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Lag asks the cluster how far the group is. It gives up after
// Timeouts.Request, since whoever asks will ask again.
func (l *Log) Lag(ctx context.Context, topic, group string) ([]stream.Lag, error) {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeouts.Request)
	defer cancel()
	n, err := l.topics.partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	var lags []stream.Lag
	err = l.insist(ctx, "lag of "+l.cfg.group(topic, group), -1, func() (err error) {
		lags, err = l.lag(ctx, l.cfg.topic(topic), l.cfg.group(topic, group), n)
		return err
	})
	return lags, err
}

func (l *Log) lag(ctx context.Context, topic, group string, partitions int) ([]stream.Lag, error) {
	committed, err := l.committed(ctx, topic, group, partitions)
	if err != nil {
		return nil, err
	}
	all, err := l.bounds(ctx, topic, numbered(partitions)...)
	if err != nil {
		return nil, err
	}
	lags := make([]stream.Lag, partitions)
	for p := range lags {
		b := all[p]
		next, ok := committed[p]
		if !ok || next < 0 {
			next = b.begin
		}
		lags[p] = stream.Lag{Partition: p, Begin: b.begin, End: b.end, Committed: next}
		if lags[p].Behind() == 0 {
			continue
		}
		first, err := l.fetchSome(ctx, place{topic, p}, max(next, b.begin), 1)
		if err != nil {
			return nil, fmt.Errorf("partition %d: %w", p, err)
		}
		if len(first) > 0 {
			lags[p].Oldest = first[0].Time
		}
	}
	return lags, nil
}

// committed returns the committed offset of each partition, below 0 if none.
func (l *Log) committed(ctx context.Context, topic, group string, partitions int) (map[int]int64, error) {
	res, err := l.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: group,
		Topics:  map[string][]int{topic: numbered(partitions)},
	})
	if err != nil {
		return nil, err
	}
	if errors.Is(res.Error, kafka.GroupIdNotFound) {
		return nil, nil // nobody was ever a member
	}
	if res.Error != nil {
		return nil, res.Error
	}
	out := make(map[int]int64)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
		}
		out[p.Partition] = p.CommittedOffset
	}
	return out, nil
}
