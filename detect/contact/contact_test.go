package contact

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/text"
)

// found writes contacts the way the tables below do: "kind value", with "!"
// when obfuscated.
func found(cs []Contact, kinds ...Kind) []string {
	var out []string
	for _, c := range cs {
		if len(kinds) > 0 && c.Kind != kinds[0] {
			continue
		}
		s := string(c.Kind) + " " + c.Value
		if c.Obfuscated {
			s += " !"
		}
		out = append(out, s)
	}
	return out
}

type row struct {
	text string
	want string // contacts, separated by "; "; empty for none
}

func check(t *testing.T, o Options, rows []row, kinds ...Kind) {
	t.Helper()
	for _, r := range rows {
		got := strings.Join(found(Find(r.text, o), kinds...), "; ")
		if diff := cmp.Diff(r.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", r.text, diff)
		}
	}
}

func TestPhones(t *testing.T) {
	check(t, Options{}, []row{
		// As people write them.
		{"Tel. 0700000123", "phone +40700000123"},
		{"sunați la 0700 000 123!", "phone +40700000123"},
		{"0700.000.123 sau 0700-000-456", "phone +40700000123; phone +40700000456"},
		{"+40 700 000 123", "phone +40700000123"},
		{"0040 700 000 123", "phone +40700000123"},
		{"(0700) 000 123", "phone +40700000123"},
		{"tel:0700/000.123", "phone +40700000123"},
		{"40700000123", "phone +40700000123"},
		{"tel0700000123", "phone +40700000123"},
		{"0700000123 0700000456", "phone +40700000123; phone +40700000456"},
		{"0700 000 123 0700 000 456", "phone +40700000123; phone +40700000456"},
		{"0700 000 123 intre orele 9 si 17", "phone +40700000123"},
		{"021 000 01 23", "phone +40210000123"},
		{"+44 7700 900123", "phone +447700900123"},
		{"+1 202-555-0123", "phone +12025550123"},

		// As people hide them.
		{"0 7 0 0 0 0 0 1 2 3", "phone +40700000123 !"},
		{"0*7*0*0*0*0*0*1*2*3", "phone +40700000123 !"},
		{"0700*000*123", "phone +40700000123 !"},
		{"07oo ooo 123", "phone +40700000123 !"},
		{"O7OO OOO l23", "phone +40700000123 !"},
		{"07 o o o o o 123", "phone +40700000123 !"},
		{"0️⃣7️⃣0️⃣0️⃣0️⃣0️⃣0️⃣1️⃣2️⃣3️⃣", "phone +40700000123 !"},
		{"０７０００００１２３", "phone +40700000123 !"},
		{"⓪⑦⓪⓪⓪⓪⓪①②③", "phone +40700000123 !"},
		{"0700\u200b000\u200b123", "phone +40700000123 !"},
		{"0700🙂000🙂123", "phone +40700000123 !"},
		{"zero șapte zero zero zero zero zero unu doi trei", "phone +40700000123 !"},
		{"zero sapte sute zero zero zero unu doi trei", "phone +40700000123 !"},
		{"zero saptezeci zero zero zero zero unu doi trei", "phone +40700000123 !"},
		{"07 zero zero 000 unu douazeci si trei", "phone +40700000123 !"},
		{"zero seven double zero zero zero zero one two three", "phone +40700000123 !"},
		{"plus patru zero șapte zero zero zero zero zero unu doi trei", "phone +40700000123 !"},
		{"zero sette zero zero zero zero zero uno due tre", "phone +40700000123 !"},
		{"cero siete cero cero cero cero cero uno dos tres", "phone +40700000123 !"},
		{"null sieben null null null null null eins zwei drei", "phone +40700000123 !"},
		{"ноль семь ноль ноль ноль ноль ноль один два три", "phone +40700000123 !"},
		{"нуль сім нуль нуль нуль нуль нуль один два три", "phone +40700000123 !"},
		{"нула седем нула нула нула нула нула едно две три", "phone +40700000123 !"},
		{"nulla hét nulla nulla nulla nulla nulla egy két három", "phone +40700000123 !"},

		{"zero șapte sute zero zero zero o sută douăzeci și trei", "phone +40700000123 !"},
		{"O șapte OO OOO unu doi trei", "phone +40700000123 !"},
		{"am o 0700 000 123", "phone +40700000123"},
		{"0700,000,123", "phone +40700000123 !"},
		{"0700+000+123", "phone +40700000123"},
		{"0700000123,0700000456", "phone +40700000123; phone +40700000456"},
		{"zero7zerozerozero00unu23", "phone +40700000123 !"},
		{"[0700] [000] [123]", "phone +40700000123 !"},
		{"0700000123Sunati", "phone +40700000123"},

		// What is no phone.
		{"31.10.2026 18:00", ""},
		{"2026-10-31 07:00", ""},
		{"între 01.02.2026 și 03.04.2026", ""},
		{"1.234.567,89 lei", "price 1234567.89 RON"},
		{"costa 700 000 000 lei", "price 700000000 RON"},
		{"ISBN 978-0-306-40615-7", ""},
		{"versiunea 10.0.19041.1237", ""},
		{"IP 192.168.100.200", ""},
		{"scor 6-4, 7-6, 6-3, 0-6", ""},
		{"anii 1990 1991 1992", ""},
		{"RO49AAAA1B31007593840000", ""},
		{"comanda #0700000123", ""},
		{"1 2 3 4 5 6 7 8 9 10", ""},
		{"doi trei patru cinci sase sapte opt noua zece", ""},
		{"0,7 l; 0,5 l; 0,33 l; 1,5 l; 2,0 l", ""},
		{"program 08:00-16:00, 09:00-17:00", ""},
		{"0700", ""},
	})
}

