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
	p.literals, p.short, p.reach = required(re.Simplify(), minLiteral), required(re.Simplify(), 1), reach(re)
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

// reach is the most bytes that a match can have, -1 if there is no such
// number or if it depends on where the text begins and ends.
func reach(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return utf8.UTFMax * len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpEmptyMatch, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return 0
	case syntax.OpCapture, syntax.OpQuest:
		return reach(re.Sub[0])
	case syntax.OpRepeat:
		if n := reach(re.Sub[0]); re.Max >= 0 && n >= 0 {
			return n * re.Max
		}
	case syntax.OpConcat, syntax.OpAlternate:
		sum, most := 0, 0
		for _, sub := range re.Sub {
			n := reach(sub)
			if n < 0 {
				return -1
			}
			sum, most = sum+n, max(most, n)
		}
		if re.Op == syntax.OpConcat {
			return sum
		}
		return most
	}
	return -1
}
