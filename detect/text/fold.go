package text

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// A text is folded in one pass, by three loops that hand on to one another:
//
//	plain  ASCII, eight bytes at a time, and accented Latin letters: nearly
//	       all there is in Romanian, English, Hungarian
//	runes  the words of other scripts, and all that is rare
//	remix  a word that mixes scripts, a second time
//
// Doc.cut then finds the words in what they wrote.
//
// In the masks below each byte's top bit says something about that byte.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
	geA  = (0x80 - 'A') * ones // added, sets the top bit of bytes >= 'A'
	gtZ  = (0x7f - 'Z') * ones
	gea  = (0x80 - 'a') * ones
	gtz  = (0x7f - 'z') * ones
	ge0  = (0x80 - '0') * ones
	gt9  = (0x7f - '9') * ones
)

// slack is how many bytes past the folded text may be read and overwritten.
const slack = 80

// Fold reads s, filling d anew.
func (d *Doc) Fold(s string) {
	d.reset(s)
	s = d.src
	for i := 0; i < len(s); {
		i = d.plain(s, i)
		switch {
		case i == len(s):
		case s[i] == '\'':
			i = d.apostrophe(s, i, 1)
		default:
			i = d.runes(s, i)
		}
	}
	d.cut()
	d.n = len(d.out)
	d.evade()
}

