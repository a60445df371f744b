package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/desk/desktest"
)

var update = flag.Bool("update", false, "write the golden files")

// person is an account of a test.
type person struct {
	name    string
	roles   []store.Role
	sources []veghe.SourceID
}

// signedIn is a desk with accounts. What it returns asks as one of them.
func signedIn(t *testing.T, tune func(*Config), people ...person) (func(method, target, body, who string) (int, string), *memory) {
	t.Helper()
	return signedInTo(t, accountsOf(t, people...), tune)
}

// signedInTo is that with the accounts of a store.
func signedInTo(t *testing.T, kept *store.Desk, tune func(*Config)) (func(method, target, body, who string) (int, string), *memory) {
	t.Helper()
	h, m := newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Accounts = false, kept
		if tune != nil {
			tune(c)
		}
	})
	cookies := map[string]string{"nobody": ""}
	return func(method, target, body, who string) (int, string) {
		if _, ok := cookies[who]; !ok || target == "/signout" {
			cookies[who] = cookieOf(t, kept, who)
		}
		w := ask(t, h, method, target, body, "Cookie", cookies[who])
		if target == "/signout" {
			delete(cookies, who)
			cookies["nobody"] = ""
		}
		return w.Code, w.Body.String()
	}, m
}

// accountsOf is a store with the accounts of some people.
func accountsOf(t *testing.T, people ...person) *store.Desk {
	t.Helper()
	return withAccounts(t, desktest.Open(t, t.TempDir()), people...)
}

func withAccounts(t *testing.T, kept *store.Desk, people ...person) *store.Desk {
	t.Helper()
	kept.SetCost(store.Cost{Time: 1, Memory: 8, Threads: 1})
	for _, p := range people {
		if err := kept.AddAccount(t.Context(), store.Account{Name: p.name, Roles: p.roles, Sources: p.sources}, noon); err != nil {
			t.Fatal(err)
		}
	}
	return kept
}

// cookieOf is a session of an account.
func cookieOf(t *testing.T, kept *store.Desk, name string) string {
	t.Helper()
	if name == "nobody" {
		return ""
	}
	secret, err := kept.StartSession(t.Context(), name, "test", store.Lives{Absolute: time.Hour, Idle: time.Hour}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return sessionCookie + "=" + secret
}

func inRole(r store.Role) person { return person{name: "the-" + string(r), roles: []store.Role{r}} }

// The matrix of who may use which route, made from the routes by asking each
// as each role. A route is added here by adding it to routes; whoever reviews
// the change sees in the golden file whom it lets in.
func TestAuthorisationMatrix(t *testing.T) {
	var users []person
	names := []string{"nobody"}
	for _, r := range store.Roles {
		users = append(users, inRole(r))
		names = append(names, string(r))
	}
	do, m := signedIn(t, nil, users...)
	var b bytes.Buffer
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tab, "route\tneeds\t%s\n", strings.Join(names, "\t"))
	for _, rt := range routes() {
		if rt.access != public && !rt.access.Has(store.SignedIn) && rt.access.Names() == nil {
			t.Errorf("%s needs a permission that has no name", rt.pattern())
		}
		row := []string{rt.pattern(), rt.access.String()}
		for _, who := range append([]string{"nobody"}, userNames(users)...) {
			denied := len(m.did(ActDenied))
			code, _ := do(rt.method, fillPath(rt.path, m), "", who)
			row = append(row, verdict(t, rt, who, code, len(m.did(ActDenied)) > denied))
		}
		fmt.Fprintln(tab, strings.Join(row, "\t"))
	}
	if err := tab.Flush(); err != nil {
		t.Fatal(err)
	}
	golden(t, "access.txt", b.String())
}

func userNames(users []person) (out []string) {
	for _, u := range users {
		out = append(out, u.name)
	}
	return out
}

// verdict is "yes" if a route let somebody in; else it must have said so
// properly, and noted that somebody tried.
func verdict(t *testing.T, rt route, who string, code int, noted bool) string {
	t.Helper()
	switch {
	case rt.access == public:
		return "yes"
	case code == http.StatusUnauthorized:
		return "-"
	case code == http.StatusForbidden:
		if !noted {
			t.Errorf("%s by %s: refused without a word in the audit trail", rt.pattern(), who)
		}
		return "-"
	case code == http.StatusSeeOther && who == "nobody", code == http.StatusSeeOther && rt.path == "/{$}":
		return "-" // to the sign-in page, or to their own first page
	}
	return "yes"
}

// fillPath makes an address of a route's path, with ids that are there.
func fillPath(path string, m *memory) string {
	id := "1"
	if strings.Contains(path, "/posts/") {
		id = string(m.hits[0].Post.ID)
	}
	path = strings.Replace(path, "/static/{name}", "/static/app.css", 1)
	return strings.NewReplacer("{$}", "", "{id}", id, "{name}", "the-analyst", "{kind}", "phone", "{value}", "0700000123").Replace(path)
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got); go test ./index/web -update writes it anew:\n%s", name, diff)
	}
}

