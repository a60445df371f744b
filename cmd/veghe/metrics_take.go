package main

import (
	"strings"
	"sync"
	"time"

	"veghe"
	"veghe/index"
)

// tookCollected counts posts just made durable in the stream.
func (m *metrics) tookCollected(posts []veghe.Post) {
	for i := range posts {
		p := &posts[i]
		source := m.sources.label(string(p.Source))
		m.collected.WithLabelValues(source).Inc()
		m.lastNew.WithLabelValues(source).SetToCurrentTime()
		m.sawPosted(source, p.PostedAt)
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
			m.findings.WithLabelValues(m.indicators.label(string(f.Indicator)), boolLabel(f.Shadow)).Inc()
			m.ruleFindings.WithLabelValues(m.rules.label(string(f.Rule)), boolLabel(f.Shadow)).Inc()
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
		m.observeHop(hopAll, a.Post.CollectedAt, now)
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
			m.alert(category, string(a.Assessment.Severity), m.indicators.label(string(id)), language, source)
		}
	}
}

// alert counts one alert. Five labels multiply: past their bound, sources are
// no longer told apart.
func (m *metrics) alert(category, severity, indicator, language, source string) {
	if m.alertSeries.full(strings.Join([]string{category, severity, indicator, language, source}, "\x1f")) {
		source = other
	}
	m.alerts.WithLabelValues(category, severity, indicator, language, source).Inc()
}

// sawPosted notes the time of a source's newest post; times to come are not
// believed.
func (m *metrics) sawPosted(source string, at time.Time) {
	if at.IsZero() || at.After(time.Now()) {
		return
	}
	m.newest.Lock()
	defer m.newest.Unlock()
	if at.After(m.newest.at[source]) {
		m.newest.at[source] = at
		m.newestPosted.WithLabelValues(source).Set(float64(at.Unix()))
	}
}

// tookReview counts a decision that is new, and how long the post had waited
// for it if it is the first.
func (m *metrics) tookReview(v veghe.Review, hit index.Hit) {
	m.reviews.WithLabelValues(string(v.Decision)).Inc()
	if hit.Review == "" && hit.Assessment.Flagged && !hit.IndexedAt.IsZero() {
		m.reviewWait.WithLabelValues(string(hit.Assessment.Severity)).Observe(max(0, v.At.Sub(hit.IndexedAt).Seconds()))
	}
}

func (m *metrics) observeHop(hop string, from, to time.Time) {
	if !from.IsZero() && !to.IsZero() {
		m.hop.WithLabelValues(hop).Observe(max(0, to.Sub(from).Seconds()))
	}
}

// scrubbed notes that a part of what is kept is as it was written.
func (m *metrics) scrubbed(part string, at time.Time) {
	m.scrubAt.WithLabelValues(part).Set(float64(at.Unix()))
	m.damaged.WithLabelValues(part).Set(0)
}

// Outcomes of a note.
const (
	noteDelivered = "delivered"
	noteFailed    = "failed"
	noteRefused   = "refused"
)

// waiting says how many posts a channel has yet to be told of, and how long the
// oldest is known.
func (m *metrics) waiting(channel string, posts int, oldest time.Duration) {
	m.toTell.WithLabelValues(channel).Set(float64(posts))
	m.oldestToTell.WithLabelValues(channel).Set(max(0, oldest.Seconds()))
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

const other = "other"

// full reports whether a new value would be one too many.
func (b *bounded) full(v string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[v] {
		return false
	}
	if len(b.seen) >= b.max {
		return true
	}
	b.seen[v] = true
	return false
}

func (b *bounded) label(v string) string {
	if v == "" {
		return "none"
	}
	if len(v) > 64 {
		return other
	}
	if b.full(v) {
		return other
	}
	return v
}
