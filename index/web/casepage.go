package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/handover"
)

type casePage struct {
	Page
	store.CaseFile
	Members  []caseMember
	People   []store.CasePerson
	Values   []valueRow
	Shared   []sharedRow // contacts that another team works on too
	Referral *store.Referral
	CanAgree bool // the reader may give the second opinion
	Alone    bool // a desk of one: nobody else could give it
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
	Review   veghe.Decision
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
	p := casePage{Page: d.page(r, f.ID+" "+f.Title), CaseFile: f, Alone: d.alone(ctx), Statuses: store.CaseStatuses, Export: handover.Names(), HasEvidence: d.Evidence != nil}
	p.Nav = "cases"
	hits, err := d.members(ctx, l, &p)
	if err != nil {
		return err
	}
	if p.Shared, err = d.shared(ctx, l, hits); err != nil {
		return err
	}
	if p.People, err = d.Cases.CasePeople(ctx, f.ID); err != nil {
		return err
	}
	values, err := d.Cases.CaseValues(ctx, f.ID)
	if err != nil {
		return err
	}
	p.Values = valueRows(l, values)
	ref, waits, err := d.Cases.ReferralOf(ctx, f.ID)
	if err != nil {
		return err
	}
	if waits {
		p.Referral = &ref
		p.CanAgree = userOf(ctx).Can("refer") && userOf(ctx).Name != ref.By
	}
	return d.render(w, r, http.StatusOK, "case", p)
}

// members reads the posts of a case as far as they are kept.
func (d *desk) members(ctx context.Context, l *locale, p *casePage) ([]index.Hit, error) {
	var hits []index.Hit
	for _, m := range p.CaseFile.Members {
		row := caseMember{CaseMember: m, Name: string(m.Post)}
		switch h, err := d.Search.Get(ctx, m.Post); {
		case errors.Is(err, index.ErrNotFound):
			row.Gone = true
		case err != nil:
			return nil, err
		default:
			row.Name, row.Severity, row.Review = nameOf(h.Post, l), h.Assessment.Severity, h.Review
			hits = append(hits, h)
		}
		p.Members = append(p.Members, row)
	}
	return hits, nil
}

// caseChange is one thing done to a case by a form.
type caseChange struct {
	id, note string
	r        *http.Request
	post     veghe.PostID
}

// caseForms are the forms of a case: what is done stands in "do".
var caseForms = map[string]func(*desk, context.Context, caseChange) error{
	"add":     func(d *desk, _ context.Context, c caseChange) error { return d.addToCase(c.r, c.id, c.post, c.note) },
	"remove":  (*desk).removeFromCase,
	"note":    (*desk).noteCase,
	"status":  (*desk).changeStatus,
	"agree":   func(d *desk, ctx context.Context, c caseChange) error { return d.answer(ctx, c, true) },
	"decline": func(d *desk, ctx context.Context, c caseChange) error { return d.answer(ctx, c, false) },
	"let":     (*desk).letIn,
	"leave":   (*desk).takeOut,
	"detach":  (*desk).detach,
}

func (d *desk) changeCaseForm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	c := caseChange{id: r.PathValue("id"), note: strings.TrimSpace(r.PostFormValue("note")), r: r, post: veghe.PostID(r.PostFormValue("post"))}
	if len(c.note) > maxReason {
		return refuse(http.StatusBadRequest, "want a note of at most 2000 bytes")
	}
	do, ok := caseForms[r.PostFormValue("do")]
	if !ok {
		return refuse(http.StatusBadRequest, "do is none of add, remove, note, status, agree, decline, let, leave and detach")
	}
	if err := do(d, ctx, c); err != nil {
		return noCase(err)
	}
	http.Redirect(w, r, casePath(c.id), http.StatusSeeOther)
	return nil
}

func (d *desk) removeFromCase(ctx context.Context, c caseChange) error {
	if err := d.note(ctx, ActCase, "case "+c.id, "removed "+string(c.post)); err != nil {
		return err
	}
	return d.Cases.RemoveFromCase(ctx, c.id, c.post, userOf(ctx).Name, c.note, d.Clock().UTC())
}

func (d *desk) noteCase(ctx context.Context, c caseChange) error {
	if c.note == "" {
		return refuse(http.StatusBadRequest, "want a note")
	}
	if err := d.note(ctx, ActCase, "case "+c.id, "note"); err != nil {
		return err
	}
	return d.Cases.NoteCase(ctx, c.id, c.note, userOf(ctx).Name, d.Clock().UTC())
}

// changeStatus changes where a case stands. To refer it takes two people,
// except where only one works.
func (d *desk) changeStatus(ctx context.Context, c caseChange) error {
	to := store.CaseStatus(c.r.PostFormValue("status"))
	if !slices.Contains(store.CaseStatuses, to) {
		return refuse(http.StatusBadRequest, "status is none of open, referred and closed")
	}
	by, at := userOf(ctx).Name, d.Clock().UTC()
	if to != store.CaseReferred || d.alone(ctx) {
		if err := d.note(ctx, ActCase, "case "+c.id, "status "+string(to)); err != nil {
			return err
		}
		return d.Cases.SetCaseStatus(ctx, c.id, to, by, c.note, at)
	}
	if c.note == "" {
		return fail(http.StatusBadRequest, "error.reason")
	}
	if err := d.note(ctx, ActCase, "case "+c.id, "asked for a referral"); err != nil {
		return err
	}
	return d.Cases.ProposeReferral(ctx, c.id, c.note, by, at)
}

// answer gives the second opinion on a referral.
func (d *desk) answer(ctx context.Context, c caseChange, agree bool) error {
	u := userOf(ctx)
	if !u.Can("refer") {
		return fail(http.StatusForbidden, "error.not_allowed")
	}
	if c.note == "" {
		return fail(http.StatusBadRequest, "error.reason")
	}
	said := "declined a referral"
	if agree {
		said = "agreed to a referral"
	}
	if err := d.note(ctx, ActCase, "case "+c.id, said); err != nil {
		return err
	}
	err := d.Cases.AnswerReferral(ctx, c.id, agree, c.note, u.Name, d.Clock().UTC())
	if errors.Is(err, store.ErrOwnReferral) || errors.Is(err, store.ErrNoReferral) {
		return &failure{status: http.StatusConflict, key: "error.second", cause: err}
	}
	return err
}

func (d *desk) letIn(ctx context.Context, c caseChange) error {
	who := strings.TrimSpace(c.r.PostFormValue("who"))
	if who == "" || len(who) > 200 {
		return refuse(http.StatusBadRequest, "want the name of who is to work on the case")
	}
	if err := d.note(ctx, ActCase, "case "+c.id, "let in "+who); err != nil {
		return err
	}
	return d.Cases.LetIntoCase(ctx, c.id, who, userOf(ctx).Name, d.Clock().UTC())
}

func (d *desk) takeOut(ctx context.Context, c caseChange) error {
	who := c.r.PostFormValue("who")
	if err := d.note(ctx, ActCase, "case "+c.id, "took out "+who); err != nil {
		return err
	}
	return d.Cases.TakeOutOfCase(ctx, c.id, who, userOf(ctx).Name, d.Clock().UTC())
}

func (d *desk) detach(ctx context.Context, c caseChange) error {
	kind, value := c.r.PostFormValue("kind"), c.r.PostFormValue("value")
	if err := d.note(ctx, ActCase, "case "+c.id, "detached "+kind+" "+value); err != nil {
		return err
	}
	return d.Cases.DetachFromCase(ctx, c.id, kind, value, userOf(ctx).Name, d.Clock().UTC())
}
