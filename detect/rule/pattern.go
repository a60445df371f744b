package rule

import (
	"fmt"
	"regexp"
	"regexp/syntax"
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
	p.reach, p.bounded = reachOf(re)
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
	case syntax.OpLiteral:
		if s := strings.ToLower(string(re.Rune)); len(re.Rune) >= least {
			return [][]string{{s}}
		}
	case syntax.OpCharClass:
		if least == 1 {
			return requiredOfClass(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0], least)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0], least)
		}
	case syntax.OpConcat:
		var groups [][]string
		for _, sub := range re.Sub {
			groups = append(groups, required(sub, least)...)
		}
		return groups
	case syntax.OpAlternate:
		return requiredOfAny(re.Sub, least)
	}
	return nil
}

// requiredOfClass is the characters of a class, if they are few.
func requiredOfClass(ranges []rune) [][]string {
	const few = 16
	var all []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(all) == few {
				return nil
			}
			all = append(all, string(r))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return [][]string{all}
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

// reachOf is the reach of a regular expression; ok is false if there is none,
// or if it depends on where the text begins and ends.
func reachOf(re *syntax.Regexp) (r reach, ok bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return reach{bytes: utf8.UTFMax * len(re.Rune)}, true
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return reach{bytes: utf8.UTFMax}, true
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
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
				r = reach{r.bytes + s.bytes, r.runs + s.runs}
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
		if !(lo >= '0' && hi <= '9' || lo >= 'a' && hi <= 'z' || lo >= 'A' && hi <= 'Z') {
			return false
		}
	}
	return true
}
