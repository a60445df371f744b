package contact

import (
	"bytes"
	"strings"

	"veghe/detect/text"
)

// What looks like a phone and is none: dates, times, decimals, lists,
// identifiers, amounts.

// date returns how many tokens from i are a date such as 31.10.2026 or
// 2026-10-31, a time or hours such as 08:00-16.30, or an address such as
// 192.168.0.10, none of which is part of a phone.
func (f *finder) date(i int) int {
	if !f.number(i) || !f.number(i+1) {
		return 0
	}
	if n := f.hours(i); n > 0 {
		return n
	}
	if !f.number(i + 2) {
		return 0
	}
	a, b, c := f.word(i), f.word(i+1), f.word(i+2)
	g, h := f.gap(i), f.gap(i+1)
	if len(g) == 1 && f.goesOn(i-1, g[0]) && f.number(i-1) {
		return 0
	}
	if len(g) != 1 || !bytes.Equal(g, h) || !bytes.ContainsAny(g, "./-") {
		return 0
	}
	year := len(c) == 4 && (c[0] == '1' || c[0] == '2') || len(c) == 2 && !f.goesOn(i+2, g[0])
	switch {
	case between(a, 1, 31) && between(b, 1, 12) && year, between(a, 1, 12) && between(b, 1, 31) && len(c) == 4 && year:
		return 3
	case len(a) == 4 && (a[0] == '1' || a[0] == '2') && between(b, 1, 12) && between(c, 1, 31):
		return 3
	case g[0] == '.' && f.number(i+3) && string(f.gap(i+2)) == "." && !f.goesOn(i+3, '.') && octets(a, b, c, f.word(i+3)):
		return 4
	}
	return 0
}

// goesOn reports whether the number after token i is tied to it by a sign.
func (f *finder) goesOn(i int, sign byte) bool {
	return f.number(i+1) && len(f.gap(i)) == 1 && f.gap(i)[0] == sign
}

// hours returns how many tokens from i are a time: 07:30, 07:30:15,
// 08.00-16.00.
func (f *finder) hours(i int) int {
	if !f.clock(i) {
		return 0
	}
	sign := f.gap(i)[0]
	if f.clock(i+2) && f.gap(i + 2)[0] == sign && bytes.IndexByte(f.gap(i+1), '-') >= 0 && sign != '-' {
		return 4
	}
	if sign != ':' {
		return 0
	}
	n := 2
	for f.goesOn(i+n-1, ':') && len(f.word(i+n)) == 2 {
		n++
	}
	if n > 3 {
		return 0 // 07:00:00:01:23 is no time
	}
	return n
}

// clock reports whether token i and the next are hours and minutes.
func (f *finder) clock(i int) bool {
	if !f.number(i) || !f.number(i+1) || len(f.word(i+1)) != 2 {
		return false
	}
	g := f.gap(i)
	return len(g) == 1 && (g[0] == ':' || g[0] == '.') && between(f.word(i), 0, 24) && between(f.word(i+1), 0, 59)
}

// between reports whether one or two digits spell a number from least to most.
func between(w []byte, least, most int) bool {
	if len(w) == 0 || len(w) > 2 {
		return false
	}
	n := small(w)
	return n >= least && n <= most
}

func octets(all ...[]byte) bool {
	for _, w := range all {
		if len(w) > 3 || len(w) > 1 && w[0] == '0' || len(w) == 3 && string(w) > "255" {
			return false
		}
	}
	return true
}

// counted reports whether the groups count: 0 1 2 3 4, 07 08 09 10.
func (f *finder) counted(row []group) bool {
	digits := f.buf[row[0].d0:row[len(row)-1].d1]
	run, longest := 1, 1
	for i := 1; i < len(digits); i++ {
		if digits[i] == digits[i-1]+1 || digits[i-1] == '9' && digits[i] == '0' {
			run++
			longest = max(longest, run)
		} else {
			run = 1
		}
	}
	if longest >= 8 && len(row) > 3 {
		return true
	}
	steps := 0
	for i := 1; i < len(row); i++ {
		a, b := f.buf[row[i-1].d0:row[i-1].d1], f.buf[row[i].d0:row[i].d1]
		if len(a) > 2 || len(b) > 2 || small(b) != small(a)+1 {
			return false
		}
		steps++
	}
	return steps >= 4
}

