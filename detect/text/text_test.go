package text

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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

// Big hostile inputs end soon, and give a bounded result.
func TestHostile(t *testing.T) {
	for name, in := range map[string]string{
		"one huge word":            strings.Repeat("a", 10<<20),
		"one huge word of marks":   strings.Repeat("ă\u0301", 1<<17),
		"one huge Cyrillic word":   strings.Repeat("ж", 1<<17),
		"one huge mixed word":      strings.Repeat("aб", 1<<17),
		"a million marks":          "a" + strings.Repeat("\u0301", 1<<20),
		"marks of nothing":         strings.Repeat("\u0301", 1<<17),
		"Hindi marks":              "न" + strings.Repeat("\u093f", 1<<17),
		"invalid bytes":            strings.Repeat("\xff\xfe", 1<<17),
		"half characters":          strings.Repeat("\xe2\x80", 1<<17),
		"spaced out without end":   strings.Repeat("a ", 1<<15),
		"dotted out without end":   strings.Repeat("a.", 1<<15),
		"dots and digits":          strings.Repeat("4.", 1<<15),
		"digits and letters":       strings.Repeat("a1", 1<<17),
		"pairs":                    strings.Repeat("aabb", 1<<17),
		"pairs of words":           strings.Repeat("aab baa ", 1<<15),
		"pairs in Cyrillic":        strings.Repeat("жж", 1<<17),
		"mixed words":              strings.Repeat("aбв ", 1<<17),
		"digits, then Cyrillic":    strings.Repeat(strings.Repeat("1", 1<<16)+"ж ", 32),
		"drawn digits":             strings.Repeat("①", 1<<16),
		"hashtags":                 strings.Repeat("#aB", 1<<17),
		"one huge hashtag":         "#" + strings.Repeat("aB", 1<<17),
		"forged words":             strings.Repeat("расе pat ", 1<<17),
		"apostrophes":              strings.Repeat("a's", 1<<16),
		"direction controls":       strings.Repeat("\u202e\u200b", 1<<16),
		"hidden between letters":   strings.Repeat("a\u200b", 1<<16),
		"emoji":                    strings.Repeat("🔒", 1<<15),
		"emoji between letters":    strings.Repeat("a🔒", 1<<15),
		"signs":                    strings.Repeat("@$", 1<<16),
		"signs and letters":        strings.Repeat("@a$", 1<<16),
		"ligatures that get long":  strings.Repeat("\ufdfa", 1<<16),
		"characters that get long": strings.Repeat("㏀㋉㏿", 1<<16),
		"Japanese":                 strings.Repeat("日本のか", 1<<17),
	} {
		t.Run(name, func(t *testing.T) {
			var d Doc
			d.Fold(in)
			if got, most := len(d.Folded()), 3*len(in); got > most {
				t.Errorf("folded to %d bytes from %d", got, len(in))
			}
			if got, most := len(d.Tokens)+len(d.Extra), 2*len(in); got > most {
				t.Errorf("%d tokens and extras from %d bytes", got, len(in))
			}
			d.Fold("short") // and lets go of what it held
			if got := cap(d.out) + 32*cap(d.Tokens); got > 20*keepCap {
				t.Errorf("holds %d bytes after a short text", got)
			}
		})
	}
}

// What is over the limit is not looked at.
func TestMaxText(t *testing.T) {
	var d Doc
	d.reset(strings.Repeat("a", MaxText) + " b")
	if got := len(d.Source()); got != MaxText {
		t.Errorf("%d bytes are looked at, want %d", got, MaxText)
	}
}

// A Doc in use does not allocate, whatever the text.
func TestAllocations(t *testing.T) {
	for _, kind := range kinds {
		texts := posts(kind)
		var d Doc
		for _, s := range texts {
			d.Fold(s)
		}
		if got := testing.AllocsPerRun(3, func() {
			for _, s := range texts {
				d.Fold(s)
			}
		}); got > 0 {
			t.Errorf("%s: %v allocations in %d posts", kind, got, len(texts))
		}
	}
}

