package contact

import "testing"

func in(langs ...string) Options { return Options{Langs: langs} }

func TestEmailsEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"ana @ example.org", "email ana@example.org !"},
		{"ana @ example . org", "email ana@example.org !"},
		{"ana@example . org", "email ana@example.org !"},
		{"ana@example punct ro", "email ana@example.ro !"},
		{"ana{at}example{dot}org", "email ana@example.org !"},
		{"ana [at] example.org", "email ana@example.org !"},
		{"ana <at> example <dot> org", "email ana@example.org !"},
		{"ana (AT) example (DOT) org", "email ana@example.org !"},
		{"ana a rond example punct ro", "email ana@example.ro !"},
		{"ana arond example.ro", "email ana@example.ro !"},
		{"ana coadă de maimuță example punct com", "email ana@example.com !"},
		{"ana punct pop arond example punct ro", "email ana.pop@example.ro !"},
		{"ana underscore pop arond example punct ro", "email ana_pop@example.ro !"},
		{"ana liniuță jos pop arond example punct ro", "email ana_pop@example.ro !"},
		{"a n a @ e x a m p l e . o r g", "email ana@example.org !"},
		{"ａｎａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "email ana@example.org !"},
		{"mail: ana.pop2@sub.example.co.uk;", "email ana.pop2@sub.example.co.uk"},
		{"mailto:ana@example.org", "email ana@example.org"},
		{"ana@exämple.org", "email ana@xn--exmple-cua.org"},
		{"ana [at] пример [dot] рф", "email ana@xn--e1afmkfd.xn--p1ai !"},
		{"почта@пример.рф", "email почта@xn--e1afmkfd.xn--p1ai"},
		{"ana@xn--e1afmkfd.xn--p1ai", "email ana@xn--e1afmkfd.xn--p1ai"},
		{"ana@exаmple.org", "email ana@example.org !"}, // with a Cyrillic a
	}, Email)
	check(t, in("en"), []row{
		{"reach me: ana at example dot com", "email ana@example.com !"},
		{"ana dot pop at example dot com", "email ana.pop@example.com !"},
		{"anaATexampleDOTcom", "email ana@example.com !"},
		{"look at this dot", ""},
		{"we met at noon. org chart", ""},
		{"i would not like that at all . it is", ""},
		{"meet at example.org", ""},
		{"back at home dot com was down", ""},
	}, Email)
	check(t, in("it"), []row{{"anna chiocciola example punto it", "email anna@example.it !"}}, Email)
	check(t, in("es"), []row{{"ana arroba example punto com", "email ana@example.com !"}}, Email)
	check(t, in("fr"), []row{{"anne arobase example point fr", "email anne@example.fr !"}}, Email)
	check(t, in("de"), []row{{"anna Klammeraffe example Punkt org", "email anna@example.org !"}, {"anna (ät) example (punkt) org", "email anna@example.org !"}}, Email)
	check(t, in("hu"), []row{{"anna kukac example pont hu", "email anna@example.hu !"}}, Email)
	check(t, in("ru"), []row{{"anna собака example точка ru", "email anna@example.ru !"}, {"у меня собака и точка", ""}}, Email)
	check(t, in("uk"), []row{{"anna собака example крапка ua", "email anna@example.ua !"}}, Email)
	check(t, in("bg"), []row{{"anna маймунка example точка bg", "email anna@example.bg !"}}, Email)
}

func TestLinksEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"example . com", "url example.com !"},
		{"example .com", "url example.com !"},
		{"example punct ro", "url example.ro !"},
		{"example (punct) ro/oferta", "url example.ro/oferta !"},
		{"site-ul nostru: exemplu-job punct com", "url exemplu-job.com !"},
		{"hxxp://example.com/a?b=1", "url http://example.com/a?b=1 !"},
		{"hxxps[:]//example[.]com", "url https://example.com !"},
		{"h t t p", ""},
		{"www.example.online", "url www.example.online"},
		{"intra pe site example.online", "url example.online"},
		{"example.online/a", "url example.online/a"},
		{"job-uri.example.shop", "url job-uri.example.shop"},
		{"EXAMPLE.RO", "url example.ro"},
		{"https://пример.рф/а", "url https://xn--e1afmkfd.xn--p1ai/а"},
		{"пример.рф", "url xn--e1afmkfd.xn--p1ai"},
		{"https://xn--e1afmkfd.xn--p1ai", "url https://xn--e1afmkfd.xn--p1ai"},
		{"https://example.org:8443/a#b", "url https://example.org:8443/a#b"},
		{"abcdefghij.onion", "url abcdefghij.onion"},
		// Not links.
		{"e ok.bine", ""},
		{"p.s. te astept", ""},
		{"a fost greu.dar am reusit", ""},
		{"Exemplu S.R.L.", ""},
		{"am venit.Info la poarta", ""},
		{"poza.jpg, cv.pdf, date.zip, script.py, main.go, lib.rs", ""},
		{"produs.eu il recomand", ""},
		{"e bun.pro si contra", ""},
		{"poate.fi mai bine", ""},
		{"un punct de vedere", ""},
		{"ajung la un punct com ceva", ""},
	}, URL)
	check(t, in("en"), []row{
		{"it was a hostage situation .\norg", ""},
		{"the dot com bubble", ""},
		{"ends here.The next", ""},
		{"visit example dot com today", "url example.com !"},
	}, URL)
	check(t, in("it"), []row{{"vai su esempio punto com", "url esempio.com !"}}, URL)
	check(t, in("ru"), []row{{"сайт example точка ru", "url example.ru !"}}, URL)
}

func TestHandlesEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"ig: ana.exemplu", "handle instagram:ana.exemplu"},
		{"IG - ana_exemplu", "handle instagram:ana_exemplu"},
		{"insta ana_exemplu99", "handle instagram:ana_exemplu99"},
		{"instagram.com/ana_ex", "handle instagram:ana_ex"},
		{"adauga-ma pe snap anaexemplu", "handle snapchat:anaexemplu"},
		{"adaugă-mă pe snap: anaexemplu", "handle snapchat:anaexemplu"},
		{"snapul meu e ana.ex22", "handle snapchat:ana.ex22"},
		{"scrie-mi pe tg @ana_exemplu", "handle telegram:ana_exemplu"},
		{"tg @ana_exemplu", "handle telegram:ana_exemplu"},
		{"telegram -> ana_exemplu", "handle telegram:ana_exemplu"},
		{"ma gasesti pe telegram ca @ana_exemplu", "handle telegram:ana_exemplu"},
		{"@ana_exemplu pe telegram", "handle telegram:ana_exemplu"},
		{"@ana_exemplu (tg)", "handle telegram:ana_exemplu"},
		{"t[.]me/ana_ex", "handle telegram:ana_ex !"},
		{"disc ana_ex#0001", "handle discord:ana_ex#0001"},
		{"ma gasesti pe insta la ana_ex sau pe tg la @anaex", "handle instagram:ana_ex; handle telegram:anaex"},
		{"t.me/+40700000123", "handle telegram:+40700000123"},
		{"whatsapp://send?phone=40700000123", ""},
		{"https://api.whatsapp.com/send?phone=40700000123&text=a", "handle whatsapp:+40700000123"},
		{"skype live:ana.exemplu", "handle skype:live:ana.exemplu"},
		{"discord: ana#1234", "handle discord:ana#1234"},
		{"discord.gg/exemplu", "handle discord:exemplu"},
		{"disc: ana_ex", "handle discord:ana_ex"},
		{"roblox: ana_ex2010", "handle roblox:ana_ex2010"},
		{"steamcommunity.com/id/ana_ex", "handle steam:ana_ex"},
		{"gamertag: anaexemplu", "handle xbox:anaexemplu"},
		{"psn: ana_ex", "handle psn:ana_ex"},
		{"matrix @ana:example.org", "handle matrix:@ana:example.org"},
		{"kik: anaexemplu1", "handle kik:anaexemplu1"},
		{"line id: ana_ex", "handle line:ana_ex"},
		{"wickr: anaexemplu", "handle wickr:anaexemplu"},
		{"threema: ABCD1234", "handle threema:abcd1234"},
		{"session id: 05aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "handle session:05aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{"fb.com/ana.exemplu", "handle facebook:ana.exemplu"},
		{"m.me/ana.exemplu", "handle facebook:ana.exemplu"},
		{"snap anaex_1 / insta anaex_2", "handle snapchat:anaex_1; handle instagram:anaex_2"},
		{"tiktok: @ana.ex", "handle tiktok:ana.ex"},
		{"𝗶𝗻𝘀𝘁𝗮: 𝗮𝗻𝗮_𝗲𝘅", "handle instagram:ana_ex !"},
		// Talk.
		{"am vazut pe insta si pe snap", ""},
		{"imi place instagram pentru poze", ""},
		{"telegram: vorbim maine", ""},
		{"pe whatsapp: trimite poze", ""},
		{"am pierdut semnalul, signal slab", ""},
		{"in line with 2 of them", ""},
		{"a session 5 of 10", ""},
		{"sc. B ap. 12", ""},
		{"pe discord mereu", ""},
		{"adauga-ma pe snap te rog", ""},
		{"adauga-ma pe insta", ""},
		{"steam 5 pe luna", ""},
		{"wifi 5g, tg 4g", ""},
		{"tik tok, e ora 5", ""},
		{"face 200 de lei", ""},
	}, Handle)
	check(t, in("en"), []row{
		{"add me on disc anaexample", "handle discord:anaexample"},
		{"add me on snap anaexample!", "handle snapchat:anaexample"},
		{"add me on snap please", ""},
		{"hmu on snap later", ""},
		{"my snap is ana.ex1", "handle snapchat:ana.ex1"},
		{"my telegram is @anaexample", "handle telegram:anaexample"},
		{"text me on kik, ok?", ""},
		{"I prefer Discord: it works", ""},
		{"signal @anaexample", "handle signal:anaexample"},
	}, Handle)
	check(t, in("ru"), []row{
		{"мой тг @anna_ex", "handle telegram:anna_ex"},
		{"телеграм: anna_ex", "handle telegram:anna_ex"},
		{"пиши в тг anna_ex", "handle telegram:anna_ex"},
		{"инста anna.ex1", "handle instagram:anna.ex1"},
		{"телеграм: пишите мне", ""},
	}, Handle)
	check(t, in("uk"), []row{{"мій телеграм @anna_ex", "handle telegram:anna_ex"}, {"інст: anna_ex", "handle instagram:anna_ex"}}, Handle)
	check(t, in("it"), []row{{"il mio insta è anna_ex", "handle instagram:anna_ex"}, {"scrivimi su telegram @anna_ex", "handle telegram:anna_ex"}}, Handle)
	check(t, in("es"), []row{{"agrégame al snap anaejemplo", "handle snapchat:anaejemplo"}, {"mi insta es ana_ej", "handle instagram:ana_ej"}}, Handle)
	check(t, in("de"), []row{{"mein insta ist anna_bsp", "handle instagram:anna_bsp"}, {"schreib mir auf telegram @anna_bsp", "handle telegram:anna_bsp"}}, Handle)
	check(t, in("fr"), []row{{"mon snap c'est anne.ex", "handle snapchat:anne.ex"}, {"ajoute moi sur snap anneexemple", "handle snapchat:anneexemple"}}, Handle)
	check(t, in("hu"), []row{{"instám: anna_pelda", "handle instagram:anna_pelda"}, {"telegram: anna_pelda", "handle telegram:anna_pelda"}}, Handle)
	check(t, in("bg"), []row{{"инстаграм: anna_ex", "handle instagram:anna_ex"}, {"вайбер: anna_ex", "handle viber:anna_ex"}}, Handle)
}

func TestPricesEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"500 euro/zi", "price 500 EUR/day"},
		{"2.500€ pe luna", "price 2500 EUR/month"},
		{"1.800-2.200 EUR", "price 1800-2200 EUR"},
		{"1500 – 2000 euro", "price 1500-2000 EUR"},
		{"de la 1500 la 2000 euro pe lună", "price 1500-2000 EUR/month"},
		{"între 1500 și 2000 de euro", "price 1500-2000 EUR"},
		{"o mie de euro", "price 1000 EUR"},
		{"două mii de euro", "price 2000 EUR"},
		{"o mie cinci sute de euro", "price 1500 EUR"},
		{"cinci sute de lei pe zi", "price 500 RON/day"},
		{"o sută de euro", "price 100 EUR"},
		{"câteva sute de lei", ""},
		{"mii de euro", ""},
		{"5k euro", "price 5000 EUR"},
		{"1.5k €", "price 1500 EUR"},
		{"1,5 mii euro", "price 1500 EUR"},
		{"2-3 mii euro", "price 2000-3000 EUR"},
		{"2000 euro net pe luna", "price 2000 EUR/month"},
		{"2000 € net/lună", "price 2000 EUR/month"},
		{"2000 euro in mana pe luna", "price 2000 EUR/month"},
		{"50 lei ora, 150€ zi", "price 50 RON/hour; price 150 EUR/day"},
		{"500 lei luna trecuta", "price 500 RON"},
		{"200ron/zi", "price 200 RON/day"},
		{"1.500euro", "price 1500 EUR"},
		{"EUR 1.500", "price 1500 EUR"},
		{"3.500,50 lei", "price 3500.50 RON"},
		{"100 $ pe ora", "price 100 USD/hour"},
		{"80 lei pe săptămână", "price 80 RON/week"},
		{"Euro 2024", ""},
		{"5 ft si 3 inch", ""},
		{"doi lei", ""},
		{"print $1", ""},
		{"echo ${5}", ""},
		{"0 lei", ""},
		{"28,3 mil. lei", "price 28300000 RON"},
		{"1.4550 lei", ""},
		{"36,8 la 36,9 mii euro", "price 36800-36900 EUR"},
	}, Price)
	check(t, in("en"), []row{
		{"£12/h", "price 12 GBP/hour"},
		{"$20 an hour", "price 20 USD/hour"},
		{"$1,500-$2,000 per month", "price 1500-2000 USD/month"},
		{"€1.5k", "price 1500 EUR"},
		{"€75–90k", "price 75000-90000 EUR"},
		{"20 euros an hour", "price 20 EUR/hour"},
		{"two hundred euros", "price 200 EUR"},
		{"a thousand dollars a week", "price 1000 USD/week"},
		{"USD 15.50/hour", "price 15.50 USD/hour"},
		{"100 bucks", "price 100 USD"},
		{"$2.6 million", "price 2600000 USD"},
		{"$50 000", "price 50000 USD"},
		{"350$00", ""},
		{"a 1-Dollar coin", ""},
		{"I lost 350 pounds", "price 350 GBP"},
		{"it weighs 6 pounds", ""},
	}, Price)
	check(t, in("it"), []row{{"1.200 euro al mese", "price 1200 EUR/month"}, {"cinquecento euro", "price 500 EUR"}, {"mille euro al mese", "price 1000 EUR/month"}, {"10 euro all'ora", "price 10 EUR/hour"}}, Price)
	check(t, in("es"), []row{{"1.200 euros al mes", "price 1200 EUR/month"}, {"mil euros", "price 1000 EUR"}, {"quinientos euros", "price 500 EUR"}, {"10 € la hora", "price 10 EUR/hour"}}, Price)
	check(t, in("de"), []row{{"1.800 Euro netto im Monat", "price 1800 EUR/month"}, {"12,50 € pro Stunde", "price 12.50 EUR/hour"}, {"fünfhundert Euro", "price 500 EUR"}, {"zwischen 1500 und 2000 Euro", "price 1500-2000 EUR"}}, Price)
	check(t, in("fr"), []row{{"1500 euros par mois", "price 1500 EUR/month"}, {"15 €/heure", "price 15 EUR/hour"}, {"deux mille euros", "price 2000 EUR"}}, Price)
	check(t, in("hu"), []row{{"500 000 Ft/hó", "price 500000 HUF/month"}, {"500.000 forint havonta", "price 500000 HUF/month"}, {"ötszáz euró", "price 500 EUR"}, {"500 euró naponta", "price 500 EUR/day"}}, Price)
	check(t, in("ru"), []row{{"1500 евро в месяц", "price 1500 EUR/month"}, {"от 1500 до 2000 евро", "price 1500-2000 EUR"}, {"50 тыс. руб. в месяц", "price 50000 RUB/month"}, {"пятьсот евро", "price 500 EUR"}, {"100$ в день", "price 100 USD/day"}}, Price)
	check(t, in("uk"), []row{{"20 000 грн/міс", "price 20000 UAH/month"}, {"500 гривень на день", "price 500 UAH/day"}, {"1000₴", "price 1000 UAH"}, {"п'ятсот євро", "price 500 EUR"}}, Price)
	check(t, in("bg"), []row{{"1500 лв. на месец", "price 1500 BGN/month"}, {"50 лева на ден", "price 50 BGN/day"}, {"петстотин евро", "price 500 EUR"}}, Price)
	check(t, in("pl"), []row{{"5000 zł", "price 5000 PLN"}, {"30 zł/h", "price 30 PLN/hour"}}, Price)
}

func TestAgesEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"am 14 ani", "age 14"},
		{"am paisprezece ani", "age 14"},
		{"am douăzeci și doi de ani", "age 22"},
		{"16-17 ani", "age 16-17"},
		{"fete 18 - 25 ani", "age 18-25"},
		{"sunt in clasa a 8-a", "age 14-15"},
		{"clasa a VIII-a", "age 14-15"},
		{"sunt în clasa 8", "age 14-15"},
		{"fetita de 9 ani", "age 9"},
		{"14 f", "age 14"},
		{"14/f/ro", "age 14"},
		{"f14, tu?", "age 14"},
		{"14f, salut", "age 14"},
		// Durations and other numbers.
		{"2 ani experienta", ""},
		{"15 ani de experienta", ""},
		{"garanție 24 luni", ""},
		{"garantie 10 ani", ""},
		{"de 15 ani pe piață", ""},
		{"suntem pe piata de 15 ani", ""},
		{"are o vechime de 20 de ani", ""},
		{"inchisoare 10 ani", ""},
		{"acum 12 ani", ""},
		{"de aproape 10 ani", ""},
		{"in ultimii 10 ani", ""},
		{"pe o perioada de 10 ani", ""},
		{"contract pe 10 ani", ""},
		{"card clasa 10", ""},
		{"clasa A 10", ""},
		{"cablu 14m", ""},
		{"apasa F12", ""},
		{"100 ani", ""},
	}, Age)
	check(t, in("en"), []row{
		{"14yo", "age 14"},
		{"14 y/o", "age 14"},
		{"14y/o", "age 14"},
		{"I'm 14", "age 14"},
		{"im 15 f", "age 15"},
		{"i am fourteen years old", "age 14"},
		{"in 8th grade", "age 13-14"},
		{"an 8th grader", "age 13-14"},
		{"girls aged 16 to 18 years", "age 16-18"},
		{"a 15-year-old girl", "age 15"},
		{"10 years of experience", ""},
		{"20 years ago", ""},
		{"I'm 5 minutes away", ""},
		{"im 10 km away", ""},
		{"I'm 100% sure", ""},
		{"for the last 10 years", ""},
		{"grade 8 steel", ""},
		{"10 years warranty", ""},
		{"f16 jets", ""},
		{"a 20-year career", ""},
	}, Age)
	check(t, in("it"), []row{{"ho 13 anni", "age 13"}, {"ragazze dai 18 ai 25 anni", "age 18-25"}, {"quattordici anni", "age 14"}, {"da 10 anni nel settore", ""}}, Age)
	check(t, in("es"), []row{{"tengo 13 años", "age 13"}, {"chica de 19 años", "age 19"}, {"desde hace 10 años", ""}, {"10 años de experiencia", ""}}, Age)
	check(t, in("fr"), []row{{"j'ai 13 ans", "age 13"}, {"fille de 15 ans", "age 15"}, {"depuis 10 ans", ""}, {"il y a 10 ans", ""}}, Age)
	check(t, in("de"), []row{{"ich bin 13 Jahre alt", "age 13"}, {"Mädchen, 15 Jahre", "age 15"}, {"seit 10 Jahren", ""}, {"im 9. Jahrhundert", ""}, {"10 Jahre Erfahrung", ""}}, Age)
	check(t, in("hu"), []row{{"13 éves vagyok", "age 13"}, {"8. osztályos", "age 14-15"}, {"10 éves tapasztalat", ""}}, Age)
	check(t, in("ru"), []row{{"мне 13 лет", "age 13"}, {"девушки 18-25 лет", "age 18-25"}, {"учусь в 8 классе", "age 14-15"}, {"8-й класс", "age 14-15"}, {"опыт 10 лет", ""}, {"10 лет назад", ""}}, Age)
	check(t, in("uk"), []row{{"мені 13 років", "age 13"}, {"дівчата від 18 до 25 років", "age 18-25"}, {"10 років тому", ""}}, Age)
	check(t, in("bg"), []row{{"аз съм на 13 години", "age 13"}, {"момичета на 18-25 години", "age 18-25"}, {"преди 10 години", ""}}, Age)
}

