package rule

import (
	"slices"
	"time"

	"veghe"
	"veghe/detect/text"
)

// Input is one post to match, with what is known about it. Only Post is
// needed.
type Input struct {
	Post *veghe.Post
	// Title and Text are the post's, folded; nil to have them folded here.
	Title, Text *text.Doc
	// Langs are the candidate languages per stretch of Text. A term counts
	// where its language is among them; what no stretch covers has only the
	// terms of any language. Nil means all languages everywhere. The title
	// takes the languages of all stretches. Stretches are in order and do not
	// overlap; so are quoted ones.
	Langs    []Segment
	Contacts []veghe.Contact
	// Quoted are stretches of Text that are not the author's own words.
	Quoted   []text.Range
	Features map[string]float64
	// Now decides whether exceptions have expired; zero: none has.
	Now time.Time
}

// Segment is a stretch of Text, in original bytes, and the languages that it
// may be in.
type Segment struct {
	Start, End int
	Langs      []string
}

// WatchHit is a standing search that found a post.
type WatchHit struct {
	Name  string       `json:"watch"`
	Title string       `json:"title"`
	Why   string       `json:"why"`
	Spans []veghe.Span `json:"spans"`
}

// Fields that hits lie in.
const (
	inTitle = iota
	inText
)

// Matcher matches posts against a Set, one at a time. It holds buffers that
// are used again, so it belongs to one goroutine.
//
// A post goes through in two steps, of which the second is seldom needed:
//
//	words ─▶ symbols ─▶ trie ─▶ finds ─▶ candidates ┐  scan.go
//	                                                ▼
//	findings ◀─ conditions ◀─ places of signals ◀─ units  eval.go, places.go
//
// The scan writes down which terms stand where, and which units they make
// candidates. Only for those is it worked out where their signals were found,
// each when it is first asked for: a signal of common words costs nothing
// until the rare one beside it has been seen.
type Matcher struct {
	set   *Set
	in    *Input
	epoch uint32
	docs  [2]*text.Doc
	own   [2]text.Doc

	// What the scan found.
	finds      []find
	ends       [endBits / 64]uint64 // bits of the ends found, by endBit
	titled     int                  // finds of the title: the first so many
	paths      []int32              // words of the finds of several
	seen       []uint32
	fired      []uint32    // by unit, as seen: the epoch in which it happened
	noticed    []int32     // finds that lead to units
	leads      []uint32    // to units, of what is no find
	literal    [2][]uint32 // by field and pattern of Set.literals, as seen: it has all it needs
	candidates []int32     // units
	scanner

	// Which languages count, a bit each. Bit 0 is "any language".
	stretches []uint64 // by segment of the input
	mask      uint64   // all of them

	// Where signals were found.
	heads             [findHeads]int32 // finds by end, chained
	linked, handedOut bool
	shares            []share
	found             []found // by probe
	hits              []hit
	buf               []hit

	windows []window
	census  [2]census // of the folded fields

	findings []foundRule
	watches  []WatchHit
	spans    []veghe.Span // of the findings so far
	cited    []citation
	reason   []byte
	place    text.Doc
}

// find says that the words of an end of the trie stand in the text.
type find struct {
	end         uint32
	word        int32 // the word, or, of n words, their place in paths
	n           int32
	first, last int32 // tokens
	next        int32 // find with the same head plus one; 0: none
}

// endBits is how many bits tell which ends were found; those with the same
// bit are told apart later. Few are set by most posts.
const endBits = 1 << 13

// endBit is the bit of an end, never that of no end.
func endBit(e uint32) uint16 { return uint16(e % endBits) }

// Matcher makes a matcher for one worker.
func (s *Set) Matcher() *Matcher {
	return &Matcher{
		set: s, found: make([]found, len(s.probes)), seen: make([]uint32, len(s.units)), fired: make([]uint32, len(s.units)),
		literal: [2][]uint32{make([]uint32, len(s.literals.patterns)), make([]uint32, len(s.literals.patterns))},
		scanner: scanner{literals: make([]uint32, len(s.literals.patterns))},
	}
}

