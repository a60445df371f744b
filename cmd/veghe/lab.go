package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"veghe"
	"veghe/detect"
	"veghe/detect/lang"
	"veghe/detect/rule"
	"veghe/index"
	"veghe/index/web"
)

// labFile is what a document that is tried out is called in its problems.
const labFile = "document.yaml"

// laboratory tries out rule documents against the rules in force, with the
// engine of the detect stage but for the second opinion on languages. Trials
// share nothing with the stages but the compiled rules, which never change.
type laboratory struct {
	rules  func() *rule.Set
	folder string // of the rules; "" for those built in
	region string
	newest func(ctx context.Context, n int, f func(index.Hit) error) error
	// languages are read when the first trial wants them.
	languages func() (*lang.Detector, error)
	mu        sync.Mutex // guards last
	last      compiled
	// running holds a place for the one effect that is worked out at a time.
	running chan struct{}
}

// compiled is a document with the rules it was tried against, compiled.
type compiled struct {
	base *rule.Set
	doc  string
	set  *rule.Set
}

func newLaboratory(a *app) *laboratory {
	return &laboratory{
		rules: a.rules.Load, folder: a.cfg.Rules, region: a.cfg.Language.Region, newest: a.index.Newest,
		languages: sync.OnceValues(func() (*lang.Detector, error) {
			d, _, err := newLanguages("off")
			return d, err
		}),
		running: make(chan struct{}, 1),
	}
}

// Document reads the document of a rule or an exception from its file.
func (l *laboratory) Document(name string) (string, error) {
	set := l.rules()
	var at rule.Position
	if r := set.Rule(veghe.RuleID(name)); r != nil {
		at = r.Pos
	}
	for _, e := range set.Exceptions() {
		if e.Name == name {
			at = e.Pos
		}
	}
	if at.Path == "" {
		return "", nil
	}
	data, err := fs.ReadFile(rulesFS(l.folder), at.Path)
	if err != nil {
		return "", fmt.Errorf("the document of %.80q: %w", name, err)
	}
	return rule.DocumentAt(data, at.Line), nil
}

// compile makes a set of a pack that a document was read into. The last one is
// remembered: a trial is often followed by a look at its effect.
func (l *laboratory) compile(base *rule.Set, pack *rule.Pack, doc string) (*rule.Set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.set != nil && l.last.base == base && l.last.doc == doc {
		return l.last.set, nil
	}
	set, err := rule.Compile(pack)
	if err != nil {
		return nil, err
	}
	l.last = compiled{base, doc, set}
	return set, nil
}

// Try checks a document and runs it over one post.
func (l *laboratory) Try(_ context.Context, doc string, post veghe.Post) (web.Trial, error) {
	base := l.rules()
	t := web.Trial{Problems: []web.LabProblem{}, Rules: []web.TrialRule{}, RulesVersion: base.Version()}
	pack, err := base.With(labFile, []byte(doc))
	var problems rule.Problems
	if err != nil && !errors.As(err, &problems) {
		return t, err
	}
	if pack == nil {
		t.Problems = labProblems(problems)
		return t, nil
	}
	mine := pack.In(labFile)
	t.Kind, t.Name = labSubject(mine)
	if len(problems) > 0 {
		t.Problems = labProblems(problems)
		return t, nil
	}
	checked := mine
	if len(mine.Policies) > 0 {
		checked = pack // a policy names indicators of other files
	}
	t.Problems = labProblems(slices.DeleteFunc(rule.Check(checked), func(p rule.Problem) bool { return p.Path != labFile }))
	set, err := l.compile(base, pack, doc)
	if err != nil {
		t.Problems = append(t.Problems, web.LabProblem{Line: 1, Column: 1, Message: err.Error()})
		return t, nil
	}
	return t, l.try(&t, base, set, mine, post)
}

