package text

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// oracle is what Unicode says a character folds to: taken apart for
// compatibility, without the marks of Latin, Greek and Cyrillic letters, in
// folded case, put together again.
func oracle(r rune) string {
	var out []rune
	base := false
	for _, c := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(string(r)))) {
		if !unicode.Is(unicode.Mn, c) && !unicode.Is(unicode.Me, c) {
			base = unicode.In(c, unicode.Latin, unicode.Greek, unicode.Cyrillic)
		} else if base {
			continue
		}
		out = append(out, c)
	}
	return norm.NFC.String(string(out))
}

// difference is why a character folds otherwise than Unicode says, or "".
func difference(r rune, got, want string) string {
	switch e := tables().entry(r); {
	case unicode.Is(unicode.Cs, r):
		return "" // no characters: they cannot be written in UTF-8
	case got == "" && (e.kind() == dropped || e.kind() == mark):
		return "an invisible character or mark of no letter is dropped"
	case strings.ContainsRune(keptLetters, unicode.ToLower(r)):
		return "a Cyrillic letter of its own right stays"
	case e.kind() == separator || e.kind() == symbol:
		if got == string(r) {
			return "what is no letter stays itself, unless it is one of ASCII"
		}
		return "punctuation that people write for one another is one"
	case unicode.Is(unicode.Nd, r) || e.script() == common && strings.Trim(got, "0123456789") == "":
		return "a digit is a digit"
	case r >= 0x3300 && r < 0x3400 && isASCII(got):
		return "a unit is in Latin letters"
	case e.script() == latin && isASCII(got):
		return "a letter with a stroke or hook, or dressed up, is the plain one"
	case e.script() == cyrillic && (got == "е" || got == "и"):
		return "a Cyrillic letter that few write with its dots"
	case unicode.Is(unicode.Cherokee, r):
		return "Cherokee is in lower case as the rest"
	case got == string(r):
		return "what would fold to much, or to punctuation too, stays itself"
	case norm.NFC.String(got) == norm.NFC.String(want), norm.NFKD.String(got) == norm.NFKD.String(want):
		return "marks are kept, put together otherwise"
	case strings.Trim(want, "().,' ") == got:
		return "the punctuation around a letter is left out"
	}
	return ""
}

const keptLetters = "йїўѓќ"

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// Every character of the first two planes folds as Unicode says, or
// differently for a reason that was looked at; and what is folded stays.
func TestOracle(t *testing.T) {
	reasons := map[string]int{}
	for r := range rune(0x20000) {
		if r >= 0xD800 && r < 0xE000 {
			continue
		}
		got, want := Fold(string(r)), oracle(r)
		if again := Fold(got); again != got {
			t.Errorf("%q (%U) folds to %q, that to %q", r, r, got, again)
		}
		if got == want {
			continue
		}
		why := difference(r, got, want)
		if why == "" {
			t.Errorf("%q (%U) folds to %q, Unicode says %q", r, r, got, want)
		}
		reasons[why]++
	}
	// The numbers are about those of Unicode 15, so that no reason swallows
	// what was not meant.
	for why, most := range map[string]int{
		"what would fold to much, or to punctuation too, stays itself":    20,
		"a Cyrillic letter of its own right stays":                        10,
		"the punctuation around a letter is left out":                     80,
		"punctuation that people write for one another is one":            90,
		"what is no letter stays itself, unless it is one of ASCII":       300,
		"a letter with a stroke or hook, or dressed up, is the plain one": 450,
		"an invisible character or mark of no letter is dropped":          450,
		"Cherokee is in lower case as the rest":                           200,
		"a unit is in Latin letters":                                      20,
		"a digit is a digit":                                              800,
	} {
		if n := reasons[why]; n == 0 || n > most {
			t.Errorf("%d characters differ because %s, want 1 to %d", n, why, most)
		}
		delete(reasons, why)
	}
	if len(reasons) > 0 {
		t.Errorf("differences for other reasons: %v", reasons)
	}
}

// A few decisions, so that they can be read.
func TestDecisions(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"comma and cedilla", "șȘşŞțȚţŢ", "sssstttt"},
		{"strokes and hooks", "đĐłŁøØħŧƀɨɓɗƙƒ", "ddlloohtbibdkf"},
		{"several letters", "ßẞæœĳǆﬁﬃ", "ssssaeoeijdzfiffi"},
		{"dotless and dotted i", "ıİ", "ii"},
		{"letters of two marks", "ếự", "eu"},
		{"raised, lowered, ordinal", "ᵃᵇⁿₐªº¹²₃", "abnaao123"},
		{"full width", "ｍｕｎｃａ１２＠．", "munca12@."},
		{"letters drawn large", "ⓐⒷ⒞🄳🅔🅵𝐠𝕙𝓲ℂℓ", "abcdefghicl"},
		{"digits drawn large", "①❷➂➍⑤⓺７𝟴𝟡⑩", "12345678910"},
		{"digits of other scripts", "٣۴५๖", "3456"},
		{"keycaps", "1️⃣2️⃣3️⃣", "123"},
		{"small capitals", "ᴘᴀꜱᴀᴘᴏʀᴛ", "pasaport"},
		{"quotes and dashes", "“a” ‘b’ «c» d—e–f…", "\"a\" 'b' \"c\" d-e-f."},
		{"quotes gone wrong", "\u0093a\u0094 l\u0092eau", "\"a\" l'eau"},
		{"spaces", "a\u00a0b\u2003c\u3000d", "a b c d"},
		{"й, ї, ў, ґ stay, ё goes", "йЇўҐё", "йїўґе"},
		{"й of two characters", "мои\u0306", "мой"},
		{"stress on a Cyrillic vowel", "за\u0301мок", "замок"},
		{"Greek, final sigma too", "Ἀθήνας", "αθηνασ"},
		{"Hindi", "हिन्दी में", "हिन्दी में"},
		{"Arabic", "مُحَمَّد", "مُحَمَّد"},
		{"Hebrew", "שָׁלוֹם", "שָׁלוֹם"},
		{"Japanese", "がぎ パピ", "がぎ パピ"},
		{"Korean", "한국어", "한국어"},
		{"Georgian, Armenian", "ქართული Հայերեն", "ქართული հայերեն"},
		{"a Cyrillic word that looks Latin", "сое расе", "сое расе"},
		{"Latin letters in a Cyrillic word", "пacпopт", "паспорт"},
		{"Cyrillic letters in a Latin word", "раssроrt", "passport"},
		{"an ending put to a name", "SMSка, iPhoneы", "smsка, iphoneы"},
		{"invisible", "a\u200b\u200d\u2060\ufeff\u00ad\u202e\U000e0041b", "ab"},
		{"an English ending", "don't we'll l'acqua o'clock 'tis rock'n'roll", "dont well l'acqua o'clock 'tis rock'n'roll"},
		{"invalid", "a\xffb\xc3", "a b "},
	} {
		if got, want := norm.NFC.String(Fold(tc.in)), norm.NFC.String(tc.want); got != want {
			t.Errorf("%s: %q folds to %q, want %q", tc.name, tc.in, got, want)
		}
	}
}
