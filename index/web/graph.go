package web

import (
	"context"
	"slices"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/links"
)

// graphView is a graph as a page shows it: a drawing and, for those who do
// not see it, a table of the same links.
type graphView struct {
	*links.Drawing
	Nodes    []nodeView
	Edges    []edgeView
	TooLarge bool
	Partial  bool
	Holding  []nodeView
	Cut      []nodeView
}

type nodeView struct {
	links.Box
	Label string // short
	Full  string
	Href  string
	Start bool
}

type edgeView struct {
	links.Line
	From, To nodeView
	Why      string
	Said     string // the whole reason in words
}

// graph finds and draws what hangs together with a subject.
func (d *desk) graph(ctx context.Context, l *locale, s subject, start index.Result) (*graphView, error) {
	marks, err := d.Marks.Marks(ctx)
	if err != nil {
		return nil, err
	}
	at := s.Node
	if at.Kind == "url" {
		at.Kind, at.Value = "site", links.Host(at.Value)
	}
	find := func(ctx context.Context, n links.Node) ([]index.Hit, uint64, error) {
		if n.Kind == at.Kind && n.Value == at.Value && n.Source == at.Source {
			return start.Hits, start.Total, nil
		}
		res, err := d.Search.Search(ctx, index.Query{Text: nodeQuery(n), All: true, Size: 100, Sort: "newest", Facets: []string{}})
		return res.Hits, res.Total, err
	}
	g, err := links.Find(ctx, at, find, d.marked(marks), links.Limits{})
	if err != nil {
		return nil, err
	}
	return d.graphView(l, g), nil
}

func (d *desk) marked(marks []store.Mark) func(links.Node) bool {
	is := map[[2]string]bool{}
	for _, m := range marks {
		is[[2]string{m.Kind, m.Value}] = true
	}
	return func(n links.Node) bool {
		v := d.markValue(n)
		return is[[2]string{n.Kind, v}] || n.Kind == "site" && is[[2]string{"url", v}]
	}
}

func (d *desk) graphView(l *locale, g *links.Graph) *graphView {
	v := &graphView{TooLarge: g.TooLarge, Partial: g.Partial}
	for _, n := range g.Holding {
		v.Holding = append(v.Holding, d.nodeView(l, links.Box{Node: n}))
	}
	for _, n := range g.Cut {
		v.Cut = append(v.Cut, d.nodeView(l, links.Box{Node: n}))
	}
	if g.TooLarge || len(g.Edges) == 0 {
		return v
	}
	v.Drawing = g.Draw()
	for i, b := range v.Boxes {
		nv := d.nodeView(l, b)
		nv.Start = i == 0
		v.Nodes = append(v.Nodes, nv)
	}
	for _, line := range v.Lines {
		e := edgeView{Line: line, From: v.Nodes[line.A], To: v.Nodes[line.B], Why: l.T("edge." + string(line.Why))}
		e.Said = e.From.Full + " – " + e.To.Full + ": " + e.Why + ", " + l.N("n.posts", line.Posts)
		v.Edges = append(v.Edges, e)
	}
	return v
}

// labelOf is how many letters of a value fit into a box.
const labelOf = 27

func (d *desk) nodeView(l *locale, b links.Box) nodeView {
	v := nodeView{Box: b, Href: d.nodePath(b.Node), Full: b.Value}
	switch b.Kind {
	case "author":
		v.Full = l.T("author.short", "id", d.pseudo.short(b.Source, veghe.AuthorID(b.Value)))
	case "email", "site":
		v.Full = defang(b.Value)
	case "cluster":
		v.Full = l.T("entity.template", "id", b.Value)
	}
	v.Label = v.Full
	if r := []rune(v.Full); len(r) > labelOf {
		v.Label = string(r[:labelOf-1]) + "…"
	}
	return v
}

// lanes is a timeline: one lane for each source, one dot for each post.
type lanes struct {
	Width, Height int
	Lanes         []lane
	First, Last   time.Time
	More          int // posts of sources without a lane
}

type lane struct {
	Y, Text int // of its line, and of its name
	Source  veghe.SourceID
	Count   int
	Dots    []laneDot
}

type laneDot struct {
	X, Y    int
	Href    string
	At      time.Time
	Flagged bool
	Said    string
}

const (
	lanesWidth = 960
	laneHeight = 26
	laneLabel  = 180
	maxLanes   = 8
)

// newLanes draws when posts were written, or nil where there is nothing to
// compare.
func newLanes(l *locale, hits []index.Hit) *lanes {
	if len(hits) < 2 {
		return nil
	}
	by := map[veghe.SourceID][]index.Hit{}
	v := &lanes{Width: lanesWidth}
	for _, h := range hits {
		t := h.Post.Written()
		if t.IsZero() {
			continue
		}
		by[h.Post.Source] = append(by[h.Post.Source], h)
		if v.First.IsZero() || t.Before(v.First) {
			v.First = t
		}
		if t.After(v.Last) {
			v.Last = t
		}
	}
	sources := make([]veghe.SourceID, 0, len(by))
	for s := range by {
		sources = append(sources, s)
	}
	slices.SortFunc(sources, func(a, b veghe.SourceID) int {
		if n := len(by[b]) - len(by[a]); n != 0 {
			return n
		}
		return compareIDs(a, b)
	})
	span := max(float64(v.Last.Sub(v.First)), 1)
	for i, s := range sources {
		if i >= maxLanes {
			v.More += len(by[s])
			continue
		}
		ln := lane{Y: i*laneHeight + laneHeight/2, Source: s, Count: len(by[s])}
		ln.Text = ln.Y + 4
		for _, h := range by[s] {
			t := h.Post.Written()
			x := laneLabel + 8 + int(float64(lanesWidth-laneLabel-20)*float64(t.Sub(v.First))/span)
			ln.Dots = append(ln.Dots, laneDot{X: x, Y: ln.Y, Href: postPath(h.Post.ID), At: t, Flagged: h.Assessment.Flagged, Said: l.Time(t)})
		}
		v.Lanes = append(v.Lanes, ln)
	}
	v.Height = len(v.Lanes) * laneHeight
	return v
}

func compareIDs(a, b veghe.SourceID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