func (l *laboratory) try(t *web.Trial, base, set *rule.Set, mine *rule.Pack, post veghe.Post) error {
	engine, err := l.engine(set, true)
	if err != nil {
		return err
	}
	before, err := l.engine(base, true)
	if err != nil {
		return err
	}
	ids := labRules(set, mine)
	explained, after := engine.Explain(post, ids...)
	_, was := before.Explain(post)
	t.Before, t.After = &was, &after
	for _, v := range explained.Rules {
		if !slices.Contains(ids, v.Rule) {
			continue // another variant of the same indicator
		}
		t.Rules = append(t.Rules, trialRule(v))
	}
	for _, w := range explained.Watches {
		if slices.ContainsFunc(mine.Watches, func(x *rule.Watch) bool { return x.Name == w.Name }) {
			t.Watches = append(t.Watches, w.Name)
		}
	}
	t.Examples = testExamples(mine, engine)
	return nil
}

func (l *laboratory) engine(set *rule.Set, stateless bool) (*detect.Engine, error) {
	languages, err := l.languages()
	if err != nil {
		return nil, err
	}
	return detect.New(detect.Options{Rules: set, Languages: languages, Region: l.region, Stateless: stateless}), nil
}

// labSubject is what a document is about, by its first part.
func labSubject(p *rule.Pack) (kind, name string) {
	switch {
	case len(p.Rules) > 0:
		return "indicator", string(p.Rules[0].ID)
	case len(p.Exceptions) > 0:
		return "exception", p.Exceptions[0].Name
	case len(p.Policies) > 0:
		return "policy", p.Policies[0].Name
	case len(p.Watches) > 0:
		return "watch", p.Watches[0].Name
	}
	return "", ""
}

