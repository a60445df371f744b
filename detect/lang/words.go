package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"veghe/detect/lang/internal/ngram"
)

const (
	maxWord  = 48   // letters of a word that are looked at
	maxWords = 1024 // words looked at together; longer texts go piece by piece
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
	script     ngram.Script
	before     gap
	name       bool // a capital within a sentence, and only one
	letters    int32
	common     uint32 // languages of its table in which it is a function word
	// score of each language of its table, at most 0 before the bonus
	score [ngram.MaxLangs]int32
}

// scanner cuts a text into words. Links, addresses, handles and digits are
// not words: they are alike in every language.
type scanner struct {
	s     string
	at    int // where to go on
	chunk int // up to where links have been looked for
}

// next finds the next word and puts its letters, as codes, into buf.
func (sc *scanner) next(buf *[maxWord]letter) (w word, letters []letter, ok bool) {
	before := space
	for sc.at < len(sc.s) {
		if sc.at >= sc.chunk {
			sc.skipLinks()
			if sc.at >= len(sc.s) {
				break
			}
		}
		r, size := sc.rune()
		script, code := ngram.Letter(r)
		if script == ngram.None {
			before = max(before, gapOf(r))
			sc.at += size
			continue
		}
		w = word{start: sc.at, before: before}
		letters = append(buf[:0], letter{script, code})
		sc.at += size
		letters = sc.letters(letters)
		w.end = sc.at
		w.name = w.start > 0 && before != stop && capitalized(sc.s[w.start:w.end])
		return w, letters, true
	}
	return word{}, nil, false
}

// capitalized reports whether the first letter of a word is a capital and the
// second is not.
func capitalized(w string) bool {
	first, size := utf8.DecodeRuneInString(w)
	if !unicode.IsUpper(first) {
		return false
	}
	second, _ := utf8.DecodeRuneInString(w[size:])
	return !unicode.IsUpper(second)
}

// letter is a letter as its script and code.
type letter struct {
	script ngram.Script
	code   byte
}

// letters reads on to the end of the word. Marks that combine with a letter,
// and invisible characters, do not end it.
func (sc *scanner) letters(out []letter) []letter {
	for sc.at < len(sc.s) {
		r, size := sc.rune()
		script, code := ngram.Letter(r)
		switch {
		case script != ngram.None:
			if len(out) < maxWord {
				out = append(out, letter{script, code})
			}
		case r < 0x80, !unicode.In(r, unicode.Mn, unicode.Cf):
			return out
		}
		sc.at += size
	}
	return out
}

func (sc *scanner) rune() (rune, int) {
	if c := sc.s[sc.at]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(sc.s[sc.at:])
}

// skipLinks is called at the start of a stretch without blanks. It passes
// over it when it is a link or an address.
func (sc *scanner) skipLinks() {
	for sc.at < len(sc.s) {
		rest := sc.s[sc.at:]
		if sc.s[sc.at] <= ' ' {
			sc.chunk = sc.at + 1 // blanks are read one by one for their gap
			return
		}
		end, link := 0, false
		for end < len(rest) && rest[end] > ' ' {
			switch rest[end] {
			case '@':
				link = true
			case ':':
				link = link || strings.HasPrefix(rest[end:], "://")
			case '.':
				link = link || domainDot(rest, end)
			}
			end++
		}
		if !link {
			sc.chunk = sc.at + end
			return
		}
		sc.at += end
	}
}

// endings are the ends of host names that are taken for a link without
// looking further. A word of a language may be missed after a full stop
// without a blank; that costs little.
var endings = []string{"com", "net", "org", "info", "biz", "ro", "eu", "md", "ru", "uk", "bg", "hu", "me", "io", "gg"}

// domainDot reports whether the dot at s[i] is within a host name: www. or
// one before a known ending.
func domainDot(s string, i int) bool {
	if i == 0 {
		return false
	}
	if i == 3 && strings.EqualFold(s[:3], "www") {
		return true
	}
	rest := s[i+1:]
	for _, end := range endings {
		if len(rest) >= len(end) && strings.EqualFold(rest[:len(end)], end) {
			return len(rest) == len(end) || !isAlnum(rest[len(end)])
		}
	}
	return false
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
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
func settle(letters []letter, buf *[maxWord]byte) (ngram.Script, []byte) {
	script, mixed := letters[0].script, false
	for _, l := range letters {
		mixed = mixed || l.script != script
	}
	if mixed {
		script = majority(letters)
	}
	codes := buf[:0]
	for _, l := range letters {
		switch {
		case l.script == script:
			codes = append(codes, l.code)
		case script == ngram.Latin || script == ngram.Cyrillic:
			codes = append(codes, ngram.Lookalike(l.script, l.code))
		}
	}
	return script, codes
}

func majority(letters []letter) ngram.Script {
	var n [ngram.Other + 1]int
	best := letters[0].script
	for _, l := range letters {
		n[l.script]++
	}
	for s, c := range n {
		if c > n[best] {
			best = ngram.Script(s)
		}
	}
	return best
}
