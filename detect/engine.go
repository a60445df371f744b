// Package detect reads a post and says what in it gives a reason to look.
//
// One post's way through [Engine.Assess]:
//
//	text ─▶ own words (quotes apart) ─▶ languages ─▶ contacts ─▶ rules ─▶ findings
//	                                                                        │
//	                               policy per category: post by itself (ads)│
//	                               or author over time (conversations)      ▼
//	                                                   score, gate, severity, label
//
// It does no I/O and has no clock of its own: the same posts in the same
// order, with the same rules, give the same assessments, byte for byte.
package detect

import (
	"sync"
	"sync/atomic"

	"veghe"
	"veghe/detect/contact"
	"veghe/detect/history"
	"veghe/detect/lang"
	"veghe/detect/model"
	"veghe/detect/rule"
	"veghe/detect/text"
	"veghe/detect/wording"
)

// Options make an Engine. Rules and Languages are required.
type Options struct {
	Rules     *rule.Set
	Languages *lang.Detector
	// Region is the country of phone numbers without a prefix (ISO 3166-1
	// alpha-2); empty means RO.
	Region string
	// Stateless judges each post by itself, without history.
	Stateless bool
	// HistoryBytes bounds what is kept of conversations, by policy; 0 means
	// history.DefaultBytes.
	HistoryBytes int64
	// Model is a companion learnt from reviews; nil is none. It never flags.
	Model *model.Model
}

// Engine assesses posts. It is safe for concurrent use, but an author's posts
// must come in order, as the stream delivers them.
type Engine struct {
	languages *lang.Detector
	region    string
	model     *model.Model
	histories int64 // bound of each, in bytes
	stateless bool
	current   atomic.Pointer[program]
	near      *neighbours // nil when stateless
}

// program is a rule set ready to run, with workers to reuse. It is replaced as
// a whole.
type program struct {
	set      *rule.Set
	policies []rule.Policy
	langs    []string  // that the rules have terms for
	workers  sync.Pool // of *worker
	// histories are by policy name; what the next program shares with this one
	// goes on. Nil when stateless.
	histories map[string]*history.Store
}

// worker is what one goroutine needs to read posts.
type worker struct {
	matcher     *rule.Matcher
	title, text text.Doc
	meant       meant
	wording     wording.Reading
	segments    []lang.Segment
	langs       []rule.Segment
	spoken      []string
}

// New returns an Engine for the options.
func New(o Options) *Engine {
	e := &Engine{languages: o.Languages, region: o.Region, model: o.Model, histories: o.HistoryBytes, stateless: o.Stateless}
	if !o.Stateless {
		e.near = newNeighbours()
	}
	e.Swap(o.Rules)
	return e
}

// Swap replaces the rules at once; posts under way finish under the old ones.
// What authors have shown so far stays, judged by the new policies. It is not
// for two goroutines at once.
func (e *Engine) Swap(set *rule.Set) {
	p := &program{set: set, policies: set.Policies(), langs: set.Languages()}
	p.workers.New = func() any { return &worker{matcher: set.Matcher()} }
	if !e.stateless {
		e.near.Contacts.Know(set.ListTerms(KnownContacts))
		p.histories = e.nextHistories(p.policies)
	}
	e.current.Store(p)
}

// nextHistories are the histories of policies: those there are, with the
// settings there are now, and new ones.
func (e *Engine) nextHistories(policies []rule.Policy) map[string]*history.Store {
	next := map[string]*history.Store{}
	for i := range policies {
		pol := &policies[i]
		if pol.Threads == nil {
			continue
		}
		if prog := e.current.Load(); prog != nil && prog.histories[pol.Name] != nil {
			next[pol.Name] = prog.histories[pol.Name]
			next[pol.Name].Configure(historyParams(pol))
			continue
		}
		next[pol.Name] = history.New(historyParams(pol), e.histories)
	}
	return next
}

// RulesVersion names the rules in force.
func (e *Engine) RulesVersion() string { return e.current.Load().set.Version() }

