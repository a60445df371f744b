package extract

import (
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// WordPress's own functions name posts, comments and the kind of page by the
// same classes and ids in most themes, the older ones written in PHP and the
// newer ones made of blocks (body_class, post_class, Walker_Comment and the
// core blocks in its code reference).
var (
	wordpressLists = Selectors{
		List: "article.hentry, .hentry.post, li.wp-block-post",
		Item: ".entry-title a, .wp-block-post-title a",
		Next: ".pagination a.next, a.next.page-numbers, a.wp-block-query-pagination-next, .posts-navigation .nav-previous a, #nav-below .nav-previous a",
		Post: "article.hentry", // what the items lead to are threads
	}
	wordpressPost = Selectors{
		Author: "[rel~=author], .author .fn, .wp-block-post-author__name, .wp-block-post-author-name",
		Title:  ".entry-title, .wp-block-post-title",
		Text:   ".entry-content, .wp-block-post-content",
		Posted: "time.published, time.entry-date, .wp-block-post-date time",
	}
	wordpressComment = Selectors{
		ID:     "@id",
		Author: ".comment-author .fn, .wp-block-comment-author-name",
		Text:   ".comment-content, .wp-block-comment-content",
		Posted: ".comment-metadata time, .comment-meta time, .wp-block-comment-date time",
	}
	wordpressMark    = compile(`link[rel="https://api.w.org/"], meta[name=generator][content^="WordPress"]`)
	wordpressReplies = compile("#comments li.comment, .comment-list li.comment, .commentlist li.comment, .wp-block-comment-template li.comment")
	wordpressNext    = compile(".comments-pagination a.next, .comment-navigation .nav-next a, #comments a.next, a.wp-block-comments-pagination-next")
)

var (
	wordpressID    = regexp.MustCompile(`^(?:postid|page-id)-(\d{1,19})$`)
	wordpressCPage = regexp.MustCompile(`comment-page-\d+/?$|[?&]cpage=\d+$`)
)

// wordpressTalk is the address of a post, whichever page of its comments an
// address is of.
func wordpressTalk(address string) string {
	return wordpressCPage.ReplaceAllString(withoutFragment(address), "")
}

// wordpress reads a page of a WordPress: of a list its links, of a post or a
// page the text and the comments below it, as one thread. Themes that name
// things their own way are left to the readers after it.
func (p *page) wordpress() bool {
	switch p.in.Hints.Type {
	case Feed, Board, Single:
		return false
	case Auto, Forum, "":
	}
	root := p.doc.Nodes[0]
	if wordpressMark.node(root) == nil {
		return false
	}
	native, alone := wordpressKind(p.doc.Find("body").First().AttrOr("class", ""))
	if !alone {
		before := len(p.res.Links)
		p.selectLinks(root, &wordpressLists)
		return len(p.res.Links) > before
	}
	return p.wordpressThread(root, native)
}

// wordpressKind tells by the classes of the body whether the page holds one
// post, and its id.
func wordpressKind(classes string) (native string, alone bool) {
	for c := range strings.FieldsSeq(classes) {
		switch m := wordpressID.FindStringSubmatch(c); {
		case c == "single" || c == "page":
			alone = true
		case m != nil:
			native = "post-" + m[1]
		}
	}
	return native, alone && native != ""
}

func (p *page) wordpressThread(root *xhtml.Node, native string) bool {
	top := newCompiled(&wordpressPost)
	if top.text.node(root) == nil {
		return false
	}
	p.thread = wordpressTalk(p.canonical)
	p.ownNext = true // the rel=next of a post leads to another post
	d := p.selectPost(top, root, root, false)
	d.native = native
	if p.in.Seq == 0 { // later pages of comments repeat the post above them
		p.drafts = append(p.drafts, d)
	}
	c := newCompiled(&wordpressComment)
	nodes := wordpressReplies.all(root)
	for _, n := range nodes[:min(len(nodes), maxPosts)] {
		r := p.selectPost(c, n, root, false)
		if c.text.node(n) == nil || r.native == "" {
			continue
		}
		r.replyTo = native
		if up := enclosing(n, wordpressReplies); up != nil {
			r.replyTo = attr(up, "id")
		}
		p.drafts = append(p.drafts, r)
	}
	if n := wordpressNext.node(root); n != nil {
		p.linkTo(n, Next, "")
	}
	return true
}

// enclosing is the nearest element around n that the selector means.
func enclosing(n *xhtml.Node, v value) *xhtml.Node {
	for up := n.Parent; up != nil && up.DataAtom != atom.Body; up = up.Parent {
		if up.Type == xhtml.ElementNode && v.css.Match(up) {
			return up
		}
	}
	return nil
}
