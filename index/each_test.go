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
	var batch []veghe.Assessed
	for i := range 600 {
		id := fmt.Sprintf("p%03d", i)
		want = append(want, id)
		batch = append(batch, post(id, "a", collectedAt(noon.Add(time.Duration(i)*time.Second))))
	}
	put(t, x, batch[300:]...)
	put(t, x, batch[:300]...)
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

// The newest posts come in the order in which they were collected.
func TestNewest(t *testing.T) {
	x := open(t, t.TempDir())
	var batch []veghe.Assessed
	for i := range 600 {
		when := noon.Add(time.Duration((i*7)%600) * time.Minute)
		batch = append(batch, post(fmt.Sprintf("p%03d", (i*7)%600), "a", posted(when), collectedAt(when.Add(time.Hour))))
	}
	put(t, x, batch...)
	var got []string
	if err := x.Newest(t.Context(), 300, func(h index.Hit) error { got = append(got, string(h.Post.ID)); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 300 || got[0] != "p300" || got[299] != "p599" || !slices.IsSorted(got) {
		t.Errorf("%d posts from %s to %s, want p300 to p599 in order", len(got), got[0], got[len(got)-1])
	}
	stop := errors.New("stop")
	if err := x.Newest(t.Context(), 300, func(index.Hit) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want what f said", err)
	}
}
