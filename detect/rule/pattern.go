package rule

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"veghe/detect/text"
)

// Limits of regular expressions.
const (
	maxPattern  = 500
	maxRepeat   = 100
	maxProgram  = 2_000 // instructions after compiling
	minLiteral  = 3
	maxLiterals = 64 // alternatives of a required literal
)

// parsePattern reads a regular expression for folded text. Without scan it
// must hold a literal that every match contains.
func parsePattern(lang, s string, scan bool) (Pattern, error) {
	p := Pattern{Lang: lang, Source: s}
	if len(s) > maxPattern {
		return p, fmt.Errorf("%d characters, want at most %d", len(s), maxPattern)
	}
	re, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return p, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if err := checkSyntax(re); err != nil {
		return p, err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return p, err
	}
	if len(prog.Inst) > maxProgram {
		return p, fmt.Errorf("too large once its repeats are written out, want smaller ones")
	}
	if regexp.MustCompile(s).MatchString("") {
		return p, fmt.Errorf("matches nothing at all, want at least one character that must be there")
	}
	p.literals, p.short = required(re.Simplify(), minLiteral), required(re.Simplify(), 1)
	p.near, p.bounded = nearGroups(re.Simplify())
	p.begins, p.whole, p.letters = atStart(re), atStart(re) && atEnd(re), lettersOf(re)
	if len(p.literals) == 0 && !scan {
		return p, fmt.Errorf("no fixed word of %d letters or more stands in every match; add one, use terms and near, or allow_scan: true", minLiteral)
	}
	return p, nil
}

// checkSyntax finds what can never match folded text and what repeats too
// often.
func checkSyntax(re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if f := text.Fold(string(r)); f != string(r) && re.Flags&syntax.FoldCase == 0 {
				return fmt.Errorf("%q never stands in folded text, write %q", r, f)
			}
		}
	case syntax.OpRepeat:
		if max(re.Min, re.Max) > maxRepeat {
			return fmt.Errorf("repeats %d times, want at most %d", max(re.Min, re.Max), maxRepeat)
		}
	}
	for _, sub := range re.Sub {
		if err := checkSyntax(sub); err != nil {
			return err
		}
	}
	return nil
}

// required is groups of literals of at least least letters: every match
// contains one of each group.
func required(re *syntax.Regexp, least int) [][]string {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass:
		return longEnough(exactly(re), least)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0], least)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0], least)
		}
	case syntax.OpConcat:
		return requiredOfAll(re.Sub, least)
	case syntax.OpAlternate:
		return requiredOfAny(re.Sub, least)
	}
	return nil
}

// requiredOfAll is the groups of what stands one after the other.
func requiredOfAll(subs []*syntax.Regexp, least int) (groups [][]string) {
	eachRequired(subs, least, func(group []string, _, _ int) { groups = append(groups, group) })
	return groups
}

// eachRequired calls f with the groups of what stands one after the other,
// and between which of subs, from and to, each stands. What can be spelled out
// is one string with what follows it: 1[2-8] has 12 to 18 in it.
func eachRequired(subs []*syntax.Regexp, least int, f func(group []string, from, to int)) {
	var run []string
	from := 0
	flush := func(to int) {
		for _, group := range longEnough(run, least) {
			f(group, from, to)
		}
	}
	for i, sub := range subs {
		all := exactly(sub)
		if both := product(run, all); both != nil {
			run = both
			continue
		}
		flush(i)
		if run, from = all, i; all == nil {
			for _, group := range required(sub, least) {
				f(group, i+1, i) // before its end, after its start
			}
		}
	}
	flush(len(subs))
}

// longEnough is one group, if all its literals have so many letters.
func longEnough(group []string, least int) [][]string {
	if len(group) == 0 || slices.ContainsFunc(group, func(l string) bool { return utf8.RuneCountInString(l) < least }) {
		return nil
	}
	return [][]string{group}
}

// exactly is all strings that re matches; nil if they are many.
func exactly(re *syntax.Regexp) (all []string) {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))}
	case syntax.OpCharClass:
		return ofClass(re.Rune)
	case syntax.OpCapture:
		return exactly(re.Sub[0])
	case syntax.OpConcat:
		all = exactly(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			all = product(all, exactly(sub))
		}
		return all
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more := exactly(sub)
			if more == nil || len(all)+len(more) > maxLiterals {
				return nil
			}
			all = append(all, more...)
		}
	}
	return all
}

// product is each of a before each of b; nil if those are many, or unknown.
func product(a, b []string) (all []string) {
	if len(a)*len(b) > maxLiterals {
		return nil
	}
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	return all
}

// ofClass is the characters of a class, if they are few.
func ofClass(ranges []rune) (all []string) {
	const few = 16
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(all) == few {
				return nil
			}
			all = append(all, string(r))
		}
	}
	return all
}

// requiredOfAny is one group with the best literals of each alternative, if
// each has some.
func requiredOfAny(alternatives []*syntax.Regexp, least int) [][]string {
	var all []string
	for _, sub := range alternatives {
		best := bestGroup(required(sub, least))
		if len(best) == 0 || len(all)+len(best) > maxLiterals {
			return nil
		}
		all = append(all, best...)
	}
	return [][]string{all}
}

