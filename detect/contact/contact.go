// Package contact finds ways to reach someone, and the other entities that an
// investigator searches by, in the original bytes of a text: phones, e-mails,
// links, handles, prices, ages and places.
//
// It reads them the way people hide them: numbers spaced, dotted, starred, in
// keycaps or full-width digits, with letters for digits, with emoji and
// invisible characters inside, spelled out in words, also glued together;
// addresses with their signs in words or brackets. Such a contact is marked
// Obfuscated, which is evidence by itself.
//
// It works on a folded text, in one pass over its words that looks each up in
// a small vocabulary (words.txt, places.txt) and one over its dots and
// at-signs. What neither points at costs nothing more, so ordinary text is
// cheap. A row of digits is looked up in the numbering plans once, after
// cheaper looks at its length, its first digits and what stands around it; a
// number without a country code is read as one of the country of the source,
// of the text's languages or of a place that it names.
//
// A wrong number in an investigation costs more than a missed one. Where a
// text can be read as a date, a price, a version or a score, it is not a
// phone; where a name can be a word, it is no handle.
package contact

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"veghe/detect/text"
)

// Kind is what a contact is.
type Kind string

// The kinds of contacts and what Value holds for each.
const (
	Phone  Kind = "phone"  // E.164: +40700000123
	Email  Kind = "email"  // lower case: name@example.org
	URL    Kind = "url"    // host in lower case, with the scheme if given: https://example.org/a
	Handle Kind = "handle" // network:name, or @name when the network is unknown
	Price  Kind = "price"  // amount or range, currency, period if any: 2000 EUR/month
	Age    Kind = "age"    // years or range: 19, 18-35
	Place  Kind = "place"  // country or country/city: DE, RO/Cluj-Napoca
)

// kindIndex numbers the kinds.
func kindIndex(k Kind) int {
	switch k {
	case Phone:
		return 0
	case Email:
		return 1
	case URL:
		return 2
	case Handle:
		return 3
	case Price:
		return 4
	case Age:
		return 5
	}
	return 6
}

// Contact is one entity found in a text.
type Contact struct {
	Kind       Kind
	Value      string // canonical, see the kinds
	Raw        string // what the text says: the text from Start to End
	Start, End int    // bytes of the text
	Obfuscated bool   // written so that a machine would miss it
}

// Options say how to read what a text leaves out. The zero value is fine.
type Options struct {
	// Region is the country of a phone number written without a prefix, as
	// ISO 3166-1 alpha-2. Empty means RO.
	Region string
	// Langs are the likely languages of the text as ISO 639-1, the likeliest
	// first. Their countries, and those of places named in the text, are tried
	// for numbers that are none in Region.
	Langs []string
}

// maxContacts bounds what is taken from one text.
const maxContacts = 1000

var (
	docs    = sync.Pool{New: func() any { return new(text.Doc) }}
	finders = sync.Pool{New: func() any { return new(finder) }}
)

// Find returns the contacts in s in the order of their start. Contacts of
// the same kind do not overlap. Any bytes are fine; the work grows linearly
// with the text.
func Find(s string, o Options) []Contact {
	d := docs.Get().(*text.Doc)
	defer docs.Put(d)
	d.Fold(s)
	return FindIn(d, o)
}

// FindIn is Find for a text that is folded already.
func FindIn(d *text.Doc, o Options) []Contact {
	if o.Region == "" {
		o.Region = "RO"
	}
	f := finders.Get().(*finder)
	defer f.release()
	f.d, f.f, f.toks, f.v, f.o = d, d.Folded(), d.Tokens, words(), o
	f.survey()
	for _, m := range f.marks {
		f.hiddenLink(m)
	}
	f.links()
	if len(f.marks) == 0 && len(f.nums) == 0 {
		return f.sorted()
	}
	f.countries()
	for _, m := range f.marks {
		f.mark(m)
	}
	f.phones()
	f.symbols()
	return f.sorted()
}

