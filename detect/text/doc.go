// Package text folds spellings so that one word written in many ways becomes
// one word, and maps every folded position back to the original bytes.
//
// [Doc.Fold] reads a text once. It lower-cases, takes off the diacritics of
// Latin, Greek and Cyrillic letters, turns full-width, circled, mathematical
// and look-alike letters into plain ones, drops zero-width and direction
// controls, and cuts the result into tokens. Other scripts keep their marks:
// Hindi, Thai and Arabic stay as they are.
//
//	original  "Îți  ｄａｕ 𝗯𝗮𝗻𝗶, раssport!"
//	folded    "iti  dau bani, passport!"
//	tokens     iti  dau bani  passport     each with offsets of both
//
// A hashtag is cut at its capitals: #LucrezInGermania is three tokens.
//
// What is hidden on purpose (l33t, s p a c e d, d.o.t.t.e.d, looooong) is
// read a second time, only where cheap tests point to it; see [Extra]. Words
// run together, and letters spaced out without wider gaps between the words,
// would need a vocabulary: they are not undone here.
//
// Any bytes may come in: an invalid one folds to a space. Time and memory
// are linear in the input. A Doc is reused from text to text and then does
// not allocate; it belongs to one goroutine at a time.
package text

import (
	"sort"
	"sync"
	"unicode/utf8"
)

// Version names this way of folding. It changes whenever some text folds
// differently, because rules compiled before then no longer mean the same.
const Version = "fold6"

// MaxText is how many bytes of a text are read; the rest is not looked at.
const MaxText = 64 << 20

// Range is a stretch of the original text, in bytes, end exclusive.
type Range struct{ Start, End int }

// Flags say what a token is made of.
type Flags uint8

// What a token is made of.
const (
	Letter  Flags = 1 << iota // has a letter
	Digit                     // has a digit
	Evasive                   // was written so that a filter would miss it
	Symbol                    // is an emoji or pictograph
	Solo                      // is one character of a script without spaces
)

// Token is one word. Start and End are bytes of the original text, From and
// To bytes of [Doc.Folded] ([Doc.Word] for an [Extra]).
type Token struct {
	Start, End int32
	From, To   int32
	Hash       uint64 // see [Hash]
	Flags      Flags
}

// Evasive reports whether the word was disguised.
func (t Token) Evasive() bool { return t.Flags&Evasive != 0 }

// Extra is a token beside the main stream, in the place of some of it:
//
//   - a disguised word as it was meant, marked Evasive; there may be several
//     readings of one
//   - a hashtag as a whole, or words with hyphens between as one word: fulltime
//   - a symbol, standing between words: then Last is First-1
//
// Its From and To are bytes of [Doc.Word] only; the folded stretch it stands
// for is Cover.
type Extra struct {
	Token
	First, Last int32    // tokens it stands for
	Cover       [2]int32 // folded bytes it stands for
}

// Doc is one folded text. The zero value is ready; Fold may be called again
// and again, and what it filled is valid until the next call.
type Doc struct {
	// Tokens are the words in order.
	Tokens []Token
	// Extra are disguised words and symbols, in the order of First.
	Extra []Extra
	// Accented says that the text uses Latin diacritics at all.
	Accented bool
	// Hidden counts invisible characters inside words.
	Hidden int

	src        string
	out        []byte // folded text, then the spellings of extras
	n          int    // length of the folded text
	segs       []segment
	delta      int // original minus folded offset, now
	notes      []note
	anyForeign bool // some word is in a script with letters that look Latin

	done  cutter
	edges [256]int32 // of words, for cut
	pairs []pairing
	odd   []oddity // tokens that may hide something
	tab   *table

	// Scratch of the second reading.
	pieced, read, same, joined []byte
	spare                      []Extra
	cuts, forgeries            []int32
}

// segment says that from folded offset fold on, byte i came from byte
// orig + (i - fold) of the original, up to the next segment.
type segment struct{ fold, orig int32 }

// Source is the text given to Fold.
func (d *Doc) Source() string { return d.src }

// Folded is the whole folded text, punctuation included. It is valid UTF-8.
// It is valid until the next Fold and must not be changed.
func (d *Doc) Folded() []byte { return d.out[:d.n:d.n] }

// Word is the folded spelling of a token or extra.
func (d *Doc) Word(t Token) []byte { return d.out[t.From:t.To:t.To] }

