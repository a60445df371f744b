package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
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

const ads = `
{"id": "a", "source": "s", "kind": "ad", "author": "x", "text": "Angajam fete pentru munca in Spania. Pasaportul il tinem noi pana achiti drumul, se scade din salariu.", "label": {"flag": true, "category": "recruitment"}}
{"id": "b", "source": "s", "kind": "ad", "author": "x", "text": "Plecare maine, fara contract, pasaportul il tinem noi pana achiti drumul.", "label": {"flag": true, "category": "recruitment"}}
{"id": "c", "source": "s", "kind": "ad", "author": "y", "text": "Vand bicicleta de oras, stare buna, se vede in weekend la magazin.", "label": {"flag": false}}
{"id": "d", "source": "s", "kind": "ad", "author": "z", "text": "Selling a good bicycle for the city, come and see it at the weekend.", "label": {"flag": false}}
`

// Every number that helps to choose is there: intervals, the curve, languages
// and indicators.
func TestEvalDetail(t *testing.T) {
	results := evalJSON[[]evaluation](t)
	i := slices.IndexFunc(results, func(v evaluation) bool { return v.Category == veghe.Recruitment })
	v := results[i]
	if v.TP != 2 || v.TN != 2 || v.AveragePrecision == nil || *v.AveragePrecision != 1 {
		t.Fatalf("got %+v, want two found, two left alone, and those two ranked first", v)
	}
	if v.Recall == nil || v.Recall.Low > v.Recall.Value || v.Recall.High < v.Recall.Value {
		t.Errorf("recall %v, want it within its interval", v.Recall)
	}
	first, last := v.Curve[0], v.Curve[len(v.Curve)-1]
	if first.Recall < last.Recall || first.FPR < last.FPR {
		t.Errorf("curve %v, want both rates to fall with a higher cut", v.Curve)
	}
	want := []languageCount{{"en", tally{TN: 1}}, {"ro", tally{TP: 2, TN: 1}}}
	if diff := cmp.Diff(want, v.Languages, cmp.AllowUnexported(languageCount{})); diff != "" {
		t.Errorf("languages, -want +got:\n%s", diff)
	}
	if !slices.Contains(v.Indicators, indicatorSeen{Indicator: "DOC-01", Harmful: 2}) {
		t.Errorf("indicators %v, want DOC-01 in both harmful ads and no other", v.Indicators)
	}
}

// Disguised posts are held against the same posts in plain words.
func TestEvalMutate(t *testing.T) {
	results := evalJSON[[]disguisedResult](t, "-mutate", "fullwidth")
	var got []string
	for _, r := range results {
		if r.Category == veghe.Recruitment {
			got = append(got, r.Mutation)
			if r.Recall == nil || *r.Recall != 1 || r.Lost != 0 || r.Gained != 0 {
				t.Errorf("%s: %+v, want everything found as before", r.Mutation, r)
			}
		}
	}
	if diff := cmp.Diff([]string{"none", "fullwidth"}, got); diff != "" {
		t.Errorf("mutations, -want +got:\n%s", diff)
	}
}

func evalJSON[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	var out, complaints bytes.Buffer
	e := env{in: strings.NewReader(ads), out: &out, err: &complaints}
	if err := evalCmd(t.Context(), e, append(args, "-json", "-")); err != nil {
		t.Fatalf("%v\n%s", err, &complaints)
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Units that stand or fall together are drawn together, so the interval is
// wider than their number suggests; and it is the same every time.
func TestIntervalsDrawWholeClusters(t *testing.T) {
	units := func(clusters int) (out []*unit) {
		for i := range 60 {
			u := &unit{want: i%2 == 0, cluster: fmt.Sprint(i % clusters), flagged: map[veghe.Category]int{}}
			if i%4 == 0 || i%3 == 0 {
				u.flagged[veghe.Recruitment] = 1
			}
			out = append(out, u)
		}
		return out
	}
	width := func(clusters int) float64 {
		v := evaluation{Category: veghe.Recruitment}
		for _, u := range units(clusters) {
			v.count(u, u.flagged[veghe.Recruitment] > 0)
		}
		v.intervals(units(clusters))
		return v.Recall.High - v.Recall.Low
	}
	if few, many := width(4), width(60); few <= many || few != width(4) {
		t.Errorf("interval of 4 clusters %.3f wide, of 60 %.3f: want the first wider, and repeatable", few, many)
	}
}

func TestAveragePrecision(t *testing.T) {
	unitOf := func(want bool, score float64) *unit {
		return &unit{want: want, score: map[veghe.Category]float64{veghe.Recruitment: score}}
	}
	for _, tc := range []struct {
		name  string
		units []*unit
		want  float64
	}{
		{"harmful first", []*unit{unitOf(true, 0.9), unitOf(false, 0.1)}, 1},
		{"harmless first", []*unit{unitOf(true, 0.1), unitOf(false, 0.9)}, 0.5},
		{"all alike: their share", []*unit{unitOf(true, 0.5), unitOf(false, 0.5), unitOf(false, 0.5), unitOf(false, 0.5)}, 0.25},
	} {
		if got := averagePrecision(tc.units, veghe.Recruitment); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
