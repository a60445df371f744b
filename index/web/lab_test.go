package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/detect/rule"
	store "veghe/index/desk"
)

// toyLab knows one rule, which finds a word, and takes any document that
// begins with indicator or exception.
type toyLab struct{ found string }

const toyRule = "indicator: DOC-01\ntitle: Passport kept\nsignals: {document: {ro: [pasaport*]}}\n"

func (toyLab) Document(name string) (string, error) {
	if name == "DOC-01" {
		return toyRule, nil
	}
	return "", nil
}

func (l toyLab) Try(_ context.Context, doc string, post veghe.Post) (Trial, error) {
	t := Trial{Problems: []LabProblem{}, Rules: []TrialRule{}, RulesVersion: "abc"}
	kind, rest, ok := strings.Cut(doc, ": ")
	if !ok || kind != "indicator" && kind != "exception" {
		t.Problems = append(t.Problems, LabProblem{Line: 3, Column: 7, Message: `a document begins with "<x>", want indicator`})
		return t, nil
	}
	name, _, _ := strings.Cut(rest, "\n")
	t.Kind, t.Name = kind, strings.TrimSpace(strings.Split(name, "#")[0])
	t.Problems = append(t.Problems, LabProblem{Line: 1, Column: 1, Message: "has 1 matching example, want 2", Lint: true})
	t.Examples = TrialExamples{Passed: 3, Failed: []string{"9:3: got no match, want a match"}}
	before := veghe.Assessment{Severity: veghe.None}
	after := veghe.Assessment{Severity: veghe.High, Flagged: true}
	t.Before, t.After = &before, &after
	r := TrialRule{Rule: veghe.RuleID(t.Name), Title: "Passport kept", Status: "stable", Condition: "near(document, keeping, 6)", Signals: []TrialSignal{{Name: "keeping", Kind: "words"}}, Nearly: []Miss{{Kind: "missing", A: "keeping"}, {Kind: "apart", A: "document", B: "keeping", Apart: 9, Most: 6}}}
	if i := strings.Index(post.Text, l.found); i >= 0 {
		r.Signals = append(r.Signals, TrialSignal{Name: "document", Kind: "words", Found: true, Spans: []veghe.Span{{Start: i, End: i + len(l.found), Text: l.found}}})
	}
	t.Rules = append(t.Rules, r)
	return t, nil
}

func (toyLab) Effect(_ context.Context, _ string, n int) (Effect, error) {
	by := func(m *memory) ByDecision {
		return ByDecision{
			Gained: map[string]int{"relevant": 4, "none": 9}, Lost: map[string]int{"not_relevant": 2},
			GainedSample: []veghe.PostID{m.hits[0].Post.ID, "gone"}, LostSample: []veghe.PostID{m.hits[3].Post.ID},
		}
	}
	m := newWorld()
	return Effect{
		Posts: n, Complete: n < 10000, Before: 53, After: 64, Both: 51, Flags: by(m),
		Rules: []RuleEffect{{Rule: "DOC-01", Before: 20, After: 31, Posts: by(m)}},
	}, nil
}

// book keeps proposals in memory.
type book struct{ all []store.Proposal }

func (b *book) Propose(_ context.Context, p store.Proposal) (store.Proposal, error) {
	p.ID, p.Status = int64(len(b.all)+1), store.Proposed
	b.all = append(b.all, p)
	return p, nil
}

func (b *book) Proposals(context.Context) ([]store.Proposal, error) { return b.all, nil }

func (b *book) Proposal(_ context.Context, id int64) (store.Proposal, error) {
	if id < 1 || id > int64(len(b.all)) {
		return store.Proposal{}, store.ErrNoProposal
	}
	return b.all[id-1], nil
}

func (b *book) DecideProposal(_ context.Context, id int64, to store.ProposalStatus, by, reason string, at time.Time) error {
	p := &b.all[id-1]
	if p.Status != store.Proposed {
		return store.ErrDecided
	}
	p.Status, p.Decided = to, &store.ProposalDecision{By: by, At: at, Reason: reason}
	return nil
}

func worldExceptions() []ExceptionInfo {
	return []ExceptionInfo{
		{Name: "job-fair", Indicators: []string{"REC-04"}, Condition: "place", Reason: "the fair in November", Owner: "Bacău office", Expires: noon.AddDate(0, 0, 6)},
		{Name: "season", Indicators: []string{"REC-06", "REC-03"}, Reason: "hotels at the sea", Owner: "Constanța office", Expires: noon.AddDate(0, 3, 0)},
		{Name: "past", Indicators: []string{"REC-04"}, Reason: "an old fair", Owner: "Iași office", Expires: noon.AddDate(0, 0, -1)},
	}
}

