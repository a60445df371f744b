// Package demosite is a small invented forum and ad board, for a first look
// and for tests. Nothing on it is about anyone: every text is made up.
//
// It behaves like a real site where that matters: lists with pages, threads
// with replies and quotations, ads with structured data, a feed, a robots.txt
// with a part that must not be visited (and a counter of who did), an image
// that must not be fetched, and posts that keep arriving.
package demosite

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Where the parts of the site are.
const (
	ForumPath = "/forum/"
	AdsPath   = "/ads/"
	FeedPath  = "/ads/feed.xml"
	// ForbiddenPath is disallowed by robots.txt.
	ForbiddenPath = "/forum/staff/"
)

// Options shape a Site. The zero value shows everything at once.
type Options struct {
	// Pace is the time between new posts. Some threads and ads are then
	// held back at first and arrive one by one; 0 shows all at once.
	Pace time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Site serves the forum and the board. It is safe for concurrent use.
type Site struct {
	opt     Options
	began   time.Time
	ads     []ad
	threads []thread
	mux     *http.ServeMux

	forbidden, media, requests atomic.Int64
}

//go:embed page.html
var pages embed.FS

var page = template.Must(template.ParseFS(pages, "page.html"))

// New returns a Site. Its texts are built in and checked by the tests, so it
// does not fail.
func New(o Options) *Site {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Site{opt: o, began: o.Now().UTC(), mux: http.NewServeMux()}
	var err error
	if s.ads, err = readAds(s.began); err != nil {
		panic(err)
	}
	if s.threads, err = readThreads(s.began); err != nil {
		panic(err)
	}
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /robots.txt", s.robots)
	s.mux.HandleFunc("GET "+ForumPath+"{$}", s.forum)
	s.mux.HandleFunc("GET "+ForumPath+"thread/{id}", s.thread)
	s.mux.HandleFunc("GET "+ForbiddenPath, s.staff)
	s.mux.HandleFunc("GET "+AdsPath+"{$}", s.board)
	s.mux.HandleFunc("GET "+AdsPath+"{id}", s.ad)
	s.mux.HandleFunc("GET "+FeedPath, s.feed)
	s.mux.HandleFunc("GET /photo.jpg", func(w http.ResponseWriter, _ *http.Request) {
		s.media.Add(1)
		http.Error(w, "no pictures here", http.StatusNotFound)
	})
	return s
}

// ServeHTTP serves the site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mux.ServeHTTP(w, r)
}

// Visits says how often the site was visited, and how often where nobody
// should have.
func (s *Site) Visits() (all, forbidden, media int64) {
	return s.requests.Load(), s.forbidden.Load(), s.media.Load()
}

// Posts is how many posts and ads the site shows now.
func (s *Site) Posts() int {
	n := len(s.visibleAds())
	for _, t := range s.visibleThreads() {
		n += len(t.posts)
	}
	return n
}

// Ads is how many ads the site shows now.
func (s *Site) Ads() int { return len(s.visibleAds()) }

// heldBack is how many threads, and how many ads, arrive later.
const heldBack = 6

// arrived is how many of the held back things have come by now.
func (s *Site) arrived() int {
	if s.opt.Pace <= 0 {
		return 2 * heldBack
	}
	return int(s.opt.Now().Sub(s.began) / s.opt.Pace)
}

// visibleAds are the ads shown now, newest first. Later ads and threads take
// turns.
func (s *Site) visibleAds() []ad {
	late := min(heldBack, (s.arrived()+1)/2)
	shown := s.ads[:len(s.ads)-heldBack+late]
	out := make([]ad, 0, len(shown))
	for _, s := range slices.Backward(shown) {
		out = append(out, s)
	}
	return out
}

func (s *Site) visibleThreads() []thread {
	late := min(heldBack, s.arrived()/2)
	shown := s.threads[:len(s.threads)-heldBack+late]
	out := make([]thread, 0, len(shown))
	for _, s := range slices.Backward(shown) {
		out = append(out, s)
	}
	return out
}

// How many entries a page shows.
const (
	listSize   = 20
	threadSize = 5
)

// view is what page.html shows.
type view struct {
	Title  string
	Kind   string // home, forum, thread, board, ad
	Links  []link
	Posts  []postView
	Ad     *ad
	LD     template.JS
	Next   string
	Thread int
}

type link struct{ Href, Text string }

type postView struct {
	ID             string
	Author, Text   string
	Posted         time.Time
	Quote, QuoteOf string
}

func (s *Site) show(w http.ResponseWriter, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, v) // the visitor may be gone
}

func (s *Site) home(w http.ResponseWriter, _ *http.Request) {
	s.show(w, view{Title: "Piața și sfatul (invented)", Kind: "home", Links: []link{{ForumPath, "Forum"}, {AdsPath, "Ads"}, {FeedPath, "Feed"}, {ForbiddenPath, "Staff"}}})
}

