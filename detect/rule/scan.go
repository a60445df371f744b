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

	starts   []int32 // words to begin with
	one      [1]int32
	literals []uint32 // of literalSet.find
}

// scan finds terms and literals in one field. Each step is a short loop over
// all words, so that the memory it waits for is fetched side by side.
func (m *Matcher) scan(field uint8) {
	m.doc, m.field = m.docs[field], field
	if len(m.doc.Tokens)+len(m.doc.Extra) > 0 {
		from := len(m.finds)
		m.lookUp()
		m.classify()
		m.completed()
		m.walk()
		if len(m.finds) > longText {
			m.thin(from)
		}
		m.notice(from)
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
	symbols := m.symbols[:len(d.Tokens)]
	for i := range d.Tokens {
		symbols[i] = v.get(d.Tokens[i].Hash)
	}
	m.extras = false
	for k := range d.Extra {
		m.symbols[len(d.Tokens)+k] = v.get(d.Extra[k].Hash)
		m.extras = m.extras || d.Extra[k].Flags&text.Symbol == 0
	}
}

// classify finds the classes of words outside the vocabulary.
func (m *Matcher) classify() {
	d, c := m.doc, m.set.classes
	if len(c.classes) == 0 {
		return
	}
	m.runs = append(m.runs[:0], 0)
	folded := d.Folded()
	for i, s := range m.symbols[:len(d.Tokens)] {
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
		if c.lens[lensSlot(first)]|c.short == 0 {
			continue
		}
		from := len(m.runs)
		m.runs = c.find(first, d.Word(*t), m.runs)
		if len(m.runs) > from {
			m.unlisted(int32(i), from)
		}
	}
	for k := range d.Extra {
		if i := len(d.Tokens) + k; m.symbols[i] == 0 && d.Extra[k].Flags&text.Symbol == 0 {
			from := len(m.runs)
			w := d.Word(d.Extra[k].Token)
			m.runs = c.find(load8(w), w, m.runs)
			m.unlisted(int32(i), from)
		}
	}
}

// unlisted records what a word outside the vocabulary completes and gives it
// a symbol if it is part of longer terms. Its classes are the runs from a
// place on.
func (m *Matcher) unlisted(word int32, from int) {
	t := m.set.trie
	flags := uint32(0)
	for _, k := range m.runs[from:] {
		if t.ends[k] != 0 {
			m.add(t.ends[k], word)
		}
		if t.part[k] {
			flags |= t.good(k)&^completes | viaClass | unlisted
		}
	}
	if flags == 0 {
		m.runs = m.runs[:from]
		return
	}
	m.runs = append(m.runs, 0)
	m.symbols[word] = flags | uint32(from)
}

// completed records what words are by themselves.
func (m *Matcher) completed() {
	v, n := m.set.vocab, len(m.doc.Tokens)
	m.starts = slices.Grow(m.starts[:0], n)
	words, k := m.starts[:n], 0
	for i, s := range m.symbols[:n] {
		words[k] = int32(i) // written over by the next one unless this one counts
		k += int(s >> 31)
	}
	from := len(m.finds)
	for _, i := range words[:k] {
		m.finds = append(m.finds, find{end: v.end[m.symbols[i]&symbolMask], word: i, n: 1, first: i, last: i})
	}
	for i := n; i < len(m.symbols); i++ {
		if s := m.symbols[i]; s&completes != 0 {
			m.add(v.end[s&symbolMask], int32(i))
		}
	}
	for i := from; i < len(m.finds); i++ {
		if f := m.finds[i]; f.end&several != 0 {
			ends := v.ends[f.end&^several:]
			m.finds[i].end = ends[0]
			for _, f.end = range ends[1:] {
				if f.end == 0 {
					break
				}
				m.finds = append(m.finds, f)
			}
		}
	}
}

// classesOf lists the classes of a word that are part of longer terms.
func (m *Matcher) classesOf(s uint32) []symbol {
	switch v := m.set.vocab; {
	case s&viaClass == 0:
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

// walk follows the trie from every word that, with the next, may begin a
// term.
func (m *Matcher) walk() {
	n := len(m.doc.Tokens)
	// What is tried is bounded by the length of the text, whatever terms and
	// disguises meet; ordinary texts need a step for every few words.
	m.steps = 16*n + 10_000
	m.starts = m.starts[:0]
	t := m.set.trie
	for i := 0; i+1 < n; i++ {
		s, next := m.symbols[i], m.symbols[i+1]
		if s&begins == 0 || next == 0 && !m.extras {
			continue
		}
		if m.extras || (s|next)&viaClass != 0 || t.may(s&symbolMask, next&symbolMask) {
			m.starts = append(m.starts, int32(i))
		}
	}
	for _, i := range m.starts {
		m.from(i, m.symbols[i])
	}
	for i := n; i < len(m.symbols); i++ {
		m.from(int32(i), m.symbols[i])
	}
}

// from follows the trie from one word.
func (m *Matcher) from(word int32, s uint32) {
	if s&begins == 0 {
		return
	}
	m.path[0] = word
	p := m.after(word)
	if s&unlisted == 0 {
		m.onward(s&symbolMask, p, 1)
	}
	for _, k := range m.classesOf(s) {
		if m.set.trie.inner[k] {
			m.onward(k, p, 1)
		}
	}
}

// after is the token after a word.
func (m *Matcher) after(word int32) int32 {
	_, last := tokensOf(m.doc, word)
	return last + 1
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
		m.addPath(e.end, m.path[:depth+1])
	}
	if e.node != 0 {
		m.onward(e.node, m.after(word), depth+1)
	}
}

// add records that a word is the term of an end.
func (m *Matcher) add(end uint32, word int32) {
	first, last := tokensOf(m.doc, word)
	m.finds = append(m.finds, find{end: end, word: word, n: 1, first: first, last: last})
}

// addPath records that words are the term of an end.
func (m *Matcher) addPath(end uint32, path []int32) {
	first, _ := tokensOf(m.doc, path[0])
	_, last := tokensOf(m.doc, path[len(path)-1])
	m.finds = append(m.finds, find{end: end, word: int32(len(m.paths)), n: int32(len(path)), first: first, last: last})
	m.paths = append(m.paths, path...)
}

// In a text with more finds than longText, so many of one term are kept.
const (
	longText  = 1 << 14
	manyFinds = 4 * maxHits
)

// thin drops what is too much of one term among the finds of a long text.
func (m *Matcher) thin(from int) {
	tally := map[uint32]int{}
	kept := slices.DeleteFunc(m.finds[from:], func(f find) bool {
		tally[f.end]++
		return tally[f.end] > manyFinds
	})
	m.finds = m.finds[:from+len(kept)]
}

// notice makes units candidates for what was found from a place on, where
// their language may be spoken.
func (m *Matcher) notice(from int) {
	finds := m.finds[from:]
	for i := range finds {
		f := &finds[i]
		e := f.end
		f.end = e &^ anchored
		m.ends[e>>6%uint32(len(m.ends))] |= 1 << (e & 63)
		if e&anchored == 0 {
			continue
		}
		mask := m.mask
		if len(m.in.Langs) > 1 {
			mask = m.spoken(m.field, int(wordOf(m.doc, m.pathOf(f)[0]).Start))
		}
		for _, a := range m.set.terms.get(f.end) {
			if mask>>a.lang&1 != 0 {
				m.candidate(a.unit)
			}
		}
	}
}

// pathOf is the words of a find.
func (m *Matcher) pathOf(f *find) []int32 {
	if f.n == 1 {
		m.one[0] = f.word
		return m.one[:]
	}
	return m.paths[f.word : f.word+f.n]
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
