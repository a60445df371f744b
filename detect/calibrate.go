package detect

import (
	"slices"

	"veghe"
	"veghe/detect/rule"
)

// Counted are the findings that add to the score under a policy, one per
// indicator: for it, then against it. Shadow and evasion are not among them.
func Counted(p *rule.Policy, findings []veghe.Finding) []veghe.Finding {
	ev := gather(p, findings)
	out := []veghe.Finding{}
	for _, f := range slices.Concat(ev.positive, ev.against) {
		out = append(out, *f)
	}
	return out
}

// LogOdds is what findings add up to under a policy: its prior, the families
// up to their caps, times evasion, less what speaks against. Histories are
// left aside; findings of earlier posts may stand among the others.
func LogOdds(p *rule.Policy, findings []veghe.Finding) float64 {
	return p.Prior + gather(p, findings).sum(p)
}

// CapsBite reports whether a family has more weight than its cap lets count.
func CapsBite(p *rule.Policy, findings []veghe.Finding) bool {
	families := map[string]float64{}
	for _, f := range gather(p, findings).positive {
		families[f.Family] += f.Weight
	}
	for name, w := range families {
		if w > familyCap(p, name)+1e-9 {
			return true
		}
	}
	return false
}

// StrengthOf is the strength a weight amounts to for the gate of a policy.
func StrengthOf(p *rule.Policy, weight float64) rule.Strength { return strengthOf(p, weight) }
