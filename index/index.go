// Package index keeps what was assessed and finds it again. It is the only
// door to bleve.
package index

import (
	"time"

	"veghe"
)

// Query is a search as a person writes it, with paging. The zero value asks
// for the newest flagged posts.
type Query struct {
	Text  string // the syntax of DESIGN: words, "phrases", -not, OR, field:value, ranges
	Size  int    // hits wanted, 1–200; 0 means 25
	After string // the Next of the page before
	// Sort is "relevance" (default with words), "score" (the highest first),
	// "novelty" (what was least seen before first), "newest" (default without
	// words) or "oldest".
	Sort string
	All  bool // also posts that were not flagged
	// Sources, unless nil, are the only ones whose posts are found or counted:
	// those that whoever asks may see. Text cannot widen it.
	Sources []veghe.SourceID
	// Facets asks for counts per value; nil means DefaultFacets.
	Facets []string
	// Histogram asks for counts per day over the result.
	Histogram bool
}

// DefaultFacets are the fields counted for a results page.
var DefaultFacets = []string{"severity", "category", "indicator", "lang", "source", "review"}

// Result answers a Query.
type Result struct {
	Total  uint64             `json:"total"`
	Hits   []Hit              `json:"hits"`
	Facets map[string][]Count `json:"facets"`
	Days   []Count            `json:"days,omitempty"` // Value is 2006-01-02, oldest first
	Next   string             `json:"next,omitempty"` // pass as Query.After; empty on the last page
	Took   time.Duration      `json:"took_ns"`
}

// Count is one value of a facet and how many posts of the result have it.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Hit is one post found.
type Hit struct {
	Post       veghe.Post       `json:"post"`
	Assessment veghe.Assessment `json:"assessment"`
	AssessedAt time.Time        `json:"assessed_at"`
	IndexedAt  time.Time        `json:"indexed_at"`
	Review     veghe.Decision   `json:"review,omitempty"`
	// GoneSince is since when the post is not where it stood, zero if it is,
	// as far as was seen; Again is the post that says the same since.
	GoneSince time.Time    `json:"gone_since,omitzero"`
	Again     veghe.PostID `json:"again,omitempty"`
	// EditedAt is when the newest of several texts was first seen; zero for a
	// post with one text. Index.Versions has the others.
	EditedAt time.Time `json:"edited_at,omitzero"`
	// Novelty is how little of a flagged post had been seen in flagged posts
	// when it came, from 0, unknown or nothing new, to 1, all new. See Novelty
	// in the documentation of the package.
	Novelty float64 `json:"novelty,omitempty"`
	// Matches are where the words of the query stand in the post.
	Matches []veghe.Span `json:"matches,omitempty"`
	// More is what a newer version wrote beside post and assessment.
	More veghe.More `json:"-"`
}

// Assessed is the post as it came from the detect stage.
func (h *Hit) Assessed() veghe.Assessed {
	return veghe.Assessed{Post: h.Post, Assessment: h.Assessment, AssessedAt: h.AssessedAt, More: h.More}
}