// fraction reports whether the groups are a fraction: 0.700000123.
func (f *finder) fraction(row []group) bool {
	if len(row) != 2 || row[0].len() > 3 || row[1].len() < 6 {
		return false
	}
	sep := f.f[row[0].to:max(row[0].to, row[1].from)]
	return len(sep) == 1 && (sep[0] == '.' || sep[0] == ',')
}

// paired reports whether the groups are a list of dates or times: 07.08,
// 09.08, 10.08.
func (f *finder) paired(row []group) bool {
	if len(row) < 4 || len(row)%2 != 0 {
		return false
	}
	inner, outer := f.f[row[0].to:max(row[0].to, row[1].from)], f.f[row[1].to:max(row[1].to, row[2].from)]
	if len(inner) != 1 || bytes.Equal(inner, outer) || !bytes.ContainsAny(inner, ".:/-") {
		return false
	}
	for i := 0; i < len(row); i += 2 {
		a, b := &row[i], &row[i+1]
		if a.len() != 2 || b.len() != 2 || !bytes.Equal(inner, f.f[a.to:max(a.to, b.from)]) {
			return false
		}
	}
	return true
}

// fenced reports whether a number goes on to the left or right as something
// else: a decimal, an amount, an identifier.
func (f *finder) fenced(s span, first *group) bool {
	return f.fencedLeft(s.from, first) || f.fencedRight(s.to)
}

func (f *finder) fencedLeft(at int, first *group) bool {
	if at > 0 {
		switch f.f[at-1] {
		case '$', '#', '@', '%', '_', '&', '\\':
			return true
		case '=':
			return !f.cued(first.tok)
		case '.', ',', '-', '/', ':':
			k := f.tokenEndingAt(at - 1)
			if f.number(k) && len(f.word(k)) >= minPhone && first.len() >= minPhone && strings.IndexByte(",/", f.f[at-1]) >= 0 {
				break // two phones
			}
			if k >= 0 && (f.toks[k].Flags&text.Digit != 0 || f.f[at-1] == '/' && first.how&plussed == 0 && !f.find(k).is(tel)) {
				return true
			}
		}
		if at >= 3 && f.f[at-1] == ' ' && f.currencyBefore(at-1) {
			return true
		}
	}
	k := first.tok
	return f.find(k-1).is(notel) || f.find(k-2).is(notel) && len(f.word(k-1)) <= 6 && len(f.gap(k-2)) <= 2 && !f.find(k-1).is(tel)
}

// currencyBefore reports whether a currency sign ends before at.
func (f *finder) currencyBefore(at int) bool {
	for _, c := range signs {
		if bytes.HasSuffix(f.f[:at], []byte(c.sign)) {
			return true
		}
	}
	return false
}

// units are what a number of goods or bytes is counted in.
var units = set("km kg kw kwh mb gb kb tb ms mm cm ml bytes byte octeti px hz khz mhz ghz views vizualizari buc bucati rows sec")

func (f *finder) fencedRight(at int) bool {
	k := f.after(at)
	if at < len(f.f) {
		switch c := f.f[at]; {
		case c == '%' || c == '$' || c == '_' || c == '@', c == ' ' && at+1 < len(f.f) && f.f[at+1] == '%':
			return true
		case (c == '-' || c == ',' || c == '.') && k < len(f.toks) && int(f.toks[k].From) == at+1:
			if f.toks[k].Flags == text.Letter|text.Digit || f.number(k) && (c == ',' || c == '.') && len(f.word(k)) <= 3 {
				return true
			}
		}
		for _, c := range signs {
			if rest := f.f[at:]; bytes.HasPrefix(rest, []byte(c.sign)) || rest[0] == ' ' && bytes.HasPrefix(rest[1:], []byte(c.sign)) {
				return true
			}
		}
	}
	if k >= len(f.toks) || int(f.toks[k].From)-at > 2 || int(f.toks[k].From) == at {
		return false
	}
	m := f.find(k)
	return m.cur != "" && !m.is(weakCur) || units[string(f.word(k))]
}
