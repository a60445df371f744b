package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"veghe"
	"veghe/index"
)

func wants(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("the page has no %q", p)
		}
	}
}

func TestResults(t *testing.T) {
	h, _ := newDesk(t, nil)
	body := ask(t, h, "GET", "/", "").Body.String()
	wants(t, body,
		`href="/?q=severity%3Acritical"`,    // a facet adds its value
		`href="/?q=-severity%3Acritical"`,   // or excludes it
		`href="/?q=posted%3A2026-11-24"`,    // a bar of the histogram leads to its day
		`<mark class="recruitment"`,         // what a rule saw
		`DOC-01: the employer keeps the`,    // and why
		`rel="next" href="/?after=25"`,      // more
		`name="format" value="stix"`,        // and all of it
		`class="rev rev-relevant"`,          // what people decided
		`<p class="snip care" dir="auto">`,  // blurred text
		`Demo: everything here is invented`, // the notice
		`href="/?q=indicator%3ADOC-01"`,     // pivot
		`<time datetime="2026-11-24T12:00:00Z`,
	)

	body = ask(t, h, "GET", "/?q=cules+severity%3Acritical+-source%3Ajob-board&sort=oldest", "").Body.String()
	wants(t, body,
		`value="cules severity:critical -source:job-board"`,                               // the query stays in its box
		`<input type="hidden" name="sort" value="oldest">`,                                // and so does the order
		`href="/?q=cules&#43;-source%3Ajob-board&amp;sort=oldest" title="Remove`,          // each chip drops its filter
		`href="/?q=cules&#43;severity%3Acritical&amp;sort=oldest" title="Remove`,          //
		`<mark class="query">cules</mark>`,                                                // words found
		`?q=cules&#43;severity%3Acritical&#43;-source%3Ajob-board&amp;sort=oldest"><bdi>`, // a post leads back here
	)
}

// The order by what was least seen before is one of those to choose, and says
// how new each post is; the API takes and tells it too.
func TestNoveltyOrder(t *testing.T) {
	h, m := newDesk(t, nil)
	m.hits[1].Novelty, m.hits[3].Novelty = 0.85, 0.4
	body := ask(t, h, "GET", "/?sort=novelty", "").Body.String()
	wants(t, body, `sort=novelty"`, `Least seen before`, `novelty 0.85`, `novelty 0.40`)
	if strings.Index(body, "novelty 0.85") > strings.Index(body, "novelty 0.40") {
		t.Error("what was seen more stands first")
	}
	if body := ask(t, h, "GET", "/", "").Body.String(); strings.Contains(body, "novelty 0") {
		t.Error("in other orders it is shown too")
	}
	wants(t, ask(t, h, "GET", "/?sort=novelty", "", "Accept-Language", "ro").Body.String(), `Cele mai puțin văzute`, `noutate 0,85`)
	wants(t, ask(t, h, "GET", "/help", "").Body.String(), `The order by novelty`)
	wants(t, ask(t, h, "GET", "/api/v1/search?sort=novelty&size=1", "").Body.String(), `"novelty":0.85`)
}

func TestQueryErrorPointsAtThePlace(t *testing.T) {
	h, _ := newDesk(t, nil)
	w := ask(t, h, "GET", "/?q="+url.QueryEscape(`ferma "și <b>`), "")
	if w.Code != http.StatusBadRequest {
		t.Errorf("got %d, want 400", w.Code)
	}
	wants(t, w.Body.String(), `<code>ferma <mark>&#34;</mark>și &lt;b&gt;</code>`, "this quote is never closed", `value="ferma &#34;și &lt;b&gt;"`)
}

func TestPointAt(t *testing.T) {
	for _, row := range []struct {
		query string
		pos   int
		want  queryErr
	}{
		{"abc", 1, queryErr{Before: "a", At: "b", After: "c", Msg: "m", English: true}},
		{"aăc", 1, queryErr{Before: "a", At: "ă", After: "c", Msg: "m", English: true}},
		{"abc", 3, queryErr{Before: "abc", At: " ", After: "", Msg: "m", English: true}},
		{"abc", 99, queryErr{Before: "abc", At: " ", After: "", Msg: "m", English: true}},
		{"abc", -1, queryErr{Before: "", At: "a", After: "bc", Msg: "m", English: true}},
	} {
		if got := pointAt(row.query, &index.QueryError{Pos: row.pos, Msg: "m"}); *got != row.want {
			t.Errorf("%q at %d: got %+v, want %+v", row.query, row.pos, *got, row.want)
		}
	}
}