// load is the eight bytes of s from i.
func load(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// plain folds ASCII and the Latin letters of two bytes that become one of
// ASCII, from i up to anything else: an apostrophe or another character.
func (d *Doc) plain(s string, i int) int {
	out, n, segs := d.out[:cap(d.out)], len(d.out), d.segs
	two := &d.tab.two
	seen := pair(0)
scan:
	for {
		for i+8 <= len(s) {
			w := load(s, i)
			upper := (w + geA) & ^(w + gtZ) & tops // right up to the first byte that is not ASCII
			binary.LittleEndian.PutUint64(out[n:], w|upper>>2)
			quote := w ^ '\''*ones
			stop := (w | (quote-ones)&^quote) & tops
			if stop != 0 {
				k := bits.TrailingZeros64(stop) >> 3
				i, n = i+k, n+k
				break
			}
			i, n = i+8, n+8
		}
		for i < len(s) && s[i] < utf8.RuneSelf {
			if s[i] == '\'' {
				break scan
			}
			out[n] = lower(s[i])
			i, n = i+1, n+1
		}
		for {
			if i+1 >= len(s) {
				break scan
			}
			e := two.at(s[i], s[i+1])
			if e&classMask != easyLatin {
				break scan
			}
			out[n] = byte(e)
			seen |= e
			i, n = i+2, n+1
			segs = append(segs, segment{int32(n), int32(i)})
			if s[min(i, len(s)-1)] < utf8.RuneSelf {
				break
			}
		}
	}
	d.Accented = d.Accented || seen&accentPair != 0
	d.out, d.segs, d.delta = out[:n], segs, i-n
	return i
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// isForeign tells the scripts with letters that look Latin.
var isForeign = [8]bool{greek: true, cyrillic: true, kin: true}

// runes folds what is not plain, from i up to the next word of ASCII or
// easy Latin letters. A word with a foreign letter stays here to its end, so
// that a Latin one in it is noticed.
func (d *Doc) runes(s string, i int) int {
	foreign := false // the word at hand has a letter of such a script
	for i < len(s) {
		e := pair(0)
		if i+1 < len(s) {
			e = d.tab.two.at(s[i], s[i+1])
		}
		switch c := s[i]; {
		case c == '\'', alnum[c] && !foreign, e&classMask == easyLatin && !foreign:
			return i
		case alnum[c] && c > '9', e&classMask == easyLatin, !foreign && e&classMask == easyForeign && d.latinBefore(len(d.out)):
			return d.remix(s)
		case c < utf8.RuneSelf:
			foreign = foreign && alnum[c]
			d.out = append(d.out, c)
			i++
		case e&classMask == easyForeign:
			i, foreign = d.foreign(s, i)
		case e&classMask == easyOther:
			d.out = append(d.out, byte(e), byte(e>>8))
			i += 2
		default:
			before := len(d.out)
			next, script := d.one(s, i)
			switch {
			case script == latin && foreign, isForeign[script] && !foreign && d.latinBefore(before):
				return d.remix(s)
			case isForeign[script]:
				foreign = true
			case script == none:
				foreign = false
			}
			i = next
		}
	}
	return i
}

// Of Cyrillic the small letters а to п are D0 B0 to D0 BF, those from р to я
// D1 80 to D1 8F. Four at a time, as loaded.
const (
	cyrillicOdd  = 0x0001000100010001 // the bit that tells D1 from D0
	cyrillicMask = 0xF0FEF0FEF0FEF0FE
	cyrillicWant = 0xB0D0B0D0B0D0B0D0
)

// foreign folds the easy letters of such scripts at i and what stands
// between their words, and reports whether it stopped inside a word.
func (d *Doc) foreign(s string, i int) (end int, within bool) {
	out, n, two := d.out[:cap(d.out)], len(d.out), &d.tab.two
	for i+8 <= len(s) {
		w := load(s, i)
		odd := w & cyrillicOdd
		k := bits.TrailingZeros64((w^odd<<12^odd<<13)&cyrillicMask^cyrillicWant) >> 4 << 1
		binary.LittleEndian.PutUint64(out[n:], w)
		i, n, within = i+k, n+k, within || k > 0
		if k == 8 {
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if alnum[c] || c == '\'' {
				break
			}
			out[n] = c
			i, n, within = i+1, n+1, false
			continue
		}
		e := two.at(c, s[i+1])
		if e&classMask != easyForeign {
			break
		}
		for within = true; e&classMask == easyForeign; e = two.at(c, s[i+1]) {
			binary.LittleEndian.PutUint16(out[n:], uint16(e))
			i, n = i+2, n+2
			if c >= 0xD0 || i+1 >= len(s) { // four at a time again
				break
			}
			c = s[i]
		}
	}
	for i+1 < len(s) {
		e := two.at(s[i], s[i+1])
		if e&classMask != easyForeign {
			break
		}
		binary.LittleEndian.PutUint16(out[n:], uint16(e))
		i, n, within = i+2, n+2, true
	}
	d.out, d.anyForeign = out[:n], true
	return i, within
}

// latinBefore reports whether the last letter of the word that ends, so far,
// at folded byte end is Latin.
func (d *Doc) latinBefore(end int) bool {
	for at := end; at > d.done.at; at-- {
		switch c := d.out[at-1]; {
		case c >= utf8.RuneSelf:
			r, _ := utf8.DecodeLastRune(d.out[d.done.at:at])
			return d.tab.entry(r).script() == latin
		case c > '9':
			return alnum[c]
		case c < '0':
			return false
		}
	}
	return false
}

// one folds the character at i, whatever it is, and returns where it ends
// and the script of it: common if the word just goes on, none if it ended.
func (d *Doc) one(s string, i int) (next int, script uint32) {
	r, n := utf8.DecodeRuneInString(s[i:])
	if r == utf8.RuneError && n == 1 {
		d.out = append(d.out, ' ')
		return i + 1, none
	}
	e := d.tab.entry(r)
	switch e.kind() {
	case separator:
		return d.between(s, e, r, i, n), none
	case symbol, solo:
		d.single(e, r, i, n)
		return i + n, none
	case dropped:
		if r != '\u00ad' { // typesetting
			d.notes = append(d.notes, note{int32(len(d.out)), hidden})
		}
		d.anchor(i + n)
		return i + n, common
	case mark:
		d.mark(s, i, r, e)
		d.anchor(i + n)
		return i + n, common
	}
	if e&fancyBit != 0 {
		d.notes = append(d.notes, note{int32(len(d.out)), fancy})
	}
	d.Accented = d.Accented || e&accentBit != 0
	d.put(e, r)
	d.anchor(i + n)
	return i + n, e.script()
}

// anchor records that what is appended next comes from byte i of the
// original, if that does not follow from the last segment.
func (d *Doc) anchor(i int) {
	fold := len(d.out)
	if room := len(d.src) - i + slack; cap(d.out)-fold < room {
		d.out = append(make([]byte, 0, fold+fold/4+room), d.out...)
	}
	if i-fold == d.delta {
		return
	}
	d.delta = i - fold
	if n := len(d.segs); n > 0 && int(d.segs[n-1].fold) == fold {
		d.segs[n-1].orig = int32(i) // nothing was written since
		return
	}
	d.segs = append(d.segs, segment{int32(fold), int32(i)})
}

// put appends what r folds to.
func (d *Doc) put(e entry, r rune) { d.out = d.tab.fold(d.out, e, r) }

// between folds a character that stands between words. One that stays
// outside ASCII would look like a letter to cut.
func (d *Doc) between(s string, e entry, r rune, i, n int) int {
	if e&changeBit != 0 {
		r = rune(e & valueMask)
	}
	switch {
	case r == '\'':
		return d.apostrophe(s, i, n)
	case r < utf8.RuneSelf:
		d.out = append(d.out, byte(r))
	default:
		d.cut()
		d.out = utf8.AppendRune(d.out, r)
		d.done.at = len(d.out)
	}
	d.anchor(i + n)
	return i + n
}

// apostrophe folds the apostrophe of n bytes at i. That of an English
// contraction is left out: don't is one word, l'acqua two.
func (d *Doc) apostrophe(s string, i, n int) int {
	if at := len(d.out); at == d.done.at || !alnum[d.out[at-1]] || !d.contraction(s, i+n) {
		d.out = append(d.out, '\'')
	}
	d.anchor(i + n)
	return i + n
}

// contraction reports whether a word of s ends with one of the short forms
// 't 's 'm 'd 're 've 'll, of which the letters start at i.
func (d *Doc) contraction(s string, i int) bool {
	n := 0
	for i+n < len(s) && n < 3 && alnum[s[i+n]] {
		n++
	}
	if i+n < len(s) && s[i+n] >= utf8.RuneSelf {
		if r, _ := utf8.DecodeRuneInString(s[i+n:]); d.tab.entry(r).kind() != separator {
			return false
		}
	}
	switch n {
	case 1:
		switch s[i] | 0x20 {
		case 't', 's', 'm', 'd':
			return true
		}
	case 2:
		switch [2]byte{s[i] | 0x20, s[i+1] | 0x20} {
		case [2]byte{'r', 'e'}, [2]byte{'v', 'e'}, [2]byte{'l', 'l'}:
			return true
		}
	}
	return false
}

// single makes a token of one character: a symbol, or a character of a
// script without spaces.
func (d *Doc) single(e entry, r rune, i, n int) {
	d.cut()
	from := len(d.out)
	d.put(e, r)
	to := len(d.out)
	d.done.at = to
	d.anchor(i + n)
	t := Token{Start: int32(i), End: int32(i + n), From: int32(from), To: int32(to), Hash: Hash(d.out[from:])}
	if e.kind() == solo {
		t.Flags = Letter | Solo
		d.Tokens = append(d.Tokens, t)
		return
	}
	t.Flags = Symbol
	d.notes = append(d.notes, note{int32(to), joint})
	at := int32(len(d.Tokens))
	d.Extra = append(d.Extra, Extra{Token: t, First: at, Last: at - 1, Cover: [2]int32{t.From, t.To}})
}

// mark takes a combining mark: dropped, unless it makes a Cyrillic letter
// another, or follows a letter whose script needs its marks.
func (d *Doc) mark(s string, i int, m rune, e entry) {
	r, n := utf8.DecodeLastRune(d.out[d.done.at:])
	if r < utf8.RuneSelf {
		d.Accented = d.Accented || r >= 'a' && r <= 'z'
		return
	}
	switch last := d.tab.entry(r); {
	case last.kind() == mark, last.script() == other, last.script() == kin:
		d.put(e, m)
	case last.script() == latin:
		d.Accented = true
	case last.script() == cyrillic:
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		if c := composed(r, m); c != 0 && d.tab.entry(before).kind() == word {
			d.out = utf8.AppendRune(d.out[:len(d.out)-n], c)
		}
	}
}

// composed is the Cyrillic letter of its own right that a letter and a mark
// make, or 0.
func composed(r, m rune) rune {
	switch [2]rune{r, m} {
	case [2]rune{'и', '\u0306'}:
		return 'й'
	case [2]rune{'у', '\u0306'}:
		return 'ў'
	case [2]rune{'і', '\u0308'}:
		return 'ї'
	case [2]rune{'г', '\u0301'}:
		return 'ѓ'
	case [2]rune{'к', '\u0301'}:
		return 'ќ'
	}
	return 0
}
