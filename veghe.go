// Package veghe holds the words that every part of the program uses. It
// imports the standard library only, decides nothing and does no I/O.
//
// # Glossary
//
//   - Source: a place we may read, with its purpose and legal basis.
//   - Post: one public text by one author in one place, an ad or a forum
//     post. A Post is never changed; an edited text is another Post.
//   - Indicator: a named sign with a strength. One alone never flags.
//   - Finding: one indicator seen in one post: which rule, where in the
//     original text, with what weight, and why.
//   - Assessment: one post with its findings, contacts, languages, score per
//     category and severity. It is a reason to look, never a verdict on a
//     person.
//   - Flagged: an assessment that meets the gate of its policy. The score
//     only ranks; the gate decides.
//   - Alert: a flagged post of severity high or critical, or a hit of a
//     standing search.
//   - Change: what became of a post where it stood: gone, back again, or said
//     again by another post. An edit needs none: it comes as the post itself.
//   - Review: what a person decided about a flagged post.
//
// Data goes one way:
//
//	crawler ─Post─▶ stream ─Post─▶ detect ─Assessed─▶ stream ─Assessed─▶ index ─▶ web ─▶ a person ─Review─▶
//
// All offsets are bytes into the original UTF-8 text. All times are UTC.
package veghe

import (
	"fmt"
	"time"
)

// Ids are named strings so that one cannot be passed for another.
type (
	// PostID names one post for good: the same post fetched twice has the
	// same id. See [Post.Identify].
	PostID string
	// SourceID is the short name of a source, as in the configuration.
	SourceID string
	// ThreadID names a conversation within a source.
	ThreadID string
	// AuthorID is the handle of an author within a source.
	AuthorID string
	// IndicatorID is a taxonomy id, such as DOC-01.
	IndicatorID string
	// RuleID is an indicator id with an optional variant: DOC-01.fee.
	RuleID string
)

// Canary is the source of invented posts that go through the whole line to
// time it. They are in no index, account or count; no other post may bear it.
const Canary SourceID = "veghe.canary"

// Kind says what a post is.
type Kind string

// The kinds of posts.
const (
	Ad     Kind = "ad"   // an advertisement: stands alone
	Forum  Kind = "post" // a post in a conversation
	noKind Kind = ""
)

// Source is a place we may read. Purpose and LegalBasis are required by law
// (Directive (EU) 2016/680, art. 4 and 8): without them it is not visited.
type Source struct {
	ID         SourceID `json:"id"          yaml:"id"`          // short, unique, kept for good: it stands on every post
	Name       string   `json:"name"        yaml:"name"`        // for people
	URL        string   `json:"url"         yaml:"url"`         // where to begin
	Purpose    string   `json:"purpose"     yaml:"purpose"`     // why it is read
	LegalBasis string   `json:"legal_basis" yaml:"legal_basis"` // the law, order or decision that allows it
}

// Post is one public text. Only Text is required in input.
type Post struct {
	ID          PostID    `json:"id,omitempty"`
	Source      SourceID  `json:"source,omitempty"`
	Kind        Kind      `json:"kind,omitempty"`
	URL         string    `json:"url,omitempty"`
	Thread      ThreadID  `json:"thread,omitempty"`
	Seq         int       `json:"seq,omitempty"` // place in the thread, from 1
	ReplyTo     PostID    `json:"reply_to,omitempty"`
	Author      AuthorID  `json:"author,omitempty"`
	Title       string    `json:"title,omitempty"`
	Text        string    `json:"text"`
	Quotes      []Quote   `json:"quotes,omitempty"` // others' words, not part of Text
	Place       string    `json:"place,omitempty"`  // as the page gives it
	PostedAt    time.Time `json:"posted_at,omitzero"`
	CollectedAt time.Time `json:"collected_at,omitzero"`
	ContentHash string    `json:"content_hash,omitempty"` // "sha256:…" of title and text
	Evidence    string    `json:"evidence,omitempty"`     // where the raw capture is kept
	More        More      `json:"-"`                      // of a newer version, see Encode
}

// Quote is another's text cited in a post. It is context for a reader and is
// never scored as the author's own words.
type Quote struct {
	Author AuthorID `json:"author,omitempty"`
	Post   PostID   `json:"post,omitempty"`
	Text   string   `json:"text"`
}

// Category is what kind of harm an indicator points at.
type Category string

// The categories. Common indicators (evasion, exculpatory context) count in
// both of the others.
const (
	Recruitment Category = "recruitment"
	Grooming    Category = "grooming"
	Common      Category = "common"
)

// Severity orders the work of reviewers.
type Severity string

