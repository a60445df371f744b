package veghe_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// What a newer version wrote is known by its place and goes on with the value.
func TestMore(t *testing.T) {
	tests := []struct {
		name, in string
		more     veghe.More // of all parts; nil: everything is known
	}{
		{"nothing new", `{"post":{"text":"t"},"assessment":{"id":"1"},"assessed_at":"2026-11-01T10:00:00Z"}`, nil},
		{"blanks around it", " {\"post\":{\"text\":\"t\"}}\n", nil},
		// encoding/json takes fields in any case.
		{"another case", `{"POST":{"Text":"t"}}`, nil},
		{"beside the post", `{"post":{"text":"t"},"route":[1, 2]}`, veghe.More{"route": raw(`[1, 2]`)}},
		{"in the post", `{"post":{"text":"t","tone":null}}`, veghe.More{"post/tone": raw(`null`)}},
		{"in the assessment", `{"assessment":{"urgency":{"level":2}}}`, veghe.More{"assessment/urgency": raw(`{"level":2}`)}},
		// Parts of parts.
		{"in a quote", `{"post":{"text":"t","quotes":[{"text":"a"},{"text":"b","tone":"x"}]}}`, veghe.More{"post/quotes/1/tone": raw(`"x"`)}},
		{"a quote that is a string", `{"post":{"text":"t","quotes":["a"]},"x":1}`, veghe.More{"x": raw(`1`)}},
		{"in a span of a finding", `{"assessment":{"findings":[{"spans":[{"start":1,"line":3}]}]}}`, veghe.More{"assessment/findings/0/spans/0/line": raw(`3`)}},
		{"in what is a pointer", `{"assessment":{"cluster":{"id":"c","since":1}}}`, veghe.More{"assessment/cluster/since": raw(`1`)}},
		{"a score of a new category", `{"assessment":{"score":{"fraud":0.5}}}`, nil},
		{"a name that is a path", `{"post":{"text":"t","a/b~c":1}}`, veghe.More{"post/a~1b~0c": raw(`1`)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got veghe.Assessed
			if err := got.Decode([]byte(tt.in)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.more, got.AllMore()); diff != "" {
				t.Errorf("more (-want +got):\n%s", diff)
			}
			b, err := got.Encode()
			if err != nil {
				t.Fatal(err)
			}
			var again veghe.Assessed
			if err := again.Decode(b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(compacted(t, got.AllMore()), again.AllMore()); diff != "" {
				t.Errorf("after passing it on (-was +is):\n%s", diff)
			}
			// A stage that knows nothing more reads the same as ever.
			var plain veghe.Assessed
			if err := json.Unmarshal(b, &plain); err != nil {
				t.Fatal(err)
			}
			again.Post.More, again.Assessment.More, again.More = nil, nil, nil
			if diff := cmp.Diff(plain, again); diff != "" {
				t.Errorf("the known part (-plain +decoded):\n%s", diff)
			}
		})
	}
}

// A field that was put out of its place, or that has come to be known, gives
// way.
func TestMoreGivesWay(t *testing.T) {
	p := veghe.Post{ID: "1", Text: "t", Quotes: []veghe.Quote{{Text: "q"}}, More: veghe.More{
		"text": raw(`"other"`), "quotes/7/tone": raw(`1`), "quotes/x/tone": raw(`1`), "evidence/part": raw(`1`), "id/part": raw(`1`), "tone": raw(`2`),
	}}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(b), `{"id":"1","quotes":[{"text":"q"}],"text":"t","tone":2}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What cannot be read gives the error that encoding/json gives.
func TestDecodeErrors(t *testing.T) {
	for _, in := range []string{``, `{`, `[]`, `{"text":1}`, `{"text":"t"} x`, `{"new":1,"seq":"one"}`} {
		var got, want veghe.Post
		err, plain := got.Decode([]byte(in)), json.Unmarshal([]byte(in), &want)
		if err == nil || plain == nil || err.Error() != plain.Error() {
			t.Errorf("%s: %v, want %v", in, err, plain)
		}
	}
}

// Whatever stands on the stream is read as encoding/json reads it, and what is
// not known survives.
func FuzzMore(f *testing.F) {
	f.Add(`{"post":{"text":"t","quotes":[{"text":"a","tone":1},"b"]},"assessment":{"findings":[{"x":1}]},"new":{"a":[{}]}}`)
	f.Add(`{"post":{"text":"t","a/b":1,"":2},"":3,"assessment":{"cluster":null,"score":{"x":1}}}`)
	f.Fuzz(func(t *testing.T, in string) {
		var got, want veghe.Assessed
		err, plain := got.Decode([]byte(in)), json.Unmarshal([]byte(in), &want)
		if (err == nil) != (plain == nil) {
			t.Fatalf("%v, encoding/json: %v", err, plain)
		}
		if err != nil {
			return
		}
		b, err := got.Encode()
		if err != nil {
			return // a time past the year 9999, say
		}
		var again veghe.Assessed
		if err := again.Decode(b); err != nil {
			t.Fatal(err)
		}
		for place := range again.AllMore() {
			if _, ok := got.AllMore()[place]; !ok {
				t.Errorf("%q came out of nothing", place)
			}
		}
		if !strings.Contains(in, `"post"`) || len(got.Post.More) == 0 {
			return
		}
		for place := range got.Post.More {
			if _, ok := again.Post.More[place]; !ok && !strings.Contains(place, "/") {
				t.Errorf("%q of the post is lost", place)
			}
		}
	})
}

func BenchmarkDecodeAssessed(b *testing.B) {
	a := veghe.Assessed{Post: veghe.Post{ID: "0123456789abcdef", Text: strings.Repeat("caut coleg de apartament ", 20)}}
	for range 4 {
		a.Assessment.Findings = append(a.Assessment.Findings, veghe.Finding{Rule: "DOC-01", Why: "the employer keeps it", Spans: []veghe.Span{{Text: "pasaport"}}})
	}
	line, err := a.Encode()
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(*veghe.Assessed) error{
		"plain":  func(a *veghe.Assessed) error { return json.Unmarshal(line, a) },
		"decode": func(a *veghe.Assessed) error { return a.Decode(line) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				var out veghe.Assessed
				if err := read(&out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func compacted(t *testing.T, m veghe.More) veghe.More {
	t.Helper()
	if m == nil {
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var out veghe.More
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
