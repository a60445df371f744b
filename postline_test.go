package veghe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// usualLines are read without encoding/json, the others with it.
var (
	usualLines = []string{
		`{"text":"Caut coleg de apartament"}`,
		` { "id" : "1" , "source":"s","kind":"ad","url":"https://example.com/1","thread":"t","seq":12,"reply_to":"0","author":"a","title":"T","text":"a\n\"b\" \\ \/ \u0219 ș","place":"Cluj","content_hash":"sha256:0","evidence":"e","posted_at":"2026-10-31T18:00:00.5+02:00","collected_at":"2026-10-31T18:00:00Z" } `,
		`{"kind":"post","text":"<b>"}`, `{"kind":"poem","text":"x"}`, `{"seq":0,"text":"x"}`, `{"t\u0065xt":"x"}`, `{"text":""}`, `{"text":"\u0000"}`,
	}
	oddLines = []string{
		`{}`, `[]`, `"x"`, `null`, ``, `{"text":"x"`, `{"text":"x"} x`, `{"text":"x",}`, `{"text":null}`, `{"text":1}`, `{"Text":"x"}`, `{"text":"x","text":"y"}`, `{"text":"x","more":{"a":[1]}}`,
		`{"text":"\ud83d\ude42"}`, `{"text":"\ud83d"}`, `{"text":"\x"}`, "{\"text\":\"a\tb\"}", `{"text":"x","quotes":["y"]}`, `{"text":"x","posted_at":""}`, `{"text":"x","posted_at":"2026-10-31"}`, `{"text":"x","posted_at":"soon"}`,
		`{"text":"x","seq":-1}`, `{"text":"x","seq":01}`, `{"text":"x","seq":1e2}`, `{"text":"x","seq":12345678901}`, `{"text":"x","seq":"1"}`, `{"text":"x","seq":}`, `{"text":"\u12"`, `{"text":"\u00+1"}`, `{"text":"\`,
	}
)

func TestUsualLines(t *testing.T) {
	for _, s := range usualLines {
		if l := (lineReader{line: []byte(s)}); !reads(t, &l) {
			t.Errorf("%s: is left to encoding/json", s)
		}
	}
	for _, s := range oddLines {
		if l := (lineReader{line: []byte(s)}); reads(t, &l) {
			t.Errorf("%s: is read without encoding/json", s)
		}
	}
}

// reads reports whether a line is read, and holds what it says against
// encoding/json.
func reads(t *testing.T, l *lineReader) bool {
	t.Helper()
	got, ok := l.read()
	if !ok {
		return false
	}
	want, err := unmarshalPost(l.line)
	if err != nil {
		t.Errorf("%s: is read, but encoding/json says: %v", l.line, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -encoding/json +line\n%s", l.line, diff)
	}
	return true
}

func FuzzUsualLines(f *testing.F) {
	for _, s := range append(usualLines, oddLines...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if _, err := ParsePost(line); err == nil { // valid UTF-8, for one
			reads(t, &lineReader{line: line})
		}
		reads(t, &lineReader{line: []byte(string([]rune(string(line))))})
	})
}

func BenchmarkParsePost(b *testing.B) {
	line := []byte(usualLines[1])
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePost(line); err != nil {
			b.Fatal(err)
		}
	}
}
