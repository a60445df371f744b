package index

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on a query. What is longer is refused, with the place.
const (
	MaxQuery   = 2000 // bytes
	maxTerms   = 64   // words, phrases and fields
	maxDepth   = 8    // parentheses and minuses within each other
	minPrefix  = 3    // letters before a *
	maxTermLen = 500  // bytes of one word, phrase or value
	maxPhone   = 60   // bytes of a number to call, with what stands between its digits
)

// Parse reads a query:
//
//	query  = or
//	or     = and { "OR" and }
//	and    = not { [ "AND" ] not }
//	not    = { "-" | "NOT" } leaf
//	leaf   = "(" or ")" | field ":" value | field ":" "(" or ")" | phrase | word [ "*" ]
//
// An empty query is nil. Errors are *QueryError.
func Parse(query string) (Expr, error) {
	p := parser{query: query}
	if len(query) > MaxQuery {
		return nil, p.wrong(MaxQuery, "too_long", "max", MaxQuery)
	}
	if i := firstInvalid(query); i >= 0 {
		return nil, p.wrong(i, "utf8")
	}
	if err := p.lex(); err != nil {
		return nil, err
	}
	if p.peek().kind == end {
		return nil, nil
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, p.wrong(t.pos, "closes")
	}
	return e, nil
}

