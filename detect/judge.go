package detect

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
)

// verdict is what one policy makes of the findings it looks at.
type verdict struct {
	category veghe.Category
	score    float64 // 0–1
	flagged  bool
	severity veghe.Severity
	label    string
}

// evidence is the findings of one category, one per indicator: variants of
// an indicator say the same thing, so the weightiest stands for all.
type evidence struct {
	positive   []*veghe.Finding // by family, then indicator
	against    []*veghe.Finding // weight below 0
	negative   float64          // sum of against
	context    []history.Hit    // for the other authors of the thread
	multiplier float64          // from evasion, 1 if none
	indicators []veghe.IndicatorID
	shut       bool // it reads like no reason to look
}

// gather picks the findings that count for a policy. Findings in shadow never
// do, and evasion only multiplies.
func gather(p *rule.Policy, findings []veghe.Finding) evidence {
	ev := evidence{multiplier: 1}
	picked := heaviest(p, findings)
	if len(picked) == 0 {
		return ev
	}
	ev.indicators = make([]veghe.IndicatorID, 0, len(picked))
	ev.positive = make([]*veghe.Finding, 0, len(picked))
	for _, f := range picked {
		ev.indicators = append(ev.indicators, f.Indicator)
		ev.shut = ev.shut || isShut(p.Wording, f.Rule)
		switch {
		case p.Threads != nil && slices.Contains(p.Threads.Context, f.Indicator):
			ev.context = append(ev.context, history.Hit{Family: f.Family, Weight: f.Weight})
		case slices.Contains(p.Evasion.Families, f.Family):
			ev.multiplier = min(max(1, p.Evasion.Max), ev.multiplier*(1+p.Evasion.Step))
		case f.Weight < 0:
			ev.negative += f.Weight
			ev.against = append(ev.against, f)
		default:
			ev.positive = append(ev.positive, f)
		}
	}
	slices.SortStableFunc(ev.positive, func(a, b *veghe.Finding) int { return cmp.Compare(a.Family, b.Family) })
	return ev
}

// countsFor reports whether a policy looks at a finding.
func countsFor(p *rule.Policy, f *veghe.Finding) bool {
	return !f.Shadow && (f.Category == p.Category || f.Category == veghe.Common)
}

// heaviest is one finding for each indicator that counts for a policy, in the
// order of indicators.
func heaviest(p *rule.Policy, findings []veghe.Finding) []*veghe.Finding {
	var picked []*veghe.Finding
	for i := range findings {
		if f := &findings[i]; countsFor(p, f) {
			if picked == nil {
				picked = make([]*veghe.Finding, 0, len(findings)-i)
			}
			picked = append(picked, f)
		}
	}
	slices.SortStableFunc(picked, func(a, b *veghe.Finding) int {
		return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), -cmp.Compare(math.Abs(a.Weight), math.Abs(b.Weight)))
	})
	return slices.CompactFunc(picked, func(a, b *veghe.Finding) bool { return a.Indicator == b.Indicator })
}

// suppressed reports whether exculpatory context closes the gate.
func (ev evidence) suppressed(p *rule.Policy) bool {
	return slices.ContainsFunc(p.Suppressors, func(s rule.Suppressor) bool { return ev.closes(p, s) })
}

func (ev evidence) closes(p *rule.Policy, s rule.Suppressor) bool {
	return slices.Contains(ev.indicators, s.Indicator) && (s.UnlessStrong == 0 || ev.count(p).strong < s.UnlessStrong)
}

// closed reports whether it reads too little like a reason to look.
func (ev evidence) closed(p *rule.Policy) bool {
	return ev.shut && (p.Wording.UnlessStrong == 0 || ev.count(p).strong < p.Wording.UnlessStrong)
}

// suppressors are the indicators that close the gate.
func (ev evidence) suppressors(p *rule.Policy) (ids []veghe.IndicatorID) {
	for _, s := range p.Suppressors {
		if ev.closes(p, s) {
			ids = append(ids, s.Indicator)
		}
	}
	if ev.closed(p) {
		ids = append(ids, p.Wording.Indicator)
	}
	return ids
}

