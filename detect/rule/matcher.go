package rule

import (
	"bytes"
	"slices"
	"sort"
	"strings"
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
	Quoted   []Range
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

// Range is a stretch of original bytes.
type Range struct{ Start, End int }

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

// maxHits is how many places of one signal are kept per post.
const maxHits = 1_000

// hit is one place where a signal was found.
type hit struct {
	start, end  int32 // original bytes
	first, last int32 // tokens; last < first between two tokens
	next        int32 // hit of the same signal, -1 at the end
	field       uint8
}

// found is what is known about a signal in the post at hand.
type found struct {
	epoch       uint32
	n           int32
	first, last int32 // hits
}

// Matcher matches posts against a Set, one at a time. It holds buffers that
// are used again, so it belongs to one goroutine.
type Matcher struct {
	set   *Set
	in    *Input
	epoch uint32
	docs  [2]*text.Doc
	own   [2]text.Doc

	found      []found // by signal
	hits       []hit
	seen       []uint32 // by unit: epoch in which it became a candidate
	fired      []uint32 // by unit: epoch in which it fired
	candidates []int32

	// The field being scanned. Words are numbered through: first the tokens,
	// then the extras.
	doc       *text.Doc
	field     uint8
	symbols   []symbol // by word, with flags
	classFrom []int32  // by word, where flagged: its classes in classBuf
	classBuf  []symbol // runs, each ended by 0
	stretches []uint64 // by segment of the input: languages
	masks     []uint64 // by word: languages; empty when all have mask
	mask      uint64
	extras    bool // some extra may be part of a phrase
	path      [maxTermWords]pathStep
	memo      []uint64 // hashes of words known to be in no class

	// Evaluating a unit.
	a, b    []hit
	watches []WatchHit
	spans   []veghe.Span
	cited   []citation
	place   text.Doc
}

// pathStep is a word on the path through the trie.
type pathStep struct{ word int32 }

const memoSize = 1 << 13

// Matcher makes a matcher for one worker.
func (s *Set) Matcher() *Matcher {
	return &Matcher{
		set: s, found: make([]found, len(s.signals)), seen: make([]uint32, len(s.units)), fired: make([]uint32, len(s.units)),
		memo: make([]uint64, memoSize),
	}
}

// Match finds the indicators in a post. The result is the caller's, and nil
// for most posts. It is in the order of rules that need no other, then those
// that wait for them, by id.
func (m *Matcher) Match(in *Input) []veghe.Finding {
	m.begin(in)
	m.scan(inTitle)
	m.scan(inText)
	m.scanContacts()
	return m.evaluate()
}

// Watches are the standing searches that found the post last matched.
func (m *Matcher) Watches() []WatchHit { return m.watches }

func (m *Matcher) begin(in *Input) {
	m.in = in
	m.epoch++
	if m.epoch == 0 { // wrapped around: forget all stamps
		clear(m.found)
		clear(m.seen)
		clear(m.fired)
		m.epoch = 1
	}
	m.hits, m.candidates = m.hits[:0], m.candidates[:0]
	if cap(m.hits) > 1<<20 {
		m.hits = nil
	}
	m.docs = [2]*text.Doc{in.Title, in.Text}
	if in.Title == nil {
		m.own[inTitle].Fold(title(in.Post))
		m.docs[inTitle] = &m.own[inTitle]
	}
	if in.Text == nil {
		m.own[inText].Fold(body(in.Post))
		m.docs[inText] = &m.own[inText]
	}
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

// scan finds all words and patterns of one field.
func (m *Matcher) scan(field uint8) {
	m.doc, m.field = m.docs[field], field
	if len(m.doc.Tokens)+len(m.doc.Extra) == 0 {
		m.languages()
		m.scanPatterns()
		return
	}
	m.lookUp()
	m.languages()
	m.walk()
	m.scanPatterns()
}

// lookUp turns words into symbols.
func (m *Matcher) lookUp() {
	d, v := m.doc, m.set.vocab
	n := len(d.Tokens) + len(d.Extra)
	m.symbols = slices.Grow(m.symbols[:0], n)[:n]
	m.classFrom = slices.Grow(m.classFrom[:0], n)[:n]
	m.classBuf = m.classBuf[:0]
	m.extras = false
	for i := range d.Tokens {
		m.symbols[i] = v.get(d.Tokens[i].Hash)
	}
	for i := range d.Tokens {
		m.classify(int32(i), &d.Tokens[i])
	}
	for k := range d.Extra {
		x := &d.Extra[k].Token
		i := int32(len(d.Tokens) + k)
		m.symbols[i] = v.get(x.Hash)
		if x.Flags&text.Symbol == 0 {
			m.extras = true
			m.classify(i, x)
		}
	}
}

// classify notes the classes of a word, known ones from the vocabulary.
func (m *Matcher) classify(i int32, t *text.Token) {
	s := m.symbols[i]
	if s != 0 {
		if s&classes != 0 {
			v := m.set.vocab
			w := s & symbolMask
			m.classFrom[i] = int32(len(m.classBuf))
			m.classBuf = append(append(m.classBuf, v.of[v.class[w]:v.class[w+1]]...), 0)
		}
		return
	}
	if len(m.set.classes.classes) == 0 {
		return
	}
	at := t.Hash >> 11 & (memoSize - 1)
	if m.memo[at] == t.Hash {
		return
	}
	from := len(m.classBuf)
	m.classBuf = m.set.classes.find(m.doc.Word(*t), m.classBuf)
	if len(m.classBuf) == from {
		m.memo[at] = t.Hash
		return
	}
	m.classBuf = append(m.classBuf, 0)
	m.classFrom[i] = int32(from)
	m.symbols[i] = classes
}

// languages works out which languages count at each word. Bit 0 is "any
// language"; a word without any bit is not the author's own.
func (m *Matcher) languages() {
	m.masks, m.stretches = m.masks[:0], m.stretches[:0]
	m.mask = ^uint64(0)
	if m.in.Langs != nil {
		m.mask = 1
		for _, seg := range m.in.Langs {
			mask := m.langMask(seg.Langs)
			m.stretches = append(m.stretches, mask)
			m.mask |= mask
		}
	}
	if m.uniform() {
		return
	}
	d := m.doc
	for i := range d.Tokens {
		m.masks = append(m.masks, m.maskAt(int(d.Tokens[i].Start), int(d.Tokens[i].End)))
	}
	for k := range d.Extra {
		m.masks = append(m.masks, m.maskAt(int(d.Extra[k].Start), int(d.Extra[k].End)))
	}
}

// uniform reports whether the same languages count in all of the field.
func (m *Matcher) uniform() bool {
	l := m.in.Langs
	return m.field == inTitle ||
		len(m.in.Quoted) == 0 && (l == nil || len(l) == 1 && l[0].Start <= 0 && l[0].End >= len(m.doc.Source()))
}

func (m *Matcher) langMask(langs []string) uint64 {
	mask := uint64(1)
	for _, l := range langs {
		if b, ok := m.set.langs[l]; ok {
			mask |= 1 << b
		}
	}
	return mask
}

// maskAt is the mask of original bytes [start, end) of the field.
func (m *Matcher) maskAt(start, end int) uint64 {
	switch {
	case m.uniform():
		return m.mask
	case m.quoted(start, end):
		return 0
	case m.in.Langs == nil:
		return m.mask
	}
	l := m.in.Langs
	k := sort.Search(len(l), func(k int) bool { return l[k].Start > start }) - 1
	if k < 0 || l[k].End <= start {
		return 1
	}
	return m.stretches[k]
}

func (m *Matcher) maskOf(word int32) uint64 {
	if len(m.masks) == 0 {
		return m.mask
	}
	return m.masks[word]
}

// walk follows the trie from every word.
func (m *Matcher) walk() {
	for i, s := range m.symbols {
		if s&(starts|classes) == 0 {
			continue
		}
		if s&starts != 0 {
			m.root(s&symbolMask, int32(i))
		}
		if s&classes != 0 {
			for _, c := range m.classBuf[m.classFrom[i]:] {
				if c == 0 {
					break
				}
				m.root(c, int32(i))
			}
		}
	}
}

func (m *Matcher) root(s symbol, word int32) {
	r := &m.set.trie.roots[s]
	m.path[0].word = word
	if r.to > r.from {
		m.emit(r, 1)
	}
	if r.node != 0 {
		m.onward(r.node, 1)
	}
}

// onward tries the words that may follow the path so far: the next token,
// and disguised words in its place.
func (m *Matcher) onward(node uint32, depth int) {
	_, last := m.tokens(m.path[depth-1].word)
	p := last + 1
	if int(p) >= len(m.doc.Tokens) {
		return
	}
	m.try(node, p, depth)
	if !m.extras {
		return
	}
	x := m.doc.Extra
	for k := sort.Search(len(x), func(k int) bool { return x[k].First >= p }); k < len(x) && x[k].First == p; k++ {
		if x[k].Flags&text.Symbol == 0 {
			m.try(node, int32(len(m.doc.Tokens)+k), depth)
		}
	}
}

func (m *Matcher) try(node uint32, word int32, depth int) {
	s := m.symbols[word]
	if s&symbolMask != 0 {
		m.take(node, s&symbolMask, word, depth)
	}
	if s&classes != 0 {
		for _, c := range m.classBuf[m.classFrom[word]:] {
			if c == 0 {
				break
			}
			m.take(node, c, word, depth)
		}
	}
}

func (m *Matcher) take(node uint32, s symbol, word int32, depth int) {
	e := m.set.trie.follow(node, s)
	if e == nil {
		return
	}
	m.path[depth].word = word
	if e.to > e.from {
		m.emit(e, depth+1)
	}
	if e.node != 0 {
		m.onward(e.node, depth+1)
	}
}

// tokens is the range of tokens that a word stands for.
func (m *Matcher) tokens(word int32) (first, last int32) {
	if n := int32(len(m.doc.Tokens)); word >= n {
		x := &m.doc.Extra[word-n]
		return x.First, x.Last
	}
	return word, word
}

func (m *Matcher) token(word int32) *text.Token {
	if n := int32(len(m.doc.Tokens)); word >= n {
		return &m.doc.Extra[word-n].Token
	}
	return &m.doc.Tokens[word]
}

// emit records the terms at the end of a path of depth words.
func (m *Matcher) emit(s *step, depth int) {
	path := m.path[:depth]
	mask := m.maskOf(path[0].word)
	if mask == 0 || m.maskOf(path[depth-1].word) == 0 || !m.genuine(path) {
		return
	}
	first, _ := m.tokens(path[0].word)
	_, last := m.tokens(path[depth-1].word)
	h := hit{start: m.token(path[0].word).Start, end: m.token(path[depth-1].word).End, first: first, last: last, field: m.field}
	for i := s.from; i < s.to; i++ {
		p := &m.set.trie.postings[i]
		if mask>>p.lang&1 == 0 || p.only && !m.evasive(path) || p.term >= 0 && !m.exact(path, &m.set.verify[p.term]) {
			continue
		}
		m.hit(p.signal, h)
	}
}

// genuine compares the words themselves, for two may share a hash.
func (m *Matcher) genuine(path []pathStep) bool {
	v := m.set.vocab
	for _, p := range path {
		s := m.symbols[p.word] & symbolMask
		if s != 0 && string(m.doc.Word(*m.token(p.word))) != v.words[s] {
			return false
		}
	}
	return true
}

func (m *Matcher) evasive(path []pathStep) bool {
	for _, p := range path {
		if m.token(p.word).Evasive() {
			return true
		}
	}
	return false
}

// exact holds the words as they were written against a term whose case or
// diacritics matter. Diacritics count only in a text that uses them at all.
func (m *Matcher) exact(path []pathStep, t *exactTerm) bool {
	words, spell := t.words, t.spell
	if t.plain != nil && !m.doc.Accented {
		words, spell = t.plain, text.Cased
	}
	if t.folded && !m.doc.Accented {
		return true
	}
	src := m.doc.Source()
	for i, p := range path {
		tok := m.token(p.word)
		if int(p.word) >= len(m.doc.Tokens) && tok.Flags&text.Symbol == 0 {
			return false // a disguised word is not as written
		}
		if tok.Flags&text.Symbol == 0 && !words[i].matches(spell(src[tok.Start:tok.End])) {
			return false
		}
	}
	return true
}

// hit adds one place of a signal.
func (m *Matcher) hit(signal int32, h hit) {
	f := &m.found[signal]
	info := &m.set.signals[signal]
	if f.epoch != m.epoch {
		*f = found{epoch: m.epoch, first: -1, last: -1}
		if info.anchor {
			m.candidate(info.unit)
		}
	}
	if f.n >= maxHits {
		return
	}
	h.next = -1
	at := int32(len(m.hits))
	if f.last >= 0 {
		before := &m.hits[f.last]
		if before.start == h.start && before.end == h.end && before.field == h.field {
			return // two terms of the signal, one place
		}
		before.next = at
	} else {
		f.first = at
	}
	f.last = at
	f.n++
	m.hits = append(m.hits, h)
}

func (m *Matcher) candidate(unit int32) {
	if m.seen[unit] != m.epoch {
		m.seen[unit] = m.epoch
		m.candidates = append(m.candidates, unit)
	}
}

// scanPatterns runs the regular expressions that may match.
func (m *Matcher) scanPatterns() {
	folded := m.doc.Folded()
	if len(folded) == 0 {
		return
	}
	for i := range m.set.scans {
		sc := &m.set.scans[i]
		if len(sc.literals) > 0 && !slices.ContainsFunc(sc.literals, func(l []byte) bool { return bytes.Contains(folded, l) }) {
			continue
		}
		for _, loc := range sc.re.FindAllIndex(folded, maxHits) {
			if loc[0] < loc[1] {
				m.patternHit(sc, loc[0], loc[1])
			}
		}
	}
}

func (m *Matcher) patternHit(sc *scan, from, to int) {
	start, end := m.doc.Span(from, to)
	h := m.hitAt(start, end)
	if m.maskAt(start, end)>>sc.lang&1 != 0 {
		m.hit(sc.signal, h)
	}
}

// hitAt is a hit at original bytes, with the tokens that it touches.
func (m *Matcher) hitAt(start, end int) hit {
	t := m.doc.Tokens
	first := sort.Search(len(t), func(i int) bool { return int(t[i].End) > start })
	last := sort.Search(len(t), func(i int) bool { return int(t[i].Start) >= end }) - 1
	return hit{start: int32(start), end: int32(end), first: int32(first), last: int32(max(last, first-1)), field: m.field}
}

// scanContacts turns contacts into hits.
func (m *Matcher) scanContacts() {
	if len(m.set.contact) == 0 {
		return
	}
	for i := range m.in.Contacts {
		c := &m.in.Contacts[i]
		m.field = inText
		if c.Field == "title" {
			m.field = inTitle
		}
		m.doc = m.docs[m.field]
		if c.Start < 0 || c.End <= c.Start || c.End > len(m.doc.Source()) || m.field == inText && m.quoted(c.Start, c.End) {
			continue
		}
		for _, sig := range m.set.contact[c.Kind] {
			if m.set.signals[sig].bounds(c.Value) {
				m.hit(sig, m.hitAt(c.Start, c.End))
			}
		}
	}
}

func (m *Matcher) quoted(start, end int) bool {
	q := m.in.Quoted
	k := sort.Search(len(q), func(k int) bool { return q[k].End > start })
	return k < len(q) && q[k].Start < end
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
