package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

func TestPermanent(t *testing.T) {
	for _, err := range []error{
		kafka.SASLAuthenticationFailed, kafka.TopicAuthorizationFailed, kafka.MessageSizeTooLarge,
		fmt.Errorf("wrapped: %w", kafka.InvalidTopic),
	} {
		if !permanent(err) {
			t.Errorf("%v would be tried for ever", err)
		}
	}
	for _, err := range []error{
		nil, io.EOF, context.DeadlineExceeded, errors.New("connection refused"),
		kafka.Unknown, // what a full disk of a broker gives
		kafka.NotLeaderForPartition, kafka.NotEnoughReplicas, kafka.NotCoordinatorForGroup,
		kafka.UnknownTopicOrPartition, kafka.InvalidReplicationFactor, kafka.OffsetOutOfRange,
	} {
		if permanent(err) {
			t.Errorf("%v would end a call", err)
		}
	}
}

func TestStart(t *testing.T) {
	b := bounds{begin: 10, end: 20}
	tests := []struct {
		name            string
		committed       int64
		offset, skipped int64
		rewound         bool
	}{
		{"never committed", kafka.FirstOffset, 10, 0, false},
		{"in the middle", 15, 15, 0, false},
		{"nothing new", 20, 20, 0, false},
		{"retention was faster", 4, 10, 6, false},
		{"the log lost its tail", 30, 20, 0, true},
	}
	for _, tt := range tests {
		offset, skipped, rewound := b.start(tt.committed)
		if offset != tt.offset || skipped != tt.skipped || rewound != tt.rewound {
			t.Errorf("%s: start(%d) is %d, skipped %d, rewound %t; want %d, %d, %t",
				tt.name, tt.committed, offset, skipped, rewound, tt.offset, tt.skipped, tt.rewound)
		}
	}
}

// The partitions of Kafka's own clients: murmur2 of the key, without its sign,
// by the number of partitions. The hashes are those of its UtilsTest.
func TestKeyed(t *testing.T) {
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107,
	} {
		for _, n := range []int{1, 6, 7} {
			all := numbered(n)
			if got, want := keyed([]byte(key), all), int(hash&0x7fffffff)%n; got != want {
				t.Errorf("%q of %d is in partition %d, want %d", key, n, got, want)
			}
		}
	}
}

func TestParcels(t *testing.T) {
	l := &Log{}
	big := make([]byte, batchBytes/2)
	records := []stream.Record{
		{Key: []byte("a"), Value: []byte("1")},
		{Key: []byte("a"), Value: big},
		{Key: []byte("a"), Value: big},
		{Key: []byte("a"), Value: []byte("2")},
		{Key: []byte("a"), Value: make([]byte, 3*batchBytes)},
		{Key: []byte("a"), Value: []byte("3")},
	}
	var got [][]int
	for _, ps := range l.parcels(t.Context(), records, 6) {
		for _, p := range ps {
			var sizes []int
			for _, r := range p.records {
				sizes = append(sizes, len(r.Value))
			}
			got = append(got, sizes)
		}
	}
	want := [][]int{{1, len(big)}, {len(big), 1}, {3 * batchBytes}, {1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("sizes by parcel (-want +got):\n%s", d)
	}

	// What the caller does with its bytes afterwards is no matter.
	ps := l.parcels(t.Context(), records[:1], 1)[0]
	records[0].Value[0] = 'x'
	if v := string(ps[0].records[0].Value); v != "1" {
		t.Errorf("the record changed to %q after Append was called", v)
	}
}

// Records without key go to one partition per call, so that batches are full,
// and to all in turn.
func TestParcelsWithoutKey(t *testing.T) {
	l := &Log{}
	used := make(map[int]int)
	for range 12 {
		byPartition := l.parcels(t.Context(), []stream.Record{{}, {Key: []byte{}}}, 6)
		if len(byPartition) != 1 {
			t.Fatalf("one call went to %d partitions", len(byPartition))
		}
		for p := range byPartition {
			used[p]++
		}
	}
	if d := cmp.Diff(map[int]int{0: 2, 1: 2, 2: 2, 3: 2, 4: 2, 5: 2}, used); d != "" {
		t.Errorf("calls by partition (-want +got):\n%s", d)
	}
}

// A batch is sent again without the parcels whose calls have returned, and in
// the same order.
func TestWaiting(t *testing.T) {
	gone, end := context.WithCancel(t.Context())
	end()
	a, b, c := &parcel{ctx: t.Context()}, &parcel{ctx: gone}, &parcel{ctx: t.Context()}
	got := waiting([]*parcel{a, b, c})
	if len(got) != 2 || got[0] != a || got[1] != c {
		t.Errorf("waiting gave %d parcels, want the first and the third", len(got))
	}
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := backoff{limit: 500 * time.Millisecond}
		var got []time.Duration
		for range 5 {
			start := time.Now()
			if !b.wait(t.Context()) {
				t.Fatal("wait gave up")
			}
			got = append(got, time.Since(start)/time.Millisecond)
		}
		if d := cmp.Diff([]time.Duration{100, 200, 400, 500, 500}, got); d != "" {
			t.Errorf("pauses in ms (-want +got):\n%s", d)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if b.wait(ended) {
			t.Error("wait with an ended context goes on")
		}
	})
}

