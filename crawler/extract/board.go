package extract

import (
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"veghe"
)

// board is what one forum engine calls things in its own pages: enough to
// read any site that runs it and keeps its names, in whatever colours. Each
// engine has a file of its own with the markup it was written to.
type board struct {
	name string
	mark value // something that every page of the engine has, and no other

	// A list leads to forums and threads, and to nothing else: not to
	// members, log-ins, searches, attachments or pages for printing.
	forums value
	row    value
	item   value   // the thread, within row
	stamps []value // what changes in a row when an answer comes; a count of views does not

	// A thread.
	title value // of the thread, anywhere on the page
	post  value
	parts *compiled // within post
	dated value     // when parts.posted is not there, the line that ends in the time
	seq   value     // the number of the post in its thread, within post
	later *regexp.Regexp

	next value // the link to the next page
	here value // or the number of this page, before the link to the next

	id     string         // what the engine writes before the number of a post
	thread *regexp.Regexp // the number of a thread in its address
	talk   string         // the address of a thread by its number, after what thread matches
}

// boards are the engines of forums that are read from their pages.
var boards = []*board{phpBB, xenForo, vBulletin5, vBulletin4, smf, myBB, invision}

// readBoard reads a page of a forum whose engine is known.
func (p *page) readBoard() bool {
	switch p.in.Hints.Type {
	case Feed, Board, Single:
		return false
	case Auto, Forum, "":
	}
	root := p.doc.Nodes[0]
	for _, b := range boards {
		if b.mark.node(root) == nil {
			continue
		}
		p.engine, p.ownNext = b.name, true
		before := len(p.drafts) + len(p.res.Links)
		if nodes := b.post.all(root); len(nodes) > 0 {
			p.boardThread(b, root, nodes)
		} else {
			p.boardList(b, root)
		}
		if len(p.drafts)+len(p.res.Links) > before {
			p.led = true
			return true
		}
	}
	return false
}

func (p *page) boardList(b *board, root *xhtml.Node) {
	rows := b.row.all(root)
	for _, row := range rows[:min(len(rows), maxPosts)] {
		n := b.item.node(row)
		if n == nil {
			continue
		}
		if u, err := Canonical(attr(n, "href"), p.base); err == nil && mayFollow(n) {
			p.link(Link{URL: u, Kind: Thread, Thread: b.talkOf(u), Mark: b.stamp(row)})
		}
	}
	for _, n := range b.forums.all(root) {
		p.linkTo(n, List, "")
	}
	if n := b.following(root); n != nil {
		p.linkTo(n, Next, "")
	}
}

// stamp changes when a thread has news, as far as its row tells. Without a
// place that does the whole row is taken.
func (b *board) stamp(row *xhtml.Node) string {
	var parts []string
	for _, v := range b.stamps {
		n := v.node(row)
		if n == nil {
			continue
		}
		if n.DataAtom == atom.Time && attr(n, "datetime") != "" {
			parts = append(parts, attr(n, "datetime")) // its text says "5 minutes ago"
			continue
		}
		parts = append(parts, textOf(n, nil))
	}
	if parts == nil {
		return hash(textOf(row, nil))
	}
	return hash(parts...)
}

// following is the link to the next page of a list or a thread.
func (b *board) following(root *xhtml.Node) *xhtml.Node {
	if n := b.next.node(root); n != nil {
		return n
	}
	here := b.here.node(root)
	if here == nil {
		return nil
	}
	for n := here.NextSibling; n != nil; n = n.NextSibling {
		if n.DataAtom == atom.A && attr(n, "href") != "" {
			return n
		}
	}
	return nil
}

func (p *page) boardThread(b *board, root *xhtml.Node, nodes []*xhtml.Node) {
	p.thread = string(b.talkOf(p.canonical))
	later := p.in.Seq == 0 && b.later != nil && b.later.MatchString(p.canonical)
	for i, n := range nodes[:min(len(nodes), maxPosts+1)] {
		d := p.selectPost(b.parts, n, root, false)
		d.native, d.replyTo = b.postID(d.native), b.postID(d.replyTo)
		if d.text == "" || d.native == "" {
			continue // a notice of the forum, or a post that was taken away
		}
		if d.posted.IsZero() && b.dated.given {
			line := b.dated.of(n)
			d.posted = p.clock.parse(line[strings.LastIndex(line, "»")+1:])
		}
		if i == 0 && p.in.Seq == 0 && !later {
			d.title = b.title.of(root)
		}
		d.seq = atoi(strings.Trim(b.seq.of(n), "# \u00a0"))
		d.unplaced = d.seq == 0 && later
		if d.seq < 0 || d.seq > maxSeq {
			d.seq = 0
		}
		p.drafts = append(p.drafts, d)
	}
	if n := b.following(root); n != nil {
		p.linkTo(n, Next, "")
	}
}

// maxSeq is the highest place in a thread that is believed.
const maxSeq = 10_000_000

var lastNumber = regexp.MustCompile(`(\d{1,18})\D*$`)

// postID gives one spelling to the ways an engine names a post: "post_12",
// "#post12", "showthread.php?p=12#post12", "post: 12".
func (b *board) postID(s string) string {
	m := lastNumber.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return b.id + m[1]
}

// talkOf names a thread by the address of any of its pages: by its number, so
// that another title or page does not make it another thread.
func (b *board) talkOf(address string) veghe.ThreadID {
	address = withoutFragment(address)
	m := b.thread.FindStringSubmatchIndex(address)
	if m == nil {
		return veghe.ThreadID(address)
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 {
			return veghe.ThreadID(address[:m[0]] + strings.Replace(b.talk, "N", address[m[i]:m[i+1]], 1))
		}
	}
	return veghe.ThreadID(address)
}

// unwanted are pages of forums that hold no posts, or the same ones again.
var unwanted = regexp.MustCompile(`(?i)(?:^|/)(?:members?|users?|profile|login|register|account|search|help|misc|logout|lost-password|signup|whats-new|find-posts|attachments?|conversations|tags?|calendar|online|contact|memberlist\.php|ucp\.php|mcp\.php|posting\.php|search\.php|member\.php|profile\.php|register\.php|login\.php|sendmessage\.php|newreply\.php|newthread\.php|private\.php|calendar\.php|attachment\.php|printthread\.php|misc\.php|online\.php|usercp\.php|report\.php|faq\.php)(?:[/?]|$)` +
	`|[?;&](?:action|do|mode|view|order|sort|sortby|prefix_id|filter|print)=|[?;&]prev_next=|/(?:print|report|react|reply|quote|edit|delete|like|vote)(?:[/?]|$)`)
