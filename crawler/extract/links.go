package extract

import (
	"regexp"
	"strings"

	"github.com/PuerkitoBio/goquery"
	xhtml "golang.org/x/net/html"

	"veghe"
)

// rank orders the kinds of links by how much they say.
func rank(k LinkKind) int {
	switch k {
	case Next:
		return 3
	case Thread, Post:
		return 2
	case Front, List, Older:
		return 2
	case Other:
		return 1
	}
	return 0
}

// link adds an address; of several for one address, the one that says most
// stays.
func (p *page) link(l Link) {
	if p.nofollow {
		return
	}
	if i, ok := p.linked[l.URL]; ok {
		if rank(l.Kind) > rank(p.res.Links[i].Kind) {
			p.res.Links[i] = l
		}
		return
	}
	if len(p.res.Links) >= maxLinks {
		return
	}
	if p.linked == nil {
		p.linked = make(map[string]int)
	}
	p.linked[l.URL] = len(p.res.Links)
	p.res.Links = append(p.res.Links, l)
}

// linkTo adds what an element points to, if it may be followed.
func (p *page) linkTo(n *xhtml.Node, kind LinkKind, mark string) {
	href := attr(n, "href")
	if href == "" || href[0] == '#' || !mayFollow(n) {
		return
	}
	u, err := Canonical(href, p.base)
	if err != nil || u == p.canonical {
		return
	}
	l := Link{URL: u, Kind: kind, Mark: mark}
	if kind == Thread {
		l.Thread = veghe.ThreadID(u)
	}
	p.link(l)
}

// mayFollow says whether the page leaves a link to be followed.
func mayFollow(n *xhtml.Node) bool {
	for rel := range strings.FieldsSeq(strings.ToLower(attr(n, "rel"))) {
		if rel == "nofollow" || rel == "sponsored" {
			return false
		}
	}
	return true
}

// nextWords are what links to the following page say, folded.
var nextWords = map[string]bool{
	"next": true, "next page": true, "older": true, "older posts": true, "urmatoarea": true, "urmatoarea pagina": true,
	"pagina urmatoare": true, "pagina urmatoarea": true, "inainte": true, "mai departe": true, "urmator": true, "urmatorul": true,
	"»": true, "›": true, ">": true, ">>": true, "→": true,
}

const nextSelector = `link[rel~="next"][href], a[rel~="next"][href], a.next[href], .next > a[href], a.pagination_next[href]`

// links adds what the page leads to, unless selectors said it already.
func (p *page) links() {
	if p.nofollow || p.led || p.in.Hints.Selectors.leads() {
		return
	}
	if !p.ownNext {
		p.doc.Find(nextSelector).EachWithBreak(func(i int, s *goquery.Selection) bool {
			p.linkTo(s.Nodes[0], Next, "")
			return i < 10
		})
	}
	p.doc.Find("a[href]").EachWithBreak(func(i int, s *goquery.Selection) bool {
		n := s.Nodes[0]
		// Where there is no room for another address, only the words of a
		// known one can still say something.
		full := len(p.res.Links) >= maxLinks
		if full && p.ownNext || p.engine != "" && unwanted.MatchString(attr(n, "href")) {
			return i < 4*maxLinks
		}
		kind := Other
		if words := foldRomanian(oneLine(textOf(n, nil), 40)); nextWords[words] && !p.ownNext {
			kind = Next
		}
		if !full || kind == Next {
			p.linkTo(n, kind, "")
		}
		return i < 4*maxLinks
	})
	p.dropSiblings()
}

var digits = regexp.MustCompile(`\d+`)

// dropSiblings leaves pages of one list or thread to the chain of next links:
// reached through "1 2 3 … 9" out of order, they would not know how many
// posts stand before them.
func (p *page) dropSiblings() {
	shapes := make(map[string]bool)
	for _, l := range p.res.Links {
		if l.Kind == Next {
			shapes[digits.ReplaceAllString(l.URL, "0")] = true
		}
	}
	if len(shapes) == 0 {
		return
	}
	kept := p.res.Links[:0]
	for _, l := range p.res.Links {
		if l.Kind != Other || !shapes[digits.ReplaceAllString(l.URL, "0")] {
			kept = append(kept, l)
		}
	}
	p.res.Links = kept
	p.linked = nil
}

// threadLinks tells the next pages of a thread what stands before them.
func (p *page) threadLinks(seq int) {
	inThread := false
	for i := range p.res.Posts {
		inThread = inThread || p.res.Posts[i].Thread != ""
	}
	if !inThread || p.threads {
		return
	}
	thread := p.in.Thread
	if thread == "" {
		thread = veghe.ThreadID(p.canonical)
	}
	for i := range p.res.Links {
		if p.res.Links[i].Kind == Next {
			p.res.Links[i].Thread, p.res.Links[i].Seq = thread, seq
		}
	}
}
