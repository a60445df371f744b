// Package streamtest is the contract of stream.Log as a test. Every
// implementation passes [Run], the disk of one machine and a cluster alike:
// names are new on every run, and waiting is for conditions, never for time.
package streamtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"veghe/stream"
)

// Options says what the Log under test was opened with. The zero value fits a
// Log with one partition per topic.
type Options struct {
	Partitions int           // of every new topic; 0 means 1
	MaxBatch   int           // most records per batch; 0 means 500
	Within     time.Duration // how long a condition may take to become true; 0 means 30 s
	LargeValue int           // bytes of the large record; 0 means 1 MiB
	// Concurrent says that a second Log may be opened while the first is open.
	Concurrent bool
}

func (o Options) withDefaults() Options {
	if o.Partitions == 0 {
		o.Partitions = 1
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = 500
	}
	if o.Within == 0 {
		o.Within = 30 * time.Second
	}
	if o.LargeValue == 0 {
		o.LargeValue = 1 << 20
	}
	return o
}

// Run tests the contract. Every call of open must give a new Log over the same
// durable store; Run closes each, and unless o.Concurrent is set it does so
// before it opens the next.
func Run(t *testing.T, open func(t *testing.T) stream.Log, o Options) {
	o = o.withDefaults()
	tests := []struct {
		name string
		test func(*kit)
	}{
		// Append and what comes out.
		{"Fields", testFields},
		{"EmptyKeyAndValue", testEmpty},
		{"LargeRecords", testLarge},
		{"OrderPerKey", testOrder},
		{"BatchBounds", testBatchBounds},
		{"ConsumerWaitsForRecords", testWaits},
		// Commit and redelivery.
		{"HandlerErrorGivesAgain", testHandlerError},
		{"NothingBehindAnErrorMoves", testBackPressure},
		{"CommitOnlyAfterNil", testCommitAfterNil},
		{"ReopenResumes", testReopen},
		{"CancelEndsConsume", testCancel},
		// Groups.
		{"GroupsAreIndependent", testTwoGroups},
		{"MembersShare", testMembersShare},
		{"MemberLeaves", testMemberLeaves},
		{"MembersOfTwoLogs", testTwoLogs},
		// Reading and measuring.
		{"ReadToTheEnd", testRead},
		{"ReadOfNothing", testReadNothing},
		{"ReadError", testReadError},
		{"Lag", testLag},
		{"LagOfNothing", testLagNothing},
		{"Close", testClose},
		// Values.
		{"Topic", testTopic},
		{"TopicDeadLetters", testTopicDead},
		{"TopicPanic", testTopicPanic},
		{"TopicNotNow", testTopicNotNow},
		{"DeadLettersRetry", testRetry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := &kit{T: t, o: o, open: open, topic: name(t, "topic")}
			k.ctx, k.cancel = context.WithTimeout(t.Context(), 4*o.Within)
			t.Cleanup(k.cancel)
			k.log = k.openLog()
			tt.test(k)
		})
	}
}

// name is new on every run, so that a cluster can keep the old ones.
func name(t *testing.T, kind string) string {
	base := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
	return strings.ToLower(fmt.Sprintf("test.%s.%s.%s", base, kind, rand.Text()[:8]))
}

// kit is what one test has at hand.
type kit struct {
	*testing.T
	o      Options
	open   func(t *testing.T) stream.Log
	ctx    context.Context // bounds the whole test
	cancel context.CancelFunc
	log    stream.Log
	topic  string
}

func (k *kit) openLog() stream.Log {
	k.Helper()
	l := k.open(k.T)
	k.Cleanup(func() {
		if err := l.Close(); err != nil {
			k.Errorf("Close: %v", err)
		}
	})
	return l
}

// append adds records with these values, all of one key.
func (k *kit) append(key string, values ...string) {
	k.Helper()
	if err := k.log.Append(k.ctx, k.topic, records(key, values)...); err != nil {
		k.Fatalf("Append: %v", err)
	}
}