// labRules are the rules that a document holds, or that its exceptions are
// about. Without any, a name that no rule has.
func labRules(set *rule.Set, mine *rule.Pack) []veghe.RuleID {
	ids := []veghe.RuleID{"-"}
	for _, r := range mine.Rules {
		ids = append(ids, r.ID)
	}
	for _, e := range mine.Exceptions {
		for _, r := range set.Rules() {
			if slices.Contains(e.Indicators, string(r.ID)) || slices.Contains(e.Indicators, string(r.Indicator)) {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

func labProblems(all rule.Problems) []web.LabProblem {
	out := make([]web.LabProblem, 0, len(all))
	for _, p := range all {
		msg := p.Msg
		if p.Path != labFile { // the change breaks something elsewhere
			msg = p.String() + ": " + msg
		}
		out = append(out, web.LabProblem{Line: p.Line, Column: p.Column, Message: msg, Lint: p.Lint})
	}
	return out
}

func trialRule(v rule.View) web.TrialRule {
	r := web.TrialRule{
		Rule: v.Rule, Title: v.Title, Status: string(v.Status), Condition: v.Condition, Fired: v.Fired, Exception: v.Exception,
		Signals: []web.TrialSignal{},
	}
	for _, m := range v.Nearly {
		r.Nearly = append(r.Nearly, web.Miss{Kind: string(m.Kind), A: m.A, B: m.B, Apart: m.Apart, Most: m.Most})
	}
	for _, s := range v.Signals {
		r.Signals = append(r.Signals, web.TrialSignal{Name: s.Name, Kind: s.Kind, Found: s.Found, Spans: s.Spans})
	}
	return r
}

// testExamples runs the examples of the document's rules through the engine.
func testExamples(mine *rule.Pack, engine *detect.Engine) (out web.TrialExamples) {
	res := rule.TestRules(mine.Rules, func(ex *rule.Example) []veghe.Finding { return engine.Findings(*ex.Post(), ex.Features) })
	out.Passed, out.Todo = res.Passed, len(res.Todo)
	for _, o := range append(res.Failed, res.Fixed...) {
		out.Failed = append(out.Failed, strings.TrimPrefix(o.String(), labFile+":"))
	}
	return out
}

// Effect assesses the newest posts with both rule sets, each with histories and
// templates of its own, in the order of collection.
func (l *laboratory) Effect(ctx context.Context, doc string, n int) (web.Effect, error) {
	select {
	case l.running <- struct{}{}:
		defer func() { <-l.running }()
	case <-ctx.Done():
		return web.Effect{}, ctx.Err()
	}
	base := l.rules()
	pack, err := base.With(labFile, []byte(doc))
	if err != nil {
		return web.Effect{}, err
	}
	set, err := l.compile(base, pack, doc)
	if err != nil {
		return web.Effect{}, err
	}
	before, err := l.engine(base, false)
	if err != nil {
		return web.Effect{}, err
	}
	after, err := l.engine(set, false)
	if err != nil {
		return web.Effect{}, err
	}
	e := newEffect()
	err = l.newest(context.WithoutCancel(ctx), n, func(h index.Hit) error {
		if ctx.Err() != nil {
			return errLate
		}
		a, b := before.Assess(h.Post), after.Assess(h.Post)
		e.add(&h, &a, &b)
		return nil
	})
	if err != nil && !errors.Is(err, errLate) {
		return web.Effect{}, err
	}
	return e.done(err == nil), nil
}

// errLate ends an effect whose time is up.
var errLate = errors.New("time is up")

// effect gathers what a document changes.
type effect struct {
	web.Effect
	rules map[veghe.RuleID]*web.RuleEffect
}

// Bounds of what an effect names.
const (
	effectSamples = 10 // posts gained and lost, of flags and of each rule
	effectRules   = 20 // the rules that changed most
)

func newEffect() *effect {
	return &effect{Effect: web.Effect{Flags: newByDecision()}, rules: map[veghe.RuleID]*web.RuleEffect{}}
}

func newByDecision() web.ByDecision {
	return web.ByDecision{Gained: map[string]int{}, Lost: map[string]int{}, GainedSample: []veghe.PostID{}, LostSample: []veghe.PostID{}}
}

func (e *effect) add(h *index.Hit, a, b *veghe.Assessment) {
	e.Posts++
	e.Before += btoi(a.Flagged)
	e.After += btoi(b.Flagged)
	e.Both += btoi(a.Flagged && b.Flagged)
	note(&e.Flags, h, a.Flagged, b.Flagged)
	inA, inB := rulesIn(a), rulesIn(b)
	for id := range inA {
		r := e.rule(id)
		r.Before++
		r.After += btoi(inB[id])
		note(&r.Posts, h, true, inB[id])
	}
	for id := range inB {
		if !inA[id] {
			r := e.rule(id)
			r.After++
			note(&r.Posts, h, false, true)
		}
	}
}

func note(to *web.ByDecision, h *index.Hit, before, after bool) {
	what := cmp.Or(string(h.Review), "none")
	switch {
	case after && !before:
		to.Gained[what]++
		to.GainedSample = sample(to.GainedSample, h.Post.ID)
	case before && !after:
		to.Lost[what]++
		to.LostSample = sample(to.LostSample, h.Post.ID)
	}
}

func sample(list []veghe.PostID, id veghe.PostID) []veghe.PostID {
	if len(list) >= effectSamples {
		return list
	}
	return append(list, id)
}

func (e *effect) rule(id veghe.RuleID) *web.RuleEffect {
	r := e.rules[id]
	if r == nil {
		r = &web.RuleEffect{Rule: id, Posts: newByDecision()}
		e.rules[id] = r
	}
	return r
}

// done leaves the rules that changed, those that changed most first.
func (e *effect) done(complete bool) web.Effect {
	e.Complete, e.Rules = complete, []web.RuleEffect{}
	changed := func(r *web.RuleEffect) (n int) {
		for _, by := range []map[string]int{r.Posts.Gained, r.Posts.Lost} {
			for _, k := range by {
				n += k
			}
		}
		return n
	}
	for _, r := range e.rules {
		if changed(r) > 0 {
			e.Rules = append(e.Rules, *r)
		}
	}
	slices.SortFunc(e.Rules, func(a, b web.RuleEffect) int {
		return cmp.Or(-cmp.Compare(changed(&a), changed(&b)), cmp.Compare(a.Rule, b.Rule))
	})
	e.Rules = e.Rules[:min(len(e.Rules), effectRules)]
	return e.Effect
}

// exceptionInfos are the exceptions of the rules in force.
func exceptionInfos(set *rule.Set) (out []web.ExceptionInfo) {
	for _, e := range set.Exceptions() {
		x := web.ExceptionInfo{Name: e.Name, Indicators: e.Indicators, Reason: e.Reason, Owner: e.Owner, Expires: e.Expires}
		if e.Condition != nil {
			x.Condition = e.Condition.String()
		}
		out = append(out, x)
	}
	return out
}
