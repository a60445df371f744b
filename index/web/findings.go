package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Otherwise is what would have become of a post without one indicator.
type Otherwise struct {
	Without  veghe.IndicatorID `json:"without"`
	Flagged  bool              `json:"flagged"`
	Severity veghe.Severity    `json:"severity"`
}

// findingGroup is one indicator with all of its variants that were seen.
type findingGroup struct {
	Indicator veghe.IndicatorID
	Category  veghe.Category
	Family    string
	Num       int // in the text and in the list, from 1
	Title     string
	Href      string
	Weight    float64 // of the weightiest variant, which stands for all
	Shadow    bool    // none of the variants scores
	Variants  []findingRow
	Rate      *rateView
	// Otherwise is what would have become of the post without the indicator;
	// nil if the same.
	Otherwise *Otherwise
	// Closes are the categories whose gate the indicator closes.
	Closes []veghe.Category
}

// Against says that the indicator speaks for an innocent reading.
func (g *findingGroup) Against() bool { return !g.Shadow && g.Weight < 0 }

// Lowers is what an indicator against takes off.
func (g *findingGroup) Lowers() float64 { return -g.Weight }

// Judged says that people decided on posts with one of the variants.
func (g *findingGroup) Judged() bool {
	return slices.ContainsFunc(g.Variants, func(v findingRow) bool { return v.Agreed != nil })
}

// findingRow is one rule of an indicator.
type findingRow struct {
	veghe.Finding
	Places []string
	Agreed *store.Precision // how often people agreed with the rule
}

// rateView is a base rate in words.
type rateView struct {
	index.Fired
	HereOf, AllOf int // assessed posts
}

// Common says that the sign is seen in more than one post of twenty here:
// beside such a rate it says little.
func (r *rateView) Common() bool { return r.HereOf >= 200 && 20*r.Here > r.HereOf }

// groups folds the findings of one indicator together: those that speak for
// it by weight, then what speaks against, then what is only seen in shadow.
func groups(findings []veghe.Finding) []findingGroup {
	var out []findingGroup
	for _, f := range findings {
		i := slices.IndexFunc(out, func(g findingGroup) bool { return g.Indicator == f.Indicator })
		if i < 0 {
			i = len(out)
			out = append(out, findingGroup{Indicator: f.Indicator, Category: f.Category, Family: f.Family, Shadow: true})
		}
		out[i].Variants = append(out[i].Variants, newFindingRow(f))
	}
	for i := range out {
		out[i].settle()
	}
	rank := func(g *findingGroup) int {
		switch {
		case g.Shadow:
			return 2
		case g.Weight < 0:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(a, b findingGroup) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), -cmp.Compare(math.Abs(a.Weight), math.Abs(b.Weight)), cmp.Compare(a.Indicator, b.Indicator))
	})
	for i := range out {
		out[i].Num = i + 1
	}
	return out
}

func newFindingRow(f veghe.Finding) findingRow {
	row := findingRow{Finding: f}
	for _, s := range f.Spans {
		if !slices.Contains(row.Places, s.Text) {
			row.Places = append(row.Places, s.Text)
		}
	}
	return row
}

// settle puts the variants that score first, the weightiest before, and takes
// weight, category and family from that one.
func (g *findingGroup) settle() {
	slices.SortStableFunc(g.Variants, func(a, b findingRow) int {
		if a.Shadow != b.Shadow {
			if a.Shadow {
				return 1
			}
			return -1
		}
		return -cmp.Compare(math.Abs(a.Weight), math.Abs(b.Weight))
	})
	first := &g.Variants[0]
	g.Weight, g.Category, g.Family, g.Shadow = first.Weight, first.Category, first.Family, first.Shadow
}

// groupMarks are the marks of title and text, numbered by group.
func groupMarks(all []findingGroup, matches []veghe.Span) (title, text []mark) {
	for _, g := range all {
		for _, v := range g.Variants {
			t, x := marksOf([]veghe.Finding{v.Finding}, nil)
			for _, ms := range [][]mark{t, x} {
				for i := range ms {
					ms[i].Num = g.Num
				}
			}
			title, text = append(title, t...), append(text, x...)
		}
	}
	t, x := marksOf(nil, matches)
	return append(title, t...), append(text, x...)
}

// findings fills what was seen, with what is known about each sign.
func (d *desk) findings(ctx context.Context, l *locale, h index.Hit, all []Sum) ([]findingGroup, error) {
	agreed, err := d.agreed(ctx)
	if err != nil {
		return nil, err
	}
	rates, err := d.rates(ctx, h)
	if err != nil {
		return nil, err
	}
	titles := d.titles()
	out := groups(h.Assessment.Findings)
	other, _ := d.Otherwise(assessed(h))
	for i := range out {
		g := &out[i]
		g.Title = l.Indicator(g.Indicator, titles[g.Indicator].Title)
		g.Href = queryLink("indicator", string(g.Indicator))
		if rates.All > 0 {
			g.Rate = &rateView{rates.Of(g.Indicator, g.Shadow), rates.Here, rates.All}
		}
		for k := range g.Variants {
			g.Variants[k].Agreed = agreed[g.Variants[k].Rule]
		}
		if k := slices.IndexFunc(other, func(o Otherwise) bool { return o.Without == g.Indicator }); k >= 0 {
			g.Otherwise = &other[k]
		}
		for _, s := range all {
			if slices.Contains(s.Gate.By, g.Indicator) {
				g.Closes = append(g.Closes, s.Category)
			}
		}
	}
	return out, nil
}

// rates are the base rates of the place and the language of a post.
func (d *desk) rates(ctx context.Context, h index.Hit) (index.Rates, error) {
	r, err := d.Rates(ctx, h.Post.Source, index.MainLang(h.Assessment.Lang))
	if err != nil {
		return r, fmt.Errorf("reading base rates: %w", err)
	}
	return r, nil
}

// ratesOf keeps the rates of the indicators that a post shows.
func ratesOf(r index.Rates, findings []veghe.Finding) index.Rates {
	fired := []index.Fired{}
	for _, g := range groups(findings) {
		fired = append(fired, r.Of(g.Indicator, g.Shadow))
	}
	r.Fired = fired
	return r
}

func assessed(h index.Hit) veghe.Assessed {
	return h.Assessed()
}
