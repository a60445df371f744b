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

// metrics is everything veghe measures, in one registry of its own. Labels are
// bounded: no post, author or address is ever one. docs/metrics.md is made
// from it.
type metrics struct {
	registry  *prometheus.Registry
	described []metricDoc // in the order of the page
	about     string      // the part of the page that is being described

	sources, indicators, rules *bounded
	alertSeries                *bounded
	newest                     newestPosts

	// posts on their way
	collected, assessed, indexed, flagged, alerts *prometheus.CounterVec
	hop                                           *prometheus.HistogramVec
	ledger, indexPosts                            *prometheus.GaugeVec
	// rules
	findings, ruleFindings     *prometheus.CounterVec
	rulesRefused, rulesInForce *prometheus.GaugeVec
	// people
	reviews, watchHits *prometheus.CounterVec
	reviewWait         *prometheus.HistogramVec
	// stages
	stageRecords, stageErrors     *prometheus.CounterVec
	batch                         *prometheus.HistogramVec
	stageFailing, lag, lagSeconds *prometheus.GaugeVec
	dead                          *prometheus.CounterVec
	deadWaiting                   *prometheus.GaugeVec
	// sources
	visits, pageBytes, edited, changes                     *prometheus.CounterVec
	homePages, homePosts                                   *prometheus.CounterVec
	paused                                                 *prometheus.GaugeVec
	visit                                                  *prometheus.HistogramVec
	lastSuccess, lastNew, newestPosted, due, robotsChanged *prometheus.GaugeVec
	// what is kept
	logBytes, logHeld, logOldest, evidence           *prometheus.GaugeVec
	retentionAt, retentionWindow, diskFree, diskSize *prometheus.GaugeVec
	removed                                          *prometheus.CounterVec
	backupAt                                         *prometheus.GaugeVec
	scrubAt, damaged                                 *prometheus.GaugeVec
	told                                             *prometheus.CounterVec
	toTell, oldestToTell                             *prometheus.GaugeVec
	histories, historyBytes                          *prometheus.GaugeVec
	// the process
	requests   *prometheus.HistogramVec
	ready      *prometheus.GaugeVec
	kafkaTotal *prometheus.CounterVec
}

// newestPosts is by source label, and so bounded.
type newestPosts struct {
	sync.Mutex // guards at
	at         map[string]time.Time
}

// metricDoc is what docs/metrics.md says of a metric.
type metricDoc struct {
	About, Name, Type, Help string
	Labels                  []string
}

// Hops of a post, and the histogram's reach: from a millisecond to a day.
const (
	hopPosted    = "posted_to_collected"
	hopAssessed  = "collected_to_assessed"
	hopSearching = "assessed_to_searchable"
	hopAll       = "collected_to_searchable"
)

var (
	hopBuckets    = []float64{.001, .005, .02, .1, .5, 1, 2, 5, 15, 60, 300, 3600, 21600, 86400}
	peopleBuckets = []float64{60, 300, 900, 3600, 4 * 3600, 8 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400}
	workBuckets   = prometheus.ExponentialBuckets(.001, 3, 10)
)

// Most different values of a label; further ones count as "other".
const (
	maxSources     = 200
	maxIndicators  = 500
	maxRules       = 2000
	maxAlertSeries = 5000 // of alerts, over all labels
)

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), sources: newBounded(maxSources), indicators: newBounded(maxIndicators),
		rules: newBounded(maxRules), alertSeries: newBounded(maxAlertSeries), newest: newestPosts{at: map[string]time.Time{}},
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.describePosts()
	m.describeStages()
	m.describeSources()
	m.describeKept()
	m.describeProcess(version)
	return m
}

