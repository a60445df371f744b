// Package ngram holds the table of letter sequences that language detection
// looks up, its file format, and the alphabets both are written in.
//
// A letter is one byte, its code, numbered from 1 within its script; 0 is no
// letter, and [Edge] stands before and after a word. Up to [Order] of them
// make a [Key]. Generator and detector share this package, so that they
// cannot disagree about a letter.
package ngram

import "unicode"

// Script is the writing a letter belongs to.
type Script uint8

// The scripts. Other stands for every script that no table covers.
const (
	None Script = iota // not a letter
	Latin
	Cyrillic
	Greek
	Arabic
	Other
)

// Codes that are no letter of the alphabets.
const (
	Edge = 126 // the edge of a word
	Rare = 127 // a letter of the script, but of none of its languages
)

// The alphabets, in code order. The fold of a letter stands below it. The last
// three Latin ones stand for Romanian and Turkish letters in garbled text.
var (
	latin = newAlphabet(
		"abcdefghijklmnopqrstuvwxyz"+"àáâãäåāăąæçćčďđèéêëēĕėęěğģìíîïīįıłľĺñńňòóôõöøōőœŕřśşšţťùúûüūůűųýÿźżžß"+"ºþð",
		"abcdefghijklmnopqrstuvwxyz"+"aaaaaaaaaacccddeeeeeeeeeggiiiiiiilllnnnooooooooorrsssttuuuuuuuuyyzzzs"+"ºþð")
	cyrillic = newAlphabet(
		"абвгдежзийклмнопрстуфхцчшщъыьэюя"+"ёђѓєѕіїјљњћќѝўџґ",
		"абвгдежзийклмнопрстуфхцчшщъыьэюя"+"еђѓєѕіїјљњћќиўџґ")
)

// alphabet numbers the lower-case letters of one script. page maps a rune
// less first to its code, either case.
type alphabet struct {
	first rune
	page  []byte
	fold  [128]byte
}

func newAlphabet(letters, folds string) *alphabet {
	from, to := []rune(letters), []rune(folds)
	a := &alphabet{first: 0, page: make([]byte, 0x250)}
	if from[0] >= 0x400 {
		a.first, a.page = 0x400, make([]byte, 0x130)
	}
	for i, r := range from {
		a.page[r-a.first] = byte(i + 1)
	}
	for i, r := range to {
		if i < len(from) && r >= a.first && int(r-a.first) < len(a.page) {
			a.fold[i+1] = a.page[r-a.first]
		}
	}
	a.fold[Rare] = Rare
	for i := range a.page {
		r := a.first + rune(i)
		if a.page[i] == 0 && unicode.IsLetter(r) {
			a.page[i] = a.code(lower(r))
		}
	}
	return a
}

func (a *alphabet) code(r rune) byte {
	if i := int(r - a.first); i >= 0 && i < len(a.page) && a.page[i] != 0 {
		return a.page[i]
	}
	return Rare
}

// lower brings a letter to the case and form the tables use. Romanian comma
// letters become cedilla letters, which the tables count together.
func lower(r rune) rune {
	switch r {
	case 'ș', 'Ș':
		return 'ş'
	case 'ț', 'Ț':
		return 'ţ'
	case 'İ':
		return 'i'
	}
	return unicode.ToLower(r)
}

// Letter returns the script and the code of a letter of either case.
func Letter(r rune) (Script, byte) {
	if uint32(r) < uint32(len(letters)) {
		l := letters[r]
		return Script(l >> 8), byte(l)
	}
	return letter(r)
}

// letters has scripts and codes up to the end of Cyrillic.
var letters = func() (t [0x530]uint16) {
	for r := range t {
		script, code := letter(rune(r))
		t[r] = uint16(script)<<8 | uint16(code)
	}
	return t
}()

func letter(r rune) (Script, byte) {
	switch {
	case r < 0x250:
		if c := latin.page[max(r, 0)]; c != 0 {
			return Latin, c
		}
		return None, 0
	case r >= 0x400 && r < 0x530:
		if c := cyrillic.page[r-0x400]; c != 0 {
			return Cyrillic, c
		}
		return None, 0
	case r >= 0x300 && r < 0x370: // marks
		return None, 0
	case r == 'ẞ':
		return Latin, latin.code('ß')
	case !unicode.IsLetter(r):
		return None, 0
	case r >= 0x1e00 && r < 0x1f00:
		return Latin, Rare
	case r >= 0x370 && r < 0x400, r >= 0x1f00 && r < 0x2000:
		return Greek, Rare
	case r >= 0x600 && r < 0x780:
		return Arabic, Rare
	}
	return Other, Rare
}

// Fold takes the diacritics off a letter. Cyrillic keeps й and ї, which are
// letters of their own; only ё, commonly written е, is folded.
func Fold(s Script, code byte) byte {
	switch s {
	case Latin:
		return latin.fold[code&127]
	case Cyrillic:
		return cyrillic.fold[code&127]
	default:
		return code
	}
}

// Lookalike returns the code of the letter of the other of the Latin and
// Cyrillic scripts that looks the same, or [Rare].
func Lookalike(s Script, code byte) byte {
	switch s {
	case Latin:
		return toCyrillic[code&127]
	case Cyrillic:
		return toLatin[code&127]
	default:
		return Rare
	}
}

var toCyrillic, toLatin = lookalikes("aceiopxyjs", "асеіорхујѕ")

func lookalikes(lat, cyr string) (toCyr, toLat [128]byte) {
	for i := range toCyr {
		toCyr[i], toLat[i] = Rare, Rare
	}
	l, c := []rune(lat), []rune(cyr)
	for i := range l {
		a, b := latin.code(l[i]), cyrillic.code(c[i])
		toCyr[a], toLat[b] = b, a
	}
	return toCyr, toLat
}
