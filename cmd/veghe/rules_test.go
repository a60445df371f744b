package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// keep puts posts, assessed by the rules built in, into an index of its own
// and returns the data folder.
func keep(t *testing.T, reviews map[veghe.PostID]veghe.Decision, posts ...veghe.Post) string {
	t.Helper()
	dir := t.TempDir()
	engine, err := backtestEngine(defaultConfig(), "")
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(t.Context(), filepath.Join(dir, "index"), index.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	for i := range posts {
		posts[i].CollectedAt = at.Add(time.Duration(i) * time.Minute)
		posts[i].Identify()
		a := veghe.Assessed{Post: posts[i], Assessment: engine.Assess(posts[i]), AssessedAt: posts[i].CollectedAt}
		if _, err := x.Put(t.Context(), []veghe.Assessed{a}); err != nil {
			t.Fatal(err)
		}
	}
	for id, d := range reviews {
		if err := x.SetReview(t.Context(), id, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// someRules writes a folder of rules in which one word is a strong sign of
// each of two kinds, which together flag an ad.
func someRules(t *testing.T, passport string) string {
	t.Helper()
	dir := t.TempDir()
	policy, err := os.ReadFile("../../rules/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := func(id, family, word string) string {
		return "indicator: " + id + "\ntitle: " + id + "\ncategory: recruitment\nfamily: " + family +
			"\nstrength: strong\nstatus: stable\nwhy: because\nsignals: {a: {\"*\": [" + word + "]}}\ncondition: a\n"
	}
	text := rule("DOC-01", "documents", passport) + "---\n" + rule("DBT-01", "debt", "fee") + "---\n" + dropSuppressors(string(policy))
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// dropSuppressors leaves out what names indicators that are not there.
func dropSuppressors(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if strings.Contains(line, "suppressors:") || strings.Contains(line, "{indicator:") || strings.Contains(line, "forced_review") {
			continue
		}
		out.WriteString(line)
	}
	return out.String()
}

// veghe runs a command and returns what it printed.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if err := rulesCmd(t.Context(), env{in: strings.NewReader(""), out: &out, err: &errOut}, args); err != nil {
		t.Fatalf("veghe rules %v: %v\n%s", args, err, &errOut)
	}
	return out.String()
}

// A backtest with the rules that were in force finds what was recorded.
func TestBacktestAgrees(t *testing.T) {
	data := keep(t, nil,
		veghe.Post{Kind: veghe.Ad, Text: "Lucru în Spania, pașapoartele le păstrăm noi, taxa de 200 euro se plătește înainte de plecare."},
		veghe.Post{Kind: veghe.Ad, Text: "Vând bicicletă în stare bună, preț 200 lei."},
	)
	var c comparison
	if err := json.Unmarshal([]byte(printed(t, "backtest", "-data", data, "-json")), &c); err != nil {
		t.Fatal(err)
	}
	if c.Posts != 2 || c.Flagged != (change{A: 1, B: 1, Both: 1}) || len(c.SamplesGained)+len(c.SamplesLost) != 0 {
		t.Errorf("got %+v", c)
	}
	text := printed(t, "backtest", "-data", data)
	if !strings.Contains(text, "2 posts were assessed by these same rules; the flag of 0 differs") {
		t.Errorf("got\n%s", text)
	}
}

// A diff says what is gained and lost, by what people decided.
func TestDiffCountsReviews(t *testing.T) {
	data := keep(t, map[veghe.PostID]veghe.Decision{"old": veghe.Relevant, "new": veghe.NotRelevant},
		veghe.Post{ID: "old", Kind: veghe.Ad, Source: "board", Text: "passport and fee"},
		veghe.Post{ID: "new", Kind: veghe.Ad, Source: "board", Text: "papers and fee"},
		veghe.Post{ID: "none", Kind: veghe.Ad, Source: "board", Text: "a bicycle"},
	)
	a, b := someRules(t, "passport"), someRules(t, "papers")
	var c comparison
	if err := json.Unmarshal([]byte(printed(t, "diff", a, b, "-data", data, "-json")), &c); err != nil {
		t.Fatal(err)
	}
	if c.Flagged != (change{A: 1, B: 1, Both: 0}) {
		t.Errorf("flagged is %+v, want one on each side and none on both", c.Flagged)
	}
	if c.Gained["review not_relevant"] != 1 || c.Lost["review relevant"] != 1 || c.Gained["source board"] != 1 {
		t.Errorf("gained %v, lost %v", c.Gained, c.Lost)
	}
	if len(c.Rules) == 0 || c.Rules[0].Rule != "DOC-01" || c.Rules[0].NotRelevant != 1 {
		t.Errorf("the rule that changed most should come first: %+v", c.Rules)
	}
}

// Bench knows which rule costs, and a budget that is too small fails.
func TestBenchBudget(t *testing.T) {
	out := printed(t, "bench", "-rule", "DOC-01")
	if !strings.Contains(out, "DOC-01") || !strings.Contains(out, "ns per post") {
		t.Errorf("got\n%s", out)
	}
	costs := []ruleCost{{Rule: "DOC-01", PerPost: 2000}, {Rule: "DBT-01", PerPost: 10}}
	if err := overBudget(costs, time.Microsecond); err == nil || !strings.Contains(err.Error(), "DOC-01") || strings.Contains(err.Error(), "DBT-01") {
		t.Errorf("got %v, want DOC-01 over a budget of 1 µs", err)
	}
	if err := overBudget(costs, 0); err != nil {
		t.Errorf("got %v without a budget", err)
	}
}

// Mutate finds what hides a word from a rule, and what does not.
func TestMutateListsWhatEvades(t *testing.T) {
	var results []mutationResult
	if err := json.Unmarshal([]byte(printed(t, "mutate", "-json", "-rule", "DOC-01")), &results); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Tried == 0 && r.Mutation != "cedillas" && r.Mutation != "diacritics" {
			t.Errorf("%s was tried on nothing", r.Mutation)
		}
		if (r.Mutation == "diacritics" || r.Mutation == "capitals") && r.Found != r.Tried {
			t.Errorf("%s evades %d of %d: %+v", r.Mutation, r.Tried-r.Found, r.Tried, r.Evaded)
		}
	}
}

func TestCoverage(t *testing.T) {
	out := printed(t, "coverage")
	if !strings.Contains(out, "DOC-01") || !strings.Contains(out, "ro: ") {
		t.Errorf("got\n%s", out)
	}
}

func TestFmt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(file, []byte("watch: fees\ncondition: a   \nsignals: {a: {en: [fee]}}\ntitle: Fees\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := env{out: &out, err: &out}
	if err := rulesCmd(t.Context(), e, []string{"fmt", "-check", "-rules", dir}); err == nil {
		t.Error("an untidy file passes")
	}
	printed(t, "fmt", "-rules", dir)
	got, err := os.ReadFile(file)
	if want := "watch: fees\ntitle: Fees\nsignals: {a: {en: [fee]}}\ncondition: a\n"; err != nil || string(got) != want {
		t.Errorf("%v, got\n%s", err, got)
	}
	if err := rulesCmd(t.Context(), e, []string{"fmt", "-check", "-rules", dir}); err != nil {
		t.Error(err)
	}
}
