package contact

import (
	"bytes"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"veghe/detect/text"
)

const (
	minPhone  = 9  // digits of a candidate
	minDigits = 4  // digits in a text worth a look; the rest may be letters
	maxPhone  = 15 // E.164
	maxParses = 400
	maxGap    = 10 // bytes between two groups
)

// group is one token read as digits of a number.
type group struct {
	from, to int // folded
	digits   string
	spelled  bool
	weak     bool
	swapped  bool // letters read as digits
	plus     bool // + before it
	odd      bool // an unusual separator before it
}

// phones reads rows of groups of digits, and tries each row for numbers.
func (f *finder) phones() {
	if f.digits < minDigits {
		return
	}
	var row []group
	next := 0 // of f.nums
	for i := 0; i < len(f.toks); i++ {
		if len(row) == 0 { // a number begins with a digit
			for next < len(f.nums) && f.nums[next] < i {
				next++
			}
			if next == len(f.nums) {
				return
			}
			i = f.nums[next]
		}
		if n := f.date(i); n > 0 {
			row = f.flush(row)
			i += n - 1
			continue
		}
		g, ok := f.group(i, len(row) > 0)
		switch {
		case !ok && len(row) > 0 && f.meaning(i).glue:
			continue // "zero șapte și doi"
		case !ok:
			row = f.flush(row)
			continue
		}
		if len(row) > 0 && !f.follows(&row[len(row)-1], &g) {
			row = f.flush(row)
		}
		g.plus = f.plus(i, &g)
		if g.plus {
			row = f.flush(row)
		}
		row = merge(row, g)
	}
	f.flush(row)
}

// group reads a token as digits: digits, a spelled digit, or the letters o, l
// and i among digits.
func (f *finder) group(i int, inside bool) (group, bool) {
	w := f.word(i)
	g := group{from: int(f.toks[i].From), to: int(f.toks[i].To)}
	if f.number(i) {
		g.digits = string(w)
		return g, len(w) <= maxPhone
	}
	if m := f.meaning(i); m.digit != "" {
		g.digits, g.spelled, g.weak = m.digit, true, m.weak
		if r := f.meaning(i - 1).repeat; r > 0 && len(m.digit) == 1 {
			g.digits = strings.Repeat(m.digit, r)
			g.from = int(f.toks[i-1].From)
		}
		return g, true
	} else if m.ten != "" {
		g.digits, g.spelled = m.ten+"0", true
		return g, true
	} else if m.repeat > 0 && i+1 < len(f.toks) && f.meaning(i+1).digit != "" {
		return g, true // an empty group; the digit after it takes it in
	}
	if f.toks[i].Flags&text.Digit != 0 {
		return letters(g, w)
	}
	if inside && len(w) <= 3 && len(f.gap(i-1)) <= 1 {
		return letters(g, w)
	}
	return g, false
}

// letters reads o as 0 and l or i as 1. A long number glued to a word
// (tel0700000123) is taken out of it.
func letters(g group, w []byte) (group, bool) {
	var b strings.Builder
	for _, c := range w {
		switch {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		case c == 'o':
			b.WriteByte('0')
			g.swapped = true
		case c == 'l' || c == 'i':
			b.WriteByte('1')
			g.swapped = true
		default:
			return longest(g, w)
		}
	}
	g.digits = b.String()
	return g, len(g.digits) <= maxPhone
}

// longest takes the longest run of digits out of a word, if it can be a whole
// number.
func longest(g group, w []byte) (group, bool) {
	best, from := 0, 0
	for i := 0; i < len(w); i++ {
		n := 0
		for i+n < len(w) && w[i+n] >= '0' && w[i+n] <= '9' {
			n++
		}
		if n > best {
			best, from = n, i
		}
		i += n
	}
	if best < minPhone || best > maxPhone {
		return g, false
	}
	g.digits = string(w[from : from+best])
	g.from, g.to = g.from+from, g.from+from+best
	return g, true
}

// follows reports whether b may belong to the same number as a, judged by
// what is between them.
func (f *finder) follows(a, b *group) bool {
	if b.from < a.to {
		return b.from == a.to || b.spelled
	}
	between := f.f[a.to:b.from]
	if len(between) > maxGap && !b.spelled || len(between) > 3*maxGap {
		return false
	}
	short := len(a.digits) <= 2 && len(b.digits) <= 2
	for _, c := range between {
		switch {
		case c == '\n' || c == '\r':
			return false
		case c == ',' || c == ':' || c == ';' || c == '=':
			if !short || a.swapped || b.swapped {
				return false
			}
			b.odd = true
		case c == ' ' || c == '.' || c == '-' || c == '(' || c == ')' || c == '/' || c == '\t' || c == '+':
		case c >= 'a' && c <= 'z':
			if !b.spelled && !a.spelled {
				return false
			}
		default:
			b.odd = true
		}
	}
	return true
}

