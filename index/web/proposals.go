package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	store "veghe/index/desk"
)

// Proposals keeps proposed rule documents. What it returns wraps
// store.ErrNoProposal for one that is not there, and store.ErrDecided for one
// that somebody decided on before.
type Proposals interface {
	Propose(context.Context, store.Proposal) (store.Proposal, error)
	Proposals(context.Context) ([]store.Proposal, error)
	Proposal(ctx context.Context, id int64) (store.Proposal, error)
	DecideProposal(ctx context.Context, id int64, to store.ProposalStatus, by, reason string, at time.Time) error
}

// ExceptionInfo is one office's exception in the rules in force.
type ExceptionInfo struct {
	Name       string    `json:"name"`
	Indicators []string  `json:"indicators"`
	Condition  string    `json:"condition,omitempty"` // empty: always
	Reason     string    `json:"reason"`
	Owner      string    `json:"owner"`
	Expires    time.Time `json:"expires"` // the first moment it no longer holds
}

// expiryWarning is how long before its end an exception is warned about.
const expiryWarning = 14 * 24 * time.Hour

type proposalsPage struct {
	Page
	Proposals []store.Proposal
}

func (d *desk) proposalsPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Proposals.Proposals(ctx)
	if err != nil {
		return err
	}
	p := proposalsPage{Page: d.page(r, d.localeOf(r).T("proposals.title")), Proposals: all}
	p.Nav = "rules"
	return d.render(w, r, http.StatusOK, "proposals", p)
}

// proposeForm tries the document once more and keeps it.
func (d *desk) proposeForm(w http.ResponseWriter, r *http.Request) error {
	p, err := d.propose(r, r.PostFormValue("document"), r.PostFormValue("note"), r.PostFormValue("effect"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, proposalPath(p.ID), http.StatusSeeOther)
	return nil
}

func proposalPath(id int64) string { return "/lab/proposals/" + strconv.FormatInt(id, 10) }

// propose keeps a document that can be used, with what is in force now in its
// place. The effect is what its author saw, and may be empty.
func (d *desk) propose(r *http.Request, doc, note, effect string) (store.Proposal, error) {
	in := labInput{Doc: doc}
	note = strings.TrimSpace(strings.ToValidUTF8(note, "\uFFFD"))
	if note == "" || len(note) > maxReason {
		return store.Proposal{}, &failure{status: http.StatusBadRequest, key: "error.reason", detail: fmt.Sprintf("note: want what it is for, in 1 to %d bytes", maxReason)}
	}
	in, _, trial, _, err := d.run(r, in)
	if err != nil {
		return store.Proposal{}, err
	}
	if !trial.Usable() {
		return store.Proposal{}, &failure{status: http.StatusBadRequest, key: "error.document", detail: "the document has problems: try it first"}
	}
	base, err := d.Lab.Document(trial.Name)
	if err != nil {
		return store.Proposal{}, err
	}
	if !json.Valid([]byte(effect)) {
		effect = ""
	}
	p, err := d.Proposals.Propose(r.Context(), store.Proposal{
		Kind: trial.Kind, Name: trial.Name, Document: in.Doc, Base: base, Rules: trial.RulesVersion, Note: note, Effect: effect,
		By: userOf(r.Context()).Name, At: d.Clock().UTC(),
	})
	if err != nil {
		return p, err
	}
	return p, d.note(r.Context(), ActLab, "proposal "+strconv.FormatInt(p.ID, 10), "proposed "+trial.Name)
}

type proposalPage struct {
	Page
	store.Proposal
	Diff   []diffRow
	Effect *effectView
	Mine   bool
	Open   bool
}

func (d *desk) proposalPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	got, err := d.proposal(ctx, r)
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	p := proposalPage{
		Page: d.page(r, l.T("proposal.title", "n", got.ID, "name", got.Name)), Proposal: got, Diff: diffRows(got.Base, got.Document),
		Mine: got.By == userOf(r.Context()).Name, Open: got.Status == store.Proposed,
	}
	p.Nav = "rules"
	var e Effect
	if got.Effect != "" && json.Unmarshal([]byte(got.Effect), &e) == nil {
		if p.Effect, err = d.effectView(ctx, l, &e); err != nil {
			return err
		}
	}
	return d.render(w, r, http.StatusOK, "proposal", p)
}

func (d *desk) proposal(ctx context.Context, r *http.Request) (store.Proposal, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Proposal{}, fail(http.StatusNotFound, "error.no_proposal")
	}
	p, err := d.Proposals.Proposal(ctx, id)
	if errors.Is(err, store.ErrNoProposal) {
		return p, &failure{status: http.StatusNotFound, key: "error.no_proposal", cause: err}
	}
	return p, err
}

