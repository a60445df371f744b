package lang

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// lines reads a file of eval: its invented texts are examples here too.
func lines(t testing.TB, file string) (out []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("eval", file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// Rules run in the candidate languages only, so that of small talk the right
// one must be among few of them.
func TestChat(t *testing.T) {
	d := newDetector(t)
	for code := range strings.FieldsSeq("ro en it es de fr hu uk ru bg") {
		texts := lines(t, "chat/"+code+".txt")
		among, right, candidates := 0, 0, 0
		for _, s := range texts {
			seg := d.Detect(s)[0]
			candidates += len(seg.Candidates)
			if slices.Contains(seg.Candidates, code) {
				among++
			}
			if seg.Lang == code {
				right++
			}
		}
		if n := len(texts); among < n-1 || right < n*85/100 || candidates > n*16/10 {
			t.Errorf("%s: of %d texts %d right, %d among the candidates, which are %d; want 85 %%, all but one, at most 1.6 a text",
				code, n, right, among, candidates)
		}
	}
}

// In posts of two languages each word gets its own, with punctuation and
// without.
func TestMixedPosts(t *testing.T) {
	d := newDetector(t)
	for _, form := range []struct {
		name string
		of   func(string) string
	}{
		{"as written", func(s string) string { return s }},
		{"as in chat", lowered},
	} {
		words, right := 0, 0
		for _, line := range lines(t, "mixed.txt") {
			n, r := wordsRight(d, form.of(line))
			words += n
			right += r
		}
		if right < words*98/100 {
			t.Errorf("%s: %d of %d words in the right language, want 98 %%", form.name, right, words)
		}
	}
}

// lowered takes capitals and punctuation away, but for the marks.
func lowered(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '[' && r != ']' && unicode.IsPunct(r) {
			return ' '
		}
		return unicode.ToLower(r)
	}, s)
}

// wordsRight counts the words of a text with marks such as [ro], and those of
// them that got the language of the mark before them.
func wordsRight(d *Detector, line string) (words, right int) {
	var text strings.Builder
	var langs []string // of each byte of text
	for _, part := range strings.Split(line, "[")[1:] {
		code, rest, _ := strings.Cut(part, "]")
		text.WriteString(rest)
		langs = append(langs, slices.Repeat([]string{code}, len(rest))...)
	}
	for _, seg := range d.Detect(text.String()) {
		for i := seg.Start; i < seg.End; i++ {
			if text.String()[i] != ' ' && (i == 0 || text.String()[i-1] == ' ') {
				words++
				if langs[i] == seg.Lang {
					right++
				}
			}
		}
	}
	return words, right
}

// What comes from outside may be of any size and shape; work stays linear and
// memory bounded.
func TestHostile(t *testing.T) {
	d := newDetector(t)
	const size = 1 << 20
	for _, tt := range []struct{ name, text string }{
		{"one word", strings.Repeat("a", 10*size)},
		{"one word of many scripts", strings.Repeat("aяβ", size/5)},
		{"combining marks", "a" + strings.Repeat("\u0301", size)},
		{"invisible characters", strings.Repeat("a\u200b", size/4)},
		{"no blanks, all anchors", strings.Repeat("a.b:c", size/5)},
		{"addresses", strings.Repeat("a@b ", size/4)},
		{"full stops", strings.Repeat(".", size)},
		{"not UTF-8", strings.Repeat("\xff\xc3", size/2)},
		{"two scripts by turns", strings.Repeat("da да ", size/8)},
		{"two languages by turns", strings.Repeat("ce mai faci azi. where are you now. ", size/40)},
	} {
		n, end := 0, 0
		for _, seg := range d.Detect(tt.text) {
			n++
			if seg.Start != end {
				t.Fatalf("%s: a segment starts at %d, want %d", tt.name, seg.Start, end)
			}
			end = seg.End
		}
		if end != len(tt.text) || n > maxPieces {
			t.Errorf("%s: %d segments end at %d of %d, want at most %d", tt.name, n, end, len(tt.text), maxPieces)
		}
	}
}

func TestLinks(t *testing.T) {
	for text, want := range map[string]string{
		"ana are mere":               "",
		"vezi example.com acum":      "example.com",
		"la www.site.test/ceva, da":  "www.site.test/ceva,",
		"http://x.test si a@b.test":  "http://x.test a@b.test",
		"Bine. Da.Nu stiu":           "",
		"ora 10:30, a.m. si ftp://x": "ftp://x",
		"@ana @dan":                  "@ana @dan",
		"\n@ana\tb.ro\n":             "@ana b.ro",
		"x.y.z.example.org":          "x.y.z.example.org",
		"":                           "",
		".":                          "",
		"de la a la b.":              "",
		"scrie pe mail: ana arond example punct.": "",
	} {
		var got []string
		for l := newLinks(text); l.start < len(text); l.find(text) {
			got = append(got, text[l.start:l.end])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: links %q, want %q", text, got, want)
		}
	}
}

// A word is the same whether it was seen before or not, and a plain word is
// what its letters say.
func TestMemo(t *testing.T) {
	d := newDetector(t)
	x := new(scratch)
	for _, s := range []string{
		"a", "Munca", "constructii", "abcdefghijklmnop", "abcdefghijklmnopq", "ănțărcînd", "работа", "Київ", "iPhone", "prietenă", "Києвi", "pабота",
		"ωωωωωωωωωω", "ạạạạạạạạạạ", "достопримечательность",
	} {
		var first, again word
		for i, w := range []*word{&first, &again} {
			sc := scanner{s: s, links: noLinks}
			key, ok := sc.next(w)
			if !ok || w.end != len(s) {
				t.Fatalf("%q, time %d: not read to its end", s, i)
			}
			d.score(x, w, key, s)
		}
		if first != again {
			t.Errorf("%q: got %v, then %v", s, first, again)
		}
		x.sp.read(s)
		script, codes := x.sp.settle()
		if e := d.work(script, codes, true); e.row != first.row || int(e.letters) != len([]rune(s)) {
			t.Errorf("%q: remembered %v, want %v", s, first.row, e.row)
		}
	}
}
