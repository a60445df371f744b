package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Laboratory tries out rule documents. Nothing it does changes the rules in
// force or what was assessed. It may be called concurrently.
type Laboratory interface {
	// Document is the document of a rule or an exception in force, as its file
	// has it; "" if there is none of that name.
	Document(name string) (string, error)
	// Try checks a document and says what it finds in a post, in the place of
	// the document of the same name. A document with problems is no error.
	Try(ctx context.Context, doc string, post veghe.Post) (Trial, error)
	// Effect assesses the newest posts, at most n of them, with the rules in
	// force and with the document. It ends early, with what it has, when ctx
	// does.
	Effect(ctx context.Context, doc string, n int) (Effect, error)
}

// Trial is what a document is found to be and to find.
type Trial struct {
	Kind string `json:"kind"` // of the first document: indicator | exception | policy | watch; "" if it cannot be read
	Name string `json:"name"` // of the first document
	// RulesVersion names the rules in force, that it was tried against.
	RulesVersion string       `json:"rules_version"`
	Problems     []LabProblem `json:"problems"` // what must be mended, then what "rules check" demands
	// Rules are those of the document, or those that an exception of it is
	// about, over the post.
	Rules []TrialRule `json:"rules"`
	// Examples say what became of the examples of the document's rules.
	Examples TrialExamples `json:"examples"`
	// Before and After are the post by itself, by the rules in force and with
	// the document; nil where the document cannot be used.
	Before *veghe.Assessment `json:"before,omitempty"`
	After  *veghe.Assessment `json:"after,omitempty"`
	// Watches are the watches of the document that the post meets.
	Watches []string `json:"watches,omitempty"`
}

// Usable says that the document has nothing that must be mended.
func (t *Trial) Usable() bool {
	return t.Name != "" && !slices.ContainsFunc(t.Problems, func(p LabProblem) bool { return !p.Lint })
}

// LabProblem is something wrong at one place of a document.
type LabProblem struct {
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Message string `json:"message"`
	Lint    bool   `json:"lint,omitempty"` // only "rules check" demands it
}

// TrialRule is one rule over a post.
type TrialRule struct {
	Rule      veghe.RuleID  `json:"rule"`
	Title     string        `json:"title"`
	Status    string        `json:"status"`
	Condition string        `json:"condition"`
	Fired     bool          `json:"fired"`
	Exception string        `json:"exception,omitempty"` // that keeps it from being reported
	Signals   []TrialSignal `json:"signals"`
	Nearly    []Miss        `json:"nearly,omitempty"` // what single change would make it fire
}

// Miss is the one thing that kept a rule from firing.
type Miss struct {
	// Kind is missing (A was not found), held (A was found and should not
	// be), apart (A and B are too far apart), after (A stands after B, not
	// before) or overlap (A and B overlap, or stand in different fields).
	Kind  string `json:"kind"`
	A     string `json:"a"` // signals
	B     string `json:"b,omitempty"`
	Apart int    `json:"apart,omitempty"` // words between them
	Most  int    `json:"most,omitempty"`  // words wanted between them at most
}

// TrialSignal is one signal of a rule.
type TrialSignal struct {
	Name  string       `json:"name"`
	Kind  string       `json:"kind"`
	Found bool         `json:"found"`
	Spans []veghe.Span `json:"spans,omitempty"`
}

// TrialExamples counts examples, and shows those that do not hold.
type TrialExamples struct {
	Passed int      `json:"passed"`
	Todo   int      `json:"todo"` // known misses
	Failed []string `json:"failed,omitempty"`
}

// Effect is what a document changes over the newest posts.
type Effect struct {
	Posts    int  `json:"posts"`
	Complete bool `json:"complete"` // false: time ran out
	// Flagged counts posts by the rules in force, with the document, and both.
	Before int `json:"flagged_before"`
	After  int `json:"flagged_after"`
	Both   int `json:"flagged_both"`
	// Flags are the posts whose flag changes, by what people decided.
	Flags ByDecision `json:"flags"`
	// Rules are those that are found in other posts than before.
	Rules []RuleEffect `json:"rules"`
}

