package web

import (
	"strings"
	"time"

	"veghe/index"
)

// histogram is a small bar chart of posts per day, drawn by the server. Every
// bar is a link to its day; a table says the same in words.
type histogram struct {
	Width, Height int
	Bars          []bar
	First, Last   time.Time
	Per, Slots    int    // days in a bar; bars that fit, drawn or not
	From, To      string // the days chosen: 2006-01-02, or empty
	Max           int
}

type bar struct {
	X, Y, W, H int
	Day        time.Time
	Until      time.Time // the last day of the bar
	Count      int
	Href       string
}

const (
	chartWidth  = 960
	chartHeight = 56
	maxBars     = 120
)

// newHistogram draws the days of a result, or nil where there is nothing to
// compare. Longer stretches are drawn as bars of several days.
func newHistogram(_ *locale, p *resultsPage, days []index.Count) *histogram {
	type day struct {
		at time.Time
		n  int
	}
	var ds []day
	for _, c := range days {
		if t, err := time.Parse(time.DateOnly, c.Value); err == nil {
			ds = append(ds, day{t, c.Count})
		}
	}
	if len(ds) < 2 {
		return nil
	}
	const oneDay = 24 * time.Hour
	h := &histogram{Width: chartWidth, Height: chartHeight, First: ds[0].at, Last: ds[len(ds)-1].at}
	span := int(h.Last.Sub(h.First)/oneDay) + 1
	per := (span + maxBars - 1) / maxBars
	counts := make([]int, (span+per-1)/per)
	for _, d := range ds {
		if i := int(d.at.Sub(h.First)/oneDay) / per; i >= 0 && i < len(counts) {
			counts[i] += d.n
			h.Max = max(h.Max, counts[i])
		}
	}
	step := min(float64(chartWidth)/float64(len(counts)), 32)
	for i, n := range counts {
		if n == 0 {
			continue
		}
		from := h.First.AddDate(0, 0, i*per)
		until := from.AddDate(0, 0, per-1)
		height := max(2, n*(chartHeight-4)/h.Max)
		h.Bars = append(h.Bars, bar{
			X: int(float64(i) * step), W: max(2, int(step)-2), Y: chartHeight - height, H: height,
			Day: from, Until: until, Count: n, Href: dayLink(p, from, until),
		})
	}
	h.Width = int(step * float64(len(counts)))
	h.Per, h.Slots = per, len(counts)
	return h
}

func dayLink(p *resultsPage, from, until time.Time) string {
	q := withoutPosted(p.Query)
	value := from.Format(time.DateOnly)
	if until.After(from) {
		value += ".." + until.Format(time.DateOnly)
	}
	return searchLink(with(q, "posted:"+value), p.Sort, p.All, "")
}

// chosenDays are the ends of the days that a search asks for, each empty if
// it is open or not a day.
func chosenDays(q string) (from, to string) {
	for _, t := range terms(q) {
		if t.Field != "posted" || t.Not || !t.Removes {
			continue
		}
		a, b, isRange := strings.Cut(t.Value, "..")
		if !isRange {
			b = a
		}
		return dayIn(a), dayIn(b)
	}
	return "", ""
}
