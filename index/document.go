package index

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	segment "github.com/blevesearch/bleve_index_api"

	"veghe"
)

// record is one post as the store has it.
type record struct {
	seq      int64 // the number of its last change
	assessed veghe.Assessed
	indexed  time.Time // when it was first put
	review   veghe.Decision
	cases    []string
	gone     time.Time // since when it is not where it stood; zero if it is
	again    veghe.PostID
	noticed  time.Time // when that was seen
	edited   time.Time
	shard    month  // where it is found
	novelty  int    // in ten-thousandths; see novelty.go
	doc      []byte // assessed in JSON, as stored; nil when not yet
}

// key is where the post stands in an order that the store can give.
func (r *record) key(order string) key {
	k := key{id: string(r.assessed.Post.ID)}
	score, at := int64(rank(r.score())), r.time().UnixMilli()
	switch order {
	case byScore:
		k.numbers = [keyNumbers]int64{score, at}
	case byNovelty:
		k.numbers = [keyNumbers]int64{int64(r.novelty), score, at}
	case byOldest:
		k.numbers[0] = -at
	default:
		k.numbers[0] = at
	}
	return k
}

func (r *record) hit() Hit {
	return Hit{
		Post: r.assessed.Post, Assessment: r.assessed.Assessment,
		AssessedAt: r.assessed.AssessedAt, IndexedAt: r.indexed, Review: r.review,
		GoneSince: r.gone, Again: r.again, EditedAt: r.edited, More: r.assessed.More, Novelty: float64(r.novelty) / maxRank,
	}
}

// time is when the post was written, else collected, else assessed: what
// "newest" and the histogram go by.
func (r *record) time() time.Time {
	for _, t := range []time.Time{r.assessed.Post.PostedAt, r.assessed.Post.CollectedAt, r.assessed.AssessedAt} {
		if !t.IsZero() {
			return clamp(t)
		}
	}
	return clamp(r.indexed)
}

// collected is when the post was collected, else first put: what its keeping
// is counted from.
func (r *record) collected() time.Time {
	if t := r.assessed.Post.CollectedAt; !t.IsZero() {
		return clamp(t)
	}
	return clamp(r.indexed)
}

// severity is none for anything that is not one of the words.
func (r *record) severity() veghe.Severity {
	if s := r.assessed.Assessment.Severity; s.Rank() > 0 {
		return s
	}
	return veghe.None
}

func (r *record) score() float64 {
	best := 0.0
	for _, s := range r.assessed.Assessment.Score {
		best = max(best, s)
	}
	return best
}

// categories are those that score at least a half, else the highest one, of a
// post in which something was found.
func (r *record) categories() (out []string) {
	a := r.assessed.Assessment
	if !slices.ContainsFunc(a.Findings, func(f veghe.Finding) bool { return !f.Shadow }) {
		return nil
	}
	top := veghe.Category("")
	for _, c := range slices.Sorted(maps.Keys(a.Score)) {
		if a.Score[c] >= 0.5 {
			out = append(out, string(c))
		}
		if top == "" || a.Score[c] > a.Score[top] {
			top = c
		}
	}
	if len(out) == 0 && top != "" {
		out = []string{string(top)}
	}
	return out
}

// Bounds on what of one post is searchable by field.
const (
	maxValues   = 200  // values per field
	maxValueLen = 1000 // bytes of a value; the rest is cut off
)

// values are the terms of a post per field, without the words of its text.
type values map[string][]string

func (v values) add(field string, value string) {
	value = cut(value, maxValueLen)
	if value == "" || len(v[field]) >= maxValues || slices.Contains(v[field], value) {
		return
	}
	v[field] = append(v[field], value)
}

func (r *record) values() values {
	p, a := &r.assessed.Post, &r.assessed.Assessment
	v := values{}
	v.add(inSource, fold(string(p.Source)))
	v.add(inKind, string(p.Kind))
	v.add(inThread, fold(string(p.Thread)))
	v.add(inAuthor, fold(string(p.Author)))
	v.add(inSeverity, string(r.severity()))
	v.add(inFlagged, yesNo(a.Flagged))
	v.add(inReview, orElse(string(r.review), unreviewed))
	v.links(p.URL)
	v.place(p.Place)
	for _, c := range r.categories() {
		v.add(inCategory, c)
	}
	for _, c := range r.cases {
		v.add(inCase, fold(c))
	}
	for _, l := range a.Lang {
		v.add(inLang, fold(l.Lang))
	}
	if a.Cluster != nil {
		v.add(inCluster, fold(a.Cluster.ID))
	}
	v.findings(a.Findings)
	v.contacts(a.Contacts)
	v.numbers(r)
	v.since(inGone, r.gone)
	v.since(inEdited, r.edited)
	return v
}

