package index_test

import (
	"errors"
	"slices"
	"testing"

	"veghe"
	"veghe/index"
)

// Posts come in the order asked for, then those of the case, each once, while
// the index is open elsewhere.
func TestPick(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, post("a", "one"), post("b", "two"), post("c", "three"), post("d", "four"))
	for _, id := range []veghe.PostID{"b", "d"} {
		if err := x.SetCases(t.Context(), id, []string{"7", "other"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		ids    []veghe.PostID
		inCase string
		want   []string
	}{
		{[]veghe.PostID{"c", "a", "c"}, "", []string{"c", "a"}},
		{[]veghe.PostID{"d", "a"}, "7", []string{"d", "a", "b"}},
		{nil, "other", []string{"b", "d"}},
	} {
		hits, err := index.Pick(t.Context(), dir, c.ids, c.inCase)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, string(h.Post.ID))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Pick(%q, %q) = %q, want %q", c.ids, c.inCase, got, c.want)
		}
	}
	for name, err := range map[string]error{
		"an unknown id":   second(index.Pick(t.Context(), dir, []veghe.PostID{"a", "nobody"}, "")),
		"an unknown case": second(index.Pick(t.Context(), dir, nil, "8")),
		"no index":        second(index.Pick(t.Context(), t.TempDir(), nil, "8")),
	} {
		if !errors.Is(err, index.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

// Of posts that are kept for a case alone, the evidence is told.
func TestCaseEvidence(t *testing.T) {
	x := open(t, t.TempDir())
	unflagged := func(id, evidence string) veghe.Assessed {
		return post(id, "text", func(a *veghe.Assessed) { a.Assessment.Flagged, a.Post.Evidence = false, evidence })
	}
	put(t, x, unflagged("in", "warc:in"), unflagged("out", "warc:out"), unflagged("none", ""))
	for _, id := range []veghe.PostID{"in", "none"} {
		if err := x.SetCases(t.Context(), id, []string{"7"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := x.CaseEvidence(t.Context())
	if err != nil || !slices.Equal(got, []string{"warc:in"}) {
		t.Errorf("got %q, %v; want only what the case needs", got, err)
	}
}

func second(_ []index.Hit, err error) error { return err }
