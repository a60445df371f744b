package index_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

var noon = time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string) *index.Index {
	t.Helper()
	x, err := index.Open(t.Context(), dir, index.Options{MinFree: -1, Now: func() time.Time { return noon }, Deadline: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func put(t testing.TB, x *index.Index, batch ...veghe.Assessed) index.PutResult {
	t.Helper()
	res, err := x.Put(context.WithoutCancel(t.Context()), batch)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func search(t testing.TB, x *index.Index, q index.Query) index.Result {
	t.Helper()
	res, err := x.Search(context.WithoutCancel(t.Context()), q)
	if err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	return res
}

func ids(res index.Result) []string {
	out := []string{}
	for _, h := range res.Hits {
		out = append(out, string(h.Post.ID))
	}
	return out
}

// post makes a flagged post; change what a test is about.
func post(id, text string, change ...func(*veghe.Assessed)) veghe.Assessed {
	a := veghe.Assessed{
		Post: veghe.Post{
			ID: veghe.PostID(id), Source: "forum", Kind: veghe.Forum, Author: "Ana_X", Text: text,
			PostedAt: noon.Add(-time.Hour), CollectedAt: noon,
		},
		Assessment: veghe.Assessment{
			ID: veghe.PostID(id), Flagged: true, Severity: veghe.High, RulesVersion: "v1",
			Score:    map[veghe.Category]float64{veghe.Recruitment: 0.8},
			Lang:     []veghe.LangSpan{{Lang: "ro", End: len(text)}},
			Findings: []veghe.Finding{{Indicator: "DOC-01", Rule: "DOC-01.fee", Category: veghe.Recruitment}},
		},
		AssessedAt: noon,
	}
	for _, f := range change {
		f(&a)
	}
	a.Assessment.ID = a.Post.ID
	return a
}

func unflagged(a *veghe.Assessed) {
	a.Assessment.Flagged, a.Assessment.Severity, a.Assessment.Findings = false, veghe.None, nil
	a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: 0.1}
}

func posted(t time.Time) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) { a.Post.PostedAt = t }
}

func contact(kind, value string) func(*veghe.Assessed) {
	return func(a *veghe.Assessed) {
		a.Assessment.Contacts = append(a.Assessment.Contacts, veghe.Contact{Kind: kind, Value: value})
	}
}

// The library that most query tests look into.
func library() []veghe.Assessed {
	return []veghe.Assessed{
		post("abroad", "Muncă în străinătate, bine plătită. Nu spune părinților!", contact("phone", "+40700000123"), func(a *veghe.Assessed) {
			a.Post.Title, a.Post.Place = "Ofertă de muncă", "București, Sector 3"
			a.Post.Kind, a.Post.Source, a.Post.URL = veghe.Ad, "ads", "https://ads.example.org/a/17"
			a.Assessment.Cluster = &veghe.Cluster{ID: "c1", Size: 2}
		}),
		post("cedilla", "Angajăm în strãinãtate şi aici; munca e uşoară. Actele rămân la noi.", posted(noon.AddDate(0, -1, 0)),
			contact("handle", "telegram:Ana_Jobs"), func(a *veghe.Assessed) {
				a.Post.Author = "Bob"
				a.Assessment.Severity = veghe.Critical
				a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: 0.95}
				a.Assessment.Findings = append(a.Assessment.Findings, veghe.Finding{Indicator: "PAY-02", Rule: "PAY-02", Category: veghe.Recruitment})
			}),
		post("english", "Do not tell your parents about our chat, tell nobody.", posted(noon.AddDate(-1, 0, 0)), contact("email", "ana@example.com"),
			func(a *veghe.Assessed) {
				a.Post.Thread, a.Post.Seq = "t1", 2
				a.Assessment.Severity = veghe.Medium
				a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: 0.1, veghe.Grooming: 0.7}
				a.Assessment.Lang = []veghe.LangSpan{{Lang: "en"}}
				a.Assessment.Findings = []veghe.Finding{
					{Indicator: "SEC-01", Rule: "SEC-01", Category: veghe.Grooming},
					{Indicator: "NEW-01", Rule: "NEW-01", Category: veghe.Grooming, Shadow: true},
				}
			}),
		post("quiet", "Parents tell your friends: the school fair is on Sunday in strainatate.", unflagged, func(a *veghe.Assessed) {
			a.Post.Thread, a.Post.Seq = "t1", 1
		}),
	}
}

