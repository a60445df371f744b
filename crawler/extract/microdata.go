package extract

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// microdata reads schema.org items from itemscope, itemtype and itemprop.
func (p *page) microdata() bool {
	m := microThings{}
	m.walk(p.doc.Nodes[0], nil, 0, 0)
	if m.count >= maxThings {
		p.problem("more than %d microdata items, the rest is left out", maxThings)
	}
	return p.schema(m.roots)
}

type microThings struct {
	roots []*thing
	count int
}

// walk collects the things below n; in is the thing n belongs to, or nil.
func (m *microThings) walk(n *xhtml.Node, in *thing, depth, things int) {
	if depth > maxNesting || things > maxThingDepth {
		return
	}
	if n.Type == xhtml.ElementNode {
		in, things = m.element(n, in, things)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		m.walk(c, in, depth+1, things)
	}
}

// element reads the attributes of n and gives the thing that its children
// belong to.
func (m *microThings) element(n *xhtml.Node, in *thing, things int) (*thing, int) {
	var scope bool
	var names, types, id string
	for _, a := range n.Attr {
		switch a.Key {
		case "itemscope":
			scope = true
		case "itemprop":
			names = a.Val
		case "itemtype":
			types = a.Val
		case "itemid":
			id = a.Val
		}
	}
	if !scope || m.count >= maxThings {
		if names != "" && in != nil {
			for name := range strings.FieldsSeq(names) {
				in.add(name, microValue(n))
			}
		}
		return in, things
	}
	m.count++
	t := &thing{id: id}
	for s := range strings.FieldsSeq(types) {
		t.types = append(t.types, typeName(s))
	}
	if names == "" || in == nil {
		m.roots = append(m.roots, t)
	} else {
		for name := range strings.FieldsSeq(names) {
			in.add(name, prop{thing: t})
		}
	}
	return t, things + 1
}

// microValue is the value of a property by the rules of the HTML standard,
// with the element itself where its text counts.
func microValue(n *xhtml.Node) prop {
	switch n.DataAtom {
	case atom.Meta:
		return prop{text: attr(n, "content")}
	case atom.A, atom.Link, atom.Area:
		return prop{text: attr(n, "href")}
	case atom.Img, atom.Audio, atom.Video, atom.Source, atom.Track, atom.Embed, atom.Iframe, atom.Object:
		return prop{} // media is not looked at
	case atom.Time:
		if v := attr(n, "datetime"); v != "" {
			return prop{text: v}
		}
	case atom.Data, atom.Meter:
		return prop{text: attr(n, "value")}
	}
	if v := attr(n, "content"); v != "" {
		return prop{text: v}
	}
	return prop{node: n}
}
