//go:build kafka

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"veghe/crawler"
	"veghe/crawler/demosite"
	"veghe/crawler/evidence"
)

// kafkaConfigFile writes a configuration for the cluster that the test was
// given, with topics of its own, and returns its path.
func kafkaConfigFile(t *testing.T, data, prefix, more string) string {
	t.Helper()
	brokers := os.Getenv("VEGHE_KAFKA_BROKERS")
	if brokers == "" {
		t.Fatal("VEGHE_KAFKA_BROKERS is not set: these tests want a real cluster, see deploy/kafka/test.sh")
	}
	replication := min(3, strings.Count(brokers, ",")+1)
	path := filepath.Join(t.TempDir(), "veghe.yaml")
	err := os.WriteFile(path, fmt.Appendf(nil, `
data: %s
listen: 127.0.0.1:0
ops_listen: 127.0.0.1:0
language: {second_opinion: "off"}
stream:
  kafka:
    brokers: [%s]
    topic_prefix: %s
    partitions: 3
    replication: %d
    timeouts: {session: 6s}
%s`, data, brokers, prefix, replication, more), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func prefixOf(name string) string { return fmt.Sprintf("%s-%d.", name, time.Now().UnixNano()) }

// Over Kafka too, whatever is killed, every post is indexed exactly once.
func TestKafkaKill(t *testing.T) {
	data := dataDir(t)
	cfg := kafkaConfigFile(t, data, prefixOf("kill"), "")
	killWhileImporting(t, data, "run", "-data", data, "-c", cfg)
	wantIndexedOnce(t, data, *killPosts)
	wantAsUndisturbed(t, data, *killPosts)
}

// Crawl, detect and serve in processes of their own, while one of three
// brokers is killed and comes back, and a detect process is killed for good:
// the other one goes on where it was in every conversation.
func TestKafkaThreeProcesses(t *testing.T) {
	site := demosite.New(demosite.Options{Pace: time.Second})
	web := httptest.NewServer(site)
	defer web.Close()
	prefix := prefixOf("three")
	sources := fmt.Sprintf(`
crawler: {operator: veghe test, contact: test@example.org}
sources:
  - {id: ads, url: "%s%s", type: board, purpose: test, legal_basis: none needed, allow_loopback: true, every: 2s, rate: 50, concurrency: 2}
  - {id: feed, url: "%s%s", type: feed, purpose: test, legal_basis: none needed, allow_loopback: true, every: 2s, rate: 50}
`, web.URL, demosite.AdsPath, web.URL, demosite.FeedPath)
	crawlData, detectData, detect2Data, data := dataDir(t), dataDir(t), dataDir(t), dataDir(t)
	serve := start(t, "serve", "-c", kafkaConfigFile(t, data, prefix, ""))
	start(t, "detect", "-c", kafkaConfigFile(t, detectData, prefix, ""))
	doomed := start(t, "detect", "-c", kafkaConfigFile(t, detect2Data, prefix, ""))
	crawl := kafkaConfigFile(t, crawlData, prefix, sources)
	start(t, "crawl", "-c", crawl)

	await(t, 5*time.Minute, "the first posts indexed", func() bool { st, ok := statusOf(t, data); return ok && st.Index != nil && st.Index.Posts > 20 })
	posts := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, posts, *killPosts)
	im := exec.CommandContext(t.Context(), os.Args[0], "import", "-c", crawl, posts)
	im.Env = append(os.Environ(), asVeghe+"=1")
	out := &lockedBuffer{}
	im.Stdout, im.Stderr = out, out
	if err := im.Start(); err != nil {
		t.Fatal(err)
	}
	broker(t, "kill", 2)
	doomed.kill()
	if err := im.Wait(); err != nil {
		t.Fatalf("import while a broker is away: %v\n%s", err, out)
	}
	broker(t, "up", 2)

	ads := demosite.New(demosite.Options{}).Ads() // all of them, also those that come late
	await(t, 10*time.Minute, "every post assessed and indexed", func() bool { return settled(t, data, *killPosts+ads) })
	if _, forbidden, media := site.Visits(); forbidden != 0 || media != 0 {
		t.Errorf("%d forbidden pages and %d pictures were fetched, want none", forbidden, media)
	}
	st, _ := statusOf(t, data)
	for _, r := range st.Accounting {
		if strings.HasPrefix(string(r.Source), "source-") && r.Dead+r.InFlight > 0 {
			t.Errorf("%s: %+v, want everything assessed", r.Source, r)
		}
	}
	serve.stop()
	wantAsUndisturbed(t, data, *killPosts) // whoever assessed them
	t.Logf("%d posts indexed, %d of them from %d ads crawled", st.Index.Posts, st.Index.Posts-*killPosts, ads)
}

// Several processes that crawl share out the sources by host: no site has two
// visitors, one that is killed leaves its own to the others, and a pause that
// any of them is told holds in all.
func TestKafkaSharedSources(t *testing.T) {
	const sites = 6
	prefix := prefixOf("shared")
	more := "canary: {off: true}\ncrawler: {operator: veghe test, contact: test@example.org}\nsources:\n"
	var visits [sites]func() int64
	for i := range sites {
		url, n := countingSite(t, fmt.Sprintf("127.0.0.%d", i+2), tellingText)
		visits[i] = n
		more += countedSource(fmt.Sprintf("s%d", i), url)
	}
	dataA, dataB := dataDir(t), dataDir(t)
	fileA, fileB := kafkaConfigFile(t, dataA, prefix, more), kafkaConfigFile(t, dataB, prefix, more)
	start(t, "crawl", "-c", fileA)
	start(t, "detect", "-c", kafkaConfigFile(t, dataDir(t), prefix, ""))
	b := start(t, "crawl", "-c", fileB)
	held := func(data string) (ids []string, ok bool) {
		st, ok := statusOf(t, data)
		for _, s := range st.Sources {
			if !s.Elsewhere {
				ids = append(ids, string(s.Source))
			}
		}
		return ids, ok
	}
	await(t, 3*time.Minute, "two processes that share the sources", func() bool {
		x, okX := held(dataA)
		y, okY := held(dataB)
		return okX && okY && len(x) > 0 && len(y) > 0 && len(x)+len(y) == sites
	})
	x, _ := held(dataA)
	y, _ := held(dataB)
	for _, id := range x {
		if slices.Contains(y, id) {
			t.Errorf("%s is visited by both", id)
		}
	}
	all := func(what string, from [sites]int64, but int) {
		t.Helper()
		await(t, 2*time.Minute, what, func() bool {
			for i := range sites {
				if i != but && visits[i]() < from[i]+2 {
					return false
				}
			}
			return true
		})
	}
	now := func() (n [sites]int64) {
		for i := range sites {
			n[i] = visits[i]()
		}
		return n
	}
	all("every site visited", now(), -1)

	// What each of them fetched for a flagged post stays, in its own folder.
	for _, data := range []string{dataA, dataB} {
		await(t, 2*time.Minute, "the captures of flagged posts kept", func() bool {
			st, ok := statusOf(t, data)
			return ok && st.Evidence != nil && st.Evidence.Kept > 0
		})
		r, err := evidence.Folder{Dir: filepath.Join(data, "evidence")}.Verify(t.Context(), "")
		if err != nil || len(r.Problems) > 0 || r.Records == 0 {
			t.Errorf("the evidence of %s: %+v, %v", data, r, err)
		}
	}

	// Paused through whoever does not visit it.
	var paused int
	if _, err := fmt.Sscanf(y[0], "s%d", &paused); err != nil {
		t.Fatal(err)
	}
	if out, err := sourceCommand(t.Context(), "pause", y[0], "-c", fileA); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	await(t, time.Minute, "the pause known to the other", func() bool {
		st, ok := statusOf(t, dataB)
		return ok && slices.ContainsFunc(st.Sources, func(s crawler.Stats) bool { return string(s.Source) == y[0] && s.Paused })
	})
	before := now()
	all("the others visited", before, paused)
	if n := visits[paused]() - before[paused]; n != 0 {
		t.Errorf("%d visits while it is paused", n)
	}

	b.kill()
	await(t, 2*time.Minute, "one process with all sources", func() bool { x, ok := held(dataA); return ok && len(x) == sites })
	before = now()
	all("every site but the paused one visited", before, paused)
	if n := visits[paused]() - before[paused]; n != 0 {
		t.Errorf("%d visits of the paused one by the process that took over", n)
	}
	b.start()
	await(t, 2*time.Minute, "the same sources back where they were", func() bool {
		got, ok := held(dataB)
		return ok && slices.Equal(got, y)
	})
}

func broker(t *testing.T, command string, n int) {
	t.Helper()
	kit := filepath.Join("..", "..", "deploy", "kafka", "kafka.sh")
	if out, err := exec.CommandContext(t.Context(), kit, command, fmt.Sprint(n)).CombinedOutput(); err != nil {
		t.Fatalf("kafka.sh %s %d: %v: %s", command, n, err, out)
	}
}
