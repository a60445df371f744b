package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

const maxTerms = 5_000 // of one signal

var signalKeys = []string{
	"list", "regexp", "contact", "field", "indicator", "feature", "exact_case", "diacritics", "evasive", "allow_scan", "min", "max",
}

// signal reads one signal in any of its forms.
func (r *reader) signal(p pair) *Signal {
	s := &Signal{Name: p.key, Pos: r.pos(p.node)}
	if _, ok := p.value.(*ast.SequenceNode); ok {
		r.terms(s, AnyLang, p.value)
		r.addLists(s)
		return r.checkSignal(s, p, map[Kind]bool{Words: true}, nil)
	}
	pairs, ok := r.mapping(p.value, "signal "+strconv.Quote(p.key))
	if !ok {
		return s
	}
	kinds := map[Kind]bool{}
	keys := map[string]pair{}
	for _, q := range pairs {
		keys[q.key] = q
		if validLang(q.key) && !slices.Contains(signalKeys, q.key) {
			kinds[Words] = true
			r.terms(s, q.key, q.value)
			continue
		}
		r.signalKey(s, q, kinds)
	}
	r.addLists(s)
	return r.checkSignal(s, p, kinds, keys)
}

func (r *reader) signalKey(s *Signal, q pair, kinds map[Kind]bool) {
	switch q.key {
	case "list":
		kinds[Words] = true
		r.lists(s, q.value)
	case "regexp":
		kinds[Regexp] = true
	case "contact":
		kinds[ContactKind] = true
		s.Contacts = r.known(q, contactKinds)
	case "field":
		kinds[FieldKind] = true
		s.Field = r.field(q.value)
	case "indicator":
		kinds[IndicatorKind] = true
		for _, it := range r.texts(q.value, q.key) {
			s.Indicators = append(s.Indicators, it.text)
		}
	case "feature":
		kinds[FeatureKind] = true
		if names := r.known(q, features); len(names) == 1 {
			s.Feature = names[0]
		} else if len(names) > 1 {
			r.problem(q.value, "several features, want one")
		}
	case "exact_case":
		s.ExactCase = r.boolean(q.value, q.key)
	case "diacritics":
		s.Strict = oneOf(r.file, q, "strict") != ""
	case "evasive":
		s.EvasiveOnly = oneOf(r.file, q, "ok", "only") == "only"
	case "min":
		s.Min = r.bound(q)
	case "max":
		s.Max = r.bound(q)
	case "allow_scan":
	default:
		r.problem(q.node, "unknown key %q in signal %q, want a language such as ro, \"*\", or one of: %s%s", q.key, s.Name, strings.Join(signalKeys, " "), hint(q.key, signalKeys))
	}
}

func (r *reader) bound(q pair) *float64 {
	v, ok := r.number(q.value, q.key)
	if !ok {
		return nil
	}
	return &v
}

// checkSignal holds a signal to one kind, with the modifiers of that kind.
func (r *reader) checkSignal(s *Signal, p pair, kinds map[Kind]bool, keys map[string]pair) *Signal {
	if len(kinds) != 1 {
		if len(kinds) == 0 && len(keys) == 0 || len(kinds) > 1 || onlyKnown(keys) {
			r.problem(p.node, "signal %q is of %d kinds, want one of: terms per language or list, regexp, contact, field, indicator, feature", s.Name, len(kinds))
		}
		return s
	}
	for k := range kinds {
		s.Kind = k
	}
	allow := map[string]bool{}
	switch s.Kind {
	case Words:
		allow = map[string]bool{"exact_case": true, "diacritics": true, "evasive": true}
	case Regexp:
		allow["allow_scan"] = true
		q, ok := keys["allow_scan"]
		r.patterns(s, keys["regexp"].value, ok && r.boolean(q.value, q.key))
	case ContactKind, FeatureKind:
		allow = map[string]bool{"min": true, "max": true}
	}
	for _, key := range []string{"exact_case", "diacritics", "evasive", "allow_scan", "min", "max"} {
		if q, ok := keys[key]; ok && !allow[key] {
			r.problem(q.node, "%s does not go with a %v signal", key, s.Kind)
		}
	}
	r.emptySignal(s, p)
	return s
}

