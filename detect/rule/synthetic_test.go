package rule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"veghe"
	"veghe/detect/text"
)

// language is an invented language for benchmarks, made to be to the matcher
// what a natural one is:
//
//   - 140,000 words, of which texts use 120,000, as often as words are used
//     (Zipf and Mandelbrot: the r-th in 1/(r+2.7)^1.05); common ones short,
//     three in five an older one with another ending;
//   - set phrases of two or three words, 40,000 of them, which make up a
//     twentieth of a text;
//   - posts of about 84 words and 500 bytes; one in four is written with
//     diacritics, one in eight has an emoji, one in thirty a disguised word.
//
// Rules are drawn as analysts write them, see phrase and near. On such texts
// measured packs find 0.003, 0.05, 0.7 and 4.2 phrases a post with 100 to
// 100,000 phrases, and hold the two sides of a near rule together about six
// times a post with 2,000 of them; the benchmarks report what ours do. The
// same seed gives the same.
type language struct {
	r     *rand.Rand
	words []string
	set   [][]int // phrases, by rank of their words
	zipf  *rand.Zipf
	setOf *rand.Zipf
}

const (
	allWords  = 140_000
	textWords = 120_000
	setWords  = 40_000
)

func newLanguage(seed uint64) *language {
	r := rand.New(rand.NewPCG(seed, 7))
	l := &language{r: r, zipf: rand.NewZipf(r, 1.05, 2.7, textWords-1), setOf: rand.NewZipf(r, 1.05, 50, setWords-1)}
	l.coin()
	for len(l.set) < setWords {
		p := []int{int(l.zipf.Uint64()), l.middling()}
		if r.IntN(2) == 0 {
			p = []int{l.middling(), int(l.zipf.Uint64())}
		}
		if r.IntN(5) < 2 {
			p = append(p, int(l.zipf.Uint64()))
		}
		l.set = append(l.set, p)
	}
	return l
}

var endings = strings.Fields("ul ului a ă e i ii ilor lor at ate ând esc ește eau ist ire iri or em ați")

// coin makes the words.
func (l *language) coin() {
	onset := strings.Fields("b c d f g l m n p r s t v z st pr tr cr br sc ș ț")
	vowel := strings.Fields("a e i o u a e i ă â ea ie")
	seen := map[string]bool{}
	var roots []string
	for len(l.words) < allWords {
		letters := 1 + 5*math.Log(float64(1+len(l.words)))/math.Log(allWords) + 2*l.r.Float64()
		var b strings.Builder
		derived := len(l.words) > 300 && l.r.IntN(5) < 3
		if derived {
			root := roots[l.r.IntN(len(roots))]
			b.WriteString(strings.TrimRight(root, "aeiăâu") + endings[l.r.IntN(len(endings))])
		} else {
			for b.Len() < int(letters) {
				b.WriteString(onset[l.r.IntN(len(onset))] + vowel[l.r.IntN(len(vowel))])
			}
			if l.r.IntN(3) == 0 {
				b.WriteString(onset[l.r.IntN(14)])
			}
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			if !derived && len(w) > 3 {
				roots = append(roots, w)
			}
			l.words = append(l.words, w)
		}
	}
}

// middling is a word neither common nor rare, as rules are about.
func (l *language) middling() int { return 400 + l.r.IntN(19_600) }

var bare = strings.NewReplacer("ă", "a", "â", "a", "ș", "s", "ț", "t")

// post is a text of about n words.
func (l *language) post(n int) string {
	var ws []string
	for len(ws) < n {
		if l.r.IntN(50) > 0 {
			ws = append(ws, l.words[l.zipf.Uint64()])
			continue
		}
		for _, w := range l.set[l.setOf.Uint64()] {
			ws = append(ws, l.words[w])
		}
	}
	if l.r.IntN(30) == 0 {
		i := l.r.IntN(len(ws))
		ws[i] = strings.NewReplacer("a", "4", "o", "0", "e", "3").Replace(ws[i])
	}
	var b strings.Builder
	for i, w := range ws {
		if i == 0 || l.r.IntN(12) == 0 {
			_, n := utf8.DecodeRuneInString(w)
			w = strings.ToUpper(w[:n]) + w[n:]
		}
		b.WriteString(w)
		switch l.r.IntN(20) {
		case 0, 1:
			b.WriteString(". ")
		case 2:
			b.WriteString(", ")
		case 3:
			fmt.Fprintf(&b, " %d ", l.r.IntN(2000))
		default:
			b.WriteByte(' ')
		}
	}
	if l.r.IntN(8) == 0 {
		b.WriteString("🙂")
	}
	if l.r.IntN(4) > 0 {
		return bare.Replace(b.String())
	}
	return b.String()
}