// pieces of texts that meet in all ways below.
var pieces = strings.Split("a|b|Ab|xyz| |  |.|'|’|t|s|ll|ș|ţ|é|ß|œ|б|ш|й|и|у|Ё|ё|α|Ώ|օ|1|23|\u200b|\u00ad|\u0301|\u0306|𝗯|ｍ|ế|日|ก|न|ि|ب|א|"+
	"🔒|…|“|€|\xff|\xc3|\n|-|*|@|$|#|e\u0301|ə|ﬃ|㎏|①|1️⃣|longword|overeightletters|parașută|паспорт|раsport|tooo|p4s|M|ДА|#AbCd", "|")

func TestRandomTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d Doc
	for range 5_000 {
		var b strings.Builder
		for range 1 + r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		checkFold(t, &d, b.String())
		if t.Failed() {
			return
		}
	}
}

// Whatever comes in: see checkFold.
func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"Îți dau bani", "p.a.s.a.p.o.r.t", "раssport", "n\u0303\u200b", "\xff\xfe", "नमस्ते น้ำ", "𝗯𝗮𝗻𝗶 ①②③ 1️⃣2️⃣",
		"#LucrezInGermania p4$aport 5ecret", "don’t a's б's", "tooooo goood ппрривет", "a💰b💰c💰d", "1б1a б\u0301s SMSка", "ÎPPQPP",
	} {
		f.Add(s)
	}
	var d Doc
	f.Fuzz(func(t *testing.T, s string) { checkFold(t, &d, s) })
}

// checkFold folds s in d, which was used before, and checks what holds of
// every text.
func checkFold(t *testing.T, d *Doc, s string) {
	t.Helper()
	d.Fold(s)
	var fresh Doc
	fresh.Fold(s)
	if diff := cmp.Diff(dump(&fresh), dump(d)); diff != "" {
		t.Errorf("%q: a Doc used before gives other words: -fresh +used:\n%s", s, diff)
	}
	if !utf8.Valid(d.out) {
		t.Errorf("%q: folded text is not valid UTF-8: %q", s, d.out)
	}
	checkOffsets(t, d, s)
	checkTokens(t, d, s)
	checkExtra(t, d, s)
	if want, ok := plainFold(s); ok && want != string(d.Folded()) {
		t.Errorf("%q folds to %q, character by character to %q", s, d.Folded(), want)
	}
}

func dump(d *Doc) []string {
	out := []string{string(d.Folded()), fmt.Sprint(d.Accented, d.Hidden)}
	for _, tok := range d.Tokens {
		out = append(out, fmt.Sprint(tok, " ", string(d.Word(tok))))
	}
	for _, x := range d.Extra {
		out = append(out, fmt.Sprint(x, " ", string(d.Word(x.Token))))
	}
	return out
}

// boundaries are the offsets at which characters of s begin, and its end.
func boundaries(s string) []bool {
	at := make([]bool, len(s)+1)
	for i := range s {
		at[i] = true
	}
	at[len(s)] = true
	return at
}

// checkOffsets: each folded byte comes from the start of a character, later
// ones from no earlier.
func checkOffsets(t *testing.T, d *Doc, s string) {
	t.Helper()
	start, at := boundaries(s), 0
	for i := range len(d.Folded()) + 1 {
		o, end := d.Original(i), d.OriginalEnd(i)
		if o < at || o > len(s) || end > len(s) || !start[o] || !start[end] || i > 0 && end <= d.Original(i-1) {
			t.Errorf("%q: folded byte %d is at %d to %d, after %d", s, i, o, end, at)
			return
		}
		at = o
	}
}

