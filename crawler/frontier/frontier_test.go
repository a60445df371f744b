package frontier

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var start = time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *Frontier {
	t.Helper()
	f, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func lease(t *testing.T, f *Frontier, asOf time.Time, n int) []Page {
	t.Helper()
	pages, err := f.Lease(t.Context(), "s", asOf, asOf.Add(time.Minute), n, Quota{})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func urls(pages []Page) []string {
	out := []string{}
	for _, p := range pages {
		out = append(out, p.URL)
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPageLife(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "http://example.org/", Kind: "list"}))

	first := lease(t, f, start, 5)
	if diff := cmp.Diff([]string{"http://example.org/"}, urls(first)); diff != "" {
		t.Fatalf("due (-want +got):\n%s", diff)
	}
	if again := lease(t, f, start, 5); len(again) != 0 {
		t.Fatalf("a leased page was given again: %v", urls(again))
	}

	thread := Link{URL: "http://example.org/t/1", Kind: "thread", Thread: "t1", Depth: 1, Mark: "a"}
	must(t, f.Done(t.Context(), first[0], Outcome{
		Now: start, Busy: time.Hour, ETag: `"v1"`, LastModified: "Mon, 12 Oct 2026 08:00:00 GMT",
		Links: []Link{thread},
	}))
	got := lease(t, f, start, 5)
	want := []Page{{Source: "s", Link: thread}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Page{})); diff != "" {
		t.Fatalf("the new link is due at once (-want +got):\n%s", diff)
	}
	must(t, f.Done(t.Context(), got[0], Outcome{Now: start, Quiet: 9 * time.Hour, Last: true}))

	got = lease(t, f, start.Add(time.Hour), 5)
	want = []Page{{
		Source: "s", Link: Link{URL: "http://example.org/", Kind: "list"}, Every: time.Hour, Fetched: start,
		ETag: `"v1"`, LastModified: "Mon, 12 Oct 2026 08:00:00 GMT",
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Page{})); diff != "" {
		t.Fatalf("the list is due after its hour, with validators (-want +got):\n%s", diff)
	}
}

// A thread's row in a list changed: its first page and its last page are due,
// the pages between are not.
func TestMark(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	list := lease(t, f, start, 1)[0]
	row := Link{URL: "t1", Thread: "t1", Mark: "3 replies", Depth: 1}
	must(t, f.Done(t.Context(), list, Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour, Links: []Link{row}}))
	for i, next := range []string{"t1?page=2", "t1?page=3", ""} {
		p := lease(t, f, start, 1)[0]
		o := Outcome{Now: start, Quiet: 1000 * time.Hour, Busy: 1000 * time.Hour, Last: next == ""}
		if next != "" {
			o.Links = []Link{{URL: next, Thread: "t1", Seq: 20 * (i + 1)}}
		}
		must(t, f.Done(t.Context(), p, o))
	}

	later := start.Add(time.Hour)
	list = lease(t, f, later, 1)[0]
	must(t, f.Done(t.Context(), list, Outcome{Now: later, Quiet: time.Hour, Busy: time.Hour, Links: []Link{row}}))
	if got := lease(t, f, later, 9); len(got) != 0 {
		t.Fatalf("nothing changed, yet due: %v", urls(got))
	}

	later = later.Add(time.Hour)
	list = lease(t, f, later, 1)[0]
	row.Mark = "4 replies"
	must(t, f.Done(t.Context(), list, Outcome{Now: later, Quiet: time.Hour, Busy: time.Hour, Links: []Link{row}}))
	got := urls(lease(t, f, later, 9))
	if diff := cmp.Diff([]string{"t1", "t1?page=3"}, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Errorf("due after the row changed (-want +got):\n%s", diff)
	}
}

// News that arrive while a page is being fetched are not forgotten.
func TestMarkWhileLeased(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}, Link{URL: "t1", Thread: "t1", Mark: "a"}))
	pages := lease(t, f, start, 2)
	must(t, f.Done(t.Context(), pages[0], Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour, Links: []Link{{URL: "t1", Thread: "t1", Mark: "b"}}}))
	if got := lease(t, f, start, 2); len(got) != 0 {
		t.Fatalf("a leased page was given again: %v", urls(got))
	}
	must(t, f.Done(t.Context(), pages[1], Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour}))
	if got := urls(lease(t, f, start, 2)); len(got) != 1 {
		t.Errorf("due %v, want the thread once more", got)
	}
}

