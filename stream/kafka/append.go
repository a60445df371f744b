package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

const (
	// A produce request has one batch of at most these, except that one record
	// may be larger by itself.
	batchBytes   = 1 << 20
	batchRecords = 2000
	// queued is how many parcels may wait for a sender before Append waits.
	queued = 32
)

// Append stores records and returns when all in-sync replicas have them. It
// tries until ctx ends.
func (l *Log) Append(ctx context.Context, topic string, records ...stream.Record) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.appends.Add(1)
	l.mu.Unlock()
	defer l.appends.Done()
	if len(records) == 0 {
		return nil
	}
	for i := range records {
		if n := size(&records[i]); n > maxRecord {
			return fmt.Errorf("kafka: append to %s: record %d is %d bytes, want at most %d", topic, i, n, maxRecord)
		}
	}
	n, err := l.topics.partitions(ctx, topic)
	if err != nil {
		return err
	}
	return l.send(ctx, topic, l.parcels(ctx, records, n))
}

// send queues the parcels of each partition in order and waits for all.
func (l *Log) send(ctx context.Context, topic string, byPartition map[int][]*parcel) error {
	activity := appending(l.cfg.topic(topic))
	for partition, ps := range byPartition {
		s, err := l.sender(topic, partition)
		if err != nil {
			return err
		}
		for _, p := range ps {
			select {
			case s.queue <- p:
			case <-ctx.Done():
				return l.ended(ctx, activity)
			case <-l.life.Done():
				return ErrClosed
			}
		}
	}
	for _, ps := range byPartition {
		for _, p := range ps {
			select {
			case err := <-p.done:
				if err != nil {
					return err
				}
			case <-ctx.Done():
				return l.ended(ctx, activity)
			case <-l.life.Done():
				return ErrClosed
			}
		}
	}
	return nil
}

func appending(full string) string { return "append to " + full }

// parcel is records of one call for one partition, no more than a batch.
type parcel struct {
	ctx     context.Context // of the call: when it ends, nobody waits any more
	records []stream.Record
	bytes   int
	done    chan error // buffered: the call may have gone
}

// parcels copies the records, since a call may return while its records are
// being sent, and divides them by partition into parcels.
func (l *Log) parcels(ctx context.Context, records []stream.Record, partitions int) map[int][]*parcel {
	all := make([]int, partitions)
	for i := range all {
		all[i] = i
	}
	anywhere := int(l.turn.Add(1)) % partitions
	out := make(map[int][]*parcel)
	for i := range records {
		r := &records[i]
		to := anywhere
		if len(r.Key) > 0 {
			to = keyed(r.Key, all)
		}
		ps, n := out[to], size(r)
		if len(ps) == 0 || !ps[len(ps)-1].takes(1, n) {
			ps = append(ps, &parcel{ctx: ctx, done: make(chan error, 1)})
			out[to] = ps
		}
		last := ps[len(ps)-1]
		last.records = append(last.records, copied(r))
		last.bytes += n
	}
	return out
}

func (p *parcel) takes(records, bytes int) bool {
	return len(p.records)+records <= batchRecords && p.bytes+bytes <= batchBytes
}

// keyed is the partition of a key: the same for every producer of every
// version, and Kafka's own choice, so that other programs may append too.
func keyed(key []byte, partitions []int) int {
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, partitions...)
}

// size is what a record takes in a batch, at most.
func size(r *stream.Record) int {
	n := 32 + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += 10 + len(h.Name) + len(h.Value)
	}
	return n
}

func copied(r *stream.Record) stream.Record {
	out := stream.Record{Time: time.Now()}
	out.Key = append(out.Key, r.Key...)
	out.Value = append(out.Value, r.Value...)
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, stream.Header{Name: h.Name, Value: append([]byte(nil), h.Value...)})
	}
	return out
}

// sender stores what is appended to one partition, one request at a time, so
// that nothing overtakes a batch that has to be sent again.
type sender struct {
	log   *Log
	topic string // without prefix
	place place
	queue chan *parcel
	held  *parcel // taken from the queue, but did not fit
}

// sender returns the sender of a partition and starts it if it is the first
// time. It runs until the Log is closed.
func (l *Log) sender(topic string, partition int) (*sender, error) {
	at := place{l.cfg.topic(topic), partition}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.senders[at]; s != nil {
		return s, nil
	}
	if l.life.Err() != nil {
		return nil, ErrClosed
	}
	s := &sender{log: l, topic: topic, place: at, queue: make(chan *parcel, queued)}
	l.senders[at] = s
	l.background.Go(s.run)
	return s, nil
}

