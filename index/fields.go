package index

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"veghe"
)

// fieldKind is how the values of a field are written and matched.
type fieldKind int

const (
	exactField fieldKind = iota // folded, whole; author:ana* by its beginning
	oneOfField                  // one of a few words
	levelField                  // one of a few words in order; ranges too
	wordsField                  // words within the value
	dateField
	sinceField // yes, no, or a date
	scoreField
	phoneField
	linkField
	flaggedField
	idField
)

// field says what a query field means.
type field struct {
	kind  fieldKind
	terms string   // the field of the search index
	oneOf []string // for oneOfField and levelField
}

// The terms of the search index. Those with doc values can be facets.
const (
	inText      = "text"      // words of title and text
	inSource    = "source"    // doc values
	inLang      = "lang"      // doc values
	inCategory  = "category"  // doc values
	inIndicator = "indicator" // doc values
	inRule      = "rule"      // rule ids, folded; doc values
	inSign      = "sign"      // indicator and rule ids, folded
	inShadow    = "shadow"    // the same of rules in shadow
	inSeverity  = "severity"  // doc values
	inAuthor    = "author"    // doc values
	inPhone     = "phone"     // E.164; doc values
	inPhoneEnd  = "phone_end" // its digits backwards: matches from the end
	inHandle    = "handle"    // doc values
	inEmail     = "email"     // doc values
	inLink      = "link"      // addresses and hosts
	inPlace     = "place"     // whole; doc values
	inWhere     = "where"     // its words
	inCluster   = "cluster"   // doc values
	inCase      = "case"      // doc values
	inReview    = "review"    // decisions, or none; doc values
	inThread    = "thread"
	inKind      = "kind" // doc values
	inFlagged   = "flagged"
	inDay       = "day"       // when posted: 2006-01-02; doc values
	inPosted    = "posted"    // when posted: 2006 and 2006-01
	inCollected = "collected" // when collected: 2006, 2006-01 and 2006-01-02
	inGone      = "gone"      // yes, and since when: 2006, 2006-01 and 2006-01-02
	inEdited    = "edited"    // yes, and when, in the same way
	inScore     = "score"     // all beginnings of the rank but its first digit
	inRank      = "rank"      // the score as five digits, 00000–10000; doc values, to sort by
	inNovelty   = "novelty"   // in ten-thousandths, none for 0; doc values, to sort by
	inTime      = "time"      // milliseconds as 13 digits; doc values, to sort by
)

const (
	yes        = "yes"
	no         = "no"
	either     = "any"
	unreviewed = "none"
)

var fieldOrder = []string{
	"source", "lang", "category", "indicator", "severity", "author", "phone", "handle", "place", "cluster", "case",
	"review", "posted", "collected", "score", "flagged", "url", "id", "thread", "kind", "email", "rule", "shadow",
	"gone", "edited",
}

var fields = map[string]field{
	"source":    {kind: exactField, terms: inSource},
	"lang":      {kind: exactField, terms: inLang},
	"category":  {kind: oneOfField, terms: inCategory, oneOf: []string{string(veghe.Recruitment), string(veghe.Grooming)}},
	"indicator": {kind: exactField, terms: inSign},
	"severity":  {kind: levelField, terms: inSeverity, oneOf: severities()},
	"author":    {kind: exactField, terms: inAuthor},
	"phone":     {kind: phoneField, terms: inPhone},
	"handle":    {kind: exactField, terms: inHandle},
	"place":     {kind: wordsField, terms: inWhere},
	"cluster":   {kind: exactField, terms: inCluster},
	"case":      {kind: exactField, terms: inCase},
	"review":    {kind: oneOfField, terms: inReview, oneOf: []string{string(veghe.Relevant), string(veghe.NotRelevant), string(veghe.Unsure), unreviewed}},
	"posted":    {kind: dateField, terms: inPosted},
	"collected": {kind: dateField, terms: inCollected},
	"score":     {kind: scoreField, terms: inScore},
	"flagged":   {kind: flaggedField, terms: inFlagged, oneOf: []string{yes, no, either}},
	"url":       {kind: linkField, terms: inLink},
	"id":        {kind: idField},
	"thread":    {kind: exactField, terms: inThread},
	"kind":      {kind: oneOfField, terms: inKind, oneOf: []string{string(veghe.Ad), string(veghe.Forum)}},
	"email":     {kind: exactField, terms: inEmail},
	"rule":      {kind: exactField, terms: inRule},
	"shadow":    {kind: exactField, terms: inShadow},
	"gone":      {kind: sinceField, terms: inGone},
	"edited":    {kind: sinceField, terms: inEdited},
}

