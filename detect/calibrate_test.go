package detect_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect"
	"veghe/detect/rule"
)

// What counts, and what it adds up to, is what the engine judges by.
func TestLogOddsAreThoseOfTheScore(t *testing.T) {
	pol := &rule.Policy{
		Category: veghe.Recruitment, Unit: "post", Prior: -4, FamilyCap: 2.7,
		Weights: map[rule.Strength]float64{rule.Strong: 2.3, rule.Medium: 1.1, rule.Weak: 0.4, rule.Negative: -1},
		Evasion: rule.Evasion{Families: []string{"evasion"}, Step: 0.2, Max: 1.3},
	}
	find := func(id veghe.IndicatorID, variant, family string, w float64) veghe.Finding {
		return veghe.Finding{Indicator: id, Rule: veghe.RuleID(string(id) + variant), Category: veghe.Recruitment, Family: family, Weight: w}
	}
	shadow := find("X-01", "", "x", 9)
	shadow.Shadow = true
	other := find("GRM-SEC", "", "secrecy", 2.3)
	other.Category = veghe.Grooming
	findings := []veghe.Finding{
		find("DOC-01", "", "documents", 2.3), find("DOC-01", ".a", "documents", 1.1), // one indicator
		find("DOC-02", "", "documents", 1), // over the cap with the one before
		find("EVD-01", "", "evasion", 0.1), // multiplies
		find("NEG-01", "", "legitimate", -1), find("NEG-01", ".b", "legitimate", -0.5),
		shadow, other,
	}
	var ids []veghe.RuleID
	for _, f := range detect.Counted(pol, findings) {
		ids = append(ids, f.Rule)
	}
	if diff := cmp.Diff([]veghe.RuleID{"DOC-01", "DOC-02", "NEG-01"}, ids); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if got, want := detect.LogOdds(pol, findings), -4+1.2*2.7-1; math.Abs(got-want) > 1e-12 {
		t.Errorf("log odds %v, want %v", got, want)
	}
	if !detect.CapsBite(pol, findings) || detect.CapsBite(pol, findings[:2]) {
		t.Error("a cap bites with DOC-02, not without")
	}
	for w, want := range map[float64]rule.Strength{2: rule.Strong, 1: rule.Medium, 0.1: rule.Weak, -0.05: rule.Negative} {
		if got := detect.StrengthOf(pol, w); got != want {
			t.Errorf("a weight of %v is %s, want %s", w, got, want)
		}
	}
}
