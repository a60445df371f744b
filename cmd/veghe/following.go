package main

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"veghe"
	"veghe/index"
	"veghe/index/desk"
)

// How often an index looks whether the desk changed, and compares all of it
// whether it did or not: posts may come later than what was decided on them.
const (
	followEvery    = 5 * time.Second
	followAllEvery = 5 * time.Minute
)

// following keeps this node's index level with the desk: with what was done at
// other nodes that share it, and before this node was there.
func (a *app) following(ctx context.Context) error {
	every := time.NewTicker(followEvery)
	defer every.Stop()
	f := follower{keeper: a.keeper()}
	for {
		n, err := f.tick(ctx, time.Now())
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.fail("desk", err)
			a.log.Warn("the index will follow the desk later", "error", err)
		default:
			a.done("desk", n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// follower remembers what it has followed.
type follower struct {
	keeper *keeper
	seen   desk.Changes
	all    time.Time // when everything was compared last
}

func (f *follower) tick(ctx context.Context, now time.Time) (changed int, err error) {
	c, err := f.keeper.desk.Changes(ctx)
	if err != nil {
		return 0, err
	}
	whole := now.Sub(f.all) >= followAllEvery
	if c == f.seen && !whole {
		return 0, nil
	}
	if changed, err = f.keeper.level(ctx, whole); err != nil {
		return changed, err
	}
	if c.Erasure != f.seen.Erasure {
		n, err := f.keeper.eraseAgain(ctx)
		changed += n
		if err != nil {
			return changed, err
		}
	}
	f.seen = c
	if whole {
		f.all = now
	}
	return changed, nil
}

// level tells the index which posts are in which cases, and with reviews also
// what was decided, wherever it has it otherwise. It returns how many posts
// that were.
func (k *keeper) level(ctx context.Context, reviews bool) (n int, err error) {
	have, err := k.index.Added(ctx)
	if err != nil {
		return 0, err
	}
	cases, err := k.desk.CasePosts(ctx)
	if err != nil {
		return 0, err
	}
	differ := map[veghe.PostID]bool{}
	for id, a := range have {
		if !slices.Equal(a.Cases, cases[id]) {
			differ[id] = true
		}
	}
	for id := range cases {
		if _, ok := have[id]; !ok {
			differ[id] = true
		}
	}
	book := casebook{k.desk, k.index}
	for id := range differ {
		if err := book.tell(ctx, id); err != nil {
			return n, err
		}
		n++
	}
	if !reviews {
		return n, nil
	}
	more, err := k.levelReviews(ctx, have)
	return n + more, err
}

func (k *keeper) levelReviews(ctx context.Context, have map[veghe.PostID]index.Added) (n int, err error) {
	decided, err := k.desk.Decided(ctx)
	if err != nil {
		return 0, err
	}
	want := make(map[veghe.PostID]veghe.Decision, len(decided))
	for _, r := range decided {
		want[r.Post] = r.Decision
	}
	for id := range have {
		if _, ok := want[id]; !ok { // perhaps withdrawn
			want[id] = ""
		}
	}
	for id, d := range want {
		if have[id].Review == d {
			continue
		}
		now, err := k.desk.Decision(ctx, id) // it may have changed meanwhile
		if err != nil {
			return n, err
		}
		err = k.index.SetReview(ctx, id, now)
		if errors.Is(err, index.ErrNotFound) {
			continue // not here, or not yet
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// eraseAgain removes what was erased for good at another node.
func (k *keeper) eraseAgain(ctx context.Context) (int, error) {
	erased, err := k.desk.ErasedForGood(ctx)
	if err != nil || erased == nil {
		return 0, err
	}
	ids, err := k.index.IDs(ctx, erased)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	gone, err := k.index.Erase(ctx, ids)
	if err != nil {
		return len(gone), err
	}
	var refs []string
	for _, h := range gone {
		if h.Post.Evidence != "" {
			refs = append(refs, h.Post.Evidence)
		}
	}
	_, err = k.eraseCaptures(ctx, refs)
	return len(gone), err
}

// dutyFor is how long a duty lasts that is not renewed: longer than any note
// takes to be sent.
const dutyFor = 2 * time.Minute

// newHolder names a process that takes duties.
func newHolder(c *config) string { return c.Node + " " + rand.Text()[:8] }

// leaveDuties lets another node go on at once.
func (a *app) leaveDuties() error {
	ctx, cancel := context.WithTimeout(context.Background(), followEvery)
	defer cancel()
	return a.desk.LeaveDuties(ctx, a.holder)
}

// mine reports whether this node has a duty now, for which it takes it.
func (k *keeper) mine(ctx context.Context, duty string, now time.Time) (bool, error) {
	return k.desk.Duty(ctx, duty, k.holder, now, now.Add(dutyFor))
}
