package rule

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"veghe"
)

// language is an invented language: words of a few syllables, used as often
// as words are (Zipf), some with diacritics. The same seed gives the same.
type language struct {
	r     *rand.Rand
	words []string
	zipf  *rand.Zipf
}

func newLanguage(seed uint64, size int) *language {
	r := rand.New(rand.NewPCG(seed, 7))
	l := &language{r: r, zipf: rand.NewZipf(r, 1.1, 4, uint64(size-1))}
	seen := map[string]bool{}
	onset := strings.Fields("b c d f g l m n p r s t v z st pr tr cr br sc ș ț")
	vowel := strings.Fields("a e i o u a e i ă â ea ie")
	for len(l.words) < size {
		n := 1 + len(l.words)*3/size + r.IntN(2) // common words are short
		var b strings.Builder
		for range n {
			b.WriteString(onset[r.IntN(len(onset))] + vowel[r.IntN(len(vowel))])
		}
		if r.IntN(2) == 0 {
			b.WriteString(onset[r.IntN(14)])
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			l.words = append(l.words, w)
		}
	}
	return l
}

func (l *language) word() string { return l.words[l.zipf.Uint64()] }

// rare is a word that is not among the most common.
func (l *language) rare() string { return l.words[200+l.r.IntN(len(l.words)-200)] }

// post is a text of about n words.
func (l *language) post(n int) string {
	var b strings.Builder
	for i := range n {
		w := l.word()
		if i == 0 || l.r.IntN(12) == 0 {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		b.WriteString(w)
		switch l.r.IntN(14) {
		case 0:
			b.WriteString(". ")
		case 1:
			b.WriteString(", ")
		case 2:
			fmt.Fprintf(&b, " %d ", l.r.IntN(2000))
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// phrase is a term of one to five words, rare ones mostly.
func (l *language) phrase() string {
	n := []int{1, 2, 2, 2, 2, 3, 3, 3, 4, 5}[l.r.IntN(10)]
	if n == 1 {
		return l.rare()
	}
	words := make([]string, n)
	for i := range words {
		words[i] = l.word()
		if l.r.IntN(2) == 0 {
			words[i] = l.rare()
		}
	}
	return strings.Join(words, " ")
}

// stem is the start of a rare word.
func (l *language) stem() string {
	for {
		if rs := []rune(l.rare()); len(rs) > 5 {
			return string(rs[:len(rs)-2]) + "*"
		}
	}
}

// synthetic makes a pack of phrases, twenty to a rule, and near rules of a
// few common words and a few stems.
func synthetic(tb testing.TB, l *language, phrases, nears int) *Pack {
	tb.Helper()
	p := &Pack{}
	for i := 0; i < phrases; i += 20 {
		s := &Signal{Name: "a"}
		for range min(20, phrases-i) {
			s.Terms = append(s.Terms, mustTerm(tb, AnyLang, l.phrase()))
		}
		p.Rules = append(p.Rules, syntheticRule(tb, len(p.Rules), "a", s))
	}
	for range nears {
		a, b := &Signal{Name: "a"}, &Signal{Name: "b"}
		for range 1 + l.r.IntN(4) {
			w := l.rare()
			if l.r.IntN(2) == 0 {
				w = l.words[l.r.IntN(1500)]
			}
			a.Terms = append(a.Terms, mustTerm(tb, AnyLang, w))
			b.Terms = append(b.Terms, mustTerm(tb, AnyLang, l.stem()))
		}
		p.Rules = append(p.Rules, syntheticRule(tb, len(p.Rules), fmt.Sprintf("near(a, b, %d)", 1+l.r.IntN(8)), a, b))
	}
	return p
}

func mustTerm(tb testing.TB, lang, s string) Term {
	tb.Helper()
	t, err := parseTerm(lang, s)
	if err != nil {
		tb.Fatalf("term %q: %v", s, err)
	}
	return t
}

func syntheticRule(tb testing.TB, n int, cond string, signals ...*Signal) *Rule {
	tb.Helper()
	c, err := ParseCond(cond)
	if err != nil {
		tb.Fatal(err)
	}
	id := fmt.Sprintf("SYN-%05d", n)
	return &Rule{
		ID: veghe.RuleID(id), Indicator: veghe.IndicatorID(id), Status: Stable, Strength: Weak,
		Category: veghe.Recruitment, Family: "synthetic", Signals: signals, Condition: c,
	}
}
