package lang

import (
	"math"
	"strings"
	"unicode/utf8"
)

// links finds, one after the other, the stretches without blanks of a text
// that are a link or an address.
type links struct {
	start, end int    // of the next one; start is past the text when there is none
	at         int    // where to look on
	marks      [3]int // of each of the characters that make one
}

// noLinks finds none.
var noLinks = links{start: math.MaxInt}

func newLinks(s string) links {
	l := links{marks: [...]int{-1, -1, -1}}
	l.find(s)
	return l
}

// find goes to the next link, looking only at stretches with one of the
// characters that make one.
func (l *links) find(s string) {
	for l.at < len(s) {
		i := l.next(s)
		if i == len(s) {
			break
		}
		start, end := i, i+1
		for start > l.end && s[start-1] > ' ' {
			start--
		}
		for end < len(s) && s[end] > ' ' {
			end++
		}
		l.at = end
		if isLink(s[start:end]) {
			l.start, l.end = start, end
			return
		}
	}
	l.start, l.at = len(s)+1, len(s)
}

// next is where the next character is that may make a link of what is around
// it, or the end. Each of the three is looked for by itself, which is faster
// than together.
func (l *links) next(s string) int {
	first := len(s)
	for i, c := range [...]byte{'@', ':', '.'} {
		for l.marks[i] < l.at || l.marks[i] < len(s) && !telling(s, l.marks[i]) {
			from := max(l.at, l.marks[i]+1)
			k := strings.IndexByte(s[min(from, len(s)):], c)
			if k < 0 {
				l.marks[i] = len(s)
				break
			}
			l.marks[i] = from + k
		}
		first = min(first, l.marks[i])
	}
	return first
}

// telling reports whether the character at i may make a link of what is
// around it: a full stop or colon at the end of a word does not.
func telling(s string, i int) bool {
	if s[i] == '@' {
		return true
	}
	if i+1 >= len(s) {
		return false
	}
	if s[i] == ':' {
		return s[i+1] == '/'
	}
	return isAlnum(s[i+1])
}

func isLink(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '@':
			return true
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				return true
			}
		case '.':
			if domainDot(s, i) {
				return true
			}
		}
	}
	return false
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
