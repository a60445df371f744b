package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"veghe"
	"veghe/detect/text"
	"veghe/detect/wording"
)

// engineVersion changes whenever the same rules on the same text may give
// other findings.
const engineVersion = "match3"

// Set is a compiled rule set: immutable, safe for any number of goroutines.
type Set struct {
	pack    *Pack
	version string
	byID    map[veghe.RuleID]*Rule

	units    []*unit // rules by level and id, then watches, then exceptions
	rules    int     // the first so many units are rules
	signals  []signalInfo
	probes   []probe
	uses     useTable         // by end: the wide probes that have such a term
	endLangs []uint8          // by end: of langSets, that of the languages of its terms
	langSets [256]uint64      // a bit for each language; the first has all
	langs    map[string]uint8 // bit by language

	vocab   *vocabulary
	classes *classSet
	trie    *trie
	exact   []exactTerm

	// The words of each end, for comparing them: from spellingAt on.
	spellings  []byte
	spellingAt []uint32

	// What makes units candidates. Of the words that are terms, those up to
	// leading do.
	leading  symbol
	always   []int32     // nothing: they are looked at for every post
	terms    anchorTable // by end of the trie
	literals *literalSet
	contacts map[string]*contactUse // by kind
	leads    []uint32               // to units, see need.go
	asking   []*Signal              // that ask for features
}

// unit is a rule, watch or exception as it runs.
type unit struct {
	cond       *node
	first      int32 // number of its first signal
	lead       uint32
	also       also
	shadow     bool
	simple     bool          // to ask whether cond may hold is as much work as whether it does
	exceptions []int32       // units that may keep it from being reported
	followers  []int32       // units that wait for it
	root       node          // where cond is
	finding    veghe.Finding // of a rule, without reason and spans
	why        []whyPart
	rule       *Rule
	watch      *Watch
	exception  *Exception
	signals    []*Signal
}

// node is a condition over numbered signals.
type node struct {
	op      Op
	signals []int32
	pair    [2]int32 // where signals are, if they are few
	args    []*node
	cheap   []*node // args, those that cost least first
	cost    int
	cmp     string
	n       int
}

// signalInfo is a signal as it runs.
type signalInfo struct {
	kind Kind
	*Signal
	unit   int32
	anchor bool    // to find it makes the unit a candidate
	probe  int32   // what it looks for in the text; -1 if it has no place there
	waits  []int32 // units, of an indicator signal
	rarity float64 // see Set.rarity; 0 until asked for
}

// Limits of a pack: what compiles in seconds and stays in memory.
const (
	maxAllTerms    = 1_000_000 // of all signals, lists counted each time
	maxAllPatterns = 5_000
)

// checkSize holds a pack to its limits.
func checkSize(p *Pack) error {
	terms, patterns := 0, 0
	count := func(signals []*Signal) {
		for _, s := range signals {
			terms += len(s.Terms)
			patterns += len(s.Patterns)
		}
	}
	for _, r := range p.Rules {
		count(r.Signals)
	}
	for _, w := range p.Watches {
		count(w.Signals)
	}
	for _, e := range p.Exceptions {
		count(e.Signals)
	}
	switch {
	case terms > maxAllTerms:
		return fmt.Errorf("%d terms in all, want at most %d; a list counts in every signal that names it", terms, maxAllTerms)
	case patterns > maxAllPatterns:
		return fmt.Errorf("%d regular expressions in all, want at most %d; use terms and near", patterns, maxAllPatterns)
	}
	return nil
}

// Compile makes a Set of a pack that loaded without error. A pack may have
// too many terms or regular expressions in all.
func Compile(p *Pack) (*Set, error) {
	if err := checkSize(p); err != nil {
		return nil, err
	}
	s := &Set{
		pack: p, byID: map[veghe.RuleID]*Rule{}, langs: map[string]uint8{AnyLang: 0}, contacts: map[string]*contactUse{},
	}
	level, circle := levels(p.Rules)
	if len(circle) > 0 {
		return nil, fmt.Errorf("indicator %q waits for itself, through its indicator signals", circle[0].ID)
	}
	for _, r := range p.Rules {
		s.byID[r.ID] = r
	}
	if err := s.addUnits(level); err != nil {
		return nil, err
	}
	if err := s.addProbes(); err != nil {
		return nil, err
	}
	s.addFollowers()
	s.addLeads()
	s.addAnchors()
	s.addAsking()
	s.version = versionOf(p)
	for i := range s.probes {
		if p := &s.probes[i]; p.wide {
			p.terms = nil // uses has them
		}
	}
	return s, nil
}

