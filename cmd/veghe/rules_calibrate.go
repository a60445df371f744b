package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"veghe"
	"veghe/detect"
	"veghe/detect/model"
	"veghe/detect/rule"
	"veghe/index/desk"
)

const (
	minCalibrate = 200 // decisions in a category
	minEither    = 20  // of them on either side
	minSeen      = 10  // decisions on posts with a rule, to change its weight
	leastChange  = 0.05
	leastAgainst = -0.05 // weight of what speaks against, at most

	// spread is how far a prior weight is thought to be off, in log odds: the
	// steps between weak, medium and strong are 0.7 and 1.2.
	spread = 0.7

	calibrateFolds = 5
)

// calibration is what reviews say about the weights of one category.
type calibration struct {
	Category veghe.Category `json:"category"`
	Reviews  int            `json:"reviews"`
	Relevant int            `json:"relevant"`
	Groups   int            `json:"groups"`
	First    time.Time      `json:"first,omitzero"`
	Last     time.Time      `json:"last,omitzero"`
	// TooFew says why the category is left as it is.
	TooFew string `json:"too_few,omitempty"`
	// Unflagged counts reviewed posts that the rules do not flag: without any,
	// nothing is known of what it takes to flag.
	Unflagged int `json:"unflagged"`
	// Capped counts reviewed posts in which a family cap takes something off.
	Capped int             `json:"capped"`
	Before quality         `json:"before"`
	After  quality         `json:"after"`
	Gain   gain            `json:"gain"`
	Rules  []newWeight     `json:"rules"`
	policy *rule.Policy    // of the category
	posts  []*reviewedPost // that count
}

// quality is measured on posts that share nothing with those learnt from.
type quality struct {
	LogLoss float64 `json:"log_loss"` // nats per decision
	ROC     float64 `json:"roc_auc"`
}

// gain is after less before, with 95 % of a bootstrap over groups.
type gain struct {
	LogLoss model.Interval `json:"log_loss"`
	ROC     model.Interval `json:"roc_auc"`
}

// better reports whether new weights foretell decisions better, beyond chance.
func (g gain) better() bool { return g.LogLoss.High < 0 }

// newWeight is one rule before and after.
type newWeight struct {
	Rule           veghe.RuleID  `json:"rule"`
	Family         string        `json:"family"`
	Seen           int           `json:"seen"`     // reviewed posts in which it counts
	Relevant       int           `json:"relevant"` // of them
	Before         float64       `json:"before"`
	After          float64       `json:"after"`
	Error          float64       `json:"error"` // standard error
	StrengthBefore rule.Strength `json:"strength_before"`
	StrengthAfter  rule.Strength `json:"strength_after"`
	Changes        bool          `json:"changes"` // enough was seen, and it moves
	// Contrary says that the reviews point the other way than the rule means:
	// the weight stops near 0, and the rule wants looking at.
	Contrary bool `json:"contrary,omitempty"`
}

// rulesCalibrate fits the weights of rules to what people decided. It changes
// nothing unless somebody approves by name.
func rulesCalibrate(ctx context.Context, e env, cfg config, o rulesOptions) error {
	if err := o.checkCalibrate(cfg); err != nil {
		return err
	}
	set, err := loadRules(cfg.Rules)
	if err != nil {
		return err
	}
	r, bad := readReviewed(ctx, e, cfg, o.reviewed)
	if r == nil {
		return bad
	}
	all, err := calibrate(set.Policies(), r, o.min)
	if err != nil {
		return errors.Join(err, bad)
	}
	if !slices.ContainsFunc(all, func(c *calibration) bool { return c.TooFew == "" }) {
		return errors.Join(tooFew(all, r), bad)
	}
	edit, err := editWeights(rulesFS(cfg.Rules), set, all, approval{o.approve, time.Now().UTC()})
	if err != nil {
		return errors.Join(err, bad)
	}
	return errors.Join(deliver(ctx, e, cfg, o, all, r, edit), bad)
}

func (o *rulesOptions) checkCalibrate(cfg config) error {
	switch {
	case o.min < minCalibrate:
		return usageError{fmt.Sprintf("-min is %d, want %d or more: weights fitted to fewer reviews follow chance", o.min, minCalibrate)}
	case o.approve == "":
		return nil
	case cfg.Rules == "":
		return usageError{"-approve changes rule files, want their folder too: -rules FOLDER"}
	case len(o.approve) > 100 || strings.TrimSpace(o.approve) == "" || !utf8.ValidString(o.approve) || oneLine(o.approve) != o.approve:
		return usageError{"-approve wants a name of one line, at most 100 bytes"}
	}
	return nil
}

