package web

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %.300s", err, w.Body)
	}
	return v
}

func TestAPISearch(t *testing.T) {
	h, _ := newDesk(t, nil)
	res := decode[map[string]any](t, ask(t, h, "GET", "/api/v1/search?q=severity:critical&size=2&histogram=1", ""))
	for _, key := range []string{"total", "hits", "facets", "next", "days"} {
		if res[key] == nil {
			t.Errorf("the answer has no %q", key)
		}
	}
	if n := len(res["hits"].([]any)); n != 2 {
		t.Errorf("got %d hits, want 2", n)
	}
	if w := ask(t, h, "GET", "/api/v1/search?q=nowhere", ""); !strings.Contains(w.Body.String(), `"hits":[]`) {
		t.Errorf("no hits are not []: %s", w.Body)
	}
	for target, want := range map[string]string{
		"?q=%22open":                          "this quote is never closed",
		"?size=0":                             "size is \"0\", want 1 to 200",
		"?size=201":                           "want 1 to 200",
		"?sort=random":                        "want one of relevance, score, novelty, newest, oldest",
		"?all=perhaps":                        "want true or false",
		"?histgram=1":                         "unknown parameter",
		"?facets=" + strings.Repeat("a,", 20): "at most 10",
	} {
		w := ask(t, h, "GET", "/api/v1/search"+target, "")
		p := decode[problem](t, w)
		if w.Code != 400 || p.Status != 400 || !strings.Contains(p.Detail, want) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %+v, want 400 with %q", target, w.Code, p, want)
		}
	}
	if p := decode[problem](t, ask(t, h, "GET", "/api/v1/search?q=ab%20%22open", "")); p.Position == nil || *p.Position != 3 {
		t.Errorf("the place of the error is %v, want 3", p.Position)
	}
}

func TestAPIPostAndReview(t *testing.T) {
	h, m := newDesk(t, nil)
	path := "/api/v1/posts/" + string(m.hits[1].Post.ID)
	got := decode[apiHit](t, ask(t, h, "GET", path, ""))
	if len(got.Reviews) != 2 || got.Reviews[0].Decision != veghe.Relevant {
		t.Errorf("reviews %+v, want two, newest first", got.Reviews)
	}
	w := ask(t, h, "POST", path+"/review", `{"decision":"unsure","reason":"a second look"}`, "Content-Type", "application/json")
	if r := decode[veghe.Review](t, w); w.Code != http.StatusCreated || r.Decision != veghe.Unsure || r.By != "local" {
		t.Errorf("got %d %+v", w.Code, r)
	}
	for _, bad := range []string{``, `{}`, `{"decision":"guilty"}`, `{"decision":"unsure","by":"boss"}`, `[]`} {
		if w := ask(t, h, "POST", path+"/review", bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", bad, w.Code)
		}
	}
	if w := ask(t, h, "GET", "/api/v1/posts/nothing", ""); w.Code != http.StatusNotFound {
		t.Errorf("got %d, want 404", w.Code)
	}
}

func TestAPIEntity(t *testing.T) {
	h, _ := newDesk(t, nil)
	e := decode[entity](t, ask(t, h, "GET", "/api/v1/entities/phone/+40700000123", ""))
	if e.Total == 0 || len(e.Hits) == 0 || e.First == nil || e.Last == nil || e.First.After(*e.Last) {
		t.Errorf("got %d posts from %v to %v", e.Total, e.First, e.Last)
	}
	if w := ask(t, h, "GET", "/api/v1/entities/shoe-size/43", ""); w.Code != http.StatusNotFound {
		t.Errorf("got %d, want 404", w.Code)
	}
}

const bearer = "Bearer a-collector-token"

func TestIngest(t *testing.T) {
	h, m := newDesk(t, nil)
	body := strings.Join([]string{
		`{"text":"prima"}`,
		``,
		`{"text":"a doua","collected_at":"2026-11-20T10:00:00Z"}` + "\r",
		`{"text":""}`,
		`not JSON`,
		`{"text":"din viitor","collected_at":"2099-01-01"}`,
		`{"text":"` + strings.Repeat("x", veghe.MaxPost) + `"}`,
		`{"text":"ultima"}`, // no newline at the end
	}, "\n")
	w := ask(t, h, "POST", "/api/v1/posts", body, "Authorization", bearer)
	got := decode[ingested](t, w)
	if w.Code != 200 || got.Accepted != 4 || got.RejectedTotal != 3 {
		t.Fatalf("got %d, %d accepted, %d rejected, want 200, 4, 3", w.Code, got.Accepted, got.RejectedTotal)
	}
	var lines []int
	for _, r := range got.Rejected {
		lines = append(lines, r.Line)
	}
	if diff := cmp.Diff([]int{4, 5, 7}, lines); diff != "" {
		t.Errorf("rejected lines (-want +got):\n%s", diff)
	}
	var texts, collected []string
	for _, p := range m.posts {
		texts, collected = append(texts, p.Text), append(collected, p.CollectedAt.Format("2006-01-02"))
		if p.ID == "" {
			t.Error("a post has no id")
		}
	}
	if diff := cmp.Diff([]string{"prima", "a doua", "din viitor", "ultima"}, texts); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2026-11-24", "2026-11-20", "2026-11-24", "2026-11-24"}, collected); diff != "" {
		t.Errorf("collected (-want +got):\n%s", diff)
	}
}

