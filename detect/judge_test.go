package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
)

// adPolicy and threadPolicy have round numbers, so that the rows below can be
// checked in one's head.
func adPolicy() *rule.Policy {
	return &rule.Policy{
		Name: "ads", Category: veghe.Recruitment, Unit: "post", Prior: -4, FamilyCap: 3,
		Weights:      map[rule.Strength]float64{rule.Strong: 2, rule.Medium: 1, rule.Weak: 0.5, rule.Negative: -1},
		Evasion:      rule.Evasion{Families: []string{"evasion"}, Step: 0.5, Max: 1.6},
		Gate:         []rule.Combination{{Strong: 2}, {Strong: 1, Weak: 1}, {Medium: 3}, {Medium: 2, Weak: 1}},
		Suppressors:  []rule.Suppressor{{Indicator: "NEG-01", UnlessStrong: 2}, {Indicator: "NEG-02"}},
		ForcedReview: []veghe.IndicatorID{"MIN-01"},
		Severity: []rule.Level{
			{Severity: veghe.Critical, Score: 0.9, Families: 3, Strong: 2},
			{Severity: veghe.Medium, Families: 2},
		},
		Label: "look",
	}
}

func threadPolicy() *rule.Policy {
	p := adPolicy()
	p.Name, p.Category, p.Unit, p.Gate, p.ForcedReview = "threads", veghe.Grooming, "author", nil, nil
	p.Threads = &rule.Threads{
		Threshold: 4, HitsPerFamily: 2, Families: 3, GraveFamilies: 2,
		Grave: [][]string{{"threats"}, {"supervision", "secrecy"}}, Context: []veghe.IndicatorID{"GRM-YNG"},
	}
	return p
}

// found writes a finding as "indicator family weight".
func found(id veghe.IndicatorID, family string, weight float64) veghe.Finding {
	return veghe.Finding{Indicator: id, Rule: veghe.RuleID(id), Category: veghe.Recruitment, Family: family, Weight: weight}
}

