package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"

	"veghe/stream"
)

// ErrClosed is returned by calls of a Log that was closed.
var ErrClosed = errors.New("kafka: the log is closed")

var _ stream.Log = (*Log)(nil)

// Log is a stream.Log on a Kafka cluster.
type Log struct {
	cfg       Config
	codec     kafka.Compression
	tls       *tls.Config
	mechanism sasl.Mechanism
	transport *kafka.Transport
	client    *kafka.Client
	topics    topics
	troubles  *troubles
	stats     counters
	turn      atomic.Uint32 // the partition for the next records without key

	// life ends when everything must stop; ending when nothing new starts.
	life   context.Context
	kill   context.CancelFunc
	ending chan struct{}

	mu      sync.Mutex // guards closed and senders, and Add of the groups below
	closed  bool
	senders map[place]*sender

	appends    sync.WaitGroup // running calls of Append
	calls      sync.WaitGroup // running calls of the rest
	background sync.WaitGroup // senders
}

// place is one partition of a topic, by its full name.
type place struct {
	topic     string
	partition int
}

// Open checks the configuration and returns a Log. It does not wait for the
// cluster, which may come up later: use [Log.Ping] to ask for it.
func Open(ctx context.Context, c Config) (*Log, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	l := &Log{cfg: c, ending: make(chan struct{}), senders: make(map[place]*sender)}
	var err error
	if l.codec, err = c.codec(); err != nil {
		return nil, err
	}
	if l.tls, err = c.TLS.config(); err != nil {
		return nil, err
	}
	if l.mechanism, err = c.SASL.mechanism(); err != nil {
		return nil, err
	}
	l.life, l.kill = context.WithCancel(context.WithoutCancel(ctx))
	l.troubles = &troubles{log: c.Logger, brokers: c.addresses(), now: make(map[string]*trouble)}
	l.topics = topics{log: l, known: make(map[string]known)}
	l.transport = &kafka.Transport{
		Dial:        c.dial,
		DialTimeout: c.Timeouts.Dial,
		// How soon a moved leader is noticed: refreshed at half of it on average.
		MetadataTTL: time.Second,
		ClientID:    c.ClientID,
		TLS:         l.tls,
		SASL:        l.mechanism,
		Context:     l.life,
	}
	l.client = &kafka.Client{Addr: kafka.TCP(c.Brokers...), Timeout: c.Timeouts.Request, Transport: l.transport}
	return l, nil
}

// Close ends running calls, waits for them and releases the connections. An
// Append that is under way is given Timeouts.Request to finish.
func (l *Log) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if first {
		close(l.ending)
		enough := time.AfterFunc(l.cfg.Timeouts.Request, l.kill)
		defer enough.Stop()
	}
	l.appends.Wait()
	l.kill()
	l.calls.Wait()
	l.background.Wait()
	l.transport.CloseIdleConnections()
	return nil
}

// begin notes a running call. The context it returns ends with ctx, and when
// the Log is closed; the function must be called at the end.
func (l *Log) begin(ctx context.Context) (context.Context, func(), error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, ErrClosed
	}
	l.calls.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-l.ending:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
		l.calls.Done()
	}, nil
}

// ended is the error of a call whose context ended: the last trouble of what
// it did, if any, since that is why it took so long.
func (l *Log) ended(ctx context.Context, activity string) error {
	cause := context.Cause(ctx)
	if last := l.troubles.last(activity); last != nil && !errors.Is(cause, ErrClosed) {
		return l.explain(activity, fmt.Errorf("%w: %w", cause, last))
	}
	return fmt.Errorf("kafka: %s: %w", activity, cause)
}

// Ping returns nil if a broker of the cluster answers, with the handshakes of
// the configuration.
func (l *Log) Ping(ctx context.Context) error {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var errs []error
	for _, broker := range l.cfg.Brokers {
		if err = l.pingOne(ctx, broker); err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return l.explain("ping", errors.Join(errs...))
}

func (l *Log) pingOne(ctx context.Context, broker string) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeouts.Dial)
	defer cancel()
	conn, err := l.dialer(ctx).DialContext(ctx, "tcp", broker)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	_, err = conn.Brokers()
	return err
}

// dialer opens the connections of kafka-go's older half, which ConsumerGroup
// uses. They are closed when ctx ends, whatever they are waiting for.
func (l *Log) dialer(ctx context.Context) *kafka.Dialer {
	return &kafka.Dialer{
		ClientID: l.cfg.ClientID,
		Timeout:  l.cfg.Timeouts.Dial,
		TLS:      l.tls,
		DialFunc: func(dialing context.Context, network, address string) (net.Conn, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c, err := l.cfg.dial(dialing, network, address)
			if err != nil {
				return nil, err
			}
			return &boundConn{Conn: c, free: context.AfterFunc(ctx, func() { _ = c.Close() })}, nil
		},
		SASLMechanism: l.mechanism,
	}
}

// boundConn is a connection that a context closes.
type boundConn struct {
	net.Conn
	free func() bool
}

func (c *boundConn) Close() error {
	c.free()
	return c.Conn.Close()
}

// pause waits before another try, and reports whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// backoff is a growing pause: from 100 ms, doubled, to its limit.
type backoff struct {
	limit time.Duration
	next  time.Duration
}

func (b *backoff) wait(ctx context.Context) bool {
	b.next = min(max(2*b.next, 100*time.Millisecond), b.limit)
	return pause(ctx, b.next)
}
