package rule

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"
)

// A regular expression is slow where it may match anywhere. Every match has
// certain literals in it and, mostly, is of bounded length: it is run only
// over windows around one of the literals that have the others in them too.

// window is a stretch of folded bytes.
type window struct{ from, to int }

// maxWindows is how many literals are worth windows.
const maxWindows = 64

// letterOrDigit is 1 for ASCII letters and digits.
var letterOrDigit = func() (t [256]uint8) {
	for c := range t {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			t[c] = 1
		}
	}
	return t
}()

// census is what stands in a field, as far as it tells that a regular
// expression cannot match.
type census struct {
	bytes   [256]int32 // how often each
	letters int        // ASCII letters and digits
	longest int        // run of these; -1: not known yet
	taken   bool
}

// take counts a field, once a post.
func (c *census) take(folded []byte) {
	if c.taken {
		return
	}
	*c = census{taken: true, longest: -1}
	var odd [256]int32 // by turns, for the same byte often follows itself
	for ; len(folded) > 1; folded = folded[2:] {
		c.bytes[folded[0]]++
		odd[folded[1]]++
	}
	if len(folded) > 0 {
		c.bytes[folded[0]]++
	}
	for b, n := range odd {
		c.bytes[b] += n
		c.letters += int(c.bytes[b]) * int(letterOrDigit[b])
	}
}

// run is the longest run of ASCII letters and digits.
func (c *census) run(folded []byte) int {
	if c.longest < 0 {
		n := 0
		for _, b := range folded {
			n = (n + 1) * int(letterOrDigit[b])
			c.longest = max(c.longest, n)
		}
	}
	return c.longest
}

// atMost is how often literals of a group can stand there.
func (c *census) atMost(group []string) (sum int32) {
	for _, l := range group {
		n := c.bytes[l[0]]
		for i := 1; i < len(l); i++ {
			n = min(n, c.bytes[l[i]])
		}
		sum += n
	}
	return sum
}

// mayScan reports whether a regular expression may match in a field: no is
// certain.
func (m *Matcher) mayScan(sc *scan, field uint8) bool {
	folded := m.docs[field].Folded()
	if len(folded) == 0 || m.mask>>sc.lang&1 == 0 || sc.literal >= 0 && m.literal[field][sc.literal] != m.epoch {
		return false
	}
	c := &m.census[field]
	c.take(folded)
	if sc.whole && sc.letters >= 0 && c.letters > sc.letters {
		return false
	}
	return !slices.ContainsFunc(sc.short, func(group []string) bool { return c.atMost(group) == 0 })
}

// scanHits runs a regular expression over a field, where it may match.
func (m *Matcher) scanHits(sc *scan, field uint8) {
	if !m.mayScan(sc, field) {
		return
	}
	folded, c := m.docs[field].Folded(), &m.census[field]
	m.windows = append(m.windows[:0], window{0, len(folded)})
	if best := c.rarest(sc.near); sc.begins {
		head := sc.head(folded)
		if slices.ContainsFunc(sc.short, func(group []string) bool { return !holds(head, group) }) {
			return
		}
		m.windows[0].to = len(head)
	} else if best >= 0 {
		m.windows = sc.around(m.windows[:0], folded, best, c)
		if !sc.bounded && len(m.windows) > 0 {
			m.windows = append(m.windows[:0], window{m.windows[0].from, len(folded)})
		}
	}
	for _, w := range m.windows {
		m.scanWindow(sc, field, w)
	}
}

// rarest is the group of which fewest literals can stand there; -1 if none is
// worth windows.
func (c *census) rarest(groups []group) int {
	best, fewest := -1, int32(maxWindows+1)
	for i := range groups {
		if n := c.atMost(groups[i].literals); n < fewest {
			best, fewest = i, n
		}
	}
	return best
}

// bytesOf is a reach in a field with folded text, in bytes.
func (c *census) bytesOf(r reach, folded []byte) int {
	if r.runs == 0 {
		return r.bytes
	}
	return r.bytes + r.runs*c.run(folded)
}

// head is as much of a text as a match from its start can fill, and the
// letter or digit after that, for \b and $ to look at.
func (sc *scan) head(folded []byte) []byte {
	if sc.letters < 0 {
		return folded
	}
	n := 0
	for i, b := range folded {
		if n += int(letterOrDigit[b]); n > sc.letters {
			return folded[:i+1]
		}
	}
	return folded
}

// holds reports whether one literal of a group stands there.
func holds(folded []byte, group []string) bool {
	return slices.ContainsFunc(group, func(l string) bool { return bytes.Contains(folded, []byte(l)) })
}

// around appends the windows around literals of one of the near groups that a
// match with literals of all of them may fill, with a character to spare on
// each side for \b, ^ and $ to look at. Windows that touch are one, so no match
// lies in two.
func (sc *scan) around(to []window, folded []byte, best int, c *census) []window {
	g := &sc.near[best]
	before, after := c.bytesOf(g.before, folded)+utf8.UTFMax, c.bytesOf(g.after, folded)+utf8.UTFMax
	for _, l := range g.literals {
		for at := 0; ; at++ {
			i := bytes.Index(folded[at:], []byte(l))
			if i < 0 {
				break
			}
			at += i
			w := window{max(0, at-before), min(len(folded), at+len(l)+after)}
			for w.from > 0 && !utf8.RuneStart(folded[w.from]) {
				w.from--
			}
			for w.to < len(folded) && !utf8.RuneStart(folded[w.to]) {
				w.to++
			}
			if sc.fills(folded[w.from:w.to], best) {
				to = append(to, w)
			}
		}
	}
	return join(to)
}

// fills reports whether a window around a literal of one near group has one
// of each other.
func (sc *scan) fills(folded []byte, but int) bool {
	for i := range sc.near {
		if i != but && !holds(folded, sc.near[i].literals) {
			return false
		}
	}
	return true
}

// join makes one window of those that touch.
func join(windows []window) []window {
	if len(windows) < 2 {
		return windows
	}
	slices.SortFunc(windows, func(a, b window) int { return cmp.Compare(a.from, b.from) })
	n := 0
	for _, w := range windows[1:] {
		if w.from <= windows[n].to {
			windows[n].to = max(windows[n].to, w.to)
			continue
		}
		n++
		windows[n] = w
	}
	return windows[:n+1]
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