func TestPlacesEverywhere(t *testing.T) {
	check(t, in("ro"), []row{
		{"în Germania", "place DE"},
		{"piața muncii a Germaniei", "place DE"},
		{"IN GERMANIA", "place DE"},
		{"la Milano", "place IT/Milano"},
		{"sectoarele Bucureștiului", "place RO/București"},
		{"din bucuresti", "place RO/București"},
		{"Londra, Londrei", "place GB/London; place GB/London"},
		{"judetul Olt", "place RO/Olt"},
		{"la Satu Mare", "place RO/Satu Mare"},
		{"din Roman", "place RO/Roman"},
		{"la Tg. Mureș", "place RO/Târgu Mureș"},
		{"Rm. Valcea", "place RO/Râmnicu Vâlcea"},
		{"Drobeta Turnu-Severin", "place RO/Drobeta-Turnu Severin"},
		{"plecam din Chișinău, Republica Moldova", "place MD/Chișinău; place MD"},
		{"in Marea Britanie", "place GB"},
		{"SUA si UK", "place US; place GB"},
		{"Cluj/Sibiu", "place RO/Cluj-Napoca; place RO/Sibiu"},
		// Words.
		{"o mare calma, un roman bun", ""},
		{"Roman bun, il recomand", ""},
		{"casa mea sua", ""},
		{"la usa", ""},
		{"oameni onesti", ""},
		{"o cina buna", ""},
		{"carei persoane", ""},
		{"balti de apa", ""},
		{"la mare", ""},
		{"@milano_ana", ""},
		{"palma dreapta", ""},
	}, Place)
	check(t, in("en"), []row{
		{"work in Germany", "place DE"},
		{"Germany's jobs", "place DE"},
		{"flat in Reading", "place GB/Reading"},
		{"Reading is fun", ""},
		{"reading a book", ""},
		{"take a bath", ""},
		{"a nice island", ""},
		{"turkey sandwich", ""},
		{"fly to turkey", "place TR"},
		{"made in china", "place CN"},
		{"fine china", ""},
		{"split the bill", ""},
	}, Place)
	check(t, in("it"), []row{{"in Germania, a Monaco di Baviera", "place DE; place DE/München"}, {"a Londra", "place GB/London"}, {"come il mare", ""}, {"la sua casa", ""}}, Place)
	check(t, in("es"), []row{{"en Alemania", "place DE"}, {"en Londres", "place GB/London"}, {"como en casa", ""}}, Place)
	check(t, in("fr"), []row{{"en Allemagne", "place DE"}, {"à Londres", "place GB/London"}, {"qu'il vienne", ""}}, Place)
	check(t, in("de"), []row{{"in Deutschland, nach Wien", "place DE; place AT/Wien"}, {"wir essen gern", ""}, {"Rumäniens Städte", "place RO"}}, Place)
	check(t, in("hu"), []row{{"Németországban", "place DE"}, {"Londonban és Bécsben", "place GB/London; place AT/Wien"}, {"Magyarországról", "place HU"}, {"Bukarestben", "place RO/București"}}, Place)
	check(t, in("ru"), []row{{"в Германии", "place DE"}, {"из Лондона в Берлин", "place GB/London; place DE/Berlin"}, {"работа в Италии и Польше", "place IT; place PL"}, {"ровно в пять", ""}}, Place)
	check(t, in("uk"), []row{{"у Німеччині", "place DE"}, {"з Києва до Варшави", "place UA/Kyiv; place PL/Warszawa"}, {"в Україні", "place UA"}}, Place)
	check(t, in("bg"), []row{{"в Германия", "place DE"}, {"от София", "place BG/Sofia"}, {"в Лондон", "place GB/London"}}, Place)
}

