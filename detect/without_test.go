package detect

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
)

func TestWithoutInAds(t *testing.T) {
	strong1, strong2 := found("DOC-01", "documents", 2), found("DBT-01", "debt", 2)
	medium, weak := found("REC-01", "employer", 1), found("REC-05", "travel", 0.5)
	shadow := found("X-01", "x", 2)
	shadow.Shadow = true
	for name, row := range map[string]struct {
		findings []veghe.Finding
		want     []Otherwise
	}{
		"nothing seen":          {nil, nil},
		"each of two is needed": {[]veghe.Finding{strong1, weak}, []Otherwise{{"DOC-01", false, veghe.None}, {"REC-05", false, veghe.None}}},
		"either of two, beside a third": {
			[]veghe.Finding{strong1, strong2, weak, found("REC-09", "pay", 0.5)}, []Otherwise{},
		},
		"a severity less": {
			[]veghe.Finding{strong1, strong2, medium, found("CTL-01", "control", 2), found("REC-02", "pay", 2)}, []Otherwise{},
		},
		"what holds it back": {
			[]veghe.Finding{strong1, weak, found("NEG-01", "legitimate", -1)}, []Otherwise{{"NEG-01", true, veghe.Medium}},
		},
		"held back twice": {
			[]veghe.Finding{strong1, weak, found("NEG-01", "legitimate", -1), found("NEG-02", "news", -1)}, []Otherwise{},
		},
		"shadow changes nothing": {[]veghe.Finding{strong1, strong2, shadow}, []Otherwise{{"DBT-01", false, veghe.None}, {"DOC-01", false, veghe.None}}},
		"a variant goes with its indicator": {
			[]veghe.Finding{strong1, found("DOC-01", "documents", 1), strong2}, []Otherwise{{"DBT-01", false, veghe.None}, {"DOC-01", false, veghe.None}},
		},
	} {
		policies := []rule.Policy{*adPolicy()}
		a := veghe.Assessment{Findings: row.findings, Severity: veghe.None}
		v := rejudge(policies, &a, row.findings)
		a.Flagged, a.Severity = v.flagged, v.severity
		got, ok := Without(policies, a)
		if !ok {
			t.Errorf("%s: not judged", name)
		}
		if diff := cmp.Diff(append([]Otherwise{}, row.want...), append([]Otherwise{}, got...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What the counterfactual of a conversation says is what happens when the post
// comes without the sign.
func TestWithoutInThreads(t *testing.T) {
	p := threadPolicy()
	say := func(signs ...veghe.Finding) veghe.Assessment {
		prog := &program{policies: []rule.Policy{*p}, histories: map[string]*history.Store{p.Name: history.New(historyParams(p), 0)}}
		posts := [][]veghe.Finding{{found("GRM-GFT", "gifts", 2)}, {found("GRM-MIG", "channel", 1)}, signs}
		var a veghe.Assessment
		for i, findings := range posts {
			for k := range findings {
				findings[k].Category = veghe.Grooming
			}
			post := veghe.Post{ID: veghe.PostID(rune('a' + i)), Source: "s", Thread: "t", Author: "x", PostedAt: time.Unix(int64(i), 0)}
			d := draft{Assessment: veghe.Assessment{Score: map[veghe.Category]float64{}, Severity: veghe.None, Findings: findings}}
			prog.judge(history.Nowhere, &post, &d)
			a = d.Assessment
		}
		return a
	}
	signs := []veghe.Finding{
		found("GRM-SEC", "secrecy", 2), found("GRM-SUP", "supervision", 1), found("GRM-GFT", "gifts", 2), found("NEG-01", "legitimate", -1),
	}
	for n := range 1 << len(signs) {
		var now []veghe.Finding
		for i := range signs {
			if n>>i&1 == 1 {
				now = append(now, signs[i])
			}
		}
		whole := say(now...)
		var want []Otherwise
		for _, id := range indicatorsOf(now) {
			var rest []veghe.Finding
			for _, f := range now {
				if f.Indicator != id {
					rest = append(rest, f)
				}
			}
			if b := say(rest...); b.Flagged != whole.Flagged || b.Severity != whole.Severity {
				want = append(want, Otherwise{id, b.Flagged, b.Severity})
			}
		}
		got, ok := Without([]rule.Policy{*p}, whole)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("signs %04b (-want +got):\n%s", n, diff)
		}
	}
}

func TestWithoutOfOtherRules(t *testing.T) {
	a := veghe.Assessment{Flagged: true, Severity: veghe.High, Findings: []veghe.Finding{found("DOC-01", "documents", 2)}}
	if got, ok := Without([]rule.Policy{*adPolicy()}, a); ok {
		t.Errorf("an assessment that these policies would not make: got %v", got)
	}
}
