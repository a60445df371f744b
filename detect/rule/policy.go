package rule

import (
	"strings"

	"veghe"
)

// Policy says how findings become a score, a label and a severity for one
// category. It is the "policy:" document of rules/policy.yaml.
//
// Findings of weight w add up as weights of evidence (natural log of the
// likelihood ratio), capped per family, onto Prior; the logistic of the sum is
// the score, which only ranks. What flags is the gate.
type Policy struct {
	Name     string         `yaml:"policy"`
	Category veghe.Category `yaml:"category"`
	// Unit is what a gate looks at: "post", each post by itself (ads), or
	// "author", an author within a thread over time (conversations).
	Unit string `yaml:"unit"`

	// Weights is the prior weight of each strength: strong, medium, weak,
	// negative. A rule's own weight wins.
	Weights map[Strength]float64 `yaml:"weights"`
	// Prior is the log odds of a post without findings.
	Prior float64 `yaml:"prior"`
	// FamilyCap bounds what one family adds; FamilyCaps names exceptions.
	FamilyCap  float64            `yaml:"family_cap"`
	FamilyCaps map[string]float64 `yaml:"family_caps"`
	// Evasion families multiply the positive evidence instead of adding to
	// it: ×(1+Step) per distinct indicator, at most ×Max.
	Evasion Evasion `yaml:"evasion"`

	// Wording is what a text that reads like those in question adds; nil is
	// nothing. What it was learnt from is wording/CATEGORY.tab.
	Wording *Wording `yaml:"wording"`

	// Gate lists combinations of distinct indicators by strength; any one
	// met opens the gate. Every strong indicator counts; of the medium and
	// weak ones, one per family.
	Gate []Combination `yaml:"gate"`
	// Threads is the gate of unit "author".
	Threads *Threads `yaml:"threads"`
	// Suppressors close the gate (exculpatory context).
	Suppressors []Suppressor `yaml:"suppressors"`
	// ForcedReview indicators open the gate together with any other family,
	// and raise the severity to at least high.
	ForcedReview []veghe.IndicatorID `yaml:"forced_review"`

	// Severity lists the levels from the most severe; the first met wins.
	Severity []Level `yaml:"severity"`
	// Label is what a flagged post is called, such as "possible deceptive
	// recruitment".
	Label string `yaml:"label"`
}

// Wording turns the score of package wording into evidence of one family. It
// never stands alone: only where a rule found something does it count.
type Wording struct {
	Indicator veghe.IndicatorID `yaml:"indicator"`
	Family    string            `yaml:"family"`
	// Scores (log odds) from which, or for Against and Closed up to which, it
	// counts as strong, medium, negative, or closes the gate.
	Strong  float64 `yaml:"strong"`
	Medium  float64 `yaml:"medium"`
	Against float64 `yaml:"against"`
	Closed  float64 `yaml:"closed"`
	// UnlessStrong keeps the gate open when at least this many distinct
	// strong indicators are found; 0 means it always closes.
	UnlessStrong int `yaml:"unless_strong"`
}

// Finds reports whether a rule stands for how a text reads: each strength is a
// variant, so that each has its own precision.
func (w *Wording) Finds(id veghe.RuleID) bool {
	return w != nil && strings.HasPrefix(string(id), string(w.Indicator)+".")
}

// Strength is what a score counts as, "" for nothing.
func (w *Wording) Strength(score float64) Strength {
	switch {
	case score >= w.Strong:
		return Strong
	case score >= w.Medium:
		return Medium
	case score <= w.Against:
		return Negative
	default:
		return ""
	}
}

// Evasion is how hiding from filters strengthens other evidence.
type Evasion struct {
	Families []string `yaml:"families"`
	Step     float64  `yaml:"step"`
	Max      float64  `yaml:"max"`
}

// Combination is a count of distinct indicators by strength. A stronger one
// may stand in for a weaker one.
type Combination struct {
	Strong int `yaml:"strong"`
	Medium int `yaml:"medium"`
	Weak   int `yaml:"weak"`
}

