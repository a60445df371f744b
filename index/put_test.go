package index_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

func rules(version string) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) { a.Assessment.RulesVersion = version }
}

func assessedAt(t time.Time) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) { a.AssessedAt = t }
}

// What becomes of a post that is put again.
func TestPutAgain(t *testing.T) {
	later, earlier := assessedAt(noon.Add(time.Minute)), assessedAt(noon.Add(-time.Minute))
	for name, c := range map[string]struct {
		first, second veghe.Assessed
		kept          bool
		flagged       bool
	}{
		"the same again":                       {post("p", "a"), post("p", "a"), true, true},
		"a newer one replaces":                 {post("p", "a"), post("p", "a", later, rules("v2"), unflagged), false, false},
		"an older one does not":                {post("p", "a", rules("v2")), post("p", "a", earlier, unflagged), true, true},
		"no alert is lost within a version":    {post("p", "a"), post("p", "a", later, unflagged), true, true},
		"an alert is gained within a version":  {post("p", "a", unflagged), post("p", "a", later), false, true},
		"an alert is gained, even from before": {post("p", "a", unflagged), post("p", "a", earlier), false, true},
		"a newer version may take it back":     {post("p", "a"), post("p", "a", later, rules("v2"), unflagged), false, false},
		"flagged again with another score": {post("p", "a"), post("p", "a", later, func(a *veghe.Assessed) {
			a.Assessment.Severity = veghe.Critical
		}), false, true},
	} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/together=%t", name, together), func(t *testing.T) {
				x := open(t, t.TempDir())
				var got index.PutResult
				if together {
					got = put(t, x, c.first, c.second)
				} else {
					got = put(t, x, c.first)
					second := put(t, x, c.second)
					got.Updated, got.Kept = second.Updated, second.Kept
				}
				want := index.PutResult{New: 1, NewIDs: []veghe.PostID{"p"}}
				last := c.second
				if c.kept {
					want.Kept = 1
					last = c.first
				} else {
					want.Updated = 1
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				hit, err := x.Get(t.Context(), "p")
				if diff := cmp.Diff(last.Assessment, hit.Assessment); err != nil || diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				total := search(t, x, index.Query{Text: "id:p"}).Total
				if (total == 1) != c.flagged {
					t.Errorf("%d flagged posts", total)
				}
				if n := search(t, x, index.Query{Text: "id:p", All: true}).Total; n != 1 {
					t.Errorf("%d posts", n)
				}
			})
		}
	}
}

func TestReviewStays(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, library()...)
	if err := x.SetReview(t.Context(), "abroad", veghe.NotRelevant); err != nil {
		t.Fatal(err)
	}
	if err := x.SetCases(t.Context(), "abroad", []string{"Case 7", "A", "A"}); err != nil {
		t.Fatal(err)
	}
	again := library()[0]
	again.AssessedAt = noon.Add(time.Hour)
	again.Assessment.Severity = veghe.Critical
	put(t, x, again)
	for _, stage := range []string{"put again", "rebuilt", "opened again"} {
		switch stage {
		case "rebuilt":
			if err := x.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
		case "opened again":
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = open(t, dir)
		}
		for query, want := range map[string]int{
			"review:not_relevant": 1, "review:none": 2, `case:"case 7"`: 1, "case:a severity:critical": 1,
		} {
			if got := len(search(t, x, index.Query{Text: query}).Hits); got != want {
				t.Errorf("%s: %q finds %d, want %d", stage, query, got, want)
			}
		}
		hit, err := x.Get(t.Context(), "abroad")
		if err != nil || hit.Review != veghe.NotRelevant {
			t.Errorf("%s: review %q, %v", stage, hit.Review, err)
		}
	}
	counts, err := x.Count(t.Context())
	if diff := cmp.Diff(index.Counts{Posts: 4, Flagged: 3, Alerts: 2, Unreviewed: 2}, counts); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := x.SetReview(t.Context(), "abroad", ""); err != nil {
		t.Fatal(err)
	}
	if n := search(t, x, index.Query{Text: "review:none"}).Total; n != 3 {
		t.Errorf("after taking it back: %d unreviewed, want 3", n)
	}
	if err := x.SetReview(t.Context(), "nobody", veghe.Unsure); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("a review of nothing: %v", err)
	}
	if err := x.SetReview(t.Context(), "abroad", "maybe"); err == nil {
		t.Error("an unknown decision was taken")
	}
}

