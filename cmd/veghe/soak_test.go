//go:build fault && linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"veghe"
)

var (
	soakPosts  = flag.Int("soak.posts", 20_000, "posts that go through")
	soakWindow = flag.Duration("soak.window", 4*time.Minute, "how long unflagged posts are kept")
	soakTime   = flag.Duration("soak.time", time.Hour, "when to stop all the same")
)

// soakBehind is how many posts may wait for a stage before the test holds back,
// so that what is measured is what the whole line carries.
const soakBehind = 4000

// TestSoak sends posts through one veghe as fast as its slowest stage takes
// them and prints a line for every twentieth of the way. Memory must not grow,
// speed not fall, and the disk must follow what is kept, not what came.
func TestSoak(t *testing.T) {
	data := dataDir(t)
	cfg := filepath.Join(t.TempDir(), "veghe.yaml")
	text := fmt.Sprintf("data: %s\nlisten: 127.0.0.1:0\nops_listen: 127.0.0.1:0\nlanguage: {second_opinion: \"off\"}\nretention: {unflagged: %s}\nlog: {level: warn}\n", data, *soakWindow)
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &soak{T: t, data: data, p: start(t, "run", "-c", cfg), rng: rand.New(rand.NewPCG(1, 2))}
	await(t, time.Minute, "veghe to be ready", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })
	s.run()
	s.judge()
}

type soak struct {
	*testing.T
	data  string
	p     *process
	rng   *rand.Rand
	sent  int
	lines []soakLine
	waits []time.Duration // collected to searchable, of single posts
}

// soakLine is what was measured since the line before.
type soakLine struct {
	posts          int
	perSecond      float64
	rss, log, rest int64 // bytes
	p50, p99       time.Duration
}

func (s *soak) run() {
	ctx, cancel := context.WithTimeout(s.Context(), *soakTime)
	defer cancel()
	step := max(500, *soakPosts/20)
	s.Logf("%9s %8s %8s %8s %8s %9s %9s", "posts", "posts/s", "RSS MB", "log MB", "rest MB", "p50", "p99")
	for s.sent < *soakPosts && ctx.Err() == nil {
		began, before := time.Now(), s.sent
		for batch := 1; s.sent < before+step && ctx.Err() == nil; batch++ {
			s.send(ctx, 500)
			if batch%4 == 0 {
				s.holdBack(ctx)
				s.probe(ctx)
			}
		}
		s.line(began, before)
	}
}

func (s *soak) post() veghe.Post {
	i := s.sent
	s.sent++
	p := veghe.Post{
		ID: postID(i), Source: veghe.SourceID(fmt.Sprintf("source-%d", i%20)), Kind: veghe.Forum,
		Thread: veghe.ThreadID(fmt.Sprintf("t%d", i/7)), Seq: i%7 + 1, Author: veghe.AuthorID(fmt.Sprintf("a%d", s.rng.IntN(200_000))),
	}
	if p.Text = someText(s.rng); i%100 != 0 { // one in a hundred may be telling
		for strings.Contains(p.Text, "pasaportul") {
			p.Text = someText(s.rng)
		}
	}
	return p
}

func (s *soak) send(ctx context.Context, n int) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for range n {
		_ = enc.Encode(s.post()) // plain fields: this cannot fail
	}
	var got struct{ Accepted int }
	err := newLocal(s.data).api(ctx, http.MethodPost, "/api/v1/posts", "application/x-ndjson", &body, &got)
	if ctx.Err() == nil && (err != nil || got.Accepted != n) {
		s.Fatalf("%d of %d posts taken: %v", got.Accepted, n, err)
	}
}

// holdBack waits while a stage is far behind.
func (s *soak) holdBack(ctx context.Context) {
	await(s.T, 5*time.Minute, "the stages to follow", func() bool {
		st, ok := statusOf(s.T, s.data)
		return ctx.Err() != nil || ok && !slices.ContainsFunc(st.Stages, func(g stageStatus) bool { return g.Behind > soakBehind })
	})
}

