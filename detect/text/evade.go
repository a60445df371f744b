package text

import (
	"bytes"
	"slices"
	"sort"
)

// The second reading undoes what people do to words to get past filters. It
// only adds: each disguised word becomes an Extra beside the tokens that spell
// it. One pass over the tokens looks for the few shapes below; in ordinary
// text nothing more happens.
const (
	minSpaced   = 4  // single letters in a row: c o n t
	maxPieces   = 24 // tokens that may spell one word
	maxDisguise = 40 // bytes of a disguised word
	maxGap      = 8  // bytes between two pieces: an emoji or two dots
)

func (d *Doc) evade() {
	if len(d.runs) > 0 {
		d.longRuns()
	}
	if len(d.odd) == 0 {
		return
	}
	symbols, joined := len(d.Extra), 0
	for _, o := range d.odd {
		i := int(o)
		t := &d.Tokens[i]
		if i > joined && d.glued(i-1) {
			joined = d.pieces(i - 1)
		}
		if t.Flags&(Letter|Digit) == Letter|Digit && t.To-t.From <= maxDisguise {
			d.leet(i, i)
		}
		if t.Flags&Letter != 0 && t.To-t.From <= 2*maxDisguise {
			d.squeeze(i)
		}
	}
	if len(d.Extra) > symbols {
		slices.SortStableFunc(d.Extra, func(a, b Extra) int { return int(a.First - b.First) })
	}
}

// longRuns adds to the odd tokens those with a letter three times in a row.
func (d *Doc) longRuns() {
	end := int32(0)
	for _, from := range d.runs {
		i := sort.Search(len(d.Tokens), func(i int) bool { return d.Tokens[i].To > max(from, end) })
		for end = from + block; i < len(d.Tokens) && d.Tokens[i].From < end; i++ {
			if tripledBytes(d.Word(d.Tokens[i])) {
				d.odd = append(d.odd, int32(i))
			}
		}
		if i > 0 {
			end = max(end, d.Tokens[i-1].To)
		}
	}
	slices.Sort(d.odd)
	d.odd = slices.Compact(d.odd)
}

func tripledBytes(b []byte) bool {
	for i := 2; i < len(b); i++ {
		if c := b[i]; c == b[i-1] && c == b[i-2] && c >= 'a' && c <= 'z' {
			return true
		}
	}
	return false
}

// glued reports whether token i and the next may be pieces of one word:
// single letters with anything short between, or more letters with a
// character between that seldom stands inside a word.
func (d *Doc) glued(i int) bool {
	t, u := &d.Tokens[i], &d.Tokens[i+1]
	gap := u.From - t.To
	if gap <= 0 || gap > maxGap || (t.Flags|u.Flags)&Solo != 0 {
		return false
	}
	if gap == 1 && d.out[t.To] == ' ' {
		return t.To-t.From == 1 && u.To-u.From == 1
	}
	between := d.out[t.To:u.From]
	if t.To-t.From == 1 && u.To-u.From == 1 {
		return bytes.IndexByte(between, '\n') < 0
	}
	return gluing(between)
}

// gluing reports whether b looks put between letters to split a word.
func gluing(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 0x80: // a symbol
		case bytes.IndexByte([]byte(".*_~|^+=@$!'`-"), c) >= 0 && len(b) == 1:
		default:
			return false
		}
	}
	return true
}

// pieces adds the words that the glued tokens from i on may spell, and
// returns the last of them.
func (d *Doc) pieces(i int) int {
	last := i + 1
	for last+1 < len(d.Tokens) && last-i < maxPieces && d.glued(last) && d.sameGap(i, last) {
		last++
	}
	singles := 0
	for k := i; k <= last; k++ {
		if d.Tokens[k].To-d.Tokens[k].From == 1 {
			singles++
		}
	}
	n := last - i + 1
	between := d.out[d.Tokens[i].To:d.Tokens[i+1].From]
	switch {
	case singles == n && n >= minSpaced:
		d.leet(i, last)
	case singles == n && (n < 3 || between[0] == ' '):
	case len(between) == 1 && (between[0] == '-' || between[0] == '\'' || between[0] == '`'):
		if n >= 3 && singles >= n-1 {
			d.leet(i, last)
		}
	default:
		d.leet(i, last)
	}
	return last
}

// sameGap reports whether what stands after token k is as long as what
// stands after token i, so that s p a c e d   w o r d s stay apart.
func (d *Doc) sameGap(i, k int) bool {
	return d.Tokens[i+1].From-d.Tokens[i].To == d.Tokens[k+1].From-d.Tokens[k].To ||
		d.Tokens[i].To-d.Tokens[i].From > 1
}

