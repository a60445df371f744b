package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

const (
	// fetchBytes is how much one fetch asks for. A broker sends a batch that
	// is larger whole.
	fetchBytes = 1 << 20
	// maxWait is how long a broker holds a fetch when there is nothing new.
	maxWait = 500 * time.Millisecond
)

// fetch returns the records of a partition from an offset on that are there,
// after waiting for the first a little. None and no error is a quiet topic.
func (l *Log) fetch(ctx context.Context, at place, offset int64) ([]stream.Record, error) {
	return l.fetchSome(ctx, at, offset, fetchBytes)
}

func (l *Log) fetchSome(ctx context.Context, at place, offset, atMost int64) ([]stream.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, maxWait+l.cfg.Timeouts.Request)
	defer cancel()
	res, err := l.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: at.topic, Partition: at.partition, Offset: offset,
		MinBytes: 1, MaxBytes: atMost, MaxWait: maxWait,
	})
	if err != nil {
		return nil, err
	}
	if res.Error != nil {
		return nil, res.Error
	}
	var out []stream.Record
	for {
		r, err := res.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("offset %d: %w", offset+int64(len(out)), err)
		}
		d, err := decoded(r, at.partition)
		if err != nil {
			return out, fmt.Errorf("offset %d: %w", r.Offset, err)
		}
		if d.Offset >= offset { // a batch comes whole, also what is before
			out = append(out, d)
		}
	}
}

// decoded copies a record out of kafka-go's buffers and gives those back.
func decoded(r *kafka.Record, partition int) (stream.Record, error) {
	out := stream.Record{Partition: partition, Offset: r.Offset, Time: r.Time}
	var err error
	if out.Key, err = taken(r.Key); err != nil {
		return out, err
	}
	if out.Value, err = taken(r.Value); err != nil {
		return out, err
	}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, stream.Header{Name: h.Key, Value: h.Value})
	}
	return out, nil
}

func taken(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer func() { _ = b.Close() }()
	return kafka.ReadAll(b)
}

// bounds are the first offset that a partition keeps and the next it gives.
type bounds struct{ begin, end int64 }

// bounds asks the leaders, once.
func (l *Log) bounds(ctx context.Context, topic string, partitions ...int) (map[int]bounds, error) {
	var ask []kafka.OffsetRequest
	for _, p := range partitions {
		ask = append(ask, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
	}
	res, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, err
	}
	out := make(map[int]bounds)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
		}
		out[p.Partition] = bounds{begin: p.FirstOffset, end: p.LastOffset}
	}
	for _, p := range partitions {
		if b, ok := out[p]; !ok || b.begin < 0 || b.end < b.begin {
			return nil, fmt.Errorf("partition %d: no offsets in the answer", p)
		}
	}
	return out, nil
}

// start is where a group goes on in a partition. An offset below what is kept
// skips what retention deleted. An offset past the end means that the log lost
// its tail: without going back to the end, the records that come next would be
// passed over until they reach that offset.
func (b bounds) start(committed int64) (offset, skipped int64, rewound bool) {
	switch {
	case committed < 0: // nothing was ever committed
		return b.begin, 0, false
	case committed < b.begin:
		return b.begin, b.begin - committed, false
	case committed > b.end:
		return b.end, 0, true
	}
	return committed, 0, false
}
