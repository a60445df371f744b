package desk_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

func TestHolds(t *testing.T) {
	d := open(t, t.TempDir())
	post := veghe.Post{ID: "p1", Source: "forum", Author: "someone"}
	contacts := []veghe.Contact{{Kind: "phone", Value: "+40700000123"}}
	for _, h := range []desk.Hold{
		{Kind: "post", Value: "p1"}, {Kind: "source", Value: "forum"}, {Kind: "author", Value: "someone"}, {Kind: "phone", Value: "+40700000123"},
	} {
		if !h.Holds(post, contacts) {
			t.Errorf("%s %s does not hold", h.Kind, h.Value)
		}
		h.Value += "x"
		if h.Holds(post, contacts) {
			t.Errorf("%s %s holds", h.Kind, h.Value)
		}
	}
	for name, bad := range map[string]desk.Hold{
		"no reason": {Kind: "post", Value: "p1", By: "ana"}, "no kind": {Value: "p1", Reason: "x", By: "ana"},
		"over before": {Kind: "post", Value: "p1", Reason: "x", By: "ana", Until: day},
	} {
		if _, err := d.AddHold(t.Context(), bad, day); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	short, err := d.AddHold(t.Context(), desk.Hold{Kind: "post", Value: "p1", Reason: "order 12", By: "ana", Until: day.Add(time.Hour)}, day)
	if err != nil {
		t.Fatal(err)
	}
	long, err := d.AddHold(t.Context(), desk.Hold{Kind: "case", Value: "2026-0001", Reason: "order 13", By: "ana"}, day)
	if err != nil {
		t.Fatal(err)
	}
	count := func(at time.Time) int {
		t.Helper()
		all, err := d.InForce(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if before, after := count(day), count(day.Add(time.Hour)); before != 2 || after != 1 {
		t.Errorf("%d and %d in force, want 2 and 1", before, after)
	}
	if err := d.LiftHold(t.Context(), long.ID, "ana", "", day); err == nil {
		t.Error("lifted without a reason")
	}
	if err := d.LiftHold(t.Context(), long.ID, "ana", "order 14", day); err != nil {
		t.Fatal(err)
	}
	if err := d.LiftHold(t.Context(), long.ID, "ana", "again", day); !errors.Is(err, desk.ErrNoHold) {
		t.Errorf("lifted twice: %v", err)
	}
	all, err := d.Holds(t.Context())
	if err != nil || len(all) != 2 || all[0].ID != short.ID || all[1].LiftedWhy != "order 14" {
		t.Errorf("%+v, %v", all, err)
	}
}

// A deletion can be shown later by whoever knows the ids, stands in the audit
// trail, and tells nothing of them.
func TestDeletions(t *testing.T) {
	d := open(t, t.TempDir())
	one, err := d.AddDeletion(t.Context(), desk.Deletion{At: day, Class: "flagged", Why: "older than 365 days"}, []veghe.PostID{"b", "a"}, true, false)
	if err != nil {
		t.Fatal(err)
	}
	two, err := d.AddDeletion(t.Context(), desk.Deletion{At: day, Class: "person", Why: "asked for", By: "chief"}, []veghe.PostID{"c"}, true, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddDeletion(t.Context(), desk.Deletion{At: day, Class: "unflagged", Why: "older than 7 days"}, []veghe.PostID{"d"}, false, false); err != nil {
		t.Fatal(err)
	}
	b, a := sha256.Sum256([]byte("b")), sha256.Sum256([]byte("a")) // that of b is the smaller
	whole := sha256.Sum256(append(b[:], a[:]...))
	if one.Digest != hex.EncodeToString(whole[:]) || one.Posts != 2 {
		t.Errorf("the record is %+v", one)
	}
	for id, want := range map[veghe.PostID]int64{"a": one.N, "b": one.N, "c": two.N, "d": 0, "e": 0} {
		got, ok, err := d.Deleted(t.Context(), id)
		if err != nil || got.N != want || ok != (want > 0) {
			t.Errorf("%s: deletion %d (%v, %v), want %d", id, got.N, ok, err, want)
		}
	}
	erased, err := d.Erased(t.Context(), []veghe.PostID{"a", "b", "c", "d"})
	if diff := cmp.Diff(map[veghe.PostID]bool{"c": true}, erased); err != nil || diff != "" {
		t.Errorf("%v, erased (-want +got):\n%s", err, diff)
	}
	events, err := d.Events(t.Context(), desk.EventFilter{Action: "purge"})
	if err != nil || len(events) != 3 || events[2].Who != "retention" || !strings.Contains(events[2].Reason, "flagged: 2 posts, ids sha256:"+one.Digest) {
		t.Errorf("%+v, %v", events, err)
	}
}

// What people wrote about somebody is taken out of everything but the audit
// trail, and out of the files.
func TestEraseMentions(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	const value = "Unmistakable_Handle"
	c, err := d.OpenCase(t.Context(), "About unmistakable_HANDLE, again", "ana", day)
	if err != nil {
		t.Fatal(err)
	}
	heldCase, err := d.OpenCase(t.Context(), "Held: "+value, "ana", day)
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := d.AddToCase(t.Context(), c.ID, "p1", "ana", "", day)
	_, err2 := d.AddReview(t.Context(), veghe.Review{ID: "r1", Post: "p2", Decision: veghe.Relevant, By: "ana", At: day, Reason: "same " + value + " as before"}, nil)
	w, err3 := d.AddWatch(t.Context(), "a watch", "author:"+value, "ana", day)
	_, err4 := d.Record(t.Context(), desk.Event{At: day, Who: "ana", Action: "search", Reason: "author:" + value})
	if err := errors.Join(d.NoteCase(t.Context(), c.ID, "wrote to "+value+" and "+value, "ana", day), err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	m, err := d.Mentions(t.Context(), value)
	want := desk.Mentions{Cases: []string{c.ID, heldCase.ID}, Reviews: 1, Watches: 1, Audit: 1}
	if diff := cmp.Diff(want, m); err != nil || diff != "" {
		t.Fatalf("%v, mentions (-want +got):\n%s", err, diff)
	}
	if err := d.EraseMentions(t.Context(), value, []veghe.PostID{"p1"}, []string{heldCase.ID}, day); err != nil {
		t.Fatal(err)
	}
	m, err = d.Mentions(t.Context(), value)
	want = desk.Mentions{Cases: []string{heldCase.ID}, Audit: 1}
	if diff := cmp.Diff(want, m); err != nil || diff != "" {
		t.Errorf("%v, left (-want +got):\n%s", err, diff)
	}
	f, err := d.Case(t.Context(), c.ID)
	if err != nil || f.Title != "About […], again" || len(f.Members) != 0 || f.Events[0].Note != "wrote to […] and […]" {
		t.Errorf("%+v, %v", f, err)
	}
	if got, err := d.Watch(t.Context(), w.ID); err != nil || got.Ended.IsZero() {
		t.Errorf("the watch goes on: %+v, %v", got, err)
	}
	if err := d.EraseMentions(t.Context(), value, nil, nil, day); err != nil {
		t.Fatal(err)
	}
	files := []string{desk.File, desk.File + "-wal"}
	if _, server := desktest.Server(t, dir); server {
		files = nil // what a server keeps of deleted rows is the server's: docs/postgres.md
	}
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(b), "author:"+value, "") // the audit trail
		if strings.Contains(strings.ToLower(text), strings.ToLower(value)) {
			t.Errorf("%s still has it", name)
		}
	}
	if _, err := d.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// A name in any script is found as it was posted: SQLite's lower knows only
// the letters of ASCII.
func TestEraseMentionsInAnyScript(t *testing.T) {
	for _, value := range []string{"Ștefan_Exemplu", "Иван_Пример"} {
		d := open(t, t.TempDir())
		c, err := d.OpenCase(t.Context(), "About "+value, "ana", day)
		if err := errors.Join(err, d.AttachToCase(t.Context(), c.ID, desk.CaseValue{Kind: "author", Value: value, By: "ana", At: day})); err != nil {
			t.Fatal(err)
		}
		if m, err := d.Mentions(t.Context(), value); err != nil || len(m.Cases) != 1 {
			t.Errorf("%s: mentioned in %q (%v), want %q", value, m.Cases, err, c.ID)
		}
		if err := d.EraseMentions(t.Context(), value, nil, nil, day); err != nil {
			t.Fatal(err)
		}
		f, err := d.Case(t.Context(), c.ID)
		if err != nil || f.Title != "About […]" {
			t.Errorf("%s: the title is %q (%v)", value, f.Title, err)
		}
		if values, err := d.CaseValues(t.Context(), c.ID); err != nil || len(values) != 0 {
			t.Errorf("%s: the case keeps %+v (%v)", value, values, err)
		}
	}
}

func TestOldCases(t *testing.T) {
	d := open(t, t.TempDir())
	for i, title := range []string{"closed long ago", "closed lately", "held", "open"} {
		c, err := d.OpenCase(t.Context(), title, "ana", day)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddToCase(t.Context(), c.ID, "p1", "ana", "", day); err != nil {
			t.Fatal(err)
		}
		at := day
		if i == 1 {
			at = day.AddDate(1, 0, 0)
		}
		if i != 3 {
			if err := d.SetCaseStatus(t.Context(), c.ID, desk.CaseClosed, "ana", "", at); err != nil {
				t.Fatal(err)
			}
		}
	}
	old, err := d.OldCases(t.Context(), day.AddDate(0, 6, 0), []desk.Hold{{Kind: desk.HoldCase, Value: "2026-0003"}})
	if diff := cmp.Diff([]string{"2026-0001"}, old); err != nil || diff != "" {
		t.Fatalf("%v, old (-want +got):\n%s", err, diff)
	}
	posts, err := d.DeleteCase(t.Context(), "2026-0001")
	if err != nil || len(posts) != 1 {
		t.Fatalf("%v, %v", posts, err)
	}
	if _, err := d.Case(t.Context(), "2026-0001"); !errors.Is(err, desk.ErrNoCase) {
		t.Errorf("the case: %v", err)
	}
	if err := d.NoteCase(t.Context(), "2026-0002", "a note", "ana", day); err != nil {
		t.Error(err)
	}
}
