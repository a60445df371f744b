package text

import (
	_ "embed" // fold.tab
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:generate go run gen.go

//go:embed fold.tab
var foldTab string

// entry is what one code point folds to:
//
//	bits 0–20 the folded code point, or an index into table.long
//	bit  21   long: the fold is several letters
//	bit  30   changed: bits 0–20 count, else the code point stays itself
//	bit  22   accented: a Latin letter that lost a diacritic
//	bit  23   fancy: a letter dressed up as another character
//	bits 24–26 script, 27–29 kind
//
// Zero is a separator that stays itself.
type entry uint32

const (
	valueMask entry = 1<<21 - 1
	longBit   entry = 1 << 21
	accentBit entry = 1 << 22
	fancyBit  entry = 1 << 23
	changeBit entry = 1 << 30
)

// Kinds of characters.
const (
	separator = iota // ends a word
	word             // part of a word
	dropped          // invisible
	mark             // combining mark, dropped after Latin, Greek and Cyrillic
	solo             // a word by itself
	symbol           // an emoji: not a word, but a token
)

// Scripts, as far as folding tells them apart.
const (
	common = iota
	latin
	greek
	cyrillic
	other
	kin  // Armenian, Cherokee, Lisu: letters that look Latin
	none // what ends a word
)

func (e entry) kind() uint32   { return uint32(e) >> 27 & 7 }
func (e entry) script() uint32 { return uint32(e) >> 24 & 7 }

// plain is the letter that r becomes, or 0 if it becomes several.
func (e entry) plain(r rune) rune {
	switch {
	case e&longBit != 0:
		return 0
	case e&changeBit != 0:
		return rune(e & valueMask)
	}
	return r
}

// table has two levels: pages[index[r>>8]][r&255].
type table struct {
	index [0x1100]uint16
	pages [][256]entry
	long  []string
	two   pairs
}

func (t *table) entry(r rune) entry { return t.pages[t.index[uint32(r)>>8]][uint8(r)] }

// lookup is the entry of r, decoded from n bytes, ASCII or not.
func (t *table) lookup(r rune, n int) entry {
	switch {
	case r >= utf8.RuneSelf && (r != utf8.RuneError || n > 1):
		return t.entry(r)
	case r >= utf8.RuneSelf:
		return changeBit | ' '
	case !alnum[r]:
		return 0
	case r <= '9':
		return word<<27 | common<<24
	case r <= 'Z':
		return word<<27 | latin<<24 | changeBit | entry(r+'a'-'A')
	}
	return word<<27 | latin<<24
}

// fold appends what r folds to.
func (t *table) fold(dst []byte, e entry, r rune) []byte {
	switch {
	case e&changeBit == 0:
		return utf8.AppendRune(dst, r)
	case e&longBit != 0:
		return append(dst, t.long[e&valueMask]...)
	}
	return utf8.AppendRune(dst, rune(e&valueMask))
}

// tables reads fold.tab once, about a millisecond.
var tables = sync.OnceValue(func() *table {
	t, err := parseTable(foldTab)
	if err != nil {
		panic("text: fold.tab: " + err.Error() + ": run go generate") // ours, and tested
	}
	return t
})

func parseTable(data string) (*table, error) {
	t := &table{pages: make([][256]entry, 1)} // page 0: nothing but separators
	own := map[int]*[256]entry{}
	page := func(p int) *[256]entry {
		if own[p] == nil {
			own[p] = new([256]entry)
		}
		return own[p]
	}
	n := 0
	for line := range strings.Lines(data) {
		n++
		if line[0] == '#' {
			continue
		}
		if err := t.line(strings.TrimSuffix(line, "\n"), page); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	same := map[[256]entry]uint16{t.pages[0]: 0}
	for p, content := range own {
		k, ok := same[*content]
		if !ok {
			k = uint16(len(t.pages))
			same[*content] = k
			t.pages = append(t.pages, *content)
		}
		t.index[p] = k
	}
	t.two.fill(t)
	return t, nil
}

func (t *table) line(line string, page func(int) *[256]entry) error {
	f := strings.SplitN(line, " ", 6)
	if len(f) != 6 {
		return fmt.Errorf("%d fields, want 6", len(f))
	}
	lo, err := strconv.ParseInt(f[0], 16, 32)
	if err != nil {
		return err
	}
	hi, err := strconv.ParseInt(f[1], 16, 32)
	if err != nil {
		return err
	}
	kind, script := strings.Index("swdmoe", f[2]), strings.Index("-LGCOK", f[3])
	if kind < 0 || script < 0 {
		return fmt.Errorf("kind %q, script %q", f[2], f[3])
	}
	e := entry(kind)<<27 | entry(script)<<24
	switch f[4] {
	case "a":
		e |= accentBit
	case "f":
		e |= fancyBit
	}
	if long, ok := strings.CutPrefix(f[5], "="); ok {
		t.long = append(t.long, long)
		e |= changeBit | longBit | entry(len(t.long)-1)
		for r := lo; r <= hi; r++ {
			page(int(r >> 8))[r&255] = e
		}
		return nil
	}
	delta, err := strconv.ParseInt(f[5], 10, 32)
	if err != nil {
		return err
	}
	for r := lo; r <= hi; r++ {
		if delta != 0 {
			e = e&^valueMask | changeBit | entry(r+delta)
		}
		page(int(r >> 8))[r&255] = e
	}
	return nil
}

// pair is what an easy character of two bytes folds to: the folded bytes, the
// first in the lowest bits, accentPair, and its class.
type pair uint32

// Classes of pairs. What is not easy goes the long way.
const (
	accentPair  pair = 1 << 16
	easyLatin   pair = 1 << 17 // to one ASCII letter
	easyForeign pair = 2 << 17 // Cyrillic, Greek, Armenian, to two bytes
	easyOther   pair = 3 << 17 // stays itself
	classMask   pair = 3 << 17
)

// pairs are those of U+0080 to U+07FF.
type pairs [1 << 11]pair

// at is the pair of two bytes; not an easy one if they are no character.
func (p *pairs) at(a, b byte) pair {
	if a < 0xC2 || a > 0xDF || b&0xC0 != 0x80 {
		return 0
	}
	return p[int(a&0x1F)<<6|int(b&0x3F)]
}

func (p *pairs) fill(t *table) {
	for r := rune(0x80); r < 0x800; r++ {
		e := t.entry(r)
		if e.kind() != word || e&(longBit|fancyBit) != 0 {
			continue
		}
		to := r
		if e&changeBit != 0 {
			to = rune(e & valueMask)
		}
		x := pair(0)
		if e&accentBit != 0 {
			x = accentPair
		}
		switch sc := e.script(); {
		case sc == latin && to < 0x80:
			p[r] = x | easyLatin | pair(to)
		case to < 0x80 || to >= 0x800:
		case sc == cyrillic, sc == greek, sc == kin:
			p[r] = x | easyForeign | pair(0xC0|to>>6) | pair(0x80|to&0x3F)<<8
		case sc == other:
			p[r] = easyOther | pair(0xC0|to>>6) | pair(0x80|to&0x3F)<<8
		}
	}
}
