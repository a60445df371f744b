//go:build kafka

package kafka

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// TestFaults is the drill for what is not the brokers' end: the network
// between us and them, members that come and go or are slow, brokers whose
// disks are full. The account is the drill's ledger.
func TestFaults(t *testing.T) {
	c := realConfig(t)
	if len(c.Brokers) < 3 {
		t.Fatal("the drill wants three brokers: deploy/kafka/kafka.sh start 3")
	}
	c.Partitions, c.MaxBatch = 6, 100
	c.Timeouts.Session, c.Timeouts.Request = 6*time.Second, 5*time.Second
	d := newDrill(t, c)
	d.step("steady", func() {})

	// Longer than a request and than a session: requests end, and the group
	// gives the partitions to others.
	const outage = 10 * time.Second
	d.step("producer cut off", func() {
		d.networks[0].cut(true)
		d.hold(outage)
		d.networks[0].cut(false)
	})
	d.step("member cut off", func() {
		d.networks[1].cut(true)
		d.after(func() { d.networks[1].cut(false) })
	})
	d.step("member is back", func() {})
	d.step("connections reset", func() {
		for range 5 {
			for _, n := range d.networks {
				n.reset()
			}
			d.hold(300 * time.Millisecond)
		}
	})
	d.step("slow network", func() {
		for _, n := range d.networks {
			n.slow(40 * time.Millisecond)
		}
		d.after(func() {
			for _, n := range d.networks {
				n.slow(0)
			}
		})
	})
	d.step("slow members", func() {
		d.slow.Store(int64(200 * time.Millisecond))
		d.after(func() { d.slow.Store(0) })
	})
	d.step("members come and go", func() {
		for range 4 {
			d.join()
			d.hold(700 * time.Millisecond)
			d.leave(len(d.leaves) - 1)
		}
	})
	d.step("a broker's disk is full", func() {
		n := d.leader(0)
		d.broker("full", n)
		d.after(func() { d.emptied(n) })
	})
	d.step("a broker's disk has room again", func() {})
	d.step("the disks of two of three are full", func() {
		d.broker("full", 1)
		d.broker("full", 2)
		d.broker("gone", 1)
		d.broker("gone", 2)
		d.refused()
		d.emptied(1)
		d.after(func() { d.emptied(2) })
	})
	d.step("all well", func() {})
	d.finish()
}

// hold lets a fault last.
func (d *drill) hold(how time.Duration) { pause(d.ctx, how) }

// emptied gives a broker room on its disk and starts it again: Kafka stops one
// that cannot write.
func (d *drill) emptied(n int) {
	d.Helper()
	d.broker("gone", n)
	d.broker("free", n)
	d.broker("up", n)
}

// network is what lies between a Log and its brokers. While it is cut nothing
// passes and nobody is told, as when a cable is pulled.
type network struct {
	mu     sync.Mutex // guards all
	healed chan struct{}
	delay  time.Duration
	conns  map[*cable]bool
}

func (n *network) cut(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case yes && n.healed == nil:
		n.healed = make(chan struct{})
	case !yes && n.healed != nil:
		close(n.healed)
		n.healed = nil
	}
}

func (n *network) slow(by time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = by
}

// reset ends every connection in the middle of whatever it carries.
func (n *network) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Conn.Close()
	}
}

func (n *network) state() (healed chan struct{}, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.healed, n.delay
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if healed, _ := n.state(); healed != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(3 * time.Second):
			return nil, os.ErrDeadlineExceeded
		case <-healed:
		}
	}
	conn, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &cable{Conn: conn, n: n, closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns == nil {
		n.conns = make(map[*cable]bool)
	}
	n.conns[c] = true
	return c, nil
}

// cable is a connection over a network.
type cable struct {
	net.Conn
	n      *network
	once   sync.Once
	closed chan struct{}

	mu          sync.Mutex // guards the deadlines
	read, write time.Time
}

func (c *cable) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *cable) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.read = t
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

func (c *cable) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.write = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

// pass waits until the network carries something.
func (c *cable) pass(deadline *time.Time) error {
	healed, delay := c.n.state()
	var later <-chan time.Time
	switch {
	case healed == nil && delay == 0:
		return nil
	case healed == nil:
		pause(context.Background(), delay)
		return nil
	}
	c.mu.Lock()
	if !deadline.IsZero() {
		later = time.After(time.Until(*deadline))
	}
	c.mu.Unlock()
	select {
	case <-healed:
		return nil
	case <-c.closed:
		return net.ErrClosed
	case <-later:
		return os.ErrDeadlineExceeded
	}
}

// Read holds back what came while the network is cut.
func (c *cable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		return n, err
	}
	return n, c.pass(&c.read)
}

func (c *cable) Write(b []byte) (int, error) {
	if err := c.pass(&c.write); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *cable) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.n.mu.Lock()
	delete(c.n.conns, c)
	c.n.mu.Unlock()
	return c.Conn.Close()
}