func firstInvalid(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

type tokenKind int

const (
	end tokenKind = iota
	open
	closing
	minus
	orWord
	andWord
	notWord
	wordToken
	phraseToken
	fieldName // followed by what it asks for: a word, a phrase or open
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

type parser struct {
	query  string
	tokens []token
	next   int
	terms  int
	depth  int
	scope  string // the field whose parentheses we are in
}

func (p *parser) wrong(pos int, kind string, values ...any) error {
	return wrong(p.query, pos, kind, values...)
}

// quotes are the marks around phrases, also those that word processors and
// Romanian keyboards write. Any of them closes what any of them opened.
const quotes = "\"“”„«»"

func isQuote(r rune) bool { return strings.ContainsRune(quotes, r) }

func isSpace(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// ends reports whether a bare word ends before r.
func ends(r rune) bool { return isSpace(r) || r == '(' || r == ')' || isQuote(r) }

func (p *parser) lex() error {
	for i := 0; i < len(p.query); {
		r, size := utf8.DecodeRuneInString(p.query[i:])
		switch {
		case isSpace(r):
			i += size
		case r == '(':
			p.add(open, "(", &i, size)
		case r == ')':
			p.add(closing, ")", &i, size)
		case r == '-' && p.mayNegate(i):
			p.add(minus, "-", &i, size)
		case isQuote(r):
			if err := p.lexPhrase(&i, size); err != nil {
				return err
			}
		default:
			if err := p.lexWord(&i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) add(kind tokenKind, text string, i *int, size int) {
	p.tokens = append(p.tokens, token{kind, text, *i})
	*i += size
}

// mayNegate reports whether a minus at i is one, and not the value of a field.
func (p *parser) mayNegate(i int) bool {
	return len(p.tokens) == 0 || p.tokens[len(p.tokens)-1].kind != fieldName || p.tokens[len(p.tokens)-1].end() < i
}

func (t token) end() int { return t.pos + len(t.text) }

func (p *parser) lexPhrase(i *int, size int) error {
	start := *i + size
	n := strings.IndexAny(p.query[start:], quotes)
	if n < 0 {
		return p.wrong(*i, "quote")
	}
	p.tokens = append(p.tokens, token{phraseToken, p.query[start : start+n], *i})
	_, closer := utf8.DecodeRuneInString(p.query[start+n:])
	*i = start + n + closer
	return nil
}

func (p *parser) lexWord(i *int) error {
	start := *i
	rest := p.query[start:]
	if n := strings.IndexFunc(rest, ends); n >= 0 {
		rest = rest[:n]
	}
	if !p.afterFieldName(start) {
		if name, ok := leadingName(rest); ok {
			return p.lexField(i, name)
		}
	}
	kind := wordToken
	if !p.afterFieldName(start) {
		kind = keyword(rest)
	}
	p.add(kind, rest, i, len(rest))
	return nil
}

// afterFieldName reports whether what begins at pos is the value of the field
// named right before it.
func (p *parser) afterFieldName(pos int) bool {
	if len(p.tokens) == 0 {
		return false
	}
	last := p.tokens[len(p.tokens)-1]
	return last.kind == fieldName && last.end() == pos
}

// leadingName returns the name before a colon, if the word begins with one.
// 12:30 and https://example.org do not.
func leadingName(w string) (string, bool) {
	name, after, ok := strings.Cut(w, ":")
	if !ok || name == "" || strings.HasPrefix(after, "//") {
		return "", false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' {
			return "", false
		}
	}
	return name, true
}

func (p *parser) lexField(i *int, name string) error {
	if _, ok := fields[strings.ToLower(name)]; !ok {
		e := wrong(p.query, *i, "no_field", "name", quoted(name), "fields", strings.Join(fieldOrder, ", "))
		e.bad, e.at, e.want = name, *i, fieldOrder
		return e
	}
	p.add(fieldName, name+":", i, len(name)+1)
	r, _ := utf8.DecodeRuneInString(p.query[*i:])
	if *i == len(p.query) || isSpace(r) || r == ')' {
		return p.wrong(*i, "no_value", "field", name)
	}
	return nil
}

func keyword(w string) tokenKind {
	switch w {
	case "OR":
		return orWord
	case "AND":
		return andWord
	case "NOT":
		return notWord
	}
	return wordToken
}

func (p *parser) peek() token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return token{kind: end, pos: len(p.query)}
}

func (p *parser) or() (Expr, error) {
	var parts []Expr
	for {
		e, err := p.and()
		if err != nil {
			return nil, err
		}
		if o, ok := e.(Or); ok {
			parts = append(parts, o.Parts...)
		} else {
			parts = append(parts, e)
		}
		if p.peek().kind != orWord {
			break
		}
		p.next++
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return Or{parts}, nil
}

func (p *parser) and() (Expr, error) {
	var parts []Expr
	for {
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		if a, ok := e.(And); ok {
			parts = append(parts, a.Parts...)
		} else {
			parts = append(parts, e)
		}
		switch p.peek().kind {
		case andWord:
			p.next++
			continue
		case end, closing, orWord:
			parts = joinPhones(parts)
			if len(parts) == 1 {
				return parts[0], nil
			}
			return And{parts}, nil
		}
	}
}

func (p *parser) not() (Expr, error) {
	t := p.peek()
	if t.kind != minus && t.kind != notWord {
		return p.leaf()
	}
	p.next++
	if err := p.enter(t.pos); err != nil {
		return nil, err
	}
	defer p.leave()
	e, err := p.not()
	if err != nil {
		return nil, err
	}
	return Not{X: e, Pos: t.pos}, nil
}

func (p *parser) enter(pos int) error {
	if p.depth++; p.depth > maxDepth {
		return p.wrong(pos, "depth", "max", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) leaf() (Expr, error) {
	t := p.peek()
	switch t.kind {
	case open:
		return p.group()
	case fieldName:
		return p.field()
	case wordToken, phraseToken:
		return p.term()
	case end:
		return nil, p.wrong(t.pos, "end")
	case closing:
		return nil, p.wrong(t.pos, "before_close")
	}
	return nil, p.wrong(t.pos, "before_word", "word", t.text)
}

func (p *parser) group() (Expr, error) {
	opened := p.peek()
	p.next++
	if err := p.enter(opened.pos); err != nil {
		return nil, err
	}
	defer p.leave()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != closing {
		return nil, p.wrong(opened.pos, "open")
	}
	p.next++
	return e, nil
}

func (p *parser) field() (Expr, error) {
	t := p.peek()
	name := strings.ToLower(strings.TrimSuffix(t.text, ":"))
	if p.scope != "" {
		return nil, p.wrong(t.pos, "nested", "field", p.scope)
	}
	p.next++
	p.scope = name
	defer func() { p.scope = "" }()
	if p.peek().kind == open {
		return p.group()
	}
	e, err := p.term()
	if f, ok := e.(Field); ok {
		f.Pos = t.pos
		e = f
	}
	return e, err
}

// term reads a word or phrase; within a field it is a value of that field.
func (p *parser) term() (Expr, error) {
	t := p.peek()
	p.next++
	if p.terms++; p.terms > maxTerms {
		return nil, p.wrong(t.pos, "many_words", "max", maxTerms)
	}
	if len(t.text) > maxTermLen {
		return nil, p.wrong(t.pos, "long_word", "max", maxTermLen)
	}
	switch {
	case p.scope != "":
		f := Field{Name: p.scope, Value: t.text, Quoted: t.kind == phraseToken, Pos: t.pos}
		return f, p.checkField(f)
	case t.kind == phraseToken:
		if len(words(t.text)) == 0 {
			return nil, p.wrong(t.pos, "empty_phrase")
		}
		return Phrase{Text: t.text, Pos: t.pos}, nil
	}
	return p.word(t)
}

func (p *parser) word(t token) (Expr, error) {
	text, prefix := strings.CutSuffix(t.text, "*")
	if i := strings.IndexByte(text, '*'); i >= 0 {
		return nil, p.wrong(t.pos+i, "star")
	}
	found := wanted(text)
	if !prefix {
		if len(found) == 0 {
			return nil, p.wrong(t.pos, "no_letter")
		}
		return Word{Text: text, Pos: t.pos}, nil
	}
	if len(found) != 1 || utf8.RuneCountInString(found[0].folded) < minPrefix {
		return nil, p.wrong(t.pos, "short_star", "min", minPrefix)
	}
	return Word{Text: text, Prefix: true, Pos: t.pos}, nil
}

// joinPhones takes the groups of a number written with spaces as one word. It
// looks at the parts of a finished And, so that a query and its printed form,
// which has fewer parentheses, are joined alike.
func joinPhones(parts []Expr) []Expr {
	var out []Expr
	for i := 0; i < len(parts); {
		w, n := longestPhone(parts[i:])
		if n == 0 {
			out = append(out, parts[i])
			i++
			continue
		}
		out = append(out, w)
		i += n
	}
	return out
}

// longestPhone reads a number from the run of digits that parts begin with,
// and returns how many parts it takes; 0 if there is none.
func longestPhone(parts []Expr) (Word, int) {
	var groups []string
	first := Word{}
	for i, p := range parts {
		w, ok := p.(Word)
		if !ok || w.Prefix || !isDigits(w.Text) || i > 0 && w.Text[0] == '+' {
			break
		}
		if i == 0 {
			first = w
		}
		groups = append(groups, w.Text)
	}
	whole := strings.Join(groups, "-")
	if len(groups) < 2 || whole[0] != '+' && whole[0] != '0' || !looksLikePhone(whole) {
		return Word{}, 0
	}
	return Word{Text: whole, Pos: first.Pos}, len(groups)
}

// isDigits reports whether w is a group of digits as they stand in numbers.
func isDigits(w string) bool {
	return w != "" && strings.Trim(w, "+0123456789.-/") == "" && strings.ContainsAny(w, "0123456789")
}

// looksLikePhone reports whether a word is a number that someone could call.
func looksLikePhone(w string) bool {
	if len(w) > maxPhone || !isDigits(w) || strings.LastIndexByte(w, '+') > 0 {
		return false
	}
	n := len(digits(w))
	return n >= 9 && n <= 15 && (w[0] == '+' || w[0] == '0' || n == 9 && w[0] == '7')
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// FieldNames lists the fields that a query can name, in the order of DESIGN.
func FieldNames() []string { return slices.Clone(fieldOrder) }

// ValuesOf lists what a field can be, if that is one of a few words.
func ValuesOf(field string) []string {
	def := fields[field]
	if def.kind == sinceField {
		return []string{yes, no}
	}
	return slices.Clone(def.oneOf)
}
