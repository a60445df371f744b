package contact

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/recall.txt")

// tongue is how one language writes and says numbers, and a few sentences to
// hide them in. All numbers are of ranges that no one has, or that are kept
// for films.
type tongue struct {
	lang    string
	prefix  string   // country code
	number  string   // national, without the last three digits
	trunk   string   // what the country code replaces
	digits  []string // zero to nine, as said
	tens    []string // twenty to ninety
	and     string   // between tens and units; "-" when the unit comes first, glued
	double  string   // twice the digit that follows, if people say so
	say     []string // sentences with %s
	at, dot string   // as said
}

var tongues = []tongue{
	{
		"ro", "40", "0700000", "0", strings.Fields("zero unu doi trei patru cinci șase șapte opt nouă"),
		strings.Fields("douăzeci treizeci patruzeci cincizeci șaizeci șaptezeci optzeci nouăzeci"), " și ", "dublu",
		[]string{"Caut fete pentru un post nou, scrie-mi la %s, rog seriozitate.", "Tel %s", "nr meu e %s pup", "angajam urgent, relatii la numarul %s!"},
		"arond", "punct",
	},
	{
		"en", "44", "07700900", "0", strings.Fields("zero one two three four five six seven eight nine"),
		strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety"), "-", "double",
		[]string{"Looking for staff, text me on %s for details.", "call %s", "my number is %s ok", "housekeepers wanted: %s!"},
		"at", "dot",
	},
	{
		"it", "39", "3200000", "", strings.Fields("zero uno due tre quattro cinque sei sette otto nove"),
		strings.Fields("venti trenta quaranta cinquanta sessanta settanta ottanta novanta"), "", "doppio",
		[]string{"Cerco ragazze per lavoro, chiama %s per informazioni.", "tel %s", "il mio numero è %s ciao", "cercasi badante: %s!"},
		"chiocciola", "punto",
	},
	{
		"es", "34", "600000", "", strings.Fields("cero uno dos tres cuatro cinco seis siete ocho nueve"),
		strings.Fields("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"), " y ", "doble",
		[]string{"Busco chicas para trabajar, escribe al %s por favor.", "tel %s", "mi número es %s gracias", "se busca personal: %s!"},
		"arroba", "punto",
	},
	{
		"de", "49", "01510000 0", "0", strings.Fields("null eins zwei drei vier fünf sechs sieben acht neun"),
		strings.Fields("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"), "und", "doppel",
		[]string{"Suche Personal, ruf mich an unter %s bitte.", "Tel %s", "meine Nummer ist %s danke", "Putzhilfe gesucht: %s!"},
		"Klammeraffe", "Punkt",
	},
	{
		"fr", "33", "0639980", "0", strings.Fields("zéro un deux trois quatre cinq six sept huit neuf"),
		strings.Fields("vingt trente quarante cinquante soixante"), "-", "", //nolint:misspell // French
		[]string{"Cherche personnel, appelez le %s pour en savoir plus.", "tel %s", "mon numéro est le %s merci", "on recrute: %s!"},
		"arobase", "point",
	},
	{
		"hu", "36", "06200000", "06", strings.Fields("nulla egy kettő három négy öt hat hét nyolc kilenc"),
		strings.Fields("huszon harminc negyven ötven hatvan hetven nyolcvan kilencven"), "", "dupla",
		[]string{"Lányokat keresek munkára, hívj %s és megbeszéljük.", "tel %s", "a számom %s köszi", "munkatársat keresünk: %s!"},
		"kukac", "pont",
	},
	{
		"ru", "7", "89000000", "8", strings.Fields("ноль один два три четыре пять шесть семь восемь девять"),
		strings.Fields("двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"), " ", "",
		[]string{"Ищу девушек на работу, звоните %s в любое время.", "тел %s", "мой номер %s спасибо", "требуются сотрудники: %s!"},
		"собака", "точка",
	},
	{
		"uk", "380", "0500000", "0", strings.Fields("нуль один два три чотири п'ять шість сім вісім дев'ять"),
		strings.Fields("двадцять тридцять сорок п'ятдесят шістдесят сімдесят вісімдесят дев'яносто"), " ", "",
		[]string{"Шукаю дівчат на роботу, дзвоніть %s будь ласка.", "тел %s", "мій номер %s дякую", "потрібні працівники: %s!"},
		"собака", "крапка",
	},
	{
		"bg", "359", "0880000", "0", strings.Fields("нула едно две три четири пет шест седем осем девет"),
		strings.Fields("двадесет тридесет четиридесет петдесет шестдесет седемдесет осемдесет деветдесет"), " и ", "",
		[]string{"Търся момичета за работа, обади се на %s за повече.", "тел %s", "номерът ми е %s благодаря", "търсим персонал: %s!"},
		"маймунка", "точка",
	},
}

