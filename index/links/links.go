// Package links finds what hangs together: from one phone, handle, e-mail,
// site, author or template to the others that share posts with it, two steps
// far, each link with its reason.
//
// A link is a lead, not a finding: people share phones, and a switchboard
// links everybody. So values that a person marked as not identifying are left
// out, values in very many posts are shown and not followed, and a graph that
// grows past its bounds is refused, with the values that hold it together,
// instead of drawn as a ball of wool.
//
//	start ─posts─▶ what else stands in them ─posts─▶ what else stands in those
//
// The package is pure but for the [Finder] it is given, and its results depend
// on nothing but what that returns: the same posts give the same picture.
package links

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
)

// Kinds are the kinds of a Node, each with the field of a query that finds it.
var Kinds = map[string]string{
	"phone": "phone", "email": "email", "handle": "handle", "site": "url", "author": "author", "cluster": "cluster",
}

// Node is something that posts can share.
type Node struct {
	Kind, Value string
	// Source is that of an author, whose name means nothing elsewhere.
	Source veghe.SourceID
	// Post is one of its posts: what names an author without naming them.
	Post veghe.PostID
	// Posts is how many have it, as far as was looked.
	Posts int
	// Step is how far it is from the start: 0, 1 or 2.
	Step int
	// Hub says that it is in too many posts to be followed.
	Hub bool
}

// key tells nodes apart.
func (n Node) key() string { return n.Kind + "\x1f" + string(n.Source) + "\x1f" + n.Value }

// Why is the reason of a link.
type Why string

// The reasons.
const (
	SamePost Why = "same_post" // two contacts given in one post
	Wrote    Why = "wrote"     // an author gave the contact
	Template Why = "template"  // given in copies of one text
	Copied   Why = "copied"    // an author posted a copy of the text
)

// Edge links two nodes, by their places in Graph.Nodes; A is nearer the start.
type Edge struct {
	A, B        int
	Why         Why
	Posts       int            // that have both
	Disguised   int            // of these, where a contact was written so that machines miss it
	Examples    []veghe.PostID // at most three, the newest first
	First, Last time.Time      // zero where no post says when
}

// Graph is what hangs together.
type Graph struct {
	Nodes []Node // the start first
	Edges []Edge
	// TooLarge says that it was given up; Holding are then the values that
	// link the most, for somebody to judge.
	TooLarge bool
	Holding  []Node
	// Cut are values left out because somebody marked them.
	Cut []Node
	// Partial says that the start has more posts than were looked at.
	Partial bool
}

// Limits bound the work and the picture; zero values are the defaults.
type Limits struct {
	Nodes int    // in one graph: 60
	Hub   uint64 // posts of a value that is not followed: 300
}

func (l Limits) orDefaults() Limits {
	l.Nodes = cmp.Or(l.Nodes, 60)
	l.Hub = cmp.Or(l.Hub, 300)
	return l
}

// Finder returns the newest posts that have a node, and how many there are.
type Finder func(ctx context.Context, n Node) (hits []index.Hit, total uint64, err error)

// Find looks two steps around a start. marked reports values that do not
// identify anybody. It fails only if find does.
func Find(ctx context.Context, start Node, find Finder, marked func(Node) bool, l Limits) (*Graph, error) {
	b := &builder{
		Graph: &Graph{}, limits: l.orDefaults(), find: find, marked: marked,
		at: map[string]int{}, edges: map[[2]int]*Edge{}, cut: map[string]bool{},
	}
	b.node(start, 0)
	for i := 0; i < len(b.Nodes) && b.Nodes[i].Step < 2 && !b.TooLarge; i++ {
		if err := b.follow(ctx, i); err != nil {
			return nil, err
		}
	}
	b.finish()
	return b.Graph, nil
}

type builder struct {
	*Graph
	limits Limits
	find   Finder
	marked func(Node) bool
	at     map[string]int
	edges  map[[2]int]*Edge
	cut    map[string]bool
}

// node is the place of a node, added if it is new.
func (b *builder) node(n Node, step int) int {
	if i, ok := b.at[n.key()]; ok {
		return i
	}
	n.Step = step
	b.Nodes = append(b.Nodes, n)
	b.at[n.key()] = len(b.Nodes) - 1
	return len(b.Nodes) - 1
}

