package rule

import (
	"fmt"
	"slices"
	"strings"

	"veghe"
	"veghe/detect/text"
)

// Explanation says what the rules saw in one post, and what they missed by
// little. It quotes the post: it is for a person at a terminal or a page, not
// for a log.
type Explanation struct {
	Fields []FieldView  `json:"fields"`
	Langs  []Segment    `json:"langs,omitempty"`
	Quoted []text.Range `json:"quoted,omitempty"`
	// Rules are those that fired, then those of which a signal was found.
	Rules []View `json:"rules"`
	// Silent counts the rules of which nothing was found.
	Silent   int             `json:"silent"`
	Findings []veghe.Finding `json:"findings"`
	Watches  []WatchHit      `json:"watches,omitempty"`
}

// FieldView is one field as the rules read it.
type FieldView struct {
	Field     string     `json:"field"` // title or text
	Folded    string     `json:"folded"`
	Words     []WordView `json:"words"`
	Disguised []WordView `json:"disguised,omitempty"` // second readings
}

// WordView is one word: as written, and as it was read.
type WordView struct {
	Start   int    `json:"start"`
	End     int    `json:"end"`
	Raw     string `json:"raw"`
	Word    string `json:"word"`
	Evasive bool   `json:"evasive,omitempty"`
}

// View is one rule over the post.
type View struct {
	Rule      veghe.RuleID `json:"rule"`
	Title     string       `json:"title"`
	Status    Status       `json:"status"`
	Condition string       `json:"condition"`
	Fired     bool         `json:"fired"`
	// Exception names the exception that kept the rule from being reported.
	Exception string       `json:"exception,omitempty"`
	Signals   []SignalView `json:"signals"`
	// Nearly says what was missing, where little was.
	Nearly []Miss `json:"nearly,omitempty"`
}

// Miss is the one thing that kept a rule from firing.
type Miss struct {
	Kind  MissKind
	A, B  string // signals; B only where two are concerned
	Apart int    // words between them, of MissApart
	Most  int    // words wanted between them at most, of MissApart
}

// MissKind says what kept a rule from firing.
type MissKind string

// The kinds of misses.
const (
	MissMissing MissKind = "missing" // A was not found
	MissHeld    MissKind = "held"    // A was found, and should not be
	MissApart   MissKind = "apart"   // A and B stand too far apart
	MissAfter   MissKind = "after"   // A stands after B, not before
	MissOverlap MissKind = "overlap" // A and B overlap, or stand in different fields
)

// String is the miss in words.
func (m Miss) String() string {
	switch m.Kind {
	case MissHeld:
		return "held back by " + m.A
	case MissApart:
		return fmt.Sprintf("%s and %s are %d words apart, at most %d wanted", m.A, m.B, m.Apart, m.Most)
	case MissAfter:
		return fmt.Sprintf("%s stands after %s, not before", m.A, m.B)
	case MissOverlap:
		return fmt.Sprintf("%s and %s overlap or stand in different fields", m.A, m.B)
	default:
		return fmt.Sprintf("only %s is missing", m.A)
	}
}

// MarshalText writes a miss in words.
func (m Miss) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// SignalView is one signal of a rule.
type SignalView struct {
	Name  string       `json:"name"`
	Kind  string       `json:"kind"`
	Found bool         `json:"found"`
	Spans []veghe.Span `json:"spans,omitempty"`
}

// Explain matches a post and says why. With ids, only those rules are shown,
// found or not.
func (m *Matcher) Explain(in *Input, ids ...veghe.RuleID) Explanation {
	e := Explanation{Findings: m.Match(in), Watches: m.Watches(), Langs: in.Langs, Quoted: in.Quoted}
	for i, name := range []string{"title", "text"} {
		if m.docs[i].Source() != "" {
			e.Fields = append(e.Fields, fieldView(name, m.docs[i]))
		}
	}
	for i, u := range m.set.units[:m.set.rules] {
		if len(ids) > 0 && !slices.Contains(ids, u.rule.ID) && !slices.Contains(ids, veghe.RuleID(u.rule.Indicator)) {
			continue
		}
		v := m.ruleView(int32(i), u)
		if len(ids) == 0 && !v.Fired && !v.anyFound() {
			e.Silent++
			continue
		}
		e.Rules = append(e.Rules, v)
	}
	slices.SortStableFunc(e.Rules, func(a, b View) int { return boolInt(b.Fired) - boolInt(a.Fired) })
	return e
}

func fieldView(name string, d *text.Doc) FieldView {
	v := FieldView{Field: name, Folded: string(d.Folded())}
	for _, t := range d.Tokens {
		v.Words = append(v.Words, wordView(d, t))
	}
	for _, x := range d.Extra {
		if x.Flags&text.Symbol == 0 {
			v.Disguised = append(v.Disguised, wordView(d, x.Token))
		}
	}
	return v
}

func wordView(d *text.Doc, t text.Token) WordView {
	return WordView{
		Start: int(t.Start), End: int(t.End), Raw: d.Source()[t.Start:t.End], Word: string(d.Word(t)), Evasive: t.Evasive(),
	}
}

func (v *View) anyFound() bool {
	return slices.ContainsFunc(v.Signals, func(s SignalView) bool {
		return s.Found && s.Kind != FieldKind.String()
	})
}

