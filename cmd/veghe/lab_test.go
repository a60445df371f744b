package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/detect/rule"
	"veghe/index"
	"veghe/index/web"
	"veghe/rules"
)

// newTestLab is the lab over a few of the shipped rules and these posts.
func newTestLab(t *testing.T, posts ...index.Hit) *laboratory {
	t.Helper()
	dir := t.TempDir()
	lists, err := fs.Glob(rules.FS, "lists/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(lists, "policy.yaml", "recruitment/documents.yaml") {
		data, err := fs.ReadFile(rules.FS, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a := &app{cfg: config{Rules: dir}}
	set, err := loadRules(dir)
	if err != nil {
		t.Fatal(err)
	}
	a.rules.Store(set)
	l := newLaboratory(a)
	l.newest = func(_ context.Context, n int, f func(index.Hit) error) error {
		for _, h := range posts[max(0, len(posts)-n):] {
			if err := f(h); err != nil {
				return err
			}
		}
		return nil
	}
	return l
}

const labRule = `indicator: LAB-01
title: A word nobody uses
category: recruitment
family: documents
strength: strong
status: stable
why: "{word} stands there"
falsepositives: [none]
signals:
  word: {ro: [bragari*], en: [bragari*]}
  tale: {ro: [poveste], en: [story]}
condition: word and not tale
examples:
  - {lang: ro, match: true, text: "bragaria de la colt"}
  - {lang: ro, match: false, text: "o poveste cu bragarie"}
`

func TestLabTry(t *testing.T) {
	l := newTestLab(t)
	post := veghe.Post{Kind: veghe.Ad, Text: "Se cauta om la bragarie, o poveste scurta", CollectedAt: time.Now()}
	try := func(doc string) web.Trial {
		t.Helper()
		got, err := l.Try(t.Context(), doc, post)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := try(labRule)
	if got.Kind != "indicator" || got.Name != "LAB-01" || !got.Usable() || got.Examples.Passed != 2 {
		t.Errorf("a sound rule: %+v", got)
	}
	if len(got.Problems) != 4 || !got.Problems[0].Lint { // examples too few, twice per language
		t.Errorf("what rules check demands: %+v", got.Problems)
	}
	if len(got.Rules) != 1 || got.Rules[0].Fired || len(got.Rules[0].Nearly) != 1 || got.Rules[0].Nearly[0] != (web.Miss{Kind: "held", A: "tale"}) {
		t.Errorf("nearly: %+v", got.Rules)
	}
	got = try(strings.Replace(labRule, "word and not tale", "word or tale", 1))
	if !got.Rules[0].Fired || len(got.Examples.Failed) != 1 || len(got.After.Findings) != len(got.Before.Findings)+1 {
		t.Errorf("without the condition: %+v", got)
	}
	got = try(strings.Replace(labRule, "word and not tale", "word and nothing", 1))
	if got.Usable() || got.Problems[1].Line != 12 || got.Problems[1].Column != 21 {
		t.Errorf("a broken rule: %+v", got.Problems)
	}
	if got = try("no: rule"); got.Usable() {
		t.Errorf("no rule: %+v", got)
	}
}

// Every rule and exception in force can be opened, and means what it meant.
func TestLabDocuments(t *testing.T) {
	l := newTestLab(t)
	set := l.rules()
	for _, r := range set.Rules() {
		doc, err := l.Document(string(r.ID))
		if err != nil || !strings.Contains(doc, "indicator: "+string(r.ID)) {
			t.Fatalf("%s: %v in:\n%s", r.ID, err, doc)
		}
		pack, err := set.With(labFile, []byte(doc))
		if err != nil {
			t.Fatalf("%s: %v", r.ID, err)
		}
		again, err := rule.Compile(pack)
		if err != nil || again.Version() != set.Version() {
			t.Errorf("%s: the version of the rules changes, %v", r.ID, err)
		}
	}
	if doc, err := l.Document("NONE-99"); doc != "" || err != nil {
		t.Errorf("one that is not there: %q, %v", doc, err)
	}
}

func TestLabEffect(t *testing.T) {
	var posts []index.Hit
	for i := range 30 {
		h := index.Hit{Post: veghe.Post{
			Source: "s", Kind: veghe.Ad, Author: veghe.AuthorID(fmt.Sprint(i)), Text: fmt.Sprintf("Anunt %d: bragarie, pasaportul ramane la noi.", i), CollectedAt: time.Now(),
		}}
		if i%2 == 1 {
			h.Post.Text = fmt.Sprintf("Vand bicicleta numarul %d, stare buna.", i)
		}
		if i < 10 {
			h.Review = veghe.NotRelevant
		}
		h.Post.Identify()
		posts = append(posts, h)
	}
	l := newTestLab(t, posts...)
	doc := strings.Replace(labRule, "word and not tale", "word or tale", 1)
	got, err := l.Effect(t.Context(), doc, 500)
	if err != nil {
		t.Fatal(err)
	}
	if got.Posts != 30 || !got.Complete || got.After-got.Before != 15 || got.Flags.Gained["not_relevant"] != 5 || got.Flags.Gained["none"] != 10 {
		t.Errorf("flags: %+v", got)
	}
	if len(got.Rules) != 1 || got.Rules[0].Rule != "LAB-01" || got.Rules[0].After != 15 || len(got.Rules[0].Posts.GainedSample) != 10 {
		t.Errorf("rules: %+v", got.Rules)
	}

	// An exception takes findings away, and one that has expired does not.
	exception := "exception: ours\nindicators: [DOC-01]\nreason: r\nowner: o\nexpires: %s\n"
	for expires, lost := range map[string]bool{
		time.Now().AddDate(0, 0, 2).Format(time.DateOnly): true, time.Now().AddDate(0, 0, -2).Format(time.DateOnly): false,
	} {
		got, err := l.Effect(t.Context(), fmt.Sprintf(exception, expires), 500)
		if err != nil || (len(got.Rules) > 0) != lost {
			t.Errorf("until %s: %v, %+v", expires, err, got.Rules)
		}
	}

	// Time that is up gives what there is.
	ctx, cancel := context.WithCancel(t.Context())
	l.newest = func(_ context.Context, _ int, f func(index.Hit) error) error {
		if err := f(posts[0]); err != nil {
			return err
		}
		cancel()
		return f(posts[1])
	}
	if got, err := l.Effect(ctx, doc, 500); err != nil || got.Complete || got.Posts != 1 {
		t.Errorf("cut short: %v, %+v", err, got)
	}
}
