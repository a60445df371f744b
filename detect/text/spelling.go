package text

import (
	"bytes"
	"math/bits"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// alphabet is what letter each ASCII digit or sign looks like.
type alphabet [utf8.RuneSelf]rune

// Digits and signs read as letters, in two ways each: 1 is i or l, the
// Cyrillic letters are those of the same sound or of the same shape.
var (
	latinLetters = [2]alphabet{
		lettersOf("0o1i2z3e4a5s6g7t8b9g@a$s!i|i+t"),
		lettersOf("0o1l2z3e4a5s6b7t8b9g@a$s!l|l+t"),
	}
	cyrillicLetters = [2]alphabet{
		lettersOf("0о1и3е4а5с6б7т8в9д@а$с!и|и"),
		lettersOf("0о1і3з4ч5с6б7т8в9д@а$с!і|і"),
	}
)

func lettersOf(pairs string) (a alphabet) {
	rs := []rune(pairs)
	for i := 0; i < len(rs); i += 2 {
		a[rs[i]] = rs[i+1]
	}
	return a
}

// decode appends b to dst with digits and signs as letters. Signs and symbols
// that look like none are left out.
func (d *Doc) decode(dst, b []byte, a *alphabet) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			switch {
			case a[c] != 0:
				dst = utf8.AppendRune(dst, a[c])
			case alnum[c]:
				dst = append(dst, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch k := d.tab.entry(r).kind(); {
		case k == word || k == mark:
			dst = append(dst, b[i:i+n]...)
		case r == '€':
			dst = append(dst, 'e')
		}
		i += n
	}
	return dst
}

// leet reports whether the digits in a word may stand for letters. One or two
// at an end may, of a longer word: munc4, 5ecret. Inside and at both ends they
// may: p4s4port, 53cr37. So 500euro, covid19, mp3, b2b and 4x4 are left alone.
func leet(w []byte) bool {
	lead, trail, digits, letters, usual := 0, 0, 0, 0, true
	for _, c := range w {
		switch {
		case c <= '9':
			if letters == 0 {
				lead++
			}
			trail++
			digits++
			usual = usual && usualLeet[c] == 1
		case c < utf8.RuneSelf || c >= 0xC0:
			trail = 0
			letters++
		}
	}
	switch {
	case letters < 2:
		return false
	case digits == trail:
		return letters >= 3 && (digits == 1 || digits == 2 && usual)
	case digits == lead:
		return digits == 1 && letters >= 3 || digits == 2 && letters >= 4 && usual
	case digits+letters == 3:
		return letters == 2 && bytes.IndexByte([]byte("0134"), w[1]) >= 0
	}
	return digits < letters || usual
}

// usualLeet are the digits that are written for letters most.
var usualLeet = set("013457")

// mostlyLetters reports whether b has at least two letters, and as many as
// digits, unless those are the usual ones.
func mostlyLetters(b []byte) bool {
	letters, digits, usual := 0, 0, true
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 0xC0:
			letters++
		case c >= '0' && c <= '9':
			digits++
			usual = usual && usualLeet[c] == 1
		}
	}
	return letters >= 2 && (letters >= digits || usual)
}

// doubled adds to the odd tokens those with a letter three times in a row,
// or twice where that is unusual: few of each kind, for in a language that
// writes letters twice it is no disguise.
func (d *Doc) doubled() {
	total, most := 0, 2+len(d.Tokens)/40
	for _, p := range d.pairs {
		total += bits.OnesCount64(p.mask)
	}
	left := [...]int{never: 0, twiceOften: most, twiceSeldom: most, thrice: len(d.out)}
	if total > 2*most || total > most && d.countPairs() > most {
		left[twiceOften] = 0
	}
	tok, last := 0, int32(0)
	for _, p := range d.pairs {
		m := p.mask
		if left[twiceOften] == 0 {
			m &= m>>1 | m>>2 | m>>4 | 0xF<<60 | d.seldom(p) // the others are not asked for
		}
		for ; m != 0; m &= m - 1 {
			at := p.at + int32(bits.TrailingZeros64(m))
			if at < last {
				continue
			}
			how := d.repeated(int(at))
			if left[how] == 0 {
				continue
			}
			room := min(len(d.Tokens)-tok, int(at-last)+2)
			tok += sort.Search(room, func(k int) bool { return d.Tokens[tok+k].To > at })
			if tok == len(d.Tokens) || d.Tokens[tok].From > at {
				continue
			}
			left[how]--
			d.odd = append(d.odd, oddity(tok)<<1|twice)
			last = d.Tokens[tok].To
		}
	}
	slices.Sort(d.odd)
}

