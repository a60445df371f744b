package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/ledger"
)

var noon = time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), dir, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func entries(source string, ids ...string) []ledger.Entry {
	var out []ledger.Entry
	for _, id := range ids {
		out = append(out, ledger.Entry{ID: veghe.PostID(id), Source: veghe.SourceID(source)})
	}
	return out
}

func TestAccount(t *testing.T) {
	type mark struct {
		what   string // collected, assessed, dead
		source string
		ids    []string
	}
	hex := "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		marks []mark
		want  []ledger.Row
	}{
		"nothing": {},
		"in flight": {
			marks: []mark{{"collected", "a", []string{"1", "2"}}},
			want:  []ledger.Row{{Source: "a", Collected: 2, InFlight: 2}},
		},
		"assessed": {
			marks: []mark{{"collected", "a", []string{"1", "2"}}, {"assessed", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 2, Assessed: 1, InFlight: 1}},
		},
		"repeats within and between batches": {
			marks: []mark{
				{"collected", "a", []string{"1", "1"}},
				{"assessed", "a", []string{"1", "1"}},
				{"collected", "a", []string{"1"}},
				{"assessed", "a", []string{"1"}},
			},
			want: []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"assessed seen before collected": {
			marks: []mark{{"assessed", "a", []string{"1"}}, {"collected", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"assessed, and collected not yet seen": {
			marks: []mark{{"assessed", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"dead": {
			marks: []mark{{"collected", "a", []string{"1"}}, {"dead", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Dead: 1}},
		},
		"dead, then retried": {
			marks: []mark{{"collected", "a", []string{"1"}}, {"dead", "a", []string{"1"}}, {"assessed", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"dead is told late": {
			marks: []mark{{"assessed", "a", []string{"1"}}, {"dead", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"the source is told late": {
			marks: []mark{{"dead", "", []string{"1", "2"}}, {"collected", "a", []string{"1"}}},
			want:  []ledger.Row{{Source: "", Collected: 1, Dead: 1}, {Source: "a", Collected: 1, Dead: 1}},
		},
		"the first source stays": {
			marks: []mark{{"collected", "a", []string{"1"}}, {"assessed", "b", []string{"1"}}, {"dead", "", []string{"1"}}},
			want:  []ledger.Row{{Source: "a", Collected: 1, Assessed: 1}},
		},
		"ids of every form are apart": {
			marks: []mark{{"collected", "a", []string{hex, hex[:31], "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef", "ABCDEF0123456789abcdef0123456789", ""}}},
			want:  []ledger.Row{{Source: "a", Collected: 5, InFlight: 5}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			do := map[string]func(context.Context, []ledger.Entry) error{
				"collected": l.MarkCollected, "assessed": l.MarkAssessed, "dead": l.MarkDead,
			}
			for _, m := range c.marks {
				if err := do[m.what](t.Context(), entries(m.source, m.ids...)); err != nil {
					t.Fatal(err)
				}
			}
			assertTotals(t, l, c.want)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			assertTotals(t, open(t, dir), c.want)
		})
	}
}

func assertTotals(t *testing.T, l *ledger.Ledger, want []ledger.Row) {
	t.Helper()
	got, err := l.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

// Whatever order and repeats the three consumers bring, in parallel, the
// account is that of the set of posts.
func TestAnyOrder(t *testing.T) {
	l := open(t, t.TempDir())
	const n = 3000
	var all []ledger.Entry
	for i := range n {
		all = append(all, entries("abc"[i%3:i%3+1], fmt.Sprint(i))...)
	}
	deliver := func(seed uint64, mark func(context.Context, []ledger.Entry) error, which func(i int) bool) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		for range 30 { // overlapping pieces: everything comes about three times
			from := rnd.IntN(n)
			var part []ledger.Entry
			for i := range 300 {
				if k := (from + i) % n; which(k) {
					part = append(part, all[k])
				}
			}
			if err := mark(context.WithoutCancel(t.Context()), part); err != nil {
				t.Error(err)
			}
		}
		var rest []ledger.Entry
		for i, e := range all {
			if which(i) {
				rest = append(rest, e)
			}
		}
		if err := mark(context.WithoutCancel(t.Context()), rest); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { deliver(1, l.MarkCollected, func(int) bool { return true }) })
	wg.Go(func() { deliver(2, l.MarkAssessed, func(i int) bool { return i < 2400 }) })
	wg.Go(func() { deliver(3, l.MarkDead, func(i int) bool { return i >= 2100 && i < 2700 }) })
	wg.Wait()
	want := []ledger.Row{}
	for _, source := range []veghe.SourceID{"a", "b", "c"} {
		want = append(want, ledger.Row{Source: source, Collected: 1000, Assessed: 800, Dead: 100, InFlight: 100})
	}
	assertTotals(t, l, want)
}

func TestCompact(t *testing.T) {
	l := open(t, t.TempDir())
	for _, err := range []error{
		l.MarkCollected(t.Context(), entries("a", "done", "dead", "flying")),
		l.MarkAssessed(t.Context(), entries("a", "done", "early")),
		l.MarkDead(t.Context(), entries("a", "dead")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []ledger.Row{{Source: "a", Collected: 4, Assessed: 2, Dead: 1, InFlight: 1}}
	for _, c := range []struct {
		before time.Duration
		want   int
	}{{0, 0}, {time.Hour, 1}, {time.Hour, 0}} {
		if n, err := l.Compact(t.Context(), noon.Add(c.before)); err != nil || n != c.want {
			t.Fatalf("Compact = %d, %v, want %d", n, err, c.want)
		}
		assertTotals(t, l, want)
	}
	// What was not final goes on.
	if err := l.MarkAssessed(t.Context(), entries("a", "dead", "flying")); err != nil {
		t.Fatal(err)
	}
	if err := l.MarkCollected(t.Context(), entries("a", "early")); err != nil {
		t.Fatal(err)
	}
	assertTotals(t, l, []ledger.Row{{Source: "a", Collected: 4, Assessed: 4}})
	if n, err := l.Compact(t.Context(), noon.Add(time.Hour)); err != nil || n != 3 {
		t.Errorf("Compact = %d, %v, want the 3 that are left", n, err)
	}
	assertTotals(t, l, []ledger.Row{{Source: "a", Collected: 4, Assessed: 4}})
}

const victimEnv = "VEGHE_LEDGER_VICTIM"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		victim(dir)
		return
	}
	os.Exit(m.Run())
}

// victim marks the same posts over and over and prints a line whenever a whole
// round is acknowledged.
func victim(dir string) {
	l, err := ledger.Open(context.Background(), dir, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for round := 0; ; round++ {
		var part []ledger.Entry
		for i := range 50 {
			part = append(part, entries("a", fmt.Sprint(round, "-", i))...)
		}
		for _, mark := range []func(context.Context, []ledger.Entry) error{l.MarkCollected, l.MarkAssessed, l.MarkAssessed} {
			if err := mark(context.Background(), part); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println(round)
	}
}

// After a kill at any moment the account equals the posts in it: totals are
// written together with them.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), victimEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked := -1
		for acked < 3+round { // rounds start over each time: repeats of the last process
			if _, err := fmt.Fscan(out, &acked); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() //nolint:errcheck // it was killed

		l := open(t, dir)
		rows, err := l.Totals(t.Context())
		if err != nil || len(rows) != 1 {
			t.Fatalf("totals: %v, %v", rows, err)
		}
		if r := rows[0]; r.Assessed < 50*(acked+1) || r.Collected != r.Assessed+r.InFlight || r.Collected%50 != 0 || r.InFlight%50 != 0 {
			t.Errorf("after %d acknowledged rounds of 50: %+v", acked+1, r)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkMark(b *testing.B) {
	for _, size := range []int{100, 500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := open(b, b.TempDir())
			n := 0
			for b.Loop() {
				part := make([]ledger.Entry, size)
				for i := range part {
					part[i] = ledger.Entry{ID: veghe.NativeID("a", fmt.Sprint(n)), Source: "a"}
					n++
				}
				for _, mark := range []func(context.Context, []ledger.Entry) error{l.MarkCollected, l.MarkAssessed} {
					if err := mark(b.Context(), part); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(2*n)/b.Elapsed().Seconds(), "marks/s")
		})
	}
}
