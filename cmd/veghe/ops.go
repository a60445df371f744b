package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"veghe"
	"veghe/stream"
)

// opsHandler serves metrics and health on their own listener, which needs no
// sign-in, and the few things our own commands ask, which need the token. What
// takes long ends with stop.
func (a *app) opsHandler(stop context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.serveReady)
	mux.HandleFunc("GET /status", a.serveStatus)
	mux.Handle("GET /dead", a.withToken(a.serveDead))
	mux.Handle("GET /dead/{id}", a.withToken(a.serveLetter))
	mux.Handle("POST /dead/retry", a.withToken(a.retryDead))
	mux.Handle("GET /backup", a.withToken(a.serveBackup(stop)))
	mux.Handle("POST /sources/{id}/{verb}", a.withToken(a.switchSource))
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}

func (a *app) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !a.ready.Load() {
		answer(w, http.StatusServiceUnavailable, "not ready: starting or stopping")
		return
	}
	if a.index != nil {
		if err := a.index.Healthy(); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: index: "+err.Error())
			return
		}
	}
	answer(w, http.StatusOK, "ready")
}

func (a *app) withToken(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := []byte(r.Header.Get("Authorization"))
		if subtle.ConstantTimeCompare(given, []byte("Bearer "+a.token)) != 1 {
			answer(w, http.StatusUnauthorized, "this needs the token in the data folder")
			return
		}
		h(w, r)
	})
}

