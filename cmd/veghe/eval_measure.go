package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"

	"veghe"
)

// interval is what a share could have been.
type interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// curvePoint is what flagging all scores from Cut on would give.
type curvePoint struct {
	Cut       float64 `json:"cut"`
	Recall    float64 `json:"recall"`
	Precision float64 `json:"precision"`
	FPR       float64 `json:"false_positive_rate"`
}

type languageCount struct {
	Lang string `json:"lang"`
	tally
}

// tally counts units by what they are and what was made of them.
type tally struct {
	TP int `json:"true_positives"`
	FN int `json:"false_negatives"`
	FP int `json:"false_positives"`
	TN int `json:"true_negatives"`
}

func (t *tally) add(want, got bool) {
	switch {
	case want && got:
		t.TP++
	case want:
		t.FN++
	case got:
		t.FP++
	default:
		t.TN++
	}
}

// indicatorSeen is in how many units an indicator was seen, by what they are.
type indicatorSeen struct {
	Indicator veghe.IndicatorID `json:"indicator"`
	Harmful   int               `json:"harmful"`
	Harmless  int               `json:"harmless"`
}

// measure fills in what needs all units at once.
func (v *evaluation) measure(units []*unit) {
	v.languages(units)
	v.indicators(units)
	if v.TP+v.FN == 0 || v.FP+v.TN == 0 {
		return
	}
	v.curve(units)
	v.intervals(units)
}

func (v *evaluation) languages(units []*unit) {
	by := map[string]*tally{}
	for _, u := range units {
		if by[u.lang] == nil {
			by[u.lang] = &tally{}
		}
		by[u.lang].add(u.want, u.flagged[v.Category] > 0)
	}
	for _, l := range slices.Sorted(maps.Keys(by)) {
		v.Languages = append(v.Languages, languageCount{l, *by[l]})
	}
}

// indicators counts those of the category and the common ones, most telling
// first.
func (v *evaluation) indicators(units []*unit) {
	by := map[veghe.IndicatorID]*indicatorSeen{}
	for _, u := range units {
		for _, c := range []veghe.Category{v.Category, veghe.Common} {
			for id := range u.indicators[c] {
				if by[id] == nil {
					by[id] = &indicatorSeen{Indicator: id}
				}
				if u.want {
					by[id].Harmful++
				} else {
					by[id].Harmless++
				}
			}
		}
	}
	for _, s := range by {
		v.Indicators = append(v.Indicators, *s)
	}
	slices.SortFunc(v.Indicators, func(a, b indicatorSeen) int {
		return cmp.Or(cmp.Compare(b.Harmful, a.Harmful), cmp.Compare(a.Harmless, b.Harmless), cmp.Compare(a.Indicator, b.Indicator))
	})
}

// cuts are the scores at which the curve is written down.
var cuts = []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99}

// curve also computes the average precision: the precision at each harmful
// unit, from the highest score down, units of one score together.
func (v *evaluation) curve(units []*unit) {
	for _, cut := range cuts {
		var t tally
		for _, u := range units {
			t.add(u.want, u.score[v.Category] >= cut)
		}
		p := curvePoint{Cut: cut, Recall: share(t.TP, t.FN), Precision: 1, FPR: share(t.FP, t.TN)}
		if t.TP+t.FP > 0 {
			p.Precision = share(t.TP, t.FP)
		}
		v.Curve = append(v.Curve, p)
	}
	area := averagePrecision(units, v.Category)
	v.AveragePrecision = &area
}

func averagePrecision(units []*unit, c veghe.Category) (area float64) {
	ranked := slices.Clone(units)
	slices.SortStableFunc(ranked, func(a, b *unit) int { return cmp.Compare(b.score[c], a.score[c]) })
	harmful, seen, all := 0, 0, 0
	for _, u := range units {
		if u.want {
			all++
		}
	}
	for i := 0; i < len(ranked); {
		k, more := i, 0
		for k < len(ranked) && ranked[k].score[c] == ranked[i].score[c] {
			if ranked[k].want {
				more++
			}
			k++
		}
		harmful, seen, i = harmful+more, k, k
		area += float64(more) / float64(all) * float64(harmful) / float64(seen)
	}
	return area
}

// resamples is how often the intervals draw the units anew.
const resamples = 1000

// intervals draws whole clusters with replacement, always the same draws:
// the posts of one author or conversation tell little more than one of them.
func (v *evaluation) intervals(units []*unit) {
	at := map[string]int{}
	var clusters []tally
	for _, u := range units {
		k, ok := at[u.cluster]
		if !ok {
			k = len(clusters)
			at[u.cluster] = k
			clusters = append(clusters, tally{})
		}
		clusters[k].add(u.want, u.flagged[v.Category] > 0)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var recall, precision, fpr []float64
	for range resamples {
		var t tally
		for range clusters {
			c := clusters[rng.IntN(len(clusters))]
			t.TP, t.FN, t.FP, t.TN = t.TP+c.TP, t.FN+c.FN, t.FP+c.FP, t.TN+c.TN
		}
		recall = append(recall, share(t.TP, t.FN))
		precision = append(precision, share(t.TP, t.FP))
		fpr = append(fpr, share(t.FP, t.TN))
	}
	v.Recall = between(v.recall(), recall)
	v.Precision = between(v.precision(), precision)
	v.FPR = between(v.fpr(), fpr)
}

// between is the middle 95 % of what was drawn; nil if there is no such
// share.
func between(value float64, drawn []float64) *interval {
	drawn = slices.DeleteFunc(drawn, math.IsNaN)
	if math.IsNaN(value) || len(drawn) == 0 {
		return nil
	}
	slices.Sort(drawn)
	n := len(drawn)
	return &interval{value, drawn[n*25/1000], drawn[min(n-1, n*975/1000)]}
}

func (i *interval) String() string {
	if i == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f (%.3f–%.3f)", i.Value, i.Low, i.High)
}

func printDetails(out io.Writer, results []evaluation) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for i := range results {
		v := &results[i]
		fmt.Fprintf(w, "\n%s\n", v.Category)
		fmt.Fprintf(w, "recall\t%s\nprecision\t%s\nfalse positive rate\t%s\n", v.Recall, v.Precision, v.FPR)
		if v.AveragePrecision != nil {
			fmt.Fprintf(w, "average precision\t%.3f\n", *v.AveragePrecision)
			fmt.Fprintln(w, "SCORE FROM\tRECALL\tPRECISION\tFALSE POSITIVE RATE")
		}
		for _, p := range v.Curve {
			fmt.Fprintf(w, "%.2f\t%.3f\t%.3f\t%.3f\n", p.Cut, p.Recall, p.Precision, p.FPR)
		}
		fmt.Fprintln(w, "LANGUAGE\tSHOULD FLAG\tFOUND\tHARMLESS\tFLAGGED")
		for _, l := range v.Languages {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", l.Lang, l.TP+l.FN, l.TP, l.FP+l.TN, l.FP)
		}
		fmt.Fprintln(w, "INDICATOR\tIN HARMFUL\tIN HARMLESS")
		for _, s := range v.Indicators {
			fmt.Fprintf(w, "%s\t%d\t%d\n", s.Indicator, s.Harmful, s.Harmless)
		}
	}
	return w.Flush()
}