// Commits that come while one is under way go together, the last of each
// partition, and every caller learns of the error.
func TestCommitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []map[int]int64
		free := make(chan error)
		c := &committer{topic: "posts", in: make(chan commit), send: func(o map[string]map[int]int64) error {
			sent = append(sent, o["posts"])
			return <-free
		}}
		go c.run()
		first, others := make(chan error, 1), make(chan error, 2)
		go func() { first <- c.commit(0, 5) }()
		synctest.Wait() // the first is under way
		go func() { others <- c.commit(1, 7) }()
		go func() { others <- c.commit(2, 9) }()
		synctest.Wait() // and two wait
		free <- nil
		lost := errors.New("coordinator lost")
		free <- lost
		if err := <-first; err != nil {
			t.Errorf("the first commit: %v", err)
		}
		for range 2 {
			if err := <-others; !errors.Is(err, lost) {
				t.Errorf("a commit that failed: %v, want %v", err, lost)
			}
		}
		c.stop()
		if d := cmp.Diff([]map[int]int64{{0: 5}, {1: 7, 2: 9}}, sent); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	})
}

// An outage of ten partitions that lasts is one line, and its end another.
func TestTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lines
		l := &Log{troubles: &troubles{
			log: slog.New(slog.NewTextHandler(&out, nil)), brokers: "kafka-1:9092", now: make(map[string]*trouble),
		}}
		tr := l.troubles
		fail := func() {
			for p := range 10 {
				tr.failed("append to posts", p, time.Now(), io.EOF)
			}
		}
		fail()
		if err := l.Trouble(); out.String() != "" || err != nil {
			t.Errorf("a moment's failure is reported: %q, %v", out.String(), err)
		}
		for range 5 {
			pause(t.Context(), time.Second) // of synctest's clock
			fail()
		}
		if n := strings.Count(out.String(), "in trouble"); n != 1 || !strings.Contains(out.String(), "kafka-1:9092") {
			t.Errorf("%d lines, want 1 that names the broker:\n%s", n, out.String())
		}
		if err := l.Trouble(); err == nil || !strings.Contains(err.Error(), "append to posts fails since 5s") {
			t.Errorf("Trouble is %v, want what fails since when", err)
		}
		for p := range 9 {
			tr.well("append to posts", p)
		}
		if strings.Contains(out.String(), "well again") {
			t.Error("called well while partition 9 fails")
		}
		tr.forget("append to posts", 9) // its caller gave up: nobody knows yet
		if err := l.Trouble(); err != nil || strings.Contains(out.String(), "well again") {
			t.Errorf("after nobody tries any more: %v\n%s", err, out.String())
		}
		tr.well("append to posts", 3)
		if !strings.Contains(out.String(), "well again") || len(tr.now) != 0 {
			t.Errorf("no end in:\n%s", out.String())
		}
	})
}
