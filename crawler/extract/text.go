package extract

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds of what one post may hold, in bytes.
const (
	maxText  = 256 << 10
	maxTitle = 1000
	maxName  = 200 // an author, a place, an id
	maxAlt   = 100
)

// blocks begin and end a line.
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true, atom.Dd: true,
	atom.Details: true, atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Fieldset: true, atom.Figure: true,
	atom.Figcaption: true, atom.Footer: true, atom.Form: true, atom.H1: true, atom.H2: true, atom.H3: true,
	atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true, atom.Li: true, atom.Main: true,
	atom.Nav: true, atom.Ol: true, atom.P: true, atom.Pre: true, atom.Section: true, atom.Summary: true,
	atom.Table: true, atom.Tr: true, atom.Ul: true,
}

// unread elements hold nothing that a reader sees as text.
var unread = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true, atom.Iframe: true, atom.Object: true,
	atom.Embed: true, atom.Svg: true, atom.Math: true, atom.Video: true, atom.Audio: true, atom.Canvas: true,
	atom.Button: true, atom.Select: true, atom.Input: true, atom.Textarea: true, atom.Head: true, atom.Title: true,
	atom.Map: true, atom.Datalist: true, atom.Progress: true, atom.Meter: true,
}

var hiddenStyle = regexp.MustCompile(`(?i)(display\s*:\s*none|visibility\s*:\s*hidden)`)

// textOf is what a reader sees of a node: a line per block, runs of white
// space as one space, images as their alternative text. Nodes for which skip
// says so are left out; skip may be nil.
func textOf(n *xhtml.Node, skip func(*xhtml.Node) bool) string {
	w := textWriter{skip: skip}
	w.node(n, 0, false)
	return w.text()
}

type textWriter struct {
	b     strings.Builder
	skip  func(*xhtml.Node) bool
	space bool // a space is owed before the next word
	lines int  // line breaks are owed before the next word
}

// maxNesting is how deep elements are followed; the parser refuses documents
// nested deeper than 512.
const maxNesting = 600

func (w *textWriter) node(n *xhtml.Node, depth int, pre bool) {
	if depth > maxNesting || w.b.Len() > maxText {
		return
	}
	switch n.Type {
	case xhtml.TextNode:
		w.write(n.Data, pre)
		return
	case xhtml.ElementNode:
		if w.leaf(n) {
			return
		}
	case xhtml.DocumentNode:
	default:
		return
	}
	block := n.Type == xhtml.ElementNode && blocks[n.DataAtom]
	w.edge(n, block)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c, depth+1, pre || n.DataAtom == atom.Pre)
	}
	w.edge(n, block)
}

// leaf writes an element that has no text of its own below it.
func (w *textWriter) leaf(n *xhtml.Node) bool {
	switch {
	case w.skip != nil && w.skip(n), unread[n.DataAtom], isHidden(n):
		w.space = true
		return true
	case n.DataAtom == atom.Br:
		w.lines = min(w.lines+1, 2)
		return true
	case n.DataAtom == atom.Img:
		if alt := attr(n, "alt"); len(alt) <= maxAlt {
			w.write(alt, false)
		}
		return true
	}
	return false
}

func (w *textWriter) edge(n *xhtml.Node, block bool) {
	switch {
	case n.DataAtom == atom.P:
		w.lines = 2
	case block:
		w.lines = max(w.lines, 1)
	case n.DataAtom == atom.Td, n.DataAtom == atom.Th:
		w.space = true
	}
}

func isHidden(n *xhtml.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" || (a.Key == "style" && hiddenStyle.MatchString(a.Val)) {
			return true
		}
	}
	return false
}

func (w *textWriter) write(s string, pre bool) {
	for _, r := range s {
		switch {
		case pre && r == '\n':
			w.lines = min(w.lines+1, 2)
		case unicode.IsSpace(r):
			w.space = true
		case unicode.IsControl(r), r == utf8.RuneError:
		default:
			w.pay()
			w.b.WriteRune(r)
		}
	}
}

// pay writes the breaks and the space that are owed.
func (w *textWriter) pay() {
	if w.b.Len() > 0 {
		if w.lines > 0 {
			w.b.WriteString("\n\n"[:w.lines])
		} else if w.space {
			w.b.WriteByte(' ')
		}
	}
	w.lines, w.space = 0, false
}

func (w *textWriter) text() string { return clip(w.b.String(), maxText) }

// clip cuts a string to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// oneLine folds all white space into single spaces and bounds the length.
func oneLine(s string, n int) string {
	w := textWriter{}
	w.write(clip(s, 4*n), false)
	return clip(w.b.String(), n)
}

// plainText keeps the lines of a string that has no markup.
func plainText(s string) string {
	w := textWriter{}
	w.write(clip(strings.ReplaceAll(s, "\r\n", "\n"), maxText), true)
	return w.text()
}