func TestPhonesElsewhere(t *testing.T) {
	check(t, Options{Langs: []string{"en"}}, []row{
		{"call 07700 900123", "phone +447700900123"},
		{"call 07700 9OO123", "phone +447700900123 !"},
	})
	check(t, Options{Region: "IT"}, []row{
		{"chiama 320 000 0123", "phone +393200000123"},
		{"0700 000 123", ""},
	})
	check(t, Options{}, []row{
		{"lavoro a Milano, 320 000 0123", "phone +393200000123"}, // the place tells the country
		{"în Germania: 0151 00000123", "phone +4915100000123"},   // here too
		{"tel 700 000 123", "phone +40700000123"},                // without its zero
		{"700 000 123", ""}, // which nothing announces
		{"whatsapp 393200000123", "phone +393200000123"},      // without its plus
		{"cod 393200000123", ""},                              // a code
		{"+40 (0) 700 000 123", "phone +40700000123"},         // both zeros
		{"00 40 700 000 123", "phone +40700000123"},           // as dialled
		{"0700 suna la 000 apoi 123", "phone +40700000123 !"}, // parted by words
		{"0700 000 123/124", "phone +40700000123"},            // two lines of one firm
		{"0700 000 123 sau 0700 000 456", "phone +40700000123; phone +40700000456"},
	}, Phone)
	check(t, Options{Region: "US"}, []row{{"(202) 555-0123", "phone +12025550123"}})
	check(t, Options{Region: "AU"}, []row{{"call 0400 000 123", "phone +61400000123"}})
	check(t, Options{Region: "XX"}, []row{{"0700 000 123", ""}})
}

func TestEmails(t *testing.T) {
	check(t, Options{}, []row{
		{"scrie la Ana.Pop+job@Example.org.", "email ana.pop+job@example.org"},
		{"ana@mail.example.com,ion@example.net", "email ana@mail.example.com; email ion@example.net"},
		{"ana(at)example(dot)org", "email ana@example.org !"},
		{"ana [at] example [dot] org", "email ana@example.org !"},
		{"ana at example dot org", "email ana@example.org !"},
		{"ana arond example punct ro", "email ana@example.ro !"},
		{"ana (at) example.org", "email ana@example.org !"},
		{"ana@example", ""},
		{"look at example.org", "url example.org"},
		{"look at example dot com", "url example.com !"},
		{"worth doing at some point in life", ""},
		{"let us meet at noon", ""},
		{"the dot com bubble", ""},
	})
}

func TestLinks(t *testing.T) {
	check(t, Options{}, []row{
		{"vezi https://Example.org/Oferta?id=1.", "url https://example.org/Oferta?id=1"},
		{"(www.example.net)", "url www.example.net"},
		{"intra pe example.com/a", "url example.com/a"},
		{"example.ro", "url example.ro"},
		{"http://192.0.2.1:8080/x", "url http://192.0.2.1:8080/x"},
		{"hxxps://example[.]org/a", "url https://example.org/a !"},
		{"hxxp://www.example.com", "url http://www.example.com !"},
		{"example[.]com", "url example.com !"},
		{"example(dot)com", "url example.com !"},
		// Full stops without a blank, files and versions are no links.
		{"am ajuns acasa.De maine lucrez", ""},
		{"gata.la revedere", ""},
		{"citeste readme.md si main.rs", ""},
		{"versiunea 2.0.1 e buna...si atat", ""},
		{"ora 10.30", ""},
	})
}

