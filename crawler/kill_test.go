package crawler

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/crawler/evidence"
)

// TestMain lets the test binary be a crawler of its own, to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CRAWL_DIR"); dir != "" {
		if err := crawlInto(dir, os.Getenv("CRAWL_URL")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // this is a main
		}
		return
	}
	m.Run()
}

// crawlInto visits a site, keeps evidence, and writes the text of every post
// and where its capture is to a file before it acknowledges it.
func crawlInto(dir, url string) error {
	f, err := os.OpenFile(filepath.Join(dir, "posts"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // synced below
	cfg := config(local(url))
	cfg.Dir = dir
	store, err := evidence.Open(filepath.Join(dir, "evidence"), evidence.Options{SegmentBytes: 20_000})
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // nothing is left to write
	cfg.Evidence = store
	c, err := New(cfg)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing is left to write
	return c.RunOnce(context.Background(), func(_ context.Context, posts []veghe.Post) error {
		var line bytes.Buffer
		for _, p := range posts {
			fmt.Fprintf(&line, "%s\t%s\n", p.Text, p.Evidence)
		}
		if _, err := f.Write(line.Bytes()); err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, "handed on") // the killer counts
		return f.Sync()
	})
}

// Killed without warning, again and again, at whatever it is doing: in the
// end every post was handed on, and only those twice whose acknowledgement a
// kill took away; and what each names as its evidence holds its text.
func TestKill(t *testing.T) {
	const threads, perThread = 120, 3
	routes := siteOf(threads, perThread)
	b := serve(t, routes)
	dir := t.TempDir()
	kills := 0
	for {
		done, err := crawlAndKill(t, dir, b.URL+"/", 1+kills*7%13)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			break
		}
		if kills++; kills > 200 {
			t.Fatal("no progress in 200 runs")
		}
	}
	times := map[string]int{}
	f, err := os.Open(filepath.Join(dir, "posts"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	total := 0
	texts := map[evidence.Ref][]string{}
	for s := bufio.NewScanner(f); s.Scan(); total++ {
		text, ref, _ := strings.Cut(s.Text(), "\t")
		times[text]++
		r, err := evidence.ParseRef(ref)
		if err != nil {
			t.Fatalf("post %q names %q: %v", text, ref, err)
		}
		texts[r] = append(texts[r], text)
	}
	wantEvidence(t, filepath.Join(dir, "evidence"), texts)
	t.Logf("killed %d times, %d posts handed on, %d of them repeats", kills, total, total-len(times))
	if kills < 3 {
		t.Errorf("killed %d times only, want at least 3 for this test to say something", kills)
	}
	if len(times) != threads*perThread {
		t.Errorf("%d posts, want %d", len(times), threads*perThread)
	}
	// Only pages in hand were between the sink and their record: seven of a
	// source that fetches four at once.
	if most := kills * 7 * perThread; total-len(times) > most {
		t.Errorf("%d repeats after %d kills, want at most %d", total-len(times), kills, most)
	}
}

// wantEvidence looks for the texts of posts in the captures they name.
func wantEvidence(t *testing.T, dir string, texts map[evidence.Ref][]string) {
	t.Helper()
	folder := evidence.Folder{Dir: dir}
	found, err := folder.Find(t.Context(), slices.Collect(maps.Keys(texts)))
	if err != nil {
		t.Fatal(err)
	}
	for r, all := range texts {
		if found[r] == nil {
			t.Errorf("%s is not there", r)
			continue
		}
		page := gunzipped(t, found[r].Records[0].Block)
		for _, text := range all {
			if !strings.Contains(page, text) {
				t.Errorf("%s does not hold %q", r, text)
			}
		}
	}
	if r, err := folder.Verify(t.Context(), ""); err != nil || len(r.Problems) > 0 {
		t.Errorf("%q, %v", r.Problems, err)
	}
}

// gunzipped is the body of an answer, compressed or not.
func gunzipped(t *testing.T, response []byte) string {
	t.Helper()
	if bytes.Contains(response, []byte("Content-Encoding: gzip")) {
		return bodyOf(t, response)
	}
	return string(response)
}

// crawlAndKill runs a crawler until it has handed posts on that many times,
// then kills it at whatever it does next. It says whether the crawler came to
// its end before.
func crawlAndKill(t *testing.T, dir, url string, after int) (done bool, err error) {
	t.Helper()
	ctx, kill := context.WithTimeout(t.Context(), time.Minute)
	defer kill()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "CRAWL_DIR="+dir, "CRAWL_URL="+url)
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	n := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		if n++; n == after {
			kill()
		}
	}
	err = cmd.Wait()
	if err != nil && n >= after {
		return false, nil // killed
	}
	if err != nil {
		return false, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return true, nil
}

// siteOf is a forum of that many threads with a few posts each.
func siteOf(threads, perThread int) map[string]http.HandlerFunc {
	routes := map[string]http.HandlerFunc{}
	var rows strings.Builder
	for i := range threads {
		fmt.Fprintf(&rows, `<div class="row"><a href="/t%d">t</a></div>`, i)
		var posts strings.Builder
		for j := range perThread {
			posts.WriteString(post(fmt.Sprintf("p%d-%d", i, j), "ana", fmt.Sprintf("text %d-%d", i, j)))
		}
		routes[fmt.Sprintf("/t%d", i)] = html("%s", posts.String())
	}
	routes["/"] = html("%s", rows.String())
	return routes
}

// BenchmarkCrawl visits a fast site on loopback: fetch, guard, extraction and
// frontier together.
func BenchmarkCrawl(b *testing.B) {
	const threads = 300
	site := serve(b, siteOf(threads, 20))
	s := local(site.URL + "/")
	s.Rate, s.Concurrency = 1e6, 8
	pages := int64(0)
	for b.Loop() {
		cfg := config(s)
		cfg.Dir = b.TempDir()
		c := open(b, cfg)
		st := once(b, c, func(context.Context, []veghe.Post) error { return nil })
		if pages += st.Pages; st.New != threads*20 {
			b.Fatal(st.New)
		}
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
}
