package rule

import (
	"fmt"
	"testing"

	"veghe"
	"veghe/detect/text"
)

// BenchmarkMatch goes from raw text to findings, folding included, one post
// of about 500 bytes after another.
func BenchmarkMatch(b *testing.B) {
	for _, size := range []struct{ phrases, nears int }{{100, 0}, {100, 200}, {1_000, 200}, {10_000, 0}, {10_000, 2_000}, {100_000, 0}} {
		b.Run(fmt.Sprintf("phrases=%d/near=%d", size.phrases, size.nears), func(b *testing.B) {
			l := newLanguage(1, 20_000)
			set, err := Compile(synthetic(b, l, size.phrases, size.nears))
			if err != nil {
				b.Fatal(err)
			}
			benchmarkPosts(b, set, l)
		})
	}
}

func benchmarkPosts(b *testing.B, set *Set, l *language) {
	b.Helper()
	posts := make([]veghe.Post, 2_000)
	size := 0
	for i := range posts {
		posts[i].Text = l.post(84)
		size += len(posts[i].Text)
	}
	m := set.Matcher()
	in := Input{}
	i, findings := 0, 0
	b.SetBytes(int64(size / len(posts)))
	b.ReportAllocs()
	for b.Loop() {
		in.Post = &posts[i%len(posts)]
		findings += len(m.Match(&in))
		i++
	}
	b.ReportMetric(float64(findings)/float64(i), "findings/post")
}

// BenchmarkQuiet is a set that finds nothing in the posts: what every
// ordinary post costs. It must not allocate.
func BenchmarkQuiet(b *testing.B) {
	l := newLanguage(1, 20_000)
	set, err := Compile(synthetic(b, newLanguage(99, 20_000), 10_000, 2_000))
	if err != nil {
		b.Fatal(err)
	}
	benchmarkPosts(b, set, l)
}

// BenchmarkFold is folding alone.
func BenchmarkFold(b *testing.B) {
	l := newLanguage(1, 20_000)
	posts := make([]string, 2_000)
	size := 0
	for i := range posts {
		posts[i] = l.post(84)
		size += len(posts[i])
	}
	var d text.Doc
	i := 0
	b.SetBytes(int64(size / len(posts)))
	b.ReportAllocs()
	for b.Loop() {
		d.Fold(posts[i%len(posts)])
		i++
	}
}

// BenchmarkCompile is the time from a pack to a set.
func BenchmarkCompile(b *testing.B) {
	p := synthetic(b, newLanguage(1, 20_000), 10_000, 2_000)
	for b.Loop() {
		if _, err := Compile(p); err != nil {
			b.Fatal(err)
		}
	}
}
