package rule

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/detect/text"
)

var hyperscan = flag.String("hyperscan", "", "the `driver` of testdata/hyperscan: time it beside the matcher")

// rival is a synthetic pack as Hyperscan takes it. The texts are its words,
// folded, with one space around each: what a filter before Hyperscan would
// have to make of a post.
type rival struct {
	name     string
	pack     *Pack
	literal  bool
	patterns []string
}

func phrasesRival(tb testing.TB, n int) rival {
	r := rival{name: fmt.Sprintf("%d phrases", n), pack: synthetic(tb, newLanguage(1), n, 0), literal: true}
	for _, rule := range r.pack.Rules {
		for _, t := range rule.Signals[0].Terms {
			r.patterns = append(r.patterns, text.Fold(t.Text))
		}
	}
	return r
}

// nearRival writes near rules as gap patterns. With words, the gap is so many
// words, and both find the same; else as many characters as those words have
// on average, which is what is written by hand, and easier on Hyperscan.
func nearRival(tb testing.TB, n int, words bool) rival {
	r := rival{name: fmt.Sprintf("%d near, gaps in words", n), pack: synthetic(tb, newLanguage(1), 0, n)}
	if !words {
		r.name = fmt.Sprintf("%d near, gaps in letters", n)
	}
	for _, rule := range r.pack.Rules {
		gap := fmt.Sprintf("([^ ]+ ){0,%d}", rule.Condition.N)
		if !words {
			gap = fmt.Sprintf("(.{0,%d} )?", 6*rule.Condition.N)
		}
		r.patterns = append(r.patterns, " "+anyOf(rule.Signals[0].Terms)+" "+gap+anyOf(rule.Signals[1].Terms))
	}
	return r
}

func anyOf(terms []Term) string {
	var all []string
	for _, t := range terms {
		all = append(all, strings.TrimSuffix(text.Fold(t.Text), "*"))
	}
	return "(" + strings.Join(all, "|") + ")"
}

// words are the words of a text as it stands, one space around each.
func words(d *text.Doc) string {
	var b strings.Builder
	b.WriteByte(' ')
	for _, t := range d.Tokens {
		b.Write(d.Word(t))
		b.WriteByte(' ')
	}
	return b.String()
}

// hits counts what a matcher finds in texts read once only: each phrase
// wherever it stands, each near rule once a text.
func (r *rival) hits(m *Matcher, posts []veghe.Post) (n int) {
	for i := range posts {
		var d text.Doc
		d.Fold(posts[i].Text)
		d.Extra = nil // a second reading is nothing that Hyperscan has
		findings := m.Match(&Input{Post: &posts[i], Text: &d})
		if r.literal {
			n += len(m.finds)
		} else {
			n += len(findings)
		}
	}
	return n
}

// slowly counts the hits of the patterns in one text.
func (r *rival) slowly(words string) (n int) {
	for i, p := range r.patterns {
		if r.literal {
			for k := 0; ; k++ {
				at := strings.Index(words[k:], " "+p+" ")
				if at < 0 {
					break
				}
				n, k = n+1, k+at
			}
			continue
		}
		// Go's regexp takes its time: ask it only where a stem is.
		for _, stem := range r.pack.Rules[i].Signals[1].Terms {
			if strings.Contains(words, " "+stem.words()[0].spelling) {
				n += boolInt(regexp.MustCompile(p).MatchString(words))
				break
			}
		}
	}
	return n
}

// The patterns that Hyperscan is given mean what the rules mean: Go's own
// regular expressions find as much with them. With -hyperscan, it is timed.
func TestHyperscan(t *testing.T) {
	posts := newLanguage(1).posts(300)
	for _, r := range []rival{phrasesRival(t, 1_000), nearRival(t, 500, true)} {
		want := 0
		for i := range posts {
			var d text.Doc
			d.Fold(posts[i].Text)
			want += r.slowly(words(&d))
		}
		if got := r.hits(mustCompile(t, r.pack).Matcher(), posts); got != want || want == 0 {
			t.Errorf("%s: %d hits, Go's regexp finds %d", r.name, got, want)
		}
	}
	if *hyperscan != "" {
		sideBySide(t, os.Stdout)
	}
}

