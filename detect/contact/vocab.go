package contact

import (
	_ "embed"
	"fmt"
	"math/bits"
	"strings"
	"sync"

	"veghe/detect/text"
)

//go:embed words.txt
var wordList string

//go:embed places.txt
var placeList string

// word is what a folded word can mean to us. One word can mean many things:
// "due" is a digit in Italian and nothing in English.
type word struct {
	text string

	digit    string // spelled digit, or two of a number from ten to nineteen
	ten      string // first digit of a number from twenty to ninety
	repeat   int    // double, triple
	weak     bool   // means something else more often
	glue     bool   // may stand between the digits of a number
	plus     bool
	thousand bool

	net    string // network of a handle
	cur    string // currency, ISO 4217
	period string // hour, day, night, week, month, year
	per    bool
	scheme string

	years, old, lead, span, spanAfter bool
	at, dot                           bool

	places []placeName // names that begin with this word
}

type placeName struct {
	rest    []string // the words after the first
	value   string
	capital bool // only with a capital letter
	prep    bool // only after a preposition
}

// vocab finds words by their hash. Most words of a text are not in it, so a
// small filter stands before the table.
type vocab struct {
	words map[uint64]*word // while reading
	seen  [1 << 12]uint64
	slots []slot // a power of two, at most half full
}

type slot struct {
	hash uint64
	word *word // nil when free
}

// words is the vocabulary, read once. It never changes.
var words = sync.OnceValue(func() *vocab {
	v := &vocab{words: map[uint64]*word{}}
	if err := v.read(wordList, v.addWord); err != nil {
		panic("contact: words.txt:" + err.Error()) // embedded; the tests read it
	}
	if err := v.read(placeList, v.addPlace); err != nil {
		panic("contact: places.txt:" + err.Error())
	}
	v.seal()
	return v
})

// seal moves what was read into the table.
func (v *vocab) seal() {
	v.slots = make([]slot, 1<<bits.Len(uint(2*len(v.words))))
	for h, w := range v.words {
		v.seen[h>>6%uint64(len(v.seen))] |= 1 << (h & 63)
		v.slots[v.slot(h)] = slot{h, w}
	}
	v.words = nil
}

// slot is the place of a hash, or the free one it would take.
func (v *vocab) slot(h uint64) int {
	mask := len(v.slots) - 1
	i := int(h>>20) & mask
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

func (v *vocab) addWord(key, rest string) error {
	role, value, _ := strings.Cut(key, " ")
	for s := range strings.FieldsSeq(rest) {
		folded := text.Words(s)
		if len(folded) != 1 {
			continue // lira-sterlină is two words of a text
		}
		if err := v.get(folded[0]).set(role, value); err != nil {
			return err
		}
	}
	return nil
}

func (w *word) set(role, value string) error {
	switch role {
	case "digit", "teen":
		w.digit = value
	case "ten":
		w.ten = value
	case "double":
		w.repeat = int(value[0] - '0')
	case "net":
		w.net = value
	case "cur":
		w.cur = value
	case "period":
		w.period = value
	case "scheme":
		w.scheme = value
	default:
		flag, ok := map[string]*bool{
			"weak": &w.weak, "glue": &w.glue, "plus": &w.plus, "thousand": &w.thousand, "per": &w.per,
			"years": &w.years, "old": &w.old, "lead": &w.lead, "span": &w.span, "spanafter": &w.spanAfter,
			"at": &w.at, "dotword": &w.dot,
		}[role]
		if !ok {
			return fmt.Errorf("role %q is unknown", role)
		}
		*flag = true
	}
	return nil
}

func (v *vocab) addPlace(value, names string) error {
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		p := placeName{value: value}
		switch {
		case strings.HasPrefix(name, "!"):
			p.capital = true
		case strings.HasPrefix(name, "?"):
			p.capital, p.prep = true, true
		case strings.HasPrefix(name, "~"):
			p.prep = true
		}
		folded := text.Words(strings.TrimLeft(name, "!?~"))
		if len(folded) == 0 {
			return fmt.Errorf("%s has an empty name", value)
		}
		p.rest = folded[1:]
		w := v.get(folded[0])
		w.places = append(w.places, p)
	}
	return nil
}

// get returns the word, new if need be.
func (v *vocab) get(folded string) *word {
	h := text.Hash([]byte(folded))
	w := v.words[h]
	if w == nil {
		w = &word{text: folded}
		v.words[h] = w
	}
	return w
}

// find returns what a word with this hash means, or nil.
func (v *vocab) find(h uint64, spelled []byte) *word {
	if v.seen[h>>6%uint64(len(v.seen))]>>(h&63)&1 == 0 {
		return nil
	}
	if w := v.slots[v.slot(h)].word; w != nil && w.text == string(spelled) {
		return w
	}
	return nil
}

// lookup is find for a stretch of a token.
func (v *vocab) lookup(folded []byte) *word { return v.find(text.Hash(folded), folded) }
