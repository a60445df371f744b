package contact

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"sync"

	"veghe/detect/text"
)

//go:embed words.txt
var wordList string

//go:embed places.txt
var placeList string

// role is what a word does beside the things in meaning, as bits.
type role uint32

// What words do, as named in words.txt.
const (
	weak      role = 1 << iota // a digit that means something else more often
	glue                       // may stand between the digits of a number
	filler                     // may stand between the halves of a number
	plus                       // the sign before a country code
	tel                        // a phone follows
	notel                      // another number follows
	weakNet                    // a network that is a word, too
	nameFill                   // between a network and a name
	addMe                      // asks to be added on a network
	notName                    // follows a network and is no name
	weakCur                    // a currency that is a word, too
	thousand                   // times a thousand
	million                    // times a million
	several                    // hundreds, thousands: a digit must be before it
	netOf                      // between a price and its period: net, in hand
	per                        // before a period
	years                      // the unit of ages
	old                        // after the unit
	lead                       // leads to an age
	lasting                    // leads to a duration
	lastAfter                  // after years: a duration
	at                         // stands for @
	dotWord                    // stands for a dot
	under                      // stands for _
)

// roles are the names of roles in words.txt.
var roles = map[string]role{
	"weak": weak, "glue": glue, "filler": filler, "plus": plus, "tel": tel, "notel": notel,
	"weaknet": weakNet, "namefill": nameFill, "addme": addMe, "notname": notName, "weakcur": weakCur,
	"thousand": thousand, "million": million, "several": several, "netof": netOf, "per": per, "years": years, "old": old, "lead": lead,
	"span": lasting, "spanafter": lastAfter, "at": at, "dotword": dotWord, "under": under,
}

// meaning is what a folded word can mean to us. One word can mean many things:
// "due" is a digit in Italian and nothing in English.
type meaning struct {
	roles   role
	digit   string // spelled digit, or both of a number from ten to nineteen
	ten     byte   // first digit of a number from twenty to ninety, or 0
	hundred bool   // times a hundred
	whole   int    // a number by itself: five hundred in one word, thousand
	repeat  int    // double, triple
	net     string // network of a handle
	cur     string // currency, ISO 4217
	period  string // hour, day, night, week, month, year
	grade   int    // years of age less the school grade it names, or 0
	scheme  string
}

func (m *meaning) is(r role) bool { return m.roles&r != 0 }

// number reports whether the word is part of a spelled number.
func (m *meaning) number() bool {
	return m.digit != "" || m.ten != 0 || m.hundred || m.repeat > 0
}

// leads reports whether something begins or ends at this word, so that a text
// with it is worth a closer look.
func (m *meaning) leads() bool {
	return m.number() || m.net != "" || m.cur != "" || m.grade != 0 || m.scheme != "" || m.is(years|at|dotWord)
}

// word is one entry of the vocabulary.
type word struct {
	*meaning // never nil
	text     string
	places   []placeName // names that begin with this word
}

// nothing is the meaning of a word that is not in the vocabulary.
var nothing = word{meaning: &meaning{}}

// vocab finds words by their hash. Most words of a text lead to nothing, so a
// small filter of those that do stands before the table.
type vocab struct {
	words    map[uint64]*word // while reading
	leading  [1 << 12]uint64
	slots    []slot // a power of two, at most half full
	spelling spelling
}

type slot struct {
	hash uint64
	word *word // nil when free
}

// words is the vocabulary, read once. It never changes.
var words = sync.OnceValue(func() *vocab {
	v := &vocab{words: map[uint64]*word{}}
	if err := v.read(wordList, v.addWords); err != nil {
		panic("contact: words.txt:" + err.Error()) // embedded; the tests read it
	}
	if err := v.read(placeList, v.addPlaces); err != nil {
		panic("contact: places.txt:" + err.Error())
	}
	v.seal()
	return v
})

// seal moves what was read into the table.
func (v *vocab) seal() {
	v.slots = make([]slot, 1<<bits.Len(uint(2*len(v.words))))
	for h, w := range v.words {
		if *w.meaning == *nothing.meaning {
			w.meaning = nothing.meaning // only places; their own would be a megabyte
		}
		if len(w.places) > 0 || w.leads() {
			v.leading[h>>12%uint64(len(v.leading))] |= bits2(h)
		}
		if w.digit != "" || w.ten != 0 {
			v.spelling.add(w)
		}
		v.slots[v.slot(h)] = slot{h, w}
	}
	v.spelling.seal()
	v.words = nil
}

// slot is the place of a hash, or the free one it would take.
func (v *vocab) slot(h uint64) int {
	mask := len(v.slots) - 1
	i := int(h>>32) & mask
	for v.slots[i].word != nil && v.slots[i].hash != h {
		i = (i + 1) & mask
	}
	return i
}

// read gives each line "key: rest" to add.
func (v *vocab) read(list string, add func(key, rest string) error) error {
	for n, line := range strings.Split(list, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		key, rest, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("%d: no colon, want the form key: words", n+1)
		}
		if err := add(key, rest); err != nil {
			return fmt.Errorf("%d: %w", n+1, err)
		}
	}
	return nil
}

func (v *vocab) addWords(key, rest string) error {
	role, value, _ := strings.Cut(key, " ")
	for s := range strings.FieldsSeq(rest) {
		folded := text.Words(s)
		if len(folded) != 1 {
			return fmt.Errorf("%q is %d words, want one", s, len(folded))
		}
		if err := v.get(folded[0]).set(role, value); err != nil {
			return err
		}
	}
	return nil
}

// set gives a word one more meaning.
func (m *meaning) set(name, value string) (err error) {
	switch name {
	case "digit", "teen":
		m.digit = value
	case "ten":
		m.ten = value[0]
	case "hundred":
		m.hundred = true
	case "whole":
		m.whole, err = strconv.Atoi(value)
	case "double":
		m.repeat, err = strconv.Atoi(value)
	case "grade":
		m.grade, err = strconv.Atoi(value)
	case "net":
		m.net = value
	case "cur":
		m.cur = value
	case "period":
		m.period = value
	case "scheme":
		m.scheme = value
	default:
		r, ok := roles[name]
		if !ok {
			return fmt.Errorf("role %q is unknown", name)
		}
		m.roles |= r
	}
	return err
}

// get returns the word, new if need be.
func (v *vocab) get(folded string) *word {
	h := text.Hash([]byte(folded))
	w := v.words[h]
	if w == nil {
		w = &word{text: folded, meaning: &meaning{}}
		v.words[h] = w
	}
	return w
}

// bits2 are the two bits of a hash in its word of the filter.
func bits2(h uint64) uint64 { return 1<<(h&63) | 1<<(h>>6&63) }

// leads reports whether a word with this hash may lead to something.
func (v *vocab) leads(h uint64) bool {
	b := bits2(h)
	return v.leading[h>>12%uint64(len(v.leading))]&b == b
}

// find returns what a word means, or nil.
func (v *vocab) find(h uint64, spelled []byte) *word {
	if w := v.slots[v.slot(h)].word; w != nil && w.text == string(spelled) {
		return w
	}
	return nil
}

// lookup is find for a stretch of a token.
func (v *vocab) lookup(folded []byte) *word { return v.find(text.Hash(folded), folded) }