// proposalFile is the document as a rule file.
func (d *desk) proposalFile(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	p, err := d.proposal(ctx, r)
	if err != nil {
		return err
	}
	if err := d.note(ctx, ActExport, "proposal "+strconv.FormatInt(p.ID, 10), ""); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/yaml; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="proposal-%d.yaml"`, p.ID))
	_, _ = w.Write([]byte(p.Document)) // the reader is gone if this fails
	return nil
}

// decideProposalForm accepts, rejects or withdraws. Nothing else happens: the
// rules change when whoever keeps them takes the document over.
func (d *desk) decideProposalForm(w http.ResponseWriter, r *http.Request) error {
	p, err := d.decideProposal(r, store.ProposalStatus(r.PostFormValue("status")), r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, proposalPath(p.ID), http.StatusSeeOther)
	return nil
}

func (d *desk) decideProposal(r *http.Request, to store.ProposalStatus, reason string) (store.Proposal, error) {
	ctx, cancel := deadline(r)
	defer cancel()
	p, err := d.proposal(ctx, r)
	if err != nil {
		return p, err
	}
	reason = strings.TrimSpace(strings.ToValidUTF8(reason, "\uFFFD"))
	switch {
	case to != store.Accepted && to != store.Rejected && to != store.Withdrawn:
		return p, refuse(http.StatusBadRequest, "status: want accepted, rejected or withdrawn")
	case reason == "" || len(reason) > maxReason:
		return p, &failure{status: http.StatusBadRequest, key: "error.reason", detail: "reason: say why"}
	case to == store.Withdrawn && p.By != userOf(ctx).Name:
		return p, refuse(http.StatusForbidden, "only who made a proposal withdraws it")
	}
	if err := d.note(ctx, ActLab, "proposal "+strconv.FormatInt(p.ID, 10), string(to)+": "+reason); err != nil {
		return p, err
	}
	err = d.Proposals.DecideProposal(ctx, p.ID, to, userOf(ctx).Name, reason, d.Clock().UTC())
	if errors.Is(err, store.ErrDecided) {
		return p, &failure{status: http.StatusConflict, key: "error.decided", detail: "the proposal is decided already", cause: err}
	}
	if err != nil {
		return p, err
	}
	return d.Proposals.Proposal(ctx, p.ID)
}

type exceptionsPage struct {
	Page
	Exceptions []exceptionRow
	Proposals  []store.Proposal // open ones about exceptions
}

type exceptionRow struct {
	ExceptionInfo
	Href    string
	Left    time.Duration
	Soon    bool // ends within expiryWarning
	Expired bool
}

func (d *desk) exceptionsPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Proposals.Proposals(ctx)
	if err != nil {
		return err
	}
	p := exceptionsPage{Page: d.page(r, d.localeOf(r).T("exceptions.title")), Exceptions: d.exceptionRows()}
	p.Nav = "rules"
	for _, x := range all {
		if x.Kind == "exception" && x.Status == store.Proposed {
			p.Proposals = append(p.Proposals, x)
		}
	}
	return d.render(w, r, http.StatusOK, "exceptions", p)
}

func (d *desk) exceptionRows() (out []exceptionRow) {
	now := d.Clock()
	for _, e := range d.Exceptions() {
		left := e.Expires.Sub(now)
		out = append(out, exceptionRow{
			ExceptionInfo: e, Href: labPath("name", e.Name), Left: left,
			Expired: !e.Expires.IsZero() && left <= 0, Soon: !e.Expires.IsZero() && left > 0 && left <= expiryWarning,
		})
	}
	return out
}

// diffRow is one line of a comparison.
type diffRow struct {
	Op   string // "", "ins", "del", "gap"
	Text string
}

// diffRows compares two documents for reading, nil if they are the same.
func diffRows(before, after string) []diffRow {
	end := func(s string) []byte { return []byte(strings.TrimRight(s, "\n") + "\n") }
	if strings.TrimSpace(before) == "" {
		return nil
	}
	var out []diffRow
	for line := range strings.Lines(string(unifiedBody(diff.Diff("before", end(before), "after", end(after))))) {
		text := strings.TrimRight(line, "\n")
		switch text[:min(1, len(text))] {
		case "@":
			out = append(out, diffRow{"gap", text})
		case "+":
			out = append(out, diffRow{"ins", text[1:]})
		case "-":
			out = append(out, diffRow{"del", text[1:]})
		case " ":
			out = append(out, diffRow{"", text[1:]})
		}
	}
	return out
}
