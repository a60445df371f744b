package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"veghe"
)

// maxFeedDepth bounds the nesting of XML; real feeds need about eight.
const maxFeedDepth = 64

// feed reads RSS, Atom or JSON Feed. For a forum or a board the entries are
// links, since the pages say more; otherwise they are the posts.
func (p *page) feed() error {
	p.findCanonical()
	p.directives()
	body, err := safeXML(p.in.Body)
	if err != nil {
		return err
	}
	f, err := parseFeed(body)
	if err != nil {
		return err
	}
	p.res.Engine = "feed"
	for i, item := range f.Items {
		if item == nil || i > maxPosts {
			continue
		}
		p.feedItem(item)
	}
	p.oldestFirst()
	return nil
}

// oldestFirst puts entries in the order in which they were written, if all say
// when: feeds begin with the newest, conversations do not.
func (p *page) oldestFirst() {
	for i := range p.drafts {
		if p.drafts[i].posted.IsZero() {
			return
		}
	}
	slices.SortStableFunc(p.drafts, func(a, b draft) int { return a.posted.Compare(b.posted.Time) })
}

// parseFeed keeps a library's trouble with hostile input to this page. The
// error does not quote the feed.
func parseFeed(body []byte) (f *gofeed.Feed, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, errors.New("the feed cannot be read")
		}
	}()
	f, err = gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil || f == nil {
		return nil, errors.New("the feed is damaged: want RSS, Atom or JSON Feed")
	}
	return f, nil
}

var (
	xmlDeclaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)
	doctype        = regexp.MustCompile(`(?i)<!(DOCTYPE|ENTITY)`)
)

// safeXML readies an XML body: without its declaration, whose encoding no
// longer holds, and refused if it declares entities or is nested beyond
// reason. JSON passes as it is.
func safeXML(body []byte) ([]byte, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 || body[0] != '<' {
		return body, nil
	}
	body = body[len(xmlDeclaration.Find(body)):]
	if doctype.Match(body[:min(len(body), 4096)]) && bytes.Contains(body, []byte("<!ENTITY")) {
		return nil, errors.New("the feed declares entities, which no feed needs: it is not read")
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	depth := 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return body, nil //nolint:nilerr // the feed parser forgives more, and reports
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if depth > maxFeedDepth {
			return nil, fmt.Errorf("the feed is nested deeper than %d elements", maxFeedDepth)
		}
	}
}

func (p *page) feedItem(item *gofeed.Item) {
	link := ""
	for _, s := range append([]string{item.Link}, item.Links...) {
		if u, err := nativeURL(s, p.base); err == nil && s != "" {
			link = u
			break
		}
	}
	if t := p.in.Hints.Type; t == Forum || t == Board {
		p.feedLink(link)
		return
	}
	d := draft{kind: veghe.Forum, url: link, title: item.Title, native: item.GUID, unplaced: true}
	if d.native == "" {
		d.native = link
	}
	p.feedTalk(&d, item)
	d.text, d.quotes = fromMarkup(item.Content)
	if d.text == "" {
		d.text, d.quotes = fromMarkup(item.Description)
	}
	if d.text == "" {
		d.text, _ = fromMarkup(item.Title)
	}
	d.title, _ = fromMarkup(item.Title)
	d.author, _ = fromMarkup(feedAuthor(item)) // often escaped once more
	d.posted = p.feedTime(item)
	if ref := feedThread(item.Extensions); ref != "" {
		d.inThread, d.threadRef, d.replyTo = true, ref, ref
	}
	p.drafts = append(p.drafts, d)
}

// wordpressReply is how the comment feeds of WordPress begin an answer, in the
// language of the site: <p>In reply to <a href="…#comment-4">Name</a>.</p>.
var wordpressReply = regexp.MustCompile(`^\s*(?:<p>)?[^<>]{0,80}<a href="([^"<>]+)"[^<>]*>[^<>]*</a>[^<>]{0,40}(?:</p>|\n\n)`)

// feedTalk finds the conversation of an entry by what WordPress says of one: a
// comment's address is that of the page and "#comment-" with its number, and a
// post names the feed of its comments. The sentence that names the comment
// answered is the site's, not the writer's, and goes.
func (p *page) feedTalk(d *draft, item *gofeed.Item) {
	_, comment, _ := strings.Cut(d.url, "#comment-")
	if comment == "" && len(item.Extensions["wfw"]["commentRss"]) == 0 || d.url == "" {
		return
	}
	d.inThread, d.threadRef = true, wordpressTalk(d.url)
	if comment == "" {
		return
	}
	for _, body := range []*string{&item.Content, &item.Description} {
		raw := *body
		if !tag.MatchString(raw) {
			raw = html.UnescapeString(raw)
		}
		m := wordpressReply.FindStringSubmatchIndex(clip(raw, 4096))
		if m == nil {
			continue
		}
		up := html.UnescapeString(raw[m[2]:m[3]])
		if strings.Contains(up, "#comment-") && wordpressTalk(up) == d.threadRef && up != d.url {
			d.replyTo, *body = up, raw[m[1]:]
		}
	}
}

func (p *page) feedLink(link string) {
	u, err := Canonical(link, p.base)
	if err != nil {
		return
	}
	if p.in.Hints.Type == Board {
		p.link(Link{URL: u, Kind: Post})
		return
	}
	p.link(Link{URL: u, Kind: Thread, Thread: veghe.ThreadID(u)})
}

func feedAuthor(item *gofeed.Item) string {
	for _, a := range item.Authors {
		if a != nil && strings.TrimSpace(a.Name) != "" {
			return a.Name
		}
	}
	if item.DublinCoreExt != nil && len(item.DublinCoreExt.Creator) > 0 {
		return item.DublinCoreExt.Creator[0]
	}
	return ""
}

func (p *page) feedTime(item *gofeed.Item) when {
	switch {
	case item.PublishedParsed != nil:
		return p.clock.sane(when{*item.PublishedParsed, true})
	case item.Published != "":
		return p.clock.parse(item.Published)
	case item.UpdatedParsed != nil:
		return p.clock.sane(when{*item.UpdatedParsed, true})
	}
	return p.clock.parse(item.Updated)
}

// feedThread is what an entry answers (RFC 4685, thr:in-reply-to).
func feedThread(e ext.Extensions) string {
	for _, r := range e["thr"]["in-reply-to"] {
		if ref := r.Attrs["ref"]; ref != "" {
			return ref
		}
	}
	return ""
}