// Match finds the indicators in a post. The result is the caller's, and nil
// for most posts. It is in the order of rules that need no other, then those
// that wait for them, by id.
func (m *Matcher) Match(in *Input) []veghe.Finding {
	m.begin(in)
	m.scan(inTitle)
	m.titled = len(m.finds)
	m.scan(inText)
	m.noticeContacts()
	return m.evaluate()
}

// Watches are the standing searches that found the post last matched.
func (m *Matcher) Watches() []WatchHit { return m.watches }

// keepFinds is how many finds and hits a matcher has room for between posts.
const keepFinds = 1 << 16

func (m *Matcher) begin(in *Input) {
	m.in = in
	m.epoch++
	if m.epoch == 0 { // wrapped around: forget all stamps
		clear(m.found)
		clear(m.seen)
		clear(m.fired)
		clear(m.literal[inTitle])
		clear(m.literal[inText])
		m.epoch = 1
	}
	m.finds, m.paths, m.hits = keep(m.finds), keep(m.paths), keep(m.hits)
	m.leads, m.noticed, m.candidates, m.watches = keep(m.leads), keep(m.noticed), m.candidates[:0], nil
	m.linked, m.handedOut, m.titled, m.tally = false, false, 0, nil
	m.shares, m.census[inTitle].taken, m.census[inText].taken = keep(m.shares), false, false
	m.ends = [len(m.ends)]uint64{1} // the bit of no end is always set
	m.docs = [2]*text.Doc{in.Title, in.Text}
	if in.Title == nil {
		m.own[inTitle].Fold(title(in.Post))
		m.docs[inTitle] = &m.own[inTitle]
	}
	if in.Text == nil {
		m.own[inText].Fold(body(in.Post))
		m.docs[inText] = &m.own[inText]
	}
	m.languages()
}

// keep empties a buffer, and lets go of a large one: a giant post must not
// hold memory for good.
func keep[T any](buf []T) []T {
	if cap(buf) > keepFinds {
		return nil
	}
	return buf[:0]
}

func title(p *veghe.Post) string {
	if p == nil {
		return ""
	}
	return p.Title
}

func body(p *veghe.Post) string {
	if p == nil {
		return ""
	}
	return p.Text
}

// languages works out which languages count in which stretch of the text.
func (m *Matcher) languages() {
	m.stretches = m.stretches[:0]
	if m.in.Langs == nil {
		m.mask = ^uint64(0)
		return
	}
	m.mask = 1
	for _, seg := range m.in.Langs {
		mask := uint64(1)
		for _, l := range seg.Langs {
			if b, ok := m.set.langs[l]; ok {
				mask |= 1 << b
			}
		}
		m.stretches = append(m.stretches, mask)
		m.mask |= mask
	}
}

// spoken is the languages that count at an original byte of a field.
func (m *Matcher) spoken(field uint8, start int) uint64 {
	if field == inTitle || m.in.Langs == nil {
		return m.mask
	}
	l := m.in.Langs
	k, _ := slices.BinarySearchFunc(l, start, func(s Segment, at int) int {
		if s.Start <= at {
			return -1
		}
		return 1
	})
	if k == 0 || l[k-1].End <= start {
		return 1
	}
	return m.stretches[k-1]
}

// quoted reports whether a stretch of a field is not the author's own.
func (m *Matcher) quoted(field uint8, start, end int) bool {
	q := m.in.Quoted
	if field == inTitle || len(q) == 0 {
		return false
	}
	k, _ := slices.BinarySearchFunc(q, start, func(r text.Range, at int) int {
		if r.End <= at {
			return -1
		}
		return 1
	})
	return k < len(q) && q[k].Start < end
}

// candidate notes that a unit is worth a look.
func (m *Matcher) candidate(unit int32) {
	if m.seen[unit] != m.epoch {
		m.seen[unit] = m.epoch
		m.candidates = append(m.candidates, unit)
	}
}
