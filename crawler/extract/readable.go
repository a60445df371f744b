package extract

import (
	"errors"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	xhtml "golang.org/x/net/html"

	"veghe"
)

// Bounds of the last resort, whose cost grows faster than the page.
const (
	maxReadableNodes = 30_000
	minReadable      = 140 // bytes of text that make a page worth keeping
)

// readable takes the main text of a page about which nothing else is known.
// It loses the replies of a forum, so sources that are one say so.
func (p *page) readable() bool {
	switch p.in.Hints.Type {
	case Forum, Board, Feed:
		return false
	case Single, Auto, "":
	}
	root := p.doc.Nodes[0]
	if countNodes(root, 0) > maxReadableNodes {
		p.problem("the page has more than %d elements: its main text is not looked for", maxReadableNodes)
		return false
	}
	if p.in.Hints.Type != Single && !readability.CheckDocument(root) {
		return false // a list of links
	}
	a, err := readArticle(root, p)
	if err != nil || a.Node == nil {
		return false
	}
	text, quotes := splitQuotes(a.Node, isQuote)
	if len(text) < minReadable && p.in.Hints.Type != Single {
		return false
	}
	d := draft{kind: veghe.Forum, native: p.canonical, title: a.Title(), author: a.Byline(), text: text, quotes: quotes}
	if t, err := a.PublishedTime(); err == nil {
		d.posted = p.clock.sane(when{t, true})
	}
	p.drafts = append(p.drafts, d)
	return strings.TrimSpace(text) != ""
}

// readArticle keeps a library's trouble with hostile input to this page.
func readArticle(root *xhtml.Node, p *page) (a readability.Article, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the main text cannot be found")
		}
	}()
	parser := readability.NewParser()
	parser.MaxElemsToParse = maxReadableNodes
	parser.DisableJSONLD = true
	return parser.ParseDocument(root, p.url)
}

func countNodes(n *xhtml.Node, depth int) int {
	if depth > maxNesting {
		return maxReadableNodes + 1
	}
	count := 1
	for c := n.FirstChild; c != nil && count <= maxReadableNodes; c = c.NextSibling {
		count += countNodes(c, depth+1)
	}
	return count
}
