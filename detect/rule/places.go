package rule

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"veghe/detect/text"
)

// maxHits is how many places of one signal are kept per post.
const maxHits = 1_000

// hit is one place where a signal was found.
type hit struct {
	start, end  int32 // original bytes
	first, last int32 // tokens; last < first between two tokens
	field       uint8
}

// found says where the hits of a probe are, once they have been asked for.
type found struct {
	epoch    uint32
	from, to int32 // of Matcher.hits
	// The last of its shares plus one, and when it last might have hits.
	shared uint32
	chain  int32
}

// findHeads is a power of two, large enough for the finds of most posts.
const findHeads = 256

// link chains the finds by end, once a post.
func (m *Matcher) link() {
	if m.linked {
		return
	}
	clear(m.heads[:])
	for i := len(m.finds) - 1; i >= 0; i-- {
		f := &m.finds[i]
		head := &m.heads[f.end%findHeads]
		f.next, *head = *head, int32(i)+1
	}
	m.linked = true
}

// places are where a signal was found: each place once, in order, the first
// maxHits. They are worked out when they are first asked for, and valid until
// the next post.
func (m *Matcher) places(sig int32) []hit {
	n := m.set.signals[sig].probe
	if n < 0 {
		return nil
	}
	f := &m.found[n]
	if f.epoch != m.epoch {
		if p := &m.set.probes[n]; (p.wide || p.kind != Words) && !m.mayFind(n) {
			return nil
		}
		from := int32(len(m.hits))
		m.collectHits(n)
		f.epoch, f.from, f.to = m.epoch, from, int32(len(m.hits))
	}
	return m.hits[f.from:f.to]
}

// collectHits adds the places of a probe to the hits.
func (m *Matcher) collectHits(n int32) {
	m.buf = m.buf[:0]
	p := &m.set.probes[n]
	switch p.kind {
	case Words:
		m.termHits(n)
	case Regexp:
		for i := range p.scans {
			m.scanHits(&p.scans[i], inTitle)
			m.scanHits(&p.scans[i], inText)
		}
	case ContactKind:
		m.contactHits(p)
	}
	if !slices.IsSortedFunc(m.buf, compareHits) {
		slices.SortFunc(m.buf, compareHits)
	}
	from := len(m.hits)
	for i := range m.buf {
		if i > 0 && compareHits(m.buf[i-1], m.buf[i]) == 0 {
			continue // two terms of the signal, one place
		}
		if m.hits = append(m.hits, m.buf[i]); len(m.hits)-from == maxHits {
			break
		}
	}
	if cap(m.buf) > keepFinds {
		m.buf = nil
	}
}

func compareHits(a, b hit) int {
	return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
}

// share gives a find to a probe that has a term with its end.
type share struct {
	find int32
	use  uint32 // of Set.uses
	next int32  // of the same probe, plus one
}

// handOut gives all finds to the wide probes that have such a term in a
// language that is spoken, so that none of those need ask for each of its many
// terms.
func (m *Matcher) handOut() {
	m.handedOut = true
	uses := &m.set.uses
	if len(uses.of) == 0 {
		return
	}
	for k := range m.finds {
		end := m.finds[k].end
		for u := uses.at[end]; u < uses.at[end+1]; u++ {
			use := &uses.of[u]
			if m.mask>>use.lang&1 == 0 {
				continue
			}
			f := m.give(use.probe)
			m.shares = append(m.shares, share{int32(k), u, f.chain})
			f.chain = int32(len(m.shares))
		}
	}
}

// give notes that a probe may have hits.
func (m *Matcher) give(n int32) *found {
	f := &m.found[n]
	if f.shared != m.epoch {
		f.shared, f.chain = m.epoch, 0
	}
	return f
}

// mayFind reports whether a probe may have hits: no is certain. A term may
// turn out to be quoted, or not written as it must be.
func (m *Matcher) mayFind(n int32) bool {
	f, p := &m.found[n], &m.set.probes[n]
	switch {
	case !m.handedOut:
		m.handOut()
		return m.mayFind(n)
	case p.kind == Regexp:
		return (p.loose || f.shared == m.epoch) && m.mayMatch(p)
	case f.shared == m.epoch:
		return true
	case p.kind == Words && !p.wide:
		for i := range p.terms {
			if t := &p.terms[i]; m.mayEnd(t.end) && m.mask>>t.lang&1 != 0 {
				return true
			}
		}
	}
	return false
}

// mayMatch reports whether one of the regular expressions of a probe may
// match.
func (m *Matcher) mayMatch(p *probe) bool {
	for i := range p.scans {
		if sc := &p.scans[i]; m.mayScan(sc, inText) || m.mayScan(sc, inTitle) {
			return true
		}
	}
	return false
}

// termHits looks for the terms of a probe among the finds.
func (m *Matcher) termHits(n int32) {
	p := &m.set.probes[n]
	if !p.wide {
		m.link()
		for i := range p.terms {
			m.termFinds(p, &p.terms[i])
		}
		return
	}
	for i := m.found[n].chain; i != 0; i = m.shares[i-1].next {
		u := &m.set.uses.of[m.shares[i-1].use]
		m.termHit(p, u.lang, u.exact, m.shares[i-1].find)
	}
}

// termFinds takes all finds of one term.
func (m *Matcher) termFinds(p *probe, t *probeTerm) {
	if !m.mayEnd(t.end) {
		return
	}
	for k := m.heads[t.end%findHeads]; k != 0; k = m.finds[k-1].next {
		if m.finds[k-1].end == t.end {
			m.termHit(p, t.lang, t.exact, k-1)
		}
	}
}

