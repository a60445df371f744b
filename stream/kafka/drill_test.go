//go:build kafka

package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

// TestDrill kills, freezes and restarts real brokers under a running producer
// and two members of a group. At every moment the ledger holds: what was
// acknowledged is handled, in order per key, and repeats are few.
func TestDrill(t *testing.T) {
	c := realConfig(t)
	if len(c.Brokers) < 3 {
		t.Fatal("the drill wants three brokers: deploy/kafka/kafka.sh start 3")
	}
	c.Partitions, c.MaxBatch = 6, 100
	c.Timeouts.Session = 6 * time.Second // the shortest that brokers allow
	d := newDrill(t, c)
	d.step("steady", func() {})

	d.step("leader killed", func() {
		n := d.leader(0)
		d.broker("kill", n)
		d.after(func() { d.broker("up", n) })
	})
	d.step("leader back", func() {})

	d.step("coordinator killed", func() {
		n := d.coordinator()
		d.broker("kill", n)
		d.after(func() { d.broker("up", n) })
	})
	d.step("coordinator back", func() {})

	d.step("leader frozen", func() {
		n := d.leader(1)
		d.broker("pause", n)
		d.after(func() { d.broker("resume", n) })
	})
	d.step("leader thawed", func() {})

	d.step("member left", func() { d.leave(0) })
	d.step("member joined", func() {
		joined := d.join()
		d.eventually("the new member to get records", func() (bool, string) {
			return joined.Stats().Handled > 0, "none"
		})
	})

	d.step("two of three killed", func() {
		d.broker("kill", 1)
		d.broker("kill", 2)
		d.refused()
		d.broker("up", 1)
		d.after(func() { d.broker("up", 2) })
	})
	d.step("all back", func() {})
	d.finish()
}

// drill is a topic with producers and members, and the ledger of both.
type drill struct {
	*testing.T
	cfg    Config
	topic  string
	ctx    context.Context
	ledger *ledger
	logs   []*Log
	cleans []func() // what the step broke, to be mended after it

	stopProducers context.CancelFunc
	producers     sync.WaitGroup
	leaves        []func()
	networks      []*network   // by log
	slow          atomic.Int64 // how long the members take for a batch
}

const (
	drillKeys    = 24
	drillRecords = 40               // per key that must pass for a step to be over
	drillWithin  = 60 * time.Second // for each step
)

func newDrill(t *testing.T, c Config) *drill {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	t.Cleanup(cancel)
	d := &drill{
		T: t, cfg: c, ctx: ctx,
		topic:  fmt.Sprintf("drill.%d", time.Now().UnixNano()),
		ledger: &ledger{acked: make(map[string]int), handled: make(map[string]int)},
	}
	// What a step broke is mended and everything is stopped, also when it fails.
	t.Cleanup(func() {
		d.mend()
		d.stopProducers()
		d.producers.Wait()
		for _, leave := range d.leaves {
			leave()
		}
		for _, l := range d.logs {
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	producing, stop := context.WithCancel(ctx)
	d.stopProducers = stop
	l := d.open()
	for k := range drillKeys {
		d.producers.Go(func() { d.produce(producing, l, fmt.Sprint("key", k)) })
	}
	d.join()
	d.join()
	return d
}

func (d *drill) open() *Log {
	n := &network{}
	c := d.cfg
	c.dial = n.dial
	l := open(d.T, c)
	d.logs, d.networks = append(d.logs, l), append(d.networks, n)
	return l
}

// produce appends numbered records of one key until ctx ends. It knows of a
// record only when it was acknowledged.
func (d *drill) produce(ctx context.Context, l *Log, key string) {
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for next := 0; ; {
		var batch []stream.Record
		for range 5 {
			batch = append(batch, stream.Record{Key: []byte(key), Value: []byte(strconv.Itoa(next))})
			next++
		}
		if err := l.Append(ctx, d.topic, batch...); err != nil {
			if ctx.Err() == nil {
				d.Errorf("Append: %v", err)
			}
			return
		}
		d.ledger.append(key, next)
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
	}
}

// join adds a member in a Log of its own, as a process would.
func (d *drill) join() *Log {
	l := d.open()
	ctx, stop := context.WithCancel(d.ctx)
	done := make(chan error, 1)
	go func() {
		done <- l.Consume(ctx, d.topic, "drill", func(ctx context.Context, batch []stream.Record) error {
			if !pause(ctx, time.Duration(d.slow.Load())) {
				return ctx.Err()
			}
			return d.ledger.handle(ctx, batch)
		})
	}()
	d.leaves = append(d.leaves, sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			d.Errorf("Consume: %v", err)
		}
	}))
	return l
}