// tally counts distinct indicators by strength.
type tally struct{ strong, medium, weak, families int }

// count tallies the positive evidence. Each strong indicator counts; of the
// medium and the weak ones, one per family, because words of one family tend
// to come together.
func (ev evidence) count(p *rule.Policy) tally {
	var t tally
	for family := range ev.families() {
		t.families++
		medium, weak := false, false
		for _, f := range family {
			switch strengthOf(p, f.Weight) {
			case rule.Strong:
				t.strong++
			case rule.Medium:
				medium = true
			default:
				weak = true
			}
		}
		switch {
		case medium:
			t.medium++
		case weak:
			t.weak++
		}
	}
	return t
}

// families are the findings of each family of the positive evidence, by name.
func (ev evidence) families() iter.Seq[[]*veghe.Finding] {
	return func(yield func([]*veghe.Finding) bool) {
		rest := ev.positive
		for len(rest) > 0 {
			n := 1
			for n < len(rest) && rest[n].Family == rest[0].Family {
				n++
			}
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// strengthOf is the strength whose prior weight is nearest, so that a weight
// revised from reviews also moves through the gate.
func strengthOf(p *rule.Policy, w float64) rule.Strength {
	switch {
	case w < 0:
		return rule.Negative
	case w >= (p.Weights[rule.Strong]+p.Weights[rule.Medium])/2:
		return rule.Strong
	case w >= (p.Weights[rule.Medium]+p.Weights[rule.Weak])/2:
		return rule.Medium
	default:
		return rule.Weak
	}
}

// meets reports whether the tally fills a combination; a stronger indicator
// left over may stand in for a weaker one.
func (t tally) meets(c rule.Combination) bool {
	strong := t.strong - c.Strong
	medium := strong + t.medium - c.Medium
	weak := medium + t.weak - c.Weak
	return strong >= 0 && medium >= 0 && weak >= 0
}

// judgePost applies a policy to what it sees in one post by itself.
func judgePost(p *rule.Policy, ev evidence) verdict {
	v := verdict{category: p.Category, severity: veghe.None}
	v.score = logistic(p.Prior + ev.sum(p))
	t := ev.count(p)
	open := slices.ContainsFunc(p.Gate, t.meets)
	forced := forcedReview(p, ev)
	if forced && t.families >= 2 {
		open = true
	}
	if !open || ev.closed(p) || ev.suppressed(p) {
		return v
	}
	v.flagged, v.label = true, p.Label
	v.severity = severity(p, v.score, t)
	if forced && v.severity.Rank() < veghe.High.Rank() {
		v.severity = veghe.High
	}
	return v
}

// sum is the weight of the evidence: positive per family up to its cap, times
// evasion, plus what speaks against. Families add up in the order of their
// names, so that the same findings give the same last bit.
func (ev evidence) sum(p *rule.Policy) float64 {
	total := 0.0
	for family := range ev.families() {
		limit, weight := familyCap(p, family[0].Family), 0.0
		for _, f := range family {
			weight = min(limit, weight+f.Weight)
		}
		total += weight
	}
	return total*ev.multiplier + ev.negative
}

func familyCap(p *rule.Policy, family string) float64 {
	if c, ok := p.FamilyCaps[family]; ok {
		return c
	}
	if p.FamilyCap > 0 {
		return p.FamilyCap
	}
	return math.Inf(1)
}

func forcedReview(p *rule.Policy, ev evidence) bool {
	return slices.ContainsFunc(p.ForcedReview, func(id veghe.IndicatorID) bool { return slices.Contains(ev.indicators, id) })
}

func severity(p *rule.Policy, score float64, t tally) veghe.Severity {
	for _, l := range p.Severity {
		if score >= l.Score && t.families >= l.Families && t.strong >= l.Strong {
			return l.Severity
		}
	}
	return veghe.Low
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
