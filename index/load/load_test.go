//go:build load

package load

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"veghe/index"
)

var (
	posts  = flag.Int("load.posts", 1_000_000, "flagged posts to search")
	rounds = flag.Int("load.rounds", 30, "times that each question is asked")
	beside = flag.Bool("load.beside", true, "measure the others too")
	rate   = flag.Int("load.rate", 100, "posts a second that come meanwhile")
)

// question is a results page wanted of each: 25 posts with what matches marked,
// how many there are, five counts and how many on each day.
type question struct {
	name  string
	veghe index.Query
	lite  string // what FTS5 is to match
	pg    string // what to_tsquery is to take
	where string // beside the text, in SQL
	score bool   // by relevance, else newest first
}

var facets = []string{"severity", "category", "indicator", "lang", "source"}

// The words are the n-th most common of the corpus.
func questions(to time.Time) []question {
	day := func(ago int) string { return to.AddDate(0, 0, -ago).Format(time.DateOnly) }
	common, usual, other, rare, third := word(30), word(300), word(500), word(20_000), word(800)
	months := fmt.Sprintf("day BETWEEN '%s' AND '%s'", day(120), day(30))
	dates := fmt.Sprintf(" posted:%s..%s", day(120), day(30))
	quoted := func(w string) string { return `"` + w + `"` }
	all := []question{
		{name: "a usual word", veghe: index.Query{Text: quoted(usual)}, lite: usual, pg: usual},
		{name: "a common word", veghe: index.Query{Text: quoted(common)}, lite: common, pg: common},
		{name: "a common word, three months", veghe: index.Query{Text: quoted(common) + dates}, lite: common, pg: common, where: months},
		{name: "a rare word", veghe: index.Query{Text: quoted(rare)}, lite: rare, pg: rare},
		{name: "two words", veghe: index.Query{Text: quoted(common) + " " + quoted(usual)}, lite: common + " " + usual, pg: common + " & " + usual},
		{
			name: "one of three words, in Romanian", veghe: index.Query{Text: fmt.Sprintf(`(%q OR %q OR %q) lang:ro`, usual, other, third)},
			lite: fmt.Sprintf("%s OR %s OR %s", usual, other, third), pg: fmt.Sprintf("%s | %s | %s", usual, other, third), where: "lang = 'ro'",
		},
		{name: "one word without another", veghe: index.Query{Text: quoted(usual) + " -" + quoted(common)}, lite: usual + " NOT " + common, pg: usual + " & ! " + common},
		{name: "a beginning, 4 letters", veghe: index.Query{Text: usual[:4] + "* severity:critical"}, lite: usual[:4] + "*", pg: usual[:4] + ":*", where: "severity = 'critical'"},
		{
			name: "no word: severity, source, three months", veghe: index.Query{Text: "severity:high.. source:source3" + dates},
			where: "severity IN ('high', 'critical') AND source = 'source3' AND " + months,
		},
		{name: "a usual word, by relevance", veghe: index.Query{Text: quoted(usual), Sort: "relevance"}, lite: usual, pg: usual, score: true},
	}
	for i := range all {
		q := &all[i].veghe
		q.Facets, q.Histogram = facets, true
		if q.Sort == "" {
			q.Sort = "newest"
		}
	}
	return all
}

// times are how long one question took, in the order asked.
type times []time.Duration

func (t times) at(share float64) string {
	if len(t) == 0 {
		return "-"
	}
	sorted := slices.Sorted(slices.Values(t))
	return fmt.Sprintf("%.1f", float64(sorted[min(len(sorted)-1, int(share*float64(len(sorted))))].Microseconds())/1000)
}

// engine is one of those compared.
type engine struct {
	name string
	load func(*testing.T) time.Duration
	ask  func(context.Context, question) (hits uint64, err error)
	// meanwhile keeps posts coming until it is called off.
	meanwhile func(context.Context) error
	close     func(*testing.T)
}

