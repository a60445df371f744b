package crawler

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"time"

	"veghe"
	"veghe/crawler/evidence"
)

// Keeper keeps what was fetched; *evidence.Store is one. When Add returns nil
// the capture is durable.
type Keeper interface {
	Add(ctx context.Context, c evidence.Capture) (evidence.Ref, error)
}

// tappable makes a transport's connections tell what goes over them. They
// speak HTTP/1.1 only, whose bytes are the message itself.
func tappable(t *http.Transport) {
	dial := t.DialContext
	t.ForceAttemptHTTP2 = false
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &tapped{Conn: c}, nil
	}
	t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialTLS(ctx, t, dial, network, addr)
	}
}

// dialTLS is what the transport would do, with the tap above the encryption.
func dialTLS(ctx context.Context, t *http.Transport, dial func(context.Context, string, string) (net.Conn, error), network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	raw, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.TLSClientConfig != nil {
		cfg = t.TLSClientConfig.Clone()
	}
	cfg.ServerName, cfg.NextProtos = host, []string{"http/1.1"}
	c := tls.Client(raw, cfg)
	ctx, cancel := context.WithTimeout(ctx, t.TLSHandshakeTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error says more
		return nil, err
	}
	out := &tapped{Conn: c}
	if certs := c.ConnectionState().PeerCertificates; len(certs) > 0 {
		sum := sha256.Sum256(certs[0].Raw)
		out.certificate = hex.EncodeToString(sum[:])
	}
	return out, nil
}

// tapped is a connection that copies what goes over it to the tap of the
// exchange that has it now.
type tapped struct {
	net.Conn
	certificate string

	mu  sync.Mutex // guards tap
	tap *tap
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.copy(b[:n], false)
	return n, err
}

func (c *tapped) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.copy(b[:n], true)
	return n, err
}

func (c *tapped) copy(b []byte, sent bool) {
	c.mu.Lock()
	t := c.tap
	c.mu.Unlock()
	if t != nil && len(b) > 0 {
		t.take(c, b, sent)
	}
}

// attach gives the connection to a tap, and takes it from another.
func (c *tapped) attach(t *tap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap = t
}

func (c *tapped) detach(t *tap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tap == t {
		c.tap = nil
	}
}

// usualPage is the room for an answer to begin with.
const usualPage = 16 << 10

// tap collects the bytes of one exchange, up to a limit.
type tap struct {
	limit int
	began time.Time

	mu             sync.Mutex // guards the rest
	conn           *tapped    // the last one: a stale connection is tried first, then left
	sent, received []byte
	over           bool
}

func newTap(limit int64) *tap { return &tap{limit: int(limit), began: time.Now().UTC()} }

// trace tells the transport to report which connection it took.
func (t *tap) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if c, ok := i.Conn.(*tapped); ok {
			t.mu.Lock()
			t.conn, t.sent, t.received, t.over = c, nil, nil, false
			t.mu.Unlock()
			c.attach(t)
		}
	}})
}

func (t *tap) take(c *tapped, b []byte, sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	to := &t.received
	if sent {
		to = &t.sent
	}
	if c != t.conn {
		return
	}
	if room := t.limit - len(*to); len(b) > room {
		b, t.over = b[:room], true
	}
	if *to == nil && !sent {
		*to = make([]byte, 0, min(t.limit, usualPage))
	}
	*to = append(*to, b...)
}

// exchange is what was collected. The tap takes nothing after it.
func (t *tap) exchange(u *url.URL) evidence.Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := evidence.Exchange{URL: u.String(), At: t.began, Request: t.sent, Response: t.received, Cut: t.over}
	if t.conn != nil {
		x.Certificate = t.conn.certificate
		if host, _, err := net.SplitHostPort(t.conn.RemoteAddr().String()); err == nil {
			x.IP = host
		}
		t.conn.detach(t)
		t.conn = nil
	}
	return x
}

// keep makes the evidence of a page durable and names it in the posts that
// came from it.
func (v *visitor) keep(ctx context.Context, a *answer, posts []veghe.Post) error {
	if v.keeper == nil || len(posts) == 0 {
		return nil
	}
	c := evidence.Capture{Source: v.ID, Exchanges: slices.Clone(a.captured)}
	if a.truncated && len(c.Exchanges) > 0 {
		c.Exchanges[len(c.Exchanges)-1].Cut = true
	}
	ref, err := v.keeper.Add(ctx, c)
	if err != nil {
		return err
	}
	for i := range posts {
		posts[i].Evidence = ref.String()
	}
	return nil
}