// bestGroup is the group whose shortest literal is longest.
func bestGroup(groups [][]string) (best []string) {
	shortest := func(lits []string) int {
		n := len(lits[0])
		for _, l := range lits {
			n = min(n, len(l))
		}
		return n
	}
	for _, g := range groups {
		if best == nil || shortest(g) > shortest(best) {
			best = g
		}
	}
	return best
}

// reach bounds how long a match can be: so many bytes, and so many runs of
// ASCII letters and digits, which are as long as the text has them.
type reach struct{ bytes, runs int }

// reachOf is the reach of a regular expression; ok is false if there is none.
func reachOf(re *syntax.Regexp) (r reach, ok bool) {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return reach{bytes: utf8.UTFMax * len(re.Rune)}, true
		}
		return reach{bytes: len(string(re.Rune))}, true
	case syntax.OpCharClass:
		if n := len(re.Rune); n > 0 && re.Rune[n-1] < utf8.RuneSelf {
			return reach{bytes: 1}, true
		}
		return reach{bytes: utf8.UTFMax}, true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return reach{bytes: utf8.UTFMax}, true
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary, syntax.OpBeginText, syntax.OpEndText:
		return reach{}, true
	case syntax.OpCapture, syntax.OpQuest:
		return reachOf(re.Sub[0])
	case syntax.OpPlus, syntax.OpStar:
		return reach{runs: 1}, alphanumeric(re.Sub[0])
	case syntax.OpRepeat:
		r, ok = reachOf(re.Sub[0])
		return reach{r.bytes * re.Max, r.runs * re.Max}, ok && re.Max >= 0
	case syntax.OpConcat, syntax.OpAlternate:
		for _, sub := range re.Sub {
			s, ok := reachOf(sub)
			if !ok {
				return r, false
			}
			if re.Op == syntax.OpConcat {
				r = r.plus(s)
			} else {
				r = reach{max(r.bytes, s.bytes), max(r.runs, s.runs)}
			}
		}
		return r, true
	}
	return r, false
}

// alphanumeric reports whether re is one ASCII letter or digit.
func alphanumeric(re *syntax.Regexp) bool {
	if re.Op != syntax.OpCharClass {
		return false
	}
	for i := 0; i+1 < len(re.Rune); i += 2 {
		lo, hi := re.Rune[i], re.Rune[i+1]
		if (lo < '0' || hi > '9') && (lo < 'a' || hi > 'z') && (lo < 'A' || hi > 'Z') {
			return false
		}
	}
	return true
}

// group is literals of which one stands in every match, with how much of the
// match there can be before and after it.
type group struct {
	literals      []string
	before, after reach
}

// nearGroups are the groups of a regular expression; if it has no reach, those of
// its first parts, with what of them there can be after each.
func nearGroups(re *syntax.Regexp) (groups []group, bounded bool) {
	subs := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		subs = re.Sub
	}
	parts := len(subs)
	sums := []reach{{}} // of the first so many parts
	for i, sub := range subs {
		r, ok := reachOf(sub)
		if !ok {
			subs = subs[:i]
			break
		}
		sums = append(sums, sums[i].plus(r))
	}
	n := len(subs)
	eachRequired(subs, 1, func(literals []string, from, to int) {
		groups = append(groups, group{literals, sums[from], sums[n].minus(sums[to])})
	})
	return groups, n == parts
}

func (r reach) plus(s reach) reach  { return reach{r.bytes + s.bytes, r.runs + s.runs} }
func (r reach) minus(s reach) reach { return reach{r.bytes - s.bytes, r.runs - s.runs} }

// atStart reports whether every match begins where the text does.
func atStart(re *syntax.Regexp) bool {
	return re.Op == syntax.OpConcat && re.Sub[0].Op == syntax.OpBeginText
}

// atEnd reports whether every match ends where the text does.
func atEnd(re *syntax.Regexp) bool {
	return re.Op == syntax.OpConcat && re.Sub[len(re.Sub)-1].Op == syntax.OpEndText
}

// lettersOf is the most ASCII letters and digits in a match of re; -1 if it
// has no bound. Short answers are told from long texts by it, whatever signs
// they have around them.
func lettersOf(re *syntax.Regexp) (n int) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			n += boolInt(re.Flags&syntax.FoldCase != 0 || r < utf8.RuneSelf && letterOrDigit[r] != 0)
		}
		return n
	case syntax.OpCharClass:
		return boolInt(mayBeLetter(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return 0
	case syntax.OpCapture, syntax.OpQuest:
		return lettersOf(re.Sub[0])
	case syntax.OpPlus, syntax.OpStar:
		return times(lettersOf(re.Sub[0]), -1)
	case syntax.OpRepeat:
		return times(lettersOf(re.Sub[0]), re.Max)
	case syntax.OpConcat, syntax.OpAlternate:
		for _, sub := range re.Sub {
			m := lettersOf(sub)
			switch {
			case m < 0:
				return -1
			case re.Op == syntax.OpConcat:
				n += m
			default:
				n = max(n, m)
			}
		}
		return n
	}
	return -1
}

// times is n times as many, up to most times; each -1 if there is no bound.
func times(n, most int) int {
	if n == 0 {
		return 0
	}
	if n < 0 || most < 0 {
		return -1
	}
	return n * most
}

// mayBeLetter reports whether a class has an ASCII letter or digit.
func mayBeLetter(ranges []rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= min(ranges[i+1], 'z'); r++ {
			if letterOrDigit[r] != 0 {
				return true
			}
		}
	}
	return false
}