// probe times one post, sent behind all the others, until it is found.
func (s *soak) probe(ctx context.Context) {
	began := time.Now()
	s.send(ctx, 1)
	id := postID(s.sent - 1)
	await(s.T, 5*time.Minute, "a post to be searchable", func() bool {
		var hit json.RawMessage
		return ctx.Err() != nil || newLocal(s.data).api(ctx, http.MethodGet, "/api/v1/posts/"+string(id), "", nil, &hit) == nil
	})
	s.waits = append(s.waits, time.Since(began))
}

func (s *soak) line(began time.Time, before int) {
	l := soakLine{posts: s.sent, perSecond: float64(s.sent-before) / time.Since(began).Seconds(), rss: s.rss()}
	l.log = folderSize(s.T, filepath.Join(s.data, "log"))
	l.rest = folderSize(s.T, s.data) - l.log
	if len(s.waits) > 0 {
		slices.Sort(s.waits)
		l.p50, l.p99 = s.waits[len(s.waits)/2], s.waits[len(s.waits)*99/100]
	}
	s.waits = nil
	s.lines = append(s.lines, l)
	s.Logf("%9d %8.0f %8.0f %8.0f %8.0f %9s %9s", l.posts, l.perSecond, mb(l.rss), mb(l.log), mb(l.rest),
		l.p50.Round(time.Millisecond), l.p99.Round(time.Millisecond))
}

func mb(n int64) float64 { return float64(n) / 1e6 }

// rss is the memory of the process that is not shared files.
func (s *soak) rss() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.p.cmd.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	var kb int64
	_, after, _ := strings.Cut(string(b), "RssAnon:")
	if _, err := fmt.Sscanf(after, "%d", &kb); err != nil {
		s.Fatal(err)
	}
	return kb << 10
}

func folderSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // files come and go
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}

// judge compares the last quarter of the way with the second.
func (s *soak) judge() {
	await(s.T, 5*time.Minute, "everything to be handled", func() bool {
		st, ok := statusOf(s.T, s.data)
		return ok && !slices.ContainsFunc(st.Stages, func(g stageStatus) bool { return g.Behind > 0 })
	})
	st, _ := statusOf(s.T, s.data)
	collected, assessed, dead := 0, 0, 0
	for _, r := range st.Accounting {
		if strings.HasPrefix(string(r.Source), "source-") {
			collected, assessed, dead = collected+r.Collected, assessed+r.Assessed, dead+r.Dead
		}
	}
	if collected != s.sent || assessed != s.sent || dead != 0 {
		s.Errorf("%d sent, %d collected, %d assessed, %d dead", s.sent, collected, assessed, dead)
	}
	kept := folderSize(s.T, filepath.Join(s.data, "index"))
	s.Logf("%d posts sent, %d kept, %d flagged; %d bytes of index per kept post, %d of everything per flagged post",
		s.sent, st.Index.Posts, st.Index.Flagged, kept/int64(max(1, st.Index.Posts)), folderSize(s.T, s.data)/int64(max(1, st.Index.Flagged)))
	q := len(s.lines) / 4
	if q == 0 {
		return
	}
	second, last := s.lines[q:2*q], s.lines[len(s.lines)-q:]
	if was, is := most(second, func(l soakLine) float64 { return float64(l.rss) }), most(last, func(l soakLine) float64 { return float64(l.rss) }); is > 1.5*was+64e6 {
		s.Errorf("memory grew from %.0f to %.0f MB", was/1e6, is/1e6)
	}
	if was, is := most(second, func(l soakLine) float64 { return l.perSecond }), most(last, func(l soakLine) float64 { return l.perSecond }); is < was/2 {
		s.Errorf("speed fell from %.0f to %.0f posts/s", was, is)
	}
}

func most(lines []soakLine, of func(soakLine) float64) (m float64) {
	for _, l := range lines {
		m = max(m, of(l))
	}
	return m
}
