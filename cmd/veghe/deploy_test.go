package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Whoever is woken by an alert finds a page that says what to do, every alert
// has a test in which it fires, and what alerts, recording rules and
// dashboards ask for is what veghe measures.

var deployDir = filepath.Join("..", "..", "deploy")

// ruleFile is the part of a Prometheus rule file that is looked at.
type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Record, Expr string
			Labels              map[string]string
			Annotations         map[string]string
		}
	}
}

func readYAML(t *testing.T, into any, elem ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err == nil {
		err = yaml.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatalf("%v: %v", elem, err)
	}
}

func TestEveryAlertHasAPage(t *testing.T) {
	var alerts ruleFile
	readYAML(t, &alerts, deployDir, "prometheus", "alerts.yml")
	var tests string
	for _, f := range []string{"alerts_test.yml", "alerts_slow_test.yml"} {
		b, err := os.ReadFile(filepath.Join(deployDir, "prometheus", f))
		if err != nil {
			t.Fatal(err)
		}
		tests += string(b)
	}
	pages := map[string]bool{}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			page := "docs/runbooks/" + r.Alert + ".md"
			if r.Annotations["runbook_url"] != page {
				t.Errorf("%s: runbook_url is %q, want %s", r.Alert, r.Annotations["runbook_url"], page)
			}
			pages[r.Alert+".md"] = true
			text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
			if err != nil {
				t.Error(err)
			}
			for _, part := range []string{"# " + r.Alert + "\n", "## What it means\n", "## How to see it\n", "## What to do\n"} {
				if !strings.Contains(string(text), part) {
					t.Errorf("%s has no %q", page, part)
				}
			}
			if s := r.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity is %q, want page or ticket", r.Alert, s)
			}
			if !strings.Contains(tests, "runbook_url: "+page) {
				t.Errorf("%s fires in no test", r.Alert)
			}
		}
	}
	found, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "Veghe*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if !pages[filepath.Base(f)] {
			t.Errorf("%s is about no alert", f)
		}
	}
}

// asked are the expressions of alerts, recording rules and dashboards, by
// where they stand.
func asked(t *testing.T) (exprs map[string]string, recorded []string) {
	t.Helper()
	exprs = map[string]string{}
	for _, file := range []string{"alerts.yml", "recording.yml"} {
		var f ruleFile
		readYAML(t, &f, deployDir, "prometheus", file)
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				exprs[file+": "+r.Alert+r.Record] = r.Expr
				if r.Record != "" {
					recorded = append(recorded, r.Record)
				}
			}
		}
	}
	boards, err := filepath.Glob(filepath.Join(deployDir, "grafana", "dashboards", "*.json"))
	if err != nil || len(boards) < 3 {
		t.Fatalf("dashboards %v, %v; want three", boards, err)
	}
	for _, file := range boards {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatal(err)
		}
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				exprs[filepath.Base(file)+": "+p.Title+": "+q.Expr] = q.Expr
			}
		}
	}
	return exprs, recorded
}

var (
	metricName = regexp.MustCompile(`\b(?:[a-z]+:)?veghe[a-z0-9_:]*\b|\bprocess_[a-z_]+\b|\bup\b`)
	selector   = regexp.MustCompile(`([a-z_:0-9]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"`)
	inQuotes   = regexp.MustCompile(`"[^"]*"`)
)

func TestQueriesNameWhatIsMeasured(t *testing.T) {
	exprs, recorded := asked(t)
	labels := map[string][]string{"up": nil}
	for _, d := range newMetrics("test").described {
		labels[d.Name] = d.Labels
		if d.Type == "histogram" {
			for _, s := range []string{"_bucket", "_sum", "_count"} {
				labels[d.Name+s] = append([]string{"le"}, d.Labels...)
			}
		}
	}
	for name, l := range canaryLabels(t) {
		labels[name], labels[name+"_bucket"] = l, append([]string{"le"}, l...)
	}
	for _, r := range recorded {
		labels[r] = []string{"stage", "hop", "source", "indicator"}
	}
	for where, e := range exprs {
		for _, m := range metricName.FindAllString(inQuotes.ReplaceAllString(e, `""`), -1) {
			if _, ok := labels[m]; !ok && !strings.HasPrefix(m, "process_") {
				t.Errorf("%s asks for %s, which veghe does not measure", where, m)
			}
		}
		for _, s := range selector.FindAllStringSubmatch(e, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				if l := m[1]; l != "job" && l != "instance" && !slices.Contains(labels[s[1]], l) {
					t.Errorf("%s selects %s by %s, want one of %v", where, s[1], l, labels[s[1]])
				}
			}
		}
	}
	if len(exprs) < 60 {
		t.Errorf("only %d expressions were found", len(exprs))
	}
}
