package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/handover"
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

type casePage struct {
	Page
	store.CaseFile
	Members  []caseMember
	Statuses []store.CaseStatus
	// Export are the formats to hand over in; HasEvidence says that captures
	// are kept here.
	Export      []string
	HasEvidence bool
}

// caseMember is a post of a case as far as it is still kept.
type caseMember struct {
	store.CaseMember
	Name     string
	Severity veghe.Severity
	Gone     bool
}

func (d *desk) casePage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	f, err := d.readCase(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	p := casePage{Page: d.page(r, f.ID+" "+f.Title), CaseFile: f, Statuses: store.CaseStatuses, Export: handover.Names(), HasEvidence: d.Evidence != nil}
	p.Nav = "cases"
	for _, m := range f.Members {
		row := caseMember{CaseMember: m, Name: string(m.Post)}
		switch h, err := d.Search.Get(ctx, m.Post); {
		case errors.Is(err, index.ErrNotFound):
			row.Gone = true
		case err != nil:
			return err
		default:
			row.Name, row.Severity = nameOf(h.Post, l), h.Assessment.Severity
		}
		p.Members = append(p.Members, row)
	}
	return d.render(w, r, http.StatusOK, "case", p)
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

// changeCaseForm takes every form of a case: what is done stands in "do".
func (d *desk) changeCaseForm(w http.ResponseWriter, r *http.Request) error {
	id, post, note := r.PathValue("id"), veghe.PostID(r.PostFormValue("post")), r.PostFormValue("note")
	ctx, cancel := deadline(r)
	defer cancel()
	by, at, what := userOf(ctx).Name, d.Clock().UTC(), r.PostFormValue("do")
	if len(note) > 2000 {
		return refuse(http.StatusBadRequest, "want a note of at most 2000 bytes")
	}
	var err error
	switch what {
	case "add":
		err = d.addToCase(r, id, post, note)
	case "remove":
		if err = d.note(ctx, ActCase, "case "+id, "removed "+string(post)); err == nil {
			err = d.Cases.RemoveFromCase(ctx, id, post, by, note, at)
		}
	case "note":
		if note == "" {
			return refuse(http.StatusBadRequest, "want a note")
		}
		if err = d.note(ctx, ActCase, "case "+id, "note"); err == nil {
			err = d.Cases.NoteCase(ctx, id, note, by, at)
		}
	case "status":
		to := store.CaseStatus(r.PostFormValue("status"))
		if err = d.note(ctx, ActCase, "case "+id, "status "+string(to)); err == nil {
			err = d.setStatus(ctx, id, to, by, note, at)
		}
	default:
		return refuse(http.StatusBadRequest, "do is none of add, remove, note and status")
	}
	if err != nil {
		return noCase(err)
	}
	http.Redirect(w, r, casePath(id), http.StatusSeeOther)
	return nil
}

func (d *desk) setStatus(ctx context.Context, id string, to store.CaseStatus, by, note string, at time.Time) error {
	if slices.Contains(store.CaseStatuses, to) {
		return d.Cases.SetCaseStatus(ctx, id, to, by, note, at)
	}
	return refuse(http.StatusBadRequest, "status is none of open, referred and closed")
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
