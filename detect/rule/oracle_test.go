package rule

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"veghe"
	"veghe/detect/text"
)

// oracle decides a post the slow, obvious way, straight from FORMAT.md: each
// term is held against each word, each condition is read by its definition.
// It shares nothing with the Matcher but how rules are parsed and how texts
// are folded. What it finds, the Matcher must find, to the byte.
type oracle struct {
	t      testing.TB
	pack   *Pack
	in     *Input
	fields [2]text.Doc // title, text
	memo   map[*Signal][]place
	cited  map[*Signal]place
	spans  []veghe.Span
}

// place is where a signal was found, in original bytes.
type place struct{ field, start, end int }

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
}

func newOracle(t testing.TB, p *Pack, in *Input) *oracle {
	o := &oracle{t: t, pack: p, in: in, memo: map[*Signal][]place{}}
	o.fields[inTitle].Fold(in.Post.Title)
	o.fields[inText].Fold(in.Post.Text)
	return o
}

// findings are those of all rules that run, those that need no other first,
// then by id.
func (o *oracle) findings() (out []veghe.Finding) {
	rules := slices.Clone(o.pack.Rules)
	slices.SortStableFunc(rules, func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(o.level(a), o.level(b)), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range rules {
		if o.fires(r) {
			why, spans := o.evidence(r.Why, r.Signals, r.Condition, r)
			out = append(out, veghe.Finding{
				Indicator: r.Indicator, Rule: r.ID, Category: r.Category, Family: r.Family, Weight: 2.3,
				Why: why, Shadow: r.Status == Experimental, Spans: spans,
			})
		}
	}
	return out
}

func (o *oracle) watches() (out []WatchHit) {
	for _, w := range o.pack.Watches {
		if o.holds(w.Condition, w.Signals, nil) {
			why, spans := o.evidence(w.Why, w.Signals, w.Condition, nil)
			out = append(out, WatchHit{Name: w.Name, Title: w.Title, Why: why, Spans: spans})
		}
	}
	return out
}

// level is 0 for a rule that waits for no other.
func (o *oracle) level(r *Rule) (n int) {
	for _, s := range r.Signals {
		for _, other := range o.pack.Rules {
			if named(s, other) {
				n = max(n, o.level(other)+1)
			}
		}
	}
	return n
}

// named reports whether an indicator signal is about the rule.
func named(s *Signal, r *Rule) bool {
	return slices.Contains(s.Indicators, string(r.ID)) || slices.Contains(s.Indicators, string(r.Indicator))
}

func (o *oracle) fires(r *Rule) bool {
	if r.Status == Deprecated || !o.holds(r.Condition, r.Signals, r) {
		return false
	}
	for _, e := range o.pack.Exceptions {
		about := slices.Contains(e.Indicators, string(r.ID)) || slices.Contains(e.Indicators, string(r.Indicator))
		expired := !e.Expires.IsZero() && !o.in.Now.Before(e.Expires)
		if about && !expired && (e.Condition == nil || o.holds(e.Condition, e.Signals, nil)) {
			return false
		}
	}
	return true
}

func byName(signals []*Signal, name string) *Signal {
	return signals[slices.IndexFunc(signals, func(s *Signal) bool { return s.Name == name })]
}

// holds reads a condition by its definition. r is the rule it belongs to, nil
// for watches and exceptions.
func (o *oracle) holds(c *Cond, signals []*Signal, r *Rule) bool {
	arg := func(a *Cond) bool { return o.holds(a, signals, r) }
	has := func(name string) bool { return o.has(byName(signals, name), r) }
	switch c.Op {
	case OpName:
		return has(c.Names[0])
	case OpNot:
		return !arg(c.Args[0])
	case OpAnd:
		return !slices.ContainsFunc(c.Args, func(a *Cond) bool { return !arg(a) })
	case OpOr:
		return slices.ContainsFunc(c.Args, arg)
	case OpNear, OpOrdered:
		_, _, ok := o.closest(c, signals)
		return ok
	case OpCount:
		n := o.count(byName(signals, c.Names[0]), r)
		return map[string]bool{">=": n >= c.N, ">": n > c.N, "<=": n <= c.N, "<": n < c.N, "==": n == c.N}[c.Cmp]
	case OpSome:
		n := 0
		for _, name := range c.Names {
			if has(name) {
				n++
			}
		}
		return n >= c.N
	}
	o.t.Fatalf("operation %d", c.Op)
	return false
}

func (o *oracle) has(s *Signal, r *Rule) bool {
	switch s.Kind {
	case FieldKind:
		return o.field(s.Field)
	case FeatureKind:
		v, known := o.in.Features[s.Feature]
		least := s.Min != nil && v >= *s.Min || s.Min == nil && (s.Max != nil && known || v >= 1)
		return least && (s.Max == nil || v <= *s.Max)
	case IndicatorKind:
		return o.seen(s, r) != nil
	}
	return len(o.places(s)) > 0
}

// seen is the first rule that an indicator signal of r is about and that
// fires. Only experimental rules see experimental ones.
func (o *oracle) seen(s *Signal, r *Rule) *Rule {
	var first *Rule
	for _, other := range o.pack.Rules {
		if !named(s, other) || other.Status == Experimental && (r == nil || r.Status != Experimental) || !o.fires(other) {
			continue
		}
		if first == nil || o.level(other) < o.level(first) {
			first = other
		}
	}
	return first
}

func (o *oracle) field(f *Field) bool {
	p := o.in.Post
	fits := func(of []string, s string) bool {
		for _, g := range of {
			re := "^" + strings.ReplaceAll(regexp.QuoteMeta(g), `\*`, ".*") + "$"
			if regexp.MustCompile("(?si)" + re).MatchString(s) {
				return true
			}
		}
		return len(of) == 0
	}
	place := len(f.Place) == 0
	var d text.Doc
	d.Fold(p.Place)
	for _, t := range f.Place {
		for i := range d.Tokens {
			found := i+len(t.words()) <= len(d.Tokens)
			for k := 0; found && k < len(t.words()); k++ {
				found = fitsWord(t.words()[k], t.words()[k].spelling, string(d.Word(d.Tokens[i+k])))
			}
			place = place || found
		}
	}
	hour := p.PostedAt.UTC().Hour()
	hours := f.Hours[0] == f.Hours[1] || hour >= f.Hours[0] && hour < f.Hours[1] ||
		f.Hours[0] > f.Hours[1] && (hour >= f.Hours[0] || hour < f.Hours[1])
	timed := f.Hours[0] == f.Hours[1] && f.After.IsZero() && f.Before.IsZero() || !p.PostedAt.IsZero()
	return fits(f.Source, string(p.Source)) && fits(f.Author, string(p.Author)) && fits(f.Kind, string(p.Kind)) && place &&
		timed && hours && (f.After.IsZero() || !p.PostedAt.Before(f.After)) && (f.Before.IsZero() || p.PostedAt.Before(f.Before))
}

// places are where a signal is found, in order, each once.
func (o *oracle) places(s *Signal) []place {
	if ps, ok := o.memo[s]; ok {
		return ps
	}
	var ps []place
	for field := range o.fields {
		for _, t := range s.Terms {
			ps = append(ps, o.ofTerm(field, s, t)...)
		}
		for _, p := range s.Patterns {
			ps = append(ps, o.ofPattern(field, p)...)
		}
	}
	for _, c := range o.in.Contacts {
		p := place{inText, c.Start, c.End}
		if c.Field == "title" {
			p.field = inTitle
		}
		if slices.Contains(s.Contacts, c.Kind) && !o.quoted(p) && within(c.Value, s.Min, s.Max) {
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, comparePlaces)
	ps = slices.Compact(ps)
	ps = ps[:min(len(ps), 1000)]
	o.memo[s] = ps
	return ps
}

// within holds the number that a value has first between the bounds given.
func within(value string, least, most *float64) bool {
	if least == nil && most == nil {
		return true
	}
	number := regexp.MustCompile(`\d+(\.\d*)?`).FindString(value)
	if number == "" {
		return false
	}
	var x float64
	whole, part, _ := strings.Cut(number, ".")
	for _, c := range whole {
		x = x*10 + float64(c-'0')
	}
	scale := 0.1
	for _, c := range part {
		x, scale = x+float64(c-'0')*scale, scale/10
	}
	return (least == nil || x >= *least) && (most == nil || x <= *most)
}

// reading is one way to read a stretch of words: a word as it stands, or a
// disguised one as it was meant, over the words from first to last.
type reading struct {
	text.Token
	first, last int
	second      bool
}

// readings are those that begin with word i.
func (o *oracle) readings(field, i int) []reading {
	d := &o.fields[field]
	rs := []reading{{d.Tokens[i], i, i, false}}
	for _, x := range d.Extra {
		if int(x.First) == i && x.Flags&text.Symbol == 0 {
			rs = append(rs, reading{x.Token, i, int(x.Last), true})
		}
	}
	return rs
}

func (o *oracle) ofTerm(field int, s *Signal, t Term) (ps []place) {
	d := &o.fields[field]
	add := func(path []reading) {
		p := place{field, int(path[0].Start), int(path[len(path)-1].End)}
		if o.counts(p.field, path, t.Lang) && (!s.EvasiveOnly || slices.ContainsFunc(path, func(r reading) bool { return r.Evasive() })) && o.asWritten(d, s, t, path) {
			ps = append(ps, p)
		}
	}
	if t.words()[0].symbol {
		for _, x := range d.Extra {
			if x.Flags&text.Symbol != 0 && string(d.Word(x.Token)) == t.words()[0].spelling {
				add([]reading{{x.Token, 0, 0, false}})
			}
		}
		return ps
	}
	var next func(i int, path []reading)
	next = func(i int, path []reading) {
		switch {
		case len(path) == len(t.words()):
			add(path)
		case i < len(d.Tokens):
			w := t.words()[len(path)]
			for _, r := range o.readings(field, i) {
				if fitsWord(w, w.spelling, string(d.Word(r.Token))) {
					next(r.last+1, append(slices.Clip(path), r))
				}
			}
		}
	}
	for i := range d.Tokens {
		next(i, nil)
	}
	return ps
}

// fitsWord holds a word against a pattern of letters, "?" and a last "*".
func fitsWord(w termWord, pattern, word string) bool {
	p, s := []rune(pattern), []rune(word)
	if len(s) < len(p) || len(s) > len(p) && !w.prefix {
		return false
	}
	for i := range p {
		if p[i] != '?' && p[i] != s[i] {
			return false
		}
	}
	return true
}

// counts reports whether words are the author's own, in a language of a term.
func (o *oracle) counts(field int, path []reading, lang string) bool {
	for _, r := range path {
		if o.quoted(place{field, int(r.Start), int(r.End)}) {
			return false
		}
	}
	return o.speaks(field, int(path[0].Start), lang)
}

func (o *oracle) speaks(field, start int, lang string) bool {
	if lang == AnyLang || o.in.Langs == nil {
		return true
	}
	return slices.ContainsFunc(o.in.Langs, func(seg Segment) bool {
		return slices.Contains(seg.Langs, lang) && (field == inTitle || seg.Start <= start && start < seg.End)
	})
}

func (o *oracle) quoted(p place) bool {
	return p.field == inText && slices.ContainsFunc(o.in.Quoted, func(q text.Range) bool { return q.Start < p.end && p.start < q.End })
}

// asWritten holds words to their capitals and diacritics, where the signal
// asks for that. In a text that uses no diacritics, they cannot be asked for.
func (o *oracle) asWritten(d *text.Doc, s *Signal, t Term, path []reading) bool {
	var spell func(string) string
	switch strict := s.Strict && d.Accented; {
	case strict && s.ExactCase:
		spell = text.StrictCased
	case strict:
		spell = text.Strict
	case s.ExactCase:
		spell = text.Cased
	default:
		return true
	}
	for i, r := range path {
		if w := t.written()[i]; !w.symbol && (r.second || !fitsWord(w, spell(w.raw), spell(d.Source()[r.Start:r.End]))) {
			return false
		}
	}
	return true
}

func (o *oracle) ofPattern(field int, p Pattern) (ps []place) {
	d := &o.fields[field]
	for _, loc := range regexp.MustCompile(p.Source).FindAllIndex(d.Folded(), 1000) {
		start, end := d.Span(loc[0], loc[1])
		at := place{field, start, end}
		if loc[0] < loc[1] && !o.quoted(at) && o.speaks(field, start, p.Lang) {
			ps = append(ps, at)
		}
	}
	return ps
}

// count is the most places that do not overlap.
func (o *oracle) count(s *Signal, r *Rule) int {
	if s.Kind > ContactKind {
		return boolInt(o.has(s, r))
	}
	ps := slices.Clone(o.places(s))
	slices.SortStableFunc(ps, func(a, b place) int { return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.end, b.end)) })
	var kept []place
	for _, p := range ps {
		if n := len(kept); n == 0 || kept[n-1].field != p.field || kept[n-1].end <= p.start {
			kept = append(kept, p)
		}
	}
	return len(kept)
}