func (s *Site) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "User-agent: *\nDisallow: %s\n", ForbiddenPath)
}

func (s *Site) staff(w http.ResponseWriter, _ *http.Request) {
	s.forbidden.Add(1)
	s.show(w, view{Title: "Staff", Kind: "home"})
}

func (s *Site) forum(w http.ResponseWriter, r *http.Request) {
	v := view{Title: "Forum", Kind: "forum"}
	threads, next := window(s.visibleThreads(), r, listSize)
	for _, t := range threads {
		v.Links = append(v.Links, link{fmt.Sprintf("%sthread/%d", ForumPath, t.id), t.title})
	}
	v.Next = next
	s.show(w, v)
}

// window cuts out the page that ?page=N asks for, and links to the next.
func window[T any](all []T, r *http.Request, size int) ([]T, string) {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 {
		n = 1
	}
	from := min(len(all), (n-1)*size)
	to := min(len(all), from+size)
	if to == len(all) {
		return all[from:to], ""
	}
	return all[from:to], fmt.Sprintf("%s?page=%d", r.URL.Path, n+1)
}

func (s *Site) thread(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	for _, t := range s.visibleThreads() {
		if t.id != id {
			continue
		}
		v := view{Title: t.title, Kind: "thread", Thread: id}
		var all []postView
		for i, p := range t.posts {
			pv := postView{ID: fmt.Sprintf("%d-%d", id, i+1), Author: p.author, Text: p.text, Posted: p.posted}
			if p.quotes > 0 && p.quotes <= i {
				q := t.posts[p.quotes-1]
				pv.Quote, pv.QuoteOf = q.text, q.author
			}
			all = append(all, pv)
		}
		v.Posts, v.Next = window(all, r, threadSize)
		s.show(w, v)
		return
	}
	http.NotFound(w, r)
}

func (s *Site) board(w http.ResponseWriter, r *http.Request) {
	v := view{Title: "Ads", Kind: "board"}
	ads, next := window(s.visibleAds(), r, listSize)
	for _, a := range ads {
		v.Links = append(v.Links, link{fmt.Sprintf("%s%d", AdsPath, a.ID), a.Title})
	}
	v.Next = next
	s.show(w, v)
}

func (s *Site) ad(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	for _, a := range s.visibleAds() {
		if a.ID == id {
			s.show(w, view{Title: a.Title, Kind: "ad", Ad: &a, LD: structured(a)})
			return
		}
	}
	http.NotFound(w, r)
}

// structured is an ad as schema.org JSON-LD, as many boards give it.
func structured(a ad) template.JS {
	ld := map[string]any{
		"@context": "https://schema.org", "@type": "Product", "sku": strconv.Itoa(a.ID), "name": a.Title, "description": a.Text,
		"releaseDate": a.Posted.Format(time.RFC3339),
		"offers":      map[string]any{"@type": "Offer", "seller": map[string]any{"@type": "Person", "name": a.Author}, "areaServed": a.Place},
	}
	if isJob(a) {
		ld = map[string]any{
			"@context": "https://schema.org", "@type": "JobPosting", "identifier": strconv.Itoa(a.ID), "title": a.Title, "description": a.Text,
			"datePosted": a.Posted.Format(time.RFC3339), "hiringOrganization": map[string]any{"@type": "Organization", "name": a.Author},
			"jobLocation": map[string]any{"@type": "Place", "address": map[string]any{"@type": "PostalAddress", "addressLocality": a.Place}},
		}
	}
	b, err := json.Marshal(ld)
	if err != nil {
		return "{}"
	}
	return template.JS(b) //nolint:gosec // JSON of our own texts, with < and > escaped by the encoder
}

func isJob(a ad) bool {
	for _, word := range []string{"munc", "job", "wanted", "angaj", "operativ", "hands", "work", "hotel", "bucătar", "caut", "mode", "dansa", "menajera", "money"} {
		if strings.Contains(strings.ToLower(a.Title), word) {
			return true
		}
	}
	return false
}

func (s *Site) feed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
	esc := template.HTMLEscapeString
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Ads</title><link>http://` + esc(r.Host) + AdsPath + `</link><description>invented</description>`)
	for i, a := range s.visibleAds() {
		if i == listSize {
			break
		}
		u := fmt.Sprintf("http://%s%s%d", r.Host, AdsPath, a.ID)
		fmt.Fprintf(&b, "<item><title>%s</title><link>%s</link><guid>%s</guid><author>%s</author><pubDate>%s</pubDate><description>%s</description></item>",
			esc(a.Title), esc(u), esc(u), esc(a.Author), a.Posted.Format(time.RFC1123Z), esc(a.Text))
	}
	b.WriteString("</channel></rss>")
	_, _ = w.Write([]byte(b.String()))
}
