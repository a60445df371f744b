package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/model"
	"veghe/index/desk"
)

// truth is a word, the strength its rule gives it, and what it is worth.
type truth struct {
	id, word, strength string
	truth              float64
}

// truths are words of an invented world: what a rule thinks one is worth, and
// what it is worth. In one advertisement in three each stands by chance.
var truths = []truth{
	{"DOC-01", "passport", "strong", 0.3}, // 2.3 by the rule: said by everybody here
	{"DBT-01", "fee", "weak", 2.2},        // 0.4 by the rule: tells more than was thought
	{"REC-04", "tomorrow", "medium", 1.1}, // as thought
	{"NEG-01", "licence", "negative", -1}, // as thought
	{"REC-08", "handshake", "weak", -1.5}, // the other way round
	{"EXP-01", "fines", "medium", 3},      // seen too seldom
}

// printReviewed writes invented reviewed posts as an export, drawn from what
// the words are worth. Some people write several posts.
func printReviewed(w io.Writer, n int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := bufio.NewWriter(w)
	for i := range n {
		logOdds := -0.6
		words := []string{"work", "abroad"}
		for k, x := range truths {
			if x.id == "EXP-01" && i%90 != 0 || rng.IntN(3) > 0 && k < 5 {
				continue
			}
			words = append(words, x.word)
			logOdds += x.truth
		}
		d := veghe.NotRelevant
		if rng.Float64() < model.Logistic(logOdds) {
			d = veghe.Relevant
			words = append(words, []string{"hurry", "quietly", "nobody"}[rng.IntN(3)])
		} else {
			words = append(words, []string{"office", "visit", "registered"}[rng.IntN(3)])
		}
		line, err := json.Marshal(map[string]any{
			"post": veghe.Post{
				ID: veghe.PostID(fmt.Sprintf("p%d", i)), Source: "board", Kind: veghe.Ad, Text: strings.Join(words, ". "),
				Author: veghe.AuthorID(fmt.Sprintf("a%d", i*2/3)),
			},
			"review":      d,
			"reviewed_at": time.Date(2026, 10, 1, 0, i, 0, 0, time.UTC),
		})
		if err != nil {
			panic(err) // plain values only
		}
		_, _ = out.Write(append(line, '\n')) // Flush tells
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
}

func reviewedFile(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	printReviewed(&b, n, 7)
	name := filepath.Join(t.TempDir(), "reviewed.jsonl")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// truthRules is a folder with a rule for each of the words.
func truthRules(t *testing.T) string {
	t.Helper()
	dir := someRules(t, "unused")
	var b strings.Builder
	for i, x := range truths {
		if i > 0 {
			b.WriteString("---\n")
		}
		fmt.Fprintf(&b, "# About %s.\nindicator: %s\ntitle: %s\ncategory: recruitment\nfamily: f%d\nstrength: %s # a guess\nstatus: stable\nwhy: because\nsignals: {a: {\"*\": [%s]}}\ncondition: a\n",
			x.word, x.id, x.id, i, x.strength, x.word)
	}
	if err := os.WriteFile(filepath.Join(dir, "words.yaml"), []byte(b.String()), 0o640); err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("../../rules/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(dropSuppressors(string(policy))), 0o640); err != nil {
		t.Fatal(err)
	}
	return dir
}

type calibrated struct {
	Categories []calibration `json:"categories"`
	Diff       string        `json:"diff"`
	Version    string        `json:"new_rules_version"`
}

func calibrateJSON(t *testing.T, args ...string) calibrated {
	t.Helper()
	var c calibrated
	if err := json.Unmarshal([]byte(printed(t, append([]string{"calibrate", "-json"}, args...)...)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Reviews drawn from known weights lead back to them.
func TestCalibrationFindsKnownWeights(t *testing.T) {
	dir := truthRules(t)
	c := calibrateJSON(t, "-rules", dir, "-reviewed", reviewedFile(t, 3000)).Categories[0]
	if c.Unflagged == 0 || c.Unflagged >= c.Reviews {
		t.Errorf("%d of %d reviewed posts were not flagged", c.Unflagged, c.Reviews)
	}
	if c.TooFew != "" || c.Reviews < 2000 || c.After.ROC <= c.Before.ROC || c.Gain.LogLoss.High >= 0 || c.Gain.ROC.Low <= 0 {
		t.Errorf("got %+v, want clearly better on posts not fitted to", c)
	}
	for _, w := range c.Rules {
		x := truths[slices.IndexFunc(truths, func(x truth) bool { return x.id == string(w.Rule) })]
		switch w.Rule {
		case "EXP-01": // in 34 posts and telling: it moves part of the way
			if w.After <= w.Before || w.After > x.truth {
				t.Errorf("%s: %.2f → %.2f of %.1f", w.Rule, w.Before, w.After, x.truth)
			}
		case "REC-08":
			if !w.Contrary || w.After != 0 {
				t.Errorf("%s: %+v, want it stopped at 0 and named", w.Rule, w)
			}
		default:
			if math.Abs(w.After-x.truth) > 3*w.Error+0.005 {
				t.Errorf("%s is %.2f ± %.2f, want %.1f", w.Rule, w.After, w.Error, x.truth)
			}
		}
	}
	doc := c.Rules[slices.IndexFunc(c.Rules, func(w newWeight) bool { return w.Rule == "DOC-01" })]
	if doc.StrengthBefore != "strong" || doc.StrengthAfter != "weak" {
		t.Errorf("DOC-01 goes from %s to %s", doc.StrengthBefore, doc.StrengthAfter)
	}
}

// A weight keeps its sign, and what speaks against stays below 0.
func TestRounded(t *testing.T) {
	for _, row := range []struct {
		before, fitted, after float64
		contrary              bool
	}{
		{2.3, 1.234, 1.23, false},
		{0.4, 0.004, 0, false},
		{0.4, -0.3, 0, true},
		{-1, -0.777, -0.78, false},
		{-1, -0.01, -0.05, false},
		{-1, 0.4, -0.05, true},
	} {
		if after, contrary := rounded(row.before, row.fitted); after != row.after || contrary != row.contrary {
			t.Errorf("%v fitted to %v: %v, %v, want %v, %v", row.before, row.fitted, after, contrary, row.after, row.contrary)
		}
	}
}

// In a conversation the signs of earlier posts that count are evidence too.
func TestEarlierPostsAreEvidence(t *testing.T) {
	var posts []veghe.Post
	for i, s := range []string{
		"esti foarte matura pentru varsta ta", "hai sa vorbim pe telegram, aici nu e privat",
		"parintii tai se uita in telefonul tau?", "sterge mesajele dupa ce vorbim, e secretul nostru",
	} {
		posts = append(posts, veghe.Post{ID: veghe.PostID(fmt.Sprint(i)), Source: "s", Thread: "t", Seq: i + 1, Author: "x", Text: s})
	}
	r := reviewReader{earlier: map[veghe.PostID][]veghe.Finding{}}
	var err error
	if r.engine, err = backtestEngine(defaultConfig(), ""); err != nil {
		t.Fatal(err)
	}
	for i, p := range posts {
		d := veghe.Decision("")
		if i == len(posts)-1 {
			d = veghe.Relevant
		}
		r.take(p, d, time.Time{})
	}
	got := r.out.posts[0]
	families := map[string]bool{}
	for _, f := range got.evidence() {
		families[f.Family] = true
	}
	if len(got.earlier) == 0 || len(families) < 3 || !got.flagged {
		t.Errorf("flagged %v, families %v: want those of the whole conversation", got.flagged, families)
	}
	set, err := loadRules("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Policies() {
		c := calibration{Category: p.Category, policy: &p}
		c.choose(&r.out)
		if want := btoi(p.Category == veghe.Grooming); c.Reviews != want {
			t.Errorf("%s: %d posts count, want %d", p.Category, c.Reviews, want)
		}
	}
}

// Too few reviews, of all or of either kind, are refused with their number.
func TestCalibrationRefusals(t *testing.T) {
	dir := truthRules(t)
	few := reviewedFile(t, 200)
	oneAuthor := filepath.Join(t.TempDir(), "one.jsonl")
	b, err := os.ReadFile(reviewedFile(t, 600))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(oneAuthor, regexp.MustCompile(`"author":"a[0-9]+"`).ReplaceAll(b, []byte(`"author":"a"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"recruitment: 1", []string{"-rules", dir, "-reviewed", few}},
		{"want 200 or more and 20 of either", []string{"-rules", dir, "-reviewed", few}},
		{"-min is 50, want 200 or more", []string{"-rules", dir, "-reviewed", few, "-min", "50"}},
		{"come from 1 groups", []string{"-rules", dir, "-reviewed", oneAuthor}},
		{"want 900 or more", []string{"-rules", dir, "-reviewed", reviewedFile(t, 600), "-min", "900"}},
		{"-rules FOLDER", []string{"-reviewed", few, "-approve", "Ana"}},
		{"a name of one line", []string{"-rules", dir, "-reviewed", few, "-approve", "Ana\n# x"}},
		{"there are no reviews in nowhere", []string{"-rules", dir, "-data", "nowhere"}},
	} {
		var out bytes.Buffer
		err := rulesCmd(t.Context(), env{out: &out, err: &out}, append([]string{"calibrate"}, row.args...))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: got %v, want an error with %q", row.args, err, row.want)
		}
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Nothing changes without an approval by name; with one, the files, the
// comments in them and the audit trail say who, when and from how much.
func TestCalibrationNeedsApproval(t *testing.T) {
	dir, reviewed := truthRules(t), reviewedFile(t, 1000)
	before := snapshot(t, dir)
	c := calibrateJSON(t, "-rules", dir, "-reviewed", reviewed)
	diffFile := filepath.Join(t.TempDir(), "weights.diff")
	printed(t, "calibrate", "-rules", dir, "-reviewed", reviewed, "-o", diffFile)
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Fatalf("files changed without approval (-before +after):\n%s", diff)
	}
	if b, err := os.ReadFile(diffFile); err != nil || string(b) != c.Diff {
		t.Errorf("%v: the file is not the diff", err)
	}
	if !strings.Contains(c.Diff, "--- a/words.yaml\n+++ b/words.yaml\n@@ -") || strings.Contains(c.Diff, "Approved") {
		t.Errorf("diff:\n%s", c.Diff)
	}
	patched := patch(t, before["words.yaml"], c.Diff)

	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, "desk"), 0o700); err != nil {
		t.Fatal(err)
	}
	out := printed(t, "calibrate", "-rules", dir, "-reviewed", reviewed, "-data", data, "-approve", "Ana Pop")
	if !strings.Contains(out, "approved by Ana Pop; the rules are now version "+c.Version) {
		t.Errorf("got\n%s", out)
	}
	after := snapshot(t, dir)
	got := after["words.yaml"]
	if !strings.Contains(got, "strength: strong # a guess\n# weight fitted to ") || !strings.Contains(got, " Approved by Ana Pop, ") || !strings.Contains(got, "# About fee.\n") {
		t.Errorf("got\n%s", got)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	if plain := strings.ReplaceAll(got, " Approved by Ana Pop, "+today+".", ""); plain != patched {
		t.Errorf("applying the diff gives something else (-patched +approved):\n%s", cmp.Diff(patched, plain))
	}
	set, err := loadRules(dir)
	if err != nil || set.Version() != c.Version {
		t.Errorf("%v: version %s, want %s as announced", err, set.Version(), c.Version)
	}
	if info, err := os.Stat(filepath.Join(dir, "words.yaml")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v: mode %v", err, info.Mode())
	}
	d, err := desk.Open(t.Context(), filepath.Join(data, "desk"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	events, err := d.Events(t.Context(), desk.EventFilter{Action: "calibrate"})
	if err != nil || len(events) != 1 || events[0].Who != "Ana Pop" || events[0].Object != "rules "+c.Version || !strings.Contains(events[0].Reason, "reviews of recruitment") {
		t.Errorf("%v: trail %+v", err, events)
	}

	// A second time replaces the notes of the first.
	printed(t, "calibrate", "-rules", dir, "-reviewed", reviewedFile(t, 2000), "-data", data, "-approve", "Ana Pop")
	again := snapshot(t, dir)["words.yaml"]
	for doc := range strings.SplitSeq(again, "---\n") {
		if strings.Count(doc, noteStart) > 1 || strings.Count(doc, "\nweight:") > 1 {
			t.Errorf("a note or weight stands twice:\n%s", doc)
		}
	}
}

// patch applies a unified diff strictly: every line it names must be there.
func patch(t *testing.T, file, diff string) string {
	t.Helper()
	lines := strings.SplitAfter(file, "\n")
	var out []string
	last := new(string) // the line a remark on its end is about
	at := 0
	for line := range strings.Lines(diff) {
		var from, n, to, m int
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "@@"):
			if _, err := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &from, &n, &to, &m); err != nil {
				t.Fatal(err)
			}
			out = append(out, lines[at:from-1]...)
			at = from - 1
			if len(out) != to-1 {
				t.Fatalf("%q stands at line %d of the new file", line, len(out)+1)
			}
		case line[0] == '+':
			out = append(out, line[1:])
			last = &out[len(out)-1]
		case line[0] == '\\': // no newline at the end of the file
			*last = strings.TrimSuffix(*last, "\n")
		default:
			if strings.TrimSuffix(lines[at], "\n") != strings.TrimSuffix(line[1:], "\n") {
				t.Fatalf("line %d is %q, the diff says %q", at+1, lines[at], line)
			}
			last = new(string)
			if line[0] == ' ' {
				out = append(out, line[1:])
				last = &out[len(out)-1]
			}
			at++
		}
	}
	return strings.Join(append(out, lines[at:]...), "")
}

// Whatever a file looks like, its diff leads to the edited file, and nothing
// outside the document of the rule changes.
func FuzzSetWeight(f *testing.F) {
	f.Add("indicator: A\nstrength: weak\nstatus: stable\n---\nindicator: B\nstrength: weak\n", uint8(4))
	f.Add("# x\n"+noteStart+" 9\nweight: 1.2 # why\nindicator: A", uint8(0))
	f.Add("a\nb\nc\nd\nweight: 1", uint8(2))
	f.Fuzz(func(t *testing.T, file string, at uint8) {
		lines := strings.SplitAfter(file, "\n")
		change, err := setWeight(lines, int(at)%len(lines), newWeight{After: 0.77}, noteStart+" 10 reviews\n")
		if err != nil {
			return
		}
		edited := string(applyChanges(lines, []lineChange{change}))
		if got := patch(t, file, unified("a.yaml", lines, []lineChange{change})); got != edited {
			t.Errorf("the diff gives %q, the edit %q", got, edited)
		}
		if strings.Count(edited, "weight: 0.77") < 1 || strings.Count(edited, "\n---") < strings.Count(file, "\n---") {
			t.Errorf("edited: %q", edited)
		}
	})
}

// The shipped rules can be edited line by line, every one of them.
func TestEveryShippedRuleCanBeEdited(t *testing.T) {
	set, err := loadRules("")
	if err != nil {
		t.Fatal(err)
	}
	c := &calibration{Reviews: 300, First: time.Unix(0, 0), Last: time.Unix(0, 0)}
	for _, r := range set.Rules() {
		c.Rules = append(c.Rules, newWeight{Rule: r.ID, After: 0.77, Changes: true})
	}
	edit, err := editWeights(rulesFS(""), set, []*calibration{c}, approval{})
	if err != nil {
		t.Fatal(err)
	}
	if edit.changed != len(set.Rules()) || edit.version == set.Version() {
		t.Errorf("%d of %d rules changed", edit.changed, len(set.Rules()))
	}
	for path, b := range edit.files {
		old, err := fs.ReadFile(rulesFS(""), path)
		if err != nil {
			t.Fatal(err)
		}
		i := strings.Index(edit.diff, "--- a/"+path+"\n")
		part := edit.diff[i:]
		if k := strings.Index(part[3:], "\n--- a/"); k >= 0 {
			part = part[:k+4]
		}
		if got := patch(t, string(old), part); got != string(b) {
			t.Errorf("%s: the diff does not give the file", path)
		}
	}
}

// Decisions come from the desk, posts from the index, templates and authors
// are kept together, and what is unsure or gone is counted.
func TestReviewedFromTheDesk(t *testing.T) {
	lure := "Căutăm fete pentru muncă în străinătate, plecare imediată, cazare asigurată, pașaportul rămâne la noi, sunați la numărul "
	data := keep(t, nil,
		veghe.Post{ID: "1", Kind: veghe.Ad, Source: "s", Author: "a", Text: lure + "0700 000 001"},
		veghe.Post{ID: "2", Kind: veghe.Ad, Source: "s", Author: "b", Text: lure + "0700 000 002"},
		veghe.Post{ID: "3", Kind: veghe.Ad, Source: "s", Author: "b", Text: "Vând bicicletă."},
		veghe.Post{ID: "4", Kind: veghe.Ad, Source: "s", Author: "c", Text: "Vând mașină."},
		veghe.Post{ID: "5", Kind: veghe.Ad, Source: "s", Author: "d", Text: "Vând casă."},
	)
	if err := os.MkdirAll(filepath.Join(data, "desk"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(t.Context(), filepath.Join(data, "desk"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for id, decision := range map[veghe.PostID]veghe.Decision{
		"1": veghe.Relevant, "2": veghe.Relevant, "3": veghe.NotRelevant, "4": veghe.NotRelevant, "5": veghe.Unsure, "gone": veghe.Relevant,
	} {
		r := veghe.Review{ID: "r" + string(id), Post: id, Decision: decision, By: "ana", At: at}
		if _, err := d.AddReview(t.Context(), r, []veghe.RuleID{"DOC-01"}); err != nil {
			t.Fatal(err)
		}
	}
	cfg := defaultConfig()
	cfg.Data = data
	var out bytes.Buffer
	r, err := readReviewed(t.Context(), env{out: &out, err: &out}, cfg, "")
	if err != nil {
		t.Fatal(err)
	}
	groups := map[veghe.PostID]int{}
	for _, p := range r.posts {
		groups[p.post.ID] = p.group
		if !p.at.Equal(at) {
			t.Errorf("%s was reviewed at %v", p.post.ID, p.at)
		}
	}
	// 1 and 2 share a template, 2 and 3 an author.
	if diff := cmp.Diff(map[veghe.PostID]int{"1": 0, "2": 0, "3": 0, "4": 1}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if r.unsure != 1 || r.gone != 1 || r.groups != 2 {
		t.Errorf("%d unsure, %d gone, %d groups", r.unsure, r.gone, r.groups)
	}

	stats := printed(t, "stats", "-data", data)
	if !strings.Contains(stats, "DOC-01  5          1       too few") {
		t.Errorf("stats:\n%s", stats)
	}
	if by := printed(t, "stats", "-by", "source", "-data", data); !strings.Contains(by, "DOC-01") || !strings.Contains(by, "too few") {
		t.Errorf("stats by source:\n%s", by)
	}
}
