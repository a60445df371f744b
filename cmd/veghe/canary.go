package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"veghe"
	"veghe/detect"
	"veghe/detect/lang"
	"veghe/detect/rule"
	"veghe/stream"
)

// canaryConfig is about invented posts that go through the whole line, so that
// its speed, and that it still flags anything, is known on quiet days too.
type canaryConfig struct {
	// Every is the time from one to the next.
	Every duration `yaml:"every"`
	// Off sends none.
	Off bool `yaml:"off"`
}

// canaryText is flagged by the shipped rules.
const canaryText = "Plecare maine in Italia, fara contract, pasaportul il tinem noi pana achiti drumul, se scade din salariu."

// canaryMetrics tell how long a canary took from being sent to being found.
type canaryMetrics struct {
	sent       prometheus.Counter
	results    *prometheus.CounterVec // result: searchable, unflagged, failed
	seconds    prometheus.Histogram
	searchable prometheus.Gauge // time of the last
}

const (
	canarySearchable = "searchable"
	canaryUnflagged  = "unflagged" // searchable, but the rules saw nothing in it
	canaryFailed     = "failed"    // the index did not find it
)

// newCanaryMetrics registers what a process with these stages can tell. Where
// canaries are expected the last one counts as found at the start, so that an
// alert on its age also sees that none ever comes.
func newCanaryMetrics(r prometheus.Registerer, st stages, off bool) *canaryMetrics {
	m := &canaryMetrics{
		sent:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: "veghe", Name: "canaries_sent_total", Help: "Invented posts sent through the whole line by this process."}),
		results: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "veghe", Name: "canaries_total", Help: "Invented posts that reached the index of this process, by what became of them."}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "veghe", Name: "canary_seconds", Help: "Time from an invented post being sent to its being searchable.", Buckets: hopBuckets,
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
		}),
		searchable: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "veghe", Name: "canary_searchable_timestamp_seconds", Help: "When an invented post last became searchable."}),
	}
	if st.crawl {
		r.MustRegister(m.sent)
	}
	if st.serve {
		r.MustRegister(m.results, m.seconds)
	}
	if st.serve && !off {
		r.MustRegister(m.searchable)
		m.searchable.SetToCurrentTime()
	}
	for _, result := range []string{canarySearchable, canaryUnflagged, canaryFailed} {
		m.results.WithLabelValues(result)
	}
	return m
}

// sendCanaries sends one after the other until ctx ends.
func (a *app) sendCanaries(ctx context.Context) error {
	every := time.NewTicker(time.Duration(a.cfg.Canary.Every))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-every.C:
			if err := a.sendCanary(ctx, now); err != nil && ctx.Err() == nil {
				a.log.Warn("a canary could not be sent", "error", err)
			}
		}
	}
}

func (a *app) sendCanary(ctx context.Context, now time.Time) error {
	p := veghe.Post{
		ID: veghe.PostID("canary-" + a.cfg.Node + "-" + strconv.FormatInt(now.UnixNano(), 36)), Source: veghe.Canary, Kind: veghe.Ad,
		Text: canaryText, CollectedAt: now.UTC(),
	}
	p.Identify()
	if err := a.posts.Publish(ctx, p); err != nil {
		return err
	}
	a.canaries.sent.Inc()
	return nil
}

// canaryJudge assesses canaries apart from the posts, so that they are in no
// history and no template.
type canaryJudge struct {
	languages *lang.Detector
	region    string

	mu     sync.Mutex // guards the rest
	rules  *rule.Set  // of engine
	engine *detect.Engine
}

func (j *canaryJudge) assess(set *rule.Set, p veghe.Post) veghe.Assessment {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.rules != set {
		j.rules, j.engine = set, detect.New(detect.Options{Rules: set, Languages: j.languages, Region: j.region, Stateless: true})
	}
	return j.engine.Assess(p)
}

// splitCanaries takes the canaries out of a batch; the posts keep their order.
func splitCanaries(batch []stream.Message[veghe.Assessed]) (posts, canaries []veghe.Assessed) {
	for i := range batch {
		if v := batch[i].Value; v.Post.Source == veghe.Canary {
			canaries = append(canaries, v)
		} else {
			posts = append(posts, v)
		}
	}
	return posts, canaries
}

// foundCanaries takes the canaries that came with posts which are searchable
// now. That one is not found holds nothing up: it is counted.
func (a *app) foundCanaries(ctx context.Context, canaries []veghe.Assessed) {
	for i := range canaries {
		c := &canaries[i]
		if err := a.index.Canary(ctx, string(c.Post.ID)); err != nil {
			if ctx.Err() == nil {
				a.canaries.results.WithLabelValues(canaryFailed).Inc()
				a.log.Warn("a canary was not found", "error", err)
			}
			continue
		}
		result := canarySearchable
		if !c.Assessment.Flagged {
			result = canaryUnflagged
		}
		now := time.Now()
		a.canaries.results.WithLabelValues(result).Inc()
		a.canaries.seconds.Observe(max(0, now.Sub(c.Post.CollectedAt).Seconds()))
		a.canaries.searchable.Set(float64(now.UnixMilli()) / 1000)
	}
}

var errCanary = errors.New("reserved: no post from outside may bear it")

// refuseCanaries keeps posts from outside from passing for canaries, which
// nobody would ever see.
func refuseCanaries(posts []veghe.Post) error {
	for i := range posts {
		if posts[i].Source == veghe.Canary {
			return fmt.Errorf("post %d: source %q is %w", i+1, string(veghe.Canary), errCanary)
		}
	}
	return nil
}
