package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"veghe"
	"veghe/detect/text"
)

// engineVersion changes whenever the same rules on the same text may give
// other findings.
const engineVersion = "match1"

// Set is a compiled rule set: immutable, safe for any number of goroutines.
type Set struct {
	pack    *Pack
	version string
	byID    map[veghe.RuleID]*Rule

	units   []*unit // rules by level and id, then watches, then exceptions
	rules   int     // the first so many units are rules
	signals []signalInfo
	always  []int32 // units looked at for every post
	vocab   *vocabulary
	classes *classSet
	trie    *trie
	verify  []exactTerm
	scans   []scan
	contact map[string][]int32 // signals by kind of contact
	langs   map[string]uint8   // bit by language
}

// unit is a rule, watch or exception as it runs.
type unit struct {
	rule       *Rule
	watch      *Watch
	exception  *Exception
	signals    []*Signal
	cond       *node
	first      int32 // number of its first signal
	shadow     bool
	weight     float64
	exceptions []int32 // units
}

// node is a condition over numbered signals.
type node struct {
	op      Op
	signals []int32
	args    []*node
	cmp     string
	n       int
}

// signalInfo is a signal as it runs.
type signalInfo struct {
	*Signal
	unit   int32
	anchor bool    // its first hit makes the unit a candidate
	waits  []int32 // units, of an indicator signal
}

// exactTerm is a term whose case or diacritics matter.
type exactTerm struct {
	words  []termWord // spelled as they must stand
	plain  []termWord // the same where the text uses no diacritics; may be nil
	folded bool       // there any spelling will do
	spell  func(string) string
}

func newExactTerm(sig *Signal, t Term) exactTerm {
	e := exactTerm{spell: text.Cased}
	switch {
	case sig.Strict && sig.ExactCase:
		e.spell, e.plain = text.StrictCased, respell(t, text.Cased)
	case sig.Strict:
		e.spell, e.folded = text.Strict, true
	}
	e.words = respell(t, e.spell)
	return e
}

func respell(t Term, spell func(string) string) []termWord {
	words := slices.Clone(t.words)
	for i := range words {
		words[i].spelling = spell(words[i].raw)
	}
	return words
}

// scan is a regular expression to run where one of its literals stands.
type scan struct {
	re       *regexp.Regexp
	literals [][]byte // none: always
	signal   int32
	lang     uint8
}

const maxLangs = 63

// Compile makes a Set of a pack that loaded without error.
func Compile(p *Pack) (*Set, error) {
	s := &Set{
		pack: p, byID: map[veghe.RuleID]*Rule{}, contact: map[string][]int32{},
		langs: map[string]uint8{AnyLang: 0},
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
	if err := s.addTerms(); err != nil {
		return nil, err
	}
	if err := s.addOthers(); err != nil {
		return nil, err
	}
	s.version = versionOf(p)
	return s, nil
}

func (s *Set) addUnits(level map[*Rule]int) error {
	running := slices.DeleteFunc(slices.Clone(s.pack.Rules), func(r *Rule) bool { return r.Status == Deprecated })
	slices.SortStableFunc(running, func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(level[a], level[b]), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range running {
		u := &unit{rule: r, signals: r.Signals, shadow: r.Status == Experimental, weight: s.weight(r)}
		if err := s.addUnit(u, r.Condition); err != nil {
			return fmt.Errorf("indicator %q: %w", r.ID, err)
		}
	}
	s.rules = len(s.units)
	for _, w := range s.pack.Watches {
		if err := s.addUnit(&unit{watch: w, signals: w.Signals}, w.Condition); err != nil {
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
		s.signals = append(s.signals, signalInfo{Signal: sig, unit: number})
	}
	s.units = append(s.units, u)
	if c == nil {
		if u.exception == nil {
			return fmt.Errorf("no condition: was the pack loaded without error?")
		}
		return nil
	}
	var err error
	if u.cond, err = compileCond(c, byName); err != nil {
		return err
	}
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

func compileCond(c *Cond, byName map[string]int32) (*node, error) {
	n := &node{op: c.Op, cmp: c.Cmp, n: c.N}
	for _, name := range c.Names {
		sig, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("condition: %q is no signal", name)
		}
		n.signals = append(n.signals, sig)
	}
	for _, a := range c.Args {
		m, err := compileCond(a, byName)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, m)
	}
	return n, nil
}

// anchors is a set of signals of which at least one is found wherever the
// condition holds, the rarest such set by a guess; ok is false if there is
// none that a scan of the text would notice.
func (s *Set) anchors(n *node) (sigs []int32, ok bool) {
	switch n.op {
	case OpName, OpCount:
		if n.op == OpCount && compare(0, n.cmp, n.n) {
			return nil, false
		}
		return n.signals, s.signals[n.signals[0]].Kind.placed()
	case OpNear, OpOrdered:
		a, b := n.signals[0], n.signals[1]
		if s.rarity(b) < s.rarity(a) {
			a = b
		}
		return []int32{a}, true
	case OpSome:
		order := slices.Clone(n.signals)
		slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(s.rarity(a), s.rarity(b)) })
		order = order[:len(order)-n.n+1]
		return order, !slices.ContainsFunc(order, func(i int32) bool { return !s.signals[i].Kind.placed() })
	case OpOr:
		for _, a := range n.args {
			more, ok := s.anchors(a)
			if !ok {
				return nil, false
			}
			sigs = append(sigs, more...)
		}
		return sigs, true
	case OpAnd:
		best := 0.0
		for _, a := range n.args {
			more, good := s.anchors(a)
			if !good {
				continue
			}
			cost := 0.0
			for _, sig := range more {
				cost += s.rarity(sig)
			}
			if !ok || cost < best {
				sigs, ok, best = more, true, cost
			}
		}
		return sigs, ok
	}
	return nil, false
}

