package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Op is what a node of a condition does.
type Op uint8

// The operations of a condition.
const (
	OpName    Op = iota // the signal Names[0] was found
	OpNot               // not Args[0]
	OpAnd               // all Args
	OpOr                // any of Args
	OpNear              // Names[0] and Names[1] with at most N words between
	OpOrdered           // the same, Names[0] first
	OpCount             // Names[0] was found Cmp N times
	OpSome              // at least N of Names
)

// Cond is a condition: a tree over names of signals. It prints itself as it
// would be written.
type Cond struct {
	Op    Op
	Names []string
	Args  []*Cond
	Cmp   string // for OpCount: >= > <= < ==
	N     int
	Pos   int // byte of the source at which it begins
}

// Limits of a condition.
const (
	maxCond  = 2000 // bytes
	maxDepth = 30   // nesting
	maxNear  = 50   // words between
	maxTimes = 1000 // of count
)

// CondError is a condition that cannot be read. Pos is a byte offset into it.
type CondError struct {
	Pos int
	Msg string
}

func (e *CondError) Error() string { return fmt.Sprintf("character %d: %s", e.Pos+1, e.Msg) }

// ParseCond reads a condition:
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | "(" or ")" | call | name
//	call  = "near" "(" name "," name "," n ")"     also "ordered"
//	      | "count" "(" name ")" cmp n
//	      | n "of" "(" name { "," name } ")"
//
// The error is a *CondError.
func ParseCond(s string) (*Cond, error) {
	if len(s) > maxCond {
		return nil, &CondError{0, fmt.Sprintf("condition of %d bytes, want at most %d", len(s), maxCond)}
	}
	p := condParser{src: s}
	if err := p.next(); err != nil {
		return nil, err
	}
	c, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.tok != "" {
		return nil, p.wanted(`"and", "or" or the end`)
	}
	return c, nil
}

type condParser struct {
	src string
	at  int    // where the token begins
	end int    // where it ends
	tok string // "" at the end
}

func (p *condParser) next() error {
	i := p.end
	for i < len(p.src) && strings.IndexByte(" \t\r\n", p.src[i]) >= 0 {
		i++
	}
	p.at, p.end, p.tok = i, i, ""
	if i == len(p.src) {
		return nil
	}
	switch c := p.src[i]; {
	case wordByte(c):
		for p.end < len(p.src) && wordByte(p.src[p.end]) {
			p.end++
		}
	case c == '(' || c == ')' || c == ',':
		p.end++
	case c == '<' || c == '>' || c == '=':
		p.end++
		if p.end < len(p.src) && p.src[p.end] == '=' {
			p.end++
		}
	default:
		return &CondError{i, fmt.Sprintf("%q has no meaning in a condition", []rune(p.src[i:])[0])}
	}
	p.tok = p.src[p.at:p.end]
	return nil
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80
}

func (p *condParser) wanted(what string) error {
	if p.tok == "" {
		return &CondError{p.at, "the condition ends here, want " + what}
	}
	if low := strings.ToLower(p.tok); low != p.tok && reserved(low) {
		return &CondError{p.at, fmt.Sprintf("write %q in lower case", low)}
	}
	return &CondError{p.at, fmt.Sprintf("%q stands here, want %s", p.tok, what)}
}

func reserved(s string) bool {
	switch s {
	case "and", "or", "not", "of", "near", "ordered", "count":
		return true
	}
	return false
}

func (p *condParser) or(depth int) (*Cond, error) {
	return p.chain(depth, "or", OpOr, func() (*Cond, error) {
		return p.chain(depth, "and", OpAnd, func() (*Cond, error) { return p.not(depth) })
	})
}

// chain reads operands joined by one word.
func (p *condParser) chain(depth int, word string, op Op, operand func() (*Cond, error)) (*Cond, error) {
	if depth > maxDepth {
		return nil, &CondError{p.at, fmt.Sprintf("nested too deeply, want at most %d levels", maxDepth)}
	}
	c, err := operand()
	if err != nil || p.tok != word {
		return c, err
	}
	all := &Cond{Op: op, Args: []*Cond{c}, Pos: c.Pos}
	for p.tok == word {
		if err := p.next(); err != nil {
			return nil, err
		}
		c, err := operand()
		if err != nil {
			return nil, err
		}
		all.Args = append(all.Args, c)
	}
	return all, nil
}

