package web

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"veghe"
	store "veghe/index/desk"
)

// workDesk is a desk with a real store for cases and watches.
func workDesk(t *testing.T) (http.Handler, *memory, *store.Desk) {
	t.Helper()
	kept, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	h, m := newDesk(t, func(c *Config) {
		c.Cases, c.Watches, c.Work, c.Marks = kept, kept, kept, kept
		c.Identify = func(v string) (string, string) {
			if digits := strings.ReplaceAll(v, " ", ""); strings.HasPrefix(digits, "07") {
				return "phone", "+4" + digits
			}
			return "", ""
		}
	})
	m.casesOf = kept.CasesOf
	return h, m, kept
}

// A case is opened from a post, noted on, referred, and shows all of that.
func TestCaseByForms(t *testing.T) {
	h, m, _ := workDesk(t)
	id := string(m.hits[0].Post.ID)
	if w := ask(t, h, "GET", "/cases?post="+id, ""); !strings.Contains(w.Body.String(), `name="post" value="`+id+`"`) {
		t.Errorf("the form does not carry the post:\n%s", w.Body)
	}
	w := ask(t, h, "POST", "/cases", form("title", "Același șofer", "post", id))
	at := w.Header().Get("Location")
	if w.Code != 303 || at != "/cases/2026-0001" {
		t.Fatalf("%d to %q", w.Code, at)
	}
	for _, f := range []string{
		form("do", "note", "note", "întrebat <b>inspectoratul</b>"), form("do", "status", "status", "referred", "note", "la Cluj"),
	} {
		if w := ask(t, h, "POST", at, f); w.Code != 303 {
			t.Errorf("%s: %d\n%s", f, w.Code, w.Body)
		}
	}
	var done []string
	for _, e := range m.did(ActCase) {
		done = append(done, e.Object+": "+e.Detail)
	}
	if got, want := strings.Join(done, ", "), "case 2026-0001: opened, case 2026-0001: added "+id+", case 2026-0001: note, case 2026-0001: status referred"; got != want {
		t.Errorf("the audit trail has %q, want %q", got, want)
	}
	page := ask(t, h, "GET", at, "").Body.String()
	for _, want := range []string{"Același șofer", "întrebat &lt;b&gt;inspectoratul", "referred", postPath(m.hits[0].Post.ID)} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if post := ask(t, h, "GET", postPath(m.hits[0].Post.ID), "").Body.String(); !strings.Contains(post, "/cases/2026-0001") {
		t.Error("the post does not name its case")
	}
	if other := ask(t, h, "GET", postPath(m.hits[1].Post.ID), "").Body.String(); strings.Contains(other, "Același șofer") {
		t.Error("a referred case is offered to add to")
	}
	if w := ask(t, h, "POST", at, form("do", "remove", "post", id)); w.Code != 303 {
		t.Errorf("%d", w.Code)
	}
	if page := ask(t, h, "GET", at, "").Body.String(); !strings.Contains(page, "No post in this case") || !strings.Contains(page, "Taken out") {
		t.Errorf("got\n%s", page)
	}
}

func TestCaseRefusals(t *testing.T) {
	h, m, kept := workDesk(t)
	if _, err := kept.OpenCase(t.Context(), "One", "ana", noon); err != nil {
		t.Fatal(err)
	}
	id := string(m.hits[0].Post.ID)
	for _, c := range []struct {
		target, body string
		status       int
	}{
		{"/cases", form("title", ""), 400},
		{"/cases", form("title", "x", "post", "nothing"), 404},
		{"/cases/2026-0009", form("do", "note", "note", "x"), 404},
		{"/cases/2026-0009", form("do", "add", "post", id), 404},
		{"/cases/2026-0001", form("do", "add", "post", "nothing"), 404},
		{"/cases/2026-0001", form("do", "note"), 400},
		{"/cases/2026-0001", form("do", "status", "status", "lost"), 400},
		{"/cases/2026-0001", form("do", "burn"), 400},
	} {
		if w := ask(t, h, "POST", c.target, c.body); w.Code != c.status {
			t.Errorf("%s %s: %d, want %d", c.target, c.body, w.Code, c.status)
		}
	}
}

