package extract

import (
	"strings"

	"veghe"
)

// What schema.org calls the things we look for.
var (
	adTypes = []string{
		"JobPosting", "Product", "IndividualProduct", "Offer", "OfferForPurchase", "Service", "RealEstateListing",
		"Accommodation", "ClassifiedAd", "Apartment", "House", "Room", "Car", "Vehicle", "Demand",
	}
	talkTypes = []string{
		"DiscussionForumPosting", "SocialMediaPosting", "BlogPosting", "Article", "NewsArticle", "Question", "Conversation",
	}
	replyTypes = []string{"Comment", "Answer", "UserComments", "Review"}
)

// schema makes drafts and links of the things of a page and says whether
// there were any.
func (p *page) schema(roots []*thing) bool {
	w := schemaWalk{page: p, seen: make(map[*thing]bool)}
	before := len(p.drafts) + len(p.res.Links)
	for _, t := range roots {
		w.walk(t, 0)
	}
	if w.talk != nil {
		w.conversation(w.talk)
	} else if len(w.loose) > 0 {
		w.replies(w.loose, "", 0)
	}
	return len(p.drafts)+len(p.res.Links) > before
}

type schemaWalk struct {
	*page
	seen  map[*thing]bool
	talk  *thing   // the conversation of this page
	loose []*thing // replies outside of any conversation
}

// containers hold other things in these properties.
var containers = []string{"mainEntity", "itemListElement", "item", "hasPart", "itemOffered", "about", "mainEntityOfPage", "offers", "makesOffer"}

func (w *schemaWalk) walk(t *thing, depth int) {
	if w.seen[t] || depth > maxThingDepth {
		return
	}
	w.seen[t] = true
	switch {
	case t.is(adTypes...):
		w.ad(t)
		return
	case t.is(talkTypes...):
		w.posting(t)
		return
	case t.is(replyTypes...):
		w.loose = append(w.loose, t)
		return
	}
	for _, c := range t.things(containers...) {
		w.walk(c, depth+1)
	}
}

// address is where a thing says it is, as the page's own kind of address;
// empty if it does not say.
func (w *schemaWalk) address(t *thing) string {
	for _, s := range []string{t.str("url"), t.str("mainEntityOfPage"), t.id} {
		if s == "" || strings.HasPrefix(s, "_:") {
			continue
		}
		if u, err := nativeURL(s, w.base); err == nil {
			return u
		}
	}
	return ""
}

func withoutFragment(s string) string {
	s, _, _ = strings.Cut(s, "#")
	return s
}

// elsewhere says whether an address is that of another page on this host.
func (w *schemaWalk) elsewhere(address string) bool {
	if address == "" {
		return false
	}
	own, err := Canonical(w.in.URL, nil)
	a := withoutFragment(address)
	return a != w.canonical && (err != nil || a != own)
}

// ad drafts an advertisement, or links to it if it is on a page of its own.
func (w *schemaWalk) ad(t *thing) {
	address := w.address(t)
	if w.elsewhere(address) {
		if u, err := Canonical(address, w.base); err == nil {
			w.link(Link{URL: u, Kind: Post})
		}
		return
	}
	d := draft{
		kind: veghe.Ad, title: t.str("title", "name", "headline"),
		author: t.str("hiringOrganization", "seller", "offeredBy", "provider", "author"),
		place:  placeOf(t, 0), posted: w.clock.parse(t.str("datePosted", "datePublished", "dateCreated", "releaseDate", "availabilityStarts", "validFrom")),
	}
	d.text, d.quotes = t.rich("description", "text", "articleBody")
	offers := t.things("offers", "itemOffered")
	for _, o := range offers {
		w.seen[o] = true
		if d.author == "" {
			d.author = o.str("seller", "offeredBy")
		}
		if d.place == "" {
			d.place = placeOf(o, 0)
		}
		if d.text == "" {
			d.text, d.quotes = o.rich("description")
		}
		if d.title == "" {
			d.title = o.str("name")
		}
	}
	if d.text == "" && t.is("Offer", "Accommodation", "Service") && d.title == "" {
		return // a price without words
	}
	d.text = withContacts(d.text, append(offers, t))
	d.native = adID(t, w.canonical)
	w.drafts = append(w.drafts, d)
}