func (s *Set) addUnits(level map[*Rule]int) error {
	running := slices.DeleteFunc(slices.Clone(s.pack.Rules), func(r *Rule) bool { return r.Status == Deprecated })
	slices.SortStableFunc(running, func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(level[a], level[b]), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range running {
		u := &unit{rule: r, signals: r.Signals, shadow: r.Status == Experimental, why: whyParts(r.Why, r.Signals)}
		u.finding = veghe.Finding{
			Indicator: r.Indicator, Rule: r.ID, Category: r.Category, Family: r.Family, Weight: s.weight(r), Shadow: u.shadow,
		}
		if err := s.addUnit(u, r.Condition); err != nil {
			return fmt.Errorf("indicator %q: %w", r.ID, err)
		}
	}
	s.rules = len(s.units)
	for _, w := range s.pack.Watches {
		if err := s.addUnit(&unit{watch: w, signals: w.Signals, why: whyParts(w.Why, w.Signals)}, w.Condition); err != nil {
			return fmt.Errorf("watch %q: %w", w.Name, err)
		}
	}
	for _, e := range s.pack.Exceptions {
		u := &unit{exception: e, signals: e.Signals}
		if err := s.addUnit(u, e.Condition); err != nil {
			return fmt.Errorf("exception %q: %w", e.Name, err)
		}
		for _, r := range s.units[:s.rules] {
			if e.covers(r.rule) {
				r.exceptions = append(r.exceptions, int32(len(s.units)-1))
			}
		}
	}
	return nil
}

// weight is what a finding of the rule adds: its own weight, else the weight
// of its strength in the policy of its category, else in the first policy.
func (s *Set) weight(r *Rule) float64 {
	if r.Weight != nil {
		return *r.Weight
	}
	for _, p := range s.pack.Policies {
		if p.Category == r.Category {
			return p.Weights[r.Strength]
		}
	}
	if len(s.pack.Policies) > 0 {
		return s.pack.Policies[0].Weights[r.Strength]
	}
	return map[Strength]float64{Strong: 2.3, Medium: 1.1, Weak: 0.4, Negative: -1}[r.Strength]
}

func (s *Set) addUnit(u *unit, c *Cond) error {
	number := int32(len(s.units))
	u.first = int32(len(s.signals))
	byName := map[string]int32{}
	for _, sig := range u.signals {
		byName[sig.Name] = int32(len(s.signals))
		s.signals = append(s.signals, signalInfo{Signal: sig, kind: sig.Kind, unit: number, probe: -1})
	}
	s.units = append(s.units, u)
	if c == nil {
		if u.exception == nil {
			return fmt.Errorf("no condition: was the pack loaded without error?")
		}
		return nil
	}
	if err := u.root.compile(c, byName); err != nil {
		return err
	}
	s.price(&u.root)
	u.cond = &u.root
	u.simple = s.simple(u.cond)
	if u.exception != nil {
		return nil
	}
	anchors, ok := s.anchors(u.cond)
	if !ok {
		s.always = append(s.always, number)
		return nil
	}
	for _, sig := range anchors {
		s.signals[sig].anchor = true
	}
	return nil
}

// simple reports whether a condition is one signal, or two of words near each
// other.
func (s *Set) simple(n *node) bool {
	switch n.op {
	case OpName:
		return true
	case OpNear, OpOrdered:
		return s.signals[n.signals[0]].kind == Words && s.signals[n.signals[1]].kind == Words
	}
	return false
}

// compile makes a node of a condition.
func (n *node) compile(c *Cond, byName map[string]int32) error {
	*n = node{op: c.Op, cmp: c.Cmp, n: c.N}
	n.signals = n.pair[:0]
	for _, name := range c.Names {
		sig, ok := byName[name]
		if !ok {
			return fmt.Errorf("condition: %q is no signal", name)
		}
		n.signals = append(n.signals, sig)
	}
	for _, a := range c.Args {
		m := &node{}
		if err := m.compile(a, byName); err != nil {
			return err
		}
		n.args = append(n.args, m)
	}
	return nil
}

// price guesses what it costs to decide a condition, and orders its parts by
// that: a regular expression is asked only where all else would do.
func (s *Set) price(n *node) {
	for _, sig := range n.signals {
		n.cost += s.signals[sig].cost()
	}
	for _, a := range n.args {
		s.price(a)
		n.cost += a.cost
	}
	n.cheap = slices.Clone(n.args)
	slices.SortStableFunc(n.cheap, func(a, b *node) int { return cmp.Compare(a.cost, b.cost) })
}

// cost is what it may cost to find a signal; only the order matters.
func (s *signalInfo) cost() int {
	switch s.Kind {
	case Words:
		return 10
	case ContactKind:
		return 2
	case Regexp:
		return 1_000 * len(s.Patterns)
	}
	return 1
}

// addFollowers notes which units wait for which through indicator signals.
func (s *Set) addFollowers() {
	for i := range s.signals {
		sig := &s.signals[i]
		if sig.Kind != IndicatorKind {
			continue
		}
		sig.waits = s.unitsOf(sig.Indicators, s.units[sig.unit].shadow)
		for _, u := range sig.waits {
			if sig.anchor {
				s.units[u].followers = append(s.units[u].followers, sig.unit)
			}
		}
	}
}

// unitsOf are the rules with one of the ids; experimental ones only for those
// that are experimental themselves.
func (s *Set) unitsOf(ids []string, shadow bool) []int32 {
	var out []int32
	for i, u := range s.units[:s.rules] {
		if u.shadow && !shadow {
			continue
		}
		if slices.Contains(ids, string(u.rule.ID)) || slices.Contains(ids, string(u.rule.Indicator)) {
			out = append(out, int32(i))
		}
	}
	return out
}

// Version names the set by its content: 12 hex digits over everything that
// bears on findings, the way of folding included.
func (s *Set) Version() string { return s.version }

// Rules are all rules, deprecated ones too, in the order of their ids.
func (s *Set) Rules() []*Rule { return s.pack.Rules }

// Rule is the rule with an id, or nil.
func (s *Set) Rule(id veghe.RuleID) *Rule { return s.byID[id] }

// Policies are the policies, in the order of the files.
func (s *Set) Policies() []Policy { return s.pack.Policies }

// Wording is what was learnt of how texts of a category read, or nil.
func (s *Set) Wording(c veghe.Category) *wording.Model { return s.pack.Wording[c] }

// Watches are the standing searches.
func (s *Set) Watches() []*Watch { return s.pack.Watches }

// Exceptions are the exceptions, expired ones too.
func (s *Set) Exceptions() []*Exception { return s.pack.Exceptions }

// Languages are those that any rule has terms for, sorted.
func (s *Set) Languages() []string {
	var all []*Signal
	for _, sig := range s.signals {
		all = append(all, sig.Signal)
	}
	return languagesOf(all)
}

// versionOf hashes the pack. Examples and places in files do not count.
func versionOf(p *Pack) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", text.Version, engineVersion)
	enc := json.NewEncoder(h)
	put := func(v any) {
		if err := enc.Encode(v); err != nil {
			panic(err) // plain values only
		}
	}
	for _, r := range p.Rules {
		put([]any{r.ID, r.Category, r.Family, r.Strength, r.Weight, r.Status, r.Why, r.Condition.text()})
		putSignals(h, put, r.Signals)
	}
	for _, q := range p.Policies {
		put(q)
		if m := p.Wording[q.Category]; m != nil {
			put(m.Version())
		}
	}
	for _, w := range p.Watches {
		put([]any{w.Name, w.Title, w.Why, w.Condition.text()})
		putSignals(h, put, w.Signals)
	}
	for _, e := range p.Exceptions {
		put([]any{e.Name, e.Indicators, e.Expires, e.Condition.text()})
		putSignals(h, put, e.Signals)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// putSignals writes signals without their places. Their terms are many, and
// are written by hand.
func putSignals(h io.Writer, put func(any), signals []*Signal) {
	var buf []byte
	for _, s := range signals {
		bare := *s
		bare.Pos, bare.Terms = Position{}, nil
		put(bare)
		buf = buf[:0]
		for i := range s.Terms {
			buf = append(append(buf, s.Terms[i].Lang...), ' ')
			buf = append(append(buf, s.Terms[i].Text...), '\n')
		}
		put(len(s.Terms))
		_, _ = h.Write(buf) // a hash takes everything
	}
}

// text is String, "" for no condition.
func (c *Cond) text() string {
	if c == nil {
		return ""
	}
	return c.String()
}
