package index_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
	"veghe/index"
)

// scattered makes posts of a year, with few words, so that many are equally
// good.
func scattered(n int) []veghe.Assessed {
	rnd := rand.New(rand.NewPCG(3, 4))
	vocabulary := strings.Fields("munca strainatate pasaport bani sofer menaj hotel plata transport cazare")
	var out []veghe.Assessed
	for i := range n {
		var text []string
		for range 3 + rnd.IntN(12) {
			text = append(text, vocabulary[rnd.IntN(1+rnd.IntN(len(vocabulary)))])
		}
		when := noon.AddDate(0, -rnd.IntN(12), -rnd.IntN(25))
		out = append(out, post(fmt.Sprintf("p%04d", i), strings.Join(text, " "), collectedAt(when), posted(when.Add(-time.Duration(rnd.IntN(2000))*time.Hour)), func(a *veghe.Assessed) {
			a.Post.Author = veghe.AuthorID(fmt.Sprint("author", rnd.IntN(150)))
			a.Post.Source = veghe.SourceID(fmt.Sprint("source", rnd.IntN(4)))
			a.Assessment.Severity = veghe.Severities[rnd.IntN(5)]
			a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: float64(rnd.IntN(10)) / 10}
			a.Assessment.Contacts = []veghe.Contact{{Kind: "phone", Value: fmt.Sprintf("+40700000%03d", rnd.IntN(40))}}
			if rnd.IntN(3) == 0 {
				unflagged(a)
			}
		}))
	}
	return out
}

// The same posts give the same answers whether they are in one shard or in
// twelve: order by relevance, pages, counts and all.
func TestMonthsAnswerAsOne(t *testing.T) {
	one, twelve := open(t, t.TempDir()), open(t, t.TempDir())
	one.LimitShards(1)
	all := scattered(200)
	for _, x := range []*index.Index{one, twelve} {
		for part := range slices.Chunk(all, 110) {
			put(t, x, part...)
		}
		for i := 0; i < 200; i += 40 {
			if err := x.SetReview(t.Context(), all[i].Post.ID, veghe.Relevant); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.Erase(t.Context(), []veghe.PostID{"p0003", "p0004", "p0005"}); err != nil {
			t.Fatal(err)
		}
	}
	for x, want := range map[*index.Index]int{one: 1, twelve: 12} {
		if months, err := x.Shards(t.Context(), ""); err != nil || len(months) != want {
			t.Fatalf("%d shards (%v), want %d", len(months), err, want)
		}
	}
	facets := append(slices.Clone(index.DefaultFacets), "author", "phone", "kind")
	orders := []string{"", "score", "novelty", "newest", "oldest"}
	for i, text := range []string{
		"", "munca", "munca pasaport", "bani OR hotel OR cazare", "menaj -munca", `"munca munca"`, `munca "bani munca" severity:high..`,
		"muncii", "tran*", "tran* munca", "0700 000 007", "phone:0700000007 OR sofer", "source:source1", "posted:2026-03..2026-06 munca",
		"collected:2026-05", "author:author1*", "score:>0.5 munca", "review:relevant", "id:p0010", "-munca", "flagged:no plata", "flagged:any munca",
	} {
		for _, order := range []string{"relevance", orders[i%len(orders)]} {
			q := index.Query{Text: text, Sort: order, Facets: facets, Histogram: true, Size: 40}
			if order == "" {
				q.All, q.Sources = true, []veghe.SourceID{"source0", "source2"}
			}
			if text == "" || strings.HasPrefix(text, "flagged:") {
				q.Facets = nil // those that the store counts
			}
			sameAnswers(t, one, twelve, q)
		}
	}
	for name, of := range map[string]func(*index.Index) (any, error){
		"count": func(x *index.Index) (any, error) { return x.Count(t.Context()) },
		"rates": func(x *index.Index) (any, error) { return x.Rates(t.Context(), "source1", "ro") },
		"since": func(x *index.Index) (any, error) {
			found, _, err := x.Since(t.Context(), `"munca munca"`, 90)
			return found, err
		},
		"newest": func(x *index.Index) (any, error) {
			var ids []veghe.PostID
			err := x.Newest(t.Context(), 50, func(h index.Hit) error { ids = append(ids, h.Post.ID); return nil })
			return ids, err
		},
	} {
		want, err := of(one)
		got, err2 := of(twelve)
		if diff := cmp.Diff(want, got); err != nil || err2 != nil || diff != "" {
			t.Errorf("%s: %v, %v (-one +twelve):\n%s", name, err, err2, diff)
		}
	}
}

// sameAnswers goes through all pages of a query in both, and back through the
// counts of the first.
func sameAnswers(t *testing.T, one, twelve *index.Index, q index.Query) {
	t.Helper()
	for page := 0; ; page++ {
		want, got := search(t, one, q), search(t, twelve, q)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(index.Result{}, "Took")); diff != "" {
			t.Fatalf("%q by %s, page %d (-one +twelve):\n%s", q.Text, q.Sort, page, diff)
		}
		if q.After = got.Next; q.After == "" || page > 20 {
			return
		}
		q.Facets, q.Histogram = []string{}, false
	}
}

