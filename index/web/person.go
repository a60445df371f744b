package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Person is whom a request under data protection law is about.
type Person struct {
	Kind  string `json:"kind"` // handle, author, phone, email, url, id or words
	Value string `json:"value"`
}

// personKinds are the kinds of a Person.
var personKinds = []string{"handle", "author", "phone", "email", "url", "id", "words"}

// PersonReport is what is kept about a person.
type PersonReport struct {
	Person
	At       time.Time      `json:"at"`
	Posts    []PersonPost   `json:"posts"`
	Mentions store.Mentions `json:"mentions"`
	// StreamUntil is when the last copies in the stream are gone.
	StreamUntil time.Time `json:"stream_until"`
}

// PersonPost is one post that is kept, without its text.
type PersonPost struct {
	ID          veghe.PostID   `json:"id"`
	Source      veghe.SourceID `json:"source"`
	URL         string         `json:"url,omitempty"`
	PostedAt    time.Time      `json:"posted_at,omitzero"`
	CollectedAt time.Time      `json:"collected_at"`
	Flagged     bool           `json:"flagged"`
	Cases       []string       `json:"cases,omitempty"`
	Versions    int            `json:"versions,omitempty"` // other texts
	Evidence    string         `json:"evidence,omitempty"`
	Held        bool           `json:"held,omitempty"` // by a legal hold
}

// Erasure is what was done for a person.
type Erasure struct {
	Posts        int            `json:"posts"`
	Held         int            `json:"held"` // stay for a legal reason
	Captures     int            `json:"captures"`
	CapturesLeft int            `json:"captures_left"` // hold posts of others that stay
	Left         store.Mentions `json:"left"`          // what still names them
	Record       int64          `json:"record"`        // of the deletion
	Digest       string         `json:"digest"`
}

// Keeper deletes.
type Keeper interface {
	Report(context.Context, Person) (PersonReport, error)
	Erase(ctx context.Context, p Person, by, reason string) (Erasure, error)
}

type personView struct {
	Page
	Kinds   []string
	Person  Person
	Report  *PersonReport
	Erased  *Erasure
	Problem string
}

func (d *desk) personPage(w http.ResponseWriter, r *http.Request) error {
	return d.showPerson(w, r, http.StatusOK, personView{Person: Person{Kind: "handle"}})
}

func (d *desk) showPerson(w http.ResponseWriter, r *http.Request, status int, v personView) error {
	if d.Keeper == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	v.Page, v.Kinds = d.page(r, d.localeOf(r).T("person.title")), personKinds
	v.Nav, v.Path = "person", "/person"
	return d.render(w, r, status, "person", v)
}

// person reads whom a form is about. A report over a part of the sources would
// pass for one over all, so an account with a limit makes none.
func (d *desk) person(r *http.Request) (Person, error) {
	p := Person{Kind: r.PostFormValue("kind"), Value: strings.TrimSpace(r.PostFormValue("value"))}
	switch {
	case d.Keeper == nil:
		return p, fail(http.StatusNotFound, "error.not_found")
	case userOf(r.Context()).Sources != nil:
		return p, fail(http.StatusForbidden, "error.not_allowed")
	case !slices.Contains(personKinds, p.Kind), len(p.Value) < 3, len(p.Value) > 300:
		return p, fail(http.StatusBadRequest, "error.person")
	}
	return p, nil
}

// subject names a person in the audit trail: the kind, and of the value only
// what tells two requests apart.
func (d *desk) subject(p Person) string {
	return "person " + p.Kind + " " + string(d.pseudo.of("", veghe.AuthorID(p.Value)))
}

func (d *desk) reportForm(w http.ResponseWriter, r *http.Request) error {
	p, err := d.person(r)
	if err != nil {
		return err
	}
	reason, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActErase, d.subject(p), "report: "+reason); err != nil {
		return err
	}
	report, err := d.Keeper.Report(r.Context(), p)
	if errors.Is(err, index.ErrManyPosts) {
		return fail(http.StatusBadRequest, "error.many_posts")
	}
	if err != nil {
		return err
	}
	if r.PostFormValue("format") == "json" {
		w.Header().Set("Content-Disposition", `attachment; filename="veghe-person.json"`)
		return writeJSON(w, http.StatusOK, report)
	}
	return d.showPerson(w, r, http.StatusOK, personView{Person: p, Report: &report})
}

func (d *desk) eraseForm(w http.ResponseWriter, r *http.Request) error {
	p, err := d.person(r)
	if err != nil {
		return err
	}
	reason, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	if r.PostFormValue("sure") != "1" {
		return fail(http.StatusBadRequest, "error.sure")
	}
	if err := d.note(r.Context(), ActErase, d.subject(p), "erasure: "+reason); err != nil {
		return err
	}
	done, err := d.Keeper.Erase(r.Context(), p, userOf(r.Context()).Name, reason)
	if errors.Is(err, index.ErrManyPosts) {
		return fail(http.StatusBadRequest, "error.many_posts")
	}
	if err != nil {
		return err
	}
	return d.showPerson(w, r, http.StatusOK, personView{Person: p, Erased: &done})
}
