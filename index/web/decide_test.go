package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"veghe"
	store "veghe/index/desk"
)

// team is a desk with several people; they are asked by name.
func team(t *testing.T, tune func(*Config), people ...person) (func(who, method, target, body string) *httptest.ResponseRecorder, *memory) {
	t.Helper()
	kept := accountsOf(t, people...)
	h, m := newDesk(t, func(c *Config) {
		c.AutoSignIn, c.Accounts = false, kept
		tune(c)
	})
	cookies := map[string]string{}
	return func(who, method, target, body string) *httptest.ResponseRecorder {
		t.Helper()
		if cookies[who] == "" {
			cookies[who] = cookieOf(t, kept, who)
		}
		return ask(t, h, method, target, body, "Cookie", cookies[who])
	}, m
}

func investigator(name string) person {
	return person{name: name, roles: []store.Role{store.Investigator}}
}

// A decision on several posts takes a reason, stands with each, and can be
// taken back: what stood before stands again, and what was decided since
// stays.
func TestBulkAndUndo(t *testing.T) {
	h, m, _ := workDesk(t)
	a, b, c := string(m.hits[0].Post.ID), string(m.hits[1].Post.ID), string(m.hits[4].Post.ID)
	body := form("decision", "not_relevant", "reason", "același șablon, agenție cunoscută", "back", "/?q=x") + "&" + form("post", a) + "&" + form("post", b) + "&" + form("post", c) + "&" + form("post", c)
	w := ask(t, h, "POST", "/reviews", body)
	at := w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(at, "/reviews/") {
		t.Fatalf("%d to %q: %s", w.Code, at, w.Body)
	}
	for _, id := range []string{a, b, c} {
		if d := m.decision(veghe.PostID(id)); d != veghe.NotRelevant {
			t.Errorf("%s is %q", id, d)
		}
	}
	page := ask(t, h, "GET", at, "").Body.String()
	wants(t, page, "3 decisions", "Take all of them back", `href="/?q=x"`)

	if w := ask(t, h, "POST", postPath(veghe.PostID(c))+"/review", form("decision", "relevant")); w.Code != 303 {
		t.Fatal(w.Code)
	}
	batch, _, _ := strings.Cut(at, "?")
	if w := ask(t, h, "POST", batch+"/undo", ""); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for id, want := range map[string]veghe.Decision{a: "", b: veghe.Relevant, c: veghe.Relevant} {
		if d := m.decision(veghe.PostID(id)); d != want {
			t.Errorf("%s is %q after the undo, want %q", id, d, want)
		}
	}
}

func TestBulkRefusals(t *testing.T) {
	h, m, _ := workDesk(t)
	id := string(m.hits[0].Post.ID)
	for body, status := range map[string]int{
		form("decision", "relevant", "post", id):                                  400, // no reason
		form("decision", "relevant", "reason", "because"):                         400, // no post
		form("decision", "guilty", "reason", "because", "post", id):               400,
		form("decision", "withdrawn", "reason", "because", "post", id):            400,
		form("decision", "relevant", "reason", "because", "post", "nothing"):      404,
		form("decision", "unsure", "reason", "because", "all", "1", "q", "cules"): 303,
	} {
		if w := ask(t, h, "POST", "/reviews", body); w.Code != status {
			t.Errorf("%s: %d, want %d", body, w.Code, status)
		}
	}
	for _, target := range []string{"/reviews/nothing", "/reviews/%2525"} {
		if w := ask(t, h, "GET", target, ""); w.Code != 404 {
			t.Errorf("%s: %d, want 404", target, w.Code)
		}
	}
}

// Two people who take from one queue never get the same post; one who hands
// over no longer has it, and a decision gives it back.
func TestQueue(t *testing.T) {
	ana, dan := investigator("ana"), investigator("dan")
	_, m, kept := workDesk(t)
	do, _ := team(t, func(c *Config) { c.Search, c.Reviews, c.Work, c.Cases = m, m, kept, kept }, ana, dan)
	if w := do("ana", "POST", "/queues", form("do", "open", "name", "Brigada", "query", "severity:critical")); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	first := do("ana", "POST", "/queues", form("do", "next", "queue", "1")).Header().Get("Location")
	second := do("dan", "POST", "/queues", form("do", "next", "queue", "1")).Header().Get("Location")
	if !strings.HasPrefix(first, "/posts/") || !strings.HasPrefix(second, "/posts/") || first == second {
		t.Fatalf("ana got %q, dan %q", first, second)
	}
	wants(t, do("dan", "GET", first, "").Body.String(), "ana looks at this post until")
	wants(t, do("dan", "GET", "/?q=severity:critical", "").Body.String(), "ana is on it")
	if w := do("dan", "POST", first+"/claim", form("do", "hand", "to", "eva")); w.Code != http.StatusConflict {
		t.Errorf("dan gave away what ana has: %d", w.Code)
	}
	if w := do("ana", "POST", first+"/claim", form("do", "hand", "to", "dan", "note", "e din zona ta")); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wants(t, do("dan", "GET", "/queues", "").Body.String(), "from ana", "e din zona ta", "Brigada")
	if w := do("dan", "POST", first+"/review", form("decision", "relevant")); w.Code != 303 {
		t.Fatal(w.Code)
	}
	if page := do("ana", "GET", first, "").Body.String(); strings.Contains(page, "looks at this post") {
		t.Error("a decided post is still claimed")
	}
	if w := do("ana", "POST", "/queues", form("do", "end", "queue", "1")); w.Code != 303 {
		t.Error(w.Code)
	}
	for _, body := range []string{form("do", "next", "queue", "9"), form("do", "next", "queue", "x")} {
		if w := do("ana", "POST", "/queues", body); w.Code != 404 {
			t.Errorf("%s: %d, want 404", body, w.Code)
		}
	}
}

