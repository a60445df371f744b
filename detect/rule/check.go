package rule

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check finds what only "rules check" demands: reasons, false positives,
// enough examples, names that lead somewhere. Rules run without it. The
// problems are marked Lint and stand in the order of the files.
func Check(p *Pack) Problems {
	c := checker{}
	for _, r := range p.Rules {
		c.rule(r)
	}
	for _, w := range p.Watches {
		if w.Why == "" {
			c.at(w.Pos, "watch %q has no why", w.Name)
		}
		if w.Owner == "" {
			c.at(w.Pos, "watch %q has no owner: who hears of it?", w.Name)
		}
	}
	c.policies(p)
	c.problems.sort()
	return c.problems
}

// Advise finds what is better tidied up but harms nothing: terms that repeat
// each other, lists without use. The problems are marked Lint.
func Advise(p *Pack) Problems {
	c := checker{}
	for _, r := range p.Rules {
		c.terms(r.Signals)
	}
	for _, w := range p.Watches {
		c.terms(w.Signals)
	}
	c.lists(p)
	c.problems.sort()
	return c.problems
}

type checker struct{ problems Problems }

func (c *checker) at(p Position, format string, args ...any) {
	c.problems = append(c.problems, Problem{Position: p, Msg: fmt.Sprintf(format, args...), Lint: true})
}

// Examples wanted per language.
const (
	wantMatching    = 2
	wantNotMatching = 2
)

func (c *checker) rule(r *Rule) {
	if r.Why == "" {
		c.at(r.Pos, "%s has no why: what does a finding mean to the reader?", r.ID)
	}
	if len(r.FalsePositives) == 0 {
		c.at(r.Pos, "%s has no falsepositives: what does honest text look like that this finds?", r.ID)
	}
	if r.Status == Deprecated {
		return
	}
	c.examples(r)
}

func (c *checker) examples(r *Rule) {
	count := map[string]map[Expect]int{}
	for _, e := range r.Examples {
		if count[e.Lang] == nil {
			count[e.Lang] = map[Expect]int{}
		}
		count[e.Lang][e.Match]++
	}
	langs := r.Languages()
	if len(langs) == 0 {
		langs = []string{AnyLang}
		count[AnyLang] = totals(count)
	}
	for _, l := range langs {
		if n := count[l][Match]; n < wantMatching {
			c.at(r.Pos, "%s has %d matching examples in %q, want at least %d", r.ID, n, l, wantMatching)
		}
		if n := count[l][NoMatch]; n < wantNotMatching {
			c.at(r.Pos, "%s has %d examples in %q that must not match, want at least %d", r.ID, n, l, wantNotMatching)
		}
	}
	c.negated(r)
}

func totals(count map[string]map[Expect]int) map[Expect]int {
	sum := map[Expect]int{}
	for _, by := range count {
		for e, n := range by {
			sum[e] += n
		}
	}
	return sum
}

// negated demands an example for each signal behind "not": one in which that
// signal is found and which must not match.
func (c *checker) negated(r *Rule) {
	var names []string
	r.Condition.walk(false, func(n *Cond, negated bool) {
		if negated {
			names = append(names, n.Names...)
		}
	})
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return
	}
	set, err := Compile(&Pack{Rules: []*Rule{withoutWaits(r)}})
	if err != nil {
		return
	}
	m := set.Matcher()
	shown := map[string]bool{}
	for _, e := range r.Examples {
		if e.Match == NoMatch {
			m.Match(&Input{Post: e.Post(), Features: e.Features})
			for k, s := range r.Signals {
				shown[s.Name] = shown[s.Name] || m.has(int32(k))
			}
		}
	}
	for _, s := range r.Signals {
		if slices.Contains(names, s.Name) && !shown[s.Name] && s.Kind != ContactKind && s.Kind != IndicatorKind {
			c.at(r.condPos, "%s: no example that must not match shows %q, which stands behind not", r.ID, s.Name)
		}
	}
}

// withoutWaits is a copy of r that can be compiled alone.
func withoutWaits(r *Rule) *Rule {
	alone := *r
	alone.Status = Stable
	return &alone
}