// plus reports whether a + or the word plus stands before a group.
func (f *finder) plus(i int, g *group) bool {
	if g.from > 0 && f.f[g.from-1] == '+' {
		g.from--
		return true
	}
	if i > 0 && f.meaning(i-1).plus && len(f.gap(i-1)) <= 2 {
		g.from = int(f.toks[i-1].From)
		return true
	}
	return false
}

// merge adds a group; twenty and two are one number.
func merge(row []group, g group) []group {
	if n := len(row); n > 0 && g.spelled && row[n-1].spelled && len(g.digits) == 1 && g.digits != "0" {
		if last := &row[n-1]; len(last.digits) == 2 && last.digits[1] == '0' && last.digits[0] > '1' {
			last.digits = last.digits[:1] + g.digits
			last.to = g.to
			return row
		}
	}
	if g.digits == "" {
		return row
	}
	return append(row, g)
}

// date returns how many tokens from i are a date such as 31.10.2026 or
// 2026-10-31, or an address such as 192.168.0.10, neither of which is part of
// a phone.
func (f *finder) date(i int) int {
	if !f.number(i) || !f.number(i+1) || !f.number(i+2) {
		return 0
	}
	a, b, c := f.word(i), f.word(i+1), f.word(i+2)
	g, h := f.gap(i), f.gap(i+1)
	if len(g) != 1 || !bytes.Equal(g, h) || !bytes.ContainsAny(g, "./-") {
		return 0
	}
	if day(a, 31) && day(b, 12) && (len(c) == 4 && (c[0] == '1' || c[0] == '2') || len(c) == 2 && g[0] != ' ' && !f.number(i+3)) {
		return 3
	}
	if len(a) == 4 && (a[0] == '1' || a[0] == '2') && day(b, 12) && day(c, 31) {
		return 3
	}
	return 0
}

func day(w []byte, most int) bool {
	if len(w) == 0 || len(w) > 2 {
		return false
	}
	n := 0
	for _, c := range w {
		n = n*10 + int(c-'0')
	}
	return n >= 1 && n <= most
}

// flush tries a row for phone numbers and returns it empty.
func (f *finder) flush(row []group) []group {
	for i := 0; i < len(row); {
		n := f.number1(row[i:])
		i += max(n, 1)
	}
	return row[:0]
}

// number1 tries for a number that begins with the first group of a row, the
// longest first, and returns how many groups it takes.
func (f *finder) number1(row []group) int {
	var digits strings.Builder
	var ends []int
	weak := 0
	for i, g := range row {
		if digits.Len()+len(g.digits) > maxPhone || i > 0 && g.plus {
			break
		}
		digits.WriteString(g.digits)
		if g.weak {
			weak++
		}
		if digits.Len() >= minPhone && 2*weak <= digits.Len() {
			ends = append(ends, i+1)
		}
	}
	for _, end := range slices.Backward(ends) {
		groups := row[:end]
		n := 0
		for _, g := range groups {
			n += len(g.digits)
		}
		s := span{groups[0].from, groups[len(groups)-1].to}
		if f.letterBefore(s.from) || !f.free(s) {
			return 0
		}
		if e164 := f.parse(digits.String()[:n], groups[0].plus); e164 != "" {
			f.add(Phone, e164, s, hidden(groups))
			return end
		}
	}
	return 0
}

// letterBefore reports whether a number goes on to the left: a decimal, a
// currency sign, an identifier.
func (f *finder) letterBefore(at int) bool {
	if at == 0 {
		return false
	}
	switch c := f.f[at-1]; c {
	case '$', '#', '@', '%', '_', '=', '&':
		return true
	case '.', ',', '-', '/':
		return at > 1 && f.f[at-2] >= '0' && f.f[at-2] <= '9'
	}
	return false
}

// hidden reports whether a number is written in a way that only a person
// reads: in words, with letters for digits, digit by digit, or with signs
// between that no one needs.
func hidden(groups []group) bool {
	single := 0
	for i, g := range groups {
		if g.spelled || g.swapped || i > 0 && g.odd {
			return true
		}
		if len(g.digits) == 1 {
			single++
		}
	}
	return single >= 5
}

