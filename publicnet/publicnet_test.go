package publicnet

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// Every form in which an address of the office can be written.
func TestHas(t *testing.T) {
	for _, tt := range []struct {
		name   string
		has    bool
		addrs  string // separated by spaces
		covers string // the range whose ends, and what is beside them, are tried too
	}{
		{"this machine", false, "127.0.0.1 127.255.0.1 ::1", "127.0.0.0/8"},
		{"this network, unspecified", false, "0.0.0.0 0.1.2.3 ::", "0.0.0.0/8"},
		{"private", false, "10.0.0.1", "10.0.0.0/8"},
		{"private", false, "172.16.0.1 172.31.255.255", "172.16.0.0/12"},
		{"private", false, "192.168.1.1", "192.168.0.0/16"},
		{"unique local", false, "fc00::1 fd12:3456::1", "fc00::/7"},
		{"link-local, with and without a zone", false, "169.254.169.254 fe80::1 fe80::1%eth0", "169.254.0.0/16"},
		{"site-local", false, "fec0::1", "fec0::/10"},
		{"carrier-grade NAT", false, "100.64.0.1 100.127.255.255", "100.64.0.0/10"},
		{"protocol assignments", false, "192.0.0.8", "192.0.0.0/24"},
		{"protocol assignments, Teredo", false, "2001::1 2001:0:7f00:1::", "2001::/23"},
		{"benchmarks", false, "198.18.0.1 198.19.255.255", "198.18.0.0/15"},
		{"documentation", false, "192.0.2.1 198.51.100.7 203.0.113.7", "203.0.113.0/24"},
		{"documentation", false, "2001:db8::1", "2001:db8::/32"},
		{"documentation", false, "3fff::1", "3fff::/20"},
		{"multicast", false, "224.0.0.1 239.255.255.255 ff02::1 ff0e::1", ""},
		{"reserved, broadcast", false, "240.0.0.1 255.255.255.255", ""},
		{"discard, segment routing", false, "100::1 5f00::1", ""},
		{"6to4", false, "2002:7f00:1:: 2002:808:808::", "2002::/16"},
		{"6to4 relays", false, "192.88.99.1", "192.88.99.0/24"},
		{"IPv4 mapped into IPv6", false, "::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:100.64.0.1", ""},
		{"IPv4-compatible", false, "::127.0.0.1 ::a00:1 ::1.2.3.4", ""},
		{"IPv4-translated", false, "::ffff:0:127.0.0.1 ::ffff:0:1.2.3.4", ""},
		{"NAT64 to what is private", false, "64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::100.64.0.1", ""},
		{"NAT64 of a network's own", false, "64:ff9b:1::1 64:ff9b:1::1.2.3.4", ""},

		{"public", true, "1.2.3.4 8.0.0.1 100.63.0.1 100.128.0.1 172.32.0.1 2600::1 2a00::1", ""},
		{"public, mapped", true, "::ffff:1.2.3.4", ""},
		{"public, through NAT64", true, "64:ff9b::1.2.3.4", ""},
	} {
		for s := range strings.FieldsSeq(tt.addrs) {
			if Has(netip.MustParseAddr(s)) != tt.has {
				t.Errorf("%s: %s is public: %v, want %v", tt.name, s, !tt.has, tt.has)
			}
		}
		if tt.covers == "" {
			continue
		}
		p := netip.MustParsePrefix(tt.covers)
		if first, last := p.Masked().Addr(), lastOf(p); Has(first) || Has(last) {
			t.Errorf("%s: not all of %s is refused", tt.name, tt.covers)
		}
	}
	if Has(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// What stands just outside of a range that is refused is not refused with it.
func TestNoWiderThanMeant(t *testing.T) {
	for _, s := range []string{
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
		"191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2001:200::", "2001:db7:ffff::", "2001:db9::", "2001:ffff::", "2003::", "3ffe::", "2000::",
	} {
		if !Has(netip.MustParseAddr(s)) {
			t.Errorf("%s does not count as public", s)
		}
	}
}

// A dialer with Control connects to nothing private, however it is written:
// numbers that only a C library takes for addresses are not understood, and
// refused too.
func TestControl(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test on loopback
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test
	d := net.Dialer{Control: Control}
	if c, err := d.DialContext(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, ErrPrivate) {
		t.Errorf("connected to this machine: %v, %v", c, err)
	}
	for _, s := range []string{"2130706433:80", "0x7f.1:80", "0177.0.0.1:80", "127.1:80", "localhost:80", "", "[::1", "[::ffff:127.0.0.1]:80"} {
		if Control("tcp", s, nil) == nil {
			t.Errorf("%q is let through", s)
		}
	}
	if err := Control("tcp", "[2600::1]:443", nil); err != nil {
		t.Errorf("a public address: %v", err)
	}
}

// An address is public in all of its spellings or in none.
func FuzzHas(f *testing.F) {
	for _, s := range []string{"\x7f\x00\x00\x01", "\x01\x02\x03\x04", "\x64\x40\x00\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 4 {
			return
		}
		a := netip.AddrFrom4([4]byte(b))
		mapped := netip.AddrFrom16(a.As16())
		through := nat64.Addr().As16()
		copy(through[12:], b)
		for _, other := range []netip.Addr{mapped, mapped.WithZone("eth0"), netip.AddrFrom16(through)} {
			if Has(a) != Has(other) {
				t.Errorf("%s is public: %v, %s: %v", a, Has(a), other, Has(other))
			}
		}
		within := netip.MustParseAddr("2002::").As16()
		copy(within[2:], b)
		if Has(netip.AddrFrom16(within)) {
			t.Errorf("6to4 of %s is public", a)
		}
	})
}
