package extract

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"

	"veghe"
)

// Bounds of one page.
const (
	maxPosts    = 2000
	maxLinks    = 5000
	maxProblems = 50
)

// Page reads one page. An error means that it could not be read at all; what
// could not be read of a page that was is in Result.Problems. Neither holds
// text of the page.
func Page(in Input) (Result, error) {
	u, err := url.Parse(in.URL)
	if err != nil || u.Host == "" {
		return Result{}, errors.New("the page has no address")
	}
	p := &page{in: in, url: u, base: u, clock: in.clock()}
	switch kind := sniff(in.Body, in.ContentType); {
	case kind == feedDocument:
		err = p.feed()
	case in.Hints.Type == Feed && kind != jsonDocument:
		err = errors.New("this is not a feed: want RSS, Atom or JSON Feed")
	case kind == jsonDocument:
		err = p.readAPI()
	case kind == sitemapDocument:
		err = p.sitemap()
	case kind == plainDocument:
		p.plain()
	default:
		err = p.html()
	}
	p.finish()
	return p.res, err
}

// page is the page being read.
type page struct {
	in        Input
	url       *url.URL // where it came from
	base      *url.URL // what its links are relative to
	canonical string   // the address it is known by
	clock     clock
	doc       *goquery.Document // nil for a feed

	drafts   []draft
	thread   string // what the page says it is a part of; empty if nothing
	noindex  bool
	nofollow bool
	ownNext  bool           // the reader of the page knows where it goes on
	led      bool           // the reader of the page has given all links worth following
	threads  bool           // the page lists threads: its next page is no part of one
	engine   string         // what made the page, as far as it shows
	linked   map[string]int // place in res.Links by address
	res      Result
}

// draft is a post before it has an identity.
type draft struct {
	native    string // the site's own name for it: an id or an address
	kind      veghe.Kind
	url       string // empty: that of the page
	inThread  bool
	unplaced  bool // where in the thread is not known
	seq       int  // its place in the thread, if the page says; 0 if not
	author    string
	title     string
	text      string
	quotes    []quoted
	place     string
	posted    when
	replyTo   string // native of the post it answers
	threadRef string // when it differs from the page's
}

func (in *Input) clock() clock {
	loc, err := in.Hints.Selectors.location()
	if err != nil {
		loc = time.UTC
	}
	return clock{now: in.FetchedAt, loc: loc, layout: in.Hints.Selectors.TimeLayout}
}

type documentKind int

const (
	htmlDocument documentKind = iota
	feedDocument
	jsonDocument
	sitemapDocument
	plainDocument
)

var (
	feedRoot    = regexp.MustCompile(`<(?:rss|feed|rdf:RDF)[\s>]`)
	sitemapRoot = regexp.MustCompile(`<(?:urlset|sitemapindex)[\s>]`)
)

// sniff tells what a body is by how it begins, then by what the server says:
// servers are often wrong about feeds.
func sniff(body []byte, contentType string) documentKind {
	head := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	head = head[:min(len(head), 2048)]
	mt, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mt = ""
	}
	switch {
	case len(head) == 0:
		return htmlDocument
	case head[0] == '{' || head[0] == '[':
		if bytes.Contains(head, []byte("jsonfeed.org/version")) {
			return feedDocument
		}
		if strings.HasSuffix(mt, "json") {
			return jsonDocument
		}
	case head[0] == '<':
		if m := feedRoot.FindIndex(head); m != nil && !bytes.Contains(bytes.ToLower(head[:m[0]]), []byte("<html")) {
			return feedDocument
		}
		if sitemapRoot.Match(head) && !bytes.Contains(bytes.ToLower(head), []byte("<html")) {
			return sitemapDocument
		}
		return htmlDocument
	}
	if mt == "text/plain" {
		return plainDocument
	}
	return htmlDocument
}

func (p *page) html() error {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(p.in.Body))
	if err != nil {
		return errors.New("the page is nested beyond reason, or not HTML")
	}
	p.doc = doc
	p.directives()
	p.findBase()
	p.findCanonical()
	if p.noindex && p.nofollow {
		return nil
	}
	for _, e := range []struct {
		name string
		read func(*page) bool
	}{
		{"selectors", (*page).selectors},
		{"", (*page).readLead},
		{"", (*page).readBoard},
		{"wordpress", (*page).wordpress},
		{"json-ld", (*page).jsonLD},
		{"microdata", (*page).microdata},
		{"opengraph", (*page).openGraph},
		{"readable", (*page).readable},
	} {
		if e.read(p) {
			p.res.Engine = cmp.Or(e.name, p.engine)
			break
		}
	}
	p.links()
	return nil
}

// plain reads a text file, which only a source of single pages has.
func (p *page) plain() {
	p.findCanonical()
	p.directives()
	if p.in.Hints.Type != Single {
		return
	}
	p.res.Engine = "text"
	p.drafts = append(p.drafts, draft{native: p.canonical, kind: veghe.Forum, text: plainText(string(p.in.Body))})
}

// directives reads what the page and its answer say to robots.
func (p *page) directives() {
	rules := p.in.Robots
	if p.doc != nil {
		p.doc.Find("meta[name]").EachWithBreak(func(i int, s *goquery.Selection) bool {
			name := strings.ToLower(s.AttrOr("name", ""))
			if name == "robots" || name == "veghe" {
				rules += "," + s.AttrOr("content", "")
			}
			return i < 500
		})
	}
	for rule := range strings.FieldsFuncSeq(strings.ToLower(rules), func(r rune) bool { return r == ',' || r == ' ' }) {
		switch rule {
		case "noindex":
			p.noindex = true
		case "nofollow":
			p.nofollow = true
		case "none":
			p.noindex, p.nofollow = true, true
		}
	}
	p.res.NoIndex = p.noindex
}