func yesNo(b bool) string {
	if b {
		return yes
	}
	return no
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (v values) findings(all []veghe.Finding) {
	for _, f := range all {
		if f.Shadow {
			v.add(inShadow, fold(string(f.Indicator)))
			v.add(inShadow, fold(string(f.Rule)))
			continue
		}
		v.add(inIndicator, string(f.Indicator))
		v.add(inRule, fold(string(f.Rule)))
		v.add(inSign, fold(string(f.Indicator)))
		v.add(inSign, fold(string(f.Rule)))
	}
}

func (v values) contacts(all []veghe.Contact) {
	for _, c := range all {
		switch c.Kind {
		case "phone":
			v.add(inPhone, c.Value)
			v.add(inPhoneEnd, reverse(digits(c.Value)))
		case "handle":
			v.add(inHandle, fold(c.Value))
			v.add(inHandle, handleKey(c.Value))
		case "email":
			v.add(inEmail, fold(c.Value))
		case "url":
			v.links(c.Value)
		case "place":
			v.place(c.Value)
		}
	}
}

// handleKey is a handle without its network and @: telegram:ana and @Ana are
// both found as ana.
func handleKey(s string) string {
	s = fold(s)
	if _, name, ok := strings.Cut(s, ":"); ok && name != "" {
		s = name
	}
	return strings.TrimPrefix(s, "@")
}

// linkKey is an address without its scheme and final slash.
func linkKey(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if _, after, ok := strings.Cut(s, "://"); ok {
		s = after
	}
	return cut(strings.TrimSuffix(s, "/"), maxValueLen)
}

func (v values) links(s string) {
	v.add(inLink, linkKey(s))
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	if u, err := url.Parse(s); err == nil {
		v.add(inLink, strings.ToLower(u.Hostname()))
	}
}

func (v values) place(s string) {
	v.add(inPlace, fold(s))
	for _, w := range words(cut(s, maxValueLen)) {
		v.add(inWhere, w.folded)
	}
}

// since says yes and when, or nothing.
func (v values) since(field string, t time.Time) {
	if t.IsZero() {
		return
	}
	v.add(field, yes)
	for _, layout := range dateForms {
		v.add(field, clamp(t).Format(layout))
	}
}

// dateForms are how the days of dates are written, so that ranges of them are
// few terms.
var dateForms = []string{"2006", "2006-01", "2006-01-02"}

func (v values) numbers(r *record) {
	t := r.time()
	v.add(inTime, fmt.Sprintf("%013d", t.UnixMilli()))
	v.add(inDay, t.Format(time.DateOnly))
	for _, layout := range dateForms {
		v.add(inPosted, t.Format(layout))
		v.add(inCollected, r.collected().Format(layout))
	}
	digits := fmt.Sprintf("%05d", rank(r.score()))
	v.add(inRank, digits)
	if r.novelty > 0 {
		v.add(inNovelty, strconv.Itoa(r.novelty))
	}
	for n := 2; n <= len(digits); n++ {
		v.add(inScore, digits[:n])
	}
}

// tallied are the fields whose counts over all posts the store keeps, so that
// a page without a query costs nothing: those with few values.
var tallied = []string{inSeverity, inCategory, inIndicator, inLang, inSource, inReview, inKind, inDay}

// withDocValues are the fields that can be facets or sort keys.
var withDocValues = map[string]bool{
	inSource: true, inLang: true, inCategory: true, inIndicator: true, inRule: true, inSeverity: true, inAuthor: true,
	inPhone: true, inHandle: true, inEmail: true, inPlace: true, inCluster: true, inCase: true, inReview: true,
	inKind: true, inDay: true, inRank: true, inNovelty: true, inTime: true,
}

// document is the post as the search index takes it. Nothing is stored there
// and no positions are kept: the store has the text.
func (r *record) document() *document.Document {
	doc := document.NewDocument(string(r.assessed.Post.ID))
	for name, all := range r.values() {
		how := segment.IndexField | segment.SkipFreqNorm
		if withDocValues[name] {
			how |= segment.DocValues
		}
		for _, value := range all {
			doc.AddField(document.NewTextFieldCustom(name, nil, []byte(value), how, nil))
		}
	}
	for _, text := range []string{r.assessed.Post.Title, r.assessed.Post.Text} {
		if text != "" {
			doc.AddField(document.NewTextFieldCustom(inText, nil, []byte(text), segment.IndexField, folding{}))
		}
	}
	return doc
}

// folding is the analyzer: it cuts and folds with read, so that the search
// index, phrases and highlights agree. Folding after cutting keeps offsets
// those of the original.
type folding struct{}

// Analyze makes folding an analyzer of bleve.
func (folding) Analyze(b []byte) analysis.TokenStream {
	main, beside := read(string(b))
	all := append(main, beside...)
	tokens := make([]analysis.Token, len(all))
	out := make(analysis.TokenStream, len(all))
	for i, w := range all {
		tokens[i] = analysis.Token{Term: []byte(w.folded), Start: w.start, End: w.end, Position: i + 1}
		out[i] = &tokens[i]
	}
	return out
}