// What is not theirs does not exist, by any route. The posts of a source that
// an account does not have are asked for in every way there is.
func TestSourcesOfAnAccount(t *testing.T) {
	most := []store.Role{store.Investigator, store.Analyst, store.Ops, store.Admin}
	limited := person{"lia", most, []veghe.SourceID{"anunturi", "job-board"}}
	none := person{"noa", most, []veghe.SourceID{}}
	world := newWorld()
	i := slices.IndexFunc(world.hits, func(h index.Hit) bool { return h.Post.Source == "forum-jocuri" && h.Assessment.Flagged })
	hidden, k := world.hits[i].Post, realDesk(t, world)
	do, _ := signedIn(t, func(c *Config) { c.Search, c.Reviews, c.Cases, c.Watches = k, k, k, k }, limited, none, person{"ana", store.Roles, nil})
	if _, err := k.OpenCase(t.Context(), "A case", "lia", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := k.AddToCase(t.Context(), "2026-0001", hidden.ID, "ana", "", noon); err != nil {
		t.Fatal(err)
	}
	w, err := k.AddWatch(t.Context(), "A watch", "server", "lia", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.WatchSaw(t.Context(), "node", w.ID, 1, []veghe.PostID{hidden.ID}, noon); err != nil {
		t.Fatal(err)
	}
	id := string(hidden.ID)
	for _, rt := range []struct{ method, target, body string }{
		{"GET", "/?all=1&q=moderator", ""},
		{"GET", "/?all=1&q=source:forum-jocuri", ""},
		{"GET", "/?all=1", ""},
		{"GET", "/?q=id:" + id, ""},
		{"GET", "/?q=cules+OR+source:forum-jocuri&all=1", ""},
		{"GET", "/?q=-source:anunturi&all=1", ""},
		{"GET", "/?q=flagged:any", ""},
		{"GET", "/posts/" + id, ""},
		{"POST", "/posts/" + id + "/review", form("decision", "relevant")},
		{"POST", "/posts/" + id + "/reveal", form("reason", "asked by the court")},
		{"GET", "/cases/2026-0001", ""},
		{"POST", "/cases", form("title", "x", "post", id)},
		{"POST", "/cases/2026-0001", form("do", "add", "post", id)},
		{"GET", "/watches/1", ""},
		{"GET", "/api/v1/search?all=1", ""},
		{"GET", "/api/v1/search?all=1&q=source:forum-jocuri", ""},
		{"GET", "/api/v1/search?all=1&facets=source,author&size=200", ""},
		{"GET", "/api/v1/posts/" + id, ""},
		{"POST", "/api/v1/posts/" + id + "/review", `{"decision":"relevant"}`},
		{"GET", "/api/v1/entities/source/forum-jocuri", ""},
		{"GET", "/api/v1/entities/author/capitanul_9", ""},
		{"POST", "/api/v1/cases", `{"title":"x","posts":["` + id + `"]}`},
		{"GET", "/api/v1/watches/1", ""},
		{"GET", "/api/v1/export?format=jsonl&all=1", ""},
		{"GET", "/api/v1/export?format=csv&all=1&q=" + "source:forum-jocuri", ""},
		{"POST", "/lookup", form("values", "capitanul_9\n")},
		{"GET", "/status", ""},
		{"GET", "/sources", ""},
	} {
		for _, who := range []string{"lia", "noa"} {
			code, body := do(rt.method, rt.target, rt.body, who)
			if code >= 500 {
				t.Errorf("%s %s by %s: %d", rt.method, rt.target, who, code)
			}
			shown := strings.ReplaceAll(strings.ReplaceAll(body, rt.target, ""), "source:forum-jocuri", "")
			for _, secret := range []string{"Ai tăi sunt acasă", "monede în joc", "capitanul_9", `"forum-jocuri"`, ">forum-jocuri<", "Forum de jocuri", "t-88"} {
				if strings.Contains(shown, secret) && !strings.Contains(rt.body+rt.target, strings.Trim(secret, `"<>`)) {
					t.Errorf("%s %s shows %s %q", rt.method, rt.target, who, secret)
				}
			}
		}
	}
	if code, body := do("GET", "/posts/"+id, "", "ana"); code != 200 || !strings.Contains(body, "Ai tăi sunt acasă") {
		t.Errorf("without a limit: %d", code)
	}
	if all, err := k.Reviews(t.Context(), hidden.ID); err != nil || len(all) != 0 {
		t.Errorf("somebody decided on what they cannot see: %v, %v", all, err)
	}
	var mine, ours, nothing index.Result
	for who, res := range map[string]*index.Result{"lia": &mine, "ana": &ours, "noa": &nothing} {
		_, body := do("GET", "/api/v1/search?all=1&histogram=1", "", who)
		if err := json.Unmarshal([]byte(body), res); err != nil {
			t.Fatal(err)
		}
	}
	if mine.Total != 64 || ours.Total != 70 || nothing.Total != 0 {
		t.Errorf("%d, %d and %d posts, want 64, 70 and 0", mine.Total, ours.Total, nothing.Total)
	}
}

// A case exists for those who are in it, and for those who oversee.
func TestCasesOfAnAccount(t *testing.T) {
	world := newWorld()
	k := realDesk(t, world)
	ana, dan, chief := inRole(store.Investigator), inRole(store.Investigator), inRole(store.Supervisor)
	ana.name, dan.name, chief.name = "ana", "dan", "chief"
	do, _ := signedIn(t, func(c *Config) { c.Search, c.Reviews, c.Cases = k, k, k }, ana, dan, chief)
	post := world.hits[0].Post.ID
	if code, _ := do("POST", "/cases", form("title", "Același șofer", "post", string(post)), "ana"); code != http.StatusSeeOther {
		t.Fatalf("opening a case: %d", code)
	}
	tries := []struct{ method, target, body string }{
		{"GET", "/cases", ""},
		{"GET", "/cases/2026-0001", ""},
		{"POST", "/cases/2026-0001", form("do", "note", "note", "a note")},
		{"POST", "/cases/2026-0001", form("do", "status", "status", "closed")},
		{"POST", "/cases/2026-0001", form("do", "add", "post", string(world.hits[1].Post.ID))},
		{"POST", "/cases/2026-0001", form("do", "remove", "post", string(post))},
		{"GET", postPath(post), ""},
		{"GET", "/?q=case:2026-0001", ""},
		{"GET", "/?q=case:2026*", ""},
		{"GET", "/?q=-case:2026-0001", ""},
		{"GET", "/?q=" + "cules+(case:2026-0001+OR+x)", ""},
		{"GET", "/api/v1/search?facets=case", ""},
		{"GET", "/api/v1/search?q=case:2026-0001", ""},
		{"GET", "/api/v1/export?format=jsonl&q=case:2026-0001", ""},
		{"GET", "/api/v1/cases", ""},
		{"GET", "/api/v1/cases/2026-0001", ""},
		{"POST", "/api/v1/cases/2026-0001/posts", `{"post":"` + string(post) + `"}`},
		{"GET", "/api/v1/entities/phone/0700000123?facets=case", ""},
	}
	for _, rt := range tries {
		_, body := do(rt.method, rt.target, rt.body, "dan")
		body = strings.ReplaceAll(body, rt.target, "")
		for _, secret := range []string{"Același șofer", `"2026-0001"`, ">2026-0001<", "/cases/2026-0001"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s %s shows %q to somebody who is not in the case", rt.method, rt.target, secret)
			}
		}
	}
	f, err := k.Case(t.Context(), "2026-0001")
	if err != nil || len(f.Members) != 1 || len(f.Events) != 2 {
		t.Errorf("somebody who is not in the case changed it: %+v, %v", f, err)
	}
	for _, who := range []string{"ana", "chief"} {
		for target, want := range map[string]string{
			"/cases": "Același șofer", "/cases/2026-0001": "Același șofer", "/?q=case:2026-0001": "1 flagged post<",
			"/api/v1/search?facets=case": `"2026-0001"`,
		} {
			if code, body := do("GET", target, "", who); code != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s by %s: %d, want %q in it", target, who, code, want)
			}
		}
	}
}