// The second page of a list is due when the first had news, and not else.
func TestNextFollowsNews(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	next := Link{URL: "list?page=2", Next: true, Chain: 1}
	visit := func(now time.Time, links ...Link) []string {
		t.Helper()
		for _, p := range lease(t, f, now, 1) {
			must(t, f.Done(t.Context(), p, Outcome{Now: now, Quiet: time.Hour, Busy: time.Hour, Links: append(links, next)}))
		}
		pages := lease(t, f, now, 9)
		for _, p := range pages {
			must(t, f.Done(t.Context(), p, Outcome{Now: now, Quiet: 99 * time.Hour, Busy: 99 * time.Hour}))
		}
		return urls(pages)
	}
	a, b := Link{URL: "a", Depth: 1}, Link{URL: "b", Depth: 1}
	for i, step := range []struct {
		links []Link
		want  []string
	}{
		{[]Link{a}, []string{"a", "list?page=2"}},
		{[]Link{a}, []string{}},
		{[]Link{b, a}, []string{"b", "list?page=2"}},
	} {
		got := visit(start.Add(time.Duration(i)*time.Hour), step.links...)
		if diff := cmp.Diff(step.want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
			t.Errorf("visit %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestSeed(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "old"}, Link{URL: "kept"}))
	for _, p := range lease(t, f, start, 2) {
		must(t, f.Done(t.Context(), p, Outcome{Now: start, Quiet: time.Hour}))
	}
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "kept"}, Link{URL: "new"}))
	if diff := cmp.Diff([]string{"new"}, urls(lease(t, f, start, 9))); diff != "" {
		t.Errorf("due after seeding again (-want +got):\n%s", diff)
	}
	must(t, f.Wake(t.Context(), "s", start))
	if diff := cmp.Diff([]string{"kept"}, urls(lease(t, f, start, 9))); diff != "" {
		t.Errorf("due after waking (-want +got):\n%s", diff)
	}
}

func TestNextStart(t *testing.T) {
	f := open(t, "")
	if got, err := f.NextStart(t.Context(), "s"); err != nil || !got.IsZero() {
		t.Errorf("without start pages: %v, %v, want zero", got, err)
	}
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	must(t, f.Done(t.Context(), lease(t, f, start, 1)[0], Outcome{Now: start, Quiet: time.Hour, Busy: 2 * time.Hour}))
	if got, err := f.NextStart(t.Context(), "s"); err != nil || !got.Equal(start.Add(time.Hour)) {
		t.Errorf("next start %v, %v, want an hour later", got, err)
	}
}

func TestLeaseRunsOut(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}))
	old := lease(t, f, start, 1)[0]
	fresh := lease(t, f, start.Add(time.Minute), 1)
	if len(fresh) != 1 {
		t.Fatal("the page is not due after its lease ran out")
	}
	for name, err := range map[string]error{
		"Done":    f.Done(t.Context(), old, Outcome{Now: start, Posts: []Seen{{ID: "p"}}}),
		"Retry":   f.Retry(t.Context(), old, start),
		"Release": f.Release(t.Context(), old),
	} {
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s by the old holder: %v, want ErrLeaseLost", name, err)
		}
	}
	if got := novelty(t, f, Seen{ID: "p"}); got != New {
		t.Errorf("the old holder's posts were recorded")
	}
	must(t, f.Done(t.Context(), fresh[0], Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour}))
}

func TestRetryAndRelease(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}))
	must(t, f.Retry(t.Context(), lease(t, f, start, 1)[0], start.Add(time.Hour)))
	if got := lease(t, f, start.Add(59*time.Minute), 1); len(got) != 0 {
		t.Fatal("due before the pause ended")
	}
	p := lease(t, f, start.Add(time.Hour), 1)[0]
	if p.Fails != 1 {
		t.Errorf("fails = %d, want 1", p.Fails)
	}
	must(t, f.Release(t.Context(), p))
	if got := lease(t, f, start, 1); len(got) != 1 || got[0].Fails != 1 {
		t.Errorf("a released page is due at once and has not failed again: %+v", got)
	}
}

func novelty(t *testing.T, f *Frontier, s Seen) Novelty {
	t.Helper()
	got, err := f.Novelty(t.Context(), "s", []Seen{s})
	must(t, err)
	return got[0]
}

func TestNovelty(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}))
	must(t, f.Done(t.Context(), lease(t, f, start, 1)[0], Outcome{Now: start, Posts: []Seen{{"p1", "h1"}, {"p2", "h2"}}}))
	for _, tt := range []struct {
		seen Seen
		want Novelty
	}{
		{Seen{"p1", "h1"}, Known},
		{Seen{"p2", "other"}, Edited},
		{Seen{"p3", "h1"}, New},
	} {
		if got := novelty(t, f, tt.seen); got != tt.want {
			t.Errorf("%v is %d, want %d", tt.seen, got, tt.want)
		}
	}
	// Another source does not know them.
	if got, err := f.Novelty(t.Context(), "other", []Seen{{"p1", "h1"}}); err != nil || got[0] != New {
		t.Errorf("in another source: %v, %v, want new", got, err)
	}
}