// follow looks through the posts of one node.
func (b *builder) follow(ctx context.Context, from int) error {
	n := b.Nodes[from]
	hits, total, err := b.find(ctx, n)
	if err != nil {
		return err
	}
	b.Nodes[from].Posts = int(min(total, 1<<31-1))
	if total > b.limits.Hub {
		b.Nodes[from].Hub = true
		if from > 0 {
			return nil
		}
		b.Partial = true
	}
	found := map[[2]int]*Edge{}
	for _, h := range hits {
		for _, other := range Of(h) {
			if other.key() == n.key() || !b.keeps(other) {
				continue
			}
			to := b.node(other, n.Step+1)
			if b.Nodes[to].Posts == 0 {
				b.Nodes[to].Posts = 1
			}
			b.link(found, from, to, h)
		}
		if len(b.Nodes) > b.limits.Nodes {
			b.TooLarge = true
			break
		}
	}
	for ends, e := range found {
		if old := b.edges[ends]; old == nil || old.Posts < e.Posts {
			b.edges[ends] = e
		}
	}
	return nil
}

// keeps reports whether a node is not marked, and notes it if it is.
func (b *builder) keeps(n Node) bool {
	if !b.marked(n) {
		return true
	}
	if !b.cut[n.key()] {
		b.cut[n.key()] = true
		b.Cut = append(b.Cut, n)
	}
	return false
}

func (b *builder) link(found map[[2]int]*Edge, from, to int, h index.Hit) {
	ends := [2]int{min(from, to), max(from, to)}
	e := found[ends]
	if e == nil {
		e = &Edge{A: ends[0], B: ends[1], Why: reason(b.Nodes[from], b.Nodes[to])}
		found[ends] = e
	}
	e.Posts++
	if len(e.Examples) < 3 {
		e.Examples = append(e.Examples, h.Post.ID)
	}
	if disguised(h, b.Nodes[from]) || disguised(h, b.Nodes[to]) {
		e.Disguised++
	}
	if t := h.Post.Written(); !t.IsZero() {
		if e.First.IsZero() || t.Before(e.First) {
			e.First = t
		}
		if t.After(e.Last) {
			e.Last = t
		}
	}
}

func reason(a, b Node) Why {
	switch {
	case a.Kind == "cluster" && b.Kind == "author", a.Kind == "author" && b.Kind == "cluster":
		return Copied
	case a.Kind == "cluster" || b.Kind == "cluster":
		return Template
	case a.Kind == "author" || b.Kind == "author":
		return Wrote
	}
	return SamePost
}

func disguised(h index.Hit, n Node) bool {
	return slices.ContainsFunc(h.Assessment.Contacts, func(c veghe.Contact) bool {
		return c.Obfuscated && (c.Kind == n.Kind && c.Value == n.Value || c.Kind == "url" && n.Kind == "site" && Host(c.Value) == n.Value)
	})
}

// finish puts the edges in order and, of a graph given up, keeps only what
// holds it together.
func (b *builder) finish() {
	for _, e := range b.edges {
		b.Edges = append(b.Edges, *e)
	}
	slices.SortFunc(b.Edges, func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(y.Posts, x.Posts), cmp.Compare(x.B, y.B))
	})
	if !b.TooLarge {
		return
	}
	degree := make([]int, len(b.Nodes))
	for _, e := range b.Edges {
		degree[e.A]++
		degree[e.B]++
	}
	order := make([]int, len(b.Nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(degree[y], degree[x]) })
	for _, i := range order[:min(8, len(order))] {
		b.Holding = append(b.Holding, b.Nodes[i])
	}
	b.Nodes, b.Edges = b.Nodes[:1], nil
}

// Of lists what a post could share with others, each once, in the order in
// which it stands there.
func Of(h index.Hit) []Node {
	var out []Node
	add := func(kind, value string, source veghe.SourceID) {
		n := Node{Kind: kind, Value: value, Source: source, Post: h.Post.ID}
		if value != "" && !slices.ContainsFunc(out, func(x Node) bool { return x.key() == n.key() }) {
			out = append(out, n)
		}
	}
	add("author", string(h.Post.Author), h.Post.Source)
	own := Host(h.Post.URL)
	for _, c := range h.Assessment.Contacts {
		switch c.Kind {
		case "phone", "email", "handle":
			add(c.Kind, c.Value, "")
		case "url":
			if host := Host(c.Value); host != own { // the board it stands on links everybody
				add("site", host, "")
			}
		}
	}
	if c := h.Assessment.Cluster; c != nil && c.Size > 1 {
		add("cluster", c.ID, "")
	}
	return out
}

// Host is the name of the site of an address, without www.
func Host(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
