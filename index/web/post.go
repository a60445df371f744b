package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

const (
	maxShown   = 64 << 10 // bytes of one text on a page
	maxThread  = 200      // posts of a conversation on a page
	maxPostID  = 512      // bytes
	maxReason  = 2000     // bytes of a reviewer's reason
	threadPart = 600      // bytes of an earlier post in the thread
)

type postPage struct {
	Page
	ID     veghe.PostID
	Hit    index.Hit
	Source veghe.Source
	Author string // pseudonym
	// AuthorPage is the address of what the author is linked to.
	AuthorPage string
	Handle     string // revealed
	Back       string // to the results
	Heading    []piece
	Name       string // for a post without a title
	Text       []piece
	Long       bool // more text than is shown
	Findings   []findingRow
	Scores     []score
	Sums       []sumView
	Langs      []langShare
	Contacts   []contactRow
	Quotes     []quoteView
	Thread     []threadRow
	Versions   []versionView // its other texts, oldest first
	Reviews    []veghe.Review // newest first
	Undo       veghe.Decision // what taking the newest back leads to
	Saved      bool
	// InCases hold the post, OtherCases are open and do not.
	InCases, OtherCases []store.Case
}

type findingRow struct {
	veghe.Finding
	Num    int
	Title  string
	Href   string
	Places []string
	Agreed *store.Precision // how often people agreed with the rule
}

type sumView struct {
	Sum
	Steps []step
	Axis  int // where zero is, in hundredths of the chart
}

// step is one bar of how a score adds up.
type step struct {
	Label string
	Value float64
	Raw   float64 // where a cap took something away; else equal to Value
	X, W  int     // of the bar, in hundredths of the chart
	Minus bool
}

type langShare struct {
	Lang  string
	Share float64
}

type contactRow struct {
	veghe.Contact
	Shown string
	Href  string
}

type quoteView struct {
	Author string
	Text   []piece
}

type threadRow struct {
	ID       veghe.PostID
	Href     string
	Seq      int
	Author   string
	Posted   time.Time
	Text     []piece
	Cut      bool
	Here     bool // the post of this page
	Counts   bool // an earlier post that the score rests on
	Same     bool // by the same author
	Severity veghe.Severity
	Flagged  bool
}

// postID is the id in the path of a request.
func postID(r *http.Request) (veghe.PostID, error) {
	id := r.PathValue("id")
	if id == "" || len(id) > maxPostID {
		return "", fail(http.StatusNotFound, "error.no_post")
	}
	return veghe.PostID(id), nil
}

func (d *desk) post(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActRead, string(id), ""); err != nil {
		return err
	}
	p, err := d.postPage(r, id)
	if err != nil {
		return err
	}
	p.Saved = r.URL.Query().Get("saved") == "1"
	return d.render(w, r, http.StatusOK, "post", p)
}

func (d *desk) postPage(r *http.Request, id veghe.PostID) (postPage, error) {
	ctx, cancel := deadline(r)
	defer cancel()
	h, err := d.Search.Get(ctx, id)
	if err != nil {
		return postPage{}, err
	}
	l := d.localeOf(r)
	p := postPage{Page: d.page(r, l.T("post.title")), ID: id, Hit: h}
	p.Nav, p.Back = "results", searchLink(p.Query, p.Sort, p.All, "")
	p.Author = d.pseudo.short(h.Post.Source, h.Post.Author)
	p.AuthorPage = authorPath(string(d.pseudo.of(h.Post.Source, h.Post.Author)), id)
	p.Source = d.source(h.Post.Source)
	agreed, err := d.agreed(ctx)
	if err != nil {
		return postPage{}, err
	}
	d.texts(&p, l, agreed)
	p.Scores = scores(h.Assessment)
	p.Sums = sums(l, d.Explain(veghe.Assessed{Post: h.Post, Assessment: h.Assessment, AssessedAt: h.AssessedAt}))
	p.Langs = shares(h.Assessment.Lang)
	p.Contacts = contacts(h.Assessment.Contacts)
	if p.Thread, err = d.thread(ctx, h); err != nil {
		return postPage{}, err
	}
	if p.Versions, err = d.versions(ctx, h); err != nil {
		return postPage{}, err
	}
	if p.Reviews, err = d.reviewsOf(ctx, id); err != nil {
		return postPage{}, err
	}
	p.Undo = undo(p.Reviews)
	p.InCases, p.OtherCases, err = d.casesFor(ctx, id)
	return p, err
}

// maxOffered is how many open cases are offered to add a post to.
const maxOffered = 20