// sideBySide prints the table of testdata/hyperscan/run.sh.
func sideBySide(t *testing.T, to io.Writer) {
	posts := newLanguage(1).posts(4_000)
	dir := t.TempDir()
	docs := make([]text.Doc, len(posts))
	lines, size := make([]string, len(posts)), 0
	for i := range posts {
		docs[i].Fold(posts[i].Text)
		lines[i] = words(&docs[i])
		size += len(posts[i].Text)
	}
	texts := writeLines(t, filepath.Join(dir, "texts"), lines)
	fmt.Fprintf(to, "%d posts of %d bytes on average; nanoseconds per post, best of many short runs\n\n", len(posts), size/len(posts))
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "pack\traw to findings\tMB/s\tof folded\tcompile s\thyperscan\t+ our folding\tcompile s\tratio\thits\thits hyperscan\t")
	var d text.Doc
	fold := best(len(posts), func(i int) { d.Fold(posts[i].Text) })
	for _, r := range []rival{
		phrasesRival(t, 100), phrasesRival(t, 1_000), phrasesRival(t, 10_000), phrasesRival(t, 100_000),
		nearRival(t, 200, false), nearRival(t, 200, true), nearRival(t, 2_000, false), nearRival(t, 2_000, true),
	} {
		start := time.Now()
		set := mustCompile(t, r.pack)
		compiling := time.Since(start).Seconds()
		m := set.Matcher()
		var in Input
		raw := best(len(posts), func(i int) { in.Post, in.Text = &posts[i], nil; m.Match(&in) })
		folded := best(len(posts), func(i int) { in.Post, in.Text = &posts[i], &docs[i]; m.Match(&in) })
		hs := r.drive(t, dir, texts)
		hits := r.hits(m, posts)
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%.2f\t%.0f\t%.0f\t%.2f\t%.2f\t%d\t%s\t\n", r.name,
			raw, float64(size)/float64(len(posts))*1e3/raw, folded, compiling, hs.ns, hs.ns+fold, hs.compiling, (hs.ns+fold)/raw, hits, hs.hits)
		if n := strconv.Itoa(hits); n != hs.hits && !strings.Contains(r.name, "letters") {
			t.Errorf("%s: %s hits, Hyperscan has %s", r.name, n, hs.hits)
		}
	}
	_ = w.Flush() // a broken pipe has nobody to tell
	fmt.Fprintf(to, "\nfolding alone: %.0f ns. Gaps in letters find other texts than gaps in words; the others agree.\n", fold)
}

type driven struct {
	ns, compiling float64
	hits          string
}

// drive times the driver on a pack.
func (r *rival) drive(t *testing.T, dir, texts string) driven {
	kind := "regexp"
	if r.literal {
		kind = "literal"
	}
	patterns := writeLines(t, filepath.Join(dir, "patterns"), r.patterns)
	out, err := exec.CommandContext(t.Context(), *hyperscan, kind, patterns, texts, strconv.Itoa(rounds)).Output()
	if err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	f := strings.Fields(string(out))
	ns, err1 := strconv.ParseFloat(f[0], 64)
	compiling, err2 := strconv.ParseFloat(f[3], 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("driver says %q", out)
	}
	return driven{ns, compiling, f[1]}
}

func writeLines(t *testing.T, path string, lines []string) string {
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rounds is how often each run of texts is timed.
const rounds = 30

// best is the time of f over posts in nanoseconds each: the best times of
// short runs, so that what else the machine does hardly counts.
func best(posts int, f func(i int)) float64 {
	const run = 25
	times := make([]time.Duration, posts/run)
	for round := range rounds {
		for r := range times {
			start := time.Now()
			for i := r * run; i < (r+1)*run; i++ {
				f(i)
			}
			if d := time.Since(start); round == 0 || d < times[r] {
				times[r] = d
			}
		}
	}
	var sum time.Duration
	for _, d := range times {
		sum += d
	}
	return float64(sum.Nanoseconds()) / float64(len(times)*run)
}
