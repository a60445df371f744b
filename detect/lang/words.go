package lang

import (
	"math/bits"
	"unicode"
	"unicode/utf8"

	"veghe/detect/lang/internal/ngram"
)

const (
	maxWord  = ngram.MaxWord // letters of a word that are looked at
	maxWords = 1024          // words looked at together; longer texts go piece by piece
)

// gap is what stands before a word: the stronger it is, the easier the
// language changes there.
type gap uint8

const (
	space gap = iota
	comma
	stop // the end of a sentence or a line
)

// word is one run of letters of a text.
type word struct {
	start, end int
	row        ngram.Row // what it costs in each language of its table
	common     uint32    // languages of its table in which it is a function word
	letters    uint8
	second     uint8 // what it costs in the second language
	script     ngram.Script
	before     gap
	name       bool // a capital within a sentence, and only one
}

// spelling is a word letter by letter.
type spelling struct {
	codes   [maxWord]byte
	scripts [maxWord]ngram.Script
	n       int
	mixed   bool // letters of more than one script
	cut     bool // longer than maxWord
}

// ascii is the code of a letter, or notLetter and the gap that it makes. Above
// ASCII it is further.
var ascii = func() (t [256]byte) {
	for c := range t {
		script, code := ngram.Letter(rune(c))
		switch {
		case c >= utf8.RuneSelf:
			code = further
		case script == ngram.None:
			code = notLetter | byte(gapOf(rune(c)))
		}
		t[c] = code
	}
	return t
}()

const (
	notLetter = 0x80
	further   = 0xff
)

// scanner cuts a text into words. Links, addresses, handles and digits are
// not words: they are alike in every language.
type scanner struct {
	s     string
	at    int // where to go on
	links links
}

// next finds the next word. When it is short it also gives the key that memo
// knows it by, and leaves its letters unread; else the key is zero.
func (sc *scanner) next(w *word) (key memoKey, ok bool) {
	before, ok := sc.skip()
	if !ok {
		return key, false
	}
	start := sc.at
	if key, sc.at = plain(sc.s, start); sc.at == start {
		sc.at = wordEnd(sc.s, start)
		key = rawKey(sc.s, start, sc.at)
	}
	w.start, w.end, w.before = start, sc.at, before
	w.name = start > 0 && before != stop && capitalized(sc.s[start:sc.at])
	return key, true
}

// skip goes to the start of the next word.
func (sc *scanner) skip() (before gap, ok bool) {
	for {
		if sc.at >= sc.links.start {
			sc.at = max(sc.at, sc.links.end)
			sc.links.find(sc.s)
			continue
		}
		if sc.at >= len(sc.s) {
			return before, false
		}
		code := ascii[sc.s[sc.at]]
		if code < notLetter {
			return before, true
		}
		if code < further {
			before = max(before, gap(code&^notLetter))
			sc.at++
			continue
		}
		r, size := utf8.DecodeRuneInString(sc.s[sc.at:])
		if script, _ := ngram.Letter(r); script != ngram.None {
			return before, true
		}
		before = max(before, gapOf(r))
		sc.at += size
	}
}

// plain reads a word of at most 16 ASCII letters that starts at i, eight at a
// time, and returns it in lower case and where it ends: at i if it is not such
// a word. In the masks the top bit of each byte says something about it.
func plain(s string, i int) (key memoKey, end int) {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	end = i
	for half := range key {
		w := load(s, end)
		x := w&^tops | 0x20*ones
		letters := (x + (0x80-'a')*ones) & ^(x + (0x7f-'z')*ones) & tops &^ w
		n := bits.TrailingZeros64(^letters&tops) >> 3
		end += n
		if n < 8 {
			key[half] = x & (1<<(8*n) - 1)
			break
		}
		key[half] = x
	}
	if end < len(s) && (ascii[s[end]] < notLetter || ascii[s[end]] == further) {
		return memoKey{}, i // it goes on, or may
	}
	return key, end
}

// load is eight bytes of s from i, zeros past the end.
func load(s string, i int) uint64 {
	if i+8 <= len(s) {
		b := s[i : i+8]
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	}
	var x uint64
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// wordEnd is where the word that starts at i ends. Marks that combine with a
// letter, and invisible characters, do not end it.
func wordEnd(s string, i int) int {
	for i < len(s) {
		code := ascii[s[i]]
		if code < notLetter {
			i++
			continue
		}
		if code < further {
			return i
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if script, _ := ngram.Letter(r); script == ngram.None && !joined(r) {
			return i
		}
		i += size
	}
	return i
}

// joined reports whether a character that is no letter is part of a word.
func joined(r rune) bool {
	return r >= 0x300 && r < 0x370 || unicode.In(r, unicode.Mn, unicode.Cf)
}

// read reads the letters of a word.
func (sp *spelling) read(w string) {
	sp.n, sp.mixed, sp.cut = 0, false, false
	for _, r := range w {
		script, code := ngram.Letter(r)
		if script == ngram.None {
			continue
		}
		if sp.n == maxWord {
			sp.cut = true
			return
		}
		sp.codes[sp.n], sp.scripts[sp.n] = code, script
		sp.mixed = sp.mixed || script != sp.scripts[0]
		sp.n++
	}
}

// capitalized reports whether the first letter of a word is a capital and the
// second is not.
func capitalized(w string) bool {
	if c := w[0]; c < utf8.RuneSelf && c >= 'a' {
		return false
	}
	first, size := utf8.DecodeRuneInString(w)
	if !unicode.IsUpper(first) {
		return false
	}
	second, _ := utf8.DecodeRuneInString(w[size:])
	return !unicode.IsUpper(second)
}

func gapOf(r rune) gap {
	switch r {
	case '.', '!', '?', '\n', '\r', '…', '|', '•', '·', '。', '؟', '\u2028', '\u2029':
		return stop
	case ',', ';', ':', '(', ')', '/', '"', '„', '”', '“', '«', '»', '–', '—', '[', ']':
		return comma
	}
	return space
}

// settle gives a word the script of most of its letters and returns their
// codes. A letter of another script that only looks like one of it is read as
// that one: people type a Latin i in Ukrainian, and Cyrillic letters in a word
// to hide it.
func (sp *spelling) settle() (ngram.Script, []byte) {
	if !sp.mixed {
		return sp.scripts[0], sp.codes[:sp.n]
	}
	script := majority(sp.scripts[:sp.n])
	codes := sp.codes[:0]
	for i, s := range sp.scripts[:sp.n] {
		switch {
		case s == script:
			codes = append(codes, sp.codes[i])
		case script == ngram.Latin || script == ngram.Cyrillic:
			codes = append(codes, ngram.Lookalike(s, sp.codes[i]))
		}
	}
	return script, codes
}

func majority(scripts []ngram.Script) ngram.Script {
	var n [ngram.Other + 1]int
	best := scripts[0]
	for _, s := range scripts {
		n[s]++
	}
	for s, c := range n {
		if c > n[best] {
			best = ngram.Script(s)
		}
	}
	return best
}
