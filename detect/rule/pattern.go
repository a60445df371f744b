package rule

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

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
	if scan {
		return p, nil
	}
	lits, ok := required(re.Simplify())
	if !ok {
		return p, fmt.Errorf("no fixed word of %d letters or more stands in every match; add one, use terms and near, or allow_scan: true", minLiteral)
	}
	p.literals = lits
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

// required is a set of literals of which every match contains one.
func required(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		s := strings.ToLower(string(re.Rune))
		return []string{s}, len([]rune(s)) >= minLiteral
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return nil, false
		}
		return required(re.Sub[0])
	case syntax.OpConcat:
		return requiredOfConcat(re)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			lits, ok := required(sub)
			if !ok || len(all)+len(lits) > maxLiterals {
				return nil, false
			}
			all = append(all, lits...)
		}
		return all, true
	}
	return nil, false
}

// requiredOfConcat is the best set of any part: the one whose shortest
// literal is longest.
func requiredOfConcat(re *syntax.Regexp) (best []string, ok bool) {
	shortest := func(lits []string) int {
		n := len(lits[0])
		for _, l := range lits {
			n = min(n, len(l))
		}
		return n
	}
	for _, sub := range re.Sub {
		lits, good := required(sub)
		if good && (best == nil || shortest(lits) > shortest(best)) {
			best = lits
		}
	}
	return best, best != nil
}