func TestCasesByAPI(t *testing.T) {
	h, m, _ := workDesk(t)
	id := string(m.hits[0].Post.ID)
	var c store.Case
	answer(t, ask(t, h, "POST", "/api/v1/cases", `{"title":"One","posts":["`+id+`"]}`), 201, &c)
	var f store.CaseFile
	answer(t, ask(t, h, "POST", "/api/v1/cases/"+c.ID+"/posts", `{"post":"`+string(m.hits[1].Post.ID)+`","note":"same phone"}`), 200, &f)
	if len(f.Members) != 2 || f.Events[0].Note != "same phone" || f.Events[0].By == "" {
		t.Errorf("got %+v", f)
	}
	var all struct{ Cases []store.Case }
	answer(t, ask(t, h, "GET", "/api/v1/cases", ""), 200, &all)
	if len(all.Cases) != 1 || all.Cases[0].Posts != 2 {
		t.Errorf("got %+v", all)
	}
	for _, body := range []string{"", "{", `{"titel":"x"}`, `{"title":""}`} {
		if w := ask(t, h, "POST", "/api/v1/cases", body); w.Code != 400 {
			t.Errorf("%q: %d, want 400", body, w.Code)
		}
	}
}

func TestWatchesByFormAndAPI(t *testing.T) {
	h, m, kept := workDesk(t)
	if w := ask(t, h, "POST", "/watches", form("name", "Driver", "query", `phone:"+40700000123"`)); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := ask(t, h, "POST", "/watches", form("name", "Driver", "query", "")); w.Code != 400 {
		t.Errorf("a watch for nothing: %d", w.Code)
	}
	var all struct{ Watches []store.Watch }
	answer(t, ask(t, h, "GET", "/api/v1/watches", ""), 200, &all)
	if len(all.Watches) != 1 || all.Watches[0].Name != "Driver" {
		t.Fatalf("got %+v", all)
	}
	id := m.hits[0].Post.ID
	if _, err := kept.WatchSaw(t.Context(), "node", all.Watches[0].ID, 5, []veghe.PostID{id, "gone"}, noon); err != nil {
		t.Fatal(err)
	}
	page := ask(t, h, "GET", "/watches/1", "").Body.String()
	if !strings.Contains(page, postPath(id)) || !strings.Contains(page, "no longer kept") {
		t.Errorf("got\n%s", page)
	}
	var one struct {
		store.Watch
		Found []store.WatchHit
	}
	answer(t, ask(t, h, "GET", "/api/v1/watches/1", ""), 200, &one)
	if one.Hits != 2 || len(one.Found) != 2 {
		t.Errorf("got %+v", one)
	}
	if w := ask(t, h, "POST", "/watches/1/end", ""); w.Code != 303 {
		t.Errorf("%d", w.Code)
	}
	for _, target := range []string{"/watches/9", "/watches/x", "/api/v1/watches/9"} {
		if w := ask(t, h, "GET", target, ""); w.Code != 404 {
			t.Errorf("%s: %d, want 404", target, w.Code)
		}
	}
}