func tooFew(all []*calibration, r *reviewedPosts) error {
	var why []string
	for _, c := range all {
		why = append(why, fmt.Sprintf("%s: %s", c.Category, c.TooFew))
	}
	err := fmt.Errorf("too few reviews to calibrate\n  %s", strings.Join(why, "\n  "))
	if r.unsure+r.gone > 0 {
		err = fmt.Errorf("%w\n  not counted: %d unsure, %d of posts that are no longer kept", err, r.unsure, r.gone)
	}
	return withHint(err, "a post counts where rules of the category found something in it; unflagged posts can be reviewed too")
}

// calibrate fits each category by itself.
func calibrate(policies []rule.Policy, r *reviewedPosts, least int) ([]*calibration, error) {
	var all []*calibration
	for i := range policies {
		c := &calibration{Category: policies[i].Category, policy: &policies[i]}
		c.choose(r)
		if no := c.Reviews - c.Relevant; c.Reviews < least || c.Relevant < minEither || no < minEither {
			c.TooFew = fmt.Sprintf("%d reviews, %d relevant and %d not, want %d or more and %d of either", c.Reviews, c.Relevant, no, least, minEither)
		} else if fold, err := model.Folds(c.groups(), c.labels(), calibrateFolds); err != nil {
			c.TooFew = err.Error()
		} else if err := c.fit(fold); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Category, err)
		}
		all = append(all, c)
	}
	settleCommon(all)
	return all, nil
}

// choose takes the posts that tell something about the category: in which its
// rules found something, and, of the relevant ones, those that are more about
// it than about another, since a person decides on the post and not on the
// category.
func (c *calibration) choose(r *reviewedPosts) {
	groups := map[int]bool{}
	for i := range r.posts {
		p := &r.posts[i]
		if len(detect.Counted(c.policy, p.evidence())) == 0 || p.relevant && topCategory(veghe.Assessment{Score: p.score}) != c.Category {
			continue
		}
		c.posts = append(c.posts, p)
		c.Relevant += btoi(p.relevant)
		c.Unflagged += btoi(!p.flagged)
		c.Capped += btoi(detect.CapsBite(c.policy, p.evidence()))
		groups[p.group] = true
		if p.at.IsZero() {
			continue
		}
		if c.First.IsZero() || p.at.Before(c.First) {
			c.First = p.at
		}
		if p.at.After(c.Last) {
			c.Last = p.at
		}
	}
	c.Reviews, c.Groups = len(c.posts), len(groups)
}

func (c *calibration) groups() []int {
	out := make([]int, len(c.posts))
	for i, p := range c.posts {
		out[i] = p.group
	}
	return out
}

func (c *calibration) labels() []bool {
	out := make([]bool, len(c.posts))
	for i, p := range c.posts {
		out[i] = p.relevant
	}
	return out
}

// design numbers the rules that were seen, and the posts as rows of numbers.
type design struct {
	rules  []veghe.RuleID
	family []string
	prior  []float64
	rows   []model.Row
}

func (c *calibration) design() design {
	var d design
	seen := map[veghe.RuleID]veghe.Finding{}
	counted := make([][]veghe.Finding, len(c.posts))
	for i, p := range c.posts {
		counted[i] = detect.Counted(c.policy, p.evidence())
		for _, f := range counted[i] {
			seen[f.Rule] = f
		}
	}
	number := map[veghe.RuleID]int{}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		number[id] = len(d.rules)
		d.rules = append(d.rules, id)
		d.family = append(d.family, seen[id].Family)
		d.prior = append(d.prior, seen[id].Weight)
	}
	for i, p := range c.posts {
		row := model.Row{Positive: p.relevant}
		for _, f := range counted[i] {
			row.Features = append(row.Features, number[f.Rule])
		}
		d.rows = append(d.rows, row)
	}
	return d
}

// fit finds the weights, and measures what they are worth on posts that share
// no author, thread or template with those they were fitted to.
func (c *calibration) fit(fold []int) error {
	d := c.design()
	fitted, err := model.Ridge(d.rows, d.prior, spread)
	if err != nil {
		return err
	}
	for j, id := range d.rules {
		w := newWeight{Rule: id, Family: d.family[j], Before: d.prior[j], Error: fitted.Errors[j]}
		w.After, w.Contrary = rounded(d.prior[j], fitted.Weights[j])
		for i := range d.rows {
			if slices.Contains(d.rows[i].Features, j) {
				w.Seen++
				w.Relevant += btoi(d.rows[i].Positive)
			}
		}
		w.Contrary = w.Contrary && w.Seen >= minSeen
		w.Changes = w.Seen >= minSeen && !c.policy.Wording.Finds(id) && // which has no weight of its own
			math.Abs(w.After-w.Before) >= leastChange
		if !w.Changes {
			w.After = w.Before
		}
		w.StrengthBefore, w.StrengthAfter = detect.StrengthOf(c.policy, w.Before), detect.StrengthOf(c.policy, w.After)
		c.Rules = append(c.Rules, w)
	}
	return c.validate(d, fold)
}

