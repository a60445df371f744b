package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"veghe"
	"veghe/detect"
)

// rulesBacktest runs the rules over stored posts, or a file of them, as the
// detect stage would: the same engine, in the order of collection. Stored
// posts are compared with what was recorded of them.
func rulesBacktest(ctx context.Context, e env, cfg config, o rulesOptions) error {
	engine, err := backtestEngine(cfg, cfg.Rules)
	if err != nil {
		return err
	}
	c := newComparison("recorded", "rules "+engine.RulesVersion(), o.n)
	same, differ := 0, 0
	bad := eachPast(ctx, e, &cfg, o.posts, func(p past) error {
		b := engine.Assess(p.post)
		c.add(p, p.recorded, &b)
		if p.recorded != nil && p.recorded.RulesVersion == b.RulesVersion {
			same++
			differ += btoi(p.recorded.Flagged != b.Flagged)
		}
		return nil
	})
	if bad != nil && !isPartial(bad) {
		return bad
	}
	c.done()
	if o.posts != "" {
		c.A = "nothing"
	}
	if err := printComparison(e.out, c, o.json); err != nil {
		return err
	}
	if !o.json && same > 0 {
		fmt.Fprintf(e.out, "%d posts were assessed by these same rules; the flag of %d differs (posts that are gone by now can be part of a history)\n", same, differ)
	}
	return bad
}

// rulesDiff compares two folders of rules over the same posts.
func rulesDiff(ctx context.Context, e env, cfg config, o rulesOptions) error {
	if len(o.args) != 2 {
		return usageError{"want two folders of rules to compare: veghe rules diff OLD NEW; - stands for the rules built in"}
	}
	a, err := backtestEngine(cfg, folderArg(o.args[0]))
	if err != nil {
		return fmt.Errorf("%s: %w", o.args[0], err)
	}
	b, err := backtestEngine(cfg, folderArg(o.args[1]))
	if err != nil {
		return fmt.Errorf("%s: %w", o.args[1], err)
	}
	c := newComparison(o.args[0]+" "+a.RulesVersion(), o.args[1]+" "+b.RulesVersion(), o.n)
	bad := eachPast(ctx, e, &cfg, o.posts, func(p past) error {
		x, y := a.Assess(p.post), b.Assess(p.post)
		c.add(p, &x, &y)
		return nil
	})
	if bad != nil && !isPartial(bad) {
		return bad
	}
	c.done()
	return errors.Join(printComparison(e.out, c, o.json), bad)
}

func folderArg(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func isPartial(err error) bool {
	var p partialError
	return errors.As(err, &p)
}

// backtestEngine is the engine of the detect stage, without the second
// opinion on languages, so that the result can be repeated.
func backtestEngine(cfg config, folder string) (*detect.Engine, error) {
	set, err := loadRules(folder)
	if err != nil {
		return nil, err
	}
	languages, _, err := newLanguages("off")
	if err != nil {
		return nil, err
	}
	return detect.New(detect.Options{Rules: set, Languages: languages, Region: cfg.Language.Region, HistoryBytes: cfg.History.MaxBytes}), nil
}

func printComparison(out io.Writer, c *comparison, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(c)
	}
	fmt.Fprintf(out, "%d posts: A is %s, B is %s\n\n", c.Posts, c.A, c.B)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\tA\tB\tBOTH\tGAINED\tLOST\tOVERLAP")
	row := func(name string, v change) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t+%d\t-%d\t%.2f\n", name, v.A, v.B, v.Both, v.B-v.Both, v.A-v.Both, v.overlap())
	}
	row("flagged", c.Flagged)
	for _, s := range slices.Backward(veghe.Severities) {
		if v, ok := c.Severities[s]; ok {
			row("  "+string(s), v)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printBy(out, "gained", c.Gained, c.SamplesGained)
	printBy(out, "lost", c.Lost, c.SamplesLost)
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tA\tB\tGAINED\tLOST\tPER 1,000 POSTS\tIN FLAGGED\tRELEVANT\tNOT RELEVANT")
	for i := range c.Rules {
		r := &c.Rules[i]
		fmt.Fprintf(w, "%s\t%d\t%d\t+%d\t-%d\t%.2f\t%d\t%d\t%d\n", r.Rule, r.A, r.B, r.B-r.Both, r.A-r.Both,
			1000*float64(r.B)/float64(max(1, c.Posts)), r.FlaggedWith, r.Relevant, r.NotRelevant)
	}
	return w.Flush()
}

func printBy(out io.Writer, what string, by map[string]int, samples []veghe.PostID) {
	if len(by) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:", what)
	for _, k := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(out, "  %s %d", oneLine(k), by[k])
	}
	ids := make([]string, len(samples))
	for i, id := range samples {
		ids[i] = oneLine(string(id))
	}
	fmt.Fprintf(out, "\n  such as %s\n", strings.Join(ids, " "))
}
