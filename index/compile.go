package index

import (
	"context"
	"strings"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/blevesearch/bleve/v2/search/searcher"
	segment "github.com/blevesearch/bleve_index_api"

	"veghe"
)

// Weights of the parts of a query in the order by relevance.
const (
	exactBoost = 2 // the word as written, against its other forms
	formBoost  = 1 //
)

// compiler turns an Expr into what bleve runs. It is good for one query.
type compiler struct {
	phrases *phraseCheck
	scoped  bool             // whether the query itself says what is to be flagged
	sources []veghe.SourceID // the only ones to find posts of; nil is all
}

// compile returns the query for e, which may be nil for everything. Unless the
// query says otherwise, or all is set, it finds flagged posts only; and only
// those of the sources, whatever the query says.
func (c *compiler) compile(e Expr, all bool) query.Query {
	q := c.flagged(e, all)
	if c.sources == nil {
		return q
	}
	ids := make([]string, len(c.sources))
	for i, s := range c.sources {
		ids[i] = fold(string(s))
	}
	return narrow(q, terms(inSource, ids))
}

// narrow keeps what is also in scope. The order of words is checked last.
func narrow(q, scope query.Query) query.Query {
	if p, ok := q.(*phraseQuery); ok {
		p.inner = query.NewConjunctionQuery([]query.Query{p.inner, scope})
		return p
	}
	return query.NewConjunctionQuery([]query.Query{q, scope})
}

func (c *compiler) flagged(e Expr, all bool) query.Query {
	walk(e, false, func(leaf Expr, _ bool) {
		if f, ok := leaf.(Field); ok && f.Name == "flagged" {
			c.scoped = true
		}
	})
	var q query.Query
	if e != nil {
		q = c.expr(e)
	}
	scope := term(inFlagged, yes)
	switch {
	case c.scoped || all:
		if q == nil {
			return everyPost()
		}
		return q
	case q == nil:
		return scope
	}
	return narrow(q, scope)
}

func (c *compiler) expr(e Expr) query.Query {
	switch e := e.(type) {
	case And:
		return c.and(e.Parts)
	case Or:
		out := make([]query.Query, len(e.Parts))
		for i, p := range e.Parts {
			out[i] = c.expr(p)
		}
		return query.NewDisjunctionQuery(out)
	case Not:
		return c.and([]Expr{e})
	case Word:
		return c.word(e)
	case Phrase:
		return c.phrase(words(e.Text), e.Pos)
	case Field:
		return c.field(e)
	}
	return query.NewMatchNoneQuery()
}

// and finds what has all parts. The order of words within phrases is looked at
// last, on what is left when all else is met, since it costs most.
func (c *compiler) and(parts []Expr) query.Query {
	var must, not []query.Query
	var checks []phrase
	for _, p := range parts {
		n, negated := p.(Not)
		if negated {
			not = append(not, c.expr(n.X))
			continue
		}
		q := c.expr(p)
		if ph, ok := q.(*phraseQuery); ok {
			checks = append(checks, ph.phrases...)
			q = ph.inner
		}
		must = append(must, q)
	}
	if len(must) == 0 {
		must = append(must, everyPost())
	}
	var q query.Query = query.NewConjunctionQuery(must)
	switch {
	case len(not) > 0:
		q = query.NewBooleanQuery(must, nil, not)
	case len(must) == 1:
		q = must[0]
	}
	if len(checks) == 0 {
		return q
	}
	return &phraseQuery{inner: q, phrases: checks, check: c.phrases}
}

func (c *compiler) word(w Word) query.Query {
	found := wanted(w.Text)
	if w.Prefix {
		return prefix(inText, found[0].folded)
	}
	q := c.phrase(found, w.Pos)
	if len(found) == 1 {
		all := forms(found[0].folded)
		q = weighed(all[0], exactBoost)
		if len(all) > 1 {
			q = query.NewDisjunctionQuery([]query.Query{q, &termsQuery{field: inText, terms: all[1:], boost: formBoost}})
		}
	}
	if also := c.entity(w.Text); also != nil {
		return query.NewDisjunctionQuery([]query.Query{q, also})
	}
	return q
}

// entity is what else a bare word may be: a number to call, a handle, a link.
func (c *compiler) entity(w string) query.Query {
	switch {
	case looksLikePhone(w):
		return phone(w)
	case strings.HasPrefix(w, "@") && strings.Count(w, "@") == 1:
		return term(inHandle, handleKey(w))
	case strings.Contains(w, "@"):
		return term(inEmail, fold(w))
	case strings.Contains(w, "://"):
		return term(inLink, linkKey(w))
	}
	return nil
}