// rounded is a fitted weight as it is written: two decimals, and never of the
// other sign than the prior. A sign of danger does not become one of innocence
// by statistics, nor the other way round; that takes a person. What speaks
// against stays below 0, else it would count as a weak sign for the gate.
func rounded(before, fitted float64) (after float64, contrary bool) {
	after = math.Round(fitted*100) / 100
	switch {
	case before < 0:
		return min(after, leastAgainst), after > 0
	case after < 0:
		return 0, true
	}
	return after, false
}

// validate compares prior and fitted weights on folds that share no group.
func (c *calibration) validate(d design, fold []int) error {
	labels := c.labels()
	before, after := make([]float64, len(c.posts)), make([]float64, len(c.posts))
	for k := range calibrateFolds {
		var train []model.Row
		for i := range d.rows {
			if fold[i] != k {
				train = append(train, d.rows[i])
			}
		}
		fitted, err := model.Ridge(train, d.prior, spread)
		if err != nil {
			return err
		}
		weights := map[veghe.RuleID]float64{}
		for j, id := range d.rules {
			weights[id], _ = rounded(d.prior[j], fitted.Weights[j])
		}
		c.score(before, fold, k, labels, nil)
		c.score(after, fold, k, labels, weights)
	}
	c.compare(c.groups(), labels, before, after)
	return nil
}

// score fills the log odds of the posts of one fold, as the policy adds them
// up, caps and evasion included. Only the intercept is taken from the other
// folds: how often reviewed posts are relevant is not the policy's prior.
func (c *calibration) score(out []float64, fold []int, k int, labels []bool, weights map[veghe.RuleID]float64) {
	var offsets []float64
	var positive []bool
	for i, p := range c.posts {
		sum := detect.LogOdds(c.policy, reweighted(p.evidence(), weights))
		if fold[i] == k {
			out[i] = sum
			continue
		}
		offsets, positive = append(offsets, sum), append(positive, labels[i])
	}
	b := model.Intercept(offsets, positive)
	for i := range out {
		if fold[i] == k {
			out[i] += b
		}
	}
}

// reweighted are findings with other weights; nil leaves them as they are.
func reweighted(findings []veghe.Finding, weights map[veghe.RuleID]float64) []veghe.Finding {
	for i := range findings { // a copy of its own, see evidence
		if w, ok := weights[findings[i].Rule]; ok {
			findings[i].Weight = w
		}
	}
	return findings
}

func (c *calibration) compare(groups []int, labels []bool, before, after []float64) {
	a, b := make([]model.Scored, len(labels)), make([]model.Scored, len(labels))
	one := make([]float64, len(labels))
	for i := range labels {
		a[i] = model.Scored{Relevant: labels[i], Group: groups[i], Score: before[i]}
		b[i] = model.Scored{Relevant: labels[i], Group: groups[i], Score: after[i]}
		one[i] = 1
	}
	x := model.Compare(a, b, len(labels)/10)
	c.Before = quality{model.LogLoss(before, labels, one), x.A.ROC}
	c.After = quality{model.LogLoss(after, labels, one), x.B.ROC}
	var draws []float64
	model.Bootstrap(groups, func(weight []float64) {
		draws = append(draws, model.LogLoss(after, labels, weight)-model.LogLoss(before, labels, weight))
	})
	c.Gain = gain{LogLoss: model.Middle(draws), ROC: x.DifferROC}
}

// settleCommon leaves a rule that counts in both categories to the one in
// which it was seen more often: a file holds one weight.
func settleCommon(all []*calibration) {
	most := map[veghe.RuleID]*newWeight{}
	for _, c := range all {
		for i := range c.Rules {
			w := &c.Rules[i]
			if old := most[w.Rule]; old == nil || w.Seen > old.Seen {
				most[w.Rule] = w
			}
		}
	}
	for _, c := range all {
		for i := range c.Rules {
			if w := &c.Rules[i]; most[w.Rule] != w {
				w.Changes, w.After, w.StrengthAfter = false, w.Before, w.StrengthBefore
			}
		}
	}
}