func TestForget(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	old := start.AddDate(0, -2, 0)
	must(t, f.Done(t.Context(), lease(t, f, start, 1)[0], Outcome{
		Now: old, Links: []Link{{URL: "stale", Depth: 1}}, Posts: []Seen{{"p1", "h"}},
	}))
	for _, p := range lease(t, f, start, 2) {
		now := old
		if p.URL == "list" {
			now = start
		}
		must(t, f.Done(t.Context(), p, Outcome{Now: now, Quiet: time.Hour, Busy: time.Hour, Posts: []Seen{{"p2", "h"}}}))
	}
	posts, pages, err := f.Forget(t.Context(), start.AddDate(0, -1, 0))
	must(t, err)
	counts, err := f.Counts(t.Context(), "s", start.Add(time.Hour))
	must(t, err)
	if posts != 1 || pages != 1 {
		t.Errorf("forgot %d posts and %d pages, want 1 and 1", posts, pages)
	}
	if counts.Known != 1 {
		t.Errorf("known = %d, want the list alone", counts.Known)
	}
}

func TestMaxKnown(t *testing.T) {
	f, err := Open(t.Context(), "", Options{MaxKnown: 10})
	must(t, err)
	defer f.Close() //nolint:errcheck // in memory
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "list"}))
	for range 3 {
		for _, p := range lease(t, f, start, 1) {
			var links []Link
			for i := range 50 {
				links = append(links, Link{URL: fmt.Sprintf("%s/%d", p.URL, i)})
			}
			must(t, f.Done(t.Context(), p, Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour, Links: links}))
		}
	}
	counts, err := f.Counts(t.Context(), "s", start)
	must(t, err)
	if counts.Known > 11 {
		t.Errorf("known = %d, want at most 11", counts.Known)
	}
}

func TestOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frontier?#%.db")
	f := open(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if second, err := Open(ctx, path, Options{}); err == nil {
		_ = second.Close()
		t.Fatal("a second opener was let in")
	}
	must(t, f.Close())
	must(t, f.Close())
	open(t, path)
}

func TestNewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	f := open(t, path)
	_, err := f.conn.ExecContext(t.Context(), "PRAGMA user_version = 99")
	must(t, err)
	must(t, f.Close())
	if f, err := Open(t.Context(), path, Options{}); err == nil {
		_ = f.Close()
		t.Error("opened a file of a newer format")
	}
}

func BenchmarkDone(b *testing.B) {
	f, err := Open(b.Context(), filepath.Join(b.TempDir(), "f.db"), Options{MaxKnown: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a scratch file
	if err := f.Seed(b.Context(), "s", start, Link{URL: "list"}); err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		pages, err := f.Lease(b.Context(), "s", start, start.Add(time.Hour), 1, Quota{})
		if err != nil || len(pages) != 1 {
			b.Fatal(err, len(pages))
		}
		o := Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour}
		for range 20 {
			i++
			o.Links = append(o.Links, Link{URL: fmt.Sprintf("http://example.org/t/%d", i), Depth: 1})
			o.Posts = append(o.Posts, Seen{ID: "p", Hash: "h"})
		}
		if err := f.Done(b.Context(), pages[0], o); err != nil {
			b.Fatal(err)
		}
	}
}

// What a lease and a page's end cost where a million addresses are known, and
// how much memory they take: none that grows with their number.
func BenchmarkMillionKnown(b *testing.B) {
	f, err := Open(b.Context(), filepath.Join(b.TempDir(), "f.db"), Options{MaxKnown: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a scratch file
	const known, batch = 1_000_000, 20_000
	links := make([]Link, batch)
	for at := 0; at < known; at += batch {
		for i := range links {
			links[i] = Link{URL: fmt.Sprintf("http://example.org/t/%d", at+i), Depth: 1}
		}
		if err := f.Seed(b.Context(), "s", start, links...); err != nil {
			b.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		pages, err := f.Lease(b.Context(), "s", start, start.Add(time.Hour), 1, Quota{})
		if err != nil || len(pages) != 1 {
			b.Fatal(err, len(pages))
		}
		if err := f.Done(b.Context(), pages[0], Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapInuse)/(1<<20), "MB-heap")
	b.ReportMetric(float64(after.HeapInuse)/(1<<20)-float64(before.HeapInuse)/(1<<20), "MB-grown")
}