func TestEmptyDesk(t *testing.T) {
	none := func(c *Config) { m := &memory{}; c.Search, c.Reviews = m, m }
	h, _ := newDesk(t, none)
	wants(t, ask(t, h, "GET", "/", "").Body.String(), "Nothing has been flagged yet")

	h, _ = newDesk(t, func(c *Config) { none(c); c.NoSources, c.SourceExample = true, "sources:\n  - id: mine" })
	wants(t, ask(t, h, "GET", "/", "").Body.String(), "No source is configured", "sources:\n  - id: mine", "legal basis")

	h, _ = newDesk(t, nil)
	wants(t, ask(t, h, "GET", "/?q=nowhere", "").Body.String(), "No post matches this search", `href="/?all=1&amp;q=nowhere"`)
}

func TestPostPage(t *testing.T) {
	h, m := newDesk(t, nil)
	var reply index.Hit
	for _, x := range m.hits {
		if x.Post.Seq == 5 {
			reply = x
		}
	}
	body := ask(t, h, "GET", postPath(reply.Post.ID), "").Body.String()
	wants(t, body,
		`<a class="num" href="#f1">1</a>nu spune nimănui</mark>`, // numbered where it stands
		`<tr id="f1">`, `GRM-SEC`, `asks to keep the talk secret`, // listed with its reason
		`&#43;2.3`, `sum, log odds`, // and its weight
		`not this author&#39;s words`, `Nu știu, mama nu mă lasă`, // the quote, apart
		`class=" counts same"`, `class="here same d1" aria-current="true"`, // the thread, in order
		`protecting children online`, `2016/680`, // purpose and legal basis
		string(reply.Post.ContentHash), `sha256:5c1d09e2`, // hash and rules
	)
	first, second := strings.Index(body, "#1</span>"), strings.Index(body, "#2</span>")
	if first < 0 || second < first {
		t.Error("the thread is not in order")
	}

	body = ask(t, h, "GET", postPath(m.hits[0].Post.ID), "").Body.String()
	wants(t, body, `href="/entities/phone/&#43;40700000123"`, "07OO 000 123", "hxxps://anunturi[.]example[.]org/a/1000")
	if strings.Contains(body, `href="http`) {
		t.Error("an address can be clicked")
	}
}

func TestReviewAndUndo(t *testing.T) {
	h, m := newDesk(t, nil)
	path := postPath(m.hits[0].Post.ID)
	decide := func(decision, reason string) string {
		t.Helper()
		w := ask(t, h, "POST", path+"/review", form("decision", decision, "reason", reason, "back", path+"?q=cules"))
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != path+"?q=cules&saved=1" {
			t.Fatalf("%s: got %d to %s", decision, w.Code, w.Header().Get("Location"))
		}
		return ask(t, h, "GET", w.Header().Get("Location"), "").Body.String()
	}
	body := decide("relevant", `același număr <b>`)
	wants(t, body, "Your decision is kept", "același număr &lt;b&gt;", "Undo: back to “Taken back”")
	body = decide("not_relevant", "")
	wants(t, body, "Undo: back to “Relevant”", `class="rev rev-relevant"`)
	wants(t, ask(t, h, "GET", "/?q=review:not_relevant", "").Body.String(), "2 flagged posts")

	got := m.reviews[len(m.reviews)-1]
	if got.Decision != veghe.NotRelevant || got.By != "local" || !got.At.Equal(noon) || got.ID == "" {
		t.Errorf("kept %+v", got)
	}
	for _, bad := range []string{"", "guilty"} {
		if w := ask(t, h, "POST", path+"/review", form("decision", bad)); w.Code != http.StatusBadRequest {
			t.Errorf("decision %q: got %d, want 400", bad, w.Code)
		}
	}
	if w := ask(t, h, "POST", "/posts/nothing/review", form("decision", "relevant")); w.Code != http.StatusNotFound {
		t.Errorf("a post that is not there: got %d, want 404", w.Code)
	}
	if w := ask(t, h, "POST", path+"/review", form("decision", "relevant", "reason", strings.Repeat("x", maxForm+1))); w.Code != http.StatusBadRequest && w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge form: got %d", w.Code)
	}
	w := ask(t, h, "POST", path+"/review", form("decision", "relevant", "back", "https://elsewhere.example.org"))
	if got := w.Header().Get("Location"); got != path+"?saved=1" {
		t.Errorf("back to elsewhere leads to %q", got)
	}
}