func (l *language) posts(n int) []veghe.Post {
	posts := make([]veghe.Post, n)
	for i := range posts {
		posts[i].Text = l.post(84)
	}
	return posts
}

// phrase is a term of one to five words: a quarter are set phrases of the
// language, most others have common words inside.
func (l *language) phrase() string {
	pick := l.r.IntN(100)
	var ws []int
	switch {
	case pick < 25:
		ws = l.set[l.r.IntN(len(l.set))]
	case pick < 33:
		ws = []int{6_000 + l.r.IntN(70_000)}
	default:
		ws = make([]int, []int{2, 2, 2, 2, 2, 3, 3, 3, 4, 5}[l.r.IntN(10)])
		for i := range ws {
			ws[i] = int(30_000 * math.Pow(l.r.Float64(), 1.25))
			if l.r.IntN(7) == 0 {
				ws[i] = l.r.IntN(allWords)
			}
		}
		if len(ws) > 2 && l.r.IntN(5) < 3 {
			ws[1+l.r.IntN(len(ws)-2)] = l.r.IntN(12)
		} else if l.r.IntN(4) == 0 {
			ws[0] = l.r.IntN(12)
		}
	}
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = l.words[w]
	}
	return strings.Join(out, " ")
}

// near are the two sides of a near rule, one to four common or middling words
// and as many stems, and how many words may stand between.
func (l *language) near() (a, b []string, n int) {
	for range 1 + l.r.IntN(4) {
		w := l.middling()
		if l.r.IntN(5) < 3 {
			w = l.r.IntN(1_500)
		}
		a = append(a, l.words[w])
	}
	for range 1 + l.r.IntN(4) {
		b = append(b, l.stem())
	}
	return a, b, []int{1, 2, 4, 6, 10}[l.r.IntN(5)]
}

// stem is the start of a middling word.
func (l *language) stem() string {
	for {
		if rs := []rune(l.words[l.middling()]); len(rs) > 5 {
			return string(rs[:max(5, len(rs)-2)]) + "*"
		}
	}
}

// synthetic makes a pack of phrases, twenty to a rule, and of near rules in
// the order of their sides. Its phrases are all different.
func synthetic(tb testing.TB, l *language, phrases, nears int) *Pack {
	tb.Helper()
	p := &Pack{}
	seen := map[string]bool{}
	for len(seen) < phrases {
		s := &Signal{Name: "a"}
		for len(s.Terms) < 20 && len(seen) < phrases {
			if t := l.phrase(); !seen[text.Fold(t)] {
				seen[text.Fold(t)] = true
				s.Terms = append(s.Terms, mustTerm(tb, AnyLang, t))
			}
		}
		p.Rules = append(p.Rules, syntheticRule(tb, len(p.Rules), "a", s))
	}
	for range nears {
		a, b := &Signal{Name: "a"}, &Signal{Name: "b"}
		as, bs, n := l.near()
		for _, t := range as {
			a.Terms = append(a.Terms, mustTerm(tb, AnyLang, t))
		}
		for _, t := range bs {
			b.Terms = append(b.Terms, mustTerm(tb, AnyLang, t))
		}
		p.Rules = append(p.Rules, syntheticRule(tb, len(p.Rules), fmt.Sprintf("ordered(a, b, %d)", n), a, b))
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

// syntheticPatterns makes rules of one regular expression each: a stem with
// an ending or two words with something between.
func syntheticPatterns(tb testing.TB, l *language, n int) *Pack {
	tb.Helper()
	p := &Pack{}
	for len(p.Rules) < n {
		word := func() string { return text.Fold(l.words[l.middling()]) }
		source := fmt.Sprintf("%s.{0,20}%s", word(), word())
		if len(p.Rules)%2 == 0 {
			source = fmt.Sprintf("(%s|%s) [a-z]+ [0-9]+", word(), word())
		}
		pat, err := parsePattern(AnyLang, source, false)
		if err != nil {
			continue // no letters that it must have
		}
		p.Rules = append(p.Rules, syntheticRule(tb, len(p.Rules), "a", &Signal{Name: "a", Kind: Regexp, Patterns: []Pattern{pat}}))
	}
	return p
}
