package web

import (
	"context"
	"errors"
	"time"

	"veghe"
	store "veghe/index/desk"
)

// noCases is the book of a desk that keeps no cases.
type noCases struct{}

func (noCases) Cases(context.Context) ([]store.Case, error) { return nil, nil }

func (noCases) Case(context.Context, string) (store.CaseFile, error) {
	return store.CaseFile{}, store.ErrNoCase
}

func (noCases) CasesOf(context.Context, veghe.PostID) ([]string, error) { return nil, nil }

func (noCases) OpenCase(context.Context, string, string, time.Time) (store.Case, error) {
	return store.Case{}, store.ErrNoCase
}

func (noCases) AddToCase(context.Context, string, veghe.PostID, string, string, time.Time) (bool, error) {
	return false, store.ErrNoCase
}

func (noCases) RemoveFromCase(context.Context, string, veghe.PostID, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) NoteCase(context.Context, string, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) SetCaseStatus(context.Context, string, store.CaseStatus, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) CasesWith(context.Context, string) ([]string, error) { return nil, nil }

func (noCases) CasePeople(context.Context, string) ([]store.CasePerson, error) { return nil, nil }

func (noCases) LetIntoCase(context.Context, string, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) TakeOutOfCase(context.Context, string, string, string, time.Time) error {
	return store.ErrNoCase
}

// noWatches is the list of a desk that keeps no standing searches.
type noWatches struct{}

func (noWatches) Watches(context.Context) ([]store.Watch, error) { return nil, nil }

func (noWatches) Watch(context.Context, int64) (store.Watch, error) {
	return store.Watch{}, store.ErrNoWatch
}

func (noWatches) AddWatch(context.Context, string, string, string, time.Time) (store.Watch, error) {
	return store.Watch{}, store.ErrNoWatch
}

func (noWatches) EndWatch(context.Context, int64, time.Time) error { return store.ErrNoWatch }

func (noWatches) WatchHits(context.Context, int64, int64, int) ([]store.WatchHit, error) {
	return nil, nil
}

// noMarks is a desk on which every value identifies somebody.
type noMarks struct{}

var errNoMarks = errors.New("this desk keeps no marks")

func (noMarks) Marks(context.Context) ([]store.Mark, error) { return nil, nil }

func (noMarks) MarkOf(context.Context, string, string) (store.Mark, bool, error) {
	return store.Mark{}, false, nil
}

func (noMarks) MarkValue(context.Context, store.Mark) error { return errNoMarks }

func (noMarks) UnmarkValue(context.Context, string, string, string, time.Time) error {
	return errNoMarks
}

// noProposals keeps none.
type noProposals struct{}

func (noProposals) Propose(context.Context, store.Proposal) (store.Proposal, error) {
	return store.Proposal{}, store.ErrNoProposal
}

func (noProposals) Proposals(context.Context) ([]store.Proposal, error) { return nil, nil }

func (noProposals) Proposal(context.Context, int64) (store.Proposal, error) {
	return store.Proposal{}, store.ErrNoProposal
}

func (noProposals) DecideProposal(context.Context, int64, store.ProposalStatus, string, string, time.Time) error {
	return store.ErrNoProposal
}

func (noCases) ProposeReferral(context.Context, string, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) ReferralOf(context.Context, string) (store.Referral, bool, error) {
	return store.Referral{}, false, nil
}

func (noCases) AnswerReferral(context.Context, string, bool, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) AttachToCase(context.Context, string, store.CaseValue) error { return store.ErrNoCase }

func (noCases) DetachFromCase(context.Context, string, string, string, string, time.Time) error {
	return store.ErrNoCase
}

func (noCases) CaseValues(context.Context, string) ([]store.CaseValue, error) { return nil, nil }

func (noCases) CasesHolding(context.Context, string, string) ([]string, error) { return nil, nil }

func (noCases) AskCase(context.Context, string, string, string, string, time.Time) error {
	return store.ErrNoCase
}

// noWork is the worklist of a desk where nobody shares work.
type noWork struct{}

func (noWork) Queues(context.Context) ([]store.Queue, error) { return nil, nil }

func (noWork) Queue(context.Context, int64) (store.Queue, error) {
	return store.Queue{}, store.ErrNoQueue
}

func (noWork) AddQueue(context.Context, string, string, string, time.Time) (store.Queue, error) {
	return store.Queue{}, store.ErrNoQueue
}

func (noWork) EndQueue(context.Context, int64, time.Time) error { return store.ErrNoQueue }

func (noWork) ClaimPost(_ context.Context, c store.Claim) (store.Claim, bool, error) {
	return c, true, nil
}

func (noWork) HandOverPost(context.Context, veghe.PostID, string, string, string, time.Time, time.Time) error {
	return store.ErrNotClaimed
}

func (noWork) ReleasePost(context.Context, veghe.PostID, string) error { return nil }

func (noWork) ClaimOf(context.Context, veghe.PostID, time.Time) (store.Claim, bool, error) {
	return store.Claim{}, false, nil
}

func (noWork) Claims(context.Context, time.Time) ([]store.Claim, error) { return nil, nil }

func (noWatches) DeliveriesOf(context.Context, int64) ([]store.Delivery, error) { return nil, nil }

func (noWatches) MakeFeed(context.Context, store.Feed) (string, error) { return "", store.ErrNoWatch }

func (noWatches) EndFeed(context.Context, int64) error { return store.ErrNoWatch }

func (noWatches) FeedOf(context.Context, int64) (store.Feed, bool, error) {
	return store.Feed{}, false, nil
}

func (noWatches) ReadFeed(context.Context, int64, string) (store.Feed, error) {
	return store.Feed{}, store.ErrToken
}
