package links

import (
	"cmp"
	"fmt"
	"slices"
)

// Drawing is a graph laid out in three columns: the start, what it is linked
// to, and what those are linked to. Labels never cover each other, whatever
// the data, which no springs-and-charges layout promises.
type Drawing struct {
	Width, Height int
	Heads         []int // where the columns that hold anything begin
	Boxes         []Box
	Lines         []Line
}

// Box is a node with its place, in pixels.
type Box struct {
	Node
	X, Y, W, H int
}

// Line is an edge as an SVG path.
type Line struct {
	Edge
	Path  string
	Width float64 // of the stroke: more posts, thicker
}

const (
	boxWidth  = 230
	boxHeight = 26
	boxGap    = 10
	colGap    = 130
	margin    = 8
	bulge     = 60 // how far a line within a column leaves it
	heading   = 24 // above the columns
)

// Draw lays a graph out. The same graph gives the same drawing.
func (g *Graph) Draw() *Drawing {
	columns := g.columns()
	d := &Drawing{}
	rows := 1
	for _, c := range columns {
		rows = max(rows, len(c))
	}
	d.Height = heading + 2*margin + rows*(boxHeight+boxGap) - boxGap
	d.Width = 2*margin + boxWidth
	d.Boxes = make([]Box, len(g.Nodes))
	for c, nodes := range columns {
		x := margin + c*(boxWidth+colGap)
		y := heading + margin + (rows-len(nodes))*(boxHeight+boxGap)/2
		for _, i := range nodes {
			d.Boxes[i] = Box{Node: g.Nodes[i], X: x, Y: y, W: boxWidth, H: boxHeight}
			y += boxHeight + boxGap
		}
		if len(nodes) > 0 {
			d.Heads = append(d.Heads, x)
			d.Width = max(d.Width, x+boxWidth+margin+bulge)
		}
	}
	for _, e := range g.Edges {
		d.Lines = append(d.Lines, Line{Edge: e, Path: path(d.Boxes[e.A], d.Boxes[e.B]), Width: min(5, 1+float64(e.Posts)/3)})
	}
	return d
}

// columns are the nodes by step, each column in an order that keeps linked
// nodes near each other.
func (g *Graph) columns() [3][]int {
	var out [3][]int
	for i, n := range g.Nodes {
		out[n.Step] = append(out[n.Step], i)
	}
	place := make([]float64, len(g.Nodes))
	for _, nodes := range out {
		slices.SortStableFunc(nodes, func(a, b int) int {
			x, y := g.Nodes[a], g.Nodes[b]
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Value, y.Value))
		})
		g.settle(nodes, place)
	}
	for range 2 { // what stands in the middle follows both sides
		for c := len(out) - 1; c >= 0; c-- {
			g.arrange(out[c], place)
		}
		for c := range out {
			g.arrange(out[c], place)
		}
	}
	return out
}

func (g *Graph) settle(nodes []int, place []float64) {
	for k, i := range nodes {
		place[i] = (float64(k) + 0.5) / float64(len(nodes))
	}
}

// arrange sorts a column by the middle of each node's neighbours.
func (g *Graph) arrange(nodes []int, place []float64) {
	want := map[int]float64{}
	for _, i := range nodes {
		sum, n := 0.0, 0
		for _, e := range g.Edges {
			if e.A == i {
				sum, n = sum+place[e.B], n+1
			} else if e.B == i {
				sum, n = sum+place[e.A], n+1
			}
		}
		want[i] = place[i]
		if n > 0 {
			want[i] = sum / float64(n)
		}
	}
	slices.SortStableFunc(nodes, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
	g.settle(nodes, place)
}

// path is a curve between the sides that face each other, or, within a
// column, around its right side.
func path(a, b Box) string {
	if a.X > b.X {
		a, b = b, a
	}
	y1, y2 := a.Y+a.H/2, b.Y+b.H/2
	if a.X == b.X {
		x := a.X + a.W
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y1, x+bulge, y1, x+bulge, y2, x, y2)
	}
	x1, x2 := a.X+a.W, b.X
	mid := (x1 + x2) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, mid, y1, mid, y2, x2, y2)
}
