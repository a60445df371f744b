package detect

import (
	"fmt"
	"slices"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
	"veghe/detect/text"
	"veghe/detect/wording"
)

// wordingWords is how many stretches of words show what wording goes by.
const wordingWords = 6

// reads is how a post reads to each policy, in their order; nil where no
// finding counts. Then only a talk that is followed asks, see readLate.
func (prog *program) reads(w *worker, quotes []text.Range, findings []veghe.Finding) []wording.Tally {
	var out []wording.Tally
	for i := range prog.policies {
		pol := &prog.policies[i]
		m := prog.wording(pol)
		if m == nil || !counts(pol.Category, findings) {
			continue
		}
		if out == nil {
			out = make([]wording.Tally, len(prog.policies))
		}
		out[i] = w.tally(m, quotes)
	}
	return out
}

// tally is how the post that w has read reads to m, quotes left out.
func (w *worker) tally(m *wording.Model, quotes []text.Range) (t wording.Tally) {
	m.Add(&t, &w.title, nil)
	if w.meant.on {
		m.Add(&t, &w.meant.doc, quoted(w.meant.doc.Source()))
		return t
	}
	m.Add(&t, &w.text, quotes)
	return t
}

// readLate is how a post reads that shows nothing, if it is part of a talk
// that is followed. Most are not, and cost nothing.
func (prog *program) readLate(pol *rule.Policy, p *veghe.Post) (t wording.Tally) {
	m, store := prog.wording(pol), prog.histories[pol.Name]
	if m == nil || store == nil || p.Thread == "" || !store.Follows(historyKey(p)) {
		return t
	}
	w := prog.workers.Get().(*worker)
	defer prog.workers.Put(w)
	w.title.Fold(p.Title)
	w.text.Fold(p.Text)
	if w.meant.on = w.meant.read(&w.text); w.meant.on {
		w.meant.doc.Fold(string(w.meant.text))
	}
	return w.tally(m, quoted(p.Text))
}

// counts reports whether a finding counts for a category.
func counts(c veghe.Category, findings []veghe.Finding) bool {
	return slices.ContainsFunc(findings, func(f veghe.Finding) bool {
		return f.Weight != 0 && !f.Shadow && (f.Category == c || f.Category == veghe.Common)
	})
}

// wording is what a policy goes by beside rules, or nil.
func (prog *program) wording(pol *rule.Policy) *wording.Model {
	if pol.Wording == nil {
		return nil
	}
	return prog.set.Wording(pol.Category)
}

// shutRule is what the finding of a text is called that reads so little like a
// reason to look that it closes the gate.
func shutRule(w *rule.Wording) veghe.RuleID { return veghe.RuleID(w.Indicator) + ".shut" }

// worded is the finding for how a text reads, and whether there is one. One
// post of a talk is too little to speak for it.
func worded(pol *rule.Policy, m *wording.Model, t wording.Tally, single bool, p *veghe.Post) (veghe.Finding, bool) {
	score := m.Score(t)
	w := pol.Wording
	s := w.Strength(score)
	if s == "" || single && s != rule.Negative {
		return veghe.Finding{}, false
	}
	f := veghe.Finding{
		Indicator: w.Indicator, Rule: veghe.RuleID(w.Indicator) + "." + veghe.RuleID(s),
		Category: pol.Category, Family: w.Family, Weight: pol.Weights[s], Spans: []veghe.Span{},
	}
	switch {
	case score <= w.Closed:
		f.Rule = shutRule(w)
		f.Why = fmt.Sprintf("in its wording like texts that were no reason to look: %.1f; up to %.1f few others are flagged", score, w.Closed)
	case s == rule.Negative:
		f.Why = fmt.Sprintf("in its wording like texts that were no reason to look: %.1f, counts up to %.1f", score, w.Against)
	default:
		f.Why = fmt.Sprintf("in its wording like texts that were a reason to look: %.1f, counts from %.1f, as strong from %.1f", score, w.Medium, w.Strong)
		f.Spans = tellingWords(m, p)
	}
	return f, true
}

// tellingWords are the author's own words in a post that weigh most.
func tellingWords(m *wording.Model, p *veghe.Post) []veghe.Span {
	var d text.Doc
	d.Fold(p.Text)
	spans := []veghe.Span{}
	for _, w := range m.Words(&d, quoted(p.Text), wordingWords) {
		spans = append(spans, veghe.Span{Start: w.Start, End: w.End, Text: p.Text[w.Start:w.End]})
	}
	return spans
}

// hear adds how the post, or the talk it is part of, reads to the findings of
// a policy, if a rule found something in it: wording alone says too little to
// be shown. A single post is no talk.
func (prog *program) hear(pol *rule.Policy, t wording.Tally, single bool, p *veghe.Post, a *veghe.Assessment) (veghe.Finding, bool) {
	m := prog.wording(pol)
	if m == nil || t.Zero() || len(gather(pol, a.Findings).positive) == 0 {
		return veghe.Finding{}, false
	}
	f, ok := worded(pol, m, t, single, p)
	if ok {
		a.Findings = append(a.Findings, f)
	}
	return f, ok
}

// heard is where an author stands with how the talk reads.
func heard(st history.State, f veghe.Finding) history.State {
	if f.Weight < 0 {
		st.Against += f.Weight
		return st
	}
	st.Sum += f.Weight
	st.Families = append(st.Families, history.Family{Name: f.Family, Hits: 1, Weight: f.Weight})
	st.Added = append(st.Added, history.Hit{Family: f.Family, Weight: f.Weight})
	return st
}
