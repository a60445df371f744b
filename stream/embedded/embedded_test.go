package embedded

import (
	"testing"

	"veghe/stream"
	"veghe/stream/streamtest"
)

func TestContract(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    Options
		test streamtest.Options
	}{
		{"Defaults", Options{}, streamtest.Options{}},
		{"ManyPartitions", Options{Partitions: 3}, streamtest.Options{Partitions: 3}},
		{"SmallSegmentsAndBatches", Options{Partitions: 2, SegmentBytes: 1024, MaxBatch: 7}, streamtest.Options{Partitions: 2, MaxBatch: 7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			streamtest.Run(t, func(t *testing.T) stream.Log {
				l, err := Open(dir, tt.o)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}, tt.test)
		})
	}
}
