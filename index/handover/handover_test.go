package handover

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// -out writes every format into a folder, for the validators of others; see
// deploy/ci/handover.sh.
var out = flag.String("out", "", "write the formats into this `folder`")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// The posts are invented; numbers and names are fictional.
func pack() Pack {
	ad := index.Hit{
		Post: veghe.Post{
			ID: "a1", Source: "anunturi", Kind: veghe.Ad, URL: "https://anunturi.example.org/a/1", Author: "author-3f9a1c0b77de", Title: "Culegători",
			Text: "Căutăm oameni, <b>fără</b> experiență.\u2028Sunați la 0700 000 123 sau t.me/ana sau munca.example.com.", Place: "Bacău",
			PostedAt: noon, CollectedAt: noon.Add(time.Minute), Evidence: "warc/1#2",
		},
		Assessment: veghe.Assessment{
			ID: "a1", Flagged: true, Severity: veghe.High, Label: "possible exploitative recruitment", RulesVersion: "sha256:1",
			Lang:     []veghe.LangSpan{{Lang: "ro", End: 20}},
			Findings: []veghe.Finding{{Indicator: "REC-03", Rule: "REC-03", Category: veghe.Recruitment, Weight: 1.1, Why: "nothing is required"}},
			Contacts: []veghe.Contact{
				{Kind: "phone", Value: "+40700000123"},
				{Kind: "phone", Value: "+40700000123"},
				{Kind: "handle", Value: "telegram:ana"},
				{Kind: "url", Value: "https://munca.example.com"},
				{Kind: "email", Value: "ana@example.net"},
				{Kind: "price", Value: "900 EUR"},
			},
		},
		AssessedAt: noon.Add(2 * time.Minute), Review: veghe.Relevant,
	}
	bare := index.Hit{Post: veghe.Post{ID: "b2", Source: "forum", Kind: veghe.Forum, Text: "=cmd()", CollectedAt: noon}}
	return Pack{
		Made: noon.Add(time.Hour), By: "ana", Office: "Birou de exemplu", Version: "0.1", Query: "severity:high",
		Posts: []Post{
			{Hit: ad, Reviews: []veghe.Review{{ID: "r1", Post: "a1", Decision: veghe.Relevant, Reason: "același număr", By: "ana", At: noon.Add(3 * time.Minute)}}},
			{Hit: bare},
		},
	}
}

func casePack() Pack {
	p := pack()
	p.Case = &store.CaseFile{Case: store.Case{ID: "2026-0001", Title: "Același șofer", Status: store.CaseReferred, By: "ana", At: noon, Changed: noon}}
	return p
}