// Where a new document begins can be read, and meets what "rules check"
// demands of a rule.
func TestBeginnings(t *testing.T) {
	set := mustCompile(t, strings.Replace(newIndicator, "NEW-01", "REC-04", 1))
	for name, doc := range map[string]string{"indicator": newIndicator, "exception": newException(`ana "the analyst"`, noon)} {
		with, err := set.With("new.yaml", []byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, p := range rule.Check(with.In("new.yaml")) {
			if !strings.Contains(p.Msg, "matching examples") && !strings.Contains(p.Msg, "must not match") {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
	found := rule.Test(mustCompile(t, newIndicator), nil)
	if len(found.Failed) > 0 || found.Passed != 4 {
		t.Errorf("%d examples of a new rule hold, %v do not", found.Passed, found.Failed)
	}
}

func mustCompile(t *testing.T, doc string) *rule.Set {
	t.Helper()
	pack, err := rule.LoadFile("new.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLabPage(t *testing.T) {
	h, m := newDesk(t, nil)
	wants(t, ask(t, h, "GET", "/lab", "").Body.String(), "indicator: NEW-01", `name="text"`)
	wants(t, ask(t, h, "GET", "/lab?name=DOC-01", "").Body.String(), "title: Passport kept")
	wants(t, ask(t, h, "GET", "/lab?new=exception", "").Body.String(), "expires: 2027-02-22", `owner: &#34;local&#34;`)
	id := m.hits[0].Post.ID
	wants(t, ask(t, h, "GET", "/lab?post="+url.QueryEscape(string(id)), "").Body.String(), `name="post" value="`+string(id))
	if w := ask(t, h, "GET", "/lab?name=NONE", ""); w.Code != http.StatusNotFound {
		t.Errorf("a rule that is not there: %d", w.Code)
	}

	body := ask(t, h, "POST", "/lab", form("document", toyRule+"weight: 2 # <b>\n", "text", "Un pașaport <script>", "do", "try")).Body.String()
	wants(t, body,
		"only keeping is missing", "document and keeping are 9 words apart, at most 6 wanted", `<mark class="shadow" title="DOC-01: document">pașaport</mark>`, "&lt;script&gt;", // what it finds
		`<code>1:1</code>`, "the rule runs without it", "got no match, want a match", // what is wrong
		`<ins>+weight: 2 # &lt;b&gt;</ins>`, `action="/lab/proposals"`) // what changes, and a way to keep it
	if strings.Contains(body, `id="h-effect"`) {
		t.Error("an effect that nobody asked for")
	}
	body = ask(t, h, "POST", "/lab", form("document", toyRule, "post", string(id), "do", "effect", "newest", "10000")).Body.String()
	wants(t, body, "53 by the rules in force, 64", "Time ran out", "+4</td>", `href="/posts/`+string(id)+`"`, "ul rămâne la noi")
	if strings.Contains(body, "/posts/gone") {
		t.Error("a post that went is named")
	}
	body = ask(t, h, "POST", "/lab", form("document", "x", "text", "a", "do", "effect", "newest", "500")).Body.String()
	wants(t, body, `<code>3:7</code>`, `begins with &#34;&lt;x&gt;&#34;`)
	if strings.Contains(body, `action="/lab/proposals"`) {
		t.Error("a broken document can be proposed")
	}
	for name, bad := range map[string]string{
		"a document too long": form("document", strings.Repeat("a", 65<<10)),
		"a text too long":     form("document", "a", "text", strings.Repeat("a", 65<<10)),
		"any number of posts": form("document", toyRule, "do", "effect", "newest", "1000000"),
	} {
		if w := ask(t, h, "POST", "/lab", bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, w.Code)
		}
	}
	if got := m.did(ActLab); len(got) != 3 || got[0].Object != "DOC-01" || strings.Contains(got[0].Detail, "pașaport") {
		t.Errorf("recorded: %v", got)
	}
	if w := ask(t, h, "POST", "/lab", form("document", toyRule, "post", "nothing", "do", "try")); w.Code != http.StatusNotFound {
		t.Errorf("over a post that is not there: %d", w.Code)
	}
}

func TestProposalPages(t *testing.T) {
	h, m := newDesk(t, nil)
	wants(t, ask(t, h, "GET", "/lab/proposals", "").Body.String(), "Nothing was proposed yet")
	if w := ask(t, h, "POST", "/lab/proposals", form("document", toyRule)); w.Code != http.StatusBadRequest {
		t.Errorf("without a note: %d", w.Code)
	}
	if w := ask(t, h, "POST", "/lab/proposals", form("document", "x", "note", "n")); w.Code != http.StatusBadRequest {
		t.Errorf("a broken one: %d", w.Code)
	}
	w := ask(t, h, "POST", "/lab/proposals", form("document", toyRule+"weight: 2\n", "note", "stronger <b>", "effect", `{"posts":7,"complete":true}`))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/lab/proposals/1" {
		t.Fatalf("got %d to %s", w.Code, w.Header().Get("Location"))
	}
	wants(t, ask(t, h, "GET", "/lab/proposals/1", "").Body.String(), "stronger &lt;b&gt;", "<ins>+weight: 2</ins>", "7 posts", "You made this proposal", `value="withdrawn"`)
	w = ask(t, h, "GET", "/lab/proposals/1/document", "")
	if w.Body.String() != toyRule+"weight: 2\n" || !strings.Contains(w.Header().Get("Content-Disposition"), "proposal-1.yaml") {
		t.Errorf("the file: %v %q", w.Header(), w.Body)
	}
	if w := ask(t, h, "POST", "/lab/proposals/1", form("status", "accepted")); w.Code != http.StatusBadRequest {
		t.Errorf("accepted without a reason: %d", w.Code)
	}
	if w := ask(t, h, "POST", "/lab/proposals/1", form("status", "accepted", "reason", "tried on a month")); w.Code != http.StatusSeeOther {
		t.Errorf("accepting: %d", w.Code)
	}
	body := ask(t, h, "GET", "/lab/proposals/1", "").Body.String()
	wants(t, body, "tried on a month", "To take it over")
	if strings.Contains(body, `value="rejected"`) {
		t.Error("a decided one can be decided again")
	}
	if w := ask(t, h, "POST", "/lab/proposals/1", form("status", "rejected", "reason", "no")); w.Code != http.StatusConflict {
		t.Errorf("decided twice: %d", w.Code)
	}
	for _, none := range []string{"/lab/proposals/9", "/lab/proposals/x", "/lab/proposals/9/document"} {
		if w := ask(t, h, "GET", none, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", none, w.Code)
		}
	}
	if got := m.did(ActLab); len(got) != 5 || got[3].Object != "proposal 1" || got[3].Detail != "accepted: tried on a month" {
		t.Errorf("recorded: %v", got)
	}
}

func TestExceptionsPage(t *testing.T) {
	h, _ := newDesk(t, nil)
	ask(t, h, "POST", "/lab/proposals", form("document", "exception: winter\n", "note", "n"))
	body := ask(t, h, "GET", "/lab/exceptions", "").Body.String()
	wants(t, body, "Bacău office", "ends in 6 days", "ended: it has no effect", "the fair in November", `href="/lab/proposals/1"><code>winter`, "always")
	if n := strings.Count(body, "ends in"); n != 1 {
		t.Errorf("%d warnings, want the one that ends soon", n)
	}
	wants(t, ask(t, h, "GET", "/rules", "").Body.String(), "2 exceptions end soon")
}

func TestLabAPI(t *testing.T) {
	h, _ := newDesk(t, nil)
	body, err := json.Marshal(labInput{Doc: toyRule, Text: "Un pașaport", Newest: 500})
	if err != nil {
		t.Fatal(err)
	}
	got := decode[labAnswer](t, ask(t, h, "POST", "/api/v1/lab", string(body)))
	if got.Name != "DOC-01" || got.Effect == nil || got.Effect.Posts != 500 || got.Rules[0].Signals[1].Spans[0].Text != "pașaport" {
		t.Errorf("a trial: %+v", got)
	}
	for _, b := range []ByDecision{got.Effect.Flags, got.Effect.Rules[0].Posts} { // not those that the reader cannot open
		if len(b.GainedSample) != 1 || b.GainedSample[0] == "gone" || len(b.LostSample) != 1 {
			t.Errorf("named: %+v", b)
		}
	}
	for _, bad := range []string{"", "{", `{"documents":""}`, `{"document":"indicator: A\n","newest":7}`} {
		if w := ask(t, h, "POST", "/api/v1/lab", bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", bad, w.Code)
		}
	}
	p := decode[store.Proposal](t, ask(t, h, "POST", "/api/v1/lab/proposals", `{"document":"indicator: DOC-01\n","note":"shorter","effect":{"posts":3}}`))
	if p.ID != 1 || p.Base != toyRule || p.Effect != `{"posts":3}` || p.By != "local" {
		t.Errorf("proposed: %+v", p)
	}
	p = decode[store.Proposal](t, ask(t, h, "POST", "/api/v1/lab/proposals/1", `{"status":"rejected","reason":"finds less"}`))
	if p.Status != store.Rejected || p.Decided == nil || p.Decided.Reason != "finds less" {
		t.Errorf("rejected: %+v", p)
	}
	all := decode[map[string][]store.Proposal](t, ask(t, h, "GET", "/api/v1/lab/proposals", ""))
	if len(all["proposals"]) != 1 {
		t.Errorf("listed: %+v", all)
	}
	ex := decode[map[string][]ExceptionInfo](t, ask(t, h, "GET", "/api/v1/rules/exceptions", ""))
	if len(ex["exceptions"]) != 3 || !ex["exceptions"][0].Expires.Equal(noon.AddDate(0, 0, 6)) {
		t.Errorf("exceptions: %+v", ex)
	}
}
