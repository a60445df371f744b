package rule

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"veghe"
	"veghe/detect/text"
)

// sizes are the packs of the benchmarks: phrases and near rules.
var sizes = []struct{ phrases, nears int }{
	{100, 0},
	{1_000, 0},
	{10_000, 0},
	{100_000, 0},
	{100, 200},
	{10_000, 200},
	{10_000, 2_000},
	{10_000, 20_000},
}

// BenchmarkMatch goes from raw text to findings, folding included, one post
// of about 500 bytes after another, in an invented language like natural
// ones.
func BenchmarkMatch(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("phrases=%d/near=%d", size.phrases, size.nears), func(b *testing.B) {
			l := newLanguage(1)
			benchmarkPosts(b, mustCompile(b, synthetic(b, l, size.phrases, size.nears)), l.posts(4_000), false)
		})
	}
}

// BenchmarkMatchFolded is BenchmarkMatch without the folding.
func BenchmarkMatchFolded(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("phrases=%d/near=%d", size.phrases, size.nears), func(b *testing.B) {
			l := newLanguage(1)
			benchmarkPosts(b, mustCompile(b, synthetic(b, l, size.phrases, size.nears)), l.posts(4_000), true)
		})
	}
}

// BenchmarkQuiet is a set whose rules find nothing in the posts, though they
// share their words: what every ordinary post costs. It must not allocate.
func BenchmarkQuiet(b *testing.B) {
	l := newLanguage(1)
	set := mustCompile(b, synthetic(b, l, 10_000, 2_000))
	posts := slices.DeleteFunc(l.posts(12_000), func(p veghe.Post) bool { return len(set.Matcher().Match(&Input{Post: &p})) > 0 })
	benchmarkPosts(b, set, posts, false)
}

// BenchmarkPatterns is a set of regular expressions behind literals.
func BenchmarkPatterns(b *testing.B) {
	for _, n := range []int{50, 500} {
		b.Run(fmt.Sprintf("regexps=%d", n), func(b *testing.B) {
			l := newLanguage(1)
			benchmarkPosts(b, mustCompile(b, syntheticPatterns(b, l, n)), l.posts(4_000), true)
		})
	}
}

func mustCompile(tb testing.TB, p *Pack) *Set {
	tb.Helper()
	set, err := Compile(p)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// benchmarkPosts matches posts one after another. Besides time it reports, by
// post, how many words the rules know, how many terms are found, how often
// that leads to a unit, how many units become candidates, and what they find.
func benchmarkPosts(b *testing.B, set *Set, posts []veghe.Post, folded bool) {
	b.Helper()
	m := set.Matcher()
	in := Input{}
	docs := make([]text.Doc, len(posts))
	size, known, finds, leads, candidates, findings := 0, 0, 0, 0, 0, 0
	for i := range posts {
		size += len(posts[i].Text)
		docs[i].Fold(posts[i].Text)
		in.Post, in.Text = &posts[i], &docs[i]
		findings += len(m.Match(&in))
		finds += len(m.finds)
		for _, i := range m.noticed {
			leads += len(set.terms.get(m.finds[i].end))
		}
		candidates += len(m.candidates)
		for _, s := range m.symbols {
			known += boolInt(s != 0)
		}
	}
	i := 0
	b.SetBytes(int64(size / len(posts)))
	b.ReportAllocs()
	for b.Loop() {
		k := i % len(posts)
		if in.Post, in.Text = &posts[k], nil; folded {
			in.Text = &docs[k]
		}
		m.Match(&in)
		i++
	}
	per := float64(len(posts))
	b.ReportMetric(float64(known)/per, "known/post")
	b.ReportMetric(float64(finds)/per, "finds/post")
	b.ReportMetric(float64(leads)/per, "leads/post")
	b.ReportMetric(float64(candidates)/per, "candidates/post")
	b.ReportMetric(float64(findings)/per, "findings/post")
}

// BenchmarkFold is folding alone.
func BenchmarkFold(b *testing.B) {
	posts := newLanguage(1).posts(4_000)
	size := 0
	for i := range posts {
		size += len(posts[i].Text)
	}
	var d text.Doc
	i := 0
	b.SetBytes(int64(size / len(posts)))
	b.ReportAllocs()
	for b.Loop() {
		d.Fold(posts[i%len(posts)].Text)
		i++
	}
}

// BenchmarkStart is the time from the shipped files to a set: with examples,
// as rules check has them, and to run.
func BenchmarkStart(b *testing.B) {
	for _, bc := range []struct {
		name string
		load func(fs.FS) (*Pack, error)
	}{{"whole", Load}, {"to run", LoadToRun}} {
		b.Run(bc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := bc.load(os.DirFS("../../rules"))
				if err != nil {
					b.Fatal(err)
				}
				mustCompile(b, p)
			}
		})
	}
}

// BenchmarkCompile is the time from a pack to a set.
func BenchmarkCompile(b *testing.B) {
	p := synthetic(b, newLanguage(1), 10_000, 2_000)
	for b.Loop() {
		mustCompile(b, p)
	}
}
