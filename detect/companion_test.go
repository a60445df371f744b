package detect_test

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect"
	"veghe/detect/model"
	"veghe/detect/rule"
	"veghe/rules"
)

// golden are the invented posts of the scorecard.
func golden(t *testing.T, names ...string) (posts []veghe.Post) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile("../rules/testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(b))
		lines.Buffer(nil, veghe.MaxPost)
		for lines.Scan() {
			p, err := veghe.ParsePost(lines.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			posts = append(posts, p)
		}
	}
	return posts
}

// contrary is a model that learnt to call relevant what the rules do not flag.
func contrary(t *testing.T, posts []veghe.Post, rulesSay []veghe.Assessment) *model.Model {
	t.Helper()
	var examples []model.Example
	for i := range posts {
		examples = append(examples, model.Example{Title: posts[i].Title, Text: posts[i].Text, Relevant: !rulesSay[i].Flagged, Group: i})
	}
	m, err := model.Train(examples, "")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever a model says, no flag, severity, score, label or history changes:
// it adds a finding in shadow that weighs nothing.
func TestCompanionNeverFlags(t *testing.T) {
	posts := golden(t, "ads.jsonl", "threads.jsonl")
	pack, err := rule.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	l, err := languages()
	if err != nil {
		t.Fatal(err)
	}
	want := detect.New(detect.Options{Rules: set, Languages: l}).AssessAll(posts, 2)
	with := detect.New(detect.Options{Rules: set, Languages: l, Model: contrary(t, posts, want)})
	marked, unflagged := 0, 0
	for i, a := range with.AssessAll(posts, 2) {
		k := slices.IndexFunc(a.Findings, func(f veghe.Finding) bool { return f.Indicator == model.Indicator })
		if k >= 0 {
			f := a.Findings[k]
			marked++
			if !a.Flagged {
				unflagged++
			}
			if !f.Shadow || f.Weight != 0 || !strings.HasPrefix(string(f.Rule), "model:") || len(f.Spans) == 0 || !strings.Contains(f.Why, ", shown from ") {
				t.Errorf("%s: %+v, want it in shadow, weightless and explained", a.ID, f)
			}
			a.Findings = slices.Delete(slices.Clone(a.Findings), k, k+1)
		}
		if diff := cmp.Diff(want[i], a); diff != "" {
			t.Errorf("%s: the model changed more than a finding in shadow (-without +with):\n%s", a.ID, diff)
		}
	}
	if marked < 50 || unflagged < 50 {
		t.Errorf("%d posts marked, %d of them unflagged: the test shows nothing", marked, unflagged)
	}

	ex, a := with.Explain(posts[0])
	if a.Flagged != want[0].Flagged || slices.ContainsFunc(ex.Findings, func(f veghe.Finding) bool { return f.Indicator == model.Indicator }) {
		t.Error("the explanation of the rules has the model in it")
	}
}