func TestJudgePost(t *testing.T) {
	strong1, strong2 := found("DOC-01", "documents", 2), found("DBT-01", "debt", 2)
	medium1, medium2, medium3 := found("REC-01", "employer", 1), found("REC-02", "pay", 1), found("REC-07", "channel", 1)
	weak1, weak2 := found("REC-05", "travel", 0.5), found("REC-06", "housing", 0.5)
	shadow := strong2
	shadow.Shadow = true
	grooming := strong2
	grooming.Category = veghe.Grooming
	sameFamily := found("REC-08", "pay", 1)
	variant := found("DOC-01", "documents", 1)
	for _, tc := range []struct {
		name     string
		findings []veghe.Finding
		flagged  bool
		severity veghe.Severity
		logOdds  float64
	}{
		{"nothing", nil, false, veghe.None, -4},
		{"one strong alone", []veghe.Finding{strong1}, false, veghe.None, -2},
		{"two strong", []veghe.Finding{strong1, strong2}, true, veghe.Medium, 0},
		{"one strong, one weak", []veghe.Finding{strong1, weak1}, true, veghe.Medium, -1.5},
		{"two medium alone", []veghe.Finding{medium1, medium2}, false, veghe.None, -2},
		{"two medium, one weak", []veghe.Finding{medium1, medium2, weak1}, true, veghe.Medium, -1.5},
		{"three medium", []veghe.Finding{medium1, medium2, medium3}, true, veghe.Medium, -1},
		{"two medium of one family count once", []veghe.Finding{medium1, medium2, sameFamily}, false, veghe.None, -1},
		{"weak ones never do", []veghe.Finding{weak1, weak2}, false, veghe.None, -3},
		{"variants of an indicator count once", []veghe.Finding{strong1, variant}, false, veghe.None, -2},
		{"shadow never counts", []veghe.Finding{strong1, shadow}, false, veghe.None, -2},
		{"another category never counts", []veghe.Finding{strong1, grooming}, false, veghe.None, -2},
		{"all strong and more", []veghe.Finding{strong1, strong2, medium1, medium2, weak1, found("CTL-01", "control", 2)}, true, veghe.Critical, 4.5},
		{"a family is capped", []veghe.Finding{strong1, found("DOC-02", "documents", 2)}, true, veghe.Low, -1},
		{"evasion multiplies what is there", []veghe.Finding{strong1, strong2, found("EVD-01", "evasion", 1)}, true, veghe.Medium, 2},
		{"evasion is bounded", []veghe.Finding{strong1, strong2, found("EVD-01", "evasion", 1), found("EVD-02", "evasion", 1)}, true, veghe.Medium, 2.4},
		{"evasion alone is nothing", []veghe.Finding{found("EVD-01", "evasion", 1)}, false, veghe.None, -4},
		{"a licence closes a narrow gate", []veghe.Finding{strong1, weak1, found("NEG-01", "legitimate", -1)}, false, veghe.None, -2.5},
		{"but not a wide one", []veghe.Finding{strong1, strong2, found("NEG-01", "legitimate", -1)}, true, veghe.Medium, -1},
		{"a warning always closes it", []veghe.Finding{strong1, strong2, found("NEG-02", "awareness", -1)}, false, veghe.None, -1},
		{"a minor with anything else is looked at", []veghe.Finding{found("MIN-01", "minors", 0.6), weak1}, true, veghe.High, -2.9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judgePost(adPolicy(), gather(adPolicy(), tc.findings))
			want := verdict{category: veghe.Recruitment, flagged: tc.flagged, severity: tc.severity, score: logistic(tc.logOdds)}
			if tc.flagged {
				want.label = "look"
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(verdict{}), approx()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func approx() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
}

func TestJudgeAuthor(t *testing.T) {
	p := threadPolicy()
	shown := []veghe.Finding{{Indicator: "GRM-SEC", Category: veghe.Grooming, Family: "secrecy", Weight: 2}}
	state := func(sum float64, families ...string) history.State {
		st := history.State{Sum: sum}
		for _, f := range families {
			st.Families = append(st.Families, history.Family{Name: f, Hits: 1, Weight: 2})
		}
		return st
	}
	warning := append([]veghe.Finding{{Indicator: "NEG-02", Category: veghe.Common, Family: "awareness", Weight: -1}}, shown...)
	for _, tc := range []struct {
		name     string
		findings []veghe.Finding
		state    history.State
		flagged  bool
	}{
		{"three families over the threshold", shown, state(6, "channel", "flattery", "secrecy"), true},
		{"three families under it", shown, state(3.9, "channel", "flattery", "secrecy"), false},
		{"what speaks against is taken off first", shown, func() history.State {
			st := state(4.5, "channel", "flattery", "secrecy")
			st.Against = -1
			return st
		}(), false},
		{"two families are too few", shown, state(8, "flattery", "secrecy"), false},
		{"unless one is grave", shown, state(8, "secrecy", "threats"), true},
		{"or the two together are", shown, state(8, "secrecy", "supervision"), true},
		{"a post that shows nothing is not flagged for earlier ones", nil, state(9, "channel", "flattery", "secrecy"), false},
		{"a warning is not the conduct", warning, state(9, "channel", "flattery", "secrecy"), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judgeAuthor(p, gather(p, tc.findings), tc.state)
			if got.flagged != tc.flagged {
				t.Errorf("flagged %v, want %v", got.flagged, tc.flagged)
			}
			if got.flagged == (got.severity == veghe.None) {
				t.Errorf("flagged %v with severity %s", got.flagged, got.severity)
			}
		})
	}
}

func TestHits(t *testing.T) {
	p := threadPolicy()
	f := func(id veghe.IndicatorID, family string, w float64) veghe.Finding {
		return veghe.Finding{Indicator: id, Category: veghe.Grooming, Family: family, Weight: w}
	}
	for _, tc := range []struct {
		name     string
		findings []veghe.Finding
		want     []history.Hit
	}{
		{"nothing", nil, nil},
		{"one per family, capped", []veghe.Finding{f("A", "secrecy", 2), f("B", "secrecy", 2), f("C", "channel", 1)}, []history.Hit{{Family: "channel", Weight: 1}, {Family: "secrecy", Weight: 3}}},
		{"evasion multiplies", []veghe.Finding{f("A", "channel", 1), f("E", "evasion", 1)}, []history.Hit{{Family: "channel", Weight: 1.5}}},
		{"a warning adds no conduct and speaks against", []veghe.Finding{f("A", "secrecy", 2), f("NEG-02", "awareness", -1)}, []history.Hit{{Family: "awareness", Weight: -1}}},
		{"context is not the author's own", []veghe.Finding{f("A", "secrecy", 2), f("GRM-YNG", "child", 1)}, []history.Hit{{Family: "secrecy", Weight: 2}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, weigh(p, gather(p, tc.findings)).Own, approx()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What Explain says adds up to the score that was given.
func TestExplainAddsUp(t *testing.T) {
	p := adPolicy()
	findings := []veghe.Finding{
		found("DOC-01", "documents", 2), found("DOC-02", "documents", 2), found("DBT-01", "debt", 2),
		found("EVD-01", "evasion", 1), found("NEG-01", "legitimate", -1),
	}
	a := veghe.Assessment{Findings: findings}
	for _, s := range Explain([]rule.Policy{*p}, a) {
		sum := s.Prior
		for _, f := range s.Families {
			if f.Name == "against" {
				sum += f.Capped
				continue
			}
			sum += s.Evasion * f.Capped
		}
		if diff := cmp.Diff(judgePost(p, gather(p, findings)).score, logistic(sum), approx()); diff != "" {
			t.Errorf("score (-given +explained):\n%s", diff)
		}
		if diff := cmp.Diff(s.LogOdds, sum, approx()); diff != "" {
			t.Errorf("log odds (-said +added):\n%s", diff)
		}
	}
}
