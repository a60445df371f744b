package index_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

// Each class goes at its own time. What is in a case stays, and so does what is
// held, wherever it stands in the order.
func TestRetain(t *testing.T) {
	x := open(t, t.TempDir())
	now := noon
	var batch []veghe.Assessed
	add := func(id string, days int, flagged bool) {
		p := veghe.Post{ID: veghe.PostID(id), Source: "forum", Kind: veghe.Forum, Text: "unmistakable " + id, CollectedAt: now.AddDate(0, 0, -days), Evidence: "ref-" + id[:1]}
		batch = append(batch, veghe.Assessed{Post: p, Assessment: veghe.Assessment{ID: p.ID, Flagged: flagged, Severity: veghe.Low}, AssessedAt: p.CollectedAt})
	}
	for i := range 1200 { // more than one piece
		add(fmt.Sprintf("u%04d", i), 10, false)
	}
	add("unew", 1, false)
	add("ucase", 10, false)
	for _, id := range []string{"f-open", "g-no", "h-yes", "i-unsure", "j-case"} {
		add(id, 100, true)
	}
	if _, err := x.Put(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		x.SetReview(t.Context(), "g-no", veghe.NotRelevant), x.SetReview(t.Context(), "h-yes", veghe.Relevant), x.SetReview(t.Context(), "i-unsure", veghe.Unsure),
		x.SetCases(t.Context(), "j-case", []string{"2026-0001"}), x.SetCases(t.Context(), "ucase", []string{"2026-0001"}))
	if err != nil {
		t.Fatal(err)
	}
	var gone []veghe.PostID
	r := index.Retention{
		Expire: []index.Expiry{{Class: index.Unflagged, Before: now.AddDate(0, 0, -7)}, {Class: index.NotRelevant, Before: now.AddDate(0, 0, -30)}, {Class: index.Flagged, Before: now.AddDate(0, 0, -90)}},
		Held:   func(h index.Hit) bool { return h.Post.ID == "u0003" || h.Post.ID == "i-unsure" },
		Gone: func(_ index.Class, hits []index.Hit) error {
			for _, h := range hits {
				gone = append(gone, h.Post.ID)
			}
			return nil
		},
		Dry: true,
	}
	want := map[index.Class]int{index.Unflagged: 1199, index.NotRelevant: 1, index.Flagged: 1}
	got, err := x.Retain(t.Context(), r)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(gone) > 0 {
		t.Fatalf("dry: %v, %d gone, counts (-want +got):\n%s", err, len(gone), diff)
	}
	r.Dry = false
	got, err = x.Retain(t.Context(), r)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(gone) != 1201 {
		t.Fatalf("%v, %d gone, counts (-want +got):\n%s", err, len(gone), diff)
	}
	left, err := x.All(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range left {
		ids = append(ids, string(h.Post.ID))
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"h-yes", "i-unsure", "j-case", "u0003", "ucase", "unew"}, ids); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	used, err := x.EvidenceUsed(t.Context(), []string{"ref-f", "ref-j", "ref-u"})
	if diff := cmp.Diff(map[string]bool{"ref-j": true, "ref-u": true}, used); err != nil || diff != "" {
		t.Errorf("%v, used (-want +got):\n%s", err, diff)
	}
}

// What is erased is gone whatever it was: from searches, counts and files.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	var batch []veghe.Assessed
	for i := range 20 {
		p := veghe.Post{ID: veghe.PostID(fmt.Sprintf("p%d", i)), Source: "forum", Text: fmt.Sprintf("unmistakable%d word", i), CollectedAt: time.Now()}
		batch = append(batch, veghe.Assessed{Post: p, Assessment: veghe.Assessment{ID: p.ID, Flagged: true, Severity: veghe.Low}, AssessedAt: p.CollectedAt})
	}
	if _, err := x.Put(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := x.SetCases(t.Context(), "p7", []string{"2026-0001"}); err != nil {
		t.Fatal(err)
	}
	gone, err := x.Erase(t.Context(), []veghe.PostID{"p7", "p8", "nothing"})
	if err != nil || len(gone) != 2 {
		t.Fatalf("%d gone, %v", len(gone), err)
	}
	if _, err := x.Get(t.Context(), "p7"); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	res, err := x.Search(t.Context(), index.Query{Text: "word"})
	if err != nil || res.Total != 18 {
		t.Errorf("%d found, %v", res.Total, err)
	}
	if _, err := x.All(t.Context(), "word", 10); !errors.Is(err, index.ErrManyPosts) {
		t.Errorf("more than asked for: %v", err)
	}
}