// RuleEffect is what a document changes for one rule.
type RuleEffect struct {
	Rule   veghe.RuleID `json:"rule"`
	Before int          `json:"before"` // posts
	After  int          `json:"after"`
	Posts  ByDecision   `json:"posts"`
}

// ByDecision counts gained and lost posts by what people decided about them,
// "none" where nobody did, and names some.
type ByDecision struct {
	Gained       map[string]int `json:"gained"`
	Lost         map[string]int `json:"lost"`
	GainedSample []veghe.PostID `json:"gained_sample"`
	LostSample   []veghe.PostID `json:"lost_sample"`
}

// Bounds of a trial.
const (
	maxLabText  = 64 << 10 // bytes of a pasted text
	labDeadline = 30 * time.Second
)

// labSizes are how many posts an effect may be seen over.
var labSizes = []int{500, 2000, 10000}

// labInput is what a trial is about.
type labInput struct {
	Doc    string       `json:"document"`
	Title  string       `json:"title"`
	Text   string       `json:"text"`
	Post   veghe.PostID `json:"post"`   // instead of a text
	Newest int          `json:"newest"` // posts to see the effect over; 0 is none
}

func (in *labInput) check() error {
	switch {
	case len(in.Doc) > store.MaxDocument:
		return refuse(http.StatusBadRequest, fmt.Sprintf("document is %d bytes, want at most %d", len(in.Doc), store.MaxDocument))
	case len(in.Text)+len(in.Title) > maxLabText:
		return refuse(http.StatusBadRequest, fmt.Sprintf("text is %d bytes, want at most %d", len(in.Text)+len(in.Title), maxLabText))
	case in.Newest != 0 && !slices.Contains(labSizes, in.Newest):
		return refuse(http.StatusBadRequest, fmt.Sprintf("newest is %d, want one of %v", in.Newest, labSizes))
	case len(in.Post) > maxPostID:
		return fail(http.StatusNotFound, "error.no_post")
	}
	in.Doc = strings.ReplaceAll(strings.ToValidUTF8(in.Doc, "\uFFFD"), "\r\n", "\n")
	in.Text = strings.ReplaceAll(strings.ToValidUTF8(in.Text, "\uFFFD"), "\r\n", "\n")
	return nil
}

// labPost is the post that a trial is over: a stored one, or the pasted text.
func (d *desk) labPost(ctx context.Context, in labInput) (veghe.Post, error) {
	if in.Post == "" {
		p := veghe.Post{Kind: veghe.Ad, Title: in.Title, Text: in.Text, CollectedAt: d.Clock().UTC()}
		p.Identify()
		return p, nil
	}
	if err := d.note(ctx, ActRead, string(in.Post), ""); err != nil {
		return veghe.Post{}, err
	}
	h, err := d.Search.Get(ctx, in.Post)
	if err != nil {
		return veghe.Post{}, err
	}
	p := h.Post
	p.CollectedAt = d.Clock().UTC() // exceptions hold as of now
	return p, nil
}

// run makes a trial, and sees its effect if that is wanted and the document
// can be used.
func (d *desk) run(r *http.Request, in labInput) (labInput, veghe.Post, Trial, *Effect, error) {
	if d.Lab == nil {
		return in, veghe.Post{}, Trial{}, nil, fail(http.StatusNotFound, "error.no_lab")
	}
	if err := in.check(); err != nil {
		return in, veghe.Post{}, Trial{}, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), labDeadline)
	defer cancel()
	post, err := d.labPost(ctx, in)
	if err != nil {
		return in, post, Trial{}, nil, err
	}
	trial, err := d.Lab.Try(ctx, in.Doc, post)
	if err != nil {
		return in, post, trial, nil, fmt.Errorf("trying a document: %w", err)
	}
	if err := d.note(ctx, ActLab, trial.Name, "tried"); err != nil || in.Newest == 0 || !trial.Usable() {
		return in, post, trial, nil, err
	}
	effect, err := d.Lab.Effect(ctx, in.Doc, in.Newest)
	if err != nil {
		return in, post, trial, nil, fmt.Errorf("the effect of a document: %w", err)
	}
	effect.Flags, err = d.seenOf(ctx, effect.Flags)
	for i := range effect.Rules {
		if err == nil {
			effect.Rules[i].Posts, err = d.seenOf(ctx, effect.Rules[i].Posts)
		}
	}
	return in, post, trial, &effect, err
}