// national are the digits of the n-th number.
func (g tongue) national(n int) string {
	return fmt.Sprintf("%s%03d", strings.ReplaceAll(g.number, " ", ""), n*37%1000)
}

func (g tongue) e164(n int) string {
	return "+" + g.prefix + strings.TrimPrefix(g.national(n), g.trunk)
}

// chunks cuts digits into groups: the first of size a, then of size b.
func chunks(digits string, a, b int) []string {
	var out []string
	for size := a; len(digits) > 0; size = b {
		size = min(size, len(digits))
		out, digits = append(out, digits[:size]), digits[size:]
	}
	return out
}

func joined(a, b int, sep string) func(tongue, string) string {
	return func(_ tongue, d string) string { return strings.Join(chunks(d, a, b), sep) }
}

func mapped(to string) func(tongue, string) string {
	glyphs := strings.Fields(to)
	return func(_ tongue, d string) string {
		var b strings.Builder
		for i, c := range d {
			if i == 4 || i == 7 {
				b.WriteByte(' ')
			}
			b.WriteString(glyphs[c-'0'])
		}
		return b.String()
	}
}

func (g tongue) words(d string) []string {
	var out []string
	for _, c := range d {
		out = append(out, g.digits[c-'0'])
	}
	return out
}

// said writes two digits as one number, if the language does.
func (g tongue) said(d string) string {
	t := int(d[0]-'0') - 2
	if t < 0 || t >= len(g.tens) || d[1] == '0' {
		return strings.Join(g.words(d), " ")
	}
	unit := g.digits[d[1]-'0']
	if g.and == "und" { // zweiundzwanzig
		return strings.Replace(unit, "eins", "ein", 1) + "und" + g.tens[t]
	}
	return g.tens[t] + g.and + unit
}

