package text

import "unicode/utf8"

// lookalikes pairs letters that the eye takes for one another, as drawn in
// the case given: of Cyrillic or Greek on the left, Latin on the right
// (Unicode Technical Standard 39, and what is seen in practice).
const lookalikes = "" +
	"аaвbеeкkмmнhоoрpсcтtуyхxіiїiјjѕsԁdһhԛqԝwѵvӏlгrпnёe" +
	"АaВbЕeКkМmНhОoРpСcТtУyХxІiЇiЈjЅsԀdԚqԜwЁeӀi" +
	"αaβbγyεeηnιiκkνvοoρpσoτtυuχxωwμuάaέeίiόoύu" +
	"ΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx"

// likenesses are lookalikes both ways; toCyrillic gives lower case.
type likenesses struct {
	toLatin    map[rune]byte
	toCyrillic map[rune]rune
}

// alike is built from lookalikes and small enough to need no laziness.
var alike = func() likenesses {
	l := likenesses{map[rune]byte{}, map[rune]rune{}}
	rs := []rune(lookalikes)
	for i := 0; i < len(rs); i += 2 {
		l.toLatin[rs[i]] = byte(rs[i+1])
	}
	for _, p := range []string{"aа", "bв", "cс", "eе", "hн", "iі", "jј", "kк", "mм", "nп", "oо", "pр", "rг", "sѕ", "tт", "xх", "yу"} {
		r, _ := utf8.DecodeRuneInString(p[1:])
		l.toCyrillic[rune(p[0])] = r
	}
	return l
}()

// remix folds again a word that mixes scripts, of which all written so far
// is the last, from its original letters: to Latin if all its foreign letters
// have a Latin look-alike, to Cyrillic if all its Latin letters have a
// Cyrillic one, else to Latin as far as it goes. It returns where it ends.
func (d *Doc) remix(s string) int {
	from := len(d.out)
	for from > d.done.at && (alnum[d.out[from-1]] || d.out[from-1] >= utf8.RuneSelf) {
		from--
	}
	start := d.rewind(from)
	end, cyr := d.wordEnd(s, start)
	toCyrillic := cyr && !d.allLatin(s[start:end]) && d.allCyrillic(s[start:end])
	d.notes = append(d.notes, note{int32(from), fancy})
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(s[i:])
		e := d.lookup(r, n)
		switch at := len(d.out); {
		case e.kind() == dropped && r != '\u00ad':
			d.notes = append(d.notes, note{int32(at), hidden})
		case e.kind() != word: // marks, apostrophes
		default:
			d.Accented = d.Accented || e&accentBit != 0
			d.put(e, r)
			d.unmix(r, e, at, toCyrillic)
		}
		i += n
		d.anchor(i)
	}
	return end
}

// rewind takes back what was written from folded byte from on, and returns
// where that came from.
func (d *Doc) rewind(from int) int {
	start := from
	k := len(d.segs)
	for k > 0 && int(d.segs[k-1].fold) > from {
		k--
	}
	if k > 0 {
		start += int(d.segs[k-1].orig - d.segs[k-1].fold)
	}
	d.segs, d.delta, d.out = d.segs[:k], start-from, d.out[:from]
	for n := len(d.notes); n > d.done.note && (int(d.notes[n-1].at) > from || int(d.notes[n-1].at) == from && d.notes[n-1].kind != joint); n-- {
		d.notes = d.notes[:n-1]
	}
	return start
}

// wordEnd is where the word of s ends that starts at i, and whether it has a
// Cyrillic letter.
func (d *Doc) wordEnd(s string, i int) (end int, cyr bool) {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		e := d.lookup(r, n)
		switch e.kind() {
		case separator, solo, symbol:
			return i, cyr
		case word:
			cyr = cyr || e.script() == cyrillic
		}
		i += n
	}
	return i, cyr
}

// unmix replaces what r was folded to at folded byte at by its look-alike.
func (d *Doc) unmix(r rune, e entry, at int, toCyrillic bool) {
	switch sc := e.script(); {
	case toCyrillic && sc == latin:
		if c, ok := alike.toCyrillic[rune(d.out[at])]; ok && len(d.out) == at+1 {
			d.out = utf8.AppendRune(d.out[:at], c)
		}
	case !toCyrillic && (sc == cyrillic || sc == greek):
		if c, ok := alike.toLatin[r]; ok {
			d.out = append(d.out[:at], c)
		}
	}
}

// lookup is the entry of r, decoded from n bytes.
func (d *Doc) lookup(r rune, n int) entry {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case !alnum[r]:
			return 0
		case r <= '9':
			return entry(word)<<27 | entry(common)<<24
		case r <= 'Z':
			return entry(word)<<27 | entry(latin)<<24 | changeBit | entry(r+'a'-'A')
		}
		return entry(word)<<27 | entry(latin)<<24
	case r == utf8.RuneError && n == 1:
		return changeBit | ' '
	}
	return d.tab.entry(r)
}

// allLatin reports whether each Cyrillic or Greek letter looks Latin.
func (d *Doc) allLatin(word string) bool {
	for i, r := range word {
		e := d.lookup(r, runeWidth(word[i:], r))
		if sc := e.script(); sc == cyrillic || sc == greek {
			if _, ok := alike.toLatin[r]; !ok {
				return false
			}
		}
	}
	return true
}

// allCyrillic reports whether each Latin letter looks Cyrillic.
func (d *Doc) allCyrillic(word string) bool {
	for i, r := range word {
		e := d.lookup(r, runeWidth(word[i:], r))
		if e.script() != latin {
			continue
		}
		if e&longBit != 0 {
			return false
		}
		if e&changeBit != 0 {
			r = rune(e & valueMask)
		}
		if _, ok := alike.toCyrillic[r]; !ok {
			return false
		}
	}
	return true
}

func runeWidth(s string, r rune) int {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(s)
		return n
	}
	return utf8.RuneLen(r)
}