func records(key string, values []string) []stream.Record {
	rs := make([]stream.Record, len(values))
	for i, v := range values {
		rs[i] = stream.Record{Key: []byte(key), Value: []byte(v)}
	}
	return rs
}

// numbers are n values with a prefix, such as a0, a1, a2.
func numbers(prefix string, n int) []string {
	vs := make([]string, n)
	for i := range vs {
		vs[i] = fmt.Sprint(prefix, i)
	}
	return vs
}

// member is a running Consume.
type member struct {
	k    *kit
	stop context.CancelFunc
	done chan error
}

// consume starts a member of a group of the kit's topic.
func (k *kit) consume(l stream.Log, group string, h stream.Handler) *member {
	ctx, stop := context.WithCancel(k.ctx)
	m := &member{k: k, stop: stop, done: make(chan error, 1)}
	go func() { m.done <- l.Consume(ctx, k.topic, group, h) }()
	k.Cleanup(func() { m.leave() })
	return m
}

// leave ends the member and wants nil from Consume. It may be called twice.
func (m *member) leave() {
	m.k.Helper()
	m.stop()
	if m.done == nil {
		return
	}
	select {
	case err := <-m.done:
		if err != nil {
			m.k.Errorf("Consume after its context ended: %v, want nil", err)
		}
	case <-time.After(m.k.o.Within):
		m.k.Errorf("Consume did not end within %v of its context", m.k.o.Within)
	}
	m.done = nil
}

// seen collects what handlers got.
type seen struct {
	k  *kit
	mu sync.Mutex // guards all below; changed is signalled under it
	// records has what was handled, in the order of handling.
	records []stream.Record
	sizes   []int
	changed *sync.Cond
}

func (k *kit) newSeen() *seen {
	s := &seen{k: k}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *seen) add(batch []stream.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, batch...)
	s.sizes = append(s.sizes, len(batch))
	s.changed.Broadcast()
}

// handle is a Handler that takes everything.
func (s *seen) handle(_ context.Context, batch []stream.Record) error {
	s.add(batch)
	return nil
}

// wait waits until cond is true, which is called with the lock held.
func (s *seen) wait(what string, cond func() bool) {
	s.k.Helper()
	ctx, cancel := context.WithTimeout(s.k.ctx, s.k.o.Within)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !cond() {
		if ctx.Err() != nil {
			s.k.Fatalf("waited %v for %s; got %d records", s.k.o.Within, what, len(s.records))
		}
		s.changed.Wait()
	}
}

// waitAll waits until every value was handled at least once.
func (s *seen) waitAll(values []string) {
	s.k.Helper()
	s.wait(fmt.Sprintf("all of %d values", len(values)), func() bool { return len(s.missing(values)) == 0 })
}

// missing needs the lock.
func (s *seen) missing(values []string) []string {
	have := make(map[string]bool, len(s.records))
	for i := range s.records {
		have[string(s.records[i].Value)] = true
	}
	var out []string
	for _, v := range values {
		if !have[v] {
			out = append(out, v)
		}
	}
	return out
}

// all returns a copy of what was handled.
func (s *seen) all() []stream.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]stream.Record(nil), s.records...)
}

func values(rs []stream.Record) []string {
	vs := make([]string, len(rs))
	for i := range rs {
		vs[i] = string(rs[i].Value)
	}
	return vs
}

// firsts drops repeats: each value once, where it was first seen.
func firsts(vs []string) []string {
	had := make(map[string]bool, len(vs))
	var out []string
	for _, v := range vs {
		if !had[v] {
			had[v] = true
			out = append(out, v)
		}
	}
	return out
}

// eventually asks until cond is true.
func (k *kit) eventually(what string, cond func() (bool, string)) {
	k.Helper()
	deadline := time.NewTimer(k.o.Within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, got := cond()
		if ok {
			return
		}
		select {
		case <-deadline.C:
			k.Fatalf("waited %v for %s; got %s", k.o.Within, what, got)
		case <-tick.C:
		}
	}
}

var errNotNow = errors.New("not now")
