package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

const (
	heartbeat = time.Second
	// handlerPause is the longest pause before a batch is given again.
	handlerPause = 10 * time.Second
)

// Consume is a member of the group until ctx ends. Its handler may be called
// by several goroutines at once, one per partition.
//
// When the group is shared anew, a handler that is running is given
// Timeouts.Drain before its context ends. One that goes on regardless holds
// this member out of the group, and its partitions go to others meanwhile.
func (l *Log) Consume(ctx context.Context, topic, group string, h stream.Handler) error {
	return l.join(ctx, topic, group, func(int) consumer { return consumer{handler: h} })
}

// join is one call of Consume or Share; as says what the member is for, by how
// many partitions the topic has.
func (l *Log) join(ctx context.Context, topic, group string, as func(partitions int) consumer) error {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	n, err := l.topics.partitions(ctx, topic)
	if err == nil {
		c := as(n)
		c.log, c.topic, c.group = l, l.cfg.topic(topic), l.cfg.group(topic, group)
		err = c.run(ctx)
	}
	switch {
	case ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), ErrClosed):
		return ErrClosed
	}
	return nil
}

// consumer is a member of a group for one call of join.
type consumer struct {
	log     *Log
	topic   string
	group   string
	handler stream.Handler
	share   *share // instead of handler
}

func (c *consumer) joining() string    { return "join group " + c.group }
func (c *consumer) fetching() string   { return "consume in group " + c.group }
func (c *consumer) handling() string   { return "handle records of group " + c.group }
func (c *consumer) committing() string { return "commit of group " + c.group }

// run is a member again and again. kafka-go asks the first broker on its list
// that takes a connection for the coordinator, and a frozen one takes them and
// never answers; so every try starts with another.
func (c *consumer) run(ctx context.Context) error {
	brokers := slices.Clone(c.log.cfg.Brokers)
	defer c.log.troubles.end(c.joining(), c.fetching(), c.handling(), c.committing())
	for {
		err := c.member(ctx, brokers)
		failed := time.Now() // a member may have been well for days
		if ctx.Err() != nil {
			return nil
		}
		if permanent(err) {
			return c.log.explain(c.joining(), err)
		}
		c.log.troubles.failed(c.joining(), -1, failed, err)
		if !pause(ctx, time.Second) {
			return nil
		}
		brokers = append(brokers[1:], brokers[0])
	}
}

// member joins the group and serves one generation after the other.
func (c *consumer) member(ctx context.Context, brokers []string) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Connections outlive ctx for as long as it takes to commit and to leave.
	dialing, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	group, err := kafka.NewConsumerGroup(c.config(c.log.dialer(dialing), brokers))
	if err != nil {
		return err
	}
	defer func() {
		enough := time.AfterFunc(c.log.cfg.Timeouts.Drain+c.log.cfg.Timeouts.Dial, hangUp)
		defer enough.Stop()
		_ = group.Close()
	}()
	for {
		gen, err := group.Next(ctx)
		switch {
		case errors.Is(err, kafka.RebalanceInProgress):
			continue // still a member; the broker sets the pace
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
		c.log.troubles.well(c.joining(), -1)
		c.log.stats.generations.Add(1)
		gen.Start(func(generation context.Context) {
			if c.share != nil {
				c.share.serve(ctx, generation, gen.Assignments[c.topic])
				return
			}
			if err := c.serve(ctx, generation, gen); err != nil {
				fail(err)
			}
		})
	}
}

func (c *consumer) config(d *kafka.Dialer, brokers []string) kafka.ConsumerGroupConfig {
	t := c.log.cfg.Timeouts
	var balancers []kafka.GroupBalancer // nil: kafka-go's own
	if c.share != nil {
		balancers = []kafka.GroupBalancer{byName{c.share.name}}
	}
	return kafka.ConsumerGroupConfig{
		GroupBalancers:         balancers,
		ID:                     c.group,
		Brokers:                brokers,
		Dialer:                 d,
		Topics:                 []string{c.topic},
		HeartbeatInterval:      heartbeat,
		SessionTimeout:         t.Session,
		RebalanceTimeout:       2 * t.Session,
		JoinGroupBackoff:       time.Second,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: 10 * time.Second,
		StartOffset:            kafka.FirstOffset,
		// A coordinator that is silent this long is given up.
		Timeout:     min(5*time.Second, t.Session/2),
		ErrorLogger: kafka.LoggerFunc(c.report),
	}
}

// report counts what kafka-go says. It says much, so it is only for debugging.
func (c *consumer) report(format string, args ...any) {
	c.log.stats.messages.Add(1)
	c.log.cfg.Logger.Debug("kafka-go reports an error", "group", c.group, "message", fmt.Sprintf(format, args...))
}

