package contact

import (
	"bytes"
	"unicode/utf8"

	"veghe/detect/text"
)

const (
	minPhone  = 9       // digits of a candidate
	minDigits = 4       // digits in a text worth a look; the rest may be letters
	maxPhone  = 15      // E.164
	maxBytes  = 10      // plain characters between two groups
	maxEmoji  = 40      // bytes between two groups, emoji included
	maxWords  = 4       // words between two groups
	maxTries  = 1 << 17 // rows of groups tried in one text
	maxGlued  = 240     // bytes of a word of digits and number words
)

// group is a few digits of a number, as one token says them.
type group struct {
	tok, from, to int // token, folded
	d0, d1        int // of finder.buf
	open          int // last digits that a smaller number replaces: 22 is "twenty" "two"
	how           how
}

func (g *group) len() int { return g.d1 - g.d0 }

// how a group is written, as bits.
type how uint8

const (
	spelled  how = 1 << iota // in words
	unsure                   // in a word that means something else more often
	swapped                  // letters for digits
	plussed                  // + before it
	odd                      // an unusual separator before it
	parted                   // other words before it
	lettered                 // letters only, such as S or B
)

// phones reads rows of groups of digits, and tries each row for numbers. The
// digits of a row follow one another in f.buf.
func (f *finder) phones() {
	if f.digits < minDigits {
		return
	}
	next, between := 0, 0
	for i := 0; i < len(f.toks); i++ {
		if len(f.row) == 0 { // a number begins with a digit
			for next < len(f.nums) && f.nums[next] < i {
				next++
			}
			if next == len(f.nums) {
				return
			}
			i = f.nums[next]
			f.buf, between = f.buf[:0], 0
		}
		if n := f.date(i); n > 0 {
			f.flush()
			i += n - 1
			continue
		}
		had := len(f.row)
		if f.read(i) {
			between = 0
			continue
		}
		if m := f.find(i); had > 0 && between < maxWords && m.is(glue|filler) {
			between++
			continue
		}
		f.flush()
	}
	f.flush()
}

// read takes token i into the row, and reports whether it is a number.
func (f *finder) read(i int) bool {
	w := f.word(i)
	g := group{tok: i, from: int(f.toks[i].From), to: int(f.toks[i].To)}
	switch flags := f.toks[i].Flags & (text.Digit | text.Letter); {
	case flags == text.Digit:
		return f.plain(g, w)
	case flags&text.Digit != 0:
		return f.mixed(g, w)
	}
	m := f.find(i)
	switch {
	case letterIs(w, 'o') && len(f.row) > 0 && f.find(i+1).hundred:
		return true // o sută; the hundred after it takes it in
	case m.number() || m.whole >= 200 && m.whole < 1000:
		return f.spelledWord(g, m)
	case darkDigits(w):
		return f.plain(g, w)
	case f.v.spelling.opens(w, minGlued), len(f.row) > 0 && f.v.spelling.opens(w, minNext):
		return f.gluedWord(g, w)
	}
	return len(f.row) > 0 && len(w) <= 3 && len(f.gap(i-1)) <= 1 && f.lettersOnly(g, w)
}

// plain reads digits of any script or shape.
func (f *finder) plain(g group, w []byte) bool {
	if len(w) > 3*maxPhone {
		return false
	}
	g.d0 = len(f.buf)
	for len(w) > 0 {
		r, n := utf8.DecodeRune(w)
		c := digitOf(r)
		if c == 0 {
			f.buf = f.buf[:g.d0]
			return false
		}
		f.buf, w = append(f.buf, c), w[n:]
	}
	g.d1 = len(f.buf)
	if g.len() > maxPhone {
		f.buf = f.buf[:g.d0]
		return false
	}
	f.push(g)
	return true
}

// digitOf is the ASCII digit that a character shows, or 0. Folding leaves
// only the dark circles.
func digitOf(r rune) byte {
	switch {
	case r >= '0' && r <= '9':
		return byte(r)
	case r >= '❶' && r <= '❾':
		return byte(r-'❶') + '1'
	case r >= '➀' && r <= '➈':
		return byte(r-'➀') + '1'
	case r >= '➊' && r <= '➒':
		return byte(r-'➊') + '1'
	case r >= '⓵' && r <= '⓽':
		return byte(r-'⓵') + '1'
	case r == '⓿', r == '🄋', r == '🄌':
		return '0'
	}
	return 0
}

// darkDigits reports whether a word begins with a digit that folding leaves as
// it is.
func darkDigits(w []byte) bool {
	if w[0] < 0xe2 {
		return false
	}
	r, _ := utf8.DecodeRune(w)
	return digitOf(r) != 0
}

