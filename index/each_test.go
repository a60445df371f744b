package index_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// Each gives everything stored, in the order of collection, while the index
// is open in another place.
func TestEach(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	var want []string
	for i := range 600 {
		id := fmt.Sprintf("p%03d", i)
		want = append(want, id)
		at := noon.Add(time.Duration(i) * time.Second)
		put(t, x, post(id, "a", func(a *veghe.Assessed) { a.Post.CollectedAt = at }))
	}
	if err := x.SetReview(t.Context(), "p000", veghe.Relevant); err != nil { // the last change is not the order
		t.Fatal(err)
	}
	var got []string
	err := index.Each(t.Context(), dir, func(h index.Hit) error {
		if h.Post.ID == "p000" && h.Review != veghe.Relevant {
			t.Errorf("review is %q", h.Review)
		}
		got = append(got, string(h.Post.ID))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %d posts in another order than collected", err, len(got))
	}

	stop := errors.New("enough")
	if err := index.Each(t.Context(), dir, func(index.Hit) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the error of f", err)
	}
	if err := index.Each(t.Context(), t.TempDir(), nil); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound for a folder without an index", err)
	}
}
