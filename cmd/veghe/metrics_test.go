package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"veghe"
	"veghe/index"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// gathered returns the series of a metric, by its name without prefix.
func gathered(t *testing.T, m *metrics, name string) []*dto.Metric {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "veghe_"+name {
			return f.GetMetric()
		}
	}
	return nil
}

// Whatever posts say of themselves, the number of series has a bound.
func TestSeriesAreBounded(t *testing.T) {
	m := newMetrics("test")
	const n = 3 * maxRules
	for i := range n {
		a := veghe.Assessed{
			Post: veghe.Post{Source: veghe.SourceID(fmt.Sprint("source ", i)), PostedAt: time.Unix(int64(i), 0)},
			Assessment: veghe.Assessment{
				Flagged: true, Severity: veghe.Critical, Score: map[veghe.Category]float64{veghe.Grooming: 1},
				Lang:     []veghe.LangSpan{{Lang: []string{"ro", "en", "it"}[i%3], End: 10}},
				Findings: []veghe.Finding{{Indicator: veghe.IndicatorID(fmt.Sprint("I", i)), Rule: veghe.RuleID(fmt.Sprint("R", i))}},
			},
		}
		m.tookCollected([]veghe.Post{a.Post})
		m.tookAssessed([]veghe.Assessed{a})
		m.tookIndexed([]veghe.Assessed{a}, time.Now())
	}
	for name, most := range map[string]int{
		"posts_collected_total": maxSources + 1, "posts_indexed_total": maxSources + 1, "source_last_new_timestamp_seconds": maxSources + 1,
		"source_newest_post_timestamp_seconds": maxSources + 1, "findings_total": maxIndicators + 1, "rule_findings_total": maxRules + 1,
		"alerts_total": maxAlertSeries + 3*(maxIndicators+1),
	} {
		got := gathered(t, m, name)
		if len(got) == 0 || len(got) > most {
			t.Errorf("%s has %d series after %d of everything, want some and at most %d", name, len(got), n, most)
		}
	}
	total := 0.0
	for _, s := range gathered(t, m, "alerts_total") {
		total += s.GetCounter().GetValue()
	}
	if total != n {
		t.Errorf("%v alerts are counted, want %d: what is no longer told apart still counts", total, n)
	}
}

// Five labels multiply; past their bound the source is given up, nothing else.
func TestAlertSeriesGiveUpSources(t *testing.T) {
	m := newMetrics("test")
	m.alertSeries = newBounded(2)
	for _, source := range []string{"a", "b", "c", "d", "a"} {
		m.alert("grooming", "high", "GRM-SEC", "ro", source)
	}
	got := map[string]float64{}
	for _, s := range gathered(t, m, "alerts_total") {
		for _, l := range s.GetLabel() {
			if l.GetName() == "source" {
				got[l.GetValue()] = s.GetCounter().GetValue()
			}
		}
	}
	if want := map[string]float64{"a": 2, "b": 1, other: 2}; !maps.Equal(got, want) {
		t.Errorf("alerts by source %v, want %v", got, want)
	}
}

// Only the first decision on a flagged post says how long it waited.
func TestReviewWait(t *testing.T) {
	m := newMetrics("test")
	began := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	hit := index.Hit{IndexedAt: began, Assessment: veghe.Assessment{Flagged: true, Severity: veghe.High}}
	m.tookReview(veghe.Review{Decision: veghe.Relevant, At: began.Add(2 * time.Hour)}, hit)
	hit.Review = veghe.Relevant
	m.tookReview(veghe.Review{Decision: veghe.Unsure, At: began.Add(9 * time.Hour)}, hit)
	m.tookReview(veghe.Review{Decision: veghe.Unsure, At: began}, index.Hit{}) // not here (yet)
	n, sum := uint64(0), 0.0
	for _, s := range gathered(t, m, "review_wait_seconds") {
		n, sum = n+s.GetHistogram().GetSampleCount(), sum+s.GetHistogram().GetSampleSum()
		if s.GetHistogram().GetSchema() == 0 {
			t.Error("it is no native histogram")
		}
	}
	if n != 1 || sum != 7200 {
		t.Errorf("%d waits of %v s in all, want one of 7200 s", n, sum)
	}
}

// The newest post of a source is by what it says; times to come are not
// believed.
func TestNewestPost(t *testing.T) {
	m := newMetrics("test")
	for _, at := range []time.Time{time.Unix(100, 0), time.Unix(300, 0), time.Unix(200, 0), {}, time.Now().Add(time.Hour)} {
		m.tookCollected([]veghe.Post{{Source: "s", PostedAt: at}})
	}
	got := gathered(t, m, "source_newest_post_timestamp_seconds")
	if len(got) != 1 || got[0].GetGauge().GetValue() != 300 {
		t.Errorf("the newest post is of %v, want 300", got)
	}
}