// spelledWord reads a number word.
func (f *finder) spelledWord(g group, m *word) bool {
	g.how |= spelled
	if m.is(weak) {
		g.how |= unsure
	}
	switch {
	case m.whole > 0:
		return f.pushSpelled(g, []byte{byte(m.whole/100) + '0', '0', '0'}, 2)
	case m.repeat > 0 && g.tok+1 < len(f.toks):
		return f.digitWord(g.tok+1) != "" // the digit after it takes it in
	case m.hundred:
		return f.hundreds(g)
	case m.ten != 0:
		return f.pushSpelled(g, []byte{m.ten, '0'}, 1)
	case len(m.digit) == 2 && f.nine(g.tok):
		return f.pushSpelled(g, []byte("19"), 0)
	case len(m.digit) == 2:
		return f.pushSpelled(g, []byte(m.digit), 0)
	case m.digit == "":
		return false
	}
	if m.digit == "5" && f.nine(g.tok) {
		return f.pushSpelled(g, []byte("9"), 0)
	}
	n := 1
	if r := f.find(g.tok - 1).repeat; r > 0 {
		n, g.from = r, int(f.toks[g.tok-1].From)
	}
	return f.pushSpelled(g, bytes.Repeat([]byte(m.digit), n), 0)
}

// nine reports whether token i is the end of дев'ять, which is cut at its
// apostrophe like п'ять.
func (f *finder) nine(i int) bool {
	return i > 0 && bytes.HasPrefix(f.word(i), []byte("ят")) && bytes.HasSuffix(f.word(i-1), []byte("дев")) && string(f.gap(i-1)) == "'"
}

// digitWord is the single digit that token i says, in words or not.
func (f *finder) digitWord(i int) string {
	if m := f.find(i); len(m.digit) == 1 {
		return m.digit
	}
	if f.number(i) && len(f.word(i)) == 1 {
		return string(f.word(i))
	}
	return ""
}

// hundreds turns the digit before it into hundreds: șapte sute.
func (f *finder) hundreds(g group) bool {
	if len(f.row) == 0 {
		return false
	}
	if letterIs(f.word(g.tok-1), 'o') {
		g.from = int(f.toks[g.tok-1].From)
		return f.pushSpelled(g, []byte("100"), 2)
	}
	last := &f.row[len(f.row)-1]
	if last.len() != 1 || last.tok != g.tok-1 || f.buf[last.d0] == '0' {
		return false
	}
	f.buf = append(f.buf, '0', '0')
	last.d1, last.to, last.open = len(f.buf), g.to, 2
	last.how |= spelled
	return true
}

// pushSpelled adds digits said in words; a smaller number completes a greater
// one before it: seven hundred, twenty, two.
func (f *finder) pushSpelled(g group, digits []byte, open int) bool {
	if n := len(f.row); n > 0 && digits[0] != '0' {
		last := &f.row[n-1]
		joined := last.open >= len(digits) && last.how&spelled != 0 &&
			bytes.IndexByte(f.f[min(last.to, g.from):g.from], ',') < 0
		if joined {
			copy(f.buf[last.d1-len(digits):], digits)
			last.to, last.open = g.to, open
			return true
		}
	}
	g.d0 = len(f.buf)
	f.buf = append(f.buf, digits...)
	g.d1, g.open = len(f.buf), open
	f.push(g)
	return true
}

// gluedWord reads digits in words without blanks between, also among plain
// ones: zerosapte, 07zero0.
func (f *finder) gluedWord(g group, w []byte) bool {
	var room [maxPieces]piece
	if len(w) > maxGlued {
		return false
	}
	pieces := f.v.spelling.split(w, room[:0])
	if len(pieces) == 0 || len(pieces) == 1 && len(pieces[0].text) == len(w) {
		return false
	}
	f.pushPieces(g, pieces)
	return true
}

func (f *finder) pushPieces(g group, pieces []piece) {
	g.how |= spelled
	for i, p := range pieces {
		if i > 0 {
			g.from = g.to // all in one token
		}
		switch {
		case p.ten != 0:
			f.pushSpelled(g, []byte{p.ten, '0'}, 1)
		case i == 0 && p.digit == "5" && f.nine(g.tok):
			f.pushSpelled(g, []byte("9"), 0)
		default:
			f.pushSpelled(g, []byte(p.digit), 0)
		}
	}
}

// lookalike are letters that stand for digits.
var lookalike = func() (t [256]byte) {
	for i, c := range []byte("olisbzq") {
		t[c] = "0115829"[i]
	}
	return t
}()

