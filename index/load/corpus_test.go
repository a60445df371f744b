//go:build load

package load

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"veghe"
)

// corpus makes posts of about 500 bytes over two years, with words spread as in
// a language: few common ones, many rare ones. All of them are flagged, and
// come in the order in which they were collected, within days of being written.
type corpus struct {
	rnd  *rand.Rand
	zipf *rand.Zipf
	n    int
	all  int // posts of the two years; what comes after is of the last day
	to   time.Time
}

func newCorpus(seed uint64, all int, to time.Time) *corpus {
	rnd := rand.New(rand.NewPCG(seed, 2))
	return &corpus{rnd: rnd, zipf: rand.NewZipf(rnd, 1.1, 8, 200_000), all: all, to: to}
}

const twoYears = 730 * 24 * time.Hour

var syllables = strings.Fields("munca la strei na ta te pli tit bun con tra ct ca mi no pe ro su te vi zu fa ga do le")

// word is the n-th most common one.
func word(n uint64) string {
	var b strings.Builder
	for n += 700; n > 0; n /= uint64(len(syllables)) {
		b.WriteString(syllables[n%uint64(len(syllables))])
	}
	return b.String()
}

func (c *corpus) post() veghe.Assessed {
	var b strings.Builder
	for b.Len() < 500 {
		b.WriteString(word(c.zipf.Uint64()))
		b.WriteByte(' ')
	}
	c.n++
	collected := c.to
	if c.n < c.all {
		collected = c.to.Add(-twoYears / time.Duration(c.all) * time.Duration(c.all-c.n)).Truncate(time.Second)
	}
	at := collected.Add(-time.Duration(c.rnd.ExpFloat64() * float64(20*time.Hour))).Truncate(time.Second)
	pick := func(prefix string, n int) string { return fmt.Sprint(prefix, min(c.rnd.IntN(n), c.rnd.IntN(n))) }
	p := veghe.Post{
		Source: veghe.SourceID(pick("source", 40)), Kind: veghe.Forum, Author: veghe.AuthorID(pick("author", 60_000)), Text: b.String(),
		URL: fmt.Sprintf("https://forum.example.org/t/%d", c.n), PostedAt: at, CollectedAt: collected,
	}
	p.Identify()
	a := veghe.Assessed{Post: p, AssessedAt: p.CollectedAt, Assessment: veghe.Assessment{
		ID: p.ID, Flagged: true, Severity: veghe.Severities[1+c.rnd.IntN(4)], RulesVersion: "v1",
		Score: map[veghe.Category]float64{veghe.Recruitment: c.rnd.Float64()},
		Lang:  []veghe.LangSpan{{Lang: []string{"ro", "ro", "ro", "en", "es"}[c.rnd.IntN(5)], End: len(p.Text)}},
	}}
	for range 1 + c.rnd.IntN(5) {
		id := veghe.IndicatorID(pick("IND-", 60))
		a.Assessment.Findings = append(a.Assessment.Findings, veghe.Finding{Indicator: id, Rule: veghe.RuleID(id), Category: veghe.Recruitment})
	}
	if c.rnd.IntN(3) == 0 {
		a.Assessment.Contacts = []veghe.Contact{{Kind: "phone", Value: fmt.Sprintf("+40700%06d", c.rnd.IntN(100_000))}}
	}
	return a
}

func (c *corpus) posts(n int) []veghe.Assessed {
	out := make([]veghe.Assessed, n)
	for i := range out {
		out[i] = c.post()
	}
	return out
}
