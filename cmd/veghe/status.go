package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/evidence"
	"veghe/index"
	"veghe/index/ledger"
)

// status is what `veghe status -json` prints.
type status struct {
	Version string        `json:"version"`
	Started time.Time     `json:"started"`
	Ready   bool          `json:"ready"`
	Rules   rulesStatus   `json:"rules"`
	Stream  string        `json:"stream"` // embedded or kafka
	Stages  []stageStatus `json:"stages"`
	// Accounting per source: collected = assessed + dead + in_flight.
	Accounting []ledger.Row    `json:"accounting"`
	Index      *index.Counts   `json:"index,omitempty"`
	Sources    []crawler.Stats `json:"sources"`
	Evidence   *evidence.Stats `json:"evidence,omitempty"`
}

type rulesStatus struct {
	Version string `json:"version"`
	Count   int    `json:"count"`
	// Refused says why newer rules in the folder are not in force.
	Refused string `json:"refused,omitempty"`
}

type stageStatus struct {
	Name          string  `json:"name"`
	Behind        int64   `json:"behind"`         // records yet to handle
	OldestSeconds float64 `json:"oldest_seconds"` // age of the oldest of them
	Handled       int64   `json:"handled"`        // records since the start
	Failing       string  `json:"failing,omitempty"`
}

func (a *app) status(ctx context.Context) (status, error) {
	st := status{
		Version: thisBuild().Version, Started: a.started, Ready: a.ready.Load(), Stream: "embedded",
		Rules:      a.rulesStatus(),
		Accounting: []ledger.Row{}, Sources: []crawler.Stats{},
	}
	if a.cfg.usesKafka() {
		st.Stream = "kafka"
	}
	if a.crawler != nil {
		st.Sources = append(st.Sources, a.crawler.Stats()...)
		st.Stages = append(st.Stages, stageStatus{Name: "crawl", Handled: a.count("crawl"), Failing: a.failure("crawl")})
	}
	if a.evidence != nil {
		s := a.evidence.Stats()
		st.Evidence = &s
	}
	for _, r := range a.groups() {
		s := stageStatus{Name: r.stage, Handled: a.count(r.stage), Failing: a.failure(r.stage)}
		behind, oldest, err := a.lag(ctx, r)
		if err != nil {
			s.Failing = strings.TrimPrefix(s.Failing+"; lag unknown: "+err.Error(), "; ")
		}
		s.Behind, s.OldestSeconds = behind, oldest.Seconds()
		st.Stages = append(st.Stages, s)
	}
	// What goes on beside the stream is shown while something is wrong with it.
	for _, name := range []string{"retention", "scrub", "clusters"} {
		if wrong := a.failure(name); wrong != "" {
			st.Stages = append(st.Stages, stageStatus{Name: name, Handled: a.count(name), Failing: wrong})
		}
	}
	if a.index == nil {
		return st, nil
	}
	counts, err := a.index.Count(ctx)
	if err != nil {
		return st, err
	}
	st.Index = &counts
	rows, err := a.ledger.Totals(ctx)
	st.Accounting = append(st.Accounting, rows...)
	return st, err
}

func (a *app) failure(stage string) string {
	if v, ok := a.failing.Load(stage); ok {
		return v.(string)
	}
	return ""
}

func statusCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("status", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	ready := f.Bool("ready", false, "say nothing, and fail unless it is ready: for health checks")
	if _, err := f.parse(args); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if *ready {
		return newLocal(cfg.Data).ops(ctx, http.MethodGet, "/readyz", nil)
	}
	var st status
	if err := newLocal(cfg.Data).ops(ctx, http.MethodGet, "/status", &st); err != nil {
		return withHint(err, "start it with veghe run, or name its data folder with -data (now %s)", cfg.Data)
	}
	if *asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(st)
	}
	return printStatus(e, st)
}

func printStatus(e env, st status) error {
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	state := "ready"
	if !st.Ready {
		state = "not ready"
	}
	fmt.Fprintf(w, "veghe %s, %s, up %s, stream %s, rules %s (%d)\n", st.Version, state, time.Since(st.Started).Round(time.Second), st.Stream, st.Rules.Version, st.Rules.Count)
	if st.Rules.Refused != "" {
		fmt.Fprintf(w, "newer rules are refused: %s\n", st.Rules.Refused)
	}
	if st.Index != nil {
		fmt.Fprintf(w, "index: %d posts, %d flagged, %d alerts, %d to review\n", st.Index.Posts, st.Index.Flagged, st.Index.Alerts, st.Index.Unreviewed)
	}
	if st.Evidence != nil {
		fmt.Fprintf(w, "evidence: %d segments, %.1f MB, %d captures added, %d marked to stay\n", st.Evidence.Segments, float64(st.Evidence.Bytes)/1e6, st.Evidence.Captures, st.Evidence.Kept)
	}
	fmt.Fprintln(w, "\nSTAGE\tBEHIND\tOLDEST\tHANDLED\t")
	for _, s := range st.Stages {
		fmt.Fprintf(w, "%s\t%d\t%.1f s\t%d\t%s\n", s.Name, s.Behind, s.OldestSeconds, s.Handled, s.Failing)
	}
	if len(st.Accounting) > 0 {
		fmt.Fprintln(w, "\nSOURCE\tCOLLECTED\tASSESSED\tDEAD\tIN FLIGHT")
		for _, r := range st.Accounting {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", name(r.Source), r.Collected, r.Assessed, r.Dead, r.InFlight)
		}
	}
	printSources(w, st.Sources)
	return w.Flush()
}

func printSources(w *tabwriter.Writer, sources []crawler.Stats) {
	if len(sources) == 0 {
		return
	}
	fmt.Fprintln(w, "\nVISITED\tPAGES\tNEW POSTS\tUNPARSED\tREFUSED BY ROBOTS\tLAST READ\tLAST ERROR")
	for _, s := range sources {
		last := "never"
		if !s.LastSuccess.IsZero() {
			last = s.LastSuccess.Format(time.DateTime)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", name(s.Source), s.Pages, s.New, s.Outcomes[crawler.Unparsed], s.Outcomes[crawler.Robots], last, s.LastError)
	}
}

func name(s veghe.SourceID) string {
	if s == "" {
		return "(none)"
	}
	return string(s)
}
