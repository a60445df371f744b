package kafka

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"veghe/stream"
	"veghe/stream/streamtest"
)

// TestContract runs against an in-process stand-in for a cluster, so that it
// needs no Java. TestRealContract is the same against real brokers.
func TestContract(t *testing.T) {
	t.Parallel()
	c := fakeCluster(t)
	streamtest.Run(t, func(t *testing.T) stream.Log {
		return open(t, Config{Brokers: c.ListenAddrs(), Partitions: 4, Replication: 3, MaxBatch: 50})
	}, streamtest.Options{Partitions: 4, MaxBatch: 50, LargeValue: 4 << 20, Concurrent: true})
}

func fakeCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// open opens a Log whose log lines appear with the test.
func open(t *testing.T, c Config) *Log {
	t.Helper()
	if c.Logger == nil {
		c.Logger = testLogger(t.Output())
	}
	l, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func testLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// lines collects log lines.
type lines struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
