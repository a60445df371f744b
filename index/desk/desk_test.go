package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

var day = time.Date(2026, 10, 31, 18, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *desk.Desk {
	t.Helper()
	return desktest.Open(t, dir)
}

func TestNewestReviewCounts(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	reviews := []veghe.Review{
		{ID: "r1", Post: "p1", Decision: veghe.Unsure, By: "ana", At: day},
		{ID: "r2", Post: "p1", Decision: veghe.Relevant, Reason: "second look", By: "dan", At: day.Add(time.Hour)},
		{ID: "r3", Post: "p2", Decision: veghe.NotRelevant, By: "ana", At: day.Add(2 * time.Hour)},
		// Arrives last, was made first: it does not count.
		{ID: "r0", Post: "p1", Decision: veghe.NotRelevant, By: "eva", At: day.Add(-time.Hour)},
	}
	rules := []veghe.RuleID{"DOC-01", "PAY-02.fee", "DOC-01"}
	for _, r := range reviews {
		for _, want := range []bool{true, false} {
			added, err := d.AddReview(t.Context(), r, rules)
			if err != nil || added != want {
				t.Fatalf("AddReview(%s) = %t, %v, want %t", r.ID, added, err, want)
			}
		}
	}

	got, err := d.Reviews(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	want := []veghe.Review{reviews[1], reviews[0], reviews[3]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reviews of p1 (-want +got):\n%s", diff)
	}
	for post, want := range map[veghe.PostID]veghe.Decision{"p1": veghe.Relevant, "p2": veghe.NotRelevant, "p3": ""} {
		if got, err := d.Decision(t.Context(), post); err != nil || got != want {
			t.Errorf("Decision(%s) = %q, %v, want %q", post, got, err, want)
		}
	}
	all, err := d.Precisions(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []desk.Verdict
	for _, p := range all {
		verdicts = append(verdicts, p.Verdict)
	}
	if diff := cmp.Diff([]desk.Verdict{
		{Rule: "DOC-01", Relevant: 1, NotRelevant: 1},
		{Rule: "PAY-02.fee", Relevant: 1, NotRelevant: 1},
	}, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestBadReviews(t *testing.T) {
	d := open(t, t.TempDir())
	good := veghe.Review{ID: "r", Post: "p", Decision: veghe.Unsure, By: "ana", At: day}
	for want, spoil := range map[string]func(*veghe.Review){
		"decision is":     func(r *veghe.Review) { r.Decision = "maybe" },
		"id is empty":     func(r *veghe.Review) { r.ID = "" },
		"post is empty":   func(r *veghe.Review) { r.Post = "" },
		"by is empty":     func(r *veghe.Review) { r.By = "" },
		"at is empty":     func(r *veghe.Review) { r.At = time.Time{} },
		"reason is 9000 ": func(r *veghe.Review) { r.Reason = strings.Repeat("x", 9000) },
	} {
		r := good
		spoil(&r)
		if _, err := d.AddReview(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func record(t *testing.T, d *desk.Desk, n int) desk.Head {
	t.Helper()
	var last desk.Event
	for i := range n {
		e, err := d.Record(t.Context(), desk.Event{
			At: day.Add(time.Duration(i) * time.Second), Who: "ana", Action: "view", Object: fmt.Sprint("post-", i%3), Reason: "routine",
		})
		if err != nil {
			t.Fatal(err)
		}
		last = e
	}
	return desk.Head{Events: last.N, Hash: last.Hash}
}

func TestAuditTrail(t *testing.T) {
	d := open(t, t.TempDir())
	if head, err := d.Verify(t.Context(), desk.Head{}); err != nil || head != (desk.Head{}) {
		t.Fatalf("empty trail: %v, %v", head, err)
	}
	half := record(t, d, 5)
	whole := record(t, d, 5)
	for _, known := range []desk.Head{{}, half, whole} {
		if head, err := d.Verify(t.Context(), known); err != nil || head != whole {
			t.Errorf("Verify(%v) = %v, %v, want %v", known, head, err, whole)
		}
	}
	got, err := d.Events(t.Context(), desk.EventFilter{Object: "post-1", Before: 7, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []desk.Event{
		{N: 5, At: day.Add(4 * time.Second), Who: "ana", Action: "view", Object: "post-1", Reason: "routine"},
		{N: 2, At: day.Add(time.Second), Who: "ana", Action: "view", Object: "post-1", Reason: "routine"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(desk.Event{}, "Hash")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Whoever can write the file can change rows; the chain must tell.
func TestTamperingShows(t *testing.T) {
	for name, deed := range map[string]string{
		"a reason reworded":    `UPDATE audit SET reason = 'none' WHERE n = 4`,
		"a time moved":         `UPDATE audit SET at = at + 1 WHERE n = 4`,
		"a field's edge moved": `UPDATE audit SET who = 'an', action = 'aview' WHERE n = 4`,
		"an event removed":     `DELETE FROM audit WHERE n = 4`,
		"the first removed":    `DELETE FROM audit WHERE n = 1`,
		"two swapped":          `UPDATE audit SET n = -4 WHERE n = 4; UPDATE audit SET n = 4 WHERE n = 5; UPDATE audit SET n = 5 WHERE n = -4`,
		"the end cut off":      `DELETE FROM audit WHERE n > 8`,
		"all removed":          `DELETE FROM audit`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := open(t, dir)
			head := record(t, d, 10)
			raw := desktest.Raw(t, dir)
			if _, err := raw.ExecContext(t.Context(), deed); err == nil {
				t.Fatal("a careless change went through")
			}
			desktest.Unlock(t, dir, raw)
			if _, err := raw.ExecContext(t.Context(), deed); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Verify(t.Context(), head); !errors.Is(err, desk.ErrTampered) {
				t.Errorf("Verify said %v", err)
			}
		})
	}
}

// Several writers, in several processes even, make one chain.
func TestConcurrentRecords(t *testing.T) {
	dir := t.TempDir()
	desks := []*desk.Desk{open(t, dir), open(t, dir)}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 10 {
				_, err := desks[i%2].Record(context.WithoutCancel(t.Context()), desk.Event{At: day, Who: "ana", Action: "view"})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if head, err := desks[0].Verify(t.Context(), desk.Head{}); err != nil || head.Events != 40 {
		t.Errorf("Verify = %v, %v, want 40 events", head, err)
	}
}

func TestSecretStays(t *testing.T) {
	dir := t.TempDir()
	first, err := open(t, dir).Secret(t.Context(), "session")
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	d := open(t, dir)
	again, err := d.Secret(t.Context(), "session")
	if err != nil || !cmp.Equal(first, again) {
		t.Errorf("the secret changed (%v)", err)
	}
	if other, err := d.Secret(t.Context(), "csrf"); err != nil || cmp.Equal(first, other) {
		t.Errorf("two names share a secret (%v)", err)
	}
}

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	secret, made, err := d.CreateToken(t.Context(), desk.Token{Name: "importer", Scopes: desk.CanIngest, ExpiresAt: day.Add(time.Hour)}, day)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Authenticate(t.Context(), secret, day)
	if err != nil {
		t.Fatal(err)
	}
	made.UsedAt = day
	if diff := cmp.Diff(made, got); diff != "" {
		t.Errorf("token (-made +got):\n%s", diff)
	}
	for name, try := range map[string]struct {
		secret string
		at     time.Time
	}{
		"expired":  {secret, day.Add(time.Hour)},
		"unknown":  {secret[:len(secret)-1] + "!", day},
		"empty":    {"", day},
		"a prefix": {secret[:20], day},
	} {
		if _, err := d.Authenticate(t.Context(), try.secret, try.at); !errors.Is(err, desk.ErrToken) {
			t.Errorf("%s: got %v, want ErrToken", name, err)
		}
	}
	if err := d.RevokeToken(t.Context(), made.ID, day.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeToken(t.Context(), "nobody", day); err == nil {
		t.Error("an unknown token was revoked")
	}
	if _, err := d.Authenticate(t.Context(), secret, day); !errors.Is(err, desk.ErrToken) {
		t.Errorf("revoked: got %v, want ErrToken", err)
	}
	all, err := d.Tokens(t.Context())
	made.RevokedAt = day.Add(time.Minute)
	if diff := cmp.Diff([]desk.Token{made}, all); err != nil || diff != "" {
		t.Errorf("tokens (%v, -want +got):\n%s", err, diff)
	}
	assertNotStored(t, dir, secret)
}

func assertNotStored(t *testing.T, dir, secret string) {
	t.Helper()
	var n int
	err := desktest.Raw(t, dir).QueryRowContext(t.Context(), `SELECT count(*) FROM token WHERE instr(CAST(hash AS TEXT), $1) > 0 OR instr(id, $1) > 0 OR instr(name, $1) > 0`, secret).Scan(&n)
	if err != nil || n != 0 {
		t.Errorf("the secret itself is stored (%v)", err)
	}
}
