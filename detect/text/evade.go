package text

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// The second reading undoes what people do to words to get past filters. It
// only adds: each disguised word becomes an Extra beside the tokens that
// spell it. It looks at the odd tokens alone, which cut kept in mind: those
// with letters and digits, single letters in a row, a sign or symbol between,
// a letter too often. In ordinary text that is one in twenty, and nothing
// comes of most.
const (
	minSpaced   = 4  // single letters in a row with spaces between: b a n i
	minSigned   = 3  // with signs between
	maxPieces   = 40 // tokens that may spell one word
	maxDisguise = 64 // bytes of a disguised word
	maxGap      = 8  // bytes between two pieces: an emoji or two dots
)

// oddity is an odd token: its number times two, and twice.
type oddity uint32

// twice says that the token has letters twice where that is unusual.
const twice oddity = 1

func (o oddity) token() int { return int(o >> 1) }

// evade adds the second readings, in the order of First.
func (d *Doc) evade() {
	if len(d.pairs) > 0 {
		d.doubled()
	}
	symbols, chained := len(d.Extra), 0
	if d.anyForeign {
		d.forged()
	}
	for k, o := range d.odd {
		i := o.token()
		if k+1 < len(d.odd) && d.odd[k+1].token() == i {
			continue // noted twice, the second time for its pairs
		}
		if i > chained && d.glued(i-1) {
			chained = d.chain(i - 1)
		}
		d.look(i, o&twice != 0)
	}
	words := d.Extra[symbols:]
	if len(words) == 0 {
		return
	}
	if !slices.IsSortedFunc(words, byFirst) {
		slices.SortStableFunc(words, byFirst)
	}
	mergeExtra(d.Extra, symbols, &d.spare)
}

func byFirst(a, b Extra) int { return int(a.First - b.First) }

// mergeExtra brings two runs, each in the order of First, into one order.
func mergeExtra(all []Extra, second int, spare *[]Extra) {
	if second == 0 || second == len(all) {
		return
	}
	*spare = append((*spare)[:0], all[second:]...)
	a, b := second-1, len(*spare)-1
	for k := len(all) - 1; b >= 0; k-- {
		if a >= 0 && all[a].First > (*spare)[b].First {
			all[k], a = all[a], a-1
		} else {
			all[k], b = (*spare)[b], b-1
		}
	}
}

// look reads the one token i again.
func (d *Doc) look(i int, pairs bool) {
	t := &d.Tokens[i]
	sign := closes[d.out[max(t.From, 1)-1]]|closes[d.out[:cap(d.out)][t.To]] == 1
	if !sign && !pairs && t.Flags&(Letter|Digit) != Letter|Digit || t.Flags&Letter == 0 || t.To-t.From > 2*maxDisguise {
		return
	}
	w := d.Word(*t)
	if pairs {
		d.squeeze(w, true, d.whole(i, i, t.From, t.To))
	}
	if from, to := d.signed(t.From, t.To, true); to-from > t.To-t.From {
		d.spell(d.out[from:to], d.whole(i, i, from, to))
		return
	}
	if t.Flags&Digit != 0 && leet(w) {
		d.spell(w, d.whole(i, i, t.From, t.To))
	}
}

// signed widens a stretch of folded text by the signs at its ends that stand
// for letters: $ecret, munc@. A word after @ alone is somebody's name.
func (d *Doc) signed(from, to int32, name bool) (int32, int32) {
	a, b := from, to
	for a > 0 && from-a < 2 && closes[d.out[a-1]] == 1 {
		a--
	}
	if d.wordAt(a-1) || name && a < from && d.out[a] == '@' && from-a == 1 {
		a = from
	}
	if int(b) < d.n && closes[d.out[b]] == 1 && !d.wordAt(b+1) {
		b++
	}
	if to-from < 3 {
		return from, to
	}
	return a, b
}

// wordAt reports whether folded byte i is part of a word, or looks so.
func (d *Doc) wordAt(i int32) bool {
	return i >= 0 && int(i) < d.n && isWordByte(d.out[i])
}

// isWordByte reports whether c is part of a word, or of a character that is
// not ASCII and most likely part of one.
func isWordByte(c byte) bool { return alnum[c] || c >= utf8.RuneSelf }

// gap is what stands between token i and the next.
func (d *Doc) gap(i int) []byte { return d.out[d.Tokens[i].To:d.Tokens[i+1].From] }

