package text

import (
	"unicode"
	"unicode/utf8"
)

// lookalikes pairs letters that the eye takes for one another, as drawn in
// the case given: of Cyrillic or Greek on the left, Latin on the right
// (Unicode Technical Standard 39, and what is seen in practice).
const lookalikes = "" +
	"аaвbеeкkмmнhоoрpсcтtуyхxіiїiјjѕsԁdһhԛqԝwѵvӏlгrпnёe" +
	"АaВbЕeКkМmНhОoРpСcТtУyХxІiЇiЈjЅsԀdԚqԜwЁeӀi" +
	"αaβbγyεeηnιiκkνvοoρpσoτtυuχxωwμuάaέeίiόoύu" +
	"ΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧx" +
	"օoսuհhոnցgզqյjՕoՏsԼlՍu" + // Armenian
	"ᎠdᎡrᎢtᎥiᎩyᎪaᎫjᎬeᎳwᎷmᎻhᏀgᏃzᏙvᏚsᏞlᏟcᏢpᏦkᏴb" + // Cherokee
	"ꓐbꓑpꓓdꓔtꓖgꓗkꓙjꓚcꓜzꓝfꓟmꓠnꓡlꓢsꓣrꓦvꓧhꓪwꓫxꓬyꓮaꓰeꓲiꓳoꓴu" // Lisu

// Letters that the eye cannot tell apart at all. The others are alike in
// some typefaces, or to a reader in a hurry, or in few languages.
const (
	sameAsLatin    = "асԁеһіјӏорԛѕԝхуАВСЕНІЈКМОРЅТХ"
	sameAsCyrillic = "aceiopxyABCEHIKMOPTX"
)

// likenesses are lookalikes both ways; those to Cyrillic in lower case.
type likenesses struct {
	toLatin    map[rune]byte
	toCyrillic map[rune]rune
	same       map[rune]bool
}

// alike is built from the lists above and small enough to need no laziness.
var alike = func() likenesses {
	l := likenesses{map[rune]byte{}, map[rune]rune{}, map[rune]bool{}}
	rs := []rune(lookalikes)
	for i := 0; i < len(rs); i += 2 {
		l.toLatin[rs[i]] = byte(rs[i+1])
		if lower := unicode.ToLower(rs[i]); l.toLatin[lower] == 0 {
			l.toLatin[lower] = byte(rs[i+1])
		}
	}
	rs = []rune("aаbвcсeеhнiіjјkкmмnпoоpрrгsѕtтxхyу")
	for i := 0; i < len(rs); i += 2 {
		l.toCyrillic[rs[i]] = rs[i+1]
	}
	for _, r := range sameAsLatin + sameAsCyrillic {
		l.same[r] = true
	}
	return l
}()

// mixture counts the letters of a word in two scripts.
type mixture struct {
	latin, foreign         int
	stuckLatin, stuck      int // of these, Latin and foreign ones without a look-alike
	weakLatin, weakForeign int // with one that is not quite the same
	changes                int // from one script to the other
	cyrillic               bool
}

// mixture counts the letters of w, as written or folded.
func (d *Doc) mixture(w []byte) (m mixture) {
	last := uint32(common)
	for len(w) > 0 {
		r, n := utf8.DecodeRune(w)
		e := d.tab.lookup(r, n)
		w = w[n:]
		sc := e.script()
		switch {
		case e.kind() != word:
			continue
		case isForeign[sc]:
			m.foreign++
			m.cyrillic = m.cyrillic || sc == cyrillic
			if _, ok := alike.toLatin[r]; !ok {
				m.stuck++
			} else if sc == cyrillic && !alike.same[r] {
				m.weakForeign++
			}
		case sc == latin:
			m.latin++
			l := e.plain(r)
			if _, ok := alike.toCyrillic[l]; !ok {
				m.stuckLatin++
			} else if !alike.same[l] && !alike.same[r] {
				m.weakLatin++
			}
		default:
			continue
		}
		if last != common && (last == latin) != (sc == latin) {
			m.changes++
		}
		last = sc
	}
	return m
}

// meant is the script that a mixed word was meant in: the one that all its
// letters have, or look like; if both will do the likelier one. None if
// neither, or an ending put to a foreign name.
func (m mixture) meant() uint32 {
	toLatin := m.stuck == 0 && (m.weakForeign == 0 || m.latin >= m.foreign)
	toCyrillic := m.stuckLatin == 0 && m.cyrillic && (m.weakLatin == 0 || m.foreign >= m.latin)
	switch {
	case toLatin && toCyrillic && m.weakForeign != m.weakLatin:
		toLatin = m.weakForeign < m.weakLatin
	case toLatin && toCyrillic:
		toLatin = m.latin >= m.foreign
	}
	weak := m.weakForeign
	if !toLatin {
		weak = m.weakLatin
	}
	switch {
	case m.changes == 1 && weak > 0 && min(m.latin, m.foreign) > 1:
		return none
	case toLatin:
		return latin
	case toCyrillic:
		return cyrillic
	}
	return none
}