func TestIngestWho(t *testing.T) {
	h, m := newDesk(t, nil)
	for name, header := range map[string][]string{
		"nobody": nil, "wrong": {"Authorization", "Bearer wrong"}, "basic": {"Authorization", "Basic a-collector-token"}, "empty": {"Authorization", "Bearer "},
	} {
		if w := ask(t, h, "POST", "/api/v1/posts", `{"text":"a"}`, header...); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", name, w.Code)
		}
	}
	closed, _ := newDesk(t, func(c *Config) { c.Token = "" })
	if w := ask(t, closed, "POST", "/api/v1/posts", `{"text":"a"}`, "Authorization", "Bearer "); w.Code != http.StatusUnauthorized {
		t.Errorf("without a token configured: got %d, want 401", w.Code)
	}
	if len(m.posts) != 0 {
		t.Errorf("%d posts came in", len(m.posts))
	}
}

func TestIngestFails(t *testing.T) {
	h, m := newDesk(t, nil)
	m.err = errors.New("disk full at /srv/secret")
	w := ask(t, h, "POST", "/api/v1/posts", `{"text":"a"}`, "Authorization", bearer)
	p := decode[problem](t, w)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(p.Detail, "secret") || !strings.Contains(p.Detail, "send all of it again") {
		t.Errorf("got %d %q", w.Code, p.Detail)
	}
}

func TestIngestInBatches(t *testing.T) {
	h, m := newDesk(t, nil)
	var b strings.Builder
	for i := range 3*ingestBatch + 7 {
		fmt.Fprintf(&b, "{\"text\":\"nr %d\"}\n", i)
	}
	b.WriteString(strings.Repeat("bad\n", maxRejected+5))
	got := decode[ingested](t, ask(t, h, "POST", "/api/v1/posts", b.String(), "Authorization", bearer))
	if got.Accepted != 3*ingestBatch+7 || len(m.posts) != got.Accepted || len(got.Rejected) != maxRejected || got.RejectedTotal != maxRejected+5 {
		t.Errorf("accepted %d, kept %d, listed %d of %d rejected", got.Accepted, len(m.posts), len(got.Rejected), got.RejectedTotal)
	}
}

