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

// unmix folds again a word that mixes scripts, from its original letters:
// to Latin if all its foreign letters have a Latin look-alike, to Cyrillic if
// all its Latin letters have a Cyrillic one, else to Latin as far as it goes.
func (d *Doc) unmix(s string, w wordState, end int) {
	cyrillicWord := w.scripts[cyrillic] && !d.allLatin(s[w.start:end]) && d.allCyrillic(s[w.start:end])
	d.out, d.segs, d.delta = d.out[:w.from], d.segs[:min(w.segs, len(d.segs))], w.delta
	for i := w.start; i < end; {
		r, n := utf8.DecodeRuneInString(s[i:])
		e := d.lookup(r, n)
		if e.kind() != word {
			i += n // marks, invisible characters, apostrophes
			continue
		}
		d.anchor(i)
		from := len(d.out)
		d.put(e, r)
		switch {
		case cyrillicWord && e.script() == latin:
			if c, ok := alike.toCyrillic[rune(d.out[from])]; ok && len(d.out) == from+1 {
				d.out = utf8.AppendRune(d.out[:from], c)
			}
		case !cyrillicWord && (e.script() == cyrillic || e.script() == greek):
			if c, ok := alike.toLatin[r]; ok {
				d.out = append(d.out[:from], c)
			}
		}
		i += n
	}
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
