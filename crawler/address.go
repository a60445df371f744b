package crawler

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"veghe/publicnet"
)

// errBlocked marks what must never be asked for: private addresses, strange
// ports, other schemes, credentials.
var errBlocked = errors.New("blocked")

// dialer connects a source's transport. It resolves the name itself, checks
// every address, and connects to the address it checked, so that a name that
// answers differently the second time gains nothing.
type dialer struct {
	resolver Resolver
	// local has the host:port pairs on this machine that may be reached.
	local map[string]bool
	// connect makes the connection; tests replace it.
	connect func(ctx context.Context, network, addr string) (net.Conn, error)
}

func newDialer(resolver Resolver, local map[string]bool) *dialer {
	d := &dialer{resolver: resolver, local: local}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	d.connect = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	return d
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	mayBeLocal := d.local[addr]
	err = fmt.Errorf("%w: no address of the host is on the public internet", errBlocked)
	for _, a := range addrs {
		a = a.Unmap()
		if !publicnet.Has(a) && (!mayBeLocal || !a.IsLoopback()) {
			continue
		}
		var conn net.Conn
		if conn, err = d.connect(ctx, network, net.JoinHostPort(a.String(), port)); err == nil {
			return conn, nil
		}
		if errors.Is(err, syscall.ECANCELED) || ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func (d *dialer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	return d.resolver.LookupNetIP(ctx, "ip", host)
}

// checkLiteral refuses a host that is written as an address which is not
// public, before anything is asked of anyone.
func (d *dialer) checkLiteral(host, port string) error {
	a, err := netip.ParseAddr(host)
	if err != nil || publicnet.Has(a) {
		return nil //nolint:nilerr // a name; it is checked when it is dialed
	}
	if a.Unmap().IsLoopback() && d.local[net.JoinHostPort(host, port)] {
		return nil
	}
	return fmt.Errorf("%w: the address is not on the public internet", errBlocked)
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

func validPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 1<<16
}
