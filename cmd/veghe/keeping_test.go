package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
	"veghe/index/web"
)

// office is a data folder with all places where a post is kept.
type office struct {
	*keeper
	captures *evidence.Store
	now      time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data = t.TempDir()
	x, err1 := index.Open(t.Context(), cfg.path("index"), index.Options{MinFree: -1})
	d := desktest.Open(t, cfg.path("desk"))
	s, err3 := evidence.Open(cfg.path("evidence"), evidence.Options{})
	if err := errors.Join(err1, err3); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(x.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return &office{keeper: &keeper{cfg: &cfg, index: x, desk: d, evidence: s, holder: "this node"}, captures: s, now: time.Now()}
}

// capture keeps an invented page.
func (o *office) capture(t *testing.T, text string) string {
	t.Helper()
	ref, err := o.captures.Add(t.Context(), evidence.Capture{Source: "forum", Exchanges: []evidence.Exchange{{
		URL: "https://forum.example.org/" + text, At: o.now, Request: []byte("GET / HTTP/1.1\r\nHost: forum.example.org\r\n\r\n"),
		Response: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>" + text + "</p>"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.captures.Keep(ref.String()); err != nil {
		t.Fatal(err)
	}
	return ref.String()
}

func (o *office) put(t *testing.T, id, author, text, capture string, daysOld int, flagged bool, contacts ...veghe.Contact) {
	t.Helper()
	p := veghe.Post{ID: veghe.PostID(id), Source: "forum", Author: veghe.AuthorID(author), Text: text, CollectedAt: o.now.AddDate(0, 0, -daysOld), Evidence: capture}
	v := veghe.Assessed{Post: p, Assessment: veghe.Assessment{ID: p.ID, Flagged: flagged, Severity: veghe.Low, Contacts: contacts}, AssessedAt: p.CollectedAt}
	if _, err := o.index.Put(t.Context(), []veghe.Assessed{v}); err != nil {
		t.Fatal(err)
	}
}

func (o *office) has(t *testing.T, id veghe.PostID) bool {
	t.Helper()
	_, err := o.index.Get(t.Context(), id)
	if err != nil && !errors.Is(err, index.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (o *office) captured(t *testing.T, ref string) bool {
	t.Helper()
	r, err := evidence.ParseRef(ref)
	if err != nil {
		t.Fatal(err)
	}
	found, err := evidence.Folder{Dir: o.cfg.path("evidence")}.Find(t.Context(), []evidence.Ref{r})
	if err != nil {
		t.Fatal(err)
	}
	return found[r] != nil
}

// Posts and their captures go when the time of their class is over; a hold and
// a case keep them; what went can be shown by its record.
func TestPurge(t *testing.T) {
	o := newOffice(t)
	o.cfg.Retention.Flagged, o.cfg.Retention.ClosedCases = duration(90*24*time.Hour), duration(365*24*time.Hour)
	alone, shared := o.capture(t, "alone"), o.capture(t, "shared")
	phone := veghe.Contact{Kind: "phone", Value: "+40700000123", Raw: "0700 000 123", Start: 0, End: 12}
	o.put(t, "young", "a", "text", "", 1, false)
	o.put(t, "old", "a", "text", "", 8, false)
	o.put(t, "held", "a", "0700 000 123", "", 8, false, phone)
	o.put(t, "flagged-old", "b", "text", alone, 100, true)
	o.put(t, "flagged-shared", "b", "text", shared, 100, true)
	o.put(t, "flagged-young", "b", "text", shared, 10, true)
	o.put(t, "in-case", "b", "text", "", 400, true)
	c, err := o.desk.OpenCase(t.Context(), "An old case", "ana", o.now.AddDate(-2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	book := casebook{o.desk, o.index}
	if _, err := book.AddToCase(t.Context(), c.ID, "in-case", "ana", "", o.now.AddDate(-2, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.desk.AddHold(t.Context(), desk.Hold{Kind: desk.HoldPhone, Value: phone.Value, Reason: "order 12", By: "chief"}, o.now); err != nil {
		t.Fatal(err)
	}
	purge := func(dry bool) purged {
		t.Helper()
		p, err := o.purge(t.Context(), o.cfg.Retention.expiries(o.now), true, dry, o.now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, dry := range []bool{true, false} {
		p := purge(dry)
		if p.Posts[index.Unflagged] != 1 || p.Posts[index.Flagged] != 2 || p.Held != 1 || p.Holds != 1 || p.Cases != 0 {
			t.Errorf("dry %v: %+v", dry, p)
		}
		if o.has(t, "old") != dry || o.has(t, "flagged-old") != dry || o.captured(t, alone) != dry {
			t.Errorf("dry %v: the posts are there: %v, the capture: %v", dry, o.has(t, "old"), o.captured(t, alone))
		}
	}
	for _, id := range []veghe.PostID{"young", "held", "flagged-young", "in-case"} {
		if !o.has(t, id) {
			t.Errorf("%s is gone", id)
		}
	}
	if !o.captured(t, shared) {
		t.Error("a capture went that another post needs")
	}
	if d, ok, err := o.desk.Deleted(t.Context(), "flagged-old"); err != nil || !ok || d.Class != "flagged" || d.Posts != 2 {
		t.Errorf("record %+v, %v, %v", d, ok, err)
	}
	// The case is closed, and its time passes.
	if err := o.desk.SetCaseStatus(t.Context(), c.ID, desk.CaseClosed, "ana", "", o.now.AddDate(-2, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if p := purge(false); p.Cases != 1 || o.has(t, "in-case") {
		t.Errorf("%+v, its post is there: %v", p, o.has(t, "in-case"))
	}
	if head, err := o.desk.Verify(t.Context()); err != nil || head.Events != 4 {
		t.Errorf("%d records in the trail, %v", head.Events, err)
	}
}

// One person's posts go from everywhere but where the law holds them, and do
// not come back.
func TestErasure(t *testing.T) {
	o := newOffice(t)
	alone, shared := o.capture(t, "unmistakable"), o.capture(t, "shared page")
	o.put(t, "p1", "some.one", "hello", alone, 1, true)
	o.put(t, "p2", "some.one", "again", shared, 1, true)
	o.put(t, "p3", "other", "an answer", shared, 1, true)
	o.put(t, "p4", "some.one", "held", "", 1, true)
	c, err := o.desk.OpenCase(t.Context(), "About Some.One", "ana", o.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (casebook{o.desk, o.index}).AddToCase(t.Context(), c.ID, "p1", "ana", "", o.now); err != nil {
		t.Fatal(err)
	}
	if _, err := o.desk.AddHold(t.Context(), desk.Hold{Kind: desk.HoldPost, Value: "p4", Reason: "order 12", By: "chief"}, o.now); err != nil {
		t.Fatal(err)
	}
	who := web.Person{Kind: "handle", Value: "some.one"}
	report, err := o.Report(t.Context(), who)
	if err != nil || len(report.Posts) != 3 || len(report.Mentions.Cases) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	done, err := o.Erase(t.Context(), who, "chief", "request 7")
	if err != nil || done.Posts != 2 || done.Held != 1 || done.Captures != 1 || done.CapturesLeft != 1 || len(done.Left.Cases) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	for id, want := range map[veghe.PostID]bool{"p1": false, "p2": false, "p3": true, "p4": true} {
		if o.has(t, id) != want {
			t.Errorf("%s is there: %v, want %v", id, !want, want)
		}
	}
	if o.captured(t, alone) || !o.captured(t, shared) {
		t.Errorf("captures: alone %v, shared %v; want only the shared one", o.captured(t, alone), o.captured(t, shared))
	}
	f, err := o.desk.Case(t.Context(), c.ID)
	if err != nil || strings.Contains(strings.ToLower(fmt.Sprint(f)), "some.one") || len(f.Members) != 0 {
		t.Errorf("the case still has %+v, %v", f, err)
	}
	a := &app{desk: o.desk}
	left, err := a.withoutErased(t.Context(), []veghe.Assessed{{Post: veghe.Post{ID: "p1"}}, {Post: veghe.Post{ID: "p3"}}})
	if err != nil || len(left) != 1 || left[0].Post.ID != "p3" {
		t.Errorf("it comes back: %v, %v", left, err)
	}
	again, err := o.Report(t.Context(), who)
	if err != nil || len(again.Posts) != 1 || !again.Posts[0].Held {
		t.Errorf("a second report: %+v, %v", again, err)
	}
}
