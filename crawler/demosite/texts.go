package demosite

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

//go:embed ads.txt
var adsText string

//go:embed forum.txt
var forumText string

// ad is one advertisement of the board.
type ad struct {
	ID                         int
	Title, Place, Author, Text string
	Posted                     time.Time
}

// post is one post of a thread. quotes is the number, from 1, of the post it
// answers with a quotation; 0 for none.
type post struct {
	author, text string
	posted       time.Time
	quotes       int
}

// thread is a conversation of the forum.
type thread struct {
	id    int
	title string
	posts []post
}

var cities = []string{"Cluj-Napoca", "Iași", "Timișoara", "Brașov", "Constanța", "Sibiu", "Oradea", "Galați"}

// readAds reads the ads and fills their blanks, always the same way. They are
// mixed, and posted over the week before now, the last one just before it.
func readAds(now time.Time) ([]ad, error) {
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // a fixed sequence is wanted
	var out []ad
	for _, block := range blocks(adsText) {
		f := strings.Split(block.head, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if len(f) != 4 {
			return nil, fmt.Errorf("ads: %q has %d parts, want 4", block.head, len(f))
		}
		count, err := strconv.Atoi(f[3])
		if err != nil {
			return nil, fmt.Errorf("ads: %q: how many is not a number", block.head)
		}
		for range count {
			fill := filler(rng)
			out = append(out, ad{Title: fill(f[0]), Place: fill(f[1]), Author: fill(f[2]), Text: fill(strings.TrimSpace(block.body))})
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i].ID = 1000 + i
		out[i].Posted = now.Add(-time.Duration(len(out)-i) * 100 * time.Minute).Truncate(time.Minute)
	}
	return out, nil
}

func filler(rng *rand.Rand) func(string) string {
	r := strings.NewReplacer(
		"{city}", cities[rng.IntN(len(cities))], "{price}", strconv.Itoa(100+10*rng.IntN(280)),
		"{n}", strconv.Itoa(1+rng.IntN(99)), "{day}", strconv.Itoa(1+rng.IntN(28)),
	)
	return r.Replace
}

// readThreads reads the threads. Each began some hours before the next, and
// the last one ends just before now.
func readThreads(now time.Time) ([]thread, error) {
	var out []thread
	for i, block := range blocks(forumText) {
		t := thread{id: 100 + i, title: block.head}
		var minutes int
		for part := range strings.SplitSeq("\n"+strings.TrimSpace(block.body), "\n@") {
			if part == "" {
				continue
			}
			p, after, err := readPost(part)
			if err != nil {
				return nil, fmt.Errorf("forum: %q: %w", block.head, err)
			}
			minutes += after
			p.posted = time.Time{}.Add(time.Duration(minutes) * time.Minute)
			t.posts = append(t.posts, p)
		}
		out = append(out, t)
	}
	for i := range out {
		began := now.Add(-time.Duration(len(out)-i) * 6 * time.Hour).Truncate(time.Minute)
		for j := range out[i].posts {
			p := &out[i].posts[j]
			p.posted = began.Add(p.posted.Sub(time.Time{}))
		}
	}
	return out, nil
}

// readPost reads "author [minutes] [> number]", then the text.
func readPost(s string) (p post, after int, err error) {
	head, text, _ := strings.Cut(s, "\n")
	head, quoted, quotes := strings.Cut(head, ">")
	if quotes {
		if p.quotes, err = strconv.Atoi(strings.TrimSpace(quoted)); err != nil {
			return p, 0, fmt.Errorf("post %q: quoted post is not a number", head)
		}
	}
	f := strings.Fields(head)
	switch {
	case len(f) == 0:
		return p, 0, fmt.Errorf("post without an author")
	case len(f) > 1:
		if after, err = strconv.Atoi(f[1]); err != nil {
			return p, 0, fmt.Errorf("post of %s: minutes are not a number", f[0])
		}
	}
	p.author, p.text = f[0], strings.TrimSpace(text)
	return p, after, nil
}

type block struct{ head, body string }

// blocks splits a text at its "== head" lines. Lines before the first are a
// comment.
func blocks(s string) []block {
	var out []block
	for i, part := range strings.Split("\n"+s, "\n== ") {
		if i == 0 {
			continue
		}
		head, body, _ := strings.Cut(part, "\n")
		out = append(out, block{strings.TrimSpace(head), body})
	}
	return out
}
