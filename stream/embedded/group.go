package embedded

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
	"time"

	"veghe/stream"
)

// Pauses before a batch is given again.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 15 * time.Second
)

// append writes to all partitions first, so that their fsyncs run together.
func (t *topic) append(records []stream.Record) error {
	parts := make([][]*stream.Record, len(t.parts))
	for i := range records {
		n := t.partitionOf(records[i].Key)
		parts[n] = append(parts[n], &records[i])
	}
	errs := make([]error, len(t.parts))
	var wg sync.WaitGroup
	for i, rs := range parts {
		if len(rs) == 0 {
			continue
		}
		w, err := t.parts[i].append(rs)
		if err != nil {
			errs[i] = err
			continue
		}
		if len(rs) == len(records) {
			return t.parts[i].sync(w)
		}
		wg.Go(func() { errs[i] = t.parts[i].sync(w) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// partitionOf spreads keys. Records without one are all of one partition, and
// so in order.
func (t *topic) partitionOf(key []byte) int {
	return int(crc32.Checksum(key, castagnoli) % uint32(len(t.parts)))
}

// group is the members of a group of a topic, who share its partitions.
type group struct {
	name string

	mu      sync.Mutex // guards all below
	members []*member  // in the order in which they joined
	owners  []*member  // by partition; nil while it changes hands
}

// member is one running Consume. Only its goroutine uses held.
type member struct {
	log   *Log
	topic *topic
	group *group
	h     stream.Handler
	held  []*holding // by partition; nil where it is another's
}

// holding is a partition in a member's hands.
type holding struct {
	cursor *cursor
	done   int64     // committed
	tries  int       // of the next batch, failed
	again  time.Time // when it may be given again
}

// Consume hands the records of a topic, which it makes if there is none, to h
// as a member of group. It calls h from one goroutine. A partition changes
// hands between batches only. Consume returns a *[CorruptError] where records
// cannot be read, and [ErrClosed] if the log is closed.
func (l *Log) Consume(ctx context.Context, topic, groupName string, h stream.Handler) error {
	if ctx.Err() != nil {
		return nil
	}
	if groupName == "" || len(groupName) > 200 {
		return fmt.Errorf("consume %s: group %.40q: want a name of 1 to 200 bytes", topic, groupName)
	}
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	t, err := l.topic(topic, true)
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()

	m := &member{log: l, topic: t, group: t.group(groupName), h: h, held: make([]*holding, len(t.parts))}
	m.join()
	defer m.leave()
	err = m.run(inner)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("consume %s as %s: %w", topic, groupName, err)
	}
	return l.closing()
}

func (t *topic) group(name string) *group {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[name]
	if g == nil {
		g = &group{name: name, owners: make([]*member, len(t.parts))}
		t.groups[name] = g
	}
	return g
}

func (m *member) join() {
	m.group.mu.Lock()
	m.group.members = append(m.group.members, m)
	m.group.mu.Unlock()
	m.topic.changed.broadcast()
}

func (m *member) leave() {
	m.group.mu.Lock()
	m.group.members = slices.DeleteFunc(m.group.members, func(o *member) bool { return o == m })
	for i := range m.held {
		m.release(i)
	}
	m.group.mu.Unlock()
	m.topic.changed.broadcast()
}

// release needs the group's lock.
func (m *member) release(i int) {
	if m.held[i] == nil {
		return
	}
	m.held[i].cursor.close()
	m.held[i] = nil
	m.group.owners[i] = nil
}

func (m *member) run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := m.topic.changed.wait() // before looking, so that nothing is missed
		if err := m.share(ctx); err != nil {
			return err
		}
		busy, again, err := m.round(ctx)
		if err != nil {
			return err
		}
		if !busy {
			wait(ctx, changed, again)
		}
	}
	return nil
}

// wait returns when something changed, at a time if it is not zero, or when
// ctx ends.
func wait(ctx context.Context, changed <-chan struct{}, at time.Time) {
	var due <-chan time.Time
	if !at.IsZero() {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-due:
	}
}

// share gives up the partitions that are now another member's, and takes those
// that are this one's and free.
func (m *member) share(ctx context.Context) error {
	taken, released := m.reassign()
	if released {
		m.topic.changed.broadcast()
	}
	for _, i := range taken {
		if err := m.take(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (m *member) reassign() (taken []int, released bool) {
	g := m.group
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range m.held {
		mine := g.members[i%len(g.members)] == m
		switch {
		case !mine && m.held[i] != nil:
			m.release(i)
			released = true
		case mine && g.owners[i] == nil:
			g.owners[i] = m
			m.held[i] = &holding{cursor: &cursor{p: m.topic.parts[i]}}
			taken = append(taken, i)
		}
	}
	return taken, released
}

// take begins where the group stopped. It makes the group known, so that
// retention holds what the group has not handled.
func (m *member) take(ctx context.Context, i int) error {
	h := m.held[i]
	at := position{m.group.name, m.topic.name, i}
	begin, _ := m.topic.parts[i].bounds()
	next, err := m.log.offsets.join(at, begin)
	if err != nil {
		next = begin
		m.commit(ctx, i, begin)
	}
	h.done, h.cursor.next = next, next
	return nil
}

// round gives the handler a batch of each partition held. It reports whether
// it gave any, and if not, when the first that failed may be given again.
func (m *member) round(ctx context.Context) (busy bool, again time.Time, err error) {
	for i, h := range m.held {
		if h == nil {
			continue
		}
		if ctx.Err() != nil {
			return true, again, nil
		}
		if time.Now().Before(h.again) {
			again = earliest(again, h.again)
			continue
		}
		gave, err := m.give(ctx, i, h)
		if err != nil {
			return false, again, err
		}
		busy = busy || gave
		if h.tries > 0 {
			again = earliest(again, h.again)
		}
	}
	return busy, again, nil
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// give hands over the next batch of a partition, if there is one, and commits
// it. Only damage is an error; what may pass is tried again later.
func (m *member) give(ctx context.Context, i int, h *holding) (gave bool, err error) {
	p := m.topic.parts[i]
	batch, err := h.cursor.read(m.log.o.MaxBatch, p.end())
	var corrupt *CorruptError
	switch {
	case errors.As(err, &corrupt):
		return false, err
	case err != nil:
		m.later(ctx, i, h, "a partition could not be read, and will be again", err)
		return false, nil
	case len(batch) > 0:
		gave = true
		err = m.h(ctx, batch)
	case h.cursor.next == h.done:
		return false, nil
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return gave, nil
	case err != nil:
		m.later(ctx, i, h, "a batch was not handled, and will be given again", err)
		return gave, nil
	}
	h.tries, h.again = 0, time.Time{}
	m.commit(ctx, i, h.cursor.next)
	h.done = h.cursor.next
	return gave, nil
}

// later has the partition tried again from where it was committed, after a
// pause that grows.
func (m *member) later(ctx context.Context, i int, h *holding, what string, err error) {
	pause := pauseAfter(h.tries)
	h.tries++
	h.again = time.Now().Add(pause)
	h.cursor.close()
	h.cursor.next = h.done
	m.log.o.Logger.WarnContext(ctx, what, "topic", m.topic.name, "group", m.group.name, "partition", i,
		"offset", h.done, "tries", h.tries, "pause", pause, "error", err)
}

func pauseAfter(tries int) time.Duration {
	return min(lastPause, firstPause<<min(tries, 20))
}

// commit moves the group forward, durably. On a full disk it tries until ctx
// ends: the batch is handled, so it is not given again, but nor is the next.
func (m *member) commit(ctx context.Context, i int, next int64) {
	at := position{m.group.name, m.topic.name, i}
	for tries := 0; ; tries++ {
		err := m.log.offsets.commit(at, next)
		if err == nil {
			return
		}
		pause := pauseAfter(tries)
		m.log.o.Logger.ErrorContext(ctx, "an offset could not be stored, and will be again", "topic", at.topic,
			"group", at.group, "partition", i, "next", next, "pause", pause, "error", err)
		wait(ctx, nil, time.Now().Add(pause))
		if ctx.Err() != nil {
			return
		}
	}
}

// Forget drops what a group has handled of a topic, so that retention no
// longer holds anything for it. It refuses while the group has members.
func (l *Log) Forget(topic, groupName string) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	t, err := l.topic(topic, false)
	if err != nil {
		return err
	}
	if t != nil && t.group(groupName).busy() {
		return fmt.Errorf("group %s has members that consume %s: stop them first", groupName, topic)
	}
	return l.offsets.forget(topic, groupName)
}

func (g *group) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.members) > 0
}

// Retain applies the retention of every topic now.
func (l *Log) Retain() error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.calls.Done()
	return l.retain()
}

func (l *Log) retain() error {
	l.sweeping.Lock()
	defer l.sweeping.Unlock()
	l.mu.Lock()
	var parts []*partition
	for _, t := range l.topics {
		parts = append(parts, t.parts...)
	}
	l.mu.Unlock()
	var errs []error
	for _, p := range parts {
		if err := p.retain(p.topic.retention, l.offsets.handled(p.topic.name, p.id)); err != nil {
			errs = append(errs, fmt.Errorf("apply retention to topic %s, partition %d: %w", p.topic.name, p.id, err))
		}
	}
	return errors.Join(errs...)
}

// sweep applies retention until the log is closed.
func (l *Log) sweep() {
	tick := time.NewTicker(l.o.Sweep)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		if err := l.retain(); err != nil {
			l.o.Logger.Error("retention failed, and will be applied again", "error", err)
		}
	}
}
