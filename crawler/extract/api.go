package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"veghe"
)

// api is an engine whose sites answer in JSON to anyone: no page has to be
// taken apart, and nothing a theme does changes what is read. Each engine has
// a file of its own with the answers it was written to.
type api struct {
	name string
	// mark is what its pages for people have; lead links from such a page,
	// by its path within the site, to the answers that say the same.
	mark value
	lead func(p *page, site, path string)
	// paths are the addresses of its answers; what stands before the match
	// is the address of the site. read takes one such answer.
	paths *regexp.Regexp
	read  func(p *page, site string) error
}

// apis are the engines that answer in JSON.
func apis() []*api { return []*api{&discourse, &nodeBB, &flarum, &lemmy, &mastodon} }

// readAPI reads an answer in JSON by its address.
func (p *page) readAPI() error {
	if t := p.in.Hints.Type; t == Board {
		return errNotJSONFeed
	}
	address := p.url.Scheme + "://" + p.url.Host + p.url.Path
	for _, a := range apis() {
		m := a.paths.FindStringIndex(address)
		if m == nil {
			continue
		}
		p.findCanonical()
		p.directives()
		p.led = true
		if err := a.read(p, address[:m[0]]); err != nil {
			return fmt.Errorf("this is not an answer of %s as it is documented", a.name)
		}
		p.res.Engine = a.name
		return nil
	}
	return errNotJSONFeed
}

var errNotJSONFeed = errors.New("this is JSON, but neither a JSON Feed nor an answer of a known engine")

// readLead recognises a page for people of an engine that answers in JSON, and
// links to the answer.
func (p *page) readLead() bool {
	switch p.in.Hints.Type {
	case Feed, Board, Single:
		return false
	case Auto, Forum, "":
	}
	root := p.doc.Nodes[0]
	for _, a := range apis() {
		if a.mark.node(root) == nil {
			continue
		}
		site, path := p.siteOf()
		a.lead(p, site, path)
		p.engine, p.led, p.ownNext = a.name, true, true
		return true
	}
	return false
}

// siteOf splits the address of a page into that of the site, with the folder
// it may be in, and the path within.
func (p *page) siteOf() (site, path string) {
	host := p.url.Scheme + "://" + p.url.Host
	for _, within := range []string{"/t/", "/c/", "/topic/", "/category/", "/categories", "/recent", "/d/", "/post/", "/tags/", "/public", "/latest"} {
		if i := strings.Index(p.url.Path+"/", within); i >= 0 {
			return host + p.url.Path[:i], p.url.Path[min(i, len(p.url.Path)):]
		}
	}
	return host + strings.TrimSuffix(p.url.Path, "/"), "/"
}

// lead links to another form of this page or of one of the site.
func (p *page) leadTo(address string, kind LinkKind, thread veghe.ThreadID, mark string) {
	u, err := Canonical(address, p.base)
	if err != nil || u == p.canonical {
		return
	}
	p.link(Link{URL: u, Kind: kind, Thread: thread, Mark: mark})
}

// next links to the page after this one, by a parameter of the address.
func (p *page) nextPage(parameter, value string, kind LinkKind) {
	u := *p.url
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	p.leadTo(u.String(), kind, "", "")
}

// pageNumber is the page of a list or thread that the address asks for.
func pageNumber(u *url.URL, parameter string) int {
	n := atoi(u.Query().Get(parameter))
	return min(max(n, 1), maxSeq)
}

// few is a list in JSON of which only so many are kept as one page may have,
// and those that are not of the right kind are left out: an answer of two
// million empty objects must not become as many structs.
type few[T any] []T

// UnmarshalJSON reads the beginning of a list; anything else is an empty one.
func (f *few[T]) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	t, err := d.Token()
	if err != nil || t != json.Delim('[') {
		return nil //nolint:nilerr // null, or something else: nothing is there
	}
	for d.More() && len(*f) < maxPosts {
		var v T
		err := d.Decode(&v)
		var kind *json.UnmarshalTypeError
		switch {
		case err == nil:
			*f = append(*f, v)
		case !errors.As(err, &kind):
			return err
		}
	}
	return nil
}

// ident is a number or a name in JSON, whichever an engine writes.
type ident string

// UnmarshalJSON takes a string or a number; anything else is none.
func (i *ident) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(b) > 1 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	} else if !number.MatchString(s) {
		s = ""
	}
	*i = ident(oneLine(s, 100))
	return nil
}

var number = regexp.MustCompile(`^\d{1,19}$`)

// digitsOnly keeps an id that is to be part of an address.
func (i ident) digits() string {
	if number.MatchString(string(i)) {
		return string(i)
	}
	return ""
}

// slug keeps a part of an address that cannot lead elsewhere.
func slug(s string) string {
	if len(s) > 300 || strings.Contains(s, "..") {
		return ""
	}
	return (&url.URL{Path: s}).EscapedPath()
}

func (p *page) decode(v any) error { return json.Unmarshal(p.in.Body, v) }

// markdown gives the text of a post written in Markdown as it was typed, with
// the lines that cite others apart.
func markdown(s string) (string, []quoted) {
	var own, cited strings.Builder
	var quotes []quoted
	flush := func() {
		if q := plainText(cited.String()); q != "" && len(quotes) < maxQuotes {
			quotes = append(quotes, quoted{text: clip(q, maxText/8)})
		}
		cited.Reset()
	}
	for line := range strings.Lines(clip(s, maxText)) {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), ">"); ok {
			cited.WriteString(strings.TrimLeft(rest, "> "))
			continue
		}
		flush()
		own.WriteString(line)
	}
	flush()
	return plainText(own.String()), quotes
}

func itoa(n int) string { return strconv.Itoa(n) }