// lone reports whether token i is one letter or digit.
func (d *Doc) lone(i int) bool {
	t := &d.Tokens[i]
	return t.To-t.From == 1 || t.To-t.From == 2 && d.out[t.From] >= utf8.RuneSelf
}

// glued reports whether token i and the next may be pieces of one word:
// single letters with anything short between, or more letters with what
// seldom stands between two words without a space.
func (d *Doc) glued(i int) bool {
	if i+1 >= len(d.Tokens) || (d.Tokens[i].Flags|d.Tokens[i+1].Flags)&Solo != 0 {
		return false
	}
	gap := d.gap(i)
	if len(gap) == 0 || len(gap) > maxGap {
		return false
	}
	if d.lone(i) && d.lone(i+1) {
		return bytes.IndexByte(gap, '\n') < 0
	}
	for _, c := range gap {
		if c < utf8.RuneSelf && (len(gap) > 1 && c != '@' && c != '$' || opens[c] == 0 || c == '#') {
			return false
		}
	}
	return true
}

// chain adds the words that the glued tokens from i on may spell, and
// returns the last of them.
func (d *Doc) chain(i int) int {
	last, singles := i+1, true
	for last+1 < len(d.Tokens) && last-i < maxPieces-1 && d.glued(last) {
		last++
	}
	if last-i == maxPieces-1 && d.glued(last) {
		last = d.wordBreak(i, last)
	}
	for k := i; k <= last; k++ {
		singles = singles && d.lone(k)
	}
	if singles {
		d.spaced(i, last)
	}
	d.split(i, last, singles)
	return last
}

// wordBreak is the last token of a word among the tokens of a chain that goes
// on, so that it is not cut within a word: one with a wider gap after it than
// the narrowest. Without one it is the last.
func (d *Doc) wordBreak(first, last int) int {
	least := maxGap
	for k := first; k <= last; k++ {
		least = min(least, bytes.Count(d.gap(k), []byte{' '}))
	}
	for k := last; k > first; k-- {
		if bytes.Count(d.gap(k), []byte{' '}) > least {
			return k
		}
	}
	return last
}

// spaced adds the words that single letters spell. A gap with more spaces
// than the smallest ends a word: s p a c e d   w o r d s; so does a mark
// where others have none.
func (d *Doc) spaced(first, last int) {
	least := maxGap
	for k := first; k < last; k++ {
		least = min(least, bytes.Count(d.gap(k), []byte{' '}))
	}
	want := minSpaced
	if least == 0 {
		want = minSigned
	}
	longest := 0
	d.words(first, last, least, func(a, b int) { longest = max(longest, b-a+1) })
	if longest < want {
		return
	}
	d.words(first, last, least, func(a, b int) {
		if a < b {
			d.spell(d.pieces(a, b), d.whole(a, b, d.Tokens[a].From, d.Tokens[b].To))
		}
	})
}

// words calls f with the first and last token of each word in a chain of
// single letters.
func (d *Doc) words(first, last, spaces int, f func(a, b int)) {
	const marks = ".,;:!?()"
	plain := first < last && spaces > 0 && !bytes.ContainsAny(d.gap(first), marks)
	a := first
	for k := first; k <= last; k++ {
		if k == last || bytes.Count(d.gap(k), []byte{' '}) > spaces || plain && bytes.ContainsAny(d.gap(k), marks) {
			f(a, k)
			a = k + 1
		}
	}
}

// pieces is what tokens first to last spell, put together.
func (d *Doc) pieces(first, last int) []byte {
	d.pieced = d.pieced[:0]
	for k := first; k <= last; k++ {
		d.pieced = append(d.pieced, d.Word(d.Tokens[k])...)
	}
	return d.pieced
}

// joints are what stands between the pieces of a chain.
type joints struct {
	lone               int  // pieces of one letter
	ats, dots, hyphens int  // or apostrophes
	letters            bool // a sign there may be a letter
}

func (d *Doc) joints(first, last int) (j joints) {
	for k := first; k <= last; k++ {
		if d.lone(k) {
			j.lone++
		}
		if k == last {
			break
		}
		c := d.gap(k)[0]
		j.letters = j.letters || c < utf8.RuneSelf && latinLetters[0][c] != 0
		switch c {
		case '@':
			j.ats++
		case '.':
			j.dots++
		case '-', '\'', '`':
			j.hyphens++
		}
	}
	return j
}

