package main

import (
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"veghe"
)

// metrics is everything veghe counts, in one registry of its own. Labels are
// bounded: no post, author or address is ever one.
type metrics struct {
	registry *prometheus.Registry
	sources  *bounded

	collected, assessed, indexed *prometheus.CounterVec   // source
	flagged                      *prometheus.CounterVec   // category, severity, source
	alerts                       *prometheus.CounterVec   // category, severity, indicator, language, source
	findings                     *prometheus.CounterVec   // indicator, shadow
	reviews                      *prometheus.CounterVec   // decision
	dead                         *prometheus.CounterVec   // topic, group
	stageErrors                  *prometheus.CounterVec   // stage
	hop                          *prometheus.HistogramVec // hop
	batch                        *prometheus.HistogramVec // stage
	requests                     *prometheus.HistogramVec // route, code
	visits                       *prometheus.CounterVec   // source, outcome
	pageBytes                    *prometheus.CounterVec   // source
	changes                      *prometheus.CounterVec   // source, kind
	rulesRefused                 prometheus.Gauge         // 1 or 0
}

// Hops of a post, and the histogram's reach: from a millisecond to a day.
const (
	hopPosted    = "posted_to_collected"
	hopAssessed  = "collected_to_assessed"
	hopSearching = "assessed_to_searchable"
)

var hopBuckets = []float64{.001, .005, .02, .1, .5, 1, 2, 5, 15, 60, 300, 3600, 21600, 86400}

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), sources: newBounded(200)}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "veghe", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "veghe", Name: name, Help: help, Buckets: buckets,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.collected = counter("posts_collected_total", "Posts made durable in the stream by this process.", "source")
	m.assessed = counter("posts_assessed_total", "Posts assessed by this process.", "source")
	m.indexed = counter("posts_indexed_total", "Posts new to the index of this process.", "source")
	m.flagged = counter("posts_flagged_total", "Flagged posts new to the index.", "category", "severity", "source")
	m.alerts = counter("alerts_total", "Flagged posts of severity high or critical, once per indicator seen.", "category", "severity", "indicator", "language", "source")
	m.findings = counter("findings_total", "Findings by indicator; shadow ones never score.", "indicator", "shadow")
	m.reviews = counter("reviews_total", "Decisions of people that were new to this process.", "decision")
	m.dead = counter("dead_letters_total", "Records moved to the dead letters.", "topic", "group")
	m.stageErrors = counter("stage_errors_total", "Batches a stage could not handle and will be given again.", "stage")
	m.visits = counter("source_visits_total", "Pages visited by outcome.", "source", "outcome")
	m.pageBytes = counter("source_bytes_total", "Decoded bytes read from a source.", "source")
	m.changes = counter("source_changes_total", "What became of collected posts where they stood: gone, back, again.", "source", "kind")
	m.hop = histogram("hop_seconds", "Time a post took from one station to the next.", hopBuckets, "hop")
	m.batch = histogram("stage_batch_seconds", "Time a stage took for one batch.", prometheus.ExponentialBuckets(.001, 3, 10), "stage")
	m.requests = histogram("http_request_seconds", "Time to answer a request of desk or API.", prometheus.ExponentialBuckets(.001, 3, 9), "route", "code")
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.rulesRefused = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "veghe", Name: "rules_reload_failed", Help: "1 while the rules in the folder are refused and older ones are in force."})
	m.registry.MustRegister(m.rulesRefused)
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "veghe", Name: "build_info", Help: "Version of this build; always 1."}, []string{"version", "go_version"})
	m.registry.MustRegister(build)
	goVersion := "unknown"
	if bi, ok := debug.ReadBuildInfo(); ok {
		goVersion = bi.GoVersion
	}
	build.WithLabelValues(version, goVersion).Set(1)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: m.registry, MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// tookCollected counts posts just made durable in the stream.
