package detect

import (
	"fmt"

	"veghe"
	"veghe/detect/model"
)

// companionWords is how many stretches of words show what a model goes by.
const companionWords = 5

// companion adds what a model learnt from reviews makes of the post, if its
// score is high. The finding is in shadow and weighs nothing: it shows and
// explains, and can neither score, nor flag, nor alert. It comes after the
// rules, so that none of them can wait for it.
func (e *Engine) companion(w *worker, findings []veghe.Finding) []veghe.Finding {
	if e.model == nil {
		return findings
	}
	logOdds := e.model.Score(&w.title, &w.text)
	if !e.model.Marks(logOdds) {
		return findings
	}
	return append(findings, veghe.Finding{
		Indicator: model.Indicator, Rule: veghe.RuleID("model:" + e.model.Version()),
		Category: veghe.Common, Family: "model", Shadow: true,
		Why: fmt.Sprintf("reads like posts that people here called relevant: %.2f, shown from %.2f",
			model.Logistic(logOdds), model.Logistic(e.model.Card().Threshold)),
		Spans: e.model.Words(&w.title, &w.text, companionWords),
	})
}
