package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// scopedSearch is a Searcher that finds only what the user of the context may
// see. Every handler searches through it, so none can forget to: posts of
// other sources do not exist, and neither do cases that the user is not in.
type scopedSearch struct {
	Searcher
	cases scopedCases
}

// errNobody is a search for nobody: a mistake of ours, refused.
var errNobody = &failure{status: http.StatusForbidden, key: "error.not_allowed"}

// contents is who asks, if they may see content at all.
func contents(ctx context.Context) (User, error) {
	u := userOf(ctx)
	if u.May&(store.CanSearch|store.CanCases|store.CanWatch|store.CanExport|store.CanErase) == 0 {
		return u, errNobody
	}
	return u, nil
}

// sees reports whether a post of the source exists for the user.
func (u User) sees(s veghe.SourceID) bool { return u.Sources == nil || slices.Contains(u.Sources, s) }

func (s scopedSearch) Search(ctx context.Context, q index.Query) (index.Result, error) {
	u, err := contents(ctx)
	if err != nil {
		return index.Result{}, err
	}
	if err := s.checkCases(ctx, u, q.Text); err != nil {
		return index.Result{}, err
	}
	q.Sources = u.Sources
	res, err := s.Searcher.Search(ctx, q)
	if err != nil {
		return res, err
	}
	res.Hits = slices.DeleteFunc(res.Hits, func(h index.Hit) bool { return !u.sees(h.Post.Source) })
	if all := res.Facets["case"]; len(all) > 0 {
		res.Facets["case"], err = s.ownCases(ctx, all)
	}
	return res, err
}

