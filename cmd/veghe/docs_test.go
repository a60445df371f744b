package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// wantPage holds a page of docs against what the code says now. With -update
// it is rewritten.
func wantPage(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/%s is stale: run make docs (-page +code):\n%s", name, diff)
	}
}

// labelValues says of each label what it may be, and so how many series there
// are at most.
var labelValues = map[string]string{
	"source":     fmt.Sprintf("id of a source; configured ones first, at most %d, then `other`; `none` without one", maxSources),
	"category":   "`recruitment`, `grooming`",
	"severity":   "`low`, `medium`, `high`, `critical`",
	"indicator":  fmt.Sprintf("id of an indicator, at most %d, then `other`", maxIndicators),
	"rule":       fmt.Sprintf("id of a rule, at most %d, then `other`", maxRules),
	"language":   "code of a language veghe tells apart, or `und`",
	"shadow":     "`true`, `false`",
	"state":      "a fixed set of words",
	"hop":        "`" + strings.Join([]string{hopPosted, hopAssessed, hopSearching, hopAll}, "`, `") + "`",
	"stage":      "`crawl`, `detect`, `evidence`, `index`, `ledger`, `reviews`, `changes`, `watches`, `retention`, `scrub`, `clusters`",
	"topic":      "one of the topics",
	"group":      "a stage's group; one more for each serving node",
	"decision":   "`relevant`, `not_relevant`, `unsure`",
	"event":      "a fixed set of words",
	"outcome":    "how a visit or a note ended, a fixed set of words",
	"channel":    "`webhooks` or `mail` and the name in the configuration",
	"kind":       "`gone`, `back`, `again`",
	"result":     "`searchable`, `unflagged`, `failed`",
	"part":       "of retention `index`, `evidence`; of what is looked through `posts`, `index`, `ledger`, `desk`, `trail`, `frontier`",
	"route":      "a route of desk or API, never an address",
	"code":       "an HTTP status",
	"version":    "of veghe",
	"go_version": "of Go",
}

// canaryLabels are the metrics about canaries, which come with the stages, and
// their labels.
func canaryLabels(t *testing.T) map[string][]string {
	t.Helper()
	r := prometheus.NewRegistry()
	newCanaryMetrics(r, allStages, false)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, f := range families {
		labels := []string{}
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		out[f.GetName()] = labels
	}
	return out
}

func TestMetricsPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Metrics\n\nMade from the code by `make docs`; a test fails when it is stale. `http://127.0.0.1:8421/metrics` has them, in the formats of Prometheus and OpenMetrics. " +
		"Histograms are native histograms for a Prometheus that asks for them, with classic buckets for one that does not. " +
		"The metrics of the Go runtime (`go_`) and of the process (`process_`) are there as well.\n")
	about := ""
	used := map[string]bool{}
	for _, d := range newMetrics("test").described {
		if d.About != about {
			about = d.About
			fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", about)
		}
		labels := make([]string, len(d.Labels))
		for i, l := range d.Labels {
			labels[i], used[l] = "`"+l+"`", true
			if labelValues[l] == "" {
				t.Errorf("%s: nothing says how many values %s may have", d.Name, l)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, strings.Join(labels, " "), d.Help)
	}
	b.WriteString("\n## Canaries\n\n| metric | labels |\n|---|---|\n")
	canaries := canaryLabels(t)
	for _, name := range sortedKeys(canaries) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.Join(canaries[name], " "))
		for _, l := range canaries[name] {
			used[l] = true
		}
	}
	fmt.Fprintf(&b, "\n## Labels\n\nNo post, author, address or text is ever a label. Alerts have five labels; past %d different combinations their sources are no longer told apart.\n\n| label | values |\n|---|---|\n", maxAlertSeries)
	for _, l := range sortedKeys(labelValues) {
		if !used[l] {
			t.Errorf("no metric has the label %s", l)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", l, labelValues[l])
	}
	wantPage(t, "metrics.md", b.String())
}
