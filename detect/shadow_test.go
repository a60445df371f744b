package detect_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect"
	"veghe/detect/rule"
	"veghe/rules"
)

// withExperiments is the shipped rules and, of each category and strength,
// experimental ones that find nearly every text; some wait for shipped rules.
func withExperiments(t *testing.T) *rule.Set {
	t.Helper()
	pack, err := rule.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	var extra []*rule.Rule
	for _, r := range pack.Rules {
		c := *r // the shipped rules once more, without what tells them apart
		c.ID, c.Indicator = veghe.RuleID("X-"+string(r.ID)), veghe.IndicatorID("X-"+string(r.Indicator))
		c.Status, c.Family = rule.Experimental, "x"
		extra = append(extra, &c)
		d := *r // and as variants of the same indicators, in the same families
		d.ID, d.Status = r.ID+".trial", rule.Experimental
		if d.Weight != nil {
			w := *d.Weight * 10
			d.Weight = &w
		}
		extra = append(extra, &d)
	}
	pack.Rules = append(pack.Rules, extra...)
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Experimental rules run in shadow: they are seen and change nothing, neither
// flag, severity, label, score nor history, in ads, conversations, templates
// and disguised texts.
func TestShadowChangesNothing(t *testing.T) {
	l, err := languages()
	if err != nil {
		t.Fatal(err)
	}
	_, posts := talk()
	posts = append(posts, posters()...)
	for i, s := range []string{
		"Plecare maine in Italia, fara contract, pasaportul il tinem noi pana achiti drumul, se scade din salariu.",
		"p454p0r7ul 74u 1l 71n3m n01 p4n4 4ch171 drumul, pl3c4r3 m41n3, f4r4 contract",
		"Vand bicicleta de oras, stare buna, se vede in weekend.",
	} {
		posts = append(posts, veghe.Post{ID: veghe.PostID(fmt.Sprint("ad-", i)), Source: "s", Kind: veghe.Ad, Text: s})
	}
	want := shipped(t, false).AssessAll(posts, 1)
	got := detect.New(detect.Options{Rules: withExperiments(t), Languages: l}).AssessAll(posts, 1)
	shadows := 0
	for i := range got {
		kept := got[i].Findings[:0:0]
		for _, f := range got[i].Findings {
			if f.Shadow {
				shadows++
				continue
			}
			kept = append(kept, f)
		}
		got[i].Findings, got[i].RulesVersion = kept, want[i].RulesVersion
		var before []veghe.Finding
		for _, f := range want[i].Findings {
			if !f.Shadow {
				before = append(before, f)
			}
		}
		want[i].Findings = before
		if len(kept) == 0 {
			got[i].Findings = nil
		}
		if diff := cmp.Diff(want[i], got[i]); diff != "" {
			t.Errorf("%s: -without +with experiments:\n%s", posts[i].ID, diff)
		}
	}
	if shadows == 0 || flagged(want) == 0 {
		t.Fatalf("%d findings in shadow, %d posts flagged: this shows nothing", shadows, flagged(want))
	}
}