func TestNoPhones(t *testing.T) {
	check(t, in("ro", "en", "it"), []row{
		{"0.700000123", ""},
		{"07.08, 09.08, 10.08", ""},
		{"program 07.00-08.00, 09.00-10.00", ""},
		{"07:00 00:01 23", ""},
		{"0 1 2 3 4 5 6 7 8 9 10", ""},
		{"zero one two three four five six seven eight nine ten", ""},
		{"07 08 09 10 11 12 13", ""},
		{"ISBN-10: 0-700-00012-3", ""},
		{"ISBN 0700000123", ""},
		{"IBAN RO00 AAAA 0700 0001 2300 0000", ""},
		{"CNP 0700000123000", ""},
		{"cod 0700000123", ""},
		{"AWB: 0700000123", ""},
		{"44.426800, 26.102500", ""},
		{"550e8400-e29b-41d4-a716-440700000123", ""},
		{"2026-10-31T07:00:00.000123", ""},
		{"ISO 27001:2022, ISO 9001", ""},
		{"v0.7.0, v1.10.0-rc.1", ""},
		{"3-0, 2-1, 7-0, 0-0, 0-1, 2-3", ""},
		{"1990-1995, 1996-2000, 2001-2005", ""},
		{"10 000 000 km", ""},
		{"070 000 0123 lei", ""},
		{"$0700000123", ""},
		{"0700000123 bytes", ""},
		{"TX 700000012 S 10th St", ""},
		{"100 % 070 000 0123 %", ""},
		{"00:11:22:33:44:55", ""},
		{"0700000123-ab12", ""},
		{"12/2026 07/2026 00/0123", ""},
		{"2, 4, 6, 8, 10, 12, 14, 16", ""},
		{"s-au vandut 070.000.012.300 bucati", ""},
	}, Phone)
}
