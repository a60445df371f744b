package rule

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"veghe"
)

// reader reads one document.
type reader struct {
	*file
	pack  *Pack
	pairs []pair
	head  pair

	parser *termParser
}

var (
	idForm     = regexp.MustCompile(`^[A-Z]{2,5}-[A-Z0-9]{2,5}(\.[a-z0-9][a-z0-9_-]{0,39})?$`)
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)
	familyForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
)

const (
	maxSignals  = 32
	maxExamples = 200
	maxText     = 8 << 10 // of one example
)

var ruleKeys = []string{
	"indicator", "title", "description", "category", "family", "strength", "weight", "status", "tags", "references", "why",
	"falsepositives", "signals", "condition", "examples",
}

// missing reports keys that a document must have.
func (r *reader) missing(keys ...string) {
	for _, k := range keys {
		if !slices.ContainsFunc(r.pairs, func(p pair) bool { return p.key == k }) {
			r.problem(r.head.node, "%s is missing", k)
		}
	}
}

func (r *reader) rule() *Rule {
	out := &Rule{Pos: r.pos(r.head.node)}
	for _, p := range r.pairs {
		switch p.key {
		case "indicator":
			out.setID(r.file, p.value)
		case "title":
			out.Title = r.line(p)
		case "description":
			out.Description, _ = r.text(p.value, p.key)
		case "category":
			out.Category = oneOf(r.file, p, veghe.Recruitment, veghe.Grooming, veghe.Common)
		case "family":
			out.Family = r.formed(p, familyForm, "a lower-case word")
		case "strength":
			out.Strength = oneOf(r.file, p, Strong, Medium, Weak, Negative)
		case "weight":
			out.setWeight(r.file, p)
		case "status":
			out.Status = oneOf(r.file, p, Experimental, Stable, Deprecated)
		case "tags":
			out.Tags = r.tags(p.value)
		case "references":
			out.References = r.strings(p)
		case "why":
			out.Why = r.line(p)
		case "falsepositives":
			out.FalsePositives = r.strings(p)
		case "signals", "condition":
		case "examples":
			out.Examples = r.examples(p.value)
		default:
			r.unknown(p, "an indicator", ruleKeys)
		}
	}
	r.missing("title", "category", "family", "status", "signals", "condition")
	if out.Strength == "" && out.Weight == nil {
		r.missing("strength")
	}
	out.Signals, out.Condition, out.condPos = r.logic(true)
	out.deriveStrength()
	r.placeholders(out.Why, out.Signals)
	return out
}

func (out *Rule) setID(f *file, n ast.Node) {
	id, _ := f.text(n, "indicator")
	if !idForm.MatchString(id) {
		f.problem(n, "indicator %q, want an id such as DOC-01 or DOC-01.fee", id)
		return
	}
	out.ID, out.Indicator = veghe.RuleID(id), veghe.IndicatorID(indicatorOf(id))
}

const maxWeight = 20

func (out *Rule) setWeight(f *file, p pair) {
	w, ok := f.number(p.value, p.key)
	if !ok {
		return
	}
	if w < -maxWeight || w > maxWeight {
		f.problem(p.value, "weight is %v, want a natural log between -%d and %d", w, maxWeight, maxWeight)
		return
	}
	out.Weight = &w
}

// deriveStrength gives a rule with only a weight the strength it amounts to.
func (out *Rule) deriveStrength() {
	if out.Strength != "" || out.Weight == nil {
		return
	}
	switch w := *out.Weight; {
	case w >= 1.7:
		out.Strength = Strong
	case w >= 0.75:
		out.Strength = Medium
	case w >= 0:
		out.Strength = Weak
	default:
		out.Strength = Negative
	}
}

// line reads a text and makes it one line.
func (r *reader) line(p pair) string {
	s, _ := r.text(p.value, p.key)
	if strings.TrimSpace(s) == "" {
		r.problem(p.value, "%s is empty", p.key)
	}
	return strings.Join(strings.Fields(s), " ")
}

func (r *reader) strings(p pair) []string {
	var out []string
	for _, it := range r.texts(p.value, p.key) {
		out = append(out, strings.TrimSpace(it.text))
	}
	return out
}

func (r *reader) formed(p pair, form *regexp.Regexp, want string) string {
	s, ok := r.text(p.value, p.key)
	if ok && !form.MatchString(s) {
		r.problem(p.value, "%s is %q, want %s (%s)", p.key, s, want, form)
	}
	return s
}

