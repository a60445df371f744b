package main

import (
	"context"
	"errors"
	"time"

	"veghe"
	"veghe/stream"
	"veghe/stream/kafka"
)

// gaugesEvery is how often the gauges are taken that have to be asked for.
const gaugesEvery = 5 * time.Second

// watchGauges keeps the gauges that have to be asked for: lag, the ledger,
// what is kept.
func (a *app) watchGauges(ctx context.Context) error {
	g := &gauges{app: a, kafkaSeen: map[string]int64{}}
	tick := time.NewTicker(gaugesEvery)
	defer tick.Stop()
	for {
		if err := g.update(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("some metrics are not known", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// gauges remembers what need not be asked for again.
type gauges struct {
	*app
	deadEnd   int64            // of the dead letters, when they were last counted
	kafkaSeen map[string]int64 // what was added to the counter so far
}

func (g *gauges) update(ctx context.Context) error {
	g.updateProcess()
	g.updateSources()
	g.updateKept()
	return errors.Join(g.updateLag(ctx), g.updateDead(ctx), g.updateIndex(ctx))
}

func (g *gauges) updateProcess() {
	m := g.metrics
	m.ready.WithLabelValues().Set(oneIf(g.ready.Load()))
	if set := g.rules.Load(); set != nil {
		m.rulesInForce.WithLabelValues().Set(float64(len(set.Rules())))
	}
	if g.engine != nil {
		n, bytes := g.engine.HistorySize()
		m.histories.WithLabelValues().Set(float64(n))
		m.historyBytes.WithLabelValues().Set(float64(bytes))
	}
	g.handled.Range(func(stage, _ any) bool {
		m.stageFailing.WithLabelValues(stage.(string)).Set(0)
		return true
	})
	g.failing.Range(func(stage, _ any) bool {
		m.stageFailing.WithLabelValues(stage.(string)).Set(1)
		return true
	})
	if k, ok := g.stream.(*kafka.Log); ok {
		g.updateKafka(k.Stats())
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// updateKafka turns counts that only grow into a counter.
func (g *gauges) updateKafka(s kafka.Stats) {
	for event, n := range map[string]int64{
		"append_retry": s.AppendRetries, "handler_error": s.HandlerErrors, "commit": s.Commits, "commit_error": s.CommitErrors,
		"rebalance": s.Generations, "fetch_error": s.FetchErrors, "skipped": s.Skipped, "rewound": s.Rewound,
	} {
		g.metrics.kafkaTotal.WithLabelValues(event).Add(float64(n - g.kafkaSeen[event]))
		g.kafkaSeen[event] = n
	}
}

func (g *gauges) updateLag(ctx context.Context) error {
	for _, r := range g.groups() {
		behind, oldest, err := g.lag(ctx, r)
		if err != nil {
			return err
		}
		g.metrics.lag.WithLabelValues(r.stage, r.topic).Set(float64(behind))
		g.metrics.lagSeconds.WithLabelValues(r.stage, r.topic).Set(oldest.Seconds())
	}
	return nil
}

func (g *gauges) updateSources() {
	if g.crawler == nil {
		return
	}
	for _, s := range g.crawler.Stats() {
		source := g.metrics.sources.label(string(s.Source))
		stopped := 0.0
		if s.Paused {
			stopped = 1
		}
		g.metrics.paused.WithLabelValues(source).Set(stopped)
		if !s.LastSuccess.IsZero() {
			g.metrics.lastSuccess.WithLabelValues(source).Set(float64(s.LastSuccess.Unix()))
		}
		if c := s.RobotsChange; c != nil {
			g.metrics.robotsChanged.WithLabelValues(source).Set(float64(c.At.Unix()))
		}
		g.metrics.due.WithLabelValues(source).Set(float64(s.Due))
	}
}

func (g *gauges) updateKept() {
	m := g.metrics
	if g.embedded != nil {
		for _, s := range g.embedded.Stats() {
			m.logBytes.WithLabelValues(s.Topic).Set(float64(s.Bytes))
			m.logHeld.WithLabelValues(s.Topic).Set(float64(s.Held))
			if !s.Oldest.IsZero() {
				m.logOldest.WithLabelValues(s.Topic).Set(float64(s.Oldest.Unix()))
			}
		}
	}
	if g.evidence != nil {
		m.evidence.WithLabelValues().Set(float64(g.evidence.Stats().Bytes))
	}
	m.retentionWindow.WithLabelValues().Set(time.Duration(g.cfg.Retention.Unflagged).Seconds())
	if d, ok := diskState(g.cfg.Data); ok {
		m.diskFree.WithLabelValues().Set(float64(d.free))
		m.diskSize.WithLabelValues().Set(float64(d.size))
	}
	if at := lastBackup(&g.cfg).At; at.IsZero() {
		m.backupAt.WithLabelValues().Set(0)
	} else {
		m.backupAt.WithLabelValues().Set(float64(at.Unix()))
	}
}

// maxDeadCounted bounds how many dead letters are looked at for their number.
const maxDeadCounted = 10_000

// updateDead counts the dead letters anew when there are more of them, or
// fewer.
func (g *gauges) updateDead(ctx context.Context) error {
	if g.index == nil {
		return nil
	}
	parts, err := g.stream.Lag(ctx, veghe.DeadTopic, g.group(groupLedger))
	if err != nil {
		return err
	}
	end := int64(1) // the first time is a change, too
	for _, p := range parts {
		end += p.End
	}
	if end == g.deadEnd {
		return nil
	}
	waiting := map[string]int{veghe.PostsTopic: 0, veghe.AssessmentsTopic: 0, veghe.ReviewsTopic: 0}
	n := 0
	err = g.dead().List(ctx, func(l stream.Letter) error {
		if n++; n > maxDeadCounted {
			return errListFull
		}
		if _, ours := waiting[l.Topic]; ours {
			waiting[l.Topic]++
		}
		return nil
	})
	if err != nil && !errors.Is(err, errListFull) {
		return err
	}
	g.deadEnd = end
	for topic, n := range waiting {
		g.metrics.deadWaiting.WithLabelValues(topic).Set(float64(n))
	}
	return nil
}

func (g *gauges) updateIndex(ctx context.Context) error {
	if g.index == nil {
		return nil
	}
	c, err := g.index.Count(ctx)
	if err != nil {
		return err
	}
	m := g.metrics
	m.indexPosts.WithLabelValues("all").Set(float64(c.Posts))
	m.indexPosts.WithLabelValues("flagged").Set(float64(c.Flagged))
	m.indexPosts.WithLabelValues("alerts").Set(float64(c.Alerts))
	m.indexPosts.WithLabelValues("unreviewed").Set(float64(c.Unreviewed))
	rows, err := g.ledger.Totals(ctx)
	if err != nil {
		return err
	}
	sums := map[[2]string]float64{}
	for _, r := range rows {
		source := m.sources.label(string(r.Source))
		sums[[2]string{source, "collected"}] += float64(r.Collected)
		sums[[2]string{source, "assessed"}] += float64(r.Assessed)
		sums[[2]string{source, "dead"}] += float64(r.Dead)
		sums[[2]string{source, "in_flight"}] += float64(r.InFlight)
	}
	for k, v := range sums {
		m.ledger.WithLabelValues(k[0], k[1]).Set(v)
	}
	return nil
}

// retained notes that retention went through a part.
func (m *metrics) retained(part string, removed int) {
	m.removed.WithLabelValues(part).Add(float64(removed))
	m.retentionAt.WithLabelValues(part).SetToCurrentTime()
}
