package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/index/desk"
	"veghe/index/web"
)

// evidenceEraser removes captures.
type evidenceEraser interface {
	Erase(ctx context.Context, refs ...string) (evidence.Purged, error)
}

// maxPerson is how many posts one report or erasure takes in.
const maxPerson = 20_000

// ofPerson is the query for the posts of somebody: those they wrote under a
// handle, those with a contact, or those with the words.
func ofPerson(p web.Person) (string, error) {
	value := strings.TrimSpace(strings.ReplaceAll(p.Value, `"`, " "))
	if value == "" {
		return "", errors.New("the value is empty")
	}
	quoted := `"` + value + `"`
	switch p.Kind {
	case "handle":
		return "author:" + quoted + " OR handle:" + quoted, nil
	case "author", "phone", "email", "url", "id":
		return p.Kind + ":" + quoted, nil
	case "words":
		return quoted, nil
	}
	return "", fmt.Errorf("kind is %.20q, want handle, author, phone, email, url, id or words", p.Kind)
}

// Report lists what is kept about a person.
func (k *keeper) Report(ctx context.Context, p web.Person) (web.PersonReport, error) {
	out := web.PersonReport{Person: p, At: time.Now().UTC(), Posts: []web.PersonPost{}}
	query, err := ofPerson(p)
	if err != nil {
		return out, err
	}
	hits, err := k.index.All(ctx, query, maxPerson)
	if err != nil {
		return out, err
	}
	holds, err := k.desk.InForce(ctx, time.Now())
	if err != nil {
		return out, err
	}
	caseHeld := heldCases(holds)
	for _, h := range hits {
		cases, err := k.desk.CasesOf(ctx, h.Post.ID)
		if err != nil {
			return out, err
		}
		versions, err := k.index.Versions(ctx, h.Post.ID)
		if err != nil {
			return out, err
		}
		out.Posts = append(out.Posts, web.PersonPost{
			ID: h.Post.ID, Source: h.Post.Source, URL: h.Post.URL, PostedAt: h.Post.PostedAt, CollectedAt: h.Post.CollectedAt,
			Flagged: h.Assessment.Flagged, Cases: cases, Versions: len(versions), Evidence: h.Post.Evidence,
			Held: isHeld(holds, h) || slices.ContainsFunc(cases, func(id string) bool { return caseHeld[id] }),
		})
	}
	out.Mentions, err = k.desk.Mentions(ctx, p.Value)
	out.StreamUntil = time.Now().UTC().Add(time.Duration(k.cfg.Retention.Unflagged))
	return out, err
}

func heldCases(holds []desk.Hold) map[string]bool {
	out := map[string]bool{}
	for _, h := range holds {
		if h.Kind == desk.HoldCase {
			out[h.Value] = true
		}
	}
	return out
}

// Erase removes what is kept about a person: posts with their other texts and
// captures, what people wrote about them, watches for them. What a legal hold
// names stays, and is counted. Copies in the stream go with its window; what
// comes from there again is not taken in.
func (k *keeper) Erase(ctx context.Context, p web.Person, by, reason string) (web.Erasure, error) {
	var out web.Erasure
	report, err := k.Report(ctx, p)
	if err != nil {
		return out, err
	}
	now := time.Now().UTC()
	holds, err := k.desk.InForce(ctx, now)
	if err != nil {
		return out, err
	}
	var ids []veghe.PostID
	var refs []string
	for _, x := range report.Posts {
		if x.Held {
			out.Held++
			continue
		}
		more, err := k.capturesOf(ctx, x)
		if err != nil {
			return out, err
		}
		ids, refs = append(ids, x.ID), append(refs, more...)
	}
	// The record comes first: from then on none of them comes back.
	record, err := k.desk.AddDeletion(ctx, desk.Deletion{At: now, Class: "person", By: by, Why: reason}, ids, true, true)
	if err != nil {
		return out, err
	}
	gone, err := k.index.Erase(ctx, ids)
	out.Posts = len(gone)
	if err != nil {
		return out, err
	}
	if err := k.desk.EraseMentions(ctx, p.Value, ids, slices.Collect(maps.Keys(heldCases(holds))), now); err != nil {
		return out, err
	}
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	if out.Captures, err = k.eraseCaptures(ctx, slices.Clone(refs)); err != nil {
		return out, err
	}
	out.CapturesLeft = len(refs) - out.Captures
	out.Record, out.Digest = record.N, record.Digest
	out.Left, err = k.desk.Mentions(ctx, p.Value)
	return out, err
}

// capturesOf are those of a post and of its other texts.
func (k *keeper) capturesOf(ctx context.Context, x web.PersonPost) ([]string, error) {
	versions, err := k.index.Versions(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, v := range versions {
		if v.Post.Evidence != "" {
			refs = append(refs, v.Post.Evidence)
		}
	}
	if x.Evidence != "" {
		refs = append(refs, x.Evidence)
	}
	return refs, nil
}

// withoutErased leaves out posts that somebody had erased.
func (a *app) withoutErased(ctx context.Context, docs []veghe.Assessed) ([]veghe.Assessed, error) {
	ids := make([]veghe.PostID, len(docs))
	for i := range docs {
		ids[i] = docs[i].Post.ID
	}
	erased, err := a.desk.Erased(ctx, ids)
	if err != nil || len(erased) == 0 {
		return docs, err
	}
	return slices.DeleteFunc(slices.Clone(docs), func(v veghe.Assessed) bool { return erased[v.Post.ID] }), nil
}
