package index

import "strings"

// Expr is a parsed query. Its String is a query again, with the same meaning;
// parsing that gives the same Expr.
type Expr interface {
	String() string
	// At is where it begins in the query, in bytes.
	At() int
}

// The forms of an Expr.
type (
	// And asks for all of its parts.
	And struct{ Parts []Expr }
	// Or asks for at least one of its parts.
	Or struct{ Parts []Expr }
	// Not asks for posts without X.
	Not struct {
		X   Expr
		Pos int
	}
	// Word asks for a word in any of its forms, or, with Prefix, for any word
	// that begins with Text.
	Word struct {
		Text   string
		Prefix bool
		Pos    int
	}
	// Phrase asks for words exactly so, one after the other.
	Phrase struct {
		Text string
		Pos  int
	}
	// Field asks for a value of a field; see [Fields]. Quoted says that it
	// was written in quotes.
	Field struct {
		Name, Value string
		Quoted      bool
		Pos         int
	}
)

// At returns where the first part begins.
func (e And) At() int { return e.Parts[0].At() }

// At returns where the first part begins.
func (e Or) At() int { return e.Parts[0].At() }

// At returns the place of the minus.
func (e Not) At() int { return e.Pos }

// At returns the place of the word.
func (e Word) At() int { return e.Pos }

// At returns the place of the opening quote.
func (e Phrase) At() int { return e.Pos }

// At returns the place of the field's name.
func (e Field) At() int { return e.Pos }

// An Or within an And needs parentheses, an And within an Or does not.
func (e And) String() string { return join(e.Parts, " ", true) }
func (e Or) String() string  { return join(e.Parts, " OR ", false) }
func (e Not) String() string { return "-" + enclosed(e.X) }

func (e Word) String() string {
	if e.Prefix {
		return e.Text + "*"
	}
	return e.Text
}

func (e Phrase) String() string { return `"` + e.Text + `"` }

func (e Field) String() string {
	if e.Quoted {
		return e.Name + `:"` + e.Value + `"`
	}
	return e.Name + ":" + e.Value
}

func join(parts []Expr, sep string, enclose bool) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p.String()
		if enclose {
			out[i] = enclosed(p)
		}
	}
	return strings.Join(out, sep)
}

// enclosed is an Expr in parentheses if it has parts.
func enclosed(e Expr) string {
	switch e.(type) {
	case And, Or:
		return "(" + e.String() + ")"
	}
	return e.String()
}

// walk calls f for every word, phrase and field of e, with whether it stands
// under an odd number of Nots.
func walk(e Expr, negated bool, f func(leaf Expr, negated bool)) {
	switch e := e.(type) {
	case nil:
	case And:
		for _, p := range e.Parts {
			walk(p, negated, f)
		}
	case Or:
		for _, p := range e.Parts {
			walk(p, negated, f)
		}
	case Not:
		walk(e.X, !negated, f)
	default:
		f(e, negated)
	}
}

// FieldsOf lists the field:value parts of e, which may be nil.
func FieldsOf(e Expr) []Field {
	var out []Field
	walk(e, false, func(leaf Expr, _ bool) {
		if f, ok := leaf.(Field); ok {
			out = append(out, f)
		}
	})
	return out
}
