package index_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

// at opens an index whose clock the test holds.
func at(t *testing.T, dir string, now *time.Time) *index.Index {
	t.Helper()
	x, err := index.Open(t.Context(), dir, index.Options{MinFree: -1, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func seen(source, lang string, findings ...veghe.Finding) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) {
		a.Post.Source = veghe.SourceID(source)
		a.Assessment.Lang = []veghe.LangSpan{{Lang: lang, End: len(a.Post.Text)}}
		a.Assessment.Findings = findings
	}
}

func sign(rule veghe.RuleID, ind veghe.IndicatorID) veghe.Finding {
	return veghe.Finding{Rule: rule, Indicator: ind, Category: veghe.Recruitment, Weight: 1}
}

func collectedAt(t time.Time) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) { a.Post.CollectedAt, a.AssessedAt = t, t }
}

func rates(t *testing.T, x *index.Index, source, lang string) index.Rates {
	t.Helper()
	r, err := x.Rates(t.Context(), veghe.SourceID(source), lang)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each post counts once, however often it comes, whatever else is done to it,
// and after it is gone.
func TestRatesCountEachPostOnce(t *testing.T) {
	now, dir := noon, t.TempDir()
	x := at(t, dir, &now)
	doc, debt := sign("DOC-01", "DOC-01"), sign("DBT-01", "DBT-01")
	variant, shadow := sign("DOC-01.fee", "DOC-01"), sign("EXP-01", "EXP-01")
	shadow.Shadow = true
	day := collectedAt(noon)
	batch := []veghe.Assessed{
		post("a", "pașaport", day, seen("ads", "ro", doc, variant, debt)),
		post("b", "nimic", day, seen("ads", "ro"), unflagged),
		post("c", "passport", day, seen("ads", "en", doc, shadow)),
		post("d", "pașaport", day, seen("forum", "ro", doc)),
	}
	put(t, x, batch...)
	put(t, x, batch...)
	put(t, x, batch[0])
	if err := x.SetReview(t.Context(), "a", veghe.Relevant); err != nil {
		t.Fatal(err)
	}
	want := index.Rates{Days: 30, Source: "ads", Lang: "ro", Here: 2, All: 4, Fired: []index.Fired{
		{Indicator: "DBT-01", Here: 1, All: 1}, {Indicator: "DOC-01", Here: 1, All: 3}, {Indicator: "EXP-01", Shadow: true, All: 1},
	}}
	if diff := cmp.Diff(want, rates(t, x, "ads", "ro")); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}

	// A newer assessment takes the place of the older one.
	again := post("a", "pașaport", day, seen("ads", "ro", doc), rules("v2"), assessedAt(noon.Add(time.Hour)))
	put(t, x, again)
	if got := rates(t, x, "ads", "ro").Of("DBT-01", false); got.All != 0 {
		t.Errorf("what is no longer seen still counts: %+v", got)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = at(t, dir, &now) // the counts are durable
	if _, err := x.Purge(t.Context(), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := rates(t, x, "ads", "ro"); got.Here != 2 || got.All != 4 || got.Of("DOC-01", false).Here != 1 {
		t.Errorf("after the unflagged post is gone: %+v, want the same 2 of 4 posts", got)
	}
}

func TestRatesForget(t *testing.T) {
	now := noon
	x := at(t, t.TempDir(), &now)
	doc := sign("DOC-01", "DOC-01")
	put(t, x, post("old", "a", collectedAt(noon.AddDate(0, 0, -60)), seen("ads", "ro", doc)))
	if got := rates(t, x, "ads", "ro"); got.All != 0 {
		t.Errorf("a post collected two months ago counts: %+v", got)
	}
	put(t, x, post("today", "a", collectedAt(noon), seen("ads", "ro", doc)), post("future", "a", collectedAt(noon.AddDate(9, 0, 0)), seen("ads", "ro", doc)))
	if got := rates(t, x, "ads", "ro"); got.All != 2 {
		t.Errorf("%d posts, want 2: one dated ahead counts on the day it came", got.All)
	}
	now = noon.AddDate(0, 0, 29)
	if got := rates(t, x, "ads", "ro"); got.All != 2 {
		t.Errorf("%d posts on day 29, want 2", got.All)
	}
	now = noon.AddDate(0, 0, 30)
	put(t, x, post("later", "a", collectedAt(now), seen("ads", "ro", doc)))
	if got := rates(t, x, "ads", "ro"); got.All != 1 || got.Fired[0].Here != 1 {
		t.Errorf("after 30 days: %+v, want the new post alone", got)
	}
}

// However many sources an import names, the counters stay bounded.
func TestRatesBoundSources(t *testing.T) {
	now := noon
	x := at(t, t.TempDir(), &now)
	var batch []veghe.Assessed
	for i := range 300 {
		batch = append(batch, post(fmt.Sprint("p", i), "a", collectedAt(noon), seen(fmt.Sprint("source", i), "ro", sign("DOC-01", "DOC-01"))))
	}
	put(t, x, batch...)
	for i := 0; i < 300; i += 7 {
		if n := rates(t, x, fmt.Sprint("source", i), "ro").Here; n > 1 {
			t.Errorf("source %d has %d posts, want its own or none", i, n)
		}
	}
	if got := rates(t, x, "", "ro"); got.Here != 300-256 || got.All != 300 {
		t.Errorf("%d counted together of %d, want 44 of 300", got.Here, got.All)
	}
}

func TestMainLang(t *testing.T) {
	for _, row := range []struct {
		spans []veghe.LangSpan
		want  string
	}{
		{nil, "und"},
		{[]veghe.LangSpan{{Lang: "ro", End: 4}}, "ro"},
		{[]veghe.LangSpan{{Lang: "ro", End: 4}, {Lang: "en", Start: 4, End: 12}, {Lang: "ro", Start: 12, End: 15}}, "en"},
		{[]veghe.LangSpan{{Lang: "ro", End: 4}, {Lang: "en", Start: 4, End: 8}}, "en"}, // a tie: by name
	} {
		if got := index.MainLang(row.spans); got != row.want {
			t.Errorf("%v: got %s, want %s", row.spans, got, row.want)
		}
	}
}
