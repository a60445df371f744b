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

// Term is one term of a signal, as written and as it is matched.
type Term struct {
	Lang  string
	Text  string
	words []termWord
	pos   Position
}

// termWord is one folded word of a term. In the spelling each "?" stands for
// one letter or digit.
type termWord struct {
	spelling string
	prefix   bool   // any ending
	wild     bool   // has "?"
	symbol   bool   // an emoji
	raw      string // as written, without "*"
}

// class reports whether the word stands for many words.
func (w termWord) class() bool { return w.prefix || w.wild }

// parseTerm folds a term and cuts it into words. Errors say what was wanted.
func parseTerm(lang, s string) (Term, error) {
	t := Term{Lang: lang, Text: s}
	var d text.Doc
	d.Fold(s)
	if len(d.Tokens) == 0 {
		return symbolTerm(t, &d)
	}
	for _, x := range d.Extra {
		if x.Flags&text.Symbol != 0 {
			return t, errors.New("an emoji or symbol is a term by itself, not part of a phrase")
		}
	}
	folded := d.Folded()
	for i := 0; i < len(d.Tokens); {
		w, next, err := termWordAt(&d, folded, i)
		if err != nil {
			return t, err
		}
		t.words = append(t.words, w)
		i = next
	}
	if err := strayStars(&d, folded); err != nil {
		return t, err
	}
	if len(t.words) > maxTermWords {
		return t, fmt.Errorf("a term of %d words, want at most %d", len(t.words), maxTermWords)
	}
	return t, nil
}

func symbolTerm(t Term, d *text.Doc) (Term, error) {
	if len(d.Extra) == 1 && d.Extra[0].Flags&text.Symbol != 0 {
		t.words = []termWord{{spelling: string(d.Word(d.Extra[0].Token)), symbol: true, raw: t.Text}}
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
