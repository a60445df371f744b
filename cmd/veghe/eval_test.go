package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A conversation that is found says how early: which of the flagged author's
// own posts it was, whatever the others wrote in between.
func TestEvalSaysHowEarly(t *testing.T) {
	const posts = `
{"source": "s", "thread": "t", "seq": 1, "author": "child", "text": "buna, am 12 ani", "label": {"flag": true, "category": "grooming"}}
{"source": "s", "thread": "t", "seq": 2, "author": "adult", "text": "buna, ce mai desenezi"}
{"source": "s", "thread": "t", "seq": 3, "author": "child", "text": "un cal"}
{"source": "s", "thread": "t", "seq": 4, "author": "adult", "text": "esti singura acasa acum?"}
{"source": "s", "thread": "t", "seq": 5, "author": "adult", "text": "sa nu-i zici mamei ca vorbim"}
{"source": "s", "thread": "u", "seq": 1, "author": "child", "text": "ai facut tema?", "label": {"flag": false}}
`
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"in words", nil, "first flag grooming post 2.0 median 2 most 2 of the author"},
		{"as JSON", []string{"-json"}, `"author_posts_until_flagged":{"mean":2,"median":2,"most":2}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			e := env{in: strings.NewReader(posts), out: &out, err: &complaints}
			if err := evalCmd(t.Context(), e, append(tc.args, "-")); err != nil {
				t.Fatalf("%v\n%s", err, &complaints)
			}
			if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, tc.want) {
				t.Errorf("want %q in\n%s", tc.want, &out)
			}
			if tc.args != nil && !json.Valid(out.Bytes()) {
				t.Error("no JSON")
			}
		})
	}
}

func TestSummarize(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   []int
		want *earliness
	}{
		{"nothing found, nothing to say", nil, nil},
		{"one", []int{3}, &earliness{Mean: 3, Median: 3, Most: 3}},
		{"the lower middle one is the median", []int{5, 1, 2, 4}, &earliness{Mean: 3, Median: 2, Most: 5}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, summarize(tc.in)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
