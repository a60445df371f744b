package main

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
	"veghe/index"
)

// The kill tests are small by default; CI runs them at full size.
var (
	killPosts  = flag.Int("kill.posts", 4000, "posts to import while veghe is killed")
	killRounds = flag.Int("kill.rounds", 5, "how often it is killed at least")
)

// Nothing acknowledged is lost, nothing is indexed twice, at any kill: posts
// are imported into a running veghe that is killed at random moments.
func TestKillEmbedded(t *testing.T) {
	data := dataDir(t)
	killWhileImporting(t, data, "run", "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	wantIndexedOnce(t, data, *killPosts)
	wantAsUndisturbed(t, data, *killPosts)
}

// wantAsUndisturbed holds every assessment against that of an engine that
// read the same posts in one go: what authors had shown before a kill counts
// after it, and nothing counts twice.
func wantAsUndisturbed(t *testing.T, data string, n int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, path, n)
	posts := &labelledPosts{bad: badLines{env: env{err: t.Output()}}}
	if err := eachLine(env{err: t.Output()}, []string{path}, &posts.bad, posts.take); err != nil || len(posts.all) != n {
		t.Fatalf("%d posts read (%v), want %d", len(posts.all), err, n)
	}
	engine, done, err := scanEngine(t.Context(), defaultConfig(), "off", false)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	x, err := index.Open(t.Context(), filepath.Join(data, "index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	flagged, different := 0, 0
	for i := range posts.all {
		want := engine.Assess(posts.all[i].post)
		hit, err := x.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatalf("%s: %v", want.ID, err)
		}
		if want.Flagged && want.History != nil {
			flagged++
		}
		if diff := cmp.Diff(judgement(want), judgement(hit.Assessment), cmpopts.EquateEmpty()); diff != "" {
			if different++; different <= 3 {
				t.Errorf("%s: -undisturbed +killed:\n%s", want.ID, diff)
			}
		}
	}
	if flagged == 0 || different > 0 {
		t.Errorf("%d posts are judged otherwise than without kills; %d are flagged by their history, want some", different, flagged)
	}
}

// judgement is what histories decide of an assessment.
func judgement(a veghe.Assessment) veghe.Assessment {
	return veghe.Assessment{ID: a.ID, Flagged: a.Flagged, Severity: a.Severity, Label: a.Label, Score: a.Score, History: a.History}
}

// killWhileImporting runs veghe with args, imports posts and kills veghe until
// it was killed often enough and the import is done, then waits until
// everything is assessed and indexed, and stops it.
func killWhileImporting(t *testing.T, data string, args ...string) {
	t.Helper()
	posts := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, posts, *killPosts)
	p := start(t, args...)
	await(t, time.Minute, "the first start", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })

	imported := make(chan error, 1)
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	im := exec.CommandContext(ctx, os.Args[0], importArgs(args, posts)...)
	im.Env = append(os.Environ(), asVeghe+"=1")
	im.Stdout, im.Stderr = &out, &out
	if err := im.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { imported <- im.Wait() }()

	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	done := false
	for round := 0; round < *killRounds || !done; round++ {
		pause := time.NewTimer(time.Duration(100+rng.IntN(1200)) * time.Millisecond)
		select {
		case err := <-imported:
			if err != nil {
				t.Fatalf("import: %v\n%s", err, &out)
			}
			done, imported = true, nil
			<-pause.C
		case <-pause.C:
		}
		if round < *killRounds {
			p.kill()
			p.start()
		}
	}
	t.Logf("killed %d times; import: %s", *killRounds, bytes.TrimSpace(out.Bytes()))
	await(t, 10*time.Minute, "everything assessed and indexed", func() bool { return settled(t, data, *killPosts) })
	p.stop()
}

// importArgs imports into the veghe that runs with args.
func importArgs(args []string, file string) []string {
	out := []string{"import", "-wait", "3m"}
	for i := 1; i+1 < len(args); i += 2 {
		if args[i] == "-data" || args[i] == "-c" {
			out = append(out, args[i], args[i+1])
		}
	}
	return append(out, file)
}

// wantIndexedOnce looks into the index itself, not at the program's counters.
func wantIndexedOnce(t *testing.T, data string, n int) {
	t.Helper()
	x, err := index.Open(t.Context(), filepath.Join(data, "index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	c, err := x.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Posts != n {
		t.Errorf("%d posts are kept, want %d", c.Posts, n)
	}
	missing := 0
	for i := range n {
		id := postID(i)
		hit, err := x.Get(t.Context(), id)
		if err != nil || hit.Assessment.ID != id || hit.Assessment.RulesVersion == "" {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d posts are missing or not assessed", missing, n)
	}
	// "source" is on every post, so the search index is counted whole.
	res, err := x.Search(t.Context(), index.Query{Text: "source:source-0 OR source:source-1 OR source:source-2", All: true, Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	if res.Total != uint64(n) {
		t.Errorf("%d posts are searchable, want %d", res.Total, n)
	}
}