func (r *reader) emptySignal(s *Signal, p pair) {
	bounded := s.Min != nil || s.Max != nil
	switch {
	case s.Kind == Words && len(s.Terms) == 0 && len(s.Lists) == 0 && !r.hasProblemAt(s.Pos.Line):
		r.problem(p.node, "signal %q has no terms", s.Name)
	case len(s.Terms) > maxTerms && len(s.Lists) == 0:
		r.problem(p.node, "signal %q has %d terms, want at most %d; use a list", s.Name, len(s.Terms), maxTerms)
	case s.Kind == ContactKind && bounded && slices.ContainsFunc(s.Contacts, func(k string) bool { return k != "age" && k != "price" }):
		r.problem(p.node, "min and max go with contacts age and price only")
	case s.Min != nil && s.Max != nil && *s.Min > *s.Max:
		r.problem(p.node, "min is more than max: it can never match")
	}
}

func (f *file) hasProblemAt(line int) bool {
	return slices.ContainsFunc(f.problems, func(p Problem) bool { return p.Line >= line })
}

// onlyKnown reports whether every key is a known one, so that nothing was
// reported yet.
func onlyKnown(keys map[string]pair) bool {
	for k := range keys {
		if !slices.Contains(signalKeys, k) {
			return false
		}
	}
	return true
}

// known reads one or more words out of a fixed list.
func (r *reader) known(q pair, words []string) []string {
	var out []string
	for _, it := range r.texts(q.value, q.key) {
		if !slices.Contains(words, it.text) {
			r.reportAt(it.at.position(), "%s %q is unknown, want one of: %s%s", q.key, it.text, strings.Join(words, " "), hint(it.text, words))
			continue
		}
		out = append(out, it.text)
	}
	return out
}

// terms reads the terms of one language.
func (r *reader) terms(s *Signal, lang string, n ast.Node) {
	items := r.texts(n, "terms of "+strconv.Quote(lang))
	s.Terms = slices.Grow(s.Terms, len(items))
	for _, it := range items {
		t, err := r.parser.parse(lang, it.text)
		if err != nil {
			r.reportAt(it.at.position(), "term %q: %v", it.text, err)
			continue
		}
		t.at = it.at
		s.Terms = append(s.Terms, t)
	}
}

func (r *reader) lists(s *Signal, n ast.Node) {
	for _, it := range r.texts(n, "list") {
		l := r.pack.Lists[it.text]
		if l == nil {
			names := make([]string, 0, len(r.pack.Lists))
			for name := range r.pack.Lists {
				names = append(names, name)
			}
			r.reportAt(it.at.position(), "list %q is not there, want lists/%s.txt%s", it.text, it.text, hint(it.text, names))
			continue
		}
		s.Lists = append(s.Lists, it.text)
	}
}

// addLists adds the terms of the signal's lists. Signals that have nothing but
// one list share its terms.
func (r *reader) addLists(s *Signal) {
	s.own = len(s.Terms)
	for _, name := range s.Lists {
		if terms := r.pack.Lists[name].Terms; len(s.Terms) == 0 {
			s.Terms = slices.Clip(terms)
		} else {
			s.Terms = append(s.Terms, terms...)
		}
	}
}

// patterns reads regular expressions: one, several, or several per language.
func (r *reader) patterns(s *Signal, n ast.Node, scan bool) {
	if n == nil {
		return
	}
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		pairs, _ := r.mapping(n, "regexp")
		for _, p := range pairs {
			if !validLang(p.key) {
				r.problem(p.node, "language %q, want a code such as ro, or \"*\"", p.key)
				continue
			}
			r.pattern(s, p.key, p.value, scan)
		}
	default:
		r.pattern(s, AnyLang, n, scan)
	}
}