// oneOf reads a word that must be one of a few.
func oneOf[T ~string](f *file, p pair, words ...T) T {
	s, ok := f.text(p.value, p.key)
	if !ok {
		return ""
	}
	names := make([]string, len(words))
	for i, w := range words {
		if names[i] = string(w); s == names[i] {
			return w
		}
	}
	f.problem(p.value, "%s is %q, want %s%s", p.key, s, strings.Join(names, ", "), hint(s, names))
	return ""
}

// logic reads signals and condition. need says that both must be there.
func (r *reader) logic(need bool) ([]*Signal, *Cond, Position) {
	var signals []*Signal
	var cond *Cond
	var at Position
	for _, p := range r.pairs {
		if p.key == "signals" {
			signals = r.signals(p.value)
		}
	}
	for _, p := range r.pairs {
		if p.key == "condition" {
			at = r.pos(p.value)
			cond = r.condition(p.value, signals)
		}
	}
	if cond == nil && len(signals) > 0 && !need {
		r.problem(r.head.node, "signals without a condition")
	}
	return signals, cond, at
}

func (r *reader) signals(n ast.Node) []*Signal {
	pairs, ok := r.mapping(n, "signals")
	if !ok {
		return nil
	}
	if len(pairs) > maxSignals {
		r.problem(n, "%d signals, want at most %d", len(pairs), maxSignals)
		pairs = pairs[:maxSignals]
	}
	var out []*Signal
	for _, p := range pairs {
		if !validName(p.key) || reserved(p.key) {
			r.problem(p.node, "signal name %q, want lower-case letters, digits and _ and none of: and or not of near ordered count", p.key)
		}
		out = append(out, r.signal(p))
	}
	return out
}

// condition reads a condition and checks it against the signals.
func (r *reader) condition(n ast.Node, signals []*Signal) *Cond {
	s, ok := r.text(n, "condition")
	if !ok {
		return nil
	}
	c, err := ParseCond(s)
	if err != nil {
		r.condProblem(n, s, err)
		return nil
	}
	used := map[string]bool{}
	sound := true
	byName := map[string]*Signal{}
	var names []string
	for _, s := range signals {
		byName[s.Name] = s
		names = append(names, s.Name)
	}
	c.walk(false, func(c *Cond, _ bool) {
		for _, name := range c.Names {
			used[name] = true
			sig := byName[name]
			switch {
			case sig == nil:
				sound = false
				r.condProblem(n, s, &CondError{c.Pos, fmt.Sprintf("%q is no signal of this rule%s", name, hint(name, names))})
			case (c.Op == OpNear || c.Op == OpOrdered) && !sig.Kind.placed():
				sound = false
				r.condProblem(n, s, &CondError{c.Pos, fmt.Sprintf("%s looks at places in the text, and %q is a %v signal, which has none", c.opName(), name, sig.Kind)})
			}
		}
	})
	for _, sig := range signals {
		if !used[sig.Name] {
			r.problems = append(r.problems, Problem{Position: sig.Pos, Msg: fmt.Sprintf("signal %q is not used in the condition", sig.Name)})
		}
	}
	if sound && c.ofNothing() {
		r.condProblem(n, s, &CondError{c.Pos, "true of a post in which nothing is found; want at least one signal that must be there"})
	}
	return c
}

func (c *Cond) opName() string {
	name, _, _ := strings.Cut(c.String(), "(")
	return name
}

// condProblem reports an error of a condition at its place, if the condition
// stands on the line of its node.
func (r *reader) condProblem(n ast.Node, s string, err error) {
	p := r.pos(n)
	ce := &CondError{}
	ok := errors.As(err, &ce)
	if !ok {
		r.problem(n, "condition: %v", err)
		return
	}
	col := p.Column
	if i := strings.Index(p.text, s); i >= 0 {
		col = len([]rune(p.text[:i+min(ce.Pos, len(s))])) + 1
	}
	r.report(p.Line, col, "condition: %s", ce.Msg)
}

// ofNothing reports whether c holds where no signal was found.
func (c *Cond) ofNothing() bool {
	switch c.Op {
	case OpNot:
		return !c.Args[0].ofNothing()
	case OpAnd:
		for _, a := range c.Args {
			if !a.ofNothing() {
				return false
			}
		}
		return true
	case OpOr:
		return slices.ContainsFunc(c.Args, (*Cond).ofNothing)
	case OpCount:
		return compare(0, c.Cmp, c.N)
	}
	return false
}