func write(t *testing.T, name string, p Pack) []byte {
	t.Helper()
	f, ok := FormatOf(name)
	if !ok {
		t.Fatalf("no format %q", name)
	}
	var b bytes.Buffer
	if err := f.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same pack gives the same bytes, and what is JSON is JSON.
func TestFormatsAreStable(t *testing.T) {
	for _, f := range Formats() {
		for kind, p := range map[string]Pack{"search": pack(), "case": casePack(), "empty": {Made: noon}} {
			b := write(t, f.Name, p)
			if !bytes.Equal(b, write(t, f.Name, p)) {
				t.Errorf("%s of a %s differs from itself", f.Name, kind)
			}
			if strings.Contains(f.MIME, "json") && f.Whole && !json.Valid(b) {
				t.Errorf("%s of a %s is no JSON", f.Name, kind)
			}
			if *out != "" {
				if err := os.WriteFile(filepath.Join(*out, kind+f.Ext), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Ids of what can be seen are those that the standard prescribes: these were
// worked out with another implementation (python stix2 3.0.2).
func TestObservableIDs(t *testing.T) {
	b := string(write(t, "stix", pack()))
	for _, want := range []string{
		"url--609c8445-5c4d-587d-b370-c01836da84bf", "email-addr--16084e37-d446-54f8-944d-47c713f307e0", "domain-name--1b59dfc0-db47-5c4d-9a3e-794bcd79761e", "user-account--8fb6c222-ddeb-535c-8286-ec53893324c2",
	} {
		if !strings.Contains(b, want) {
			t.Errorf("the bundle has no %s", want)
		}
	}
}

// Every reference leads to an object of the bundle, and nothing asks for
// action.
func TestSTIXIsWhole(t *testing.T) {
	for _, p := range []Pack{pack(), casePack()} {
		b := write(t, "stix", p)
		var got struct {
			Objects []struct{ ID, Type string }
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		kinds := map[string]int{}
		for _, o := range got.Objects {
			if there[o.ID] {
				t.Errorf("%s stands twice", o.ID)
			}
			there[o.ID] = true
			kinds[o.Type]++
		}
		for _, ref := range regexp.MustCompile(`"[a-z-]+--[0-9a-f-]{36}"`).FindAllString(string(b), -1) {
			if name := strings.Trim(ref, `"`); !there[name] && !strings.HasPrefix(name, "bundle--") {
				t.Errorf("%s is referred to and not there", name)
			}
		}
		if kinds["indicator"] != 0 || kinds["observed-data"] != 2 || kinds["opinion"] != 1 || kinds["note"] != 1 {
			t.Errorf("got %v", kinds)
		}
	}
}

// Every tag of ours is explained by the taxonomy.
func TestTaxonomyExplainsTags(t *testing.T) {
	var tax struct {
		Namespace string
		Values    []struct {
			Predicate string
			Entry     []struct{ Value string }
		}
	}
	if err := json.Unmarshal(Taxonomy, &tax); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, v := range tax.Values {
		for _, e := range v.Entry {
			known[fmt.Sprintf(`%s:%s="%s"`, tax.Namespace, v.Predicate, e.Value)] = true
		}
	}
	var said []string
	for _, s := range veghe.Severities {
		for _, d := range append([]veghe.Decision{""}, store.Decisions...) {
			said = append(said, tags(Post{Hit: index.Hit{Assessment: veghe.Assessment{Severity: s}, Review: d}})...)
		}
	}
	said = append(said, tags(pack().Posts[0])...)
	for _, m := range regexp.MustCompile(`veghe:[a-z]+=\\"[a-z_-]+\\"`).FindAllString(string(write(t, "misp", pack())), -1) {
		said = append(said, strings.ReplaceAll(m, `\"`, `"`))
	}
	for _, s := range said {
		if !known[s] {
			t.Errorf("the taxonomy does not explain %s", s)
		}
	}
}

func TestMISPNeverBlocks(t *testing.T) {
	b := write(t, "misp", casePack())
	if bytes.Contains(b, []byte(`"to_ids": true`)) || !bytes.Contains(b, []byte(`"published": false`)) || !bytes.Contains(b, []byte(`"phone-number"`)) {
		t.Errorf("got %s", b)
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(write(t, "csv", pack()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[2][8] != "'=cmd()" {
		t.Errorf("got %q", rows)
	}
	for in, want := range map[string]string{
		"": "", "ordinary": "ordinary", "a=b": "a=b", "0700 000 123": "0700 000 123",
		"=1+1": "'=1+1", "+40700000123": "'+40700000123", "-2": "'-2", "@x": "'@x", " =1": "' =1", "\t=1": "'\t=1", "\u00a0=1": "'\u00a0=1", "＝1": "'＝1", "\rx": "'\rx",
	} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestJSONLinesAreHits(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(write(t, "jsonl", pack()))), "\n")
	var got Post
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil || len(lines) != 2 {
		t.Fatal(err, len(lines))
	}
	if diff := cmp.Diff(pack().Posts[0], got); diff != "" {
		t.Error(diff)
	}
}

func TestTooManyForOneDocument(t *testing.T) {
	f, _ := FormatOf("stix")
	w := f.To(&bytes.Buffer{}, Pack{})
	for i := range MaxDocument {
		if err := w.Write(Post{}); err != nil {
			t.Fatalf("post %d: %v", i, err)
		}
	}
	if err := w.Write(Post{}); err == nil {
		t.Error("more posts than one document may hold were taken")
	}
}

// A post comes once, with each of its contacts once, whoever gathers them.
func TestEverythingOnce(t *testing.T) {
	var misp struct {
		Event struct {
			Attribute []struct{ Type, Value string }
			Object    []struct {
				Reference []struct{ Referenced string } `json:"ObjectReference"`
			}
		}
	}
	if err := json.Unmarshal(write(t, "misp", pack()), &misp); err != nil {
		t.Fatal(err)
	}
	e := misp.Event
	if len(e.Object) != 2 || len(e.Attribute) != 4 || len(e.Object[0].Reference) != 4 {
		t.Errorf("MISP has %+v", e)
	}
	got := contacts(pack().Posts[0])
	if len(got) != 4 {
		t.Errorf("got contacts %+v", got)
	}
	if n := strings.Count(string(write(t, "case", pack())), `"uco-observable:ObservableRelationship"`); n != 4 {
		t.Errorf("CASE has %d contacts of posts, want 4", n)
	}
}

func TestTitleIsPartOfTheWords(t *testing.T) {
	if b := write(t, "case", pack()); !bytes.Contains(b, []byte(`"uco-observable:messageText": "Culegători\n\nCăutăm oameni, <b>`)) {
		t.Errorf("got %s", b)
	}
	if text, _ := words(pack().Posts[1]); text != "=cmd()" {
		t.Errorf("without a title the words are %q", text)
	}
}

// What rules on trial see is no reason for others to look.
func TestShadowStaysHere(t *testing.T) {
	p := pack().Posts[1]
	p.Assessment.Findings = []veghe.Finding{{Rule: "REC-99", Category: veghe.Recruitment, Shadow: true}}
	if got := reasons(p) + strings.Join(tags(p), " "); strings.Contains(got, "REC-99") || strings.Contains(got, "recruitment") {
		t.Errorf("got %s", got)
	}
}
