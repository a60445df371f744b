// Package extract turns a fetched page into posts and links. It is pure: it
// takes bytes and gives values, and knows no network, file or clock.
//
// Each way of recognising a page has its own file. They are tried in this
// order, and the first that finds something names the Engine of the Result:
//
//	feed.go       RSS, Atom and JSON Feed
//	sitemap.go    sitemaps and their indexes
//	selectors.go  what the configuration of the source describes
//	api.go        sites that answer in JSON: discourse.go, nodebb.go, flarum.go, lemmy.go, mastodon.go
//	board.go      forums by their markup: phpbb.go, xenforo.go, vbulletin.go, smf.go, mybb.go, invision.go
//	wordpress.go  WordPress, by the names its core gives to things
//	jsonld.go     schema.org as JSON-LD     ┐ both give things; schema.go
//	microdata.go  schema.org as microdata   ┘ makes posts of them
//	opengraph.go  an ad as its page tells those who share it
//	readable.go   the main text of a page, when all else fails
//
// A page is hostile until proven otherwise: every list, depth and length here
// has a bound. Text that is hidden from a reader, scripts, styles and media
// are left out; a quote is kept beside the text, never in it.
package extract

import (
	"time"

	"veghe"
)

// Type is what kind of place the pages of a source are.
type Type string

// The types. Auto takes what the page offers; Forum and Board follow lists to
// threads and ads; Feed reads posts from RSS, Atom or JSON Feed; Single reads
// each page as one text.
const (
	Auto   Type = "auto"
	Forum  Type = "forum"
	Board  Type = "board"
	Feed   Type = "feed"
	Single Type = "page"
)

// Hints say what is known about a source before its pages are seen.
type Hints struct {
	Type      Type
	Kind      veghe.Kind // empty: what the page says, else by Type
	Selectors Selectors
}

// Input is one fetched page.
type Input struct {
	Source      veghe.SourceID
	URL         string // where the page came from, after redirects
	Body        []byte // decoded to UTF-8
	ContentType string // as the server gave it; may be empty
	Robots      string // the X-Robots-Tag headers, joined by commas; may be empty
	Hints       Hints
	// Thread is the conversation this page continues, as an earlier
	// Result.Links told; empty when the page must say itself.
	Thread veghe.ThreadID
	// Seq is how many posts of Thread stand on earlier pages.
	Seq int
	// FetchedAt resolves "today" and "5 minutes ago".
	FetchedAt time.Time
}

// LinkKind says what a link leads to.
type LinkKind string

// The kinds of links.
const (
	Next   LinkKind = "next"   // the next page of the same list or thread
	Thread LinkKind = "thread" // a conversation
	Post   LinkKind = "post"   // an ad or another text that stands alone
	Other  LinkKind = "page"   // anything else
	// Front is the list that this page stands for, in a form that says more:
	// to be visited as often as the page itself.
	Front LinkKind = "front"
	// List is another list, such as one forum of many.
	List LinkKind = "list"
	// Older is the stretch before this one of a list whose addresses move,
	// such as a timeline: worth a visit if this page brought news, once.
	Older LinkKind = "older"
)

// Link is an address found on a page, absolute and canonical.
type Link struct {
	URL  string
	Kind LinkKind
	// Thread and Seq are what Input wants when a Next link of a thread is
	// fetched.
	Thread veghe.ThreadID
	Seq    int
	// Mark changes when the list row that holds the link changes, so that
	// a thread with news is visited first. Empty: unknown.
	Mark string
}

// Result is what a page says.
type Result struct {
	Posts []veghe.Post // identified, in page order
	Links []Link       // each address once
	// NoIndex says that the page asks not to be kept: Posts is empty then.
	// One that asks not to be followed has no Links.
	NoIndex bool
	// Engine says what recognised the page: feed, sitemap, selectors, the
	// name of a site's software such as phpbb or discourse, json-ld,
	// microdata, opengraph, readable; empty if nothing did.
	Engine string
	// Problems are parts that could not be read, without any text of them.
	Problems []string
}
