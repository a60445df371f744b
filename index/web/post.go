package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"

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
	// Findings are the indicators seen, those that count for something first.
	Findings []findingGroup
	// Decides says that some finding alone makes or unmakes the flag or its
	// severity; Judged that this could be found out.
	Decides, Judged bool
	Scores          []score
	Sums            []sumView
	Langs           []langShare
	Segments        []segment // of a text in several languages
	Contacts        []contactRow
	Quotes          []quoteView
	Thread          []threadRow
	Chart           *chart
	Template        *templateView
	Versions        []versionView  // newest first
	Reviews         []veghe.Review // newest first
	Undo            veghe.Decision // what taking the newest back leads to
	Saved           bool
	Claim           *claimView    // who looks at it now
	Next            []store.Queue // to go on with, once decided
	// InCases hold the post, OtherCases are open and do not.
	InCases, OtherCases []store.Case
	Shared              []sharedRow // contacts on which another team works too
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
	if p.Claim, err = d.claimOn(r.Context(), id); err != nil {
		return err
	}
	if p.Saved {
		if p.Next, err = d.Work.Queues(r.Context()); err != nil {
			return err
		}
	}
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
	all := d.Explain(assessed(h))
	if p.Findings, err = d.findings(ctx, l, h, all); err != nil {
		return postPage{}, err
	}
	p.Decides = slices.ContainsFunc(p.Findings, func(g findingGroup) bool { return g.Otherwise != nil })
	_, p.Judged = d.Otherwise(assessed(h))
	d.texts(&p, l)
	p.Scores = scores(h.Assessment)
	p.Sums = sums(l, all)
	p.Contacts = contacts(h.Assessment.Contacts)
	if p.Thread, p.Chart, err = d.thread(ctx, l, h, needed(all)); err != nil {
		return postPage{}, err
	}
	if p.Template, err = d.templateOf(ctx, l, h); err != nil {
		return postPage{}, err
	}
	if p.Versions, err = d.versions(ctx, h); err != nil {
		return postPage{}, err
	}
	if p.Reviews, err = d.reviewsOf(ctx, id); err != nil {
		return postPage{}, err
	}
	p.Undo = undo(p.Reviews)
	if p.Shared, err = d.shared(ctx, l, []index.Hit{h}); err != nil {
		return postPage{}, err
	}
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

// texts fills what was written, with marks where something was found.
func (d *desk) texts(p *postPage, l *locale) {
	post := p.Hit.Post
	title, text := groupMarks(p.Findings, p.Hit.Matches)
	p.Name = l.nameOf(p.Hit)
	p.Heading = pieces(post.Title, title)
	shown := post.Text
	if len(shown) > maxShown {
		shown, p.Long = shown[:wordEdge(shown, maxShown)], true
	}
	p.Text = pieces(shown, text)
	p.Langs, p.Segments = shares(p.Hit.Assessment.Lang), segments(post.Text, p.Hit.Assessment.Lang)
	for _, q := range post.Quotes {
		cut := q.Text[:wordEdge(q.Text, min(len(q.Text), maxShown))]
		p.Quotes = append(p.Quotes, quoteView{d.pseudo.short(post.Source, q.Author), pieces(cut, nil)})
	}
}

// segment is a stretch of a text in one language.
type segment struct {
	Lang  string
	Start int
	Text  []run
	Cut   bool
}

const (
	maxSegments = 40
	segmentPart = 120 // bytes shown of each
)

// segments shows where a text changes its language, nil where it does not.
func segments(text string, spans []veghe.LangSpan) []segment {
	var out []segment
	for i, s := range spans {
		s.Start, s.End = max(0, min(s.Start, len(text))), max(0, min(s.End, len(text)))
		if s.Start >= s.End || i >= maxSegments {
			continue
		}
		part := strings.ToValidUTF8(text[s.Start:s.End], "\uFFFD")
		end := wordEdge(part, min(len(part), segmentPart))
		out = append(out, segment{Lang: s.Lang, Start: s.Start, Text: runs(part[:end]), Cut: end < len(part)})
	}
	if !slices.ContainsFunc(out, func(s segment) bool { return s.Lang != out[0].Lang }) {
		return nil
	}
	return out
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

// reviewsOf are the decisions about a post, newest first.
func (d *desk) reviewsOf(ctx context.Context, id veghe.PostID) ([]veghe.Review, error) {
	all, err := d.Reviews.Reviews(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the reviews: %w", err)
	}
	return all, nil
}

// undo is what taking the newest decision back leads to: the decision that
// stood before it, or none, or "" when there is nothing to take back.
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
	if now == veghe.Withdrawn {
		return ""
	}
	return veghe.Withdrawn
}

// decide checks and keeps a decision about a post that exists.
func (d *desk) decide(r *http.Request, id veghe.PostID, decision veghe.Decision, reason string) (veghe.Review, error) {
	if !slices.Contains(store.Decisions, decision) {
		return veghe.Review{}, refuse(http.StatusBadRequest, `decision: want "relevant", "not_relevant", "unsure" or "withdrawn"`)
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
	if err := d.Work.ReleasePost(ctx, id, review.By); err != nil {
		return veghe.Review{}, fmt.Errorf("releasing a post: %w", err)
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

// revealForm answers with the page that shows the author's handle. Nothing
// remembers it: the next visit takes another reason.
func (d *desk) revealForm(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	reason, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
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

// reasonIn is the reason that somebody gave for what takes one; too short or
// too long a one is refused.
func reasonIn(s string) (string, error) {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) < 3 || len(s) > maxReason {
		return "", fail(http.StatusBadRequest, "error.reason")
	}
	return s, nil
}
