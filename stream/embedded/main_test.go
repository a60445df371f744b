package embedded

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"veghe/stream"
)

// child names what a re-executed test binary does instead of testing.
const child = "VEGHE_STREAM_CHILD"

func TestMain(m *testing.M) {
	switch mode, dir, _ := strings.Cut(os.Getenv(child), ":"); mode {
	case "":
		os.Exit(m.Run())
	case "work":
		childWork(dir)
	case "fill":
		os.Exit(childFill(dir))
	}
}

// command re-executes the test binary as a child.
func command(t *testing.T, mode, dir string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), child+"="+mode+":"+dir)
	c.Stderr = os.Stderr
	return c
}

// logged collects log lines.
type logged struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

const topicA = "test.a"

func mustOpen(t testing.TB, dir string, o Options) *Log {
	t.Helper()
	l, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// put appends each value by itself, so that each is durable before the next.
func put(t testing.TB, l *Log, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := l.Append(t.Context(), topicA, stream.Record{Key: []byte("k"), Value: []byte(v)}); err != nil {
			t.Fatalf("Append: %v", err)
		}
	}
}

// readAll returns the values kept, and the error of Read.
func readAll(t testing.TB, l *Log) ([]string, error) {
	t.Helper()
	var vs []string
	err := l.Read(t.Context(), topicA, func(_ context.Context, batch []stream.Record) error {
		for i := range batch {
			vs = append(vs, string(batch[i].Value))
		}
		return nil
	})
	return vs, err
}

func mustRead(t testing.TB, l *Log) []string {
	t.Helper()
	vs, err := readAll(t, l)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return vs
}

var background = context.Background()

// consumeUntil consumes as a group until everything is handled, and returns
// the values.
func consumeUntil(t testing.TB, l *Log, group string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var vs []string
	behind := func() bool {
		lags, err := l.Lag(ctx, topicA, group)
		return err != nil || slices.ContainsFunc(lags, func(g stream.Lag) bool { return g.Behind() > 0 })
	}
	done := make(chan error, 1)
	inner, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		done <- l.Consume(inner, topicA, group, func(_ context.Context, batch []stream.Record) error {
			for i := range batch {
				vs = append(vs, string(batch[i].Value))
			}
			return nil
		})
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for behind() {
		select {
		case err := <-done:
			t.Fatalf("Consume: %v", err)
		case <-ctx.Done():
			t.Fatal("the group never caught up")
		case <-tick.C:
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatalf("Consume: %v", err)
	}
	return vs
}

func numbered(from, to int) []string {
	var vs []string
	for i := from; i < to; i++ {
		vs = append(vs, fmt.Sprintf("record %d", i))
	}
	return vs
}