func (c *compiler) phrase(found []word, pos int) query.Query {
	p := phrase{pos: pos}
	var all []query.Query
	for _, w := range found {
		p.words = append(p.words, w.folded)
		all = append(all, weighed(w.folded, formBoost))
	}
	if len(all) == 1 {
		return all[0]
	}
	return &phraseQuery{inner: query.NewConjunctionQuery(all), phrases: []phrase{p}, check: c.phrases}
}

func (c *compiler) field(f Field) query.Query {
	def := fields[f.Name]
	switch def.kind {
	case oneOfField:
		i, _ := place(f.Value, def.oneOf) // checked by the parser, as all below
		return term(def.terms, def.oneOf[i])
	case levelField:
		lo, hi, _ := levels(f.Value, def.oneOf)
		return terms(def.terms, def.oneOf[lo:max(lo, hi+1)])
	case flaggedField:
		i, _ := place(f.Value, def.oneOf)
		if def.oneOf[i] == either {
			return everyPost()
		}
		return term(def.terms, def.oneOf[i])
	case sinceField:
		if is, ok := yesOrNo(f.Value); ok && is {
			return term(def.terms, yes)
		} else if ok {
			return query.NewBooleanQuery([]query.Query{everyPost()}, nil, []query.Query{term(def.terms, yes)})
		}
		lo, hi, _ := dates(f.Value)
		return terms(def.terms, calendar(lo, hi))
	case dateField:
		lo, hi, _ := dates(f.Value)
		return terms(def.terms, calendar(lo, hi))
	case scoreField:
		lo, hi, _ := ranks(f.Value)
		return terms(def.terms, decimal(lo, hi))
	case phoneField:
		return phone(f.Value)
	case wordsField:
		var all []query.Query
		for _, w := range words(f.Value) {
			all = append(all, term(def.terms, w.folded))
		}
		return query.NewConjunctionQuery(all)
	case linkField:
		return exact(def.terms, f, linkKey)
	case idField:
		return filter{query.NewDocIDQuery([]string{f.Value})}
	}
	if f.Name == "handle" {
		return exact(def.terms, f, handleKey)
	}
	return exact(def.terms, f, fold)
}

func exact(in string, f Field, key func(string) string) query.Query {
	if before, ok := strings.CutSuffix(f.Value, "*"); ok && !f.Quoted {
		return prefix(in, key(before))
	}
	return term(in, key(f.Value))
}

// phone finds a number however it is written. One with a country is compared
// whole; a national one from its end, without the trunk 0.
func phone(s string) query.Query {
	d := digits(s)
	if international, ok := strings.CutPrefix(d, "00"); ok && len(d) > 9 {
		return term(inPhone, "+"+international)
	}
	if strings.HasPrefix(strings.TrimSpace(s), "+") {
		return term(inPhone, "+"+d)
	}
	return prefix(inPhoneEnd, reverse(strings.TrimPrefix(d, "0")))
}

func reverse(ascii string) string {
	b := []byte(ascii)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func weighed(word string, boost float64) query.Query {
	q := query.NewTermQuery(word)
	q.SetField(inText)
	q.SetBoost(boost)
	return q
}

func term(field, value string) query.Query {
	q := query.NewTermQuery(value)
	q.SetField(field)
	return filter{q}
}

func terms(field string, values []string) query.Query {
	return filter{&termsQuery{field: field, terms: values, boost: formBoost}}
}

func prefix(field, value string) query.Query {
	return filter{&prefixQuery{field: field, prefix: value}}
}

func everyPost() query.Query { return filter{query.NewMatchAllQuery()} }

// termsQuery finds posts with any of some terms.
type termsQuery struct {
	field string
	terms []string
	boost float64
}

// Searcher makes termsQuery a query of bleve.
func (q *termsQuery) Searcher(ctx context.Context, r segment.IndexReader, _ mapping.IndexMapping, opt search.SearcherOptions) (search.Searcher, error) {
	if len(q.terms) == 0 {
		return searcher.NewMatchNoneSearcher(r)
	}
	return searcher.NewMultiTermSearcher(ctx, r, q.terms, q.field, q.boost, opt, true)
}