// closest is the pair with the fewest words between, the first such pair.
func (o *oracle) closest(c *Cond, signals []*Signal) (a, b place, ok bool) {
	best := c.N + 1
	var first, second place
	try := func(x, y place, swapped bool) { // x stands before y
		if x.field != y.field || x.end > y.start {
			return
		}
		gap := 0
		for _, t := range o.fields[x.field].Tokens {
			if int(t.Start) >= x.end && int(t.End) <= y.start {
				gap++
			}
		}
		if gap < best || ok && gap == best && cmp.Or(comparePlaces(x, first), comparePlaces(y, second)) < 0 {
			best, first, second, ok = gap, x, y, true
			if a, b = x, y; swapped {
				a, b = y, x
			}
		}
	}
	as, bs := o.places(byName(signals, c.Names[0])), o.places(byName(signals, c.Names[1]))
	for _, x := range as {
		for _, y := range bs {
			try(x, y, false)
		}
	}
	for _, x := range as {
		for _, y := range bs {
			if c.Op == OpNear {
				try(y, x, true)
			}
		}
	}
	return a, b, ok
}

// evidence is the reason and the places that made a condition true.
func (o *oracle) evidence(why string, signals []*Signal, c *Cond, r *Rule) (string, []veghe.Span) {
	o.spans, o.cited = nil, map[*Signal]place{}
	o.collect(c, signals, r)
	named := regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)
	if named.MatchString(why) {
		why = readable(named.ReplaceAllStringFunc(why, func(name string) string {
			return o.quote(byName(signals, name[1:len(name)-1]), r)
		}))
	}
	return why, joined(o.spans, o)
}

