package main

import (
	"log/slog"
	"testing"
	"time"

	"veghe"
	"veghe/index"
	"veghe/index/desk/desktest"
)

// watchingApp is an app with an index and a desk, and nothing else.
func watchingApp(t *testing.T) *app {
	t.Helper()
	x, err := index.Open(t.Context(), t.TempDir(), index.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	d := desktest.Open(t, t.TempDir())
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return &app{index: x, desk: d, log: slog.New(slog.DiscardHandler), metrics: newMetrics("test")}
}

func (a *app) keepPost(t *testing.T, id veghe.PostID, text string) {
	t.Helper()
	_, err := a.index.Put(t.Context(), []veghe.Assessed{{
		Post:       veghe.Post{ID: id, Source: "board", Kind: veghe.Ad, Text: text},
		Assessment: veghe.Assessment{ID: id, Flagged: true, Severity: veghe.High, Score: map[veghe.Category]float64{veghe.Recruitment: 0.9}},
		AssessedAt: time.Now(),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// A watch finds what is stored, what comes later, and nothing twice.
func TestWatching(t *testing.T) {
	a := watchingApp(t)
	ctx := t.Context()
	a.keepPost(t, "before", "passport stays with us")
	w, err := a.desk.AddWatch(ctx, "papers", "passport", "ana", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	hits := func() int {
		t.Helper()
		if err := a.watchAll(ctx); err != nil {
			t.Fatal(err)
		}
		got, err := a.desk.Watch(ctx, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.Hits
	}
	if n := hits(); n != 1 {
		t.Errorf("%d found in what is stored, want 1", n)
	}
	a.keepPost(t, "after", "the passport again")
	a.keepPost(t, "other", "a bicycle")
	for range 2 {
		if n := hits(); n != 2 {
			t.Errorf("%d found, want 2", n)
		}
	}
	if err := a.desk.EndWatch(ctx, w.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	a.keepPost(t, "late", "passport")
	if n := hits(); n != 2 {
		t.Errorf("a watch that has ended found more: %d", n)
	}
}

// A post in a case can be found by the case, and no longer once taken out.
func TestCasebookTellsTheIndex(t *testing.T) {
	a := watchingApp(t)
	ctx := t.Context()
	a.keepPost(t, "p", "passport")
	book := casebook{a.desk, a.index}
	c, err := book.OpenCase(ctx, "One", "ana", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		do   func() error
		want uint64
	}{
		{func() error { _, err := book.AddToCase(ctx, c.ID, "p", "ana", "", time.Now()); return err }, 1},
		{func() error { return book.RemoveFromCase(ctx, c.ID, "p", "ana", "", time.Now()) }, 0},
		{func() error { _, err := book.AddToCase(ctx, c.ID, "gone", "ana", "", time.Now()); return err }, 0},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		res, err := a.index.Search(ctx, index.Query{Text: "case:" + c.ID})
		if err != nil || res.Total != step.want {
			t.Errorf("%v, %d posts of the case, want %d", err, res.Total, step.want)
		}
	}
}

func TestIdentify(t *testing.T) {
	is := identify("RO")
	for value, want := range map[string][2]string{
		"0700 000 123":      {"phone", "+40700000123"},
		"ana@example.org":   {"email", "ana@example.org"},
		"t.me/example_user": {"handle", "telegram:example_user"},
		"nothing":           {"", ""},
	} {
		if kind, canonical := is(value); kind != want[0] || canonical != want[1] {
			t.Errorf("%q: got %s %s, want %v", value, kind, canonical, want)
		}
	}
}
