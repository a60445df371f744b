package model

// Report is how a model does on posts it has not learnt from, beside the
// rules on the same posts.
type Report struct {
	Folds    int `json:"folds"`
	Posts    int `json:"posts"`
	Relevant int `json:"relevant"`
	Groups   int `json:"groups"`
	Alerts   int `json:"alerts"` // the recall is at so many posts looked at

	Rules Side `json:"rules"`
	Model Side `json:"model"`
	// What the model is ahead of the rules, with 95 % of the bootstrap.
	AheadROC Interval `json:"ahead_roc_auc"`
	AheadPR  Interval `json:"ahead_pr_auc"`
}

// Side is one way to score, with 95 % intervals.
type Side struct {
	Measures
	ROCInterval    Interval `json:"roc_auc_95"`
	PRInterval     Interval `json:"pr_auc_95"`
	RecallInterval Interval `json:"recall_95"`
}

// Evaluate trains on four fifths of the posts and scores the rest, five times,
// keeping groups together, and measures the scores beside those of the rules.
func Evaluate(examples []Example) (Report, error) {
	r, _, err := evaluate(examples)
	return r, err
}

func evaluate(examples []Example) (Report, []Scored, error) {
	if err := enough(examples); err != nil {
		return Report{}, nil, err
	}
	groups, labels := make([]int, len(examples)), make([]bool, len(examples))
	for i := range examples {
		groups[i], labels[i] = examples[i].Group, examples[i].Relevant
	}
	fold, err := Folds(groups, labels, folds)
	if err != nil {
		return Report{}, nil, err
	}
	sets := featuresOf(examples)
	byModel, byRules := make([]Scored, len(examples)), make([]Scored, len(examples))
	report := Report{Folds: folds, Posts: len(examples)}
	for k := range folds {
		var use []int
		for i := range examples {
			if fold[i] != k {
				use = append(use, i)
			}
		}
		m := fit(examples, sets, use)
		for i := range examples {
			if fold[i] == k {
				byModel[i] = Scored{labels[i], groups[i], m.sum(sets[i])}
			}
		}
	}
	for i := range examples {
		byRules[i] = Scored{labels[i], groups[i], examples[i].Rules}
		report.Relevant += count(labels[i])
		report.Groups = max(report.Groups, groups[i]+1)
	}
	report.Alerts = max(1, len(examples)/10)
	c := Compare(byRules, byModel, report.Alerts)
	report.Rules = Side{c.A, c.ROCA, c.PRA, c.RecallA}
	report.Model = Side{c.B, c.ROCB, c.PRB, c.RecallB}
	report.AheadROC, report.AheadPR = c.DifferROC, c.DifferPR
	return report, byModel, nil
}
