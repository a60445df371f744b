package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

// nodeOn is a node that shares the desk in a folder, with an index of its own.
func nodeOn(t *testing.T, name, dir string) (*follower, *app) {
	t.Helper()
	cfg := defaultConfig()
	cfg.Node, cfg.Data = name, t.TempDir()
	x, err := index.Open(t.Context(), cfg.path("index"), index.Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	a := &app{cfg: cfg, index: x, desk: desktest.Open(t, dir), holder: name}
	return &follower{keeper: a.keeper()}, a
}

func (f *follower) follow(t *testing.T, now time.Time) {
	t.Helper()
	if _, err := f.tick(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// What is done at one node holds at the other: a post in a case stays, with its
// case to be searched for; a decision counts; what was erased is gone. It holds
// too for posts that come after it, and for a node that is new.
func TestNodesFollowOneAnother(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	fa, a := nodeOn(t, "a", dir)
	fb, b := nodeOn(t, "b", dir)
	for _, x := range []*app{a, b} {
		for _, id := range []veghe.PostID{"p1", "p2", "p3"} {
			x.keepPost(t, id, "driver wanted")
		}
	}
	now := time.Now()
	fa.follow(t, now)
	fb.follow(t, now)

	c, err := a.desk.OpenCase(ctx, "Drivers", "ana", now)
	if err != nil {
		t.Fatal(err)
	}
	book := casebook{a.desk, a.index}
	for _, id := range []veghe.PostID{"p1", "p2", "late"} {
		if _, err := book.AddToCase(ctx, c.ID, id, "ana", "", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.RemoveFromCase(ctx, c.ID, "p2", "ana", "", now); err != nil {
		t.Fatal(err)
	}
	review := veghe.Review{ID: "r1", Post: "p3", Decision: veghe.Relevant, By: "ana", At: now}
	if _, err := a.desk.AddReview(ctx, review, nil); err != nil {
		t.Fatal(err)
	}
	fb.follow(t, now.Add(followEvery))
	wantAdded(t, "soon after", b, map[veghe.PostID]index.Added{"p1": {Cases: []string{c.ID}}})

	// A post that comes after what was decided on it, and everything at a node
	// that was not there before.
	b.keepPost(t, "late", "driver wanted")
	fb.follow(t, now.Add(followAllEvery+time.Second))
	all := map[veghe.PostID]index.Added{"p1": {Cases: []string{c.ID}}, "late": {Cases: []string{c.ID}}, "p3": {Review: veghe.Relevant}}
	wantAdded(t, "later", b, all)
	fresh, n := nodeOn(t, "new", dir)
	for _, id := range []veghe.PostID{"p1", "p3", "late"} {
		n.keepPost(t, id, "driver wanted")
	}
	fresh.follow(t, now)
	wantAdded(t, "a new node", n, all)

	// Somebody asks to be erased, at one node.
	if _, err := a.desk.AddDeletion(ctx, desk.Deletion{At: now, Class: "person", By: "ana", Why: "asked"}, []veghe.PostID{"p2"}, true, true); err != nil {
		t.Fatal(err)
	}
	fb.follow(t, now.Add(followAllEvery+2*followEvery))
	if _, err := b.index.Get(ctx, "p2"); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("what was erased is still at the other node: %v", err)
	}

	// The case goes with all that was in it.
	if _, err := a.desk.DeleteCase(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	fb.follow(t, now.Add(followAllEvery+3*followEvery))
	wantAdded(t, "without the case", b, map[veghe.PostID]index.Added{"p3": {Review: veghe.Relevant}})

	// A decision is taken back.
	review = veghe.Review{ID: "r2", Post: "p3", Decision: veghe.Withdrawn, By: "ana", At: now.Add(time.Minute)}
	if _, err := a.desk.AddReview(ctx, review, nil); err != nil {
		t.Fatal(err)
	}
	fb.follow(t, now.Add(3*followAllEvery))
	wantAdded(t, "withdrawn", b, map[veghe.PostID]index.Added{})
}

func wantAdded(t *testing.T, when string, a *app, want map[veghe.PostID]index.Added) {
	t.Helper()
	got, err := a.index.Added(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id, x := range got {
		if len(x.Cases) == 0 {
			x.Cases = nil // [] and none are the same
			got[id] = x
		}
		if x.Review == "" && x.Cases == nil {
			delete(got, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// Of two nodes one deletes an old case, and one record says so.
func TestOneNodeDeletesCases(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	fa, a := nodeOn(t, "a", dir)
	fb, _ := nodeOn(t, "b", dir)
	old := time.Now().AddDate(-2, 0, 0)
	c, err := a.desk.OpenCase(ctx, "Old", "ana", old)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.desk.SetCaseStatus(ctx, c.ID, desk.CaseClosed, "ana", "", old); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	// b has the duty and is at it: a leaves it to b.
	if mine, err := fb.keeper.mine(ctx, "closed cases", now); err != nil || !mine {
		t.Fatalf("%t, %v", mine, err)
	}
	for _, step := range []struct {
		k    *keeper
		gone int
	}{{fa.keeper, 0}, {fb.keeper, 1}, {fb.keeper, 0}} {
		step.k.cfg.Retention.ClosedCases = duration(24 * time.Hour)
		p, err := step.k.purge(ctx, nil, true, false, now)
		if err != nil || p.Cases != step.gone {
			t.Errorf("%d cases went, want %d (%v)", p.Cases, step.gone, err)
		}
	}
	if all, err := a.desk.Deletions(ctx, 0, 10); err != nil || len(all) != 1 {
		t.Errorf("%d records of it (%v)", len(all), err)
	}
}

// Two nodes have the same channels, and one of them tells.
func TestOneNodeTells(t *testing.T) {
	c, box, found := newsroom(t)
	other := *c
	other.mine = (&keeper{desk: c.desk, holder: "the other node"}).mine
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	found(noon, "a")
	for i := range 4 {
		now := noon.Add(15*time.Minute + time.Duration(i)*watchEvery)
		for _, x := range []*courier{c, &other} {
			if err := x.tick(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(box.notes); n != 1 {
		t.Fatalf("%d notes, want 1", n)
	}
	// The one that tells is gone; once its duty ran out the other goes on.
	found(noon.Add(time.Hour), "b")
	for _, at := range []time.Duration{time.Hour + 11*time.Minute, time.Hour + 11*time.Minute + watchEvery} {
		if err := other.tick(t.Context(), noon.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(box.notes); n != 2 {
		t.Errorf("%d notes after the other took over, want 2", n)
	}
}