// checkCases refuses a query for a case that the user is not in, in the words
// of a case that is not there. The beginning of a number would count cases.
func (s scopedSearch) checkCases(ctx context.Context, u User, text string) error {
	if u.May.Has(store.CanOversee) {
		return nil
	}
	e, err := index.Parse(text)
	if err != nil {
		return nil //nolint:nilerr // the search tells, with the place
	}
	for _, f := range index.FieldsOf(e) {
		if f.Name != "case" {
			continue
		}
		if err := s.cases.mine(ctx, f.Value); errors.Is(err, store.ErrNoCase) {
			return &index.QueryError{Query: text, Pos: f.Pos, Kind: "case", Msg: "case: you are in no case of this number"}
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (s scopedSearch) ownCases(ctx context.Context, all []index.Count) ([]index.Count, error) {
	own, err := s.cases.Cases(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(c index.Count) bool {
		return !slices.ContainsFunc(own, func(o store.Case) bool { return o.ID == c.Value })
	}), nil
}

func (s scopedSearch) Get(ctx context.Context, id veghe.PostID) (index.Hit, error) {
	u, err := contents(ctx)
	if err != nil {
		return index.Hit{}, err
	}
	h, err := s.Searcher.Get(ctx, id)
	if err == nil && !u.sees(h.Post.Source) {
		return index.Hit{}, index.ErrNotFound
	}
	return h, err
}

func (s scopedSearch) Thread(ctx context.Context, source veghe.SourceID, thread veghe.ThreadID, limit int) ([]index.Hit, error) {
	u, err := contents(ctx)
	if err != nil || !u.sees(source) {
		return nil, err
	}
	return s.Searcher.Thread(ctx, source, thread, limit)
}

// scopedCases is a Casebook of the cases that the user of the context is in;
// who oversees is in all. It does not embed what it wraps: a method that
// Casebook gains has to say here who may.
type scopedCases struct{ all Casebook }

// mine returns an error like that of a case that is not there, unless the user
// is in it.
func (s scopedCases) mine(ctx context.Context, id string) error {
	u := userOf(ctx)
	if u.May.Has(store.CanOversee) {
		return nil
	}
	if u.Name == "" {
		return errNobody
	}
	ids, err := s.all.CasesWith(ctx, u.Name)
	if err == nil && !slices.Contains(ids, id) {
		return store.ErrNoCase
	}
	return err
}

func (s scopedCases) Cases(ctx context.Context) ([]store.Case, error) {
	all, err := s.all.Cases(ctx)
	u := userOf(ctx)
	if err != nil || u.May.Has(store.CanOversee) {
		return all, err
	}
	ids, err := s.all.CasesWith(ctx, u.Name)
	return slices.DeleteFunc(all, func(c store.Case) bool { return !slices.Contains(ids, c.ID) }), err
}

func (s scopedCases) Case(ctx context.Context, id string) (store.CaseFile, error) {
	if err := s.mine(ctx, id); err != nil {
		return store.CaseFile{}, err
	}
	return s.all.Case(ctx, id)
}

func (s scopedCases) CasesOf(ctx context.Context, post veghe.PostID) ([]string, error) {
	all, err := s.all.CasesOf(ctx, post)
	u := userOf(ctx)
	if err != nil || u.May.Has(store.CanOversee) {
		return all, err
	}
	ids, err := s.all.CasesWith(ctx, u.Name)
	return slices.DeleteFunc(all, func(id string) bool { return !slices.Contains(ids, id) }), err
}

func (s scopedCases) CasesWith(ctx context.Context, who string) ([]string, error) {
	if u := userOf(ctx); u.Name != who && !u.May.Has(store.CanOversee) {
		return nil, errNobody
	}
	return s.all.CasesWith(ctx, who)
}

func (s scopedCases) OpenCase(ctx context.Context, title, by string, at time.Time) (store.Case, error) {
	return s.all.OpenCase(ctx, title, by, at)
}

func (s scopedCases) AddToCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) (bool, error) {
	if err := s.mine(ctx, id); err != nil {
		return false, err
	}
	return s.all.AddToCase(ctx, id, post, by, note, at)
}

func (s scopedCases) RemoveFromCase(ctx context.Context, id string, post veghe.PostID, by, note string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.RemoveFromCase(ctx, id, post, by, note, at)
}

func (s scopedCases) NoteCase(ctx context.Context, id, note, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.NoteCase(ctx, id, note, by, at)
}

func (s scopedCases) SetCaseStatus(ctx context.Context, id string, to store.CaseStatus, by, note string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.SetCaseStatus(ctx, id, to, by, note, at)
}

func (s scopedCases) CasePeople(ctx context.Context, id string) ([]store.CasePerson, error) {
	if err := s.mine(ctx, id); err != nil {
		return nil, err
	}
	return s.all.CasePeople(ctx, id)
}

func (s scopedCases) LetIntoCase(ctx context.Context, id, who, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.LetIntoCase(ctx, id, who, by, at)
}

func (s scopedCases) TakeOutOfCase(ctx context.Context, id, who, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.TakeOutOfCase(ctx, id, who, by, at)
}

func (s scopedCases) ProposeReferral(ctx context.Context, id, note, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.ProposeReferral(ctx, id, note, by, at)
}

func (s scopedCases) ReferralOf(ctx context.Context, id string) (store.Referral, bool, error) {
	if err := s.mine(ctx, id); err != nil {
		return store.Referral{}, false, err
	}
	return s.all.ReferralOf(ctx, id)
}

func (s scopedCases) AnswerReferral(ctx context.Context, id string, agree bool, note, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.AnswerReferral(ctx, id, agree, note, by, at)
}

func (s scopedCases) AttachToCase(ctx context.Context, id string, v store.CaseValue) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.AttachToCase(ctx, id, v)
}

func (s scopedCases) DetachFromCase(ctx context.Context, id, kind, value, by string, at time.Time) error {
	if err := s.mine(ctx, id); err != nil {
		return err
	}
	return s.all.DetachFromCase(ctx, id, kind, value, by, at)
}

func (s scopedCases) CaseValues(ctx context.Context, id string) ([]store.CaseValue, error) {
	if err := s.mine(ctx, id); err != nil {
		return nil, err
	}
	return s.all.CaseValues(ctx, id)
}

// CasesHolding would tell of the cases of others; see scopedSearch.others.
func (s scopedCases) CasesHolding(context.Context, string, string) ([]string, error) {
	return nil, errNobody
}

// AskCase is for who is not in the case; see desk.ask.
func (s scopedCases) AskCase(context.Context, string, string, string, string, time.Time) error {
	return errNobody
}