// Results pages, while posts come, beside others on the same data.
func TestLoad(t *testing.T) {
	to := time.Now().UTC().Truncate(24 * time.Hour)
	all := questions(to)
	engines := []*engine{ours(t, to)}
	if *beside {
		engines = append(engines, sqliteEngine(t, to))
	}
	if address := os.Getenv("VEGHE_POSTGRES"); *beside && address != "" {
		engines = append(engines, postgresEngine(t, to, address))
	}
	took := make([][]times, len(engines))
	hits := make([]uint64, len(all))
	for i, e := range engines {
		t.Logf("%s: %d posts in %s", e.name, *posts, e.load(t).Round(time.Second))
		took[i] = measure(t, e, all, hits, i == 0)
		e.close(t)
	}
	report(t, engines, all, took, hits)
}

// slow is when a question is given up, or asked fewer times.
const slow = 30 * time.Second

func measure(t *testing.T, e *engine, all []question, hits []uint64, first bool) []times {
	out := make([]times, len(all))
	for i, q := range all { // once in peace: what is counted must agree, and files are read
		ctx, cancel := context.WithTimeout(t.Context(), slow)
		n, err := e.ask(ctx, q)
		cancel()
		switch {
		case err != nil:
			t.Logf("%s: %s: %v", e.name, q.name, err)
		case first:
			hits[i] = n
		case hits[i] != n:
			t.Errorf("%s: %s: %d hits, veghe finds %d", e.name, q.name, n, hits[i])
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.meanwhile(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	for range *rounds {
		for i, q := range all {
			if len(out[i]) >= 3 && slices.Max(out[i]) > slow/10 {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), slow)
			started := time.Now()
			if _, err := e.ask(ctx, q); err == nil || ctx.Err() != nil {
				out[i] = append(out[i], time.Since(started))
			} else {
				t.Errorf("%s: %s: %v", e.name, q.name, err)
			}
			cancel()
		}
	}
	stop()
	wg.Wait()
	return out
}

func ours(t *testing.T, to time.Time) *engine {
	x, err := index.Open(t.Context(), t.TempDir(), index.Options{MinFree: -1, Deadline: slow})
	if err != nil {
		t.Fatal(err)
	}
	return &engine{
		name: "veghe",
		load: func(t *testing.T) time.Duration {
			started := time.Now()
			each(to, func(c *corpus, n int) {
				if _, err := x.Put(t.Context(), c.posts(n)); err != nil {
					t.Fatal(err)
				}
			})
			return time.Since(started)
		},
		ask: func(ctx context.Context, q question) (uint64, error) {
			res, err := x.Search(ctx, q.veghe)
			return res.Total, err
		},
		meanwhile: func(ctx context.Context) error {
			return paced(ctx, to, func(c *corpus, n int) error {
				_, err := x.Put(ctx, c.posts(n))
				return err
			})
		},
		close: func(t *testing.T) {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		},
	}
}

// each makes all posts, a thousand at a time, the same for everybody.
func each(to time.Time, put func(c *corpus, n int)) {
	c := newCorpus(1, *posts, to)
	for left := *posts; left > 0; left -= 1000 {
		put(c, min(left, 1000))
	}
}

// paced makes other posts, so many a second.
func paced(ctx context.Context, to time.Time, put func(c *corpus, n int) error) error {
	c := newCorpus(2, *posts, to)
	c.n = *posts
	tick := time.NewTicker(time.Second / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := put(c, max(1, *rate/2)); err != nil {
			return err
		}
	}
}

func report(t *testing.T, engines []*engine, all []question, took [][]times, hits []uint64) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%d flagged posts, %d more a second, %d CPUs; p50 / p95 in ms of a results page: 25 hits marked, total, five counts, days\n", *posts, *rate, runtime.NumCPU())
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprint(w, "| question\t hits\t")
	for _, e := range engines {
		fmt.Fprintf(w, " %s\t", e.name)
	}
	fmt.Fprint(w, "\n|---\t---\t"+strings.Repeat("---\t", len(engines))+"\n")
	together := make([]times, len(engines))
	for i, q := range all {
		fmt.Fprintf(w, "| %s\t %d\t", q.name, hits[i])
		for j := range engines {
			fmt.Fprintf(w, " %s / %s\t", took[j][i].at(0.5), took[j][i].at(0.95))
			together[j] = append(together[j], took[j][i]...)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "| all\t\t")
	for j := range engines {
		fmt.Fprintf(w, " %s / %s\t", together[j].at(0.5), together[j].at(0.95))
	}
	fmt.Fprintln(w)
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
	t.Log(b.String())
}