func (m *Matcher) ruleView(i int32, u *unit) View {
	v := View{
		Rule: u.rule.ID, Title: u.rule.Title, Status: u.rule.Status, Condition: u.rule.Condition.String(),
		Fired: m.fired[i] == m.epoch,
	}
	for k, s := range u.signals {
		sig := u.first + int32(k)
		sv := SignalView{Name: s.Name, Kind: s.Kind.String(), Found: m.has(sig)}
		if s.Kind.placed() && sv.Found {
			m.spans, m.cited = m.spans[:0], m.cited[:0]
			m.collectName(sig, maxSpans)
			sv.Spans = mergeSpans(m.spans, m.source)
		}
		v.Signals = append(v.Signals, sv)
	}
	if v.Fired {
		return v
	}
	if m.holds(u.cond) {
		v.Exception = m.exceptionOf(u)
		return v
	}
	v.Nearly = m.nearly(u)
	return v
}

// nearly says what single change would make the rule fire.
func (m *Matcher) nearly(u *unit) (out []Miss) {
	for k, s := range u.signals {
		sig := u.first + int32(k)
		found := m.has(sig)
		if !m.would(u.cond, &change{signal: sig, found: !found}) {
			continue
		}
		if found {
			out = append(out, Miss{Kind: MissHeld, A: s.Name})
		} else {
			out = append(out, Miss{Kind: MissMissing, A: s.Name})
		}
	}
	if m.would(u.cond, &change{signal: -1, anyDistance: true}) {
		out = append(out, m.distances(u.cond)...)
	}
	return out
}

// change is one thing imagined to be otherwise.
type change struct {
	signal      int32 // that is found or not
	found       bool
	anyDistance bool // near and ordered hold wherever both are found
}

// would reports whether a condition would hold after a change.
func (m *Matcher) would(n *node, c *change) bool {
	has := func(s int32) bool {
		if s == c.signal {
			return c.found
		}
		return m.has(s)
	}
	switch n.op {
	case OpName:
		return has(n.signals[0])
	case OpNot:
		return !m.would(n.args[0], c)
	case OpAnd:
		return !slices.ContainsFunc(n.args, func(a *node) bool { return !m.would(a, c) })
	case OpOr:
		return slices.ContainsFunc(n.args, func(a *node) bool { return m.would(a, c) })
	case OpNear, OpOrdered:
		if c.anyDistance || slices.Contains(n.signals, c.signal) {
			return has(n.signals[0]) && has(n.signals[1])
		}
	case OpCount:
		if n.signals[0] == c.signal {
			return compare(boolInt(c.found), n.cmp, n.n)
		}
	case OpSome:
		k := 0
		for _, s := range n.signals {
			k += boolInt(has(s))
		}
		return k >= n.n
	}
	return m.holds(n)
}

// distances says how far apart signals are that should be near.
func (m *Matcher) distances(n *node) (out []Miss) {
	for _, a := range n.args {
		out = append(out, m.distances(a)...)
	}
	if n.op != OpNear && n.op != OpOrdered || m.holds(n) || !m.has(n.signals[0]) || !m.has(n.signals[1]) {
		return out
	}
	a, b := m.set.signals[n.signals[0]].Name, m.set.signals[n.signals[1]].Name
	far := *n
	far.n = 1 << 30
	x, y, ok := m.closest(&far)
	if !ok && n.op == OpOrdered {
		return append(out, Miss{Kind: MissAfter, A: a, B: b})
	}
	if !ok {
		return append(out, Miss{Kind: MissOverlap, A: a, B: b})
	}
	gap := max(y.first-x.last-1, x.first-y.last-1, 0)
	return append(out, Miss{Kind: MissApart, A: a, B: b, Apart: int(gap), Most: n.n})
}

// String is the explanation for a terminal.
func (e Explanation) String() string {
	var b strings.Builder
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "%s, folded:\n    %s\n", f.Field, strings.ReplaceAll(f.Folded, "\n", "\n    "))
		for _, w := range f.Disguised {
			fmt.Fprintf(&b, "    also read: %s as %s\n", w.Raw, w.Word)
		}
		fmt.Fprintf(&b, "    %d words\n", len(f.Words))
	}
	for _, l := range e.Langs {
		fmt.Fprintf(&b, "languages %d–%d: %s\n", l.Start, l.End, strings.Join(l.Langs, " or "))
	}
	for _, q := range e.Quoted {
		fmt.Fprintf(&b, "quoted, not counted: %d–%d\n", q.Start, q.End)
	}
	for _, r := range e.Rules {
		r.write(&b)
	}
	for _, w := range e.Watches {
		fmt.Fprintf(&b, "watch %s: %s\n", w.Name, w.Title)
	}
	fmt.Fprintf(&b, "%d other rules found nothing\n", e.Silent)
	return b.String()
}

func (v *View) write(b *strings.Builder) {
	mark := "✗"
	if v.Fired {
		mark = "✓"
	}
	fmt.Fprintf(b, "%s %s  %s", mark, v.Rule, v.Title)
	if v.Status != Stable {
		fmt.Fprintf(b, " (%s)", v.Status)
	}
	fmt.Fprintf(b, "\n    %s\n", v.Condition)
	for _, s := range v.Signals {
		if !s.Found {
			fmt.Fprintf(b, "    – %s\n", s.Name)
			continue
		}
		fmt.Fprintf(b, "    + %s", s.Name)
		for _, sp := range s.Spans {
			fmt.Fprintf(b, "  %q %d–%d", sp.Text, sp.Start, sp.End)
			if sp.Field != "" {
				fmt.Fprintf(b, " of the %s", sp.Field)
			}
		}
		b.WriteByte('\n')
	}
	if v.Exception != "" {
		fmt.Fprintf(b, "    not reported: exception %s\n", v.Exception)
	}
	for _, n := range v.Nearly {
		fmt.Fprintf(b, "    nearly: %s\n", n)
	}
}
