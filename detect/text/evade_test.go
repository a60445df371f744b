package text

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// between puts sep between the letters of a word.
func between(w, sep string) string { return strings.Join(strings.Split(w, ""), sep) }

// mapped replaces letters; pairs are old, new, old, new.
func mapped(pairs string) func(string) string {
	var list []string
	for _, r := range pairs {
		list = append(list, string(r))
	}
	return strings.NewReplacer(list...).Replace
}

// shifted writes lower-case ASCII letters as the alphabet that starts with a.
func shifted(a rune) func(string) string {
	return func(w string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return a + r - 'a'
			}
			return r
		}, Fold(w))
	}
}

// inside puts sep once, before the third letter.
func inside(sep string) func(string) string {
	return func(w string) string {
		rs := []rune(w)
		return string(rs[:3]) + sep + string(rs[3:])
	}
}

// many repeats the third letter n times in all.
func many(n int) func(string) string {
	return func(w string) string {
		rs := []rune(w)
		return string(rs[:2]) + strings.Repeat(string(rs[2]), n) + string(rs[3:])
	}
}

// first changes only the first letter that f changes.
func first(f func(string) string) func(string) string {
	return func(w string) string {
		for i, r := range w {
			if s := f(string(r)); s != string(r) {
				return w[:i] + s + w[i+len(string(r)):]
			}
		}
		return w
	}
}

// last changes only the last letter that f changes.
func last(f func(string) string) func(string) string {
	return func(w string) string {
		rs := []rune(w)
		for i, r := range slices.Backward(rs) {
			if s := f(string(r)); s != string(r) {
				return string(rs[:i]) + s + string(rs[i+1:])
			}
		}
		return w
	}
}

func chained(fs ...func(string) string) func(string) string {
	return func(w string) string {
		for _, f := range fs {
			w = f(w)
		}
		return w
	}
}

var (
	leetLatin = mapped("a4ă4â4e3i1î1o0s5ș5t7ț7A4E3I1O0S5T7")
	carriers  = map[string]string{"ro": "Caut %s acum, vă rog.", "en": "I need %s today, please.", "ru": "Мне нужен %s сегодня."}
	disguised = map[string][]string{
		"ro": {"pașaport", "contract", "muncă", "străinătate", "bani", "experiență", "transport", "salariu", "fără", "germania", "înainte"},
		"en": {"passport", "contract", "abroad", "secret", "experience", "money", "nobody", "travel", "online"},
		"ru": {"паспорт", "договор", "работа", "граница", "деньги", "срочно", "никому"},
	}
)

