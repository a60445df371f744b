package embedded

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"veghe/stream"
)

var killOptions = Options{Partitions: 2, SegmentBytes: 16 << 10, MaxBatch: 20}

// childWork appends and consumes until it is killed. It says "acked VALUE"
// after Append has returned, and "handled PARTITION OFFSET" before a batch is
// committed.
func childWork(dir string) {
	l, err := Open(dir, killOptions)
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	run := os.Getenv("VEGHE_STREAM_RUN")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				var rs []stream.Record
				for k := range 1 + i%3 {
					v := fmt.Sprintf("%s-%d-%08d-%d", run, w, i, k)
					rs = append(rs, stream.Record{Key: fmt.Appendf(nil, "k%d", w), Value: []byte(v)})
				}
				if err := l.Append(context.Background(), topicA, rs...); err != nil {
					fmt.Fprintln(os.Stderr, "child:", err)
					os.Exit(1)
				}
				for _, r := range rs {
					fmt.Fprintf(os.Stdout, "acked %s\n", r.Value)
				}
			}
		})
	}
	wg.Go(func() {
		err := l.Consume(context.Background(), topicA, "g", func(_ context.Context, batch []stream.Record) error {
			for _, r := range batch {
				fmt.Fprintf(os.Stdout, "handled %d %d\n", r.Partition, r.Offset)
			}
			return nil
		})
		fmt.Fprintln(os.Stderr, "child: Consume ended:", err)
		os.Exit(1)
	})
	wg.Wait()
}

// at is the place of a record.
type at struct {
	partition int
	offset    int64
}

// TestKill kills a process that appends and consumes, again and again.
func TestKill(t *testing.T) {
	const kills = 12
	dir := t.TempDir()
	acked := make(map[string]bool)
	handled := make(map[at]bool)
	for run := range kills {
		c := command(t, "work", dir)
		c.Env = append(c.Env, fmt.Sprint("VEGHE_STREAM_RUN=", run))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		left := 1 + rand.IntN(1500)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // what follows the last whole line was not said
			}
			note(t, line, acked, handled)
			if left--; left == 0 {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.Wait(); err == nil || left > 0 {
			t.Fatalf("run %d ended by itself: %v", run, err)
		}
	}
	t.Logf("%d records acknowledged, %d handled over %d kills", len(acked), len(handled), kills)

	l := mustOpen(t, dir, killOptions)
	stored := checkStored(t, l, acked)
	consumeAt(t, l, handled)
	for s := range stored {
		if !handled[s] {
			t.Errorf("offset %d of partition %d was skipped", s.offset, s.partition)
		}
	}
}

func note(t *testing.T, line string, acked map[string]bool, handled map[at]bool) {
	t.Helper()
	var a at
	if v, ok := strings.CutPrefix(line, "acked "); ok {
		acked[strings.TrimSpace(v)] = true
	} else if _, err := fmt.Sscanf(line, "handled %d %d\n", &a.partition, &a.offset); err == nil {
		handled[a] = true
	} else {
		t.Fatalf("child said %q", line)
	}
}

// checkStored wants every acknowledged record once, in the order of its
// appender, at offsets without holes.
func checkStored(t *testing.T, l *Log, acked map[string]bool) map[at]bool {
	t.Helper()
	stored := make(map[at]bool)
	next := make(map[int]int64)
	newest := make(map[string]string) // by run and appender
	missing := len(acked)
	err := l.Read(t.Context(), topicA, func(_ context.Context, batch []stream.Record) error {
		for _, r := range batch {
			stored[at{r.Partition, r.Offset}] = true
			if r.Offset != next[r.Partition] {
				t.Errorf("offset %d of partition %d, want %d", r.Offset, r.Partition, next[r.Partition])
			}
			next[r.Partition] = r.Offset + 1
			v := string(r.Value)
			parts := strings.SplitN(v, "-", 3)
			by := parts[0] + "-" + parts[1]
			if v <= newest[by] {
				t.Errorf("%s after %s", v, newest[by])
			}
			newest[by] = v
			if acked[v] {
				missing--
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if missing != 0 {
		t.Errorf("%d of %d acknowledged records are lost", missing, len(acked))
	}
	return stored
}

// consumeAt has the group handle the rest, and notes where.
func consumeAt(t *testing.T, l *Log, handled map[at]bool) {
	t.Helper()
	for i, p := range l.topics[topicA].parts {
		if got := l.offsets.get(position{"g", topicA, i}); got > p.end() {
			t.Errorf("offset %d of partition %d is past its end %d", got, i, p.end())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := make(map[int]int64)
	for i, p := range l.topics[topicA].parts {
		last[i] = p.end() - 1
		if l.offsets.get(position{"g", topicA, i}) > last[i] {
			delete(last, i)
		}
	}
	if len(last) == 0 {
		return
	}
	err := l.Consume(ctx, topicA, "g", func(_ context.Context, batch []stream.Record) error {
		for _, r := range batch {
			handled[at{r.Partition, r.Offset}] = true
			if r.Offset == last[r.Partition] {
				delete(last, r.Partition)
			}
		}
		if len(last) == 0 {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Consume: %v", err)
	}
}
