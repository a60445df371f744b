package rule_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"veghe"
	"veghe/detect/rule"
	"veghe/detect/wording"
)

const (
	letters = `indicator: AAA-01
title: Letter a
category: recruitment
family: letters
strength: strong
status: stable
why: "{a} stands there"
signals: {a: {"*": [alfa]}}
condition: a
`
	digits = `indicator: BBB-01
title: Digit
category: recruitment
family: digits
strength: weak
status: stable
why: a digit
signals: {b: {"*": [unu]}}
condition: b
`
)

func smallSet(t *testing.T, more ...string) *rule.Set {
	t.Helper()
	pack, err := rule.Load(fstest.MapFS{"x.yaml": {Data: []byte(strings.Join(append([]string{letters, digits}, more...), "---\n"))}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func fires(t *testing.T, pack *rule.Pack, text string, at time.Time) (ids []string) {
	t.Helper()
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range set.Matcher().Match(&rule.Input{Post: &veghe.Post{Text: text}, Now: at}) {
		ids = append(ids, string(f.Rule))
	}
	return ids
}

// A document is tried in the place of the one with its name; the set in force
// does not change.
func TestWith(t *testing.T) {
	set := smallSet(t)
	version := set.Version()
	pack, err := set.With("lab.yaml", []byte(strings.Replace(letters, "alfa", "beta", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(fires(t, pack, "alfa beta unu", time.Time{}), " "); got != "AAA-01 BBB-01" {
		t.Errorf("with beta for alfa: %s", got)
	}
	if got := fires(t, pack, "alfa", time.Time{}); len(got) != 0 {
		t.Errorf("the rule that was replaced still fires: %v", got)
	}
	if in := pack.In("lab.yaml"); len(in.Rules) != 1 || in.Rules[0].ID != "AAA-01" {
		t.Errorf("in the file: %v", in.Rules)
	}
	if set.Version() != version || len(set.Matcher().Match(&rule.Input{Post: &veghe.Post{Text: "alfa"}})) != 1 {
		t.Error("the set in force changed")
	}
	if pack, err = set.With("lab.yaml", []byte(strings.ReplaceAll(letters, "AAA-01", "CCC-01"))); err != nil || len(pack.Rules) != 3 {
		t.Errorf("a new one beside the others: %d rules, %v", len(pack.Rules), err)
	}
}

// What was learnt of how texts read stays: only documents are tried.
func TestWithKeepsWording(t *testing.T) {
	m, err := wording.Train("recruitment", []wording.Example{{Texts: []string{"alfa"}, Telling: true}, {Texts: []string{"unu"}}})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := rule.Load(fstest.MapFS{"x.yaml": {Data: []byte(letters)}, "wording/recruitment.tab": {Data: tab}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	if pack, err = set.With("lab.yaml", []byte(digits)); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*rule.Pack{"the set": pack, "the file": pack.In("lab.yaml")} {
		if p.Wording[veghe.Recruitment] == nil {
			t.Errorf("%s has lost the wording", name)
		}
	}
}

func TestWithProblems(t *testing.T) {
	set := smallSet(t)
	for name, row := range map[string]struct{ doc, want string }{
		"nothing":        {"", "lab.yaml:1:1: nothing here"},
		"no YAML":        {"indicator: [", "lab.yaml:1:"},
		"unknown key":    {letters + "colour: red\n", "lab.yaml:10:1: "},
		"unknown signal": {strings.Replace(letters, "condition: a", "condition: a and c", 1), "lab.yaml:9:"},
		"twice":          {letters + "---\n" + letters, "is defined twice"},
		"no such":        {"exception: ours\nindicators: [ZZZ-01]\nreason: r\nowner: o\nexpires: 2026-12-01\n", `no indicator here`},
		"too large":      {strings.Repeat("#", 1<<20), "larger than 512 KB"},
	} {
		_, err := set.With("lab.yaml", []byte(row.doc))
		var problems rule.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}
}

// An exception holds until it expires, for matching and for explaining, also
// where another one of the same rule goes on.
func TestExceptionExpires(t *testing.T) {
	ends := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	exception := func(name, expires, more string) string {
		return "exception: " + name + "\nindicators: [AAA-01]\nreason: a fair is on\nowner: the office\nexpires: " + expires + "\n" + more
	}
	set := smallSet(t, exception("fair", "2026-12-01", ""), exception("later", "2026-12-31", "signals: {c: {\"*\": [gama]}}\ncondition: c\n"))
	for _, row := range []struct {
		text  string
		at    time.Time
		fired bool
		by    string
	}{
		{"alfa", ends.Add(-time.Second), false, "fair"},
		{"alfa", ends, true, ""},
		{"alfa gama", ends, false, "later"},
		{"alfa gama", ends.AddDate(0, 1, 0), true, ""},
	} {
		in := &rule.Input{Post: &veghe.Post{Text: row.text}, Now: row.at}
		view := set.Matcher().Explain(in, "AAA-01").Rules[0]
		if found := len(set.Matcher().Match(in)) == 1; found != row.fired || view.Fired != row.fired || view.Exception != row.by {
			t.Errorf("%q at %v: found %t, explained %t by %q; want %t by %q", row.text, row.at, found, view.Fired, view.Exception, row.fired, row.by)
		}
	}
}

func TestDocumentAt(t *testing.T) {
	file := "# head\nindicator: A\n---\n\n# about B\nindicator: B\nwhy: b\n---\nindicator: C\n"
	for line, want := range map[int]string{
		1: "# head\nindicator: A\n", 2: "# head\nindicator: A\n", 6: "# about B\nindicator: B\nwhy: b\n", 9: "indicator: C\n", 3: "", 99: "", 0: "",
	} {
		if got := rule.DocumentAt([]byte(file), line); got != want {
			t.Errorf("line %d: got %q, want %q", line, got, want)
		}
	}
}