func FuzzReadLine(f *testing.F) {
	f.Add("a\nb\r\n\nlonger than eight\nc", 8)
	f.Fuzz(func(t *testing.T, in string, limit int) {
		limit = max(1, min(limit, 1000))
		r := bufio.NewReaderSize(strings.NewReader(in), 16)
		n := 0
		for {
			line, err := readLine(r, limit)
			if len(line) > limit+1 || strings.Contains(string(line), "\n") {
				t.Errorf("line of %d bytes, limit %d", len(line), limit)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			n++
		}
		if want := strings.Count(in, "\n"); n < want {
			t.Errorf("%d lines, want %d", n, want)
		}
	})
}

func TestExport(t *testing.T) {
	h, m := newDesk(t, nil)
	m.add(veghe.Post{Source: "job-board", Author: "=cmd", Title: "=HYPERLINK(1)", Text: "we keep your passport\nno contract needed, \"really\"", Place: "@here", PostedAt: noon.AddDate(0, 0, 1)})
	for i := range 450 { // several pages
		m.add(veghe.Post{Source: "job-board", Text: fmt.Sprintf("we keep your passport, no contract needed, %d", i), PostedAt: noon.AddDate(-1, 0, 0)})
	}
	w := ask(t, h, "GET", "/api/v1/export?format=csv&q=source:job-board", "")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := int(decode[index.Result](t, ask(t, h, "GET", "/api/v1/search?q=source:job-board", "")).Total)
	if len(rows) != want+1 || want < 451 {
		t.Errorf("%d rows, want %d and a header", len(rows), want)
	}
	col := func(name string) string { return rows[1][slices.Index(rows[0], name)] }
	for name, want := range map[string]string{"title": "'=HYPERLINK(1)", "place": "'@here", "severity": "medium", "flagged": "true"} {
		if got := col(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="veghe-20261124-120000.csv"` {
		t.Errorf("Content-Disposition is %q", got)
	}
	w = ask(t, h, "GET", "/api/v1/export?format=jsonl&q=source:job-board", "")
	if got := strings.Count(w.Body.String(), "\n"); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	if w := ask(t, h, "GET", "/api/v1/export?format=pdf", ""); w.Code != 400 {
		t.Errorf("got %d, want 400", w.Code)
	}
	if got := m.did(ActExport); len(got) != 2 || got[0].Detail != "source:job-board" {
		t.Errorf("exports recorded: %v", got)
	}
}

// The document and the routes say the same.
func TestDocumentIsTrue(t *testing.T) {
	var doc struct {
		OpenAPI    string                               `json:"openapi"`
		Paths      map[string]map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
				Required   []string       `json:"required"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, rt := range routes() {
		if strings.HasPrefix(rt.path, "/api/") {
			want = append(want, rt.method+" "+rt.path)
		}
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("served and documented routes (-served +documented):\n%s", diff)
	}
	for _, ref := range strings.Split(string(document), `"$ref": "#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if _, ok := doc.Components.Schemas[name]; !ok {
			t.Errorf("the document refers to %q, which it does not have", name)
		}
	}

	// What is answered has the documented properties and no others.
	h, m := newDesk(t, nil)
	hit := decode[map[string]any](t, ask(t, h, "GET", "/api/v1/posts/"+string(m.hits[1].Post.ID), ""))
	rates, other, version := hit["base_rates"], hit["otherwise"].([]any)[0], decode[map[string]any](t, ask(t, h, "GET", "/api/v1/posts/"+string(m.hits[0].Post.ID), ""))["versions"].([]any)[0]
	for _, more := range []string{"reviews", "base_rates", "otherwise", "versions"} { // of getPost alone
		delete(hit, more)
	}
	rules := decode[map[string]any](t, ask(t, h, "GET", "/api/v1/rules", ""))
	rule := rules["rules"].([]any)[2].(map[string]any) // DOC-01
	precision := rule["reviews"].(map[string]any)
	trial := decode[map[string]any](t, ask(t, h, "POST", "/api/v1/lab", `{"document":"indicator: A\n","text":"a","newest":500}`))
	answers := map[string]map[string]any{
		"Rules":      rules,
		"Rule":       rule,
		"Precision":  precision,
		"Share":      precision["precision"].(map[string]any),
		"Tally":      precision["recent"].(map[string]any),
		"Result":     decode[map[string]any](t, ask(t, h, "GET", "/api/v1/search?histogram=1&size=1", "")),
		"Hit":        hit,
		"Rates":      rates.(map[string]any),
		"Otherwise":  other.(map[string]any),
		"Trial":      trial,
		"Effect":     trial["effect"].(map[string]any),
		"Proposal":   decode[map[string]any](t, ask(t, h, "POST", "/api/v1/lab/proposals", `{"document":"indicator: A\n","note":"n"}`)),
		"Exception":  decode[map[string]any](t, ask(t, h, "GET", "/api/v1/rules/exceptions", ""))["exceptions"].([]any)[0].(map[string]any),
		"Version":    version.(map[string]any),
		"Cluster":    decode[map[string]any](t, ask(t, h, "GET", "/api/v1/clusters/c0ffee", "")),
		"Post":       hit["post"].(map[string]any),
		"Assessment": hit["assessment"].(map[string]any),
		"Entity":     decode[map[string]any](t, ask(t, h, "GET", "/api/v1/entities/phone/+40700000123", "")),
		"Ingested":   decode[map[string]any](t, ask(t, h, "POST", "/api/v1/posts", `{"text":"a"}`, "Authorization", bearer)),
		"Problem":    decode[map[string]any](t, ask(t, h, "GET", "/api/v1/search?q=%22", "")),
	}
	for name, answer := range answers {
		s := doc.Components.Schemas[name]
		for key := range answer {
			if s.Properties[key] == nil {
				t.Errorf("%s: %q is answered and not documented", name, key)
			}
		}
		for _, key := range s.Required {
			if _, ok := answer[key]; !ok {
				t.Errorf("%s: %q is required and not answered", name, key)
			}
		}
	}
}