func (p *condParser) not(depth int) (*Cond, error) {
	if depth > maxDepth {
		return nil, &CondError{p.at, fmt.Sprintf("nested too deeply, want at most %d levels", maxDepth)}
	}
	pos := p.at
	switch {
	case p.tok == "not":
		if err := p.next(); err != nil {
			return nil, err
		}
		c, err := p.not(depth + 1)
		if err != nil {
			return nil, err
		}
		return &Cond{Op: OpNot, Args: []*Cond{c}, Pos: pos}, nil
	case p.tok == "(":
		if err := p.next(); err != nil {
			return nil, err
		}
		c, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return c, p.expect(")")
	case p.tok == "near", p.tok == "ordered":
		return p.near()
	case p.tok == "count":
		return p.count()
	case p.tok != "" && p.tok[0] >= '0' && p.tok[0] <= '9':
		return p.some()
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	return &Cond{Op: OpName, Names: []string{name}, Pos: pos}, nil
}

func (p *condParser) expect(tok string) error {
	if p.tok != tok {
		return p.wanted(strconv.Quote(tok))
	}
	return p.next()
}

func (p *condParser) name() (string, error) {
	if !validName(p.tok) || reserved(p.tok) {
		return "", p.wanted(`the name of a signal, "not" or "("`)
	}
	name := p.tok
	return name, p.next()
}

// validName reports whether s may name a signal.
func validName(s string) bool {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if !wordByte(s[i]) || s[i] >= 'A' && s[i] <= 'Z' {
			return false
		}
	}
	return true
}

func (p *condParser) int(what string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(p.tok)
	if err != nil {
		return 0, p.wanted(what)
	}
	if n < lo || n > hi {
		return 0, &CondError{p.at, fmt.Sprintf("%d is out of range, want %d to %d", n, lo, hi)}
	}
	return n, p.next()
}

// names reads "(" names ")", or with more set, leaves what follows a comma.
func (p *condParser) names(most int) ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var names []string
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if p.tok != "," || len(names) == most {
			return names, nil
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

func (p *condParser) near() (*Cond, error) {
	c := &Cond{Op: OpNear, Pos: p.at}
	if p.tok == "ordered" {
		c.Op = OpOrdered
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	var err error
	if c.Names, err = p.names(2); err != nil {
		return nil, err
	}
	if len(c.Names) != 2 {
		return nil, p.wanted("two names and a number, as in near(a, b, 5)")
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	if c.N, err = p.int("how many words may stand between, as in near(a, b, 5)", 0, maxNear); err != nil {
		return nil, err
	}
	return c, p.expect(")")
}

func (p *condParser) count() (*Cond, error) {
	c := &Cond{Op: OpCount, Pos: p.at}
	if err := p.next(); err != nil {
		return nil, err
	}
	var err error
	if c.Names, err = p.names(1); err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	switch p.tok {
	case ">=", ">", "<=", "<", "==":
		c.Cmp = p.tok
	default:
		return nil, p.wanted("a comparison, as in count(a) >= 2")
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	c.N, err = p.int("a number, as in count(a) >= 2", 0, maxTimes)
	return c, err
}

func (p *condParser) some() (*Cond, error) {
	c := &Cond{Op: OpSome, Pos: p.at}
	var err error
	if c.N, err = p.int("a number", 1, maxTimes); err != nil {
		return nil, err
	}
	if err := p.expect("of"); err != nil {
		return nil, err
	}
	at := p.at
	if c.Names, err = p.names(-1); err != nil {
		return nil, err
	}
	if len(c.Names) < c.N {
		return nil, &CondError{at, fmt.Sprintf("%d of %d can never be, want at least %d names", c.N, len(c.Names), c.N)}
	}
	for i, n := range c.Names {
		if slices.Contains(c.Names[:i], n) {
			return nil, &CondError{at, fmt.Sprintf("%q stands twice", n)}
		}
	}
	return c, p.expect(")")
}

// String is the condition as it would be written, with no more parentheses
// than needed.
func (c *Cond) String() string {
	switch c.Op {
	case OpName:
		return c.Names[0]
	case OpNot:
		return "not " + c.Args[0].inside(OpNot)
	case OpAnd, OpOr:
		word := " and "
		if c.Op == OpOr {
			word = " or "
		}
		parts := make([]string, len(c.Args))
		for i, a := range c.Args {
			parts[i] = a.inside(c.Op)
		}
		return strings.Join(parts, word)
	case OpNear, OpOrdered:
		name := "near"
		if c.Op == OpOrdered {
			name = "ordered"
		}
		return fmt.Sprintf("%s(%s, %s, %d)", name, c.Names[0], c.Names[1], c.N)
	case OpCount:
		return fmt.Sprintf("count(%s) %s %d", c.Names[0], c.Cmp, c.N)
	case OpSome:
		return fmt.Sprintf("%d of (%s)", c.N, strings.Join(c.Names, ", "))
	}
	return "?"
}

// inside is c as an operand of op, in parentheses where it needs them.
func (c *Cond) inside(op Op) string {
	if (c.Op == OpAnd || c.Op == OpOr) && (op == OpNot || c.Op == op || c.Op == OpOr) {
		return "(" + c.String() + ")"
	}
	return c.String()
}

// walk calls f for c and all below; negated says whether c stands behind an
// odd number of nots.
func (c *Cond) walk(negated bool, f func(c *Cond, negated bool)) {
	f(c, negated)
	for _, a := range c.Args {
		a.walk(negated != (c.Op == OpNot), f)
	}
}
