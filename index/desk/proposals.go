package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"veghe/index/database"
)

// ErrNoProposal is returned for a proposal that is not there.
var ErrNoProposal = errors.New("no such proposal")

// ErrDecided is returned for a proposal that somebody decided on before.
var ErrDecided = errors.New("the proposal is decided already")

// Proposal is a rule document that somebody wants. It changes nothing by
// itself: whoever keeps the rules takes the document over, or does not.
type Proposal struct {
	ID       int64          `json:"id"`
	Kind     string         `json:"kind"` // indicator | exception | policy | watch
	Name     string         `json:"name"` // what the document is called
	Document string         `json:"document"`
	Base     string         `json:"base"` // what was in force then; empty if nothing was
	Rules    string         `json:"rules_version"`
	Note     string         `json:"note"`   // what it is for
	Effect   string         `json:"effect"` // what was seen of it when it was proposed, in JSON; may be empty
	By       string         `json:"by"`
	At       time.Time      `json:"at"`
	Status   ProposalStatus `json:"status"`
	// Decided is how it ended; nil while it is open.
	Decided *ProposalDecision `json:"decided,omitempty"`
}

// ProposalDecision is how a proposal ended, and why.
type ProposalDecision struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// ProposalStatus is where a proposal stands.
type ProposalStatus string

// The statuses of a proposal. One that is decided stays so.
const (
	Proposed  ProposalStatus = "proposed"
	Accepted  ProposalStatus = "accepted"
	Rejected  ProposalStatus = "rejected"
	Withdrawn ProposalStatus = "withdrawn"
)

// MaxDocument is how long a proposed document may be, in bytes.
const MaxDocument = 64 << 10

const (
	maxEffect    = 64 << 10
	maxProposals = 500 // listed, the newest
)

// Propose keeps a proposal and returns it with its number.
func (d *Desk) Propose(ctx context.Context, p Proposal) (Proposal, error) {
	err := checks(
		check("the document", p.Document, true, MaxDocument), check("what it replaces", p.Base, false, MaxDocument),
		check("name", p.Name, true, maxName), check("kind", p.Kind, true, maxName), check("rules version", p.Rules, false, maxName),
		check("what it is for", p.Note, true, maxReason), check("the effect", p.Effect, false, maxEffect), check("by", p.By, true, maxName))
	if err != nil {
		return Proposal{}, fmt.Errorf("a proposal: %w", err)
	}
	p.At, p.Status, p.Decided = moment(micros(p.At)), Proposed, nil
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO proposal (kind, name, document, base, rules, note, effect, who, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			p.Kind, p.Name, p.Document, p.Base, p.Rules, p.Note, p.Effect, p.By, micros(p.At)).Scan(&p.ID)
	})
	if err != nil {
		return Proposal{}, fmt.Errorf("keeping a proposal: %w", err)
	}
	return p, nil
}

const selectProposals = `SELECT p.id, kind, name, document, base, rules, note, effect, p.who, p.at, coalesce(status, 'proposed'),
	coalesce(e.who, ''), coalesce(e.at, 0), coalesce(e.reason, '') FROM proposal p LEFT JOIN proposal_end e ON e.proposal = p.id `

// Proposals are the newest proposals, newest first.
func (d *Desk) Proposals(ctx context.Context) ([]Proposal, error) {
	out, err := database.All(ctx, d.db.Read, scanProposal, selectProposals+`ORDER BY p.id DESC LIMIT ?`, maxProposals)
	if err != nil {
		return nil, fmt.Errorf("proposals: %w", err)
	}
	return out, nil
}

// Proposal is one proposal, or ErrNoProposal.
func (d *Desk) Proposal(ctx context.Context, id int64) (Proposal, error) {
	p, err := scanProposal(d.db.Read.QueryRowContext(ctx, selectProposals+`WHERE p.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoProposal
	}
	if err != nil {
		return Proposal{}, fmt.Errorf("proposal %d: %w", id, err)
	}
	return p, nil
}

func scanProposal(row database.Row) (Proposal, error) {
	var p Proposal
	var at, ended int64
	var end ProposalDecision
	err := row.Scan(&p.ID, &p.Kind, &p.Name, &p.Document, &p.Base, &p.Rules, &p.Note, &p.Effect, &p.By, &at, &p.Status, &end.By, &ended, &end.Reason)
	p.At, end.At = moment(at), moment(ended)
	if p.Status != Proposed {
		p.Decided = &end
	}
	return p, err
}

// DecideProposal ends a proposal, once: it returns ErrDecided for one that is
// ended. Only its author withdraws it.
func (d *Desk) DecideProposal(ctx context.Context, id int64, to ProposalStatus, by, reason string, at time.Time) error {
	if !slices.Contains([]ProposalStatus{Accepted, Rejected, Withdrawn}, to) {
		return fmt.Errorf("proposal %d: status is %.20q, want accepted, rejected or withdrawn", id, string(to))
	}
	if err := checks(check("by", by, true, maxName), check("reason", reason, true, maxReason)); err != nil {
		return fmt.Errorf("proposal %d: %w", id, err)
	}
	p, err := d.Proposal(ctx, id)
	if err != nil {
		return err
	}
	if to == Withdrawn && p.By != by {
		return fmt.Errorf("proposal %d: only who made it withdraws it", id)
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO proposal_end (proposal, status, who, at, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, string(to), by, micros(at), reason)
		if err != nil {
			return fmt.Errorf("proposal %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("proposal %d: %w", id, ErrDecided))
		}
		return nil
	})
}
