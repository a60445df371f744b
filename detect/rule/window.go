package rule

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// A regular expression is slow where it may match anywhere. Where every match
// has a certain literal in it and is of bounded length, it is run only over
// windows around those literals.

// window is a stretch of folded bytes.
type window struct{ from, to int }

// maxWindows is how many literals are worth windows.
const maxWindows = 32

// scanHits runs a regular expression over a field, where it may match.
func (m *Matcher) scanHits(sc *scan, field uint8) {
	folded := m.docs[field].Folded()
	if len(folded) == 0 {
		return
	}
	m.countBytes(field, folded)
	best, fewest := -1, maxWindows+1
	for i, group := range sc.groups {
		n := 0
		for _, l := range group {
			if m.bytes[field][l[0]] && m.bytes[field][l[len(l)-1]] {
				n += bytes.Count(folded, []byte(l))
			}
		}
		if n == 0 {
			return
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	m.windows = append(m.windows[:0], window{0, len(folded)})
	if best >= 0 && sc.bounded {
		m.windows = around(m.windows[:0], folded, sc.groups[best], sc.reach.bytes+sc.reach.runs*m.longest[field])
	}
	for _, w := range m.windows {
		m.scanWindow(sc, field, w)
	}
}

// countBytes notes which bytes stand in a field, and how long its longest run
// of ASCII letters and digits is, once a post.
func (m *Matcher) countBytes(field uint8, folded []byte) {
	if m.counted[field] {
		return
	}
	m.counted[field] = true
	there := &m.bytes[field]
	*there = [256]bool{}
	run, longest := 0, 0
	for _, c := range folded {
		there[c] = true
		run++
		if c|0x20 < 'a' && (c < '0' || c > '9') || c > 'z' {
			run = 0
		}
		longest = max(longest, run)
	}
	m.longest[field] = longest
}

// around appends the windows around literals that a match of at most reach
// bytes may fill, with a character to spare on each side for \b to look at.
// Windows that touch are one, so no match lies in two.
func around(to []window, folded []byte, literals []string, reach int) []window {
	for _, l := range literals {
		for at := 0; ; at++ {
			i := bytes.Index(folded[at:], []byte(l))
			if i < 0 {
				break
			}
			at += i
			w := window{max(0, at-reach-utf8.UTFMax), min(len(folded), at+len(l)+reach+utf8.UTFMax)}
			for w.from > 0 && !utf8.RuneStart(folded[w.from]) {
				w.from--
			}
			for w.to < len(folded) && !utf8.RuneStart(folded[w.to]) {
				w.to++
			}
			to = append(to, w)
		}
	}
	slices.SortFunc(to, func(a, b window) int { return cmp.Compare(a.from, b.from) })
	n := 0
	for _, w := range to[1:] {
		if w.from <= to[n].to {
			to[n].to = max(to[n].to, w.to)
			continue
		}
		n++
		to[n] = w
	}
	return to[:n+1]
}

func (m *Matcher) scanWindow(sc *scan, field uint8, w window) {
	d := m.docs[field]
	for _, loc := range sc.re.FindAllIndex(d.Folded()[w.from:w.to], maxHits) {
		if loc[0] == loc[1] {
			continue
		}
		start, end := d.Span(w.from+loc[0], w.from+loc[1])
		if !m.quoted(field, start, end) && m.spoken(field, start)>>sc.lang&1 != 0 {
			m.buf = append(m.buf, m.hitAt(field, start, end))
		}
	}
}
