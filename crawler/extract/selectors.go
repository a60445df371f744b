package extract

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/cascadia"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"veghe"
)

// Selectors describe the pages of a forum or an ad board. Each is a CSS
// selector; those that name a value may end in "@attribute" to take it from
// there instead of from the text, and may be "@attribute" alone to take it
// from the post itself:
//
//	post:   article.message
//	id:     "@data-id"
//	author: .name
//	posted: time @datetime
type Selectors struct {
	// List is one row of a list page. When the text of a row changes, such
	// as its count of replies, what it links to is visited again at once.
	// Without it the text of the link is watched.
	List string `json:"list,omitempty" yaml:"list,omitempty"`
	// Item is the link to a thread or an ad, within List if given.
	Item string `json:"item,omitempty" yaml:"item,omitempty"`
	// Next is the link to the next page of a list or a thread.
	Next string `json:"next,omitempty" yaml:"next,omitempty"`

	// Thread is the site's id of the conversation, anywhere on the page.
	Thread string `json:"thread,omitempty" yaml:"thread,omitempty"`
	// Post is one post. Without it the whole page is one post, if Text is
	// found.
	Post string `json:"post,omitempty" yaml:"post,omitempty"`

	// The rest is looked for within Post. Title, and all of them if the
	// page has one post only, are looked for in the whole page as well.
	ID      string `json:"id,omitempty"       yaml:"id,omitempty"`
	Author  string `json:"author,omitempty"   yaml:"author,omitempty"`
	Title   string `json:"title,omitempty"    yaml:"title,omitempty"`
	Text    string `json:"text,omitempty"     yaml:"text,omitempty"`
	Quote   string `json:"quote,omitempty"    yaml:"quote,omitempty"` // within Text; the usual forms are known
	Posted  string `json:"posted,omitempty"   yaml:"posted,omitempty"`
	Place   string `json:"place,omitempty"    yaml:"place,omitempty"`
	ReplyTo string `json:"reply_to,omitempty" yaml:"reply_to,omitempty"` // the ID of the post answered; without it, of the post around it

	// TimeLayout is how Posted is written, in Go's reference form such as
	// "02.01.2006, 15:04". The usual forms are known.
	TimeLayout string `json:"time_layout,omitempty" yaml:"time_layout,omitempty"`
	// Timezone is where times without a zone are; empty means
	// Europe/Bucharest.
	Timezone string `json:"timezone,omitempty" yaml:"timezone,omitempty"`
}

// named lists the selectors by their names in a configuration.
func (s *Selectors) named() []struct{ name, selector string } {
	return []struct{ name, selector string }{
		{"list", s.List},
		{"item", s.Item},
		{"next", s.Next},
		{"thread", s.Thread},
		{"post", s.Post},
		{"id", s.ID},
		{"author", s.Author},
		{"title", s.Title},
		{"text", s.Text},
		{"quote", s.Quote},
		{"posted", s.Posted},
		{"place", s.Place},
		{"reply_to", s.ReplyTo},
	}
}

// Validate reports every selector that cannot be used.
func (s *Selectors) Validate() error {
	var errs []error
	for _, f := range s.named() {
		css, attribute, at := splitAttr(f.selector)
		if at && (attribute == "" || strings.ContainsAny(attribute, " \t@")) {
			errs = append(errs, fmt.Errorf("%s is %.80q, want the name of an attribute after @", f.name, f.selector))
		}
		if at && (f.name == "list" || f.name == "post" || f.name == "quote" || f.name == "text") {
			errs = append(errs, fmt.Errorf("%s is %.80q, want an element, not an attribute", f.name, f.selector))
		}
		if css == "" {
			continue
		}
		if _, err := cascadia.ParseGroup(css); err != nil {
			errs = append(errs, fmt.Errorf("%s is %.80q, which is not a CSS selector: %w", f.name, f.selector, err))
		}
	}
	if s.List != "" && s.Item == "" {
		errs = append(errs, errors.New("list is given without item: item is the link within a row"))
	}
	if s.Post == "" && s.Text == "" && s.Item == "" && s.any() {
		errs = append(errs, errors.New("neither item, post nor text is given: nothing would be found"))
	}
	if _, err := s.location(); err != nil {
		errs = append(errs, fmt.Errorf("timezone is %.40q, want a name such as Europe/Bucharest", s.Timezone))
	}
	return errors.Join(errs...)
}

func (s *Selectors) any() bool {
	for _, f := range s.named() {
		if f.selector != "" {
			return true
		}
	}
	return false
}

// leads says whether the selectors name the links to follow.
func (s *Selectors) leads() bool { return s.Item != "" || s.Next != "" }

func (s *Selectors) location() (*time.Location, error) {
	name := cmp.Or(s.Timezone, "Europe/Bucharest")
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, loc)
	}
	return loc, err
}

// zones remembers what was read from the disk, by name: a page needs its zone,
// and to read it takes longer than to read most times on the page.
var zones sync.Map

// splitAttr takes "css @attribute" apart. Brackets may hold an @ too.
func splitAttr(s string) (css, attribute string, at bool) {
	s = strings.TrimSpace(s)
	i := strings.LastIndexByte(s, '@')
	if i < 0 || strings.ContainsAny(s[i:], `]"')`) {
		return s, "", false
	}
	return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
}

// value is a compiled selector of a value.
type value struct {
	css       cascadia.SelectorGroup // nil: the node itself
	attribute string                 // empty: the text
	given     bool
}

