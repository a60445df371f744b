package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/detect"
	"veghe/detect/rule"
	"veghe/rules"
)

// rulesOptions are what the verbs of veghe rules take. Most need few of them.
type rulesOptions struct {
	verb   string
	args   []string // after the verb
	json   bool
	advise bool
	check  bool
	text   string
	only   string
	posts  string
	budget time.Duration
	n      int

	by       string // stats
	min      int    // calibrate, and those below
	out      string
	approve  string
	reviewed string
}

// rulesVerbs are the verbs, as a refusal lists them.
const rulesVerbs = "check, test, explain, backtest, diff, coverage, mutate, fmt, bench, stats, calibrate or schema"

func rulesCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("rules", e.err)
	var o rulesOptions
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.StringVar(&o.text, "text", "", "explain: the `text` to explain (else a file, or standard input)")
	f.BoolVar(&o.advise, "advice", false, "check: also show what could be tidier")
	f.StringVar(&o.only, "rule", "", "explain, mutate, bench: only these `rules`, by comma")
	f.StringVar(&o.posts, "posts", "", "backtest, diff, bench: posts from this `file` of JSON Lines instead of the stored ones")
	f.BoolVar(&o.check, "check", false, "fmt: only name what is not tidy, and fail")
	f.DurationVar(&o.budget, "budget", 0, "bench: fail when a rule takes longer per post")
	f.IntVar(&o.n, "n", 10, "backtest, diff, mutate: how many samples to name")
	f.StringVar(&o.by, "by", "", "stats: count per `lang` or source")
	f.IntVar(&o.min, "min", minCalibrate, "calibrate: how many reviews it takes at least")
	f.StringVar(&o.out, "o", "", "calibrate: write the diff to this `file`")
	f.StringVar(&o.approve, "approve", "", "calibrate: change the files of -rules, in the `name` of who approves")
	f.StringVar(&o.reviewed, "reviewed", "", "calibrate: learn from this `file`, an export as JSON Lines, instead of the data folder")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	o.verb = arg(rest, 0)
	if len(rest) > 0 {
		o.args = rest[1:]
	}
	switch o.verb {
	case "check":
		return rulesCheck(e, cfg.Rules, o.json, o.advise)
	case "test":
		return rulesTest(e, cfg, o.json)
	case "schema":
		_, err := e.out.Write(rule.Schema())
		return err
	case "explain":
		return rulesExplain(e, cfg, o)
	case "backtest":
		return rulesBacktest(ctx, e, cfg, o)
	case "diff":
		return rulesDiff(ctx, e, cfg, o)
	case "coverage":
		return rulesCoverage(e, cfg, o)
	case "mutate":
		return rulesMutate(e, cfg, o)
	case "fmt":
		return rulesFmt(e, cfg.Rules, o)
	case "stats":
		return rulesStats(ctx, e, cfg, o)
	case "calibrate":
		return rulesCalibrate(ctx, e, cfg, o)
	case "bench":
		return rulesBench(e, cfg, o)
	default:
		return usageError{fmt.Sprintf("there is no %q, want %s", o.verb, rulesVerbs)}
	}
}

func rulesFS(folder string) fs.FS {
	if folder == "" {
		return rules.FS
	}
	return os.DirFS(folder)
}

// problemJSON is a problem as editors and CI read it.
type problemJSON struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Warning bool   `json:"warning,omitempty"`
}

// rulesCheck shows every problem: what keeps the rules from loading, then
// what only this command demands, then advice.
func rulesCheck(e env, folder string, asJSON, advise bool) error {
	if _, err := fs.Stat(rulesFS(folder), "."); err != nil {
		return withHint(fmt.Errorf("no folder of rules at %s", folder), "copy the rules folder of the repository as a start")
	}
	pack, err := rule.Load(rulesFS(folder))
	var problems, advice rule.Problems
	if err != nil {
		if !errors.As(err, &problems) {
			return err
		}
	} else {
		problems = rule.Check(pack)
		if advise {
			advice = rule.Advise(pack)
		}
		if _, err := rule.Compile(pack); err != nil && len(problems) == 0 {
			return err
		}
	}
	if asJSON {
		err = problemsJSON(e.out, problems, advice)
	} else {
		for _, p := range advice {
			fmt.Fprintf(e.err, "advice: %v\n", p)
		}
		for _, p := range problems {
			fmt.Fprintln(e.err, p)
		}
	}
	if len(problems) > 0 {
		return errors.Join(err, fmt.Errorf("%d problems", len(problems)))
	}
	if !asJSON {
		_, err = fmt.Fprintf(e.out, "%d rules are sound (%d files)\n", len(pack.Rules), len(pack.Files))
	}
	return err
}

func problemsJSON(w io.Writer, problems, advice rule.Problems) error {
	out := []problemJSON{}
	for i, list := range []rule.Problems{problems, advice} {
		for _, p := range list {
			out = append(out, problemJSON{p.Path, p.Line, p.Column, p.Msg, i == 1})
		}
	}
	return json.NewEncoder(w).Encode(out)
}