// Threads is Page's CUSUM test on an author's posts in one thread, with a
// minimum of distinct families.
type Threads struct {
	Threshold     float64    `yaml:"threshold"`       // of the sum, log odds
	Drift         float64    `yaml:"drift"`           // taken off per post without a finding
	HalfLifeDays  float64    `yaml:"half_life_days"`  // the sum halves in this time
	WindowDays    float64    `yaml:"window_days"`     // older findings no longer count as a family
	HitsPerFamily int        `yaml:"hits_per_family"` // further hits add nothing
	Families      int        `yaml:"families"`        // distinct families needed
	GraveFamilies int        `yaml:"grave_families"`  // needed if one of Grave is in force
	Grave         [][]string `yaml:"grave"`           // each a set of families that together are grave
	// Context indicators say something about the author that matters for
	// whoever talks to him, such as a young age. They count for the other
	// authors of the thread, never for the one who said it.
	Context []veghe.IndicatorID `yaml:"context"`
}

// Suppressor closes the gate of a category when its indicator is found.
type Suppressor struct {
	Indicator veghe.IndicatorID `yaml:"indicator"`
	// UnlessStrong keeps the gate open when at least this many distinct
	// strong indicators are found; 0 means it always closes.
	UnlessStrong int `yaml:"unless_strong"`
}

// Level is a severity with the least score and families that earn it.
type Level struct {
	Severity veghe.Severity `yaml:"severity"`
	Score    float64        `yaml:"score"`    // at least, 0–1
	Families int            `yaml:"families"` // distinct families at least
	Strong   int            `yaml:"strong"`   // distinct strong indicators at least
}

// Strength is the prior strength of an indicator.
type Strength string

// The strengths.
const (
	Strong   Strength = "strong"
	Medium   Strength = "medium"
	Weak     Strength = "weak"
	Negative Strength = "negative"
)

// problems says what in a policy makes no sense.
func (p *Policy) problems() (msgs []string) {
	bad := func(broken bool, msg string) {
		if broken {
			msgs = append(msgs, msg)
		}
	}
	switch p.Category {
	case veghe.Recruitment, veghe.Grooming:
	default:
		bad(true, "category, want recruitment or grooming; common indicators count in both")
	}
	bad(p.Unit != "post" && p.Unit != "author", "unit, want post or author")
	for _, s := range []Strength{Strong, Medium, Weak, Negative} {
		w, ok := p.Weights[s]
		bad(!ok, "weights has no "+string(s))
		bad(ok && (s == Negative) != (w < 0), "weights: "+string(s)+" has the wrong sign")
	}
	for s := range p.Weights {
		bad(s != Strong && s != Medium && s != Weak && s != Negative, "weights: "+string(s)+" is no strength")
	}
	bad(p.FamilyCap <= 0, "family_cap, want more than 0")
	bad(len(p.Evasion.Families) > 0 && (p.Evasion.Max < 1 || p.Evasion.Step < 0), "evasion, want max of 1 or more and step of 0 or more")
	if w := p.Wording; w != nil {
		bad(w.Indicator == "" || w.Family == "", "wording, want an indicator and a family")
		bad(w.Strong <= w.Medium || w.Medium <= w.Against || w.Against < w.Closed, "wording, want strong above medium above against, and closed not above that")
	}
	bad(p.Unit == "post" && len(p.Gate) == 0, "gate is missing: nothing would ever be flagged")
	bad(p.Unit == "author" && p.Threads == nil, "threads is missing: nothing would ever be flagged")
	for _, c := range p.Gate {
		bad(c.Strong < 0 || c.Medium < 0 || c.Weak < 0 || c.Strong+c.Medium+c.Weak == 0, "gate has a combination of nothing, want counts of strong, medium, weak")
	}
	if t := p.Threads; t != nil {
		bad(t.Threshold <= 0 || t.HalfLifeDays <= 0 || t.WindowDays <= 0 || t.HitsPerFamily <= 0 || t.Families <= 0,
			"threads, want threshold, half_life_days, window_days, hits_per_family and families above 0")
	}
	for i, l := range p.Severity {
		bad(l.Severity.Rank() < 1, "severity has a level that is not low, medium, high or critical")
		bad(i > 0 && l.Severity.Rank() >= p.Severity[i-1].Severity.Rank(), "severity, want the most severe first")
	}
	bad(p.Label == "", "label is missing")
	return msgs
}