func (o *oracle) collect(c *Cond, signals []*Signal, r *Rule) {
	most := 5
	switch c.Op {
	case OpAnd, OpOr:
		for _, a := range c.Args {
			if c.Op == OpAnd || o.holds(a, signals, r) {
				o.collect(a, signals, r)
			}
		}
		return
	case OpNear, OpOrdered:
		if x, y, ok := o.closest(c, signals); ok {
			o.cite(byName(signals, c.Names[0]), x)
			o.cite(byName(signals, c.Names[1]), y)
		}
		return
	case OpNot:
		return
	case OpCount:
		most = max(most, c.N)
	}
	for _, name := range c.Names {
		s := byName(signals, name)
		ps := o.places(s)
		for _, p := range ps[:min(most, len(ps))] {
			o.cite(s, p)
		}
	}
}

func (o *oracle) cite(s *Signal, p place) {
	if _, ok := o.cited[s]; !ok {
		o.cited[s] = p
	}
	sp := veghe.Span{Start: p.start, End: p.end}
	if p.field == inTitle {
		sp.Field = "title"
	}
	o.spans = append(o.spans, sp)
}

// joined are spans in order, title first, those that overlap made one, the
// first sixteen.
func joined(spans []veghe.Span, o *oracle) []veghe.Span {
	out := []veghe.Span{}
	for _, s := range spans {
		for i := 0; i < len(out); i++ {
			if x := out[i]; x.Field == s.Field && x.Start < s.End && s.Start < x.End || x == s {
				s.Start, s.End = min(s.Start, x.Start), max(s.End, x.End)
				out = slices.Delete(out, i, i+1)
				i = -1 // the longer one may touch others
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b veghe.Span) int {
		return cmp.Or(cmp.Compare(b.Field, a.Field), cmp.Compare(a.Start, b.Start))
	})
	out = out[:min(len(out), 16)]
	for i := range out {
		source := o.in.Post.Text
		if out[i].Field == "title" {
			source = o.in.Post.Title
		}
		out[i].Text = source[out[i].Start:out[i].End]
	}
	return out
}

// quote is what a reason shows of a signal.
func (o *oracle) quote(s *Signal, r *Rule) string {
	if !o.has(s, r) {
		return "…"
	}
	switch s.Kind {
	case IndicatorKind:
		return o.seen(s, r).Title
	case FeatureKind:
		return s.Feature
	case FieldKind:
		return cmp.Or(o.in.Post.Place, string(o.in.Post.Source), string(o.in.Post.Kind), "…")
	}
	p, ok := o.cited[s]
	if !ok {
		p = o.places(s)[0]
	}
	q := strings.Join(strings.Fields(strings.ToValidUTF8(o.fields[p.field].Source()[p.start:p.end], " ")), " ")
	if len(q) <= 60 {
		return q
	}
	for n := 57; ; n-- {
		if utf8.RuneStart(q[n]) {
			return q[:n] + "…"
		}
	}
}