// Whatever is done to a word, it is among the words read, and where it says
// it stands is where it was put.
func TestDisguises(t *testing.T) {
	for _, tc := range []struct {
		name  string
		langs string
		f     func(string) string
	}{
		{"no diacritics", "ro", mapped("ăaâaîișsțt")},
		{"cedillas", "ro", mapped("șşțţ")},
		{"marks of their own", "ro", norm.NFD.String},
		{"capitals", "ro en ru", strings.ToUpper},
		{"l33t", "ro en", leetLatin},
		{"l33t capitals", "ro en", chained(strings.ToUpper, leetLatin)},
		{"first letter l33t", "ro en", first(leetLatin)},
		{"last letter l33t", "ro en", last(leetLatin)},
		{"signs for letters", "ro en", func(w string) string { return w[:1] + mapped("a@s$ă@ș$")(w[1:]) }},
		{"a dollar for a letter", "ro en", first(mapped("s$ș$"))},
		{"last sign for a letter", "ro en", last(mapped("a@s$ă@ș$"))},
		{"zero and four in Cyrillic", "ru", mapped("о0а4")},
		{"Cyrillic look-alikes", "ro en", mapped("aаeеoоpрcсxх")},
		{"one Cyrillic look-alike", "ro en", first(mapped("aаeеoоpрcсxх"))},
		{"Greek look-alikes", "ro en", mapped("oοvνiι")},
		{"Armenian look-alikes", "ro en", mapped("oօnոuս")},
		{"Latin look-alikes", "ru", mapped("аaеeоoрpсc")},
		{"zero width", "ro en ru", func(w string) string { return between(w, "\u200b") }},
		{"joiner, mark of order, soft hyphen", "ro en ru", func(w string) string { return inside("\u200d")(inside("\ufeff")(inside("\u00ad")(w))) }},
		{"direction controls", "ro en ru", inside("\u202e\u202c")},
		{"many marks", "ro en ru", func(w string) string { return between(w, "\u0336\u0489\u0301") }},
		{"full width", "ro en", shifted('ａ')},
		{"bold", "ro en", shifted('𝗮')},
		{"script", "ro en", shifted('𝓪')},
		{"circled", "ro en", shifted('ⓐ')},
		{"squared", "ro en", shifted('🅰')},
		{"parenthesized", "ro en", shifted('⒜')},
		{"spaced", "ro en ru", func(w string) string { return between(w, " ") }},
		{"spaced capitals", "ro en ru", func(w string) string { return between(strings.ToUpper(w), " ") }},
		{"two spaces", "ro en ru", func(w string) string { return between(w, "  ") }},
		{"non-breaking spaces", "ro en ru", func(w string) string { return between(w, "\u00a0") }},
		{"dotted", "ro en ru", func(w string) string { return between(w, ".") }},
		{"dots and spaces", "ro en ru", func(w string) string { return between(w, ". ") }},
		{"middle dots", "ro en ru", func(w string) string { return between(w, "·") }},
		{"starred", "ro en ru", func(w string) string { return between(w, "*") }},
		{"underscored", "ro en ru", func(w string) string { return between(w, "_") }},
		{"dashed", "ro en ru", func(w string) string { return between(w, "-") }},
		{"slashed", "ro en ru", func(w string) string { return between(w, "/") }},
		{"barred", "ro en ru", func(w string) string { return between(w, "|") }},
		{"emoji between", "ro en ru", func(w string) string { return between(w, "💰") }},
		{"two emoji between", "ro en ru", func(w string) string { return between(w, "💰🔥") }},
		{"hearts between", "ro en ru", func(w string) string { return between(w, "❤️") }},
		{"l33t spaced", "ro en", func(w string) string { return between(leetLatin(w), " ") }},
		{"l33t dotted", "ro en", func(w string) string { return between(leetLatin(w), ".") }},
		{"look-alikes dotted", "ro en", func(w string) string { return between(mapped("aаeеoоpрcсxх")(w), ".") }},
		{"dot inside", "ro en ru", inside(".")},
		{"star inside", "ro en ru", inside("*")},
		{"underscore inside", "ro en ru", inside("_")},
		{"emoji inside", "ro en ru", inside("🔒")},
		{"dots in three pieces", "ro en ru", func(w string) string {
			r := []rune(w)
			return string(r[:2]) + "." + string(r[2:3]) + "." + string(r[3:])
		}},
		{"a letter twice", "ro en ru", many(2)},
		{"a letter three times", "ro en ru", many(3)},
		{"a letter nine times", "ro en ru", many(9)},
		{"each letter twice", "ro en ru", func(w string) string {
			var b strings.Builder
			for _, r := range w {
				b.WriteString(string(r) + string(r))
			}
			return b.String()
		}},
		{"l33t and a letter nine times", "ro en", func(w string) string { return last(leetLatin)(many(9)(w)) }},
	} {
		for lang := range strings.FieldsSeq(tc.langs) {
			t.Run(tc.name+"/"+lang, func(t *testing.T) {
				for _, w := range disguised[lang] {
					m := tc.f(w)
					in := fmt.Sprintf(carriers[lang], m)
					if got, ok := reads(in, Fold(w), m); !ok {
						t.Errorf("%q read as %q, want %q at %q", in, got, Fold(w), m)
					}
				}
			})
		}
	}
}

// reads reports whether want is among the words of s, where raw is, and gives
// all readings.
func reads(s, want, raw string) (got []string, ok bool) {
	var d Doc
	d.Fold(s)
	at := strings.Index(s, raw)
	see := func(t Token) {
		w := string(d.Word(t))
		got = append(got, w)
		ok = ok || w == want && int(t.Start) == at && int(t.End) == at+len(raw)
	}
	for _, t := range d.Tokens {
		see(t)
	}
	for _, x := range d.Extra {
		see(x.Token)
	}
	return got, ok
}

// Where words are spaced out one after the other each is read, if the gaps
// between words are wider.
func TestSpacedWords(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"p a ș a p o r t u l   m e u", "pasaportul meu"},
		{"l u c r e z  î n  g e r m a n i a", "lucrez in germania"},
		{"d.a.u b.a.n.i", "dau bani"},
		{"v i n o  l a  n o i", "vino la noi"},
		{"r a b o t a   b e z   d o k u m e n t o v", "rabota bez dokumentov"},
		{"t r i m i t e m i p o z a", "trimitemipoza"}, // where words end is lost
	} {
		var d Doc
		d.Fold(tc.in)
		var got []string
		next := int32(0)
		for _, x := range d.Extra {
			if x.First != next {
				t.Errorf("%q: %q stands for tokens from %d on, want %d", tc.in, d.Word(x.Token), x.First, next)
			}
			next = x.Last + 1
			got = append(got, string(d.Word(x.Token)))
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%q read as %q, want %q", tc.in, s, tc.want)
		}
	}
}