func TestHandles(t *testing.T) {
	check(t, Options{}, []row{
		{"scrie-mi: @ana_exemplu", "handle @ana_exemplu"},
		{"telegram @ana_exemplu", "handle telegram:ana_exemplu"},
		{"t.me/ana_exemplu", "handle telegram:ana_exemplu"},
		{"https://t.me/Ana_Exemplu", "handle telegram:ana_exemplu"},
		{"https://wa.me/40700000123", "handle whatsapp:+40700000123; phone +40700000123"},
		{"instagram.com/ana.exemplu/", "handle instagram:ana.exemplu"},
		{"https://www.tiktok.com/@ana.exemplu?x=1", "handle tiktok:ana.exemplu"},
		{"snapchat.com/add/anaexemplu", "handle snapchat:anaexemplu"},
		{"discord.gg/abc123", "handle discord:abc123"},
		{"https://t.me/joinchat/abc", "url https://t.me/joinchat/abc"},
		{"telegram: anaexemplu", "handle telegram:anaexemplu"},
		{"insta ana_ex", "handle instagram:ana_ex"},
		{"insta e ana.ex99", "handle instagram:ana.ex99"},
		{"snap: ana-ex1", "handle snapchat:ana-ex1"},
		{"my telegram is ana_ex", "handle telegram:ana_ex"},
		{"discord ana#1234", "handle discord:ana#1234"},
		{"whatsapp 0700000123", "phone +40700000123"},
		// Talk about networks is no handle.
		{"am vazut pe instagram", ""},
		{"telegram: scrie mi aici", ""},
		{"vorbim pe whatsapp sau viber", ""},
		{"a signal 5 bars", ""},
		{"10@20", ""},
		{"@ 5 lei", "price 5 RON"},
	})
}

func TestPrices(t *testing.T) {
	check(t, Options{}, []row{
		{"2000 euro/lună", "price 2000 EUR/month"},
		{"2.000 € pe lună", "price 2000 EUR/month"},
		{"1500-2000 euro pe luna", "price 1500-2000 EUR/month"},
		{"2000euro", "price 2000 EUR"},
		{"2 mii de lei", "price 2000 RON"},
		{"2 mii lei", "price 2000 RON"},
		{"3k euro", "price 3000 EUR"},
		{"€1,200.50", "price 1200.50 EUR"},
		{"$15 per hour", "price 15 USD/hour"},
		{"£12/hour", "price 12 GBP/hour"},
		{"100 lei/ora", "price 100 RON/hour"},
		{"98 lei - niciodata", "price 98 RON"},
		{"1200 euro al mese", "price 1200 EUR/month"},
		{"3000 lei lunar", "price 3000 RON/month"},
		{"1500 евро в месяц", "price 1500 EUR/month"},
		{"zona euro 2026", ""},
		{"3w si 5 boxe", ""},
	})
}

func TestAges(t *testing.T) {
	check(t, Options{}, []row{
		{"am 16 ani", "age 16"},
		{"19 ani", "age 19"},
		{"Ana, 25 de ani", "age 25"},
		{"fata de 19 ani", "age 19"},
		{"varsta 18-35 ani", "age 18-35"},
		{"intre 18 si 45 de ani", "age 18-45"},
		{"17 years old", "age 17"},
		{"16yo", "age 16"},
		{"ho 18 anni", "age 18"},
		{"tengo 20 años", "age 20"},
		{"ich bin 22 Jahre alt", "age 22"},
		{"j'ai 18 ans", "age 18"},
		{"мне 17 лет", "age 17"},
		{"мені 17 років", "age 17"},
		{"18 éves vagyok", "age 18"},
		// Durations.
		{"de 10 ani lucram aici", ""},
		{"acum 15 ani", ""},
		{"10 ani experienta", ""},
		{"12 years ago", ""},
		{"for 20 years", ""},
		{"garantie de 10 ani", ""},
		{"2 ani", ""},
		{"tine 10 ani fara probleme", ""},
		{"I had 20 years of experience", ""},
		{"a bateria dupa 8 ani", ""},
	})
}

func TestPlaces(t *testing.T) {
	check(t, Options{}, []row{
		{"locuri de muncă în Cluj-Napoca", "place RO/Cluj-Napoca"},
		{"cluj napoca si IASI", "place RO/Cluj-Napoca; place RO/Iași"},
		{"plecam in germania, langa munchen", "place DE; place DE/München"},
		{"Târgu-Mureș", "place RO/Târgu Mureș"},
		{"lavoro a Roma", "place IT/Roma"},
		{"Лондон", "place GB/London"},
		{"працюю в Польщі", "place PL"},
		// Common words.
		{"un roman bun", ""},
		{"a nice day in Nice", "place FR/Nice"},
		{"roast turkey", ""},
		{"temperatura constanta", ""},
		{"din Constanta", "place RO/Constanța"},
		{"come sta?", ""},
	})
}