// To refer a case takes the second opinion of somebody else who may give one.
func TestSecondOpinion(t *testing.T) {
	ana, chief := investigator("ana"), person{name: "chief", roles: []store.Role{store.Supervisor}}
	_, m, kept := workDesk(t)
	do, _ := team(t, func(c *Config) { c.Search, c.Reviews, c.Work, c.Cases = m, m, kept, kept }, ana, chief)
	at := do("ana", "POST", "/cases", form("title", "Același șofer")).Header().Get("Location")
	status := func() store.CaseStatus {
		f, err := kept.Case(t.Context(), strings.TrimPrefix(at, "/cases/"))
		if err != nil {
			t.Fatal(err)
		}
		return f.Status
	}
	if w := do("ana", "POST", at, form("do", "status", "status", "referred")); w.Code != 400 {
		t.Errorf("a referral without a reason: %d", w.Code)
	}
	if w := do("ana", "POST", at, form("do", "status", "status", "referred", "note", "trei victime posibile")); w.Code != 303 || status() != store.CaseOpen {
		t.Fatalf("%d, the case is %s", w.Code, status())
	}
	if w := do("ana", "POST", at, form("do", "agree", "note", "da")); w.Code != http.StatusForbidden || status() != store.CaseOpen {
		t.Fatalf("ana agreed with herself: %d, %s", w.Code, status())
	}
	wants(t, do("chief", "GET", at, "").Body.String(), "trei victime posibile", "Agree, refer it")
	if w := do("chief", "POST", at, form("do", "agree", "note", "clar")); w.Code != 303 || status() != store.CaseReferred {
		t.Fatalf("%d, the case is %s", w.Code, status())
	}
	if w := do("chief", "POST", at, form("do", "agree", "note", "again")); w.Code != http.StatusConflict {
		t.Errorf("agreed twice: %d", w.Code)
	}
	// Nor does a supervisor agree with what they asked for themselves.
	do("chief", "POST", at, form("do", "status", "status", "open"))
	do("chief", "POST", at, form("do", "status", "status", "referred", "note", "again"))
	if w := do("chief", "POST", at, form("do", "agree", "note", "me too")); w.Code != http.StatusConflict || status() != store.CaseOpen {
		t.Errorf("%d, the case is %s", w.Code, status())
	}
}

// Who works on a contact learns that another team does too, and nothing more;
// who is asked learns who asks and about what.
func TestDeconflictionIsBlind(t *testing.T) {
	ana, dan, chief := investigator("ana"), investigator("dan"), person{name: "chief", roles: []store.Role{store.Supervisor}}
	world := newWorld()
	k := realDesk(t, world)
	do, m := team(t, func(c *Config) { c.Search, c.Reviews, c.Cases, c.Marks = k, k, k, k }, ana, dan, chief)
	id := string(world.hits[0].Post.ID)
	secret := do("ana", "POST", "/cases", form("title", "Operațiunea Secretă")).Header().Get("Location")
	phone := entityPath("phone", "+40700000123")
	if w := do("ana", "POST", phone, form("do", "attach", "case", "2026-0001", "reason", "numărul șoferului")); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wants(t, do("ana", "GET", secret, "").Body.String(), "&#43;40700000123", "numărul șoferului")

	page := do("dan", "GET", phone, "").Body.String()
	wants(t, page, "Another team works on this too")
	mine := do("dan", "POST", "/cases", form("title", "Al meu", "post", id)).Header().Get("Location")
	own := do("dan", "GET", mine, "").Body.String()
	wants(t, own, "Another team works on this too")
	for _, text := range []string{page, own} {
		for _, not := range []string{"Secretă", "2026-0001", "ana", "numărul șoferului"} {
			if strings.Contains(text, ">"+not) || strings.Contains(text, "Secretă") {
				t.Errorf("dan is told %q", not)
			}
		}
	}
	if w := do("dan", "POST", phone, form("do", "ask", "reason", "lucrez la același număr")); w.Code != 303 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wants(t, do("ana", "GET", secret, "").Body.String(), "Another team asks to get in touch about", "dan", "lucrez la același număr")
	if strings.Contains(do("ana", "GET", phone, "").Body.String(), "Al meu") {
		t.Error("ana is told of the case of dan")
	}
	if strings.Contains(do("chief", "GET", phone, "").Body.String(), "Another team works") {
		t.Error("who oversees all cases is told of another team")
	}
	if w := do("dan", "POST", entityPath("phone", "+40700000456"), form("do", "ask")); w.Code != http.StatusConflict {
		t.Errorf("asked about what nobody works on: %d", w.Code)
	}
	if !slices.ContainsFunc(m.did(ActCase), func(e Event) bool { return e.By == "dan" && e.Object == "phone +40700000123" }) {
		t.Error("the asking is not in the audit trail")
	}
}
