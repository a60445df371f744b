package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
)

type threadRow struct {
	ID       veghe.PostID
	Href     string
	Seq      int
	Author   string
	Posted   time.Time
	Text     []piece
	Cut      bool
	Here     bool // the post of this page
	Counts   bool // an earlier post that the score rests on
	Same     bool // by the same author
	Depth    int  // of a reply beside the main line, up to maxDepth
	ReplyTo  int  // number of the post that is answered, 0 if it is the one before
	Severity veghe.Severity
	Flagged  bool
}

// maxDepth is how far replies are moved in.
const maxDepth = 4

// thread is the conversation around a post, in the order of its replies, and
// how the score of the post's author went in it.
func (d *desk) thread(ctx context.Context, l *locale, h index.Hit, needed float64) ([]threadRow, *chart, error) {
	if h.Post.Thread == "" {
		return nil, nil, nil
	}
	hits, err := d.Search.Thread(ctx, h.Post.Source, h.Post.Thread, maxThread)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the thread: %w", err)
	}
	slices.SortStableFunc(hits, func(a, b index.Hit) int {
		return cmp.Or(cmp.Compare(a.Post.Seq, b.Post.Seq), a.Post.PostedAt.Compare(b.Post.PostedAt))
	})
	line := newChart(l, hits, h, needed)
	var counts []veghe.PostID
	if h.Assessment.History != nil {
		counts = h.Assessment.History.Posts
	}
	var rows []threadRow
	for _, at := range inReplyOrder(hits) {
		row := d.threadRow(&hits[at.i], h)
		row.Depth = at.depth
		row.Counts = slices.Contains(counts, row.ID)
		if at.to >= 0 {
			row.ReplyTo = cmp.Or(hits[at.to].Post.Seq, at.to+1)
		}
		rows = append(rows, row)
	}
	return rows, line, nil
}

func (d *desk) threadRow(t *index.Hit, h index.Hit) threadRow {
	_, marks := marksOf(t.Assessment.Findings, nil)
	part, moved, before, after := excerpt(t.Post.Text, marks, threadPart)
	for i := range moved {
		moved[i].Num = 0 // the numbers are those of this page's findings
	}
	return threadRow{
		ID: t.Post.ID, Href: postPath(t.Post.ID), Seq: t.Post.Seq, Posted: t.Post.PostedAt,
		Author: d.pseudo.short(t.Post.Source, t.Post.Author), Text: pieces(part, moved), Cut: before || after,
		Here: t.Post.ID == h.Post.ID, Severity: t.Assessment.Severity, Flagged: t.Assessment.Flagged,
		Same: t.Post.Author != "" && t.Post.Author == h.Post.Author,
	}
}

// placed is a post of a thread where it is shown.
type placed struct {
	i     int // in the thread
	depth int
	to    int // the post it answers, where that is not the one shown before; else -1
}

// inReplyOrder puts replies under what they answer. A reply to the only thing
// said before stays on the main line: most talks are one line of answers, and
// those read as they were written. Only a reply to an earlier post counts, so
// that no thread has a circle.
func inReplyOrder(hits []index.Hit) []placed {
	at := make(map[veghe.PostID]int, len(hits))
	children := make([][]int, len(hits)+1) // the last: of the thread itself
	root := len(hits)
	for i := range hits {
		parent := root
		if p, ok := at[hits[i].Post.ReplyTo]; ok && hits[i].Post.ReplyTo != "" {
			parent = p
		}
		children[parent] = append(children[parent], i)
		at[hits[i].Post.ID] = i
	}
	var out []placed
	var walk func(parent, depth int)
	walk = func(parent, depth int) {
		for k, i := range children[parent] {
			d := depth
			if parent != root && len(children[parent]) > 1 && k < len(children[parent])-1 {
				d = min(depth+1, maxDepth)
			}
			to := -1
			if parent != root && (len(out) == 0 || out[len(out)-1].i != parent) {
				to = parent
			}
			out = append(out, placed{i, d, to})
			walk(i, d)
		}
	}
	walk(root, 0)
	return out
}

// chart is how an author's score went in a conversation, drawn by the server.
// The table beside it says the same in words.
type chart struct {
	Width, Height int
	Points        []chartPoint
	Line          string  // of all points, as SVG wants it
	Needed        float64 // where the gate opens; 0: nobody knows
	NeededY       int
	Base          int // the y of zero
	Top           float64
}

type chartPoint struct {
	X, Y   int
	Value  float64
	Name   string // "#5", or its place among the author's posts
	At     time.Time
	Here   bool
	Signs  []string
	Href   string
	Raised float64 // what the post itself added
}

// The inside of the chart; posts stand at even distances, since some talks
// take minutes and some weeks.
const (
	chartStep  = 72
	chartLeft  = 34
	chartTop   = 14
	chartInner = 96
	chartFoot  = 22
	maxPoints  = 40 // of the newest
)

// newChart draws the posts in which the author's evidence stands, nil when
// there are fewer than two.
func newChart(l *locale, thread []index.Hit, h index.Hit, needed float64) *chart {
	if h.Post.Author == "" {
		return nil
	}
	c := &chart{Needed: needed, Top: needed, Height: chartTop + chartInner + chartFoot, Base: chartTop + chartInner}
	mine := 0
	for _, t := range thread {
		if t.Post.Author != h.Post.Author {
			continue
		}
		mine++
		if t.Assessment.History != nil {
			c.Points = append(c.Points, newChartPoint(l, t, h, mine))
		}
	}
	c.Points = c.Points[max(0, len(c.Points)-maxPoints):]
	if len(c.Points) < 2 {
		return nil
	}
	c.layOut()
	return c
}

func newChartPoint(l *locale, t, h index.Hit, place int) chartPoint {
	hist := t.Assessment.History
	p := chartPoint{Value: max(0, hist.Score+hist.Against), Name: fmt.Sprintf("#%d", cmp.Or(t.Post.Seq, place)), At: t.Post.PostedAt, Here: t.Post.ID == h.Post.ID, Href: postPath(t.Post.ID)}
	for _, gain := range hist.Added {
		p.Raised += gain
	}
	for _, f := range t.Assessment.Findings {
		if name := l.Has("family."+f.Family, f.Family); !f.Shadow && !slices.Contains(p.Signs, name) {
			p.Signs = append(p.Signs, name)
		}
	}
	return p
}

func (c *chart) layOut() {
	for _, p := range c.Points {
		c.Top = max(c.Top, p.Value)
	}
	c.Top = max(c.Top*1.1, 0.1)
	y := func(v float64) int { return c.Base - int(v/c.Top*chartInner) }
	var line []string
	for i := range c.Points {
		p := &c.Points[i]
		p.X, p.Y = chartLeft+chartStep/2+i*chartStep, y(p.Value)
		line = append(line, fmt.Sprintf("%d,%d", p.X, p.Y))
	}
	c.Line = strings.Join(line, " ")
	c.NeededY = y(c.Needed)
	c.Width = chartLeft + len(c.Points)*chartStep
}

// Right is where lines across the chart end.
func (c *chart) Right() int { return c.Width }

// Below is where the names of the posts stand.
func (c *chart) Below() int { return c.Base + 16 }