// parse returns the number in E.164, or nothing when it is none.
func (f *finder) parse(digits string, plus bool) string {
	if plus {
		return f.valid("+"+digits, "", false)
	}
	if cut, ok := strings.CutPrefix(digits, "00"); ok && len(cut) >= minPhone {
		return f.valid("+"+cut, "", false)
	}
	regions := f.regions()
	for i, r := range regions {
		if !r.plausible(digits) {
			continue
		}
		if e := f.valid(digits, r.code, i > 0 || r.trunk == ""); e != "" {
			return e
		}
	}
	for _, r := range regions {
		if strings.HasPrefix(digits, r.prefix) && len(digits) == len(r.prefix)+r.length {
			if e := f.valid("+"+digits, "", true); e != "" {
				return e
			}
		}
	}
	return ""
}

// valid asks phonenumbers. A number without prefix from another country than
// the region must be a mobile one.
func (f *finder) valid(number, region string, mobile bool) string {
	if f.parses >= maxParses {
		return ""
	}
	f.parses++
	n, err := phonenumbers.Parse(number, region)
	if err != nil {
		return ""
	}
	e := phonenumbers.Format(n, phonenumbers.E164)
	if fiction(e) {
		return e
	}
	if !phonenumbers.IsValidNumber(n) {
		return ""
	}
	if t := phonenumbers.GetNumberType(n); mobile && t != phonenumbers.MOBILE && t != phonenumbers.FIXED_LINE_OR_MOBILE {
		return ""
	}
	return e
}

// fiction reports whether a number is one of those that Ofcom keeps for
// dramas. They are no valid numbers, but examples and training use them.
func fiction(e164 string) bool {
	return len(e164) == 13 && (strings.HasPrefix(e164, "+447700900") || strings.HasPrefix(e164, "+441632960"))
}

// region says what national numbers of a country look like, so that few are
// parsed for nothing.
type region struct {
	code   string
	prefix string // country calling code
	trunk  string // what a national number starts with; empty for none
	first  string // digits that may follow the trunk
	length int    // digits after the trunk
	spread int    // how many fewer or more there may be
}

var knownRegions = map[string]region{
	"RO": {"RO", "40", "0", "237", 9, 0},
	"MD": {"MD", "373", "0", "2567", 8, 0},
	"GB": {"GB", "44", "0", "1237", 10, 0},
	"IE": {"IE", "353", "0", "8", 9, 0},
	"IT": {"IT", "39", "", "3", 10, 0},
	"ES": {"ES", "34", "", "67", 9, 0},
	"DE": {"DE", "49", "0", "1", 10, 1},
	"AT": {"AT", "43", "0", "6", 10, 2},
	"FR": {"FR", "33", "0", "67", 9, 0},
	"HU": {"HU", "36", "06", "237", 9, 0},
	"UA": {"UA", "380", "0", "3569", 9, 0},
	"BG": {"BG", "359", "0", "89", 9, 0},
	"RU": {"RU", "7", "8", "9", 10, 0},
	"TR": {"TR", "90", "0", "5", 10, 0},
	"PL": {"PL", "48", "", "5678", 9, 0},
	"PT": {"PT", "351", "", "9", 9, 0},
	"NL": {"NL", "31", "0", "6", 9, 0},
	"GR": {"GR", "30", "", "6", 10, 0},
	"AL": {"AL", "355", "0", "6", 9, 0},
	"RS": {"RS", "381", "0", "6", 9, 1},
	"US": {"US", "1", "", "23456789", 10, 0},
}

// langRegion is the country tried for a language, after the region.
var langRegion = map[string]string{
	"ro": "RO", "en": "GB", "it": "IT", "es": "ES", "de": "DE", "fr": "FR", "hu": "HU", "uk": "UA", "ru": "RU",
	"bg": "BG", "tr": "TR", "pl": "PL", "pt": "PT", "nl": "NL", "el": "GR", "sq": "AL", "sr": "RS",
}

// regions lists the countries to try, at most three.
func (f *finder) regions() []region {
	known := func(code string) region {
		if r, ok := knownRegions[code]; ok {
			return r
		}
		return region{code: code, trunk: "0", first: "123456789", length: 9, spread: 3}
	}
	out := make([]region, 1, 3)
	out[0] = known(f.o.Region)
	for _, l := range f.o.Langs {
		if code := langRegion[l]; code != "" && code != f.o.Region && len(out) < 3 {
			out = append(out, known(code))
		}
	}
	return out
}

func (r region) plausible(digits string) bool {
	rest, ok := strings.CutPrefix(digits, r.trunk)
	if !ok || rest == "" {
		return false
	}
	off := len(rest) - r.length
	return off >= -r.spread && off <= r.spread && strings.IndexByte(r.first, rest[0]) >= 0
}