func (m *metrics) describePosts() {
	m.about = "Posts"
	m.collected = m.counter("posts_collected_total", "Posts made durable in the stream by this process.", "source")
	m.assessed = m.counter("posts_assessed_total", "Posts assessed by this process.", "source")
	m.indexed = m.counter("posts_indexed_total", "Posts new to the index of this process.", "source")
	m.flagged = m.counter("posts_flagged_total", "Flagged posts new to the index.", "category", "severity", "source")
	m.alerts = m.counter("alerts_total", "Flagged posts of severity high or critical, once per indicator seen.", "category", "severity", "indicator", "language", "source")
	m.hop = m.histogram("hop_seconds", "Time a post took from one station to the next.", hopBuckets, "hop")
	m.ledger = m.gauge("ledger_posts", "Posts by how far they came: collected = assessed + dead + in_flight.", "source", "state")
	m.indexPosts = m.gauge("index_posts", "Posts in the index.", "state")
	m.about = "Rules"
	m.findings = m.counter("findings_total", "Findings by indicator; shadow ones never score.", "indicator", "shadow")
	m.ruleFindings = m.counter("rule_findings_total", "Findings by rule; shadow ones never score.", "rule", "shadow")
	m.rulesInForce = m.gauge("rules_in_force", "Rules that are in force.")
	m.rulesRefused = m.gauge("rules_reload_failed", "1 while the rules in the folder are refused and older ones are in force.")
	m.about = "People"
	m.reviews = m.counter("reviews_total", "Decisions of people that were new to this process.", "decision")
	m.reviewWait = m.histogram("review_wait_seconds", "Time a flagged post waited for its first decision after it became searchable.", peopleBuckets, "severity")
	for _, d := range []veghe.Decision{veghe.Relevant, veghe.NotRelevant, veghe.Unsure} {
		m.reviews.WithLabelValues(string(d)) // a zero to rise from
	}
	for _, s := range []veghe.Severity{veghe.Low, veghe.Medium, veghe.High, veghe.Critical} {
		m.reviewWait.WithLabelValues(string(s))
	}
	m.watchHits = m.counter("watch_hits_total", "Posts that standing searches found.")
	m.told = m.counter("notes_total", "Notes on what standing searches found, by channel and by how sending them went: delivered, failed (sent again later), refused (tried again after hours).", "channel", "outcome")
	m.toTell = m.gauge("notes_waiting_posts", "Posts that a channel has yet to be told of, counted up to 2,000 for each standing search.", "channel")
	m.oldestToTell = m.gauge("notes_waiting_seconds", "How long the oldest of those posts has been known; up to the digest time is as it should be.", "channel")
}

func (m *metrics) describeStages() {
	m.about = "Stages"
	m.stageRecords = m.counter("stage_records_total", "Records a stage has handled.", "stage")
	m.stageErrors = m.counter("stage_errors_total", "Batches a stage could not handle and will be given again.", "stage")
	m.batch = m.histogram("stage_batch_seconds", "Time a stage took for one batch; the rate of its sum is how busy the stage is.", workBuckets, "stage")
	m.stageFailing = m.gauge("stage_failing", "1 while the last try of a stage failed.", "stage")
	m.lag = m.gauge("lag_records", "Records a stage has yet to handle.", "stage", "topic")
	m.lagSeconds = m.gauge("lag_seconds", "Age of the oldest record a stage has yet to handle.", "stage", "topic")
	m.dead = m.counter("dead_letters_total", "Records moved to the dead letters.", "topic", "group")
	m.deadWaiting = m.gauge("dead_letters_waiting", "Dead letters that nobody has retried, up to 10,000.", "topic")
	m.kafkaTotal = m.counter("kafka_events_total", "What the connection to Kafka went through.", "event")
}

