//go:build kafka

package kafka

import (
	"os"
	"strings"
	"testing"

	"veghe/stream"
	"veghe/stream/streamtest"
)

// realConfig is for the brokers that VEGHE_KAFKA_BROKERS names, as
// deploy/kafka/kafka.sh start prints them: one, or three.
func realConfig(t testing.TB) Config {
	t.Helper()
	env := os.Getenv("VEGHE_KAFKA_BROKERS")
	if env == "" {
		t.Fatal("VEGHE_KAFKA_BROKERS is not set: these tests want a real cluster, as in VEGHE_KAFKA_BROKERS=$(deploy/kafka/kafka.sh start 3) go test -tags kafka ./stream/kafka")
	}
	c := Config{Brokers: strings.Split(env, ",")}
	if len(c.Brokers) < 3 {
		c.Replication = 1
	}
	return c
}

// TestRealContract is TestContract against real brokers.
func TestRealContract(t *testing.T) {
	c := realConfig(t)
	c.Partitions, c.MaxBatch = 4, 50
	streamtest.Run(t, func(t *testing.T) stream.Log { return open(t, c) },
		streamtest.Options{Partitions: 4, MaxBatch: 50, LargeValue: 4 << 20, Concurrent: true})
}