func severities() []string {
	out := make([]string, len(veghe.Severities))
	for i, s := range veghe.Severities {
		out[i] = string(s)
	}
	return out
}

// checkField refuses a value that its field cannot have.
func (p *parser) checkField(f Field) error {
	def := fields[f.Name]
	pos := f.Pos
	if strings.TrimSpace(f.Value) == "" {
		return p.wrong(pos, "no_value", "field", f.Name)
	}
	var err error
	switch def.kind {
	case oneOfField, flaggedField:
		_, err = place(f.Value, def.oneOf)
	case levelField:
		_, _, err = levels(f.Value, def.oneOf)
	case dateField:
		_, _, err = dates(f.Value)
	case sinceField:
		if _, yesNo := yesOrNo(f.Value); !yesNo {
			_, _, err = dates(f.Value)
		}
	case scoreField:
		_, _, err = ranks(f.Value)
	case phoneField:
		if n := len(digits(f.Value)); n < 6 || n > 15 {
			return p.wrong(pos, "phone")
		}
	case wordsField:
		if len(words(f.Value)) == 0 {
			return p.wrong(pos, "no_word", "field", f.Name)
		}
	default:
		return p.checkPrefix(f)
	}
	if v, ok := errors.AsType[*valueError](err); ok {
		return p.wrongValue(f, v)
	}
	return err
}

func (p *parser) checkPrefix(f Field) error {
	if f.Quoted || !strings.Contains(f.Value, "*") {
		return nil
	}
	before, ok := strings.CutSuffix(f.Value, "*")
	if !ok || strings.Contains(before, "*") {
		return p.wrong(f.Pos, "star")
	}
	if utf8.RuneCountInString(fold(before)) < minPrefix || fields[f.Name].kind == idField {
		return p.wrong(f.Pos, "short_star", "min", minPrefix)
	}
	return nil
}

// place returns where a word stands among those allowed.
func place(value string, oneOf []string) (int, error) {
	v := fold(value)
	switch v { // what people also write
	case "true":
		v = yes
	case "false":
		v = no
	}
	for i, w := range oneOf {
		if v == w {
			return i, nil
		}
	}
	return 0, &valueError{
		kind: "none_of", values: []any{"value", quoted(value), "want", strings.Join(oneOf, ", ")},
		bad: value, want: oneOf,
	}
}

// yesOrNo reads what a sinceField may be beside a date.
func yesOrNo(value string) (is, ok bool) {
	i, err := place(value, []string{no, yes})
	return i == 1, err == nil
}

// bounds are the ends of a range as written; empty is open.
type bounds struct {
	from, to         string
	afterFrom, below bool // the end itself is left out
}

// rangeOf reads a..b, a.., ..b, >a, >=a, <a, <=a, or a single value.
func rangeOf(value string) (bounds, error) {
	v := strings.TrimSpace(value)
	var b bounds
	switch from, to, ok := strings.Cut(v, ".."); {
	case ok && from == "" && to == "":
		return b, badValue("no_end", value)
	case ok:
		b = bounds{from: from, to: to}
	case strings.HasPrefix(v, ">="):
		b = bounds{from: v[2:]}
	case strings.HasPrefix(v, "<="):
		b = bounds{to: v[2:]}
	case strings.HasPrefix(v, ">"):
		b = bounds{from: v[1:], afterFrom: true}
	case strings.HasPrefix(v, "<"):
		b = bounds{to: v[1:], below: true}
	default:
		b = bounds{from: v, to: v}
	}
	if b.from == "" && b.to == "" {
		return b, badValue("half", value)
	}
	return b, nil
}

