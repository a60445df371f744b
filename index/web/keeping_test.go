package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// deskOf is a desk with the real index and store, with accounts, an audit trail
// in the store, and what it erased.
func deskOf(t *testing.T, people ...person) (func(method, target, body, who string) (int, string), kept, *memory) {
	t.Helper()
	world := newWorld()
	k := realDesk(t, world)
	do, m := signedInTo(t, withAccounts(t, k.Desk, people...), func(c *Config) {
		c.Search, c.Reviews, c.Cases, c.Watches = k, k, k, k
		c.Trail, c.Keeper = k.Desk, &fakeKeeper{}
		c.Audit = func(ctx context.Context, e Event) error {
			_, err := k.Record(ctx, store.Event{At: e.At, Who: e.By, Action: string(e.Action), Object: e.Object, Reason: e.Detail})
			return err
		}
	})
	m.hits = world.hits
	return do, k, m
}

// fakeKeeper reports one post, and erases it.
type fakeKeeper struct{}

func (*fakeKeeper) Report(_ context.Context, p Person) (PersonReport, error) {
	if p.Value == "everybody" {
		return PersonReport{}, index.ErrManyPosts
	}
	return PersonReport{Person: p, At: noon, Posts: []PersonPost{{ID: "p1", Source: "forum", CollectedAt: noon, Flagged: true, Held: true}}}, nil
}

func (*fakeKeeper) Erase(_ context.Context, _ Person, _, _ string) (Erasure, error) {
	return Erasure{Posts: 3, Held: 1, Digest: strings.Repeat("ab", 32), Record: 9}, nil
}

func TestAuditPage(t *testing.T) {
	do, _, m := deskOf(t, person{"vera", []store.Role{store.Auditor}, nil}, person{"ana", []store.Role{store.Investigator}, nil})
	id := string(m.hits[0].Post.ID)
	for range 3 {
		do("GET", "/posts/"+id, "", "ana")
	}
	do("GET", "/?q=secret+thing", "", "ana")
	do("POST", "/posts/"+id+"/reveal", form("reason", "<b>order 12</b>"), "ana")
	for target, want := range map[string]string{
		"/audit":                           "&lt;b&gt;order 12&lt;/b&gt;",
		"/audit?who=ana&action=search":     "secret thing",
		"/audit?object=" + id:              id,
		"/audit?from=2026-11-24":           "ana",
		"/audit?to=2026-11-23":             "No entries",
		"/audit?before=3":                  "Newest",
		"/audit/export?format=jsonl":       `"action":"reveal"`,
		"/audit/export?format=csv&who=ana": "n,at,who,action,object,reason,hash",
	} {
		if code, body := do("GET", target, "", "vera"); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, want %q in\n%.900s", target, code, want, body)
		}
	}
	for target, want := range map[string]int{"/audit?from=yesterday": 400, "/audit?before=x": 400, "/audit/export?format=doc": 400} {
		if code, _ := do("GET", target, "", "vera"); code != want {
			t.Errorf("%s: %d, want %d", target, code, want)
		}
	}
	if _, body := do("GET", "/audit?who=ana&action=search", "", "vera"); strings.Contains(body, "order 12") || strings.Contains(body, m.hits[0].Post.Title) {
		t.Error("the filter shows more than was asked for, or content")
	}
	if code, body := do("POST", "/audit/check", "", "vera"); code != 200 || !strings.Contains(body, "Every entry fits") {
		t.Errorf("check: %d", code)
	}
	if code, body := do("POST", "/audit/check", form("head", "999:"+strings.Repeat("0", 64)), "vera"); code != 200 || !strings.Contains(body, "The trail was changed") {
		t.Errorf("a head that is not in it: %d", code)
	}
	if code, _ := do("POST", "/audit/check", form("head", "9"), "vera"); code != 400 {
		t.Errorf("no head: %d", code)
	}
	if code, _ := do("GET", "/audit", "", "ana"); code != 403 {
		t.Errorf("an investigator: %d", code)
	}
}

func TestHoldsPage(t *testing.T) {
	do, _, m := deskOf(t, person{"chief", []store.Role{store.Supervisor}, nil})
	id := string(m.hits[0].Post.ID)
	for body, want := range map[string]int{
		form("kind", "post", "value", "nothing", "reason", "order 12"):                   404,
		form("kind", "case", "value", "2026-0009", "reason", "order 12"):                 404,
		form("kind", "king", "value", "x", "reason", "order 12"):                         400,
		form("kind", "post", "value", id, "reason", "x"):                                 400,
		form("kind", "post", "value", id, "reason", "order 12", "until", "2020-01-01"):   400,
		form("kind", "phone", "value", "12", "reason", "order 12"):                       400,
		form("kind", "post", "value", id, "reason", "order <12>", "until", "2027-01-01"): 303,
		form("kind", "phone", "value", "+40 700 000 123", "reason", "order 13"):          303,
	} {
		if code, said := do("POST", "/holds", body, "chief"); code != want {
			t.Errorf("%s: %d, want %d\n%.300s", body, code, want, said)
		}
	}
	code, body := do("GET", "/holds?deleted=nothing", "", "chief")
	if code != 200 || !strings.Contains(body, "order &lt;12&gt;") || !strings.Contains(body, "No record names it") {
		t.Errorf("%d", code)
	}
	if code, _ := do("POST", "/holds/1/lift", form("reason", ""), "chief"); code != 400 {
		t.Errorf("lifted without a reason: %d", code)
	}
	if code, _ := do("POST", "/holds/1/lift", form("reason", "order 14"), "chief"); code != 303 {
		t.Errorf("lift: %d", code)
	}
	if code, _ := do("POST", "/holds/1/lift", form("reason", "order 14"), "chief"); code != 404 {
		t.Errorf("lifted twice: %d", code)
	}
}

func TestPersonPage(t *testing.T) {
	do, _, _ := deskOf(t, person{"chief", []store.Role{store.Supervisor}, nil}, person{"lia", []store.Role{store.Supervisor}, []veghe.SourceID{"forum"}}, person{"vera", []store.Role{store.Auditor}, nil})
	ask := form("kind", "handle", "value", "some.one", "reason", "request 7")
	for _, row := range []struct {
		target, body, who string
		status            int
		says              string
	}{
		{"/person", ask, "chief", 200, "legal hold"},
		{"/person", form("kind", "handle", "value", "everybody", "reason", "request 7"), "chief", 400, "Too many posts"},
		{"/person", form("kind", "handle", "value", "so", "reason", "request 7"), "chief", 400, "3 to 300"},
		{"/person", form("kind", "handle", "value", "some.one"), "chief", 400, "reason"},
		{"/person", ask, "lia", 403, "may not do this"}, // a part would pass for the whole
		{"/person", ask, "vera", 403, "may not do this"},
		{"/person/erase", ask, "chief", 400, "read the report"},
		{"/person/erase", ask + "&sure=1", "chief", 200, "Erased"},
	} {
		if code, body := do("POST", row.target, row.body, row.who); code != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%s %s by %s: %d, want %d and %q", row.target, row.body, row.who, code, row.status, row.says)
		}
	}
	_, trail := do("GET", "/audit/export?format=jsonl&action=erase", "", "vera")
	if !strings.Contains(trail, "report: request 7") || !strings.Contains(trail, "erasure: request 7") || strings.Contains(trail, "some.one") {
		t.Errorf("the trail has\n%s", trail)
	}
}