func TestSearch(t *testing.T) {
	x := open(t, t.TempDir())
	if got := put(t, x, library()...); got.New != 4 || len(got.NewIDs) != 4 || got.NewIDs[0] != "abroad" {
		t.Fatalf("put %+v", got)
	}
	for _, c := range []struct {
		query string
		want  []string // any order
	}{
		// Nothing asked: what was flagged.
		{"", []string{"abroad", "cedilla", "english"}},
		{"flagged:any", []string{"abroad", "cedilla", "english", "quiet"}},
		{"flagged:no", []string{"quiet"}},
		{"-flagged:yes", []string{"quiet"}},
		{"flagged:true", []string{"abroad", "cedilla", "english"}},

		// One word, however it is written.
		{"străinătate", []string{"abroad", "cedilla"}},
		{"strainatate", []string{"abroad", "cedilla"}},
		{"STRĂINĂTATE", []string{"abroad", "cedilla"}},
		{"strãinãtate", []string{"abroad", "cedilla"}},
		{"ușoară", []string{"cedilla"}},
		{"uşoară", []string{"cedilla"}},
		{"străin\u0103tate", []string{"abroad", "cedilla"}},
		{"stra\u0306ina\u0306tate", []string{"abroad", "cedilla"}},
		{"ofertă", []string{"abroad"}}, // in the title
		// ... and inflected.
		{"străinătatea", []string{"abroad", "cedilla"}},
		{"muncii", []string{"abroad", "cedilla"}},
		{"parent", []string{"english"}},
		{`"parent"`, []string{}}, // quoted words mean themselves

		// Together.
		{"munca strainatate", []string{"abroad", "cedilla"}},
		{"munca AND parintilor", []string{"abroad"}},
		{"munca -plătită", []string{"cedilla"}},
		{"munca NOT platita", []string{"cedilla"}},
		{"platita OR parents", []string{"abroad", "english"}},
		{"munca (acte OR platita)", []string{"abroad", "cedilla"}},
		{"-munca", []string{"english"}},
		{"-(munca OR tell)", []string{}},
		{"munca OR -munca", []string{"abroad", "cedilla", "english"}},

		// In order.
		{`"tell your parents"`, []string{"english"}},
		{`"your parents tell"`, []string{}},
		{`„munca e usoara”`, []string{"cedilla"}},
		{`munca -"bine platita"`, []string{"cedilla"}},
		{`"bine platita" OR "nobody"`, []string{"abroad", "english"}},
		{`"ofertă de muncă"`, []string{"abroad"}},
		{`"de muncă muncă"`, []string{}}, // not from the title into the text
		{`-"tell your parents"`, []string{"abroad", "cedilla"}},
		{"ana@example.com", []string{"english"}},

		// Beginnings.
		{"strain*", []string{"abroad", "cedilla"}},
		{"STRĂ*", []string{"abroad", "cedilla"}},
		{"zzz*", []string{}},

		// Fields.
		{"source:ads", []string{"abroad"}},
		{"source:nowhere", []string{}},
		{"lang:en", []string{"english"}},
		{"lang:(ro OR en)", []string{"abroad", "cedilla", "english"}},
		{"category:grooming", []string{"english"}},
		{"indicator:doc-01", []string{"abroad", "cedilla"}},
		{"indicator:DOC-01.fee", []string{"abroad", "cedilla"}},
		{"indicator:PAY*", []string{"cedilla"}},
		{"indicator:NEW-01", []string{}}, // shadow is not evidence
		{"shadow:NEW-01", []string{"english"}},
		{"severity:critical", []string{"cedilla"}},
		{"severity:>=high", []string{"abroad", "cedilla"}},
		{"severity:low..medium", []string{"english"}},
		{"author:bob", []string{"cedilla"}},
		{"author:ANA_X -kind:ad", []string{"english"}},
		{"place:bucuresti", []string{"abroad"}},
		{`place:"sector 3"`, []string{"abroad"}},
		{"cluster:c1", []string{"abroad"}},
		{"case:any", []string{}},
		{"review:none", []string{"abroad", "cedilla", "english"}},
		{"id:english", []string{"english"}},
		{"thread:t1", []string{"english"}},
		{"url:https://ads.example.org/a/17", []string{"abroad"}},
		{"url:ads.example.org", []string{"abroad"}},
		{"email:ANA@example.com", []string{"english"}},

		// Numbers and dates.
		{"score:>0.8", []string{"cedilla"}},
		{"score:>=0.8", []string{"abroad", "cedilla"}},
		{"score:0.5..0.9", []string{"abroad", "english"}},
		{"score:..0.75", []string{"english"}},
		{"posted:2026-10-31", []string{"abroad"}},
		{"posted:2026-10", []string{"abroad", "cedilla"}},
		{"posted:2026", []string{"abroad", "cedilla"}},
		{"posted:2026-09-15..2026-10-15", []string{"cedilla"}},
		{"posted:2026-10-01..2026-10-31", []string{"abroad", "cedilla"}},
		{"posted:<2026", []string{"english"}},
		{"posted:2026-10-02..", []string{"abroad"}},
		{"collected:2026-10-31 -posted:2026", []string{"english"}},

		// A phone is a phone.
		{"phone:0700-000-123", []string{"abroad"}},
		{`phone:"0700 000 123"`, []string{"abroad"}},
		{"phone:+40700000123", []string{"abroad"}},
		{"phone:0040700000123", []string{"abroad"}},
		{"phone:700000123", []string{"abroad"}},
		{"0700000123", []string{"abroad"}},
		{"0700 000 123", []string{"abroad"}},
		{"+40 700.000.123", []string{"abroad"}},
		{"phone:0700000124", []string{}},
		{"handle:@ana_jobs", []string{"cedilla"}},
		{"handle:telegram:ana_jobs", []string{"cedilla"}},
		{"@Ana_Jobs", []string{"cedilla"}},
	} {
		for _, order := range []string{"", "score", "newest", "oldest"} {
			res := search(t, x, index.Query{Text: c.query, Sort: order})
			got := ids(res)
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" || res.Total != uint64(len(c.want)) {
				t.Errorf("%q by %q: total %d (-want +got):\n%s", c.query, order, res.Total, diff)
			}
		}
	}
}

