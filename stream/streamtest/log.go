package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe/stream"
)

func testFields(k *kit) {
	before := time.Now().Add(-time.Minute) // a broker's clock may differ a little
	headers := []stream.Header{{Name: "id", Value: []byte("p1")}, {Name: "source", Value: []byte{0, 0xff}}, {Name: "empty", Value: []byte{}}}
	in := stream.Record{Key: []byte("key"), Value: []byte("value"), Headers: headers, Partition: 99, Offset: 99}
	if err := k.log.Append(k.ctx, k.topic, in, in); err != nil {
		k.Fatalf("Append: %v", err)
	}
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	s.wait("2 records", func() bool { return len(s.records) == 2 })
	for i, r := range s.all() {
		if string(r.Key) != "key" || string(r.Value) != "value" {
			k.Errorf("record %d is %q: %q, want what was appended", i, r.Key, r.Value)
		}
		if len(r.Headers) != len(headers) {
			k.Fatalf("record %d has %d headers, want %d", i, len(r.Headers), len(headers))
		}
		for j, h := range headers {
			if r.Headers[j].Name != h.Name || !bytes.Equal(r.Headers[j].Value, h.Value) {
				k.Errorf("record %d header %d is %v, want %v", i, j, r.Headers[j], h)
			}
		}
		if r.Offset != int64(i) {
			k.Errorf("record %d has offset %d, want %d", i, r.Offset, i)
		}
		if r.Partition < 0 || r.Partition >= k.o.Partitions {
			k.Errorf("record %d is in partition %d of %d", i, r.Partition, k.o.Partitions)
		}
		if r.Time.Before(before) || r.Time.After(time.Now().Add(time.Minute)) {
			k.Errorf("record %d was appended at %v, want about now", i, r.Time)
		}
	}
}

func testEmpty(k *kit) {
	if err := k.log.Append(k.ctx, k.topic); err != nil {
		k.Errorf("Append of nothing: %v", err)
	}
	rs := []stream.Record{{}, {Value: []byte("no key")}, {Key: []byte{}, Value: []byte("empty key")}, {Key: []byte("no value")}}
	if err := k.log.Append(k.ctx, k.topic, rs...); err != nil {
		k.Fatalf("Append: %v", err)
	}
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	s.wait("4 records", func() bool { return len(s.records) >= len(rs) })
	count := make(map[string]int)
	for _, r := range s.all() {
		count[fmt.Sprintf("%s|%s", r.Key, r.Value)]++
	}
	want := map[string]int{"|": 1, "|no key": 1, "|empty key": 1, "no value|": 1}
	if d := cmp.Diff(want, count); d != "" {
		k.Errorf("records (-want +got):\n%s", d)
	}
}

func testLarge(k *kit) {
	var want []string
	for i := range 4 {
		v := strings.Repeat(string(rune('a'+i)), k.o.LargeValue)
		want = append(want, v)
		k.append("k", v, fmt.Sprint("small", i))
		want = append(want, fmt.Sprint("small", i))
	}
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	s.waitAll(want)
	if !slices.Equal(firsts(values(s.all())), want) {
		k.Error("large records came changed or out of order")
	}
}