// mixed reads a token of digits and letters: 07oo, 07zero, tel0700000123.
func (f *finder) mixed(g group, w []byte) bool {
	if len(w) > maxGlued {
		return false
	}
	g.d0 = len(f.buf)
	for _, c := range w {
		switch {
		case c >= '0' && c <= '9':
			f.buf = append(f.buf, c)
		case lookalike[c] != 0:
			f.buf = append(f.buf, lookalike[c])
		default:
			f.buf = f.buf[:g.d0]
			return f.gluedWord(g, w) || f.longest(g, w)
		}
	}
	g.d1 = len(f.buf)
	if g.len() > maxPhone {
		f.buf = f.buf[:g.d0]
		return false
	}
	g.how |= swapped
	f.push(g)
	return true
}

// lettersOnly reads a short word inside a number as digits: 07 oo o12. S, b
// and z are too common, so they must be capital letters.
func (f *finder) lettersOnly(g group, w []byte) bool {
	g.d0 = len(f.buf)
	for _, c := range w {
		if d := lookalike[c]; d == 0 || c != 'o' && c != 'l' && c != 'i' && (len(w) > 1 || !f.capital(g.tok)) {
			f.buf = f.buf[:g.d0]
			return false
		}
		f.buf = append(f.buf, lookalike[c])
	}
	g.d1 = len(f.buf)
	g.how |= swapped
	if len(w) == 1 && w[0] != 'o' {
		g.how |= lettered // goes on with a number, ends none
	}
	f.push(g)
	return true
}

// longest takes a whole number out of a word that it is glued to. Before it
// stands a word such as tel, after it one that is no hexadecimal number.
func (f *finder) longest(g group, w []byte) bool {
	from := bytes.IndexAny(w, "0123456789")
	if from < 0 {
		return false
	}
	n := leadingDigits(w[from:])
	if n < minPhone || n > maxPhone || from+n < len(w) && !wordTail(w[from+n:]) {
		return false
	}
	if before := f.v.lookup(w[:from]); from > 0 && (before == nil || !before.is(tel)) {
		return false
	}
	g.d0 = len(f.buf)
	f.buf = append(f.buf, w[from:from+n]...)
	g.d1 = len(f.buf)
	g.from, g.to = g.from+from, g.from+from+n
	f.push(g)
	return true
}

func wordTail(w []byte) bool {
	other := false
	for _, c := range w {
		if c >= '0' && c <= '9' {
			return false
		}
		other = other || c > 'f'
	}
	return other && len(w) >= 3
}

// push adds a group whose digits end f.buf to the row, after the row so far
// is tried if the group does not follow from it.
func (f *finder) push(g group) {
	if f.plusBefore(&g) {
		f.flushBefore(&g)
	} else if n := len(f.row); n > 0 && !f.follows(&f.row[n-1], &g) {
		f.flushBefore(&g)
	}
	if len(f.row) == 0 {
		f.zeroBefore(&g)
	}
	f.row = append(f.row, g)
}

// zeroBefore puts the letters o before the first group of a row into the row
// as zeros: O șapte OO.
func (f *finder) zeroBefore(g *group) {
	k := g.tok - 1
	w := f.word(k)
	if len(w) == 0 || len(w) > 3 || len(bytes.Trim(w, "o")) > 0 || len(f.gap(k)) != 1 || g.from != int(f.toks[g.tok].From) {
		return
	}
	n := len(f.buf)
	f.buf = append(f.buf, w...)
	copy(f.buf[len(w):], f.buf[:n])
	for i := range w {
		f.buf[i] = '0'
	}
	zeros := group{tok: k, from: int(f.toks[k].From), to: int(f.toks[k].To), d1: len(w), how: swapped}
	g.d0, g.d1 = g.d0+len(w), g.d1+len(w)
	f.row = append(f.row, zeros)
}

// flushBefore tries the row, of which g is no part, and moves the digits of g
// to the beginning of f.buf.
func (f *finder) flushBefore(g *group) {
	f.flush()
	n := copy(f.buf, f.buf[g.d0:g.d1])
	g.d0, g.d1 = 0, n
	f.buf = f.buf[:n]
	if len(f.row) == 0 {
		g.how &^= odd | parted
	}
}

// plusBefore notes the + or the word plus before a group.
func (f *finder) plusBefore(g *group) bool {
	if g.from > 0 && f.f[g.from-1] == '+' {
		if g.from > 1 && f.f[g.from-2] >= '0' && f.f[g.from-2] <= '9' && g.len() <= 4 {
			return false // 0700+000+123
		}
		g.from--
		g.how |= plussed
		return true
	}
	if g.from > 1 && f.f[g.from-1] == ' ' && f.f[g.from-2] == '+' && (g.from < 3 || f.f[g.from-3] == ' ') {
		g.from -= 2
		g.how |= plussed
		return true
	}
	if i := g.tok; i > 0 && f.find(i-1).is(plus) && len(f.gap(i-1)) <= 2 && int(f.toks[i].From) == g.from {
		g.from = int(f.toks[i-1].From)
		g.how |= plussed
		return true
	}
	return false
}