func (m *metrics) tookCollected(posts []veghe.Post) {
	for i := range posts {
		p := &posts[i]
		m.collected.WithLabelValues(m.sources.label(string(p.Source))).Inc()
		m.observeHop(hopPosted, p.PostedAt, p.CollectedAt)
	}
}

// tookAssessed counts posts whose assessments were just made durable.
func (m *metrics) tookAssessed(batch []veghe.Assessed) {
	for i := range batch {
		a := &batch[i]
		if a.Post.Source == veghe.Canary {
			continue
		}
		m.assessed.WithLabelValues(m.sources.label(string(a.Post.Source))).Inc()
		m.observeHop(hopAssessed, a.Post.CollectedAt, a.AssessedAt)
		for _, f := range a.Assessment.Findings {
			m.findings.WithLabelValues(string(f.Indicator), boolLabel(f.Shadow)).Inc()
		}
	}
}

// tookIndexed counts posts that just became searchable for the first time.
func (m *metrics) tookIndexed(batch []veghe.Assessed, now time.Time) {
	for i := range batch {
		a := &batch[i]
		source := m.sources.label(string(a.Post.Source))
		m.indexed.WithLabelValues(source).Inc()
		m.observeHop(hopSearching, a.AssessedAt, now)
		if !a.Assessment.Flagged {
			continue
		}
		category := string(topCategory(a.Assessment))
		m.flagged.WithLabelValues(category, string(a.Assessment.Severity), source).Inc()
		if !a.Assessment.Alert() {
			continue
		}
		language := mainLanguage(a.Assessment)
		for _, id := range indicators(a.Assessment) {
			m.alerts.WithLabelValues(category, string(a.Assessment.Severity), string(id), language, source).Inc()
		}
	}
}

func (m *metrics) observeHop(hop string, from, to time.Time) {
	if !from.IsZero() && !to.IsZero() {
		m.hop.WithLabelValues(hop).Observe(max(0, to.Sub(from).Seconds()))
	}
}

func (m *metrics) timed(stage string, began time.Time, err error) {
	m.batch.WithLabelValues(stage).Observe(time.Since(began).Seconds())
	if err != nil {
		m.stageErrors.WithLabelValues(stage).Inc()
	}
}

// topCategory is the category a flagged post scores highest in.
func topCategory(a veghe.Assessment) veghe.Category {
	if a.Score[veghe.Grooming] > a.Score[veghe.Recruitment] {
		return veghe.Grooming
	}
	return veghe.Recruitment
}

// mainLanguage is the language of most of the text.
func mainLanguage(a veghe.Assessment) string {
	best, size, sizes := "und", 0, map[string]int{}
	for _, l := range a.Lang {
		sizes[l.Lang] += l.End - l.Start
		if sizes[l.Lang] > size {
			best, size = l.Lang, sizes[l.Lang]
		}
	}
	return best
}

// indicators lists the distinct indicators of the findings that count.
func indicators(a veghe.Assessment) []veghe.IndicatorID {
	var out []veghe.IndicatorID
	seen := map[veghe.IndicatorID]bool{}
	for _, f := range a.Findings {
		if !f.Shadow && !seen[f.Indicator] {
			seen[f.Indicator] = true
			out = append(out, f.Indicator)
		}
	}
	return out
}

func boolLabel(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// bounded keeps a label from growing without end: past max distinct values,
// new ones are counted as "other". Sources come with imported posts, so they
// are not ours to trust.
type bounded struct {
	max  int
	mu   sync.Mutex // guards seen
	seen map[string]bool
}

func newBounded(maximum int) *bounded { return &bounded{max: maximum, seen: map[string]bool{}} }

// know reserves a value, such as a configured source.
func (b *bounded) know(v string) { b.label(v) }

func (b *bounded) label(v string) string {
	if v == "" {
		return "none"
	}
	if len(v) > 64 {
		return "other"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.seen[v] {
		if len(b.seen) >= b.max {
			return "other"
		}
		b.seen[v] = true
	}
	return v
}
