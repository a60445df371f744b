package rule

import (
	"fmt"
	"slices"
	"strings"

	"veghe"
)

// Assess finds the indicators of an example, by the whole engine: with
// language, contacts and quotations.
type Assess func(e *Example) []veghe.Finding

// Results are what became of all examples.
type Results struct {
	Passed int
	Failed []Outcome
	// Todo are known misses, as expected; Fixed are those that match by now
	// and deserve "match: true".
	Todo, Fixed []Outcome
}

// Outcome is what became of one example.
type Outcome struct {
	Rule    *Rule
	Example Example
	Got     bool // the rule matched
	// Finding is what the rule found, if it matched.
	Finding veghe.Finding
}

// Total is the number of examples.
func (r Results) Total() int { return r.Passed + len(r.Failed) + len(r.Todo) + len(r.Fixed) }

// Test runs every example of every rule that runs. With a nil assess each
// is matched in its own language, without contacts.
func Test(s *Set, assess Assess) Results {
	if assess == nil {
		m := s.Matcher()
		assess = func(e *Example) []veghe.Finding {
			whole := Segment{Start: 0, End: len(e.Text), Langs: []string{e.Lang}}
			return m.Match(&Input{Post: e.Post(), Langs: []Segment{whole}, Features: e.Features, Now: e.PostedAt})
		}
	}
	return TestRules(s.Rules(), assess)
}

// TestRules runs every example of these rules, if they run.
func TestRules(rules []*Rule, assess Assess) Results {
	var res Results
	for _, r := range rules {
		if r.Status == Deprecated {
			continue
		}
		for i := range r.Examples {
			res.add(outcome(r, &r.Examples[i], assess))
		}
	}
	return res
}

func outcome(r *Rule, e *Example, assess Assess) Outcome {
	o := Outcome{Rule: r, Example: *e}
	findings := assess(e)
	if i := slices.IndexFunc(findings, func(f veghe.Finding) bool { return f.Rule == r.ID }); i >= 0 {
		o.Got, o.Finding = true, findings[i]
	}
	return o
}

func (r *Results) add(o Outcome) {
	switch want := o.Example.Match; {
	case want == Todo && o.Got:
		r.Fixed = append(r.Fixed, o)
	case want == Todo:
		r.Todo = append(r.Todo, o)
	case o.Got != (want == Match):
		r.Failed = append(r.Failed, o)
	default:
		r.Passed++
	}
}

// String is "path:line:column: rule: got …, want …", then the text with what
// was found between marks.
func (o Outcome) String() string {
	got := "no match"
	if o.Got {
		got = "a match"
	}
	want := map[Expect]string{Match: "a match", NoMatch: "no match", Todo: "a match, some day"}[o.Example.Match]
	return fmt.Sprintf("%v: %s (%s): got %s, want %s\n    %s", o.Example.Pos, o.Rule.ID, o.Example.Lang, got, want, o.Highlighted())
}

// maxHighlighted is how much of an example is shown, in characters.
const maxHighlighted = 300

// Highlighted is the example in one line with what was found between «marks».
func (o Outcome) Highlighted() string {
	s := mark(o.Example.Text, "", o.Finding.Spans)
	if o.Example.Title != "" {
		s = mark(o.Example.Title, "title", o.Finding.Spans) + " | " + s
	}
	return cutRunes(strings.Join(strings.Fields(s), " "), maxHighlighted)
}

func mark(s, field string, spans []veghe.Span) string {
	var b strings.Builder
	at := 0
	for _, sp := range spans {
		if sp.Field != field || sp.Start < at || sp.End > len(s) {
			continue
		}
		b.WriteString(s[at:sp.Start] + "«" + s[sp.Start:sp.End] + "»")
		at = sp.End
	}
	return b.String() + s[at:]
}