// leet adds the word that tokens first to last spell when digits and signs
// between them are read as the letters they look like. 1 and ! may be i or l.
func (d *Doc) leet(first, last int) {
	a, b := d.Tokens[first].From, d.Tokens[last].To
	if int(b-a) > maxDisguise*2 {
		return
	}
	for _, one := range []byte{'i', 'l'} {
		spell, ambiguous, ok := d.decode(d.out[a:b], one, first == last)
		if !ok {
			return
		}
		d.add(spell, first, last)
		if !ambiguous {
			return
		}
	}
}

// decode reads b as letters. In a single word the digits must be mixed with
// the letters, or few: 500euro has no other reading.
func (d *Doc) decode(b []byte, one byte, single bool) (spell []byte, ambiguous, ok bool) {
	if single && !mingled(b) {
		return nil, false, false
	}
	out, letters := d.spell[:0], 0
	for i, c := range b {
		l := leetLetter(c, one)
		inside := i > 0 && i+1 < len(b)
		switch {
		case c >= 'a' && c <= 'z' || c >= 0x80 && single:
			out, letters = append(out, c), letters+1
		case l != 0 && (inside || c != '!'):
			out = append(out, l)
			ambiguous = ambiguous || c == '1' || c == '!' || c == '|'
		case c >= '0' && c <= '9':
			out = append(out, c)
		case c >= 0x80 && !d.symbolByte(b, i):
			out, letters = append(out, c), letters+1
		}
	}
	d.spell = out
	return out, ambiguous, letters >= 2 && len(out) >= 3 && len(out) <= maxDisguise
}

// symbolByte reports whether the byte at i belongs to a symbol between
// letters: a character of four bytes, or of three outside the letters.
func (d *Doc) symbolByte(b []byte, i int) bool {
	for i > 0 && b[i]&0xC0 == 0x80 {
		i--
	}
	return b[i] >= 0xF0 || b[i] == 0xE2 || b[i] == 0xE3 && i+1 < len(b) && b[i+1] == 0x80
}

// mingled reports whether letters stand on both sides of a digit, or one or
// two digits at one end of more letters.
func mingled(b []byte) bool {
	digits, changes := 0, 0
	for i, c := range b {
		digit := c >= '0' && c <= '9'
		if digit {
			digits++
		}
		if i > 0 && digit != (b[i-1] >= '0' && b[i-1] <= '9') {
			changes++
		}
	}
	letters := len(b) - digits
	return letters >= 2 && digits <= letters && (changes >= 2 || digits <= 2 && digits < letters)
}

// leetLetter is the letter that a digit or sign stands for, or 0. A sign that
// only splits words stands for none.
func leetLetter(c, one byte) byte {
	switch c {
	case '0':
		return 'o'
	case '1', '!', '|':
		return one
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7':
		return 't'
	case '8':
		return 'b'
	case '9':
		return 'g'
	}
	return 0
}

// squeeze adds a word without its repeated letters: once with one, once with
// two of each.
func (d *Doc) squeeze(i int) {
	w := d.Word(d.Tokens[i])
	if !tripledBytes(w) {
		return
	}
	for keep := 1; keep <= 2; keep++ {
		out, run := d.spell[:0], 0
		for k, c := range w {
			if k > 0 && c == w[k-1] {
				run++
			} else {
				run = 1
			}
			if run <= keep || c < 'a' || c > 'z' || !longRun(w, k) {
				out = append(out, c)
			}
		}
		d.spell = out
		if len(out) >= 2 {
			d.add(out, i, i)
		}
	}
}

// longRun reports whether the byte at k is one of three or more alike.
func longRun(w []byte, k int) bool {
	a, b := k, k
	for a > 0 && w[a-1] == w[k] && k-a < 2 {
		a--
	}
	for b+1 < len(w) && w[b+1] == w[k] && b-k < 2 {
		b++
	}
	return b-a >= 2
}

// add appends an Extra spelled out for tokens first to last.
func (d *Doc) add(spell []byte, first, last int) {
	a, b := &d.Tokens[first], &d.Tokens[last]
	from := len(d.out)
	d.out = append(d.out, spell...)
	d.Extra = append(d.Extra, Extra{
		Token: Token{Start: a.Start, End: b.End, From: int32(from), To: int32(len(d.out)), Hash: Hash(spell), Flags: Letter | Evasive},
		First: int32(first), Last: int32(last), Cover: [2]int32{a.From, b.To},
	})
}