// read reads both ends with one function. value gives the first and the last
// whole number a value stands for (a year has many days).
func (b bounds) read(least, most int, value func(string) (first, last int, err error)) (lo, hi int, err error) {
	lo, hi = least, most
	if b.from != "" {
		first, last, err := value(b.from)
		if err != nil {
			return 0, 0, err
		}
		lo = first
		if b.afterFrom {
			lo = last + 1
		}
	}
	if b.to != "" {
		first, last, err := value(b.to)
		if err != nil {
			return 0, 0, err
		}
		hi = last
		if b.below {
			hi = first - 1
		}
	}
	if b.from != "" && b.to != "" && lo > hi {
		return 0, 0, &valueError{kind: "order", values: []any{"from", quoted(b.from), "to", quoted(b.to)}}
	}
	return lo, hi, nil
}

func levels(value string, oneOf []string) (lo, hi int, err error) {
	b, err := rangeOf(value)
	if err != nil {
		return 0, 0, err
	}
	return b.read(0, len(oneOf)-1, func(s string) (int, int, error) {
		i, err := place(s, oneOf)
		return i, i, err
	})
}

// ranks reads a range of scores as whole ten-thousandths.
func ranks(value string) (lo, hi int, err error) {
	b, err := rangeOf(value)
	if err != nil {
		return 0, 0, err
	}
	return b.read(0, maxRank, func(s string) (int, int, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			return 0, 0, badValue("number", s)
		}
		return rank(f), rank(f), nil
	})
}

const maxRank = 10_000

// rank is a score in whole ten-thousandths, which is as fine as scores are
// searched and sorted.
func rank(score float64) int {
	if !(score > 0) { // also NaN
		return 0
	}
	return int(math.Round(min(score, 1) * maxRank))
}

// The times that can be searched for. Others are taken as the nearest.
var (
	firstTime = time.Unix(0, 0).UTC()
	lastTime  = time.UnixMilli(9_999_999_999_999).UTC() // in the year 2286: 13 digits
)

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t.UTC()
}

// dates reads a range of days, counted from 1970.
func dates(value string) (lo, hi int, err error) {
	b, err := rangeOf(value)
	if err != nil {
		return 0, 0, err
	}
	return b.read(dayOf(firstTime), dayOf(lastTime), func(s string) (int, int, error) {
		for _, form := range []struct {
			layout       string
			years, month int
			days         int
		}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
			if t, err := time.Parse(form.layout, s); err == nil {
				return dayOf(clamp(t)), dayOf(clamp(t.AddDate(form.years, form.month, form.days).Add(-1))), nil
			}
		}
		return 0, 0, badValue("date", s)
	})
}

const secondsPerDay = 24 * 60 * 60

func dayOf(t time.Time) int { return int(t.Unix() / secondsPerDay) }

func dayTime(day int) time.Time { return time.Unix(int64(day)*secondsPerDay, 0).UTC() }

// calendar covers the days lo to hi with as few whole years, months and days
// as there are: a range of dates is then a few dozen terms, however long.
func calendar(lo, hi int) (out []string) {
	for d := lo; d <= hi; {
		t := dayTime(d)
		year := dayOf(t.AddDate(1, 0, 0))
		month := dayOf(t.AddDate(0, 1, 0))
		switch {
		case t.YearDay() == 1 && year-1 <= hi:
			out = append(out, t.Format("2006"))
			d = year
		case t.Day() == 1 && month-1 <= hi:
			out = append(out, t.Format("2006-01"))
			d = month
		default:
			out = append(out, t.Format(time.DateOnly))
			d++
		}
	}
	return out
}

// decimal does the same for ranks: beginnings of five-digit numbers.
func decimal(lo, hi int) (out []string) {
	for n := lo; n <= hi; {
		step, width := 1, 5
		for width > 2 && n%(step*10) == 0 && n+step*10-1 <= hi {
			step *= 10
			width--
		}
		out = append(out, fmt.Sprintf("%05d", n)[:width])
		n += step
	}
	return out
}