// terms finds terms that another term of the same signal makes useless, and
// question marks that end a word, which are seldom meant.
func (c *checker) terms(signals []*Signal) {
	for _, s := range signals {
		if len(s.Lists) > 0 || s.ExactCase || s.Strict {
			continue
		}
		seen := map[string]string{}
		for _, t := range s.Terms {
			key := t.Lang + " " + t.spelled
			if before, ok := seen[key]; ok {
				c.at(t.at.position(), "signal %q: %q is the same as %q once folded", s.Name, t.Text, before)
			}
			seen[key] = t.Text
			if strings.HasSuffix(t.spelled, "?") {
				c.at(t.at.position(), "signal %q: in %q the ? stands for one letter; leave it out unless that is meant", s.Name, t.Text)
			}
		}
		c.covered(s)
	}
}

// covered finds single words that a stem of the same signal finds too.
func (c *checker) covered(s *Signal) {
	type stem struct{ lang, start string }
	stems := map[stem]string{}
	for _, t := range s.Terms {
		if ws := t.words(); len(ws) == 1 && ws[0].prefix && !ws[0].wild {
			stems[stem{t.Lang, ws[0].spelling}] = t.Text
		}
	}
	for _, t := range s.Terms {
		ws := t.words()
		w := ws[0]
		if len(ws) > 1 || w.wild || len(stems) == 0 {
			continue
		}
		for n := range w.spelling {
			if n == 0 {
				continue
			}
			if by, ok := stems[stem{t.Lang, w.spelling[:n]}]; ok {
				c.at(t.at.position(), "signal %q: %q is found by %q already", s.Name, t.Text, by)
			}
		}
		if by, ok := stems[stem{t.Lang, w.spelling}]; ok && !w.prefix {
			c.at(t.at.position(), "signal %q: %q is found by %q already", s.Name, t.Text, by)
		}
	}
}

func (c *checker) lists(p *Pack) {
	used := map[string]bool{}
	note := func(signals []*Signal) {
		for _, s := range signals {
			for _, l := range s.Lists {
				used[l] = true
			}
		}
	}
	for _, r := range p.Rules {
		note(r.Signals)
	}
	for _, w := range p.Watches {
		note(w.Signals)
	}
	for _, e := range p.Exceptions {
		note(e.Signals)
	}
	for name, l := range p.Lists {
		if !used[name] {
			c.at(Position{Path: l.Path, Line: 1, Column: 1}, "list %q is not used", name)
		}
	}
}

// policies checks that policies name indicators and families that exist.
func (c *checker) policies(p *Pack) {
	known, families := map[string]bool{}, map[string]bool{}
	for _, r := range p.Rules {
		known[string(r.Indicator)], families[r.Family] = true, true
	}
	for i := range p.Policies {
		q := &p.Policies[i]
		at := q.position(p)
		if w := q.Wording; w != nil {
			families[w.Family] = true
			if p.Wording[q.Category] == nil {
				c.at(at, "policy %q: wording has nothing to go by, want wording/%s.tab", q.Name, q.Category)
			}
		}
		for _, s := range q.Suppressors {
			if !known[string(s.Indicator)] {
				c.at(at, "policy %q: suppressor %q is no indicator here", q.Name, s.Indicator)
			}
		}
		for _, id := range q.ForcedReview {
			if !known[string(id)] {
				c.at(at, "policy %q: forced_review %q is no indicator here", q.Name, id)
			}
		}
		for _, f := range q.families() {
			if !families[f] {
				c.at(at, "policy %q: no indicator is of family %q", q.Name, f)
			}
		}
	}
}

// families are all that the policy names, in order.
func (p *Policy) families() []string {
	out := slices.Clone(p.Evasion.Families)
	for f := range p.FamilyCaps {
		out = append(out, f)
	}
	if p.Threads != nil {
		out = append(out, slices.Concat(p.Threads.Grave...)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// position is where the policy stands, as far as the pack knows.
func (p *Policy) position(pack *Pack) Position {
	if at, ok := pack.policyAt[p.Name]; ok {
		return at
	}
	return Position{Path: p.Name, Line: 1, Column: 1}
}

// cutRunes is the first n characters of s.
func cutRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
