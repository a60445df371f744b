package text

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Words of invented posts, as many long and short ones, and as many letters
// with marks, as people write.
var vocabulary = map[string]string{
	"ascii":    "the of and to in is that for you it with on this have are job offer work abroad please contact me today before we can talk about your passport and the contract is good money for everyone who wants something better quickly transport included accommodation experience necessary",
	"ro":       "de și în la cu pe nu să o ce mai este sunt pentru care muncă străinătate țară lucrez caut oferim transport cazare plată săptămână pașaport buletin mâine găsești înțelegere fără experiență vă rugăm sunați bani mulți acum aici oameni casă mașină cineva știe pot și eu",
	"ro-plain": "de si in la cu pe nu sa o ce mai este sunt pentru care munca strainatate tara lucrez caut oferim transport cazare plata saptamana pasaport buletin maine gasesti intelegere fara experienta va rugam sunati bani multi acum aici oameni casa masina cineva stie pot si eu",
	"hu":       "a az és hogy nem is egy de meg ha csak van volt már még mint vagy el be munka külföldön szállás utazás fizetés útlevél szerződés keresünk embereket azonnal pénzt jó lehetőség hétvégén érdeklődni írjon nekünk szükséges tapasztalat nélkül köszönöm előre",
	"pl":       "i w na nie się że to z do jest jak po co tak ale za praca za granicą mieszkanie transport zapłata umowa paszport szukamy ludzi od zaraz pieniądze dobra możliwość proszę zadzwonić doświadczenie niepotrzebne wyjazd w przyszłym tygodniu dziękuję",
	"ru":       "и в не на я что он с как это по но они мы за работа границей жильё проезд оплата договор паспорт ищем людей срочно деньги хорошая возможность звоните пожалуйста опыт не нужен выезд на следующей неделе спасибо всем кто хочет больше заработать",
	"evasive":  "p4s4port p a s a p o r t m.u.n.c.a раsроrt ba\u200bni oferiiiim 3xperienta b💰a💰n💰i c-o-n-t-r-a-c-t #LucrezInGermania tr4nsp0rt de si la acum ｍｕｎｃａ 𝗯𝗮𝗻𝗶 f_a_r_a",
}

// posts are a hundred invented posts of about 85 words in a way of writing.
func posts(kind string) []string {
	r := rand.New(rand.NewPCG(4, 2))
	words := strings.Fields(vocabulary[kind])
	out := make([]string, 100)
	for i := range out {
		var b strings.Builder
		for k := range 60 + r.IntN(50) {
			w := words[r.IntN(len(words))]
			if k == 0 || r.IntN(12) == 0 {
				_, n := utf8.DecodeRuneInString(w)
				w = strings.ToUpper(w[:n]) + w[n:]
			}
			b.WriteString(w)
			switch r.IntN(30) {
			case 0, 1:
				b.WriteString(", ")
			case 2:
				b.WriteString(".\n")
			case 3:
				b.WriteString("! ")
			case 4:
				b.WriteString(" 1200 ")
			default:
				b.WriteByte(' ')
			}
		}
		out[i] = b.String()
	}
	return out
}

func bench(b *testing.B, kind string, fold func(string)) {
	b.Helper()
	texts, size := posts(kind), 0
	for _, s := range texts {
		fold(s)
		size += len(s)
	}
	b.SetBytes(int64(size / len(texts)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		fold(texts[i])
		if i++; i == len(texts) {
			i = 0
		}
	}
}

var kinds = []string{"ascii", "ro", "ro-plain", "hu", "pl", "ru", "evasive"}

// BenchmarkFold is folding, cutting, hashing and the second reading.
func BenchmarkFold(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind, func(b *testing.B) {
			var d Doc
			bench(b, kind, d.Fold)
		})
	}
}

// BenchmarkSecondReading is what undoing disguises costs of it: the gate in
// ordinary texts, the work in evasive ones.
func BenchmarkSecondReading(b *testing.B) {
	for _, kind := range []string{"ascii", "ro", "ru", "evasive"} {
		b.Run(kind, func(b *testing.B) {
			texts := posts(kind)
			docs, odd := make([]Doc, len(texts)), make([][]oddity, len(texts))
			size := 0
			for i, s := range texts {
				docs[i].Fold(s)
				odd[i] = slices.DeleteFunc(slices.Clone(docs[i].odd), func(o oddity) bool { return o&twice != 0 })
				docs[i].Extra = slices.DeleteFunc(docs[i].Extra, func(x Extra) bool { return x.Flags&Symbol == 0 })
				size += len(s)
			}
			b.SetBytes(int64(size / len(texts)))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d := &docs[i]
				symbols := len(d.Extra)
				d.evade()
				d.Extra, d.out, d.odd = d.Extra[:symbols], d.out[:d.n], append(d.odd[:0], odd[i]...)
				if i++; i == len(docs) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkChain is the usual way with golang.org/x/text, only to fold: no
// words, no offsets, and marks of all scripts are lost.
func BenchmarkChain(b *testing.B) {
	for _, kind := range []string{"ascii", "ro", "ru"} {
		b.Run(kind, func(b *testing.B) {
			t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC, cases.Fold())
			bench(b, kind, func(s string) {
				t.Reset()
				if _, _, err := transform.String(t, s); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