// finder is the state of one call. All its offsets are of the folded text,
// until a contact is added.
type finder struct {
	d *text.Doc
	f []byte
	v *vocab
	o Options

	toks    []text.Token
	marks   []mark    // tokens that lead to something
	nums    []int     // tokens with digits, and spelled digits
	figures bool      // there are digits
	digits  int       // digits in the text, spelled ones included but weak ones
	taken   spans     // folded stretches of links, addresses and names
	regions []*region // countries whose phones are tried
	out     []Contact
	held    [7]spans // original stretches of out, by kind

	row     []group // see phones
	buf     []byte
	shape   shape // of the groups being tried
	tries   int
	lookups int
	asked   *[maxAsked]asked // kept from text to text
}

type mark struct {
	tok int
	w   *word
}

type span struct{ from, to int }

// release forgets the text and keeps small buffers for the next one.
func (f *finder) release() {
	const keep = 1 << 12
	kept := finder{asked: f.asked, regions: f.regions[:0]}
	for i := range f.held {
		kept.held[i] = f.held[i][:0]
	}
	if cap(f.marks) <= keep && cap(f.nums) <= keep && cap(f.taken) <= keep && cap(f.row) <= keep {
		kept.marks, kept.nums, kept.taken = f.marks[:0], f.nums[:0], f.taken[:0]
		kept.row, kept.buf = f.row[:0], f.buf[:0]
	}
	*f = kept
	finders.Put(f)
}

// survey looks every word up once.
func (f *finder) survey() {
	for i := range f.toks {
		t := &f.toks[i]
		if t.Flags&text.Digit != 0 {
			f.digits += int(t.To - t.From)
			f.figures = true
			f.nums = append(f.nums, i)
			continue
		}
		if f.v.leads(t.Hash) {
			if w := f.v.find(t.Hash, f.f[t.From:t.To]); w != nil {
				f.lead(i, w)
				continue
			}
		}
		w := f.f[t.From:t.To]
		if len(w) >= minAddress && strings.IndexByte("mogt", w[len(w)-1]) >= 0 {
			f.gluedAddress(i, w)
		}
		switch {
		case darkDigits(w):
			f.digits += len(w)
			f.nums = append(f.nums, i)
		case f.v.spelling.opens(w, minGlued):
			var room [maxPieces]piece
			if n := len(f.v.spelling.split(w[:min(len(w), maxGlued)], room[:0])); n > 0 {
				f.digits += n
				f.nums = append(f.nums, i)
			}
		}
	}
}

// lead notes a word that means something.
func (f *finder) lead(i int, w *word) {
	if w.number() || w.whole > 0 {
		if !w.is(weak) {
			f.digits++
		}
		f.nums = append(f.nums, i)
	}
	f.marks = append(f.marks, mark{i, w})
}

// hiddenLink follows up a word that stands for @, a dot or a scheme.
func (f *finder) hiddenLink(m mark) {
	switch {
	case len(f.out) >= maxContacts:
	case m.w.is(at):
		f.spelledAt(m.tok)
	case m.w.is(dotWord):
		f.spelledDot(m.tok)
	case m.w.scheme != "":
		f.defanged(m.tok, m.w)
	}
}

// mark follows up a word that points at something.
func (f *finder) mark(m mark) {
	if len(f.out) >= maxContacts {
		return
	}
	if m.w.net != "" {
		f.cue(m.tok, m.w)
	}
	if m.w.cur != "" {
		f.currencyWord(m.tok, m.w)
	}
	if m.w.is(years) {
		f.years(m.tok)
	}
	if m.w.grade != 0 {
		f.grade(m.tok, m.w.grade)
	}
	if len(m.w.places) > 0 {
		f.place(m.tok, m.w)
	}
}

// symbols finds what begins with a sign or is glued to a number: €50, 16yo.
func (f *finder) symbols() {
	if !f.figures {
		return
	}
	f.currencySigns()
	for _, i := range f.nums {
		if len(f.out) >= maxContacts {
			return
		}
		switch f.toks[i].Flags & (text.Digit | text.Letter) {
		case text.Digit | text.Letter:
			f.glued(i)
		case text.Digit:
			f.slashed(i)
		}
	}
}