func TestAllLooksBeyondFlagged(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	got := ids(search(t, x, index.Query{Text: "tell", All: true, Sort: "oldest"}))
	if diff := cmp.Diff([]string{"english", "quiet"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOrders(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	for order, want := range map[string][]string{
		"newest": {"abroad", "cedilla", "english"},
		"oldest": {"english", "cedilla", "abroad"},
		"score":  {"cedilla", "abroad", "english"},
		"":       {"abroad", "cedilla", "english"},
	} {
		for _, text := range []string{"", "kind:(ad OR post)"} { // by the store, and by bleve
			got := ids(search(t, x, index.Query{Text: text, Sort: order}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q by %q (-want +got):\n%s", text, order, diff)
			}
		}
	}
}

func TestFacetsAndDays(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	want := map[string][]index.Count{
		"severity":  {{Value: "critical", Count: 1}, {Value: "high", Count: 1}, {Value: "medium", Count: 1}},
		"category":  {{Value: "recruitment", Count: 2}, {Value: "grooming", Count: 1}},
		"indicator": {{Value: "DOC-01", Count: 2}, {Value: "PAY-02", Count: 1}, {Value: "SEC-01", Count: 1}},
		"lang":      {{Value: "ro", Count: 2}, {Value: "en", Count: 1}},
		"source":    {{Value: "forum", Count: 2}, {Value: "ads", Count: 1}},
		"review":    {{Value: "none", Count: 3}},
	}
	days := []index.Count{{Value: "2025-10-31", Count: 1}, {Value: "2026-10-01", Count: 1}, {Value: "2026-10-31", Count: 1}}
	for _, text := range []string{"", "kind:(ad OR post)"} { // by the store, and by bleve
		res := search(t, x, index.Query{Text: text, Histogram: true})
		if diff := cmp.Diff(want, res.Facets); diff != "" {
			t.Errorf("facets of %q (-want +got):\n%s", text, diff)
		}
		if diff := cmp.Diff(days, res.Days); diff != "" {
			t.Errorf("days of %q (-want +got):\n%s", text, diff)
		}
	}
}

func TestMatches(t *testing.T) {
	x := open(t, t.TempDir())
	text := "Muncă în străinătate: sunați la 0700.000.123, muncitori!"
	a := post("p", text)
	i := len("Muncă în străinătate: sunați la ")
	a.Post.Title = "Munca ta"
	a.Assessment.Contacts = []veghe.Contact{{Kind: "phone", Value: "+40700000123", Start: i, End: i + len("0700.000.123")}}
	put(t, x, a)
	for query, want := range map[string][]string{
		"munca":                        {"title:Munca", ":Muncă"},
		`"munca in strainatate"`:       {":Muncă în străinătate"},
		"munci* -xyz":                  {":muncitori"},
		"munca OR -strainatate":        {"title:Munca", ":Muncă"},
		"phone:0700000123":             {":0700.000.123"},
		"0700 000 123 strainatate":     {":străinătate", ":0700.000.123"},
		"flagged:yes":                  nil,
		`strainatate "in strainatate"`: {":în străinătate"},
	} {
		res := search(t, x, index.Query{Text: query})
		if len(res.Hits) != 1 {
			t.Errorf("%q: %d hits", query, len(res.Hits))
			continue
		}
		var got []string
		for _, s := range res.Hits[0].Matches {
			got = append(got, s.Field+":"+s.Text)
			if s.Field == "" && text[s.Start:s.End] != s.Text {
				t.Errorf("%q: span %+v is not what stands there", query, s)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("matches of %q (-want +got):\n%s", query, diff)
		}
	}
}

// Pages join without a gap or a repeat, also among posts of the same time and
// score, and also while posts are put between them.
func TestPaging(t *testing.T) {
	x := open(t, t.TempDir())
	var batch []veghe.Assessed
	for i := range 137 {
		batch = append(batch, post(fmt.Sprintf("p%03d", i), "munca la noi", posted(noon.Add(time.Duration(i/20)*time.Minute)), func(a *veghe.Assessed) {
			a.Assessment.Score = map[veghe.Category]float64{veghe.Recruitment: float64(i%3) / 10}
		}))
	}
	put(t, x, batch...)
	for _, text := range []string{"", "munca", `"munca la"`} {
		for _, order := range []string{"newest", "oldest", "score", "relevance"} {
			seen := map[string]int{}
			q := index.Query{Text: text, Sort: order, Size: 23}
			for pages := 0; ; pages++ {
				res := search(t, x, q)
				for _, id := range ids(res) {
					seen[id]++
				}
				if q.After = res.Next; q.After == "" {
					break
				}
				if pages > 20 {
					t.Fatalf("%q by %s does not end", text, order)
				}
				if order != "relevance" { // newer ones do not disturb
					late := post(fmt.Sprintf("late-%s-%s-%d", text, order, pages), "nou", posted(noon.Add(time.Hour)))
					put(t, x, late)
				}
			}
			for i := range 137 {
				if id := fmt.Sprintf("p%03d", i); seen[id] != 1 {
					t.Fatalf("%q by %s: %s was seen %d times", text, order, id, seen[id])
				}
			}
		}
	}
}

func TestThreadAndGet(t *testing.T) {
	x := open(t, t.TempDir())
	put(t, x, library()...)
	hits, err := x.Thread(t.Context(), "forum", "t1", 0)
	if err != nil || len(hits) != 2 || hits[0].Post.ID != "quiet" || hits[1].Post.ID != "english" {
		t.Errorf("thread: %v, %v", hits, err)
	}
	want := library()[0]
	hit, err := x.Get(t.Context(), "abroad")
	if err != nil {
		t.Fatal(err)
	}
	want.Post.Identify()
	if diff := cmp.Diff(index.Hit{Post: want.Post, Assessment: want.Assessment, AssessedAt: noon, IndexedAt: noon, Novelty: 0.85}, hit); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