func (s *sender) run() {
	for {
		batch := s.gather()
		if batch == nil {
			return
		}
		s.store(batch)
	}
}

// gather waits for a parcel and adds what else is there and fits.
func (s *sender) gather() []*parcel {
	first := s.held
	s.held = nil
	if first == nil {
		select {
		case first = <-s.queue:
		case <-s.log.life.Done():
			return nil
		}
	}
	batch := []*parcel{first}
	sum := parcel{records: first.records, bytes: first.bytes}
	count := len(first.records)
	for {
		select {
		case p := <-s.queue:
			if count+len(p.records) > batchRecords || sum.bytes+p.bytes > batchBytes {
				s.held = p
				return batch
			}
			batch = append(batch, p)
			count += len(p.records)
			sum.bytes += p.bytes
		default:
			return batch
		}
	}
}

// store sends a batch again and again until it is stored, until trying again
// cannot help, or until nobody waits for it.
func (s *sender) store(batch []*parcel) {
	l, activity := s.log, appending(s.place.topic)
	wait := backoff{limit: 2 * time.Second}
	for {
		if batch = waiting(batch); len(batch) == 0 {
			l.troubles.forget(activity, s.place.partition)
			return
		}
		begun := time.Now()
		err := s.produce(batch)
		switch {
		case err == nil:
			l.troubles.well(activity, s.place.partition)
			for _, p := range batch {
				l.stats.appended.Add(int64(len(p.records)))
				p.done <- nil
			}
			return
		case tooLarge(err) && len(batch) > 1:
			for i := range batch {
				s.store(batch[i : i+1])
			}
			return
		case tooLarge(err) && len(batch[0].records) > 1:
			s.storeHalves(batch[0])
			return
		case permanent(err):
			for _, p := range batch {
				p.done <- l.explain(activity, err)
			}
			return
		}
		l.stats.appendRetries.Add(1)
		l.troubles.failed(activity, s.place.partition, begun, err)
		if !wait.wait(l.life) {
			return
		}
		if missing(err) {
			s.recreate()
		}
	}
}

// storeHalves stores a parcel that a topic with a small limit refuses in two
// parts, in order. The second is left out when the first cannot be stored.
func (s *sender) storeHalves(whole *parcel) {
	mid := len(whole.records) / 2
	for _, records := range [][]stream.Record{whole.records[:mid], whole.records[mid:]} {
		part := &parcel{ctx: whole.ctx, records: records, done: make(chan error, 1)}
		s.store([]*parcel{part})
		select {
		case err := <-part.done:
			if err != nil {
				whole.done <- err
				return
			}
		default: // the call or the Log has ended
			return
		}
	}
	whole.done <- nil
}

// recreate makes the topic again if somebody deleted it while it was in use.
func (s *sender) recreate() {
	l, begun := s.log, time.Now()
	ctx, cancel := context.WithTimeout(l.life, l.cfg.Timeouts.Request)
	defer cancel()
	l.topics.forget(s.place.topic)
	if _, err := l.topics.partitions(ctx, s.topic); err != nil && ctx.Err() == nil {
		l.troubles.failed(appending(s.place.topic), s.place.partition, begun, err)
	}
}

// waiting returns the parcels whose call still waits, in order. The calls of
// the others have returned with an error.
func waiting(batch []*parcel) []*parcel {
	var out []*parcel
	for _, p := range batch {
		if p.ctx.Err() == nil {
			out = append(out, p)
		}
	}
	return out
}

// produce sends one batch once.
func (s *sender) produce(batch []*parcel) error {
	var out []kafka.Record
	for _, p := range batch {
		for i := range p.records {
			out = append(out, encoded(&p.records[i]))
		}
	}
	res, err := s.log.client.Produce(s.log.life, &kafka.ProduceRequest{
		Topic:        s.place.topic,
		Partition:    s.place.partition,
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(out...),
		Compression:  s.log.codec,
	})
	if err != nil {
		return err
	}
	for i, err := range res.RecordErrors {
		return fmt.Errorf("record %d of %d: %w", i, len(out), errors.Join(res.Error, err))
	}
	return res.Error
}

func encoded(r *stream.Record) kafka.Record {
	k := kafka.Record{Key: kafka.NewBytes(r.Key), Value: kafka.NewBytes(r.Value), Time: r.Time}
	for _, h := range r.Headers {
		k.Headers = append(k.Headers, kafka.Header{Key: h.Name, Value: h.Value})
	}
	return k
}
