package index_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// corpus makes posts of about 500 bytes with words spread as in a language:
// few common ones, many rare ones.
type corpus struct {
	rnd  *rand.Rand
	zipf *rand.Zipf
	n    int
}

func newCorpus() *corpus {
	rnd := rand.New(rand.NewPCG(1, 2))
	return &corpus{rnd: rnd, zipf: rand.NewZipf(rnd, 1.1, 8, 200_000)}
}

func (c *corpus) word() string {
	const syllables = "munca la strei nă ta te pli tit bun con tra ct că mi no pe ro su țe vi zu fa ga do le"
	parts := strings.Fields(syllables)
	var b strings.Builder
	for n := c.zipf.Uint64() + 17; n > 0; n /= uint64(len(parts)) {
		b.WriteString(parts[n%uint64(len(parts))])
	}
	return b.String()
}

func (c *corpus) post() veghe.Assessed {
	var b strings.Builder
	for b.Len() < 500 {
		b.WriteString(c.word())
		b.WriteByte(' ')
	}
	c.n++
	a := post("", b.String(), posted(noon.Add(-time.Duration(c.rnd.IntN(300*24))*time.Hour)))
	a.Post.Author = veghe.AuthorID(fmt.Sprint("author", c.rnd.IntN(5000)))
	a.Post.URL = fmt.Sprintf("https://forum.example.org/t/%d", c.n)
	a.Post.Thread, a.Post.Seq = veghe.ThreadID(fmt.Sprint("t", c.n/20)), c.n%20+1
	a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: c.rnd.Float64(), veghe.Grooming: c.rnd.Float64() / 2}
	a.Assessment.RulesVersion = "2026.11"
	a.Post.ID = ""
	a.Post.Identify()
	a.Assessment.ID = a.Post.ID
	if c.rnd.IntN(20) != 0 {
		unflagged(&a)
		return a
	}
	a.Assessment.Contacts = []veghe.Contact{{Kind: "phone", Value: fmt.Sprintf("+40700%06d", c.rnd.IntN(1000))}}
	return a
}

func (c *corpus) posts(n int) []veghe.Assessed {
	out := make([]veghe.Assessed, n)
	for i := range out {
		out[i] = c.post()
	}
	return out
}

func BenchmarkPut500(b *testing.B) {
	x := open(b, b.TempDir())
	c := newCorpus()
	var batches [][]veghe.Assessed
	for range 40 {
		batches = append(batches, c.posts(500))
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		if n == len(batches) {
			batches = append(batches, c.posts(500))
		}
		b.StartTimer()
		put(b, x, batches[n]...)
		n++
	}
	b.ReportMetric(float64(500*n)/b.Elapsed().Seconds(), "posts/s")
}

func BenchmarkSearch(b *testing.B) {
	x := open(b, b.TempDir())
	c := newCorpus()
	for range 40 {
		batch := c.posts(500)
		for i := range batch {
			batch[i].Assessment.Flagged = true
		}
		put(b, x, batch...)
	}
	common, rare := strings.Fields(c.post().Post.Text)[0], "bunbunbun"
	for name, q := range map[string]index.Query{
		"browse":  {Histogram: true},
		"word":    {Text: common, Facets: []string{}},
		"rare":    {Text: rare, Facets: []string{}},
		"page":    {Text: common + " posted:2026-03..2026-09 lang:ro", Histogram: true, Sort: "newest"},
		"phone":   {Text: "phone:0700-000-123"},
		"phrases": {Text: `"` + common + " " + common + `" OR "` + common + ` munca"`, Facets: []string{}},
		"phrase":  {Text: `"` + common + " " + common + `"`, Facets: []string{}},
		"prefix":  {Text: "munc*", Facets: []string{}},
		"newest":  {Text: "lang:ro", Facets: []string{}},
		"allfacs": {Text: "lang:ro", Histogram: true},
	} {
		b.Run(name, func(b *testing.B) {
			var total uint64
			for b.Loop() {
				total = search(b, x, q).Total
			}
			b.ReportMetric(float64(total), "hits")
		})
	}
}
