package index

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search"
)

// QueryError is a query that cannot be run, with the place to point at.
type QueryError struct {
	Query string
	Pos   int    // byte offset into Query
	Msg   string // in English
	// Kind and Values are Msg for who writes it in another language: one of
	// Mistakes, empty if there is nothing but Msg, and what stands for each
	// {name} in it as name, value, name, value.
	Kind   string
	Values []any

	bad  string   // the word at fault, if another may be meant
	at   int      // where it begins in Query
	want []string // what may stand there
}

func (e *QueryError) Error() string {
	if meant := e.Meant(nil); meant != "" {
		return e.Msg + "; did you mean " + meant + "?"
	}
	return e.Msg
}

// Meant is the query with the word that is wrong replaced by the one that was
// probably meant; empty if none is near. called, which may be nil, gives
// other names of a word that is allowed, such as in the reader's language.
func (e *QueryError) Meant(called func(word string) []string) string {
	word := Nearest(e.bad, e.want, called)
	if word == "" {
		return ""
	}
	return e.Query[:e.at] + word + e.Query[e.at+len(e.bad):]
}

// Nearest is the one of some words that was probably meant by bad: the one
// that it is another name of or begins, else the one that takes the fewest
// wrong letters, with at most one in three letters wrong. Empty if there is
// none. Marks and case do not count.
func Nearest(bad string, words []string, called func(word string) []string) string {
	bad = fold(bad)
	most := min((utf8.RuneCountInString(bad)+2)/3, 3)
	if len(bad) > maxTermLen || bad == "" {
		return ""
	}
	best, least := "", most+1
	for _, word := range words {
		names := []string{word}
		if called != nil {
			names = append(names, called(word)...)
		}
		for _, name := range names {
			if d := distance(bad, fold(name)); d < least {
				best, least = word, d
			}
		}
	}
	return best
}

// distance is how many letters are wrong; none if a is the beginning of b.
func distance(a, b string) int {
	if len(a) > 1 && strings.HasPrefix(b, a) {
		return 0
	}
	return search.LevenshteinDistance(a, b)
}

// said is what is wrong with a query, in English. The desk says it in others.
var said = map[string]string{
	"too_long":      "the query is longer than {max} bytes",
	"utf8":          "this is not text in UTF-8",
	"closes":        "this ) closes nothing",
	"quote":         "this quote is never closed",
	"no_field":      "there is no field {name}: want one of {fields}, or put the word in quotes",
	"no_value":      "{field}: wants a value right after the colon",
	"depth":         "more than {max} levels within each other",
	"end":           "something to search for is missing at the end",
	"before_close":  "something to search for is missing before )",
	"before_word":   "something to search for is missing before {word}; to search for the word itself put it in quotes",
	"open":          "this ( is never closed",
	"nested":        "a field within the parentheses of another: close those of {field} first",
	"many_words":    "more than {max} words",
	"long_word":     "longer than {max} bytes",
	"empty_phrase":  "there is no word between these quotes",
	"star":          "* stands only at the end of a word",
	"no_letter":     "there is no letter or digit to search for here",
	"short_star":    "* wants at least {min} letters before it",
	"phone":         "phone: wants 6 to 15 digits, spaced as you like, such as phone:0700-000-123",
	"no_word":       "{field}: wants at least one word",
	"none_of":       "{field}: {value} is none of {want}",
	"no_end":        "{field}: {value} has no end at all",
	"half":          "{field}: {value} wants a value after the sign",
	"order":         "{field}: {from} comes after {to}",
	"number":        "{field}: {value} is not a number from 0 to 1",
	"date":          "{field}: {value} is not a day such as 2026-10-31, a month such as 2026-10 or a year",
	"common_phrase": "too many posts have these words to see whether they stand in this order: add a word, a field or a range of dates",
	"many_match":    "too many words match: write more letters before the *, or fewer words",
	"page":          "the page mark is not one of this search: start from its first page",
}

// Mistakes are the kinds of QueryErrors with what they say in English, where
// {name} stands for a value.
func Mistakes() map[string]string { return maps.Clone(said) }

// wrong makes a QueryError of a kind.
func wrong(query string, pos int, kind string, values ...any) *QueryError {
	msg := said[kind]
	for i := 0; i+1 < len(values); i += 2 {
		msg = strings.ReplaceAll(msg, fmt.Sprintf("{%v}", values[i]), fmt.Sprint(values[i+1]))
	}
	return &QueryError{Query: query, Pos: min(pos, len(query)), Msg: msg, Kind: kind, Values: values}
}

// valueError is what is wrong with a value, before it is known where it stands.
type valueError struct {
	kind   string
	values []any
	bad    string
	want   []string
}

func (e *valueError) Error() string { return e.kind }

func badValue(kind, value string) error {
	return &valueError{kind: kind, values: []any{"value", quoted(value)}}
}

// quoted is a value as a message names it: at most 40 letters, in quotes.
func quoted(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40])
	}
	return strconv.Quote(s)
}

// wrongValue places what is wrong with the value of a field in the query.
func (p *parser) wrongValue(f Field, v *valueError) *QueryError {
	e := wrong(p.query, f.Pos, v.kind, slices.Concat([]any{"field", f.Name}, v.values)...)
	if i := strings.Index(p.query[f.Pos:], v.bad); v.bad != "" && i >= 0 {
		e.bad, e.at, e.want = v.bad, f.Pos+i, v.want
	}
	return e
}
