//go:build kafka

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe/crawler/demosite"
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

func broker(t *testing.T, command string, n int) {
	t.Helper()
	kit := filepath.Join("..", "..", "deploy", "kafka", "kafka.sh")
	if out, err := exec.CommandContext(t.Context(), kit, command, fmt.Sprint(n)).CombinedOutput(); err != nil {
		t.Fatalf("kafka.sh %s %d: %v: %s", command, n, err, out)
	}
}