// testOrder has several appenders, each with a key of its own, at once.
func testOrder(k *kit) {
	const keys, rounds, each = 8, 10, 10
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	var all []string
	var wg sync.WaitGroup
	for key := range keys {
		prefix := fmt.Sprintf("k%d-", key)
		vs := numbers(prefix, rounds*each)
		all = append(all, vs...)
		wg.Go(func() {
			for batch := range slices.Chunk(vs, each) {
				if err := k.log.Append(k.ctx, k.topic, records(prefix, batch)...); err != nil {
					k.Errorf("Append: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	s.waitAll(all)
	byKey := make(map[string][]string)
	partition := make(map[string]int)
	for _, r := range s.all() {
		key := string(r.Key)
		byKey[key] = append(byKey[key], string(r.Value))
		if p, ok := partition[key]; ok && p != r.Partition {
			k.Errorf("key %s is in partitions %d and %d", key, p, r.Partition)
		}
		partition[key] = r.Partition
	}
	for key := range keys {
		prefix := fmt.Sprintf("k%d-", key)
		if d := cmp.Diff(numbers(prefix, rounds*each), firsts(byKey[prefix])); d != "" {
			k.Errorf("order of key %s (-want +got):\n%s", prefix, d)
		}
	}
}

func testBatchBounds(k *kit) {
	n := 3*k.o.MaxBatch + 1
	var all []string
	for i := range 4 {
		key := fmt.Sprint("k", i)
		vs := numbers(key+"-", n/4+1)
		all = append(all, vs...)
		k.append(key, vs...)
	}
	s := k.newSeen()
	k.consume(k.log, "g", func(_ context.Context, batch []stream.Record) error {
		if len(batch) == 0 || len(batch) > k.o.MaxBatch {
			k.Errorf("batch of %d records, want 1 to %d", len(batch), k.o.MaxBatch)
		}
		for i := 1; i < len(batch); i++ {
			if batch[i].Partition != batch[0].Partition {
				k.Errorf("batch of partitions %d and %d", batch[0].Partition, batch[i].Partition)
			}
			if batch[i].Offset <= batch[i-1].Offset {
				k.Errorf("offset %d after %d", batch[i].Offset, batch[i-1].Offset)
			}
		}
		s.add(batch)
		return nil
	})
	s.waitAll(all)
}

// testWaits starts the consumer on a topic that nothing was appended to.
func testWaits(k *kit) {
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	for i := range 5 {
		v := fmt.Sprint("v", i)
		k.append("k", v)
		s.waitAll([]string{v})
	}
}

func testHandlerError(k *kit) {
	const n = 40
	s := k.newSeen()
	tried := make(map[string]int)
	k.consume(k.log, "g", func(_ context.Context, batch []stream.Record) error {
		// Fails twice at the first batch, once at every other.
		first := string(batch[0].Value)
		tried[first]++
		if tried[first] == 1 || first == "v0" && tried[first] == 2 {
			return errNotNow
		}
		s.add(batch)
		return nil
	})
	for _, v := range numbers("v", n) {
		k.append("k", v)
	}
	s.waitAll(numbers("v", n))
	if d := cmp.Diff(numbers("v", n), firsts(values(s.all()))); d != "" {
		k.Errorf("handled (-want +got):\n%s", d)
	}
	if tried["v0"] < 3 {
		k.Errorf("the failed batch was given %d times, want 3", tried["v0"])
	}
}

// testBackPressure wants that nothing behind a failing batch is handed over.
func testBackPressure(k *kit) {
	k.append("k", numbers("v", 3)...)
	var tries atomic.Int64
	var open atomic.Bool
	s := k.newSeen()
	k.consume(k.log, "g", func(_ context.Context, batch []stream.Record) error {
		if open.Load() {
			s.add(batch)
			return nil
		}
		if got := string(batch[0].Value); got != "v0" {
			k.Errorf("batch starts with %q while v0 fails", got)
		}
		tries.Add(1)
		return errNotNow
	})
	k.eventually("two tries", func() (bool, string) { return tries.Load() >= 2, fmt.Sprint(tries.Load()) })
	k.append("k", "v3")
	k.eventually("three tries", func() (bool, string) { return tries.Load() >= 3, fmt.Sprint(tries.Load()) })
	open.Store(true)
	s.waitAll(numbers("v", 4))
	if d := cmp.Diff(numbers("v", 4), firsts(values(s.all()))); d != "" {
		k.Errorf("handled (-want +got):\n%s", d)
	}
}

// testCommitAfterNil stops a member in the middle of a batch.
func testCommitAfterNil(k *kit) {
	k.append("k", "v0", "v1")
	started := make(chan struct{})
	var once sync.Once
	m := k.consume(k.log, "g", func(ctx context.Context, _ []stream.Record) error {
		once.Do(func() { close(started) })
		<-ctx.Done()
		return ctx.Err()
	})
	select {
	case <-started:
	case <-time.After(k.o.Within):
		k.Fatal("no batch came")
	}
	m.leave()
	s := k.newSeen()
	k.consume(k.log, "g", s.handle)
	s.waitAll(numbers("v", 2))
}

func testReopen(k *kit) {
	k.append("k", numbers("a", 20)...)
	s := k.newSeen()
	m := k.consume(k.log, "g", s.handle)
	s.waitAll(numbers("a", 20))
	m.leave()
	k.append("k", numbers("b", 5)...)
	if err := k.log.Close(); err != nil {
		k.Fatalf("Close: %v", err)
	}

	k.log = k.openLog()
	k.append("k", numbers("c", 5)...)
	again := k.newSeen()
	k.consume(k.log, "g", again.handle)
	want := append(numbers("b", 5), numbers("c", 5)...)
	again.waitAll(want)
	if d := cmp.Diff(want, values(again.all())); d != "" {
		k.Errorf("after reopening (-want +got):\n%s", d)
	}
}

func testCancel(k *kit) {
	s := k.newSeen()
	m := k.consume(k.log, "g", s.handle)
	k.append("k", "v0")
	s.waitAll([]string{"v0"})
	m.leave()

	ended, cancel := context.WithCancel(k.ctx)
	cancel()
	if err := k.log.Consume(ended, k.topic, "g", s.handle); err != nil {
		k.Errorf("Consume with an ended context: %v, want nil", err)
	}
}

func testTwoGroups(k *kit) {
	k.append("k", numbers("v", 10)...)
	one, two := k.newSeen(), k.newSeen()
	m := k.consume(k.log, "one", one.handle)
	one.waitAll(numbers("v", 10))
	m.leave()
	k.append("k", "v10")
	k.consume(k.log, "two", two.handle)
	two.waitAll(numbers("v", 11))
	if slices.Contains(values(one.all()), "v10") {
		k.Error("a group that left was given a record")
	}
}

// testMembersShare wants that each of two members gets a share where there are
// partitions to share, and that nothing is lost when the second one joins.
func testMembersShare(k *kit) { share(k, k.log, k.log) }

// testTwoLogs is the same with the members in two Logs, as two processes.
func testTwoLogs(k *kit) {
	if !k.o.Concurrent {
		return // one process owns the store
	}
	share(k, k.log, k.openLog())
}

func share(k *kit, l1, l2 stream.Log) {
	both := k.newSeen()
	var got [2]atomic.Int64
	counting := func(i int) stream.Handler {
		return func(_ context.Context, batch []stream.Record) error {
			got[i].Add(int64(len(batch)))
			both.add(batch)
			return nil
		}
	}
	var all []string
	more := func() {
		for key := range 4 * k.o.Partitions {
			v := fmt.Sprint("v", len(all))
			all = append(all, v)
			k.append(fmt.Sprint("k", key), v)
		}
	}
	k.consume(l1, "g", counting(0))
	more()
	both.waitAll(all)
	k.consume(l2, "g", counting(1))
	k.eventually("the second member to get records", func() (bool, string) {
		more()
		return got[1].Load() > 0 || k.o.Partitions < 2, fmt.Sprint(got[0].Load(), " and ", got[1].Load())
	})
	both.waitAll(all)
}

// testMemberLeaves has one of two members end in mid-stream.
func testMemberLeaves(k *kit) {
	both := k.newSeen()
	var all []string
	for key := range 2 * k.o.Partitions {
		vs := numbers(fmt.Sprintf("k%d-", key), 50)
		all = append(all, vs...)
		k.append(fmt.Sprint("k", key), vs...)
	}
	leaver := k.consume(k.log, "g", both.handle)
	k.consume(k.log, "g", both.handle)
	both.wait("the first record", func() bool { return len(both.records) > 0 })
	leaver.leave()
	for key := range 2 * k.o.Partitions {
		v := fmt.Sprintf("k%d-last", key)
		all = append(all, v)
		k.append(fmt.Sprint("k", key), v)
	}
	both.waitAll(all)
	byKey := make(map[string][]string)
	for _, r := range both.all() {
		byKey[string(r.Key)] = append(byKey[string(r.Key)], string(r.Value))
	}
	for key := range 2 * k.o.Partitions {
		want := append(numbers(fmt.Sprintf("k%d-", key), 50), fmt.Sprintf("k%d-last", key))
		if d := cmp.Diff(want, firsts(byKey[fmt.Sprint("k", key)])); d != "" {
			k.Errorf("order of key %d (-want +got):\n%s", key, d)
		}
	}
}

// testRead appends while reading: the end is where it was at the call.
func testRead(k *kit) {
	n := k.o.MaxBatch + 10
	k.append("k", numbers("v", n)...)
	var got []string
	appended := false
	err := k.log.Read(k.ctx, k.topic, func(_ context.Context, batch []stream.Record) error {
		if len(batch) == 0 || len(batch) > k.o.MaxBatch {
			k.Errorf("batch of %d records, want 1 to %d", len(batch), k.o.MaxBatch)
		}
		if !appended {
			k.append("k", "late")
			appended = true
		}
		got = append(got, values(batch)...)
		return nil
	})
	if err != nil {
		k.Fatalf("Read: %v", err)
	}
	if d := cmp.Diff(numbers("v", n), got); d != "" {
		k.Errorf("Read (-want +got):\n%s", d)
	}
	// Again: Read has no memory, and now sees the late one.
	got = nil
	err = k.log.Read(k.ctx, k.topic, func(_ context.Context, batch []stream.Record) error {
		got = append(got, values(batch)...)
		return nil
	})
	if d := cmp.Diff(append(numbers("v", n), "late"), got); d != "" || err != nil {
		k.Errorf("second Read: %v (-want +got):\n%s", err, d)
	}
}

func testReadNothing(k *kit) {
	err := k.log.Read(k.ctx, k.topic, func(context.Context, []stream.Record) error {
		return errors.New("called")
	})
	if err != nil {
		k.Errorf("Read of an empty topic: %v, want nil", err)
	}
}

func testReadError(k *kit) {
	k.append("k", numbers("v", 3)...)
	calls := 0
	err := k.log.Read(k.ctx, k.topic, func(context.Context, []stream.Record) error {
		calls++
		return errNotNow
	})
	if !errors.Is(err, errNotNow) || calls != 1 {
		k.Errorf("Read gave %v after %d calls, want the handler's error after 1", err, calls)
	}
	ended, cancel := context.WithCancel(k.ctx)
	cancel()
	if err := k.log.Read(ended, k.topic, func(context.Context, []stream.Record) error { return nil }); err == nil {
		k.Error("Read with an ended context: nil, want an error, as the end was not reached")
	}
}

func testLag(k *kit) {
	sum := func() (total stream.Lag, oldest bool) {
		k.Helper()
		lags, err := k.log.Lag(k.ctx, k.topic, "g")
		if err != nil {
			k.Fatalf("Lag: %v", err)
		}
		if len(lags) != k.o.Partitions {
			k.Fatalf("Lag of %d partitions, want %d", len(lags), k.o.Partitions)
		}
		for i, l := range lags {
			if l.Partition != i {
				k.Errorf("entry %d is partition %d", i, l.Partition)
			}
			if !l.Oldest.IsZero() && l.Behind() == 0 {
				k.Errorf("partition %d: oldest is %v with nothing behind", i, l.Oldest)
			}
			total.Begin += l.Begin
			total.End += l.End
			total.Committed += l.Committed
			oldest = oldest || !l.Oldest.IsZero()
		}
		return total, oldest
	}
	const n = 12
	for i := range n {
		k.append(fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	if l, oldest := sum(); l.Begin != 0 || l.End != n || l.Committed != 0 || !oldest {
		k.Errorf("before consuming: %+v, oldest known: %t; want 0 to %d, none committed, oldest known", l, oldest, n)
	}
	s := k.newSeen()
	m := k.consume(k.log, "g", s.handle)
	s.waitAll(numbers("v", n))
	k.eventually("everything committed", func() (bool, string) {
		l, oldest := sum()
		return l.Committed == n && l.End == n && !oldest, fmt.Sprintf("%+v", l)
	})
	m.leave()
	k.append("k", "last")
	if l, oldest := sum(); l.End != n+1 || l.Committed != n || !oldest {
		k.Errorf("one behind: %+v, oldest known: %t; want end %d, committed %d, oldest known", l, oldest, n+1, n)
	}
}

func testLagNothing(k *kit) {
	lags, err := k.log.Lag(k.ctx, k.topic, "nobody")
	if err != nil {
		k.Fatalf("Lag of an unknown topic and group: %v", err)
	}
	for _, l := range lags {
		if l.Behind() != 0 || !l.Oldest.IsZero() {
			k.Errorf("lag of nothing is %+v", l)
		}
	}
}

func testClose(k *kit) {
	k.append("k", "v0")
	for range 2 {
		if err := k.log.Close(); err != nil {
			k.Errorf("Close: %v", err)
		}
	}
	if err := k.log.Append(k.ctx, k.topic, stream.Record{Value: []byte("v1")}); err == nil {
		k.Error("Append after Close: nil, want an error")
	}
}
