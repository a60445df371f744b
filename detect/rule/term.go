package rule

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"veghe/detect/text"
)

// Limits of terms.
const (
	maxTermWords   = 12
	maxTermLetters = 100 // of one word
	minPrefix      = 3   // letters before "*"
	minLetters     = 2   // besides "?"
)

// Term is one term of a signal, as written and as it is matched. A rule set
// has some hundred thousand, so a term is small: its texts are mostly parts of
// the file it stands in.
type Term struct {
	Lang    string
	Text    string
	spelled string // folded words, a space between, "*" after those of any ending
	symbol  bool   // an emoji
	at      spot
}

// termWord is one folded word of a term. In the spelling each "?" stands for
// one letter or digit.
type termWord struct {
	spelling string
	prefix   bool   // any ending
	wild     bool   // has "?"
	symbol   bool   // an emoji
	raw      string // as written, without "*", where that is asked for
}

// words are the words of a term as they are matched.
func (t Term) words() []termWord {
	if t.symbol {
		return []termWord{{spelling: t.spelled, symbol: true}}
	}
	var words []termWord
	for w := range strings.SplitSeq(t.spelled, " ") {
		words = append(words, wordOfSpelling(w))
	}
	return words
}

// wordOfSpelling reads one word of Term.spelled.
func wordOfSpelling(w string) termWord {
	spelling, prefix := strings.CutSuffix(w, "*")
	return termWord{spelling: spelling, prefix: prefix, wild: strings.Contains(spelling, "?")}
}

// written is words with each as it was written.
func (t Term) written() []termWord {
	if t.symbol {
		return []termWord{{spelling: t.spelled, symbol: true, raw: t.Text}}
	}
	var d text.Doc
	d.Fold(t.Text)
	words, err := wordsOf(&d)
	if err != nil {
		return t.words() // it was read once: never
	}
	return words
}

// termParser reads terms one after another.
type termParser struct {
	doc text.Doc
	buf []byte
}

// parseTerm reads one term.
func parseTerm(lang, s string) (Term, error) { return new(termParser).parse(lang, s) }

func (p *termParser) parse(lang, s string) (Term, error) {
	t := Term{Lang: lang, Text: s}
	if plainTerm(s) {
		t.spelled = s
		return t, nil
	}
	return p.fold(t)
}

// fold folds a term and cuts it into words. Errors say what was wanted.
func (p *termParser) fold(t Term) (Term, error) {
	d := &p.doc
	d.Fold(t.Text)
	if len(d.Tokens) == 0 {
		return symbolTerm(t, d)
	}
	for _, x := range d.Extra {
		if x.Flags&text.Symbol != 0 {
			return t, errors.New("an emoji or symbol is a term by itself, not part of a phrase")
		}
	}
	words, err := wordsOf(d)
	if err != nil {
		return t, err
	}
	if err := strayStars(d, d.Folded()); err != nil {
		return t, err
	}
	if len(words) > maxTermWords {
		return t, fmt.Errorf("a term of %d words, want at most %d", len(words), maxTermWords)
	}
	p.buf = p.buf[:0]
	for i, w := range words {
		if i > 0 {
			p.buf = append(p.buf, ' ')
		}
		p.buf = append(p.buf, w.spelling...)
		if w.prefix {
			p.buf = append(p.buf, '*')
		}
	}
	if t.spelled = t.Text; t.Text != string(p.buf) {
		t.spelled = string(p.buf)
	}
	return t, nil
}

// plainTerm reports whether a term is spelled as it is folded: small ASCII
// letters, with one space between words and a star after some. Most are, and
// need not be folded to be known.
func plainTerm(s string) bool {
	words, letters := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' && (letters > 0 || i == 0 || s[i-1] == ' '):
			letters++
		case c == '*' && letters >= minPrefix:
			letters = 0 // a space or the end follows
		case c == ' ' && (letters > 0 || i > 0 && s[i-1] == '*'):
			words++
			letters = 0
		default:
			return false
		}
		if letters > maxTermLetters {
			return false
		}
	}
	return len(s) > 0 && s[len(s)-1] != ' ' && words <= maxTermWords
}

// wordsOf cuts a folded term into words.
func wordsOf(d *text.Doc) (words []termWord, err error) {
	folded := d.Folded()
	for i := 0; i < len(d.Tokens); {
		w, next, err := termWordAt(d, folded, i)
		if err != nil {
			return nil, err
		}
		words = append(words, w)
		i = next
	}
	return words, nil
}

func symbolTerm(t Term, d *text.Doc) (Term, error) {
	if len(d.Extra) == 1 && d.Extra[0].Flags&text.Symbol != 0 {
		t.spelled, t.symbol = string(d.Word(d.Extra[0].Token)), true
		return t, nil
	}
	if len(d.Extra) > 1 {
		return t, errors.New("several symbols, want one alone")
	}
	return t, errors.New("nothing to match: no letter, digit or symbol is left after folding")
}

// termWordAt reads the word that starts with token i, joined to the tokens
// after it by "?", and returns the token after it.
func termWordAt(d *text.Doc, folded []byte, i int) (termWord, int, error) {
	start, end := d.Tokens[i].From, d.Tokens[i].To
	for start > 0 && folded[start-1] == '?' {
		start--
	}
	next := i + 1
	for {
		for int(end) < len(folded) && folded[end] == '?' {
			end++
		}
		if next < len(d.Tokens) && d.Tokens[next].From == end && folded[end-1] == '?' {
			end = d.Tokens[next].To
			next++
			continue
		}
		break
	}
	w := termWord{spelling: string(folded[start:end])}
	w.wild = strings.Contains(w.spelling, "?")
	w.prefix = int(end) < len(folded) && folded[end] == '*'
	from, to := d.Span(int(start), int(end))
	w.raw = d.Source()[from:to]
	return w, next, w.check()
}

func (w termWord) check() error {
	n := utf8.RuneCountInString(w.spelling)
	letters := n - strings.Count(w.spelling, "?")
	switch {
	case n > maxTermLetters:
		return fmt.Errorf("a word of %d letters, want at most %d", n, maxTermLetters)
	case w.prefix && letters < minPrefix:
		return fmt.Errorf("only %d letters before the *, want at least %d", letters, minPrefix)
	case w.wild && letters < minLetters:
		return fmt.Errorf("only %d letters besides the ?, want at least %d", letters, minLetters)
	}
	return nil
}

// strayStars finds a "*" that is not at the end of a word.
func strayStars(d *text.Doc, folded []byte) error {
	ends := map[int32]bool{}
	starts := map[int32]bool{}
	for _, t := range d.Tokens {
		ends[t.To] = true
		starts[t.From] = true
	}
	for i, c := range folded {
		if c != '*' {
			continue
		}
		j := int32(i)
		for j > 0 && folded[j-1] == '?' {
			j--
		}
		if !ends[j] || starts[int32(i)+1] || i+1 < len(folded) && (folded[i+1] == '*' || folded[i+1] == '?') {
			return errors.New("a * stands only at the end of a word; use near(a, b, n) for words between")
		}
	}
	return nil
}

// matches reports whether a folded word fits w.
func (w termWord) matches(word string) bool {
	return w.fits([]byte(word))
}