// checkTokens: they are in order, what they say of themselves is so, and
// nothing that is part of a word is left out.
func checkTokens(t *testing.T, d *Doc, s string) {
	t.Helper()
	start, last := boundaries(s), Token{}
	for i, tok := range d.Tokens {
		w := d.Word(tok)
		if tok.Start < last.End || tok.End <= tok.Start || int(tok.End) > len(s) || !start[tok.Start] || !start[tok.End] {
			t.Errorf("%q: token %q at %d to %d, after %d", s, w, tok.Start, tok.End, last.End)
		}
		if tok.From < last.To || tok.To <= tok.From || int(tok.To) > d.n || tok.Hash != Hash(w) || tok.Flags&(Letter|Digit) == 0 {
			t.Errorf("%q: token %q: %+v", s, w, tok)
		}
		if a, b := d.Span(int(tok.From), int(tok.To)); a != int(tok.Start) || b != int(tok.End) && tok.Flags&Solo == 0 {
			t.Errorf("%q: token %q is at %d to %d by its span, %d to %d by itself", s, w, a, b, tok.Start, tok.End)
		}
		digit := bytes.IndexFunc(w, func(r rune) bool { return r >= '0' && r <= '9' }) >= 0
		letter := bytes.IndexFunc(w, func(r rune) bool { return r > '9' }) >= 0
		if digit != (tok.Flags&Digit != 0) || letter != (tok.Flags&Letter != 0) {
			t.Errorf("%q: token %q has flags %b", s, w, tok.Flags)
		}
		if skipped := string(d.out[last.To:tok.From]); strings.ContainsFunc(skipped, isWord) {
			t.Errorf("%q: %q is no token", s, skipped)
		}
		joined := i > 0 && last.To == tok.From && (last.Flags|tok.Flags)&Solo == 0
		if joined && !inHashtag(d, tok) {
			t.Errorf("%q: token %q begins where %q ends", s, w, d.Word(last))
		}
		if strings.ContainsFunc(string(w), func(r rune) bool { return !isWord(r) }) {
			t.Errorf("%q: token %q has what is no part of a word", s, w)
		}
		last = tok
	}
	if rest := string(d.out[last.To:d.n]); strings.ContainsFunc(rest, isWord) {
		t.Errorf("%q: %q is no token", s, rest)
	}
}

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return alnum[r]
	}
	k := tables().entry(r).kind()
	return k == word || k == solo || k == mark
}

// inHashtag reports whether a token is part of a word that # stands before.
func inHashtag(d *Doc, tok Token) bool {
	at := bytes.LastIndexFunc(d.out[:tok.From], func(r rune) bool { return !isWord(r) })
	return at >= 0 && d.out[at] == '#'
}

// checkExtra: they are in order and stand for tokens there are.
func checkExtra(t *testing.T, d *Doc, s string) {
	t.Helper()
	start, last := boundaries(s), int32(0)
	for _, x := range d.Extra {
		w := d.Word(x.Token)
		if x.First < last || x.Last < x.First-1 || int(x.Last) >= len(d.Tokens) || x.Hash != Hash(w) || len(w) == 0 {
			t.Errorf("%q: extra %q: %+v after %d of %d", s, w, x, last, len(d.Tokens))
			return
		}
		last = x.First
		if !start[x.Start] || !start[x.End] || x.End <= x.Start || x.Cover[0] >= x.Cover[1] || int(x.Cover[1]) > d.n {
			t.Errorf("%q: extra %q: %+v", s, w, x)
		}
		if x.Flags&Symbol == 0 && (x.Start > d.Tokens[x.First].Start || x.End < d.Tokens[x.Last].End) {
			t.Errorf("%q: extra %q at %d to %d for tokens %v to %v", s, w, x.Start, x.End, d.Tokens[x.First], d.Tokens[x.Last])
		}
	}
}

// plainFold folds one character after the other, slowly and obviously. It
// knows nothing of words, so texts with apostrophes, with two alphabets, or
// with marks that may make another letter are not for it.
func plainFold(s string) (string, bool) {
	var out []byte
	var d Doc
	var scripts [none + 1]bool
	d.tab = tables()
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		e := d.tab.lookup(r, n)
		i += n
		scripts[e.script()] = true
		switch e.kind() {
		case dropped:
			continue
		case mark:
			before, _ := utf8.DecodeLastRune(out)
			last := d.tab.lookup(before, 0)
			if last.script() == cyrillic {
				return "", false
			}
			if last.kind() != mark && (last.kind() != word || last.script() != other && last.script() != kin) {
				continue
			}
		}
		d.out = d.out[:0]
		d.put(e, r)
		out = append(out, d.out...)
	}
	foreign := scripts[cyrillic] || scripts[greek] || scripts[kin]
	return string(out), (!foreign || !scripts[latin]) && !bytes.ContainsAny(out, "'")
}