// serve works on the partitions of one generation until it ends, ctx ends or
// an error comes that trying again cannot help.
func (c *consumer) serve(ctx, generation context.Context, gen *kafka.Generation) error {
	work, stopWork := context.WithCancel(ctx)
	defer stopWork()
	fetch, stopFetch := context.WithCancelCause(work)
	defer stopFetch(nil)

	commits := newCommitter(c.topic, gen)
	var committing sync.WaitGroup
	committing.Go(commits.run)
	defer committing.Wait()
	defer commits.stop()

	var workers sync.WaitGroup
	for _, a := range gen.Assignments[c.topic] {
		w := &worker{consumer: c, at: place{c.topic, a.ID}, next: a.Offset, commits: commits}
		workers.Go(func() {
			if err := w.run(fetch, work); err != nil {
				stopFetch(err)
			}
		})
	}
	idle := make(chan struct{})
	go func() {
		workers.Wait()
		close(idle)
	}()

	select {
	case <-generation.Done():
	case <-fetch.Done():
	}
	stopFetch(nil)
	drained := time.NewTimer(c.log.cfg.Timeouts.Drain)
	defer drained.Stop()
	select {
	case <-idle:
	case <-drained.C:
		stopWork()
		<-idle
	}
	if err := context.Cause(fetch); err != nil && permanent(err) {
		return err
	}
	return nil
}

// worker handles one partition in one generation.
type worker struct {
	*consumer
	at      place
	next    int64 // the offset to fetch
	commits *committer
}

// run goes on while fetch does; the handler's context is work, which ends
// later. It returns an error only if trying again cannot help.
func (w *worker) run(fetch, work context.Context) error {
	defer w.log.troubles.forget(w.fetching(), w.at.partition)
	defer w.log.troubles.forget(w.handling(), w.at.partition)
	defer w.log.troubles.forget(w.committing(), w.at.partition)
	located := false
	wait := backoff{limit: 2 * time.Second}
	for fetch.Err() == nil {
		begun := time.Now()
		var records []stream.Record
		var err error
		if !located {
			err = w.locate(fetch)
			located = err == nil
		}
		if located {
			records, err = w.log.fetch(fetch, w.at, w.next)
		}
		switch {
		case fetch.Err() != nil:
			return nil
		case permanent(err):
			return err
		case err != nil && len(records) == 0:
			located = located && !errors.Is(err, kafka.OffsetOutOfRange)
			w.log.stats.fetchErrors.Add(1)
			w.log.troubles.failed(w.fetching(), w.at.partition, begun, err)
			wait.wait(fetch)
			continue
		}
		w.log.troubles.well(w.fetching(), w.at.partition)
		wait.next = 0
		for batch := range slices.Chunk(records, w.log.cfg.MaxBatch) {
			if fetch.Err() != nil || !w.handle(fetch, work, batch) || !w.commit(fetch, batch[len(batch)-1].Offset+1) {
				return nil
			}
		}
	}
	return nil
}

// locate puts next within what the partition keeps.
func (w *worker) locate(ctx context.Context) error {
	b, err := w.log.bounds(ctx, w.at.topic, w.at.partition)
	if err != nil {
		return err
	}
	at, skipped, rewound := b[w.at.partition].start(w.next)
	if skipped > 0 {
		w.log.stats.skipped.Add(skipped)
		w.log.cfg.Logger.Error("retention deleted records that the group had not handled",
			"group", w.group, "partition", w.at.partition, "records", skipped, "next", at)
	}
	if rewound {
		w.log.stats.rewound.Add(1)
		w.log.cfg.Logger.Error("the group is past the end of the partition: the cluster lost records; going on from the end",
			"group", w.group, "partition", w.at.partition, "committed", w.next, "end", at)
	}
	w.next = at
	return nil
}

// handle gives a batch to the handler until it returns nil, and reports
// whether it did.
func (w *worker) handle(fetch, work context.Context, batch []stream.Record) bool {
	wait := backoff{limit: handlerPause}
	for {
		err := w.handler(work, slices.Clone(batch))
		if err == nil {
			w.log.stats.handled.Add(int64(len(batch)))
			w.log.troubles.well(w.handling(), w.at.partition)
			return true
		}
		if work.Err() != nil {
			return false
		}
		w.log.stats.handlerErrors.Add(1)
		w.log.troubles.failed(w.handling(), w.at.partition, time.Now(), handlerError{err})
		if !wait.wait(fetch) {
			return false
		}
	}
}

// commit notes that everything before next is done, and reports whether the
// group knows. It tries until the generation ends, and once after.
func (w *worker) commit(fetch context.Context, next int64) bool {
	w.next = next
	wait := backoff{limit: time.Second}
	for {
		begun := time.Now()
		err := w.commits.commit(w.at.partition, next)
		if err == nil {
			w.log.stats.commits.Add(1)
			w.log.troubles.well(w.committing(), w.at.partition)
			return true
		}
		w.log.stats.commitErrors.Add(1)
		w.log.troubles.failed(w.committing(), w.at.partition, begun, err)
		if !wait.wait(fetch) {
			return false
		}
	}
}
