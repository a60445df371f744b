package index_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

func collected(t time.Time) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) { a.Post.CollectedAt, a.AssessedAt = t, t }
}

func found(t *testing.T, x *index.Index, query string) []string {
	t.Helper()
	out := []string{}
	for _, h := range search(t, x, index.Query{Text: query, All: true}).Hits {
		out = append(out, string(h.Post.ID))
	}
	slices.Sort(out)
	return out
}

func gone(id string, days int) veghe.Change {
	at := noon.AddDate(0, 0, days)
	return veghe.Change{Post: veghe.PostID(id), Kind: veghe.Gone, Since: at.Add(-time.Hour), SeenAt: at}
}

// What is no longer there is found by when it went.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, post("a", "munca"), post("b", "munca"), post("c", "munca"))
	again := gone("b", 2)
	again.Kind, again.As = veghe.Again, "c"
	back := veghe.Change{Post: "a", Kind: veghe.Back, SeenAt: noon.AddDate(0, 0, 9)}
	notice := func(all ...veghe.Change) {
		t.Helper()
		for _, c := range all {
			if err := x.Notice(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(query string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), found(t, x, query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	notice(gone("a", 1), gone("b", 1), again, gone("b", 1)) // an old one comes once more
	for range 2 {
		want("gone:yes", "a", "b")
		want("gone:no", "c")
		want("-gone:yes", "c")
		want("munca gone:2026-11-01", "a")
		want("gone:2026-11-02..", "b")
		want("gone:2026-10-01..2026-10-31")
		h, err := x.Get(t.Context(), "b")
		if err != nil || h.Again != "c" || !h.GoneSince.Equal(again.Since) {
			t.Errorf("b is gone since %v, again as %q, %v", h.GoneSince, h.Again, err)
		}
		// A newer assessment does not undo it, nor does opening it again.
		put(t, x, post("a", "munca", assessedAt(noon.Add(time.Hour)), rules("v2")))
		x = reopen(t, x, dir)
	}
	notice(back, gone("a", 1))
	want("gone:yes", "b")
	if err := x.Notice(t.Context(), veghe.Change{Post: "a", Kind: "moved", SeenAt: noon}); err == nil {
		t.Error("an unknown kind was taken")
	}
}

func reopen(t *testing.T, x *index.Index, dir string) *index.Index {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

// A change waits for a post that comes later, not for one that never does.
func TestGoneBeforePost(t *testing.T) {
	x := open(t, t.TempDir())
	for _, c := range []veghe.Change{gone("a", 1), gone("b", 1), gone("a", 2)} {
		if err := x.Notice(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	put(t, x, post("a", "munca"))
	if diff := cmp.Diff([]string{"a"}, found(t, x, "gone:2026-11-02")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := x.Purge(t.Context(), noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	put(t, x, post("b", "munca", collected(noon.AddDate(0, 0, 3))))
	if got := found(t, x, "gone:yes"); slices.Contains(got, "b") {
		t.Error("a change was kept beyond its time")
	}
}

// A post keeps every text it had, in whatever order they come, each once.
func TestVersions(t *testing.T) {
	text := func(n int, change ...func(*veghe.Assessed)) veghe.Assessed {
		return post("p", fmt.Sprintf("text %d", n), append(change, collected(noon.Add(time.Duration(n)*time.Hour)))...)
	}
	for name, c := range map[string]struct {
		puts     []veghe.Assessed
		now      string
		versions []string
		edited   int // hours
	}{
		"one text":                            {[]veghe.Assessed{text(1), text(1)}, "text 1", nil, 0},
		"edited":                              {[]veghe.Assessed{text(1), text(2)}, "text 2", []string{"text 1"}, 2},
		"edited twice":                        {[]veghe.Assessed{text(1), text(2), text(3)}, "text 3", []string{"text 1", "text 2"}, 3},
		"repeats":                             {[]veghe.Assessed{text(1), text(2), text(1), text(2), text(1)}, "text 2", []string{"text 1"}, 2},
		"out of order":                        {[]veghe.Assessed{text(3), text(1), text(2)}, "text 3", []string{"text 1", "text 2"}, 3},
		"an edit does not undo what was seen": {[]veghe.Assessed{text(1), text(2, unflagged)}, "text 1", []string{"text 2"}, 2},
		"nor with other rules":                {[]veghe.Assessed{text(1), text(2, unflagged, rules("v9"))}, "text 1", []string{"text 2"}, 2},
		"an edit that is flagged":             {[]veghe.Assessed{text(1, unflagged), text(2)}, "text 2", []string{"text 1"}, 2},
		"flagged before, found out late":      {[]veghe.Assessed{text(2, unflagged), text(1)}, "text 1", []string{"text 2"}, 2},
	} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/together=%t", name, together), func(t *testing.T) {
				x := open(t, t.TempDir())
				if together {
					put(t, x, c.puts...)
				} else {
					for _, a := range c.puts {
						put(t, x, a)
					}
				}
				h, err := x.Get(t.Context(), "p")
				if err != nil {
					t.Fatal(err)
				}
				if h.Post.Text != c.now {
					t.Errorf("the text is %q, want %q", h.Post.Text, c.now)
				}
				all, err := x.Versions(t.Context(), "p")
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, v := range all {
					got = append(got, v.Post.Text)
				}
				if diff := cmp.Diff(c.versions, got); diff != "" {
					t.Errorf("versions (-want +got):\n%s", diff)
				}
				want := time.Time{}
				if c.edited > 0 {
					want = noon.Add(time.Duration(c.edited) * time.Hour)
				}
				if !h.EditedAt.Equal(want) {
					t.Errorf("edited at %v, want %v", h.EditedAt, want)
				}
				if n := len(found(t, x, "edited:yes")); (n == 1) != (c.edited > 0) {
					t.Errorf("edited:yes finds %d", n)
				}
			})
		}
	}
}

// Many edits keep the newest texts, and a purge leaves none.
func TestVersionsAreBounded(t *testing.T) {
	x := open(t, t.TempDir())
	for n := range 30 {
		put(t, x, post("p", fmt.Sprintf("text %d", n), unflagged, collected(noon.Add(time.Duration(n)*time.Second))))
	}
	all, err := x.Versions(t.Context(), "p")
	if err != nil || len(all) != 20 || all[0].Post.Text != "text 9" {
		t.Errorf("%d versions, %v", len(all), err)
	}
	if n, err := x.Purge(t.Context(), noon.Add(time.Hour)); n != 1 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	if all, err := x.Versions(t.Context(), "p"); len(all) != 0 || err != nil {
		t.Errorf("%d versions of a purged post, %v", len(all), err)
	}
}