// termHit adds a find as a place of a term, if it may count as one.
func (m *Matcher) termHit(p *probe, lang uint8, exact, k int32) {
	f := &m.finds[k]
	field := uint8(inText)
	if int(k) < m.titled {
		field = inTitle
	}
	d := m.docs[field]
	path := m.pathOf(f)
	start := wordOf(d, path[0]).Start
	switch {
	case m.spoken(field, int(start))>>lang&1 == 0,
		p.evasive && !evasive(d, path),
		m.quotes(field, d, path),
		!m.genuine(d, path, f.end),
		exact >= 0 && !asWritten(d, path, &m.set.exact[exact]):
		return
	}
	m.buf = append(m.buf, hit{start: start, end: wordOf(d, path[len(path)-1]).End, first: f.first, last: f.last, field: field})
}

// tokensOf is the range of tokens that a word stands for.
func tokensOf(d *text.Doc, word int32) (first, last int32) {
	if n := int32(len(d.Tokens)); word >= n {
		x := &d.Extra[word-n]
		return x.First, x.Last
	}
	return word, word
}

func evasive(d *text.Doc, path []int32) bool {
	return slices.ContainsFunc(path, func(w int32) bool { return wordOf(d, w).Evasive() })
}

// quotes reports whether some word is not the author's own.
func (m *Matcher) quotes(field uint8, d *text.Doc, path []int32) bool {
	if field == inTitle || len(m.in.Quoted) == 0 {
		return false
	}
	return slices.ContainsFunc(path, func(w int32) bool {
		t := wordOf(d, w)
		return m.quoted(field, int(t.Start), int(t.End))
	})
}

// genuine compares the words themselves, for two may share a hash.
func (m *Matcher) genuine(d *text.Doc, path []int32, end uint32) bool {
	pattern := m.set.spellings[m.set.spellingAt[end]:]
	for _, w := range path {
		n, ok := fits(d.Word(*wordOf(d, w)), pattern)
		if !ok {
			return false
		}
		pattern = pattern[n:]
	}
	return true
}

// fits holds a word against the first word of a spelling, as Set.spell wrote
// it, and returns how long that is.
func fits(word []byte, pattern []byte) (n int, ok bool) {
	for i := 0; ; i++ {
		switch c := pattern[i]; {
		case c == spellingEnd:
			return i + 1, len(word) == 0
		case c == '*':
			return i + 2, true
		case len(word) == 0:
			return 0, false
		case c == '?':
			_, w := utf8.DecodeRune(word)
			word = word[w:]
		case c != word[0]:
			return 0, false
		default:
			word = word[1:]
		}
	}
}

// asWritten holds the words as they were written against a term whose case or
// diacritics matter. Diacritics count only in a text that uses them at all.
func asWritten(d *text.Doc, path []int32, t *exactTerm) bool {
	words, spell := t.words, t.spell
	if t.plain != nil && !d.Accented {
		words, spell = t.plain, text.Cased
	}
	if t.folded && !d.Accented {
		return true
	}
	src := d.Source()
	for i, w := range path {
		tok := wordOf(d, w)
		if tok.Flags&text.Symbol != 0 {
			continue
		}
		if int(w) >= len(d.Tokens) || !words[i].matches(spell(src[tok.Start:tok.End])) {
			return false // a disguised word is not as written
		}
	}
	return true
}

// hitAt is a hit at original bytes, with the tokens that it touches.
func (m *Matcher) hitAt(field uint8, start, end int) hit {
	t := m.docs[field].Tokens
	first := sort.Search(len(t), func(i int) bool { return int(t[i].End) > start })
	last := sort.Search(len(t), func(i int) bool { return int(t[i].Start) >= end }) - 1
	return hit{start: int32(start), end: int32(end), first: int32(first), last: int32(max(last, first-1)), field: field}
}

// contactHits turns contacts into hits.
func (m *Matcher) contactHits(p *probe) {
	for i := range m.in.Contacts {
		c := &m.in.Contacts[i]
		field := uint8(inText)
		if c.Field == "title" {
			field = inTitle
		}
		if !slices.Contains(p.Contacts, c.Kind) || c.Start < 0 || c.End <= c.Start || c.End > len(m.docs[field].Source()) {
			continue
		}
		if !m.quoted(field, c.Start, c.End) && p.bounds(c.Value) {
			m.buf = append(m.buf, m.hitAt(field, c.Start, c.End))
		}
	}
}

// bounds reports whether the number that a contact begins with lies between
// min and max.
func (s *Signal) bounds(value string) bool {
	if s.Min == nil && s.Max == nil {
		return true
	}
	x, ok := leadingNumber(value)
	return ok && (s.Min == nil || x >= *s.Min) && (s.Max == nil || x <= *s.Max)
}

// leadingNumber is the number that s begins with, after other signs.
func leadingNumber(s string) (x float64, ok bool) {
	i := strings.IndexAny(s, "0123456789")
	if i < 0 {
		return 0, false
	}
	scale := 0.0
	for _, c := range []byte(s[i:]) {
		switch {
		case c >= '0' && c <= '9':
			x = x*10 + float64(c-'0')
			scale *= 10
		case c == '.' && scale == 0:
			scale = 1
		default:
			return x / max(scale, 1), true
		}
	}
	return x / max(scale, 1), true
}
