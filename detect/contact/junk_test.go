package contact

import (
	"fmt"
	"strings"
	"testing"

	"veghe/detect/text"
)

// junk are pieces that, repeated, must cost no more than their length.
var junk = []string{
	"0", "07 ", "0.7.", "1-", "zero ", "zero", "douazeci si ", "double ", "и", "🙂0", "0\n", "+", "+40", "00 ", "7|",
	"a@", "a@b.", "a@b.ro ", "@", "@abc ", ".", "a.", "a . com ", "[.]", "a[.]", "a(dot)", "arond ", "a at b dot ", "punct ro ", "x punct ro ",
	"http", "http://", "https://a.ro/", "hxxp://a[.]", "t.me/abc ", "wa.me/4", "www.", "xn--.", "пример.рф ", "a punct a arond ",
	"€", "€1", "1€-", "1.000.", "100 lei ", "o mie ", "cinci sute ", "de ", "euro ", "$1-$2 ",
	"ani ", "14 ani ", "14f ", "clasa a 8-a ", "roma ", "satu mare ", "new ", "târgu ",
	"tg ", "tg: ", "tg @abcd ", "discord a#1234 ", "add me on snap abcde ", "snap is my ", "@a:b.ro ",
	"\xff", "\u200b0", "é", "q", "zerosaptedoi ", "unununununun", "дев'ять", "(", "((07", "=", "a AT b DOT com ",
}

func TestJunk(t *testing.T) {
	for _, s := range junk {
		s := strings.Repeat(s, 50_000/len(s))
		for _, c := range Find(s, Options{Langs: []string{"ro", "en", "it", "de"}}) {
			if c.Raw != s[c.Start:c.End] {
				t.Fatalf("%.20q: raw is not the text at %d:%d", s, c.Start, c.End)
			}
		}
	}
}

// BenchmarkJunk shows that ten megabytes of anything are read in one go.
func BenchmarkJunk(b *testing.B) {
	for _, s := range junk {
		for _, size := range []int{1 << 20, 10 << 20} {
			b.Run(fmt.Sprintf("%q/%dMB", s, size>>20), func(b *testing.B) {
				long := strings.Repeat(s, size/len(s))
				b.SetBytes(int64(len(long)))
				var d text.Doc
				d.Fold(long)
				for b.Loop() {
					FindIn(&d, Options{Langs: []string{"ro", "en", "it", "de"}})
				}
			})
		}
	}
}