func compile(s string) value {
	css, attribute, _ := splitAttr(s)
	v := value{attribute: attribute, given: s != ""}
	if css != "" {
		group, err := cascadia.ParseGroup(css)
		if err != nil {
			return value{} // Validate has said so
		}
		v.css = group
	}
	return v
}

// node finds the first element below n that the selector means.
func (v value) node(n *xhtml.Node) *xhtml.Node {
	switch {
	case !v.given || n == nil:
		return nil
	case v.css == nil:
		return n
	}
	return cascadia.Query(n, v.css)
}

func (v value) of(n *xhtml.Node) string {
	found := v.node(n)
	switch {
	case found == nil:
		return ""
	case v.attribute != "":
		return strings.TrimSpace(attr(found, v.attribute))
	}
	return textOf(found, nil)
}

// timeOf prefers what a <time> element says to machines.
func (v value) timeOf(n *xhtml.Node) string {
	if found := v.node(n); found != nil && v.attribute == "" && found.DataAtom == atom.Time {
		if s := attr(found, "datetime"); s != "" {
			return s
		}
	}
	return v.of(n)
}

func (v value) all(n *xhtml.Node) []*xhtml.Node {
	if v.css == nil {
		return nil
	}
	return cascadia.QueryAll(n, v.css)
}

// selectors reads a page by the source's own description.
func (p *page) selectors() bool {
	s := &p.in.Hints.Selectors
	if !s.any() {
		return false
	}
	root := p.doc.Nodes[0]
	p.thread = oneLine(compile(s.Thread).of(root), maxName)
	p.selectLinks(root, s)
	p.selectPosts(root, s)
	// A list page has links only; either way the description was meant to
	// be the whole truth.
	return true
}

func (p *page) selectLinks(root *xhtml.Node, s *Selectors) {
	kind := Thread
	if p.in.Hints.Type == Board || (p.in.Hints.Type != Forum && s.Post == "") {
		kind = Post
	}
	item := compile(s.Item)
	if s.List == "" {
		for _, n := range item.all(root) {
			p.linkTo(n, kind, hash(textOf(n, nil)))
		}
	}
	for _, row := range compile(s.List).all(root) {
		if n := item.node(row); n != nil {
			p.linkTo(n, kind, hash(textOf(row, nil)))
		}
	}
	if n := compile(s.Next).node(root); n != nil {
		p.linkTo(n, Next, "")
	}
}

func (p *page) selectPosts(root *xhtml.Node, s *Selectors) {
	text, post := compile(s.Text), compile(s.Post)
	nodes := post.all(root)
	if s.Post == "" && text.node(root) != nil {
		nodes = []*xhtml.Node{root}
	}
	c := newCompiled(s)
	for i, n := range nodes[:min(len(nodes), maxPosts+1)] {
		d := p.selectPost(c, n, root, len(nodes) == 1)
		if i == 0 && d.title == "" && p.in.Seq == 0 && d.inThread {
			d.title = c.title.of(root)
		}
		if d.native == "" && len(nodes) == 1 && !d.inThread {
			d.native = p.canonical // the page is the ad
		}
		if post.css != nil && !c.replyTo.given && d.inThread {
			if up := enclosing(n, post); up != nil {
				d.replyTo = p.localID(c.id.of(up)) // answers stand within what they answer
			}
		}
		if d.text != "" || d.title != "" {
			p.drafts = append(p.drafts, d)
		}
	}
}

// compiled are the selectors of one post.
type compiled struct {
	id, author, title, text, posted, place, replyTo value
	quote                                           func(*xhtml.Node) bool
}

func newCompiled(s *Selectors) *compiled {
	c := &compiled{
		id: compile(s.ID), author: compile(s.Author), title: compile(s.Title), text: compile(s.Text),
		posted: compile(s.Posted), place: compile(s.Place), replyTo: compile(s.ReplyTo), quote: isQuote,
	}
	if q := compile(s.Quote); q.css != nil {
		c.quote = func(n *xhtml.Node) bool { return n.Type == xhtml.ElementNode && (q.css.Match(n) || isQuote(n)) }
	}
	return c
}

func (p *page) selectPost(c *compiled, n, root *xhtml.Node, alone bool) draft {
	get := func(v value) string {
		s := v.of(n)
		if s == "" && alone {
			s = v.of(root)
		}
		return s
	}
	posted := c.posted.timeOf(n)
	if posted == "" && alone {
		posted = c.posted.timeOf(root)
	}
	d := draft{
		kind: veghe.Forum, inThread: true,
		author: get(c.author), title: get(c.title), place: get(c.place), posted: p.clock.parse(posted),
		native: p.localID(get(c.id)), replyTo: p.localID(c.replyTo.of(n)),
	}
	if p.in.Hints.Type == Board || p.in.Hints.Kind == veghe.Ad {
		d.kind, d.inThread = veghe.Ad, false
	}
	body := n
	if c.text.given {
		if body = c.text.node(n); body == nil {
			return d
		}
	}
	d.text, d.quotes = splitQuotes(body, c.quote)
	return d
}

// localID gives one spelling to the ways a page names a post: "post-12", a
// link to "#post-12", or to a page with that fragment.
func (p *page) localID(s string) string {
	s = oneLine(s, maxURL)
	i := strings.IndexByte(s, '#')
	if i < 0 {
		if strings.ContainsAny(s, "/?") {
			if u, err := nativeURL(s, p.base); err == nil {
				return u
			}
		}
		return s
	}
	if f, err := url.PathUnescape(s[i+1:]); err == nil && f != "" {
		return f
	}
	return strings.TrimPrefix(s, "#")
}
