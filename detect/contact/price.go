package contact

import (
	"bytes"
	"strings"
)

// maxAmount is how many digits an amount has at most.
const maxAmount = 9

// signs are the currencies that have one.
var signs = []struct{ sign, cur string }{{"€", "EUR"}, {"$", "USD"}, {"£", "GBP"}}

// currencySigns finds €50, 50 € and $1,200.
func (f *finder) currencySigns() {
	for _, c := range signs {
		for at := 0; ; {
			n := bytes.Index(f.f[at:], []byte(c.sign))
			if n < 0 {
				break
			}
			at += n
			f.currencySign(span{at, at + len(c.sign)}, c.cur)
			at += len(c.sign)
		}
	}
}

func (f *finder) currencySign(sign span, cur string) {
	k := f.after(sign.to)
	if before := k - 1; before >= 0 && sign.from-int(f.toks[before].To) <= 1 && f.price(before+1, cur, sign) {
		return
	}
	if k < len(f.toks) && int(f.toks[k].From)-sign.to <= 1 {
		f.signFirst(k, cur, sign)
	}
}

// after is the first token that begins at or after a folded offset.
func (f *finder) after(at int) int {
	lo, hi := 0, len(f.toks)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.toks[mid].From) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// price reads the amount that ends before token i, in the currency written at
// cur, and the period after it.
func (f *finder) price(i int, currency string, cur span) bool {
	last := i - 1
	value, first := f.amount(last)
	if value == "" || !f.near(last, cur.from) {
		return false
	}
	from := int(f.toks[first].From)
	if low, k := f.rangeBefore(first); low != "" {
		value, from = low+"-"+value, int(f.toks[k].From)
	}
	next := f.after(cur.to)
	period, to := f.periodAfter(next-1, cur.to)
	f.add(Price, value+" "+currency+period, span{from, to}, false)
	return true
}

// near reports whether only a blank is between token k and a position.
func (f *finder) near(k, at int) bool {
	gap := f.f[min(int(f.toks[k].To), at):at]
	return len(gap) <= 2 && blankOr(gap, "-")
}

// amount reads a number that ends with token k, and returns the token it
// begins with: 2000, 2.000, 2 000,50, 2k, 2 mii.
func (f *finder) amount(k int) (value string, first int) {
	zeros := ""
	if f.meaning(k).thousand && !f.number(k) {
		zeros = "000"
		k--
	}
	if k < 0 || k >= len(f.toks) {
		return "", 0
	}
	if w := f.word(k); !f.number(k) {
		if n := len(w) - 1; n > 0 && zeros == "" && w[n] == 'k' && allDigits(string(w[:n])) && n <= 4 {
			return string(w[:n]) + "000", k
		}
		return "", 0
	}
	value = string(f.word(k))
	fraction := ""
	for n := 0; n < 3 && f.number(k-1) && len(f.gap(k-1)) == 1; n++ {
		sep := f.gap(k - 1)[0]
		part := f.word(k)
		switch {
		case len(part) == 3 && len(f.word(k-1)) <= 3 && (sep == '.' || sep == ',' || sep == ' ' || sep == '\''):
			value = string(f.word(k-1)) + value
		case n == 0 && len(part) <= 2 && (sep == '.' || sep == ','):
			fraction, value = "."+string(part), string(f.word(k-1))
		default:
			return f.whole(value, fraction, zeros), k
		}
		k--
	}
	return f.whole(value, fraction, zeros), k
}

func (f *finder) whole(value, fraction, zeros string) string {
	value = strings.TrimLeft(value, "0")
	if value == "" && fraction == "" || len(value)+len(zeros) > maxAmount {
		return ""
	}
	if value == "" {
		value = "0"
	}
	if zeros != "" && fraction != "" {
		return "" // 1,5 mii: rare, and easily wrong
	}
	return value + strings.TrimSuffix(strings.TrimSuffix(zeros+fraction, ".00"), ".0")
}

// rangeBefore reads the low end of a range: 1500-2000, 1500 la 2000.
func (f *finder) rangeBefore(first int) (low string, k int) {
	if f.number(first-1) && string(bytes.TrimSpace(f.gap(first-1))) == "-" {
		return f.amount(first - 1)
	}
	if w := string(f.word(first - 1)); first > 1 && (w == "la" || w == "to" || w == "bis" || w == "до") && f.number(first-2) {
		return f.amount(first - 2)
	}
	return "", 0
}

// periodAfter reads "/lună" or "pe zi" after token k.
func (f *finder) periodAfter(k, end int) (period string, to int) {
	signed := false
	for n := 0; n < 3 && k+n+1 < len(f.toks); n++ {
		gap := f.gap(k + n)
		if n == 0 {
			gap = f.f[end:max(end, int(f.toks[k+1].From))]
		}
		if len(gap) > 3 || !blankOr(gap, "/-") {
			return "", end
		}
		signed = signed || bytes.IndexByte(gap, '/') >= 0
		w := f.meaning(k + n + 1)
		switch {
		case w.period != "" && (signed || n > 0 || adverb(f.word(k+n+1))):
			return "/" + w.period, int(f.toks[k+n+1].To)
		case !w.per:
			return "", end
		}
	}
	return "", end
}

// adverb reports whether a period needs no word before it: "2000 lei lunar".
func adverb(w []byte) bool {
	switch string(w) {
	case "lunar", "zilnic", "saptamanal", "daily", "weekly", "mensile", "monthly":
		return true
	}
	return false
}

// signFirst reads €2000 and €1.500-2.000.
func (f *finder) signFirst(k int, currency string, sign span) {
	last := k
	for last-k < 3 && f.number(last+1) && len(f.gap(last)) == 1 && bytes.ContainsAny(f.gap(last), ".,") {
		last++
	}
	value, first := f.amount(last)
	if value == "" || first != k {
		return
	}
	to := int(f.toks[last].To)
	if string(f.gap(last)) == "-" && f.number(last+1) && len(f.word(last+1)) <= 6 {
		last++
		value, to = value+"-"+string(f.word(last)), int(f.toks[last].To)
	}
	period, to := f.periodAfter(last, to)
	f.add(Price, value+" "+currency+period, span{sign.from, to}, false)
}

// glued reads a number and a word written together: 2000euro, 16yo.
func (f *finder) glued(i int) {
	w := f.word(i)
	n := 0
	for n < len(w) && w[n] >= '0' && w[n] <= '9' {
		n++
	}
	if n == 0 || n == len(w) || n > maxAmount {
		return
	}
	unit := f.v.lookup(w[n:])
	if unit == nil {
		return
	}
	s := f.tok(i)
	switch {
	case unit.cur != "":
		if value := f.whole(string(w[:n]), "", ""); value != "" {
			period, to := f.periodAfter(i, s.to)
			f.add(Price, value+" "+unit.cur+period, span{s.from, to}, false)
		}
	case unit.years && n == 2 && w[0] != '0':
		f.add(Age, string(w[:n]), s, false)
	}
}