// disguises are the ways to write a number, by name.
var disguises = []struct {
	name  string
	write func(g tongue, d string) string
}{
	{"plain", joined(20, 1, "")},
	{"spaced", joined(4, 3, " ")},
	{"pairs", joined(2, 2, " ")},
	{"dotted", joined(4, 3, ".")},
	{"dashed", joined(4, 3, "-")},
	{"slashed", joined(4, 9, "/")},
	{"starred", joined(4, 3, "*")},
	{"brackets", func(_ tongue, d string) string { return "(" + d[:4] + ") " + d[4:7] + " " + d[7:] }},
	{"single digits", joined(1, 1, " ")},
	{"single dotted", joined(1, 1, ".")},
	{"single dashed", joined(1, 1, "-")},
	{"single starred", joined(1, 1, "*")},
	{"single commas", joined(1, 1, ", ")},
	{"underscores", joined(2, 2, "_")},
	{"bars", joined(4, 3, " | ")},
	{"one per line", joined(1, 1, "\n")},
	{"plus", func(g tongue, d string) string { return "+" + g.prefix + " " + strings.TrimPrefix(d, g.trunk) }},
	{"plus (0)", func(g tongue, d string) string {
		if g.trunk != "0" {
			return "+" + g.prefix + strings.TrimPrefix(d, g.trunk)
		}
		return "+" + g.prefix + " (0) " + d[1:]
	}},
	{"00", func(g tongue, d string) string { return "00" + g.prefix + strings.TrimPrefix(d, g.trunk) }},
	{"00 spaced", func(g tongue, d string) string {
		return "00 " + g.prefix + " " + strings.Join(chunks(strings.TrimPrefix(d, g.trunk), 3, 3), " ")
	}},
	{"keycaps", mapped("0️⃣ 1️⃣ 2️⃣ 3️⃣ 4️⃣ 5️⃣ 6️⃣ 7️⃣ 8️⃣ 9️⃣")},
	{"full-width", mapped("０ １ ２ ３ ４ ５ ６ ７ ８ ９")},
	{"mathematical", mapped("𝟎 𝟏 𝟐 𝟑 𝟒 𝟓 𝟔 𝟕 𝟖 𝟗")},
	{"circled", mapped("⓪ ① ② ③ ④ ⑤ ⑥ ⑦ ⑧ ⑨")},
	{"dark circles", mapped("⓿ ❶ ❷ ❸ ❹ ❺ ❻ ❼ ❽ ❾")},
	{"superscript", mapped("⁰ ¹ ² ³ ⁴ ⁵ ⁶ ⁷ ⁸ ⁹")},
	{"Arabic-Indic", mapped("٠ ١ ٢ ٣ ٤ ٥ ٦ ٧ ٨ ٩")},
	{"Devanagari", mapped("० १ २ ३ ४ ५ ६ ७ ८ ९")},
	{"o for 0", func(_ tongue, d string) string {
		return strings.Join(chunks(strings.ReplaceAll(d, "0", "o"), 4, 3), " ")
	}},
	{"O, l, I", func(_ tongue, d string) string {
		return strings.NewReplacer("0", "O", "1", "I").Replace(d[:7]) + " " + strings.ReplaceAll(d[7:], "1", "l")
	}},
	{"S, B, Z", func(_ tongue, d string) string {
		return d[:4] + " " + strings.NewReplacer("5", "S", "8", "B", "2", "Z").Replace(d[4:])
	}},
	{"zero-width", joined(2, 2, "\u200b")},
	{"soft hyphens", joined(4, 3, "\u00ad")},
	{"emoji between", joined(4, 3, "🙂")},
	{"emoji spaced", joined(2, 2, " 📞 ")},
	{"family emoji", joined(4, 3, "👨‍👩‍👧")},
	{"words", func(g tongue, d string) string { return strings.Join(g.words(d), " ") }},
	{"words, commas", func(g tongue, d string) string { return strings.Join(g.words(d), ", ") }},
	{"words, dashes", func(g tongue, d string) string { return strings.Join(g.words(d), "-") }},
	{"Words", func(g tongue, d string) string { return strings.ToUpper(strings.Join(g.words(d), " ")) }},
	{"words and digits", func(g tongue, d string) string { return d[:4] + " " + strings.Join(g.words(d[4:]), " ") }},
	{"every second word", func(g tongue, d string) string {
		out := g.words(d)
		for i := 0; i < len(d); i += 2 {
			out[i] = d[i : i+1]
		}
		return strings.Join(out, " ")
	}},
	{"glued words", func(g tongue, d string) string { return strings.Join(g.words(d), "") }},
	{"glued, digits", func(g tongue, d string) string { return d[:4] + strings.Join(g.words(d[4:]), "") }},
	{"tens", func(g tongue, d string) string {
		out := g.words(d[:len(d)-4])
		for _, pair := range chunks(d[len(d)-4:], 2, 2) {
			out = append(out, g.said(pair))
		}
		return strings.Join(out, " ")
	}},
	{"double", func(g tongue, d string) string {
		if g.double == "" {
			return d
		}
		out := g.words(d)
		for i := 0; i+1 < len(out); i++ {
			if d[i] == d[i+1] {
				out[i], out[i+1] = g.double, out[i]
				i++
			}
		}
		return strings.Join(out, " ")
	}},
	{"parted", func(_ tongue, d string) string { return d[:4] + " call " + d[4:7] + " then " + d[7:] }},
	{"wa.me", func(g tongue, d string) string { return "wa.me/" + g.prefix + strings.TrimPrefix(d, g.trunk) }},
	{"tel link", func(g tongue, d string) string { return "tel:+" + g.prefix + strings.TrimPrefix(d, g.trunk) }},
	{"glued to tel", func(_ tongue, d string) string { return "tel" + d }},
}

