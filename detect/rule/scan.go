package rule

import (
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
	slots   []uint64 // of the vocabulary, where each token should stand
	// runs are classes of words outside the vocabulary, each run ended by 0.
	runs   []symbol
	extras bool // some extra may be part of a term
	path   [maxTermWords]int32
	steps  int // of the trie that may still be tried

	// Tokens outside the vocabulary, those that are terms, those that are
	// through their classes, and those that begin terms.
	unknown, whole, fitting, starts []int32
	batch                           classHeads

	one      [1]int32
	tally    map[uint32]int // of finds by end, in a long text
	literals []uint32       // of literalSet.find
}

// scan finds terms and literals in one field. Each step is a short loop over
// all words, so that the memory it waits for is fetched side by side.
func (m *Matcher) scan(field uint8) {
	m.doc, m.field = m.docs[field], field
	if len(m.doc.Tokens)+len(m.doc.Extra) > 0 {
		m.lookUp()
		m.classify()
		m.complete()
		m.walk()
	}
	if len(m.set.literals.literals) > 0 {
		m.set.literals.find(m.doc.Folded(), m.mask, m.literals, m.noticeLiterals)
	}
}

// lookUp turns words into symbols, and lists those that there is more to do
// about.
func (m *Matcher) lookUp() {
	d, v := m.doc, m.set.vocab
	n := len(d.Tokens)
	m.symbols = slices.Grow(m.symbols[:0], n+len(d.Extra))[:n+len(d.Extra)]
	symbols, unknown, whole, fitting, starts := m.symbols[:n], room(&m.unknown, n), room(&m.whole, n), room(&m.fitting, n), room(&m.starts, n)
	var u, w, f, s int
	for i, slot := range m.gather() {
		h := d.Tokens[i].Hash
		differs := uint32(slot>>32) ^ uint32(h>>32)
		same := -(1 ^ nonZero(differs))
		sym := uint32(slot) & same &^ crowded
		if uint32(slot)&^same&crowded != 0 {
			sym = v.probe(h)
		}
		symbols[i] = sym
		// Each is written over by the next word unless it counts.
		unknown[u], whole[w], fitting[f], starts[s] = int32(i), int32(i), int32(i), int32(i)
		w += int(sym >> 31)
		s += int(sym >> 30 & 1)
		f += int(sym >> 27 & 1)
		u += int(1 ^ nonZero(sym))
	}
	m.unknown, m.whole, m.fitting, m.starts = unknown[:u], whole[:w], fitting[:f], starts[:s]
	m.extras = false
	for k := range d.Extra {
		m.symbols[n+k] = v.get(d.Extra[k].Hash)
		m.extras = m.extras || d.Extra[k].Flags&text.Symbol == 0
	}
}

// room makes a buffer n long, with anything in it.
func room[T any](buf *[]T, n int) []T {
	*buf = slices.Grow((*buf)[:0], n)[:n]
	return *buf
}

// nonZero is 1 for a number that is not 0, found out without a branch: what
// is as likely as not costs more to guess than to work out.
func nonZero(x uint32) uint32 { return (x | -x) >> 31 }

// gather fetches the slots of all tokens. It does nothing else: a look at what
// one holds, guessed wrong, would end the waiting for others meanwhile.
func (m *Matcher) gather() []uint64 {
	tokens, slots := m.doc.Tokens, m.set.vocab.slots
	to := room(&m.slots, len(tokens))
	for i := range tokens {
		to[i] = slots[tokens[i].Hash&uint64(len(slots)-1)]
	}
	return to
}

// classify finds the classes of words outside the vocabulary.
func (m *Matcher) classify() {
	d, c := m.doc, m.set.classes
	if len(c.classes) == 0 {
		return
	}
	m.runs = append(m.runs[:0], 0)
	for words := range slices.Chunk(m.unknown, classBatch) {
		heads := m.batch.of(d, words, c)
		for k := 0; k < len(heads); {
			word, from := heads[k].word, len(m.runs)
			for ; k < len(heads) && heads[k].word == word; k++ {
				m.runs = c.under(heads[k].hash, heads[k].head, int(heads[k].n), d.Word(d.Tokens[word]), m.runs)
			}
			m.unlisted(word, from)
		}
	}
	for k := range d.Extra {
		if i := len(d.Tokens) + k; m.symbols[i] == 0 && d.Extra[k].Flags&text.Symbol == 0 {
			w, from := d.Word(d.Extra[k].Token), len(m.runs)
			m.runs = c.find(load8(w), w, m.runs)
			m.unlisted(int32(i), from)
		}
	}
}

// unlisted records what a word outside the vocabulary completes and gives it
// a symbol if it is part of longer terms. Its classes are the runs from a
// place on.
func (m *Matcher) unlisted(word int32, from int) {
	c := m.set.classes
	flags := uint32(0)
	for _, k := range m.runs[from:] {
		use := &c.uses[k-c.base]
		if use.end != 0 {
			m.add(use.end, word)
		}
		flags |= use.flags
	}
	if flags == 0 || len(m.runs) > symbolMask {
		m.runs = m.runs[:from]
		return
	}
	m.runs = append(m.runs, 0)
	m.symbols[word] = flags | uint32(from)
	if flags&begins != 0 && int(word) < len(m.doc.Tokens) {
		m.starts = append(m.starts, word)
	}
}

// complete records what words are by themselves.
func (m *Matcher) complete() {
	m.recordWhole()
	for _, i := range m.fitting {
		m.completed(i)
	}
	for i := int32(len(m.doc.Tokens)); int(i) < len(m.symbols); i++ {
		if s := m.symbols[i]; s&unlisted == 0 {
			if s&completes != 0 {
				m.add(m.itself(s), i)
			}
			if s&viaEnds != 0 {
				m.completed(i)
			}
		}
	}
}