// follows reports whether b may belong to the same number as a, judged by
// what is between them.
func (f *finder) follows(a, b *group) bool {
	if b.from <= a.to {
		return true
	}
	between := f.f[a.to:b.from]
	worded := b.tok > a.tok+1 && b.from == int(f.toks[b.tok].From)
	if worded && !f.tied(a, b) {
		return false
	}
	short := a.len() <= 2 && b.len() <= 2 || (a.how|b.how)&spelled != 0
	plain, strange := 0, false
	for _, c := range between {
		switch {
		case c == '\n' || c == '\r':
			if a.len() != 1 || b.len() != 1 || len(between) > 2 {
				return false
			}
			strange = true
		case c == ',' || c == ':' || c == ';' || c == '=':
			if !short && !f.grouped3(a, b) || (a.how|b.how)&swapped != 0 {
				return false
			}
			strange = true
		case c >= 0x80 || c == '*' || c == '_' || c == '~' || c == '|' || c == '\'' || c == '"' || c == '#' || c == '!' || c == '>' || c == '<' || c == '[' || c == ']':
			strange = true
		case c == '$' || c == '%' || c == '&' || c == '?' || c == '@':
			return false
		}
		if c < 0x80 {
			plain++
		}
	}
	if strange {
		b.how |= odd
	}
	return worded || plain <= maxBytes && len(between) <= maxEmoji
}

// grouped3 reports whether commas split a number that begins with a zero, as
// no amount does: 0700,000,123.
func (f *finder) grouped3(a, b *group) bool {
	return b.len() == 3 && a.len() >= 3 && a.len() <= 4 && b.from-a.to == 1 && f.buf[f.row[0].d0] == '0'
}

// tied reports whether words between two groups leave them one number: they
// glue number words, or they say "then" between halves of a number.
func (f *finder) tied(a, b *group) bool {
	fill := false
	for k := a.tok + 1; k < b.tok; k++ {
		fill = fill || !f.find(k).is(glue)
	}
	if !fill && (a.how|b.how)&spelled != 0 {
		return true
	}
	b.how |= parted | odd
	return bytes.IndexByte(f.f[a.to:b.from], '\n') < 0
}

// flush tries the row for phone numbers and empties it.
func (f *finder) flush() {
	for i := 0; i < len(f.row); {
		i += max(f.longestNumber(f.row[i:]), 1)
	}
	f.row = f.row[:0]
}

// longestNumber tries for a number that begins with the first group of a row,
// the longest first, and returns how many groups it takes.
func (f *finder) longestNumber(row []group) int {
	digits, weakDigits, last := 0, 0, 0
	var ends [maxPhone + 1]bool
	for i := range row {
		g := &row[i]
		if digits+g.len() > maxPhone || i > 0 && g.how&plussed != 0 {
			break
		}
		digits += g.len()
		if g.how&unsure != 0 {
			weakDigits += g.len()
		}
		if digits >= minPhone && 2*weakDigits <= digits+1 && g.how&lettered == 0 {
			last = i + 1
			ends[last] = true
		}
	}
	for end := last; end > 0; end-- {
		if !ends[end] {
			continue
		}
		if e164 := f.try(row[:end]); e164 != "" {
			s := span{row[0].from, row[end-1].to}
			if s.from > 0 && f.f[s.from-1] == '(' && bytes.IndexByte(f.f[s.from:s.to], ')') > 0 {
				s.from--
			}
			f.add(Phone, e164, s, hidden(row[:end]))
			return end
		}
	}
	return 0
}

// try returns the number in E.164 that the groups are, or nothing. What the
// digits may be is cheap to tell and comes first.
func (f *finder) try(row []group) string {
	if f.tries++; f.tries > maxTries {
		return ""
	}
	f.shape = unknownShape
	return f.dial(f.buf[row[0].d0:row[len(row)-1].d1], row)
}

// shape says whether the groups being tried look like a phone.
type shape uint8

const (
	unknownShape shape = iota
	phoneShape
	otherShape
)

// shaped reports whether groups look like a phone and not like another number.
func (f *finder) shaped(row []group) bool {
	if f.shape == unknownShape {
		s := span{row[0].from, row[len(row)-1].to}
		f.shape = phoneShape
		if f.counted(row) || f.fraction(row) || f.paired(row) || f.fenced(s, &row[0]) || !f.free(s) {
			f.shape = otherShape
		}
	}
	return f.shape == phoneShape
}

// hidden reports whether a number is written in a way that only a person
// reads: in words, with letters for digits, digit by digit, or with signs
// between that no one needs.
func hidden(row []group) bool {
	single := 0
	for i := range row {
		if row[i].how&(spelled|swapped) != 0 || i > 0 && row[i].how&odd != 0 {
			return true
		}
		if row[i].len() == 1 {
			single++
		}
	}
	return single >= 5
}
