package embedded

import (
	"context"
	"fmt"
	"testing"

	"veghe/stream"
)

// benchRecords are of a kilobyte each.
func benchRecords(n int) []stream.Record {
	rs := make([]stream.Record, n)
	for i := range rs {
		rs[i] = stream.Record{Key: fmt.Appendf(nil, "k%d", i%16), Value: make([]byte, 1000)}
	}
	return rs
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			l := mustOpen(b, b.TempDir(), Options{})
			rs := benchRecords(n)
			b.SetBytes(int64(n * 1000))
			for b.Loop() {
				if err := l.Append(b.Context(), topicA, rs...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkAppendTogether has 16 appenders of one record each share fsyncs.
func BenchmarkAppendTogether(b *testing.B) {
	l := mustOpen(b, b.TempDir(), Options{})
	rs := benchRecords(1)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := l.Append(b.Context(), topicA, rs...); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkConsume(b *testing.B) {
	const n = 20_000
	l := mustOpen(b, b.TempDir(), Options{})
	rs := benchRecords(500)
	for range n / len(rs) {
		if err := l.Append(b.Context(), topicA, rs...); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(n * 1000)
	run := 0
	for b.Loop() {
		run++
		ctx, cancel := context.WithCancel(b.Context())
		seen := 0
		err := l.Consume(ctx, topicA, fmt.Sprint("g", run), func(_ context.Context, batch []stream.Record) error {
			if seen += len(batch); seen == n {
				cancel()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}