// sayable are languages whose people say pairs of digits as this test does.
func sayable(g tongue, name string) bool {
	return name != "tens" || g.and != "-" || g.lang == "en" || g.lang == "fr"
}

// TestRecall writes numbers in every way, in sentences of every language, and
// keeps the share found as a table, so that a change shows.
func TestRecall(t *testing.T) {
	const numbers = 25
	var b strings.Builder
	fmt.Fprintf(&b, "%-18s", "% of phones found")
	for _, g := range tongues {
		fmt.Fprintf(&b, " %4s", g.lang)
	}
	b.WriteByte('\n')
	for _, d := range disguises {
		fmt.Fprintf(&b, "%-18s", d.name)
		for _, g := range tongues {
			if !sayable(g, d.name) {
				fmt.Fprintf(&b, " %4s", "-")
				continue
			}
			found, all := 0, 0
			for n := range numbers {
				for _, s := range g.say {
					text := fmt.Sprintf(s, d.write(g, g.national(n)))
					all++
					if hasPhone(text, g.lang, g.e164(n)) {
						found++
					} else if testing.Verbose() && found+3 > all {
						t.Logf("%s, %s: %q, want %s, got %v", d.name, g.lang, text, g.e164(n), found2(text, g.lang))
					}
				}
			}
			fmt.Fprintf(&b, " %4d", found*100/all)
			if found*100 < all*95 {
				t.Errorf("%s in %s: %d of %d found, want 95 %%", d.name, g.lang, found, all)
			}
		}
		b.WriteByte('\n')
	}
	golden(t, "testdata/recall.txt", b.String())
}

func found2(text, lang string) []string { return found(Find(text, Options{Langs: []string{lang}})) }

func hasPhone(text, lang, e164 string) bool {
	return slices.ContainsFunc(Find(text, Options{Langs: []string{lang}}), func(c Contact) bool {
		return c.Kind == Phone && c.Value == e164
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got), -update rewrites it:\n%s", file, diff)
	}
}

// addresses are the ways to write ana.pop@example.TLD, by name.
var addresses = []struct {
	name  string
	write func(g tongue, tld string) string
}{
	{"plain", func(_ tongue, tld string) string { return "ana.pop@example." + tld }},
	{"capitals", func(_ tongue, tld string) string { return "Ana.Pop@EXAMPLE." + strings.ToUpper(tld) }},
	{"blanks", func(_ tongue, tld string) string { return "ana.pop @ example." + tld }},
	{"more blanks", func(_ tongue, tld string) string { return "ana.pop @ example . " + tld }},
	{"(at)", func(_ tongue, tld string) string { return "ana.pop(at)example." + tld }},
	{"[at] [dot]", func(_ tongue, tld string) string { return "ana.pop [at] example [dot] " + tld }},
	{"{at} {dot}", func(_ tongue, tld string) string { return "ana.pop{at}example{dot}" + tld }},
	{"at dot", func(_ tongue, tld string) string { return "ana.pop at example dot " + tld }},
	{"[.]", func(_ tongue, tld string) string { return "ana.pop@example[.]" + tld }},
	{"said", func(g tongue, tld string) string { return "ana.pop " + g.at + " example " + g.dot + " " + tld }},
	{"said in brackets", func(g tongue, tld string) string { return "ana.pop (" + g.at + ") example (" + g.dot + ") " + tld }},
	{"all said", func(g tongue, tld string) string {
		return strings.Join([]string{"ana", g.dot, "pop", g.at, "example", g.dot, tld}, " ")
	}},
	{"dot said", func(g tongue, tld string) string { return "ana.pop@example " + g.dot + " " + tld }},
	{"full-width", func(_ tongue, tld string) string { return "ａｎａ．ｐｏｐ＠ｅｘａｍｐｌｅ．" + tld }},
	{"zero-width", func(_ tongue, tld string) string { return "ana.pop\u200b@exam\u200bple." + tld }},
	{"homoglyphs", func(_ tongue, tld string) string { return "аnа.pоp@ехаmple." + tld }},
	{"letter by letter", func(_ tongue, tld string) string {
		return strings.Join(strings.Split("ana.pop@example."+tld, ""), " ")
	}},
}