func (p *page) findBase() {
	href, ok := p.doc.Find("base[href]").First().Attr("href")
	if !ok {
		return
	}
	if u, err := resolve(href, p.url); err == nil && u.Hostname() == p.url.Hostname() {
		p.base = u
	}
}

// findCanonical takes the page's word for its address if it stays on its host
// and does not claim to be the front page.
func (p *page) findCanonical() {
	own, err := Canonical(p.in.URL, nil)
	if err != nil {
		own = p.in.URL
	}
	p.canonical = own
	if p.doc == nil {
		return
	}
	href, ok := p.doc.Find("link[rel=canonical][href]").First().Attr("href")
	if !ok {
		return
	}
	u, err := resolve(href, p.base)
	if err != nil || !strings.EqualFold(u.Host, p.url.Host) || (u.Path == "/" && u.RawQuery == "") {
		return
	}
	u.Fragment, u.RawFragment = "", ""
	p.canonical = u.String()
}

func (p *page) problem(format string, args ...any) {
	if len(p.res.Problems) < maxProblems {
		p.res.Problems = append(p.res.Problems, fmt.Sprintf(format, args...))
	}
}

// finish makes posts of the drafts.
func (p *page) finish() {
	if p.noindex {
		p.drafts = nil
	}
	if len(p.drafts) > maxPosts {
		p.problem("%d posts on one page, the first %d are kept", len(p.drafts), maxPosts)
		p.drafts = p.drafts[:maxPosts]
	}
	p.dropSharedNatives()
	seq := p.in.Seq
	seen := make(map[veghe.PostID]bool)
	copies := make(map[string]int)
	for i := range p.drafts {
		d := &p.drafts[i]
		post := p.post(d)
		if post.Text == "" {
			continue
		}
		switch {
		case d.seq > 0:
			post.Seq = d.seq
			seq = d.seq
		case d.inThread && !d.unplaced:
			seq++
			post.Seq = seq
		}
		post.ID = p.identity(d, &post, copies)
		post.Identify()
		if !seen[post.ID] {
			seen[post.ID] = true
			p.res.Posts = append(p.res.Posts, post)
		}
	}
	p.threadLinks(seq)
}

// dropSharedNatives forgets names that more than one post of the page bears:
// they name the page, not a post. The first keeps an address, which is often
// that of its thread.
func (p *page) dropSharedNatives() {
	count := make(map[string]int)
	for i := range p.drafts {
		count[p.drafts[i].native]++
	}
	first := make(map[string]bool)
	for i := range p.drafts {
		d := &p.drafts[i]
		if d.native == "" || count[d.native] == 1 {
			continue
		}
		if first[d.native] || !strings.Contains(d.native, "://") {
			d.native = ""
			continue
		}
		first[d.native] = true
	}
}

func (p *page) post(d *draft) veghe.Post {
	kind := p.in.Hints.Kind
	if kind == "" {
		kind = d.kind
	}
	post := veghe.Post{
		Source: p.in.Source, Kind: kind, URL: d.url,
		Author: veghe.AuthorID(oneLine(d.author, maxName)), Title: oneLine(d.title, maxTitle), Text: clip(strings.TrimSpace(d.text), maxText),
		Place: oneLine(d.place, maxName), PostedAt: d.posted.Time,
	}
	if post.URL == "" {
		post.URL = p.canonical
	}
	if d.inThread {
		post.Thread = p.threadOf(d)
	}
	if d.replyTo != "" {
		post.ReplyTo = veghe.NativeID(p.in.Source, clip(d.replyTo, maxURL))
	}
	for _, q := range d.quotes {
		post.Quotes = append(post.Quotes, veghe.Quote{Author: veghe.AuthorID(q.author), Text: q.text})
	}
	if post.Text == "" && post.Title != "" && kind == veghe.Ad {
		post.Text = post.Title // an ad may be a headline alone
	}
	return post
}

// threadOf names the conversation of a post: by what the page says, by the
// list that led here, or by the address of the page.
func (p *page) threadOf(d *draft) veghe.ThreadID {
	for _, s := range []string{d.threadRef, p.thread, string(p.in.Thread)} {
		if s != "" {
			return veghe.ThreadID(clip(s, maxURL))
		}
	}
	return veghe.ThreadID(p.canonical)
}

// identity is the site's own name for the post, so that an edit keeps it. A
// post without one is what it says: by whom, in which thread, when and what;
// never at which place, which a deleted post before it would change.
func (p *page) identity(d *draft, post *veghe.Post, copies map[string]int) veghe.PostID {
	if d.native != "" {
		return veghe.NativeID(p.in.Source, clip(d.native, maxURL))
	}
	where := string(post.Thread)
	if where == "" {
		where = post.URL
	}
	posted := ""
	if d.posted.exact {
		posted = d.posted.UTC().Format(time.RFC3339)
	}
	key := hash(where, string(post.Author), posted, post.Title, post.Text)
	copies[key]++
	return veghe.NativeID(p.in.Source, "content:"+key+":"+strconv.Itoa(copies[key]))
}

func hash(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