// Original is where folded byte i came from: the start of the original
// character that it is part of. For len(Folded()) it is the end of the text.
// It never decreases as i grows.
func (d *Doc) Original(i int) int {
	switch {
	case i <= 0 && len(d.segs) == 0, i < 0:
		return max(0, min(i, 0))
	case i >= d.n:
		return len(d.src)
	}
	return d.origin(i)
}

// origin is Original for a byte that was written.
func (d *Doc) origin(i int) int {
	k := sort.Search(len(d.segs), func(k int) bool { return int(d.segs[k].fold) > i }) - 1
	o := i
	if k >= 0 {
		o = int(d.segs[k].orig) + i - int(d.segs[k].fold)
	}
	end := len(d.src)
	if k+1 < len(d.segs) {
		end = int(d.segs[k+1].orig)
	}
	return runeStart(d.src, min(o, end-1))
}

// OriginalEnd is where a stretch of folded text that ends before byte i ends
// in the original, with the marks and invisible characters that follow.
func (d *Doc) OriginalEnd(i int) int {
	if i <= 0 {
		return 0
	}
	if i >= d.n {
		return len(d.src)
	}
	before, at := d.Original(i-1), d.Original(i)
	if before != at {
		return at
	}
	_, w := utf8.DecodeRuneInString(d.src[at:])
	return at + w
}

// Span maps folded bytes [from, to) to original bytes.
func (d *Doc) Span(from, to int) (start, end int) {
	if to <= from {
		at := d.Original(from)
		return at, at
	}
	return d.Original(from), d.OriginalEnd(to)
}

// runeStart moves o back to the first byte of the character it lies in.
func runeStart(s string, o int) int {
	if o < 0 || o >= len(s) || utf8.RuneStart(s[o]) {
		return max(o, 0)
	}
	for b := o - 1; b >= 0 && b >= o-3; b-- {
		if utf8.RuneStart(s[b]) {
			if _, w := utf8.DecodeRuneInString(s[b:]); b+w > o {
				return b
			}
			return o
		}
	}
	return o
}

// keepCap is the largest buffer, in bytes of text, that a Doc keeps for the
// next text; one giant post must not hold memory for good.
const keepCap = 1 << 20

func (d *Doc) reset(s string) {
	if len(s) > MaxText {
		s = s[:MaxText]
	}
	if cap(d.out) > keepCap && len(s) < keepCap/4 {
		*d = Doc{tab: d.tab}
	}
	if d.tab == nil {
		d.tab = tables()
	}
	d.src, d.n, d.delta = s, 0, 0
	d.Tokens, d.Extra, d.segs, d.out = d.Tokens[:0], d.Extra[:0], d.segs[:0], d.out[:0]
	d.notes, d.pairs, d.odd, d.done = d.notes[:0], d.pairs[:0], d.odd[:0], cutter{}
	d.Accented, d.Hidden, d.anyForeign = false, 0, false
	if need := len(s) + slack; cap(d.out) < need {
		d.out = make([]byte, 0, need+len(s)/8)
	}
}

// docs are for the functions below, which need one for a moment.
var docs = sync.Pool{New: func() any { return new(Doc) }}

func borrow() *Doc { return docs.Get().(*Doc) }

// giveBack lets go of the text and of big buffers.
func giveBack(d *Doc) {
	d.reset("")
	docs.Put(d)
}

// Fold is s folded, as [Doc.Folded] has it.
func Fold(s string) string {
	d := borrow()
	defer giveBack(d)
	d.Fold(s)
	return string(d.Folded())
}

// Words are the folded words of s, symbols included, in order.
func Words(s string) []string {
	d := borrow()
	defer giveBack(d)
	d.Fold(s)
	words := make([]string, 0, len(d.Tokens))
	extra := d.Extra
	for i, t := range d.Tokens {
		for len(extra) > 0 && int(extra[0].First) <= i {
			if extra[0].Flags&Symbol != 0 {
				words = append(words, string(d.Word(extra[0].Token)))
			}
			extra = extra[1:]
		}
		words = append(words, string(d.Word(t)))
	}
	for _, x := range extra {
		if x.Flags&Symbol != 0 {
			words = append(words, string(d.Word(x.Token)))
		}
	}
	return words
}

// FoldWord is one word folded, for an index that cuts words itself: what is
// not part of a word is left out.
func FoldWord(w []byte) []byte {
	d := borrow()
	defer giveBack(d)
	d.Fold(string(w))
	out := make([]byte, 0, len(d.Folded()))
	for _, t := range d.Tokens {
		out = append(out, d.Word(t)...)
	}
	return out
}
