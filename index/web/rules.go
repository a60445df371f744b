package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

type rulesPage struct {
	Page
	Groups []ruleGroup
	Count  int
	Ending int // exceptions that end soon, or ended
}

type ruleGroup struct {
	Category veghe.Category
	Rules    []ruleRow
}

// ruleRow is a rule with what people made of the posts it was found in.
type ruleRow struct {
	RuleInfo
	Agreed *store.Precision // nil: nothing is known
	Fired  index.Fired      // in how many posts the indicator was seen lately
	AllOf  int              // of how many
}

func (d *desk) rulesPage(w http.ResponseWriter, r *http.Request) error {
	all, err := d.ruleRows(r)
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	p := rulesPage{Page: d.page(r, l.T("rules.title")), Count: len(all)}
	p.Nav = "rules"
	for _, e := range d.exceptionRows() {
		if e.Soon || e.Expired {
			p.Ending++
		}
	}
	for _, c := range []veghe.Category{veghe.Recruitment, veghe.Grooming, veghe.Common} {
		g := ruleGroup{Category: c}
		for _, x := range all {
			if x.Category == c {
				x.Title = l.Indicator(x.Indicator, x.Title)
				g.Rules = append(g.Rules, x)
			}
		}
		if len(g.Rules) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return d.render(w, r, http.StatusOK, "rules", p)
}

// ruleRows are the loaded rules in order of their ids.
func (d *desk) ruleRows(r *http.Request) ([]ruleRow, error) {
	ctx, cancel := deadline(r)
	defer cancel()
	agreed, err := d.agreed(ctx)
	if err != nil {
		return nil, err
	}
	rates, err := d.Rates(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("reading base rates: %w", err)
	}
	var rows []ruleRow
	for _, x := range d.Rules() {
		rows = append(rows, ruleRow{x, agreed[x.Rule], rates.Of(x.Indicator, x.Status == "experimental"), rates.All})
	}
	slices.SortFunc(rows, func(a, b ruleRow) int { return cmp.Compare(a.Rule, b.Rule) })
	return rows, nil
}

// agreed is how often people agreed with each rule.
func (d *desk) agreed(ctx context.Context) (map[veghe.RuleID]*store.Precision, error) {
	all, err := d.Precisions(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading how often people agreed: %w", err)
	}
	out := make(map[veghe.RuleID]*store.Precision, len(all))
	for i := range all {
		out[all[i].Rule] = &all[i]
	}
	return out, nil
}

// ruleJSON is a rule in the API.
type ruleJSON struct {
	Rule           veghe.RuleID      `json:"rule"`
	Indicator      veghe.IndicatorID `json:"indicator"`
	Title          string            `json:"title"`
	Category       veghe.Category    `json:"category"`
	Family         string            `json:"family"`
	Strength       string            `json:"strength"`
	Weight         *float64          `json:"weight,omitempty"`
	Status         string            `json:"status"`
	Why            string            `json:"why"`
	FalsePositives []string          `json:"false_positives"`
	// Seen is in how many of the posts of the last days the indicator was seen.
	Seen  int `json:"seen"`
	Posts int `json:"posts"`
	// Reviews is absent while nobody decided on a post with the rule.
	Reviews *store.Precision `json:"reviews,omitempty"`
}

func (d *desk) apiRules(w http.ResponseWriter, r *http.Request) error {
	rows, err := d.ruleRows(r)
	if err != nil {
		return err
	}
	out := make([]ruleJSON, len(rows))
	for i, x := range rows {
		out[i] = ruleJSON{
			Rule: x.Rule, Indicator: x.Indicator, Title: x.Title, Category: x.Category, Family: x.Family, Strength: x.Strength,
			Weight: x.Weight, Status: x.Status, Why: x.Why, FalsePositives: append([]string{}, x.FalsePositives...), Seen: x.Fired.All, Posts: x.AllOf, Reviews: x.Agreed,
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"rules": out})
}
