package detect

import (
	"maps"
	"slices"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
)

// Otherwise is what would have become of a post without one indicator.
type Otherwise struct {
	Without  veghe.IndicatorID
	Flagged  bool
	Severity veghe.Severity
}

// Without asks of each indicator of an assessment what would have become of
// the post had it not been seen, and returns those without which it would be
// flagged when it is not, or not when it is, or with another severity, in the
// order of the indicators. A post by itself is judged exactly; for a
// conversation what earlier posts have shown stays as it was.
//
// It is not ok for an assessment that these policies would not have made: it
// comes from other rules.
func Without(policies []rule.Policy, a veghe.Assessment) (out []Otherwise, ok bool) {
	if now := rejudge(policies, &a, a.Findings); now.flagged != a.Flagged || now.severity != a.Severity {
		return nil, false
	}
	for _, id := range indicatorsOf(a.Findings) {
		rest := slices.DeleteFunc(slices.Clone(a.Findings), func(f veghe.Finding) bool { return f.Indicator == id })
		v := rejudge(policies, &a, rest)
		if v.flagged != a.Flagged || v.severity != a.Severity {
			out = append(out, Otherwise{id, v.flagged, v.severity})
		}
	}
	return out, true
}

// indicatorsOf are those that score, sorted.
func indicatorsOf(findings []veghe.Finding) (ids []veghe.IndicatorID) {
	for _, f := range findings {
		if !f.Shadow {
			ids = append(ids, f.Indicator)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// rejudge is the verdict of the policies had the post shown these findings
// instead of its own. As in judge, the severest flag counts.
func rejudge(policies []rule.Policy, a *veghe.Assessment, findings []veghe.Finding) verdict {
	worst := verdict{severity: veghe.None}
	for i := range policies {
		p := &policies[i]
		var v verdict
		if p.Unit == "author" && p.Threads != nil {
			ev := gather(p, findings)
			v = judgeAuthor(p, ev, stateWith(p, a, ev))
		} else {
			v = judgePost(p, gather(p, findings))
		}
		if v.flagged && (!worst.flagged || v.severity.Rank() > worst.severity.Rank()) {
			worst = v
		}
	}
	return worst
}

// stateWith is where the author would stand with other evidence in this post.
// What the post added to each family is taken off, and as much of it put back
// as the evidence still gives.
func stateWith(p *rule.Policy, a *veghe.Assessment, ev evidence) history.State {
	var st history.State
	weights, added := map[string]float64{}, map[string]float64{}
	if a.History != nil {
		st.Sum, st.Against, added = a.History.Score, a.History.Against, a.History.Added
		for _, f := range a.History.Families {
			weights[f] = a.History.Weights[f]
		}
	}
	was, is := byFamily(weigh(p, gather(p, a.Findings)).Own), byFamily(weigh(p, ev).Own)
	families := maps.Clone(was)
	maps.Copy(families, is)
	for _, family := range slices.Sorted(maps.Keys(families)) {
		now := is[family]
		if was[family] < 0 || now < 0 {
			st.Against = min(0, st.Against+now-was[family])
			continue
		}
		gain := now - was[family] // where nothing was capped
		if was[family] > 0 {
			gain = min(now, added[family]) - added[family]
		}
		after := min(familyCap(p, family), weights[family]+gain)
		st.Sum += after - weights[family]
		weights[family] = after
	}
	st.Sum = max(0, st.Sum)
	for _, family := range slices.Sorted(maps.Keys(weights)) {
		if w := weights[family]; w > leastWeight {
			st.Families = append(st.Families, history.Family{Name: family, Weight: w})
		}
	}
	return st
}

func byFamily(hits []history.Hit) map[string]float64 {
	sum := make(map[string]float64, len(hits))
	for _, h := range hits {
		sum[h.Family] += h.Weight
	}
	return sum
}

// leastWeight is below what any rule adds: what is left of a sum that is
// nothing but rounding.
const leastWeight = 1e-6