func TestOffsets(t *testing.T) {
	s := "Îți dau 2000 € ✨ 0️⃣700 000 123 în Iași"
	var raws []string
	for _, c := range Find(s, Options{}) {
		if c.Raw != s[c.Start:c.End] {
			t.Errorf("raw %q is not the text at %d:%d", c.Raw, c.Start, c.End)
		}
		raws = append(raws, c.Raw)
	}
	want := []string{"2000 €", "0️⃣700 000 123", "Iași"}
	if diff := cmp.Diff(want, raws); diff != "" {
		t.Error(diff)
	}
}

// FuzzFind holds for any bytes: raw is the text at its offsets, in order,
// values are canonical, and finding again finds the same.
func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"Tel. 0700 000 123, ana(at)example(dot)org", "hxxps://example[.]org/a t.me/ana_ex", "16yo, 2.000 € pe lună în Cluj",
		"zero șapte double zero", "@@..[.](.)", "\xff0\xfe7", "wa.me/+", "€", "1.", "+", "telegram:",
		"(0700) ooo I23 S", "нуль п'ять дев'ять", "zerosaptedoidoi zweiundzwanzig", "o mie cinci sute de euro net/lună", "clasa a 8-a",
		"anaATexampleDOTcom a n a @ e x . r o", "@a:b.ro skype live:x", "пример.рф ａ＠ｂ．ｒｏ", "0️⃣7️⃣⓿❼", "f14 14/f 14 y/o", "Rm. Vâlcea, SUA", "ّ.рф", "\xd10ф0.рф",
	} {
		f.Add(s, "ro", "RO")
	}
	f.Fuzz(func(t *testing.T, s, lang, region string) {
		o := Options{Region: region, Langs: []string{lang, "en", "uk"}}
		all := Find(s, o)
		last := 0
		ends := map[Kind]int{}
		for _, c := range all {
			if c.Start < last || c.End <= c.Start || c.End > len(s) || c.Start < ends[c.Kind] {
				t.Fatalf("%s at %d:%d in %d bytes, after %d", c.Kind, c.Start, c.End, len(s), last)
			}
			if c.Raw != s[c.Start:c.End] {
				t.Fatalf("%s: raw is not the text at its offsets", c.Kind)
			}
			if !canonical[c.Kind].MatchString(c.Value) {
				t.Fatalf("%s has the value %q, want the form %v", c.Kind, c.Value, canonical[c.Kind])
			}
			last, ends[c.Kind] = c.Start, c.End
		}
		if diff := cmp.Diff(all, Find(s, o)); diff != "" {
			t.Fatalf("found something else the second time:\n%s", diff)
		}
	})
}

// canonical is the form of values, on which rules and the index rely.
var canonical = map[Kind]*regexp.Regexp{
	Phone:  regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`),
	Email:  regexp.MustCompile(`^[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+$`),
	URL:    regexp.MustCompile(`^((https?|ftp)://)?[a-z0-9-]+(\.[a-z0-9-]+)+([:/?#].*)?$`),
	Handle: regexp.MustCompile(`^([a-z]+:.+|@[a-z0-9_.]+)$`),
	Price:  regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(-[0-9]+(\.[0-9]+)?)? [A-Z]{3}(/[a-z]+)?$`),
	Age:    regexp.MustCompile(`^[0-9]{1,2}(-[0-9]{1,2})?$`),
	Place:  regexp.MustCompile(`^[A-Z]{2}(/.+)?$`),
}

var ordinary = strings.Repeat("Am cumparat produsul acum doua luni si sunt foarte multumit de el, functioneaza perfect. Recomand cu caldura! ", 5)

func BenchmarkFind(b *testing.B) {
	for name, s := range map[string]string{
		"ordinary": ordinary,
		"ad":       "Angajăm personal în Germania, 2000 euro/lună, cazare inclusă. Tel. 0700 000 123 sau ana@example.org, t.me/ana_exemplu.",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			var d text.Doc
			d.Fold(s)
			for b.Loop() {
				FindIn(&d, Options{})
			}
		})
	}
}

// BenchmarkNewNumber is the ad with a number that was not seen before.
func BenchmarkNewNumber(b *testing.B) {
	var docs [1000]text.Doc
	for i := range docs {
		docs[i].Fold(fmt.Sprintf("Angajăm personal în Germania, 2000 euro/lună, cazare inclusă. Tel. 0700 000 %03d sau ana@example.org.", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		FindIn(&docs[i%len(docs)], Options{})
	}
}