// tok is the folded stretch of a token.
func (f *finder) tok(i int) span { return span{int(f.toks[i].From), int(f.toks[i].To)} }

// word is the folded spelling of a token, nil when there is none.
func (f *finder) word(i int) []byte {
	if i < 0 || i >= len(f.toks) {
		return nil
	}
	return f.f[f.toks[i].From:f.toks[i].To]
}

// find is what a token means, never nil.
func (f *finder) find(i int) *word {
	if i >= 0 && i < len(f.toks) {
		if w := f.v.find(f.toks[i].Hash, f.word(i)); w != nil {
			return w
		}
	}
	return &nothing
}

// gap is what stands between token i and the next one.
func (f *finder) gap(i int) []byte {
	if i < 0 || i+1 >= len(f.toks) {
		return nil
	}
	return f.f[f.toks[i].To:max(f.toks[i].To, f.toks[i+1].From)]
}

// number reports whether a token is plain digits only.
func (f *finder) number(i int) bool {
	return i >= 0 && i < len(f.toks) && f.toks[i].Flags&(text.Digit|text.Letter) == text.Digit && f.f[f.toks[i].From] < 0x80
}

// evasive reports whether the token at or before a folded offset is disguised.
func (f *finder) evasive(at int) bool {
	k := f.tokenAt(at)
	return k >= 0 && f.toks[k].Evasive()
}

// after is the first token that begins at or after a folded offset.
func (f *finder) after(at int) int {
	lo, hi := 0, len(f.toks)
	for lo < hi {
		if mid := (lo + hi) / 2; int(f.toks[mid].From) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// spans are stretches in order that do not overlap.
type spans []span

// from is the first stretch that begins at or after an offset.
func (t spans) from(at int) int {
	if n := len(t); n == 0 || t[n-1].from < at {
		return n
	}
	return sort.Search(len(t), func(i int) bool { return t[i].from >= at })
}

// free reports whether a stretch touches none of them.
func (t spans) free(s span) bool {
	i := t.from(s.from)
	return (i == 0 || t[i-1].to <= s.from) && (i == len(t) || t[i].from >= s.to)
}

// take keeps a stretch from being read as anything else.
func (f *finder) take(s span) {
	if f.free(s) {
		f.taken = slices.Insert(f.taken, f.taken.from(s.from), s)
	}
}

// free reports whether a folded stretch touches no link or address.
func (f *finder) free(s span) bool { return f.taken.free(s) }

// add keeps a contact found at a folded stretch, unless one of its kind is
// there already.
func (f *finder) add(k Kind, value string, s span, obfuscated bool) {
	start, end := f.d.Span(s.from, s.to)
	src := f.d.Source()
	if start >= end || end > len(src) || value == "" || len(f.out) >= maxContacts {
		return
	}
	held := &f.held[kindIndex(k)]
	if !held.free(span{start, end}) {
		return
	}
	*held = slices.Insert(*held, held.from(start), span{start, end})
	raw := src[start:end]
	f.out = append(f.out, Contact{k, value, raw, start, end, obfuscated || f.dressed(s) || disguised(raw)})
}

// dressed reports whether a stretch has a word that folding found disguised.
func (f *finder) dressed(s span) bool {
	for k := f.after(s.from); k < len(f.toks) && int(f.toks[k].From) < s.to; k++ {
		if f.toks[k].Evasive() {
			return true
		}
	}
	return false
}

// disguised reports whether a text has characters that stand for plain ones:
// full-width or circled digits, keycaps, invisible characters. Letters with
// diacritics, currency signs, dashes and quotes are as people write.
func disguised(raw string) bool {
	for _, r := range raw {
		switch {
		case r < 0x0530, r >= 0x1e00 && r < 0x2000, r == utf8.RuneError:
		case r >= 0x2010 && r <= 0x2026, r >= 0x20a0 && r < 0x20d0, r == 0x2030, r == 0x202f, r == 0x2009:
		default:
			return true
		}
	}
	return false
}

func (f *finder) sorted() []Contact {
	slices.SortFunc(f.out, func(a, b Contact) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Kind, b.Kind))
	})
	return f.out
}