// seenOf names only posts that are there for this reader. The counts are of
// all posts.
func (d *desk) seenOf(ctx context.Context, b ByDecision) (ByDecision, error) {
	for _, ids := range []*[]veghe.PostID{&b.GainedSample, &b.LostSample} {
		seen := []veghe.PostID{}
		for _, id := range *ids {
			switch _, err := d.Search.Get(ctx, id); {
			case err == nil:
				seen = append(seen, id)
			case !errors.Is(err, index.ErrNotFound):
				return b, err
			}
		}
		*ids = seen
	}
	return b, nil
}

type labPage struct {
	Page
	In     labInput
	Sizes  []int
	Rules  []RuleInfo
	Post   *labText
	Trial  *Trial
	Effect *effectView
	Diff   []diffRow // against what is in force
	Note   string
}

// labText is the post of a trial with what was found in it.
type labText struct {
	Name    string
	Href    string // of a stored post
	Heading []piece
	Text    []piece
}

// labForm answers with the page of a trial.
func (d *desk) labForm(w http.ResponseWriter, r *http.Request) error {
	in := labInput{
		Doc: r.PostFormValue("document"), Title: r.PostFormValue("title"), Text: r.PostFormValue("text"),
		Post: veghe.PostID(r.PostFormValue("post")), Newest: formInt(r, "newest"),
	}
	if r.PostFormValue("do") != "effect" {
		in.Newest = 0
	}
	in, post, trial, effect, err := d.run(r, in)
	if err != nil {
		return err
	}
	p, err := d.labPage(r, in)
	if err != nil {
		return err
	}
	p.Trial, p.Note = &trial, r.PostFormValue("note")
	if post.Text != "" || post.Title != "" {
		p.Post = d.labText(r, in, post, trial)
	}
	if p.Effect, err = d.effectView(r.Context(), d.localeOf(r), effect); err != nil {
		return err
	}
	base, err := d.Lab.Document(trial.Name)
	if err != nil {
		return err
	}
	p.Diff = diffRows(base, in.Doc)
	return d.render(w, r, http.StatusOK, "lab", p)
}

func formInt(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.PostFormValue(name))
	if err != nil {
		return 0
	}
	return n
}

// labStart answers with the page before a trial: a document to begin with,
// and a text or a post.
func (d *desk) labStart(w http.ResponseWriter, r *http.Request) error {
	if d.Lab == nil {
		return fail(http.StatusNotFound, "error.no_lab")
	}
	v := r.URL.Query()
	in := labInput{Post: veghe.PostID(v.Get("post")), Newest: labSizes[1]}
	if len(in.Post) > maxPostID {
		return fail(http.StatusNotFound, "error.no_post")
	}
	name := v.Get("name")
	switch {
	case name != "":
		doc, err := d.Lab.Document(name)
		if err != nil {
			return err
		}
		if doc == "" {
			return fail(http.StatusNotFound, "error.no_rule")
		}
		in.Doc = doc
	case v.Get("new") == "exception":
		in.Doc = newException(userOf(r.Context()).Name, d.Clock())
	default:
		in.Doc = newIndicator
	}
	if in.Post != "" {
		if err := d.note(r.Context(), ActRead, string(in.Post), ""); err != nil {
			return err
		}
	}
	p, err := d.labPage(r, in)
	if err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, "lab", p)
}

