package extract

import (
	"strings"

	"github.com/PuerkitoBio/goquery"

	"veghe"
)

// openGraph takes an ad from what its page tells to those who share it
// (ogp.me): the last resort of an ad board without structured data, and
// little, since descriptions are cut short.
func (p *page) openGraph() bool {
	if p.in.Hints.Type != Board {
		return false
	}
	og := make(map[string]string)
	p.doc.Find("meta[property]").EachWithBreak(func(i int, s *goquery.Selection) bool {
		key := strings.ToLower(s.AttrOr("property", ""))
		if _, ok := og[key]; !ok {
			og[key] = s.AttrOr("content", "")
		}
		return i < 500
	})
	if !isAd(og) {
		return false
	}
	d := draft{
		kind: veghe.Ad, native: p.canonical, title: og["og:title"], place: og["og:locality"],
		posted: p.clock.parse(og["article:published_time"]), author: og["product:retailer"],
	}
	if d.text, d.quotes = fromMarkup(og["og:description"]); d.text == "" && d.title == "" {
		return false
	}
	p.drafts = append(p.drafts, d)
	return true
}

// isAd says whether a page means one thing that is offered, not a list.
func isAd(og map[string]string) bool {
	for _, price := range []string{"product:price:amount", "og:price:amount"} {
		if og[price] != "" {
			return true
		}
	}
	switch t := strings.ToLower(og["og:type"]); {
	case t == "product", t == "product.item", t == "og:product", t == "article", t == "classified", t == "ad":
		return true
	case strings.HasSuffix(t, ":ad"), strings.HasSuffix(t, ":item"), strings.HasSuffix(t, ":listing"), strings.HasSuffix(t, ":product"):
		return true
	}
	return false
}