// A search for some days looks into the months that have posts of them.
func TestMonthsThatADateNeeds(t *testing.T) {
	x := open(t, t.TempDir())
	at := func(id string, collected, written time.Time) veghe.Assessed {
		return post(id, "munca", collectedAt(collected), posted(written))
	}
	put(t, x, at("a", noon, noon), at("late", noon, noon.AddDate(0, -5, 0)), at("b", noon.AddDate(0, -1, 0), noon.AddDate(0, -1, 0)),
		at("c", noon.AddDate(0, -4, 0), noon.AddDate(0, -4, 0)), at("future", noon.AddDate(3, 0, 0), noon))
	for _, row := range []struct {
		query string
		want  string
	}{
		{"", "2026-07 2026-10"},
		{"munca", "2026-07 2026-10"},
		{"posted:2026-10", "2026-10"},
		{"posted:2026-05", "2026-10"}, // collected later
		{"posted:2026-06..2026-08", "2026-07"},
		{"munca posted:2026-07-02", "2026-07"},
		{"munca posted:2026-07..2026-10 collected:2026-07", "2026-07"},
		{"collected:>=2029", "2026-10"}, // no month of the future
		{"posted:2020", ""},
		{"posted:2020 OR munca", "2026-07 2026-10"},
		{"-posted:2026-10", "2026-07 2026-10"},
	} {
		got, err := x.Shards(t.Context(), row.query)
		if err != nil || strings.Join(got, " ") != row.want {
			t.Errorf("%q looks into %q (%v), want %q", row.query, got, err, row.want)
		}
		if row.query == "posted:2026-05" && search(t, x, index.Query{Text: row.query}).Total != 1 {
			t.Error("the post collected later is not found")
		}
	}
}

// Collectors may say any date: there are no more shards than a few, and a post
// stays where it is.
func TestMonthsAreBounded(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	x.LimitShards(4)
	for i := range 30 {
		put(t, x, post(fmt.Sprint("p", i), "munca", collectedAt(noon.AddDate(0, -i, 0))))
		put(t, x, post(fmt.Sprint("p", i), "munca alta", collectedAt(noon.AddDate(0, -i, 1)))) // an edit, perhaps of the next month
	}
	if months, err := x.Shards(t.Context(), ""); err != nil || len(months) != 4 {
		t.Errorf("shards %q (%v), want 4", months, err)
	}
	if res := search(t, x, index.Query{Text: "munca"}); res.Total != 30 {
		t.Errorf("%d posts are found, want each once: 30", res.Total)
	}
}

// Retention removes the folders of months without posts, and posts of others.
func TestRetentionDropsMonths(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	var batch []veghe.Assessed
	for m := range 4 {
		for i := range 20 {
			batch = append(batch, post(fmt.Sprintf("m%d-%d", m, i), fmt.Sprintf("unrepeatable%d munca", m), unflagged, collectedAt(noon.AddDate(0, -m, -i))))
		}
	}
	put(t, x, batch...)
	gone := 0
	r := index.Retention{
		Expire: []index.Expiry{{Class: index.Unflagged, Before: noon.AddDate(0, 0, -45)}},
		Held:   func(h index.Hit) bool { return h.Post.ID == "m3-7" },
		Gone:   func(_ index.Class, hits []index.Hit) error { gone += len(hits); return nil },
	}
	if n, err := x.Retain(t.Context(), r); err != nil || n[index.Unflagged] != gone || gone == 0 {
		t.Fatalf("Retain = %v, %v; told of %d", n, err, gone)
	}
	left := 80 - gone
	if months, err := x.Shards(t.Context(), ""); err != nil || slices.Contains(months, "2026-08") || !slices.Contains(months, "2026-07") {
		t.Errorf("months %q (%v), want not the one that is over but the one with a held post", months, err)
	}
	if res := search(t, x, index.Query{Text: "munca", All: true}); res.Total != uint64(left) {
		t.Errorf("%d posts are found, want %d", res.Total, left)
	}
	put(t, x, batch[45]) // it comes again
	if res := search(t, x, index.Query{Text: "munca", All: true}); res.Total != uint64(left)+1 {
		t.Errorf("%d posts are found with one put again, want %d", res.Total, left+1)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	if res := search(t, x, index.Query{Text: "munca", All: true}); res.Total != uint64(left)+1 {
		t.Errorf("opened again: %d posts are found, want %d", res.Total, left+1)
	}
}

// A search index of before there were months is one more shard: found, changed,
// and gone when its posts are. When it is lost its posts go by month.
func TestTakenOver(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprint("lost=", lost), func(t *testing.T) {
			dir := t.TempDir()
			x := open(t, dir)
			x.LimitShards(1)
			old := scattered(60)
			put(t, x, old...)
			if err := errors.Join(x.Close(), index.BeforeMonths(context.WithoutCancel(t.Context()), dir)); err != nil {
				t.Fatal(err)
			}
			if lost {
				if err := os.RemoveAll(filepath.Join(dir, "search")); err != nil {
					t.Fatal(err)
				}
			}
			x = open(t, dir)
			months, err := x.Shards(t.Context(), "")
			if err != nil || lost == slices.Contains(months, "before") || lost && len(months) != 12 {
				t.Fatalf("shards %q, %v", months, err)
			}
			put(t, x, post("new", "munca noua"), old[0])
			if err := x.SetReview(t.Context(), "p0001", veghe.Relevant); err != nil {
				t.Fatal(err)
			}
			for text, want := range map[string]uint64{"kind:post": 61, "noua": 1, "review:relevant id:p0001": 1, "collected:2026-02..2026-12 id:new": 1} {
				if res := search(t, x, index.Query{Text: text, All: true}); res.Total != want {
					t.Errorf("%q: %d posts, want %d", text, res.Total, want)
				}
			}
			if res := search(t, x, index.Query{Text: "kind:post", Sort: "novelty"}); lost && (res.Hits[0].Post.ID != "new" || res.Hits[0].Novelty == 0) {
				t.Errorf("the first by novelty is %s", res.Hits[0].Post.ID)
			}
			if err := x.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			months, err = x.Shards(t.Context(), "")
			if res := search(t, x, index.Query{Text: "kind:post", All: true}); err != nil || res.Total != 61 || len(months) != 12 || slices.Contains(months, "before") {
				t.Errorf("made anew: %d posts in %q, %v", res.Total, months, err)
			}
		})
	}
}