// itself is the end of a word that is a term by itself.
func (m *Matcher) itself(s uint32) uint32 {
	end := s & symbolMask
	if end <= m.set.leading {
		end |= anchored
	}
	return end
}

// recordWhole records the tokens that are terms. It does what record does, for
// most finds of most texts, without branches to guess.
func (m *Matcher) recordWhole() {
	n, q := len(m.finds), len(m.noticed)
	if n+len(m.whole) > longText {
		for _, i := range m.whole {
			m.record(m.itself(m.symbols[i]), i, 1, i, i)
		}
		return
	}
	m.finds = slices.Grow(m.finds, len(m.whole))[:n+len(m.whole)]
	m.noticed = slices.Grow(m.noticed, len(m.whole))[:q+len(m.whole)]
	symbols, langs, leading := m.symbols, m.set.endLangs, m.set.leading
	for _, i := range m.whole {
		end := symbols[i] & symbolMask
		spoken := m.set.langSets[langs[end]] & m.mask
		yes := uint32((spoken | -spoken) >> 63)
		m.ends[end/64%(endBits/64)] |= uint64(yes) << (end & 63)
		f := &m.finds[n] // field by field: a composite literal is made elsewhere and copied
		f.end, f.word, f.n, f.first, f.last = end, i, 1, i, i
		m.noticed[q] = int32(n)
		n += int(yes)
		q += int(yes & ((end - leading - 1) >> 31))
	}
	m.finds, m.noticed = m.finds[:n], m.noticed[:q]
}

// completed records the terms that a word of the vocabulary is through its
// classes.
func (m *Matcher) completed(word int32) {
	v := m.set.vocab
	end := v.end[m.symbols[word]&symbolMask]
	if end&several == 0 {
		m.add(end, word)
		return
	}
	for _, end := range v.ends[end&^several:] {
		if end == 0 {
			break
		}
		m.add(end, word)
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
	for _, i := range m.promising() {
		m.from(i, m.symbols[i])
	}
	for i := n; i < len(m.symbols); i++ {
		m.from(int32(i), m.symbols[i])
	}
}

// promising are the starts that, with what stands next, may begin a term.
func (m *Matcher) promising() []int32 {
	n, t, k := len(m.doc.Tokens), m.set.trie, 0
	if m.extras {
		for _, x := range m.doc.Extra {
			if x.Flags&text.Symbol == 0 && x.First > 0 {
				m.symbols[x.First-1] |= besides
			}
		}
	}
	symbols, starts := m.symbols, m.starts
	for _, i := range starts {
		if int(i)+1 == n {
			continue
		}
		s, next := symbols[i], symbols[i+1]
		may := t.mayBit(s&symbolMask, next&symbolMask) | (s|next)>>29&1 // viaClass
		starts[k] = i
		k += int(may&nonZero(next&symbolMask) | s>>26&1) // besides
	}
	return starts[:k]
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
	m.record(end, word, 1, first, last)
}

// addPath records that words are the term of an end.
func (m *Matcher) addPath(end uint32, path []int32) {
	first, _ := tokensOf(m.doc, path[0])
	_, last := tokensOf(m.doc, path[len(path)-1])
	at := int32(len(m.paths))
	m.paths = append(m.paths, path...)
	m.record(end, at, int32(len(path)), first, last)
}

// record keeps a find, and notes whether it leads somewhere. Its fields are
// those of find.
func (m *Matcher) record(end uint32, word, n, first, last int32) {
	e := end &^ anchored
	if m.set.langSets[m.set.endLangs[e]]&m.mask == 0 {
		return // a term of a language that nobody speaks here
	}
	m.ends[e>>6%uint32(len(m.ends))] |= 1 << (e & 63)
	if len(m.finds) >= longText && m.tooMany(e) {
		return
	}
	if end != e {
		m.noticed = append(m.noticed, int32(len(m.finds)))
	}
	m.finds = append(m.finds, find{end: e, word: word, n: n, first: first, last: last})
}

// In a text with more finds than longText, so many of one term are kept.
const (
	longText  = 1 << 14
	manyFinds = 4 * maxHits
)

// tooMany counts the finds of an end once a text turns out to be long.
func (m *Matcher) tooMany(end uint32) bool {
	if m.tally == nil {
		m.tally = map[uint32]int{}
		for i := range m.finds {
			m.tally[m.finds[i].end]++
		}
	}
	m.tally[end]++
	return m.tally[end] > manyFinds
}

// pathOf is the words of a find.
func (m *Matcher) pathOf(f *find) []int32 {
	if f.n == 1 {
		m.one[0] = f.word
		return m.one[:]
	}
	return m.paths[f.word : f.word+f.n]
}

func (m *Matcher) noticeLiterals(pattern int32) {
	m.literal[m.field][pattern] = m.epoch
	p := &m.set.literals.patterns[pattern]
	m.give(p.probe)
	for _, a := range p.anchors {
		if m.mask>>a.lang&1 != 0 {
			m.leads = append(m.leads, a.lead)
		}
	}
}

func (m *Matcher) noticeContacts() {
	if len(m.set.contacts) == 0 {
		return
	}
	for i := range m.in.Contacts {
		to := m.set.contacts[m.in.Contacts[i].Kind]
		if to == nil {
			continue
		}
		m.leads = append(m.leads, to.leads...)
		for _, n := range to.probes {
			m.give(n)
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
