package frontier

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
)

// thread is a frontier that knows the five pages of a thread, each with two
// posts, p1 to p10. None is due for a long time but those that wake names.
type thread struct {
	*testing.T
	f   *Frontier
	now time.Time
}

const long = 1000 * time.Hour

func newThread(t *testing.T) *thread {
	t.Helper()
	h := &thread{T: t, f: open(t, ""), now: start}
	must(t, h.f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	var rows []Link
	for n := 1; n <= 5; n++ {
		rows = append(rows, Link{URL: fmt.Sprint("page", n), Thread: "t", Seq: 2 * (n - 1), Depth: 1})
	}
	must(t, h.f.Done(t.Context(), lease(t, h.f, start, 1)[0], Outcome{Now: start, Quiet: long, Busy: long, Links: rows}))
	for _, p := range lease(t, h.f, start, 9) {
		h.read(p, p.Seq+1, p.Seq+2)
	}
	return h
}

// read records that a page has these posts.
func (h *thread) read(p Page, posts ...int) {
	h.Helper()
	o := Outcome{Now: h.now, Quiet: long, Busy: long, Home: true, Last: p.URL == "page5"}
	for _, n := range posts {
		o.Posts = append(o.Posts, Seen{ID: veghe.PostID(fmt.Sprint("p", n)), Hash: "h"})
	}
	must(h.T, h.f.Done(h.Context(), p, o))
}

// due are the pages to be looked at, sorted.
func (h *thread) due() []Page {
	h.Helper()
	h.now = h.now.Add(time.Hour)
	return lease(h.T, h.f, h.now, 9)
}

// wake makes one page due, as a list does whose row for the thread changed.
func (h *thread) wake(page string) Page {
	h.Helper()
	must(h.T, h.f.inTx(h.Context(), func(t *tx) error {
		_, err := t.exec("UPDATE pages SET due = 0 WHERE url = ?", page)
		return err
	}))
	got := h.due()
	if len(got) != 1 || got[0].URL != page {
		h.Fatalf("due %v, want %s", urls(got), page)
	}
	return got[0]
}

// gone lists the posts that others are to be told are gone.
func (h *thread) gone() []veghe.PostID {
	h.Helper()
	changes, err := h.f.Changes(h.Context(), "s", 99)
	must(h.T, err)
	out := []veghe.PostID{}
	for _, c := range changes {
		if !c.Since.IsZero() {
			out = append(out, c.ID)
		}
	}
	return out
}

var sorted = cmpopts.SortSlices(func(a, b string) bool { return a < b })

// A post that a page misses is looked for on two pages before it and on one
// after it, and on no other.
func TestLookBeside(t *testing.T) {
	for page, want := range map[string][]string{
		"page1": {"page2"},
		"page2": {"page1", "page3"},
		"page3": {"page1", "page2", "page4"},
		"page4": {"page2", "page3", "page5"},
		"page5": {"page3", "page4"},
	} {
		t.Run(page, func(t *testing.T) {
			h := newThread(t)
			p := h.wake(page)
			h.read(p, p.Seq+1) // the second post is missed
			if got := h.gone(); len(got) != 0 {
				t.Errorf("gone before it was looked for: %v", got)
			}
			if diff := cmp.Diff(want, urls(h.due()), sorted); diff != "" {
				t.Errorf("looked at (-want +got):\n%s", diff)
			}
		})
	}
}

// Posts were deleted on pages that nobody visits, and the last page shows it:
// what stood there has moved up and is not gone. Only what was deleted is.
func TestMovedUp(t *testing.T) {
	for name, tt := range map[string]struct {
		after map[string][]int // the pages that are not as they were
		want  []veghe.PostID
	}{
		"one post of the page before": {
			after: map[string][]int{"page4": {7, 9}, "page5": {10, 11}},
			want:  []veghe.PostID{"p8"},
		},
		"one two pages before": {
			after: map[string][]int{"page3": {5, 7}, "page4": {8, 9}, "page5": {10, 11}},
			want:  []veghe.PostID{"p6"},
		},
		"one of the last page itself": {
			after: map[string][]int{"page5": {10}},
			want:  []veghe.PostID{"p9"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newThread(t)
			for pages := []Page{h.wake("page5")}; len(pages) > 0; pages = h.due() {
				for _, p := range pages {
					posts := tt.after[p.URL]
					if posts == nil {
						posts = []int{p.Seq + 1, p.Seq + 2}
					}
					h.read(p, posts...)
				}
			}
			if diff := cmp.Diff(tt.want, h.gone(), cmpopts.SortSlices(func(a, b veghe.PostID) bool { return a < b })); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
		})
	}
}