// rulesTest runs every example through the whole engine: with language,
// contacts and quotations, as in production.
func rulesTest(e env, cfg config, asJSON bool) error {
	set, engine, err := analystEngine(cfg)
	if err != nil {
		return err
	}
	res := rule.Test(set, func(ex *rule.Example) []veghe.Finding {
		return engine.Findings(*ex.Post(), ex.Features)
	})
	if asJSON {
		out := map[string]any{"passed": res.Passed, "failed": outcomes(res.Failed), "todo": outcomes(res.Todo), "fixed": outcomes(res.Fixed)}
		if err := json.NewEncoder(e.out).Encode(out); err != nil {
			return err
		}
	} else {
		for _, o := range res.Failed {
			fmt.Fprintln(e.err, o)
		}
		for _, o := range res.Todo {
			fmt.Fprintf(e.out, "known miss: %v\n", o)
		}
		for _, o := range res.Fixed {
			fmt.Fprintf(e.out, "matches by now, make it \"match: true\": %v\n", o)
		}
	}
	if len(res.Failed) > 0 {
		return fmt.Errorf("%d of %d examples do not hold", len(res.Failed), res.Total())
	}
	if !asJSON {
		_, err = fmt.Fprintf(e.out, "%d examples hold, %d known misses\n", res.Passed, len(res.Todo))
	}
	return err
}

func outcomes(list []rule.Outcome) []string {
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = o.String()
	}
	return out
}

func analystEngine(cfg config) (*rule.Set, *detect.Engine, error) {
	set, err := loadRulesWhole(cfg.Rules)
	if err != nil {
		return nil, nil, err
	}
	languages, _, err := newLanguages("off")
	if err != nil {
		return nil, nil, err
	}
	return set, detect.New(detect.Options{Rules: set, Languages: languages, Region: cfg.Language.Region, Stateless: true}), nil
}

// rulesExplain says what the rules see in one text: plain text, or a post in
// JSON.
func rulesExplain(e env, cfg config, o rulesOptions) error {
	set, engine, err := analystEngine(cfg)
	if err != nil {
		return err
	}
	post, err := explainPost(e, o)
	if err != nil {
		return err
	}
	ids, err := ruleIDs(set, o.only)
	if err != nil {
		return err
	}
	explanation, assessment := engine.Explain(post, ids...)
	sums := detect.Explain(set.Policies(), assessment)
	segments, err := segmentViews(post.Text)
	if err != nil {
		return err
	}
	if o.json {
		enc := json.NewEncoder(e.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(map[string]any{"rules": explanation, "languages": segments, "assessment": assessment, "sums": sums})
	}
	fmt.Fprint(e.out, explanation)
	fmt.Fprintln(e.out, "\nlanguages")
	for _, l := range segments {
		fmt.Fprintf(e.out, "  %d–%d  %s, %.1f nats before the next", l.Start, l.End, l.Lang, l.Margin)
		if len(l.Candidates) > 1 {
			fmt.Fprintf(e.out, "; rules run in %s", strings.Join(l.Candidates, " "))
		}
		fmt.Fprintln(e.out)
	}
	if len(assessment.Contacts) > 0 {
		fmt.Fprintln(e.out, "\ncontacts")
		for _, c := range assessment.Contacts {
			fmt.Fprintf(e.out, "  %d–%d  %s %s\n", c.Start, c.End, c.Kind, oneLine(c.Value))
		}
	}
	fmt.Fprintln(e.out)
	for _, s := range sums {
		fmt.Fprint(e.out, s)
	}
	fmt.Fprintln(e.out)
	printAssessment(e.out, &post, &assessment)
	return nil
}

// segmentView is a stretch of a text with its language, as explain shows it.
type segmentView struct {
	Start      int      `json:"start"`
	End        int      `json:"end"`
	Lang       string   `json:"lang"`
	Candidates []string `json:"candidates"`
	// Margin is how much likelier the language is than the next, in nats.
	Margin float64 `json:"margin"`
}

func segmentViews(text string) ([]segmentView, error) {
	languages, _, err := newLanguages("off")
	if err != nil {
		return nil, err
	}
	out := []segmentView{}
	for _, s := range languages.Detect(text) {
		out = append(out, segmentView{s.Start, s.End, s.Lang, s.Candidates, s.Margin})
	}
	return out, nil
}

// ruleIDs reads ids of rules or indicators, by comma.
func ruleIDs(set *rule.Set, list string) (ids []veghe.RuleID, err error) {
	known := func(id veghe.RuleID) bool {
		return slices.ContainsFunc(set.Rules(), func(r *rule.Rule) bool { return r.ID == id || veghe.RuleID(r.Indicator) == id })
	}
	for id := range strings.SplitSeq(list, ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		if !known(veghe.RuleID(id)) {
			return nil, fmt.Errorf("there is no rule %q", id)
		}
		ids = append(ids, veghe.RuleID(id))
	}
	return ids, nil
}

func explainPost(e env, o rulesOptions) (veghe.Post, error) {
	in := []byte(o.text)
	if o.text == "" {
		name := arg(o.args, 0)
		var err error
		if name == "" || name == "-" {
			in, err = io.ReadAll(io.LimitReader(e.in, veghe.MaxPost+1))
		} else {
			in, err = os.ReadFile(name)
		}
		if err != nil {
			return veghe.Post{}, err
		}
	}
	if p, err := veghe.ParsePost(in); err == nil {
		return p, nil
	}
	if len(strings.TrimSpace(string(in))) == 0 {
		return veghe.Post{}, usageError{"nothing to explain: give -text, a file, or standard input"}
	}
	p := veghe.Post{Text: strings.ToValidUTF8(string(in), "\ufffd")}
	p.Identify()
	return p, nil
}
