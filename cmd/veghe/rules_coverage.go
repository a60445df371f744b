package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"veghe"
	"veghe/detect"
	"veghe/detect/rule"
)

// ruleCoverage is what the examples of one rule try out.
type ruleCoverage struct {
	Rule   veghe.RuleID            `json:"rule"`
	Title  string                  `json:"title"`
	Status rule.Status             `json:"status"`
	Langs  map[string]langCoverage `json:"langs"`
	// Untried are signals that no example finds.
	Untried []string `json:"untried,omitempty"`
}

// langCoverage counts the terms and examples of one language.
type langCoverage struct {
	Terms   int `json:"terms"`
	Match   int `json:"match"`
	NoMatch int `json:"no_match"`
	Todo    int `json:"todo"`
}

// rulesCoverage shows indicators by language: terms, and examples that must
// and must not match; then what no example tries.
func rulesCoverage(e env, cfg config, o rulesOptions) error {
	set, engine, err := analystEngine(cfg)
	if err != nil {
		return err
	}
	langs := set.Languages()
	var all []ruleCoverage
	for _, r := range set.Rules() {
		if r.Status != rule.Deprecated {
			all = append(all, coverageOf(engine, r))
		}
	}
	if o.json {
		return json.NewEncoder(e.out).Encode(map[string]any{"languages": langs, "rules": all})
	}
	return printCoverage(e.out, langs, all)
}

func coverageOf(engine *detect.Engine, r *rule.Rule) ruleCoverage {
	c := ruleCoverage{Rule: r.ID, Title: r.Title, Status: r.Status, Langs: map[string]langCoverage{}}
	count := func(lang string, add func(*langCoverage)) {
		l := c.Langs[lang]
		add(&l)
		c.Langs[lang] = l
	}
	for _, s := range r.Signals {
		for _, t := range s.Terms {
			count(t.Lang, func(l *langCoverage) { l.Terms++ })
		}
		for _, p := range s.Patterns {
			count(p.Lang, func(l *langCoverage) { l.Terms++ })
		}
	}
	tried := map[string]bool{}
	for i := range r.Examples {
		ex := &r.Examples[i]
		count(ex.Lang, func(l *langCoverage) {
			switch ex.Match {
			case rule.Match:
				l.Match++
			case rule.NoMatch:
				l.NoMatch++
			case rule.Todo:
				l.Todo++
			}
		})
		noteSignals(engine, r, ex, tried)
	}
	for _, s := range r.Signals {
		if !tried[s.Name] {
			c.Untried = append(c.Untried, s.Name)
		}
	}
	return c
}

func noteSignals(engine *detect.Engine, r *rule.Rule, ex *rule.Example, tried map[string]bool) {
	x, _ := engine.Explain(*ex.Post(), r.ID)
	for _, v := range x.Rules {
		if v.Rule != r.ID {
			continue
		}
		for _, s := range v.Signals {
			tried[s.Name] = tried[s.Name] || s.Found
		}
	}
	for _, s := range r.Signals { // what examples give instead of a text
		if _, given := ex.Features[s.Feature]; given && s.Kind == rule.FeatureKind {
			tried[s.Name] = true
		}
	}
}

func printCoverage(out io.Writer, langs []string, all []ruleCoverage) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "RULE\t%s\tany\n", strings.Join(langs, "\t"))
	totals := map[string]int{}
	for _, c := range all {
		cells := make([]string, 0, len(langs)+1)
		for _, l := range append(slices.Clone(langs), rule.AnyLang) {
			v, ok := c.Langs[l]
			if !ok {
				cells = append(cells, "–")
				continue
			}
			totals[l]++
			cells = append(cells, fmt.Sprintf("%d +%d -%d", v.Terms, v.Match, v.NoMatch))
		}
		fmt.Fprintf(w, "%s\t%s\n", c.Rule, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nterms, examples that must match (+) and must not (-)")
	for _, l := range langs {
		fmt.Fprintf(out, "%s: %d of %d rules\n", l, totals[l], len(all))
	}
	for _, c := range all {
		if len(c.Untried) > 0 {
			fmt.Fprintf(out, "no example finds signal %s of %s\n", strings.Join(c.Untried, ", "), c.Rule)
		}
	}
	return nil
}