// deliver prints the table and the diff, or applies it on approval. With
// approval the trail has it before the files do.
func deliver(ctx context.Context, e env, cfg config, o rulesOptions, all []*calibration, r *reviewedPosts, edit *weightEdit) error {
	table := e.err // the diff alone goes to standard output
	if o.out != "" || o.approve != "" {
		table = e.out
	}
	switch {
	case o.json:
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		out := map[string]any{"rules_version": r.rules, "new_rules_version": edit.version, "categories": all, "unsure": r.unsure, "gone": r.gone, "diff": edit.diff}
		if err := enc.Encode(out); err != nil {
			return err
		}
	default:
		if err := printCalibrations(table, all, r); err != nil {
			return err
		}
	}
	switch {
	case o.approve != "":
		return applyWeights(ctx, e, cfg, o, edit)
	case o.out != "":
		return os.WriteFile(o.out, []byte(edit.diff), 0o644) //nolint:gosec // a diff of rules, to be shown around
	case !o.json:
		_, err := io.WriteString(e.out, edit.diff)
		return err
	}
	return nil
}

func applyWeights(ctx context.Context, e env, cfg config, o rulesOptions, edit *weightEdit) error {
	if len(edit.files) == 0 {
		_, err := fmt.Fprintln(e.out, "no weight changes")
		return err
	}
	d, err := cfg.openDesk(ctx)
	if err != nil {
		return withHint(err, "approvals are entered in the audit trail of the data folder: name it with -data")
	}
	_, err = d.Record(ctx, desk.Event{
		At: time.Now(), Who: o.approve, Action: "calibrate", Object: "rules " + edit.version,
		Reason: fmt.Sprintf("weights of %d rules fitted to %s, before: rules %s", edit.changed, edit.from, edit.before),
	})
	if err := errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("the approval could not be recorded, no file was changed: %w", err)
	}
	if err := edit.write(cfg.Rules); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%d weights changed in %d files of %s, approved by %s; the rules are now version %s\n",
		edit.changed, len(edit.files), cfg.Rules, o.approve, edit.version)
	return err
}

func printCalibrations(out io.Writer, all []*calibration, r *reviewedPosts) error {
	if r.unsure+r.gone > 0 {
		fmt.Fprintf(out, "left out: %d decisions that are unsure, %d posts that are no longer kept\n", r.unsure, r.gone)
	}
	for _, c := range all {
		if c.TooFew != "" {
			fmt.Fprintf(out, "\n%s: left as it is: %s\n", c.Category, c.TooFew)
			continue
		}
		if err := c.print(out); err != nil {
			return err
		}
	}
	return nil
}

func (c *calibration) print(out io.Writer) error {
	fmt.Fprintf(out, "\n%s: %d reviews, %d relevant, in %d groups; a family cap takes something off in %d\n", c.Category, c.Reviews, c.Relevant, c.Groups, c.Capped)
	fmt.Fprintf(out, "on posts not fitted to: log-loss %.3f → %.3f (%+.3f…%+.3f), ROC-AUC %.3f → %.3f (%+.3f…%+.3f)\n",
		c.Before.LogLoss, c.After.LogLoss, c.Gain.LogLoss.Low, c.Gain.LogLoss.High, c.Before.ROC, c.After.ROC, c.Gain.ROC.Low, c.Gain.ROC.High)
	if !c.Gain.better() {
		fmt.Fprintln(out, "! the new weights are not surely better than the old ones: leave them, or review more")
	}
	if 10*c.Unflagged < c.Reviews {
		fmt.Fprintf(out, "! only %d of the posts were not flagged: among flagged posts every sign looks weaker than it is, so review some others too\n", c.Unflagged)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tFAMILY\tREVIEWS\tRELEVANT\tBEFORE\tAFTER\tERROR\tSTRENGTH\t")
	rules := slices.Clone(c.Rules)
	slices.SortStableFunc(rules, func(a, b newWeight) int {
		return cmp.Compare(math.Abs(b.After-b.Before), math.Abs(a.After-a.Before))
	})
	for _, x := range rules {
		strength := string(x.StrengthBefore)
		if x.StrengthAfter != x.StrengthBefore {
			strength += " → " + string(x.StrengthAfter)
		}
		note := ""
		switch {
		case x.Contrary:
			note = "! reviews point the other way: look at the rule"
		case x.Seen < minSeen:
			note = "too few"
		case detect.CapsBite(c.policy, []veghe.Finding{{Category: c.Category, Family: x.Family, Weight: x.After}}):
			note = "more than the cap of its family"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.2f\t%.2f\t%.2f\t%s\t%s\n", x.Rule, x.Family, x.Seen, x.Relevant, x.Before, x.After, x.Error, strength, note)
	}
	return w.Flush()
}
