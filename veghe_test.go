package veghe_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

func TestParsePost(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     veghe.Post // id and hash are checked apart
	}{
		{"only text", `{"text":"Salut"}`, veghe.Post{Kind: veghe.Forum, Text: "Salut"}},
		{"an ad", `{"kind":"ad","title":"Job","text":"x","source":"s"}`, veghe.Post{Kind: veghe.Ad, Title: "Job", Text: "x", Source: "s"}},
		{"unknown fields are left alone", `{"text":"x","colour":"red"}`, veghe.Post{Kind: veghe.Forum, Text: "x"}},
		{"a time with an offset is turned to UTC", `{"text":"x","posted_at":"2026-10-31T20:00:00+02:00"}`, veghe.Post{Kind: veghe.Forum, Text: "x", PostedAt: time.Date(2026, 10, 31, 18, 0, 0, 0, time.UTC)}},
		{"a date alone", `{"text":"x","posted_at":"2026-10-31"}`, veghe.Post{Kind: veghe.Forum, Text: "x", PostedAt: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)}},
		{"a null time", `{"text":"x","posted_at":null}`, veghe.Post{Kind: veghe.Forum, Text: "x"}},
		{"quotes as strings or objects", `{"text":"x","quotes":["a",{"author":"b","text":"c"}]}`, veghe.Post{Kind: veghe.Forum, Text: "x", Quotes: []veghe.Quote{{Text: "a"}, {Author: "b", Text: "c"}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := veghe.ParsePost([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if got.ID == "" || !strings.HasPrefix(got.ContentHash, "sha256:") {
				t.Errorf("not identified: id %q, hash %q", got.ID, got.ContentHash)
			}
			got.ID, got.ContentHash = "", ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParsePostErrors(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty text", `{"text":"  "}`, `no text: a post needs a non-empty "text"`},
		{"no text", `{}`, `no text: a post needs a non-empty "text"`},
		{"not an object", `[1]`, `got a JSON array, want an object with a "text"`},
		{"not JSON", `{"text":`, "not JSON at byte 8"},
		{"wrong type", `{"text":5}`, "text is a number, want string"},
		{"bad kind", `{"text":"x","kind":"blog"}`, `kind is "blog", want "ad" or "post"`},
		{"bad time", `{"text":"x","posted_at":"yesterday"}`, `time is "yesterday", want RFC 3339`},
		{"negative place in the thread", `{"text":"x","seq":-1}`, "seq is -1, want 1 or more"},
		{"not UTF-8", "{\"text\":\"\xff\"}", "not valid UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := veghe.ParsePost([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	base := veghe.Post{Source: "s", Thread: "t", Seq: 2, Author: "a", Text: "x", PostedAt: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)}
	id := func(change func(*veghe.Post)) veghe.PostID {
		p := base
		change(&p)
		p.Identify()
		return p.ID
	}
	want := id(func(*veghe.Post) {})
	same := map[string]func(*veghe.Post){
		"when it was collected": func(p *veghe.Post) { p.CollectedAt = time.Now() },
		"where its capture is":  func(p *veghe.Post) { p.Evidence = "x" },
		"the time zone": func(p *veghe.Post) {
			p.PostedAt = p.PostedAt.In(time.FixedZone("EET", 2*3600))
		},
	}
	for name, change := range same {
		if got := id(change); got != want {
			t.Errorf("%s changes the id", name)
		}
	}
	other := map[string]func(*veghe.Post){
		"the source":             func(p *veghe.Post) { p.Source = "s2" },
		"the thread":             func(p *veghe.Post) { p.Thread = "t2" },
		"the place in it":        func(p *veghe.Post) { p.Seq = 3 },
		"the author":             func(p *veghe.Post) { p.Author = "b" },
		"the text":               func(p *veghe.Post) { p.Text = "y" },
		"title and text swapped": func(p *veghe.Post) { p.Title, p.Text = p.Text, "" },
	}
	for name, change := range other {
		if got := id(change); got == want {
			t.Errorf("%s does not change the id", name)
		}
	}
	if veghe.NativeID("s", "12") == veghe.NativeID("s1", "2") {
		t.Error("a source and a native id run together")
	}
}

func TestKey(t *testing.T) {
	for _, tc := range []struct {
		in   veghe.Post
		want string
	}{
		{veghe.Post{Source: "s", Thread: "t", Author: "a", URL: "u", ID: "i"}, "s\x1ft"},
		{veghe.Post{Source: "s", Author: "a", URL: "u", ID: "i"}, "s\x1fa"},
		{veghe.Post{Source: "s", URL: "u", ID: "i"}, "s\x1fu"},
		{veghe.Post{ID: "i"}, "i"},
	} {
		if got := tc.in.Key(); got != tc.want {
			t.Errorf("key of %+v is %q, want %q", tc.in, got, tc.want)
		}
	}
}

// The JSON of an assessment is read by scripts: its names are fixed.
func TestAssessmentJSON(t *testing.T) {
	a := veghe.Assessment{
		ID: "p", Flagged: true, Severity: veghe.High, Score: map[veghe.Category]float64{veghe.Recruitment: 0.5},
		Lang:     []veghe.LangSpan{{Lang: "ro", Start: 0, End: 4}},
		Findings: []veghe.Finding{{Indicator: "DOC-01", Rule: "DOC-01.fee", Category: veghe.Recruitment, Family: "documents", Weight: 2.3, Why: "w", Spans: []veghe.Span{{Start: 1, End: 2, Text: "x"}}}},
		Contacts: []veghe.Contact{{Kind: "phone", Value: "+40700000001", Raw: "0700000001", Start: 3, End: 13}},
		Cluster:  &veghe.Cluster{ID: "c", Size: 2}, RulesVersion: "v",
	}
	want := `{"id":"p","flagged":true,"severity":"high","score":{"recruitment":0.5},"lang":[{"lang":"ro","start":0,"end":4}],` +
		`"findings":[{"indicator":"DOC-01","rule":"DOC-01.fee","category":"recruitment","family":"documents","weight":2.3,"why":"w","spans":[{"start":1,"end":2,"text":"x"}]}],` +
		`"contacts":[{"kind":"phone","value":"+40700000001","raw":"0700000001","start":3,"end":13}],"cluster":{"id":"c","size":2},"rules_version":"v"}`
	got, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzParsePost(f *testing.F) {
	f.Add([]byte(`{"text":"x","posted_at":"2026-10-31","quotes":["a"]}`))
	f.Add([]byte(`{"text":`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, err := veghe.ParsePost(line)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := veghe.ParsePost(again)
		if err != nil || q.ID != p.ID {
			t.Errorf("round trip: id %q became %q, %v", p.ID, q.ID, err)
		}
	})
}