func (d *desk) labPage(r *http.Request, in labInput) (labPage, error) {
	l := d.localeOf(r)
	p := labPage{Page: d.page(r, l.T("lab.title")), In: in, Sizes: labSizes, Rules: d.Rules()}
	p.Nav = "rules"
	for i := range p.Rules {
		p.Rules[i].Title = l.Indicator(p.Rules[i].Indicator, p.Rules[i].Title)
	}
	slices.SortFunc(p.Rules, func(a, b RuleInfo) int { return strings.Compare(string(a.Rule), string(b.Rule)) })
	if in.Post != "" {
		h, err := d.Search.Get(r.Context(), in.Post)
		if err != nil {
			return p, err
		}
		p.Post = &labText{Name: l.nameOf(h), Href: postPath(in.Post)}
	}
	return p, nil
}

// labText marks what the rules of the document find, and dimmer what their signals find without the rule.
func (d *desk) labText(r *http.Request, in labInput, post veghe.Post, trial Trial) *labText {
	t := &labText{Name: d.localeOf(r).nameOf(index.Hit{Post: post})}
	if in.Post != "" {
		t.Href = postPath(in.Post)
	}
	var title, text []mark
	add := func(s veghe.Span, m mark) {
		m.Start, m.End = s.Start, s.End
		if s.Field == "title" {
			title = append(title, m)
			return
		}
		text = append(text, m)
	}
	for _, rule := range trial.Rules {
		for _, s := range rule.Signals {
			for _, span := range s.Spans {
				class := "shadow"
				if rule.Fired {
					class = "recruitment"
				}
				add(span, mark{Class: class, Why: string(rule.Rule) + ": " + s.Name})
			}
		}
	}
	t.Heading, t.Text = pieces(post.Title, title), pieces(post.Text, text)
	return t
}

// effectView is an effect with the names of the posts it names, as far as the
// reader may see them.
type effectView struct {
	Effect
	Flags decisionView
	Rules []ruleEffectView
}

type ruleEffectView struct {
	RuleEffect
	Posts decisionView
}

type decisionView struct {
	Rows         []decisionRow
	Gained, Lost []effectPost
}

// decisionRow counts one decision; "none" is no decision.
type decisionRow struct {
	Decision     string
	Gained, Lost int
}

type effectPost struct {
	Href, Name string
	Review     veghe.Decision
}

func (d *desk) effectView(ctx context.Context, l *locale, e *Effect) (*effectView, error) {
	if e == nil {
		return nil, nil
	}
	v := &effectView{Effect: *e}
	var err error
	if v.Flags, err = d.decisionView(ctx, l, e.Flags); err != nil {
		return nil, err
	}
	for _, r := range e.Rules {
		posts, err := d.decisionView(ctx, l, r.Posts)
		if err != nil {
			return nil, err
		}
		v.Rules = append(v.Rules, ruleEffectView{r, posts})
	}
	return v, nil
}

func (d *desk) decisionView(ctx context.Context, l *locale, b ByDecision) (v decisionView, err error) {
	for _, what := range []string{string(veghe.Relevant), string(veghe.NotRelevant), string(veghe.Unsure), "none"} {
		if b.Gained[what]+b.Lost[what] > 0 {
			v.Rows = append(v.Rows, decisionRow{what, b.Gained[what], b.Lost[what]})
		}
	}
	if v.Gained, err = d.effectPosts(ctx, l, b.GainedSample); err != nil {
		return v, err
	}
	v.Lost, err = d.effectPosts(ctx, l, b.LostSample)
	return v, err
}

// effectPosts leaves out what this reader does not see, or what went.
func (d *desk) effectPosts(ctx context.Context, l *locale, ids []veghe.PostID) (out []effectPost, err error) {
	for _, id := range ids {
		h, err := d.Search.Get(ctx, id)
		if errors.Is(err, index.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, effectPost{postPath(id), nameOf(h.Post, l), h.Review})
	}
	return out, nil
}

// labPath is the lab with a document in force, or a post, to begin with.
func labPath(key, value string) string { return "/lab?" + url.Values{key: {value}}.Encode() }