// casesFor splits the cases into those that hold the post, and open ones that
// do not.
func (d *desk) casesFor(ctx context.Context, id veghe.PostID) (in, others []store.Case, err error) {
	holding, err := d.Cases.CasesOf(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	all, err := d.Cases.Cases(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range all {
		switch {
		case slices.Contains(holding, c.ID):
			in = append(in, c)
		case c.Status == store.CaseOpen && len(others) < maxOffered:
			others = append(others, c)
		}
	}
	return in, others, nil
}

func (d *desk) source(id veghe.SourceID) veghe.Source {
	for _, s := range d.Sources() {
		if s.ID == id {
			return s
		}
	}
	return veghe.Source{ID: id}
}

// texts fills what was written and what was found in it.
func (d *desk) texts(p *postPage, l *locale, agreed map[veghe.RuleID]*store.Precision) {
	post := p.Hit.Post
	findings := numbered(p.Hit.Assessment.Findings)
	titles := d.titles()
	title, text := marksOf(findings, p.Hit.Matches)
	p.Name = l.nameOf(p.Hit)
	p.Heading = pieces(post.Title, title)
	shown := post.Text
	if len(shown) > maxShown {
		shown, p.Long = shown[:wordEdge(shown, maxShown)], true
	}
	p.Text = pieces(shown, text)
	for i, f := range findings {
		row := findingRow{
			Finding: f, Num: i + 1, Title: l.Indicator(f.Indicator, titles[f.Indicator].Title),
			Href: queryLink("indicator", string(f.Indicator)), Agreed: agreed[f.Rule],
		}
		for _, s := range f.Spans {
			if !slices.Contains(row.Places, s.Text) {
				row.Places = append(row.Places, s.Text)
			}
		}
		p.Findings = append(p.Findings, row)
	}
	for _, q := range post.Quotes {
		cut := q.Text[:wordEdge(q.Text, min(len(q.Text), maxShown))]
		p.Quotes = append(p.Quotes, quoteView{d.pseudo.short(post.Source, q.Author), pieces(cut, nil)})
	}
}

// addWeights is how a score adds up as far as the findings themselves tell:
// the weights by family, without prior and caps.
func addWeights(a veghe.Assessed) []Sum {
	var out []Sum
	for _, s := range scores(a.Assessment) {
		sum := Sum{Category: s.Category, Score: s.Value}
		for _, f := range a.Assessment.Findings {
			if f.Shadow || f.Category != s.Category && f.Category != veghe.Common {
				continue
			}
			i := slices.IndexFunc(sum.Families, func(x FamilySum) bool { return x.Family == f.Family })
			if i < 0 {
				i = len(sum.Families)
				sum.Families = append(sum.Families, FamilySum{Family: f.Family})
			}
			sum.Families[i].Raw += f.Weight
			sum.Families[i].Capped += f.Weight
			sum.LogOdds += f.Weight
		}
		out = append(out, sum)
	}
	return out
}

// sums lays the parts of each score out as bars on one scale.
func sums(l *locale, all []Sum) []sumView {
	var out []sumView
	for _, s := range all {
		if len(s.Families) == 0 {
			continue // nothing was seen: the sum is where it started
		}
		v := sumView{Sum: s}
		if s.Prior != 0 {
			v.Steps = append(v.Steps, step{Label: l.T("sum.prior"), Value: s.Prior, Raw: s.Prior})
		}
		for _, f := range s.Families {
			v.Steps = append(v.Steps, step{Label: l.Has("family."+f.Family, f.Family), Value: f.Capped, Raw: f.Raw})
		}
		v.Axis = layOut(v.Steps)
		out = append(out, v)
	}
	return out
}

// layOut places the bars on one scale and returns where its zero is. Without
// anything negative that is the left edge.
func layOut(steps []step) (axis int) {
	low, high := 0.0, 0.1
	for _, st := range steps {
		low, high = min(low, st.Value), max(high, st.Value)
	}
	at := func(x float64) int { return int(100 * (x - low) / (high - low)) }
	axis = at(0)
	for i := range steps {
		st := &steps[i]
		st.Minus = st.Value < 0
		from, to := at(min(0, st.Value)), at(max(0, st.Value))
		st.X, st.W = from, max(1, to-from)
	}
	return axis
}

func shares(spans []veghe.LangSpan) []langShare {
	var out []langShare
	total := 0
	for _, s := range spans {
		n := max(0, s.End-s.Start)
		total += n
		i := slices.IndexFunc(out, func(x langShare) bool { return x.Lang == s.Lang })
		if i < 0 {
			i = len(out)
			out = append(out, langShare{Lang: s.Lang})
		}
		out[i].Share += float64(n)
	}
	for i := range out {
		out[i].Share /= float64(max(1, total))
	}
	slices.SortStableFunc(out, func(a, b langShare) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

// contacts shows ways to reach someone so that nobody follows one by accident.
func contacts(all []veghe.Contact) []contactRow {
	var out []contactRow
	for _, c := range all {
		row := contactRow{Contact: c, Shown: c.Value, Href: contactLink(c.Kind, c.Value)}
		if c.Kind == "url" || c.Kind == "email" {
			row.Shown = defang(c.Value)
		}
		if !slices.ContainsFunc(out, func(x contactRow) bool { return x.Kind == row.Kind && x.Value == row.Value }) {
			out = append(out, row)
		}
	}
	return out
}

// contactLink leads to the other posts with the same contact.
func contactLink(kind, value string) string {
	switch kind {
	case "phone", "handle", "place", "email", "url":
		return entityPath(kind, value)
	default: // a price or an age links nobody
		return ""
	}
}

func (d *desk) thread(ctx context.Context, h index.Hit) ([]threadRow, error) {
	if h.Post.Thread == "" {
		return nil, nil
	}
	hits, err := d.Search.Thread(ctx, h.Post.Source, h.Post.Thread, maxThread)
	if err != nil {
		return nil, fmt.Errorf("reading the thread: %w", err)
	}
	slices.SortStableFunc(hits, func(a, b index.Hit) int {
		return cmp.Or(cmp.Compare(a.Post.Seq, b.Post.Seq), a.Post.PostedAt.Compare(b.Post.PostedAt))
	})
	var counts []veghe.PostID
	if h.Assessment.History != nil {
		counts = h.Assessment.History.Posts
	}
	var rows []threadRow
	for _, t := range hits {
		_, marks := marksOf(t.Assessment.Findings, nil)
		part, moved, before, after := excerpt(t.Post.Text, marks, threadPart)
		for i := range moved {
			moved[i].Num = 0 // the numbers are those of this page's findings
		}
		rows = append(rows, threadRow{
			ID: t.Post.ID, Href: postPath(t.Post.ID), Seq: t.Post.Seq, Posted: t.Post.PostedAt,
			Author: d.pseudo.short(t.Post.Source, t.Post.Author), Text: pieces(part, moved), Cut: before || after,
			Here: t.Post.ID == h.Post.ID, Counts: slices.Contains(counts, t.Post.ID),
			Same: t.Post.Author != "" && t.Post.Author == h.Post.Author, Severity: t.Assessment.Severity, Flagged: t.Assessment.Flagged,
		})
	}
	return rows, nil
}

// reviewsOf are the decisions about a post, newest first.
func (d *desk) reviewsOf(ctx context.Context, id veghe.PostID) ([]veghe.Review, error) {
	all, err := d.Reviews.Reviews(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the reviews: %w", err)
	}
	return all, nil
}

// undo is the decision that stood before the newest, or unsure if none did,
// or "" when there is nothing to take back.
func undo(newestFirst []veghe.Review) veghe.Decision {
	if len(newestFirst) == 0 {
		return ""
	}
	now := newestFirst[0].Decision
	for _, r := range newestFirst[1:] {
		if r.Decision != now {
			return r.Decision
		}
	}
	if now == veghe.Unsure {
		return ""
	}
	return veghe.Unsure
}

// decide checks and keeps a decision about a post that exists.
func (d *desk) decide(r *http.Request, id veghe.PostID, decision veghe.Decision, reason string) (veghe.Review, error) {
	if !slices.Contains([]veghe.Decision{veghe.Relevant, veghe.NotRelevant, veghe.Unsure}, decision) {
		return veghe.Review{}, refuse(http.StatusBadRequest, `decision: want "relevant", "not_relevant" or "unsure"`)
	}
	reason = strings.TrimSpace(strings.ToValidUTF8(reason, "\uFFFD"))
	if len(reason) > maxReason {
		return veghe.Review{}, refuse(http.StatusBadRequest, fmt.Sprintf("reason is %d bytes, want at most %d", len(reason), maxReason))
	}
	ctx, cancel := deadline(r)
	defer cancel()
	if _, err := d.Search.Get(ctx, id); err != nil {
		return veghe.Review{}, err
	}
	review := veghe.Review{
		ID: rand.Text(), Post: id, Decision: decision, Reason: reason, By: userOf(ctx).Name, At: d.Clock().UTC(),
	}
	if err := d.note(ctx, ActReview, string(id), string(decision)); err != nil {
		return veghe.Review{}, err
	}
	if err := d.Reviews.Review(ctx, review); err != nil {
		return veghe.Review{}, fmt.Errorf("keeping a review: %w", err)
	}
	return review, nil
}

func (d *desk) reviewForm(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	if _, err := d.decide(r, id, veghe.Decision(r.PostFormValue("decision")), r.PostFormValue("reason")); err != nil {
		return err
	}
	to := localPath(r.PostFormValue("back"))
	if !strings.HasPrefix(to, postPath(id)) {
		to = postPath(id)
	}
	if !strings.Contains(to, "saved=1") {
		sep := "?"
		if strings.Contains(to, "?") {
			sep = "&"
		}
		to += sep + "saved=1"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// errNoReason is a wish to see a handle without saying why.
var errNoReason = errors.New("a reason is needed")

// revealForm answers with the page that shows the author's handle. Nothing
// remembers it: the next visit takes another reason.
func (d *desk) revealForm(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	reason, err := revealReason(r.PostFormValue("reason"))
	if err != nil {
		return &failure{status: http.StatusBadRequest, key: "error.reason", cause: err}
	}
	p, err := d.postPage(r, id)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActReveal, string(id), reason); err != nil {
		return err
	}
	p.Handle, p.Path = string(p.Hit.Post.Author), postPath(id)
	return d.render(w, r, http.StatusOK, "post", p)
}

func revealReason(s string) (string, error) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) < 3 || len(s) > maxReason {
		return "", errNoReason
	}
	return s, nil
}