// adID is the seller's or the site's own number of an ad, else its address.
func adID(t *thing, canonical string) string {
	if id := t.str("identifier", "productID", "sku"); id != "" {
		return id
	}
	return canonical
}

// withContacts adds telephones and addresses that stand beside the text: a
// reader of the page sees them with it.
func withContacts(text string, of []*thing) string {
	for _, t := range of {
		for _, h := range append(t.things("seller", "offeredBy", "applicationContact", "hiringOrganization", "provider"), t) {
			for _, k := range []string{"telephone", "email"} {
				if v := oneLine(h.str(k), maxName); v != "" && !strings.Contains(text, v) {
					text = strings.TrimSpace(text + "\n" + v)
				}
			}
		}
	}
	return clip(text, maxText)
}

// placeOf names where a thing is, from small to large.
func placeOf(t *thing, depth int) string {
	for _, place := range t.things("jobLocation", "availableAtOrFrom", "areaServed", "location", "address", "contentLocation") {
		var parts []string
		for _, k := range []string{"addressLocality", "addressRegion", "addressCountry"} {
			if s := place.str(k); s != "" {
				parts = append(parts, s)
			}
		}
		if len(parts) > 0 {
			return strings.Join(parts, ", ")
		}
		if depth < 4 {
			if s := placeOf(place, depth+1); s != "" {
				return s
			}
		}
		if s := place.str("name"); s != "" {
			return s
		}
	}
	return t.str("jobLocation", "areaServed", "location", "address")
}

// posting takes a conversation for that of the page, or links to it.
func (w *schemaWalk) posting(t *thing) {
	address := w.address(t)
	answered := len(replies(t)) > 0
	if w.elsewhere(address) && !answered {
		if u, err := Canonical(address, w.base); err == nil {
			w.link(Link{URL: u, Kind: Thread, Thread: veghe.ThreadID(u)})
		}
		return
	}
	text, _ := t.rich("text", "articleBody")
	if text == "" && !answered {
		return // a teaser; the page itself may say more
	}
	if w.talk == nil {
		w.talk = t
		return
	}
	w.loose = append(w.loose, t)
}

func replies(t *thing) []*thing {
	return t.things("comment", "suggestedAnswer", "acceptedAnswer", "review")
}

// conversation drafts a posting and what was said to it.
func (w *schemaWalk) conversation(t *thing) {
	address := w.address(t)
	if w.in.Thread == "" && address != "" {
		w.thread = withoutFragment(address)
	}
	main := w.talkDraft(t)
	if main.native == "" {
		main.native = withoutFragment(address)
	}
	main.title = t.str("headline", "name", "title")
	onThisPage := !w.elsewhere(address) || w.in.Seq == 0
	if main.text != "" && onThisPage {
		w.drafts = append(w.drafts, main)
	}
	w.replies(append(replies(t), w.loose...), main.native, 0)
}

// replies drafts answers in page order, each after what it answers.
func (w *schemaWalk) replies(all []*thing, parent string, depth int) {
	for _, t := range all {
		if depth > maxThingDepth || len(w.drafts) > maxPosts {
			return
		}
		d := w.talkDraft(t)
		d.replyTo = parent
		if up := t.things("parentItem"); len(up) > 0 {
			if id := w.nativeOf(up[0]); id != "" {
				d.replyTo = id
			}
		}
		if d.text != "" {
			w.drafts = append(w.drafts, d)
		}
		next := d.native
		if next == "" {
			next = parent
		}
		w.replies(replies(t), next, depth+1)
	}
}

func (w *schemaWalk) talkDraft(t *thing) draft {
	d := draft{
		kind: veghe.Forum, inThread: true, native: w.nativeOf(t), author: t.str("author", "creator"),
		posted: w.clock.parse(t.str("datePublished", "dateCreated", "commentTime", "uploadDate")),
		place:  t.str("contentLocation", "locationCreated"),
	}
	if u := w.address(t); u != "" {
		d.url = u
	}
	d.text, d.quotes = t.rich("text", "articleBody", "reviewBody", "commentText", "description")
	return d
}

// nativeOf is the name a site gives a posting: an identifier, or an address.
func (w *schemaWalk) nativeOf(t *thing) string {
	if id := t.str("identifier"); id != "" {
		return id
	}
	if a := w.address(t); a != "" {
		return a
	}
	return t.id
}