// Assess assesses one post.
func (e *Engine) Assess(p veghe.Post) veghe.Assessment {
	prog := e.current.Load()
	d := e.inspect(prog, &p, nil)
	e.settle(prog, history.Nowhere, &p, &d)
	return d.Assessment
}

// inspect reads a post: languages, contacts, findings. It depends on nothing
// but the post, the rules and the features, which are nil when they are not
// known yet: then a sketch for finding them is made.
func (e *Engine) inspect(prog *program, p *veghe.Post, features map[string]float64) (d draft) {
	w := prog.workers.Get().(*worker)
	in := e.read(prog, w, p)
	in.Features = features
	d.Assessment = prog.assessment(p, &in, e.companion(w, w.meantToo(&in.Input, w.matcher.Match(&in.Input))))
	d.reads = prog.reads(w, in.Quoted, d.Findings)
	if features == nil {
		d.sketch = e.near.sketch(w, p, in.Contacts)
	}
	// A worker that panicked is not given back: it may be in any state.
	prog.workers.Put(w)
	return d
}

func (prog *program) assessment(p *veghe.Post, in *reading, findings []veghe.Finding) veghe.Assessment {
	if findings == nil {
		findings = []veghe.Finding{}
	}
	return veghe.Assessment{
		ID: p.ID, Severity: veghe.None, Score: map[veghe.Category]float64{},
		Lang: in.spans, Findings: findings, Contacts: in.Contacts, RulesVersion: prog.set.Version(),
	}
}

// Findings says what the rules find in a post, with features given instead of
// computed: for the examples of rules.
func (e *Engine) Findings(p veghe.Post, features map[string]float64) []veghe.Finding {
	prog := e.current.Load()
	w := prog.workers.New().(*worker)
	in := e.read(prog, w, &p)
	in.Features = features
	return w.meantToo(&in.Input, w.matcher.Match(&in.Input))
}

// Explain assesses a post by itself and says what the rules saw, and what
// they missed by little. With ids, only those rules are shown. Nothing is
// remembered.
func (e *Engine) Explain(p veghe.Post, ids ...veghe.RuleID) (rule.Explanation, veghe.Assessment) {
	prog := e.current.Load()
	w := prog.workers.New().(*worker)
	in := e.read(prog, w, &p)
	ex := w.matcher.Explain(&in.Input, ids...)
	ex.Findings = w.meantToo(&in.Input, ex.Findings)
	d := draft{Assessment: prog.assessment(&p, &in, e.companion(w, ex.Findings)), reads: prog.reads(w, in.Quoted, ex.Findings)}
	alone := program{set: prog.set, policies: prog.policies}
	alone.workers.New = prog.workers.New
	alone.judge(history.Nowhere, &p, &d)
	return ex, d.Assessment
}

// reading is a post prepared for the rules.
type reading struct {
	rule.Input
	spans []veghe.LangSpan
}

func (e *Engine) read(prog *program, w *worker, p *veghe.Post) reading {
	w.title.Fold(p.Title)
	w.text.Fold(p.Text)
	w.segments = e.languages.Append(w.segments[:0], p.Text)
	e.asMeant(w, prog.langs)
	r := reading{
		Input: rule.Input{Post: p, Title: &w.title, Text: &w.text, Now: p.CollectedAt},
		spans: make([]veghe.LangSpan, len(w.segments)),
	}
	w.langs, w.spoken = w.langs[:0], w.spoken[:0]
	for i, s := range w.segments {
		r.spans[i] = veghe.LangSpan{Lang: s.Lang, Start: s.Start, End: s.End}
		w.langs = append(w.langs, rule.Segment{Start: s.Start, End: s.End, Langs: s.Candidates})
		w.spoken = append(w.spoken, s.Lang)
	}
	if len(w.langs) > 0 {
		r.Langs = w.langs // none: all languages
	}
	r.Quoted = quoted(p.Text)
	r.Contacts = e.contacts(w)
	return r
}

