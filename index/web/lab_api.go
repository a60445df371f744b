package web

import (
	"encoding/json"
	"net/http"

	store "veghe/index/desk"
)

// labAnswer is a trial in the API.
type labAnswer struct {
	Trial
	Effect *Effect `json:"effect,omitempty"`
}

func (d *desk) apiLab(w http.ResponseWriter, r *http.Request) error {
	if d.Lab == nil {
		return fail(http.StatusNotFound, "error.no_lab")
	}
	var in labInput
	if err := readJSON(r, &in, `{"document":"indicator: …","text":"…","newest":2000}`); err != nil {
		return err
	}
	_, _, trial, effect, err := d.run(r, in)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, labAnswer{trial, effect})
}

func (d *desk) apiProposals(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	all, err := d.Proposals.Proposals(ctx)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"proposals": append([]store.Proposal{}, all...)})
}

func (d *desk) apiProposal(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	p, err := d.proposal(ctx, r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, p)
}

func (d *desk) apiPropose(w http.ResponseWriter, r *http.Request) error {
	if d.Lab == nil {
		return fail(http.StatusNotFound, "error.no_lab")
	}
	var in struct {
		Document string          `json:"document"`
		Note     string          `json:"note"`
		Effect   json.RawMessage `json:"effect"`
	}
	if err := readJSON(r, &in, `{"document":"indicator: …","note":"…"}`); err != nil {
		return err
	}
	p, err := d.propose(r, in.Document, in.Note, string(in.Effect))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, p)
}

func (d *desk) apiDecideProposal(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Status store.ProposalStatus `json:"status"`
		Reason string               `json:"reason"`
	}
	if err := readJSON(r, &in, `{"status":"accepted","reason":"…"}`); err != nil {
		return err
	}
	p, err := d.decideProposal(r, in.Status, in.Reason)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, p)
}

func (d *desk) apiExceptions(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{"exceptions": append([]ExceptionInfo{}, d.Exceptions()...)})
}
