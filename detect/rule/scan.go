package rule

import (
	"encoding/binary"
	"slices"

	"veghe/detect/text"
)

// scanner is what a Matcher needs while it reads one field.
type scanner struct {
	doc   *text.Doc
	field uint8
	// symbols are those of the words, with flags. Words are numbered through:
	// first the tokens, then the extras.
	symbols []uint32
	// runs are classes of words outside the vocabulary, each run ended by 0.
	runs   []symbol
	extras bool // some extra may be part of a term
	path   [maxTermWords]int32
	steps  int // of the trie that may still be tried

	literals []uint32 // of literalSet.find
	tally    map[uint32]int32
}

// scan finds terms and literals in one field.
func (m *Matcher) scan(field uint8) {
	m.doc, m.field = m.docs[field], field
	if len(m.doc.Tokens)+len(m.doc.Extra) > 0 {
		m.lookUp()
		m.walk()
	}
	if len(m.set.literals.literals) > 0 {
		m.set.literals.find(m.doc.Folded(), m.scanner.literals, m.noticeLiterals)
	}
}

// lookUp turns words into symbols.
func (m *Matcher) lookUp() {
	d, v := m.doc, m.set.vocab
	n := len(d.Tokens) + len(d.Extra)
	m.symbols = slices.Grow(m.symbols[:0], n)[:n]
	m.runs = append(m.runs[:0], 0)
	symbols := m.symbols[:len(d.Tokens)]
	for i := range d.Tokens {
		symbols[i] = v.get(d.Tokens[i].Hash)
	}
	if len(m.set.classes.classes) > 0 {
		m.classify()
	}
	m.extras = false
	for k := range d.Extra {
		x := &d.Extra[k].Token
		i := len(d.Tokens) + k
		m.symbols[i] = v.get(x.Hash)
		if x.Flags&text.Symbol != 0 {
			continue
		}
		m.extras = true
		if m.symbols[i] == 0 {
			m.symbols[i] = m.unlisted(d.Word(*x))
		}
	}
}

// classify finds the classes of words outside the vocabulary.
func (m *Matcher) classify() {
	d, c := m.doc, m.set.classes
	folded := d.Folded()
	symbols := m.symbols[:len(d.Tokens)]
	for i, s := range symbols {
		if s != 0 {
			continue
		}
		t := &d.Tokens[i]
		n := int(t.To - t.From)
		var first uint64
		if b := folded[t.From:]; len(b) >= 8 {
			first = binary.LittleEndian.Uint64(b) & lowBytes(n)
		} else {
			first = load8(b[:n])
		}
		if c.may(first, n) {
			symbols[i] = m.unlisted(d.Word(*t))
		}
	}
}

// unlisted is the symbol of a word outside the vocabulary, 0 if it is in no
// class.
func (m *Matcher) unlisted(word []byte) uint32 {
	from := len(m.runs)
	m.runs = m.set.classes.find(word, m.runs)
	if len(m.runs) == from {
		return 0
	}
	flags := uint32(classed | unlisted)
	for _, k := range m.runs[from:] {
		flags |= m.set.trie.good(k)
	}
	m.runs = append(m.runs, 0)
	return flags | uint32(from)
}

// classesOf lists the classes of a word.
func (m *Matcher) classesOf(s uint32) []symbol {
	switch v := m.set.vocab; {
	case s&classed == 0:
		return nil
	case s&unlisted == 0:
		w := s & symbolMask
		return v.classes[v.classAt[w]:v.classAt[w+1]]
	}
	from := s & symbolMask
	to := from
	for m.runs[to] != 0 {
		to++
	}
	return m.runs[from:to]
}

// walk follows the trie from every word, in the order of the text.
func (m *Matcher) walk() {
	d := m.doc
	n := len(d.Tokens)
	// What is tried is bounded by the length of the text, whatever terms and
	// disguises meet; ordinary texts need a step for every few words.
	m.steps = 16*n + 10_000
	x := 0
	for i := range n {
		for x < len(d.Extra) && int(d.Extra[x].First) == i && d.Extra[x].Flags&text.Symbol != 0 {
			m.from(int32(n+x), m.symbols[n+x])
			x++
		}
		if s := m.symbols[i]; s&(completes|begins) != 0 {
			m.from(int32(i), s)
		}
		for x < len(d.Extra) && int(d.Extra[x].First) <= i {
			m.from(int32(n+x), m.symbols[n+x])
			x++
		}
	}
	for ; x < len(d.Extra); x++ {
		m.from(int32(n+x), m.symbols[n+x])
	}
}

