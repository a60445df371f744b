package extract

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// sitemap reads a sitemap or an index of them (sitemaps.org, protocol 0.9).
// What it lists are links; the newest come first, since a page has only so
// many. The time of a change marks the link, so that a changed page is visited
// at once.
func (p *page) sitemap() error {
	p.findCanonical()
	p.directives()
	body, err := safeXML(p.in.Body)
	if err != nil {
		return err
	}
	kind, entries, err := sitemapEntries(body, p.in.Hints.Type)
	if err != nil {
		return err
	}
	slices.SortStableFunc(entries, func(a, b sitemapEntry) int { return b.when.Compare(a.when.Time) })
	if len(entries) > maxLinks {
		p.problem("the sitemap lists more than %d pages, the newest are kept", maxLinks)
	}
	for _, e := range entries {
		p.leadTo(e.loc, kind, "", e.changed)
	}
	p.res.Engine, p.led = "sitemap", true
	return nil
}

type sitemapEntry struct {
	loc, changed string
	when         when
}

// maxSitemap is how many pages a sitemap may list, by its protocol.
const maxSitemap = 50_000

func sitemapEntries(body []byte, t Type) (LinkKind, []sitemapEntry, error) {
	kind := map[Type]LinkKind{Board: Post, Forum: Thread}[t]
	if kind == "" {
		kind = Other
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	var out []sitemapEntry
	var e sitemapEntry
	var into *string
	for len(out) < maxSitemap {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(out) > 0 {
				break // cut off at the limit of a page
			}
			return kind, nil, errors.New("the sitemap is damaged: want a urlset or a sitemapindex")
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch into = nil; t.Name.Local {
			case "sitemapindex":
				kind = List
			case "url", "sitemap":
				e = sitemapEntry{}
			case "loc":
				into = &e.loc
			case "lastmod":
				into = &e.changed
			}
		case xml.CharData:
			if into != nil && len(*into)+len(t) <= maxURL {
				*into += string(t)
			}
		case xml.EndElement:
			into = nil
			if (t.Name.Local == "url" || t.Name.Local == "sitemap") && e.loc != "" {
				e.loc, e.changed = strings.TrimSpace(e.loc), oneLine(e.changed, 40)
				c := clock{loc: time.UTC}
				e.when = c.parse(e.changed)
				out = append(out, e)
			}
		}
	}
	return kind, out, nil
}