// links are the ways to write example.TLD, by name.
var linkForms = []struct {
	name  string
	write func(g tongue, tld string) string
}{
	{"plain", func(_ tongue, tld string) string { return "example." + tld }},
	{"www", func(_ tongue, tld string) string { return "www.example." + tld }},
	{"scheme", func(_ tongue, tld string) string { return "https://example." + tld }},
	{"hxxp", func(_ tongue, tld string) string { return "hxxp://example." + tld }},
	{"[.]", func(_ tongue, tld string) string { return "example[.]" + tld }},
	{"(dot)", func(_ tongue, tld string) string { return "example(dot)" + tld }},
	{"blanks", func(_ tongue, tld string) string { return "example . " + tld }},
	{"said", func(g tongue, tld string) string { return "example " + g.dot + " " + tld }},
	{"full-width", func(_ tongue, tld string) string {
		return "ｅｘａｍｐｌｅ．ｃｏｍ"[:len("ｅｘａｍｐｌｅ．")] + tld
	}},
}

// TestRecallLinks is TestRecall of addresses and links.
func TestRecallLinks(t *testing.T) {
	var b strings.Builder
	section := func(title string, kind Kind, name string, write func(tongue, string) string, wants func(string) bool) {
		fmt.Fprintf(&b, "%-6s %-18s", title, name)
		for _, g := range tongues {
			hit, all := 0, 0
			for _, tld := range []string{"com", "org", "net", "ro", "ru", "info"} {
				for _, s := range g.say {
					text := fmt.Sprintf(s, write(g, tld))
					all++
					found := slices.ContainsFunc(Find(text, Options{Langs: []string{g.lang}}), func(c Contact) bool {
						return c.Kind == kind && wants(strings.TrimSuffix(c.Value, tld)) && strings.HasSuffix(c.Value, tld)
					})
					if found {
						hit++
					} else if testing.Verbose() {
						t.Logf("%s %s, %s: %q, got %v", title, name, g.lang, text, found2(text, g.lang))
					}
				}
			}
			fmt.Fprintf(&b, " %4d", hit*100/all)
			if hit*100 < all*95 {
				t.Errorf("%s %s in %s: %d of %d found, want 95 %%", title, name, g.lang, hit, all)
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%-25s", "% found")
	for _, g := range tongues {
		fmt.Fprintf(&b, " %4s", g.lang)
	}
	b.WriteByte('\n')
	for _, a := range addresses {
		section("email", Email, a.name, a.write, func(v string) bool { return v == "ana.pop@example." })
	}
	for _, l := range linkForms {
		section("url", URL, l.name, l.write, func(v string) bool { return strings.HasSuffix(v, "example.") && !strings.Contains(v, "@") })
	}
	golden(t, "testdata/recall-links.txt", b.String())
}
