package detect

import (
	"fmt"
	"slices"
	"strings"

	"veghe"
	"veghe/detect/history"
	"veghe/detect/rule"
	"veghe/detect/text"
	"veghe/detect/wording"
)

// wordingWords is how many stretches of words show what wording goes by.
const wordingWords = 6

// reads is how a post reads to each policy, in their order; nil where it does
// not matter. Then only a talk that is followed asks, see readLate.
func (prog *program) reads(w *worker, quotes []text.Range, findings []veghe.Finding) []wording.Tally {
	var out []wording.Tally
	for i := range prog.policies {
		pol := &prog.policies[i]
		m := prog.wording(pol)
		if m == nil || !matters(pol, findings) {
			continue
		}
		if out == nil {
			out = make([]wording.Tally, len(prog.policies))
			w.readWording(quotes)
		}
		out[i] = m.Tally(&w.wording)
	}
	return out
}

// readWording reads the wording of the post that w has read, quotes left out.
func (w *worker) readWording(quotes []text.Range) {
	w.wording.Reset()
	w.wording.Add(&w.title, nil)
	if w.meant.on {
		w.wording.Add(&w.meant.doc, quoted(w.meant.doc.Source()))
		return
	}
	w.wording.Add(&w.text, quotes)
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
	w.readWording(quoted(p.Text))
	return m.Tally(&w.wording)
}

// matters reports whether the wording of a post with these findings counts for
// a policy: with those that speak for it, and in a talk with any.
func matters(pol *rule.Policy, findings []veghe.Finding) bool {
	scores, positive := false, false
	for i := range findings {
		f := &findings[i]
		if !countsFor(pol, f) {
			continue
		}
		scores = scores || f.Weight != 0
		positive = positive || f.Weight >= 0 && !slices.Contains(pol.Evasion.Families, f.Family)
	}
	return scores && (positive || pol.Threads != nil)
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
func shutRule(w *rule.Wording) veghe.RuleID { return veghe.RuleID(w.Indicator) + shutVariant }

const shutVariant = ".shut"

func isShut(w *rule.Wording, id veghe.RuleID) bool {
	if w == nil {
		return false
	}
	variant, ok := strings.CutPrefix(string(id), string(w.Indicator))
	return ok && variant == shutVariant
}

// worded is the finding for how a text reads, and whether there is one. One
// post of a talk is too little to speak for it.
func (prog *program) worded(pol *rule.Policy, m *wording.Model, t wording.Tally, single bool, p *veghe.Post) (veghe.Finding, bool) {
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
		f.Spans = prog.tellingWords(m, p)
	}
	return f, true
}

// tellingWords are the author's own words in a post that weigh most.
func (prog *program) tellingWords(m *wording.Model, p *veghe.Post) []veghe.Span {
	w := prog.workers.Get().(*worker)
	defer prog.workers.Put(w)
	w.text.Fold(p.Text)
	spans := []veghe.Span{}
	for _, word := range m.Words(&w.wording, &w.text, quoted(p.Text), wordingWords) {
		spans = append(spans, veghe.Span{Start: word.Start, End: word.End, Text: p.Text[word.Start:word.End]})
	}
	return spans
}

// hear is the finding for how the post, or the talk it is part of, reads to a
// policy, if a rule found something in it: wording alone says too little to be
// shown. A single post is no talk.
func (prog *program) hear(pol *rule.Policy, ev evidence, t wording.Tally, single bool, p *veghe.Post) (veghe.Finding, bool) {
	m := prog.wording(pol)
	if m == nil || t.Zero() || len(ev.positive) == 0 {
		return veghe.Finding{}, false
	}
	return prog.worded(pol, m, t, single, p)
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
