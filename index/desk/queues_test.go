package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"veghe/index/desk"
)

// A claim keeps others away until it runs out; who has it prolongs it.
func TestClaims(t *testing.T) {
	d := openDesk(t)
	ctx := t.Context()
	claim := func(by string, at time.Time) bool {
		t.Helper()
		_, mine, err := d.ClaimPost(ctx, desk.Claim{Post: "p", Queue: 1, By: by, At: at, Until: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return mine
	}
	for _, step := range []struct {
		by    string
		after time.Duration
		want  bool
	}{
		{"ana", 0, true},
		{"dan", 59 * time.Minute, false},
		{"ana", 59 * time.Minute, true}, // prolonged
		{"dan", 90 * time.Minute, false},
		{"dan", 119 * time.Minute, true}, // ran out
		{"ana", 120 * time.Minute, false},
	} {
		if got := claim(step.by, noon.Add(step.after)); got != step.want {
			t.Errorf("%s after %v: %v, want %v", step.by, step.after, got, step.want)
		}
	}
	at := noon.Add(121 * time.Minute)
	if err := d.HandOverPost(ctx, "p", "ana", "eva", "", at, at.Add(time.Hour)); !errors.Is(err, desk.ErrNotClaimed) {
		t.Errorf("ana gave away what dan has: %v", err)
	}
	if err := d.HandOverPost(ctx, "p", "dan", "eva", "yours", at, at.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if c, ok, err := d.ClaimOf(ctx, "p", at.Add(2*time.Hour)); err != nil || !ok || c.By != "eva" || c.Giver != "dan" || c.Note != "yours" {
		t.Errorf("%+v, %v, %v", c, ok, err)
	}
	if all, err := d.Claims(ctx, at); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	if err := d.ReleasePost(ctx, "p", "dan"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := d.ClaimOf(ctx, "p", at); !ok {
		t.Error("dan released what eva has")
	}
	if err := d.ReleasePost(ctx, "p", "eva"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := d.ClaimOf(ctx, "p", at); ok {
		t.Error("still claimed")
	}
}

// As many queues as may be are open at once; ending one makes room.
func TestQueuesAreBounded(t *testing.T) {
	d := openDesk(t)
	var first desk.Queue
	for n := 0; ; n++ {
		q, err := d.AddQueue(t.Context(), "a team", "", "ana", noon)
		if err != nil {
			if n != 100 || !strings.Contains(err.Error(), "100 are open already") {
				t.Fatalf("after %d queues: %v, want 100 of them", n, err)
			}
			break
		}
		if n == 0 {
			first = q
		}
	}
	for range 2 { // the second time changes nothing
		if err := d.EndQueue(t.Context(), first.ID, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.AddQueue(t.Context(), "a team", "", "ana", noon); err != nil {
		t.Error(err)
	}
	if all, err := d.Queues(t.Context()); err != nil || len(all) != 100 {
		t.Errorf("%d open queues (%v), want 100", len(all), err)
	}
	if err := d.EndQueue(t.Context(), 1000, noon); !errors.Is(err, desk.ErrNoQueue) {
		t.Errorf("ended what is not there: %v", err)
	}
}

// The second opinion is somebody else's, once, with a reason; a case keeps
// what was asked and answered.
func TestReferral(t *testing.T) {
	d := openDesk(t)
	ctx := t.Context()
	c, err := d.OpenCase(ctx, "One", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AnswerReferral(ctx, c.ID, true, "yes", "dan", noon); !errors.Is(err, desk.ErrNoReferral) {
		t.Errorf("answered what nobody asked: %v", err)
	}
	if err := d.ProposeReferral(ctx, c.ID, "", "ana", noon); err == nil {
		t.Error("asked without a reason")
	}
	if err := d.ProposeReferral(ctx, c.ID, "urgent", "ana", noon); err != nil {
		t.Fatal(err)
	}
	if err := d.AnswerReferral(ctx, c.ID, true, "yes", "ana", noon); !errors.Is(err, desk.ErrOwnReferral) {
		t.Errorf("agreed with herself: %v", err)
	}
	if err := d.AnswerReferral(ctx, c.ID, false, "not yet", "dan", noon); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := d.ReferralOf(ctx, c.ID); ok || err != nil {
		t.Errorf("still waits: %v, %v", ok, err)
	}
	f, err := d.Case(ctx, c.ID)
	if err != nil || f.Status != desk.CaseOpen || f.Events[0].What != "declined" {
		t.Errorf("%+v, %v", f, err)
	}
}
