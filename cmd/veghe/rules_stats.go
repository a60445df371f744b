package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/index/desk"
)

// rulesStats says how often people agreed with each rule. It reads the desk's
// store, also beside a running veghe.
func rulesStats(ctx context.Context, e env, cfg config, o rulesOptions) error {
	if o.by != "" {
		return rulesStatsBy(ctx, e, cfg, o)
	}
	d, err := openDeskBeside(ctx, &cfg)
	if err != nil {
		return err
	}
	all, err := d.Precisions(ctx, time.Now())
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	if o.json {
		if all == nil {
			all = []desk.Precision{}
		}
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"rules": all})
	}
	return printStats(e.out, all)
}

func printStats(out io.Writer, all []desk.Precision) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tDECISIONS\tUNSURE\tPRECISION\t95 %\tLAST 30 DAYS\tBEFORE\t")
	drifting := 0
	for i := range all {
		p := &all[i]
		note := ""
		if p.Drift != "" {
			note = "! " + string(p.Drift)
			drifting++
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\t%s\n", p.Rule, p.Tally().N(), p.Unsure, shareWords(p.Share), tallyWords(p.Recent), tallyWords(p.Before), note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d rules with decisions; %d with a precision that changed lately. The posts are those people reviewed, mostly flagged ones: a rule by itself is right less often.\n", len(all), drifting)
	return err
}

// shareWords are two columns: the share and its interval.
func shareWords(s *desk.Share) string {
	if s == nil {
		return "too few\t"
	}
	return fmt.Sprintf("%.2f\t%.2f–%.2f", s.Value, s.Low, s.High)
}

func tallyWords(t desk.Tally) string { return fmt.Sprintf("%d of %d", t.Relevant, t.N()) }

// statsBy is one rule in one language or source.
type statsBy struct {
	Rule  veghe.RuleID `json:"rule"`
	Value string       `json:"value"`
	desk.Tally
	Share *desk.Share `json:"precision,omitempty"`
}

// rulesStatsBy counts per language or source, by what was recorded of the
// posts that are still kept.
func rulesStatsBy(ctx context.Context, e env, cfg config, o rulesOptions) error {
	if o.by != "lang" && o.by != "source" {
		return usageError{fmt.Sprintf("-by is %q, want lang or source", o.by)}
	}
	decided, err := readDecisions(ctx, &cfg)
	if err != nil {
		return err
	}
	counts := map[[2]string]*statsBy{}
	err = eachPast(ctx, e, &cfg, "", func(p past) error {
		d := decided[p.post.ID].Decision
		if d != veghe.Relevant && d != veghe.NotRelevant {
			return nil
		}
		value := string(p.post.Source)
		if o.by == "lang" {
			value = mainLanguage(*p.recorded)
		}
		for id := range rulesIn(p.recorded) {
			key := [2]string{string(id), value}
			c := counts[key]
			if c == nil {
				c = &statsBy{Rule: id, Value: value}
				counts[key] = c
			}
			c.Relevant += btoi(d == veghe.Relevant)
			c.NotRelevant += btoi(d == veghe.NotRelevant)
		}
		return nil
	})
	if err != nil {
		return err
	}
	all := make([]statsBy, 0, len(counts))
	for _, c := range counts {
		c.Share = c.Tally.Share()
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b statsBy) int { return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Value, b.Value)) })
	if o.json {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"by": o.by, "rules": all})
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "RULE\t%s\tDECISIONS\tRELEVANT\tPRECISION\t95 %%\n", map[string]string{"lang": "LANGUAGE", "source": "SOURCE"}[o.by])
	for i := range all {
		c := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", c.Rule, oneLine(c.Value), c.N(), c.Relevant, shareWords(c.Share))
	}
	return w.Flush()
}