// countPairs counts what cut took for pairs without looking closely.
func (d *Doc) countPairs() (n int) {
	for _, p := range d.pairs {
		for m := p.mask; m != 0; m &= m - 1 {
			if d.letterPair(int(p.at) + bits.TrailingZeros64(m)) {
				n++
			}
		}
	}
	return n
}

// How a letter is repeated.
const (
	never       = iota
	twiceOften  // as in some languages
	twiceSeldom // as in few words of any
	thrice      // or more, or several letters one after the other
)

// seldom are those of the pairs of a letter that seldom stands twice.
func (d *Doc) seldom(p pairing) (mask uint64) {
	for m := p.mask; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m)
		mask |= uint64(seldomTwice[d.out[int(p.at)+k]]) << k
	}
	return mask
}

// repeated is how the letter at folded byte i is repeated.
func (d *Doc) repeated(i int) int {
	if !d.letterPair(i) {
		return never
	}
	c, w := d.out[i], 1
	if c >= utf8.RuneSelf {
		w = 2
	}
	final := !d.wordAt(int32(i + 2*w))
	switch {
	case d.letterPair(i + w), d.letterPair(i+2*w) && d.letterPair(i+4*w):
		return thrice
	case seldomTwice[c] == 1:
		return twiceSeldom
	case c == 'e', c == 'o', final && (c == 'l' || c == 's' || c == 'f'): // need, too, all, less, off
		return never
	case final && w == 2 && bytes.Contains([]byte("енсло"), d.out[i:i+2]):
		return never
	}
	return twiceOften
}

// seldomTwice are letters that hardly any word has twice in a row.
var seldomTwice = set("ahjkquvwxyi")

// letterPair reports whether the letter at folded byte i stands twice. The ii
// that ends many words in Romanian does not count, nor that in Russian.
func (d *Doc) letterPair(i int) bool {
	b := d.out[min(i, d.n):d.n]
	switch {
	case len(b) >= 2 && b[0] == b[1]:
		return b[0] != 'i' || d.wordAt(int32(i+2))
	case len(b) >= 4 && b[0] >= 0xC0 && b[0] < 0xE0 && b[0] == b[2] && b[1] == b[3]:
		return string(b[:2]) != "и" || d.wordAt(int32(i+4))
	}
	return false
}

// squeeze adds a word without its repeated letters: those that stand three
// times or more once, and twice; if pairs is set those that stand twice once,
// which by itself is no disguise.
func (d *Doc) squeeze(w []byte, pairs bool, x Extra) {
	longest := longestRun(w)
	if longest < 2 || longest == 2 && !pairs {
		return
	}
	if longest == 2 {
		x.Flags &^= Evasive // password, selling: mostly spelling, seldom a disguise
	}
	first := len(d.Extra)
	if longest > 2 {
		d.joined = halved(d.joined[:0], w)
		d.addNew(first, x)
		d.joined = collapse(d.joined[:0], w, 3, 1)
		if utf8.RuneCount(d.joined) < 2 { // www
			return
		}
		d.addNew(first, x)
		d.joined = collapse(d.joined[:0], w, 3, 2)
		d.addNew(first, x)
	}
	d.joined = collapse(d.joined[:0], w, 2, 1)
	if utf8.RuneCount(d.joined) >= 2 {
		d.addNew(first, x)
	}
}

// addNew adds x as d.joined has it, unless an Extra from first on is that.
func (d *Doc) addNew(first int, x Extra) {
	if len(d.joined) == 0 || len(d.joined) > maxDisguise ||
		slices.ContainsFunc(d.Extra[first:], func(e Extra) bool { return bytes.Equal(d.Word(e.Token), d.joined) }) {
		return
	}
	d.add(d.joined, x)
}

// halved appends w to dst with each letter half as often, or nothing if some
// letter stands an odd number of times: ppaassssppoorrtt.
func halved(dst, w []byte) []byte {
	if longestRun(w) == utf8.RuneCount(w) {
		return dst
	}
	for len(w) > 0 {
		_, n := utf8.DecodeRune(w)
		if !bytes.HasPrefix(w[n:], w[:n]) {
			return dst[:0]
		}
		dst = append(dst, w[:n]...)
		w = w[2*n:]
	}
	return dst
}