// remix folds again a word that mixes scripts, of which all written so far
// is the last, from its original letters, and returns where it ends.
func (d *Doc) remix(s string) int {
	from := len(d.out)
	for from > d.done.at && isWordByte(d.out[from-1]) {
		from--
	}
	start := d.rewind(from)
	end := d.wordEnd(s, start)
	d.read = append(d.read[:0], s[start:end]...)
	m := d.mixture(d.read)
	script := m.meant()
	if script != none || m.changes > 1 {
		d.notes = append(d.notes, note{int32(from), fancy})
	}
	for i := start; i < end; {
		r, n := utf8.DecodeRuneInString(s[i:])
		e := d.tab.lookup(r, n)
		switch at := len(d.out); {
		case e.kind() == dropped && r != '\u00ad':
			d.notes = append(d.notes, note{int32(at), hidden})
		case e.kind() != word: // marks
		default:
			d.Accented = d.Accented || e&accentBit != 0
			d.put(e, r)
			d.unmix(r, e, at, script)
		}
		i += n
		d.anchor(i)
	}
	return end
}

// unmix replaces what r was folded to at byte at by its look-alike.
func (d *Doc) unmix(r rune, e entry, at int, script uint32) {
	switch sc := e.script(); {
	case script == cyrillic && sc == latin:
		if c, ok := alike.toCyrillic[rune(d.out[at])]; ok && len(d.out) == at+1 {
			d.out = utf8.AppendRune(d.out[:at], c)
		}
	case script == latin && isForeign[sc]:
		if c, ok := alike.toLatin[r]; ok {
			d.out = append(d.out[:at], c)
		}
	}
}

// unmixed appends the folded word w to dst, in one script if it mixes two
// and was meant in one.
func (d *Doc) unmixed(dst, w []byte) []byte {
	script := d.mixture(w).meant()
	for len(w) > 0 {
		r, n := utf8.DecodeRune(w)
		sc := d.tab.lookup(r, n).script()
		if c, ok := alike.toCyrillic[r]; ok && script == cyrillic && sc == latin {
			r = c
		}
		if c, ok := alike.toLatin[r]; ok && script == latin && isForeign[sc] {
			r = rune(c)
		}
		dst = utf8.AppendRune(dst, r)
		w = w[n:]
	}
	return dst
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

// wordEnd is where the word of s ends that starts at i.
func (d *Doc) wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch d.tab.lookup(r, n).kind() {
		case separator, solo, symbol:
			return i
		}
		i += n
	}
	return i
}

// minForged is the least letters of a word that may be forged as a whole.
const minForged = 3

// forged adds the words of a Latin text that are written, whole, in Cyrillic
// letters that look Latin. One word that cannot be read so shows that the
// text has Cyrillic of its own, and nothing is added.
func (d *Doc) forged() {
	d.forgeries = d.forgeries[:0]
	for i := range d.Tokens {
		w := d.Word(d.Tokens[i])
		if w[0] < utf8.RuneSelf {
			continue
		}
		n := d.looksLatin(w)
		if n == 0 || len(d.forgeries) == maxForged {
			return
		}
		if n >= minForged {
			d.forgeries = append(d.forgeries, int32(i))
		}
	}
	if 2*len(d.forgeries) >= len(d.Tokens) {
		return // all there is: it may be Cyrillic after all
	}
	for _, i := range d.forgeries {
		d.read = d.read[:0]
		for w := d.Word(d.Tokens[i]); len(w) > 0; {
			r, n := utf8.DecodeRune(w)
			d.read = append(d.read, alike.toLatin[r])
			w = w[n:]
		}
		d.add(d.read, d.whole(int(i), int(i), d.Tokens[i].From, d.Tokens[i].To))
	}
}

// maxForged is how many such words a text may have.
const maxForged = 20

// looksLatin is how many letters w has if all are Cyrillic and look Latin,
// else 0.
func (d *Doc) looksLatin(w []byte) (n int) {
	if len(w) > maxDisguise {
		return 0
	}
	for len(w) > 0 {
		r, size := utf8.DecodeRune(w)
		if !alike.same[r] || alike.toLatin[r] == 0 {
			return 0
		}
		w = w[size:]
		n++
	}
	return n
}
