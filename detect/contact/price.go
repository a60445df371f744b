package contact

import (
	"bytes"
	"strconv"

	"veghe/detect/text"
)

// The bounds of amounts.
const (
	maxAmount = 999_999_999
	minWords  = 50  // of amounts in words; "two euros" is said of anything
	minWeak   = 100 // of currencies that are words, too
	maxSpoken = 8   // words of an amount
)

// signs are the currencies that have one.
var signs = []struct{ sign, cur string }{
	{"€", "EUR"}, {"$", "USD"}, {"£", "GBP"}, {"₴", "UAH"}, {"₽", "RUB"}, {"₺", "TRY"}, {"₪", "ILS"}, {"zł", "PLN"},
}

// amount is a number of money.
type amount struct {
	whole int
	cents string // digits after the decimal sign, if any
	words bool   // spelled out
	k     bool   // in thousands: 2k, 2 mii
}

func (a amount) none() bool { return a.whole == 0 && a.cents == "" || a.whole > maxAmount }

func (a amount) append(b []byte) []byte {
	b = strconv.AppendInt(b, int64(a.whole), 10)
	if a.cents != "" && a.cents != "00" && a.cents != "0" {
		b = append(append(b, '.'), a.cents...)
	}
	return b
}

// currencySigns finds €50, 50 € and $1,200.
func (f *finder) currencySigns() {
	for _, c := range signs {
		for at := 0; len(f.out) < maxContacts; {
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
	if before := f.after(sign.from) - 1; before >= 0 && blankOr(f.f[min(sign.from, int(f.toks[before].To)):sign.from], "") && sign.from-int(f.toks[before].To) <= 1 && !f.variable(sign.to) && f.price(before, cur, sign, false) {
		return
	}
	if k < len(f.toks) && int(f.toks[k].From)-sign.to <= 1 && blankOr(f.f[sign.to:f.toks[k].From], "") {
		f.signFirst(k, cur, sign)
	}
}

// variable reports whether a $ before a folded offset is no money of ours: $$,
// ${name}, 350$00.
func (f *finder) variable(at int) bool {
	return at < len(f.f) && (f.f[at] >= '0' && f.f[at] <= '9' || f.f[at] == '$' || f.f[at] == '{' || f.f[at] == '_' || f.f[at] >= 'a' && f.f[at] <= 'z' && f.f[at-1] == '$' && f.v.lookup(f.word(f.after(at))) == nil)
}

// currencyWord reads the price around the name of a currency.
func (f *finder) currencyWord(k int, w *word) {
	last := k - 1
	if string(f.word(last)) == "de" {
		last-- // cinci sute de euro
	}
	s := f.tok(k)
	if w.is(weakCur) && w.cur == "GBP" && string(f.word(k+1)) == "sterline" {
		s.to = int(f.toks[k+1].To)
	}
	if g := string(f.gap(k - 1)); last >= 0 && (g == " " || g == ". " && f.find(last).is(thousand|million)) && f.price(last, w.cur, s, w.is(weakCur)) {
		return
	}
	if !f.number(k+1) || string(f.gap(k)) != " " || w.is(weakCur) || f.number(k-1) {
		return
	}
	f.signFirst(k+1, w.cur, s)
}

// price reads the amount that ends with token k, in the currency written at
// cur, and the period after it. A doubtful currency wants a large amount or a
// period.
func (f *finder) price(k int, currency string, cur span, doubtful bool) bool {
	a, first := f.amount(k)
	if a.none() {
		return false
	}
	return f.priced(a, first, currency, cur, doubtful)
}

func (f *finder) priced(a amount, first int, currency string, cur span, doubtful bool) bool {
	from := int(f.toks[first].From)
	var room [48]byte
	value := room[:0]
	if low, k := f.rangeBefore(first); !low.none() && k >= 0 {
		if a.k && !low.k && low.whole < a.whole/100 {
			low = low.times(1000) // 2-3 mii
		}
		if low.whole <= a.whole {
			value, from = append(low.append(value), '-'), int(f.toks[k].From)
		}
	}
	period, to := f.periodAfter(cur.to)
	if a.words && a.whole < minWords || doubtful && period == "" && a.whole < minWeak {
		return false
	}
	value = append(append(a.append(value), ' '), currency...)
	if period != "" {
		value = append(append(value, '/'), period...)
	}
	f.add(Price, string(value), span{from, to}, false)
	return true
}

// amount reads the number that ends with token k, and the token it begins
// with: 2000, 2.000, 2 000,50, 2k, 1.5k, 2 mii, cinci sute.
func (f *finder) amount(k int) (a amount, first int) {
	if k < 0 || k >= len(f.toks) {
		return amount{}, 0
	}
	w := f.word(k)
	switch {
	case f.number(k):
		return f.figure(k, w)
	case f.toks[k].Flags&text.Digit != 0:
		if f.kilo(k) {
			a, first = f.figure(k, w[:len(w)-1])
			return a.times(1000), first
		}
		return amount{}, 0
	case f.find(k).is(thousand|million) && f.number(k-1) && len(f.gap(k-1)) <= 2:
		a, first = f.figure(k-1, f.word(k-1))
		return a.times(f.scale(k)), first
	}
	return f.spoken(k)
}

// scale is what the word at token k multiplies by. "Mil" is a thousand in
// Spanish and short for a million before Romanian money.
func (f *finder) scale(k int) int {
	m := f.find(k)
	next := f.find(k + 1).cur
	if m.is(million) || m.text == "mil" && (next == "RON" || next == "MDL") {
		return 1_000_000
	}
	return 1000
}

// times multiplies what was written before k or "mii": 1.5k is 1500.
func (a amount) times(n int) amount {
	if len(a.cents) > 2 || a.whole > maxAmount/n {
		return amount{}
	}
	a.whole *= n
	for i := range len(a.cents) {
		n /= 10
		a.whole += int(a.cents[i]-'0') * n
	}
	a.cents, a.k = "", true
	return a
}

// figure reads digits that end with token k, of which last are the last ones,
// with the signs of thousands and decimals before them.
func (f *finder) figure(k int, last []byte) (a amount, first int) {
	part := last
	unit := 1
	for n := 0; ; n++ {
		if len(part) > 9 || unit > maxAmount {
			return amount{}, k
		}
		if !f.number(k-1) || len(f.gap(k-1)) != 1 || n > 3 {
			break
		}
		sep := f.gap(k - 1)[0]
		switch {
		case len(part) == 3 && len(f.word(k-1)) <= 3 && (sep == '.' || sep == ',' || sep == ' ' || sep == '\''):
			a.whole += value(part) * unit
			unit *= 1000
		case n == 0 && len(part) <= 2 && (sep == '.' || sep == ','):
			a.cents = string(part)
		case sep == '.' || sep == ',':
			return amount{}, k // 1.4550
		default:
			a.whole += value(part) * unit
			return a, k
		}
		k--
		part = f.word(k)
	}
	a.whole += value(part) * unit
	return a, k
}

func value(digits []byte) int { return int(decimal(digits)) }

// spoken reads an amount in words that ends with token k.
func (f *finder) spoken(k int) (a amount, first int) {
	first = k + 1
	for n := 0; n < maxSpoken && first > 0; n++ {
		m := f.find(first - 1)
		inner := first <= k && m.is(glue) && m.digit == "" && f.find(first-2).ten != 0
		if !m.number() && m.whole == 0 && !m.is(thousand) && !inner || len(f.gap(first-1)) > 1 {
			break
		}
		first--
	}
	if first > k {
		return amount{}, 0
	}
	if f.find(first).is(several) {
		return amount{}, 0
	}
	total, part := 0, 0
	for i := first; i <= k; i++ {
		m := f.find(i)
		switch {
		case m.whole == 1000, m.is(thousand):
			total, part = total+max(part, 1)*1000, 0
		case m.whole > 1000:
			total += m.whole
		case m.whole == 500 && f.nine(i):
			part += 900
		case m.whole > 0:
			part += m.whole
		case m.hundred:
			part = max(part, 1) * 100
		case m.ten != 0:
			part += int(m.ten-'0') * 10
		case m.digit != "":
			part += value([]byte(m.digit))
		}
	}
	if first > 0 && bytes.HasPrefix(f.word(first), []byte("ят")) && string(f.gap(first-1)) == "'" {
		first-- // п'ятсот
	}
	if first > 0 && oneWord(f.word(first-1)) && (f.find(first).is(thousand) || f.find(first).hundred || f.find(first).whole == 1000) {
		first-- // o mie, a hundred
	}
	return amount{whole: total + part, words: true}, first
}

func oneWord(w []byte) bool {
	switch string(w) {
	case "o", "a", "un":
		return true
	}
	return false
}

// rangeBefore reads the low end of a range: 1500-2000, 1500 la 2000.
func (f *finder) rangeBefore(first int) (low amount, k int) {
	k = first - 1
	switch gap := bytes.TrimSpace(f.gap(k)); {
	case string(gap) == "-":
	case k > 0 && len(gap) == 0 && tying(f.word(k)):
		k--
	default:
		return amount{}, -1
	}
	if k < 0 || f.toks[k].Flags&text.Digit == 0 && !f.find(k).is(thousand) {
		return amount{}, -1
	}
	if d := k - 1; string(bytes.TrimSpace(f.gap(d))) == "-" && f.number(d) {
		return amount{}, -1 // 07-12-2000 is no range
	}
	return f.amount(k)
}

// tying reports whether a word stands between the ends of a range.
func tying(w []byte) bool {
	switch string(w) {
	case "la", "to", "bis", "до", "a", "al", "si", "and", "und", "y", "e", "et", "pana", "до́":
		return true
	}
	return false
}

// maxPeriod is how many words may stand between a currency and its period.
const maxPeriod = 4

// periodAfter reads "/lună", "pe zi" or "net pe luna" after a folded offset.
func (f *finder) periodAfter(end int) (period string, to int) {
	signed := false
	k := f.after(end)
	gap := f.f[end:]
	if k < len(f.toks) {
		gap = f.f[end:f.toks[k].From]
	}
	for n := 0; n < maxPeriod && k < len(f.toks); n++ {
		if len(gap) > 3 || !blankOr(gap, "/-.('") {
			return "", end
		}
		signed = signed || bytes.IndexByte(gap, '/') >= 0
		m := f.find(k)
		switch {
		case m.period != "" && (signed || f.find(k-1).is(per) && n > 0 || adverb(f.word(k)) || n == 0 && f.bare(k)):
			return m.period, int(f.toks[k].To)
		case !m.is(per | netOf):
			return "", end
		}
		gap = f.gap(k)
		k++
	}
	return "", end
}

// adverbs are periods that need no word before them: "2000 lei lunar".
var adverbs = set("lunar zilnic saptamanal daily weekly mensile mensili mensuales mensual monthly hourly monatlich mensuel naponta havonta giornaliero")

// bare reports whether a period ends its clause, so that it may stand without
// a word before it: "50 lei ora".
func (f *finder) bare(k int) bool {
	switch string(f.word(k)) {
	case "ora", "zi", "ziua", "luna", "saptamana", "noaptea", "hour", "hora", "giorno", "час", "день", "месяц":
		return f.clauseEnd(k)
	}
	return false
}

func adverb(w []byte) bool { return adverbs[string(w)] }

// signFirst reads €2000, €1.500-2.000 and EUR 1200 from token k on. Names of
// currencies before a plain number are often something else ("Euro 2024").
func (f *finder) signFirst(k int, currency string, sign span) {
	last := k
	for last-k < 3 && (f.number(last+1) || f.kilo(last+1)) && len(f.gap(last)) == 1 && (bytes.ContainsAny(f.gap(last), ".,") || f.gap(last)[0] == ' ' && string(f.word(last+1)) == "000") {
		last++
	}
	a, first := f.amount(last)
	if a.none() || first != k {
		return
	}
	to := int(f.toks[last].To)
	if f.find(last+1).is(thousand|million) && !f.find(last+1).is(per) && len(f.gap(last)) <= 1 {
		last++
		a, to = a.times(f.scale(last)), int(f.toks[last].To)
	}
	var room [48]byte
	value := a.append(room[:0])
	if high, end := f.rangeAfter(last); !high.none() && high.whole > a.whole {
		if high.k && !a.k {
			value = a.times(1000).append(room[:0]) // €75-90k
		}
		value, to = high.append(append(value, '-')), end
	}
	period, to := f.periodAfter(to)
	if currency == "USD" && sign.to-sign.from == 1 && period == "" && a.cents == "" && a.whole < 10 && len(value) == 1 {
		return // $1 is also a variable
	}
	if sign.to-sign.from > 4 || currency == "EUR" && sign.to-sign.from == 4 { // a word
		if period == "" && a.cents == "" && last == k {
			return
		}
	}
	value = append(append(value, ' '), currency...)
	if period != "" {
		value = append(append(value, '/'), period...)
	}
	f.add(Price, string(value), span{sign.from, to}, false)
}

// kilo reports whether a token is digits and a k.
func (f *finder) kilo(k int) bool {
	w := f.word(k)
	n := leadingDigits(w)
	return n > 0 && n+1 == len(w) && w[n] == 'k'
}

// rangeAfter reads the high end of a range after token k: €1.500-€2.000.
func (f *finder) rangeAfter(k int) (high amount, to int) {
	gap := bytes.TrimSpace(f.gap(k))
	for _, c := range signs {
		gap = bytes.TrimSuffix(gap, []byte(c.sign))
	}
	if string(bytes.TrimSpace(gap)) != "-" || len(f.gap(k)) > 6 || k+1 >= len(f.toks) {
		return amount{}, 0
	}
	last := k + 1
	for last-k < 3 && (f.number(last+1) || f.kilo(last+1)) && len(f.gap(last)) == 1 && bytes.ContainsAny(f.gap(last), ".,") {
		last++
	}
	high, first := f.amount(last)
	if first != k+1 {
		return amount{}, 0
	}
	return high, int(f.toks[last].To)
}

// glued reads a number and a word written together: 2000euro, 16yo.
func (f *finder) glued(i int) {
	w := f.word(i)
	if n := leadingDigits(w); n > 0 && n <= 9 {
		rest, k := w[n:], false
		if len(rest) > 1 && rest[0] == 'k' {
			if unit := f.v.lookup(rest); unit == nil || unit.cur == "" {
				rest, k = rest[1:], true
			}
		}
		if unit := f.v.lookup(rest); unit != nil && unit.cur != "" {
			a, first := f.figure(i, w[:n])
			if k {
				a = a.times(1000)
			}
			if !a.none() && first >= 0 {
				f.priced(a, first, unit.cur, f.tok(i), unit.is(weakCur))
			}
			return
		}
	}
	f.gluedAge(i)
}

// near reports whether only a blank is between token k and a position.
func (f *finder) near(k, at int) bool {
	gap := f.f[min(int(f.toks[k].To), at):at]
	return len(gap) <= 2 && blankOr(gap, "-")
}