// split adds the word that several pieces with signs or symbols between
// spell: pa.sa.port, pasa🔒port, p@$aport.
func (d *Doc) split(first, last int, spaced bool) {
	a, b, n, j := &d.Tokens[first], &d.Tokens[last], last-first+1, d.joints(first, last)
	switch {
	case b.To-a.From > 2*maxDisguise, j.ats > 0 && j.dots > 0: // an address
		return
	case j.hyphens > 0 && (n < 3 || j.lone < n-1):
		d.compound(first, last)
		return
	}
	if j.letters {
		from, to := d.signed(a.From, b.To, false)
		d.spell(d.out[from:to], d.whole(first, last, from, to))
	}
	if !spaced {
		d.spell(d.pieces(first, last), d.whole(first, last, a.From, b.To))
	}
}

// compound adds a word of pieces with hyphens between, written as one. That
// is no disguise: part-time. Short pieces are grammar: s-a, mi-l.
func (d *Doc) compound(first, last int) {
	shortest, all := maxDisguise, 0
	for k := first; k <= last; k++ {
		t := &d.Tokens[k]
		if t.Flags != Letter || k < last && d.gap(k)[0] != '-' {
			return
		}
		n := utf8.RuneCount(d.Word(*t))
		shortest, all = min(shortest, n), all+n
	}
	if last-first == 1 && (shortest < 2 || all < 6) {
		return
	}
	if w := d.pieces(first, last); len(w) <= maxDisguise {
		x := d.whole(first, last, d.Tokens[first].From, d.Tokens[last].To)
		x.Flags = Letter
		d.add(w, x)
	}
}

// spell adds what b says when digits and signs are read as letters. Signs
// that are no letter are left out.
func (d *Doc) spell(b []byte, x Extra) {
	if !mostlyLetters(b) {
		return
	}
	b = d.oneScript(b)
	letters, before := d.alphabets(b), []byte(nil)
	for k := range letters {
		d.read = d.decode(d.read[:0], b, &letters[k])
		if !wordlike(d.read) || before != nil && bytes.Equal(d.read, before) {
			return
		}
		before = d.add(d.read, x)
		d.squeeze(before, false, x)
	}
}

// alphabets are those that b is to be read in.
func (d *Doc) alphabets(b []byte) *[2]alphabet {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r >= utf8.RuneSelf && d.tab.entry(r).script() == cyrillic {
			return &cyrillicLetters
		}
		b = b[n:]
	}
	return &latinLetters
}

// oneScript is w in one script, if it mixes two.
func (d *Doc) oneScript(w []byte) []byte {
	high, low := false, false
	for _, c := range w {
		high = high || c >= utf8.RuneSelf
		low = low || c >= 'a' && c <= 'z'
	}
	if !high || !low {
		return w
	}
	d.same = d.unmixed(d.same[:0], w)
	return d.same
}

// wordlike reports whether a decoded word is of at least two letters and
// three characters, and not too long.
func wordlike(b []byte) bool {
	if len(b) > maxDisguise {
		return false
	}
	n, digits := 0, 0
	for _, c := range b {
		if utf8.RuneStart(c) {
			n++
		}
		if c <= '9' {
			digits++
		}
	}
	return n >= 2 && n-digits >= 2
}

// whole is an Extra, not yet spelled out, for tokens first to last, written
// as folded bytes [from, to).
func (d *Doc) whole(first, last int, from, to int32) Extra {
	start, end := d.Tokens[first].Start, d.Tokens[last].End
	if from < d.Tokens[first].From {
		start = int32(d.Original(int(from)))
	}
	if to > d.Tokens[last].To {
		end = int32(d.OriginalEnd(int(to)))
	}
	return Extra{
		Token: Token{Start: start, End: end, Flags: Letter | Evasive},
		First: int32(first), Last: int32(last), Cover: [2]int32{from, to},
	}
}

// add appends x spelled out, and returns its spelling.
func (d *Doc) add(spelling []byte, x Extra) []byte {
	from := len(d.out)
	d.out = append(d.out, spelling...)
	x.From, x.To, x.Hash = int32(from), int32(len(d.out)), Hash(spelling)
	d.Extra = append(d.Extra, x)
	return d.out[from:]
}
