package desk_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

// Two nodes that share a desk do two hundred things each at once: the audit
// trail is one chain, nothing is lost, and what only one may have, one has.
func TestTwoNodes(t *testing.T) {
	const turns = 200
	dir := t.TempDir()
	nodes := []*desk.Desk{desktest.Open(t, dir), desktest.Open(t, dir)}
	w, err := nodes[0].AddWatch(t.Context(), "Drivers", "driver", "ana", day)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := nodes[0].OpenCase(t.Context(), "Shared", "ana", day)
	if err != nil {
		t.Fatal(err)
	}
	done := make([]did, len(nodes))
	var wg sync.WaitGroup
	for i, d := range nodes {
		done[i].claimed = map[veghe.PostID]bool{}
		wg.Go(func() {
			for turn := range turns {
				if err := done[i].act(context.WithoutCancel(t.Context()), d, i, turn, w.ID, shared.ID); err != nil {
					t.Errorf("node %d, turn %d: %v", i, turn, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}

	for i, d := range nodes {
		h, err := d.Verify(t.Context())
		if err != nil || h.Events != int64(done[0].records+done[1].records) {
			t.Errorf("node %d: %d events, want %d (%v)", i, h.Events, done[0].records+done[1].records, err)
		}
	}
	f, err := nodes[1].Case(t.Context(), shared.ID)
	if want := done[0].added + done[1].added; err != nil || len(f.Members) != want || f.Posts != want {
		t.Errorf("the shared case has %d posts, want %d (%v)", len(f.Members), want, err)
	}
	if n := len(f.Events); n != 1+done[0].added+done[1].added {
		t.Errorf("%d events of the case, want one for each post and the opening", n)
	}
	all, err := nodes[0].Cases(t.Context())
	ids := map[string]bool{}
	for _, c := range all {
		ids[c.ID] = true
	}
	if want := 1 + done[0].cases + done[1].cases; err != nil || len(all) != want || len(ids) != want {
		t.Errorf("%d cases with %d numbers, want %d (%v)", len(all), len(ids), want, err)
	}
	for p := range done[0].claimed {
		if done[1].claimed[p] {
			t.Errorf("both nodes were told that %s is theirs", p)
		}
	}
	got, err := nodes[0].Watch(t.Context(), w.ID)
	if want := done[0].found + done[1].found; err != nil || got.Hits != want || want != turns/8 {
		t.Errorf("%d hits, %d were told to be new, want %d (%v)", got.Hits, want, turns/8, err)
	}
	decided, err := nodes[0].Decided(t.Context())
	if err != nil || len(decided) != 2*turns/8 {
		t.Errorf("%d posts are decided, want %d (%v)", len(decided), 2*turns/8, err)
	}
	all2, err := nodes[0].Precisions(t.Context(), day)
	if err != nil || len(all2) != 1 || all2[0].Relevant != 2*turns/8 {
		t.Errorf("counts of the rule: %+v, want %d relevant (%v)", all2, 2*turns/8, err)
	}
	if wins := done[0].agreed + done[1].agreed; wins != done[0].proposed {
		t.Errorf("%d referrals were asked for and %d second opinions counted", done[0].proposed, wins)
	}
	if uses := done[0].codes + done[1].codes; uses != turns/8 {
		t.Errorf("%d of %d one-time links were used: each works once", uses, turns/8)
	}
}

// did is what a node did, as it was told.
type did struct {
	records, cases, added, found, proposed, agreed, codes int
	claimed                                               map[veghe.PostID]bool
}

// act does the next of eight things that people and programs do, most of them
// about what the other node is at as well.
func (x *did) act(ctx context.Context, d *desk.Desk, node, turn int, watch int64, shared string) error {
	at := day.Add(time.Duration(turn) * time.Second)
	who := fmt.Sprintf("node%d", node)
	post := veghe.PostID(fmt.Sprintf("p%d", turn/8))
	x.records++
	if _, err := d.Record(ctx, desk.Event{At: at, Who: who, Action: "view", Object: string(post)}); err != nil {
		return err
	}
	switch turn % 8 {
	case 0:
		c, err := d.OpenCase(ctx, "Case of "+who, who, at)
		x.cases++
		if err == nil && node == 0 { // and asks for a second opinion on it
			x.proposed++
			err = d.ProposeReferral(ctx, c.ID, "ready", who, at)
		}
		return err
	case 1:
		added, err := d.AddToCase(ctx, shared, post, who, "", at)
		if added {
			x.added++
		}
		return err
	case 2:
		_, mine, err := d.ClaimPost(ctx, desk.Claim{Post: post, By: who, At: at, Until: at.Add(time.Hour)})
		if mine {
			x.claimed[post] = true
		}
		return err
	case 3:
		n, err := d.WatchSaw(ctx, who, watch, int64(turn+1), []veghe.PostID{post}, at)
		x.found += n
		return err
	case 4: // the same review comes to both by the stream, and another of each
		for _, id := range []string{"both", who} {
			r := veghe.Review{ID: fmt.Sprintf("%s-%d", id, turn), Post: post + veghe.PostID("-"+id), Decision: veghe.Relevant, By: who, At: at}
			if id == "both" {
				r.Post = post
			}
			if id == who && node == 1 {
				continue
			}
			if _, err := d.AddReview(ctx, r, []veghe.RuleID{"DOC-01"}); err != nil {
				return err
			}
		}
		return nil
	case 5:
		return x.answer(ctx, d, who, at)
	case 6:
		return x.useLink(ctx, d, turn, at)
	}
	_, err := d.Secret(ctx, "pseudonyms")
	return err
}

// answer gives the second opinion on whatever waits for one.
func (x *did) answer(ctx context.Context, d *desk.Desk, who string, at time.Time) error {
	all, err := d.Cases(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if _, waits, err := d.ReferralOf(ctx, c.ID); err != nil || !waits {
			if err != nil {
				return err
			}
			continue
		}
		err := d.AnswerReferral(ctx, c.ID, true, "agreed", who+" second", at)
		switch {
		case err == nil:
			x.agreed++
		case !errors.Is(err, desk.ErrNoReferral):
			return err
		}
	}
	return nil
}

// useLink tries a link that the other node tries as well; who makes it first
// makes its account.
func (x *did) useLink(ctx context.Context, d *desk.Desk, turn int, at time.Time) error {
	err := d.AddAccount(ctx, desk.Account{Name: fmt.Sprintf("person%d", turn), Roles: []desk.Role{desk.Investigator}}, at)
	switch {
	case err == nil:
		x.codes++
		return nil
	case errors.Is(err, desk.ErrAccount):
		return nil
	}
	return err
}

func TestDuty(t *testing.T) {
	dir := t.TempDir()
	a, b := desktest.Open(t, dir), desktest.Open(t, dir)
	type try struct {
		node   *desk.Desk
		holder string
		at     time.Duration
		has    bool
	}
	for i, c := range []try{
		{a, "a", 0, true},
		{b, "b", time.Second, false},       // somebody has it
		{a, "a", 30 * time.Second, true},   // and renews it
		{b, "b", 80 * time.Second, false},  // so that it goes on
		{b, "b", 90 * time.Second, true},   // until it runs out
		{a, "a", 100 * time.Second, false}, // and who was away too long learns it
	} {
		now := day.Add(c.at)
		has, err := c.node.Duty(t.Context(), "tell", c.holder, now, now.Add(time.Minute))
		if err != nil || has != c.has {
			t.Errorf("%d: %s has it: %t, want %t (%v)", i, c.holder, has, c.has, err)
		}
	}
	if err := b.LeaveDuties(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if has, err := a.Duty(t.Context(), "tell", "a", day.Add(101*time.Second), day.Add(time.Hour)); err != nil || !has {
		t.Errorf("what was left was not free: %v", err)
	}
}

// What comes from outside is kept byte for byte, whatever bytes they are, is
// found again, ordered by its bytes, and hashed as it was written.
func TestAnyBytes(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	odd := []string{"a\x00b", "\xff\xfe", "\U0010F700", "Ștefan", "ștefan", "Z", "a", "ä", "é\x00"}
	c, err := d.OpenCase(ctx, "zero \x00 in a title", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range odd {
		if _, err := d.Record(ctx, desk.Event{At: noon, Who: "ana", Action: "view", Object: s, Reason: s}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddToCase(ctx, c.ID, veghe.PostID(s), "ana", s, noon); err != nil {
			t.Fatal(err)
		}
		found, err := d.Events(ctx, desk.EventFilter{Object: s})
		if err != nil || len(found) != 1 || found[0].Reason != s || found[0].N != int64(i+1) {
			t.Errorf("%q is found as %+v (%v)", s, found, err)
		}
		if cases, err := d.CasesOf(ctx, veghe.PostID(s)); err != nil || len(cases) != 1 {
			t.Errorf("%q is in %v (%v)", s, cases, err)
		}
	}
	if _, err := d.Verify(ctx); err != nil {
		t.Error(err)
	}
	f, err := d.Case(ctx, c.ID)
	if err != nil || f.Title != "zero \x00 in a title" {
		t.Errorf("%q, %v", f.Title, err)
	}
	if m, err := d.Mentions(ctx, "ÄZ"); err != nil || len(m.Cases) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	// Accounts have names of ASCII; marks have values of any kind, and groups
	// such as queues are listed by name.
	for _, name := range []string{"b", "Z", "a", "Ă", "z"} {
		if _, err := d.AddQueue(ctx, name, "driver", "ana", noon); err != nil {
			t.Fatal(err)
		}
	}
	queues, err := d.Queues(ctx)
	var names []string
	for _, q := range queues {
		names = append(names, q.Name)
	}
	if diff := cmp.Diff([]string{"Z", "a", "b", "z", "Ă"}, names); err != nil || diff != "" {
		t.Errorf("%v, names by their bytes (-want +got):\n%s", err, diff)
	}
}

func TestErasedForGood(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	if erased, err := d.ErasedForGood(ctx); err != nil || erased != nil {
		t.Errorf("before anything was erased: %t, %v", erased != nil, err)
	}
	before, err := d.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddDeletion(ctx, desk.Deletion{At: noon, Class: "person", By: "ana", Why: "asked"}, []veghe.PostID{"p1", "p2"}, true, true); err != nil {
		t.Fatal(err)
	}
	erased, err := d.ErasedForGood(ctx)
	if err != nil || !erased("p1") || !erased("p2") || erased("p3") {
		t.Errorf("%v", err)
	}
	if after, err := d.Changes(ctx); err != nil || after == before {
		t.Errorf("an erasure is no change: %+v, %v", after, err)
	}
}

// A desk goes into a file and out of it, whole, with its chain, and no number
// is given twice.
func TestCopy(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	head := record(t, d, 450)
	c, err := d.OpenCase(ctx, "Kept", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddToCase(ctx, c.ID, "p\x00", "ana", "", noon); err != nil {
		t.Fatal(err)
	}
	hold, err := d.AddHold(ctx, desk.Hold{Kind: desk.HoldCase, Value: c.ID, Reason: "trial", By: "ana"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/" + desk.File
	if err := d.CopyTo(ctx, file); err != nil {
		t.Fatal(err)
	}
	if got, err := desk.VerifyFile(ctx, file, head); err != nil || got.Events != head.Events {
		t.Errorf("the file: %+v, %v", got, err)
	}
	if err := d.CopyTo(ctx, file); err == nil {
		t.Error("a copy went over a file that was there")
	}

	back := openDesk(t)
	if err := back.TakeFrom(ctx, file); err != nil {
		t.Fatal(err)
	}
	if got, err := back.Verify(ctx, head); err != nil || got.Events != head.Events {
		t.Errorf("the desk made of it: %+v, %v", got, err)
	}
	want, err1 := d.Case(ctx, c.ID)
	got, err2 := back.Case(ctx, c.ID)
	if diff := cmp.Diff(want, got); diff != "" || err1 != nil || err2 != nil {
		t.Errorf("%v, %v, the case (-want +got):\n%s", err1, err2, diff)
	}
	next, err := back.AddHold(ctx, desk.Hold{Kind: desk.HoldCase, Value: c.ID, Reason: "appeal", By: "ana"}, noon)
	if err != nil || next.ID != hold.ID+1 {
		t.Errorf("the next number is %d (%v), want %d", next.ID, err, hold.ID+1)
	}
	if err := back.TakeFrom(ctx, file); !errors.Is(err, desk.ErrNotEmpty) {
		t.Errorf("into a desk that has something: %v", err)
	}
}
