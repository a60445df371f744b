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

func second(_ []index.Hit, err error) error { return err }
