package index_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// What of a post was seen before makes it less new: contacts half, template
// three tenths, author two. It is decided when it comes and stays.
func TestNovelty(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	phone := func(n string) func(*veghe.Assessed) { return contact("phone", "+4070000000"+n) }
	by := func(author string) func(*veghe.Assessed) {
		return func(a *veghe.Assessed) { a.Post.Author = veghe.AuthorID(author) }
	}
	template := func(id string, size int) func(*veghe.Assessed) {
		return func(a *veghe.Assessed) { a.Assessment.Cluster = &veghe.Cluster{ID: id, Size: size} }
	}
	want := map[string]float64{}
	for _, row := range []struct {
		post veghe.Assessed
		want float64
	}{
		{post("first", "a", phone("1"), by("ana")), 1},
		{post("nothing new", "b", phone("1"), by("ana")), 0.3 + 0.7/2}, // but its text
		{post("third", "c", phone("1"), by("ana")), 0.3 + 0.7/3},
		{post("another author", "d", phone("1"), by("bob")), 0.3 + 0.2 + 0.5/4},
		{post("one contact of two", "e", phone("1"), phone("2"), by("ana")), 0.3 + 0.2/4 + 0.5*(1.0/5+1)/2},
		{post("written otherwise", "f", contact("phone", "40 700 000 002"), by("dan")), 0.3 + 0.2 + 0.5/2},
		{post("without contacts", "g", by("ANA")), (0.3 + 0.2/5) / 0.5},
		{post("without anything", "h", by("")), 1},
		{post("a template", "i", template("t1", 2), by("eva")), (0.3/2 + 0.2) / 0.5}, // the detector saw one that was not flagged
		{post("and again", "j", template("t1", 2), by("fin")), (0.3/2 + 0.2) / 0.5},
		{post("a price is no contact", "k", contact("price", "100"), by("gil")), 1},
		{post("not flagged", "l", phone("9"), by("ida"), unflagged), 0},
		{post("nor counted", "m", phone("9"), by("jan")), 1},
	} {
		id := string(row.post.Post.ID)
		want[id] = row.want
		put(t, x, row.post)
	}
	check := func(when string) {
		t.Helper()
		for id, want := range want {
			hit, err := x.Get(t.Context(), veghe.PostID(id))
			if err != nil || math.Abs(hit.Novelty-want) > 1e-4 {
				t.Errorf("%s, %s: novelty %.4f (%v), want %.4f", when, id, hit.Novelty, err, want)
			}
		}
	}
	check("put")

	// It stays, whatever comes.
	again := post("first", "a", phone("1"), phone("3"), by("ana"), assessedAt(noon.Add(time.Minute)))
	again.Assessment.Severity = veghe.Critical
	put(t, x, again)
	flagged := post("not flagged", "l", phone("1"), by("ida"), assessedAt(noon.Add(time.Minute)))
	put(t, x, flagged)
	want["not flagged"] = 0.3 + 0.2 + 0.5/6 // from when it is flagged
	if err := x.SetReview(t.Context(), "third", veghe.Relevant); err != nil {
		t.Fatal(err)
	}
	check("changed")
	for _, text := range []string{"", "kind:post"} { // by the store, and by bleve
		res := search(t, x, index.Query{Text: text, Sort: "novelty", Size: 50})
		last := 2.0
		for _, h := range res.Hits {
			if h.Novelty > last {
				t.Errorf("%q: %s with %.4f stands behind %.4f", text, h.Post.ID, h.Novelty, last)
			}
			last = h.Novelty
		}
		if len(res.Hits) != 13 {
			t.Errorf("%q: %d hits, want 13", text, len(res.Hits))
		}
	}
	if err := x.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("made anew")

	// What is no longer there is new again, and what was put together is not.
	if _, err := x.Erase(t.Context(), []veghe.PostID{"one contact of two", "written otherwise"}); err != nil {
		t.Fatal(err)
	}
	put(t, x, post("after", "n", phone("2"), by("kim")), post("together", "o", phone("2"), by("leo")))
	want = map[string]float64{"after": 1, "together": 0.3 + 0.2 + 0.5/2}
	check("erased")
}

// The posts of before there was novelty are counted once, all but those that
// are damaged.
func TestNoveltyBesideADamagedPost(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	phone := contact("phone", "+40700000001")
	put(t, x, post("rotten", "un text care se strica", phone), post("sound", "un text care ramane", phone))
	if err := errors.Join(x.Close(), index.BeforeMonths(context.WithoutCancel(t.Context()), dir)); err != nil {
		t.Fatal(err)
	}
	changeText(t, dir, "care se strica", "care se stricA")
	x = open(t, dir)
	put(t, x, post("new", "alt text", phone))
	want := 0.3 + 0.7/2 // one with the same contact and author
	if hit, err := x.Get(t.Context(), "new"); err != nil || math.Abs(hit.Novelty-want) > 1e-4 {
		t.Errorf("novelty %.4f (%v), want %.4f", hit.Novelty, err, want)
	}
}