func (m *metrics) describeSources() {
	m.about = "Sources"
	m.visits = m.counter("source_visits_total", "Pages visited by outcome.", "source", "outcome")
	m.visit = m.histogram("visit_seconds", "Time to fetch and read one page, waiting for the pace of its host included.", workBuckets)
	m.pageBytes = m.counter("source_bytes_total", "Decoded bytes read from a source.", "source")
	m.changes = m.counter("source_changes_total", "What became of collected posts where they stood: gone, back, again.", "source", "kind")
	m.homePages = m.counter("source_home_pages_total", "Pages read on which posts stand, such as threads and ads.", "source")
	m.homePosts = m.counter("source_home_posts_total", "Posts on those pages, seen before or not.", "source")
	m.paused = m.gauge("source_paused", "1 while the source is paused.", "source")
	m.edited = m.counter("source_posts_edited_total", "Posts seen again with another text.", "source")
	m.lastSuccess = m.gauge("source_last_success_timestamp_seconds", "When a page of the source was last read.", "source")
	m.robotsChanged = m.gauge("source_robots_changed_timestamp_seconds", "When it was last noticed that robots.txt of the source says something else to us; missing if it never did.", "source")
	m.lastNew = m.gauge("source_last_new_timestamp_seconds", "When the source last brought a post.", "source")
	m.newestPosted = m.gauge("source_newest_post_timestamp_seconds", "When the newest post of the source was written, as it says.", "source")
	m.due = m.gauge("source_due_pages", "Pages of the source waiting to be fetched.", "source")
}

func (m *metrics) describeKept() {
	m.about = "What is kept"
	m.logBytes = m.gauge("log_bytes", "Size of the embedded log on disk.", "topic")
	m.logHeld = m.gauge("log_held_bytes", "Bytes of the embedded log past their time that wait for a stage.", "topic")
	m.logOldest = m.gauge("log_oldest_timestamp_seconds", "When the oldest record that the embedded log keeps was appended.", "topic")
	m.evidence = m.gauge("evidence_bytes", "Size of the captures kept on disk.")
	m.removed = m.counter("retention_removed_total", "What retention removed: posts of the index, captures of the evidence.", "part")
	m.retentionAt = m.gauge("retention_last_success_timestamp_seconds", "When retention last went through a part of what is kept.", "part")
	m.retentionWindow = m.gauge("retention_window_seconds", "How long unflagged posts are kept.")
	m.histories = m.gauge("histories", "Conversations whose history is in memory.")
	m.historyBytes = m.gauge("history_bytes", "About how much memory those histories take; history.max_bytes bounds it by policy.")
	m.diskFree = m.gauge("disk_free_bytes", "Free space where the data folder is.")
	m.diskSize = m.gauge("disk_size_bytes", "Size of the file system where the data folder is.")
	m.scrubAt = m.gauge("scrub_last_success_timestamp_seconds", "When a part of what is kept was last looked through and found as it was written.", "part")
	m.damaged = m.gauge("scrub_damaged", "1 while a part of what is kept is not as it was written.", "part")
	m.backupAt = m.gauge("backup_last_success_timestamp_seconds", "When the data folder was last backed up; 0 if never.")
}

func (m *metrics) describeProcess(version string) {
	m.about = "The process"
	m.requests = m.histogram("http_request_seconds", "Time to answer a request of desk or API.", prometheus.ExponentialBuckets(.001, 3, 9), "route", "code")
	m.ready = m.gauge("ready", "1 while all parts are open and the stages run.")
	goVersion := "unknown"
	if bi, ok := debug.ReadBuildInfo(); ok {
		goVersion = bi.GoVersion
	}
	m.gauge("build_info", "Version of this build; always 1.", "version", "go_version").WithLabelValues(version, goVersion).Set(1)
}

func (m *metrics) describe(name, kind, help string, labels []string) {
	m.described = append(m.described, metricDoc{m.about, "veghe_" + name, kind, help, labels})
}

func (m *metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.describe(name, "counter", help, labels)
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "veghe", Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	if len(labels) == 0 {
		c.WithLabelValues() // there from the start
	}
	return c
}

func (m *metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	m.describe(name, "gauge", help, labels)
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "veghe", Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	if len(labels) == 0 {
		g.WithLabelValues() // there from the start
	}
	return g
}

// histogram is a native histogram, with classic buckets for scrapers that do
// not ask for those.
func (m *metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	m.describe(name, "histogram", help, labels)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "veghe", Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	m.registry.MustRegister(h)
	if len(labels) == 0 {
		h.WithLabelValues() // there from the start
	}
	return h
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, Registry: m.registry, MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}
