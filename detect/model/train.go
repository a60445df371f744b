package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"veghe/detect/text"
)

// Example is a reviewed post to learn from.
type Example struct {
	Title    string
	Text     string
	Relevant bool
	Group    int // see [Groups]
	Reviewed time.Time
	// Rules is the score the rules gave, to compare with; any scale.
	Rules float64
}

// Settings of the training, the same for everybody. They matter little: on
// the public advertisements of EMSCAD, 10 or 20 passes, a third or three times
// the rate, and no decay all came within 0.01 of the same ROC-AUC.
var descent = Descent{Passes: 20, Rate: 0.1, Decay: 2e-4}

const folds = 5

// quietShare is how many of the posts that people called not relevant may be
// marked: what sets the threshold.
const quietShare = 0.05

// Train makes a model of reviewed posts, and measures it on posts whose
// authors, threads and templates it had not seen. rules is the version of the
// rules in force, for the card.
func Train(examples []Example, rules string) (*Model, error) {
	report, scores, err := evaluate(examples)
	if err != nil {
		return nil, err
	}
	sets := featuresOf(examples)
	all := make([]int, len(examples))
	for i := range all {
		all[i] = i
	}
	m := fit(examples, sets, all)
	m.card = Card{
		Folding: text.Version, Rules: rules, Relevant: report.Relevant, NotRelevant: report.Posts - report.Relevant,
		Groups: report.Groups, Threshold: threshold(scores), Evaluation: &report,
	}
	for i := range examples {
		at := examples[i].Reviewed
		if at.IsZero() {
			continue
		}
		if m.card.FirstReview.IsZero() || at.Before(m.card.FirstReview) {
			m.card.FirstReview = at
		}
		if at.After(m.card.LastReview) {
			m.card.LastReview = at
		}
	}
	m.name(examples)
	return m, nil
}

// enough refuses too few decisions, saying how many there are.
func enough(examples []Example) error {
	yes := 0
	for i := range examples {
		yes += count(examples[i].Relevant)
	}
	no := len(examples) - yes
	if len(examples) < MinReviews || yes < MinClass || no < MinClass {
		return fmt.Errorf("there are %d reviewed posts, %d relevant and %d not: want %d or more, and %d of either kind",
			len(examples), yes, no, MinReviews, MinClass)
	}
	return nil
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// threshold is the score that all but quietShare of the irrelevant posts stay
// under, judged by models that had not seen them.
func threshold(scores []Scored) float64 {
	var quiet []float64
	for _, s := range scores {
		if !s.Relevant {
			quiet = append(quiet, s.Score)
		}
	}
	slices.Sort(quiet)
	k := int(math.Ceil(float64(len(quiet)) * (1 - quietShare)))
	return quiet[min(k, len(quiet)-1)]
}

// featuresOf reads all posts once; the features take about 8 KB each.
func featuresOf(examples []Example) [][]Feature {
	var title, body text.Doc
	var r reader
	out := make([][]Feature, len(examples))
	for i := range examples {
		title.Fold(examples[i].Title)
		body.Fold(examples[i].Text)
		r.read(&title, &body)
		out[i] = slices.Clone(r.features)
	}
	return out
}

// fit learns from some of the examples.
func fit(examples []Example, sets [][]Feature, use []int) *Model {
	some, relevant := make([][]Feature, len(use)), make([]bool, len(use))
	for k, i := range use {
		some[k], relevant[k] = sets[i], examples[i].Relevant
	}
	m := &Model{}
	m.weights, m.bias = descent.Learn(some, relevant, nil, size)
	return m
}

// Named words: how many on either side, and in how many posts and groups a
// word must stand.
const (
	namedWords  = 40
	namedPosts  = 5
	namedGroups = 5
)

// name lists the words that weigh most.
func (m *Model) name(examples []Example) {
	words := map[string]*seenWord{}
	var title, body text.Doc
	var r reader
	for i := range examples {
		title.Fold(examples[i].Title)
		body.Fold(examples[i].Text)
		for _, d := range []*text.Doc{&title, &body} {
			before := ""
			for k := range d.Tokens[:min(len(d.Tokens), maxTokens)] {
				w := string(r.spell(d, k))
				meet(words, w, i, examples[i].Group)
				if before != "" {
					meet(words, before+" "+w, i, examples[i].Group)
				}
				before = w
			}
		}
	}
	var all []Named
	for w, s := range words {
		if s.posts < namedPosts || len(s.groups) < namedGroups {
			continue
		}
		n := Named{Words: w, Weight: m.alone(&body, w), Posts: s.posts}
		if a, b, two := strings.Cut(w, " "); two && math.Abs(n.Weight) <= max(math.Abs(m.alone(&body, a)), math.Abs(m.alone(&body, b))) {
			continue // the pair says no more than one of its words
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Named) int { return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Words, b.Words)) })
	for _, n := range all[:min(namedWords, len(all))] {
		if n.Weight > 0 {
			m.card.Relevants = append(m.card.Relevants, n)
		}
	}
	slices.Reverse(all)
	for _, n := range all[:min(namedWords, len(all))] {
		if n.Weight < 0 {
			m.card.NotRelevants = append(m.card.NotRelevants, n)
		}
	}
}

// alone is what words add to the log odds of a post that has no others.
func (m *Model) alone(d *text.Doc, words string) float64 {
	var none text.Doc
	d.Fold(words)
	return m.Score(&none, d) - m.bias
}

// seenWord counts posts, and groups as far as needed.
type seenWord struct {
	posts, last int
	groups      []int
}

func meet(words map[string]*seenWord, w string, post, group int) {
	s := words[w]
	if s == nil {
		s = &seenWord{last: -1}
		words[w] = s
	}
	if s.last == post {
		return
	}
	s.last = post
	s.posts++
	if len(s.groups) < namedGroups && !slices.Contains(s.groups, group) {
		s.groups = append(s.groups, group)
	}
}