// fading is a context that is cancelled once it was looked at so often.
type fading struct {
	context.Context
	cancel context.CancelFunc
	looks  atomic.Int64
}

func (f *fading) Done() <-chan struct{} {
	if f.looks.Add(-1) == 0 {
		f.cancel()
	}
	return f.Context.Done()
}

// Making the search index anew may be stopped at any place: no post is missed or
// found twice for that, whatever is put after.
func TestRebuildStopped(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	x.LimitShards(1)
	all := scattered(40)
	put(t, x, all...)
	if err := errors.Join(x.Close(), index.BeforeMonths(context.WithoutCancel(t.Context()), dir)); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	for looks, reviewed := 80, 0; ; looks += looks / 2 {
		ctx, cancel := context.WithCancel(t.Context())
		f := &fading{Context: ctx, cancel: cancel}
		f.looks.Store(int64(looks))
		stopped := x.Rebuild(f)
		cancel()
		if err := x.SetReview(t.Context(), all[reviewed%len(all)].Post.ID, veghe.Relevant); err != nil {
			t.Fatal(err)
		}
		reviewed++
		for text, want := range map[string]int{"kind:post": len(all), "review:relevant": min(reviewed, len(all))} {
			if res := search(t, x, index.Query{Text: text, All: true}); res.Total != uint64(want) {
				t.Fatalf("stopped after %d looks (%v), %q: %d posts are found, want %d", looks, stopped, text, res.Total, want)
			}
		}
		if stopped == nil {
			break
		}
	}
	months, err := x.Shards(t.Context(), "")
	if err != nil || len(months) != 12 || slices.Contains(months, "before") {
		t.Errorf("months %q, %v", months, err)
	}
}

// A month that is missing, half made or left behind does not matter.
func TestDamagedMonth(t *testing.T) {
	for name, damage := range map[string]func(root string) error{
		"missing":   func(root string) error { return os.RemoveAll(filepath.Join(root, "202609")) },
		"half made": func(root string) error { return os.RemoveAll(filepath.Join(root, "202609", "store")) },
		"empty": func(root string) error {
			return errors.Join(os.RemoveAll(filepath.Join(root, "202609")), os.Mkdir(filepath.Join(root, "202609"), 0o700))
		},
		"left behind": func(root string) error {
			return os.CopyFS(filepath.Join(root, "202001"), os.DirFS(filepath.Join(root, "202609")))
		},
		"left behind and used again": func(root string) error {
			return os.CopyFS(filepath.Join(root, "202608"), os.DirFS(filepath.Join(root, "202609")))
		},
		"another's": func(root string) error {
			return errors.Join(os.RemoveAll(filepath.Join(root, "202609")), os.CopyFS(filepath.Join(root, "202609"), os.DirFS(filepath.Join(root, "202610"))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := open(t, dir)
			put(t, x, post("a", "munca"), post("b", "munca", collectedAt(noon.AddDate(0, 0, -40))), post("c", "munca", collectedAt(noon.AddDate(0, 0, -41))))
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			root, err := filepath.Glob(filepath.Join(dir, "search", "v*"))
			if err != nil || len(root) != 1 {
				t.Fatalf("%q, %v", root, err)
			}
			if err := damage(root[0]); err != nil {
				t.Fatal(err)
			}
			x = open(t, dir)
			put(t, x, post("d", "munca", collectedAt(noon.AddDate(0, 0, -70))))
			res := search(t, x, index.Query{Text: "munca", Sort: "oldest"})
			got := ids(res)
			slices.Sort(got)
			if diff := cmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}