// from follows the trie from one word.
func (m *Matcher) from(word int32, s uint32) {
	if s&completes != 0 {
		m.complete(word, s)
	}
	if s&begins == 0 {
		return
	}
	p := m.after(word)
	if int(p) >= len(m.doc.Tokens) || m.symbols[p] == 0 && !m.extras {
		return
	}
	m.path[0] = word
	if s&unlisted == 0 {
		m.onward(s&symbolMask, p, 1)
	}
	for _, k := range m.classesOf(s) {
		if m.set.trie.inner[k] {
			m.onward(k, p, 1)
		}
	}
}

// complete records what a word is by itself.
func (m *Matcher) complete(word int32, s uint32) {
	v := m.set.vocab
	if s&unlisted == 0 {
		w := s & symbolMask
		for _, end := range v.ends[v.endAt[w]:v.endAt[w+1]] {
			m.add(end, word, 1)
		}
		return
	}
	for _, k := range m.classesOf(s) {
		if end := m.set.trie.ends[k]; end != 0 {
			m.add(end, word, 1)
		}
	}
}

// after is the token after a word.
func (m *Matcher) after(word int32) int32 {
	if n := int32(len(m.doc.Tokens)); word >= n {
		return m.doc.Extra[word-n].Last + 1
	}
	return word + 1
}

// onward tries the words that may follow the path so far: token p, and
// disguised words in its place.
func (m *Matcher) onward(node uint32, p int32, depth int) {
	if int(p) >= len(m.doc.Tokens) {
		return
	}
	m.try(node, p, depth)
	if !m.extras {
		return
	}
	x := m.doc.Extra
	k, _ := slices.BinarySearchFunc(x, p, func(x text.Extra, p int32) int { return int(x.First - p) })
	for ; k < len(x) && x[k].First == p; k++ {
		if x[k].Flags&text.Symbol == 0 {
			m.try(node, int32(len(m.doc.Tokens)+k), depth)
		}
	}
}

func (m *Matcher) try(node uint32, word int32, depth int) {
	s := m.symbols[word]
	if w := s & symbolMask; w != 0 && s&unlisted == 0 {
		if e := m.set.trie.follow(node, w); e != nil {
			m.take(e, word, depth)
		}
	}
	if s&classed == 0 {
		return
	}
	for _, k := range m.classesOf(s) {
		if e := m.set.trie.follow(node, k); e != nil {
			m.take(e, word, depth)
		}
	}
}

// take goes along an edge.
func (m *Matcher) take(e *edge, word int32, depth int) {
	if m.steps--; m.steps < 0 {
		return
	}
	m.path[depth] = word
	if e.end != 0 {
		m.addPath(e.end, depth+1)
	}
	if e.node != 0 {
		m.onward(e.node, m.after(word), depth+1)
	}
}

func (m *Matcher) addPath(end uint32, n int) {
	at := len(m.paths)
	m.paths = append(m.paths, m.path[:n]...)
	m.add(end, int32(at), int32(n))
}

// Of one term, so many finds are kept in a long text.
const (
	manyFinds = 4 * maxHits
	longText  = 1 << 14 // finds
)

// add records that an end was found, at a word or a path of n words.
func (m *Matcher) add(end uint32, at, n int32) {
	if len(m.finds) >= longText && m.tooMany(end) {
		return
	}
	m.finds = append(m.finds, find{end: end, at: at, n: n})
	if anchors := m.set.terms.get(end); len(anchors) > 0 {
		m.notice(anchors, at, n)
	}
}

// tooMany counts the finds of an end once a text turns out to be long.
func (m *Matcher) tooMany(end uint32) bool {
	if len(m.finds) == longText {
		m.tally = map[uint32]int32{}
		for i := range m.finds {
			m.tally[m.finds[i].end]++
		}
	}
	m.tally[end]++
	return m.tally[end] > manyFinds
}

// notice makes the units of an end candidates, where their language may be
// spoken.
func (m *Matcher) notice(anchors []anchor, at, n int32) {
	mask := m.mask
	if len(m.in.Langs) > 1 && m.field == inText {
		if n > 1 {
			at = m.paths[at]
		}
		mask = m.spoken(inText, int(wordOf(m.doc, at).Start))
	}
	for _, a := range anchors {
		if mask>>a.lang&1 != 0 {
			m.candidate(a.unit)
		}
	}
}

func (m *Matcher) noticeLiterals(a anchor) {
	if m.mask>>a.lang&1 != 0 {
		m.candidate(a.unit)
	}
}

func (m *Matcher) noticeContacts() {
	if len(m.set.contacts) == 0 {
		return
	}
	for i := range m.in.Contacts {
		for _, a := range m.set.contacts[m.in.Contacts[i].Kind] {
			m.candidate(a.unit)
		}
	}
}

// wordOf is a word of a document: a token, or after those an extra.
func wordOf(d *text.Doc, word int32) *text.Token {
	if n := int32(len(d.Tokens)); word >= n {
		return &d.Extra[word-n].Token
	}
	return &d.Tokens[word]
}
