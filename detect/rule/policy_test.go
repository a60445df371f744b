package rule_test

import (
	"testing"

	"veghe"
	"veghe/detect/rule"
)

func TestWordingStrength(t *testing.T) {
	w := &rule.Wording{Indicator: "REC-WRD", Strong: 1, Medium: 0.2, Against: -0.1, Closed: -0.5}
	for _, tc := range []struct {
		score float64
		want  rule.Strength
	}{{1.5, rule.Strong}, {1, rule.Strong}, {0.5, rule.Medium}, {0.1, ""}, {-0.1, rule.Negative}, {-2, rule.Negative}} {
		if got := w.Strength(tc.score); got != tc.want {
			t.Errorf("a score of %v counts as %q, want %q", tc.score, got, tc.want)
		}
	}
	for id, want := range map[veghe.RuleID]bool{"REC-WRD.strong": true, "REC-WRD.shut": true, "REC-01": false, "REC-WRDS.x": false} {
		if got := w.Finds(id); got != want {
			t.Errorf("%s is of wording: %v, want %v", id, got, want)
		}
	}
	if (*rule.Wording)(nil).Finds("REC-WRD.strong") {
		t.Error("a policy without wording has a rule for it")
	}
}