// refused wants that nothing is acknowledged without two copies, and that the
// error tells whom it could not reach.
func (d *drill) refused() {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.ctx, 3*time.Second)
	defer cancel()
	err := d.logs[0].Append(ctx, d.topic, stream.Record{Key: []byte("lonely"), Value: []byte("0")})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), d.cfg.Brokers[0]) {
		d.Errorf("Append with one broker of three: %v, want it to end with its context and to name the brokers", err)
	}
}

func (d *drill) leave(i int) { d.leaves[i]() }

func (d *drill) after(f func()) { d.cleans = append(d.cleans, f) }

func (d *drill) mend() {
	for _, f := range d.cleans {
		f()
	}
	d.cleans = nil
}

// step does something and waits until every key has moved on since, on both
// ends; then it mends what was broken and waits until all copies are in sync.
func (d *drill) step(name string, do func()) {
	d.Helper()
	d.healthy()
	do()
	start := time.Now()
	acked, handled := d.ledger.marks()
	repeats := d.ledger.repeats()
	var ackedIn time.Duration
	d.eventually(name, func() (bool, string) {
		a, h := d.ledger.marks()
		slowA, okA := behind(acked, a)
		if okA && ackedIn == 0 {
			ackedIn = time.Since(start)
		}
		slowH, okH := behind(handled, h)
		return okA && okH, fmt.Sprintf("appends of %v, handling of %v not moved on", slowA, slowH)
	})
	d.Logf("%-20s every key appended within %5.1f s, handled within %5.1f s, %d repeats",
		name, ackedIn.Seconds(), time.Since(start).Seconds(), d.ledger.repeats()-repeats)
	d.mend()
	d.ledger.check(d.T)
}

// behind lists the keys that have not moved on enough.
func behind(before, now map[string]int) ([]string, bool) {
	var slow []string
	for k := range drillKeys {
		key := fmt.Sprint("key", k)
		if now[key] < before[key]+drillRecords {
			slow = append(slow, key)
		}
	}
	return slow, len(slow) == 0
}

// finish stops the producers and wants everything acknowledged to be handled
// and committed, and repeats to be few.
func (d *drill) finish() {
	d.Helper()
	d.stopProducers()
	d.producers.Wait()
	d.eventually("all to be handled", func() (bool, string) {
		acked, handled := d.ledger.marks()
		for key, n := range acked {
			if handled[key] < n {
				return false, fmt.Sprintf("%s: %d of %d", key, handled[key], n)
			}
		}
		return true, ""
	})
	l := d.logs[0]
	d.eventually("all to be committed", func() (bool, string) {
		lags, err := l.Lag(d.ctx, d.topic, "drill")
		var n int64
		for _, lag := range lags {
			n += lag.Behind()
		}
		return err == nil && n == 0, fmt.Sprintf("%d behind, %v", n, err)
	})
	d.ledger.check(d.T)

	// Of each disruption: what was handled and not committed, at most a batch
	// per partition; what was stored and not acknowledged, one batch per key.
	const disruptions = 12
	most := disruptions * (d.cfg.Partitions*d.cfg.MaxBatch + drillKeys*5)
	total, repeats := d.ledger.total(), d.ledger.repeats()
	if repeats > most {
		d.Errorf("%d repeats, want at most %d", repeats, most)
	}
	d.Logf("%d records acknowledged and handled, 0 lost, %d repeats", total, repeats)
	for i, l := range d.logs {
		d.Logf("log %d: %+v", i, l.Stats())
	}
}