// rarity guesses how often a signal is found, by the length of its words:
// short words are common, phrases rare. Only the order matters.
func (s *Set) rarity(sig int32) float64 {
	info := s.signals[sig]
	switch info.Kind {
	case Words:
		sum := 0.0
		for _, t := range info.Terms {
			c := 1.0
			for _, w := range t.words {
				n := float64(len(w.spelling))
				if w.class() {
					n--
				}
				c *= 40 / (n * n * n)
			}
			sum += c
		}
		return sum
	case Regexp:
		return 1
	case ContactKind:
		return 10
	}
	return 1e6
}

// lang is the bit of a language, given one if it is new.
func (s *Set) lang(l string) (uint8, error) {
	b, ok := s.langs[l]
	if !ok {
		if len(s.langs) > maxLangs {
			return 0, fmt.Errorf("more than %d languages", maxLangs)
		}
		b = uint8(len(s.langs))
		s.langs[l] = b
	}
	return b, nil
}

// addTerms puts all terms into one vocabulary and one trie.
func (s *Set) addTerms() error {
	var words []string
	var kinds []termWord
	for _, sig := range s.signals {
		for _, t := range sig.Terms {
			for _, w := range t.words {
				if w.class() {
					kinds = append(kinds, termWord{spelling: w.spelling, prefix: w.prefix, wild: w.wild})
				} else {
					words = append(words, w.spelling)
				}
			}
		}
	}
	s.vocab = newVocabulary(sortedUnique(words))
	slices.SortFunc(kinds, compareWords)
	kinds = slices.Compact(kinds)
	base := symbol(len(s.vocab.words))
	s.classes = newClassSet(kinds, base)
	b := newTrieBuilder()
	for i, sig := range s.signals {
		for _, t := range sig.Terms {
			if err := s.addTerm(b, int32(i), sig.Signal, t); err != nil {
				return err
			}
		}
	}
	s.trie = b.build(base + symbol(len(kinds)))
	s.classify()
	return nil
}

func (s *Set) addTerm(b *trieBuilder, number int32, sig *Signal, t Term) error {
	lang, err := s.lang(t.Lang)
	if err != nil {
		return err
	}
	p := posting{signal: number, term: -1, lang: lang, only: sig.EvasiveOnly}
	if sig.ExactCase || sig.Strict {
		p.term = int32(len(s.verify))
		s.verify = append(s.verify, newExactTerm(sig, t))
	}
	path := make([]symbol, len(t.words))
	for i, w := range t.words {
		if path[i] = s.vocab.find(w.spelling); w.class() {
			k, _ := slices.BinarySearchFunc(s.classes.classes, w, compareWords)
			path[i] = s.classes.base + symbol(k)
		}
	}
	b.add(path, p)
	return nil
}

// classify notes which words begin terms and which classes they belong to.
func (s *Set) classify() {
	v := s.vocab
	v.class = make([]int32, len(v.words)+1)
	for i := 1; i < len(v.words); i++ {
		v.class[i] = int32(len(v.of))
		v.of = s.classes.find([]byte(v.words[i]), v.of)
		if len(v.of) > int(v.class[i]) {
			v.flag(symbol(i), classes)
		}
		if r := s.trie.roots[i]; r.node != 0 || r.to > r.from {
			v.flag(symbol(i), starts)
		}
	}
	v.class[len(v.words)] = int32(len(v.of))
}

// addOthers prepares the signals that are not words.
func (s *Set) addOthers() error {
	for i := range s.signals {
		sig := &s.signals[i]
		switch sig.Kind {
		case Regexp:
			if err := s.addScans(int32(i), sig.Signal); err != nil {
				return err
			}
		case ContactKind:
			for _, k := range sig.Contacts {
				s.contact[k] = append(s.contact[k], int32(i))
			}
		case IndicatorKind:
			sig.waits = s.unitsOf(sig.Indicators, s.units[sig.unit].shadow)
		}
	}
	return nil
}

func (s *Set) addScans(number int32, sig *Signal) error {
	for _, p := range sig.Patterns {
		lang, err := s.lang(p.Lang)
		if err != nil {
			return err
		}
		re, err := regexp.Compile(p.Source)
		if err != nil {
			return fmt.Errorf("signal %q: %w", sig.Name, err)
		}
		sc := scan{re: re, signal: number, lang: lang}
		for _, l := range p.literals {
			sc.literals = append(sc.literals, []byte(l))
		}
		s.scans = append(s.scans, sc)
	}
	return nil
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
		put([]any{r.ID, r.Category, r.Family, r.Strength, r.Weight, r.Status, r.Why, signalsOf(r.Signals), r.Condition.text()})
	}
	for _, q := range p.Policies {
		put(q)
	}
	for _, w := range p.Watches {
		put([]any{w.Name, w.Title, w.Why, signalsOf(w.Signals), w.Condition.text()})
	}
	for _, e := range p.Exceptions {
		put([]any{e.Name, e.Indicators, e.Expires, signalsOf(e.Signals), e.Condition.text()})
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// text is String, "" for no condition.
func (c *Cond) text() string {
	if c == nil {
		return ""
	}
	return c.String()
}

// signalsOf are signals without their places.
func signalsOf(signals []*Signal) []Signal {
	out := make([]Signal, len(signals))
	for i, s := range signals {
		out[i] = *s
		out[i].Pos = Position{}
	}
	return out
}
