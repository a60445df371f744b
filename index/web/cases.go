package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"veghe"
	store "veghe/index/desk"
)

// Casebook keeps cases. What it returns wraps store.ErrNoCase for a case that
// is not there.
type Casebook interface {
	Cases(context.Context) ([]store.Case, error)
	Case(ctx context.Context, id string) (store.CaseFile, error)
	CasesOf(context.Context, veghe.PostID) ([]string, error)
	OpenCase(ctx context.Context, title, by string, at time.Time) (store.Case, error)
	AddToCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) (bool, error)
	RemoveFromCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) error
	NoteCase(ctx context.Context, id, note, by string, at time.Time) error
	SetCaseStatus(ctx context.Context, id string, to store.CaseStatus, by, note string, at time.Time) error
	// CasesWith lists the cases that somebody is in; CasePeople who is in one.
	CasesWith(ctx context.Context, who string) ([]string, error)
	CasePeople(ctx context.Context, id string) ([]store.CasePerson, error)
	LetIntoCase(ctx context.Context, id, who, by string, at time.Time) error
	TakeOutOfCase(ctx context.Context, id, who, by string, at time.Time) error
	// A referral waits for a second opinion.
	ProposeReferral(ctx context.Context, id, note, by string, at time.Time) error
	ReferralOf(ctx context.Context, id string) (store.Referral, bool, error)
	AnswerReferral(ctx context.Context, id string, agree bool, note, by string, at time.Time) error
	// Values are contacts, authors and templates that were put into a case.
	AttachToCase(ctx context.Context, id string, v store.CaseValue) error
	DetachFromCase(ctx context.Context, id, kind, value, by string, at time.Time) error
	CaseValues(ctx context.Context, id string) ([]store.CaseValue, error)
	CasesHolding(ctx context.Context, kind, value string) ([]string, error)
	AskCase(ctx context.Context, id, about, note, by string, at time.Time) error
}

func casePath(id string) string { return "/cases/" + url.PathEscape(id) }

type casesPage struct {
	Page
	Cases []store.Case
	For   veghe.PostID // the first post of a case to be opened
}

func (d *desk) casesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Cases.Cases(ctx)
	if err != nil {
		return err
	}
	p := casesPage{Page: d.page(r, d.localeOf(r).T("cases.title")), Cases: all, For: veghe.PostID(r.URL.Query().Get("post"))}
	p.Nav = "cases"
	return d.render(w, r, http.StatusOK, "cases", p)
}

// readCase returns a case, after it was noted who reads it.
func (d *desk) readCase(ctx context.Context, id string) (store.CaseFile, error) {
	if err := d.note(ctx, ActRead, "case "+id, ""); err != nil {
		return store.CaseFile{}, err
	}
	f, err := d.Cases.Case(ctx, id)
	return f, noCase(err)
}

// nameOf is what a post is called in a list: its title, else its place in its
// thread or its source. Its text stays closed.
func nameOf(p veghe.Post, l *locale) string {
	if p.Title != "" {
		return p.Title
	}
	return l.T("cases.untitled", "source", p.Source)
}

// noCase makes a case that is not there a page that is not there.
func noCase(err error) error {
	if errors.Is(err, store.ErrNoCase) {
		return &failure{status: http.StatusNotFound, key: "error.no_case", detail: "no such case", cause: err}
	}
	return err
}

// openCase is both the form's and the API's way to a new case.
func (d *desk) openCase(r *http.Request, title string, posts []veghe.PostID) (store.Case, error) {
	if title == "" || len(title) > 200 {
		return store.Case{}, refuse(http.StatusBadRequest, "want a title of 1 to 200 bytes")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	for _, id := range posts {
		if _, err := d.Search.Get(ctx, id); err != nil {
			return store.Case{}, err
		}
	}
	c, err := d.Cases.OpenCase(ctx, title, userOf(ctx).Name, d.Clock().UTC())
	if err != nil {
		return c, err
	}
	if err := d.note(ctx, ActCase, "case "+c.ID, "opened"); err != nil {
		return c, err
	}
	for _, id := range posts {
		if err := d.addToCase(r, c.ID, id, ""); err != nil {
			return c, err
		}
		c.Posts++
	}
	return c, nil
}

func (d *desk) addToCase(r *http.Request, id string, post veghe.PostID, why string) error {
	ctx, cancel := deadline(r)
	defer cancel()
	if _, err := d.Search.Get(ctx, post); err != nil {
		return err
	}
	if err := d.note(ctx, ActCase, "case "+id, "added "+string(post)); err != nil {
		return err
	}
	_, err := d.Cases.AddToCase(ctx, id, post, userOf(ctx).Name, why, d.Clock().UTC())
	return noCase(err)
}

func (d *desk) openCaseForm(w http.ResponseWriter, r *http.Request) error {
	var posts []veghe.PostID
	if p := r.PostFormValue("post"); p != "" {
		posts = append(posts, veghe.PostID(p))
	}
	c, err := d.openCase(r, r.PostFormValue("title"), posts)
	if err != nil {
		return err
	}
	http.Redirect(w, r, casePath(c.ID), http.StatusSeeOther)
	return nil
}

// readJSON reads the body of a request strictly.
func readJSON(r *http.Request, into any, want string) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return &failure{status: http.StatusBadRequest, key: "error.bad_request", cause: err, detail: "want a JSON object such as " + want}
	}
	return nil
}

func (d *desk) apiCases(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Cases.Cases(ctx)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"cases": append([]store.Case{}, all...)})
}

func (d *desk) apiOpenCase(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Title string         `json:"title"`
		Posts []veghe.PostID `json:"posts"`
	}
	if err := readJSON(r, &in, `{"title":"…","posts":["…"]}`); err != nil {
		return err
	}
	if len(in.Posts) > 200 {
		return refuse(http.StatusBadRequest, "want at most 200 posts at once")
	}
	c, err := d.openCase(r, in.Title, in.Posts)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, c)
}

func (d *desk) apiCase(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	f, err := d.readCase(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, f)
}

func (d *desk) apiAddToCase(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Post veghe.PostID `json:"post"`
		Note string       `json:"note"`
	}
	if err := readJSON(r, &in, `{"post":"…","note":"…"}`); err != nil {
		return err
	}
	if err := d.addToCase(r, r.PathValue("id"), in.Post, in.Note); err != nil {
		return err
	}
	return d.apiCase(w, r)
}