// Severities from none to critical.
const (
	None     Severity = "none"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Severities lists all severities, least first.
var Severities = []Severity{None, Low, Medium, High, Critical}

// Rank is 0 for none up to 4 for critical, and -1 for an unknown word.
func (s Severity) Rank() int {
	for i, t := range Severities {
		if s == t {
			return i
		}
	}
	return -1
}

// Span is a stretch of the original post. Start and End are byte offsets into
// the post's Text, or into its Title when Field is "title".
type Span struct {
	Field string `json:"field,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Finding is one indicator seen in one post.
type Finding struct {
	Indicator IndicatorID `json:"indicator"`
	Rule      RuleID      `json:"rule"`
	Category  Category    `json:"category"`
	Family    string      `json:"family"`
	Weight    float64     `json:"weight"` // what it adds to the log odds, before caps
	Why       string      `json:"why"`
	Shadow    bool        `json:"shadow,omitempty"` // experimental: seen, never scored
	Spans     []Span      `json:"spans"`
}

// LangSpan is a stretch of Text in one language (ISO 639-1, or "und").
type LangSpan struct {
	Lang  string `json:"lang"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Contact is a way to reach someone, or another entity found in the text.
// Value is canonical (a phone is E.164), Raw is what the text says.
type Contact struct {
	Kind  string `json:"kind"` // phone | email | url | handle | price | age | place
	Value string `json:"value"`
	Raw   string `json:"raw"`
	Field string `json:"field,omitempty"` // "title", or empty for Text
	Start int    `json:"start"`
	End   int    `json:"end"`
	// Obfuscated: written so that a machine would miss it.
	Obfuscated bool `json:"obfuscated,omitempty"`
}

// Cluster is the near-duplicate template a post belongs to.
type Cluster struct {
	ID   string `json:"id"`
	Size int    `json:"size"`
}

// History is what the author has shown in this conversation so far, this post
// included.
type History struct {
	Score    float64            `json:"score"`             // the running sum, log odds
	Families []string           `json:"families"`          // distinct families in force
	Weights  map[string]float64 `json:"weights,omitempty"` // what each of them adds to the score, log odds
	Added    map[string]float64 `json:"added,omitempty"`   // what this post itself added to the score, per family
	Against  float64            `json:"against,omitempty"` // what speaks against takes off, log odds, ≤ 0
	Posts    []PostID           `json:"posts,omitempty"`   // earlier posts that count
}

// Assessment is one post with what was seen in it.
type Assessment struct {
	ID           PostID               `json:"id"`
	Flagged      bool                 `json:"flagged"`
	Severity     Severity             `json:"severity"`
	Score        map[Category]float64 `json:"score"` // 0–1, only ranks
	Label        string               `json:"label,omitempty"`
	Lang         []LangSpan           `json:"lang"`
	Findings     []Finding            `json:"findings"`
	Contacts     []Contact            `json:"contacts"`
	Cluster      *Cluster             `json:"cluster,omitempty"`
	History      *History             `json:"history,omitempty"`
	RulesVersion string               `json:"rules_version"`
	More         More                 `json:"-"` // of a newer version, see Assessed.Encode
}

// Alert reports whether a person should be told now.
func (a Assessment) Alert() bool { return a.Flagged && a.Severity.Rank() >= High.Rank() }

// Assessed carries a post and its assessment through the stream to the index.
type Assessed struct {
	Post       Post       `json:"post"`
	Assessment Assessment `json:"assessment"`
	AssessedAt time.Time  `json:"assessed_at"`
	More       More       `json:"-"` // of a newer version, see Encode
}

// ChangeKind says what became of a post.
type ChangeKind string

// The kinds of changes.
const (
	Gone  ChangeKind = "gone"  // it is not where it stood, nor beside it
	Back  ChangeKind = "back"  // it was gone and is there again
	Again ChangeKind = "again" // it is gone, and another post of the source says the same since
)

// Change is what became of a post where it stood. The newest one of a post
// counts; a repeat changes nothing.
type Change struct {
	Post   PostID     `json:"post"`
	Source SourceID   `json:"source"`
	Kind   ChangeKind `json:"kind"`
	Since  time.Time  `json:"since,omitzero"` // since when it is gone, as far as was seen
	As     PostID     `json:"as,omitempty"`   // of Again: the post that says the same
	SeenAt time.Time  `json:"seen_at"`        // when it was certain
}

// Check says what is wrong with a change.
func (c *Change) Check() error {
	switch c.Kind {
	case Gone, Again, Back:
		return nil
	}
	return fmt.Errorf("change of %.80q: kind is %.40q, want gone, back or again", string(c.Post), string(c.Kind))
}

// Decision is what a person made of a flagged post.
type Decision string

// The decisions.
const (
	Relevant    Decision = "relevant"
	NotRelevant Decision = "not_relevant"
	Unsure      Decision = "unsure"
	// Withdrawn takes decisions back: as if nobody had decided.
	Withdrawn Decision = "withdrawn"
)

// Review is one person's decision about one post. The newest one counts.
type Review struct {
	ID       string    `json:"id"`
	Post     PostID    `json:"post"`
	Decision Decision  `json:"decision"`
	Reason   string    `json:"reason,omitempty"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// The topics of the stream.
const (
	PostsTopic       = "veghe.posts"       // Post, keyed by Post.Key
	AssessmentsTopic = "veghe.assessments" // Assessed, same key
	DeadTopic        = "veghe.dead"        // what could not be handled, with the error
	ReviewsTopic     = "veghe.reviews"     // Review, keyed by post id
	ChangesTopic     = "veghe.changes"     // Change, keyed by post id
	SourcesTopic     = "veghe.sources"     // which sources are paused, keyed by source; its partitions are shared out to those who crawl
	HistoriesTopic   = "veghe.histories"   // what authors have shown, keyed by policy and conversation
)