// compare is "n cmp m".
func compare(n int, op string, m int) bool {
	switch op {
	case ">=":
		return n >= m
	case ">":
		return n > m
	case "<=":
		return n <= m
	case "<":
		return n < m
	}
	return n == m
}

// placeholders checks that every {name} in a why is a signal.
func (r *reader) placeholders(why string, signals []*Signal) {
	for _, name := range placeholder.FindAllString(why, -1) {
		name = strings.Trim(name, "{}")
		if !slices.ContainsFunc(signals, func(s *Signal) bool { return s.Name == name }) {
			for _, p := range r.pairs {
				if p.key == "why" {
					r.problem(p.value, "why cites {%s}, which is no signal of this rule", name)
				}
			}
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

// namespaces of tags, and whether a word may or must follow.
var namespaces = map[string]*regexp.Regexp{
	"ilo11":    regexp.MustCompile(`^([1-9]|1[01])$`),
	"delphi":   regexp.MustCompile(`^d[1-6]$`),
	"palermo":  regexp.MustCompile(`^(act|means|purpose)$`),
	"europol":  regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"unodc":    regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"stage":    regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"veghe":    regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"volodko":  regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"emscad":   regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"misp":     regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`),
	"language": regexp.MustCompile(`^[a-z]{2,3}$`),
}

var dimension = regexp.MustCompile(`^d[1-6]$`)

func (r *reader) tags(n ast.Node) []string {
	var out []string
	for _, it := range r.texts(n, "tags") {
		ns, word, _ := strings.Cut(it.text, ".")
		form := namespaces[ns]
		switch {
		case form == nil && !dimension.MatchString(it.text):
			known := make([]string, 0, len(namespaces))
			for k := range namespaces {
				known = append(known, k)
			}
			slices.Sort(known)
			r.reportAt(it.at.position(), "tag %q is in no known namespace, want one of: %s%s", it.text, strings.Join(known, " "), hint(ns, known))
		case form != nil && word != "" && !form.MatchString(word):
			r.reportAt(it.at.position(), "tag %q, want %s.%s", it.text, ns, form)
		}
		out = append(out, it.text)
	}
	return out
}

// policy reads a policy document by the tags of Policy and checks its sense.
func (r *reader) policy(body ast.Node) Policy {
	var p Policy
	r.decode(body, reflect.ValueOf(&p).Elem(), "a policy")
	r.missing("category", "unit", "weights")
	for _, msg := range p.problems() {
		r.problem(r.head.node, "policy %q: %s", p.Name, msg)
	}
	return p
}

func (r *reader) watch() *Watch {
	w := &Watch{Pos: r.pos(r.head.node)}
	for _, p := range r.pairs {
		switch p.key {
		case "watch":
			w.Name = r.formed(p, nameForm, "a short name")
		case "title":
			w.Title = r.line(p)
		case "owner":
			w.Owner = r.line(p)
		case "why":
			w.Why = r.line(p)
		case "signals", "condition":
		default:
			r.unknown(p, "a watch", []string{"watch", "title", "owner", "why", "signals", "condition"})
		}
	}
	r.missing("signals", "condition")
	w.Signals, w.Condition, _ = r.logic(true)
	w.Title = cmp.Or(w.Title, w.Name)
	r.placeholders(w.Why, w.Signals)
	return w
}

func (r *reader) exception() *Exception {
	e := &Exception{Pos: r.pos(r.head.node)}
	for _, p := range r.pairs {
		switch p.key {
		case "exception":
			e.Name = r.formed(p, nameForm, "a short name")
		case "indicators":
			e.Indicators = r.strings(p)
		case "reason":
			e.Reason = r.line(p)
		case "owner":
			e.Owner = r.line(p)
		case "expires":
			e.Expires = r.date(p.value, p.key)
		case "signals", "condition":
		default:
			r.unknown(p, "an exception", []string{"exception", "indicators", "signals", "condition", "reason", "owner", "expires"})
		}
	}
	r.missing("indicators", "reason", "owner", "expires")
	e.Signals, e.Condition, _ = r.logic(false)
	for _, s := range e.Signals {
		if s.Kind == IndicatorKind {
			r.problems = append(r.problems, Problem{Position: s.Pos, Msg: "an exception may not wait for indicators"})
		}
	}
	return e
}