func sendJSON(w http.ResponseWriter, v any, err error) {
	if err != nil {
		code := http.StatusInternalServerError
		if errors.Is(err, stream.ErrNoLetter) {
			code = http.StatusNotFound
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		v = map[string]any{"title": http.StatusText(code), "status": code, "detail": err.Error()}
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func (a *app) serveStatus(w http.ResponseWriter, r *http.Request) {
	st, err := a.status(r.Context())
	sendJSON(w, st, err)
}

func (a *app) dead() stream.DeadLetters {
	return stream.DeadLetters{Log: a.stream, Topic: veghe.DeadTopic}
}

func (a *app) serveDead(w http.ResponseWriter, r *http.Request) {
	out, err := listDead(r.Context(), a.dead())
	sendJSON(w, out, err)
}

func (a *app) serveLetter(w http.ResponseWriter, r *http.Request) {
	out, err := showDead(r.Context(), a.dead(), r.PathValue("id"))
	sendJSON(w, out, err)
}

func (a *app) retryDead(w http.ResponseWriter, r *http.Request) {
	n, err := retryDead(r.Context(), a.dead(), r.URL.Query().Get("id"))
	sendJSON(w, map[string]int{"retried": n}, err)
}

// watchLag keeps the gauges that have to be asked for: lag, the ledger, the
// counts of the index.
func (a *app) watchLag(ctx context.Context) error {
	g := a.newGauges()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		if err := g.update(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("lag unknown", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// reading is a group of this process on a topic.
type readingGroup struct{ stage, topic, group string }

func (a *app) groups() []readingGroup {
	var out []readingGroup
	if a.engine != nil {
		out = append(out, readingGroup{"detect", veghe.PostsTopic, groupDetect})
	}
	if a.evidence != nil {
		out = append(out, readingGroup{"evidence", veghe.AssessmentsTopic, a.evidenceGroup()})
	}
	if a.index != nil {
		out = append(out,
			readingGroup{"index", veghe.AssessmentsTopic, a.group(groupIndex)},
			readingGroup{"ledger", veghe.PostsTopic, a.group(groupLedger)},
			readingGroup{"reviews", veghe.ReviewsTopic, a.group(groupReviews)},
			readingGroup{"changes", veghe.ChangesTopic, a.group(groupChanges)})
	}
	return out
}

type gauges struct {
	a                             *app
	lag, lagSeconds, ledger, size *prometheus.GaugeVec
	logBytes, evidence            *prometheus.GaugeVec
	lastSuccess, due              *prometheus.GaugeVec
}

func (a *app) newGauges() *gauges {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "veghe", Name: name, Help: help}, labels)
		a.metrics.registry.MustRegister(v)
		return v
	}
	return &gauges{
		a:           a,
		lag:         gauge("lag_records", "Records a stage has yet to handle.", "stage", "topic"),
		lagSeconds:  gauge("lag_seconds", "Age of the oldest record a stage has yet to handle.", "stage", "topic"),
		ledger:      gauge("ledger_posts", "Posts by how far they came: collected = assessed + dead + in_flight.", "source", "state"),
		size:        gauge("index_posts", "Posts in the index.", "state"),
		logBytes:    gauge("log_bytes", "Size of the embedded log on disk.", "topic"),
		evidence:    gauge("evidence_bytes", "Size of the captures kept on disk."),
		lastSuccess: gauge("source_last_success_timestamp_seconds", "When a page of the source was last read.", "source"),
		due:         gauge("source_due_pages", "Pages of the source waiting to be fetched.", "source"),
	}
}

func (g *gauges) update(ctx context.Context) error {
	for _, r := range g.a.groups() {
		behind, oldest, err := g.a.lag(ctx, r)
		if err != nil {
			return err
		}
		g.lag.WithLabelValues(r.stage, r.topic).Set(float64(behind))
		g.lagSeconds.WithLabelValues(r.stage, r.topic).Set(oldest.Seconds())
	}
	g.updateSources()
	if g.a.embedded != nil {
		for _, s := range g.a.embedded.Stats() {
			g.logBytes.WithLabelValues(s.Topic).Set(float64(s.Bytes))
		}
	}
	if g.a.evidence != nil {
		g.evidence.WithLabelValues().Set(float64(g.a.evidence.Stats().Bytes))
	}
	if g.a.index == nil {
		return nil
	}
	return g.updateIndex(ctx)
}

func (g *gauges) updateSources() {
	if g.a.crawler == nil {
		return
	}
	for _, s := range g.a.crawler.Stats() {
		source := g.a.metrics.sources.label(string(s.Source))
		if !s.LastSuccess.IsZero() {
			g.lastSuccess.WithLabelValues(source).Set(float64(s.LastSuccess.Unix()))
		}
		g.due.WithLabelValues(source).Set(float64(s.Due))
	}
}

func (g *gauges) updateIndex(ctx context.Context) error {
	c, err := g.a.index.Count(ctx)
	if err != nil {
		return err
	}
	g.size.WithLabelValues("all").Set(float64(c.Posts))
	g.size.WithLabelValues("flagged").Set(float64(c.Flagged))
	g.size.WithLabelValues("unreviewed").Set(float64(c.Unreviewed))
	rows, err := g.a.ledger.Totals(ctx)
	if err != nil {
		return err
	}
	sums := map[[2]string]float64{}
	for _, r := range rows {
		source := g.a.metrics.sources.label(string(r.Source))
		sums[[2]string{source, "collected"}] += float64(r.Collected)
		sums[[2]string{source, "assessed"}] += float64(r.Assessed)
		sums[[2]string{source, "dead"}] += float64(r.Dead)
		sums[[2]string{source, "in_flight"}] += float64(r.InFlight)
	}
	for k, v := range sums {
		g.ledger.WithLabelValues(k[0], k[1]).Set(v)
	}
	return nil
}

// lag is how many records a group has yet to handle and how old the oldest is.
func (a *app) lag(ctx context.Context, r readingGroup) (int64, time.Duration, error) {
	parts, err := a.stream.Lag(ctx, r.topic, r.group)
	if err != nil {
		return 0, 0, err
	}
	var behind int64
	var oldest time.Duration
	for _, p := range parts {
		behind += p.Behind()
		if !p.Oldest.IsZero() && p.Behind() > 0 {
			oldest = max(oldest, time.Since(p.Oldest))
		}
	}
	return behind, oldest, nil
}

func (a *app) count(stage string) int64 {
	if v, ok := a.handled.Load(stage); ok {
		return v.(*atomic.Int64).Load()
	}
	return 0
}