// The counts that are kept beside the posts are those that bleve counts from
// the posts, after any mixture of changes from several goroutines.
func TestKeptCountsAreTrue(t *testing.T) {
	x := open(t, t.TempDir())
	var wg sync.WaitGroup
	for g := range 3 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			for range 25 {
				var batch []veghe.Assessed
				for range 1 + rnd.IntN(20) {
					a := post(fmt.Sprint("p", rnd.IntN(60)), "munca", posted(noon.AddDate(0, 0, -rnd.IntN(5))), rules(fmt.Sprint("v", rnd.IntN(3))),
						assessedAt(noon.Add(time.Duration(rnd.IntN(9))*time.Minute)), func(a *veghe.Assessed) {
							a.Assessment.Severity = veghe.Severities[rnd.IntN(5)]
							a.Post.Source = veghe.SourceID("s" + fmt.Sprint(rnd.IntN(3)))
							if rnd.IntN(2) == 0 {
								unflagged(a)
							}
						})
					batch = append(batch, a)
				}
				put(t, x, batch...)
				id := batch[0].Post.ID
				if err := x.SetReview(context.WithoutCancel(t.Context()), id, veghe.Relevant); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for kept, counted := range map[string]string{
		"":            "kind:(ad OR post)",
		"flagged:no":  "flagged:no kind:(ad OR post)",
		"flagged:any": "flagged:any kind:(ad OR post)",
	} {
		want := search(t, x, index.Query{Text: counted, Histogram: true})
		got := search(t, x, index.Query{Text: kept, Histogram: true})
		if got.Total != want.Total || got.Total == 0 {
			t.Errorf("%q: total %d, want %d", kept, got.Total, want.Total)
		}
		if diff := cmp.Diff(want.Facets, got.Facets); diff != "" {
			t.Errorf("%q (-counted +kept):\n%s", kept, diff)
		}
		if diff := cmp.Diff(want.Days, got.Days); diff != "" {
			t.Errorf("%q (-counted +kept):\n%s", kept, diff)
		}
	}
}

// Purged posts are gone from every file, in every form; others stay.
func TestPurge(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	old := func(a *veghe.Assessed) { a.Post.CollectedAt = noon.AddDate(0, 0, -8) }
	var batch []veghe.Assessed
	for i := range 30 {
		batch = append(batch, post(fmt.Sprintf("goner-%d", i), "unrepeatableword is gone", unflagged, old, func(a *veghe.Assessed) {
			a.Post.Author = "unrepeatableauthor"
		}))
	}
	batch = append(batch, post("flagged", "munca stays", old), post("young", "munca stays", unflagged), post("in-case", "munca stays", unflagged, old))
	put(t, x, batch...)
	if err := x.SetCases(t.Context(), "in-case", []string{"7"}); err != nil {
		t.Fatal(err)
	}
	week := noon.AddDate(0, 0, -7)
	for _, want := range []int{30, 0} {
		if n, err := x.Purge(t.Context(), week); err != nil || n != want {
			t.Fatalf("Purge = %d, %v, want %d", n, err, want)
		}
	}
	if _, err := x.Get(t.Context(), "goner-1"); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("a purged post: %v", err)
	}
	for query, want := range map[string]uint64{"unrepeatableword": 0, "author:unrepeatableauthor": 0, "munca": 3, "": 3} {
		if res := search(t, x, index.Query{Text: query, All: true}); res.Total != want || len(res.Hits) != int(want) {
			t.Errorf("%q finds %d (%d hits), want %d", query, res.Total, len(res.Hits), want)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	assertNowhere(t, dir, "unrepeatable", "goner-")
	x = open(t, dir)
	if counts, err := x.Count(t.Context()); err != nil || counts.Posts != 3 {
		t.Errorf("opened again: %+v, %v", counts, err)
	}
}

func assertNowhere(t *testing.T, dir string, words ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range words {
			if strings.Contains(string(b), w) {
				t.Errorf("%s still has %q", path, w)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A purge of several files while others put loses nothing of theirs.
func TestPurgeWhilePutting(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	piece := func(name string, change ...func(*veghe.Assessed)) {
		var batch []veghe.Assessed
		for i := range 100 {
			batch = append(batch, post(fmt.Sprint(name, "-", i), "munca "+name, change...))
		}
		put(t, x, batch...)
	}
	for i := range 5 {
		piece(fmt.Sprint("stay", i))
		piece(fmt.Sprint("unrepeatable", i), unflagged, func(a *veghe.Assessed) { a.Post.CollectedAt = noon.AddDate(0, 0, -8) })
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 5 {
			piece(fmt.Sprint("late", i))
		}
	})
	n, err := x.Purge(t.Context(), noon.AddDate(0, 0, -7))
	wg.Wait()
	if err != nil || n != 500 {
		t.Fatalf("Purge = %d, %v, want 500", n, err)
	}
	if res := search(t, x, index.Query{Text: "munca", All: true}); res.Total != 1000 {
		t.Errorf("%d posts are left, want 1000", res.Total)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	assertNowhere(t, dir, "unrepeatable")
}

// A disk that fills up stops puts with a clear error before anything breaks;
// searching goes on.
func TestDiskNearlyFull(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, library()...)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(t.Context(), dir, index.Options{MinFree: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	_, err = x.Put(t.Context(), []veghe.Assessed{post("p", "a")})
	if !errors.Is(err, index.ErrNoSpace) || !strings.Contains(err.Error(), "MiB free") {
		t.Errorf("Put: %v", err)
	}
	if err := x.Healthy(); !errors.Is(err, index.ErrNoSpace) {
		t.Errorf("Healthy: %v", err)
	}
	if res := search(t, x, index.Query{Text: "munca"}); res.Total != 2 {
		t.Errorf("search finds %d", res.Total)
	}
}

func TestClosed(t *testing.T) {
	x := open(t, t.TempDir())
	for range 2 {
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, put := x.Put(t.Context(), library())
	_, search := x.Search(t.Context(), index.Query{})
	_, get := x.Get(t.Context(), "p")
	_, thread := x.Thread(t.Context(), "s", "t", 0)
	_, count := x.Count(t.Context())
	_, purge := x.Purge(t.Context(), noon)
	for name, err := range map[string]error{
		"Put": put, "Search": search, "Get": get, "Thread": thread, "Count": count, "Purge": purge,
		"SetReview": x.SetReview(t.Context(), "p", veghe.Unsure), "Rebuild": x.Rebuild(t.Context()), "Healthy": x.Healthy(),
	} {
		if !errors.Is(err, index.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

// Posts from outside come in any shape.
func TestOddPosts(t *testing.T) {
	x := open(t, t.TempDir())
	long := strings.Repeat("a", 100_000)
	for name, a := range map[string]veghe.Assessed{
		"no id":       post("", "fara id"),
		"a long word": post("long", long),
		"long fields": post(long[:300], "x", func(a *veghe.Assessed) {
			a.Post.Author, a.Post.Thread, a.Post.URL, a.Post.Place = veghe.AuthorID(long), veghe.ThreadID(long), long, long
		}),
		"bad UTF-8":     post("\xff\xfe", "mun\xffca \xc3"),
		"zero bytes":    post("a\x00b", "mun\x00ca", func(a *veghe.Assessed) { a.Post.Author = "a\x00b" }),
		"strange dates": post("dates", "x", posted(time.Date(-9000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(9999, 0, 0)), assessedAt(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))),
		"no dates":      post("undated", "x", posted(time.Time{}), assessedAt(time.Time{}), func(a *veghe.Assessed) { a.Post.CollectedAt = time.Time{} }),
		"no words":      post("mute", "…!?"),
		"nothing found": post("bare", "x", func(a *veghe.Assessed) {
			a.Assessment = veghe.Assessment{Flagged: true, Severity: "unheard-of", Score: map[veghe.Category]float64{"new": 7}}
		}),
	} {
		before := search(t, x, index.Query{}).Total
		if res := put(t, x, a); res.New != 1 {
			t.Errorf("%s: %+v", name, res)
		}
		if after := search(t, x, index.Query{Text: "kind:post"}).Total; after != before+1 {
			t.Errorf("%s: %d posts, want %d", name, after, before+1)
		}
	}
	if n := search(t, x, index.Query{Text: long[:64] + "*"}).Total; n != 1 {
		t.Errorf("the long word is found %d times by its beginning", n)
	}
}