// healthy waits until every partition has all its copies in sync, so that
// each step begins alike.
func (d *drill) healthy() {
	d.Helper()
	l := d.logs[0]
	d.eventually("all copies in sync", func() (bool, string) {
		m, err := l.client.Metadata(d.ctx, &kafka.MetadataRequest{Topics: []string{d.topic, "__consumer_offsets"}})
		if err != nil {
			return false, err.Error()
		}
		for _, topic := range m.Topics {
			if topic.Error != nil {
				return false, topic.Error.Error()
			}
			for _, p := range topic.Partitions {
				if len(p.Isr) < len(p.Replicas) || p.Leader.Host == "" {
					return false, fmt.Sprintf("%s %d: %d of %d in sync", topic.Name, p.ID, len(p.Isr), len(p.Replicas))
				}
			}
		}
		return true, ""
	})
}

func (d *drill) leader(partition int) int {
	d.Helper()
	m, err := d.logs[0].client.Metadata(d.ctx, &kafka.MetadataRequest{Topics: []string{d.topic}})
	if err != nil {
		d.Fatal(err)
	}
	for _, p := range m.Topics[0].Partitions {
		if p.ID == partition {
			return p.Leader.ID
		}
	}
	d.Fatalf("no leader of partition %d", partition)
	return 0
}

func (d *drill) coordinator() int {
	d.Helper()
	res, err := d.logs[0].client.FindCoordinator(d.ctx, &kafka.FindCoordinatorRequest{
		Key: d.cfg.group(d.topic, "drill"), KeyType: kafka.CoordinatorKeyTypeConsumer,
	})
	if err = errors.Join(err, res.Error); err != nil {
		d.Fatal(err)
	}
	return res.Coordinator.NodeID
}

// broker runs the broker kit.
func (d *drill) broker(command string, n int) {
	d.Helper()
	kit := filepath.Join("..", "..", "deploy", "kafka", "kafka.sh")
	out, err := exec.Command(kit, command, strconv.Itoa(n)).CombinedOutput()
	if err != nil {
		d.Errorf("kafka.sh %s %d: %v: %s", command, n, err, strings.TrimSpace(string(out)))
	}
}

func (d *drill) eventually(what string, cond func() (bool, string)) {
	d.Helper()
	deadline := time.NewTimer(drillWithin)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, got := cond()
		if ok {
			return
		}
		select {
		case <-deadline.C:
			d.ledger.check(d.T)
			d.Fatalf("waited %v for %s: %s", drillWithin, what, got)
		case <-tick.C:
		}
	}
}

// ledger notes per key how far appends were acknowledged and how far records
// were handled without a gap.
type ledger struct {
	mu      sync.Mutex // guards all
	acked   map[string]int
	handled map[string]int // the next number that is expected
	again   int
	wrong   []string
}

func (l *ledger) append(key string, next int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[key] = next
}

// handle wants each number to come after the one before it, or again.
func (l *ledger) handle(_ context.Context, batch []stream.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range batch {
		key := string(r.Key)
		n, err := strconv.Atoi(string(r.Value))
		switch want := l.handled[key]; {
		case err != nil || n > want:
			l.wrong = append(l.wrong, fmt.Sprintf("%s: %q came when %d was next (partition %d, offset %d)", key, r.Value, want, r.Partition, r.Offset))
			l.handled[key] = n + 1
		case n < want:
			l.again++
		default:
			l.handled[key] = n + 1
		}
	}
	return nil
}

func (l *ledger) marks() (acked, handled map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.acked), maps.Clone(l.handled)
}

func (l *ledger) repeats() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again
}

func (l *ledger) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, next := range l.acked {
		n += next
	}
	return n
}

func (l *ledger) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range slices.Compact(l.wrong) {
		t.Error(w)
	}
	l.wrong = nil
}