func (e *Engine) contacts(w *worker) []veghe.Contact {
	o := contact.Options{Region: e.region, Langs: w.spoken}
	text, title := contact.FindIn(&w.text, o), contact.FindIn(&w.title, o)
	out := make([]veghe.Contact, 0, len(text)+len(title))
	for _, c := range text {
		out = append(out, toContact(c, ""))
	}
	for _, c := range title {
		out = append(out, toContact(c, "title"))
	}
	return out
}

func toContact(c contact.Contact, field string) veghe.Contact {
	return veghe.Contact{
		Kind: string(c.Kind), Value: c.Value, Raw: c.Raw, Field: field,
		Start: c.Start, End: c.End, Obfuscated: c.Obfuscated,
	}
}

// judge turns findings into scores and a verdict, policy by policy. The
// severest flag gives severity and label.
func (prog *program) judge(at history.Place, p *veghe.Post, d *draft) {
	a := &d.Assessment
	for i := range prog.policies {
		pol := &prog.policies[i]
		var reads wording.Tally
		if d.reads != nil {
			reads = d.reads[i]
		}
		var v verdict
		if pol.Unit == "author" && pol.Threads != nil {
			v = prog.judgeThread(at, pol, p, a, reads)
		} else {
			ev := gather(pol, a.Findings)
			if f, ok := prog.hear(pol, ev, reads, false, p); ok {
				a.Findings = append(a.Findings, f)
				ev = gather(pol, a.Findings)
			}
			v = judgePost(pol, ev)
		}
		a.Score[v.category] = max(a.Score[v.category], v.score)
		if v.flagged && (!a.Flagged || v.severity.Rank() > a.Severity.Rank()) {
			a.Flagged, a.Severity, a.Label = true, v.severity, v.label
		}
	}
}

func (prog *program) judgeThread(at history.Place, pol *rule.Policy, p *veghe.Post, a *veghe.Assessment, reads wording.Tally) verdict {
	ev := gather(pol, a.Findings)
	if reads.Zero() {
		reads = prog.readLate(pol, p)
	}
	h := weigh(pol, ev)
	h.Wording = history.Tally(reads)
	st := prog.observe(at, pol, p, h)
	if f, ok := prog.hear(pol, ev, wording.Tally(st.Talk), st.Talk == h.Wording, p); ok {
		a.Findings = append(a.Findings, f)
		st = heard(st, f)
		ev = gather(pol, a.Findings)
	}
	v := judgeAuthor(pol, ev, st)
	if ev.shows(pol) && len(st.Families) > 0 {
		a.History = &veghe.History{Score: st.Sum, Against: st.Against, Families: []string{}, Weights: map[string]float64{}}
		for _, f := range st.Families {
			a.History.Families = append(a.History.Families, f.Name)
			a.History.Weights[f.Name] = min(familyCap(pol, f.Name), f.Weight)
		}
		for _, h := range st.Added {
			if a.History.Added == nil {
				a.History.Added = map[string]float64{}
			}
			a.History.Added[h.Family] += h.Weight
		}
		for _, id := range st.Posts {
			if id != p.ID {
				a.History.Posts = append(a.History.Posts, id)
			}
		}
	}
	return v
}

func historyKey(p *veghe.Post) history.Key {
	return history.Key{Source: p.Source, Thread: p.Thread, Author: p.Author}
}

// observe adds a post to its author's history. Without an author there is
// nobody to have one: the post stands alone.
func (prog *program) observe(at history.Place, pol *rule.Policy, p *veghe.Post, h history.Evidence) history.State {
	store := prog.histories[pol.Name]
	if store == nil || p.Author == "" {
		if len(h.Own) == 0 {
			return history.State{}
		}
		store, at = history.New(historyParams(pol), 1), history.Nowhere
	}
	return store.ObserveAt(at, historyKey(p), p.ID, p.PostedAt, h)
}
