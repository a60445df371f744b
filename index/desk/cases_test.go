package desk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/desk"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func openDesk(t *testing.T) *desk.Desk {
	t.Helper()
	return open(t, t.TempDir())
}

func TestCase(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	c, err := d.OpenCase(ctx, "Same driver, three towns", "ana", noon)
	if err != nil || c.ID != "2026-0001" {
		t.Fatalf("%v, got %+v", err, c)
	}
	if second, err := d.OpenCase(ctx, "Another", "ana", noon); err != nil || second.ID != "2026-0002" {
		t.Errorf("%v, got %+v", err, second)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []bool{true, false} {
		added, err := d.AddToCase(ctx, c.ID, "p1", "ana", "same number", noon.Add(time.Minute))
		must(err)
		if added != want {
			t.Errorf("adding for the %d. time: added %t", i+1, added)
		}
	}
	_, err = d.AddToCase(ctx, c.ID, "p2", "dan", "", noon.Add(2*time.Minute))
	must(err)
	must(d.NoteCase(ctx, c.ID, "asked the labour office", "dan", noon.Add(3*time.Minute)))
	must(d.RemoveFromCase(ctx, c.ID, "p1", "ana", "another driver", noon.Add(4*time.Minute)))
	must(d.RemoveFromCase(ctx, c.ID, "p1", "ana", "again", noon.Add(4*time.Minute)))
	must(d.SetCaseStatus(ctx, c.ID, desk.CaseReferred, "ana", "to the unit in Cluj", noon.Add(5*time.Minute)))

	got, err := d.Case(ctx, c.ID)
	must(err)
	var done []string
	for _, e := range got.Events {
		done = append(done, e.By+" "+e.What+" "+e.Object)
	}
	want := []string{"ana status referred", "ana removed p1", "dan note ", "dan added p2", "ana added p1", "ana opened "}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Members) != 1 || got.Members[0].Post != "p2" || got.Status != desk.CaseReferred || got.Posts != 1 || !got.Changed.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("got %+v", got)
	}
	of, err := d.CasesOf(ctx, "p2")
	must(err)
	if diff := cmp.Diff([]string{"2026-0001"}, of); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	all, err := d.Cases(ctx)
	must(err)
	if len(all) != 2 || all[0].ID != c.ID {
		t.Errorf("the case changed last comes first: %+v", all)
	}
}

func TestCaseRefuses(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	if _, err := d.OpenCase(ctx, "", "ana", noon); err == nil {
		t.Error("a case without a title")
	}
	if _, err := d.AddToCase(ctx, "2026-0009", "p", "ana", "", noon); !errors.Is(err, desk.ErrNoCase) {
		t.Errorf("got %v", err)
	}
	if err := d.NoteCase(ctx, "2026-0009", "x", "ana", noon); !errors.Is(err, desk.ErrNoCase) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Case(ctx, "nothing"); !errors.Is(err, desk.ErrNoCase) {
		t.Errorf("got %v", err)
	}
	if err := d.SetCaseStatus(ctx, "2026-0001", "lost", "ana", "", noon); err == nil {
		t.Error("a status nobody knows")
	}
}

func TestWatch(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	w, err := d.AddWatch(ctx, "Driver", `phone:"+40700000001"`, "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		upto  int64
		posts []veghe.PostID
		found int
	}{
		{10, []veghe.PostID{"p1", "p2"}, 2},
		{20, nil, 0},
		{15, []veghe.PostID{"p2", "p3"}, 1}, // looked at again: nothing is doubled
	} {
		if n, err := d.WatchSaw(ctx, "node a", w.ID, c.upto, c.posts, noon.Add(time.Duration(c.upto)*time.Second)); err != nil || n != c.found {
			t.Errorf("up to %d: %v, %d found, want %d", c.upto, err, n, c.found)
		}
	}
	// Another index numbers its changes otherwise, and finds the same posts.
	if n, err := d.WatchSaw(ctx, "node b", w.ID, 900, []veghe.PostID{"p1", "p2", "p3"}, noon.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("another index: %v, %d found again", err, n)
	}
	for reader, want := range map[string]int64{"node a": 20, "node b": 900, "node c": 0} {
		if upto, err := d.WatchUpto(ctx, reader, w.ID); err != nil || upto != want {
			t.Errorf("%s looked up to %d (%v), want %d", reader, upto, err, want)
		}
	}
	got, err := d.Watch(ctx, w.ID)
	if err != nil || got.Hits != 3 || !got.Last.Equal(noon.Add(15*time.Second)) {
		t.Errorf("%v, got %+v", err, got)
	}
	hits, err := d.WatchHits(ctx, w.ID, 0, 2)
	if err != nil || len(hits) != 2 || hits[0].Post != "p3" {
		t.Fatalf("%v, got %+v", err, hits)
	}
	more, err := d.WatchHits(ctx, w.ID, hits[1].N, 2)
	if err != nil || len(more) != 1 || more[0].Post != "p1" {
		t.Errorf("%v, got %+v", err, more)
	}
	for range 2 {
		if err := d.EndWatch(ctx, w.ID, noon); err != nil {
			t.Error(err)
		}
	}
	if err := d.EndWatch(ctx, 99, noon); !errors.Is(err, desk.ErrNoWatch) {
		t.Errorf("got %v", err)
	}
	all, err := d.Watches(ctx)
	if err != nil || len(all) != 1 || all[0].Ended.IsZero() {
		t.Errorf("%v, got %+v", err, all)
	}
}
