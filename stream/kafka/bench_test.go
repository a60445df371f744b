//go:build kafka

package kafka

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"veghe/stream"
)

// BenchmarkAppend appends records of 1 KB, some per call, by one caller and by
// several, whose records then go together.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16} {
		for _, each := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("callers=%d/each=%d", callers, each), func(b *testing.B) {
				l := openBench(b)
				topic := fmt.Sprintf("bench.%d", time.Now().UnixNano())
				rs := benchRecords(each)
				if err := l.Append(b.Context(), topic, rs...); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					var wg sync.WaitGroup
					for range callers {
						wg.Go(func() {
							if err := l.Append(b.Context(), topic, rs...); err != nil {
								b.Error(err)
							}
						})
					}
					wg.Wait()
				}
				b.ReportMetric(float64(b.N*callers*each)/b.Elapsed().Seconds(), "records/s")
			})
		}
	}
}

// BenchmarkConsume has one member take what is there, with commits.
func BenchmarkConsume(b *testing.B) {
	l := openBench(b)
	topic := fmt.Sprintf("bench.%d", time.Now().UnixNano())
	const n = 100_000
	rs := benchRecords(1000)
	for range n / len(rs) {
		if err := l.Append(b.Context(), topic, rs...); err != nil {
			b.Fatal(err)
		}
	}
	group := 0
	for b.Loop() {
		group++
		ctx, stop := context.WithCancel(b.Context())
		start := l.Stats().Handled
		err := l.Consume(ctx, topic, fmt.Sprint(group), func(context.Context, []stream.Record) error {
			if l.Stats().Handled-start >= n-500*6 {
				stop()
			}
			return nil
		})
		stop()
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}

func openBench(b *testing.B) *Log {
	b.Helper()
	l, err := Open(b.Context(), realConfig(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	return l
}

func benchRecords(n int) []stream.Record {
	rs := make([]stream.Record, n)
	for i := range rs {
		rs[i] = stream.Record{Key: fmt.Append(nil, "thread-", i%64), Value: fmt.Appendf(nil, "%01000d", i)}
	}
	return rs
}
