package frontier

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"veghe"
)

// together lets several callers come while a transaction runs, so that they
// share the next one, and gives what each was told.
func together(t *testing.T, f *Frontier, callers ...func() error) []error {
	t.Helper()
	f.line.turn <- struct{}{}
	errs := make([]error, len(callers))
	var wg sync.WaitGroup
	for i, call := range callers {
		wg.Go(func() { errs[i] = call() })
	}
	for {
		f.line.mu.Lock()
		n := len(f.line.waiting)
		f.line.mu.Unlock()
		if n == len(callers) {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("they do not wait in line")
		}
	}
	<-f.line.turn
	wg.Wait()
	return errs
}

// One that fails does not take the others with it, and one whose lease was
// lost is told so and no other.
func TestSharedTransaction(t *testing.T) {
	broken := errors.New("disk full")
	for _, name := range []string{"all well", "one fails", "one has lost its lease"} {
		t.Run(name, func(t *testing.T) {
			f := open(t, filepath.Join(t.TempDir(), "f.db"))
			const n = 20
			var links []Link
			for i := range n {
				links = append(links, Link{URL: fmt.Sprint("u", i)})
			}
			must(t, f.Seed(t.Context(), "s", start, links...))
			var callers []func() error
			for i, p := range lease(t, f, start, n) {
				if i == 7 && name == "one has lost its lease" {
					p.lease++
				}
				callers = append(callers, func() error {
					return f.Done(t.Context(), p, Outcome{
						Now: start, Quiet: time.Hour, Busy: time.Hour,
						Posts: []Seen{{ID: veghe.PostID(fmt.Sprint("p", i))}},
						Links: []Link{{URL: fmt.Sprint("new", i), Depth: 1}},
					})
				})
			}
			want := map[int]error{}
			switch name {
			case "one fails":
				want[n] = broken
				callers = append(callers, func() error {
					return f.inTx(t.Context(), func(x *tx) error {
						_, err := x.exec("DELETE FROM pages")
						return errors.Join(err, broken)
					})
				})
			case "one has lost its lease":
				want[7] = ErrLeaseLost
			}
			for i, err := range together(t, f, callers...) {
				if !errors.Is(err, want[i]) {
					t.Errorf("caller %d was told %v, want %v", i, err, want[i])
				}
			}
			counts, err := f.Counts(t.Context(), "s", start)
			must(t, err)
			kept := int64(n)
			if name == "one has lost its lease" {
				kept--
			}
			if counts.Posts != kept || counts.Known != n+kept {
				t.Errorf("%d posts and %d addresses, want %d and %d", counts.Posts, counts.Known, kept, n+kept)
			}
		})
	}
}

// Those who share a transaction share the room for addresses too.
func TestSharedRoom(t *testing.T) {
	f, err := Open(t.Context(), "", Options{MaxKnown: 10})
	must(t, err)
	defer f.Close() //nolint:errcheck // in memory
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}, Link{URL: "b"}, Link{URL: "c"}))
	var callers []func() error
	for _, p := range lease(t, f, start, 3) {
		var links []Link
		for i := range 5 {
			links = append(links, Link{URL: fmt.Sprint(p.URL, i)})
		}
		callers = append(callers, func() error {
			return f.Done(t.Context(), p, Outcome{Now: start, Quiet: time.Hour, Busy: time.Hour, Links: links})
		})
	}
	must(t, errors.Join(together(t, f, callers...)...))
	counts, err := f.Counts(t.Context(), "s", start)
	must(t, err)
	if counts.Known != 10 {
		t.Errorf("%d addresses are known, want 10", counts.Known)
	}
}

// Who comes too late is refused, and a copy that is cut short costs nothing.
func TestCutShort(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "f.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Seed(ctx, "s", start, Link{URL: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v, want canceled", err)
	}
	if err := f.Backup(ctx, filepath.Join(t.TempDir(), "copy.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("a copy with an ended context: %v, want canceled", err)
	}
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}))
	if got := lease(t, f, start, 1); len(got) != 1 {
		t.Error("the frontier does not work after that")
	}
	must(t, f.Close())
	if err := f.Seed(t.Context(), "s", start, Link{URL: "a"}); err == nil {
		t.Error("a closed frontier takes addresses")
	}
}

// What is given back untried is due, and was not spent.
func TestReturn(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "a"}, Link{URL: "b"}, Link{URL: "c"}))
	q := Quota{Day: "2026-10-12", Pages: 3}
	pages, err := f.Lease(t.Context(), "s", start, start.Add(time.Hour), 3, q)
	must(t, err)
	lost := pages[2]
	lost.lease++
	must(t, f.Return(t.Context(), q, pages[0], lost, pages[1]))
	if n, err := f.Spent(t.Context(), "s", q); err != nil || n != 1 {
		t.Errorf("%d spent, %v, want 1", n, err)
	}
	if got, err := f.Lease(t.Context(), "s", start, start.Add(time.Hour), 3, q); err != nil || len(got) != 2 {
		t.Errorf("due %v, %v, want the two", urls(got), err)
	}
}

// Forget goes through all posts, a part at a time.
func TestForgetMany(t *testing.T) {
	f := open(t, "")
	must(t, f.Seed(t.Context(), "s", start, Link{URL: "old"}, Link{URL: "new"}))
	const each = 25
	for i, p := range lease(t, f, start, 2) {
		posts := make([]Seen, each)
		for j := range posts {
			posts[j] = Seen{ID: veghe.PostID(fmt.Sprint("p", 2*j+i)), Hash: "h"}
		}
		must(t, f.Done(t.Context(), p, Outcome{Now: start.AddDate(0, i-1, 0), Quiet: time.Hour, Busy: time.Hour, Posts: posts}))
	}
	posts, err := f.forgetPosts(t.Context(), start.AddDate(0, 0, -1), 10)
	must(t, err)
	counts, err := f.Counts(t.Context(), "s", start)
	must(t, err)
	if posts != each || counts.Posts != each {
		t.Errorf("forgot %d posts and kept %d, want %d of each", posts, counts.Posts, each)
	}
}