// At a desk on loopback that signed its visitor in, all that ends with the
// first account: a feed is read as whoever made it, and a referral takes two.
func TestNobodyIsAloneBesideAccounts(t *testing.T) {
	ana := inRole(store.Investigator)
	ana.name = "ana"
	kept := accountsOf(t, ana)
	do, _ := signedInTo(t, kept, func(c *Config) { c.AutoSignIn, c.Watches, c.Cases = true, kept, kept })
	w, err := kept.AddWatch(t.Context(), "a watch", "cules", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	feed := func(by string) string {
		token, err := kept.MakeFeed(t.Context(), store.Feed{Watch: w.ID, By: by, At: noon})
		if err != nil {
			t.Fatal(err)
		}
		return "/feeds/1/" + token
	}
	if code, _ := do("GET", feed("local"), "", "nobody"); code != http.StatusNotFound {
		t.Errorf("the feed of who has no account: %d, want 404", code)
	}
	own := feed("ana")
	if code, _ := do("GET", own, "", "nobody"); code != http.StatusOK {
		t.Errorf("ana's feed: %d, want 200", code)
	}
	c, err := kept.OpenCase(t.Context(), "One", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := do("POST", "/cases/"+c.ID, form("do", "status", "status", "referred", "note", "urgent"), "ana"); code != http.StatusSeeOther {
		t.Errorf("asking for a referral: %d", code)
	}
	if f, err := kept.Case(t.Context(), c.ID); err != nil || f.Status != store.CaseOpen {
		t.Errorf("one person referred the case: %s, %v", f.Status, err)
	}
	if err := kept.SetAccount(t.Context(), store.Account{Name: "ana", Roles: []store.Role{store.Auditor}}); err != nil {
		t.Fatal(err)
	}
	if code, _ := do("GET", own, "", "nobody"); code != http.StatusNotFound {
		t.Errorf("ana's feed, now that she may not search: %d, want 404", code)
	}
}