// Ordinary texts have no second reading.
func TestFalseFriends(t *testing.T) {
	for _, in := range []string{
		"Am pasaport si buletin, plec in mai.",
		"La 3.2.14 am 20 de minute, 500euro pe luna, 100lei pe zi.",
		"Camera h3, un mp3, covid19, un pat 4x4, firma B2B, o TV 4k.",
		"Tel. 0700 000 000, +40 700-000-000, 0700.000.000.",
		"Pe 12.03.2024, 2024-03-12, ora 18:30, la 10h30.",
		"Un a b c al muncii. Variantele a, b si c.",
		"J. R. R. Tolkien si J.R.",
		"De exemplu, e.g. asta, i.e. aia, a.m. sau p.m.",
		"S-a dus, mi-a zis, dă-mi, într-o zi, n-am, v-ați.",
		"l'eau, dell'acqua, don't, it's, we'll, o'clock.",
		"Copii mei, prietenii, fii, I need too good a coffee, all of it.",
		"Я и ты в саду у дома, о нас. Станции, партии.",
		"Le 5 e 6, i7, A4, K2, 7up, 2nd, 3rd, 24h, 5kg.",
		"RTX3080, SM-G991B, PS5, H2O, CO2, R2D2, A380, E85.",
		"Ce??? Nu!!! Da... Bine :) ok ;-) <3 1000 2000 www",
	} {
		if got := extras(in); len(got) > 0 {
			t.Errorf("%q also read as %q", in, got)
		}
	}
}

// Others have one that means nothing.
func TestHarmless(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{"S.R.L. si s.r.l.", []string{"srl", "srl"}},
		{"Vezi olx.example.com acum", []string{"olxexamplecom"}},
		{"Scrie la ana@example.org", nil},
		{"full-time, e-mail", []string{"fulltime"}},
		{"iPhone15, 30minute", []string{"iphoneis", "iphonels", "eominute"}},
		{"Copiii, России", []string{"copi", "copii", "роси"}},
	} {
		if diff := cmp.Diff(tc.want, extras(tc.in)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tc.in, diff)
		}
	}
}

// extras are the second readings of s but for symbols.
func extras(s string) []string {
	var d Doc
	d.Fold(s)
	var got []string
	for _, x := range d.Extra {
		if x.Flags&Symbol == 0 {
			got = append(got, string(d.Word(x.Token)))
		}
	}
	return got
}

// A word written wholly in Cyrillic letters that look Latin is read so in a
// Latin text, and left alone where there is Cyrillic.
func TestForged(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{"Vrem расе acum, nu altceva", []string{"pace"}},
		{"Нам нужен сахар и рис, iPhone тоже", nil},
		{"Facem сахар si paste", []string{"caxap"}},
		{"сое расе", nil},
		{"Avem паспорт si расе", nil},
	} {
		if diff := cmp.Diff(tc.want, extras(tc.in)); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tc.in, diff)
		}
	}
}

// A hashtag is its words, and beside them itself.
func TestHashtags(t *testing.T) {
	for _, tc := range []struct{ in, want, beside string }{
		{"#LucrezInGermania", "lucrez in germania", "lucrezingermania"},
		{"vezi #MuncaÎnUK si #JobUrgent2024!", "vezi munca in uk si job urgent2024", "muncainuk joburgent2024"},
		{"#UKJobs", "uk jobs", "ukjobs"},
		{"#РаботаВГермании", "работа в германии", "работавгермании"},
		{"#lucrezingermania", "lucrezingermania", ""}, // would need a list of words
		{"#lucrez_in_germania", "lucrez in germania", "lucrezingermania"},
		{"YouTube, iPhone, McDonald", "youtube iphone mcdonald", ""},
		{"#MUNCA", "munca", ""},
		{"example.org/#TwoWords C#AndMore", "example org twowords c andmore", "exampleorg"},
		{"pe #ȘtiriLaZi 🔒 #DouăVieți", "pe stiri la zi doua vieti", "stirilazi douavieti"},
	} {
		var d Doc
		d.Fold(tc.in)
		var got []string
		for _, tok := range d.Tokens {
			got = append(got, string(d.Word(tok)))
			if raw := tc.in[tok.Start:tok.End]; Fold(raw) != string(d.Word(tok)) {
				t.Errorf("%q: %q is at %q", tc.in, d.Word(tok), raw)
			}
		}
		if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q: -want +got:\n%s", tc.in, diff)
		}
		if diff := cmp.Diff(tc.beside, strings.Join(extras(tc.in), " ")); diff != "" {
			t.Errorf("%q beside: -want +got:\n%s", tc.in, diff)
		}
	}
}

// A long text of spaced letters is cut between its words, not within one.
func TestLongChainsEndAtWords(t *testing.T) {
	const words = "acestea sunt cuvinte destul de lungi pentru mai multe lanturi la rand"
	var d Doc
	for _, gap := range []string{".", " "} {
		var spaced []string
		for w := range strings.FieldsSeq(words) {
			spaced = append(spaced, strings.Join(strings.Split(w, ""), gap))
		}
		d.Fold(strings.Join(spaced, "   "))
		var got []string
		for _, x := range d.Extra {
			got = append(got, string(d.Word(x.Token)))
		}
		if s := strings.Join(got, " "); s != words {
			t.Errorf("with %q between: %q, want %q", gap, s, words)
		}
	}
}