func TestUndo(t *testing.T) {
	r := func(ds ...veghe.Decision) (out []veghe.Review) {
		for _, d := range ds {
			out = append(out, veghe.Review{Decision: d})
		}
		return out
	}
	for _, row := range []struct {
		newestFirst []veghe.Review
		want        veghe.Decision
	}{
		{nil, ""},
		{r(veghe.Relevant), veghe.Withdrawn},
		{r(veghe.Unsure), veghe.Withdrawn},
		{r(veghe.Withdrawn), ""},
		{r(veghe.Relevant, veghe.Relevant, veghe.NotRelevant), veghe.NotRelevant},
		{r(veghe.Unsure, veghe.Relevant), veghe.Relevant},
	} {
		if got := undo(row.newestFirst); got != row.want {
			t.Errorf("%v: got %q, want %q", row.newestFirst, got, row.want)
		}
	}
}

// Handles are pseudonyms until someone says why, and that is recorded.
func TestPseudonyms(t *testing.T) {
	h, m := newDesk(t, nil)
	post := m.hits[0].Post
	handle := string(post.Author)
	path := postPath(post.ID)
	for _, target := range []string{"/", path, "/api/v1/search", "/api/v1/posts/" + string(post.ID), "/api/v1/export?format=csv", "/api/v1/export?format=jsonl"} {
		body := ask(t, h, "GET", target, "").Body.String()
		if strings.Contains(body, handle) || strings.Contains(body, "capitanul_9") {
			t.Errorf("%s shows a handle", target)
		}
		if !strings.Contains(body, "author") {
			t.Errorf("%s shows no pseudonym", target)
		}
	}
	if w := ask(t, h, "POST", path+"/reveal", form("reason", " x ")); w.Code != http.StatusBadRequest {
		t.Errorf("without a reason: got %d, want 400", w.Code)
	}
	if got := m.did(ActReveal); len(got) != 0 {
		t.Errorf("reveals recorded before any: %v", got)
	}
	wants(t, ask(t, h, "POST", path+"/reveal", form("reason", "linked to a report")).Body.String(), handle)
	w := ask(t, h, "GET", "/api/v1/posts/"+string(post.ID), "", revealHeader, "linked to a report")
	wants(t, w.Body.String(), `"author":"`+handle+`"`)
	got := m.did(ActReveal)
	if len(got) != 2 || got[0].Object != string(post.ID) || got[0].Detail != "linked to a report" {
		t.Errorf("reveals recorded: %v, want two with id and reason", got)
	}

	p := pseudonyms{key: []byte("a")}
	first := p.of("s", "x")
	if p.of("s", "x") != first || first == p.of("s", "y") || p.of("s", "x") == p.of("t", "x") {
		t.Error("a pseudonym is not one per author and source")
	}
	if (pseudonyms{key: []byte("b")}).of("s", "x") == p.of("s", "x") {
		t.Error("the key makes no difference")
	}
}

