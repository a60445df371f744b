package index_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// Queries made to hurt end soon, with an answer or a message, and leave the
// index well.
func TestHostileQueries(t *testing.T) {
	x := open(t, t.TempDir())
	c := newCorpus()
	for range 4 {
		batch := c.posts(500)
		for i := range batch {
			batch[i].Assessment.Flagged = true
		}
		put(t, x, batch...)
	}
	many := func(part string, n int) string { return strings.TrimSpace(strings.Repeat(part, n)) }
	for name, text := range map[string]string{
		"every word there is":       "mun* OR lat* OR str* OR nat* OR tit* OR bun* OR con* OR tra*",
		"many beginnings":           many("mun* ", 60),
		"many beginnings, any":      strings.TrimSuffix(many("mun* OR ", 60), " OR"),
		"many words":                many("munca ", 64),
		"many phrases":              many(`"la la" `, 60),
		"many phrases, any":         strings.TrimSuffix(many(`"la la" OR `, 60), " OR"),
		"a phrase of common words":  `"la la la la la la la"`,
		"without a common phrase":   `-"la la"`,
		"nested":                    "((((((((la))))))))",
		"nested without":            "-(-(-(-la)))",
		"all days":                  "posted:1970..2286",
		"all scores":                "score:0.0001..0.9999",
		"all but":                   many("-munca ", 60),
		"one enormous word":         strings.Repeat("x", 500),
		"one word of many words":    many("a.", 250),
		"regular expression":        "(.{0,100}){0,10}x",
		"zero bytes":                "a\x00b",
		"invisible":                 "\u200b\u200d\ufeff",
		"right to left":             "\u202emunca",
		"a phone of all digits":     "phone:+000000000000000",
		"fields of fields":          many("lang:ro ", 64),
		"SQL":                       `'; DROP TABLE posts; --`,
		"SQL in a field":            `author:"'; DROP TABLE posts; --"`,
		"an id of everything":       `id:"%"`,
		"the query string of bleve": `+text:munca^5 ~2 /.*/`,
	} {
		started := time.Now()
		_, err := x.Search(t.Context(), index.Query{Text: text, Histogram: true})
		var bad *index.QueryError
		if err != nil && !errors.As(err, &bad) && !errors.Is(err, index.ErrBusy) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(started); took > 30*time.Second { // minutes without the limits
			t.Errorf("%s took %s", name, took)
		}
	}
	if err := x.Healthy(); err != nil {
		t.Error(err)
	}
	if n := search(t, x, index.Query{}).Total; n != 2000 {
		t.Errorf("%d posts are left", n)
	}
}

func TestBadRequests(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"q":"","v":["1","2","3"]}`))
	next := search(t, x, index.Query{Size: 1}).Next
	if next == "" {
		t.Fatal("no second page")
	}
	for name, q := range map[string]index.Query{
		"size":                 {Size: 1000},
		"less than nothing":    {Size: -1},
		"sort":                 {Sort: "random"},
		"facet":                {Facets: []string{"text"}},
		"facets":               {Facets: make([]string, 50)},
		"no mark":              {After: "!!"},
		"a forged mark":        {After: forged},
		"a huge mark":          {After: strings.Repeat("A", 5000)},
		"a mark of another":    {After: next, Text: "munca"},
		"a mark of its sister": {After: next, Sort: "oldest"},
	} {
		_, err := x.Search(t.Context(), q)
		var bad *index.QueryError
		if !errors.As(err, &bad) || bad.Msg == "" {
			t.Errorf("%s: got %v, want a QueryError", name, err)
		}
	}
}

// A search that may not wait does not.
func TestSearchHonoursItsContext(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Search(ctx, index.Query{Text: "munca"}); !errors.Is(err, index.ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := x.Healthy(); err != nil {
		t.Errorf("it left the index sick: %v", err)
	}
}

// Phrases of common words are refused with a place, not answered in part.
func TestPhraseBudget(t *testing.T) {
	x := open(t, t.TempDir())
	var batch []veghe.Assessed
	for i := range 60 {
		batch = append(batch, post(fmt.Sprint("p", i), "la munca"))
	}
	put(t, x, batch...)
	x.LimitPhraseReads(50)
	_, err := x.Search(t.Context(), index.Query{Text: `munca "munca la"`})
	var bad *index.QueryError
	if !errors.As(err, &bad) || bad.Pos != 6 || !strings.Contains(bad.Msg, "too many posts") {
		t.Errorf("got %v", err)
	}
	if n := search(t, x, index.Query{Text: `"la munca" id:p17`}).Total; n != 1 {
		t.Errorf("narrowed: %d", n)
	}
}

// What is written so that a filter would miss it is found by its plain word.
func TestDisguisedWords(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x,
		post("spaced", "cautam p a s a p o r t valabil"), post("leet", "cautam p4s4p0rt valabil"), post("hidden", "cautam pasa\u200bport valabil"),
		post("alike", "cautam раѕароrt valabil"), post("plain", "cautam pașaport valabil 💶"))
	res := search(t, x, index.Query{Text: "pasaport"})
	if res.Total < 4 {
		t.Errorf("found %v", ids(res))
	}
	for _, h := range res.Hits {
		if len(h.Matches) == 0 {
			t.Errorf("%s: no match is marked", h.Post.ID)
		}
	}
	if got := ids(search(t, x, index.Query{Text: "💶"})); len(got) != 1 || got[0] != "plain" {
		t.Errorf("the emoji is found in %v", got)
	}
}