// longestRun is how often, at most, a letter stands in a row.
func longestRun(w []byte) int {
	longest, run, last := 0, 0, rune(0)
	for i := 0; i < len(w); {
		r, n := rune(w[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(w[i:])
		}
		i += n
		if r != last || r <= '9' {
			run, last = 0, r
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// collapse appends w to dst with keep letters for each run of at least run.
func collapse(dst, w []byte, run, keep int) []byte {
	for len(w) > 0 {
		r, n := utf8.DecodeRune(w)
		times := 1
		for r > '9' && bytes.HasPrefix(w[times*n:], w[:n]) {
			times++
		}
		left := times
		if times >= run {
			left = keep
		}
		dst = append(dst, w[:left*n]...)
		w = w[times*n:]
	}
	return dst
}

// maxHashtag is how many bytes of a hashtag are looked at.
const maxHashtag = 200

// hashtags cuts those of the odd tokens from odd on that are hashtags where
// their case changes: #LucrezInGermania is three words, and an Extra that
// stands for them all.
func (d *Doc) hashtags(odd int) {
	more := 0
	for _, o := range d.odd[odd:] {
		if t := &d.Tokens[o.token()]; d.tagged(t) {
			d.cuts = d.caseChanges(d.cuts[:0], t)
			more += len(d.cuts)
		}
	}
	if more == 0 {
		return
	}
	// From the back, so that each token moves once.
	n := len(d.Tokens)
	d.Tokens = slices.Grow(d.Tokens, more)[:n+more]
	k, extras := len(d.odd)-1, len(d.Extra)
	for i := n - 1; more > 0; i-- {
		t := d.Tokens[i]
		isOdd := k >= odd && d.odd[k].token() == i
		d.cuts = d.cuts[:0]
		if isOdd && d.tagged(&t) {
			d.cuts = d.caseChanges(d.cuts, &t)
		}
		more -= len(d.cuts)
		if isOdd {
			d.odd[k] += oddity(more) << 1
			k--
		}
		d.pieceTokens(d.Tokens[i+more:], t)
		if len(d.cuts) > 0 {
			at := int32(i + more)
			d.Extra = append(d.Extra, Extra{Token: t, First: at, Last: at + int32(len(d.cuts)), Cover: [2]int32{t.From, t.To}})
		}
	}
	slices.Reverse(d.Extra[extras:])
}

// tagged reports whether # stands before t, and that not after a word, as in
// an address.
func (d *Doc) tagged(t *Token) bool {
	hash := t.From - 1
	return hash >= 0 && d.out[hash] == '#' && (hash == 0 || d.out[hash-1] != '/' && !isWordByte(d.out[hash-1]))
}

// pieceTokens writes the pieces of t that d.cuts make.
func (d *Doc) pieceTokens(to []Token, t Token) {
	if len(d.cuts) == 0 {
		to[0] = t
		return
	}
	from := t.From
	for i := range len(d.cuts) + 1 {
		end := t.To
		if i < len(d.cuts) {
			end = d.cuts[i]
		}
		w := d.out[from:end]
		p := Token{Start: int32(d.origin(int(from))), End: t.End, From: from, To: end, Hash: Hash(w), Flags: t.Flags & Evasive}
		if end < t.To {
			p.End = int32(d.origin(int(end)))
		}
		for _, c := range w {
			if c <= '9' {
				p.Flags |= Digit
			} else {
				p.Flags |= Letter
			}
		}
		to[i], from = p, end
	}
}

// caseChanges appends where, in folded bytes, words begin inside t: at a
// capital after a small letter or digit, and at the last of several capitals
// before a small letter.
func (d *Doc) caseChanges(cuts []int32, t *Token) []int32 {
	if t.To-t.From > maxHashtag {
		return cuts
	}
	last, before := -1, rune(0)
	for i := t.From; i < t.To; i++ {
		o := d.origin(int(i))
		if o == last || !utf8.RuneStart(d.out[i]) {
			continue
		}
		last = o
		r, n := utf8.DecodeRuneInString(d.src[o:])
		if i > t.From && unicode.IsUpper(r) {
			next, _ := utf8.DecodeRuneInString(d.src[o+n:])
			if !unicode.IsUpper(before) || i+1 < t.To && unicode.IsLower(next) {
				cuts = append(cuts, i)
			}
		}
		before = r
	}
	return cuts
}
