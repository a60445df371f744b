// Package publicnet says which addresses are on the public internet. Whatever
// connects to a place that somebody else named (a page, a redirect, a hook)
// asks it about every address it is about to connect to, after the name was
// looked up: a name, a number in another spelling or an answer that changes
// then gets around nothing.
//
// It knows the IANA registries of special-purpose addresses (RFC 6890 and its
// updates) and leaves to its callers who may reach this machine all the same.
package publicnet

import (
	"errors"
	"net/netip"
	"syscall"
)

// ErrPrivate says that an address is not on the public internet.
var ErrPrivate = errors.New("the address is not on the public internet")

// special4 are the ranges of IPv4 that netip's own predicates do not cover.
var special4 = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // carrier-grade NAT
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, broadcast
)

// special6 are those within global6.
var special6 = prefixes(
	"2001::/23",     // protocol assignments, Teredo
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4: any IPv4 address, and nobody's any more
	"3fff::/20",     // documentation
)

var (
	global6 = netip.MustParsePrefix("2000::/3")     // all that is given out of IPv6
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // the rest is an IPv4 address (RFC 6052)
)

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Has says whether an address is on the public internet. An IPv4 address that
// is mapped into IPv6, or reached through NAT64, counts as what it is.
func Has(a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	special := special4
	if a.Is6() {
		if !global6.Contains(a) {
			return false
		}
		special = special6
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Control is for net.Dialer.Control: it fails with ErrPrivate when what is
// about to be connected to is not on the public internet, or with another
// error when that cannot be told.
func Control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !Has(a.Addr()) {
		return ErrPrivate
	}
	return nil
}