func (r *reader) pattern(s *Signal, lang string, n ast.Node, scan bool) {
	for _, it := range r.texts(n, "regexp") {
		p, err := parsePattern(lang, it.text, scan)
		if err != nil {
			r.reportAt(it.at.position(), "regexp: %v", err)
			continue
		}
		s.Patterns = append(s.Patterns, p)
	}
}

var fieldKeys = []string{"source", "kind", "author", "place", "time"}

// field reads a test on the post.
func (r *reader) field(n ast.Node) *Field {
	out := &Field{}
	pairs, ok := r.mapping(n, "field")
	if !ok {
		return out
	}
	if len(pairs) == 0 {
		r.problem(n, "field tests nothing, want one or more of: %s", strings.Join(fieldKeys, " "))
	}
	for _, p := range pairs {
		switch p.key {
		case "source":
			out.Source = r.globs(p)
		case "author":
			out.Author = r.globs(p)
		case "kind":
			out.Kind = r.known(p, []string{"ad", "post"})
		case "place":
			var s Signal
			r.terms(&s, AnyLang, p.value)
			out.Place = s.Terms
			for _, t := range s.Terms {
				out.places = append(out.places, t.words())
			}
		case "time":
			r.fieldTime(out, p.value)
		default:
			r.unknown(p, "field", fieldKeys)
		}
	}
	return out
}

// globs reads patterns with a "*" at either end.
func (r *reader) globs(p pair) []string {
	var out []string
	for _, it := range r.texts(p.value, p.key) {
		g := strings.ToLower(it.text)
		inner := strings.TrimSuffix(strings.TrimPrefix(g, "*"), "*")
		if inner == "" || strings.Contains(inner, "*") {
			r.reportAt(it.at.position(), "%s %q, want a name, with * at its start or end", p.key, it.text)
			continue
		}
		out = append(out, g)
	}
	return out
}

// globMatch reports whether s, of any case, fits a lower-case glob.
func globMatch(glob, s string) bool {
	s = strings.ToLower(s)
	inner, open := strings.CutPrefix(glob, "*")
	inner, more := strings.CutSuffix(inner, "*")
	switch {
	case open && more:
		return strings.Contains(s, inner)
	case open:
		return strings.HasSuffix(s, inner)
	case more:
		return strings.HasPrefix(s, inner)
	}
	return s == inner
}

func (r *reader) fieldTime(out *Field, n ast.Node) {
	pairs, ok := r.mapping(n, "time")
	if !ok {
		return
	}
	for _, p := range pairs {
		switch p.key {
		case "hours":
			out.Hours = r.hours(p)
		case "after":
			out.After = r.date(p.value, p.key)
		case "before":
			out.Before = r.date(p.value, p.key)
		default:
			r.unknown(p, "time", []string{"hours", "after", "before"})
		}
	}
	if !out.After.IsZero() && !out.Before.IsZero() && !out.After.Before(out.Before) {
		r.problem(n, "after is not before before: it can never match")
	}
}

// hours reads "22-6".
func (r *reader) hours(p pair) [2]int {
	s, _ := scalar(p.value)
	a, b, _ := strings.Cut(s, "-")
	from, err1 := strconv.Atoi(strings.TrimSpace(a))
	to, err2 := strconv.Atoi(strings.TrimSpace(b))
	if err1 != nil || err2 != nil || from < 0 || from > 23 || to < 0 || to > 24 || from == to {
		r.problem(p.value, "hours, want two different hours such as 22-6")
		return [2]int{}
	}
	return [2]int{from, to}
}

// holds reports whether t lies in the hours and days of the field.
func (f *Field) holds(t time.Time) bool {
	if !f.After.IsZero() && (t.IsZero() || t.Before(f.After)) || !f.Before.IsZero() && (t.IsZero() || !t.Before(f.Before)) {
		return false
	}
	from, to := f.Hours[0], f.Hours[1]
	if from == to {
		return true
	}
	h := t.UTC().Hour()
	if t.IsZero() {
		return false
	}
	if from < to {
		return h >= from && h < to
	}
	return h >= from || h < to
}