func TestLookup(t *testing.T) {
	h, _, _ := workDesk(t)
	body := "phone,note\n0700 000 123,\"driver\"\n0700 000 999,unknown\nnot a number,\n"
	var got struct{ Rows []lookedUp }
	answer(t, ask(t, h, "POST", "/api/v1/lookup", body, "Content-Type", "text/csv"), 200, &got)
	if len(got.Rows) != 3 {
		t.Fatalf("%d rows, want 3: the heading is none: %+v", len(got.Rows), got.Rows)
	}
	if r := got.Rows[0]; r.Value != "+40700000123" || r.Total == 0 || r.First == nil {
		t.Errorf("a number that is known: %+v", r)
	}
	if r := got.Rows[1]; r.Kind != "phone" || r.Total != 0 {
		t.Errorf("a number that is not: %+v", r)
	}
	if r := got.Rows[2]; r.Kind != "" {
		t.Errorf("no number: %+v", r)
	}
	csv := ask(t, h, "POST", "/api/v1/lookup?format=csv", "0700 000 123\n=cmd()").Body.String()
	if !strings.Contains(csv, "'=cmd()") || !strings.HasPrefix(csv, "input,kind,value,total") {
		t.Errorf("got\n%s", csv)
	}
	page := ask(t, h, "POST", "/lookup", form("values", "0700 000 123\n<script>")).Body.String()
	if !strings.Contains(page, "40700000123</code>") || strings.Contains(page, "<script>\n") || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("got\n%s", page)
	}
	if w := ask(t, h, "POST", "/api/v1/lookup", strings.Repeat("0700 000 123\n", maxLookup+1)); w.Code != 413 {
		t.Errorf("%d for too many values, want 413", w.Code)
	}
}

// A desk without a store for them has no cases and no watches.
func TestNoCasesNoWatches(t *testing.T) {
	h, _ := newDesk(t, nil)
	for _, target := range []string{"/cases", "/watches", "/lookup"} {
		if w := ask(t, h, "GET", target, ""); w.Code != 200 {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	if w := ask(t, h, "POST", "/cases", form("title", "x")); w.Code < 400 {
		t.Errorf("%d for a case that nothing keeps", w.Code)
	}
}

func answer(t *testing.T, w interface {
	Result() *http.Response
}, status int, into any,
) {
	t.Helper()
	res := w.Result()
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != status {
		t.Fatalf("got %s, want %d", res.Status, status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// A feed is read with its token alone, says nothing of what posts say, and
// ends with a new token.
func TestFeed(t *testing.T) {
	h, m, kept := workDesk(t)
	w, err := kept.AddWatch(t.Context(), "Șoferi & co", "sofer", "local", noon)
	if err != nil {
		t.Fatal(err)
	}
	post := m.hits[0].Post
	if _, err := kept.WatchSaw(t.Context(), "node", w.ID, 1, []veghe.PostID{post.ID, "gone"}, noon); err != nil {
		t.Fatal(err)
	}
	address := func() string {
		page := ask(t, h, "POST", "/watches/1/feed", form("do", "make")).Body.String()
		_, after, _ := strings.Cut(page, "<code>/feeds/")
		path, _, _ := strings.Cut(after, "<")
		return "/feeds/" + path
	}
	first := address()
	got := ask(t, h, "GET", first, "")
	if got.Code != 200 || !strings.HasPrefix(got.Header().Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	var feed atom
	if err := xml.Unmarshal(got.Body.Bytes(), &feed); err != nil {
		t.Fatal(err)
	}
	if len(feed.Entries) != 1 || feed.Title != "veghe: Șoferi & co" || !strings.HasSuffix(feed.Entries[0].Link.Href, postPath(post.ID)) {
		t.Errorf("got %+v", feed)
	}
	for _, not := range []string{post.Title, string(post.Author), "pașaportul"} {
		if strings.Contains(got.Body.String(), not) {
			t.Errorf("the feed says %q", not)
		}
	}
	second := address()
	for target, want := range map[string]int{first: 404, second: 200, "/feeds/1/x": 404, "/feeds/9/x": 404, "/feeds/x/x": 404} {
		if w := ask(t, h, "GET", target, ""); w.Code != want {
			t.Errorf("%.20s: %d, want %d", target, w.Code, want)
		}
	}
	if w := ask(t, h, "POST", "/watches/1/feed", form("do", "end")); w.Code != 303 {
		t.Error(w.Code)
	}
	if w := ask(t, h, "GET", second, ""); w.Code != 404 {
		t.Errorf("an ended feed: %d", w.Code)
	}
}
