//go:build kafka

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe/index"
	"veghe/rules"
)

// importing starts an import into the cluster; wait wants it to have worked.
func importing(ctx context.Context, t *testing.T, cfg, posts string) (wait func()) {
	t.Helper()
	im := exec.CommandContext(ctx, os.Args[0], "import", "-wait", "3m", "-c", cfg, posts)
	im.Env = append(os.Environ(), asVeghe+"=1")
	var out bytes.Buffer
	im.Stdout, im.Stderr = &out, &out
	if err := im.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := im.Wait(); err != nil {
			t.Fatalf("import: %v\n%s", err, &out)
		}
	}
}

// Two detect processes and a serve process, of which one is killed at a random
// moment, again and again, while posts come in: nothing is lost, nothing is
// there twice, and every post is judged as if nobody had been killed.
func TestKafkaStageKills(t *testing.T) {
	prefix, data := prefixOf("stages"), dataDir(t)
	stages := []*process{start(t, "serve", "-c", kafkaConfigFile(t, data, prefix, ""))}
	for range 2 {
		stages = append(stages, start(t, "detect", "-c", kafkaConfigFile(t, dataDir(t), prefix, "")))
	}
	await(t, 2*time.Minute, "the first start", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })
	posts := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, posts, *killPosts)
	wait := importing(t.Context(), t, kafkaConfigFile(t, dataDir(t), prefix, ""), posts)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	killed := make([]int, len(stages))
	for range *killRounds {
		pause := time.NewTimer(time.Duration(rng.IntN(4000)) * time.Millisecond)
		select {
		case <-pause.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
		i := rng.IntN(len(stages))
		stages[i].kill()
		stages[i].start()
		killed[i]++
	}
	wait()
	await(t, 10*time.Minute, "everything assessed and indexed", func() bool { return settled(t, data, *killPosts) })
	stages[0].stop()
	wantIndexedOnce(t, data, *killPosts)
	wantAsUndisturbed(t, data, *killPosts)
	t.Logf("serve was killed %d times, the detect processes %d and %d times", killed[0], killed[1], killed[2])
}

var previousBinary = flag.String("previous.binary", "", "a veghe of the version before, which TestKafkaRolling upgrades from")

// Every stage is stopped and started once, one after the other, as an upgrade
// is rolled out (from an older program with -previous.binary), and comes back
// with other rules: nothing is lost, the desk
// says of each post which rules judged it, and both sets did.
func TestKafkaRolling(t *testing.T) {
	prefix, data := prefixOf("rolling"), dataDir(t)
	before, after := rulesFolder(t, ""), rulesFolder(t, rolledRule)
	config := func(data, rules string) string {
		return kafkaConfigFile(t, data, prefix, "rules: "+rules+"\n")
	}
	serve := startOther(t, *previousBinary, "serve", "-c", config(data, before))
	folders := []string{dataDir(t), dataDir(t)}
	detects := []*process{
		startOther(t, *previousBinary, "detect", "-c", config(folders[0], before)),
		startOther(t, *previousBinary, "detect", "-c", config(folders[1], before)),
	}
	await(t, 2*time.Minute, "the first start", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })

	offered := *killPosts / 4 * 4
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, path, offered)
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(all), "\n")
	from := kafkaConfigFile(t, dataDir(t), prefix, "")
	step := func(part int, do func()) {
		t.Helper()
		path := filepath.Join(t.TempDir(), fmt.Sprint("part", part))
		text := strings.Join(lines[part*offered/4:(part+1)*offered/4], "")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wait := importing(t.Context(), t, from, path)
		do()
		wait()
	}
	step(0, func() {})
	for i, p := range detects {
		step(1+i, func() {
			p.stop()
			detects[i] = start(t, "detect", "-c", config(folders[i], after))
		})
	}
	step(3, func() {
		serve.stop()
		serve = start(t, "serve", "-c", config(data, after))
	})
	await(t, 10*time.Minute, "everything assessed and indexed", func() bool { return settled(t, data, offered) })
	serve.stop()
	wantIndexedOnce(t, data, offered)

	x, err := index.Open(t.Context(), filepath.Join(data, "index"), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	versions := map[string]int{}
	for i := range offered {
		hit, err := x.Get(t.Context(), postID(i))
		if err != nil {
			t.Fatal(err)
		}
		versions[hit.Assessment.RulesVersion]++
	}
	old, err := loadRules(before)
	if err != nil {
		t.Fatal(err)
	}
	next, err := loadRules(after)
	if err != nil {
		t.Fatal(err)
	}
	if versions[old.Version()] == 0 || versions[next.Version()] == 0 || len(versions) != 2 {
		t.Errorf("posts by version of the rules: %v, want some of %s and of %s", versions, old.Version(), next.Version())
	}
	t.Logf("posts by version of the rules: %v", versions)
}

const rolledRule = `
indicator: ROLL-01
title: Invented sign of a test
category: recruitment
family: rolled
strength: medium
status: experimental
why: a test of the roll-out uses the word
falsepositives: [none, the word is invented]
signals:
  word: {ro: [rulatazi], en: [rolledtoday]}
condition: word
examples:
  - {lang: ro, match: true, text: "rulatazi aici"}
  - {lang: ro, match: true, text: "este rulatazi"}
  - {lang: ro, match: false, text: "o zi obisnuita"}
  - {lang: ro, match: false, text: "alta zi obisnuita"}
  - {lang: en, match: true, text: "it is rolledtoday"}
  - {lang: en, match: true, text: "rolledtoday again"}
  - {lang: en, match: false, text: "an ordinary day"}
  - {lang: en, match: false, text: "another ordinary day"}
`

// rulesFolder copies the shipped rules, with one more if given.
func rulesFolder(t *testing.T, more string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rules")
	if err := os.CopyFS(dir, rules.FS); err != nil {
		t.Fatal(err)
	}
	if more == "" {
		return dir
	}
	if err := os.WriteFile(filepath.Join(dir, "recruitment", "rolled.yaml"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
