package detect

import (
	"cmp"
	"slices"
	"time"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
)

// historyParams turns a policy's thread settings into those of the store.
func historyParams(p *rule.Policy) history.Params {
	t := p.Threads
	return history.Params{
		Drift:         t.Drift,
		HalfLife:      days(t.HalfLifeDays),
		Window:        days(t.WindowDays),
		HitsPerFamily: t.HitsPerFamily,
		FamilyCap:     p.FamilyCap,
	}
}

func days(n float64) time.Duration { return time.Duration(n * 24 * float64(time.Hour)) }

// weigh is what a post adds to the histories: one hit per family, the weight
// capped and multiplied by evasion, and what speaks against. A post in
// exculpatory context (a warning that cites the conduct, a parent, a
// moderator) adds no conduct. Context counts for the others in the thread.
func weigh(p *rule.Policy, ev evidence) history.Evidence {
	out := history.Evidence{Context: ev.context}
	if !ev.suppressed(p) {
		out.Own = hits(p, ev)
	}
	for _, f := range ev.against {
		out.Own = append(out.Own, history.Hit{Family: f.Family, Weight: f.Weight})
	}
	return out
}

func hits(p *rule.Policy, ev evidence) (out []history.Hit) {
	for _, f := range ev.positive {
		w := min(familyCap(p, f.Family), f.Weight*ev.multiplier)
		if k := len(out) - 1; k >= 0 && out[k].Family == f.Family {
			out[k].Weight = min(familyCap(p, f.Family), out[k].Weight+w)
			continue
		}
		out = append(out, history.Hit{Family: f.Family, Weight: w})
	}
	return out
}

// shows reports whether a rule found conduct in the post.
func (ev evidence) shows(p *rule.Policy) bool {
	return slices.ContainsFunc(ev.positive, func(f *veghe.Finding) bool {
		return p.Wording == nil || f.Family != p.Wording.Family
	})
}

// judgeAuthor applies a policy to where an author stands after this post. A
// post that shows nothing itself is never flagged for what came before.
func judgeAuthor(p *rule.Policy, ev evidence, st history.State) verdict {
	v := verdict{category: p.Category, severity: veghe.None}
	families := byName(st.Families)
	sum := 0.0
	for i := range families {
		families[i].Weight = min(familyCap(p, families[i].Name), families[i].Weight)
		sum += families[i].Weight
	}
	v.score = logistic(p.Prior + sum + st.Against)
	if !ev.shows(p) || ev.closed(p) || ev.suppressed(p) || !threadGate(p, st) {
		return v
	}
	t := tally{families: len(st.Families)}
	for i := range families {
		if strengthOf(p, families[i].Weight) == rule.Strong {
			t.strong++
		}
	}
	v.flagged, v.label = true, p.Label
	v.severity = severity(p, v.score, t)
	return v
}

// byName is a copy of families by name, of two with a name the later.
func byName(families []history.Family) []history.Family {
	out := slices.Clone(families)
	slices.Reverse(out)
	slices.SortStableFunc(out, func(a, b history.Family) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b history.Family) bool { return a.Name == b.Name })
}

// threadGate wants the sum, less what speaks against, over the threshold and
// enough distinct families, fewer if grave ones are among them.
func threadGate(p *rule.Policy, st history.State) bool {
	t := p.Threads
	if st.Sum+st.Against < t.Threshold {
		return false
	}
	if len(st.Families) >= t.Families {
		return true
	}
	return len(st.Families) >= t.GraveFamilies && slices.ContainsFunc(t.Grave, func(set []string) bool {
		return len(set) > 0 && !slices.ContainsFunc(set, func(name string) bool { return !grave(p, st, name) })
	})
}

// grave reports whether a family of a grave set is in force. Wording is grave
// only where it is strong.
func grave(p *rule.Policy, st history.State, family string) bool {
	i := slices.IndexFunc(st.Families, func(f history.Family) bool { return f.Name == family })
	if i < 0 {
		return false
	}
	return p.Wording == nil || family != p.Wording.Family || strengthOf(p, st.Families[i].Weight) == rule.Strong
}