// Hostile text stays text in every field that a page shows.
func TestHostileText(t *testing.T) {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;{{.}}`
	h, m := newDesk(t, func(c *Config) {
		rules := c.Rules()
		for i := range rules {
			rules[i].Title, rules[i].Why, rules[i].Strength, rules[i].Status = evil, evil, evil, evil
		}
		c.Rules = func() []RuleInfo { return rules }
		c.Sources = func() []veghe.Source {
			return []veghe.Source{{ID: evil, Name: evil, URL: "javascript:" + evil, Purpose: evil, LegalBasis: evil}}
		}
	})
	p := veghe.Post{
		ID: veghe.PostID(evil), Source: evil, Kind: evil, URL: "javascript:" + evil, Thread: evil, Author: evil, Title: evil, Text: evil + " pașaportul rămâne la noi",
		Quotes: []veghe.Quote{{Author: evil, Text: evil}}, Place: evil, Evidence: evil, ContentHash: evil, PostedAt: noon,
	}
	at := veghe.Span{Start: 3, End: 30, Text: evil}
	a := veghe.Assessment{
		ID: p.ID, Flagged: true, Severity: evil, Label: evil, RulesVersion: evil, Score: map[veghe.Category]float64{veghe.Recruitment: 0.9},
		Lang:     []veghe.LangSpan{{Lang: evil, End: 5}, {Lang: evil + "2", Start: 5, End: 30}},
		Findings: []veghe.Finding{{Indicator: evil, Rule: evil, Category: evil, Family: evil, Why: evil, Weight: 1, Spans: []veghe.Span{at, {Field: "title", Start: 1, End: 9, Text: evil}}}},
		Contacts: []veghe.Contact{{Kind: evil, Value: evil, Raw: evil + "r"}, {Kind: "url", Value: "javascript:" + evil, Raw: evil}},
		Cluster:  &veghe.Cluster{ID: evil, Size: 3}, History: &veghe.History{Families: []string{evil}},
	}
	m.hits = append([]index.Hit{{Post: p, Assessment: a, Matches: []veghe.Span{{Start: 5, End: 12}}}}, m.hits...)
	m.reviews = append(m.reviews, veghe.Review{Post: p.ID, Decision: evil, Reason: evil, By: evil, At: noon})

	for _, target := range []string{"/", "/?q=" + url.QueryEscape(evil), "/?sort=" + url.QueryEscape(evil), postPath(p.ID), postPath(p.ID) + "?q=" + url.QueryEscape(evil), "/rules", "/sources"} {
		body := ask(t, h, "GET", target, "").Body.String()
		for _, bad := range []string{"<script>alert", "<img", `href="javascript:`, "onerror=alert(1)>"} {
			if strings.Contains(body, bad) {
				i := strings.Index(body, bad)
				t.Errorf("%.40s: %q got through: …%s…", target, bad, body[max(0, i-80):min(len(body), i+80)])
			}
		}
		if !strings.Contains(body, "alert(1)") {
			t.Errorf("%.40s does not show the text at all", target)
		}
	}
	w := ask(t, h, "GET", "/api/v1/search", "")
	if strings.Contains(w.Body.String(), "<script>") || w.Header().Get("Content-Type") != "application/json" {
		t.Error("JSON carries markup, or says it is something else")
	}
}

func TestSumsAndShares(t *testing.T) {
	a := veghe.Assessment{
		Score: map[veghe.Category]float64{veghe.Recruitment: 0.6},
		Findings: []veghe.Finding{
			{Category: veghe.Recruitment, Family: "debt", Weight: 2.3},
			{Category: veghe.Recruitment, Family: "debt", Weight: 1.1},
			{Category: veghe.Common, Family: "exculpatory", Weight: -1},
			{Category: veghe.Grooming, Family: "secrecy", Weight: 2.3},
			{Category: veghe.Recruitment, Family: "offer", Weight: 9, Shadow: true},
		},
	}
	got := addWeights(veghe.Assessed{Assessment: a})
	if len(got) != 1 || len(got[0].Families) != 2 || got[0].Families[0].Raw != 3.4 || got[0].Families[1].Raw != -1 {
		t.Errorf("got %+v, want debt 3.4 and exculpatory −1", got)
	}
	steps := []step{{Value: 3}, {Value: -1}}
	if axis := layOut(steps); axis != 25 || steps[0].X != 25 || steps[0].W != 75 || steps[1].X != 0 || steps[1].W != 25 {
		t.Errorf("axis %d, bars %+v, want 25 and 25+75, 0+25", axis, steps)
	}
	spans := []veghe.LangSpan{{Lang: "en", Start: 0, End: 10}, {Lang: "ro", Start: 10, End: 40}}
	if got := shares(spans); len(got) != 2 || got[0].Lang != "ro" || got[0].Share != 0.75 {
		t.Errorf("got %v, want ro 0.75 first", got)
	}
}

func TestHistogram(t *testing.T) {
	p := &resultsPage{Page: Page{Query: "cules posted:2026-10"}}
	days := []index.Count{{Value: "2026-10-01", Count: 1}, {Value: "nonsense", Count: 9}, {Value: "2026-10-03", Count: 4}}
	h := newHistogram(nil, p, days)
	if h == nil || len(h.Bars) != 2 || h.Max != 4 || h.Bars[1].H != chartHeight-4 {
		t.Fatalf("got %+v", h)
	}
	if want := "/?q=cules+posted%3A2026-10-03"; h.Bars[1].Href != want {
		t.Errorf("a bar leads to %s, want %s", h.Bars[1].Href, want)
	}
	days = []index.Count{{Value: "2016-01-01", Count: 1}, {Value: "2026-01-01", Count: 1}}
	if h = newHistogram(nil, p, days); h.Bars[1].X+h.Bars[1].W > h.Width || h.Width > chartWidth {
		t.Errorf("ten years do not fit: %+v", h)
	}
	wants(t, h.Bars[0].Href, "posted%3A2016-01-01..2016-01-31")
	if newHistogram(nil, p, days[:1]) != nil {
		t.Error("one day makes a chart")
	}
}