var tag = regexp.MustCompile(`<[A-Za-z/!][^<>]{0,1000}>`)

// fromMarkup gives the text of a string that may be HTML, may be HTML that
// was escaped once more, or may be plain.
func fromMarkup(s string) (text string, quotes []quoted) {
	s = clip(s, 2*maxText)
	if !tag.MatchString(s) && strings.Contains(s, "&") {
		s = html.UnescapeString(s)
	}
	if !tag.MatchString(s) {
		return plainText(s), nil
	}
	root, err := xhtml.Parse(strings.NewReader(s))
	if err != nil {
		return "", nil // nested beyond reason
	}
	return splitQuotes(root, isQuote)
}

// isQuote recognises the words of others by how forums mark them.
func isQuote(n *xhtml.Node) bool {
	if n.Type != xhtml.ElementNode {
		return false
	}
	if n.DataAtom == atom.Blockquote {
		return true
	}
	if n.DataAtom != atom.Div && n.DataAtom != atom.Aside && n.DataAtom != atom.Fieldset {
		return false
	}
	for c := range strings.FieldsSeq(attr(n, "class")) {
		switch strings.ToLower(c) {
		case "quote", "quotebox", "quotecontent", "bbcode_quote", "bbcodeblock--quote", "quoted", "post-quote":
			return true
		}
	}
	return false
}

// quoted is the text of another, with what the page says of its author.
type quoted struct{ author, text string }

// splitQuotes gives the text of a node without its quotes, and the outermost
// quotes by themselves.
func splitQuotes(n *xhtml.Node, quote func(*xhtml.Node) bool) (string, []quoted) {
	var found []*xhtml.Node
	text := textOf(n, func(c *xhtml.Node) bool {
		if c == n || !quote(c) {
			return c != n && c.DataAtom == atom.Div && above(c)
		}
		found = append(found, c)
		return true
	})
	var out []quoted
	for _, q := range found[:min(len(found), maxQuotes)] {
		if t := clip(quoteText(q), maxText/8); t != "" {
			out = append(out, quoted{quoteAuthor(q), t})
		}
	}
	return text, out
}

// above says whether a line is the heading or the end of the quote beside it.
func above(n *xhtml.Node) bool {
	c := attr(n, "class")
	return c == "quoteheader" || c == "quotefooter"
}

const maxQuotes = 50

func quoteText(q *xhtml.Node) string { return textOf(q, isCitation) }

// isCitation recognises the line that says whose words a quote is: <cite>, or
// the heading that an engine writes in or above it.
func isCitation(n *xhtml.Node) bool {
	if n.DataAtom == atom.Cite {
		return true
	}
	if n.DataAtom != atom.Div {
		return false
	}
	for c := range strings.FieldsSeq(attr(n, "class")) {
		switch c {
		case "quoteheader", "topslice_quote", "quotefooter", "botslice_quote", "bbCodeBlock-title", "bbCodeBlock-expandLink", "bbcode_postedby", "ipsQuote_citation", "title":
			return true
		}
	}
	return false
}

var (
	wrote  = regexp.MustCompile(`(?i)\s*(?:\b(?:wrote|said|a scris|a spus|zice)\b\s*:.*|\b(?:wrote|said|a scris|a spus|zice)|:)?\s*$`)
	byline = regexp.MustCompile(`(?i)^\s*(?:\([^)]*\))?\s*(?:(?:quote |citat )?(?:quote from|originally posted by|citat din|postat inițial de|on [^:]{6,40}[,:]?\s+at [^,]{4,12},))?\s*:?\s*`)
	onDay  = regexp.MustCompile(`(?i)\s+on\s+[a-z0-9].*\d.*$`)
)

func quoteAuthor(q *xhtml.Node) string {
	for _, k := range []string{"data-author", "data-username", "data-quote", "data-ipsquote-username"} {
		if v := attr(q, k); v != "" {
			return oneLine(v, maxName)
		}
	}
	c := findFirst(q, isCitation, 0)
	for up := q.PrevSibling; c == nil && up != nil; up = up.PrevSibling {
		if up.Type == xhtml.ElementNode {
			if isCitation(up) {
				c = up // above the quote, not in it
			}
			break
		}
	}
	if c == nil {
		return ""
	}
	s := oneLine(textOf(c, nil), maxName)
	return wrote.ReplaceAllString(onDay.ReplaceAllString(byline.ReplaceAllString(s, ""), ""), "")
}

func findFirst(n *xhtml.Node, ok func(*xhtml.Node) bool, depth int) *xhtml.Node {
	if depth > maxNesting {
		return nil
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if ok(c) {
			return c
		}
		if f := findFirst(c, ok, depth+1); f != nil {
			return f
		}
	}
	return nil
}

func attr(n *xhtml.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
