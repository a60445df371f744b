// Package rule reads rule files, checks them, compiles them into one Set and
// matches posts against it. FORMAT.md says how rules are written.
//
//	files ─Load─▶ Pack ─Compile─▶ Set ─Matcher─▶ Matcher ─Match─▶ findings
//	                │                                └─Explain─▶ why, and why not
//	                ├─Check─▶ what only "rules check" demands
//	                └─Test──▶ every example, got and wanted
//
// A Pack is what people wrote, with places to point at. A Set is immutable
// and safe for many goroutines; each worker asks it for a Matcher of its own.
// The package does no I/O but reading the given file system, has no clock,
// and is the only door to the YAML parser.
//
// Matching is done on tokens, never on strings: all terms share one
// vocabulary and one trie, "near" compares token numbers, and a rule is
// looked at only when its rarest required signal was found.
package rule

import (
	"maps"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/detect/wording"
)

// Pack is a rule set as it was read. Rules, watches and exceptions are in the
// order of their names.
type Pack struct {
	Rules      []*Rule
	Policies   []Policy
	Watches    []*Watch
	Exceptions []*Exception
	Lists      map[string]*List
	// Wording is what was learnt of how such texts read, by category.
	Wording map[veghe.Category]*wording.Model
	// Files are the paths that were read, sorted.
	Files []string

	policyAt map[string]Position
}

// Status is where a rule stands in its life.
type Status string

// The statuses.
const (
	Experimental Status = "experimental" // seen, never scored
	Stable       Status = "stable"
	Deprecated   Status = "deprecated" // loaded, not run
)

// Rule is one indicator, or one variant of it.
type Rule struct {
	ID             veghe.RuleID
	Indicator      veghe.IndicatorID
	Title          string
	Description    string
	Category       veghe.Category
	Family         string
	Strength       Strength
	Weight         *float64 // nil: the policy's weight of Strength
	Status         Status
	Tags           []string
	References     []string
	Why            string
	FalsePositives []string
	Signals        []*Signal
	Condition      *Cond
	Examples       []Example
	Pos            Position

	condPos Position
}

// Languages are those that the rule has terms or patterns for, sorted,
// without "*".
func (r *Rule) Languages() []string { return languagesOf(r.Signals) }

func languagesOf(signals []*Signal) []string {
	known := map[string]bool{}
	before := ""
	add := func(lang string) {
		if lang != before { // terms of one language follow each other
			known[lang] = true
		}
		before = lang
	}
	for _, s := range signals {
		for i := range s.Terms {
			add(s.Terms[i].Lang)
		}
		for i := range s.Patterns {
			add(s.Patterns[i].Lang)
		}
	}
	delete(known, AnyLang)
	return slices.Sorted(maps.Keys(known))
}

// Watch is a standing search: it alerts by itself and never scores.
type Watch struct {
	Name      string
	Title     string
	Owner     string
	Why       string
	Signals   []*Signal
	Condition *Cond
	Pos       Position
}

// Exception keeps indicators from being reported where its condition holds.
type Exception struct {
	Name       string
	Indicators []string // indicator or rule ids
	Signals    []*Signal
	Condition  *Cond // nil: always
	Reason     string
	Owner      string
	Expires    time.Time // the first moment it no longer holds; zero: never
	Pos        Position
}

// InForce reports whether the exception has not expired at a time. The zero
// time is before every expiry.
func (e *Exception) InForce(at time.Time) bool { return e.Expires.IsZero() || at.Before(e.Expires) }

// covers reports whether the exception is about the rule.
func (e *Exception) covers(r *Rule) bool {
	return slices.Contains(e.Indicators, string(r.Indicator)) || slices.Contains(e.Indicators, string(r.ID))
}

// Example is a text that a rule must match, must not, or is known to miss.
type Example struct {
	Lang  string
	Match Expect
	Title string
	Text  string
	Note  string

	Kind     veghe.Kind
	Source   veghe.SourceID
	Author   veghe.AuthorID
	Place    string
	PostedAt time.Time
	Features map[string]float64
	Pos      Position
}

// Post is the example as a post.
func (e *Example) Post() *veghe.Post {
	return &veghe.Post{
		Kind: e.Kind, Source: e.Source, Author: e.Author, Place: e.Place, PostedAt: e.PostedAt, Title: e.Title, Text: e.Text,
	}
}

// Expect is what an example wants.
type Expect string

// What an example wants.
const (
	Match   Expect = "true"
	NoMatch Expect = "false"
	Todo    Expect = "todo" // should match, is known not to
)

// AnyLang is the language of terms that count in any.
const AnyLang = "*"

// Kind says what a signal looks at.
type Kind uint8

// The kinds of signals.
const (
	Words Kind = iota
	Regexp
	ContactKind
	FieldKind
	IndicatorKind
	FeatureKind
)

// String is the key that the kind is written with.
func (k Kind) String() string {
	return [...]string{"words", "regexp", "contact", "field", "indicator", "feature"}[k]
}

// placed reports whether signals of the kind have a place in the text.
func (k Kind) placed() bool { return k <= ContactKind }

// Signal is something to find in a post.
type Signal struct {
	Name string
	Kind Kind

	Terms       []Term   // of Words: its own, then those of its lists
	Lists       []string // where the latter come from
	ExactCase   bool
	Strict      bool // diacritics as written
	EvasiveOnly bool

	Patterns []Pattern // of Regexp

	Contacts   []string // of ContactKind
	Field      *Field
	Indicators []string
	Feature    string
	Min, Max   *float64 // of contacts with a number, and features

	Pos Position

	own int // terms that come from no list
}

// Pattern is one regular expression.
type Pattern struct {
	Lang   string
	Source string
	// literals are groups, of each of which one stands in every match; with
	// allow_scan there may be none. The short ones go down to one letter.
	literals, short [][]string
	near            []group // see nearGroups
	bounded         bool
	begins, whole   bool // every match begins, or begins and ends, where the text does
	letters         int  // and digits that a match has at most; -1: any number
}

// Field is a test on the post itself. Every list that is not empty must have
// an entry that fits.
type Field struct {
	Source, Kind, Author []string
	Place                []Term
	Hours                [2]int // from, to (exclusive), UTC; equal: any
	After, Before        time.Time

	places [][]termWord // of Place
}

// Features are the numbers that a signal may ask for. They are computed from
// earlier posts by the caller.
var features = []string{
	"contact_people", "contact_places", "contact_templates",
	"template_posts", "template_places", "template_contacts", "template_sources", "template_burst",
	"recipients", "question_share",
}

// Features lists the names of features, see FORMAT.md.
func Features() []string { return slices.Clone(features) }

var contactKinds = []string{"phone", "email", "url", "handle", "price", "age", "place"}

// indicatorOf is the part of a rule id before the variant.
func indicatorOf(id string) string {
	ind, _, _ := strings.Cut(id, ".")
	return ind
}
